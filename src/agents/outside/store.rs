//! Servers of tools, and what they offer, in the store.

use crate::agents::outside::{Server, Tool};
use crate::base::{Timestamp, WorkspaceId};
use crate::ports::db::JsonText;
use crate::ports::mcp::Said;
use crate::ports::{DbError, Tx};
use crate::{execute, fetch_all, fetch_optional};

pub(super) async fn servers(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Server>, DbError> {
    fetch_all!(
        tx,
        Server,
        "SELECT name, address, header, sealed_secret, enabled, looked_at, problem, updated_at, updated_by_name
         FROM tool_servers WHERE workspace_id = $1 ORDER BY name",
        workspace,
    )
}

pub(super) async fn save(tx: &mut Tx, workspace: WorkspaceId, one: &Server) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO tool_servers (workspace_id, name, address, header, sealed_secret, enabled, looked_at, problem,
             updated_at, updated_by_name)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (workspace_id, name) DO UPDATE SET address = excluded.address, header = excluded.header,
             sealed_secret = excluded.sealed_secret, enabled = excluded.enabled, looked_at = excluded.looked_at,
             problem = excluded.problem, updated_at = excluded.updated_at,
             updated_by_name = excluded.updated_by_name",
        workspace,
        &one.name,
        &one.address,
        &one.header,
        &one.sealed_secret,
        one.enabled,
        one.looked_at,
        &one.problem,
        one.updated_at,
        &one.updated_by_name,
    )?;
    Ok(())
}

/// Deletes a server with its tools; says whether it was there.
pub(super) async fn delete(tx: &mut Tx, workspace: WorkspaceId, name: &str) -> Result<bool, DbError> {
    forget_tools(tx, workspace, name).await?;
    let rows =
        execute!(tx, "DELETE FROM tool_servers WHERE workspace_id = $1 AND name = $2", workspace, name)?;
    Ok(rows == 1)
}

pub(super) async fn forget_tools(tx: &mut Tx, workspace: WorkspaceId, server: &str) -> Result<(), DbError> {
    execute!(tx, "DELETE FROM outside_tools WHERE workspace_id = $1 AND server = $2", workspace, server)?;
    Ok(())
}

/// Notes how a look at a server went, if the server is still the one that was looked at.
pub(super) async fn looked(
    tx: &mut Tx,
    workspace: WorkspaceId,
    server: &Server,
    problem: Option<&str>,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE tool_servers SET looked_at = $4, problem = $5
         WHERE workspace_id = $1 AND name = $2 AND address = $3",
        workspace,
        &server.name,
        &server.address,
        now,
        problem,
    )?;
    Ok(rows == 1)
}

pub(super) async fn tools(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Tool>, DbError> {
    fetch_all!(
        tx,
        Tool,
        "SELECT server, name, shape, hash, gone, policy, pinned, pinned_shape, decided_at, decided_by_name
         FROM outside_tools WHERE workspace_id = $1 ORDER BY server, name",
        workspace,
    )
}

/// Keeps what a server offers; what was decided about it stays.
pub(super) async fn keep_tool(tx: &mut Tx, workspace: WorkspaceId, one: &Tool) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO outside_tools (workspace_id, server, name, shape, hash, gone, policy)
         VALUES ($1, $2, $3, $4, $5, $6, 'off')
         ON CONFLICT (workspace_id, server, name) DO UPDATE SET shape = excluded.shape, hash = excluded.hash,
             gone = excluded.gone",
        workspace,
        &one.server,
        &one.name,
        &one.shape,
        &one.hash,
        one.gone,
    )?;
    Ok(())
}

/// Forgets a tool that nobody has decided about.
pub(super) async fn forget_tool(
    tx: &mut Tx,
    workspace: WorkspaceId,
    server: &str,
    name: &str,
) -> Result<(), DbError> {
    execute!(
        tx,
        "DELETE FROM outside_tools WHERE workspace_id = $1 AND server = $2 AND name = $3",
        workspace,
        server,
        name,
    )?;
    Ok(())
}

/// Keeps what was decided about a tool, if it is still what was looked at.
pub(super) async fn decide(tx: &mut Tx, workspace: WorkspaceId, one: &Tool) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE outside_tools SET policy = $5, pinned = $6, pinned_shape = $7, decided_at = $8,
             decided_by_name = $9
         WHERE workspace_id = $1 AND server = $2 AND name = $3 AND hash = $4",
        workspace,
        &one.server,
        &one.name,
        &one.hash,
        one.policy,
        &one.pinned,
        &one.pinned_shape,
        one.decided_at,
        &one.decided_by_name,
    )?;
    Ok(rows == 1)
}

pub(super) async fn keep_answer(
    tx: &mut Tx,
    workspace: WorkspaceId,
    hash: &str,
    said: &Said,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO tool_answers (workspace_id, hash, answer, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (workspace_id, hash) DO UPDATE SET answer = $3, created_at = $4",
        workspace,
        hash,
        JsonText(said),
        now,
    )?;
    Ok(())
}

pub(super) async fn answer(tx: &mut Tx, workspace: WorkspaceId, hash: &str) -> Result<Option<Said>, DbError> {
    let row: Option<(JsonText<Said>,)> = fetch_optional!(
        tx,
        (JsonText<Said>,),
        "SELECT answer FROM tool_answers WHERE workspace_id = $1 AND hash = $2",
        workspace,
        hash,
    )?;
    Ok(row.map(|(said,)| said.0))
}
