//! The tools of a turn: what reads, reads at once and only what belongs to this conversation's business;
//! what has an effect is noted as a proposal.

use serde_json::{Value, json};

use std::borrow::Cow;
use std::time::Instant;

use crate::agents::outside::{self, Policy, Unready, Usable};
use crate::agents::prompt::{Shown, fenced};
use crate::agents::proposals;
use crate::agents::tools::ToolCall;
use crate::conversations::{self, ListFilter, View};
use crate::identity::Site;
use crate::knowledge::{self, Hit, Question};
use crate::pipeline::Error;
use crate::pipeline::spans::{Timed, What};
use crate::pipeline::turn::{Telling, Turn};
use crate::ports::mcp::Said;
use crate::ports::models::{Call, ToolSpec};
use crate::protocol::Proposal;
use crate::schemas::show_value;

/// Passages that one search adds, and that a draft may cite in all.
const FOUND: usize = 4;
const PASSAGES: usize = 20;
/// Earlier conversations that are shown, messages of each, and characters of each message.
const EARLIER: i64 = 3;
const MESSAGES: i64 = 6;
const SHOWN: usize = 300;

/// What the tools found and noted while a draft was written.
pub(super) struct Toolbox {
    /// Passages that may be cited; the first has the number 1.
    pub(super) hits: Vec<Hit>,
    /// What the draft wants to have done.
    pub(super) proposals: Vec<Proposal>,
    /// Texts beside the passages that sentences may rest on.
    pub(super) read: Vec<String>,
    /// Each call and what came of it, for the trace.
    pub(super) calls: Vec<Value>,
    /// What tools from outside answered, each under the name of its call.
    pub(super) heard: Vec<(String, Said)>,
    /// How long each call took.
    pub(super) timed: Vec<Timed>,
    fence: String,
    outside: Vec<Usable>,
    /// Servers that did not answer: they are not asked again for this draft.
    silent: Vec<String>,
}

/// What a call is part of.
#[derive(Clone, Copy)]
pub(super) struct During<'a> {
    /// Names the prompt that it follows.
    pub(super) prompt_hash: &'a str,
    /// When the draft is too late.
    pub(super) deadline: Instant,
}

impl Toolbox {
    pub(super) fn new(hits: Vec<Hit>, fence: String, outside: Vec<Usable>) -> Toolbox {
        Toolbox {
            hits,
            proposals: Vec::new(),
            read: Vec::new(),
            calls: Vec::new(),
            heard: Vec::new(),
            timed: Vec::new(),
            fence,
            outside,
            silent: Vec::new(),
        }
    }

