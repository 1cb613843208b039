//! Saved views in the store.

use crate::base::{StaffId, Timestamp, ViewId, WorkspaceId};
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::views::{SavedView, ViewFilter};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

#[derive(FromRow)]
struct Row {
    id: ViewId,
    owner_id: Option<StaffId>,
    made_by: StaffId,
    name: String,
    filter: JsonText<ViewFilter>,
    created_at: Timestamp,
}

impl From<Row> for SavedView {
    fn from(row: Row) -> Self {
        SavedView {
            id: row.id,
            name: row.name,
            shared: row.owner_id.is_none(),
            made_by: row.made_by,
            filter: row.filter.0,
            text: String::new(),
            created_at: row.created_at,
        }
    }
}

pub(super) async fn insert(tx: &mut Tx, workspace: WorkspaceId, view: &SavedView) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO views (workspace_id, id, owner_id, made_by, name, filter, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        workspace,
        view.id,
        (!view.shared).then_some(view.made_by),
        view.made_by,
        &view.name,
        JsonText(&view.filter),
        view.created_at,
    )?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, workspace: WorkspaceId, view: &SavedView) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE views SET name = $3, filter = $4 WHERE workspace_id = $1 AND id = $2",
        workspace,
        view.id,
        &view.name,
        JsonText(&view.filter),
    )?;
    Ok(())
}

pub(super) async fn delete(tx: &mut Tx, workspace: WorkspaceId, id: ViewId) -> Result<(), DbError> {
    execute!(tx, "DELETE FROM views WHERE workspace_id = $1 AND id = $2", workspace, id)?;
    Ok(())
}

/// A view that is shared or this person's own.
pub(super) async fn find(
    tx: &mut Tx,
    workspace: WorkspaceId,
    me: StaffId,
    id: ViewId,
) -> Result<Option<SavedView>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, owner_id, made_by, name, filter, created_at FROM views
         WHERE workspace_id = $1 AND id = $2 AND (owner_id IS NULL OR owner_id = $3)",
        workspace,
        id,
        me,
    )?;
    Ok(row.map(SavedView::from))
}

/// The shared views and this person's own.
pub(super) async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    me: StaffId,
) -> Result<Vec<SavedView>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, owner_id, made_by, name, filter, created_at FROM views
         WHERE workspace_id = $1 AND (owner_id IS NULL OR owner_id = $2) ORDER BY created_at, id",
        workspace,
        me,
    )?;
    Ok(rows.into_iter().map(SavedView::from).collect())
}

/// How many views a person has, or how many are shared.
pub(super) async fn count(
    tx: &mut Tx,
    workspace: WorkspaceId,
    owner: Option<StaffId>,
) -> Result<i64, DbError> {
    let (count,): (i64,) = fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM views
         WHERE workspace_id = $1 AND COALESCE(owner_id, '') = COALESCE(CAST($2 AS TEXT), '')",
        workspace,
        owner,
    )?;
    Ok(count)
}
