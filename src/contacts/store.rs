//! Contacts in the store.

use crate::base::{ContactId, Timestamp, WorkspaceId};
use crate::contacts::{Change, Contact, ContactFilter};
use crate::http::Cursor;
use crate::ports::db::{Engine, FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::{execute, fetch_all, fetch_optional};

#[derive(FromRow)]
struct Row {
    id: ContactId,
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    locale: Option<String>,
    note: Option<String>,
    created_at: Timestamp,
    last_seen_at: Option<Timestamp>,
}

impl From<Row> for Contact {
    fn from(row: Row) -> Self {
        let Row { id, name, email, phone, locale, note, created_at, last_seen_at } = row;
        Contact { id, name, email, phone, locale, note, created_at, last_seen_at }
    }
}

pub(super) async fn insert(tx: &mut Tx, workspace: WorkspaceId, contact: &Contact) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO contacts (workspace_id, id, name, email, phone, locale, note, created_at, last_seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        workspace,
        contact.id,
        &contact.name,
        &contact.email,
        &contact.phone,
        &contact.locale,
        &contact.note,
        contact.created_at,
        contact.last_seen_at,
    )?;
    Ok(())
}

pub(super) async fn update(
    tx: &mut Tx,
    workspace: WorkspaceId,
    contact: &Contact,
    change: Change,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE contacts SET name = $3, email = $4, phone = $5, locale = $6, note = $7, rules_due = 1,
             rules_change = TRIM(COALESCE(rules_change, '') || ' ' || $8)
         WHERE workspace_id = $1 AND id = $2",
        workspace,
        contact.id,
        &contact.name,
        &contact.email,
        &contact.phone,
        &contact.locale,
        &contact.note,
        change.as_str(),
    )?;
    Ok(())
}

/// Notes that rules are to look at something that happened to a contact.
pub(super) async fn set_due(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ContactId,
    change: Change,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE contacts SET rules_due = 1, rules_change = TRIM(COALESCE(rules_change, '') || ' ' || $3)
         WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
        change.as_str(),
    )?;
    Ok(())
}

pub(super) async fn set_last_seen(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ContactId,
    at: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE contacts SET last_seen_at = $3 WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
        at
    )?;
    Ok(())
}

pub(super) async fn find(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ContactId,
) -> Result<Option<Contact>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, name, email, phone, locale, note, created_at, last_seen_at
         FROM contacts WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
    )?;
    Ok(row.map(Contact::from))
}

/// The contact with one of these addresses who was here last.
pub(super) async fn known_as(
    tx: &mut Tx,
    workspace: WorkspaceId,
    email: Option<&str>,
    phone: Option<&str>,
) -> Result<Option<ContactId>, DbError> {
    let row: Option<(ContactId,)> = fetch_optional!(
        tx,
        (ContactId,),
        "SELECT id FROM contacts
         WHERE workspace_id = $1
           AND (lower(email) = lower(CAST($2 AS TEXT)) OR phone = CAST($3 AS TEXT))
         ORDER BY last_seen_at DESC NULLS LAST, id LIMIT 1",
        workspace,
        email,
        phone,
    )?;
    Ok(row.map(|(id,)| id))
}

/// Contacts by their identifiers, in no order; those that are gone are left out.
pub(super) async fn find_all(
    tx: &mut Tx,
    workspace: WorkspaceId,
    ids: &[ContactId],
) -> Result<Vec<Contact>, DbError> {
    let sql = match tx.engine() {
        Engine::Sqlite => {
            "SELECT id, name, email, phone, locale, note, created_at, last_seen_at FROM contacts
             WHERE +workspace_id = $1 AND id IN (SELECT value FROM json_each($2))"
        }
        Engine::Postgres => {
            "SELECT id, name, email, phone, locale, note, created_at, last_seen_at FROM contacts
             WHERE workspace_id = $1 AND id IN (SELECT json_array_elements_text(CAST($2 AS JSON)))"
        }
    };
    let rows = fetch_all!(tx, Row, sql, workspace, &JsonText(ids.to_vec()))?;
    Ok(rows.into_iter().map(Contact::from).collect())
}

/// Contacts before `start` in the order newest first.
pub(super) async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    filter: &ContactFilter,
    limit: i64,
    start: Cursor<ContactId>,
) -> Result<Vec<Contact>, DbError> {
    let pattern = filter.q.as_deref().map(crate::ports::db::like_pattern);
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, name, email, phone, locale, note, created_at, last_seen_at
         FROM contacts
         WHERE workspace_id = $1 AND (created_at, id) < ($2, $3)
           AND (CAST($4 AS TEXT) IS NULL
                OR lower(COALESCE(name, '')) LIKE $4 ESCAPE '\\'
                OR lower(COALESCE(email, '')) LIKE $4 ESCAPE '\\'
                OR COALESCE(phone, '') LIKE $4 ESCAPE '\\')
         ORDER BY created_at DESC, id DESC
         LIMIT $5",
        workspace,
        start.at,
        start.id,
        pattern,
        limit,
    )?;
    Ok(rows.into_iter().map(Contact::from).collect())
}

/// Contacts that changed since rules looked. Serves all workspaces.
pub(super) async fn changed(tx: &mut Tx, limit: i64) -> Result<Vec<(WorkspaceId, ContactId)>, DbError> {
    fetch_all!(
        tx,
        (WorkspaceId, ContactId),
        "SELECT workspace_id, id FROM contacts WHERE rules_due IS NOT NULL LIMIT $1",
        limit,
    )
}

/// Notes that rules look at what happened; says what did, each once, unless somebody looked before.
pub(super) async fn take_changes(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ContactId,
) -> Result<Vec<Change>, DbError> {
    let row: Option<(Option<String>,)> = fetch_optional!(
        tx,
        (Option<String>,),
        "SELECT rules_change FROM contacts WHERE workspace_id = $1 AND id = $2 AND rules_due IS NOT NULL",
        workspace,
        id,
    )?;
    let Some((words,)) = row else { return Ok(Vec::new()) };
    let rows = execute!(
        tx,
        "UPDATE contacts SET rules_due = NULL, rules_change = NULL
         WHERE workspace_id = $1 AND id = $2 AND rules_due IS NOT NULL
           AND COALESCE(rules_change, '') = COALESCE(CAST($3 AS TEXT), '')",
        workspace,
        id,
        &words,
    )?;
    if rows == 0 {
        return Ok(Vec::new());
    }
    // What was noted before this column was there is a plain change.
    let words = words.unwrap_or_else(|| Change::Changed.to_string());
    let happened = |change: &&Change| words.split_whitespace().any(|word| word == change.as_str());
    Ok(Change::ALL.iter().filter(happened).copied().collect())
}

/// Notes that rules have looked at every contact.
pub(super) async fn skip_changes(tx: &mut Tx, workspace: WorkspaceId) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE contacts SET rules_due = NULL, rules_change = NULL
         WHERE workspace_id = $1 AND rules_due IS NOT NULL",
        workspace,
    )?;
    Ok(())
}
