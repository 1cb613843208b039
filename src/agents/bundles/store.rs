//! Versions, drafts and heads of agents in the store.

use crate::agents::bundles::model::Head;
use crate::agents::bundles::{Bundle, Event, EventKind, Standing, Version, VersionRow, WorkingCopy};
use crate::base::{Timestamp, WorkspaceId};
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::{execute, fetch_all, fetch_one, fetch_optional, text_column};

/// Events that are shown.
const SHOWN: i64 = 50;
/// Versions that are listed.
const LISTED: i64 = 200;

text_column!(EventKind);

pub(super) async fn head(tx: &mut Tx, workspace: WorkspaceId) -> Result<Option<Head>, DbError> {
    let row: Option<(i64, Option<i64>, i64)> = fetch_optional!(
        tx,
        (i64, Option<i64>, i64),
        "SELECT version, canary_version, canary_share FROM agent_heads WHERE workspace_id = $1",
        workspace,
    )?;
    Ok(row.map(|(version, canary, share)| Head { version, canary: canary.map(|canary| (canary, share)) }))
}

/// Makes a version draft, if `before` still does (none: no version of its own); says whether it did.
pub(super) async fn move_head(
    tx: &mut Tx,
    workspace: WorkspaceId,
    before: i64,
    version: i64,
    now: Timestamp,
) -> Result<bool, DbError> {
    execute!(
        tx,
        "INSERT INTO agent_heads (workspace_id, version, canary_version, canary_share, changed_at)
         VALUES ($1, 0, NULL, 0, $2) ON CONFLICT (workspace_id) DO NOTHING",
        workspace,
        now,
    )?;
    let rows = execute!(
        tx,
        "UPDATE agent_heads SET version = $3, canary_version = NULL, canary_share = 0, changed_at = $4
         WHERE workspace_id = $1 AND version = $2",
        workspace,
        before,
        version,
        now,
    )?;
    Ok(rows == 1)
}

/// Lets a version draft for a share of the customers; none: for nobody. Says whether there is a head.
pub(super) async fn set_canary(
    tx: &mut Tx,
    workspace: WorkspaceId,
    canary: Option<(i64, i64)>,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE agent_heads SET canary_version = $2, canary_share = $3, changed_at = $4
         WHERE workspace_id = $1",
        workspace,
        canary.map(|(version, _)| version),
        canary.map_or(0, |(_, share)| share),
        now,
    )?;
    Ok(rows == 1)
}

#[derive(FromRow)]
struct Row {
    version: i64,
    agent: String,
    bundle: JsonText<Bundle>,
    hash: String,
    based_on: i64,
    note: String,
    published_at: Timestamp,
    published_by_name: String,
    evals: Option<JsonText<Standing>>,
}

impl From<Row> for Version {
    fn from(row: Row) -> Version {
        Version {
            row: VersionRow {
                version: row.version,
                agent: row.agent,
                hash: row.hash,
                based_on: row.based_on,
                note: row.note,
                published_at: row.published_at,
                published_by_name: row.published_by_name,
                evals: row.evals.map(|evals| evals.0),
            },
            bundle: row.bundle.0,
        }
    }
}

pub(super) async fn version(
    tx: &mut Tx,
    workspace: WorkspaceId,
    version: i64,
) -> Result<Option<Version>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT version, agent, bundle, hash, based_on, note, published_at, published_by_name, evals
         FROM agent_versions WHERE workspace_id = $1 AND version = $2",
        workspace,
        version,
    )?;
    Ok(row.map(Version::from))
}

pub(super) async fn versions(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<VersionRow>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT version, agent, bundle, hash, based_on, note, published_at, published_by_name, evals
         FROM agent_versions WHERE workspace_id = $1 ORDER BY version DESC LIMIT $2",
        workspace,
        LISTED,
    )?;
    Ok(rows.into_iter().map(|row| Version::from(row).row).collect())
}

