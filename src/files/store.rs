//! Files in the store. Their bytes are in the blob store.

use crate::base::{Actor, ActorKind, ConversationId, FileId, Timestamp, WorkspaceId};
use crate::files::StoredFile;
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::protocol::{TranscriptState, Wave};
use crate::{execute, fetch_optional};

#[derive(FromRow)]
struct Row {
    id: FileId,
    name: String,
    media_type: String,
    size: i64,
    hash: String,
    created_at: Timestamp,
    wave: Option<JsonText<Wave>>,
    transcript: Option<TranscriptState>,
}

pub(super) async fn insert(
    tx: &mut Tx,
    workspace: WorkspaceId,
    actor: &Actor,
    file: &StoredFile,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO files (workspace_id, id, uploaded_by_kind, uploaded_by_id, name, media_type, size, hash, created_at,
             wave, transcript)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        workspace,
        file.id,
        actor.kind(),
        actor.id_text(),
        &file.name,
        &file.media_type,
        file.size,
        &file.hash,
        file.created_at,
        file.wave.as_ref().map(JsonText),
        file.transcript,
    )?;
    Ok(())
}

/// Gives a file of this uploader to a conversation; says whether it was there and free.
pub(super) async fn attach(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: FileId,
    conversation: ConversationId,
    actor: &Actor,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE files SET conversation_id = $3
         WHERE workspace_id = $1 AND id = $2 AND conversation_id IS NULL
           AND uploaded_by_kind = $4 AND uploaded_by_id = $5",
        workspace,
        id,
        conversation,
        actor.kind(),
        actor.id_text(),
    )?;
    Ok(rows == 1)
}

/// Finds a file: staff see all of their workspace, a contact what they uploaded or what was sent to them.
pub(super) async fn find(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: FileId,
    actor: &Actor,
) -> Result<Option<StoredFile>, DbError> {
    let contact = (actor.kind() == ActorKind::Contact).then(|| actor.id_text()).flatten();
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, name, media_type, size, hash, created_at, wave, transcript FROM files
         WHERE workspace_id = $1 AND id = $2
           AND (CAST($3 AS TEXT) IS NULL
                OR (uploaded_by_kind = 'contact' AND uploaded_by_id = $3)
                OR EXISTS (SELECT 1 FROM conversations
                           WHERE conversations.workspace_id = $1 AND conversations.id = files.conversation_id
                             AND conversations.contact_id = $3))",
        workspace,
        id,
        contact,
    )?;
    Ok(row.map(|row| StoredFile {
        id: row.id,
        name: row.name,
        media_type: row.media_type,
        size: row.size,
        hash: row.hash,
        created_at: row.created_at,
        wave: row.wave.map(|wave| wave.0),
        transcript: row.transcript,
    }))
}
