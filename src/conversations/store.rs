//! Conversations and their entries in the store.

use crate::base::{Actor, ActorKind, Audience, ContactId, ConversationId, StaffId, Timestamp, WorkspaceId};
use crate::conversations::{Conversation, model};
use crate::ports::bus::News;
use crate::ports::db::{Engine, FromRow, JsonText};
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::{ContactSummary, Content, DraftHint, Entry, LastMessage, Owner};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

/// What the inbox shows of a message that is only files.
const NO_WORDS: &str = "📎";

/// An entry to be appended.
pub(super) struct NewEntry {
    pub(super) audience: Audience,
    pub(super) body: Option<String>,
    pub(super) content: Content,
    pub(super) client_id: Option<String>,
}

/// A conversation whose row is held: nobody else can append until the transaction ends.
pub(super) struct Locked {
    pub(super) id: ConversationId,
    pub(super) contact_name: String,
    /// Who put it away, while it is away.
    pub(super) snoozed_by: Option<StaffId>,
}

/// What the next entry is counted from.
#[derive(FromRow)]
struct Counters {
    last_seq: i64,
    last_public_seq: i64,
    prev_public_seq: i64,
    inbound_count: i64,
    outbound_count: i64,
}

#[derive(FromRow)]
pub(super) struct ConversationRow {
    pub(super) id: ConversationId,
    workspace_id: WorkspaceId,
    contact_id: ContactId,
    contact_name: String,
    title: String,
    status: String,
    owner: Owner,
    assignee_id: Option<StaffId>,
    labels: Option<String>,
    last_seq: i64,
    last_public_seq: i64,
    pub(super) inbound_count: i64,
    outbound_count: i64,
    customer_seq: i64,
    answered_seq: i64,
    last_message_text: Option<String>,
    last_message_by: Option<ActorKind>,
    last_message_at: Option<Timestamp>,
    waiting_since: Option<Timestamp>,
    draft_hint: Option<JsonText<DraftHint>>,
    created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    resolved_at: Option<Timestamp>,
    snoozed_until: Option<Timestamp>,
    stitch: Option<String>,
}

impl From<ConversationRow> for Conversation {
    fn from(row: ConversationRow) -> Self {
        let labels = row.labels.unwrap_or_default();
        let mut labels: Vec<String> =
            labels.split('\n').filter(|label| !label.is_empty()).map(str::to_owned).collect();
        labels.sort();
        let last_message = match (row.last_message_text, row.last_message_by, row.last_message_at) {
            (Some(text), Some(by), Some(at)) => Some(LastMessage { text, by, at }),
            _ => None,
        };
        Conversation {
            id: row.id,
            workspace: row.workspace_id,
            contact: ContactSummary { id: row.contact_id, name: row.contact_name },
            title: row.title,
            status: row.status,
            owner: row.owner,
            assignee: row.assignee_id,
            labels,
            last_seq: row.last_seq,
            last_public_seq: row.last_public_seq,
            inbound_count: row.inbound_count,
            outbound_count: row.outbound_count,
            customer_seq: row.customer_seq,
            answered_seq: row.answered_seq,
            last_message,
            waiting_since: row.waiting_since,
            draft: row.draft_hint.map(|hint| hint.0),
            created_at: row.created_at,
            updated_at: row.updated_at,
            resolved_at: row.resolved_at,
            snoozed_until: row.snoozed_until,
            stitch: row.stitch,
        }
    }
}

#[derive(FromRow)]
pub(super) struct EntryRow {
    seq: i64,
    prev_public_seq: i64,
    audience: Audience,
    actor_kind: ActorKind,
    actor_id: Option<String>,
    author: String,
    body: Option<String>,
    content: JsonText<Content>,
    client_id: Option<String>,
    created_at: Timestamp,
}

