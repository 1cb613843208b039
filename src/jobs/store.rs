//! Jobs in the store.

use crate::base::{JobId, Timestamp, WorkspaceId};
use crate::jobs::{Job, Queue, Taken};
use crate::ports::db::{Engine, FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::{execute, fetch_all, fetch_one, text_column};

text_column!(Queue);

pub(super) async fn insert<J: Job>(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: JobId,
    job: &J,
    run_at: Timestamp,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO jobs (workspace_id, id, kind, payload, queue, state, attempts, run_at, created_at)
         VALUES ($1, $2, $3, $4, $5, 'ready', 0, $6, $7)",
        workspace,
        id,
        J::KIND,
        JsonText(job),
        J::QUEUE,
        run_at,
        now,
    )?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    id: JobId,
    workspace_id: WorkspaceId,
    kind: String,
    payload: JsonText<serde_json::Value>,
    attempts: i64,
}

const TAKE_SQLITE: &str = "UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_until = $2
     WHERE id IN (SELECT id FROM jobs
                  WHERE queue = $4
                    AND ((state = 'ready' AND run_at <= $1) OR (state = 'running' AND lease_until < $1))
                  ORDER BY run_at LIMIT $3)
     RETURNING id, workspace_id, kind, payload, attempts";

const TAKE_POSTGRES: &str = "UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_until = $2
     WHERE id IN (SELECT id FROM jobs
                  WHERE queue = $4
                    AND ((state = 'ready' AND run_at <= $1) OR (state = 'running' AND lease_until < $1))
                  ORDER BY run_at LIMIT $3 FOR UPDATE SKIP LOCKED)
     RETURNING id, workspace_id, kind, payload, attempts";

/// Takes jobs that are due, or whose node has let its lease lapse. Serves all workspaces.
pub(super) async fn take_due(
    tx: &mut Tx,
    queue: Queue,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<Taken>, DbError> {
    let sql = match tx.engine() {
        Engine::Sqlite => TAKE_SQLITE,
        Engine::Postgres => TAKE_POSTGRES,
    };
    let rows = fetch_all!(tx, Row, sql, now, until, limit, queue)?;
    Ok(rows
        .into_iter()
        .map(|row| Taken {
            id: row.id,
            workspace: row.workspace_id,
            kind: row.kind,
            payload: row.payload.0,
            attempts: row.attempts,
        })
        .collect())
}

/// Puts running jobs back. Serves all workspaces.
pub(super) async fn free_all(tx: &mut Tx) -> Result<(), DbError> {
    execute!(tx, "UPDATE jobs SET state = 'ready', lease_until = NULL WHERE state = 'running'",)?;
    Ok(())
}

pub(super) async fn next_due(tx: &mut Tx, queue: Queue) -> Result<Option<Timestamp>, DbError> {
    let (at,): (Option<Timestamp>,) = fetch_one!(
        tx,
        (Option<Timestamp>,),
        "SELECT MIN(CASE WHEN state = 'ready' THEN run_at ELSE lease_until END) FROM jobs
         WHERE state IN ('ready', 'running') AND queue = $1",
        queue,
    )?;
    Ok(at)
}

pub(super) async fn count_open(tx: &mut Tx) -> Result<i64, DbError> {
    let (count,): (i64,) =
        fetch_one!(tx, (i64,), "SELECT COUNT(*) FROM jobs WHERE state IN ('ready', 'running')")?;
    Ok(count)
}

pub(super) async fn delete(tx: &mut Tx, workspace: WorkspaceId, id: JobId) -> Result<(), DbError> {
    execute!(tx, "DELETE FROM jobs WHERE workspace_id = $1 AND id = $2", workspace, id)?;
    Ok(())
}

pub(super) async fn put_back(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: JobId,
    state: &str,
    why: &str,
    run_at: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE jobs SET state = $3, last_error = $4, run_at = $5, lease_until = NULL
         WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
        state,
        why,
        run_at,
    )?;
    Ok(())
}
