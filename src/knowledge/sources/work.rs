//! The job that reads a source: fetch it, read it, keep what was read.

use std::time::Duration;

use crate::base::{Actor, DocumentId, FileId};
use crate::identity::Site;
use crate::jobs::{self, Taken};
use crate::knowledge::sources::fetch::{Fetched, fetch};
use crate::knowledge::sources::model::{Kept, NewFile, Problem};
use crate::knowledge::sources::{ReadSource, SourceKind, store, tell};
use crate::knowledge::{Error, NewDocument, versions};
use crate::language::tongue::Tongue;
use crate::ports::bus::{News, Note};
use crate::ports::readers::{self, Reading};
use crate::ports::{Cx, DbError};
use crate::protocol::{DocumentStatus, Signal};
use crate::workspaces;

/// Attempts after which a source that cannot be had is called unreadable.
const MAX_ATTEMPTS: i64 = 3;

/// How often staff are shown how far a reading is.
const SHOWN_EVERY: Duration = Duration::from_millis(100);

/// Of these, every how many are stored as well, for who comes later.
const STORED_EVERY: u32 = 10;

/// Characters that tell a text's language.
const SAMPLE: usize = 4_000;

/// Why a reading did not come to an end: it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The job's content is not readable.
    #[error("the job's content is not readable")]
    Unreadable(#[from] serde_json::Error),
    /// The bytes could not be stored or opened.
    #[error("the file store failed")]
    Blobs(#[source] std::io::Error),
    /// The page could not be had, for now.
    #[error("the page could not be had: {0}")]
    Later(String),
    /// The reader did not run.
    #[error(transparent)]
    Reader(#[from] readers::ReadError),
    /// Knowledge refused.
    #[error(transparent)]
    Knowledge(#[from] Error),
    /// The workspace is not there.
    #[error(transparent)]
    Workspace(#[from] workspaces::Error),
    /// The store failed.
    #[error("knowledge storage failed")]
    Db(#[from] DbError),
}

/// Reads the source that a job names, and forgets the job in the same transaction as the outcome.
pub async fn read(site: &Site, job: &Taken) -> Result<(), ReadError> {
    let ReadSource { document, attempt } = serde_json::from_value(job.payload.clone())?;
    let Some(kept) = begin(site, job, document, attempt).await? else { return Ok(()) };
    let outcome = match obtain(site, job, kept.clone()).await {
        Ok(Obtained::Read(kept, name)) => {
            let outcome = read_file(site, job, &kept, &name).await;
            return end(site, job, *kept, outcome).await;
        }
        Ok(Obtained::Same) => Outcome::Same,
        Ok(Obtained::Refused(problem)) => Outcome::Refused(problem),
        Err(error) if job.attempts < MAX_ATTEMPTS => return Err(error),
        Err(error) => Outcome::Refused(Problem::new("unreachable", last_words(&error))),
    };
    end(site, job, kept, Ok(outcome)).await
}

/// What became of a reading.
enum Outcome {
    /// The page is as it was.
    Same,
    /// There is a text.
    Read(Reading),
    /// There is none, and another try would give none either.
    Refused(Problem),
}

/// Notes that the reading runs. `None`: something newer has overtaken it; the job is forgotten.
async fn begin(
    site: &Site,
    job: &Taken,
    document: DocumentId,
    attempt: i64,
) -> Result<Option<Kept>, ReadError> {
    let cx = cx(site, job);
    let mut tx = site.ports.db.begin().await?;
    let found = store::find(&mut tx, cx.workspace, document).await?;
    let Some(mut kept) = found.filter(|kept| kept.attempt == attempt) else {
        jobs::done(&mut tx, job).await?;
        tx.commit().await?;
        return Ok(None);
    };
    kept.status = DocumentStatus::Reading;
    store::write(&mut tx, cx.workspace, &kept, Some(attempt)).await?;
    tell(&cx, &mut tx, &kept);
    tx.commit().await?;
    Ok(Some(kept))
}

/// What looking for the bytes gave.
enum Obtained {
    /// They are there, under a name whose ending tells one kind of text from another.
    Read(Box<Kept>, String),
    /// They are the ones that were read before.
    Same,
    /// They cannot be had.
    Refused(Problem),
}

/// Sees to it that the bytes are there: a page is fetched, a file is there already.
async fn obtain(site: &Site, job: &Taken, mut kept: Kept) -> Result<Obtained, ReadError> {
    if kept.source.kind == SourceKind::Upload {
        let name = kept.source.name.clone();
        return Ok(Obtained::Read(Box::new(kept), name));
    }
    match fetch(site, &kept).await {
        Fetched::Same => Ok(Obtained::Same),
        Fetched::Refused(problem) => Ok(Obtained::Refused(problem)),
        Fetched::Later(problem) => Err(ReadError::Later(problem.says)),
        Fetched::New { bytes, name, etag, modified } => {
            let hash = blake3::hash(&bytes).to_hex().to_string();
            if kept.file_hash.as_deref() == Some(&hash) && kept.source.read_at.is_some() {
                return Ok(Obtained::Same);
            }
            let id: FileId = cx(site, job).id();
            site.ports.blobs.put(id, &bytes).await.map_err(ReadError::Blobs)?;
            let address = kept.source.name.clone();
            let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
            kept = kept.with_file(NewFile { id, name: address, hash, size });
            kept.etag = etag;
            kept.modified = modified;
            Ok(Obtained::Read(Box::new(kept), name))
        }
    }
}

/// Reads the bytes and shows staff how far it is.
async fn read_file(site: &Site, job: &Taken, kept: &Kept, name: &str) -> Result<Outcome, ReadError> {
    let Some(file) = kept.file else { return Ok(Outcome::Refused(lost())) };
    let file = match site.ports.blobs.open(file).await {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Outcome::Refused(lost())),
        Err(error) => return Err(ReadError::Blobs(error)),
    };
    let (told, mut heard) = tokio::sync::watch::channel((0, 0));
    let reading = site.ports.readers.read(name, file, |page, pages| {
        told.send_replace((i64::from(page), i64::from(pages)));
    });
    tokio::pin!(reading);
    let mut ticks = tokio::time::interval(SHOWN_EVERY);
    let mut shown = 0_u32;
    let read = loop {
        tokio::select! {
            read = &mut reading => break read,
            _ = ticks.tick() => {
                if heard.has_changed().unwrap_or(false) {
                    let (page, pages) = *heard.borrow_and_update();
                    show(site, job, kept, page, pages);
                    shown += 1;
                    if shown.is_multiple_of(STORED_EVERY) {
                        let mut tx = site.ports.db.begin().await?;
                        store::progress(&mut tx, job.workspace, kept.document, kept.attempt, page, pages).await?;
                        tx.commit().await?;
                    }
                }
            }
        }
    };
    match read {
        Ok(reading) => Ok(Outcome::Read(reading)),
        Err(readers::ReadError::Refused(refusal)) => Ok(Outcome::Refused(refusal.into())),
        Err(error) => Err(error.into()),
    }
}

fn lost() -> Problem {
    Problem::new("lost", "The file is not there any more. Upload it again.")
}

fn show(site: &Site, job: &Taken, kept: &Kept, page: i64, pages: i64) {
    let signal = Signal::Document {
        document: kept.document,
        status: DocumentStatus::Reading,
        page,
        pages: Some(pages),
    };
    site.ports.bus.publish(Note { workspace: job.workspace, news: News::Inbox { signal: signal.into() } });
}

/// Stores what came out, unless something newer has overtaken it.
async fn end(
    site: &Site,
    job: &Taken,
    mut kept: Kept,
    outcome: Result<Outcome, ReadError>,
) -> Result<(), ReadError> {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) if job.attempts < MAX_ATTEMPTS => return Err(error),
        Err(error) => Outcome::Refused(Problem::new("failed", last_words(&error))),
    };
    let mut retired = None;
    let cx = cx(site, job);
    let mut tx = site.ports.db.begin().await?;
    let before = store::find(&mut tx, cx.workspace, kept.document).await?;
    let Some(before) = before.filter(|before| before.attempt == kept.attempt) else {
        jobs::done(&mut tx, job).await?;
        tx.commit().await?;
        return Ok(());
    };
    kept.source.checked_at = Some(cx.now);
    kept.status = DocumentStatus::Ready;
    let problem = match outcome {
        Outcome::Same => {
            (kept.source.page, kept.source.pages) = (before.source.page, before.source.pages);
            None
        }
        Outcome::Refused(problem) => Some(problem),
        Outcome::Read(reading) => keep(&cx, &mut tx, &mut kept, reading).await?,
    };
    if let Some(problem) = problem {
        kept.status = DocumentStatus::Failed;
        kept.source.problem = Some(problem);
        if kept.source.kind == SourceKind::Page && before.file != kept.file {
            // What was fetched gave no text; the file of the text that is there stays.
            retired = kept.file;
            (kept.file, kept.file_hash) = (before.file, before.file_hash.clone());
            (kept.etag, kept.modified) = (before.etag.clone(), before.modified.clone());
        }
    }
    store::write(&mut tx, cx.workspace, &kept, Some(before.attempt)).await?;
    tell(&cx, &mut tx, &kept);
    jobs::done(&mut tx, job).await?;
    tx.commit().await?;
    if let Some(file) = retired {
        site.ports.blobs.remove(file).await.map_err(ReadError::Blobs)?;
    }
    Ok(())
}

/// Makes the reading the document's text. Gives the reason if it cannot be.
async fn keep(
    cx: &Cx,
    tx: &mut crate::ports::Tx,
    kept: &mut Kept,
    reading: Reading,
) -> Result<Option<Problem>, ReadError> {
    let before = crate::knowledge::get(cx, tx, kept.document).await?;
    let locale = workspaces::get(tx, cx.workspace).await?.settings.locale;
    let pages: Vec<&str> = reading.pages.iter().map(String::as_str).filter(|page| !page.is_empty()).collect();
    let body = pages.join("\n\n");
    let sample: String = body.chars().take(SAMPLE).collect();
    let first = before.version == 0;
    let title = reading.title.filter(|title| first && !title.trim().is_empty());
    let new = NewDocument {
        // A title that people have put on it is theirs.
        title: title.map_or_else(|| before.title.clone(), |title| title.chars().take(200).collect()),
        body,
        language: first.then(|| Tongue::of(&sample, Tongue::of_locale(&locale)).code().to_owned()),
    };
    let after = match crate::knowledge::update(cx, tx, kept.document, new).await {
        Ok(after) => after,
        Err(Error::AlreadyThere(holder)) => {
            let title = crate::knowledge::get(cx, tx, holder).await?.title;
            return Ok(Some(Problem::new("duplicate", format!("It has the same text as “{title}”."))));
        }
        Err(Error::Invalid { problem, .. }) => {
            return Ok(Some(Problem::new("unreadable", format!("Its text cannot be kept: {problem}."))));
        }
        Err(error) => return Err(error.into()),
    };
    if let (Some(file), true) = (kept.file, after.version != before.version) {
        versions::note_file(cx, tx, kept.document, after.version, file, &kept.source.name).await?;
    }
    let source = &mut kept.source;
    source.format = Some(reading.kind);
    source.page = i64::try_from(reading.pages.len()).unwrap_or(i64::MAX);
    source.pages = Some(source.page);
    source.broken_pages = i64::try_from(reading.broken).unwrap_or(i64::MAX);
    source.read_at = Some(cx.now);
    Ok(None)
}

fn cx(site: &Site, job: &Taken) -> Cx {
    site.ports.cx(job.workspace, Actor::System, "")
}

fn last_words(error: &ReadError) -> String {
    match error {
        ReadError::Later(says) => says.clone(),
        _ => "It could not be read just now. Try it again.".to_owned(),
    }
}
