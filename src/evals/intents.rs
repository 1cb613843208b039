//! Intents: one a message, or several.

use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};

use super::{Error, answer, lines, resource};
use crate::language::intents::{Classifier, Example};
use crate::ports::embedder::{Embedder, MiniLm};

#[derive(Deserialize)]
struct Taught {
    text: String,
    intent: Option<String>,
    intents: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Asked {
    id: String,
    text: String,
}

#[derive(Serialize)]
struct One<'a> {
    id: &'a str,
    intent: &'a str,
    score: f64,
    confidence: f64,
}

#[derive(Serialize)]
struct Several<'a> {
    id: &'a str,
    intents: Vec<&'a str>,
}

fn train(embedder: &dyn Embedder) -> Result<Classifier, Error> {
    let examples: Vec<Example> = resource::<Taught>("EVAL_TRAIN")?
        .into_iter()
        .map(|line| Example {
            text: line.text,
            intents: line.intents.unwrap_or_else(|| line.intent.into_iter().collect()),
        })
        .filter(|example| example.intents != ["oos"])
        .collect();
    Ok(Classifier::train(&examples, Some(embedder)))
}

/// One intent for each message, `oos` for none.
///
/// Every message of the set banking77 has an intent, so there the best one is always given.
pub(super) fn one(input: impl BufRead, mut output: impl Write) -> Result<(), Error> {
    let embedder = MiniLm::built_in();
    let classifier = train(&embedder)?;
    let refuses = std::env::var("EVAL_SET").map_or(true, |set| set != "banking77");
    for line in lines::<Asked>(input) {
        let asked = line?;
        let found = classifier.classify(&asked.text, Some(&embedder));
        let likeliest = found.ranked.first();
        let best = found.best.as_ref().or(likeliest.filter(|_| !refuses));
        let one = One {
            id: &asked.id,
            intent: best.map_or("oos", |(key, _)| key),
            score: found.familiarity,
            confidence: likeliest.map_or(0.0, |(_, sure)| *sure),
        };
        answer(&mut output, &one)?;
    }
    Ok(())
}

/// All intents of each message.
pub(super) fn several(input: impl BufRead, mut output: impl Write) -> Result<(), Error> {
    let embedder = MiniLm::built_in();
    let classifier = train(&embedder)?;
    for line in lines::<Asked>(input) {
        let asked = line?;
        let found = classifier.classify(&asked.text, Some(&embedder));
        let intents = found.present.iter().map(|(key, _)| key.as_str()).collect();
        answer(&mut output, &Several { id: &asked.id, intents })?;
    }
    Ok(())
}
