//! How well recordings are understood: the kit's task, and a report over a folder of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::evals::{Answerer, Error, line, lines};
use crate::ports::Speech;
use crate::ports::sound::{self, Limits};
use crate::ports::speech::Recording;

/// A recording of the kit, with what is said in it where that is known.
#[derive(Deserialize)]
struct Clip {
    id: String,
    audio: PathBuf,
    #[serde(default)]
    text: Option<String>,
}

#[derive(Serialize)]
struct Said<'a> {
    id: &'a str,
    text: &'a str,
}

/// What one part of the set came to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// Recordings.
    pub clips: u32,
    /// Words that are said.
    pub words: u32,
    /// Words that were added, left out or changed.
    pub errors: u32,
    /// Seconds of sound.
    pub seconds: f64,
}

/// The report over a set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Single digits.
    pub digits: Tally,
    /// Sentences.
    pub sentences: Tally,
    /// Seconds that listening took, loading the model apart.
    pub listening: f64,
    /// Seconds that reading and resampling alone took.
    pub reading: f64,
    /// Which engine listened.
    pub engine: String,
    /// Recordings that could not be transcribed.
    pub failed: u32,
}

impl Tally {
    /// Wrong words among all words.
    pub fn rate(&self) -> f64 {
        f64::from(self.errors) / f64::from(self.words.max(1))
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.digits.seconds + self.sentences.seconds;
        for (name, part) in [("sentences", self.sentences), ("digits", self.digits)] {
            writeln!(
                to,
                "{name:<10} {:>4} clips {:>6.1} s  word error rate {:.3} ({} of {} words)",
                part.clips,
                part.seconds,
                part.rate(),
                part.errors,
                part.words
            )?;
        }
        let factor = self.listening / seconds.max(0.001);
        writeln!(to, "listening  {:.2} s, time factor {factor:.3} ({})", self.listening, self.engine)?;
        let share = self.reading / self.listening.max(0.001) * 100.0;
        write!(to, "reading    {:.3} s, {share:.2} % of listening; {} failed", self.reading, self.failed)
    }
}

/// Answers the kit's task. Paths of recordings are relative to the folder of EVAL_AUDIO, or to this one.
pub(super) fn prepare() -> Result<Answerer, Error> {
    let folder = std::env::var_os("EVAL_AUDIO").map(PathBuf::from).unwrap_or_default();
    let listener = Listener::open(&config())?;
    Ok(Box::new(move |asked| {
        let clip: Clip = serde_json::from_str(asked)?;
        let heard = listener.listen(&folder.join(&clip.audio))?;
        let text = heard.map(|heard| heard.text).unwrap_or_default();
        line(&Said { id: &clip.id, text: &text })
    }))
}

/// Listens to every recording of a folder of the kit and compares.
pub fn report(config: &Config, folder: &Path) -> Result<Report, Error> {
    let lists: Vec<PathBuf> = std::fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    let mut clips = Vec::new();
    for list in &lists {
        let file = std::io::BufReader::new(std::fs::File::open(list)?);
        clips.extend(lines::<Clip>(file).collect::<Result<Vec<_>, _>>()?);
    }
    let listener = Listener::open(config)?;
    let mut report = Report::default();
    // The first call loads the model: that is not listening.
    if let Some(first) = clips.first() {
        listener.listen(&folder.join(&first.audio))?;
    }
    for clip in &clips {
        let path = folder.join(&clip.audio);
        let started = Instant::now();
        let seconds = sound::decode(std::fs::read(&path)?, &limits()).map_or(0.0, |sound| sound.seconds());
        report.reading += started.elapsed().as_secs_f64();
        let started = Instant::now();
        let heard = listener.listen(&path)?;
        report.listening += started.elapsed().as_secs_f64();
        let said = words(clip.text.as_deref().unwrap_or_default());
        let heard = match heard {
            Some(heard) => {
                report.engine = heard.engine;
                words(&heard.text)
            }
            None => {
                report.failed += 1;
                Vec::new()
            }
        };
        let part = if said.len() == 1 { &mut report.digits } else { &mut report.sentences };
        part.clips += 1;
        part.seconds += seconds;
        part.words += u32::try_from(said.len()).unwrap_or(0);
        part.errors += distance(&said, &heard);
    }
    Ok(report)
}

fn config() -> Config {
    Config::load(None, std::env::vars()).unwrap_or_else(|_| Config::defaults())
}

fn limits() -> Limits {
    Limits::new(Duration::from_secs(300), Duration::from_secs(60))
}

/// The port, called from a thread that may wait.
struct Listener {
    runtime: tokio::runtime::Runtime,
    speech: Speech,
}

impl Listener {
    fn open(config: &Config) -> Result<Listener, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let speech = Speech::open(config);
        if !speech.ready() {
            return Err(Error::NoSpeech);
        }
        Ok(Listener { runtime, speech })
    }

    /// What is heard; none where that fails.
    fn listen(&self, path: &Path) -> Result<Option<crate::ports::speech::Heard>, Error> {
        let recording = Recording { bytes: std::fs::read(path)?.into(), language: Some("en".to_owned()) };
        let heard = self.runtime.block_on(self.speech.transcribe(recording, Arc::new(|_| {})));
        if let Err(error) = &heard {
            tracing::warn!(error = error as &dyn std::error::Error, "a recording was not transcribed");
        }
        Ok(heard.ok())
    }
}

/// The words of a text as they are compared: lower case, without punctuation, digits as words.
fn words(text: &str) -> Vec<String> {
    const DIGITS: &[&str] = &["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    text.to_lowercase()
        .split(|letter: char| !letter.is_alphanumeric() && letter != '\'')
        .filter(|word| !word.is_empty())
        .map(|word| match word.parse::<usize>().ok().and_then(|digit| DIGITS.get(digit)) {
            Some(name) => (*name).to_owned(),
            None => word.replace('\'', ""),
        })
        .collect()
}

/// Words that must be added, left out or changed to make one text of the other.
fn distance(said: &[String], heard: &[String]) -> u32 {
    let mut row: Vec<u32> = (0..).take(heard.len() + 1).collect();
    for (number, word) in (1..).zip(said) {
        let mut corner = row[0];
        row[0] = number;
        for (column, other) in heard.iter().enumerate() {
            let changed = corner + u32::from(word != other);
            corner = row[column + 1];
            row[column + 1] = changed.min(corner + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(said: &str, heard: &str) -> u32 {
        distance(&words(said), &words(heard))
    }

    #[test]
    fn wrong_words_are_counted() {
        assert_eq!(errors("what joy there is in living", "What joy there is, in living."), 0);
        assert_eq!(errors("what joy there is", "what a joy there"), 2);
        assert_eq!(errors("seven", "7."), 0);
        assert_eq!(errors("", "thank you"), 2);
        assert_eq!(errors("don't go", ""), 2);
    }
}
