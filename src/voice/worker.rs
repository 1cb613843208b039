//! Listens to recordings that wait, a few at once, and tells what became of each.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::base::{Actor, Audience, FileId};
use crate::files::{self, WaitingRecording};
use crate::identity::Site;
use crate::language::tongue::Tongue;
use crate::ports::bus::{Heard as Told, News, Note};
use crate::ports::speech::{self, Heard, Progress, Recording};
use crate::ports::{Cx, DbError};
use crate::protocol::{Content, Entry, Signal, TranscriptState};
use crate::voice::Error;
use crate::{contacts, conversations, workspaces};

/// How often a recording is tried when the engine fails.
const ATTEMPTS: i64 = 2;

/// How long after a failure it is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// How much longer than a transcription its lease lasts.
const SPARE: Duration = Duration::from_secs(60);

/// How often the store is looked at: after a crash, or for another node's recordings.
const SWEEP: Duration = Duration::from_secs(5);

/// Messages of the customer that tell the language.
const HISTORY: i64 = 20;

/// A text of fewer words does not tell its language.
const FEW_WORDS: usize = 5;

/// Starts listening on this node until `stop` is cancelled.
pub fn start(site: Site, tasks: &TaskTracker, stop: CancellationToken) {
    let worker = tasks.clone();
    tasks.spawn(async move { run(site, worker, stop).await });
}

async fn run(site: Site, tasks: TaskTracker, stop: CancellationToken) {
    let at_once = site.ports.speech.at_once();
    let (ended, mut ends) = mpsc::channel::<FileId>(at_once.max(1));
    let mut listening: HashSet<FileId> = HashSet::new();
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut bus = site.ports.bus.subscribe();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(file) = ends.recv() => { listening.remove(&file); }
            _ = sweep.tick() => {}
            told = bus.next() => match told {
                Told::Note(note) if !brings_recording(&note.news) => continue,
                Told::Note(_) | Told::Missed => {}
                Told::Closed => return,
            },
        }
        let free = at_once.saturating_sub(listening.len());
        if free == 0 {
            continue;
        }
        match take(&site, free).await {
            Ok(taken) => {
                for recording in taken {
                    listening.insert(recording.file);
                    let (site, stop, ended) = (site.clone(), stop.clone(), ended.clone());
                    tasks.spawn(async move {
                        serve(&site, recording, &stop).await;
                        // The node may have stopped.
                        let _ = ended.send(recording.file).await;
                    });
                }
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "recordings could not be read");
            }
        }
    }
}

fn brings_recording(news: &News) -> bool {
    match news {
        News::Entry { entry, .. } => match &entry.content {
            Content::Message { files, .. } => {
                files.iter().any(|file| file.transcript == Some(TranscriptState::Waiting))
            }
            _ => false,
        },
        _ => false,
    }
}

/// Takes as many recordings as there are places.
async fn take(site: &Site, free: usize) -> Result<Vec<WaitingRecording>, DbError> {
    let mut tx = site.ports.db.read().await?;
    let limit = i64::try_from(free).unwrap_or(1);
    let waiting = files::waiting_recordings(&mut tx, site.ports.now(), limit).await?;
    drop(tx);
    if waiting.is_empty() {
        return Ok(waiting);
    }
    let mut tx = site.ports.db.begin().await?;
    let mut taken = Vec::new();
    for recording in waiting {
        let cx = site.ports.cx(recording.workspace, Actor::System, "");
        let until = cx.now.after(site.ports.speech.patience() + SPARE);
        if files::take_recording(&cx, &mut tx, recording.file, until).await? {
            taken.push(recording);
        }
    }
    tx.commit().await?;
    Ok(taken)
}

/// Listens to one recording and stores the outcome.
async fn serve(site: &Site, recording: WaitingRecording, stop: &CancellationToken) {
    let span =
        tracing::info_span!("transcription", workspace.id = %recording.workspace, file.id = %recording.file);
    async {
        let started = std::time::Instant::now();
        let listened = tokio::select! {
            () = stop.cancelled() => None,
            listened = listen(site, recording) => Some(listened),
        };
        let outcome = match &listened {
            None => "stopped",
            Some(Ok(_)) => "done",
            Some(Err(_)) => "failed",
        };
        metrics::counter!("concierge_transcriptions_total", "outcome" => outcome).increment(1);
        metrics::histogram!("concierge_transcription_seconds").record(started.elapsed().as_secs_f64());
        if let Err(error) = conclude(site, recording, listened).await {
            // The lease lapses, and it is tried again.
            tracing::error!(error = &error as &dyn std::error::Error, "a transcript could not be stored");
        }
    }
    .instrument(span)
    .await;
}

