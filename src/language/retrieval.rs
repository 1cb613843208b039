//! Ranking passages for a question: words and meaning fused into one score.
//!
//! The store gives candidates with what it knows of each; nothing here reads it. `Index` is a word index
//! in memory for small collections: the sentences of some passages, or an evaluation set.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::tongue::Tongue;
use super::words::{fold, words};
use crate::ports::embedder::Reads;

/// What is known of a passage before ranking.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The title of its document; may be empty.
    pub title: &'a str,
    /// BM25 for the question, higher is better; 0 if no word is shared.
    pub lexical: f32,
    /// Cosine of its vector and the question's, if both have one.
    pub cosine: Option<f32>,
    /// How clearly the conversation named its subject, 0 to 1, as `Subjects::mentions` tells.
    pub mentioned: f32,
}

/// A passage's place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// Position among the candidates.
    pub candidate: usize,
    /// How well it fits, 0 to 1: from about 0.5 on, it usually answers the question.
    pub score: f64,
}

/// The weights of a fusion.
#[derive(Debug, Clone, Copy)]
struct Weights {
    meaning: f32,
    words: f32,
    mentioned: f32,
}

impl Weights {
    /// Where the model does not know the language, words count.
    fn of(tongue: Tongue, reads: Reads) -> Self {
        match (tongue, reads) {
            (Tongue::English, _) | (_, Reads::Many) => Self { meaning: 1.0, words: 0.4, mentioned: 0.8 },
            _ => Self { meaning: 0.3, words: 1.0, mentioned: 0.8 },
        }
    }
}

/// What a mention weighs one turn later.
const FADE: f32 = 0.96;
/// Below this BM25, the best word match is not a full one.
const FULL_MATCH: f32 = 8.0;

/// Ranks candidates for a question, best first. Documents titled exactly like the question come first.
///
/// `reads` tells what the model knows that made the vectors.
pub fn fuse(question: &str, tongue: Tongue, reads: Reads, candidates: &[Candidate<'_>]) -> Vec<Ranked> {
    let weights = Weights::of(tongue, reads);
    let best_words = candidates.iter().map(|one| one.lexical).fold(FULL_MATCH, f32::max);
    let asked = plain(question);
    let mut ranked: Vec<Ranked> = candidates
        .iter()
        .enumerate()
        .map(|(candidate, one)| {
            let share = one.lexical / best_words;
            let sum = match one.cosine {
                Some(cosine) => weights.meaning * cosine.max(0.0) + weights.words * share,
                None => (weights.meaning + weights.words) * share * 0.8,
            };
            let sum = sum + weights.mentioned * one.mentioned;
            let fit = f64::from(sum / (weights.meaning + weights.words)).clamp(0.0, 0.98);
            let exact = !asked.is_empty() && plain(one.title) == asked;
            // The last hundredth is kept for exact titles, in the order of their fit.
            Ranked { candidate, score: if exact { 0.99 + fit / 100.0 } else { fit } }
        })
        .collect();
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.candidate.cmp(&b.candidate)));
    ranked
}

/// Words alone, for comparing titles.
fn plain(text: &str) -> String {
    words(&fold(text)).collect::<Vec<_>>().join(" ")
}

/// What to search for in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The question itself, with what it refers to where it cannot stand alone.
    pub text: String,
    /// What was said before, latest first: names in it tell which of several documents is meant.
    pub context: Vec<String>,
}

/// Earlier turns that may tell what is meant.
const TURNS: usize = 12;

/// The query of a conversation: its last message, and the turns before it, oldest first.
pub fn query(earlier: &[&str], last: &str) -> Query {
    Query {
        text: last.trim().to_owned(),
        context: earlier.iter().rev().take(TURNS).map(|turn| (*turn).to_owned()).collect(),
    }
}

/// What documents are about, by the begin of their titles: "Grant Hotel: Is there parking?".
#[derive(Debug, Clone)]
pub struct Subjects {
    tongue: Tongue,
    subjects: Vec<Vec<String>>,
    numbers: HashMap<String, usize>,
    rarity: HashMap<String, f32>,
}

