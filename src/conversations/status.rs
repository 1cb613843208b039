//! The status of a conversation, and since when it is in it.

use crate::base::{ConversationId, Timestamp, WorkspaceId};
use crate::execute;
use crate::ports::{DbError, Tx};

/// Sets the status, which lasts from now on.
pub(super) async fn set_status(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    status: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE conversations SET status = $3, status_since = $4 WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
        status,
        now,
    )?;
    Ok(())
}
