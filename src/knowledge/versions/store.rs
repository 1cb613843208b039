//! Versions in the store.

use crate::base::{DocumentId, FileId, Timestamp, WorkspaceId};
use crate::knowledge::Document;
use crate::knowledge::versions::{Version, VersionRow};
use crate::ports::db::FromRow;
use crate::ports::{DbError, Tx};
use crate::{execute, fetch_all, fetch_optional};

/// Most versions that are listed.
const LISTED: i64 = 200;

pub(super) async fn insert(
    tx: &mut Tx,
    workspace: WorkspaceId,
    document: &Document,
    made_by: &str,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO document_versions
             (workspace_id, document_id, version, title, body, language, made_by, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        workspace,
        document.id,
        document.version,
        &document.title,
        &document.body,
        &document.language,
        made_by,
        document.updated_at,
    )?;
    Ok(())
}

pub(super) async fn set_file(
    tx: &mut Tx,
    workspace: WorkspaceId,
    document: DocumentId,
    version: i64,
    file: FileId,
    name: &str,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE document_versions SET file_id = $4, file_name = $5
         WHERE workspace_id = $1 AND document_id = $2 AND version = $3",
        workspace,
        document,
        version,
        file,
        name,
    )?;
    Ok(())
}

pub(super) async fn files(
    tx: &mut Tx,
    workspace: WorkspaceId,
    document: DocumentId,
) -> Result<Vec<FileId>, DbError> {
    let rows = fetch_all!(
        tx,
        (FileId,),
        "SELECT DISTINCT file_id FROM document_versions
         WHERE workspace_id = $1 AND document_id = $2 AND file_id IS NOT NULL",
        workspace,
        document,
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

pub(super) async fn delete(tx: &mut Tx, workspace: WorkspaceId, document: DocumentId) -> Result<(), DbError> {
    execute!(
        tx,
        "DELETE FROM document_versions WHERE workspace_id = $1 AND document_id = $2",
        workspace,
        document,
    )?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    version: i64,
    title: String,
    characters: i64,
    file_name: Option<String>,
    made_by: String,
    made_at: Timestamp,
}

pub(super) async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    document: DocumentId,
) -> Result<Vec<VersionRow>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT version, title, CAST(LENGTH(body) AS BIGINT) AS characters, file_name, made_by, made_at
         FROM document_versions WHERE workspace_id = $1 AND document_id = $2
         ORDER BY version DESC LIMIT $3",
        workspace,
        document,
        LISTED,
    )?;
    Ok(rows
        .into_iter()
        .map(|row| VersionRow {
            version: row.version,
            title: row.title,
            characters: row.characters,
            file_name: row.file_name,
            made_by: row.made_by,
            made_at: row.made_at,
        })
        .collect())
}

#[derive(FromRow)]
struct Whole {
    document_id: DocumentId,
    version: i64,
    title: String,
    body: String,
    language: String,
    made_by: String,
    made_at: Timestamp,
}

pub(super) async fn find(
    tx: &mut Tx,
    workspace: WorkspaceId,
    document: DocumentId,
    version: i64,
) -> Result<Option<Version>, DbError> {
    let row = fetch_optional!(
        tx,
        Whole,
        "SELECT document_id, version, title, body, language, made_by, made_at FROM document_versions
         WHERE workspace_id = $1 AND document_id = $2 AND version = $3",
        workspace,
        document,
        version,
    )?;
    Ok(row.map(|row| Version {
        document: row.document_id,
        version: row.version,
        title: row.title,
        body: row.body,
        language: row.language,
        made_by: row.made_by,
        made_at: row.made_at,
    }))
}
