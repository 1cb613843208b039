//! The order of passages by their words.
//!
//! An engine proposes passages that hold any word of the question; here they are weighed, so that both
//! engines give the same order and the same numbers.
//!
//! The **score** says how much of the question a passage covers, from 0 to 1, so that it means the same in
//! every search: `coverage × (0.5 + 0.2 × prominence + 0.2 × focus + 0.1 × likeness)`.
//! - Coverage is the share of the question's words that the passage, its headings or its title holds,
//!   rare words counting more (by their inverse document frequency), and words that no passage holds as
//!   much as those found do on average.
//! - Prominence is the same share for headings and title alone.
//! - Focus is the passage's BM25 divided by the best one of this search.
//! - Likeness is how like the question the heading is, "how" and "much" included: it tells "How much is
//!   it?" from "How long does it take?".
//!
//! The best passage of a document whose title is the question scores 1 and stands first.

use std::collections::{BTreeMap, BTreeSet};

use crate::knowledge::cut::plain;
use crate::knowledge::model::{Candidate, Passage};
use crate::knowledge::words::{Stems, Wanted, folded_words};

/// How fast repeating a word stops mattering, and how much long passages are discounted (Robertson and
/// Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009).
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// A word in the title or a heading counts as if it stood in the text this many more times.
const TITLE_WEIGHT: f64 = 2.0;
const HEADING_WEIGHT: f64 = 3.0;

/// Longest snippet, in characters.
const SNIPPET_CHARS: usize = 240;

/// What of the question one passage holds.
struct Found {
    passage: Passage,
    /// For each wanted word: how often, by place.
    weights: Vec<f64>,
    prominent: Vec<bool>,
    length: f64,
    /// How like the question its heading is, word by word, small words included.
    likeness: f64,
}

/// Weighs passages, in the order given. `passages_in_all` is the number of passages that were searched.
pub(super) fn weigh(wanted: &Wanted, passages: Vec<Passage>, passages_in_all: i64) -> Vec<Candidate> {
    let found: Vec<Found> = passages.into_iter().map(|passage| find(wanted, passage)).collect();
    let rarity = rarity(wanted, &found, passages_in_all);
    let mean_length = found.iter().map(|found| found.length).sum::<f64>() / as_float(found.len()).max(1.0);
    let lexical: Vec<f64> = found.iter().map(|found| found.bm25(&rarity, mean_length)).collect();
    let best = lexical.iter().copied().fold(0.0, f64::max);
    let weighed = found.into_iter().zip(lexical).map(|(found, lexical)| {
        let coverage = share(&rarity, |word| found.weights[word] > 0.0);
        let prominence = share(&rarity, |word| found.prominent[word]);
        let focus = if best > 0.0 { lexical / best } else { 0.0 };
        let score = coverage * (0.5 + 0.2 * prominence + 0.2 * focus + 0.1 * found.likeness);
        let is_title =
            !wanted.title_key.is_empty() && folded_words(&found.passage.title).join(" ") == wanted.title_key;
        Candidate { passage: found.passage, lexical, score, is_title }
    });
    weighed.collect()
}

/// Puts weighed passages in order, best first; those that hold no word of the question are left out.
pub(super) fn order(mut ranked: Vec<Candidate>) -> Vec<Candidate> {
    ranked.sort_by(by_score);
    if let Some(first) = ranked.iter().position(|candidate| candidate.is_title) {
        ranked[first].score = 1.0;
        ranked[..=first].rotate_right(1);
    }
    ranked.retain(|candidate| candidate.score > 0.0);
    ranked
}

/// How much each wanted word tells: the fewer passages hold it, the more.
fn rarity(wanted: &Wanted, found: &[Found], passages_in_all: i64) -> Vec<f64> {
    let all = as_float(passages_in_all).max(as_float(found.len()));
    let mut rarity = Vec::with_capacity(wanted.words.len());
    let mut unknown = Vec::new();
    for word in 0..wanted.words.len() {
        let holding = as_float(found.iter().filter(|found| found.weights[word] > 0.0).count());
        rarity.push((1.0 + (all - holding + 0.5) / (holding + 0.5)).ln());
        if holding == 0.0 {
            unknown.push(word);
        }
    }
    let known = (0..rarity.len()).filter(|word| !unknown.contains(word));
    let usual = known.clone().map(|word| rarity[word]).sum::<f64>() / as_float(known.count()).max(1.0);
    for word in unknown {
        rarity[word] = usual;
    }
    rarity
}

