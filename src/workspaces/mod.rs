//! Workspaces: the businesses that share a hub and see nothing of each other.
//!
//! Invariant: every row of every other module carries its workspace's identifier.

mod hours;
mod model;
mod store;

pub use hours::{Hours, after_working, check_time, is_open, last_occurrence, local_time, opens_at};
pub use model::{NewWorkspace, Settings, SettingsChange, Setup, StepState, Workspace};

use crate::base::WorkspaceId;
use crate::ports::{Cx, DbError, Tx};

/// Creates a workspace.
pub async fn create(cx: &Cx, tx: &mut Tx, new: NewWorkspace) -> Result<Workspace, Error> {
    new.settings.check()?;
    let workspace = Workspace {
        id: cx.workspace,
        slug: new.slug,
        name: new.name,
        agent: new.agent,
        settings: new.settings,
        created_at: cx.now,
    };
    if !store::insert(tx, &workspace).await? {
        return Err(Error::SlugTaken(workspace.slug));
    }
    Ok(workspace)
}

/// Takes the right to create a store's first workspace; `false`: somebody has it already.
pub async fn claim_first(cx: &Cx, tx: &mut Tx) -> Result<bool, Error> {
    Ok(store::claim_first(tx, cx.workspace).await? && store::all(tx).await?.is_empty())
}

/// Gives the workspace another agent.
pub async fn set_agent(
    cx: &Cx,
    tx: &mut Tx,
    agent: &str,
    change: SettingsChange,
) -> Result<Workspace, Error> {
    let mut workspace = get(tx, cx.workspace).await?;
    agent.clone_into(&mut workspace.agent);
    change.clean()?.apply(&mut workspace);
    workspace.settings.check()?;
    store::update(tx, &workspace).await?;
    Ok(workspace)
}

/// Changes a workspace's settings; what is absent stays.
pub async fn change(cx: &Cx, tx: &mut Tx, change: SettingsChange) -> Result<Workspace, Error> {
    let mut workspace = get(tx, cx.workspace).await?;
    change.clean()?.apply(&mut workspace);
    workspace.settings.check()?;
    store::update(tx, &workspace).await?;
    Ok(workspace)
}

/// Holds the workspace until the transaction ends, for changes that several rows decide together.
pub async fn hold(cx: &Cx, tx: &mut Tx) -> Result<(), Error> {
    Ok(store::lock(tx, cx.workspace).await?)
}

/// Finds a workspace that must exist because something refers to it.
pub async fn get(tx: &mut Tx, id: WorkspaceId) -> Result<Workspace, Error> {
    store::find(tx, id).await?.ok_or(Error::NotFound)
}

/// On which sites a workspace's widget may be; anywhere if it names none.
pub async fn allowed_origins(tx: &mut Tx, id: WorkspaceId) -> Result<Vec<String>, Error> {
    store::allowed_origins(tx, id).await?.ok_or(Error::NotFound)
}

/// Finds a workspace by the word in its addresses.
pub async fn find_by_slug(tx: &mut Tx, slug: &str) -> Result<Option<Workspace>, Error> {
    Ok(store::find_by_slug(tx, slug).await?)
}

/// All workspaces, by name.
pub async fn all(tx: &mut Tx) -> Result<Vec<Workspace>, Error> {
    Ok(store::all(tx).await?)
}

/// Why something about a workspace was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such workspace.
    #[error("the workspace does not exist")]
    NotFound,
    /// Another workspace has this slug.
    #[error("the name {0} is taken")]
    SlugTaken(String),
    /// A setting is not valid.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which setting.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The store failed.
    #[error("workspaces storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        use crate::protocol::ErrorCode;
        match error {
            Error::NotFound => Self::not_found(),
            Error::SlugTaken(_) => Self::new(ErrorCode::Conflict, error.to_string()),
            Error::Invalid { .. } => Self::new(ErrorCode::InvalidValue, error.to_string()),
            Error::Db(error) => error.into(),
        }
    }
}
