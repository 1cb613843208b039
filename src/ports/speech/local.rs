//! whisper.cpp in this process.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperSegment, WhisperState,
};

use super::rank::{Rank, Share, TRIES};
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

/// Silence before such a clip: a word that begins at once is heard worse.
const LEAD_MS: i64 = 300;
const LEAD: usize = RATE as usize * 3 / 10;

/// A stretch that is silence for the model with at least this probability, and whose words it does not
/// believe itself, is left out: such words are made up.
const NO_SPEECH: f32 = 0.6;
const UNBELIEVED: f32 = 0.5;

/// How often it is looked how far the work is.
const LOOKS: Duration = Duration::from_millis(200);

/// A model, loaded at its first use.
pub(super) struct Whisper {
    path: PathBuf,
    threads: i32,
    loaded: Arc<Mutex<Option<Arc<WhisperContext>>>>,
}

impl Whisper {
    /// Of `threads` threads each; zero chooses.
    pub(super) fn new(path: &Path, threads: usize) -> Whisper {
        let threads = match threads {
            0 if std::thread::available_parallelism().is_ok_and(|cores| cores.get() >= 4) => 2,
            asked => i32::try_from(asked.clamp(1, 64)).unwrap_or(1),
        };
        Whisper { path: path.to_owned(), threads, loaded: Arc::default() }
    }

    /// Listens in a thread of its own, behind everything else; where that gets it nowhere, once more and a
    /// little more important.
    pub(super) async fn transcribe(
        &self,
        sound: Arc<Sound>,
        language: Option<&str>,
        progress: Progress,
        stop: CancellationToken,
    ) -> Result<Heard, Error> {
        let mut told = 0;
        for rank in [Rank::Last, Rank::Low] {
            let (answered, state) = self.start(rank, sound.clone(), language)?;
            // Once this guard is dropped, the thread ends at its next look.
            let _guard = StopsThread(state.clone());
            tokio::select! {
                () = stop.cancelled() => return Err(Error::Engine("cancelled".to_owned())),
                heard = answered => {
                    let heard = heard.map_err(|_| Error::Engine("the engine broke off".to_owned()))?;
                    if heard.is_ok() || !state.starved.load(Ordering::Relaxed) {
                        return heard;
                    }
                }
                () = watch(rank, &state, &progress, &mut told) => {}
            }
            metrics::counter!("concierge_transcriptions_starved_total").increment(1);
        }
        Err(Error::Engine("the machine is too busy".to_owned()))
    }

