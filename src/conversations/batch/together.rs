//! All messages by one statement for each step, for PostgreSQL.

use crate::base::{ActorKind, Audience, ConversationId, Timestamp, WorkspaceId};
use crate::conversations::batch::{Fresh, Letter, Moved, PLAIN, Row, plain};
use crate::ports::db::JsonText;
use crate::ports::{DbError, Tx};
use crate::{fetch_all, fetch_one};

/// How a conversation's row is moved, as the statement reads it.
#[derive(serde::Serialize)]
struct MovedRow<'a> {
    id: ConversationId,
    title: &'a str,
    last_seq: i64,
    prev_public_seq: i64,
    inbound_count: i64,
    waiting_since: Option<i64>,
    last_message: &'a str,
    updated_at: i64,
}

/// A message's row, as the statement reads it.
#[derive(serde::Serialize)]
struct WrittenRow<'a> {
    id: ConversationId,
    seq: i64,
    prev_public_seq: i64,
    actor_kind: ActorKind,
    actor_id: Option<String>,
    author: &'a str,
    body: Option<&'a str>,
    client_id: Option<&'a str>,
    inbound_count: i64,
    outbound_count: i64,
    created_at: i64,
}

/// A message as it was sent, as the statement reads it.
#[derive(serde::Serialize)]
struct SentRow<'a> {
    id: ConversationId,
    client_id: &'a str,
}

/// Reads and holds conversations, always in the same order. `IS NOT DISTINCT FROM` keeps PostgreSQL from walking
/// through the workspace by an index of it.
const HOLD: &str =
    "SELECT CAST(0 AS bigint) AS place, conversations.id, conversations.contact_id, contacts.name AS contact_name,
        conversations.snoozed_by, title, last_seq, last_public_seq, prev_public_seq, inbound_count,
        outbound_count, waiting_since
     FROM conversations JOIN contacts ON contacts.id = conversations.contact_id
     WHERE conversations.workspace_id IS NOT DISTINCT FROM $1
       AND conversations.id = ANY (ARRAY(SELECT json_array_elements_text(CAST($2 AS json))))
     ORDER BY conversations.id
     FOR UPDATE OF conversations";

const KNOWN: &str = "SELECT sent.id, sent.client_id, entries.seq
     FROM json_to_recordset(CAST($2 AS json)) AS sent (id text, client_id text)
     JOIN entries ON entries.conversation_id = sent.id AND entries.client_id = sent.client_id
     WHERE entries.workspace_id IS NOT DISTINCT FROM $1";

/// Writes entries and moves their conversations; gives how many entries were new.
const WRITE: &str = "WITH written AS (
         INSERT INTO entries (workspace_id, conversation_id, seq, prev_public_seq, kind, audience, actor_kind,
             actor_id, author, body, content, client_id, inbound_count, outbound_count, created_at)
         SELECT $1, id, seq, prev_public_seq, $4, $5, actor_kind, actor_id, author, body, $6, client_id,
             inbound_count, outbound_count, created_at
         FROM json_to_recordset(CAST($2 AS json)) AS written (id text, seq bigint, prev_public_seq bigint,
             actor_kind text, actor_id text, author text, body text, client_id text, inbound_count bigint,
             outbound_count bigint, created_at bigint)
         ON CONFLICT (conversation_id, client_id) WHERE client_id IS NOT NULL DO NOTHING
         RETURNING 1),
     moved AS (
         UPDATE conversations
         SET last_seq = moved.last_seq, last_public_seq = moved.last_seq,
             prev_public_seq = moved.prev_public_seq, inbound_count = moved.inbound_count,
             customer_seq = moved.last_seq, waiting_since = moved.waiting_since, resolved_at = NULL,
             last_message_text = moved.last_message, last_message_by = $7,
             last_message_at = moved.updated_at, title = moved.title, updated_at = moved.updated_at
         FROM json_to_recordset(CAST($3 AS json)) AS moved (id text, title text, last_seq bigint,
             prev_public_seq bigint, inbound_count bigint, waiting_since bigint, last_message text,
             updated_at bigint)
         WHERE conversations.workspace_id IS NOT DISTINCT FROM $1 AND conversations.id = moved.id)
     SELECT COUNT(*) FROM written";

/// Reads and holds conversations.
pub(super) async fn hold(
    tx: &mut Tx,
    workspace: WorkspaceId,
    ids: &[ConversationId],
) -> Result<Vec<Row>, DbError> {
    fetch_all!(tx, Row, HOLD, workspace, JsonText(ids))
}

/// The messages that were stored before, with their places.
pub(super) async fn sent_before(
    tx: &mut Tx,
    workspace: WorkspaceId,
    letters: &[&Letter],
) -> Result<Vec<(ConversationId, String, i64)>, DbError> {
    let sent: Vec<SentRow> =
        letters.iter().map(|letter| SentRow { id: letter.id, client_id: &letter.client_id }).collect();
    fetch_all!(tx, (ConversationId, String, i64), KNOWN, workspace, JsonText(&sent))
}

/// Writes entries and moves their conversations; gives how many were new.
pub(super) async fn write(
    tx: &mut Tx,
    workspace: WorkspaceId,
    fresh: &[Fresh],
    moved: &[Moved<'_>],
) -> Result<u64, DbError> {
    let written: Vec<WrittenRow> = fresh.iter().map(WrittenRow::of).collect();
    let moved: Vec<MovedRow> = moved.iter().map(MovedRow::of).collect();
    let (new,) = fetch_one!(
        tx,
        (i64,),
        WRITE,
        workspace,
        JsonText(&written),
        JsonText(&moved),
        PLAIN.kind(),
        Audience::Everyone,
        &plain()?,
        ActorKind::Contact,
    )?;
    Ok(new.unsigned_abs())
}

impl<'a> MovedRow<'a> {
    fn of(moved: &Moved<'a>) -> MovedRow<'a> {
        let Moved { row, last_message, at } = moved;
        MovedRow {
            id: row.id,
            title: &row.title,
            last_seq: row.last_seq,
            prev_public_seq: row.prev_public_seq,
            inbound_count: row.inbound_count,
            waiting_since: row.waiting_since.map(Timestamp::as_micros),
            last_message,
            updated_at: at.as_micros(),
        }
    }
}

impl WrittenRow<'_> {
    fn of(fresh: &Fresh) -> WrittenRow<'_> {
        let Fresh { conversation, entry, prev_public, inbound, outbound } = fresh;
        WrittenRow {
            id: *conversation,
            seq: entry.seq,
            prev_public_seq: *prev_public,
            actor_kind: entry.actor.kind(),
            actor_id: entry.actor.id_text(),
            author: &entry.author,
            body: entry.body.as_deref(),
            client_id: entry.client_id.as_deref(),
            inbound_count: *inbound,
            outbound_count: *outbound,
            created_at: entry.at.as_micros(),
        }
    }
}
