//! The words of messages and notes: what the search of the inbox looks in.
//!
//! `indexed_seq` against `last_seq` is the durable queue: a sweep reads what is not in the index yet, so that
//! posting pays nothing for it, and what was written before there was an index is read as well.

use crate::base::{ConversationId, Timestamp, WorkspaceId};
use crate::conversations::{Error, model, store};
use crate::knowledge::folded_words;
use crate::ports::db::{Engine, FromRow};
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::Entry;
use crate::{execute, fetch_all, fetch_optional};

/// Entries that one look puts into the index.
const BATCH: i64 = 200;

/// Most words of a search.
const MAX_WORDS: usize = 12;

/// A conversation with entries that are not in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct ToIndex {
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// Which one.
    pub id: ConversationId,
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

/// Conversations whose newest entries are not in the index, the longest unread first.
pub async fn to_index(tx: &mut Tx, limit: i64) -> Result<Vec<ToIndex>, DbError> {
    fetch_all!(
        tx,
        ToIndex,
        "SELECT workspace_id, id FROM conversations WHERE indexed_seq < last_seq ORDER BY updated_at LIMIT $1",
        limit,
    )
}

/// Puts a conversation's next entries into the index.
pub async fn index(cx: &Cx, tx: &mut Tx, id: ConversationId) -> Result<(), Error> {
    let from: Option<(i64,)> = fetch_optional!(
        tx,
        (i64,),
        "SELECT indexed_seq FROM conversations WHERE workspace_id = $1 AND id = $2",
        cx.workspace,
        id,
    )?;
    let Some((from,)) = from else { return Ok(()) };
    let entries = store::raw_entries_after(tx, cx.workspace, id, from, BATCH).await?;
    let Some(to) = entries.last().map(|(entry, _)| entry.seq) else { return Ok(()) };
    // Whoever moved the mark first writes the words.
    let moved = execute!(
        tx,
        "UPDATE conversations SET indexed_seq = $4 WHERE workspace_id = $1 AND id = $2 AND indexed_seq = $3",
        cx.workspace,
        id,
        from,
        to,
    )?;
    if moved == 1 {
        for (entry, _) in &entries {
            insert(cx, tx, id, entry).await?;
        }
    }
    Ok(())
}

async fn insert(cx: &Cx, tx: &mut Tx, id: ConversationId, entry: &Entry) -> Result<(), DbError> {
    let words = folded_words(entry.body.as_deref().unwrap_or_default());
    if words.is_empty() {
        return Ok(());
    }
    match tx.engine() {
        Engine::Sqlite => execute!(
            tx,
            "INSERT INTO entry_words (workspace, conversation, seq, words) VALUES ($1, $2, $3, $4)",
            token(cx.workspace),
            id,
            entry.seq,
            words.join(" "),
        )?,
        Engine::Postgres => execute!(
            tx,
            "INSERT INTO entry_words (workspace_id, conversation_id, seq, words)
             VALUES ($1, $2, $3, CAST(CAST($4 AS TEXT) AS TSVECTOR))",
            cx.workspace,
            id,
            entry.seq,
            words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
        )?,
    };
    Ok(())
}

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
