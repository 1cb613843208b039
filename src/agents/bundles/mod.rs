//! A business's own copy of its agent: edited in the open, published as numbered versions that never change,
//! and rolled back by making an older one draft again.
//!
//! Until a business publishes one, its agent is the role of the catalogue as it comes: version 0. Invariants:
//! a version is never changed; what is edited is replaced only by somebody who saw what is there (its
//! revision); each turn notes which version drafted.

mod model;
mod routes;
mod store;

use std::sync::Arc;

pub use model::{Bundle, Guards, Head, ModelChoice, Shot, Warning};
pub use routes::routes;

use crate::agents::{Agent, Understanding, intents};
use crate::base::{ContactId, Timestamp};
use crate::ports::db::FromRow;
use crate::ports::{Cx, DbError, Tx};
use crate::workspaces::{self, SettingsChange};

/// A published version, without what is in it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct VersionRow {
    /// Its number.
    pub version: i64,
    /// The role of the catalogue that it is made from.
    pub agent: String,
    /// Names its content.
    pub hash: String,
    /// The version that its editor began from; 0 for the role as it comes.
    pub based_on: i64,
    /// What its editor says of it.
    pub note: String,
    /// When it was published.
    pub published_at: Timestamp,
    /// By whom.
    pub published_by_name: String,
    /// How its evaluation cases stood then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evals: Option<Standing>,
}

/// A published version.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Version {
    /// Its number, and how it came to be.
    #[serde(flatten)]
    pub row: VersionRow,
    /// What is in it.
    pub bundle: Bundle,
}

/// How the evaluation cases of a version stood when it was published, beside the version before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Standing {
    /// How many cases there were.
    pub cases: i64,
    /// How many of them had been run with it.
    pub run: i64,
    /// How many of those passed.
    pub passed: i64,
    /// How many passed with the version before.
    pub passed_before: i64,
}

/// What is being edited.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct WorkingCopy {
    /// Rises by one with every save.
    pub revision: i64,
    /// The role of the catalogue that it is made from.
    pub agent: String,
    /// What is in it.
    pub bundle: Bundle,
    /// The version that it began from; 0 for the role as it comes.
    pub based_on: i64,
    /// When it was last saved.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by_name: String,
}

crate::word_enum! {
    /// What happened to an agent.
    pub enum EventKind {
        /// A version was published and drafts from then on.
        Published = "published",
        /// An older version drafts again.
        RolledBack = "rolled_back",
        /// A version drafts for a share of the customers.
        Canary = "canary",
        /// That ended.
        CanaryEnded = "canary_ended",
    }
}

/// Something that happened to an agent.
#[derive(Debug, Clone, PartialEq, FromRow, serde::Serialize, utoipa::ToSchema)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: EventKind,
    /// To which version.
    pub version: i64,
    /// By whom.
    pub by_name: String,
    /// More about it.
    pub says: String,
}

/// The agent that drafts in a workspace for a customer, with the workspace's own intents. `own` is the key of
/// the workspace's role.
pub async fn of_workspace(
    cx: &Cx,
    tx: &mut Tx,
    understanding: &Understanding,
    own: &str,
    contact: Option<ContactId>,
) -> Result<Arc<Agent>, Error> {
    let number = store::head(tx, cx.workspace).await?.map_or(0, |head| head.version_for(contact));
    let agent = match number {
        0 => understanding.agent(own),
        number => Arc::new(agent_of(understanding, &version(cx, tx, number).await?)),
    };
    Ok(intents::of_workspace(cx, tx, agent).await?)
}

/// The agent that a version describes, with the intents of its role.
pub fn agent_of(understanding: &Understanding, version: &Version) -> Agent {
    understanding.agent(&version.row.agent).with(version.bundle.clone(), version.row.version)
}

/// The version that drafts, and the one that is tried.
pub async fn head(cx: &Cx, tx: &mut Tx) -> Result<Head, Error> {
    Ok(store::head(tx, cx.workspace).await?.unwrap_or(Head { version: 0, canary: None }))
}

/// A published version.
pub async fn version(cx: &Cx, tx: &mut Tx, number: i64) -> Result<Version, Error> {
    store::version(tx, cx.workspace, number).await?.ok_or(Error::NotFound(number))
}

/// All published versions, the newest first.
pub async fn versions(cx: &Cx, tx: &mut Tx) -> Result<Vec<VersionRow>, Error> {
    Ok(store::versions(tx, cx.workspace).await?)
}

/// What is being edited; none: nothing is.
pub async fn copy(cx: &Cx, tx: &mut Tx) -> Result<Option<WorkingCopy>, Error> {
    Ok(store::copy(tx, cx.workspace).await?)
}

