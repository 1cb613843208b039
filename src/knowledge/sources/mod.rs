//! Sources: the files and web pages that documents are made from.
//!
//! A document is there from the moment its source is given; its text comes when the source was read, which
//! a job does (`ReadSource`). Reading again, or giving another file, makes a new version of the document.
//!
//! Invariants: a reading that something newer has overtaken changes nothing; a reading that fails leaves
//! the text of before; a workspace has a file, and a page, once.

mod fetch;
mod model;
mod routes;
mod site;
mod store;
mod work;

pub use model::{DocumentRow, DocumentView, NewFile, Problem, Source, SourceKind};
pub use routes::routes;
pub use work::{ReadError, read};

use crate::base::{DocumentId, FileId, Timestamp};
use crate::http::Cursor;
use crate::jobs::{self, Job, Queue};
use crate::knowledge::sources::model::Kept;
use crate::knowledge::{Document, Error};
use crate::ports::bus::News;
use crate::ports::{Cx, Tx};
use crate::protocol::{DocumentStatus, Signal};

/// Reads a document's source.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct ReadSource {
    /// Which document.
    pub document: DocumentId,
    /// Which reading of it: an earlier one has nothing to say any more.
    pub attempt: i64,
}

impl Job for ReadSource {
    const KIND: &'static str = "read_source";
    const QUEUE: Queue = Queue::Reading;
}

/// Adds a document that will be read from an uploaded file.
pub async fn add_file(cx: &Cx, tx: &mut Tx, file: NewFile) -> Result<DocumentView, Error> {
    refuse_known_file(cx, tx, &file.hash).await?;
    let document = Document::waiting(cx.id(), model::title_of(&file.name), cx.now);
    let kept = Kept::waiting(document.id, SourceKind::Upload, String::new()).with_file(file);
    add(cx, tx, document, kept).await
}

/// Adds a document that will be read from a page of the web.
pub async fn add_page(cx: &Cx, tx: &mut Tx, address: &str) -> Result<DocumentView, Error> {
    if let Some(holder) = store::find_by_address(tx, cx.workspace, address).await? {
        return Err(Error::AlreadyThere(holder));
    }
    let document = Document::waiting(cx.id(), model::title_of(address), cx.now);
    let mut kept = Kept::waiting(document.id, SourceKind::Page, address.to_owned());
    kept.address = Some(address.to_owned());
    add(cx, tx, document, kept).await
}

async fn add(cx: &Cx, tx: &mut Tx, document: Document, kept: Kept) -> Result<DocumentView, Error> {
    crate::knowledge::store::insert(tx, cx.workspace, &document, cx.now).await?;
    store::write(tx, cx.workspace, &kept, None).await?;
    enqueue(cx, tx, &kept).await?;
    Ok(DocumentView { document, status: kept.status, source: Some(kept.source) })
}

/// Gives a document another file; its text stays as it is until the file is read.
pub async fn replace_file(
    cx: &Cx,
    tx: &mut Tx,
    id: DocumentId,
    file: NewFile,
) -> Result<DocumentView, Error> {
    let document = crate::knowledge::get(cx, tx, id).await?;
    refuse_known_file(cx, tx, &file.hash).await?;
    let before = store::find(tx, cx.workspace, id).await?;
    let attempt = before.as_ref().map(|kept| kept.attempt);
    let kept = match before {
        Some(kept) if kept.source.kind == SourceKind::Page => return Err(Error::IsPage(id)),
        Some(kept) => kept.again(),
        None => Kept::waiting(id, SourceKind::Upload, String::new()),
    };
    let kept = kept.with_file(file);
    begin_again(cx, tx, document, kept, attempt).await
}

/// Reads a document's source again: after a failure, or because the page may have changed.
pub async fn read_again(cx: &Cx, tx: &mut Tx, id: DocumentId) -> Result<DocumentView, Error> {
    let document = crate::knowledge::get(cx, tx, id).await?;
    let kept = store::find(tx, cx.workspace, id).await?.ok_or(Error::NoSource(id))?;
    let attempt = kept.attempt;
    begin_again(cx, tx, document, kept.again(), Some(attempt)).await
}

async fn begin_again(
    cx: &Cx,
    tx: &mut Tx,
    document: Document,
    kept: Kept,
    attempt: Option<i64>,
) -> Result<DocumentView, Error> {
    if !store::write(tx, cx.workspace, &kept, attempt).await? {
        return Err(Error::Changed(document.id));
    }
    enqueue(cx, tx, &kept).await?;
    Ok(DocumentView { document, status: kept.status, source: Some(kept.source) })
}

async fn enqueue(cx: &Cx, tx: &mut Tx, kept: &Kept) -> Result<(), Error> {
    let job = ReadSource { document: kept.document, attempt: kept.attempt };
    jobs::enqueue(cx, tx, &job, cx.now).await?;
    tell(cx, tx, kept);
    Ok(())
}

async fn refuse_known_file(cx: &Cx, tx: &mut Tx, hash: &str) -> Result<(), Error> {
    match store::find_by_hash(tx, cx.workspace, hash).await? {
        Some(holder) => Err(Error::AlreadyThere(holder)),
        None => Ok(()),
    }
}

/// A document with what it is made from.
pub async fn view(cx: &Cx, tx: &mut Tx, id: DocumentId) -> Result<DocumentView, Error> {
    // First of all: a source that is read by now would otherwise stand beside the text of before.
    let source = store::find(tx, cx.workspace, id).await?;
    let document = crate::knowledge::get(cx, tx, id).await?;
    Ok(match source {
        Some(kept) => DocumentView { document, status: kept.status, source: Some(kept.source) },
        None => DocumentView { document, status: DocumentStatus::Ready, source: None },
    })
}

/// Lists documents without their texts, last changed first; one more than `limit`, to show whether there
/// are more.
pub async fn list(
    cx: &Cx,
    tx: &mut Tx,
    limit: i64,
    after: Option<Cursor<DocumentId>>,
) -> Result<Vec<DocumentRow>, Error> {
    let start = after.unwrap_or(Cursor { at: Timestamp::from_micros(i64::MAX), id: cx.entropy.id(cx.now) });
    Ok(store::list(tx, cx.workspace, limit + 1, start).await?)
}

/// The file that a document's text came from, with its name.
pub async fn file(cx: &Cx, tx: &mut Tx, id: DocumentId) -> Result<(FileId, String, i64), Error> {
    let kept = store::find(tx, cx.workspace, id).await?.ok_or(Error::NotFound(id))?;
    match (kept.file, kept.source.size) {
        (Some(file), Some(size)) => Ok((file, kept.source.name, size)),
        _ => Err(Error::NotFound(id)),
    }
}

/// Forgets a document's source; gives the file that nothing needs any more.
pub(super) async fn forget(cx: &Cx, tx: &mut Tx, id: DocumentId) -> Result<Option<FileId>, Error> {
    let kept = store::find(tx, cx.workspace, id).await?;
    store::delete(tx, cx.workspace, id).await?;
    Ok(kept.and_then(|kept| kept.file))
}

/// Shows staff where a document stands.
fn tell(cx: &Cx, tx: &mut Tx, kept: &Kept) {
    let signal = Signal::Document {
        document: kept.document,
        status: kept.status,
        page: kept.source.page,
        pages: kept.source.pages,
    };
    tx.tell(cx.workspace, News::Inbox { signal: signal.into() });
}
