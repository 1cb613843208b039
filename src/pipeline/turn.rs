//! What a turn knows: it begins with what the store holds, and every stage adds to it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::agents::{Agent, bundles};
use crate::base::{Actor, ConversationId, PassageId, Role, Timestamp, TurnId};
use crate::contacts::{self, Contact};
use crate::context::RecordView;
use crate::conversations::{self, Conversation, Lease};
use crate::drafts::{self, Rejection, Written};
use crate::files::{self, Transcript};
use crate::identity::Site;
use crate::knowledge::{Edition, Hit};
use crate::language::tongue::Tongue;
use crate::pipeline::place::Place;
use crate::pipeline::spans::Timed;
use crate::pipeline::{Error, Library};
use crate::ports::mcp::Said;
use crate::ports::models::{Answer, Message, Meter};
use crate::ports::{Cx, Tx};
use crate::protocol::{Content, Entry, Owner};
use crate::rules::{Action, Run};
use crate::schemas::Schema;
use crate::workspaces::{self, Workspace};
use crate::{automation, context, rules, schemas};

/// Messages of the conversation that a turn reads.
const HISTORY: i64 = 30;

/// Whether a turn is real. All others leave nothing behind: nothing of them is stored, sent or told.
#[derive(Clone)]
pub(super) enum Telling {
    /// It answers a customer.
    Live,
    /// It is told again, with what models answered then: nobody is asked.
    Again,
    /// It is tried: what models have answered to the same is taken, and they are asked for the rest.
    Trial,
    /// It is tried and shown step by step; models are asked.
    Watched(tokio::sync::mpsc::Sender<Step>),
}

/// A step of a turn that is tried, as it happens.
pub(super) enum Step {
    /// A stage began.
    Begun(crate::protocol::StageName),
    /// A stage ended.
    Ended(Box<crate::pipeline::trace::StageTrace>),
    /// A model is given this.
    Asked(String),
    /// A model calls a tool, which answers.
    Called(serde_json::Value),
    /// More of the draft, after so many characters; 0: from its start.
    Text(i64, String),
    /// What came of it.
    Done(Box<serde_json::Value>),
}

impl Telling {
    /// Whether it answers a customer.
    pub(super) fn is_live(&self) -> bool {
        matches!(self, Telling::Live)
    }

    /// Tells whoever watches.
    pub(super) async fn tell(&self, step: Step) {
        if let Telling::Watched(watcher) = self {
            // Who stopped watching has dropped the turn with it.
            let _ = watcher.send(step).await;
        }
    }
}

/// What a turn knows.
pub(super) struct Turn {
    /// The call: the agent acts, in this workspace.
    pub(super) cx: Cx,
    /// Which turn.
    pub(super) id: TurnId,
    /// The right to run it, and the message it answers.
    pub(super) lease: Lease,
    /// Whether it is real.
    pub(super) telling: Telling,
    pub(super) workspace: Workspace,
    pub(super) agent: Arc<Agent>,
    pub(super) conversation: Conversation,
    pub(super) history: Vec<Entry>,
    pub(super) schemas: Vec<Schema>,
    pub(super) records: Vec<RecordView>,
    pub(super) rules: Arc<rules::RuleSet>,
    /// The customer.
    pub(super) contact: Contact,
    /// What is around the customer, for rules.
    pub(super) circle: automation::Circle,
    /// Since when the conversation is in its status.
    pub(super) status_since: Timestamp,
    /// Of a turn that is told again: what rules knew around the conversation when it ran.
    pub(super) around: rules::Facts,
    /// Passages that a colleague has called wrong in a draft for this message.
    pub(super) wrong: Vec<PassageId>,
    /// The last draft for this message that a colleague rejected, and why.
    pub(super) rejection: Option<Rejection>,
    /// The newest customer messages that nobody has answered, as one text.
    pub(super) text: String,
    /// Files came with them.
    pub(super) files: usize,
    /// What was said in them; the words are part of the text.
    pub(super) spoken: Vec<Transcript>,
    /// The language of the text.
    pub(super) tongue: Tongue,
    /// The knowledge it answers from, as it would be; none: as it is.
    pub(super) edition: Option<Arc<Edition>>,
    /// Its right to work.
    pub(super) place: Place,
    /// What the stages found.
    pub(super) found: Findings,
    /// What its calls of models used.
    pub(super) meter: Meter,
}

