//! Sources in the store.

use crate::base::{DocumentId, FileId, Timestamp, WorkspaceId};
use crate::http::Cursor;
use crate::knowledge::sources::model::Kept;
use crate::knowledge::sources::{DocumentRow, Problem, Source, SourceKind};
use crate::ports::db::FromRow;
use crate::ports::{DbError, Tx};
use crate::protocol::DocumentStatus;
use crate::reading::Kind;
use crate::{execute, fetch_all, fetch_optional};

#[derive(FromRow)]
struct Row {
    document_id: DocumentId,
    kind: SourceKind,
    status: DocumentStatus,
    name: String,
    address: Option<String>,
    file_id: Option<FileId>,
    file_hash: Option<String>,
    size: Option<i64>,
    format: Option<Kind>,
    attempt: i64,
    page: i64,
    pages: Option<i64>,
    broken_pages: i64,
    problem: Option<String>,
    says: Option<String>,
    etag: Option<String>,
    modified: Option<String>,
    read_at: Option<Timestamp>,
    checked_at: Option<Timestamp>,
}

impl From<Row> for Kept {
    fn from(row: Row) -> Self {
        let problem = row.problem.map(|code| Problem { code, says: row.says.unwrap_or_default() });
        Kept {
            document: row.document_id,
            status: row.status,
            source: Source {
                kind: row.kind,
                name: row.name,
                format: row.format,
                size: row.size,
                page: row.page,
                pages: row.pages,
                broken_pages: row.broken_pages,
                problem,
                read_at: row.read_at,
                checked_at: row.checked_at,
            },
            address: row.address,
            file: row.file_id,
            file_hash: row.file_hash,
            attempt: row.attempt,
            etag: row.etag,
            modified: row.modified,
        }
    }
}

/// Writes a source as it is now. `before`: only if it still is at this attempt; says whether it was.
pub(super) async fn write(
    tx: &mut Tx,
    workspace: WorkspaceId,
    kept: &Kept,
    before: Option<i64>,
) -> Result<bool, DbError> {
    let source = &kept.source;
    let (problem, says) = source.problem.as_ref().map(|problem| (&problem.code, &problem.says)).unzip();
    let rows = execute!(
        tx,
        "INSERT INTO document_sources
             (workspace_id, document_id, kind, status, name, address, file_id, file_hash, size, format, attempt,
              page, pages, broken_pages, problem, says, etag, modified, read_at, checked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
         ON CONFLICT (document_id) DO UPDATE SET
             status = excluded.status, name = excluded.name, file_id = excluded.file_id,
             file_hash = excluded.file_hash, size = excluded.size, format = excluded.format,
             attempt = excluded.attempt, page = excluded.page, pages = excluded.pages,
             broken_pages = excluded.broken_pages, problem = excluded.problem, says = excluded.says,
             etag = excluded.etag, modified = excluded.modified, read_at = excluded.read_at,
             checked_at = excluded.checked_at
         WHERE document_sources.workspace_id = $1 AND document_sources.attempt = $21",
        workspace,
        kept.document,
        source.kind,
        kept.status,
        &source.name,
        &kept.address,
        kept.file,
        &kept.file_hash,
        source.size,
        source.format,
        kept.attempt,
        source.page,
        source.pages,
        source.broken_pages,
        problem,
        says,
        &kept.etag,
        &kept.modified,
        source.read_at,
        source.checked_at,
        before,
    )?;
    Ok(rows == 1)
}

/// Notes how far a reading is.
pub(super) async fn progress(
    tx: &mut Tx,
    workspace: WorkspaceId,
    document: DocumentId,
    attempt: i64,
    page: i64,
    pages: i64,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE document_sources SET page = $4, pages = $5
         WHERE workspace_id = $1 AND document_id = $2 AND attempt = $3 AND status = 'reading'",
        workspace,
        document,
        attempt,
        page,
        pages,
    )?;
    Ok(())
}

