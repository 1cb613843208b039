//! whisper.cpp in this process.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperSegment, WhisperState,
};

use super::words::{Piece, join};
use super::{Error, Heard, Progress};
use crate::ports::sound::{RATE, Sound};

/// Encoder frames of the 30 seconds that a model listens to at once.
const FRAMES: usize = 1_500;
const WINDOW_SECONDS: usize = 30;

/// Frames of silence that the encoder gets after the clip. The encoder's work follows the clip's length
/// instead of 30 seconds; with a smaller margin the decoder loops on clips of a second or two.
const MARGIN: usize = 384;

/// Shorter clips are followed by silence up to this length: models hear nothing in less.
const SHORTEST: usize = RATE as usize + RATE as usize / 8;

/// A stretch that is silence for the model with at least this probability, and whose words it does not
/// believe itself, is left out: such words are made up.
const NO_SPEECH: f32 = 0.6;
const UNBELIEVED: f32 = 0.5;

/// How much less important listening is than everything else, as Unix counts.
const NICE: i32 = 19;

/// A model, loaded at its first use.
pub(super) struct Whisper {
    path: PathBuf,
    threads: i32,
    loaded: Arc<Mutex<Option<Arc<WhisperContext>>>>,
}

impl Whisper {
    pub(super) fn new(path: &Path, threads: usize) -> Whisper {
        let threads = i32::try_from(threads.clamp(1, 64)).unwrap_or(1);
        Whisper { path: path.to_owned(), threads, loaded: Arc::default() }
    }

    /// Listens in a thread of its own.
    pub(super) async fn transcribe(
        &self,
        sound: Arc<Sound>,
        language: Option<&str>,
        progress: Progress,
        stop: CancellationToken,
    ) -> Result<Heard, Error> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let (path, loaded, threads) = (self.path.clone(), self.loaded.clone(), self.threads);
        let language = language.map(str::to_owned);
        let stopped = Arc::new(AtomicBool::new(false));
        let listening = stopped.clone();
        let started = std::thread::Builder::new().name("speech".to_owned()).spawn(move || {
            // The threads that whisper.cpp starts inherit this. If it is refused, the work is merely as
            // important as any other.
            let _ = rustix::process::nice(NICE);
            let heard = load(&path, &loaded)
                .and_then(|context| {
                    listen(&context, &sound, language.as_deref(), threads, progress, listening)
                })
                .map(|mut heard| {
                    heard.engine = name(&path);
                    heard.cut = sound.cut;
                    heard
                });
            // Whoever asked may have gone.
            let _ = answer.send(heard);
        });
        started.map_err(|error| Error::Engine(error.to_string()))?;
        // Dropping this future drops the guard, and the thread ends at its next look.
        let _guard = StopsThread(stopped);
        tokio::select! {
            () = stop.cancelled() => Err(Error::Engine("cancelled".to_owned())),
            heard = answered => heard.map_err(|_| Error::Engine("the engine broke off".to_owned()))?,
        }
    }
}

/// Tells the thread to stop when nobody waits for it any more.
struct StopsThread(Arc<AtomicBool>);

impl Drop for StopsThread {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The engine's name in traces and under transcripts.
fn name(path: &Path) -> String {
    let file = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    format!("whisper {}", file.trim_start_matches("ggml-"))
}

fn load(path: &Path, loaded: &Mutex<Option<Arc<WhisperContext>>>) -> Result<Arc<WhisperContext>, Error> {
    // Held while loading, so that two first recordings do not load it twice.
    let mut place = loaded.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(context) = &*place {
        return Ok(context.clone());
    }
    whisper_rs::install_logging_hooks();
    let context = WhisperContext::new_with_params(path, WhisperContextParameters::default())
        .map_err(|error| Error::Engine(format!("the model file was refused: {error}")))?;
    Ok(place.insert(Arc::new(context)).clone())
}

fn listen(
    context: &WhisperContext,
    sound: &Sound,
    language: Option<&str>,
    threads: i32,
    progress: Progress,
    stopped: Arc<AtomicBool>,
) -> Result<Heard, Error> {
    let failed = |error: whisper_rs::WhisperError| Error::Engine(error.to_string());
    let mut state = context.create_state().map_err(failed)?;
    let language = match context.is_multilingual() {
        // A word that is no language of the model would be refused.
        true => language.filter(|code| whisper_rs::get_lang_id(code).is_some()).unwrap_or("auto"),
        false => "en",
    };
    let mut params = params(sound.samples.len(), language, threads);
    params.set_progress_callback_safe(move |percent: i32| progress(u8::try_from(percent).unwrap_or(0)));
    // Boxed here: the safe setter reads its closure back as what it was given, and only a box of this type
    // is what it stores.
    let abort: Box<dyn FnMut() -> bool> = Box::new(move || stopped.load(Ordering::Relaxed));
    params.set_abort_callback_safe(abort);
    match sound.samples.len() < SHORTEST {
        true => {
            let mut padded = sound.samples.clone();
            padded.resize(SHORTEST, 0.0);
            state.full(params, &padded).map_err(failed)?;
        }
        false => state.full(params, &sound.samples).map_err(failed)?,
    }
    Ok(heard(&state, context, language))
}

fn params<'a>(samples: usize, language: &'a str, threads: i32) -> FullParams<'a, 'a> {
    let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    params.set_n_threads(threads);
    params.set_language(Some(language));
    params.set_translate(false);
    params.set_no_context(true);
    params.set_suppress_nst(true);
    params.set_token_timestamps(true);
    params.set_print_special(false);
    params.set_print_progress(false);
    params.set_print_realtime(false);
    params.set_print_timestamps(false);
    // Otherwise a bad short clip is decoded up to six times.
    params.set_temperature_inc(0.0);
    let frames = (samples * FRAMES).div_ceil(WINDOW_SECONDS * RATE as usize) + MARGIN;
    params.set_audio_ctx(i32::try_from(frames.min(FRAMES)).unwrap_or(0));
    params
}

fn heard(state: &WhisperState, context: &WhisperContext, asked: &str) -> Heard {
    let end_of_text = context.token_eot();
    let mut words = Vec::new();
    for segment in state.as_iter() {
        let said = join(pieces(&segment, end_of_text).into_iter());
        if segment.no_speech_probability() > NO_SPEECH && !is_believed(&said) {
            continue;
        }
        words.extend(said);
    }
    let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let spoken = match asked {
        "auto" => whisper_rs::get_lang_str(state.full_lang_id_from_state()),
        asked => Some(asked),
    };
    Heard { text, words, language: spoken.map(str::to_owned), ..Heard::nothing("", false) }
}

fn is_believed(words: &[crate::protocol::SpokenWord]) -> bool {
    words.iter().any(|word| word.confidence.is_some_and(|sure| sure > f64::from(UNBELIEVED)))
}

fn pieces<'a>(segment: &'a WhisperSegment<'_>, end_of_text: i32) -> Vec<Piece<'a>> {
    (0..segment.n_tokens())
        .filter_map(|index| {
            let token = segment.get_token(index)?;
            let data = token.token_data();
            // Everything from the end of text on is a mark and no text. Times are in hundredths.
            (data.id < end_of_text).then(|| token.to_bytes().ok()).flatten().map(|bytes| Piece {
                bytes,
                start_ms: data.t0 * 10,
                end_ms: data.t1 * 10,
                sure: data.p,
            })
        })
        .collect()
}
