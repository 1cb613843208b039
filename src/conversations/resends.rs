//! Whether a message was sent before.

use crate::base::{ContactId, ConversationId, WorkspaceId};
use crate::fetch_optional;
use crate::ports::{DbError, Tx};

/// The position of a conversation's message of this `client_id`.
pub(super) async fn find_client_id(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    client_id: &str,
) -> Result<Option<i64>, DbError> {
    let row: Option<(i64,)> = fetch_optional!(
        tx,
        (i64,),
        "SELECT seq FROM entries WHERE workspace_id = $1 AND conversation_id = $2 AND client_id = $3",
        workspace,
        id,
        client_id,
    )?;
    Ok(row.map(|(seq,)| seq))
}

/// Where a contact has sent a message of this `client_id` before, in whichever conversation.
pub(super) async fn find_sent(
    tx: &mut Tx,
    workspace: WorkspaceId,
    contact: ContactId,
    client_id: &str,
) -> Result<Option<(ConversationId, i64)>, DbError> {
    fetch_optional!(
        tx,
        (ConversationId, i64),
        "SELECT entries.conversation_id, entries.seq
         FROM conversations JOIN entries ON entries.conversation_id = conversations.id
         WHERE conversations.workspace_id = $1 AND conversations.contact_id = $2 AND entries.client_id = $3",
        workspace,
        contact,
        client_id,
    )
}
