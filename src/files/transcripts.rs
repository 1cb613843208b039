//! What was said in voice messages: which recordings wait to be listened to, and what became of the others.
//!
//! A recording waits from the transaction that posts its message. Whoever takes it has it until the lease
//! lapses; a crash is found by looking. A person's correction stands above whatever a machine hears later.

use crate::base::{ConversationId, FileId, Timestamp, WorkspaceId};
use crate::ports::db::FromRow;
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::{Attachment, TranscriptState};
use crate::{execute, fetch_all, fetch_optional, text_column};

text_column!(TranscriptState);

/// A recording that waits to be listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct WaitingRecording {
    /// Whose it is.
    #[sqlx(rename = "workspace_id")]
    pub workspace: WorkspaceId,
    /// Which file.
    #[sqlx(rename = "file_id")]
    pub file: FileId,
    /// Where it was sent.
    #[sqlx(rename = "conversation_id")]
    pub conversation: ConversationId,
    /// The message it belongs to.
    pub seq: i64,
    /// How often somebody has listened before.
    pub attempts: i64,
}

/// What is known of a recording's words.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Transcript {
    /// Which file.
    #[sqlx(rename = "file_id")]
    pub file: FileId,
    /// Where it was sent.
    #[sqlx(rename = "conversation_id")]
    pub conversation: ConversationId,
    /// The message it belongs to.
    pub seq: i64,
    /// What became of it.
    pub state: TranscriptState,
    /// What was said.
    #[sqlx(rename = "body")]
    pub text: String,
}

/// Notes that the recordings among a message's files are to be listened to.
pub async fn expect_transcripts(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    seq: i64,
    files: &[Attachment],
) -> Result<(), DbError> {
    for file in files.iter().filter(|file| file.transcript.is_some()) {
        execute!(
            tx,
            "INSERT INTO transcripts (workspace_id, file_id, conversation_id, seq, state, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $6)",
            cx.workspace,
            file.id,
            conversation,
            seq,
            file.transcript,
            cx.now,
        )?;
    }
    Ok(())
}

/// Recordings that nobody listens to, oldest first. Serves all workspaces.
pub async fn waiting_recordings(
    tx: &mut Tx,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<WaitingRecording>, DbError> {
    fetch_all!(
        tx,
        WaitingRecording,
        "SELECT workspace_id, file_id, conversation_id, seq, attempts FROM transcripts
         WHERE state = 'waiting' AND (lease_until IS NULL OR lease_until < $1)
         ORDER BY created_at LIMIT $2",
        now,
        limit,
    )
}

/// Takes a recording to listen to it; says whether it was still free.
pub async fn take_recording(cx: &Cx, tx: &mut Tx, file: FileId, until: Timestamp) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE transcripts SET lease_until = $3, attempts = attempts + 1
         WHERE workspace_id = $1 AND file_id = $2 AND state = 'waiting'
           AND (lease_until IS NULL OR lease_until < $4)",
        cx.workspace,
        file,
        until,
        cx.now,
    )?;
    Ok(rows == 1)
}

/// Gives a recording back: it is tried again after `until`. An attempt that was only broken off by a stop
/// does not count.
pub async fn release_recording(
    cx: &Cx,
    tx: &mut Tx,
    file: FileId,
    until: Option<Timestamp>,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE transcripts
         SET lease_until = $3, attempts = CASE WHEN CAST($3 AS BIGINT) IS NULL THEN attempts - 1 ELSE attempts END
         WHERE workspace_id = $1 AND file_id = $2 AND state = 'waiting'",
        cx.workspace,
        file,
        until,
    )?;
    Ok(())
}

/// Frees every recording, whoever had it. For a store that only one process uses, when that process starts.
/// Serves all workspaces.
pub async fn free_all_recordings(tx: &mut Tx) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE transcripts SET lease_until = NULL WHERE state = 'waiting' AND lease_until IS NOT NULL",
    )?;
    Ok(())
}

/// Stores what a machine heard; says whether the recording still waited for it.
pub async fn finish_transcript(
    cx: &Cx,
    tx: &mut Tx,
    file: FileId,
    state: TranscriptState,
    text: &str,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE transcripts SET state = $3, body = $4, lease_until = NULL, updated_at = $5
         WHERE workspace_id = $1 AND file_id = $2 AND state = 'waiting'",
        cx.workspace,
        file,
        state,
        text,
        cx.now,
    )?;
    Ok(rows == 1)
}

/// Stores what a person says was said; says whether there is such a recording.
pub async fn correct_transcript(cx: &Cx, tx: &mut Tx, file: FileId, text: &str) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE transcripts SET state = 'corrected', body = $3, lease_until = NULL, updated_at = $4
         WHERE workspace_id = $1 AND file_id = $2",
        cx.workspace,
        file,
        text,
        cx.now,
    )?;
    Ok(rows == 1)
}

/// What is known of one recording that was sent.
pub async fn transcript(cx: &Cx, tx: &mut Tx, file: FileId) -> Result<Option<Transcript>, DbError> {
    fetch_optional!(
        tx,
        Transcript,
        "SELECT file_id, conversation_id, seq, state, body FROM transcripts
         WHERE workspace_id = $1 AND file_id = $2",
        cx.workspace,
        file,
    )
}

/// What is known of the recordings of a conversation's messages after `seq`, in their order.
pub async fn transcripts_after(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    seq: i64,
) -> Result<Vec<Transcript>, DbError> {
    fetch_all!(
        tx,
        Transcript,
        "SELECT file_id, conversation_id, seq, state, body FROM transcripts
         WHERE workspace_id = $1 AND conversation_id = $2 AND seq > $3
         ORDER BY seq, created_at, file_id",
        cx.workspace,
        conversation,
        seq,
    )
}

/// Whether a conversation has a recording that is still to be listened to.
pub async fn awaits_transcript(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversation: ConversationId,
) -> Result<bool, DbError> {
    let row: Option<(i64,)> = fetch_optional!(
        tx,
        (i64,),
        "SELECT seq FROM transcripts
         WHERE workspace_id = $1 AND conversation_id = $2 AND state = 'waiting' LIMIT 1",
        workspace,
        conversation,
    )?;
    Ok(row.is_some())
}
