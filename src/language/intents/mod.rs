//! Intents: which of a business's intents a message has, learned from a few examples of each.
//!
//! A message far from every example has none: what "far" means is measured at training by holding
//! examples back. Training takes milliseconds for some hundred examples, and is deterministic. Works on
//! words alone, better with sentence vectors.

mod held_out;
mod lexical;
mod logistic;

use std::collections::BTreeSet;

use held_out::Standard;
use lexical::{Lexical, Vocabulary};
use logistic::{Problem, Sharing, log_sum_exp, probabilities};

use crate::ports::embedder::{Embedder, cosine};

/// How strongly the examples are fitted.
const FIT: f32 = 20.0;
/// Examples shown as the reason.
const REASONS: usize = 3;
/// Likeness of texts that share nothing, where there are words alone to compare. A message that is
/// hardly more like any example than this is strange.
const NOTHING_SHARED: f32 = 0.1;
/// Familiarity of a message without a known word.
const STRANGE: f32 = -4.0;
/// What customers say to anybody: learned as "none of these", unless an example is like it.
const BACKGROUND: &str = include_str!("background.txt");
/// From this likeness on, an example and a line of the background are the same thing.
const SAME: f32 = 0.62;

/// A message whose intents are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// What the customer wrote.
    pub text: String,
    /// Keys of its intents: one, or for several at once, any number.
    pub intents: Vec<String>,
}

impl Example {
    /// An example of one intent.
    pub fn of(intent: &str, text: &str) -> Self {
        Self { text: text.to_owned(), intents: vec![intent.to_owned()] }
    }
}

/// What a message was taken for.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Classification {
    /// The intent and how sure it is, or nothing if the message has none of them.
    pub best: Option<(String, f64)>,
    /// Every intent with its probability, most likely first.
    pub ranked: Vec<(String, f64)>,
    /// All intents the message has; more than one where it says several things.
    pub present: Vec<(String, f64)>,
    /// Examples that spoke most for the most likely intent.
    pub because: Vec<Spoke>,
    /// Probability that the message has none of the intents.
    pub none_score: f64,
    /// How well known such a message is, on a scale without bounds; for ranking messages by it.
    pub familiarity: f64,
}

/// An example that spoke for an intent.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Spoke {
    /// Its words.
    pub example: String,
    /// How like the message it is, 0 to 1.
    pub likeness: f64,
}

/// A trained set of intents.
#[derive(Debug, Clone)]
pub struct Classifier {
    intents: Vec<String>,
    sharing: Sharing,
    vocabulary: Vocabulary,
    examples: Vec<Known>,
    /// Of each example (row) for each intent (column).
    weights: Vec<f32>,
    standard: Standard,
}

/// An example as it is compared with.
#[derive(Debug, Clone)]
struct Known {
    text: String,
    intents: Vec<usize>,
    features: Features,
}

/// A text by meaning and by words.
#[derive(Debug, Clone)]
struct Features {
    vector: Option<Vec<f32>>,
    lexical: Lexical,
}

impl Features {
    /// How alike two texts are; positive definite, as the learner needs.
    fn likeness(&self, other: &Self) -> f32 {
        let lexical = self.lexical.likeness(&other.lexical);
        match (&self.vector, &other.vector) {
            (Some(own), Some(others)) => (2.0 * (cosine(own, others) - 1.0)).exp() + 0.3 * lexical,
            _ => NOTHING_SHARED + lexical,
        }
    }
}

impl Classifier {
    /// Learns from examples; those without text are left out.
    pub fn train(examples: &[Example], embedder: Option<&dyn Embedder>) -> Self {
        let examples: Vec<&Example> =
            examples.iter().filter(|example| !example.text.trim().is_empty()).collect();
        let intents: Vec<String> = examples
            .iter()
            .flat_map(|example| &example.intents)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .cloned()
            .collect();
        let sharing = match examples.iter().all(|example| example.intents.len() == 1) {
            true => Sharing::One,
            false => Sharing::Any,
        };
        let texts: Vec<&str> = examples.iter().map(|example| example.text.as_str()).collect();
        let background = match sharing {
            Sharing::One => BACKGROUND,
            Sharing::Any => "",
        };
        let vocabulary = Vocabulary::learn(texts.iter().copied().chain(background.lines()));
        let mut known: Vec<Known> = features(&vocabulary, &texts, embedder)
            .into_iter()
            .zip(&examples)
            .map(|(features, example)| Known {
                text: example.text.clone(),
                intents: example.intents.iter().filter_map(|key| intents.binary_search(key).ok()).collect(),
                features,
            })
            .collect();
        add_background(&mut known, background, &vocabulary, embedder, intents.len());
        let columns = intents.len() + usize::from(sharing == Sharing::One);
        let kernel = kernel(&known);
        let targets = targets(&known, columns);
        let problem = Problem { kernel: &kernel, targets: &targets, intents: columns, sharing, fit: FIT };
        let weights = problem.solve();
        let standard = Standard::measure(&problem, &known, intents.len());
        Self { intents, sharing, vocabulary, examples: known, weights, standard }
    }

