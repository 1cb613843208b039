//! Voice: recordings become words that everybody in the conversation can read.
//!
//! A worker per node listens to recordings that wait (`files`), a few at once, and tells the outcome as an
//! entry. It is no part of a turn: a turn waits for the words, and a recording that nobody answers is
//! transcribed all the same. Whatever goes wrong ends as "could not transcribe", and blocks nothing.
//!
//! Does not know of drafts; that a turn runs again after a correction is the conversation owing one.

mod routes;
mod worker;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use routes::routes;
pub use worker::start;

use crate::base::{ConversationId, FileId, TextFault, WorkspaceId, clean_text};
use crate::identity::Site;
use crate::ports::bus::{Heard, News};
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::{Content, MAX_BODY_CHARS, TranscriptState};
use crate::{contacts, conversations, files, workspaces};

/// The longest that a turn waits for words. It goes on without them then, and runs again when they come.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// How often it is looked whether the words are there: news may be lost.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Replaces what was heard in a recording by what a person says. The turn runs again with it, unless the
/// business has answered since.
pub async fn correct(cx: &Cx, tx: &mut Tx, file: FileId, text: &str) -> Result<(), Error> {
    let text = clean_text(text, MAX_BODY_CHARS)?.into_string();
    let known = files::transcript(cx, tx, file).await?.ok_or(Error::NotFound)?;
    // Staff see all of their workspace; who may not see the conversation does not see the recording.
    conversations::hold(cx, tx, known.conversation).await?;
    if !files::correct_transcript(cx, tx, file, &text).await? {
        return Err(Error::NotFound);
    }
    let content = Content::Transcribed {
        file,
        of: known.seq,
        state: TranscriptState::Corrected,
        words: Vec::new(),
        language: None,
        engine: None,
        cut: false,
    };
    conversations::tell_transcript(cx, tx, known.conversation, known.seq, Some(text), content).await?;
    conversations::owe_unless_answered(cx, tx, known.conversation, known.seq).await?;
    Ok(())
}

/// Waits until every recording of a conversation has been listened to, or for long enough.
pub async fn settled(
    site: &Site,
    workspace: WorkspaceId,
    conversation: ConversationId,
    cancelled: &CancellationToken,
) -> Result<(), DbError> {
    let waits = async || {
        let mut tx = site.ports.db.read().await?;
        files::awaits_transcript(&mut tx, workspace, conversation).await
    };
    if !waits().await? {
        return Ok(());
    }
    let mut bus = site.ports.bus.subscribe();
    let until = tokio::time::Instant::now() + LONGEST_WAIT;
    while waits().await? && tokio::time::Instant::now() < until {
        let told = async {
            loop {
                match bus.next().await {
                    Heard::Note(note) if is_outcome(&note.news, conversation) => return,
                    Heard::Note(_) => {}
                    Heard::Missed => return,
                    // The node stops: so will the turn.
                    Heard::Closed => std::future::pending().await,
                }
            }
        };
        tokio::select! {
            () = cancelled.cancelled() => return Ok(()),
            () = told => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
    Ok(())
}

fn is_outcome(news: &News, of: ConversationId) -> bool {
    matches!(news, News::Entry { conversation, entry, .. }
        if *conversation == of && matches!(entry.content, Content::Transcribed { .. }))
}

/// Why something about a recording was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such recording, at least not for the caller.
    #[error("the recording does not exist or was not sent")]
    NotFound,
    /// The text was refused.
    #[error(transparent)]
    Text(#[from] TextFault),
    /// The conversation refused.
    #[error(transparent)]
    Conversation(#[from] conversations::Error),
    /// The caller is not known.
    #[error(transparent)]
    Contact(#[from] contacts::Error),
    /// The workspace is not there.
    #[error(transparent)]
    Workspace(#[from] workspaces::Error),
    /// The store failed.
    #[error("transcripts storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found(),
            Error::Text(fault) => fault.into(),
            Error::Conversation(error) => error.into(),
            Error::Contact(error) => error.into(),
            Error::Workspace(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