pub(super) async fn find(
    tx: &mut Tx,
    workspace: WorkspaceId,
    document: DocumentId,
) -> Result<Option<Kept>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT document_id, kind, status, name, address, file_id, file_hash, size, format, attempt, page, pages,
                broken_pages, problem, says, etag, modified, read_at, checked_at
         FROM document_sources WHERE workspace_id = $1 AND document_id = $2",
        workspace,
        document,
    )?;
    Ok(row.map(Kept::from))
}

/// The document that is made from this file.
pub(super) async fn find_by_hash(
    tx: &mut Tx,
    workspace: WorkspaceId,
    hash: &str,
) -> Result<Option<DocumentId>, DbError> {
    let row = fetch_optional!(
        tx,
        (DocumentId,),
        "SELECT document_id FROM document_sources WHERE workspace_id = $1 AND file_hash = $2 LIMIT 1",
        workspace,
        hash,
    )?;
    Ok(row.map(|(id,)| id))
}

/// The document that is made from this page.
pub(super) async fn find_by_address(
    tx: &mut Tx,
    workspace: WorkspaceId,
    address: &str,
) -> Result<Option<DocumentId>, DbError> {
    let row = fetch_optional!(
        tx,
        (DocumentId,),
        "SELECT document_id FROM document_sources WHERE workspace_id = $1 AND address = $2 LIMIT 1",
        workspace,
        address,
    )?;
    Ok(row.map(|(id,)| id))
}

pub(super) async fn delete(tx: &mut Tx, workspace: WorkspaceId, document: DocumentId) -> Result<(), DbError> {
    execute!(
        tx,
        "DELETE FROM document_sources WHERE workspace_id = $1 AND document_id = $2",
        workspace,
        document,
    )?;
    Ok(())
}

#[derive(FromRow)]
struct Listed {
    id: DocumentId,
    title: String,
    language: String,
    version: i64,
    passages: i64,
    updated_at: Timestamp,
    kind: Option<SourceKind>,
    status: Option<DocumentStatus>,
    name: Option<String>,
    size: Option<i64>,
    format: Option<Kind>,
    page: Option<i64>,
    pages: Option<i64>,
    broken_pages: Option<i64>,
    problem: Option<String>,
    says: Option<String>,
    read_at: Option<Timestamp>,
    checked_at: Option<Timestamp>,
}

impl From<Listed> for DocumentRow {
    fn from(row: Listed) -> Self {
        let problem = row.problem.map(|code| Problem { code, says: row.says.unwrap_or_default() });
        let source = row.kind.map(|kind| Source {
            kind,
            name: row.name.unwrap_or_default(),
            format: row.format,
            size: row.size,
            page: row.page.unwrap_or(0),
            pages: row.pages,
            broken_pages: row.broken_pages.unwrap_or(0),
            problem,
            read_at: row.read_at,
            checked_at: row.checked_at,
        });
        DocumentRow {
            id: row.id,
            title: row.title,
            language: row.language,
            version: row.version,
            passages: row.passages,
            updated_at: row.updated_at,
            status: row.status.unwrap_or(DocumentStatus::Ready),
            source,
        }
    }
}

/// Documents before `start` in the order last changed first, without their texts.
pub(super) async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    limit: i64,
    start: Cursor<DocumentId>,
) -> Result<Vec<DocumentRow>, DbError> {
    let rows = fetch_all!(
        tx,
        Listed,
        "SELECT documents.id, title, language, version, updated_at,
                (SELECT COUNT(*) FROM passages WHERE passages.document_id = documents.id) AS passages,
                kind, status, name, size, format, page, pages, broken_pages, problem, says, read_at, checked_at
         FROM documents LEFT JOIN document_sources ON document_sources.document_id = documents.id
         WHERE documents.workspace_id = $1 AND (updated_at, documents.id) < ($2, $3)
         ORDER BY updated_at DESC, documents.id DESC
         LIMIT $4",
        workspace,
        start.at,
        start.id,
        limit,
    )?;
    Ok(rows.into_iter().map(DocumentRow::from).collect())
}
