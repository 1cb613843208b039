//! All messages by one statement for each step, for PostgreSQL. What was sent before is found out by writing it.

use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeSet, HashMap};

use crate::base::{ActorKind, Audience, ConversationId, Timestamp, WorkspaceId};
use crate::conversations::batch::{
    Appended, Fresh, Letter, Look, PLAIN, Room, Rooms, Row, open_room, plain, tell,
};
use crate::ports::db::JsonText;
use crate::ports::{DbError, Tx};
use crate::protocol::Posted;
use crate::{fetch_all, fetch_one};

/// How a conversation's row is moved, as the statement reads it.
#[derive(serde::Serialize)]
struct Moved<'a> {
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
struct Written<'a> {
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
struct Sent<'a> {
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

/// The messages of a batch that were stored before, by conversation and `client_id`.
type Known = HashMap<(ConversationId, String), i64>;

/// Appends the messages to the conversations with these identifiers. Without a look for messages that were
/// stored before, it gives none if there is one: the unit of work must be given up then.
pub(super) async fn append(
    tx: &mut Tx,
    workspace: WorkspaceId,
    ids: BTreeSet<ConversationId>,
    letters: &[&Letter],
    look: Look,
) -> Result<Option<Appended>, DbError> {
    let rows = fetch_all!(tx, Row, HOLD, workspace, JsonText(&ids))?;
    let mut rooms: Rooms = rows.into_iter().map(|row| (row.id, Room::new(row))).collect();
    let mut known = match look {
        Look::AtNothing => Known::new(),
        Look::AtAll => sent_before(tx, workspace, letters).await?,
    };
    let mut results = Vec::with_capacity(letters.len());
    let mut fresh = Vec::with_capacity(letters.len());
    for letter in letters {
        results.push(match open_room(&mut rooms, letter) {
            Err(result) => result,
            Ok(room) => {
                let (seq, duplicate) = match known.entry((letter.id, letter.client_id.clone())) {
                    Slot::Occupied(known) => (*known.get(), true),
                    Slot::Vacant(slot) => {
                        let next = room.next(letter);
                        room.take(&next);
                        fresh.push(next);
                        (*slot.insert(room.row.last_seq), false)
                    }
                };
                Some(Ok(Posted { conversation: letter.id, seq, duplicate }))
            }
        });
    }
    // Neighbours in the store one after the other; those of one conversation stay in their order.
    fresh.sort_by_key(|fresh| fresh.conversation);
    let written = write(tx, workspace, fresh, &rooms).await?;
    Ok(written.then_some(results))
}

/// Looks for messages that were stored before. The conversations are held: none can come meanwhile.
async fn sent_before(tx: &mut Tx, workspace: WorkspaceId, letters: &[&Letter]) -> Result<Known, DbError> {
    let sent: Vec<Sent> =
        letters.iter().map(|letter| Sent { id: letter.id, client_id: &letter.client_id }).collect();
    type Found = (ConversationId, String, i64);
    let found = fetch_all!(tx, Found, KNOWN, workspace, JsonText(&sent))?;
    Ok(found.into_iter().map(|(id, client_id, seq)| ((id, client_id), seq)).collect())
}

/// Writes entries, moves their conversations, and tells of them after the commit. Says whether all were new.
async fn write(
    tx: &mut Tx,
    workspace: WorkspaceId,
    fresh: Vec<Fresh>,
    rooms: &Rooms,
) -> Result<bool, DbError> {
    if fresh.is_empty() {
        return Ok(true);
    }
    let rows: Vec<Written> = fresh.iter().map(Written::of).collect();
    let moved: Vec<Moved> = rooms.values().filter_map(Moved::of).collect();
    let (new,) = fetch_one!(
        tx,
        (i64,),
        WRITE,
        workspace,
        JsonText(&rows),
        JsonText(&moved),
        PLAIN.kind(),
        Audience::Everyone,
        &plain()?,
        ActorKind::Contact,
    )?;
    let all_new = usize::try_from(new).is_ok_and(|new| new == fresh.len());
    fresh.into_iter().for_each(|fresh| tell(tx, workspace, fresh));
    Ok(all_new)
}

impl Moved<'_> {
    /// None if no message came in.
    fn of(room: &Room) -> Option<Moved<'_>> {
        let Room { row, newest } = room;
        let (last_message, updated_at) = newest.as_ref()?;
        Some(Moved {
            id: row.id,
            title: &row.title,
            last_seq: row.last_seq,
            prev_public_seq: row.prev_public_seq,
            inbound_count: row.inbound_count,
            waiting_since: row.waiting_since.map(Timestamp::as_micros),
            last_message,
            updated_at: updated_at.as_micros(),
        })
    }
}

impl Written<'_> {
    fn of(fresh: &Fresh) -> Written<'_> {
        let Fresh { conversation, entry, prev_public, inbound, outbound } = fresh;
        Written {
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
