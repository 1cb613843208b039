//! Hooks and their calls in the store.

use crate::base::{HookId, Timestamp, WorkspaceId};
use crate::hooks::{Delivery, Hook, Mapping, Outcome};
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

#[derive(FromRow)]
struct Row {
    id: HookId,
    workspace_id: WorkspaceId,
    key: String,
    name: String,
    secret: String,
    mapping: JsonText<Mapping>,
    made_by: String,
    created_at: Timestamp,
    enabled_at: Option<Timestamp>,
}

impl From<Row> for Hook {
    fn from(row: Row) -> Hook {
        Hook {
            id: row.id,
            key: row.key,
            name: row.name,
            enabled: row.enabled_at.is_some(),
            mapping: row.mapping.0,
            made_by: row.made_by,
            created_at: row.created_at,
            secret: None,
        }
    }
}

/// Adds a hook; says whether its key was free.
pub(super) async fn insert(
    tx: &mut Tx,
    workspace: WorkspaceId,
    hook: &Hook,
    secret: &str,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO hooks (workspace_id, id, key, name, secret, mapping, made_by, created_at, enabled_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
         ON CONFLICT (workspace_id, key) DO NOTHING",
        workspace,
        hook.id,
        &hook.key,
        &hook.name,
        secret,
        JsonText(&hook.mapping),
        &hook.made_by,
        hook.created_at,
    )?;
    Ok(rows == 1)
}

pub(super) async fn update(
    tx: &mut Tx,
    workspace: WorkspaceId,
    hook: &Hook,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE hooks SET name = $3, mapping = $4, enabled_at = $5 WHERE workspace_id = $1 AND id = $2",
        workspace,
        hook.id,
        &hook.name,
        JsonText(&hook.mapping),
        hook.enabled.then_some(now),
    )?;
    Ok(())
}

pub(super) async fn set_secret(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: HookId,
    secret: &str,
) -> Result<(), DbError> {
    execute!(tx, "UPDATE hooks SET secret = $3 WHERE workspace_id = $1 AND id = $2", workspace, id, secret)?;
    Ok(())
}

/// Takes a hook away; says whether it was there.
pub(super) async fn delete(tx: &mut Tx, workspace: WorkspaceId, id: HookId) -> Result<bool, DbError> {
    execute!(tx, "DELETE FROM hook_deliveries WHERE workspace_id = $1 AND hook_id = $2", workspace, id)?;
    let rows = execute!(tx, "DELETE FROM hooks WHERE workspace_id = $1 AND id = $2", workspace, id)?;
    Ok(rows == 1)
}

pub(super) async fn find(tx: &mut Tx, workspace: WorkspaceId, id: HookId) -> Result<Option<Hook>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, workspace_id, key, name, secret, mapping, made_by, created_at, enabled_at
         FROM hooks WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
    )?;
    Ok(row.map(Hook::from))
}

/// A hook of any business that listens, with its business and its secret: a call names nothing else.
pub(super) async fn listening(
    tx: &mut Tx,
    id: HookId,
) -> Result<Option<(WorkspaceId, Hook, String)>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, workspace_id, key, name, secret, mapping, made_by, created_at, enabled_at
         FROM hooks WHERE id = $1 AND enabled_at IS NOT NULL",
        id,
    )?;
    Ok(row.map(|row| {
        let (workspace, secret) = (row.workspace_id, row.secret.clone());
        (workspace, Hook::from(row), secret)
    }))
}

pub(super) async fn list(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Hook>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, workspace_id, key, name, secret, mapping, made_by, created_at, enabled_at
         FROM hooks WHERE workspace_id = $1 ORDER BY created_at, id",
        workspace,
    )?;
    Ok(rows.into_iter().map(Hook::from).collect())
}

pub(super) async fn count(tx: &mut Tx, workspace: WorkspaceId) -> Result<i64, DbError> {
    let (count,): (i64,) =
        fetch_one!(tx, (i64,), "SELECT COUNT(*) FROM hooks WHERE workspace_id = $1", workspace)?;
    Ok(count)
}

/// Notes a call; says whether it is the first of its name.
pub(super) async fn insert_delivery(
    tx: &mut Tx,
    workspace: WorkspaceId,
    (hook, delivery): (HookId, &str),
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO hook_deliveries (workspace_id, hook_id, delivery, outcome, received_at)
         VALUES ($1, $2, $3, '{}', $4)
         ON CONFLICT (hook_id, delivery) DO NOTHING",
        workspace,
        hook,
        delivery,
        now,
    )?;
    Ok(rows == 1)
}

pub(super) async fn set_outcome(
    tx: &mut Tx,
    workspace: WorkspaceId,
    (hook, delivery): (HookId, &str),
    outcome: &Outcome,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE hook_deliveries SET outcome = $4 WHERE workspace_id = $1 AND hook_id = $2 AND delivery = $3",
        workspace,
        hook,
        delivery,
        JsonText(outcome),
    )?;
    Ok(())
}

pub(super) async fn outcome(
    tx: &mut Tx,
    workspace: WorkspaceId,
    (hook, delivery): (HookId, &str),
) -> Result<Option<Outcome>, DbError> {
    let row: Option<(JsonText<Outcome>,)> = fetch_optional!(
        tx,
        (JsonText<Outcome>,),
        "SELECT outcome FROM hook_deliveries WHERE workspace_id = $1 AND hook_id = $2 AND delivery = $3",
        workspace,
        hook,
        delivery,
    )?;
    Ok(row.map(|(outcome,)| outcome.0))
}

/// The newest calls of a hook.
pub(super) async fn deliveries(
    tx: &mut Tx,
    workspace: WorkspaceId,
    hook: HookId,
    limit: i64,
) -> Result<Vec<Delivery>, DbError> {
    let rows = fetch_all!(
        tx,
        (String, Timestamp, JsonText<Outcome>),
        "SELECT delivery, received_at, outcome FROM hook_deliveries
         WHERE workspace_id = $1 AND hook_id = $2 ORDER BY received_at DESC, delivery LIMIT $3",
        workspace,
        hook,
        limit,
    )?;
    let listed = |(delivery, received_at, outcome): (String, Timestamp, JsonText<Outcome>)| Delivery {
        delivery,
        received_at,
        outcome: outcome.0,
    };
    Ok(rows.into_iter().map(listed).collect())
}

/// Forgets calls of before a time.
pub(super) async fn forget(tx: &mut Tx, workspace: WorkspaceId, before: Timestamp) -> Result<u64, DbError> {
    execute!(
        tx,
        "DELETE FROM hook_deliveries WHERE workspace_id = $1 AND received_at < $2",
        workspace,
        before
    )
}

/// What a business's own calls are signed with; the given one if there is none yet.
pub(super) async fn outgoing(tx: &mut Tx, workspace: WorkspaceId, fresh: &str) -> Result<String, DbError> {
    execute!(
        tx,
        "INSERT INTO hook_secrets (workspace_id, secret) VALUES ($1, $2) ON CONFLICT (workspace_id) DO NOTHING",
        workspace,
        fresh,
    )?;
    let (secret,): (String,) =
        fetch_one!(tx, (String,), "SELECT secret FROM hook_secrets WHERE workspace_id = $1", workspace)?;
    Ok(secret)
}
