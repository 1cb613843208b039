//! The words of messages and notes: what the search of the inbox looks in.
//!
//! `indexed_seq` against `last_seq` is the durable queue: a sweep reads what is not in the index yet, so that
//! posting pays nothing for it, and what was written before there was an index is read as well.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use crate::base::{ConversationId, Timestamp, WorkspaceId};
use crate::conversations::{Error, model};
use crate::knowledge::folded_words;
use crate::ports::db::{Engine, FromRow, JsonText};
use crate::ports::{Cx, Db, DbError, Tx};
use crate::{execute, fetch_all};

/// Entries of a workspace that one look puts into the index.
const LOOK: usize = 2_000;

/// How many of them in one unit of work: whoever writes a message meanwhile waits for it.
const BATCH: i64 = 100;

/// After each unit everybody else has the core and the store for so long.
const REST: Duration = Duration::from_millis(10);

/// Most words of a search.
const MAX_WORDS: usize = 12;

/// A conversation with entries that are not in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct ToIndex {
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// Which one.
    pub id: ConversationId,
    /// The last entry that is.
    pub indexed_seq: i64,
    /// Its newest entry.
    pub last_seq: i64,
}

/// A message or note that holds the words of a search.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema, FromRow)]
pub struct Found {
    /// Where.
    pub conversation: ConversationId,
    /// The customer's name.
    pub contact: String,
    /// Its position.
    pub seq: i64,
    /// Who wrote it.
    pub author: String,
    /// The beginning of its text.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

pub(super) const TO_INDEX: &str = "SELECT workspace_id, id, indexed_seq, last_seq FROM conversations
     WHERE indexed_seq < last_seq ORDER BY waiting_since LIMIT $1";

/// Conversations whose newest entries are not in the index, customers who wait for longest first.
pub async fn to_index(tx: &mut Tx, limit: i64) -> Result<Vec<ToIndex>, DbError> {
    fetch_all!(tx, ToIndex, TO_INDEX, limit)
}

/// An entry that is not in the index.
#[derive(FromRow)]
struct Unread {
    conversation_id: ConversationId,
    seq: i64,
    body: Option<String>,
}

/// The entries of one conversation that one look puts into the index, as the statements read it.
#[derive(serde::Serialize)]
struct Read {
    id: ConversationId,
    from: i64,
    to: i64,
}

/// The words of an entry, as the statement reads them.
#[derive(serde::Serialize)]
struct Words {
    id: ConversationId,
    seq: i64,
    words: String,
}

/// Puts the next entries of a workspace's conversations into the index, in small units of work.
pub async fn index(db: &Db, workspace: WorkspaceId, conversations: &[ToIndex]) -> Result<(), DbError> {
    let theirs = conversations.iter().filter(|one| one.workspace_id == workspace);
    let mut marks: BTreeMap<ConversationId, ToIndex> = theirs.map(|one| (one.id, *one)).collect();
    let mut left = LOOK;
    while left > 0 {
        let next = next(&marks);
        if next.is_empty() {
            return Ok(());
        }
        let mut tx = db.read().await?;
        let sql = unread_sql(tx.engine());
        let unread = fetch_all!(tx, Unread, sql, workspace, JsonText(&next), BATCH)?;
        drop(tx);
        if unread.is_empty() {
            return Ok(());
        }
        left = left.saturating_sub(unread.len());
        index_some(db, workspace, &mut marks, &unread).await?;
        tokio::time::sleep(REST).await;
    }
    Ok(())
}

/// As many of the conversations as it takes for a unit of work: of any more, entries would be read in vain.
fn next(marks: &BTreeMap<ConversationId, ToIndex>) -> Vec<&ToIndex> {
    let mut entries = 0;
    let unread = marks.values().filter(|mark| mark.indexed_seq < mark.last_seq);
    unread
        .take_while(|mark| {
            let enough = entries >= BATCH;
            entries += mark.last_seq - mark.indexed_seq;
            !enough
        })
        .collect()
}

/// Whoever moves a conversation's mark first writes its words. They are taken apart before anything is held.
async fn index_some(
    db: &Db,
    workspace: WorkspaceId,
    marks: &mut BTreeMap<ConversationId, ToIndex>,
    unread: &[Unread],
) -> Result<(), DbError> {
    let newest: HashMap<ConversationId, i64> =
        unread.iter().map(|entry| (entry.conversation_id, entry.seq)).collect();
    let mut read = Vec::with_capacity(newest.len());
    for (id, to) in newest {
        if let Some(mark) = marks.get_mut(&id) {
            read.push(Read { id, from: std::mem::replace(&mut mark.indexed_seq, to), to });
        }
    }
    let mut words = words_of(db.engine(), unread);
    let mut tx = db.begin_by_keys().await?;
    let sql = move_sql(tx.engine());
    let moved = fetch_all!(tx, (ConversationId,), sql, workspace, JsonText(&read))?;
    let moved: HashSet<ConversationId> = moved.into_iter().map(|(id,)| id).collect();
    words.retain(|words| moved.contains(&words.id));
    if !words.is_empty() {
        match tx.engine() {
            Engine::Sqlite => execute!(tx, WRITE_SQLITE, token(workspace), JsonText(&words))?,
            Engine::Postgres => execute!(tx, WRITE_POSTGRES, workspace, JsonText(&words))?,
        };
    }
    tx.commit().await
}

/// The words of entries as an engine's index takes them; entries without any are left out.
fn words_of(engine: Engine, entries: &[Unread]) -> Vec<Words> {
    entries
        .iter()
        .filter_map(|entry| {
            let words = folded_words(entry.body.as_deref()?);
            let words = match engine {
                _ if words.is_empty() => return None,
                Engine::Sqlite => words.join(" "),
                Engine::Postgres => {
                    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
                }
            };
            Some(Words { id: entry.conversation_id, seq: entry.seq, words })
        })
        .collect()
}

/// Reads what is not in the index of the conversations of a list.
const fn unread_sql(engine: Engine) -> &'static str {
    const SQLITE: &str = "SELECT entries.conversation_id, entries.seq, entries.body
         FROM json_each($2) AS named
         CROSS JOIN entries ON entries.conversation_id = named.value ->> 'id'
           AND entries.seq > named.value ->> 'indexed_seq'
         WHERE entries.workspace_id = $1
         ORDER BY entries.conversation_id, entries.seq LIMIT $3";
    const POSTGRES: &str = "SELECT entries.conversation_id, entries.seq, entries.body
         FROM json_to_recordset(CAST($2 AS json)) AS named (id text, indexed_seq bigint)
         CROSS JOIN LATERAL (
             SELECT conversation_id, seq, body FROM entries
             WHERE conversation_id = named.id AND seq > named.indexed_seq AND workspace_id IS NOT DISTINCT FROM $1
             ORDER BY seq LIMIT $3) AS entries
         ORDER BY entries.conversation_id, entries.seq LIMIT $3";
    match engine {
        Engine::Sqlite => SQLITE,
        Engine::Postgres => POSTGRES,
    }
}

