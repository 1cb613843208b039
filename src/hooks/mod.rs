//! Hooks: addresses that other systems call, with a secret each, and the signature of our own calls.
//!
//! A hook says where in a call the customer, the values and the fields stand. What a call does is
//! `automation`'s: here it is only known, checked and counted.
//!
//! Invariants: a call without the right signature, or older than five minutes, is not looked at; a call is
//! taken once, and the same one again gets the first one's outcome.

mod model;
mod routes;
mod signature;
mod store;

pub use model::{Delivery, Hook, HookChange, MappedValue, Mapping, NewHook, Outcome, ValueKind};
pub use routes::routes;
pub use signature::{ID, SIGNATURE, TIMESTAMP, sign, verify};

use crate::base::{HookId, Timestamp, WorkspaceId};
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::ErrorCode;
use crate::schemas::{self, Problems};

/// Most hooks of a workspace.
const MOST: i64 = 50;

/// Calls that are shown of a hook.
const SHOWN: i64 = 50;

/// The hooks of the workspace, the oldest first, without their secrets.
pub async fn list(cx: &Cx, tx: &mut Tx) -> Result<Vec<Hook>, Error> {
    Ok(store::list(tx, cx.workspace).await?)
}

/// Finds a hook or says that there is none.
pub async fn get(cx: &Cx, tx: &mut Tx, id: HookId) -> Result<Hook, Error> {
    store::find(tx, cx.workspace, id).await?.ok_or(Error::NotFound)
}

/// Makes a hook; its secret is in the answer.
pub async fn create(cx: &Cx, tx: &mut Tx, new: NewHook) -> Result<Hook, Error> {
    check(cx, tx, &new.key, &new.name, &new.mapping).await?;
    if store::count(tx, cx.workspace).await? >= MOST {
        return Err(Error::TooMany);
    }
    let NewHook { key, name, mapping } = new;
    let secret = fresh(cx);
    let hook = Hook {
        id: cx.id(),
        key,
        name: name.trim().to_owned(),
        enabled: true,
        mapping,
        made_by: cx.name.clone(),
        created_at: cx.now,
        secret: Some(secret.clone()),
    };
    match store::insert(tx, cx.workspace, &hook, &secret).await? {
        true => Ok(hook),
        false => Err(Error::KeyTaken(hook.key)),
    }
}

/// Changes a hook; what is absent stays.
pub async fn change(cx: &Cx, tx: &mut Tx, id: HookId, change: HookChange) -> Result<Hook, Error> {
    let mut hook = get(cx, tx, id).await?;
    if let Some(name) = change.name {
        hook.name = name.trim().to_owned();
    }
    if let Some(mapping) = change.mapping {
        hook.mapping = mapping;
    }
    hook.enabled = change.enabled.unwrap_or(hook.enabled);
    check(cx, tx, &hook.key, &hook.name, &hook.mapping).await?;
    store::update(tx, cx.workspace, &hook, cx.now).await?;
    Ok(hook)
}

/// Gives a hook another secret: calls signed with the one before are refused from now on.
pub async fn renew(cx: &Cx, tx: &mut Tx, id: HookId) -> Result<Hook, Error> {
    let hook = get(cx, tx, id).await?;
    let secret = fresh(cx);
    store::set_secret(tx, cx.workspace, id, &secret).await?;
    Ok(Hook { secret: Some(secret), ..hook })
}

/// Takes a hook away, with its calls.
pub async fn remove(cx: &Cx, tx: &mut Tx, id: HookId) -> Result<(), Error> {
    match store::delete(tx, cx.workspace, id).await? {
        true => Ok(()),
        false => Err(Error::NotFound),
    }
}

/// The newest calls of a hook.
pub async fn deliveries(cx: &Cx, tx: &mut Tx, id: HookId) -> Result<Vec<Delivery>, Error> {
    get(cx, tx, id).await?;
    Ok(store::deliveries(tx, cx.workspace, id, SHOWN).await?)
}

/// A hook that listens, of whichever business, with its secret.
pub async fn listening(tx: &mut Tx, id: HookId) -> Result<(WorkspaceId, Hook, String), Error> {
    store::listening(tx, id).await?.ok_or(Error::NotFound)
}

/// Takes a call; the outcome of the first one when it came before.
pub async fn take(cx: &Cx, tx: &mut Tx, id: HookId, delivery: &str) -> Result<Option<Outcome>, Error> {
    if store::insert_delivery(tx, cx.workspace, (id, delivery), cx.now).await? {
        return Ok(None);
    }
    Ok(store::outcome(tx, cx.workspace, (id, delivery)).await?)
}

/// Notes what became of a call.
pub async fn note(cx: &Cx, tx: &mut Tx, id: HookId, delivery: &str, outcome: &Outcome) -> Result<(), Error> {
    Ok(store::set_outcome(tx, cx.workspace, (id, delivery), outcome).await?)
}

/// Forgets calls of before a time; older ones are refused by their time anyway.
pub async fn forget(cx: &Cx, tx: &mut Tx, before: Timestamp) -> Result<u64, Error> {
    Ok(store::forget(tx, cx.workspace, before).await?)
}

/// What this business's own calls are signed with.
pub async fn outgoing_secret(cx: &Cx, tx: &mut Tx) -> Result<String, Error> {
    Ok(store::outgoing(tx, cx.workspace, &fresh(cx)).await?)
}

fn fresh(cx: &Cx) -> String {
    let mut bytes = [0; 32];
    cx.entropy.fill(&mut bytes);
    signature::secret(bytes)
}

async fn check(cx: &Cx, tx: &mut Tx, key: &str, name: &str, mapping: &Mapping) -> Result<(), Error> {
    let mut problems = model::check(key, name, mapping);
    let schemas = schemas::active(cx, tx).await?;
    for field in mapping.fields.keys() {
        if !schemas.iter().any(|schema| schema.field(field).is_some()) {
            let says = format!("no active schema has a field {field:?}");
            problems.add(&format!("mapping.fields.{field}"), &says);
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(problems)),
    }
}

/// Why something about a hook was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such hook, or it does not listen.
    #[error("the hook does not exist")]
    NotFound,
    /// Another hook has this key.
    #[error("there is a hook {0:?} already; give this one another key")]
    KeyTaken(String),
    /// The workspace has as many as it can.
    #[error("there are {MOST} hooks already; take one away first")]
    TooMany,
    /// It is no hook.
    #[error("{0}")]
    Invalid(Problems),
    /// The schemas could not be read.
    #[error(transparent)]
    Schema(#[from] schemas::Error),
    /// The store failed.
    #[error("hooks storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found(),
            Error::KeyTaken(_) | Error::TooMany => Self::new(ErrorCode::Conflict, error.to_string()),
            Error::Invalid(_) => Self::new(ErrorCode::InvalidValue, error.to_string()),
            Error::Schema(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
