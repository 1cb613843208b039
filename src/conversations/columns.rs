//! What is set of a conversation one by one: who answers, who is on it, labels, status, what its row shows.

use crate::base::{ConversationId, StaffId, Timestamp, WorkspaceId};
use crate::ports::db::JsonText;
use crate::ports::{DbError, Tx};
use crate::protocol::{DraftHint, Owner};
use crate::{execute, fetch_one};

/// Sets who looks after a conversation; says whether that is somebody else than before.
pub(super) async fn set_assignee(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    staff: Option<StaffId>,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE conversations SET assignee_id = $3
         WHERE workspace_id = $1 AND id = $2 AND COALESCE(assignee_id, '') <> COALESCE(CAST($3 AS TEXT), '')",
        workspace,
        id,
        staff,
    )?;
    Ok(rows == 1)
}

pub(super) async fn add_label(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    label: &str,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO labels (workspace_id, conversation_id, label) VALUES ($1, $2, $3)
         ON CONFLICT (conversation_id, label) DO NOTHING",
        workspace,
        id,
        label,
    )?;
    Ok(rows == 1)
}

pub(super) async fn remove_label(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    label: &str,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "DELETE FROM labels WHERE workspace_id = $1 AND conversation_id = $2 AND label = $3",
        workspace,
        id,
        label,
    )?;
    Ok(rows == 1)
}

/// Sets who answers; says whether that changed. A turn that runs loses its lease: it was begun for another.
pub(super) async fn set_owner(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    owner: Owner,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE conversations SET owner = $3, turn_lease_by = NULL, turn_lease_until = NULL
         WHERE workspace_id = $1 AND id = $2 AND owner <> $3",
        workspace,
        id,
        owner,
    )?;
    Ok(rows == 1)
}

/// Whether the customer asked for a person and none has answered since.
pub(super) async fn has_open_person_request(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
) -> Result<bool, DbError> {
    let (count,): (i64,) = fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM entries
         WHERE workspace_id = $1 AND conversation_id = $2 AND kind = 'person_requested'
           AND seq > COALESCE((SELECT MAX(seq) FROM entries AS answers
                               WHERE answers.workspace_id = $1 AND answers.conversation_id = $2
                                 AND ((answers.kind = 'message' AND answers.actor_kind = 'staff')
                                      OR answers.kind = 'owner_changed')), 0)",
        workspace,
        id,
    )?;
    Ok(count > 0)
}

/// Closes or opens a conversation; says whether that changed. What is closed waits for nobody and owes no turn.
pub(super) async fn set_resolved(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    at: Option<Timestamp>,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE conversations
         SET resolved_at = $3,
             answered_seq = CASE WHEN CAST($3 AS BIGINT) IS NULL THEN answered_seq ELSE customer_seq END,
             waiting_since = CASE WHEN CAST($3 AS BIGINT) IS NULL THEN waiting_since ELSE NULL END,
             snoozed_until = NULL, snoozed_by = NULL
         WHERE workspace_id = $1 AND id = $2
           AND (resolved_at IS NULL) <> (CAST($3 AS BIGINT) IS NULL)",
        workspace,
        id,
        at,
    )?;
    Ok(rows == 1)
}

pub(super) async fn set_title(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    title: &str,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE conversations SET title = $3 WHERE workspace_id = $1 AND id = $2 AND title <> $3",
        workspace,
        id,
        title,
    )?;
    Ok(rows == 1)
}

pub(super) async fn set_draft_hint(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    hint: Option<&DraftHint>,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE conversations SET draft_hint = $3 WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
        hint.map(JsonText),
    )?;
    Ok(())
}

pub(super) async fn set_stitch(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    stitch: &str,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE conversations SET stitch = $3 WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
        stitch
    )?;
    Ok(())
}
