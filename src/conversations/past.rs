//! Past conversations as material: what was said in many of them at once, and what became of them.

use std::collections::BTreeMap;

use crate::base::{ConversationId, Timestamp, WorkspaceId};
use crate::conversations::Error;
use crate::http::Cursor;
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::Content;
use crate::{fetch_all, fetch_one};

/// What was said in one conversation.
#[derive(Debug, Clone)]
pub struct SaidIn {
    /// Which one.
    pub id: ConversationId,
    /// What it is about.
    pub title: String,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The messages, oldest first.
    pub said: Vec<Said>,
}

/// A message of the past.
#[derive(Debug, Clone)]
pub struct Said {
    /// Its number.
    pub seq: i64,
    /// Whether the customer said it.
    pub by_customer: bool,
    /// Its text.
    pub text: String,
    /// When it was said.
    pub at: Timestamp,
}

/// A move in the past.
#[derive(Debug, Clone)]
pub struct Happening {
    /// Where.
    pub conversation: ConversationId,
    /// What happened.
    pub content: Content,
    /// When.
    pub at: Timestamp,
}

#[derive(FromRow)]
struct HeadRow {
    id: ConversationId,
    title: String,
    updated_at: Timestamp,
}

#[derive(FromRow)]
struct SaidRow {
    conversation_id: ConversationId,
    seq: i64,
    actor_kind: crate::base::ActorKind,
    body: Option<String>,
    created_at: Timestamp,
}

/// The conversations before a cursor, the newest first: each with its title and when it last changed.
pub async fn heads(
    cx: &Cx,
    tx: &mut Tx,
    start: Cursor<ConversationId>,
    limit: i64,
) -> Result<Vec<(ConversationId, String, Timestamp)>, Error> {
    let rows = fetch_all!(
        tx,
        (ConversationId, String, Timestamp),
        "SELECT id, title, updated_at FROM conversations
         WHERE workspace_id = $1 AND (updated_at, id) < ($2, $3)
         ORDER BY updated_at DESC, id DESC LIMIT $4",
        cx.workspace,
        start.at,
        start.id,
        limit,
    )?;
    Ok(rows)
}

/// The conversations before a cursor, the newest first, with what was said in them: two questions to the
/// store, however many they are.
pub async fn past(
    cx: &Cx,
    tx: &mut Tx,
    start: Cursor<ConversationId>,
    limit: i64,
) -> Result<Vec<SaidIn>, Error> {
    let heads = fetch_all!(
        tx,
        HeadRow,
        "SELECT id, title, updated_at FROM conversations
         WHERE workspace_id = $1 AND (updated_at, id) < ($2, $3)
         ORDER BY updated_at DESC, id DESC LIMIT $4",
        cx.workspace,
        start.at,
        start.id,
        limit,
    )?;
    let mut said = said_in(tx, cx.workspace, start, limit).await?;
    let past = heads.into_iter().map(|HeadRow { id, title, updated_at }| SaidIn {
        id,
        title,
        updated_at,
        said: said.remove(&id).unwrap_or_default(),
    });
    Ok(past.collect())
}

async fn said_in(
    tx: &mut Tx,
    workspace: WorkspaceId,
    start: Cursor<ConversationId>,
    limit: i64,
) -> Result<BTreeMap<ConversationId, Vec<Said>>, DbError> {
    let rows = fetch_all!(
        tx,
        SaidRow,
        "SELECT conversation_id, seq, actor_kind, body, created_at FROM entries
         WHERE workspace_id = $1 AND kind = 'message' AND body IS NOT NULL AND conversation_id IN (
             SELECT id FROM conversations WHERE workspace_id = $1 AND (updated_at, id) < ($2, $3)
             ORDER BY updated_at DESC, id DESC LIMIT $4)
         ORDER BY conversation_id, seq",
        workspace,
        start.at,
        start.id,
        limit,
    )?;
    let mut said: BTreeMap<ConversationId, Vec<Said>> = BTreeMap::new();
    for row in rows {
        let Some(text) = row.body else { continue };
        let by_customer = row.actor_kind == crate::base::ActorKind::Contact;
        let one = Said { seq: row.seq, by_customer, text, at: row.created_at };
        said.entry(row.conversation_id).or_default().push(one);
    }
    Ok(said)
}

/// How many conversations the workspace has.
pub async fn count(cx: &Cx, tx: &mut Tx) -> Result<i64, Error> {
    let (count,) =
        fetch_one!(tx, (i64,), "SELECT COUNT(*) FROM conversations WHERE workspace_id = $1", cx.workspace,)?;
    Ok(count)
}

/// How many conversations stand in each status, and how many of them are not resolved.
pub async fn count_by_status(cx: &Cx, tx: &mut Tx) -> Result<BTreeMap<String, (i64, i64)>, Error> {
    let rows = fetch_all!(
        tx,
        (String, i64, i64),
        "SELECT status, COUNT(*), COUNT(CASE WHEN resolved_at IS NULL THEN 1 END)
         FROM conversations WHERE workspace_id = $1 GROUP BY status",
        cx.workspace,
    )?;
    Ok(rows.into_iter().map(|(status, all, open)| (status, (all, open))).collect())
}

/// When each conversation began that was begun since a time.
pub async fn begun_since(
    cx: &Cx,
    tx: &mut Tx,
    since: Timestamp,
) -> Result<BTreeMap<ConversationId, Timestamp>, Error> {
    let rows = fetch_all!(
        tx,
        (ConversationId, Timestamp),
        "SELECT id, created_at FROM conversations WHERE workspace_id = $1 AND created_at >= $2
         ORDER BY created_at DESC LIMIT 100000",
        cx.workspace,
        since,
    )?;
    Ok(rows.into_iter().collect())
}

/// The entries of a kind since a time, in the order of each conversation; by staff only if so wanted.
pub async fn entries_of_kind(
    cx: &Cx,
    tx: &mut Tx,
    kind: &str,
    since: Timestamp,
    staff_only: bool,
) -> Result<Vec<Happening>, Error> {
    #[derive(FromRow)]
    struct Row {
        conversation_id: ConversationId,
        content: JsonText<Content>,
        created_at: Timestamp,
    }
    let actor = if staff_only { "staff" } else { "any" };
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT conversation_id, content, created_at FROM entries
         WHERE workspace_id = $1 AND kind = $2 AND created_at >= $3 AND (actor_kind = $4 OR $4 = 'any')
         ORDER BY conversation_id, seq LIMIT 100000",
        cx.workspace,
        kind,
        since,
        actor,
    )?;
    let entries = rows.into_iter().map(|row| Happening {
        conversation: row.conversation_id,
        content: row.content.0,
        at: row.created_at,
    });
    Ok(entries.collect())
}
