//! Saved replies in the store.

use crate::base::{SnippetId, StaffId, Timestamp, WorkspaceId};
use crate::ports::db::FromRow;
use crate::ports::{DbError, Tx};
use crate::snippets::Snippet;
use crate::{execute, fetch_all, fetch_one, fetch_optional};

#[derive(FromRow)]
struct Row {
    id: SnippetId,
    owner_id: Option<StaffId>,
    made_by: StaffId,
    shortcut: String,
    body: String,
    uses: i64,
    created_at: Timestamp,
}

impl From<Row> for Snippet {
    fn from(row: Row) -> Self {
        Snippet {
            id: row.id,
            shortcut: row.shortcut,
            body: row.body,
            shared: row.owner_id.is_none(),
            made_by: row.made_by,
            uses: row.uses,
            created_at: row.created_at,
        }
    }
}

pub(super) async fn insert(tx: &mut Tx, workspace: WorkspaceId, snippet: &Snippet) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO snippets (workspace_id, id, owner_id, made_by, shortcut, body, uses, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        workspace,
        snippet.id,
        (!snippet.shared).then_some(snippet.made_by),
        snippet.made_by,
        &snippet.shortcut,
        &snippet.body,
        snippet.uses,
        snippet.created_at,
    )?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, workspace: WorkspaceId, snippet: &Snippet) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE snippets SET shortcut = $3, body = $4 WHERE workspace_id = $1 AND id = $2",
        workspace,
        snippet.id,
        &snippet.shortcut,
        &snippet.body,
    )?;
    Ok(())
}

pub(super) async fn count_use(tx: &mut Tx, workspace: WorkspaceId, id: SnippetId) -> Result<(), DbError> {
    execute!(tx, "UPDATE snippets SET uses = uses + 1 WHERE workspace_id = $1 AND id = $2", workspace, id)?;
    Ok(())
}

pub(super) async fn delete(tx: &mut Tx, workspace: WorkspaceId, id: SnippetId) -> Result<(), DbError> {
    execute!(tx, "DELETE FROM snippets WHERE workspace_id = $1 AND id = $2", workspace, id)?;
    Ok(())
}

/// A reply that is shared or this person's own.
pub(super) async fn find(
    tx: &mut Tx,
    workspace: WorkspaceId,
    me: StaffId,
    id: SnippetId,
) -> Result<Option<Snippet>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, owner_id, made_by, shortcut, body, uses, created_at FROM snippets
         WHERE workspace_id = $1 AND id = $2 AND (owner_id IS NULL OR owner_id = $3)",
        workspace,
        id,
        me,
    )?;
    Ok(row.map(Snippet::from))
}

/// The shared replies and this person's own, the most used first.
pub(super) async fn list(tx: &mut Tx, workspace: WorkspaceId, me: StaffId) -> Result<Vec<Snippet>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, owner_id, made_by, shortcut, body, uses, created_at FROM snippets
         WHERE workspace_id = $1 AND (owner_id IS NULL OR owner_id = $2) ORDER BY uses DESC, shortcut, id",
        workspace,
        me,
    )?;
    Ok(rows.into_iter().map(Snippet::from).collect())
}

/// How many replies a person has, or how many are shared.
pub(super) async fn count(
    tx: &mut Tx,
    workspace: WorkspaceId,
    owner: Option<StaffId>,
) -> Result<i64, DbError> {
    let (count,): (i64,) = fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM snippets
         WHERE workspace_id = $1 AND COALESCE(owner_id, '') = COALESCE(CAST($2 AS TEXT), '')",
        workspace,
        owner,
    )?;
    Ok(count)
}
