//! Many messages of customers step by step: read and hold the conversations, look for messages that were sent
//! before, move the conversations, write the entries. A server gets one statement for each step.
//!
//! Tells the same story as `store::append`, message by message; a test holds the two together.

use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::base::{ActorKind, Audience, ContactId, ConversationId, StaffId, Timestamp, WorkspaceId};
use crate::conversations::{Error, NewMessage, model, store, verbs};
use crate::ports::bus::News;
use crate::ports::db::{Engine, FromRow, JsonText};
use crate::ports::{Cx, Db, DbError, Tx};
use crate::protocol::{Content, Entry, Posted};
use crate::{execute, fetch_all, fetch_optional};

/// A customer's message whose parts were checked.
pub(super) struct Letter {
    pub(super) cx: Cx,
    pub(super) id: ConversationId,
    pub(super) client_id: String,
    pub(super) body: Option<String>,
}

/// A conversation whose row is held, and how far it has got.
#[derive(FromRow)]
struct Row {
    id: ConversationId,
    contact_id: ContactId,
    contact_name: Option<String>,
    snoozed_by: Option<StaffId>,
    title: String,
    last_seq: i64,
    last_public_seq: i64,
    prev_public_seq: i64,
    inbound_count: i64,
    outbound_count: i64,
    waiting_since: Option<Timestamp>,
}

/// The same as messages come in.
struct Room {
    row: Row,
    /// The newest message as the inbox shows it, and its time; none so far.
    newest: Option<(String, Timestamp)>,
}

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

/// An entry that is written, with what its row holds beside it.
struct Fresh {
    conversation: ConversationId,
    entry: Entry,
    prev_public: i64,
    inbound: i64,
    outbound: i64,
}

/// What a message without files says of itself.
const PLAIN: Content = Content::Message { files: Vec::new(), draft: None };

/// Reads and holds the conversations of a list: with SQLite one after the other, which runs a statement where
/// it is asked for and so pays nothing for asking again.
const HOLD_SQLITE: &str = "SELECT conversations.id, conversations.contact_id, contacts.name AS contact_name,
        conversations.snoozed_by, title, last_seq, last_public_seq, prev_public_seq, inbound_count,
        outbound_count, waiting_since
     FROM conversations JOIN contacts ON contacts.id = conversations.contact_id
     WHERE +conversations.workspace_id = $1 AND conversations.id = $2";

const HOLD_POSTGRES: &str =
    "SELECT conversations.id, conversations.contact_id, contacts.name AS contact_name,
        conversations.snoozed_by, title, last_seq, last_public_seq, prev_public_seq, inbound_count,
        outbound_count, waiting_since
     FROM conversations JOIN contacts ON contacts.id = conversations.contact_id
     WHERE conversations.workspace_id = $1
       AND conversations.id IN (SELECT json_array_elements_text(CAST($2 AS json)))
     ORDER BY conversations.id
     FOR UPDATE OF conversations";

/// Looks for the messages of a list.
const KNOWN_SQLITE: &str = "SELECT seq FROM entries
     WHERE +workspace_id = $1 AND conversation_id = $2 AND client_id = $3";

const KNOWN_POSTGRES: &str = "SELECT entries.conversation_id, entries.client_id, entries.seq
     FROM json_to_recordset(CAST($2 AS json)) AS sent (id text, client_id text)
     JOIN entries ON entries.conversation_id = sent.id AND entries.client_id = sent.client_id
     WHERE entries.workspace_id = $1";

/// Moves the conversations of a list. The plus keeps SQLite from walking through the workspace by an index of
/// it.
const MOVE_SQLITE: &str = "UPDATE conversations
     SET last_seq = $4, last_public_seq = $4, prev_public_seq = $5, inbound_count = $6, customer_seq = $4,
         waiting_since = $7, resolved_at = NULL, last_message_text = $8, last_message_by = $3,
         last_message_at = $9, title = $10, updated_at = $9
     WHERE +workspace_id = $1 AND id = $2";

