//! Gaps in the store.

use std::collections::BTreeSet;

use crate::base::{ConversationId, DocumentId, GapId, Timestamp, WorkspaceId};
use crate::knowledge::gaps::{Example, Gap, Known};
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

/// Gaps that are listed at most.
const LISTED: i64 = 200;

/// Examples that are shown of one gap.
const EXAMPLES: i64 = 20;

pub(super) async fn is_noted(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversation: ConversationId,
    seq: i64,
) -> Result<bool, DbError> {
    let row = fetch_optional!(
        tx,
        (i64,),
        "SELECT seq FROM gap_examples WHERE workspace_id = $1 AND conversation_id = $2 AND seq = $3 LIMIT 1",
        workspace,
        conversation,
        seq,
    )?;
    Ok(row.is_some())
}

#[derive(FromRow)]
struct KnownRow {
    id: GapId,
    words: String,
    vector: Option<JsonText<Vec<f32>>>,
}

/// The gaps that were asked last, as they are compared.
pub(super) async fn known(tx: &mut Tx, workspace: WorkspaceId, limit: i64) -> Result<Vec<Known>, DbError> {
    let rows = fetch_all!(
        tx,
        KnownRow,
        "SELECT id, words, vector FROM gaps WHERE workspace_id = $1 ORDER BY last_at DESC, id DESC LIMIT $2",
        workspace,
        limit,
    )?;
    Ok(rows
        .into_iter()
        .map(|row| Known {
            id: row.id,
            words: row.words.split(' ').map(str::to_owned).collect(),
            vector: row.vector.map(|vector| vector.0),
        })
        .collect())
}

pub(super) async fn insert(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: GapId,
    question: &str,
    words: &BTreeSet<String>,
    vector: Option<&[f32]>,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO gaps (workspace_id, id, question, words, vector, asked, first_at, last_at)
         VALUES ($1, $2, $3, $4, $5, 1, $6, $6)",
        workspace,
        id,
        question,
        words.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
        vector.map(JsonText),
        now,
    )?;
    Ok(())
}

/// Counts another time that a gap was asked, and opens it if it was closed.
pub(super) async fn ask_again(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: GapId,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE gaps SET asked = asked + 1, last_at = $3, closed_at = NULL, closed_by = NULL
         WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
        now,
    )?;
    Ok(())
}

pub(super) async fn insert_example(
    tx: &mut Tx,
    workspace: WorkspaceId,
    gap: GapId,
    example: &Example,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO gap_examples (workspace_id, gap_id, conversation_id, seq, text, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        workspace,
        gap,
        example.conversation,
        example.seq,
        &example.text,
        example.at,
    )?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    id: GapId,
    question: String,
    asked: i64,
    first_at: Timestamp,
    last_at: Timestamp,
    closed_at: Option<Timestamp>,
    closed_by: Option<String>,
    document_id: Option<DocumentId>,
}

impl From<Row> for Gap {
    fn from(row: Row) -> Self {
        Gap {
            id: row.id,
            question: row.question,
            asked: row.asked,
            first_at: row.first_at,
            last_at: row.last_at,
            closed_at: row.closed_at,
            closed_by: row.closed_by,
            document: row.document_id,
        }
    }
}

pub(super) async fn list(tx: &mut Tx, workspace: WorkspaceId, closed: bool) -> Result<Vec<Gap>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, question, asked, first_at, last_at, closed_at, closed_by, document_id FROM gaps
         WHERE workspace_id = $1 AND (closed_at IS NOT NULL) = $2
         ORDER BY asked DESC, last_at DESC, id DESC LIMIT $3",
        workspace,
        closed,
        LISTED,
    )?;
    Ok(rows.into_iter().map(Gap::from).collect())
}

pub(super) async fn count_open(tx: &mut Tx, workspace: WorkspaceId) -> Result<i64, DbError> {
    let (count,) = fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM gaps WHERE workspace_id = $1 AND closed_at IS NULL",
        workspace,
    )?;
    Ok(count)
}

pub(super) async fn find(tx: &mut Tx, workspace: WorkspaceId, id: GapId) -> Result<Option<Gap>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, question, asked, first_at, last_at, closed_at, closed_by, document_id FROM gaps
         WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
    )?;
    Ok(row.map(Gap::from))
}

#[derive(FromRow)]
struct ExampleRow {
    conversation_id: ConversationId,
    seq: i64,
    text: String,
    created_at: Timestamp,
}

pub(super) async fn examples(
    tx: &mut Tx,
    workspace: WorkspaceId,
    gap: GapId,
) -> Result<Vec<Example>, DbError> {
    let rows = fetch_all!(
        tx,
        ExampleRow,
        "SELECT conversation_id, seq, text, created_at FROM gap_examples
         WHERE workspace_id = $1 AND gap_id = $2 ORDER BY created_at DESC, conversation_id, seq LIMIT $3",
        workspace,
        gap,
        EXAMPLES,
    )?;
    Ok(rows
        .into_iter()
        .map(|row| Example {
            conversation: row.conversation_id,
            seq: row.seq,
            text: row.text,
            at: row.created_at,
        })
        .collect())
}

pub(super) async fn close(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: GapId,
    document: Option<DocumentId>,
    by: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE gaps SET closed_at = $3, closed_by = $4, document_id = $5 WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
        now,
        by,
        document,
    )?;
    Ok(rows == 1)
}

pub(super) async fn reopen(tx: &mut Tx, workspace: WorkspaceId, id: GapId) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE gaps SET closed_at = NULL, closed_by = NULL, document_id = NULL
         WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
    )?;
    Ok(rows == 1)
}