impl EntryRow {
    /// The entry as this audience sees it: `prev` is the entry before it that they can see.
    fn into_entry(self, audience: Audience) -> Entry {
        let prev = match audience {
            Audience::Staff => self.seq - 1,
            Audience::Everyone => self.prev_public_seq,
        };
        Entry {
            seq: self.seq,
            prev,
            audience: self.audience,
            actor: Actor::from_columns(self.actor_kind, self.actor_id.as_deref()).unwrap_or(Actor::System),
            author: self.author,
            body: self.body,
            content: self.content.0,
            client_id: self.client_id,
            at: self.created_at,
        }
    }
}

pub(super) async fn insert(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    contact: ContactId,
    status: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO conversations (workspace_id, id, contact_id, title, status, owner, last_seq, last_public_seq,
             prev_public_seq, inbound_count, outbound_count, customer_seq, answered_seq, created_at, updated_at)
         VALUES ($1, $2, $3, '', $4, 'agent', 0, 0, 0, 0, 0, 0, 0, $5, $5)",
        workspace,
        id,
        contact,
        status,
        now,
    )?;
    Ok(())
}

pub(super) async fn open_of(
    tx: &mut Tx,
    workspace: WorkspaceId,
    contact: ContactId,
) -> Result<Option<ConversationId>, DbError> {
    let row: Option<(ConversationId,)> = fetch_optional!(
        tx,
        (ConversationId,),
        "SELECT id FROM conversations
         WHERE workspace_id = $1 AND contact_id = $2 AND resolved_at IS NULL
         ORDER BY created_at DESC, id DESC LIMIT 1",
        workspace,
        contact,
    )?;
    Ok(row.map(|(id,)| id))
}

/// Whether a contact has had one conversation only.
pub(super) async fn is_only(
    tx: &mut Tx,
    workspace: WorkspaceId,
    contact: ContactId,
) -> Result<bool, DbError> {
    let first = fetch_all!(
        tx,
        (ConversationId,),
        "SELECT id FROM conversations WHERE workspace_id = $1 AND contact_id = $2 ORDER BY created_at LIMIT 2",
        workspace,
        contact,
    )?;
    Ok(first.len() == 1)
}

const LOCK_SQLITE: &str = "SELECT conversations.id, contacts.name, conversations.snoozed_by
     FROM conversations JOIN contacts ON contacts.id = conversations.contact_id
     WHERE conversations.workspace_id = $1 AND conversations.id = $2
       AND (CAST($3 AS TEXT) IS NULL OR conversations.contact_id = $3)";

const LOCK_POSTGRES: &str = "SELECT conversations.id, contacts.name, conversations.snoozed_by
     FROM conversations JOIN contacts ON contacts.id = conversations.contact_id
     WHERE conversations.workspace_id = $1 AND conversations.id = $2
       AND (CAST($3 AS TEXT) IS NULL OR conversations.contact_id = $3)
     FOR UPDATE OF conversations";

/// Holds a conversation's row until the transaction ends. SQLite has one writer: the row is held already.
pub(super) async fn lock(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    contact: Option<ContactId>,
) -> Result<Option<Locked>, DbError> {
    let sql = match tx.engine() {
        Engine::Sqlite => LOCK_SQLITE,
        Engine::Postgres => LOCK_POSTGRES,
    };
    type Held = (ConversationId, Option<String>, Option<StaffId>);
    let row: Option<Held> = fetch_optional!(tx, Held, sql, workspace, id, contact)?;
    Ok(row.map(|(id, name, snoozed_by)| Locked { id, contact_name: name.unwrap_or_default(), snoozed_by }))
}

