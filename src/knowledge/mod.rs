//! Knowledge: the documents that the agent may answer from, and the search over them.
//!
//! A document is cut into passages, which can be cited: a passage knows its place in the document's body.
//!
//! Invariants: passages and their words change in the transaction that changes their document, so a
//! deleted text is never found again; a workspace holds a text once; a search sees one workspace only.
//!
//! `find` compares words and meaning; `search` words alone. The vectors of meanings are made in the
//! background (`vectors`), so a new document is found by its words at once and by its meaning soon after.

mod cut;
mod edition;
pub mod gaps;
mod model;
mod rank;
mod routes;
mod search;
pub mod sources;
mod store;
mod vectors;
pub mod versions;
mod words;

pub use edition::{EditedDocument, Edition, imagine};
pub use model::{Candidate, Document, Hit, NewDocument, Passage, Stamp};
pub use routes::routes;
pub use search::{Compared, Found, Question, find};
pub use vectors::{
    EmbedPassages, IndexState, IndexStatus, ReindexStep, embed_passages, reindex, resume, status,
};
pub use words::folded_words;

use crate::base::{DocumentId, FileId, GapId, PassageId, Timestamp};
use crate::http::Cursor;
use crate::ports::bus::News;
use crate::ports::embedder::EmbedError;
use crate::ports::vectors::IndexError;
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::{DocumentStatus, Signal};

/// Passages an engine proposes before they are weighed; more are not looked at.
const PROPOSED: i64 = 64;

/// Adds a document.
pub async fn create(cx: &Cx, tx: &mut Tx, new: NewDocument) -> Result<Document, Error> {
    let mut document = new.into_document(cx.id(), cx.now)?;
    let passages = document.cut(|| cx.id());
    document.passages = store::length(&passages);
    if !store::insert(tx, cx.workspace, &document, cx.now).await? {
        return Err(already_there(cx, tx, &document).await?);
    }
    store::insert_passages(tx, cx.workspace, &passages).await?;
    versions::keep(cx, tx, &document).await?;
    tell(cx, tx, document.id, DocumentStatus::Ready);
    vectors::changed(cx, tx).await?;
    Ok(document)
}

/// Shows staff that a document changed.
fn tell(cx: &Cx, tx: &mut Tx, document: DocumentId, status: DocumentStatus) {
    let signal = Signal::Document { document, status, page: 0, pages: None };
    tx.tell(cx.workspace, News::Inbox { signal: signal.into() });
}

/// Replaces a document's text and cuts it anew. The same text again changes nothing.
pub async fn update(cx: &Cx, tx: &mut Tx, id: DocumentId, new: NewDocument) -> Result<Document, Error> {
    let before = get(cx, tx, id).await?;
    let mut after = new.apply(before.clone(), cx.now)?;
    if after.version == before.version {
        return Ok(before);
    }
    let holder = store::find_by_hash(tx, cx.workspace, &after.hash()).await?;
    if holder.is_some_and(|holder| holder != id) {
        return Err(already_there(cx, tx, &after).await?);
    }
    let passages = after.cut(|| cx.id());
    after.passages = store::length(&passages);
    if !store::update(tx, cx.workspace, &after, before.version).await? {
        return Err(Error::Changed(id));
    }
    store::delete_passages(tx, cx.workspace, id).await?;
    store::insert_passages(tx, cx.workspace, &passages).await?;
    versions::keep(cx, tx, &after).await?;
    tell(cx, tx, id, DocumentStatus::Ready);
    vectors::changed(cx, tx).await?;
    Ok(after)
}

async fn already_there(cx: &Cx, tx: &mut Tx, document: &Document) -> Result<Error, Error> {
    let holder = store::find_by_hash(tx, cx.workspace, &document.hash()).await?;
    Ok(Error::AlreadyThere(holder.unwrap_or(document.id)))
}

/// Deletes a document: from the next search on, nothing of it is found. Gives the files it was made from,
/// which may be removed once this is committed.
pub async fn delete(cx: &Cx, tx: &mut Tx, id: DocumentId) -> Result<Vec<FileId>, Error> {
    store::delete_passages(tx, cx.workspace, id).await?;
    vectors::changed(cx, tx).await?;
    if !store::delete(tx, cx.workspace, id).await? {
        return Err(Error::NotFound(id));
    }
    let mut files = versions::forget(cx, tx, id).await?;
    files.extend(sources::forget(cx, tx, id).await?);
    tell(cx, tx, id, DocumentStatus::Deleted);
    Ok(files)
}

/// Finds a document or says that there is none.
pub async fn get(cx: &Cx, tx: &mut Tx, id: DocumentId) -> Result<Document, Error> {
    store::find(tx, cx.workspace, id).await?.ok_or(Error::NotFound(id))
}

