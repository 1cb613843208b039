//! Setting up: a hub's first workspace with its owner, the kit of an agent, and a first conversation.
//!
//! Invariants: only who has the hub's own code creates the first workspace, and only while there is none; the
//! agent is exchanged by these verbs only until the set-up is finished, because what is noted of
//! conversations changes with it.

mod kits;
mod model;
mod routes;

pub use model::{NewHub, OfferedAgent, Owner};
pub use routes::routes;

use crate::agents::{Understanding, bundles};
use crate::base::{ContactId, ConversationId};
use crate::contacts::{self, NewContact};
use crate::conversations::{self, NewMessage};
use crate::identity;
use crate::ports::{Cx, DbError, Tx};
use crate::workspaces::{self, SettingsChange, Workspace};
use crate::{rules, schemas};

/// Whether the store has no workspace yet.
pub async fn is_needed(tx: &mut Tx) -> Result<bool, DbError> {
    match workspaces::all(tx).await {
        Ok(all) => Ok(all.is_empty()),
        Err(workspaces::Error::Db(error)) => Err(error),
        Err(_) => Ok(false),
    }
}

/// Creates the store's first workspace and its owner. The password comes hashed: hashing takes long.
pub async fn create_first(
    cx: &Cx,
    tx: &mut Tx,
    understanding: &Understanding,
    new: NewHub,
    password_hash: &str,
) -> Result<Workspace, Error> {
    if !workspaces::claim_first(cx, tx).await? {
        return Err(Error::NotFirst);
    }
    let agent = match &new.agent {
        Some(key) => understanding.catalogue().find(key).cloned().ok_or_else(|| unknown(key))?,
        None => understanding.agent(""),
    };
    let (workspace, owner) = new.into_parts(&agent)?;
    workspaces::create(cx, tx, workspace).await?;
    identity::add_staff(cx, tx, owner, password_hash).await?;
    take_kit(cx, tx, understanding, &agent.key).await
}

/// The document of the schema that comes with a role of the catalogue.
pub fn pack(role: &str) -> Option<&'static str> {
    kits::schema_of(role)
}

/// Gives the workspace an agent with its kit: its words, its schema, its first rule.
pub async fn choose_agent(
    cx: &Cx,
    tx: &mut Tx,
    understanding: &Understanding,
    key: &str,
) -> Result<Workspace, Error> {
    workspaces::hold(cx, tx).await?;
    open_setup(cx, tx).await?;
    take_kit(cx, tx, understanding, key).await
}

async fn take_kit(
    cx: &Cx,
    tx: &mut Tx,
    understanding: &Understanding,
    key: &str,
) -> Result<Workspace, Error> {
    let agent = understanding.catalogue().find(key).ok_or_else(|| unknown(key))?;
    let document = kits::schema_of(key).ok_or_else(|| unknown(key))?;
    let wanted = schemas::read(document)?.key;
    let of_kits =
        kits::schemas().map(|one| Ok(schemas::read(one)?.key)).collect::<Result<Vec<_>, Error>>()?;
    for schema in schemas::active(cx, tx).await? {
        if schema.key != wanted && of_kits.contains(&schema.key) {
            schemas::retire(cx, tx, &schema).await?;
        }
    }
    schemas::install(cx, tx, document).await?;
    if let Some(rule) = kits::first_rule(agent) {
        rules::install(cx, tx, &rule).await?;
    }
    bundles::forget(cx, tx).await?;
    let words = SettingsChange {
        assistant_name: Some(agent.assistant_name.clone()),
        greeting: Some(agent.greeting.clone()),
        starters: Some(agent.starters.clone()),
        ..SettingsChange::default()
    };
    Ok(workspaces::set_agent(cx, tx, key, words).await?)
}

fn unknown(key: &str) -> Error {
    Error::Invalid { field: "agent", problem: format!("there is no agent {key:?}") }
}

/// The customer of the first conversation.
pub async fn sample_customer(cx: &Cx, tx: &mut Tx) -> Result<ContactId, Error> {
    workspaces::hold(cx, tx).await?;
    open_setup(cx, tx).await?;
    let new = NewContact {
        name: Some("Sample customer".to_owned()),
        note: Some("Made by the set-up, to try the desk with. Nobody reads what you send.".to_owned()),
        ..NewContact::default()
    };
    Ok(contacts::create(cx, tx, new).await?.id)
}

/// Begins a conversation with a question, as this customer. The agent answers it as it does every other.
pub async fn ask(
    customer: &Cx,
    tx: &mut Tx,
    contact: ContactId,
    question: String,
) -> Result<ConversationId, Error> {
    let status = schemas::initial_status(customer, tx).await?;
    let conversation = conversations::start(customer, tx, contact, &status).await?;
    let message = NewMessage { client_id: "sample".to_owned(), body: question, files: Vec::new() };
    conversations::post(customer, tx, conversation, message).await?;
    Ok(conversation)
}

async fn open_setup(cx: &Cx, tx: &mut Tx) -> Result<(), Error> {
    match workspaces::get(tx, cx.workspace).await?.settings.setup {
        Some(setup) if !setup.is_finished() => Ok(()),
        _ => Err(Error::Finished),
    }
}

/// Why something about the set-up was refused.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the variants without words of their own pass on what a domain said")]
pub enum Error {
    /// There is a workspace.
    #[error("this hub is set up already; sign in, or ask its owner for access")]
    NotFirst,
    /// Nothing is left to be set up.
    #[error("the set-up of this workspace is finished")]
    Finished,
    /// A value is not valid.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    #[error(transparent)]
    Bundle(#[from] bundles::Error),
    #[error(transparent)]
    Workspace(#[from] workspaces::Error),
    #[error(transparent)]
    Identity(#[from] identity::Error),
    #[error(transparent)]
    Schema(#[from] schemas::Error),
    #[error(transparent)]
    Rule(#[from] rules::Error),
    #[error(transparent)]
    Contact(#[from] contacts::Error),
    #[error(transparent)]
    Conversation(#[from] conversations::Error),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        use crate::protocol::ErrorCode;
        match error {
            Error::NotFirst | Error::Finished => Self::new(ErrorCode::Conflict, error.to_string()),
            Error::Invalid { .. } => Self::new(ErrorCode::InvalidValue, error.to_string()),
            Error::Bundle(error) => error.into(),
            Error::Workspace(error) => error.into(),
            Error::Identity(error) => error.into(),
            Error::Schema(error) => error.into(),
            Error::Rule(error) => error.into(),
            Error::Contact(error) => error.into(),
            Error::Conversation(error) => error.into(),
        }
    }
}
