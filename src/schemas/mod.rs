//! Schemas: what a business wants to know of its conversations, and the states they go through.
//!
//! A schema is a JSON Schema document with annotations. It is versioned: a change makes a new version and
//! retires the one before, and what conversations know is kept under the schema's key.
//!
//! Invariants: at most one version of a key is active; a stored document was checked before.

mod action;
mod condition;
mod document;
mod formula;
mod model;
mod routes;
mod store;
mod value;

pub use action::{Action, Ground, MAX_TEXT, check_action};
pub use condition::Condition;
pub use formula::Formula;
pub use model::{
    Choice, Field, FieldType, Outline, Schema, StateTimer, Terms, Transition, Version, Workflow,
    WorkflowState,
};
pub use routes::routes;
pub use value::{check_value, fits, is_same_value, show_value};

use std::fmt;

use crate::base::{SchemaId, WorkspaceId};
use crate::ports::{Cx, DbError, Tx};

/// Most active schemas of a workspace.
const MAX_SCHEMAS: i64 = 20;

/// Reads and checks a document without storing it.
pub fn read(document: &str) -> Result<Outline, Error> {
    document::read(document)
}

/// Makes a document the active version of its schema. The same document again changes nothing.
pub async fn install(cx: &Cx, tx: &mut Tx, document: &str) -> Result<Schema, Error> {
    let outline = document::read(document)?;
    let before = store::find_active(tx, cx.workspace, &outline.key).await?;
    succeed(cx, tx, before, (document, outline)).await
}

/// Makes a document the version after this one, which must still be the active one.
async fn succeed(
    cx: &Cx,
    tx: &mut Tx,
    before: Option<Schema>,
    (document, outline): (&str, Outline),
) -> Result<Schema, Error> {
    let version = match before {
        Some(before) if before.is_same_document(document, &outline) => return Ok(before),
        Some(before) => {
            if !store::retire(tx, cx.workspace, before.id, cx.now).await? {
                return Err(Error::Changed(outline.key));
            }
            before.version + 1
        }
        None => store::last_version(tx, cx.workspace, &outline.key).await? + 1,
    };
    let schema = Schema::new(cx.id(), version, document, outline, cx.now);
    if !store::insert(tx, cx.workspace, &schema).await? {
        return Err(Error::Changed(schema.key));
    }
    Ok(schema)
}

/// Adds a schema that the workspace does not have.
pub async fn create(cx: &Cx, tx: &mut Tx, document: &str) -> Result<Schema, Error> {
    let outline = document::read(document)?;
    match store::find_active(tx, cx.workspace, &outline.key).await? {
        Some(known) => Err(Error::Exists(known.key)),
        None if store::count_active(tx, cx.workspace).await? >= MAX_SCHEMAS => Err(Error::TooMany),
        None => install(cx, tx, document).await,
    }
}

/// Makes a document the next version of a schema, if nobody else did since version `base`.
pub async fn update(cx: &Cx, tx: &mut Tx, key: &str, base: i64, document: &str) -> Result<Schema, Error> {
    let outline = document::read(document)?;
    if outline.key != key {
        let mut problems = Problems::default();
        problems.add("$id", &format!("a schema keeps its name: this must be concierge:{key}"));
        return Err(Error::Invalid(problems));
    }
    let current = by_key(cx, tx, key).await?;
    if current.version != base && !current.is_same_document(document, &outline) {
        return Err(Error::Stale { base, current: Box::new(current) });
    }
    match succeed(cx, tx, Some(current), (document, outline)).await {
        // Somebody was quicker by a moment: whoever comes second learns of both versions all the same.
        Err(Error::Changed(_)) => Err(Error::Stale { base, current: Box::new(by_key(cx, tx, key).await?) }),
        done => done,
    }
}

/// A version of a schema that is not stored: what a document would be, beside the active ones.
pub fn imagined(cx: &Cx, document: &str) -> Result<Schema, Error> {
    let outline = document::read(document)?;
    Ok(Schema::new(cx.id(), 0, document, outline, cx.now))
}

/// Takes a schema away: what is known under it is kept, and comes back with its next version.
pub async fn remove(cx: &Cx, tx: &mut Tx, key: &str) -> Result<(), Error> {
    let current = by_key(cx, tx, key).await?;
    if store::count_active(tx, cx.workspace).await? < 2 {
        return Err(Error::Last);
    }
    retire(cx, tx, &current).await
}

/// The active version of a schema.
pub async fn by_key(cx: &Cx, tx: &mut Tx, key: &str) -> Result<Schema, Error> {
    store::find_active(tx, cx.workspace, key).await?.ok_or_else(|| Error::NoKey(key.to_owned()))
}

