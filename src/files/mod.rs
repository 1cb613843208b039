//! Files: uploads that belong to messages.
//!
//! What a file is is found in its bytes, never believed. Bytes live in the blob store under an identifier
//! of ours; the name is only ever shown. A file belongs to the workspace of its uploader, and to one
//! conversation once it is attached.

mod model;
mod routes;
mod store;
mod transcripts;
pub mod uploads;

pub use model::StoredFile;
use routes::too_large;
pub use routes::{OutsideFile, range_refused, receive, routes, wanted_range};
pub use transcripts::{
    Transcript, WaitingRecording, awaits_transcript, correct_transcript, expect_transcripts,
    finish_transcript, free_all_recordings, release_recording, take_recording, transcript, transcripts_after,
    waiting_recordings,
};

use crate::base::{ConversationId, FileId, UploadId};
use crate::ports::{Blobs, Cx, DbError, Speech, Tx};
use crate::protocol::{Attachment, TranscriptState, Wave};

/// Most files on one message.
const MAX_FILES: usize = 10;

/// Stores an upload's bytes; call `record` afterwards, in a transaction.
pub async fn store_bytes(cx: &Cx, blobs: &Blobs, name: &str, bytes: &[u8]) -> Result<StoredFile, Error> {
    let file = model::examine(cx.id(), name, bytes, cx.now)?;
    blobs.put(file.id, bytes).await.map_err(Error::Blobs)?;
    Ok(file)
}

/// Looks at a recording: how long it is, how loud along its length, and whether it will be transcribed. One
/// that cannot be read, or not in time, is kept as it is.
pub async fn look(speech: &Speech, file: &mut StoredFile, bytes: std::sync::Arc<[u8]>) {
    if !file.is_voice() {
        return;
    }
    file.transcript = Some(match speech.ready() {
        true => TranscriptState::Waiting,
        false => TranscriptState::NotTranscribed,
    });
    file.wave = speech.look(bytes).await.map(|(sound, peaks)| Wave {
        millis: u32::try_from(sound.length().as_millis()).unwrap_or(u32::MAX),
        cut: sound.cut,
        peaks,
    });
}

/// Records an upload whose bytes are stored.
pub async fn record(cx: &Cx, tx: &mut Tx, file: &StoredFile) -> Result<(), Error> {
    Ok(store::insert(tx, cx.workspace, &cx.actor, file).await?)
}

/// Finds a file the caller may see: staff any of their workspace, a contact their own and those sent to them.
pub async fn get(cx: &Cx, tx: &mut Tx, id: FileId) -> Result<StoredFile, Error> {
    store::find(tx, cx.workspace, id, &cx.actor).await?.ok_or(Error::NotFound(id))
}

/// Attaches files that the caller uploaded to a conversation, in this order.
pub async fn attach(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    ids: &[FileId],
) -> Result<Vec<Attachment>, Error> {
    if ids.len() > MAX_FILES {
        return Err(Error::TooMany);
    }
    let mut attachments = Vec::with_capacity(ids.len());
    for id in ids {
        if !store::attach(tx, cx.workspace, *id, conversation, &cx.actor).await? {
            return Err(Error::NotFound(*id));
        }
        attachments.push(get(cx, tx, *id).await?.attachment());
    }
    Ok(attachments)
}

/// Why something about a file was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such file, at least not for the caller, or it is attached elsewhere.
    #[error("file {0} does not exist or is attached already")]
    NotFound(FileId),
    /// The upload is empty.
    #[error("the file is empty")]
    Empty,
    /// Too many files on one message.
    #[error("at most {MAX_FILES} files fit on one message")]
    TooMany,
    /// There is no such upload, at least not for the caller, or it is over.
    #[error("upload {0} does not exist or is over; begin another")]
    NoUpload(UploadId),
    /// Too much was begun and not ended.
    #[error("too many uploads are unfinished; end or give up some")]
    TooManyUploads,
    /// Somebody else went on with the upload meanwhile.
    #[error("the upload went on meanwhile; ask for its offset")]
    Overtaken,
    /// Programs are not passed on.
    #[error("{0} files are not accepted")]
    Refused(String),
    /// The blob store failed.
    #[error("the file store failed")]
    Blobs(#[source] std::io::Error),
    /// The store failed.
    #[error("files storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        use crate::protocol::ErrorCode;
        match &error {
            Error::NotFound(_) | Error::NoUpload(_) => Self::new(ErrorCode::NotFound, error.to_string()),
            Error::Empty => Self::new(ErrorCode::EmptyText, error.to_string()),
            Error::TooMany => Self::new(ErrorCode::InvalidField, error.to_string()),
            Error::TooManyUploads => Self::new(ErrorCode::RateLimited, error.to_string()).retry_after(60_000),
            Error::Overtaken => Self::new(ErrorCode::Conflict, error.to_string()),
            Error::Refused(_) => Self::new(ErrorCode::UnsupportedFile, error.to_string()),
            Error::Blobs(source) if source.kind() == std::io::ErrorKind::StorageFull => {
                Self::new(ErrorCode::StorageFull, "the disk is full, nothing was stored; try again later")
            }
            Error::Blobs(_) => Self::internal(&error),
            Error::Db(_) => match error {
                Error::Db(error) => error.into(),
                _ => Self::not_found(),
            },
        }
    }
}
