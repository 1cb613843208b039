//! Documents, passages and their words in the store.

use std::collections::BTreeSet;

use crate::base::{DocumentId, PassageId, Timestamp, WorkspaceId};
use crate::http::Cursor;
use crate::knowledge::words::Stems;
use crate::knowledge::{Document, Passage, Stamp, vectors};
use crate::ports::db::{Engine, FromRow};
use crate::ports::{DbError, Tx};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

#[derive(FromRow)]
struct Row {
    id: DocumentId,
    title: String,
    body: String,
    language: String,
    version: i64,
    passages: i64,
    updated_at: Timestamp,
}

impl From<Row> for Document {
    fn from(row: Row) -> Self {
        let Row { id, title, body, language, version, passages, updated_at } = row;
        Document { id, title, body, language, version, passages, updated_at }
    }
}

#[derive(FromRow)]
pub(super) struct PassageRow {
    id: PassageId,
    document_id: DocumentId,
    title: String,
    language: String,
    position: i64,
    heading: Option<String>,
    start_char: i64,
    end_char: i64,
    text: String,
}

impl From<PassageRow> for Passage {
    fn from(row: PassageRow) -> Self {
        Passage {
            id: row.id,
            document: row.document_id,
            title: row.title,
            language: row.language,
            position: row.position,
            heading: row.heading,
            start: row.start_char,
            end: row.end_char,
            text: row.text,
        }
    }
}

pub(super) fn length(passages: &[Passage]) -> i64 {
    vectors::as_i64(passages.len())
}

/// Adds a document; says whether its text was new to the workspace.
pub(super) async fn insert(
    tx: &mut Tx,
    workspace: WorkspaceId,
    document: &Document,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO documents
             (workspace_id, id, title, title_key, body, language, hash, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (workspace_id, hash) DO NOTHING",
        workspace,
        document.id,
        &document.title,
        document.title_key(),
        &document.body,
        &document.language,
        document.hash(),
        document.version,
        now,
        document.updated_at,
    )?;
    Ok(rows == 1)
}

/// Writes a new version of a document if it still is at version `before`; says whether it was.
pub(super) async fn update(
    tx: &mut Tx,
    workspace: WorkspaceId,
    document: &Document,
    before: i64,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE documents
         SET title = $4, title_key = $5, body = $6, language = $7, hash = $8, version = $9, updated_at = $10
         WHERE workspace_id = $1 AND id = $2 AND version = $3",
        workspace,
        document.id,
        before,
        &document.title,
        document.title_key(),
        &document.body,
        &document.language,
        document.hash(),
        document.version,
        document.updated_at,
    )?;
    Ok(rows == 1)
}

/// Deletes a document; says whether it was there.
pub(super) async fn delete(tx: &mut Tx, workspace: WorkspaceId, id: DocumentId) -> Result<bool, DbError> {
    let rows = execute!(tx, "DELETE FROM documents WHERE workspace_id = $1 AND id = $2", workspace, id)?;
    Ok(rows == 1)
}

pub(super) async fn find(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: DocumentId,
) -> Result<Option<Document>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, title, body, language, version, updated_at,
                (SELECT COUNT(*) FROM passages WHERE document_id = documents.id) AS passages
         FROM documents WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
    )?;
    Ok(row.map(Document::from))
}

/// The document with this text.
pub(super) async fn find_by_hash(
    tx: &mut Tx,
    workspace: WorkspaceId,
    hash: &str,
) -> Result<Option<DocumentId>, DbError> {
    let row = fetch_optional!(
        tx,
        (DocumentId,),
        "SELECT id FROM documents WHERE workspace_id = $1 AND hash = $2",
        workspace,
        hash,
    )?;
    Ok(row.map(|(id,)| id))
}

/// Documents before `start` in the order last changed first.
pub(super) async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    limit: i64,
    start: Cursor<DocumentId>,
) -> Result<Vec<Document>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, title, body, language, version, updated_at,
                (SELECT COUNT(*) FROM passages WHERE document_id = documents.id) AS passages
         FROM documents
         WHERE workspace_id = $1 AND (updated_at, id) < ($2, $3)
         ORDER BY updated_at DESC, id DESC
         LIMIT $4",
        workspace,
        start.at,
        start.id,
        limit,
    )?;
    Ok(rows.into_iter().map(Document::from).collect())
}

