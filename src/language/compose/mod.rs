//! Answers made of sentences that stand in the sources, word for word, each with its place.
//!
//! Nothing is rephrased, so no number or name can appear that is not in a source. Where the sources do
//! not seem to hold the answer, there is none.

mod expected;
mod features;

use std::ops::Range;

use features::{Question, Sentence};

use super::tongue::Tongue;
use crate::ports::embedder::{Embedder, cosine};

/// A passage an answer may be taken from, best first.
#[derive(Debug, Clone, Copy)]
pub struct Passage<'a> {
    /// The title of its document; may be empty.
    pub title: &'a str,
    /// Its text.
    pub text: &'a str,
    /// How well retrieval found it to fit, 0 to 1.
    pub score: f64,
}

/// A sentence of an answer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Cited {
    /// Which of the passages it was taken from.
    pub passage: usize,
    /// Where it stands in that passage's text, in bytes.
    pub span: Range<usize>,
    /// Its words.
    pub text: String,
}

/// What the sources say.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Answer {
    /// The sentences, best first; empty if the passages hold none.
    pub sentences: Vec<Cited>,
    /// Probability that they answer the question.
    pub answerability: f64,
    /// Whether they should be shown: otherwise say that nothing is known.
    pub answerable: bool,
}

/// From this probability on, an answer is given.
const ENOUGH: f64 = 0.5;
/// Words an answer of several sentences has at most.
const WORDS: usize = 38;
/// Passages that are read.
const PASSAGES: usize = 8;
/// Sentences that are compared by meaning, the best by words.
const COMPARED: usize = 6;

/// The best answer to a question in passages.
///
/// `rarity` tells how telling a stem is in the whole knowledge base; without it the passages alone are
/// counted, which is less sure. With an embedder, the best sentences are also compared by meaning.
pub fn compose(
    question: &str,
    tongue: Tongue,
    passages: &[Passage<'_>],
    rarity: Option<&dyn Fn(&str) -> f32>,
    embedder: Option<&dyn Embedder>,
) -> Answer {
    let passages = &passages[..passages.len().min(PASSAGES)];
    let asked = Question::read(question, tongue, passages, rarity);
    let mut sentences: Vec<Sentence> = passages
        .iter()
        .enumerate()
        .flat_map(|(number, passage)| asked.sentences(number, passage, passages[0].score))
        .collect();
    sentences.sort_by(|a, b| b.score().total_cmp(&a.score()));
    if let Some(embedder) = embedder {
        compare(question, passages, &mut sentences, embedder);
    }
    let Some(best) = sentences.first() else {
        return Answer { sentences: Vec::new(), answerability: 0.0, answerable: false };
    };
    let answerability = asked.answerability(best, passages);
    let mut chosen = vec![best];
    let mut words = best.words;
    if let Some(second) = sentences.get(1).filter(|second| words + second.words <= WORDS) {
        words += second.words;
        chosen.push(second);
    }
    let sentences = chosen
        .into_iter()
        .map(|sentence| Cited {
            passage: sentence.passage,
            span: sentence.span.clone(),
            text: passages[sentence.passage].text[sentence.span.clone()].to_owned(),
        })
        .collect();
    Answer { sentences, answerability, answerable: answerability >= ENOUGH }
}

/// Compares the best sentences with the question by meaning and sorts them again.
fn compare(question: &str, passages: &[Passage<'_>], sentences: &mut [Sentence], embedder: &dyn Embedder) {
    let compared = sentences.len().min(COMPARED);
    let texts: Vec<&str> = std::iter::once(question)
        .chain(sentences[..compared].iter().map(|one| &passages[one.passage].text[one.span.clone()]))
        .collect();
    let vectors = embedder.embed(&texts);
    let Some((asked, others)) = vectors.split_first() else { return };
    for (sentence, vector) in sentences.iter_mut().zip(others) {
        sentence.meaning = Some(cosine(asked, vector));
    }
    sentences[..compared].sort_by(|a, b| b.score().total_cmp(&a.score()));
}
