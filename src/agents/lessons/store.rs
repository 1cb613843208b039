//! What became of lessons in the store.

use crate::agents::lessons::{LessonKind, LessonState, Taken};
use crate::base::{Timestamp, WorkspaceId};
use crate::ports::{DbError, Tx};
use crate::{execute, fetch_all, text_column};

/// Lessons that are looked at and shown.
const LISTED: i64 = 500;

text_column!(LessonKind);
text_column!(LessonState);

pub(super) async fn taken(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Taken>, DbError> {
    fetch_all!(
        tx,
        Taken,
        "SELECT draft_id, kind, state, intent, hash, says, by_name, at, works_since FROM lessons
         WHERE workspace_id = $1 ORDER BY at DESC, draft_id, kind LIMIT $2",
        workspace,
        LISTED,
    )
}

/// Notes what became of a lesson; says whether nothing had before.
pub(super) async fn add(tx: &mut Tx, workspace: WorkspaceId, taken: &Taken) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO lessons (workspace_id, draft_id, kind, state, intent, hash, says, by_name, at, works_since)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        workspace,
        taken.draft,
        taken.kind,
        taken.state,
        &taken.intent,
        &taken.hash,
        &taken.says,
        &taken.by_name,
        taken.at,
        taken.works_since,
    )?;
    Ok(rows == 1)
}

/// Notes that the accepted examples work from now on.
pub(super) async fn works(tx: &mut Tx, workspace: WorkspaceId, now: Timestamp) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE lessons SET works_since = $2
         WHERE workspace_id = $1 AND kind = 'example' AND state = 'accepted' AND works_since IS NULL",
        workspace,
        now,
    )?;
    Ok(())
}
