//! What rules read of conversations: which events wait for them, and the past in order.

use std::collections::HashMap;

use crate::base::{ActorKind, ContactId, ConversationId, Timestamp, WorkspaceId};
use crate::conversations::Error;
use crate::ports::db::{Engine, FromRow, JsonText};
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::Content;
use crate::{execute, fetch_all, fetch_optional};

/// A conversation with events that rules have not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct ForRules {
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// Which one.
    pub id: ConversationId,
}

/// An entry of the past, as far as rules care.
#[derive(Debug, Clone, FromRow)]
pub struct PastEntry {
    /// Where.
    pub conversation_id: ConversationId,
    /// Its position.
    pub seq: i64,
    /// Who did it.
    pub actor_kind: ActorKind,
    /// Its text.
    pub body: Option<String>,
    /// What happened.
    pub content: JsonText<Content>,
    /// When.
    pub created_at: Timestamp,
}

/// A conversation of the past.
#[derive(Debug, Clone, FromRow)]
pub struct PastConversation {
    /// Which one.
    pub id: ConversationId,
    /// Whose.
    pub contact_id: ContactId,
    /// When it began.
    pub created_at: Timestamp,
    /// The customer's name.
    pub name: Option<String>,
    /// Their e-mail address.
    pub email: Option<String>,
    /// Their telephone number.
    pub phone: Option<String>,
    /// Their language and region.
    pub locale: Option<String>,
    /// When they first came.
    pub known_since: Timestamp,
    /// Which of their conversations it is, 1 for the first.
    pub number: i64,
}

/// Conversations with events that rules have not looked at, the longest unseen first.
pub async fn for_rules(tx: &mut Tx, limit: i64) -> Result<Vec<ForRules>, DbError> {
    fetch_all!(
        tx,
        ForRules,
        "SELECT workspace_id, id FROM conversations WHERE rules_from IS NOT NULL ORDER BY updated_at LIMIT $1",
        limit,
    )
}

/// Since when a conversation is in its status, and the first entry that rules have not looked at.
pub async fn rules_state(
    cx: &Cx,
    tx: &mut Tx,
    id: ConversationId,
) -> Result<(Timestamp, Option<i64>), Error> {
    let row: Option<(Timestamp, Option<i64>)> = fetch_optional!(
        tx,
        (Timestamp, Option<i64>),
        "SELECT COALESCE(status_since, created_at), rules_from FROM conversations
         WHERE workspace_id = $1 AND id = $2",
        cx.workspace,
        id,
    )?;
    row.ok_or(Error::NotFound)
}

/// Notes that rules have looked at everything before an entry; `None`: at everything.
pub async fn set_rules_from(
    cx: &Cx,
    tx: &mut Tx,
    id: ConversationId,
    from: Option<i64>,
) -> Result<(), Error> {
    execute!(
        tx,
        "UPDATE conversations SET rules_from = $3 WHERE workspace_id = $1 AND id = $2",
        cx.workspace,
        id,
        from,
    )?;
    Ok(())
}

/// Notes that rules have looked at everything in the workspace: what was played as history is no news.
pub async fn skip_rules(cx: &Cx, tx: &mut Tx) -> Result<(), Error> {
    execute!(
        tx,
        "UPDATE conversations SET rules_from = NULL WHERE workspace_id = $1 AND rules_from IS NOT NULL",
        cx.workspace,
    )?;
    Ok(())
}

/// The open conversations of a contact, at most `limit`.
pub async fn open_of_contact(
    cx: &Cx,
    tx: &mut Tx,
    contact: ContactId,
    limit: i64,
) -> Result<Vec<ConversationId>, Error> {
    let rows: Vec<(ConversationId,)> = fetch_all!(
        tx,
        (ConversationId,),
        "SELECT id FROM conversations
         WHERE workspace_id = $1 AND contact_id = $2 AND resolved_at IS NULL ORDER BY created_at DESC LIMIT $3",
        cx.workspace,
        contact,
        limit,
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// How many conversations each of these contacts has had; those without any are left out.
pub async fn counts_of_contacts(
    cx: &Cx,
    tx: &mut Tx,
    contacts: &[ContactId],
) -> Result<HashMap<ContactId, i64>, Error> {
    let sql = match tx.engine() {
        Engine::Sqlite => {
            // The plus keeps SQLite from walking through the workspace by an index of it, here and elsewhere.
            "SELECT contact_id, COUNT(*) FROM conversations
             WHERE +workspace_id = $1 AND contact_id IN (SELECT value FROM json_each($2)) GROUP BY contact_id"
        }
        Engine::Postgres => {
            "SELECT contact_id, COUNT(*) FROM conversations
             WHERE workspace_id = $1 AND contact_id IN (SELECT json_array_elements_text(CAST($2 AS JSON)))
             GROUP BY contact_id"
        }
    };
    let rows: Vec<(ContactId, i64)> =
        fetch_all!(tx, (ContactId, i64), sql, cx.workspace, &JsonText(contacts.to_vec()))?;
    Ok(rows.into_iter().collect())
}

/// Conversations in which something happened since a time, after an identifier, in their order.
pub async fn past_conversations(
    cx: &Cx,
    tx: &mut Tx,
    since: Timestamp,
    after: &str,
    limit: i64,
) -> Result<Vec<PastConversation>, Error> {
    Ok(fetch_all!(
        tx,
        PastConversation,
        "SELECT conversations.id, contact_id, conversations.created_at, name, email, phone, locale,
             contacts.created_at AS known_since,
             (SELECT COUNT(*) FROM conversations AS others WHERE others.workspace_id = $1
                  AND others.contact_id = conversations.contact_id
                  AND others.created_at <= conversations.created_at) AS number
         FROM conversations JOIN contacts ON contacts.id = conversations.contact_id
         WHERE conversations.workspace_id = $1 AND updated_at >= $2 AND conversations.id > $3
         ORDER BY conversations.id LIMIT $4",
        cx.workspace,
        since,
        after,
        limit,
    )?)
}

/// The entries of conversations from one identifier to another that changed what rules can ask about, after
/// a place, in their order.
pub async fn past_entries(
    cx: &Cx,
    tx: &mut Tx,
    (from, to): (ConversationId, ConversationId),
    (conversation, seq): (&str, i64),
    limit: i64,
) -> Result<Vec<PastEntry>, Error> {
    Ok(fetch_all!(
        tx,
        PastEntry,
        "SELECT conversation_id, seq, actor_kind, body, content, created_at FROM entries
         WHERE workspace_id = $1 AND conversation_id >= $2 AND conversation_id <= $3
           AND (conversation_id, seq) > ($4, $5)
           AND kind IN ('message', 'field_changed', 'status_moved', 'draft_decided', 'resolved_changed', 'rated',
                        'labels_changed', 'owner_changed', 'assigned', 'hook_received')
         ORDER BY conversation_id, seq LIMIT $6",
        cx.workspace,
        from,
        to,
        conversation,
        seq,
        limit,
    )?)
}
