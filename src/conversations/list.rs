//! Lists of conversations: the inbox and its views.

use std::collections::HashMap;

use crate::base::{ActorKind, ContactId, ConversationId, StaffId, Timestamp, WorkspaceId};
use crate::conversations::store::ConversationRow;
use crate::conversations::{Conversation, Error, get, model, words};
use crate::http::Cursor;
use crate::ports::db::{Engine, FromRow, JsonText, like_pattern};
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::ConversationSummary;
use crate::{fetch_all, fetch_optional};

crate::word_enum! {
    /// The inbox's views.
    pub enum View {
        /// Everything that is not resolved and not put away.
        Open = "open",
        /// Of these, what the caller looks after.
        Mine = "mine",
        /// Of these, what nobody looks after.
        Unassigned = "unassigned",
        /// Of these, where the customer waits for an answer.
        Waiting = "waiting",
        /// What is put away until a time.
        Snoozed = "snoozed",
        /// What is done.
        Resolved = "resolved",
        /// Everything.
        All = "all",
    }
}

/// Which conversations are wanted.
#[derive(Debug, Clone, Default, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListFilter {
    /// A view; `open` if absent.
    pub view: Option<View>,
    /// Only with this label.
    pub label: Option<String>,
    /// Only in this status.
    pub status: Option<String>,
    /// Only what this colleague looks after.
    pub assignee: Option<StaffId>,
    /// Only of this contact.
    pub contact: Option<ContactId>,
    /// Words in the title, the last message or the customer's name.
    pub q: Option<String>,
}

/// One row with what the reader has seen.
#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    conversation: ConversationRow,
    read_count: Option<i64>,
}

/// Lists conversations, the one with the newest event first; one more than `limit`, to show whether there
/// are more. Each comes with the time it is sorted by.
pub async fn list(
    cx: &Cx,
    tx: &mut Tx,
    filter: &ListFilter,
    limit: i64,
    after: Option<Cursor<ConversationId>>,
) -> Result<Vec<(Timestamp, ConversationSummary)>, Error> {
    let start = after.unwrap_or(Cursor { at: Timestamp::from_micros(i64::MAX), id: cx.entropy.id(cx.now) });
    let rows = fetch_rows(cx, tx, filter, limit + 1, start).await?;
    Ok(rows.into_iter().map(|row| (row.conversation.updated_at, summarise(row))).collect())
}

/// As [`list`], with the whole conversation and how much of it the caller has not read, and nothing more.
pub async fn page(
    cx: &Cx,
    tx: &mut Tx,
    filter: &ListFilter,
    limit: i64,
    start: Cursor<ConversationId>,
) -> Result<Vec<(Timestamp, Conversation, i64)>, Error> {
    let rows = fetch_rows(cx, tx, filter, limit, start).await?;
    let whole = |row: Row| {
        let (at, read) = (row.conversation.updated_at, row.read_count.unwrap_or(0));
        let conversation = Conversation::from(row.conversation);
        let unread = conversation.inbound_count - read;
        (at, conversation, unread)
    };
    Ok(rows.into_iter().map(whole).collect())
}

/// Since when these conversations are in their statuses.
pub async fn in_status_since(
    cx: &Cx,
    tx: &mut Tx,
    ids: &[ConversationId],
) -> Result<HashMap<ConversationId, Timestamp>, Error> {
    let sql = match tx.engine() {
        Engine::Sqlite => {
            "SELECT id, COALESCE(status_since, created_at) FROM conversations
             WHERE +workspace_id = $1 AND id IN (SELECT value FROM json_each($2))"
        }
        Engine::Postgres => {
            "SELECT id, COALESCE(status_since, created_at) FROM conversations
             WHERE workspace_id = $1 AND id IN (SELECT json_array_elements_text(CAST($2 AS JSON)))"
        }
    };
    let rows: Vec<(ConversationId, Timestamp)> =
        fetch_all!(tx, (ConversationId, Timestamp), sql, cx.workspace, &JsonText(ids.to_vec()))?;
    Ok(rows.into_iter().collect())
}

/// A conversation in one row of the inbox, as the caller sees it.
pub async fn summary(cx: &Cx, tx: &mut Tx, id: ConversationId) -> Result<ConversationSummary, Error> {
    let conversation = get(cx, tx, id).await?;
    let reader = model::reader_of(cx);
    let read: Option<(i64, i64)> = fetch_optional!(
        tx,
        (i64, i64),
        "SELECT inbound_count, outbound_count FROM read_marks
         WHERE workspace_id = $1 AND conversation_id = $2 AND reader = $3",
        cx.workspace,
        id,
        reader,
    )?;
    let (inbound, outbound) = read.unwrap_or((0, 0));
    let unread = match cx.actor.kind() {
        ActorKind::Contact => conversation.outbound_count - outbound,
        ActorKind::Staff | ActorKind::Agent | ActorKind::Rule | ActorKind::System => {
            conversation.inbound_count - inbound
        }
    };
    let mut summary = conversation.summarise(unread);
    if cx.actor.kind() == ActorKind::Contact {
        hide_from_contact(&mut summary);
    }
    Ok(summary)
}

