//! Lists of intents in the store.

use crate::agents::Intent;
use crate::agents::intents::{IntentList, Origin};
use crate::base::{Timestamp, WorkspaceId};
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::{execute, fetch_optional};

#[derive(FromRow)]
struct Row {
    version: i64,
    intents: JsonText<Vec<Intent>>,
    updated_at: Timestamp,
}

/// A workspace's own list.
pub(super) async fn find(tx: &mut Tx, workspace: WorkspaceId) -> Result<Option<IntentList>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT version, intents, updated_at FROM intent_lists WHERE workspace_id = $1",
        workspace,
    )?;
    Ok(row.map(|row| IntentList {
        version: row.version,
        origin: Origin::Workspace,
        intents: row.intents.0,
        updated_at: Some(row.updated_at),
    }))
}

/// Stores a list in the place of version `before` (0: of none); says whether that was still there.
pub(super) async fn replace(
    tx: &mut Tx,
    workspace: WorkspaceId,
    before: i64,
    list: &IntentList,
    now: Timestamp,
) -> Result<bool, DbError> {
    let intents = JsonText(&list.intents);
    let rows = match before {
        0 => execute!(
            tx,
            "INSERT INTO intent_lists (workspace_id, version, intents, updated_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (workspace_id) DO NOTHING",
            workspace,
            list.version,
            &intents,
            now,
        )?,
        _ => execute!(
            tx,
            "UPDATE intent_lists SET version = $3, intents = $4, updated_at = $5
             WHERE workspace_id = $1 AND version = $2",
            workspace,
            before,
            list.version,
            &intents,
            now,
        )?,
    };
    Ok(rows == 1)
}

/// Deletes a workspace's own list.
pub(super) async fn delete(tx: &mut Tx, workspace: WorkspaceId) -> Result<(), DbError> {
    execute!(tx, "DELETE FROM intent_lists WHERE workspace_id = $1", workspace)?;
    Ok(())
}