pub(super) async fn newest(tx: &mut Tx, workspace: WorkspaceId) -> Result<i64, DbError> {
    let (newest,): (i64,) = fetch_one!(
        tx,
        (i64,),
        "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) FROM agent_versions WHERE workspace_id = $1",
        workspace,
    )?;
    Ok(newest)
}

/// Adds a version; says whether its number was free.
pub(super) async fn add(tx: &mut Tx, workspace: WorkspaceId, new: &Version) -> Result<bool, DbError> {
    let row = &new.row;
    let rows = execute!(
        tx,
        "INSERT INTO agent_versions (workspace_id, version, agent, bundle, hash, based_on, note, published_at,
             published_by_name, evals)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (workspace_id, version) DO NOTHING",
        workspace,
        row.version,
        &row.agent,
        JsonText(&new.bundle),
        &row.hash,
        row.based_on,
        &row.note,
        row.published_at,
        &row.published_by_name,
        row.evals.as_ref().map(JsonText),
    )?;
    Ok(rows == 1)
}

#[derive(FromRow)]
struct CopyRow {
    revision: i64,
    agent: String,
    bundle: JsonText<Bundle>,
    based_on: i64,
    updated_at: Timestamp,
    updated_by_name: String,
}

pub(super) async fn copy(tx: &mut Tx, workspace: WorkspaceId) -> Result<Option<WorkingCopy>, DbError> {
    let row = fetch_optional!(
        tx,
        CopyRow,
        "SELECT revision, agent, bundle, based_on, updated_at, updated_by_name
         FROM agent_drafts WHERE workspace_id = $1",
        workspace,
    )?;
    Ok(row.map(|row| WorkingCopy {
        revision: row.revision,
        agent: row.agent,
        bundle: row.bundle.0,
        based_on: row.based_on,
        updated_at: row.updated_at,
        updated_by_name: row.updated_by_name,
    }))
}

/// Stores what is edited in the place of revision `before` (0: of none); says whether that was still there.
pub(super) async fn save_copy(
    tx: &mut Tx,
    workspace: WorkspaceId,
    before: i64,
    copy: &WorkingCopy,
) -> Result<bool, DbError> {
    let bundle = JsonText(&copy.bundle);
    let rows = match before {
        0 => execute!(
            tx,
            "INSERT INTO agent_drafts (workspace_id, revision, agent, bundle, based_on, updated_at, updated_by_name)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (workspace_id) DO NOTHING",
            workspace,
            copy.revision,
            &copy.agent,
            &bundle,
            copy.based_on,
            copy.updated_at,
            &copy.updated_by_name,
        )?,
        _ => execute!(
            tx,
            "UPDATE agent_drafts SET revision = $3, agent = $4, bundle = $5, based_on = $6, updated_at = $7,
                 updated_by_name = $8
             WHERE workspace_id = $1 AND revision = $2",
            workspace,
            before,
            copy.revision,
            &copy.agent,
            &bundle,
            copy.based_on,
            copy.updated_at,
            &copy.updated_by_name,
        )?,
    };
    Ok(rows == 1)
}

/// Gives up what is edited, at this revision; says whether it was there.
pub(super) async fn drop_copy(tx: &mut Tx, workspace: WorkspaceId, revision: i64) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "DELETE FROM agent_drafts WHERE workspace_id = $1 AND revision = $2",
        workspace,
        revision
    )?;
    Ok(rows == 1)
}

pub(super) async fn add_event(tx: &mut Tx, workspace: WorkspaceId, event: &Event) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO agent_events (workspace_id, at, what, version, by_name, says)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        workspace,
        event.at,
        event.what,
        event.version,
        &event.by_name,
        &event.says,
    )?;
    Ok(())
}

pub(super) async fn events(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Event>, DbError> {
    fetch_all!(
        tx,
        Event,
        "SELECT at, what, version, by_name, says FROM agent_events
         WHERE workspace_id = $1 ORDER BY at DESC, what LIMIT $2",
        workspace,
        SHOWN,
    )
}