/// The share of what all words tell that some of them tell.
fn share(rarity: &[f64], is_held: impl Fn(usize) -> bool) -> f64 {
    let whole: f64 = rarity.iter().sum();
    let held: f64 =
        rarity.iter().enumerate().filter(|(word, _)| is_held(*word)).map(|(_, tells)| tells).sum();
    if whole > 0.0 { held / whole } else { 0.0 }
}

impl Found {
    fn bm25(&self, rarity: &[f64], mean_length: f64) -> f64 {
        let discount = 1.0 - B + B * self.length / mean_length.max(1.0);
        let parts = rarity.iter().zip(&self.weights);
        parts.map(|(tells, weight)| tells * weight * (K1 + 1.0) / (weight + K1 * discount)).sum()
    }
}

fn by_score(a: &Candidate, b: &Candidate) -> std::cmp::Ordering {
    b.score
        .total_cmp(&a.score)
        .then(b.lexical.total_cmp(&a.lexical))
        .then_with(|| a.passage.title.cmp(&b.passage.title))
        .then(a.passage.position.cmp(&b.passage.position))
        .then(a.passage.id.cmp(&b.passage.id))
}

fn find(wanted: &Wanted, passage: Passage) -> Found {
    let stems = Stems::of(&passage.language);
    let title: BTreeSet<String> = stems.stems(&passage.title).into_iter().collect();
    let heading: BTreeSet<String> = passage.heading.iter().flat_map(|heading| stems.stems(heading)).collect();
    let mut counts: BTreeMap<String, f64> = BTreeMap::new();
    let mut length = 0.0;
    for stem in stems.stems(&passage.text) {
        *counts.entry(stem).or_default() += 1.0;
        length += 1.0;
    }
    let mut weights = Vec::with_capacity(wanted.words.len());
    let mut prominent = Vec::with_capacity(wanted.words.len());
    for word in &wanted.words {
        let stem = stems.stem(word);
        let (in_title, in_heading) = (title.contains(&stem), heading.contains(&stem));
        let mut weight = counts.get(&stem).copied().unwrap_or(0.0);
        weight += if in_title { TITLE_WEIGHT } else { 0.0 };
        weight += if in_heading { HEADING_WEIGHT } else { 0.0 };
        weights.push(weight);
        prominent.push(in_title || in_heading);
    }
    let innermost = passage.heading.as_deref().and_then(|heading| heading.rsplit(" › ").next());
    let likeness = likeness(&wanted.title_key, innermost.unwrap_or(&passage.title));
    Found { passage, weights, prominent, length, likeness }
}

/// Twice the words two texts share, divided by the words they have (Dice's coefficient).
fn likeness(question: &str, heading: &str) -> f64 {
    let question: BTreeSet<String> = question.split_whitespace().map(str::to_owned).collect();
    let heading: BTreeSet<String> = folded_words(heading).into_iter().collect();
    let shared = as_float(question.intersection(&heading).count());
    2.0 * shared / as_float(question.len() + heading.len()).max(1.0)
}

/// The part of a passage that says most about the question, as plain text.
pub(super) fn snippet(wanted: &Wanted, text: &str, language: &str) -> String {
    let text = plain(text);
    let stems = Stems::of(language);
    let looked_for: BTreeSet<String> = wanted.words.iter().map(|word| stems.stem(word)).collect();
    let words: Vec<&str> = text.split(' ').collect();
    let mut lengths = Vec::with_capacity(words.len());
    let mut hits = Vec::with_capacity(words.len());
    for word in &words {
        lengths.push(word.chars().count() + 1);
        hits.push(stems.stems(word).into_iter().find(|stem| looked_for.contains(stem)));
    }

    let variety = |start: usize| {
        let held: BTreeSet<&String> = hits[start..window_from(start, &lengths)].iter().flatten().collect();
        held.len()
    };
    let sentences = (0..words.len()).filter(|at| *at == 0 || words[at - 1].ends_with(['.', '!', '?', ':']));
    let start = match earliest_best(sentences, variety) {
        (start, 1..) => start,
        _ => earliest_best(0..words.len(), variety).0,
    };
    let window = start..window_from(start, &lengths);
    let before = if window.start > 0 { "… " } else { "" };
    let after = if window.end < words.len() { " …" } else { "" };
    let shown: String = words[window].join(" ").chars().take(SNIPPET_CHARS).collect();
    format!("{before}{shown}{after}")
}