    /// The keys of the intents, in order.
    pub fn intents(&self) -> &[String] {
        &self.intents
    }

    /// What a message is about. Give the embedder the training had.
    pub fn classify(&self, text: &str, embedder: Option<&dyn Embedder>) -> Classification {
        let clauses = match self.sharing {
            Sharing::One => clauses(text),
            Sharing::Any => Vec::new(),
        };
        let texts: Vec<&str> = std::iter::once(text).chain(clauses).collect();
        let mut read = features(&self.vocabulary, &texts, embedder).into_iter().map(|one| self.judge(&one));
        let Some(mut whole) = read.next() else { return Classification::nothing() };
        let parts: Vec<Classification> = read.collect();
        if parts.len() > 1 {
            self.add_parts(&mut whole, &parts);
        }
        whole
    }

    /// Adds the intents of a message's clauses to those of the whole.
    fn add_parts(&self, whole: &mut Classification, parts: &[Classification]) {
        for (key, sure) in parts.iter().filter_map(|part| part.best.as_ref()) {
            match whole.present.iter_mut().find(|(present, _)| present == key) {
                Some((_, known)) => *known = known.max(*sure),
                None if *sure >= 0.5 => whole.present.push((key.clone(), *sure)),
                None => {}
            }
        }
        whole.present.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    }

    fn judge(&self, features: &Features) -> Classification {
        let count = self.intents.len();
        if count == 0 {
            return Classification::nothing();
        }
        let columns = self.weights.len() / self.examples.len();
        let likeness: Vec<f32> =
            self.examples.iter().map(|known| known.features.likeness(features)).collect();
        let mut scores = vec![0.0; columns];
        for (alike, weights) in likeness.iter().zip(self.weights.chunks_exact(columns)) {
            for (score, weight) in scores.iter_mut().zip(weights) {
                *score += alike * weight;
            }
        }
        scores.truncate(count);
        let chances = match self.sharing {
            Sharing::One => {
                let sharp: Vec<f32> = scores.iter().map(|score| score * held_out::SHARPNESS).collect();
                probabilities(&sharp, Sharing::One)
            }
            Sharing::Any => probabilities(&scores, Sharing::Any),
        };
        let best = highest(&scores);
        let closeness = closeness(&likeness, &self.examples, best);
        let margin = match likeness.iter().all(|alike| *alike <= 1.6 * NOTHING_SHARED) {
            true => STRANGE,
            false => self.standard.margin(log_sum_exp(&scores), closeness),
        };
        let known = match self.sharing {
            Sharing::One => held_out::known(margin),
            Sharing::Any => 1.0,
        };
        let mut ranked: Vec<(String, f64)> = self
            .intents
            .iter()
            .zip(&chances)
            .map(|(key, chance)| (key.clone(), f64::from(*chance) * known))
            .collect();
        ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let present: Vec<(String, f64)> = match self.sharing {
            Sharing::One if margin >= 0.0 => ranked.iter().take(1).cloned().collect(),
            Sharing::One => Vec::new(),
            Sharing::Any => {
                let bar = f64::from(self.standard.presence());
                ranked.iter().filter(|(_, chance)| *chance >= bar).cloned().collect()
            }
        };
        Classification {
            best: present.first().cloned(),
            none_score: match self.sharing {
                Sharing::One => 1.0 - known,
                Sharing::Any => 1.0 - ranked.first().map_or(0.0, |(_, chance)| *chance),
            },
            because: self.reasons(&likeness, best),
            familiarity: f64::from(margin),
            ranked,
            present,
        }
    }