/// Appends an entry, moves the conversation's counters with it, and tells the news after the commit.
pub(super) async fn append(cx: &Cx, tx: &mut Tx, locked: &Locked, new: NewEntry) -> Result<Entry, DbError> {
    let Locked { id, contact_name, .. } = locked;
    let kind = cx.actor.kind();
    let message = new.content.is_message();
    let inbound = i64::from(message && model::is_inbound(kind));
    let outbound = i64::from(message && !model::is_inbound(kind));
    let public = i64::from(new.audience == Audience::Everyone);
    let shown = message.then(|| model::preview(new.body.as_deref().unwrap_or(NO_WORDS)));
    let counted: Counters = fetch_one!(
        tx,
        Counters,
        "UPDATE conversations
         SET last_seq = last_seq + 1,
             prev_public_seq = CASE WHEN $3 = 1 THEN last_public_seq ELSE prev_public_seq END,
             last_public_seq = CASE WHEN $3 = 1 THEN last_seq + 1 ELSE last_public_seq END,
             inbound_count = inbound_count + $4,
             outbound_count = outbound_count + $5,
             customer_seq = CASE WHEN $4 = 1 THEN last_seq + 1 ELSE customer_seq END,
             waiting_since = CASE WHEN $4 = 1 THEN COALESCE(waiting_since, $6)
                                  WHEN $5 = 1 THEN NULL ELSE waiting_since END,
             resolved_at = CASE WHEN $4 = 1 THEN NULL ELSE resolved_at END,
             last_message_text = COALESCE(CAST($7 AS TEXT), last_message_text),
             last_message_by = CASE WHEN CAST($7 AS TEXT) IS NULL THEN last_message_by ELSE $8 END,
             last_message_at = CASE WHEN CAST($7 AS TEXT) IS NULL THEN last_message_at ELSE $6 END,
             rules_from = CASE WHEN $10 = 1 THEN COALESCE(rules_from, last_seq + 1) ELSE rules_from END,
             title = CASE WHEN title = '' AND $4 = 1 THEN COALESCE(CAST($9 AS TEXT), title) ELSE title END,
             updated_at = $6
         WHERE workspace_id = $1 AND id = $2
         RETURNING last_seq, last_public_seq, prev_public_seq, inbound_count, outbound_count",
        cx.workspace,
        *id,
        public,
        inbound,
        outbound,
        cx.now,
        &shown,
        kind,
        shown.as_deref().map(first_title),
        i64::from(new.content.is_event()),
    )?;
    let seq = counted.last_seq;
    let prev_public = if public == 1 { counted.prev_public_seq } else { counted.last_public_seq };
    let author = match kind {
        ActorKind::Contact if cx.name.is_empty() => contact_name.clone(),
        _ => cx.name.clone(),
    };
    execute!(
        tx,
        "INSERT INTO entries (workspace_id, conversation_id, seq, prev_public_seq, kind, audience, actor_kind,
             actor_id, author, body, content, client_id, inbound_count, outbound_count, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        cx.workspace,
        *id,
        seq,
        prev_public,
        new.content.kind(),
        new.audience,
        kind,
        cx.actor.id_text(),
        &author,
        &new.body,
        JsonText(&new.content),
        &new.client_id,
        counted.inbound_count,
        counted.outbound_count,
        cx.now,
    )?;
    tx.count(metrics::counter!("concierge_entries_total", "kind" => new.content.kind()));
    let entry = Entry {
        seq,
        prev: seq - 1,
        audience: new.audience,
        actor: cx.actor,
        author,
        body: new.body,
        content: new.content,
        client_id: new.client_id,
        at: cx.now,
    };
    tx.tell(cx.workspace, News::Entry { conversation: *id, entry: entry.clone().into(), prev_public });
    Ok(entry)
}

/// Shows what was said where the inbox showed only that there is a recording.
pub(super) async fn show_transcript(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    of: i64,
    text: &str,
) -> Result<(), DbError> {
    let shown = model::preview(text);
    execute!(
        tx,
        "UPDATE conversations
         SET last_message_text = CASE WHEN last_message_text = $4 AND customer_seq = $3 THEN $5 ELSE last_message_text END,
             title = CASE WHEN title = $4 THEN $6 ELSE title END
         WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
        of,
        NO_WORDS,
        &shown,
        first_title(&shown),
    )?;
    Ok(())
}