const MOVE_POSTGRES: &str = "UPDATE conversations
     SET last_seq = moved.last_seq, last_public_seq = moved.last_seq,
         prev_public_seq = moved.prev_public_seq, inbound_count = moved.inbound_count,
         customer_seq = moved.last_seq, waiting_since = moved.waiting_since, resolved_at = NULL,
         last_message_text = moved.last_message, last_message_by = $3,
         last_message_at = moved.updated_at, title = moved.title, updated_at = moved.updated_at
     FROM json_to_recordset(CAST($2 AS json)) AS moved (id text, title text, last_seq bigint,
         prev_public_seq bigint, inbound_count bigint, waiting_since bigint, last_message text,
         updated_at bigint)
     WHERE conversations.workspace_id = $1 AND conversations.id = moved.id";

/// Writes the entries of a list.
const WRITE_SQLITE: &str = "INSERT INTO entries (workspace_id, kind, audience, content, conversation_id, seq,
         prev_public_seq, actor_kind, actor_id, author, body, client_id, inbound_count, outbound_count, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

const WRITE_POSTGRES: &str = "INSERT INTO entries (workspace_id, conversation_id, seq, prev_public_seq, kind,
         audience, actor_kind, actor_id, author, body, content, client_id, inbound_count, outbound_count, created_at)
     SELECT $1, id, seq, prev_public_seq, $3, $4, actor_kind, actor_id, author, body, $5, client_id,
         inbound_count, outbound_count, created_at
     FROM json_to_recordset(CAST($2 AS json)) AS written (id text, seq bigint, prev_public_seq bigint,
         actor_kind text, actor_id text, author text, body text, client_id text, inbound_count bigint,
         outbound_count bigint, created_at bigint)";

/// The messages of a batch that were stored before, by conversation and `client_id`.
type Known = HashMap<(ConversationId, String), i64>;

/// Stores messages in one unit of work; gives what became of each, in their order. After an error nothing
/// of them is stored.
pub(super) async fn store(db: &Db, letters: &[Letter]) -> Result<Vec<Result<Posted, Error>>, Error> {
    let mut tx = db.begin().await?;
    let mut by_workspace: BTreeMap<WorkspaceId, Vec<usize>> = BTreeMap::new();
    for (place, letter) in letters.iter().enumerate() {
        by_workspace.entry(letter.cx.workspace).or_default().push(place);
    }
    let mut results: Vec<Option<Result<Posted, Error>>> = letters.iter().map(|_| None).collect();
    for (workspace, places) in by_workspace {
        let theirs: Vec<&Letter> = places.iter().map(|place| &letters[*place]).collect();
        let posted = store_theirs(&mut tx, workspace, &theirs).await?;
        for (place, result) in places.into_iter().zip(posted) {
            results[place] = Some(result);
        }
    }
    tx.commit().await?;
    Ok(results.into_iter().map(|result| result.unwrap_or(Err(Error::NotFound))).collect())
}

/// Stores the messages of one workspace.
async fn store_theirs(
    tx: &mut Tx,
    workspace: WorkspaceId,
    letters: &[&Letter],
) -> Result<Vec<Result<Posted, Error>>, Error> {
    let mut rooms = hold(tx, workspace, letters).await?;
    let mut known = sent_before(tx, workspace, letters).await?;
    let mut results = Vec::with_capacity(letters.len());
    let mut fresh = Vec::with_capacity(letters.len());
    for letter in letters {
        results.push(match rooms.get_mut(&letter.id).filter(|room| room.is_open_to(letter)) {
            None => Some(Err(Error::NotFound)),
            // It wakes up as well, which is more than a message: below.
            Some(room) if room.row.snoozed_by.is_some() => None,
            Some(room) => {
                let (seq, duplicate) = match known.entry((letter.id, letter.client_id.clone())) {
                    Slot::Occupied(known) => (*known.get(), true),
                    Slot::Vacant(slot) => {
                        fresh.push(room.append(letter));
                        (*slot.insert(room.row.last_seq), false)
                    }
                };
                Some(Ok(Posted { conversation: letter.id, seq, duplicate }))
            }
        });
    }
    move_rooms(tx, workspace, &rooms).await?;
    // Neighbours in the store one after the other; those of one conversation stay in their order.
    fresh.sort_by_key(|fresh| fresh.conversation);
    write(tx, workspace, fresh).await?;
    let mut posted = Vec::with_capacity(letters.len());
    for (letter, result) in letters.iter().zip(results) {
        posted.push(match result {
            Some(result) => result,
            None => match post_alone(tx, letter).await {
                // The unit of work is spoilt, and PostgreSQL would commit nothing of it without saying so.
                Err(Error::Db(error)) => return Err(error.into()),
                posted => posted,
            },
        });
    }
    Ok(posted)
}