    /// The examples of an intent that spoke most for it.
    fn reasons(&self, likeness: &[f32], intent: usize) -> Vec<Spoke> {
        let mut spoken: Vec<(f32, Spoke)> = self
            .examples
            .iter()
            .zip(likeness)
            .zip(self.weights.chunks_exact(self.weights.len() / self.examples.len()))
            .filter(|((known, _), _)| known.intents.contains(&intent))
            .map(|((known, alike), weights)| {
                let most = known.features.likeness(&known.features);
                let likeness = f64::from((alike / most).clamp(0.0, 1.0));
                (alike * alike * weights[intent].max(1e-3), Spoke { example: known.text.clone(), likeness })
            })
            .collect();
        spoken.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        spoken.into_iter().take(REASONS).map(|(_, spoke)| spoke).collect()
    }
}

impl Classification {
    /// Of a workspace without intents.
    fn nothing() -> Self {
        Self {
            best: None,
            ranked: Vec::new(),
            present: Vec::new(),
            because: Vec::new(),
            none_score: 1.0,
            familiarity: 0.0,
        }
    }
}

fn features(vocabulary: &Vocabulary, texts: &[&str], embedder: Option<&dyn Embedder>) -> Vec<Features> {
    let mut vectors = embedder.map(|embedder| embedder.embed(texts).into_iter());
    texts
        .iter()
        .map(|text| Features {
            vector: vectors.as_mut().and_then(Iterator::next),
            lexical: vocabulary.read(text),
        })
        .collect()
}

/// Appends the lines of the background as examples of one more, unnamed intent. Lines that are like one
/// of the business's own examples mean something here and are left out.
fn add_background(
    known: &mut Vec<Known>,
    background: &str,
    vocabulary: &Vocabulary,
    embedder: Option<&dyn Embedder>,
    none: usize,
) {
    let lines: Vec<&str> = background.lines().collect();
    let own = known.len();
    for (line, features) in lines.iter().zip(features(vocabulary, &lines, embedder)) {
        let same = known[..own].iter().any(|example| example.features.likeness(&features) >= SAME);
        if !same {
            known.push(Known { text: (*line).to_owned(), intents: vec![none], features });
        }
    }
}

/// Likeness of each pair of examples, row after row.
fn kernel(known: &[Known]) -> Vec<f32> {
    let size = known.len();
    let mut kernel = vec![0.0; size * size];
    for (row, one) in known.iter().enumerate() {
        for (column, other) in known[..=row].iter().enumerate() {
            let alike = one.features.likeness(&other.features);
            kernel[row * size + column] = alike;
            kernel[column * size + row] = alike;
        }
    }
    kernel
}

fn targets(known: &[Known], intents: usize) -> Vec<f32> {
    let mut targets = vec![0.0; known.len() * intents];
    for (row, one) in known.iter().enumerate() {
        for intent in &one.intents {
            targets[row * intents + intent] = 1.0;
        }
    }
    targets
}

/// The mean likeness to the two nearest examples of an intent.
fn closeness(likeness: &[f32], known: &[Known], intent: usize) -> f32 {
    let (mut nearest, mut second) = (0.0_f32, None);
    for (alike, _) in likeness.iter().zip(known).filter(|(_, one)| one.intents.contains(&intent)) {
        if *alike > nearest {
            second = Some(nearest).filter(|before| *before > 0.0).or(second);
            nearest = *alike;
        } else if second.is_none_or(|before| *alike > before) {
            second = Some(*alike);
        }
    }
    (nearest + second.unwrap_or(nearest)) / 2.0
}

/// The position of the highest score.
fn highest(scores: &[f32]) -> usize {
    scores.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(position, _)| position)
}

/// The parts of a message that may each have an intent of their own; empty if it is one part.
fn clauses(text: &str) -> Vec<&str> {
    const MOST: usize = 4;
    const JOINTS: [&str; 5] = [" and also ", " also, ", " and can ", " and what ", " and how "];
    let mut parts = Vec::new();
    for sentence in text.split_inclusive(['?', '!', ';', '\n']).flat_map(|part| part.split_inclusive(". ")) {
        let joint = JOINTS.iter().filter_map(|joint| sentence.find(joint)).min();
        let (left, right) = sentence.split_at(joint.unwrap_or(sentence.len()));
        parts.extend([left.trim(), right.trim()]);
    }
    parts.retain(|part| part.split_whitespace().count() >= 3);
    match parts.len() {
        2..=MOST => parts,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