/// What happened to the agent, newest first.
pub async fn events(cx: &Cx, tx: &mut Tx) -> Result<Vec<Event>, Error> {
    Ok(store::events(tx, cx.workspace).await?)
}

/// Checks a bundle against its role.
pub fn check(understanding: &Understanding, agent: &str, bundle: Bundle) -> Result<Bundle, Error> {
    let unknown =
        || Error::Invalid { place: "agent".to_owned(), problem: format!("there is no role {agent:?}") };
    let role = understanding.catalogue().find(agent).ok_or_else(unknown)?;
    let manners: Vec<&str> =
        understanding.catalogue().manners().iter().map(|manner| manner.key.as_str()).collect();
    bundle.check(role, &manners)
}

/// The same; the workspace's own intents may be named beside the role's.
pub async fn checked(
    cx: &Cx,
    tx: &mut Tx,
    understanding: &Understanding,
    agent: &str,
    mut bundle: Bundle,
) -> Result<Bundle, Error> {
    let own = intents::list(cx, tx, understanding).await?.intents;
    let of_role = |key: &String| understanding.agent(agent).intent(key).is_some();
    let theirs: Vec<String> = bundle.guards.always_person.clone();
    // Intents of the business's own are right as well; a key that nothing has is not.
    bundle.guards.always_person.retain(|key| of_role(key) || !own.iter().any(|intent| intent.key == *key));
    let mut bundle = check(understanding, agent, bundle)?;
    bundle.guards.always_person = theirs;
    Ok(bundle)
}

/// Saves what is edited, if it still is at the revision that the caller saw (0: there was nothing). Of two
/// who save at once, the second learns what the first has written.
pub async fn save(
    cx: &Cx,
    tx: &mut Tx,
    understanding: &Understanding,
    (revision, agent): (i64, &str),
    bundle: Bundle,
) -> Result<WorkingCopy, Error> {
    let bundle = checked(cx, tx, understanding, agent, bundle).await?;
    let known = store::copy(tx, cx.workspace).await?;
    let head = head(cx, tx).await?.version;
    let copy = WorkingCopy {
        revision: revision + 1,
        agent: agent.to_owned(),
        bundle,
        based_on: known.as_ref().map_or(head, |known| known.based_on),
        updated_at: cx.now,
        updated_by_name: cx.name.clone(),
    };
    if store::save_copy(tx, cx.workspace, revision, &copy).await? {
        return Ok(copy);
    }
    match store::copy(tx, cx.workspace).await? {
        Some(theirs) => Err(Error::Saved { theirs: Box::new(theirs), yours: Box::new(copy) }),
        None => Err(Error::Gone),
    }
}

/// Adds examples to what is edited; what drafts now is edited if nothing was. Gives the new revision.
pub async fn add_example(
    cx: &Cx,
    tx: &mut Tx,
    understanding: &Understanding,
    shot: Shot,
) -> Result<WorkingCopy, Error> {
    let known = match store::copy(tx, cx.workspace).await? {
        Some(known) => known,
        None => {
            let own = workspaces::get(tx, cx.workspace).await?.agent;
            let live = of_workspace(cx, tx, understanding, &own, None).await?;
            let at = head(cx, tx).await?.version;
            WorkingCopy {
                revision: 0,
                agent: live.key.clone(),
                bundle: live.bundle(),
                based_on: at,
                updated_at: cx.now,
                updated_by_name: cx.name.clone(),
            }
        }
    };
    let mut bundle = known.bundle;
    if !bundle.examples.contains(&shot) {
        bundle.examples.push(shot);
    }
    save(cx, tx, understanding, (known.revision, &known.agent), bundle).await
}

/// Gives up what is edited.
pub async fn discard(cx: &Cx, tx: &mut Tx, revision: i64) -> Result<(), Error> {
    match store::drop_copy(tx, cx.workspace, revision).await? {
        true => Ok(()),
        false => Err(Error::Gone),
    }
}

/// Publishes what is edited, at the revision that the caller saw, as the next version, and makes it draft.
pub async fn publish(
    cx: &Cx,
    tx: &mut Tx,
    revision: i64,
    note: String,
    evals: Option<Standing>,
) -> Result<Version, Error> {
    workspaces::hold(cx, tx).await?;
    let copy = store::copy(tx, cx.workspace).await?.ok_or(Error::Nothing)?;
    if copy.revision != revision || !store::drop_copy(tx, cx.workspace, revision).await? {
        return Err(Error::Gone);
    }
    let number = store::newest(tx, cx.workspace).await? + 1;
    let row = VersionRow {
        version: number,
        hash: copy.bundle.hash(&copy.agent),
        agent: copy.agent,
        based_on: copy.based_on,
        note: note.clone(),
        published_at: cx.now,
        published_by_name: cx.name.clone(),
        evals,
    };
    let version = Version { row, bundle: copy.bundle };
    if !store::add(tx, cx.workspace, &version).await? {
        return Err(Error::Gone);
    }
    let before = head(cx, tx).await?.version;
    make_draft(cx, tx, before, &version, (EventKind::Published, note)).await?;
    Ok(version)
}

