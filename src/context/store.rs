//! Records and their fields in the store.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::base::{ConversationId, RecordId, Timestamp, WorkspaceId};
use crate::context::Beside;
use crate::context::model::{State, States};
use crate::http::Cursor;
use crate::ports::db::{Engine, FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::protocol::FieldOrigin;
use crate::{execute, fetch_all};

#[derive(FromRow)]
struct Row {
    record_id: RecordId,
    field: String,
    value: Option<JsonText<Value>>,
    confidence: f64,
    origin: FieldOrigin,
    evidence: Option<String>,
    evidence_seq: Option<i64>,
    locked_at: Option<Timestamp>,
    proposal: Option<JsonText<Beside>>,
    revision: i64,
}

/// Everything stored of a conversation, by record and field.
pub(super) async fn states(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversation: ConversationId,
) -> Result<BTreeMap<RecordId, States>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT record_id, field, value, confidence, origin, evidence, evidence_seq, locked_at, proposal, revision
         FROM record_fields JOIN records ON records.id = record_fields.record_id
         WHERE records.workspace_id = $1 AND records.conversation_id = $2",
        workspace,
        conversation,
    )?;
    Ok(by_record(rows))
}

/// What is stored under a schema's key of the conversations before a cursor, by record and field.
pub(super) async fn states_of_key(
    tx: &mut Tx,
    workspace: WorkspaceId,
    key: &str,
    start: Cursor<ConversationId>,
    limit: i64,
) -> Result<BTreeMap<RecordId, States>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT record_id, field, value, confidence, origin, evidence, evidence_seq, locked_at, proposal, revision
         FROM record_fields JOIN records ON records.id = record_fields.record_id
         WHERE records.workspace_id = $1 AND records.schema_key = $2 AND records.conversation_id IN (
             SELECT id FROM conversations WHERE workspace_id = $1 AND (updated_at, id) < ($3, $4)
             ORDER BY updated_at DESC, id DESC LIMIT $5)",
        workspace,
        key,
        start.at,
        start.id,
        limit,
    )?;
    Ok(by_record(rows))
}

/// Everything stored of these conversations, by record and field.
pub(super) async fn states_of(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversations: &[ConversationId],
) -> Result<BTreeMap<RecordId, States>, DbError> {
    let sql = match tx.engine() {
        Engine::Sqlite => {
            "SELECT record_id, field, value, confidence, origin, evidence, evidence_seq, locked_at, proposal, revision
             FROM record_fields JOIN records ON records.id = record_fields.record_id
             WHERE records.workspace_id = $1 AND records.conversation_id IN (SELECT value FROM json_each($2))"
        }
        Engine::Postgres => {
            "SELECT record_id, field, value, confidence, origin, evidence, evidence_seq, locked_at, proposal, revision
             FROM record_fields JOIN records ON records.id = record_fields.record_id
             WHERE records.workspace_id = $1
                 AND records.conversation_id IN (SELECT json_array_elements_text(CAST($2 AS JSON)))"
        }
    };
    let rows = fetch_all!(tx, Row, sql, workspace, &JsonText(conversations.to_vec()))?;
    Ok(by_record(rows))
}

/// How many records have each field, and in how many of these a person said it; of the conversations that
/// were begun since a time.
pub(super) async fn count_fields(
    tx: &mut Tx,
    workspace: WorkspaceId,
    key: &str,
    since: Timestamp,
) -> Result<BTreeMap<String, (i64, i64)>, DbError> {
    let rows = fetch_all!(
        tx,
        (String, i64, i64),
        "SELECT field, COUNT(value), COUNT(CASE WHEN value IS NOT NULL AND origin = 'person' THEN 1 END)
         FROM record_fields JOIN records ON records.id = record_fields.record_id
         JOIN conversations ON conversations.id = records.conversation_id
         WHERE records.workspace_id = $1 AND records.schema_key = $2 AND conversations.created_at >= $3
         GROUP BY field",
        workspace,
        key,
        since,
    )?;
    Ok(rows.into_iter().map(|(field, known, by_person)| (field, (known, by_person))).collect())
}

fn by_record(rows: Vec<Row>) -> BTreeMap<RecordId, States> {
    let mut records: BTreeMap<RecordId, States> = BTreeMap::new();
    for row in rows {
        let state = State {
            value: row.value.map(|value| value.0),
            confidence: row.confidence,
            origin: row.origin,
            evidence: row.evidence,
            evidence_seq: row.evidence_seq,
            locked_at: row.locked_at,
            proposal: row.proposal.map(|proposal| proposal.0),
            revision: row.revision,
        };
        records.entry(row.record_id).or_default().insert(row.field, state);
    }
    records
}

/// Adds a record unless it is there.
pub(super) async fn insert_record(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: RecordId,
    conversation: ConversationId,
    schema_key: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO records (workspace_id, id, conversation_id, schema_key, created_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING",
        workspace,
        id,
        conversation,
        schema_key,
        now,
    )?;
    Ok(())
}

/// Writes a field if it still is at the revision it was read at; says whether it was.
pub(super) async fn save(
    tx: &mut Tx,
    workspace: WorkspaceId,
    record: RecordId,
    field: &str,
    state: &State,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO record_fields
             (workspace_id, record_id, field, value, confidence, origin, evidence, evidence_seq, locked_at,
              proposal, revision, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 + 1, $12)
         ON CONFLICT (record_id, field) DO UPDATE
         SET value = excluded.value, confidence = excluded.confidence, origin = excluded.origin,
             evidence = excluded.evidence, evidence_seq = excluded.evidence_seq,
             locked_at = excluded.locked_at, proposal = excluded.proposal,
             revision = excluded.revision, updated_at = excluded.updated_at
         WHERE record_fields.workspace_id = $1 AND record_fields.revision = $11",
        workspace,
        record,
        field,
        state.value.as_ref().map(JsonText),
        state.confidence,
        state.origin,
        &state.evidence,
        state.evidence_seq,
        state.locked_at,
        state.proposal.as_ref().map(JsonText),
        state.revision,
        now,
    )?;
    Ok(rows == 1)
}
