//! Identity: who is on the other end, and what they may do.
//!
//! Staff sign in with e-mail address and password (argon2id) and get a session cookie. Visitors hold a
//! long-lived key in their browser and exchange it for a short-lived signed token.
//!
//! Invariants: passwords, session tokens and visitor keys are stored as hashes only; a caller of one
//! workspace never learns whether something exists in another.

mod caller;
mod model;
mod password;
mod profile;
mod routes;
mod site;
mod store;
mod token;

pub use caller::{Caller, Party, Visitor, check_own_origin, check_visitor_origin, staff_from_headers};
pub use model::{NewStaff, OpenSession, Permission, ProfileChange, Session, SignIn, Staff, StaffChange};
pub use password::hash_password;
pub use profile::{change_password, change_profile, end_own_session, open_sessions, set_picture};
pub use routes::routes;
pub use site::Site;
pub use token::{TokenKey, VisitorToken};

use std::collections::HashSet;

use crate::base::{ContactId, Role, SessionId, StaffId, Timestamp, WorkspaceId};
use crate::ports::bus::{News, Revoked};
use crate::ports::{Cx, DbError, Tx};
use crate::workspaces;

/// Adds a staff member. The password comes hashed: hashing takes long and needs no transaction.
pub async fn add_staff(cx: &Cx, tx: &mut Tx, new: NewStaff, password_hash: &str) -> Result<Staff, Error> {
    let staff = new.into_staff(cx.id(), cx.now)?;
    if !store::insert_staff(tx, cx.workspace, &staff, password_hash).await? {
        return Err(Error::EmailTaken(staff.email));
    }
    Ok(staff)
}

/// Changes a staff member's name, role or access; ends their sessions when access is taken.
pub async fn change_staff(cx: &Cx, tx: &mut Tx, id: StaffId, change: StaffChange) -> Result<Staff, Error> {
    // Two owners who step down at once would each find the other.
    workspaces::hold(cx, tx).await?;
    let before = get_staff(cx, tx, id).await?;
    let after = change.apply(before.clone())?;
    let loses_ownership = before.is_active_owner() && !after.is_active_owner();
    if loses_ownership && store::count_active(tx, cx.workspace, Role::Owner).await? <= 1 {
        return Err(Error::LastOwner);
    }
    store::update_staff(tx, cx.workspace, &after).await?;
    if after.disabled || after.role != before.role {
        store::end_sessions(tx, cx.workspace, id).await?;
        tx.tell(cx.workspace, News::Revoked(Revoked::Staff(id)));
    }
    Ok(after)
}

/// Finds a staff member of the caller's workspace.
pub async fn get_staff(cx: &Cx, tx: &mut Tx, id: StaffId) -> Result<Staff, Error> {
    store::find_staff(tx, cx.workspace, id).await?.ok_or(Error::NotFound)
}

/// All staff of the caller's workspace, by name.
pub async fn list_staff(cx: &Cx, tx: &mut Tx) -> Result<Vec<Staff>, Error> {
    Ok(store::list_staff(tx, cx.workspace).await?)
}

/// Staff with this e-mail address and the hash of their password; one per workspace.
pub async fn candidates(
    tx: &mut Tx,
    workspace: Option<WorkspaceId>,
    email: &str,
) -> Result<Vec<(WorkspaceId, Staff, String)>, Error> {
    Ok(store::find_by_email(tx, workspace, &model::normal_email(email)).await?)
}

/// Opens a session for a staff member whose password was right. `token` is the cookie's value.
pub async fn open_session(
    cx: &Cx,
    tx: &mut Tx,
    staff: StaffId,
    token: &str,
    agent: Option<&str>,
    expires_at: Timestamp,
) -> Result<SessionId, Error> {
    let id = cx.id();
    let agent = model::agent_of(agent);
    let times = (cx.now, expires_at);
    store::insert_session(tx, cx.workspace, id, staff, &token::hash(token), agent.as_deref(), times).await?;
    Ok(id)
}

/// Finds the open session that a cookie stands for.
pub async fn find_session(tx: &mut Tx, token: &str, now: Timestamp) -> Result<Option<Session>, Error> {
    Ok(store::find_session(tx, &token::hash(token), now).await?)
}

/// The sessions of a workspace that have not ended, for whoever may have missed that one did.
pub async fn live_sessions(
    tx: &mut Tx,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<HashSet<SessionId>, Error> {
    let live = store::live_sessions(tx, workspace, now).await?;
    Ok(live.into_iter().map(|(session,)| session).collect())
}

/// Ends a session and cuts its sockets.
pub async fn end_session(cx: &Cx, tx: &mut Tx, session: SessionId) -> Result<(), Error> {
    store::end_session(tx, cx.workspace, session).await?;
    tx.tell(cx.workspace, News::Revoked(Revoked::Session(session)));
    Ok(())
}

/// Remembers a visitor's key.
pub async fn keep_visitor_key(cx: &Cx, tx: &mut Tx, contact: ContactId, key: &str) -> Result<(), Error> {
    Ok(store::insert_visitor_key(tx, cx.workspace, contact, &token::hash(key), cx.now).await?)
}

/// Finds the contact that a visitor's key stands for.
pub async fn find_visitor(cx: &Cx, tx: &mut Tx, key: &str) -> Result<Option<ContactId>, Error> {
    Ok(store::find_visitor(tx, cx.workspace, &token::hash(key)).await?)
}

/// Why something about identity was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such staff member in this workspace.
    #[error("the staff member does not exist")]
    NotFound,
    /// Somebody of this workspace has this address.
    #[error("somebody already signs in with {0}")]
    EmailTaken(String),
    /// The password that was typed is not the present one.
    #[error("the present password is wrong")]
    WrongPassword,
    /// A workspace keeps at least one owner.
    #[error("the last owner must stay one; make somebody else an owner first")]
    LastOwner,
    /// A value is not valid.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The workspace is not there or not valid.
    #[error(transparent)]
    Workspace(#[from] workspaces::Error),
    /// The store failed.
    #[error("identity storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        use crate::protocol::ErrorCode;
        match error {
            Error::NotFound => Self::not_found(),
            Error::WrongPassword => Self::new(ErrorCode::WrongCredentials, error.to_string()),
            Error::EmailTaken(_) | Error::LastOwner => Self::new(ErrorCode::Conflict, error.to_string()),
            Error::Invalid { .. } => Self::new(ErrorCode::InvalidValue, error.to_string()),
            Error::Workspace(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
