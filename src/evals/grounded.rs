//! Grounded drafts: an answer from the documents with its sources, or none.

use serde::{Deserialize, Serialize};

use super::collection::Collection;
use super::retrieval::{Turn, earlier};
use super::{Answerer, Error, Kit, line};
use crate::language::compose::{Passage, compose};
use crate::language::retrieval::query;
use crate::ports::embedder::MiniLm;

#[derive(Deserialize)]
struct Asked {
    id: String,
    query: Option<String>,
    #[serde(default)]
    turns: Vec<Turn>,
    #[serde(default)]
    entities: Vec<String>,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a str,
    answer: String,
    cited: Vec<&'a str>,
    abstain: bool,
    answerability: f64,
}

/// Documents an answer may be taken from.
const READ: usize = 8;

pub(super) fn prepare(kit: &Kit) -> Result<Answerer, Error> {
    let embedder = MiniLm::built_in();
    let collection = Collection::build(kit.resource("docs")?, &embedder)?;
    Ok(Box::new(move |asked| {
        let asked: Asked = serde_json::from_str(asked)?;
        line(&answer(&asked, &collection, &embedder))
    }))
}

fn answer<'a>(asked: &'a Asked, collection: &'a Collection, embedder: &MiniLm) -> Answer<'a> {
    let rarity = |stem: &str| collection.rarity(stem);
    let last =
        asked.query.as_deref().or(asked.turns.last().map(|turn| turn.text.as_str())).unwrap_or_default();
    let hits = collection.search(&query(&earlier(&asked.turns, last), last), embedder);
    let documents: Vec<_> = hits
        .iter()
        .map(|hit| (&collection.documents[hit.document], hit.score))
        .filter(|(document, _)| {
            asked.entities.is_empty() || asked.entities.iter().any(|entity| document.is_of(entity))
        })
        .take(READ)
        .collect();
    let passages: Vec<Passage<'_>> = documents
        .iter()
        .map(|(document, score)| Passage { title: &document.title, text: &document.text, score: *score })
        .collect();
    let found = compose(last, collection.tongue(), &passages, Some(&rarity), Some(embedder));
    let texts: Vec<&str> = found.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
    let mut cited: Vec<&str> =
        found.sentences.iter().map(|sentence| documents[sentence.passage].0.id.as_str()).collect();
    cited.dedup();
    Answer {
        id: &asked.id,
        answer: texts.join(" "),
        cited,
        abstain: !found.answerable,
        answerability: found.answerability,
    }
}
