//! Sequences and their versions in the store.

use serde_json::Value;

use crate::base::{SequenceId, Timestamp, WorkspaceId};
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::sequences::{Sequence, SequenceDocument, model};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

#[derive(FromRow)]
struct Row {
    id: SequenceId,
    version: i64,
    document: JsonText<Value>,
    updated_at: Timestamp,
    enabled_at: Option<Timestamp>,
}

impl TryFrom<Row> for Sequence {
    type Error = DbError;

    /// A stored sequence was checked when it was stored; if it no longer reads, the store is damaged.
    fn try_from(row: Row) -> Result<Self, DbError> {
        let document = model::read(&row.document.0)
            .map_err(|problems| DbError::damaged(format!("sequence {}: {problems}", row.id)))?;
        let enabled = row.enabled_at.is_some();
        Ok(Sequence { id: row.id, version: row.version, enabled, updated_at: row.updated_at, document })
    }
}

#[derive(FromRow)]
struct KeyedRow {
    #[sqlx(flatten)]
    sequence: Row,
    deleted_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    sequence: Row,
    running: i64,
    started: i64,
    failed: i64,
}

/// A sequence with how many runs go on, how many were started lately, and how many steps failed since.
pub(super) type Listed = (Sequence, i64, i64, i64);

/// Adds a sequence; says whether its key was free.
pub(super) async fn insert(
    tx: &mut Tx,
    workspace: WorkspaceId,
    sequence: &Sequence,
    document: &Value,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO sequences (workspace_id, id, key, version, document, created_at, updated_at, enabled_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7)
         ON CONFLICT (workspace_id, key) DO NOTHING",
        workspace,
        sequence.id,
        &sequence.document.key,
        sequence.version,
        JsonText(document),
        sequence.updated_at,
        sequence.enabled.then_some(sequence.updated_at),
    )?;
    Ok(rows == 1)
}

/// Writes the next version of a sequence if the one before is still stored; says whether it was.
pub(super) async fn update(
    tx: &mut Tx,
    workspace: WorkspaceId,
    sequence: &Sequence,
    document: &Value,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE sequences SET version = $3, document = $4, updated_at = $5, enabled_at = $6, deleted_at = NULL
         WHERE workspace_id = $1 AND id = $2 AND version = $3 - 1",
        workspace,
        sequence.id,
        sequence.version,
        JsonText(document),
        sequence.updated_at,
        sequence.enabled.then_some(sequence.updated_at),
    )?;
    Ok(rows == 1)
}

/// Switches a sequence on or off; says whether it is there.
pub(super) async fn toggle(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: SequenceId,
    enabled_at: Option<Timestamp>,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE sequences SET enabled_at = $3 WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL",
        workspace,
        id,
        enabled_at,
    )?;
    Ok(rows == 1)
}

/// Takes a sequence out of use; what it did stays. Says whether it was there.
pub(super) async fn delete(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: SequenceId,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE sequences SET deleted_at = $3, enabled_at = NULL
         WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL",
        workspace,
        id,
        now,
    )?;
    Ok(rows == 1)
}

pub(super) async fn find(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: SequenceId,
) -> Result<Option<Sequence>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, version, document, updated_at, enabled_at FROM sequences
         WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL",
        workspace,
        id,
    )?;
    row.map(Sequence::try_from).transpose()
}

/// A sequence by its key, and whether it was deleted.
pub(super) async fn find_by_key(
    tx: &mut Tx,
    workspace: WorkspaceId,
    key: &str,
) -> Result<Option<(Sequence, bool)>, DbError> {
    let row = fetch_optional!(
        tx,
        KeyedRow,
        "SELECT id, version, document, updated_at, enabled_at, deleted_at FROM sequences
         WHERE workspace_id = $1 AND key = $2",
        workspace,
        key,
    )?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some((Sequence::try_from(row.sequence)?, row.deleted_at.is_some())))
}

/// All sequences by their keys, with how they do since a time.
pub(super) async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    since: Timestamp,
) -> Result<Vec<Listed>, DbError> {
    let rows = fetch_all!(
        tx,
        ListedRow,
        "SELECT id, version, document, updated_at, enabled_at,
             (SELECT COUNT(*) FROM sequence_runs WHERE workspace_id = $1 AND sequence_id = sequences.id
                  AND ended_at IS NULL) AS running,
             (SELECT COUNT(*) FROM sequence_runs WHERE workspace_id = $1 AND sequence_id = sequences.id
                  AND started_at >= $2) AS started,
             (SELECT COUNT(*) FROM sequence_steps JOIN sequence_runs ON sequence_runs.id = sequence_steps.run_id
              WHERE sequence_runs.workspace_id = $1 AND sequence_runs.sequence_id = sequences.id
                  AND sequence_runs.version = sequences.version AND failed > 0
                  AND sequence_runs.started_at >= $2) AS failed
         FROM sequences WHERE workspace_id = $1 AND deleted_at IS NULL ORDER BY key",
        workspace,
        since,
    )?;
    let listed =
        |row: ListedRow| Ok((Sequence::try_from(row.sequence)?, row.running, row.started, row.failed));
    rows.into_iter().map(listed).collect()
}

/// The keys of the sequences, with their documents' names.
pub(super) async fn all(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Sequence>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, version, document, updated_at, enabled_at FROM sequences
         WHERE workspace_id = $1 AND deleted_at IS NULL ORDER BY key",
        workspace,
    )?;
    rows.into_iter().map(Sequence::try_from).collect()
}

pub(super) async fn count(tx: &mut Tx, workspace: WorkspaceId) -> Result<i64, DbError> {
    let (count,): (i64,) = fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM sequences WHERE workspace_id = $1 AND deleted_at IS NULL",
        workspace,
    )?;
    Ok(count)
}

pub(super) async fn insert_version(
    tx: &mut Tx,
    workspace: WorkspaceId,
    (sequence, version): (SequenceId, i64),
    document: &Value,
    made_by: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO sequence_versions (workspace_id, sequence_id, version, document, made_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        workspace,
        sequence,
        version,
        JsonText(document),
        made_by,
        now,
    )?;
    Ok(())
}

/// What a version of a sequence says; also when it was deleted since.
pub(super) async fn version(
    tx: &mut Tx,
    workspace: WorkspaceId,
    (sequence, version): (SequenceId, i64),
) -> Result<Option<SequenceDocument>, DbError> {
    let row: Option<(JsonText<Value>,)> = fetch_optional!(
        tx,
        (JsonText<Value>,),
        "SELECT document FROM sequence_versions
         WHERE workspace_id = $1 AND sequence_id = $2 AND version = $3",
        workspace,
        sequence,
        version,
    )?;
    let read = |document: Value| {
        model::read(&document)
            .map_err(|problems| DbError::damaged(format!("version {version} of {sequence}: {problems}")))
    };
    row.map(|(document,)| read(document.0)).transpose()
}
