//! Segments in the store.

use serde_json::Value;

use crate::base::{SegmentId, Timestamp, WorkspaceId};
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::segments::Segment;
use crate::{execute, fetch_all, fetch_one, fetch_optional};

#[derive(FromRow)]
struct Row {
    id: SegmentId,
    key: String,
    name: String,
    condition: JsonText<Value>,
    version: i64,
    made_by: String,
    updated_at: Timestamp,
}

impl From<Row> for Segment {
    fn from(row: Row) -> Segment {
        let Row { id, key, name, condition, version, made_by, updated_at } = row;
        Segment { id, key, name, when: condition.0, version, made_by, updated_at }
    }
}

/// Adds a segment; says whether its key was free.
pub(super) async fn insert(tx: &mut Tx, workspace: WorkspaceId, segment: &Segment) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO segments (workspace_id, id, key, name, condition, version, made_by, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
         ON CONFLICT (workspace_id, key) DO NOTHING",
        workspace,
        segment.id,
        &segment.key,
        &segment.name,
        JsonText(&segment.when),
        segment.version,
        &segment.made_by,
        segment.updated_at,
    )?;
    Ok(rows == 1)
}

/// Writes the next version of a segment if the one before is still stored; says whether it was.
pub(super) async fn update(tx: &mut Tx, workspace: WorkspaceId, segment: &Segment) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE segments SET name = $3, condition = $4, version = $5, updated_at = $6
         WHERE workspace_id = $1 AND id = $2 AND version = $5 - 1",
        workspace,
        segment.id,
        &segment.name,
        JsonText(&segment.when),
        segment.version,
        segment.updated_at,
    )?;
    Ok(rows == 1)
}

/// Takes a segment away; says whether it was there.
pub(super) async fn delete(tx: &mut Tx, workspace: WorkspaceId, id: SegmentId) -> Result<bool, DbError> {
    let rows = execute!(tx, "DELETE FROM segments WHERE workspace_id = $1 AND id = $2", workspace, id)?;
    Ok(rows == 1)
}

pub(super) async fn find(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: SegmentId,
) -> Result<Option<Segment>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, key, name, condition, version, made_by, updated_at FROM segments
         WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
    )?;
    Ok(row.map(Segment::from))
}

/// The segments by their names.
pub(super) async fn list(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Segment>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, key, name, condition, version, made_by, updated_at FROM segments
         WHERE workspace_id = $1 ORDER BY name, id",
        workspace,
    )?;
    Ok(rows.into_iter().map(Segment::from).collect())
}

pub(super) async fn count(tx: &mut Tx, workspace: WorkspaceId) -> Result<i64, DbError> {
    let (count,): (i64,) =
        fetch_one!(tx, (i64,), "SELECT COUNT(*) FROM segments WHERE workspace_id = $1", workspace)?;
    Ok(count)
}
