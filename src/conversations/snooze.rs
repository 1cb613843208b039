//! Putting a conversation away until a time, and bringing it back.
//!
//! `snoozed_until` is the durable queue: a sweep brings back what is due, the customer's next message what
//! is not. Whoever put it away is told.

use std::time::Duration;

use crate::base::{Audience, ConversationId, StaffId, Timestamp, WorkspaceId};
use crate::conversations::store::Locked;
use crate::conversations::verbs::{append_locked, lock};
use crate::conversations::{Error, get, model};
use crate::notices::{self, NewNotice};
use crate::ports::db::FromRow;
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::{Content, NoticeKind, WokenBy};
use crate::{execute, fetch_all};

/// The longest time a conversation is put away for.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3_600);

/// A conversation whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct DueSnooze {
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// Which one.
    pub id: ConversationId,
}

/// Puts a conversation away until a time, or brings it back at once.
pub async fn snooze(cx: &Cx, tx: &mut Tx, id: ConversationId, until: Option<Timestamp>) -> Result<(), Error> {
    let locked = lock(cx, tx, id).await?;
    let Some(until) = until else {
        return match locked.snoozed_by {
            Some(_) => wake(cx, tx, &locked, WokenBy::Person).await,
            None => Ok(()),
        };
    };
    if until <= cx.now || until > cx.now.after(LONGEST) {
        let problem = "must be in the future, at most a year from now".to_owned();
        return Err(Error::Invalid { field: "until", problem });
    }
    if get(cx, tx, id).await?.resolved_at.is_some() {
        let problem = "the conversation is resolved; open it again first".to_owned();
        return Err(Error::Invalid { field: "until", problem });
    }
    let by = model::staff_of(cx);
    if by.is_none() || !set_snooze(tx, cx.workspace, id, until, by).await? {
        return Ok(());
    }
    let content = Content::Snoozed { until: Some(until), woken_by: None };
    append_locked(cx, tx, &locked, Audience::Staff, content).await
}

/// Conversations whose time has come, the longest overdue first.
pub async fn due_snoozes(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<DueSnooze>, DbError> {
    fetch_all!(
        tx,
        DueSnooze,
        "SELECT workspace_id, id FROM conversations
         WHERE snoozed_until IS NOT NULL AND snoozed_until <= $1 ORDER BY snoozed_until LIMIT $2",
        now,
        limit,
    )
}

/// Brings a conversation back whose time has come. Does nothing when somebody was quicker.
pub async fn wake_due(cx: &Cx, tx: &mut Tx, id: ConversationId) -> Result<(), Error> {
    let locked = lock(cx, tx, id).await?;
    match get(cx, tx, id).await?.snoozed_until {
        Some(until) if until <= cx.now => wake(cx, tx, &locked, WokenBy::Time).await,
        _ => Ok(()),
    }
}

/// Brings a conversation back and tells who put it away.
pub(super) async fn wake(cx: &Cx, tx: &mut Tx, locked: &Locked, by: WokenBy) -> Result<(), Error> {
    if !end_snooze(tx, cx.workspace, locked.id).await? {
        return Ok(());
    }
    let content = Content::Snoozed { until: None, woken_by: Some(by) };
    append_locked(cx, tx, locked, Audience::Staff, content).await?;
    if let Some(staff) = locked.snoozed_by.filter(|_| by != WokenBy::Person) {
        let title = get(cx, tx, locked.id).await?.title;
        notices::tell(cx, tx, locked.notice(staff, NoticeKind::SnoozeOver, title)).await?;
    }
    Ok(())
}

impl Locked {
    /// What a colleague is told of this conversation.
    pub(super) fn notice(&self, to: StaffId, kind: NoticeKind, text: String) -> NewNotice {
        NewNotice { to, kind, conversation: self.id, contact: self.contact_name.clone(), text }
    }
}

/// Sets the time; says whether it is another one than before.
async fn set_snooze(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    until: Timestamp,
    by: Option<StaffId>,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE conversations SET snoozed_until = $3, snoozed_by = $4
         WHERE workspace_id = $1 AND id = $2 AND COALESCE(snoozed_until, 0) <> $3",
        workspace,
        id,
        until,
        by,
    )?;
    Ok(rows == 1)
}

async fn end_snooze(tx: &mut Tx, workspace: WorkspaceId, id: ConversationId) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE conversations SET snoozed_until = NULL, snoozed_by = NULL
         WHERE workspace_id = $1 AND id = $2 AND snoozed_until IS NOT NULL",
        workspace,
        id,
    )?;
    Ok(rows == 1)
}