/// Makes a published version draft, if `before` still does.
pub async fn roll_back(cx: &Cx, tx: &mut Tx, before: i64, number: i64) -> Result<Version, Error> {
    workspaces::hold(cx, tx).await?;
    let version = version(cx, tx, number).await?;
    let says = format!("instead of version {before}");
    make_draft(cx, tx, before, &version, (EventKind::RolledBack, says)).await?;
    Ok(version)
}

async fn make_draft(
    cx: &Cx,
    tx: &mut Tx,
    before: i64,
    version: &Version,
    (what, says): (EventKind, String),
) -> Result<(), Error> {
    if !store::move_head(tx, cx.workspace, before, version.row.version, cx.now).await? {
        return Err(Error::Moved(head(cx, tx).await?.version));
    }
    workspaces::set_agent(cx, tx, &version.row.agent, SettingsChange::default()).await?;
    note(cx, tx, what, version.row.version, says).await
}

/// Lets a published version draft for a share of the customers, in hundredths; 0: for nobody.
pub async fn try_on_some(cx: &Cx, tx: &mut Tx, number: i64, share: i64) -> Result<Head, Error> {
    if !(0..=90).contains(&share) {
        let problem = "give 0 to 90 of a hundred customers; for all, make the version draft".to_owned();
        return Err(Error::Invalid { place: "share".to_owned(), problem });
    }
    workspaces::hold(cx, tx).await?;
    version(cx, tx, number).await?;
    let now = head(cx, tx).await?;
    if share > 0 && now.version == number {
        let problem = format!("version {number} drafts for everybody already");
        return Err(Error::Invalid { place: "version".to_owned(), problem });
    }
    let canary = (share > 0).then_some((number, share));
    if !store::set_canary(tx, cx.workspace, canary, cx.now).await? {
        return Err(Error::NotFound(number));
    }
    match canary {
        Some(_) => note(cx, tx, EventKind::Canary, number, share.to_string()).await?,
        None => note(cx, tx, EventKind::CanaryEnded, number, String::new()).await?,
    }
    Ok(Head { canary, ..now })
}

/// Goes back to a role of the catalogue as it comes: its own versions stay, and none of them drafts.
pub async fn forget(cx: &Cx, tx: &mut Tx) -> Result<(), Error> {
    let before = head(cx, tx).await?.version;
    if before != 0 {
        store::move_head(tx, cx.workspace, before, 0, cx.now).await?;
    }
    Ok(())
}

async fn note(cx: &Cx, tx: &mut Tx, what: EventKind, version: i64, says: String) -> Result<(), Error> {
    let event = Event { at: cx.now, what, version, by_name: cx.name.clone(), says };
    Ok(store::add_event(tx, cx.workspace, &event).await?)
}

/// Why something about an agent was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such version.
    #[error("there is no version {0} of this agent")]
    NotFound(i64),
    /// A value is not valid.
    #[error("{place}: {problem}")]
    Invalid {
        /// Where.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Somebody saved in the meantime.
    #[error("{} saved the agent in the meantime; look at both before you save again", theirs.updated_by_name)]
    Saved {
        /// What is stored.
        theirs: Box<WorkingCopy>,
        /// What was sent.
        yours: Box<WorkingCopy>,
    },
    /// It was published or given up in the meantime.
    #[error("what you edit was published or given up by somebody else in the meantime; load it again")]
    Gone,
    /// Nothing is edited.
    #[error("there is nothing to publish: no change is saved")]
    Nothing,
    /// Another version drafts by now.
    #[error("version {0} drafts by now; look at it before you change that")]
    Moved(i64),
    /// Intents are not readable.
    #[error(transparent)]
    Intents(#[from] intents::Error),
    /// The workspace is not there.
    #[error(transparent)]
    Workspace(#[from] workspaces::Error),
    /// The store failed.
    #[error("agents storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        use crate::protocol::ErrorCode;
        match error {
            Error::NotFound(_) => Self::not_found(),
            Error::Invalid { .. } => Self::new(ErrorCode::InvalidValue, error.to_string()),
            Error::Gone | Error::Nothing | Error::Moved(_) => {
                Self::new(ErrorCode::Conflict, error.to_string())
            }
            Error::Saved { ref theirs, ref yours } => {
                let both = serde_json::json!({ "theirs": theirs, "yours": yours });
                Self::new(ErrorCode::Conflict, error.to_string()).with_conflict(both)
            }
            Error::Intents(error) => error.into(),
            Error::Workspace(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
