//! What makes a sentence the likely answer, and an answer a likely one.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use super::Passage;
use super::expected::{Kind, holds, kind};
use crate::language::sentences::{is_heading, sentences};
use crate::language::tongue::Tongue;

/// A question as sentences are measured against it.
pub(super) struct Question<'a> {
    text: &'a str,
    tongue: Tongue,
    /// Each telling stem with its share of what the question says.
    stems: BTreeMap<String, f32>,
    kind: Option<Kind>,
}

/// A sentence with what speaks for it.
#[derive(Debug, Clone)]
pub(super) struct Sentence {
    pub(super) passage: usize,
    pub(super) span: Range<usize>,
    pub(super) words: usize,
    /// Share of the question it repeats.
    pub(super) covered: f32,
    /// The same with the sentences beside it, its heading and the title.
    pub(super) covered_around: f32,
    /// Share of the question the whole passage repeats.
    pub(super) covered_by_passage: f32,
    /// Whether it has what the question expects; a half if the question does not tell.
    pub(super) expected: f32,
    /// How far its passage lies behind the best.
    pub(super) behind: f64,
    /// Cosine with the question.
    pub(super) meaning: Option<f32>,
}

impl Sentence {
    /// How likely it is the answer, on a scale without bounds. The weights were learned from the open part
    /// of XQuAD.
    pub(super) fn score(&self) -> f64 {
        let covered = f64::from(self.covered);
        let expected = f64::from(self.expected);
        let words = self.words.min(12) as f64;
        let common = 1.2 * f64::from(self.covered_around) + 0.1 * words;
        common
            + match self.meaning {
                Some(meaning) => {
                    1.8 * covered + 1.4 * expected - 2.8 * self.behind + 4.8 * f64::from(meaning)
                }
                None => 4.0 * covered + 1.8 * expected - 3.1 * self.behind,
            }
    }
}

impl<'a> Question<'a> {
    pub(super) fn read(
        text: &'a str,
        tongue: Tongue,
        passages: &[Passage<'_>],
        rarity: Option<&dyn Fn(&str) -> f32>,
    ) -> Self {
        let known: Vec<HashSet<String>> =
            passages.iter().map(|passage| tongue.stems(passage.text).into_iter().collect()).collect();
        let here = |stem: &str| {
            let count = known.iter().filter(|stems| stems.contains(stem)).count() as f32;
            (1.0 + known.len() as f32 / (count + 0.5)).ln()
        };
        let mut stems: BTreeMap<String, f32> = BTreeMap::new();
        for stem in tongue.stems(text) {
            let weight = rarity.map_or_else(|| here(&stem), |rarity| rarity(&stem));
            stems.insert(stem, weight);
        }
        let total: f32 = stems.values().sum();
        for weight in stems.values_mut() {
            *weight /= total;
        }
        Self { text, tongue, stems, kind: kind(text, tongue) }
    }

    /// Share of the question that stems repeat.
    fn covered(&self, stems: &HashSet<String>) -> f32 {
        self.stems.iter().filter(|(stem, _)| stems.contains(*stem)).map(|(_, share)| share).sum()
    }

    /// The sentences of a passage, measured; headings and questions answer nothing.
    pub(super) fn sentences(&self, number: usize, passage: &Passage<'_>, best_score: f64) -> Vec<Sentence> {
        let spans = sentences(passage.text);
        let stems: Vec<HashSet<String>> = spans
            .iter()
            .map(|span| self.tongue.stems(&passage.text[span.clone()]).into_iter().collect())
            .collect();
        let title: HashSet<String> = self.tongue.stems(passage.title).into_iter().collect();
        let whole: HashSet<String> = stems.iter().flatten().chain(&title).cloned().collect();
        let covered_by_passage = self.covered(&whole);
        let mut heading = None;
        let placed = spans.into_iter().enumerate().filter_map(|(place, span)| {
            if is_heading(passage.text, &span) {
                heading = Some(place);
                return None;
            }
            let asks = passage.text[span.clone()].ends_with(['?', '？', '؟']);
            (!asks).then_some((place, span, heading))
        });
        placed
            .map(|(place, span, heading)| {
                let text = &passage.text[span.clone()];
                let around: HashSet<String> = stems[place.saturating_sub(1)..(place + 2).min(stems.len())]
                    .iter()
                    .chain(heading.map(|heading| &stems[heading]))
                    .flatten()
                    .chain(&title)
                    .cloned()
                    .collect();
                Sentence {
                    passage: number,
                    words: text.split_whitespace().count(),
                    covered: self.covered(&stems[place]),
                    covered_around: self.covered(&around),
                    covered_by_passage,
                    expected: self.kind.map_or(0.5, |kind| f32::from(u8::from(holds(kind, text, self.text)))),
                    behind: best_score - passage.score,
                    meaning: None,
                    span,
                }
            })
            .collect()
    }

    /// The probability that the best sentence answers the question.
    pub(super) fn answerability(&self, best: &Sentence, passages: &[Passage<'_>]) -> f64 {
        let fit = passages.first().map_or(0.0, |passage| passage.score);
        let covered = f64::from(best.covered_by_passage);
        let sum = match best.meaning {
            Some(meaning) => 8.3 * covered + 4.1 * fit + 8.4 * f64::from(meaning) - 9.4,
            None => 8.0 * covered + 10.5 * fit - 9.0,
        };
        1.0 / (1.0 + (-sum).exp())
    }
}
