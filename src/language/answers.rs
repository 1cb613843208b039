//! Answers by quotation: the sentences of given passages that answer a question.

use std::collections::HashSet;

use crate::language::words;

/// A sentence that answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Sentence {
    /// Which passage it stands in.
    pub passage: usize,
    /// Its words.
    pub text: String,
}

/// What the passages answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// The sentences, best first.
    pub sentences: Vec<Sentence>,
    /// How surely they answer, 0 to 1.
    pub answerability: f64,
}

/// Finds the sentences that answer a question.
pub fn answer(query: &str, passages: &[String]) -> Answer {
    let wanted: HashSet<String> = words_of(query);
    let mut scored: Vec<(f64, usize, String)> = Vec::new();
    for (passage, text) in passages.iter().enumerate() {
        for sentence in sentences(text) {
            let has = words_of(&sentence);
            let shared = u32::try_from(wanted.intersection(&has).count()).unwrap_or(0);
            let total = u32::try_from(wanted.len().max(1)).unwrap_or(1);
            let rank = f64::from(u32::try_from(passage).unwrap_or(0));
            scored.push((f64::from(shared) / f64::from(total) - rank * 0.05, passage, sentence));
        }
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let answerability = scored.first().map_or(0.0, |(score, _, _)| (score * 1.5).clamp(0.0, 1.0));
    let sentences = scored.into_iter().take(2).map(|(_, passage, text)| Sentence { passage, text }).collect();
    Answer { sentences, answerability }
}

fn words_of(text: &str) -> HashSet<String> {
    let stemmer = rust_stemmers::Stemmer::create(rust_stemmers::Algorithm::English);
    let folded = words::fold(text);
    words::words(&folded).filter(|word| word.len() > 2).map(|word| stemmer.stem(word).into_owned()).collect()
}

fn sentences(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(|line| line.split_inclusive(". "))
        .map(|sentence| sentence.trim().to_owned())
        .filter(|sentence| sentence.len() > 12)
        .collect()
}