/// A title from the first message: its first sentence that is more than a greeting, or its words.
pub(super) fn first_title(preview: &str) -> String {
    let says_something = |part: &&str| part.chars().count() > 8 && part.split_whitespace().count() > 2;
    let sentence = preview.split(['.', '!', '?', '\n']).find(says_something).unwrap_or(preview);
    let words: Vec<&str> = sentence.split_whitespace().take(9).collect();
    words.join(" ").chars().take(60).collect()
}

pub(super) async fn find(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    contact: Option<ContactId>,
) -> Result<Option<Conversation>, DbError> {
    let row = fetch_optional!(
        tx,
        ConversationRow,
        "SELECT conversations.id, conversations.workspace_id, conversations.contact_id,
                COALESCE(contacts.name, 'Visitor ' || substr(contacts.id, 27)) AS contact_name,
                title, status, owner, assignee_id,
                (SELECT string_agg(label, $4) FROM labels WHERE labels.conversation_id = conversations.id) AS labels,
                last_seq, last_public_seq, inbound_count, outbound_count, customer_seq, answered_seq,
                last_message_text, last_message_by, last_message_at, waiting_since, draft_hint,
                conversations.created_at, updated_at, resolved_at, snoozed_until, stitch
         FROM conversations JOIN contacts ON contacts.id = conversations.contact_id
         WHERE conversations.workspace_id = $1 AND conversations.id = $2
           AND (CAST($3 AS TEXT) IS NULL OR conversations.contact_id = $3)",
        workspace,
        id,
        contact,
        "\n",
    )?;
    Ok(row.map(Conversation::from))
}

/// Entries after `after` that this audience may see, oldest first.
pub(super) async fn entries_after(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    audience: Audience,
    after: i64,
    limit: i64,
) -> Result<Vec<Entry>, DbError> {
    let rows = fetch_all!(
        tx,
        EntryRow,
        "SELECT seq, prev_public_seq, audience, actor_kind, actor_id, author, body, content, client_id, created_at
         FROM entries
         WHERE workspace_id = $1 AND conversation_id = $2 AND seq > $3 AND (audience = 'everyone' OR $4 = 'staff')
         ORDER BY seq LIMIT $5",
        workspace,
        id,
        after,
        audience,
        limit,
    )?;
    Ok(rows.into_iter().map(|row| row.into_entry(audience)).collect())
}

/// Entries after `after` as staff see them, each with the entry before it that everyone may see.
pub(super) async fn raw_entries_after(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    after: i64,
    limit: i64,
) -> Result<Vec<(Entry, i64)>, DbError> {
    let rows = fetch_all!(
        tx,
        EntryRow,
        "SELECT seq, prev_public_seq, audience, actor_kind, actor_id, author, body, content, client_id, created_at
         FROM entries
         WHERE workspace_id = $1 AND conversation_id = $2 AND seq > $3
         ORDER BY seq LIMIT $4",
        workspace,
        id,
        after,
        limit,
    )?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let prev_public = row.prev_public_seq;
            (row.into_entry(Audience::Staff), prev_public)
        })
        .collect())
}

/// The newest messages, oldest first.
pub(super) async fn recent_messages(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ConversationId,
    limit: i64,
) -> Result<Vec<Entry>, DbError> {
    let mut rows = fetch_all!(
        tx,
        EntryRow,
        "SELECT seq, prev_public_seq, audience, actor_kind, actor_id, author, body, content, client_id, created_at
         FROM entries
         WHERE workspace_id = $1 AND conversation_id = $2 AND kind = 'message'
         ORDER BY seq DESC LIMIT $3",
        workspace,
        id,
        limit,
    )?;
    rows.reverse();
    Ok(rows.into_iter().map(|row| row.into_entry(Audience::Staff)).collect())
}