    /// Starts a thread that listens.
    fn start(
        &self,
        rank: Rank,
        sound: Arc<Sound>,
        language: Option<&str>,
    ) -> Result<(Answered, Arc<State>), Error> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let state = Arc::new(State::default());
        let shared = state.clone();
        let (path, loaded) = (self.path.clone(), self.loaded.clone());
        // Threads of one transcription wait for each other with a core in hand, so on a busy machine one is best.
        let threads = if rank == Rank::Last { self.threads } else { 1 };
        let language = language.map(str::to_owned);
        let started = std::thread::Builder::new().name("speech".to_owned()).spawn(move || {
            // What is loaded once is not put off: others may wait for it.
            Rank::Low.take();
            let heard = load(&path, &loaded)
                .and_then(|context| {
                    // The threads that whisper.cpp starts inherit the rank.
                    if rank == Rank::Last {
                        rank.take();
                    }
                    listen(&context, &sound, language.as_deref(), threads, rank, shared)
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
        Ok((answered, state))
    }
}

/// What a thread has heard, once it is done.
type Answered = tokio::sync::oneshot::Receiver<Result<Heard, Error>>;

/// Tells how far a thread is. The thread itself tells nobody: while it waits for a core it must hold no lock.
/// Returns when it stands still, which only one that comes last may do.
async fn watch(rank: Rank, state: &State, progress: &Progress, told: &mut u8) {
    let mut ticks = tokio::time::interval(LOOKS);
    let mut seen = 0;
    let mut since = Instant::now();
    loop {
        ticks.tick().await;
        let percent = state.percent.load(Ordering::Relaxed);
        if percent > *told {
            *told = percent;
            progress(percent);
        }
        let looks = state.looks.load(Ordering::Relaxed);
        // Before its first look the model is being loaded, which it does at a better rank.
        if looks == 0 || looks != seen || rank != Rank::Last {
            (seen, since) = (looks, Instant::now());
        }
        if since.elapsed() >= TRIES {
            return;
        }
    }
}

/// What a thread and whoever waits for it tell each other.
#[derive(Default)]
struct State {
    /// How often it has looked whether it is to go on; zero until the model is loaded.
    looks: AtomicU32,
    /// How far it is.
    percent: AtomicU8,
    /// Nobody waits any more.
    stopped: AtomicBool,
    /// It gave up because it hardly ever got a core.
    starved: AtomicBool,
}

/// Tells the thread to stop when nobody waits for it any more.
struct StopsThread(Arc<State>);

impl Drop for StopsThread {
    fn drop(&mut self) {
        self.0.stopped.store(true, Ordering::Relaxed);
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
    rank: Rank,
    told: Arc<State>,
) -> Result<Heard, Error> {
    let failed = |error: whisper_rs::WhisperError| Error::Engine(error.to_string());
    let share = Share::begin();
    told.looks.fetch_add(1, Ordering::Relaxed);
    let mut state = context.create_state().map_err(failed)?;
    let language = match context.is_multilingual() {
        // A word that is no language of the model would be refused.
        true => language.filter(|code| whisper_rs::get_lang_id(code).is_some()).unwrap_or("auto"),
        false => "en",
    };
    let heard_from = led_in(&sound.samples);
    let samples = heard_from.as_deref().unwrap_or(&sound.samples);
    let mut params = params(samples.len(), language, threads);
    let progress = told.clone();
    params.set_progress_callback_safe(move |percent: i32| {
        progress.percent.fetch_max(u8::try_from(percent).unwrap_or(0), Ordering::Relaxed);
    });
    // Boxed here: the safe setter reads its closure back as what it was given, and only a box of this type
    // is what it stores.
    let abort: Box<dyn FnMut() -> bool> = Box::new(move || {
        told.looks.fetch_add(1, Ordering::Relaxed);
        let starves = rank == Rank::Last && share.is_too_little();
        told.starved.fetch_or(starves, Ordering::Relaxed);
        starves || told.stopped.load(Ordering::Relaxed)
    });
    params.set_abort_callback_safe(abort);
    state.full(params, samples).map_err(failed)?;
    let late = if heard_from.is_some() { LEAD_MS } else { 0 };
    Ok(heard(&state, context, language, late))
}

/// A short clip with silence around it; none where it is long enough.
fn led_in(samples: &[f32]) -> Option<Vec<f32>> {
    (samples.len() < SHORTEST).then(|| {
        let mut led = vec![0.0; LEAD];
        led.extend_from_slice(samples);
        led.resize(led.len().max(SHORTEST), 0.0);
        led
    })
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

/// What was heard; `late` milliseconds stood before the clip.
fn heard(state: &WhisperState, context: &WhisperContext, asked: &str, late: i64) -> Heard {
    let end_of_text = context.token_eot();
    let mut words = Vec::new();
    for segment in state.as_iter() {
        let said = join(pieces(&segment, end_of_text, late).into_iter());
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

fn pieces<'a>(segment: &'a WhisperSegment<'_>, end_of_text: i32, late: i64) -> Vec<Piece<'a>> {
    (0..segment.n_tokens())
        .filter_map(|index| {
            let token = segment.get_token(index)?;
            let data = token.token_data();
            // Everything from the end of text on is a mark and no text. Times are in hundredths.
            (data.id < end_of_text).then(|| token.to_bytes().ok()).flatten().map(|bytes| Piece {
                bytes,
                start_ms: data.t0 * 10 - late,
                end_ms: data.t1 * 10 - late,
                sure: data.p,
            })
        })
        .collect()
}