/// Lists documents, last changed first; one more than `limit`, to show whether there are more.
pub async fn list(
    cx: &Cx,
    tx: &mut Tx,
    limit: i64,
    after: Option<Cursor<DocumentId>>,
) -> Result<Vec<Document>, Error> {
    let start = after.unwrap_or(Cursor { at: Timestamp::from_micros(i64::MAX), id: cx.entropy.id(cx.now) });
    Ok(store::list(tx, cx.workspace, limit + 1, start).await?)
}

/// Finds the passages that hold a question's words, best first.
pub async fn search(cx: &Cx, tx: &mut Tx, query: &str, limit: usize) -> Result<Vec<Hit>, Error> {
    let mut found = candidates(cx, tx, query).await?;
    found.truncate(limit);
    Ok(found.into_iter().map(Hit::from).collect())
}

/// All passages that hold a question's words, as far as they are looked at, with what the words say for
/// each; best first.
pub async fn candidates(cx: &Cx, tx: &mut Tx, query: &str) -> Result<Vec<Candidate>, Error> {
    let wanted = words::Wanted::of(query);
    if wanted.title_key.is_empty() {
        return Ok(Vec::new());
    }
    let mut passages = match wanted.words.is_empty() {
        true => Vec::new(),
        false => store::propose(tx, cx.workspace, &wanted.stems(), PROPOSED).await?,
    };
    for passage in store::titled(tx, cx.workspace, &wanted.title_key, PROPOSED).await? {
        if passages.iter().all(|known| known.id != passage.id) {
            passages.push(passage);
        }
    }
    let in_all = store::count_passages(tx, cx.workspace).await?;
    Ok(rank::order(rank::weigh(&wanted, passages, in_all)))
}

/// The part of a passage that says most about a question, as plain text.
pub fn snippet(query: &str, text: &str, language: &str) -> String {
    rank::snippet(&words::Wanted::of(query), text, language)
}

/// Passages by their identifiers, in no order; those that are gone are left out.
pub async fn passages(cx: &Cx, tx: &mut Tx, ids: &[PassageId]) -> Result<Vec<Passage>, Error> {
    Ok(vectors::store::passages(tx, cx.workspace, ids).await?)
}

/// The passages of a document in their order.
pub async fn passages_of(cx: &Cx, tx: &mut Tx, id: DocumentId) -> Result<Vec<Passage>, Error> {
    get(cx, tx, id).await?;
    Ok(store::passages_of(tx, cx.workspace, id).await?)
}

/// All passages of the workspace, by document and place; an index of their meaning is built from it.
pub async fn all_passages(cx: &Cx, tx: &mut Tx) -> Result<Vec<Passage>, Error> {
    Ok(store::all_passages(tx, cx.workspace).await?)
}

/// Tells whether the workspace's knowledge changed since an earlier stamp.
pub async fn stamp(cx: &Cx, tx: &mut Tx) -> Result<Stamp, Error> {
    Ok(store::stamp(tx, cx.workspace).await?)
}

/// Why something about a document was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such document in this workspace.
    #[error("document {0} does not exist")]
    NotFound(DocumentId),
    /// Another document has this text.
    #[error("the document {0} has this text already")]
    AlreadyThere(DocumentId),
    /// It was written here, or is a page: there is nothing to read again.
    #[error("document {0} was written here; there is no file or page to read again")]
    NoSource(DocumentId),
    /// It is read from the web.
    #[error("document {0} is read from a web page; refresh it instead of uploading a file")]
    IsPage(DocumentId),
    /// It has no such version.
    #[error("document {document} has no version {version}")]
    NoVersion {
        /// Which document.
        document: DocumentId,
        /// Which version.
        version: i64,
    },
    /// There is no such gap.
    #[error("gap {0} does not exist")]
    NoGap(GapId),
    /// Somebody changed it in the meantime.
    #[error("document {0} was changed by somebody else; load it again")]
    Changed(DocumentId),
    /// A value is not valid.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The blob store failed.
    #[error("the file store failed")]
    Blobs(#[source] std::io::Error),
    /// There are no vectors.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The index did not answer.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The store failed.
    #[error("knowledge storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        use crate::protocol::ErrorCode;
        match error {
            Error::NotFound(_) | Error::NoVersion { .. } | Error::NoGap(_) => Self::not_found(),
            Error::AlreadyThere(_) | Error::Changed(_) | Error::NoSource(_) | Error::IsPage(_) => {
                Self::new(ErrorCode::Conflict, error.to_string())
            }
            Error::Invalid { .. } => Self::new(ErrorCode::InvalidValue, error.to_string()),
            Error::Blobs(ref source) if source.kind() == std::io::ErrorKind::StorageFull => {
                Self::new(ErrorCode::StorageFull, "the disk is full, nothing was stored; try again later")
            }
            Error::Blobs(_) => Self::internal(&error),
            Error::Embed(_) | Error::Index(_) => Self::new(ErrorCode::Busy, error.to_string()),
            Error::Db(error) => error.into(),
        }
    }
}