/// What the stages found.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) intent: Option<String>,
    pub(super) intent_confidence: f64,
    /// Other intents that the text has as well.
    pub(super) also: Vec<String>,
    pub(super) steering: f64,
    pub(super) steers: bool,
    pub(super) hits: Vec<Hit>,
    /// How telling each stem of the text is in the knowledge base.
    pub(super) rarity: HashMap<String, f32>,
    pub(super) proposals: Vec<context::Proposal>,
    pub(super) learned: Vec<String>,
    pub(super) runs: Vec<Run>,
    pub(super) actions: Vec<(crate::base::RuleId, Action)>,
    /// What rules knew.
    pub(super) facts: Option<rules::Facts>,
    pub(super) required_role: Option<Role>,
    pub(super) required_people: i64,
    pub(super) answerability: f64,
    pub(super) written: Written,
    /// What models were given, each under its hash.
    pub(super) prompts: Vec<(String, String)>,
    /// What they answered to it.
    pub(super) answers: Vec<(String, Answer)>,
    /// What tools from outside answered, each under the name of its call.
    pub(super) heard: Vec<(String, Said)>,
    /// What models were given, message by message, where somebody listens to that.
    pub(super) asked: Vec<(String, Vec<Message>)>,
    /// What took how long.
    pub(super) timed: Vec<Timed>,
}

impl Turn {
    /// Takes a conversation's turn and reads what it needs. `None`: there is none to take.
    pub(super) async fn take(
        site: &Site,
        library: &Library,
        tx: &mut Tx,
        cx: &Cx,
        conversation: ConversationId,
        holder: &str,
    ) -> Result<Option<Turn>, Error> {
        let until = cx.now.after(std::time::Duration::from_secs(site.config.pipeline.lease_seconds));
        let Some(lease) = conversations::take_turn(cx, tx, conversation, holder, until).await? else {
            return Ok(None);
        };
        let workspace = workspaces::get(tx, cx.workspace).await?;
        let cx = cx.acting_as(Actor::Agent, workspace.settings.assistant_name.clone());
        let mut history = conversations::recent_messages(&cx, tx, conversation, HISTORY).await?;
        let before = history.first().map_or(0, |entry| entry.seq - 1);
        let spoken = files::transcripts_after(&cx, tx, conversation, before).await?;
        write_out(&mut history, &spoken);
        let unanswered = unanswered(&history);
        let since = unanswered.first().map_or(i64::MAX, |entry| entry.seq);
        let text = joined_text(unanswered);
        let files = unanswered.iter().map(files_of).sum();
        let tongue = library.tongue(&text, &workspace.settings.locale);
        let (status_since, _) = conversations::rules_state(&cx, tx, conversation).await?;
        let conversation_now = conversations::get(&cx, tx, conversation).await?;
        let contact = contacts::get(&cx, tx, conversation_now.contact.id).await?;
        let (understanding, own) = (library.understanding(), workspace.agent.as_str());
        let agent = bundles::of_workspace(&cx, tx, understanding, own, Some(contact.id)).await?;
        Ok(Some(Turn {
            id: cx.id(),
            conversation: conversation_now,
            schemas: schemas::active(&cx, tx).await?,
            records: context::view(&cx, tx, conversation).await?,
            rules: rules::ready(&cx, tx, library.shelf()).await?,
            circle: automation::Circle::of(&cx, tx, contact.id).await?,
            contact,
            status_since,
            around: rules::Facts::new(),
            rejection: drafts::last_rejection(&cx, tx, conversation, lease.for_seq).await?,
            wrong: drafts::wrong_sources(&cx, tx, conversation, lease.for_seq).await?,
            lease,
            telling: Telling::Live,
            workspace,
            agent,
            history,
            text,
            files,
            spoken: spoken.into_iter().filter(|transcript| transcript.seq >= since).collect(),
            tongue,
            edition: None,
            place: Place::default(),
            found: Findings::default(),
            meter: Meter::default(),
            cx,
        }))
    }

