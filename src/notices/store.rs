//! Notices in the store.

use crate::base::{ConversationId, StaffId, Timestamp, WorkspaceId};
use crate::notices::Looked;
use crate::ports::db::FromRow;
use crate::ports::{DbError, Tx};
use crate::protocol::{Notice, NoticeKind};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

/// The number of the next notice, and the last one seen.
pub(super) async fn next_seq(
    tx: &mut Tx,
    workspace: WorkspaceId,
    staff: StaffId,
) -> Result<(i64, i64), DbError> {
    fetch_one!(
        tx,
        (i64, i64),
        "INSERT INTO notice_marks (workspace_id, staff_id, top, seen) VALUES ($1, $2, 1, 0)
         ON CONFLICT (staff_id) DO UPDATE SET top = notice_marks.top + 1
         WHERE notice_marks.workspace_id = $1
         RETURNING top, seen",
        workspace,
        staff,
    )
}

pub(super) async fn insert(
    tx: &mut Tx,
    workspace: WorkspaceId,
    staff: StaffId,
    notice: &Notice,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO notices (workspace_id, staff_id, seq, kind, conversation_id, contact, author, text, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        workspace,
        staff,
        notice.seq,
        notice.kind,
        notice.conversation,
        &notice.contact,
        &notice.by,
        &notice.text,
        notice.at,
    )?;
    Ok(())
}

pub(super) async fn forget_before(
    tx: &mut Tx,
    workspace: WorkspaceId,
    staff: StaffId,
    seq: i64,
) -> Result<(), DbError> {
    execute!(
        tx,
        "DELETE FROM notices WHERE workspace_id = $1 AND staff_id = $2 AND seq <= $3",
        workspace,
        staff,
        seq,
    )?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    seq: i64,
    kind: NoticeKind,
    conversation_id: ConversationId,
    contact: String,
    author: String,
    text: String,
    created_at: Timestamp,
}

/// Notices before a number, newest first.
pub(super) async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    staff: StaffId,
    limit: i64,
    before: i64,
) -> Result<Vec<Notice>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT seq, kind, conversation_id, contact, author, text, created_at FROM notices
         WHERE workspace_id = $1 AND staff_id = $2 AND seq < $3 ORDER BY seq DESC LIMIT $4",
        workspace,
        staff,
        before,
        limit,
    )?;
    Ok(rows
        .into_iter()
        .map(|row| Notice {
            seq: row.seq,
            kind: row.kind,
            conversation: row.conversation_id,
            contact: row.contact,
            by: row.author,
            text: row.text,
            at: row.created_at,
        })
        .collect())
}

pub(super) async fn looked(tx: &mut Tx, workspace: WorkspaceId, staff: StaffId) -> Result<Looked, DbError> {
    let row: Option<(i64, i64)> = fetch_optional!(
        tx,
        (i64, i64),
        "SELECT top, seen FROM notice_marks WHERE workspace_id = $1 AND staff_id = $2",
        workspace,
        staff,
    )?;
    Ok(row.map_or_else(Looked::default, |(top, seen)| Looked { seen, unread: top - seen }))
}

/// Moves the mark forward, at most to the newest notice.
pub(super) async fn set_seen(
    tx: &mut Tx,
    workspace: WorkspaceId,
    staff: StaffId,
    seq: i64,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE notice_marks SET seen = CASE WHEN $3 < top THEN $3 ELSE top END
         WHERE workspace_id = $1 AND staff_id = $2 AND seen < $3",
        workspace,
        staff,
        seq,
    )?;
    Ok(())
}