/// One version of a schema, active or not.
pub async fn version(cx: &Cx, tx: &mut Tx, key: &str, number: i64) -> Result<Schema, Error> {
    let found = store::find_version(tx, cx.workspace, key, number).await?;
    found.ok_or_else(|| Error::NoKey(key.to_owned()))
}

/// The versions of a schema, the newest first.
pub async fn versions(cx: &Cx, tx: &mut Tx, key: &str) -> Result<Vec<Version>, Error> {
    match store::list_versions(tx, cx.workspace, key).await? {
        none if none.is_empty() => Err(Error::NoKey(key.to_owned())),
        versions => Ok(versions),
    }
}

/// The active schemas of the workspace, by key.
pub async fn active(cx: &Cx, tx: &mut Tx) -> Result<Vec<Schema>, Error> {
    Ok(store::list_active(tx, cx.workspace).await?)
}

/// Retires the active version of a schema; what conversations know under it stays.
pub async fn retire(cx: &Cx, tx: &mut Tx, schema: &Schema) -> Result<(), Error> {
    match store::retire(tx, cx.workspace, schema.id, cx.now).await? {
        true => Ok(()),
        false => Err(Error::Changed(schema.key.clone())),
    }
}

/// Schemas whose workflows are not yet rules: workspace, key and version. Serves all workspaces.
pub async fn unsettled(tx: &mut Tx, limit: i64) -> Result<Vec<(WorkspaceId, String, SchemaId)>, Error> {
    Ok(store::unsettled(tx, limit).await?)
}

/// Notes that a version's workflow is rules now.
pub async fn settle(cx: &Cx, tx: &mut Tx, id: SchemaId) -> Result<(), Error> {
    Ok(store::settle(tx, cx.workspace, id, cx.now).await?)
}

/// Finds a version of a schema, active or not.
pub async fn get(cx: &Cx, tx: &mut Tx, id: SchemaId) -> Result<Schema, Error> {
    store::find(tx, cx.workspace, id).await?.ok_or(Error::NotFound(id))
}

/// What is wrong with a document, each with its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<(String, String)>);

impl Problems {
    pub(crate) fn add(&mut self, place: &str, problem: &str) {
        self.0.push((place.to_owned(), problem.to_owned()));
    }

    /// Each place and what is wrong there.
    pub fn iter(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (place, problem)) in self.0.iter().enumerate() {
            let joint = if number > 0 { "; " } else { "" };
            write!(f, "{joint}{place}: {problem}")?;
        }
        Ok(())
    }
}

/// Why something about a schema was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such schema in this workspace.
    #[error("schema {0} does not exist")]
    NotFound(SchemaId),
    /// The document is not a schema.
    #[error("{0}")]
    Invalid(Problems),
    /// Somebody installed another version in the meantime.
    #[error("the schema {0} was changed by somebody else; load it again")]
    Changed(String),
    /// No schema of this name is active, or there never was this version.
    #[error("there is no schema {0:?} here, or not this version of it")]
    NoKey(String),
    /// There is an active schema of this name already.
    #[error("there is a schema {0:?} already; change it, or give this one another $id")]
    Exists(String),
    /// The workspace has as many as it can.
    #[error("a workspace has at most {MAX_SCHEMAS} schemas")]
    TooMany,
    /// A workspace keeps one: conversations need a workflow.
    #[error("this is the last schema; a workspace keeps at least one")]
    Last,
    /// Somebody else saved another version first.
    #[error("{} is at version {} by now; this change began from version {base}", current.key, current.version)]
    Stale {
        /// The version the change began from.
        base: i64,
        /// The version that counts now.
        current: Box<Schema>,
    },
    /// The store failed.
    #[error("schemas storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        use crate::protocol::ErrorCode;
        match error {
            Error::NotFound(_) => Self::not_found(),
            Error::NoKey(_) => Self::new(ErrorCode::NotFound, error.to_string()),
            Error::TooMany => Self::new(ErrorCode::InvalidValue, error.to_string()),
            Error::Invalid(_) => Self::new(ErrorCode::InvalidValue, error.to_string()),
            Error::Changed(_) | Error::Exists(_) | Error::Last | Error::Stale { .. } => {
                Self::new(ErrorCode::Conflict, error.to_string())
            }
            Error::Db(error) => error.into(),
        }
    }
}

/// The status a new conversation begins in: that of the first active schema's workflow.
pub async fn initial_status(cx: &Cx, tx: &mut Tx) -> Result<String, Error> {
    let first = store::first_active(tx, cx.workspace).await?;
    Ok(first.as_deref().and_then(document::initial_status).unwrap_or_else(|| "open".to_owned()))
}
