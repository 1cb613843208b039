//! Contacts: the customers of a workspace.
//!
//! The reference domain: the others resemble it. `mod.rs` holds the verbs and the error, `model.rs` types
//! and pure decisions, `store.rs` the SQL, `routes.rs` the thin HTTP surface.
//!
//! A contact is made when a visitor first acts; what is known of them is filled in later. Contacts know
//! nothing of conversations.

mod model;
mod routes;
mod store;

pub use model::{Change, Contact, ContactChange, ContactFilter, NewContact};
pub use routes::routes;

use crate::base::{ContactId, Timestamp, WorkspaceId};
use crate::http::Cursor;
use crate::ports::{Cx, DbError, Tx};

/// Adds a contact.
pub async fn create(cx: &Cx, tx: &mut Tx, new: NewContact) -> Result<Contact, Error> {
    let contact = new.into_contact(cx.id(), cx.now)?;
    store::insert(tx, cx.workspace, &contact).await?;
    Ok(contact)
}

/// Adds a contact who is here just now.
pub async fn come(cx: &Cx, tx: &mut Tx, new: NewContact) -> Result<Contact, Error> {
    let contact = Contact { last_seen_at: Some(cx.now), ..new.into_contact(cx.id(), cx.now)? };
    store::insert(tx, cx.workspace, &contact).await?;
    Ok(contact)
}

/// Changes what is known of a contact; what is absent stays.
pub async fn change(cx: &Cx, tx: &mut Tx, id: ContactId, change: ContactChange) -> Result<Contact, Error> {
    let before = get(cx, tx, id).await?;
    let contact = change.apply(before.clone())?;
    if contact == before {
        return Ok(contact);
    }
    store::update(tx, cx.workspace, &contact, Change::between(&before, &contact)).await?;
    Ok(contact)
}

/// Notes that a contact was here just now.
pub async fn seen(cx: &Cx, tx: &mut Tx, id: ContactId) -> Result<(), Error> {
    Ok(store::set_last_seen(tx, cx.workspace, id, cx.now).await?)
}

/// Contacts that changed since rules looked, of all workspaces.
pub async fn changed(tx: &mut Tx, limit: i64) -> Result<Vec<(WorkspaceId, ContactId)>, Error> {
    Ok(store::changed(tx, limit).await?)
}

/// Notes that a contact's first conversation begins: rules hear that there is a new customer.
pub async fn first_came(cx: &Cx, tx: &mut Tx, id: ContactId) -> Result<(), Error> {
    Ok(store::set_due(tx, cx.workspace, id, Change::Created).await?)
}

/// Notes that rules look at what happened to a contact; says what did, each once, unless somebody looked
/// before.
pub async fn take_changes(cx: &Cx, tx: &mut Tx, id: ContactId) -> Result<Vec<Change>, Error> {
    Ok(store::take_changes(tx, cx.workspace, id).await?)
}

/// Notes that rules have looked at every contact of the workspace: what was played as history is no news.
pub async fn skip_changes(cx: &Cx, tx: &mut Tx) -> Result<(), Error> {
    Ok(store::skip_changes(tx, cx.workspace).await?)
}

/// Contacts by their identifiers, in no order; those that are gone are left out.
pub async fn get_all(cx: &Cx, tx: &mut Tx, ids: &[ContactId]) -> Result<Vec<Contact>, Error> {
    Ok(store::find_all(tx, cx.workspace, ids).await?)
}

/// The customer who is known by one of these addresses; the one who was here last.
pub async fn known_as(
    cx: &Cx,
    tx: &mut Tx,
    email: Option<&str>,
    phone: Option<&str>,
) -> Result<Option<ContactId>, Error> {
    Ok(store::known_as(tx, cx.workspace, email, phone).await?)
}

/// Finds a contact or says that there is none.
pub async fn get(cx: &Cx, tx: &mut Tx, id: ContactId) -> Result<Contact, Error> {
    store::find(tx, cx.workspace, id).await?.ok_or(Error::NotFound(id))
}

/// Lists contacts, newest first; one more than `limit`, to show whether there are more.
pub async fn list(
    cx: &Cx,
    tx: &mut Tx,
    filter: &ContactFilter,
    limit: i64,
    after: Option<Cursor<ContactId>>,
) -> Result<Vec<Contact>, Error> {
    let start = after.unwrap_or(Cursor { at: Timestamp::from_micros(i64::MAX), id: cx.entropy.id(cx.now) });
    Ok(store::list(tx, cx.workspace, filter, limit + 1, start).await?)
}

/// Why something about a contact was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such contact in this workspace.
    #[error("contact {0} does not exist")]
    NotFound(ContactId),
    /// A value is not valid.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The store failed.
    #[error("contacts storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        use crate::protocol::ErrorCode;
        match error {
            Error::NotFound(_) => Self::not_found(),
            Error::Invalid { .. } => Self::new(ErrorCode::InvalidValue, error.to_string()),
            Error::Db(error) => error.into(),
        }
    }
}