    /// The same turn before its stages, for another agent. It is not real.
    pub(super) fn again(&self, agent: Arc<Agent>, telling: Telling) -> Turn {
        Turn {
            cx: self.cx.clone(),
            id: self.id,
            lease: self.lease.clone(),
            telling,
            workspace: self.workspace.clone(),
            agent,
            conversation: self.conversation.clone(),
            history: self.history.clone(),
            schemas: self.schemas.clone(),
            records: self.records.clone(),
            rules: self.rules.clone(),
            circle: self.circle.clone(),
            contact: self.contact.clone(),
            status_since: self.status_since,
            around: self.around.clone(),
            wrong: self.wrong.clone(),
            rejection: None,
            text: self.text.clone(),
            files: self.files,
            spoken: self.spoken.clone(),
            tongue: self.tongue,
            edition: self.edition.clone(),
            place: Place::default(),
            found: Findings::default(),
            meter: Meter::default(),
        }
    }

    /// Whether a person answers here: then the turn reads along and drafts nothing.
    pub(super) fn person_answers(&self) -> bool {
        self.conversation.owner == Owner::Person
    }

    /// The name of a rule of this turn.
    pub(super) fn rule_name(&self, id: crate::base::RuleId) -> &str {
        self.rules.find(id).map_or("", |rule| rule.document.name.as_str())
    }

    /// What was said before the unanswered messages, oldest first.
    pub(super) fn earlier(&self) -> Vec<&str> {
        let earlier = &self.history[..self.history.len() - unanswered(&self.history).len()];
        earlier.iter().filter_map(|entry| entry.body.as_deref()).collect()
    }

    /// The same, each with whether the customer said it.
    pub(super) fn said_before(&self) -> Vec<(bool, &str)> {
        let earlier = &self.history[..self.history.len() - unanswered(&self.history).len()];
        let said = earlier
            .iter()
            .filter_map(|entry| Some((matches!(entry.actor, Actor::Contact { .. }), entry.body.as_deref()?)));
        said.collect()
    }

    /// Whether anybody of the business has answered yet.
    pub(super) fn answered_before(&self) -> bool {
        self.conversation.outbound_count > 0
    }
}

/// The customer messages after the business's last one.
pub(super) fn unanswered(history: &[Entry]) -> &[Entry] {
    let start = history
        .iter()
        .rposition(|entry| !matches!(entry.actor, Actor::Contact { .. }))
        .map_or(0, |position| position + 1);
    &history[start..]
}

/// Adds what was said in recordings to the messages they came with: from here on it is text like any other,
/// and as little believed.
pub(super) fn write_out(history: &mut [Entry], spoken: &[Transcript]) {
    for transcript in spoken.iter().filter(|transcript| !transcript.text.is_empty()) {
        if let Some(entry) = history.iter_mut().find(|entry| entry.seq == transcript.seq) {
            entry.body = Some(match entry.body.take() {
                Some(written) => format!("{written}\n{}", transcript.text),
                None => transcript.text.clone(),
            });
        }
    }
}

pub(super) fn joined_text(entries: &[Entry]) -> String {
    entries.iter().filter_map(|entry| entry.body.as_deref()).collect::<Vec<_>>().join("\n")
}

pub(super) fn files_of(entry: &Entry) -> usize {
    match &entry.content {
        Content::Message { files, .. } => files.len(),
        _ => 0,
    }
}