async fn post_alone(tx: &mut Tx, letter: &Letter) -> Result<Posted, Error> {
    let body = letter.body.clone().unwrap_or_default();
    let message = NewMessage { client_id: letter.client_id.clone(), body, files: Vec::new() };
    verbs::post(&letter.cx, tx, letter.id, message).await
}

impl Room {
    /// A conversation of somebody else does not exist for the caller.
    fn is_open_to(&self, letter: &Letter) -> bool {
        model::contact_scope(&letter.cx).is_none_or(|contact| contact == self.row.contact_id)
    }

    /// Moves the conversation by a message, as `store::append` does.
    fn append(&mut self, letter: &Letter) -> Fresh {
        let Letter { cx, body, client_id, .. } = letter;
        let shown = model::preview(body.as_deref().unwrap_or_default());
        let row = &mut self.row;
        row.prev_public_seq = row.last_public_seq;
        row.last_seq += 1;
        row.last_public_seq = row.last_seq;
        row.inbound_count += 1;
        row.waiting_since = row.waiting_since.or(Some(cx.now));
        if row.title.is_empty() {
            row.title = store::first_title(&shown);
        }
        self.newest = Some((shown, cx.now));
        let author = match cx.name.as_str() {
            "" => row.contact_name.clone().unwrap_or_default(),
            name => name.to_owned(),
        };
        let entry = Entry {
            seq: row.last_seq,
            prev: row.last_seq - 1,
            audience: Audience::Everyone,
            actor: cx.actor,
            author,
            body: body.clone(),
            content: PLAIN,
            client_id: Some(client_id.clone()),
            at: cx.now,
        };
        let (inbound, outbound) = (row.inbound_count, row.outbound_count);
        Fresh { conversation: row.id, entry, prev_public: row.prev_public_seq, inbound, outbound }
    }
}

/// Reads and holds the conversations that are written to, always in the same order.
async fn hold(
    tx: &mut Tx,
    workspace: WorkspaceId,
    letters: &[&Letter],
) -> Result<BTreeMap<ConversationId, Room>, DbError> {
    let ids: BTreeSet<ConversationId> = letters.iter().map(|letter| letter.id).collect();
    let rows = match tx.engine() {
        Engine::Sqlite => {
            let mut rows = Vec::with_capacity(ids.len());
            for id in ids {
                rows.extend(fetch_optional!(tx, Row, HOLD_SQLITE, workspace, id)?);
            }
            rows
        }
        Engine::Postgres => {
            let ids: Vec<String> = ids.iter().map(ConversationId::to_string).collect();
            fetch_all!(tx, Row, HOLD_POSTGRES, workspace, JsonText(&ids))?
        }
    };
    Ok(rows.into_iter().map(|row| (row.id, Room { row, newest: None })).collect())
}