impl Subjects {
    /// Collects the subjects of titles; titles without a colon have none.
    pub fn new<'a>(tongue: Tongue, titles: impl Iterator<Item = &'a str>) -> Self {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut subjects: Vec<Vec<String>> = Vec::new();
        for subject in titles.filter_map(subject) {
            if !numbers.contains_key(subject) {
                numbers.insert(subject.to_owned(), subjects.len());
                let mut stems = tongue.stems(subject);
                stems.sort_unstable();
                stems.dedup();
                subjects.push(stems);
            }
        }
        let mut rarity: HashMap<String, f32> = HashMap::new();
        for stem in subjects.iter().flatten() {
            *rarity.entry(stem.clone()).or_default() += 1.0;
        }
        let total = subjects.len() as f32;
        for count in rarity.values_mut() {
            *count = (1.0 + total / *count).ln();
        }
        Self { tongue, subjects, numbers, rarity }
    }

    /// How clearly a conversation names each subject, 0 to 1; what was named later weighs more.
    pub fn mentions(&self, query: &Query) -> Mentions<'_> {
        let mut scores = vec![0.0_f32; self.subjects.len()];
        let mut weight = 1.0;
        // A question that stands alone names its subject in its own words, which are counted already.
        if query.context.is_empty() {
            return Mentions { subjects: self, scores };
        }
        for turn in std::iter::once(&query.text).chain(&query.context) {
            let said: HashSet<String> = self.tongue.stems(turn).into_iter().collect();
            for (score, subject) in scores.iter_mut().zip(&self.subjects) {
                *score = score.max(weight * self.share(subject, &said));
            }
            weight *= FADE;
        }
        Mentions { subjects: self, scores }
    }

    /// The share of a subject that was said, squared: half a name is far less than half a mention.
    fn share(&self, subject: &[String], said: &HashSet<String>) -> f32 {
        let weight = |stem: &String| self.rarity.get(stem).copied().unwrap_or(0.0);
        let all: f32 = subject.iter().map(weight).sum();
        let found: f32 = subject.iter().filter(|stem| said.contains(*stem)).map(weight).sum();
        match found > 0.0 {
            true => (found / all) * (found / all),
            false => 0.0,
        }
    }
}

/// How clearly each subject was named.
#[derive(Debug, Clone)]
pub struct Mentions<'a> {
    subjects: &'a Subjects,
    scores: Vec<f32>,
}

impl Mentions<'_> {
    /// How clearly the subject of a title was named, 0 to 1.
    pub fn of(&self, title: &str) -> f32 {
        subject(title)
            .and_then(|subject| self.subjects.numbers.get(subject))
            .map_or(0.0, |number| self.scores[*number])
    }
}

/// The part of a title before its colon.
fn subject(title: &str) -> Option<&str> {
    title.split_once(": ").map(|(subject, _)| subject.trim()).filter(|subject| !subject.is_empty())
}

/// A word index of small collections with BM25.
#[derive(Debug, Clone)]
pub struct Index {
    tongue: Tongue,
    /// For each stem: how often it stands in which text.
    postings: HashMap<String, Vec<(usize, f32)>>,
    lengths: Vec<f32>,
    mean_length: f32,
}

