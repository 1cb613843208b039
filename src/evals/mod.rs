//! Runs the evaluation kit's tasks through the code a turn uses: JSON lines in, JSON lines out.
//!
//! An outside scorer drives `jsonl` and names the files that go with a set in the environment (`EVAL_TRAIN`,
//! `EVAL_DOCS`); `run` does the same for a whole set by itself, has the kit score it and times each item.

pub mod audio;
mod collection;
mod grounded;
mod injection;
mod intents;
mod kit;
mod retrieval;
pub mod slots;
mod vectors;

use std::io::{BufRead, Write};

pub use injection::train_steering;
pub use kit::{Kit, run};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why an evaluation stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such task.
    #[error(
        "there is no task {0:?}; there are intents, multi_intents, slots, retrieval, grounded, injection, \
         audio"
    )]
    Task(String),
    /// A file the task needs was not named.
    #[error("the environment variable EVAL_{0} must name a file")]
    Variable(String),
    /// A line could not be answered.
    #[error("line {line} cannot be answered: {source}")]
    Line {
        /// Counted from one.
        line: usize,
        /// Why.
        source: Box<Error>,
    },
    /// A line's schema cannot be read.
    #[error("the schema cannot be read")]
    Schema(#[from] crate::language::fields::SchemaFault),
    /// The kit's own tools did not run.
    #[error("{tool}: {says}; the kit's tools need python3")]
    Tool {
        /// Which.
        tool: String,
        /// What it said.
        says: String,
    },
    /// Nothing can listen.
    #[error("no transcription is set up: set speech.model or speech.url (CONCIERGE__SPEECH__MODEL=FILE)")]
    NoSpeech,
    /// A file or stream failed.
    #[error("reading or writing failed")]
    Io(#[from] std::io::Error),
    /// A line is not what the task expects.
    #[error("a line is not the JSON this task expects")]
    Json(#[from] serde_json::Error),
}

/// Answers one line of a task.
type Answerer = Box<dyn FnMut(&str) -> Result<String, Error>>;

/// Learns what a task needs and gives what answers its lines.
fn prepare(task: &str, kit: &Kit) -> Result<Answerer, Error> {
    match task {
        "intents" => intents::one(kit),
        "multi_intents" => intents::several(kit),
        "slots" => Ok(slots::prepare()),
        "retrieval" => retrieval::prepare(kit),
        "grounded" => grounded::prepare(kit),
        "injection" => Ok(injection::prepare()),
        "audio" => audio::prepare(),
        other => Err(Error::Task(other.to_owned())),
    }
}

/// Answers each line of a task.
pub fn jsonl(task: &str, input: impl BufRead, mut output: impl Write) -> Result<(), Error> {
    let mut answer = prepare(task, &Kit::of_environment())?;
    for (number, line) in input.lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let answer =
            answer(&line).map_err(|error| Error::Line { line: number + 1, source: Box::new(error) })?;
        writeln!(output, "{answer}")?;
    }
    output.flush()?;
    Ok(())
}

/// The lines of a stream, blank ones left out.
fn lines<T: DeserializeOwned>(input: impl BufRead) -> impl Iterator<Item = Result<T, Error>> {
    input
        .lines()
        .filter(|line| line.as_ref().map_or(true, |line| !line.trim().is_empty()))
        .map(|line| Ok(serde_json::from_str(&line?)?))
}

/// An answer as a line.
fn line(value: &impl Serialize) -> Result<String, Error> {
    Ok(serde_json::to_string(value)?)
}