async fn listen(site: &Site, recording: WaitingRecording) -> Result<Heard, speech::Error> {
    let failed = |error: &dyn std::error::Error| speech::Error::Engine(error.to_string());
    let cx = site.ports.cx(recording.workspace, Actor::System, "");
    let mut tx = site.ports.db.read().await.map_err(|error| failed(&error))?;
    let file = files::get(&cx, &mut tx, recording.file).await.map_err(|error| failed(&error))?;
    let language = match site.config.speech.detect_language {
        true => None,
        false => Some(language(&cx, &mut tx, recording).await.map_err(|error| failed(&error))?),
    };
    drop(tx);
    let length = usize::try_from(file.size).unwrap_or(0);
    let bytes = site.ports.blobs.read(recording.file, 0, length).await.map_err(|error| failed(&error))?;
    let (told, workspace) = (site.clone(), recording.workspace);
    let progress: Progress = Arc::new(move |percent| {
        let signal =
            Signal::Transcribing { conversation: recording.conversation, file: recording.file, percent };
        let news = News::Signal {
            conversation: recording.conversation,
            audience: Audience::Everyone,
            signal: signal.into(),
        };
        told.ports.bus.publish(Note { workspace, news });
    });
    progress(0);
    site.ports.speech.transcribe(Recording { bytes: bytes.into(), language }, progress).await
}

/// The language that is probably spoken: that of what the customer wrote, of their browser, or of the business.
async fn language(cx: &Cx, tx: &mut crate::ports::Tx, recording: WaitingRecording) -> Result<String, Error> {
    let settings = workspaces::get(tx, cx.workspace).await?.settings;
    let conversation = conversations::get(cx, tx, recording.conversation).await?;
    let locale = contacts::get(cx, tx, conversation.contact.id).await?.locale.unwrap_or(settings.locale);
    let history = conversations::recent_messages(cx, tx, recording.conversation, HISTORY).await?;
    let is_customer = |entry: &&Entry| matches!(entry.actor, Actor::Contact { .. });
    let written: Vec<&str> =
        history.iter().filter(is_customer).filter_map(|entry| entry.body.as_deref()).collect();
    let written = written.join("\n");
    let fallback = locale.split(['-', '_']).next().unwrap_or("en").to_lowercase();
    Ok(match written.split_whitespace().count() {
        0..FEW_WORDS => fallback,
        _ => match Tongue::of(&written, Tongue::of_locale(&locale)) {
            Tongue::Other => fallback,
            tongue => tongue.code().to_owned(),
        },
    })
}

/// Stores and tells what became of a recording, or leaves it for later.
async fn conclude(
    site: &Site,
    recording: WaitingRecording,
    listened: Option<Result<Heard, speech::Error>>,
) -> Result<(), Error> {
    let cx = site.ports.cx(recording.workspace, Actor::System, "");
    let (state, heard) = match listened {
        None => return release(site, &cx, recording, None).await,
        Some(Ok(heard)) if heard.text.is_empty() => (TranscriptState::Silent, Some(heard)),
        Some(Ok(heard)) => (TranscriptState::Done, Some(heard)),
        Some(Err(speech::Error::NoEngine)) => (TranscriptState::NotTranscribed, None),
        Some(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a recording was not transcribed");
            if matches!(error, speech::Error::Engine(_)) && recording.attempts + 1 < ATTEMPTS {
                return release(site, &cx, recording, Some(PAUSE)).await;
            }
            (TranscriptState::Failed, None)
        }
    };
    let mut tx = site.ports.db.begin().await?;
    conversations::hold(&cx, &mut tx, recording.conversation).await?;
    let text = heard.as_ref().map(|heard| heard.text.as_str()).unwrap_or_default();
    if !files::finish_transcript(&cx, &mut tx, recording.file, state, text).await? {
        return Ok(());
    }
    let content = Content::Transcribed {
        file: recording.file,
        of: recording.seq,
        state,
        words: heard.as_ref().map(|heard| heard.words.clone()).unwrap_or_default(),
        language: heard.as_ref().and_then(|heard| heard.language.clone()),
        engine: heard.as_ref().map(|heard| heard.engine.clone()),
        cut: heard.as_ref().is_some_and(|heard| heard.cut),
    };
    let body = Some(text.to_owned()).filter(|text| !text.is_empty());
    let said_something = body.is_some();
    conversations::tell_transcript(&cx, &mut tx, recording.conversation, recording.seq, body, content)
        .await?;
    // A turn that did not wait for the words runs again with them.
    let conversation = conversations::get(&cx, &mut tx, recording.conversation).await?;
    if said_something && conversation.answered_seq >= recording.seq {
        conversations::owe_unless_answered(&cx, &mut tx, recording.conversation, recording.seq).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn release(
    site: &Site,
    cx: &Cx,
    recording: WaitingRecording,
    after: Option<Duration>,
) -> Result<(), Error> {
    let mut tx = site.ports.db.begin().await?;
    let until = after.map(|after| cx.now.after(after));
    files::release_recording(cx, &mut tx, recording.file, until).await?;
    tx.commit().await?;
    Ok(())
}
