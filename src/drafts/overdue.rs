//! Drafts that wait for too long: those who may decide them are told, once per draft.
//!
//! `waits_told_at` is the durable queue: a sweep finds what nobody was told of yet.

use crate::base::{DraftId, Role, StaffId, Timestamp, WorkspaceId};
use crate::drafts::{Error, get, hold};
use crate::ports::db::FromRow;
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::{DraftStatus, NoticeKind};
use crate::{conversations, execute, fetch_all, identity, notices};

/// A draft that waits for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Overdue {
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// Which one.
    pub id: DraftId,
}

/// Drafts that have waited since before `since` while nothing happened in their conversation, and that
/// nobody was told of, the oldest first.
pub async fn overdue(tx: &mut Tx, since: Timestamp, limit: i64) -> Result<Vec<Overdue>, DbError> {
    fetch_all!(
        tx,
        Overdue,
        "SELECT drafts.workspace_id, drafts.id
         FROM drafts JOIN conversations ON conversations.id = drafts.conversation_id
         WHERE drafts.status = 'pending' AND drafts.waits_told_at IS NULL AND drafts.created_at <= $1
           AND conversations.updated_at <= $1 AND conversations.snoozed_until IS NULL
         ORDER BY drafts.created_at LIMIT $2",
        since,
        limit,
    )
}

/// Tells of a draft that waits for too long: whoever looks after the conversation, or else everybody who may
/// decide it.
pub async fn tell_overdue(cx: &Cx, tx: &mut Tx, id: DraftId) -> Result<(), Error> {
    let draft = hold(cx, tx, id).await?;
    if draft.status != DraftStatus::Pending || !set_told(tx, cx.workspace, id, cx.now).await? {
        return Ok(());
    }
    let conversation = conversations::get(cx, tx, draft.conversation).await?;
    let least = draft.required_role.unwrap_or(Role::Staff);
    let staff = identity::list_staff(cx, tx).await.map_err(Error::Staff)?;
    let may_decide = |one: &&identity::Staff| !one.disabled && one.role >= least;
    let able: Vec<StaffId> = staff.iter().filter(may_decide).map(|one| one.id).collect();
    let told = match conversation.assignee.filter(|assignee| able.contains(assignee)) {
        Some(assignee) => vec![assignee],
        None => able,
    };
    let text = get(cx, tx, id).await?.gist();
    for to in told {
        let new = notices::NewNotice {
            to,
            kind: NoticeKind::DraftWaits,
            conversation: draft.conversation,
            contact: conversation.contact.name.clone(),
            text: text.clone(),
        };
        notices::tell(cx, tx, new).await?;
    }
    Ok(())
}

/// Notes that people were told; says whether they were not before.
async fn set_told(tx: &mut Tx, workspace: WorkspaceId, id: DraftId, now: Timestamp) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE drafts SET waits_told_at = $3
         WHERE workspace_id = $1 AND id = $2 AND status = 'pending' AND waits_told_at IS NULL",
        workspace,
        id,
        now,
    )?;
    Ok(rows == 1)
}
