//! Speech: what was said in a recording, as words.
//!
//! Two engines behind one port: whisper.cpp in this process, and any server that speaks OpenAI's
//! transcription API. Whichever is asked first, the other is asked when it fails. Few transcriptions run at
//! once, in threads of their own that yield to everything else; a dropped call is a cancelled one.

pub mod files;
#[cfg(feature = "speech")]
mod local;
#[cfg(feature = "speech")]
mod rank;
mod remote;
mod status;
mod words;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use files::model_in_use;
pub use status::{EngineStatus, Status};

use crate::config::{Config, Speech as Settings};
use crate::ports::sound::{self, Limits, Sound};
use crate::protocol::SpokenWord;

/// Recordings whose waves are computed at once.
const LOOKS: usize = 2;

/// Sound whose loudest sample is below this is silence; a model would make words up for it.
const SILENCE: f32 = 0.004;

/// What was heard.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The whole text; empty when nobody speaks.
    pub text: String,
    /// Its words, in order.
    pub words: Vec<SpokenWord>,
    /// The language, as a code of two letters.
    pub language: Option<String>,
    /// Which engine and model listened.
    pub engine: String,
    /// The recording is longer than what was listened to.
    pub cut: bool,
}

/// A recording to be transcribed.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The file's bytes.
    pub bytes: Arc<[u8]>,
    /// The language that is probably spoken; guessing it costs as much as the whole work.
    pub language: Option<String>,
}

/// Told how far it is, in percent.
pub type Progress = Arc<dyn Fn(u8) + Send + Sync>;

/// Why nothing was heard.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The recording cannot be read; asking again will not help.
    #[error(transparent)]
    Unreadable(#[from] sound::Unreadable),
    /// No engine is set up.
    #[error("no transcription is set up")]
    NoEngine,
    /// It took too long.
    #[error("the transcription did not end in {} seconds", .0.as_secs())]
    TimedOut(Duration),
    /// The engine failed.
    #[error("the transcription failed: {0}")]
    Engine(String),
}

/// The port. Clones are the same.
#[derive(Clone)]
pub struct Speech(Arc<Inner>);

struct Inner {
    settings: Settings,
    #[cfg(feature = "speech")]
    local: Option<local::Whisper>,
    remote: Option<remote::Remote>,
    model: Option<PathBuf>,
    listening: Semaphore,
    looking: Semaphore,
}

impl Speech {
    /// Sets up what the settings name. No model is loaded and no server asked yet.
    pub fn open(config: &Config) -> Speech {
        let settings = config.speech.clone();
        let model = model_in_use(config);
        #[cfg(feature = "speech")]
        let local = model.as_ref().map(|path| local::Whisper::new(path, settings.threads));
        Speech(Arc::new(Inner {
            #[cfg(feature = "speech")]
            local,
            remote: remote::Remote::new(&settings),
            model,
            listening: Semaphore::new(settings.at_once.max(1)),
            looking: Semaphore::new(LOOKS),
            settings,
        }))
    }

    /// Whether anything can listen.
    pub fn ready(&self) -> bool {
        self.has_local() || self.0.remote.is_some()
    }

    /// How many recordings are listened to at once.
    pub fn at_once(&self) -> usize {
        self.0.settings.at_once.max(1)
    }

