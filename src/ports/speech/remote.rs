//! A server that speaks OpenAI's transcription API: OpenAI, Groq, vLLM, whisper.cpp's own, and others.

use std::time::Duration;

use reqwest::multipart::{Form, Part};

use super::words::{spread, word};
use super::{Error, Heard};
use crate::config::Speech as Settings;
use crate::ports::sound::{Sound, wav};
use crate::protocol::SpokenWord;

/// How long the server may take to be reached.
const REACHED_WITHIN: Duration = Duration::from_secs(5);

/// The longest answer that is read.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// Letters of a refusal that are kept for the log.
const REFUSAL: usize = 200;

/// The server and how it is asked.
pub(super) struct Remote {
    client: reqwest::Client,
    url: String,
    key: String,
    model: String,
}

/// What servers answer: only the text is certain.
#[derive(Debug, serde::Deserialize)]
struct Answer {
    text: String,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    words: Option<Vec<Word>>,
    #[serde(default)]
    segments: Option<Vec<Segment>>,
}

#[derive(Debug, serde::Deserialize)]
struct Word {
    #[serde(alias = "text")]
    word: String,
    start: f64,
    end: f64,
    #[serde(default, alias = "score", alias = "confidence")]
    probability: Option<f64>,
}

#[derive(Debug, serde::Deserialize)]
struct Segment {
    text: String,
    start: f64,
    end: f64,
    #[serde(default)]
    avg_logprob: Option<f64>,
}

impl Remote {
    /// The server of the settings, if they name one.
    pub(super) fn new(settings: &Settings) -> Option<Remote> {
        let base = settings.url.trim().trim_end_matches('/');
        if base.is_empty() {
            return None;
        }
        let client = crate::ports::outgoing::client(
            REACHED_WITHIN,
            Duration::from_secs(settings.patience_seconds.max(1)),
        )?;
        Some(Remote {
            client,
            url: format!("{base}/audio/transcriptions"),
            key: settings.key.clone(),
            model: settings.remote_model.clone(),
        })
    }

    /// What it is called where people see it: the model, without the address.
    pub(super) fn name(&self) -> String {
        self.model.clone()
    }

    pub(super) async fn transcribe(&self, sound: &Sound, language: Option<&str>) -> Result<Heard, Error> {
        let answer = self.ask(sound, language).await.map_err(Error::Engine)?;
        let words = words(&answer, sound.seconds());
        Ok(Heard {
            text: words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "),
            words,
            language: answer.language.as_deref().and_then(code).or_else(|| language.map(str::to_owned)),
            engine: self.model.clone(),
            cut: sound.cut,
        })
    }

    async fn ask(&self, sound: &Sound, language: Option<&str>) -> Result<Answer, String> {
        let file = Part::bytes(wav(sound))
            .file_name("recording.wav")
            .mime_str("audio/wav")
            .map_err(|error| error.to_string())?;
        let mut form = Form::new()
            .part("file", file)
            .text("model", self.model.clone())
            .text("response_format", "verbose_json")
            .text("timestamp_granularities[]", "word")
            .text("timestamp_granularities[]", "segment");
        if let Some(language) = language {
            form = form.text("language", language.to_owned());
        }
        let mut request = self.client.post(&self.url).multipart(form);
        if !self.key.is_empty() {
            request = request.bearer_auth(&self.key);
        }
        // The address may hold a key: it does not belong into a log.
        let mut response = request.send().await.map_err(|error| error.without_url().to_string())?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| error.without_url().to_string())? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err("the answer is too long".to_owned());
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            let says: String = String::from_utf8_lossy(&body).chars().take(REFUSAL).collect();
            return Err(format!("the server answered {status}: {says}"));
        }
        serde_json::from_slice(&body).map_err(|error| format!("the answer is not readable: {error}"))
    }
}

/// The words with the best times the server gave: its own, or those of its segments, or none.
fn words(answer: &Answer, seconds: f64) -> Vec<SpokenWord> {
    let segments = answer.segments.as_deref().unwrap_or_default();
    if let Some(words) = answer.words.as_deref().filter(|words| !words.is_empty()) {
        let sure_at = |at: f64| {
            segments.iter().find(|segment| segment.start <= at && at <= segment.end).and_then(sureness)
        };
        return words
            .iter()
            .filter(|word| !word.word.trim().is_empty())
            .map(|said| {
                let sure = said.probability.or_else(|| sure_at(said.start));
                word(said.word.trim().to_owned(), millis(said.start), millis(said.end), sure)
            })
            .collect();
    }
    match segments.is_empty() {
        true => spread(&answer.text, 0, millis(seconds), None),
        false => segments
            .iter()
            .flat_map(|part| spread(&part.text, millis(part.start), millis(part.end), sureness(part)))
            .collect(),
    }
}

fn sureness(segment: &Segment) -> Option<f64> {
    segment.avg_logprob.map(f64::exp)
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to a month before")]
fn millis(seconds: f64) -> i64 {
    let seconds = if seconds.is_finite() { seconds } else { 0.0 };
    (seconds.clamp(0.0, 2_592_000.0) * 1_000.0).round() as i64
}

/// The code of a language that a server gives as a code or as its English name.
fn code(language: &str) -> Option<String> {
    const NAMES: &[(&str, &str)] = &[
        ("arabic", "ar"),
        ("chinese", "zh"),
        ("dutch", "nl"),
        ("english", "en"),
        ("french", "fr"),
        ("german", "de"),
        ("hindi", "hi"),
        ("italian", "it"),
        ("japanese", "ja"),
        ("polish", "pl"),
        ("portuguese", "pt"),
        ("russian", "ru"),
        ("spanish", "es"),
        ("tamil", "ta"),
        ("turkish", "tr"),
    ];
    let lower = language.trim().to_lowercase();
    let named = NAMES.iter().find(|(name, _)| *name == lower).map(|(_, code)| (*code).to_owned());
    named.or_else(|| (lower.len() == 2 && lower.is_ascii()).then_some(lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Vec<(String, u32, u32, Option<f64>)> {
        let answer: Answer = serde_json::from_str(json).expect("an answer");
        let shown = |word: SpokenWord| (word.text, word.start_ms, word.end_ms, word.confidence);
        words(&answer, 2.0).into_iter().map(shown).collect()
    }

    #[test]
    fn the_best_times_of_an_answer_are_used() {
        let own = r#"{"text":"Hi there","words":[{"word":" Hi","start":0.1,"end":0.5},{"word":"there","start":0.6,"end":1e99}],
            "segments":[{"text":" Hi there","start":0,"end":0.55,"avg_logprob":-0.1,"id":3}],"usage":{}}"#;
        assert_eq!(
            read(own),
            [("Hi".to_owned(), 100, 500, Some(0.9)), ("there".to_owned(), 600, 2_592_000_000, None)]
        );
        let parts = r#"{"text":"Hi there","segments":[{"text":" Hi there","start":1,"end":2}],"words":null}"#;
        assert_eq!(read(parts)[1], ("there".to_owned(), 1_285, 2_000, None));
        assert_eq!(read(r#"{"text":"Hi there"}"#).len(), 2);
        assert_eq!(read(r#"{"text":""}"#), []);
    }

    #[test]
    fn languages_come_as_codes_or_as_names() {
        assert_eq!(code("German").as_deref(), Some("de"));
        assert_eq!(code("pt").as_deref(), Some("pt"));
        assert_eq!(code("klingon"), None);
    }
}
