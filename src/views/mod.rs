//! Saved views: named filters of the inbox, one's own or everybody's.
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

/// Most views of one person, and most shared ones.
const MOST: i64 = 50;

/// The shared views and the caller's own, oldest first.
pub async fn list(cx: &Cx, tx: &mut Tx, me: StaffId) -> Result<Vec<SavedView>, Error> {
    Ok(store::list(tx, cx.workspace, me).await?)
}

/// Saves a view.
pub async fn create(cx: &Cx, tx: &mut Tx, me: StaffId, new: NewView) -> Result<SavedView, Error> {
    let view = new.into_view(cx.id(), me, cx.now)?;
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
    let view = change.apply(writable(cx, tx, (me, role), id).await?)?;
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
            Error::Db(error) => error.into(),
        }
    }
}