/// Looks for messages that were stored before. The conversations are held: none can come meanwhile.
async fn sent_before(tx: &mut Tx, workspace: WorkspaceId, letters: &[&Letter]) -> Result<Known, DbError> {
    let mut known = Known::new();
    match tx.engine() {
        Engine::Sqlite => {
            for Letter { id, client_id, .. } in letters {
                let row: Option<(i64,)> =
                    fetch_optional!(tx, (i64,), KNOWN_SQLITE, workspace, *id, client_id)?;
                known.extend(row.map(|(seq,)| ((*id, client_id.clone()), seq)));
            }
        }
        Engine::Postgres => {
            let sent: Vec<Sent> =
                letters.iter().map(|letter| Sent { id: letter.id, client_id: &letter.client_id }).collect();
            type Found = (ConversationId, String, i64);
            let found = fetch_all!(tx, Found, KNOWN_POSTGRES, workspace, JsonText(&sent))?;
            known.extend(found.into_iter().map(|(id, client_id, seq)| ((id, client_id), seq)));
        }
    }
    Ok(known)
}

/// Moves the rows of the conversations that were written to.
async fn move_rooms(
    tx: &mut Tx,
    workspace: WorkspaceId,
    rooms: &BTreeMap<ConversationId, Room>,
) -> Result<(), DbError> {
    let moved: Vec<Moved> = rooms.values().filter_map(Moved::of).collect();
    if moved.is_empty() {
        return Ok(());
    }
    match tx.engine() {
        Engine::Sqlite => {
            for one in moved {
                execute!(
                    tx,
                    MOVE_SQLITE,
                    workspace,
                    one.id,
                    ActorKind::Contact,
                    one.last_seq,
                    one.prev_public_seq,
                    one.inbound_count,
                    one.waiting_since,
                    one.last_message,
                    one.updated_at,
                    one.title,
                )?;
            }
        }
        Engine::Postgres => {
            execute!(tx, MOVE_POSTGRES, workspace, JsonText(&moved), ActorKind::Contact)?;
        }
    }
    Ok(())
}

/// Writes the entries, and tells of them after the commit.
async fn write(tx: &mut Tx, workspace: WorkspaceId, fresh: Vec<Fresh>) -> Result<(), DbError> {
    if fresh.is_empty() {
        return Ok(());
    }
    let rows: Vec<Written> = fresh.iter().map(Written::of).collect();
    let plain = serde_json::to_string(&PLAIN).map_err(|error| DbError::damaged(error.to_string()))?;
    match tx.engine() {
        Engine::Sqlite => {
            for row in rows {
                execute!(
                    tx,
                    WRITE_SQLITE,
                    workspace,
                    PLAIN.kind(),
                    Audience::Everyone,
                    &plain,
                    row.id,
                    row.seq,
                    row.prev_public_seq,
                    row.actor_kind,
                    row.actor_id,
                    row.author,
                    row.body,
                    row.client_id,
                    row.inbound_count,
                    row.outbound_count,
                    row.created_at,
                )?;
            }
        }
        Engine::Postgres => {
            execute!(
                tx,
                WRITE_POSTGRES,
                workspace,
                JsonText(&rows),
                PLAIN.kind(),
                Audience::Everyone,
                &plain
            )?;
        }
    }
    for Fresh { conversation, entry, prev_public, .. } in fresh {
        tx.count(metrics::counter!("concierge_entries_total", "kind" => entry.content.kind()));
        tx.tell(workspace, News::Entry { conversation, entry: entry.into(), prev_public });
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Bus;
    use crate::ports::db::Location;

    /// A walk through an index of the workspace would make every message as dear as the business is old.
    #[tokio::test]
    async fn every_row_is_looked_up_by_its_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = Db::open(&Location::File(folder.path().join("x.db")), Bus::memory()).await.expect("a store");
        let mut tx = db.read().await.expect("a reader");
        for sql in [HOLD_SQLITE, KNOWN_SQLITE, MOVE_SQLITE, WRITE_SQLITE] {
            let plan: &'static str = format!("EXPLAIN QUERY PLAN {sql}").leak();
            let steps = fetch_all!(tx, (i64, i64, i64, String), plan).expect("a plan");
            for (_, _, _, step) in steps {
                let walks = step.starts_with("SCAN") && !step.contains("VIRTUAL TABLE");
                assert!(!walks && !step.contains("(workspace_id=?"), "{step}: {sql}");
            }
        }
        drop(tx);
        db.close().await;
    }
}
