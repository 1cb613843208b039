//! Automation: rules at work on what happens in conversations.
//!
//! A turn decides the rules of a message and hands their actions here. Everything else that rules look at
//! (a field, a status, a draft decided, a contact, time) is found by the worker: columns say which
//! conversations have events that rules have not looked at and since when a state lasts, so a restart
//! forgets nothing and two nodes do nothing twice.
//!
//! Invariants: an event, the actions of its rules and the note that they have looked at it are one
//! transaction. A rule runs at most once in a chain of events that rules caused, and a chain is at most
//! [`MAX_CHAIN`] long. What a rule saw is kept, so that any rule can be asked about it later.

mod carry;
mod dry;
mod events;
mod facts;
mod hooks;
mod mining;
mod replay;
mod routes;
mod search;
mod segments;
mod sequences;
mod times;
mod webhook;
mod why;
mod worker;
mod workflows;

pub use carry::{carry_out, proposed};
pub use dry::{Conflict, DryRun, Touched, WrittenTwice, dry_run};
pub use facts::{message as message_facts, state as state_facts};
pub use mining::{Habit, Habits, habits};
pub use routes::routes;
pub use search::{Shown, search};
pub use segments::{Circle, SegmentRow, Segments};
pub use sequences::SequenceRun;
pub use webhook::{CallWebhook, call as call_webhook};
pub use why::{Answer, Verdict, ask};
pub use worker::run;

use crate::ports::DbError;
use crate::{
    contacts, context, conversations, drafts, hooks as hook, identity, rules, schemas, segments as segment,
    sequences as sequence, workspaces,
};

/// How many rules may cause each other in a row.
pub const MAX_CHAIN: usize = 5;

/// Why automation failed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant passes on what a domain said")]
pub enum Error {
    #[error(transparent)]
    Contact(#[from] contacts::Error),
    #[error(transparent)]
    Conversation(#[from] conversations::Error),
    #[error(transparent)]
    Context(#[from] context::Error),
    #[error(transparent)]
    Draft(#[from] drafts::Error),
    #[error(transparent)]
    Hook(#[from] hook::Error),
    #[error(transparent)]
    Identity(#[from] identity::Error),
    #[error(transparent)]
    Rule(#[from] rules::Error),
    #[error(transparent)]
    Schema(#[from] schemas::Error),
    #[error(transparent)]
    Segment(#[from] segment::Error),
    #[error(transparent)]
    Sequence(#[from] sequence::Error),
    #[error("the conversation is closed")]
    Resolved,
    #[error(transparent)]
    Workspace(#[from] workspaces::Error),
    #[error("the job's content is not readable")]
    Unreadable(#[source] serde_json::Error),
    #[error("automation's storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Conversation(error) => error.into(),
            Error::Rule(error) => error.into(),
            Error::Hook(error) => error.into(),
            Error::Segment(error) => error.into(),
            Error::Sequence(error) => error.into(),
            Error::Resolved => Self::new(crate::protocol::ErrorCode::Conflict, error.to_string()),
            Error::Schema(error) => error.into(),
            Error::Db(error) => error.into(),
            other => Self::internal(&other),
        }
    }
}
