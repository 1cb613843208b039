//! Schemas in the store.

use crate::base::{SchemaId, Timestamp, WorkspaceId};
use crate::ports::db::FromRow;
use crate::ports::{DbError, Tx};
use crate::schemas::{Schema, Version, document};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

#[derive(FromRow)]
struct Row {
    id: SchemaId,
    key: String,
    version: i64,
    document: String,
    created_at: Timestamp,
}

impl TryFrom<Row> for Schema {
    type Error = DbError;

    /// A stored document was checked when it was stored; if it no longer reads, the store is damaged.
    fn try_from(row: Row) -> Result<Self, DbError> {
        let damaged =
            |error: super::Error| DbError::damaged(format!("schema {} of {}: {error}", row.version, row.key));
        let outline = document::read(&row.document).map_err(damaged)?;
        Ok(Schema::new(row.id, row.version, &row.document, outline, row.created_at))
    }
}

/// The document of the first active schema, as it was stored.
pub(super) async fn first_active(tx: &mut Tx, workspace: WorkspaceId) -> Result<Option<String>, DbError> {
    let row = fetch_optional!(
        tx,
        (String,),
        "SELECT document FROM schemas WHERE workspace_id = $1 AND retired_at IS NULL ORDER BY key LIMIT 1",
        workspace,
    )?;
    Ok(row.map(|(document,)| document))
}

/// Adds a version; says whether there was none of this number and no other active one.
pub(super) async fn insert(tx: &mut Tx, workspace: WorkspaceId, schema: &Schema) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO schemas (workspace_id, id, key, version, document, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT DO NOTHING",
        workspace,
        schema.id,
        &schema.key,
        schema.version,
        schema.document.get(),
        schema.created_at,
    )?;
    Ok(rows == 1)
}

/// Retires a version; says whether it was active.
pub(super) async fn retire(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: SchemaId,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE schemas SET retired_at = $3, rules_at = NULL WHERE workspace_id = $1 AND id = $2 AND retired_at IS NULL",
        workspace,
        id,
        now,
    )?;
    Ok(rows == 1)
}

/// Versions whose workflows are not yet rules, the oldest first.
pub(super) async fn unsettled(
    tx: &mut Tx,
    limit: i64,
) -> Result<Vec<(WorkspaceId, String, SchemaId)>, DbError> {
    fetch_all!(
        tx,
        (WorkspaceId, String, SchemaId),
        "SELECT workspace_id, key, id FROM schemas WHERE rules_at IS NULL ORDER BY created_at LIMIT $1",
        limit,
    )
}

/// Notes that a version's workflow is rules now.
pub(super) async fn settle(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: SchemaId,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(tx, "UPDATE schemas SET rules_at = $3 WHERE workspace_id = $1 AND id = $2", workspace, id, now)?;
    Ok(())
}

pub(super) async fn last_version(tx: &mut Tx, workspace: WorkspaceId, key: &str) -> Result<i64, DbError> {
    let (version,) = fetch_one!(
        tx,
        (i64,),
        "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) FROM schemas WHERE workspace_id = $1 AND key = $2",
        workspace,
        key,
    )?;
    Ok(version)
}

pub(super) async fn find_active(
    tx: &mut Tx,
    workspace: WorkspaceId,
    key: &str,
) -> Result<Option<Schema>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, key, version, document, created_at
         FROM schemas WHERE workspace_id = $1 AND key = $2 AND retired_at IS NULL",
        workspace,
        key,
    )?;
    row.map(Schema::try_from).transpose()
}

pub(super) async fn find(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: SchemaId,
) -> Result<Option<Schema>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, key, version, document, created_at FROM schemas WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
    )?;
    row.map(Schema::try_from).transpose()
}

pub(super) async fn list_active(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Schema>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, key, version, document, created_at
         FROM schemas WHERE workspace_id = $1 AND retired_at IS NULL ORDER BY key",
        workspace,
    )?;
    rows.into_iter().map(Schema::try_from).collect()
}

pub(super) async fn find_version(
    tx: &mut Tx,
    workspace: WorkspaceId,
    key: &str,
    version: i64,
) -> Result<Option<Schema>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, key, version, document, created_at
         FROM schemas WHERE workspace_id = $1 AND key = $2 AND version = $3",
        workspace,
        key,
        version,
    )?;
    row.map(Schema::try_from).transpose()
}

pub(super) async fn list_versions(
    tx: &mut Tx,
    workspace: WorkspaceId,
    key: &str,
) -> Result<Vec<Version>, DbError> {
    #[derive(FromRow)]
    struct VersionRow {
        id: SchemaId,
        version: i64,
        document: String,
        created_at: Timestamp,
        retired_at: Option<Timestamp>,
    }
    let rows = fetch_all!(
        tx,
        VersionRow,
        "SELECT id, version, document, created_at, retired_at
         FROM schemas WHERE workspace_id = $1 AND key = $2 ORDER BY version DESC LIMIT 500",
        workspace,
        key,
    )?;
    let titled = |row: VersionRow| {
        let document: serde_json::Value = serde_json::from_str(&row.document).unwrap_or_default();
        let name = document["title"].as_str().unwrap_or(key).to_owned();
        let VersionRow { id, version, created_at, retired_at, .. } = row;
        Version { id, version, name, created_at, retired_at }
    };
    Ok(rows.into_iter().map(titled).collect())
}

pub(super) async fn count_active(tx: &mut Tx, workspace: WorkspaceId) -> Result<i64, DbError> {
    let (count,) = fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM schemas WHERE workspace_id = $1 AND retired_at IS NULL",
        workspace,
    )?;
    Ok(count)
}
