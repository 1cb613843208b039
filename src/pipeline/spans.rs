//! A turn as OpenTelemetry tells it: the turn, its stages, calls of models and of tools, with the attributes that it
//! names for generative AI.

use std::time::Instant;

use serde_json::{Value, json};

use crate::base::Timestamp;
use crate::identity::Site;
use crate::pipeline::turn::Turn;
use crate::ports::models::{Message, Use};
use crate::ports::traces::{Kind, Span, Trace};
use crate::protocol::StageName;

/// Something of a turn that took time.
#[derive(Debug, Clone)]
pub(super) struct Timed {
    pub(super) what: What,
    pub(super) started: Instant,
    pub(super) ended: Instant,
}

/// What it was.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// A stage.
    Stage(StageName),
    /// A call of a tool.
    Tool {
        /// Its name.
        name: String,
        /// Names the call.
        id: String,
        /// What it was given.
        arguments: String,
        /// What it answered.
        answer: String,
        /// Whether it worked.
        done: bool,
        /// Whether it is a tool from outside.
        outside: bool,
    },
}

/// Tells of a turn that ended, if anybody listens. It began so long ago.
pub(super) fn tell(site: &Site, turn: &Turn, began: Instant, outcome: &str, uses: &[Use]) {
    let traces = &site.ports.traces;
    if !traces.is_on() {
        return;
    }
    let spans = Spans { now: (site.ports.now(), Instant::now()), texts: traces.texts(), turn };
    traces.tell(Trace { name: turn.id.to_string(), spans: spans.all(began, outcome, uses) });
}

/// What spans are made from.
struct Spans<'a> {
    now: (Timestamp, Instant),
    texts: bool,
    turn: &'a Turn,
}