    /// The tools from outside, as a model is told of them.
    pub(super) fn outside_specs(&self) -> impl Iterator<Item = ToolSpec> + '_ {
        self.outside.iter().map(|one| {
            let shape = &one.tool.shape.0;
            let title = shape.title.as_deref().map(|title| format!("{title}. ")).unwrap_or_default();
            let effect = match one.tool.policy {
                Policy::Ask => " A colleague decides whether it is done.",
                Policy::Read | Policy::Off => "",
            };
            ToolSpec {
                name: Cow::Owned(one.tool.called()),
                description: Cow::Owned(format!("{title}{}{effect}", shape.description)),
                parameters: shape.parameters.clone(),
            }
        })
    }

    /// The passages as a prompt shows them.
    pub(super) fn shown(hits: &[Hit]) -> Vec<Shown> {
        let shown = |(number, hit): (usize, &Hit)| Shown {
            number,
            title: hit.title.clone(),
            heading: hit.heading.clone(),
            text: hit.text.clone(),
        };
        (1..).zip(hits).map(shown).collect()
    }

    /// Whether a call is answered by a server elsewhere.
    pub(super) fn is_outside(&self, call: &Call) -> bool {
        self.usable(call).is_some()
    }

    fn usable(&self, call: &Call) -> Option<&Usable> {
        self.outside.iter().find(|one| one.tool.called() == call.name)
    }

    /// Answers a call. What is wrong with it is told to the model, which may try otherwise.
    pub(super) async fn answer(
        &mut self,
        site: &Site,
        turn: &Turn,
        call: &Call,
        during: During<'_>,
    ) -> Result<String, Error> {
        let started = Instant::now();
        let from_outside = self.usable(call).cloned();
        let outside = from_outside.is_some();
        let answered = match from_outside {
            Some(usable) => self.outside(site, turn, call, during, &usable).await?,
            None => self.own(site, turn, call).await?,
        };
        let done = answered.is_ok();
        let text = answered.unwrap_or_else(|wrong| wrong);
        let arguments: String = call.arguments.chars().take(SHOWN).collect();
        let name: String = call.name.chars().take(60).collect();
        let said: String = text.chars().take(SHOWN).collect();
        let (id, ended) = (call.id.clone(), Instant::now());
        self.calls.push(json!({ "tool": name, "arguments": arguments, "done": done, "answer": said }));
        let what = What::Tool { name, id, arguments, answer: said, done, outside };
        self.timed.push(Timed { what, started, ended });
        Ok(text)
    }

    /// Answers a call of one of our own tools.
    async fn own(&mut self, site: &Site, turn: &Turn, call: &Call) -> Result<Result<String, String>, Error> {
        Ok(match ToolCall::read(call) {
            // A tool that is off is no tool.
            _ if !turn.agent.may_use(&call.name) => Err("There is no tool of this name.".to_owned()),
            Err(wrong) => Err(wrong),
            Ok(ToolCall::SearchKnowledge(search)) => Ok(self.search(site, turn, &search.query).await?),
            Ok(ToolCall::ReadContext) => Ok(self.context(turn)),
            Ok(ToolCall::ContactHistory) => Ok(self.history(site, turn).await?),
            Ok(ToolCall::ProposeValue(wanted)) => {
                let (schemas, records) = (&turn.schemas, &turn.records);
                let learned = &turn.found.proposals;
                proposals::propose_value(&mut self.proposals, schemas, records, learned, wanted)
                    .map(|()| "Noted on the draft; a colleague decides. It is not set yet.".to_owned())
            }
            Ok(ToolCall::HandOver(wanted)) => proposals::propose_hand_over(&mut self.proposals, &wanted)
                .map(|()| "Noted on the draft; a colleague decides. Tell the customer so.".to_owned()),
        })
    }

    /// Calls a tool from outside that reads, or notes a call that a person approves.
    async fn outside(
        &mut self,
        site: &Site,
        turn: &Turn,
        call: &Call,
        during: During<'_>,
        usable: &Usable,
    ) -> Result<Result<String, String>, Error> {
        let arguments = match outside::arguments_of(&usable.tool.shape.0, &call.arguments) {
            Ok(arguments) => arguments,
            Err(wrong) => return Ok(Err(wrong)),
        };
        if usable.tool.policy == Policy::Ask {
            let noted = proposals::propose_call(&mut self.proposals, &usable.tool, arguments);
            return Ok(
                noted.map(|()| "Noted on the draft; a colleague decides. It is not done yet.".to_owned())
            );
        }
        let name = outside::named(during.prompt_hash, call);
        let said = match turn.telling {
            Telling::Again | Telling::Trial => {
                let mut tx = site.ports.db.read().await?;
                let known = outside::answer(&turn.cx, &mut tx, &name).await?;
                known.ok_or_else(|| "What it would answer is not on record.".to_owned())
            }
            Telling::Live | Telling::Watched(_) => {
                let said = self.ask_outside(site, turn, usable, arguments, during.deadline).await?;
                said.inspect(|said| self.heard.push((name, said.clone())))
            }
        };
        Ok(said.and_then(|said| match said.worked {
            true => {
                self.read.push(said.text.clone());
                Ok(fenced(&self.fence, &said.text))
            }
            false => Err(format!("It did not work.\n{}", fenced(&self.fence, &said.text))),
        }))
    }

    async fn ask_outside(
        &mut self,
        site: &Site,
        turn: &Turn,
        usable: &Usable,
        arguments: serde_json::Map<String, Value>,
        deadline: Instant,
    ) -> Result<Result<Said, String>, Error> {
        let server = &usable.tool.server;
        let silent = "This tool does not answer now.";
        if self.silent.contains(server) {
            return Ok(Err(silent.to_owned()));
        }
        let until = outside::latest(&site.ports).min(deadline);
        let failure = match outside::reach(&site.ports, &turn.cx, usable, until).await {
            Ok(ready) => match ready.call(arguments).await {
                Ok(said) => return Ok(Ok(said)),
                Err(failure) => failure,
            },
            Err(Unready::Failed(failure)) => failure,
            Err(Unready::Ours(error)) => return Err(error.into()),
            Err(Unready::Changed) => {
                tracing::warn!(workspace.id = %turn.cx.workspace, server, "a tool from outside was changed: it is off");
                let called = usable.tool.called();
                self.outside.retain(|one| one.tool.called() != called);
                return Ok(Err("This tool was changed and is off.".to_owned()));
            }
        };
        tracing::warn!(workspace.id = %turn.cx.workspace, server, %failure, "a tool from outside did not answer");
        self.silent.push(server.clone());
        Ok(Err(silent.to_owned()))
    }

    async fn search(&mut self, site: &Site, turn: &Turn, query: &str) -> Result<String, Error> {
        let within = turn.edition.as_deref();
        let asked = Question { text: query, earlier: &[], tongue: Some(turn.tongue), within };
        let found = knowledge::find(&site.ports, &turn.cx, asked, FOUND).await?;
        let mut lines = Vec::new();
        for hit in found.hits {
            if turn.wrong.contains(&hit.passage) {
                continue;
            }
            let known = self.hits.iter().position(|known| known.passage == hit.passage);
            let number = match known {
                Some(place) => place + 1,
                None if self.hits.len() >= PASSAGES => continue,
                None => {
                    self.hits.push(hit.clone());
                    self.hits.len()
                }
            };
            lines.push(format!("[{number}] {}\n{}", hit.title, hit.text));
        }
        match lines.is_empty() {
            true => Ok("Nothing was found.".to_owned()),
            false => Ok(fenced(&self.fence, &lines.join("\n\n"))),
        }
    }

    fn context(&mut self, turn: &Turn) -> String {
        let mut lines = Vec::new();
        for schema in &turn.schemas {
            for field in &schema.fields {
                let record = turn.records.iter().find(|record| record.schema.key == schema.key);
                let known = record
                    .and_then(|record| record.fields.iter().find(|known| known.key == field.key))
                    .and_then(|known| known.value.as_ref());
                let value = known.map_or("not known".to_owned(), |value| show_value(field, value));
                let choices: Vec<&str> = field.choices.iter().map(|choice| choice.value.as_str()).collect();
                let of =
                    if choices.is_empty() { String::new() } else { format!(": {}", choices.join(" | ")) };
                lines.push(format!("{} ({}, {}{of}): {value}", field.key, field.label, field.kind.as_str()));
            }
        }
        let text = lines.join("\n");
        self.read.push(text.clone());
        fenced(&self.fence, &text)
    }

    /// Messages of the same customer's other conversations: what both sides saw, no notes.
    async fn history(&mut self, site: &Site, turn: &Turn) -> Result<String, Error> {
        let filter = ListFilter {
            view: Some(View::All),
            contact: Some(turn.conversation.contact.id),
            ..ListFilter::default()
        };
        let mut tx = site.ports.db.read().await?;
        let all = conversations::list(&turn.cx, &mut tx, &filter, EARLIER + 1, None).await?;
        let mut lines = Vec::new();
        let others = all.into_iter().map(|(_, summary)| summary).filter(|one| one.id != turn.conversation.id);
        for earlier in others.take(usize::try_from(EARLIER).unwrap_or(0)) {
            lines.push(format!("{} ({})", earlier.title, earlier.status));
            let said = conversations::recent_messages(&turn.cx, &mut tx, earlier.id, MESSAGES).await?;
            for entry in said {
                let who = if crate::pipeline::stages::is_customer(&entry) { "Customer" } else { "Business" };
                let text: String = entry.body.unwrap_or_default().chars().take(SHOWN).collect();
                lines.push(format!("{} {who}: {text}", entry.at.to_jiff().strftime("%Y-%m-%d")));
            }
        }
        if lines.is_empty() {
            return Ok("There are no earlier conversations.".to_owned());
        }
        let text = lines.join("\n");
        self.read.push(text.clone());
        Ok(fenced(&self.fence, &text))
    }
}
