//! Drafts: replies an agent proposes and a person approves before they are sent.
//!
//! Invariants: a conversation has at most one open draft (writing or pending). A draft is decided once:
//! deciding it again names the winner. Nothing the agent wrote reaches a customer without an approval row.
//! After a take-over no draft of before is sent. What a person typed into a draft is never lost: it is
//! carried into the draft that follows when the customer writes again.

pub mod autopilot;
mod corrected;
mod decide;
mod merge;
mod model;
mod overdue;
mod proposals;
mod routes;
mod store;
mod uses;
mod write;

pub use corrected::{Corrected, corrected, outcomes};
pub use decide::{
    Approval, SendDraft, approve, keep_edit, reject, reply_in_person, resolve, send_due, take_over, undo,
};
pub use merge::carry_edits;
pub use model::{Draft, Written, edit_distance, hash_text};
pub use overdue::{Overdue, overdue, tell_overdue};
pub use proposals::{drop_proposal, move_proposal, receipt};
pub use routes::routes;
pub use uses::{Use, UseCount, counts as use_counts, of_document as uses_of};
pub use write::{begin, fail, finish, give_up_open, propose, require};

use crate::base::{ConversationId, DraftId, PassageId, Role};
use crate::http::Cursor;
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::{DraftStatus, DraftView, RejectReason};
use crate::{conversations, identity, protocol};

/// Finds a draft or says that there is none.
pub async fn get(cx: &Cx, tx: &mut Tx, id: DraftId) -> Result<Draft, Error> {
    store::find(tx, cx.workspace, id).await?.ok_or(Error::NotFound(id))
}

/// Finds a draft and holds its conversation, so that nobody else decides it meanwhile.
async fn hold(cx: &Cx, tx: &mut Tx, id: DraftId) -> Result<Draft, Error> {
    let draft = get(cx, tx, id).await?;
    conversations::hold(cx, tx, draft.conversation).await?;
    get(cx, tx, id).await
}

/// The conversation's open draft: being written, pending, or approved and not yet sent.
pub async fn open_of(cx: &Cx, tx: &mut Tx, conversation: ConversationId) -> Result<Option<DraftView>, Error> {
    Ok(store::open_of(tx, cx.workspace, conversation).await?.map(|draft| draft.view()))
}

/// Why the last draft for this message was rejected, if it was: what the rewrite should do better.
pub async fn last_rejection(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    for_seq: i64,
) -> Result<Option<Rejection>, Error> {
    Ok(store::last_rejection(tx, cx.workspace, conversation, for_seq).await?)
}

/// The passages of drafts for this message that people called wrong: a rewrite does not use them.
pub async fn wrong_sources(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    for_seq: i64,
) -> Result<Vec<PassageId>, Error> {
    Ok(store::wrong_sources(tx, cx.workspace, conversation, for_seq).await?)
}

/// Drafts that wait, longest wait first, each with its conversation.
pub async fn waiting(
    cx: &Cx,
    tx: &mut Tx,
    limit: i64,
    after: Option<Cursor<DraftId>>,
) -> Result<Vec<Draft>, Error> {
    Ok(store::waiting(tx, cx.workspace, limit + 1, after).await?)
}

/// A draft that was rejected, and why.
#[derive(Debug, Clone)]
pub struct Rejection {
    /// The draft.
    pub draft: Draft,
    /// Why.
    pub reason: RejectReason,
    /// In own words.
    pub note: Option<String>,
}

/// Why something about a draft was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such draft in this workspace.
    #[error("draft {0} does not exist")]
    NotFound(DraftId),
    /// Somebody was first.
    #[error("{} {} this draft before you", by.as_deref().unwrap_or("The agent"), past(*status))]
    AlreadyDecided {
        /// Who.
        by: Option<String>,
        /// What became of it.
        status: DraftStatus,
    },
    /// It changed since it was shown.
    #[error("the draft changed since you opened it; look at it again")]
    Changed,
    /// The customer wrote again.
    #[error("the customer wrote again; a new draft is on its way and keeps your edits")]
    Stale,
    /// It is still being written.
    #[error("the draft is still being written; wait for its end")]
    StillWriting,
    /// It was sent already.
    #[error("it was sent already and cannot be taken back")]
    AlreadySent,
    /// A rule asks for somebody else.
    #[error("a rule asks for the approval of a {0}; ask one of your team")]
    NeedsRole(Role),
    /// They approved it already, and one more has to.
    #[error(
        "you have approved this already; a rule asks for {needed} people, so somebody else has to as well"
    )]
    NeedsSecondPerson {
        /// How many the rule asks for.
        needed: i64,
    },
    /// What a business asks of autopilot is not possible.
    #[error("{0}")]
    InvalidAutopilot(String),
    /// An intent has not earned autopilot.
    #[error(
        "this intent has not earned it yet: {good} of {of} drafts went out as written, so at least {:.0} of 100; \
         you ask for {:.0}", lower * 100.0, bar * 100.0
    )]
    NotEarned {
        /// Drafts that were good.
        good: i64,
        /// Drafts that count.
        of: i64,
        /// The share is at least this.
        lower: f64,
        /// What the business asks for.
        bar: f64,
    },
    /// The conversation refused.
    #[error(transparent)]
    Conversation(#[from] conversations::Error),
    /// Who may decide it could not be found out.
    #[error(transparent)]
    Staff(identity::Error),
    /// The store failed.
    #[error("drafts storage failed")]
    Db(#[from] DbError),
}

/// What happened to a draft, as a verb in the past.
fn past(status: DraftStatus) -> &'static str {
    match status {
        DraftStatus::Approved | DraftStatus::Sent => "approved",
        DraftStatus::Rejected => "rejected",
        DraftStatus::Superseded => "replaced",
        DraftStatus::Failed => "gave up",
        DraftStatus::Writing | DraftStatus::Pending => "took",
    }
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        use protocol::ErrorCode;
        let code = match &error {
            Error::NotFound(_) => return Self::not_found(),
            Error::AlreadyDecided { .. } => ErrorCode::DraftAlreadyDecided,
            Error::Changed => ErrorCode::DraftChanged,
            Error::Stale => ErrorCode::DraftStale,
            Error::StillWriting => ErrorCode::DraftStillWriting,
            Error::AlreadySent => ErrorCode::AlreadySent,
            Error::NeedsRole(_) => ErrorCode::Forbidden,
            Error::NeedsSecondPerson { .. } => ErrorCode::NeedsSecondPerson,
            Error::InvalidAutopilot(_) => ErrorCode::InvalidField,
            Error::NotEarned { .. } => ErrorCode::Conflict,
            Error::Conversation(_) | Error::Staff(_) | Error::Db(_) => {
                return match error {
                    Error::Conversation(error) => error.into(),
                    Error::Staff(error) => error.into(),
                    Error::Db(error) => error.into(),
                    _ => Self::not_found(),
                };
            }
        };
        Self::new(code, error.to_string())
    }
}