pub(super) async fn stamp(tx: &mut Tx, workspace: WorkspaceId) -> Result<Stamp, DbError> {
    let (documents, versions, updated_at) = fetch_one!(
        tx,
        (i64, i64, Option<Timestamp>),
        "SELECT COUNT(*), CAST(COALESCE(SUM(version), 0) AS BIGINT), MAX(updated_at)
         FROM documents WHERE workspace_id = $1",
        workspace,
    )?;
    Ok(Stamp { documents, versions, updated_at })
}

/// Adds passages and their words.
pub(super) async fn insert_passages(
    tx: &mut Tx,
    workspace: WorkspaceId,
    passages: &[Passage],
) -> Result<(), DbError> {
    for passage in passages {
        match tx.engine() {
            Engine::Sqlite => insert_into_sqlite(tx, workspace, passage).await?,
            Engine::Postgres => insert_into_postgres(tx, workspace, passage).await?,
        }
    }
    Ok(())
}

async fn insert_into_sqlite(tx: &mut Tx, workspace: WorkspaceId, passage: &Passage) -> Result<(), DbError> {
    let stems = Stems::of(&passage.language);
    execute!(
        tx,
        "INSERT INTO passages (workspace_id, id, document_id, position, heading, start_char, end_char, text)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        workspace,
        passage.id,
        passage.document,
        passage.position,
        &passage.heading,
        passage.start,
        passage.end,
        &passage.text,
    )?;
    execute!(
        tx,
        "INSERT INTO passage_words (workspace, document, title, heading, body, passage_id)
         VALUES ($1, $2, $3, $4, $5, $6)",
        token(workspace),
        token(passage.document),
        stems.stems(&passage.title).join(" "),
        stems.stems(passage.heading.as_deref().unwrap_or_default()).join(" "),
        stems.stems(&passage.text).join(" "),
        passage.id,
    )?;
    Ok(())
}

async fn insert_into_postgres(tx: &mut Tx, workspace: WorkspaceId, passage: &Passage) -> Result<(), DbError> {
    let stems = Stems::of(&passage.language);
    let places = [
        ('A', stems.stems(&passage.title)),
        ('B', stems.stems(passage.heading.as_deref().unwrap_or_default())),
        ('D', stems.stems(&passage.text)),
    ];
    let mut words = format!("'{}'", token(workspace));
    let mut position = 0;
    for (weight, stem) in
        places.into_iter().flat_map(|(weight, stems)| stems.into_iter().map(move |stem| (weight, stem)))
    {
        position += 1;
        words.push_str(&format!(" '{stem}':{position}{weight}"));
    }
    execute!(
        tx,
        "INSERT INTO passages
             (workspace_id, id, document_id, position, heading, start_char, end_char, text, words)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CAST(CAST($9 AS TEXT) AS TSVECTOR))",
        workspace,
        passage.id,
        passage.document,
        passage.position,
        &passage.heading,
        passage.start,
        passage.end,
        &passage.text,
        words,
    )?;
    Ok(())
}

/// An identifier as one word: a tokenizer would split it at the underscore.
fn token(id: impl std::fmt::Display) -> String {
    id.to_string().replace('_', "")
}

/// Deletes a document's passages and their words.
pub(super) async fn delete_passages(
    tx: &mut Tx,
    workspace: WorkspaceId,
    document: DocumentId,
) -> Result<(), DbError> {
    if tx.engine() == Engine::Sqlite {
        execute!(
            tx,
            "DELETE FROM passage_words WHERE passage_words MATCH $1",
            format!("workspace : \"{}\" AND document : \"{}\"", token(workspace), token(document)),
        )?;
    }
    // The place keeps SQLite from walking through the workspace by an index of it.
    execute!(
        tx,
        "DELETE FROM passages WHERE workspace_id = $1 AND document_id = $2 AND position >= 0",
        workspace,
        document,
    )?;
    vectors::store::forget(tx, workspace, document).await?;
    Ok(())
}