/// Moves the marks of the conversations of a list that nobody has moved meanwhile.
const fn move_sql(engine: Engine) -> &'static str {
    // The plus keeps SQLite from walking through the workspace by an index of it, the long word PostgreSQL.
    const SQLITE: &str = "UPDATE conversations SET indexed_seq = moved.upto
         FROM (SELECT value ->> 'id' AS id, value ->> 'from' AS since, value ->> 'to' AS upto
               FROM json_each($2)) AS moved
         WHERE +conversations.workspace_id = $1 AND conversations.id = moved.id
           AND conversations.indexed_seq = moved.since
         RETURNING conversations.id";
    const POSTGRES: &str = "UPDATE conversations SET indexed_seq = moved.\"to\"
         FROM json_to_recordset(CAST($2 AS json)) AS moved (\"id\" text, \"from\" bigint, \"to\" bigint)
         WHERE conversations.workspace_id IS NOT DISTINCT FROM $1 AND conversations.id = moved.id
           AND conversations.indexed_seq = moved.\"from\"
         RETURNING conversations.id";
    match engine {
        Engine::Sqlite => SQLITE,
        Engine::Postgres => POSTGRES,
    }
}

const WRITE_SQLITE: &str = "INSERT INTO entry_words (workspace, conversation, seq, words)
     SELECT $1, value ->> 'id', value ->> 'seq', value ->> 'words' FROM json_each($2)";

