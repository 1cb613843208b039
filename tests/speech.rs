//! A real Whisper model listens: `make speech`. The model is no part of the project; without one this says so
//! and fails, and the other tests do without (`tests/it/voice.rs`).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use concierge::config::Config;
use concierge::ports::Speech;
use concierge::ports::speech::{Error, Recording};

fn model() -> PathBuf {
    let named = std::env::var_os("CONCIERGE_WHISPER_MODEL");
    let path =
        named.map(PathBuf::from).expect("CONCIERGE_WHISPER_MODEL names a Whisper model; see `make speech`");
    assert!(path.exists(), "{} is not there", path.display());
    path
}

fn config() -> Config {
    let mut config = Config::defaults();
    config.speech.model = model().display().to_string();
    config
}

fn recording(name: &str) -> Recording {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/speech");
    let bytes = std::fs::read(folder.join(name)).expect("the recording is there");
    Recording { bytes: bytes.into(), language: Some("en".to_owned()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_is_understood_with_words_times_and_confidence() {
    let speech = Speech::open(&config());
    for name in
        ["hours.wav", "hours.webm", "hours.ogg", "hours.m4a", "hours-opus.mp4", "hours.mp3", "hours.flac"]
    {
        let heard = speech.transcribe(recording(name), Arc::new(|_| {})).await.expect("it is understood");
        let text = heard.text.to_lowercase();
        // The voice is a synthetic one, of which small models mishear much; this word all of them get.
        assert!(text.contains("opening"), "{name}: {text}");
        assert_eq!(heard.language.as_deref(), Some("en"));
        assert_eq!(heard.words.len(), text.split_whitespace().count());
        assert!(
            heard.words.iter().all(|word| word.confidence.is_some() && word.end_ms <= 5_000),
            "{heard:?}"
        );
        assert!(heard.words.is_sorted_by_key(|word| word.start_ms), "{heard:?}");
    }
    let status = speech.status().await;
    assert!(status.ready && status.local.sha1.is_some_and(|sum| sum.len() == 40) && status.advice.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_silence_and_no_words_are_made_up() {
    let speech = Speech::open(&config());
    let silence = concierge::ports::sound::wav(&concierge::ports::sound::Sound {
        samples: vec![0.0; 48_000],
        cut: false,
    });
    let heard =
        speech.transcribe(Recording { bytes: silence.into(), language: None }, Arc::new(|_| {})).await;
    assert_eq!(heard.expect("it is listened to").text, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_dropped_stops_and_one_that_takes_too_long_is_ended() {
    let mut config = config();
    config.speech.patience_seconds = 1;
    // Five minutes of a sentence again and again: more than a second of work.
    let sound = concierge::ports::sound::decode(
        recording("hours.wav").bytes,
        &concierge::ports::sound::Limits::new(Duration::from_secs(10), Duration::from_secs(10)),
    );
    let sentence = sound.expect("read").samples;
    let samples: Vec<f32> = sentence.iter().copied().cycle().take(16_000 * 300).collect();
    let long: Arc<[u8]> =
        concierge::ports::sound::wav(&concierge::ports::sound::Sound { samples, cut: false }).into();
    let speech = Speech::open(&config);
    let started = Instant::now();
    let ended = speech.transcribe(Recording { bytes: long, language: None }, Arc::new(|_| {})).await;
    assert!(matches!(ended, Err(Error::TimedOut(_))), "{ended:?}");
    assert!(started.elapsed() < Duration::from_secs(10));
    // The next one is not held up by the one before.
    let mut config = config.clone();
    config.speech.patience_seconds = 60;
    let speech = Speech::open(&config);
    speech.transcribe(recording("hours.wav"), Arc::new(|_| {})).await.expect("it is understood");
}

/// Keeps a core busy until it is dropped.
struct Busy(Arc<AtomicBool>);

impl Busy {
    fn cores() -> Busy {
        let over = Arc::new(AtomicBool::new(false));
        for _ in 0..2 * std::thread::available_parallelism().map_or(2, usize::from) {
            let over = over.clone();
            std::thread::spawn(move || while !over.load(Ordering::Relaxed) {});
        }
        Busy(over)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_machine_that_is_never_idle_a_recording_is_heard_all_the_same() {
    let _busy = Busy::cores();
    let speech = Speech::open(&config());
    let heard = speech.transcribe(recording("spoken.wav"), Arc::new(|_| {})).await;
    assert!(heard.expect("within its time").text.contains("opening hours on Saturday"));
}

#[test]
fn the_command_line_lists_and_verifies_the_model() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_concierge"))
            .args(arguments)
            .env("CONCIERGE__SPEECH__MODEL", model())
            .output()
            .expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, list) = run(&["models", "list"]);
    assert!(code == Some(0) && list.contains("the hub listens with"), "{list}");
    let (_, verified) = run(&["models", "verify"]);
    assert!(
        verified.lines().any(|line| line.split_whitespace().next().is_some_and(|sum| sum.len() == 40)),
        "{verified}"
    );
}