const PROPOSE_SQLITE: &str =
    "SELECT passages.id, document_id, title, language, position, heading, start_char, end_char, text
     FROM passages JOIN documents ON documents.id = passages.document_id
     WHERE +passages.workspace_id = $1 AND passages.id IN (
         SELECT passage_id FROM passage_words WHERE passage_words MATCH $2
         ORDER BY bm25(passage_words, 0.0, 0.0, 3.0, 3.0, 1.0) LIMIT $3)";

const PROPOSE_POSTGRES: &str =
    "SELECT passages.id, document_id, title, language, position, heading, start_char, end_char, text
     FROM passages JOIN documents ON documents.id = passages.document_id
     WHERE passages.workspace_id = $1 AND passages.id IN (
         SELECT id FROM passages WHERE workspace_id = $1 AND words @@ CAST(CAST($2 AS TEXT) AS TSQUERY)
         ORDER BY ts_rank_cd('{0.3, 0.3, 1.0, 1.0}', words, CAST(CAST($2 AS TEXT) AS TSQUERY)) DESC, id
         LIMIT $3)";

/// Passages that hold any of the stems, those first that the engine thinks best.
///
/// Stems are letters and digits only, so quoting them makes them words and nothing else to both engines.
pub(super) async fn propose(
    tx: &mut Tx,
    workspace: WorkspaceId,
    stems: &BTreeSet<String>,
    limit: i64,
) -> Result<Vec<Passage>, DbError> {
    let quoted = |mark: char, or: &str| {
        stems.iter().map(|stem| format!("{mark}{stem}{mark}")).collect::<Vec<_>>().join(or)
    };
    let (sql, question) = match tx.engine() {
        Engine::Sqlite => (
            PROPOSE_SQLITE,
            format!(
                "workspace : \"{}\" AND {{title heading body}} : ({})",
                token(workspace),
                quoted('"', " OR ")
            ),
        ),
        Engine::Postgres => (PROPOSE_POSTGRES, format!("'{}' & ({})", token(workspace), quoted('\'', " | "))),
    };
    let rows = fetch_all!(tx, PassageRow, sql, workspace, &question, limit)?;
    Ok(rows.into_iter().map(Passage::from).collect())
}

/// Passages of documents with this title.
pub(super) async fn titled(
    tx: &mut Tx,
    workspace: WorkspaceId,
    title_key: &str,
    limit: i64,
) -> Result<Vec<Passage>, DbError> {
    let rows = fetch_all!(
        tx,
        PassageRow,
        "SELECT passages.id, document_id, title, language, position, heading, start_char, end_char, text
         FROM documents JOIN passages ON passages.document_id = documents.id
         WHERE documents.workspace_id = $1 AND title_key = $2
         ORDER BY passages.document_id, position
         LIMIT $3",
        workspace,
        title_key,
        limit,
    )?;
    Ok(rows.into_iter().map(Passage::from).collect())
}

pub(super) async fn count_passages(tx: &mut Tx, workspace: WorkspaceId) -> Result<i64, DbError> {
    let (count,) =
        fetch_one!(tx, (i64,), "SELECT COUNT(*) FROM passages WHERE workspace_id = $1", workspace)?;
    Ok(count)
}

pub(super) async fn passages_of(
    tx: &mut Tx,
    workspace: WorkspaceId,
    document: DocumentId,
) -> Result<Vec<Passage>, DbError> {
    let rows = fetch_all!(
        tx,
        PassageRow,
        "SELECT passages.id, document_id, title, language, position, heading, start_char, end_char, text
         FROM passages JOIN documents ON documents.id = passages.document_id
         WHERE passages.workspace_id = $1 AND document_id = $2
         ORDER BY position",
        workspace,
        document,
    )?;
    Ok(rows.into_iter().map(Passage::from).collect())
}

pub(super) async fn all_passages(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Passage>, DbError> {
    let rows = fetch_all!(
        tx,
        PassageRow,
        "SELECT passages.id, document_id, title, language, position, heading, start_char, end_char, text
         FROM passages JOIN documents ON documents.id = passages.document_id
         WHERE passages.workspace_id = $1
         ORDER BY document_id, position",
        workspace,
    )?;
    Ok(rows.into_iter().map(Passage::from).collect())
}