const WRITE_POSTGRES: &str = "INSERT INTO entry_words (workspace_id, conversation_id, seq, words)
     SELECT $1, id, seq, CAST(words AS TSVECTOR)
     FROM json_to_recordset(CAST($2 AS json)) AS written (id text, seq bigint, words text)";

/// What an engine is asked for the words of a search: all of them, the last one perhaps unfinished. Words
/// are letters and digits only, so quoting them makes them words and nothing else to both engines.
pub(super) fn question(tx: &Tx, workspace: WorkspaceId, q: &str) -> Option<String> {
    let mut words = folded_words(q);
    words.truncate(MAX_WORDS);
    let last = words.pop()?;
    Some(match tx.engine() {
        Engine::Sqlite => {
            let whole: String = words.iter().map(|word| format!("\"{word}\" AND ")).collect();
            format!("workspace : \"{}\" AND words : ({whole}\"{last}\" *)", token(workspace))
        }
        Engine::Postgres => {
            let whole: String = words.iter().map(|word| format!("'{word}' & ")).collect();
            format!("{whole}'{last}':*")
        }
    })
}

const FIND_SQLITE: &str = "SELECT entries.conversation_id AS conversation,
        COALESCE(contacts.name, 'Visitor ' || substr(contacts.id, 27)) AS contact,
        entries.seq, entries.author, entries.body AS text, entries.created_at AS at
     FROM (SELECT conversation, seq FROM entry_words WHERE entry_words MATCH $2 ORDER BY rowid DESC LIMIT $3) AS hits
     JOIN entries ON entries.conversation_id = hits.conversation AND entries.seq = hits.seq
     JOIN conversations ON conversations.id = entries.conversation_id
     JOIN contacts ON contacts.id = conversations.contact_id
     WHERE entries.workspace_id = $1
     ORDER BY entries.created_at DESC, entries.seq DESC";

const FIND_POSTGRES: &str = "SELECT entries.conversation_id AS conversation,
        COALESCE(contacts.name, 'Visitor ' || substr(contacts.id, 27)) AS contact,
        entries.seq, entries.author, entries.body AS text, entries.created_at AS at
     FROM entry_words
     JOIN entries ON entries.conversation_id = entry_words.conversation_id AND entries.seq = entry_words.seq
     JOIN conversations ON conversations.id = entries.conversation_id
     JOIN contacts ON contacts.id = conversations.contact_id
     WHERE entry_words.workspace_id = $1 AND entry_words.words @@ CAST(CAST($2 AS TEXT) AS TSQUERY)
     ORDER BY entries.created_at DESC, entries.seq DESC LIMIT $3";

/// Messages and notes that hold all words of a search, the newest first.
pub async fn find_messages(cx: &Cx, tx: &mut Tx, q: &str, limit: i64) -> Result<Vec<Found>, Error> {
    let Some(question) = question(tx, cx.workspace, q) else { return Ok(Vec::new()) };
    let sql = match tx.engine() {
        Engine::Sqlite => FIND_SQLITE,
        Engine::Postgres => FIND_POSTGRES,
    };
    let mut found: Vec<Found> = fetch_all!(tx, Found, sql, cx.workspace, &question, limit)?;
    for one in &mut found {
        one.text = model::preview(&one.text);
    }
    Ok(found)
}

/// A workspace's identifier as one word of the index.
fn token(workspace: WorkspaceId) -> String {
    workspace.to_string().replace('_', "").to_lowercase()
}
