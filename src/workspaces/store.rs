//! Workspaces in the store.

use crate::base::{Timestamp, WorkspaceId};
use crate::ports::db::{Engine, FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::workspaces::{Settings, Workspace};
use crate::{execute, fetch_all, fetch_optional};

#[derive(FromRow)]
struct Row {
    id: WorkspaceId,
    slug: String,
    name: String,
    agent_key: String,
    settings: JsonText<Settings>,
    created_at: Timestamp,
}

impl From<Row> for Workspace {
    fn from(row: Row) -> Self {
        Workspace {
            id: row.id,
            slug: row.slug,
            name: row.name,
            agent: row.agent_key,
            settings: row.settings.0,
            created_at: row.created_at,
        }
    }
}

const LOCK_SQLITE: &str = "SELECT id FROM workspaces WHERE id = $1";
const LOCK_POSTGRES: &str = "SELECT id FROM workspaces WHERE id = $1 FOR UPDATE";

/// Holds a workspace's row until the transaction ends. SQLite has one writer: the row is held already.
pub(super) async fn lock(tx: &mut Tx, id: WorkspaceId) -> Result<(), DbError> {
    let sql = match tx.engine() {
        Engine::Sqlite => LOCK_SQLITE,
        Engine::Postgres => LOCK_POSTGRES,
    };
    let _: Option<(WorkspaceId,)> = fetch_optional!(tx, (WorkspaceId,), sql, id)?;
    Ok(())
}

/// Notes which workspace is the store's first; says whether none was before.
pub(super) async fn claim_first(tx: &mut Tx, id: WorkspaceId) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO meta (name, value) VALUES ('first_workspace', $1) ON CONFLICT (name) DO NOTHING",
        id.to_string(),
    )?;
    Ok(rows == 1)
}

/// Adds a workspace; says whether its slug was free.
pub(super) async fn insert(tx: &mut Tx, workspace: &Workspace) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO workspaces (id, slug, name, agent_key, settings, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (slug) DO NOTHING",
        workspace.id,
        &workspace.slug,
        &workspace.name,
        &workspace.agent,
        JsonText(&workspace.settings),
        workspace.created_at,
    )?;
    Ok(rows == 1)
}

pub(super) async fn update(tx: &mut Tx, workspace: &Workspace) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE workspaces SET name = $2, agent_key = $3, settings = $4 WHERE id = $1",
        workspace.id,
        &workspace.name,
        &workspace.agent,
        JsonText(&workspace.settings),
    )?;
    Ok(())
}

pub(super) async fn find(tx: &mut Tx, id: WorkspaceId) -> Result<Option<Workspace>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, slug, name, agent_key, settings, created_at FROM workspaces WHERE id = $1",
        id,
    )?;
    Ok(row.map(Workspace::from))
}

/// The one setting that every connection asks for.
#[derive(serde::Deserialize)]
struct Origins {
    allowed_origins: Vec<String>,
}

pub(super) async fn allowed_origins(tx: &mut Tx, id: WorkspaceId) -> Result<Option<Vec<String>>, DbError> {
    let sql = "SELECT settings FROM workspaces WHERE id = $1";
    let row = fetch_optional!(tx, (JsonText<Origins>,), sql, id)?;
    Ok(row.map(|(settings,)| settings.0.allowed_origins))
}

pub(super) async fn find_by_slug(tx: &mut Tx, slug: &str) -> Result<Option<Workspace>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, slug, name, agent_key, settings, created_at FROM workspaces WHERE slug = $1",
        slug,
    )?;
    Ok(row.map(Workspace::from))
}

pub(super) async fn all(tx: &mut Tx) -> Result<Vec<Workspace>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, slug, name, agent_key, settings, created_at FROM workspaces ORDER BY name, id",
    )?;
    Ok(rows.into_iter().map(Workspace::from).collect())
}
