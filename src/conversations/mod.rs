//! Conversations: timelines of everything durable that happened between a contact and the business.
//!
//! Invariants: `seq` rises by one per conversation and is given under the conversation's row, in the same
//! transaction as everything else the entry causes. A `client_id` is stored once per conversation: a resend
//! gives the first result. A contact sees only their own conversations, and in them only entries for
//! everyone. News of an entry is told after its commit, never before.
//!
//! A conversation **owes a turn** while `customer_seq` (its newest customer message) is above
//! `answered_seq`: these two columns are the durable queue of turns.
//!
//! Does not know of drafts, rules or context records; those modules append their entries here.

mod batch;
mod columns;
mod list;
mod marks;
mod model;
mod past;
mod postbox;
mod ratings;
mod replays;
mod resends;
mod routes;
mod snooze;
mod status;
mod store;
mod turns;
mod verbs;
mod waits;
mod words;

pub use list::{ListFilter, View, in_status_since, list, page, summaries, summary};
pub use marks::{mark_read, reads};
pub use model::{Conversation, NewMessage, NewNote, TimelinePage};
pub use past::{Happening, Said, SaidIn, begun_since, count, count_by_status, entries_of_kind, heads, past};
pub use postbox::Postbox;
pub use ratings::{Rating, rate};
pub use replays::{
    ForRules, PastConversation, PastEntry, counts_of_contacts, for_rules, open_of_contact,
    past_conversations, past_entries, rules_state, set_rules_from, skip_rules,
};
pub use routes::routes;
pub use snooze::{DueSnooze, due_snoozes, snooze, wake_due};
pub use turns::{
    Lease, OwedTurn, extend_lease, finish_turn, free_all_turns, owe_again, owe_unless_answered, owed_turns,
    release_turn, settle, take_turn,
};
pub use verbs::{
    append, ask_for_person, assign, hand_back, hold, label, move_status, note, open_of, post, resolve,
    retitle, send_draft, sent_before, set_draft_hint, set_stitch, start, take_over, tell_transcript,
};
pub use waits::{Unit, usual_wait};
pub use words::{Found, ToIndex, find_messages, index, to_index};

use crate::base::{Audience, ConversationId, TextFault};
use crate::ports::{Cx, DbError, Tx};
use crate::{contacts, files};

/// Finds a conversation the caller may see.
pub async fn get(cx: &Cx, tx: &mut Tx, id: ConversationId) -> Result<Conversation, Error> {
    store::find(tx, cx.workspace, id, model::contact_scope(cx)).await?.ok_or(Error::NotFound)
}

/// Says whether the caller may see a conversation.
pub async fn exists(cx: &Cx, tx: &mut Tx, id: ConversationId) -> Result<(), Error> {
    get(cx, tx, id).await.map(|_| ())
}

/// The status of a conversation the caller may see.
pub async fn status(cx: &Cx, tx: &mut Tx, id: ConversationId) -> Result<String, Error> {
    Ok(get(cx, tx, id).await?.status)
}

/// Reads at most `limit` entries of a conversation that the caller may see after `after`, oldest first, as
/// they may see them. Fewer when their texts are long: a page always fits into one frame for a connection.
pub async fn timeline(
    cx: &Cx,
    tx: &mut Tx,
    of: &Conversation,
    after: i64,
    limit: usize,
) -> Result<TimelinePage, Error> {
    let audience = model::audience_of(cx);
    let wanted = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut entries =
        store::entries_after(tx, cx.workspace, of.id, audience, after, wanted.saturating_add(1)).await?;
    let fits = model::page_length(&entries).min(limit);
    let more = entries.len() > fits;
    entries.truncate(fits);
    Ok(TimelinePage { entries, more })
}

/// Reads all entries after `after` as staff see them, with the public predecessor of each.
pub async fn raw_entries(
    tx: &mut Tx,
    workspace: crate::base::WorkspaceId,
    id: ConversationId,
    after: i64,
    limit: i64,
) -> Result<Vec<(crate::protocol::Entry, i64)>, Error> {
    Ok(store::raw_entries_after(tx, workspace, id, after, limit).await?)
}

/// The newest messages and notes of a conversation, oldest first, as the caller may see them.
pub async fn recent_messages(
    cx: &Cx,
    tx: &mut Tx,
    id: ConversationId,
    limit: i64,
) -> Result<Vec<crate::protocol::Entry>, Error> {
    Ok(store::recent_messages(tx, cx.workspace, id, limit).await?)
}

/// Who may see what the caller sees.
pub fn audience_of(cx: &Cx) -> Audience {
    model::audience_of(cx)
}

/// Why something about a conversation was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such conversation, at least not for the caller.
    #[error("the conversation does not exist")]
    NotFound,
    /// The text was refused.
    #[error(transparent)]
    Text(#[from] TextFault),
    /// A field is out of its range.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Only the customer may do this.
    #[error("only the customer rates a conversation")]
    CustomersOnly,
    /// The conversation was not closed, or was opened again.
    #[error("the conversation is not closed; it can be rated once it is")]
    NotResolved,
    /// A file cannot be attached.
    #[error(transparent)]
    File(#[from] files::Error),
    /// The customer could not be noted.
    #[error(transparent)]
    Contact(#[from] contacts::Error),
    /// The store failed.
    #[error("conversations storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        use crate::protocol::ErrorCode;
        match error {
            Error::NotFound => Self::not_found(),
            Error::Text(fault) => fault.into(),
            Error::Invalid { .. } => Self::new(ErrorCode::InvalidField, error.to_string()),
            Error::CustomersOnly => Self::new(ErrorCode::Forbidden, error.to_string()),
            Error::NotResolved => Self::new(ErrorCode::Conflict, error.to_string()),
            Error::File(error) => error.into(),
            Error::Contact(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
