//! Saved views: named filters of the inbox, one's own or everybody's. Their conditions are those of rules.
//!
//! Invariants: another person's own view is not found; a shared one is changed by who made it and by
//! managers. A person has at most [`MOST`] views, and so has the team.

mod model;
mod routes;
mod store;

pub use model::{NewView, SavedView, ViewChange, ViewFilter};
pub use routes::routes;

use crate::base::{Role, StaffId, TextFault, ViewId};
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::ErrorCode;
use crate::rules::{self, Vocabulary};

/// Most views of one person, and most shared ones.
const MOST: i64 = 50;

/// The shared views and the caller's own, oldest first.
pub async fn list(cx: &Cx, tx: &mut Tx, me: StaffId) -> Result<Vec<SavedView>, Error> {
    let words = rules::vocabulary(cx, tx).await?;
    let mut views = store::list(tx, cx.workspace, me).await?;
    views.iter_mut().for_each(|view| describe(view, &words));
    Ok(views)
}

/// Puts a view's filter in words; one that asks for what is gone keeps its own.
fn describe(view: &mut SavedView, words: &Vocabulary) {
    view.text = rules::describe_filter(&view.filter.whole(), words);
}

/// Holds the conditions of a filter against what the workspace has.
async fn check(cx: &Cx, tx: &mut Tx, view: &mut SavedView) -> Result<(), Error> {
    if let Some(when) = &view.filter.when {
        rules::filter(cx, tx, when).await?;
    }
    describe(view, &rules::vocabulary(cx, tx).await?);
    Ok(())
}

/// Saves a view.
pub async fn create(cx: &Cx, tx: &mut Tx, me: StaffId, new: NewView) -> Result<SavedView, Error> {
    let mut view = new.into_view(cx.id(), me, cx.now)?;
    check(cx, tx, &mut view).await?;
    let owner = (!view.shared).then_some(me);
    if store::count(tx, cx.workspace, owner).await? >= MOST {
        return Err(Error::TooMany);
    }
    store::insert(tx, cx.workspace, &view).await?;
    Ok(view)
}

/// Changes a view's name or filter; what is absent stays.
pub async fn change(
    cx: &Cx,
    tx: &mut Tx,
    (me, role): (StaffId, Role),
    id: ViewId,
    change: ViewChange,
) -> Result<SavedView, Error> {
    let mut view = change.apply(writable(cx, tx, (me, role), id).await?)?;
    check(cx, tx, &mut view).await?;
    store::update(tx, cx.workspace, &view).await?;
    Ok(view)
}

/// Deletes a view.
pub async fn delete(cx: &Cx, tx: &mut Tx, who: (StaffId, Role), id: ViewId) -> Result<(), Error> {
    writable(cx, tx, who, id).await?;
    Ok(store::delete(tx, cx.workspace, id).await?)
}

/// A view that the caller may change.
async fn writable(cx: &Cx, tx: &mut Tx, (me, role): (StaffId, Role), id: ViewId) -> Result<SavedView, Error> {
    let view = store::find(tx, cx.workspace, me, id).await?.ok_or(Error::NotFound)?;
    if view.made_by != me && role < Role::Manager {
        return Err(Error::NotYours);
    }
    Ok(view)
}

/// Why something about a view was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such view, at least not for the caller.
    #[error("the view does not exist")]
    NotFound,
    /// A colleague shared it.
    #[error("a colleague shared this view; they or a manager can change it")]
    NotYours,
    /// There are too many.
    #[error("there are {MOST} views already; delete one first")]
    TooMany,
    /// The name or a word of the filter was refused.
    #[error(transparent)]
    Text(#[from] TextFault),
    /// The conditions were refused.
    #[error(transparent)]
    Filter(#[from] rules::Error),
    /// The store failed.
    #[error("views storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found(),
            Error::NotYours => Self::new(ErrorCode::Forbidden, error.to_string()),
            Error::TooMany => Self::new(ErrorCode::Conflict, error.to_string()),
            Error::Text(fault) => fault.into(),
            Error::Filter(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
