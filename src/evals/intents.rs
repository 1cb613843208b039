//! Intents: one a message, or several.

use serde::{Deserialize, Serialize};

use super::{Answerer, Error, Kit, line};
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

fn train(kit: &Kit, embedder: &dyn Embedder) -> Result<Classifier, Error> {
    let examples: Vec<Example> = kit
        .resource::<Taught>("train")?
        .into_iter()
        .map(|taught| Example {
            text: taught.text,
            intents: taught.intents.unwrap_or_else(|| taught.intent.into_iter().collect()),
        })
        .filter(|example| example.intents != ["oos"])
        .collect();
    Ok(Classifier::train(&examples, Some(embedder)))
}

/// One intent for each message, `oos` for none.
///
/// Every message of the set banking77 has an intent, so there the best one is always given.
pub(super) fn one(kit: &Kit) -> Result<Answerer, Error> {
    let embedder = MiniLm::built_in();
    let classifier = train(kit, &embedder)?;
    let refuses = kit.set != "banking77";
    Ok(Box::new(move |asked| {
        let asked: Asked = serde_json::from_str(asked)?;
        let found = classifier.classify(&asked.text, Some(&embedder));
        let likeliest = found.ranked.first();
        let best = found.best.as_ref().or(likeliest.filter(|_| !refuses));
        line(&One {
            id: &asked.id,
            intent: best.map_or("oos", |(key, _)| key),
            score: found.familiarity,
            confidence: likeliest.map_or(0.0, |(_, sure)| *sure),
        })
    }))
}

/// All intents of each message.
pub(super) fn several(kit: &Kit) -> Result<Answerer, Error> {
    let embedder = MiniLm::built_in();
    let classifier = train(kit, &embedder)?;
    Ok(Box::new(move |asked| {
        let asked: Asked = serde_json::from_str(asked)?;
        let found = classifier.classify(&asked.text, Some(&embedder));
        let intents = found.present.iter().map(|(key, _)| key.as_str()).collect();
        line(&Several { id: &asked.id, intents })
    }))
}