/// The earliest of the places with the most, and how much it has.
fn earliest_best(places: impl Iterator<Item = usize>, much: impl Fn(usize) -> usize) -> (usize, usize) {
    let mut best = (0, much(0));
    for place in places {
        if much(place) > best.1 {
            best = (place, much(place));
        }
    }
    best
}

/// Where the window that begins at a word ends.
fn window_from(start: usize, lengths: &[usize]) -> usize {
    let mut length = 0;
    let fits = lengths[start..].iter().take_while(|word| {
        length += **word;
        length <= SNIPPET_CHARS
    });
    start + fits.count().max(1)
}

fn as_float(number: impl TryInto<u32>) -> f64 {
    f64::from(number.try_into().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{DocumentId, Id, PassageId, Timestamp};

    fn passage(number: u8, title: &str, heading: &str, text: &str) -> Passage {
        let at = Timestamp::from_micros(i64::from(number) * 1_000);
        Passage {
            id: PassageId::from_parts(at, 0),
            document: DocumentId::from_parts(at, 0),
            title: title.to_owned(),
            language: "en".to_owned(),
            position: 0,
            heading: Some(heading.to_owned()).filter(|heading| !heading.is_empty()),
            start: 0,
            end: 0,
            text: text.to_owned(),
        }
    }

    fn order(question: &str, passages: &[Passage]) -> Vec<(i64, f64)> {
        super::order(weigh(&Wanted::of(question), passages.to_vec(), 20))
            .into_iter()
            .map(|candidate| {
                let at = passages.iter().position(|passage| passage.id == candidate.passage.id);
                (i64::try_from(at.unwrap_or(99)).unwrap_or(99), (candidate.score * 100.0).round())
            })
            .collect()
    }

    #[test]
    fn an_exact_title_comes_first() {
        let passages = [
            passage(
                1,
                "Tyres",
                "Tyre storage and tyre prices",
                "Storage of tyres: tyres, storage, tyre storage.",
            ),
            passage(2, "Tyre storage", "", "Forty-five pounds per season."),
        ];
        assert_eq!(order("tyre STORAGE?", &passages).first(), Some(&(1, 100.0)));
    }

    #[test]
    fn the_heading_weighs_more_than_a_mention() {
        let passages = [
            passage(
                1,
                "Services",
                "What is included?",
                "The battery, the brakes and the lights are checked.",
            ),
            passage(2, "Car parts", "How much is a new battery?", "A new battery costs from £119 fitted."),
        ];
        assert_eq!(order("what does a battery cost", &passages)[0].0, 1);
    }

    #[test]
    fn small_words_tell_one_heading_from_another() {
        let passages = [
            passage(1, "MOT tests", "How long does an MOT take?", "An MOT takes 50 minutes."),
            passage(2, "MOT tests", "How much is an MOT?", "An MOT for a car or a light van costs £48."),
        ];
        assert_eq!(order("How much is an MOT?", &passages)[0].0, 1);
        assert_eq!(order("how long does the mot take", &passages)[0].0, 0);
    }

    #[test]
    fn a_word_nobody_holds_lowers_the_score() {
        let passages = [passage(1, "MOT", "How much is an MOT?", "An MOT costs £48.")];
        let plain = order("how much is an mot", &passages)[0].1;
        let strange = order("how much is an mot on mars", &passages)[0].1;
        assert!(plain >= 95.0 && strange <= 50.0, "{plain} {strange}");
    }

    #[test]
    fn a_snippet_shows_the_words() {
        let text =
            format!("{}A **clutch** costs £600. {}", "Filler words here. ".repeat(30), "More. ".repeat(60));
        let shown = snippet(&Wanted::of("clutch price"), &text, "en");
        assert!(shown.starts_with('…') && shown.contains("clutch") && !shown.contains('*'), "{shown}");
        assert!(shown.chars().count() <= SNIPPET_CHARS + 4);
        assert_eq!(snippet(&Wanted::of("?"), "", "en"), "");
    }
}
