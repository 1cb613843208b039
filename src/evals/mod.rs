//! Answers the evaluation kit's tasks through the code a turn uses: JSON lines in, JSON lines out.
//!
//! The files that go with a set are found by the kit's environment variables (`EVAL_TRAIN`, `EVAL_DOCS`).

pub mod audio;
mod collection;
mod grounded;
mod injection;
mod intents;
mod retrieval;
pub mod slots;
mod vectors;

use std::io::{BufRead, Write};
use std::path::PathBuf;

pub use injection::train_steering;
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
    #[error("the environment variable {0} must name a file")]
    Variable(&'static str),
    /// Nothing can listen.
    #[error("no transcription is set up: set speech.model or speech.url (CONCIERGE__SPEECH__MODEL=FILE)")]
    NoSpeech,
    /// The slots task failed.
    #[error(transparent)]
    Slots(#[from] slots::Error),
    /// A file or stream failed.
    #[error("reading or writing failed")]
    Io(#[from] std::io::Error),
    /// A line is not what the task expects.
    #[error("a line is not the JSON this task expects")]
    Json(#[from] serde_json::Error),
}

/// Answers each line of a task.
pub fn jsonl(task: &str, input: impl BufRead, output: impl Write) -> Result<(), Error> {
    match task {
        "intents" => intents::one(input, output),
        "multi_intents" => intents::several(input, output),
        "slots" => Ok(slots::jsonl(input, output)?),
        "retrieval" => retrieval::rank(input, output),
        "grounded" => grounded::draft(input, output),
        "injection" => injection::flag(input, output),
        "audio" => audio::transcribe(input, output),
        other => Err(Error::Task(other.to_owned())),
    }
}

/// The path a variable names.
fn path(variable: &'static str) -> Result<PathBuf, Error> {
    std::env::var_os(variable).map(PathBuf::from).ok_or(Error::Variable(variable))
}

/// Every line of the file a variable names.
fn resource<T: DeserializeOwned>(variable: &'static str) -> Result<Vec<T>, Error> {
    let file = std::io::BufReader::new(std::fs::File::open(path(variable)?)?);
    lines(file).collect()
}

/// The lines of a stream, blank ones left out.
fn lines<T: DeserializeOwned>(input: impl BufRead) -> impl Iterator<Item = Result<T, Error>> {
    input
        .lines()
        .filter(|line| line.as_ref().map_or(true, |line| !line.trim().is_empty()))
        .map(|line| Ok(serde_json::from_str(&line?)?))
}

/// Writes one answer as a line.
fn answer(output: &mut impl Write, value: &impl Serialize) -> Result<(), Error> {
    serde_json::to_writer(&mut *output, value)?;
    output.write_all(b"\n")?;
    Ok(())
}
