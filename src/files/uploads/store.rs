//! Uploads in the store. Their bytes so far are in the blob store.

use crate::base::{FileId, Timestamp, UploadId, WorkspaceId};
use crate::files::uploads::Upload;
use crate::ports::db::FromRow;
use crate::ports::{Cx, DbError, Tx};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

#[derive(FromRow)]
struct Row {
    id: UploadId,
    name: String,
    length: Option<i64>,
    received: i64,
    file_id: Option<FileId>,
    expires_at: Timestamp,
}

/// How many uploads are unfinished: of the caller, and of the whole workspace.
pub(super) async fn unfinished(cx: &Cx, tx: &mut Tx) -> Result<(i64, i64), DbError> {
    fetch_one!(
        tx,
        (i64, i64),
        "SELECT CAST(COALESCE(SUM(CASE WHEN uploaded_by_kind = $2 AND uploaded_by_id = $3 THEN 1 ELSE 0 END), 0) AS BIGINT),
             COUNT(*)
         FROM uploads WHERE workspace_id = $1 AND file_id IS NULL",
        cx.workspace,
        cx.actor.kind(),
        cx.actor.id_text(),
    )
}

pub(super) async fn insert(cx: &Cx, tx: &mut Tx, upload: &Upload) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO uploads (workspace_id, id, uploaded_by_kind, uploaded_by_id, name, length, received,
             created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        cx.workspace,
        upload.id,
        cx.actor.kind(),
        cx.actor.id_text(),
        &upload.name,
        upload.length,
        upload.received,
        cx.now,
        upload.expires_at,
    )?;
    Ok(())
}

/// Finds an upload of the caller.
pub(super) async fn find(cx: &Cx, tx: &mut Tx, id: UploadId) -> Result<Option<Upload>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, name, length, received, file_id, expires_at FROM uploads
         WHERE workspace_id = $1 AND id = $2 AND uploaded_by_kind = $3 AND uploaded_by_id = $4
           AND expires_at > $5",
        cx.workspace,
        id,
        cx.actor.kind(),
        cx.actor.id_text(),
        cx.now,
    )?;
    Ok(row.map(|row| Upload {
        id: row.id,
        name: row.name,
        length: row.length,
        received: row.received,
        file: row.file_id,
        expires_at: row.expires_at,
    }))
}

/// Notes how far an upload is; says whether nobody else did meanwhile.
pub(super) async fn advance(cx: &Cx, tx: &mut Tx, from: i64, upload: &Upload) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE uploads SET received = $4, length = $5, file_id = $6, expires_at = $7
         WHERE workspace_id = $1 AND id = $2 AND received = $3 AND file_id IS NULL
           AND (length IS NULL OR length = $5)",
        cx.workspace,
        upload.id,
        from,
        upload.received,
        upload.length,
        upload.file,
        upload.expires_at,
    )?;
    Ok(rows == 1)
}

/// Forgets an upload; says whether it was there.
pub(super) async fn remove(cx: &Cx, tx: &mut Tx, id: UploadId) -> Result<bool, DbError> {
    let rows = execute!(tx, "DELETE FROM uploads WHERE workspace_id = $1 AND id = $2", cx.workspace, id)?;
    Ok(rows == 1)
}

/// Forgets an upload if its time is over; says whether it was.
pub(super) async fn remove_lapsed(cx: &Cx, tx: &mut Tx, id: UploadId) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "DELETE FROM uploads WHERE workspace_id = $1 AND id = $2 AND expires_at <= $3",
        cx.workspace,
        id,
        cx.now,
    )?;
    Ok(rows == 1)
}

/// Uploads whose time is over, oldest first. Serves all workspaces.
pub(super) async fn lapsed(
    tx: &mut Tx,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(WorkspaceId, UploadId)>, DbError> {
    fetch_all!(
        tx,
        (WorkspaceId, UploadId),
        "SELECT workspace_id, id FROM uploads WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2",
        now,
        limit,
    )
}
