//! Versions: every text that a document has had.

mod routes;
mod store;

pub use routes::routes;

use crate::base::{DocumentId, FileId, Timestamp};
use crate::knowledge::{Document, Error, NewDocument};
use crate::ports::{Cx, Tx};

/// A version in the list: without its text.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct VersionRow {
    /// Which one.
    pub version: i64,
    /// The title it had.
    pub title: String,
    /// How many characters its text has.
    pub characters: i64,
    /// The file it was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Who made it; empty where a program did.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
}

/// A version with its text.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Version {
    /// Which document.
    pub document: DocumentId,
    /// Which version of it.
    pub version: i64,
    /// The title it had.
    pub title: String,
    /// Its text, in Markdown.
    pub body: String,
    /// Its language.
    pub language: String,
    /// Who made it; empty where a program did.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
}

/// Keeps a document as it is now.
pub(super) async fn keep(cx: &Cx, tx: &mut Tx, document: &Document) -> Result<(), Error> {
    Ok(store::insert(tx, cx.workspace, document, &cx.name).await?)
}

/// Notes the file that a version was read from.
pub(super) async fn note_file(
    cx: &Cx,
    tx: &mut Tx,
    document: DocumentId,
    version: i64,
    file: FileId,
    name: &str,
) -> Result<(), Error> {
    Ok(store::set_file(tx, cx.workspace, document, version, file, name).await?)
}

/// Forgets all versions of a document; gives the files they were read from.
pub(super) async fn forget(cx: &Cx, tx: &mut Tx, document: DocumentId) -> Result<Vec<FileId>, Error> {
    let files = store::files(tx, cx.workspace, document).await?;
    store::delete(tx, cx.workspace, document).await?;
    Ok(files)
}

/// The versions of a document, newest first.
pub async fn list(cx: &Cx, tx: &mut Tx, document: DocumentId) -> Result<Vec<VersionRow>, Error> {
    crate::knowledge::get(cx, tx, document).await?;
    Ok(store::list(tx, cx.workspace, document).await?)
}

/// One version of a document.
pub async fn get(cx: &Cx, tx: &mut Tx, document: DocumentId, version: i64) -> Result<Version, Error> {
    store::find(tx, cx.workspace, document, version).await?.ok_or(Error::NoVersion { document, version })
}

/// Makes the text of a version the document's text again, as a new version.
pub async fn restore(cx: &Cx, tx: &mut Tx, document: DocumentId, version: i64) -> Result<Document, Error> {
    let Version { title, body, language, .. } = get(cx, tx, document, version).await?;
    crate::knowledge::update(cx, tx, document, NewDocument { title, body, language: Some(language) }).await
}