impl Index {
    /// Indexes texts in one language.
    pub fn new<'a>(tongue: Tongue, texts: impl Iterator<Item = &'a str>) -> Self {
        let mut postings: HashMap<String, Vec<(usize, f32)>> = HashMap::new();
        let mut lengths = Vec::new();
        for (number, text) in texts.enumerate() {
            let stems = tongue.stems(text);
            lengths.push(stems.len() as f32);
            for stem in stems {
                let list = postings.entry(stem).or_default();
                match list.last_mut() {
                    Some((last, count)) if *last == number => *count += 1.0,
                    _ => list.push((number, 1.0)),
                }
            }
        }
        let mean_length = (lengths.iter().sum::<f32>() / lengths.len().max(1) as f32).max(1.0);
        Self { tongue, postings, lengths, mean_length }
    }

    /// BM25 of every text for a question.
    pub fn scores(&self, question: &str) -> Vec<f32> {
        const SATURATION: f32 = 1.2;
        const LENGTH_SHARE: f32 = 0.75;
        let mut scores = vec![0.0; self.lengths.len()];
        let stems: BTreeSet<String> = self.tongue.stems(question).into_iter().collect();
        for stem in stems {
            let rarity = self.rarity(&stem);
            for (text, count) in self.postings.get(&stem).into_iter().flatten() {
                let length = 1.0 - LENGTH_SHARE + LENGTH_SHARE * self.lengths[*text] / self.mean_length;
                scores[*text] += rarity * count * (SATURATION + 1.0) / (count + SATURATION * length);
            }
        }
        scores
    }

    /// How telling a stem is in this collection; most for stems it does not have.
    pub fn rarity(&self, stem: &str) -> f32 {
        let total = self.lengths.len() as f32;
        let count = self.postings.get(stem).map_or(0.0, |list| list.len() as f32);
        (1.0 + (total - count + 0.5) / (count + 0.5)).ln()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate(title: &str, lexical: f32, cosine: Option<f32>) -> Candidate<'_> {
        Candidate { title, lexical, cosine, mentioned: 0.0 }
    }

    #[test]
    fn meaning_leads_in_english_and_words_elsewhere() {
        let candidates = [candidate("", 9.0, Some(0.2)), candidate("", 0.0, Some(0.75))];
        let first = |tongue| fuse("where do I park", tongue, Reads::English, &candidates)[0].candidate;
        assert_eq!(first(Tongue::English), 1);
        assert_eq!(first(Tongue::German), 0);
    }

    #[test]
    fn an_exact_title_comes_first() {
        let candidates = [candidate("Prices", 12.0, Some(0.9)), candidate("Opening hours", 0.1, Some(0.1))];
        let ranked = fuse("opening hours?", Tongue::English, Reads::English, &candidates);
        assert_eq!(ranked[0].candidate, 1);
        assert!(ranked[0].score > 0.98 && ranked[1].score <= 0.98);
    }

    #[test]
    fn the_subject_named_before_decides_between_like_documents() {
        let titles = ["Grant Hotel: When is check-in?", "Hotel Drisco: When is check-in?", "About us"];
        let subjects = Subjects::new(Tongue::English, titles.into_iter());
        let asked = query(&["any hotel there?", "I recommend the grant hotel"], "what time is check in");
        let mentions = subjects.mentions(&asked);
        assert!(mentions.of(titles[0]) > 0.9);
        assert!(mentions.of(titles[1]) < 0.2);
        assert_eq!(mentions.of(titles[2]), 0.0);
        assert_eq!(subjects.mentions(&query(&[], "grant hotel check in")).of(titles[0]), 0.0);
    }

    #[test]
    fn rare_words_weigh_more_and_forms_of_a_word_are_one() {
        let texts = ["We open at nine.", "The parking garage opens at nine.", "Garages are free."];
        let index = Index::new(Tongue::English, texts.into_iter());
        let scores = index.scores("is there a garage?");
        assert_eq!(scores[0], 0.0);
        assert!(scores[1] > 0.0 && scores[2] > scores[1]);
        assert!(index.rarity("park") > index.rarity("open"));
    }

    proptest! {
        #[test]
        fn scores_fall_and_stay_between_0_and_1(
            values in proptest::collection::vec((0.0_f32..50.0, proptest::option::of(-1.0_f32..1.0)), 0..20)
        ) {
            let candidates: Vec<Candidate<'_>> =
                values.iter().map(|(lexical, cosine)| candidate("a title", *lexical, *cosine)).collect();
            let ranked = fuse("a question", Tongue::English, Reads::English, &candidates);
            prop_assert_eq!(ranked.len(), candidates.len());
            prop_assert!(ranked.iter().all(|one| (0.0..=1.0).contains(&one.score)));
            prop_assert!(ranked.windows(2).all(|pair| pair[0].score >= pair[1].score));
        }
    }
}
