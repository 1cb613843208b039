//! Retrieval: the documents for a question.

use serde::{Deserialize, Serialize};

use super::collection::{Collection, Document};
use super::{Answerer, Error, Kit, line};
use crate::language::retrieval::{Index, query};
use crate::language::tongue::Tongue;
use crate::ports::embedder::MiniLm;

#[derive(Deserialize)]
struct Asked {
    id: String,
    query: String,
    #[serde(default)]
    turns: Vec<Turn>,
}

/// One turn of a conversation.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Turn {
    pub(super) text: String,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a str,
    ranked: Vec<&'a str>,
}

/// Documents given for each question.
const SHOWN: usize = 20;

pub(super) fn prepare(kit: &Kit) -> Result<Answerer, Error> {
    if kit.words_only {
        return by_words(kit.resource("docs")?);
    }
    let embedder = MiniLm::built_in();
    let collection = Collection::build(kit.resource("docs")?, &embedder)?;
    Ok(Box::new(move |asked| {
        let asked: Asked = serde_json::from_str(asked)?;
        let hits = collection.search(&query(&earlier(&asked.turns, &asked.query), &asked.query), &embedder);
        let ranked =
            hits.iter().take(SHOWN).map(|hit| collection.documents[hit.document].id.as_str()).collect();
        line(&Answer { id: &asked.id, ranked })
    }))
}

/// Plain BM25 over whole documents: the question alone, no vectors, no subjects.
fn by_words(documents: Vec<Document>) -> Result<Answerer, Error> {
    let texts: Vec<String> =
        documents.iter().map(|document| format!("{}\n{}", document.title, document.text)).collect();
    let index = Index::new(tongue_of(&documents), texts.iter().map(String::as_str));
    Ok(Box::new(move |asked| {
        let asked: Asked = serde_json::from_str(asked)?;
        let scores = index.scores(&asked.query);
        let mut ranked: Vec<usize> = (0..documents.len()).collect();
        ranked.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        let ranked = ranked.iter().take(SHOWN).map(|document| documents[*document].id.as_str()).collect();
        line(&Answer { id: &asked.id, ranked })
    }))
}

/// The language that documents are in.
pub(super) fn tongue_of(documents: &[Document]) -> Tongue {
    let sample: String = documents.iter().take(50).map(|document| document.text.as_str()).collect();
    Tongue::of(&sample, Tongue::English)
}

/// The turns before the last message.
pub(super) fn earlier<'a>(turns: &'a [Turn], last: &str) -> Vec<&'a str> {
    let mut earlier: Vec<&str> = turns.iter().map(|turn| turn.text.as_str()).collect();
    if earlier.last().is_some_and(|turn| *turn == last) {
        earlier.pop();
    }
    earlier
}