/// Summaries for signals, which go to all staff: without anybody's unread count. Missing ones are left out.
pub async fn summaries(
    tx: &mut Tx,
    workspace: WorkspaceId,
    ids: &[ConversationId],
) -> Result<Vec<ConversationSummary>, Error> {
    let mut summaries = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(conversation) = super::store::find(tx, workspace, *id, None).await? {
            summaries.push(conversation.summarise(0));
        }
    }
    Ok(summaries)
}

/// What staff decided among themselves is not the customer's business.
fn hide_from_contact(summary: &mut ConversationSummary) {
    summary.labels.clear();
    summary.draft = None;
    summary.assignee = None;
    summary.snoozed_until = None;
    summary.stitch = None;
    summary.status = String::new();
    summary.last_seq = summary.last_public_seq;
}

fn summarise(row: Row) -> ConversationSummary {
    let read = row.read_count.unwrap_or(0);
    let conversation = Conversation::from(row.conversation);
    let unread = conversation.inbound_count - read;
    conversation.summarise(unread)
}

/// The rows of a list; `$found` gives the conversations whose messages hold the words that are looked for.
macro_rules! rows {
    ($found:literal) => {
        concat!(
            "SELECT conversations.id, conversations.workspace_id, conversations.contact_id,
                COALESCE(contacts.name, 'Visitor ' || substr(contacts.id, 27)) AS contact_name,
                title, status, owner, assignee_id,
                (SELECT string_agg(label, $11) FROM labels WHERE labels.conversation_id = conversations.id) AS labels,
                last_seq, last_public_seq, conversations.inbound_count, conversations.outbound_count,
                customer_seq, answered_seq, last_message_text, last_message_by, last_message_at, waiting_since,
                draft_hint, conversations.created_at, conversations.updated_at, resolved_at,
                snoozed_until, stitch, read_marks.inbound_count AS read_count
         FROM conversations
         JOIN contacts ON contacts.id = conversations.contact_id
         LEFT JOIN read_marks ON read_marks.conversation_id = conversations.id
              AND read_marks.workspace_id = $1 AND read_marks.reader = $5
         WHERE conversations.workspace_id = $1 AND (conversations.updated_at, conversations.id) < ($2, $3)
           AND CASE CAST($4 AS TEXT)
                   WHEN 'open' THEN resolved_at IS NULL AND snoozed_until IS NULL
                   WHEN 'mine' THEN resolved_at IS NULL AND snoozed_until IS NULL AND assignee_id = $5
                   WHEN 'unassigned' THEN resolved_at IS NULL AND snoozed_until IS NULL AND assignee_id IS NULL
                   WHEN 'waiting' THEN resolved_at IS NULL AND snoozed_until IS NULL AND waiting_since IS NOT NULL
                   WHEN 'snoozed' THEN snoozed_until IS NOT NULL
                   WHEN 'resolved' THEN resolved_at IS NOT NULL
                   ELSE TRUE END
           AND (CAST($6 AS TEXT) IS NULL OR EXISTS (
                   SELECT 1 FROM labels WHERE labels.conversation_id = conversations.id AND label = $6))
           AND (CAST($7 AS TEXT) IS NULL OR status = $7)
           AND (CAST($8 AS TEXT) IS NULL OR conversations.contact_id = $8)
           AND (CAST($12 AS TEXT) IS NULL OR assignee_id = $12)
           AND (CAST($9 AS TEXT) IS NULL
                OR lower(title) LIKE $9 ESCAPE '\\'
                OR lower(COALESCE(last_message_text, '')) LIKE $9 ESCAPE '\\'
                OR lower(COALESCE(contacts.name, '')) LIKE $9 ESCAPE '\\'
                OR conversations.id IN (",
            $found,
            "))
         ORDER BY conversations.updated_at DESC, conversations.id DESC
         LIMIT $10"
        )
    };
}

const ROWS_SQLITE: &str =
    rows!("SELECT conversation FROM entry_words WHERE entry_words MATCH $13 ORDER BY rowid DESC LIMIT 1000");

const ROWS_POSTGRES: &str = rows!(
    "SELECT conversation_id FROM entry_words
     WHERE workspace_id = $1 AND words @@ CAST(CAST($13 AS TEXT) AS TSQUERY) LIMIT 1000"
);

async fn fetch_rows(
    cx: &Cx,
    tx: &mut Tx,
    filter: &ListFilter,
    limit: i64,
    start: Cursor<ConversationId>,
) -> Result<Vec<Row>, DbError> {
    let view = filter.view.unwrap_or(View::Open);
    let me = model::staff_of(cx);
    let sql = match tx.engine() {
        Engine::Sqlite => ROWS_SQLITE,
        Engine::Postgres => ROWS_POSTGRES,
    };
    // Without words to look for the question is not asked, but it must be one.
    let question = filter.q.as_deref().and_then(|q| words::question(tx, cx.workspace, q));
    let question = question.unwrap_or_else(|| "nothing".to_owned());
    fetch_all!(
        tx,
        Row,
        sql,
        cx.workspace,
        start.at,
        start.id,
        view.as_str(),
        me,
        &filter.label,
        &filter.status,
        filter.contact,
        filter.q.as_deref().map(like_pattern),
        limit,
        "\n",
        filter.assignee,
        &question,
    )
}
