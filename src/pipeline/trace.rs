//! The trace of a turn: what each stage was given, what came out, how long it took.

use crate::base::{Audience, ConversationId, TurnId};
use crate::identity::Site;
use crate::ports::Cx;
use crate::ports::bus::{News, Note};
use crate::protocol::{Signal, StageName, StageState};

/// What a stage left behind.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub(super) struct StageTrace {
    /// Which stage.
    pub stage: StageName,
    /// How it ended.
    pub state: StageState,
    /// What came out, in a few words.
    pub summary: String,
    /// Names what it was given.
    pub input_hash: String,
    /// What came out.
    #[schema(value_type = Object)]
    pub output: serde_json::Value,
    /// How sure it is, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// Which engine or model did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Names the prompt or phrases it used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_hash: Option<String>,
    /// How long it took, in microseconds.
    pub micros: i64,
}

/// What a stage says of its work.
pub(super) struct Report {
    pub(super) state: StageState,
    pub(super) summary: String,
    pub(super) output: serde_json::Value,
    pub(super) confidence: Option<f64>,
    pub(super) model: Option<String>,
    pub(super) prompt_hash: Option<String>,
}

impl Report {
    /// The stage did its work.
    pub(super) fn done(summary: impl Into<String>, output: serde_json::Value) -> Report {
        Report {
            state: StageState::Done,
            summary: summary.into(),
            output,
            confidence: None,
            model: None,
            prompt_hash: None,
        }
    }

    /// The stage had nothing to do.
    pub(super) fn skipped(why: impl Into<String>) -> Report {
        Report { state: StageState::Skipped, ..Report::done(why, serde_json::Value::Null) }
    }

    pub(super) fn sure(mut self, confidence: f64) -> Report {
        self.confidence = Some(confidence);
        self
    }

    pub(super) fn by(mut self, model: &str) -> Report {
        self.model = Some(model.to_owned());
        self
    }

    pub(super) fn with_prompt(mut self, hash: &str) -> Report {
        self.prompt_hash = Some(hash.to_owned());
        self
    }
}

/// Shows staff that a stage began or ended.
pub(super) fn show(
    site: &Site,
    cx: &Cx,
    conversation: ConversationId,
    turn: TurnId,
    stage: StageName,
    ended: Option<&StageTrace>,
) {
    let signal = Signal::Stage {
        conversation,
        turn,
        stage,
        state: ended.map_or(StageState::Started, |trace| trace.state),
        micros: ended.map(|trace| trace.micros),
        summary: ended.map(|trace| trace.summary.clone()),
    };
    let news = News::Signal { conversation, audience: Audience::Staff, signal: signal.into() };
    site.ports.bus.publish(Note { workspace: cx.workspace, news });
}