impl Spans<'_> {
    fn all(&self, began: Instant, outcome: &str, uses: &[Use]) -> Vec<Span> {
        let mut spans = vec![self.root(began, outcome)];
        let mut drafting = 0;
        let stages = self.turn.found.timed.iter().filter_map(|timed| match &timed.what {
            What::Stage(stage) => Some((timed, *stage)),
            What::Tool { .. } => None,
        });
        for (timed, stage) in stages {
            if stage == StageName::Draft {
                drafting = spans.len();
            }
            spans.push(Span {
                name: format!("stage {stage}"),
                kind: Kind::Internal,
                parent: Some(0),
                started: self.at(timed.started),
                ended: self.at(timed.ended),
                attributes: vec![("concierge.stage", json!(stage))],
                error: None,
            });
        }
        // A stage that was broken off has no span: its parts hang on the turn.
        spans.extend(uses.iter().map(|used| self.chat(used, drafting)));
        spans.extend(self.turn.found.timed.iter().filter_map(|timed| self.tool(timed, drafting)));
        spans
    }

    fn at(&self, moment: Instant) -> Timestamp {
        let (now, here) = self.now;
        now.before(here.saturating_duration_since(moment))
    }

    fn root(&self, began: Instant, outcome: &str) -> Span {
        let (turn, agent) = (self.turn, &self.turn.agent);
        let mut attributes = vec![
            ("gen_ai.operation.name", json!("invoke_agent")),
            ("gen_ai.agent.id", json!(agent.key)),
            ("gen_ai.agent.name", json!(agent.name)),
            ("gen_ai.agent.version", json!(agent.version.to_string())),
            ("gen_ai.conversation.id", json!(turn.conversation.id)),
            ("concierge.workspace.id", json!(turn.cx.workspace)),
            ("concierge.turn.id", json!(turn.id)),
            ("concierge.turn.outcome", json!(outcome)),
        ];
        if let Some(intent) = &turn.found.intent {
            attributes.push(("concierge.intent", json!(intent)));
        }
        if let Some(fallback) = &turn.found.written.fallback {
            attributes.push(("concierge.draft.fallback", json!(fallback)));
        }
        Span {
            name: format!("invoke_agent {}", agent.name),
            kind: Kind::Internal,
            parent: None,
            started: self.at(began),
            ended: self.now.0,
            attributes,
            error: (outcome == "failed").then(|| "the turn failed".to_owned()),
        }
    }

    fn chat(&self, used: &Use, parent: usize) -> Span {
        let answered = used.outcome == "answered";
        let answer = self.turn.found.answers.iter().find(|(hash, _)| answered && *hash == used.prompt_hash);
        let mut attributes = vec![
            ("gen_ai.operation.name", json!("chat")),
            ("gen_ai.provider.name", json!(used.provider)),
            ("gen_ai.request.model", json!(used.model)),
            ("gen_ai.usage.input_tokens", json!(used.prompt_tokens)),
            ("gen_ai.usage.output_tokens", json!(used.answer_tokens)),
            ("concierge.usage.estimated", json!(used.estimated)),
            ("concierge.prompt.hash", json!(used.prompt_hash)),
        ];
        if let Some(first) = used.first_ms {
            attributes.push(("concierge.first_token_ms", json!(first)));
        }
        if let Some((_, answer)) = answer {
            let reason = match (answer.cut, answer.calls.is_empty()) {
                (true, _) => "length",
                (false, true) => "stop",
                (false, false) => "tool_calls",
            };
            attributes.push(("gen_ai.response.model", json!(answer.model)));
            attributes.push(("gen_ai.response.finish_reasons", json!([reason])));
            if self.texts {
                let said = Message::Assistant { text: answer.text.clone(), calls: answer.calls.clone() };
                attributes.push(("gen_ai.output.messages", json!([message(&said)])));
            }
        }
        if self.texts
            && let Some((_, asked)) = self.turn.found.asked.iter().find(|(hash, _)| *hash == used.prompt_hash)
        {
            attributes.push(("gen_ai.input.messages", asked.iter().map(message).collect()));
        }
        if !answered {
            attributes
                .push(("error.type", json!(if used.outcome == "given up" { "given_up" } else { "failed" })));
        }
        let ended = self.at(used.ended);
        let took = std::time::Duration::from_millis(u64::try_from(used.ms).unwrap_or(0));
        Span {
            name: format!("chat {}", used.model),
            kind: Kind::Client,
            parent: Some(parent),
            started: ended.before(took),
            ended,
            attributes,
            error: (!answered).then(|| used.outcome.clone()),
        }
    }

    fn tool(&self, timed: &Timed, parent: usize) -> Option<Span> {
        let What::Tool { name, id, arguments, answer, done, outside } = &timed.what else { return None };
        let mut attributes = vec![
            ("gen_ai.operation.name", json!("execute_tool")),
            ("gen_ai.tool.name", json!(name)),
            ("gen_ai.tool.call.id", json!(id)),
            ("gen_ai.tool.type", json!(if *outside { "extension" } else { "function" })),
        ];
        if self.texts {
            attributes.push(("gen_ai.tool.call.arguments", json!(arguments)));
            attributes.push(("gen_ai.tool.call.result", json!(answer)));
        }
        if !done {
            attributes.push(("error.type", json!("refused")));
        }
        Some(Span {
            name: format!("execute_tool {name}"),
            kind: Kind::Internal,
            parent: Some(parent),
            started: self.at(timed.started),
            ended: self.at(timed.ended),
            attributes,
            error: (!done).then(|| "the tool did not do it".to_owned()),
        })
    }
}

/// A message in the form that OpenTelemetry gives them.
fn message(message: &Message) -> Value {
    let text = |text: &str| json!({ "type": "text", "content": text });
    match message {
        Message::System(said) => json!({ "role": "system", "parts": [text(said)] }),
        Message::User(said) => json!({ "role": "user", "parts": [text(said)] }),
        Message::Assistant { text: said, calls } => {
            let called = calls.iter().map(|call| {
                json!({ "type": "tool_call", "id": call.id, "name": call.name, "arguments": call.arguments })
            });
            let said = Some(text(said)).filter(|_| !said.is_empty());
            json!({ "role": "assistant", "parts": said.into_iter().chain(called).collect::<Vec<_>>() })
        }
        Message::Tool { call, text } => {
            let answer = json!({ "type": "tool_call_response", "id": call, "response": text });
            json!({ "role": "tool", "parts": [answer] })
        }
    }
}
