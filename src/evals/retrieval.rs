//! Retrieval: the documents for a question.

use serde::{Deserialize, Serialize};

use super::collection::Collection;
use super::{Answerer, Error, Kit, line};
use crate::language::retrieval::query;
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

/// The turns before the last message.
pub(super) fn earlier<'a>(turns: &'a [Turn], last: &str) -> Vec<&'a str> {
    let mut earlier: Vec<&str> = turns.iter().map(|turn| turn.text.as_str()).collect();
    if earlier.last().is_some_and(|turn| *turn == last) {
        earlier.pop();
    }
    earlier
}
