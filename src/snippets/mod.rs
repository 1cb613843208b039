//! Saved replies: texts that people put into an answer by a shortcut, one's own or everybody's.
//!
//! The text may hold variables such as `{{customer}}`; whoever uses it sees them filled in before it is sent.
//!
//! Invariants: another person's own reply is not found; a shared one is changed by who made it and by
//! managers. A person has at most [`MOST`], and so has the team.

mod model;
mod routes;
mod store;

pub use model::{NewSnippet, Snippet, SnippetChange};
pub use routes::routes;

use crate::base::{Role, SnippetId, StaffId, TextFault};
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::ErrorCode;

/// Most saved replies of one person, and most shared ones.
const MOST: i64 = 200;

/// The shared replies and the caller's own, the most used first.
pub async fn list(cx: &Cx, tx: &mut Tx, me: StaffId) -> Result<Vec<Snippet>, Error> {
    Ok(store::list(tx, cx.workspace, me).await?)
}

/// Saves a reply.
pub async fn create(cx: &Cx, tx: &mut Tx, me: StaffId, new: NewSnippet) -> Result<Snippet, Error> {
    let snippet = new.into_snippet(cx.id(), me, cx.now)?;
    let owner = (!snippet.shared).then_some(me);
    if store::count(tx, cx.workspace, owner).await? >= MOST {
        return Err(Error::TooMany);
    }
    store::insert(tx, cx.workspace, &snippet).await?;
    Ok(snippet)
}

/// Changes a saved reply; what is absent stays.
pub async fn change(
    cx: &Cx,
    tx: &mut Tx,
    who: (StaffId, Role),
    id: SnippetId,
    change: SnippetChange,
) -> Result<Snippet, Error> {
    let snippet = change.apply(writable(cx, tx, who, id).await?)?;
    store::update(tx, cx.workspace, &snippet).await?;
    Ok(snippet)
}

/// Deletes a saved reply.
pub async fn delete(cx: &Cx, tx: &mut Tx, who: (StaffId, Role), id: SnippetId) -> Result<(), Error> {
    writable(cx, tx, who, id).await?;
    Ok(store::delete(tx, cx.workspace, id).await?)
}

/// Counts that a saved reply was used: often used ones are offered first.
pub async fn used(cx: &Cx, tx: &mut Tx, me: StaffId, id: SnippetId) -> Result<(), Error> {
    find(cx, tx, me, id).await?;
    Ok(store::count_use(tx, cx.workspace, id).await?)
}

async fn find(cx: &Cx, tx: &mut Tx, me: StaffId, id: SnippetId) -> Result<Snippet, Error> {
    store::find(tx, cx.workspace, me, id).await?.ok_or(Error::NotFound)
}

/// A saved reply that the caller may change.
async fn writable(
    cx: &Cx,
    tx: &mut Tx,
    (me, role): (StaffId, Role),
    id: SnippetId,
) -> Result<Snippet, Error> {
    let snippet = find(cx, tx, me, id).await?;
    if snippet.made_by != me && role < Role::Manager {
        return Err(Error::NotYours);
    }
    Ok(snippet)
}

/// Why something about a saved reply was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such reply, at least not for the caller.
    #[error("the saved reply does not exist")]
    NotFound,
    /// A colleague shared it.
    #[error("a colleague shared this reply; they or a manager can change it")]
    NotYours,
    /// There are too many.
    #[error("there are {MOST} saved replies already; delete one first")]
    TooMany,
    /// The shortcut cannot be typed.
    #[error("shortcut: {0:?} must be 1 to 30 letters, digits or hyphens")]
    Shortcut(String),
    /// The text was refused.
    #[error(transparent)]
    Text(#[from] TextFault),
    /// The store failed.
    #[error("saved replies storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found(),
            Error::NotYours => Self::new(ErrorCode::Forbidden, error.to_string()),
            Error::TooMany => Self::new(ErrorCode::Conflict, error.to_string()),
            Error::Shortcut(_) => Self::new(ErrorCode::InvalidField, error.to_string()),
            Error::Text(fault) => fault.into(),
            Error::Db(error) => error.into(),
        }
    }
}