    /// The longest that one recording may take.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.0.settings.patience_seconds.max(1))
    }

    /// What is set up, what is missing, and what works meanwhile. Reads the model file: call it rarely.
    pub async fn status(&self) -> Status {
        let inner = self.0.clone();
        let (model, remote) = (inner.model.clone(), inner.remote.as_ref().map(remote::Remote::name));
        let looked = tokio::task::spawn_blocking(move || status::look(model.as_deref(), remote));
        looked.await.unwrap_or_default()
    }

    /// How long a recording is and how loud along its length; nothing if it cannot be read in time.
    pub async fn look(&self, bytes: Arc<[u8]>) -> Option<(Sound, Vec<u8>)> {
        // The semaphore is never closed. Who must wait too long does without the drawing.
        let patience = Duration::from_secs(self.0.settings.look_seconds.max(1));
        let permit = tokio::time::timeout(patience, self.0.looking.acquire()).await.ok()?.ok()?;
        let limits = Limits::new(self.length(), patience);
        let looked = tokio::task::spawn_blocking(move || {
            let sound = sound::decode(bytes, &limits)?;
            let peaks = sound::peaks(&sound.samples);
            Ok::<_, sound::Unreadable>((sound, peaks))
        });
        let looked = looked.await.ok()?.ok();
        drop(permit);
        looked
    }

    /// Listens to a recording. Waits for its turn; dropping the call stops the work.
    pub async fn transcribe(&self, recording: Recording, progress: Progress) -> Result<Heard, Error> {
        if !self.ready() {
            return Err(Error::NoEngine);
        }
        // The semaphore is never closed.
        let _turn = self.0.listening.acquire().await.map_err(|_| Error::NoEngine)?;
        let stop = CancellationToken::new();
        let _stops_when_dropped = stop.clone().drop_guard();
        let patience = self.patience();
        match tokio::time::timeout(patience, self.listen(recording, progress, stop)).await {
            Ok(heard) => heard,
            Err(_) => Err(Error::TimedOut(patience)),
        }
    }

    async fn listen(
        &self,
        recording: Recording,
        progress: Progress,
        stop: CancellationToken,
    ) -> Result<Heard, Error> {
        let Recording { bytes, language } = recording;
        let limits = Limits { cancelled: stop.clone(), ..Limits::new(self.length(), self.patience()) };
        let sound = tokio::task::spawn_blocking(move || sound::decode(bytes, &limits))
            .await
            .map_err(|_| sound::Unreadable::Format)??;
        if sound.samples.iter().all(|sample| sample.abs() < SILENCE) {
            return Ok(Heard::nothing("silence", sound.cut));
        }
        let sound = Arc::new(sound);
        let remote_first = self.0.settings.remote_first;
        let first = self.ask(remote_first, &sound, language.as_deref(), &progress, &stop).await;
        match first {
            Ok(heard) => Ok(heard),
            Err(error) => {
                if !self.has(!remote_first) {
                    return Err(error);
                }
                if !matches!(error, Error::NoEngine) {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the other transcription is asked"
                    );
                }
                self.ask(!remote_first, &sound, language.as_deref(), &progress, &stop).await
            }
        }
    }

    async fn ask(
        &self,
        remote: bool,
        sound: &Arc<Sound>,
        language: Option<&str>,
        progress: &Progress,
        stop: &CancellationToken,
    ) -> Result<Heard, Error> {
        if remote {
            let remote = self.0.remote.as_ref().ok_or(Error::NoEngine)?;
            return remote.transcribe(sound, language).await;
        }
        self.ask_local(sound, language, progress, stop).await
    }

    #[cfg(feature = "speech")]
    async fn ask_local(
        &self,
        sound: &Arc<Sound>,
        language: Option<&str>,
        progress: &Progress,
        stop: &CancellationToken,
    ) -> Result<Heard, Error> {
        let local = self.0.local.as_ref().ok_or(Error::NoEngine)?;
        local.transcribe(sound.clone(), language, progress.clone(), stop.clone()).await
    }

    #[cfg(not(feature = "speech"))]
    async fn ask_local(
        &self,
        _: &Arc<Sound>,
        _: Option<&str>,
        _: &Progress,
        _: &CancellationToken,
    ) -> Result<Heard, Error> {
        Err(Error::NoEngine)
    }

    fn has(&self, remote: bool) -> bool {
        if remote { self.0.remote.is_some() } else { self.has_local() }
    }

    fn has_local(&self) -> bool {
        cfg!(feature = "speech") && self.0.model.is_some()
    }

    fn length(&self) -> Duration {
        Duration::from_secs(self.0.settings.max_seconds.max(1))
    }
}

impl Heard {
    fn nothing(engine: &str, cut: bool) -> Heard {
        Heard { text: String::new(), words: Vec::new(), language: None, engine: engine.to_owned(), cut }
    }
}
