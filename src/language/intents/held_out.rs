//! What training learns by holding examples back: how well known a message must be to count as known.

use super::logistic::{Problem, Sharing, log_sum_exp, probabilities};
use super::{Known, closeness, highest};

/// Sharpens the learner's cautious probabilities; fitted on the development parts of the evaluation sets.
pub(super) const SHARPNESS: f32 = 2.0;
/// Parts the examples are cut into, each held back once.
const FOLDS: usize = 5;
/// Share of rightly recognised held-back examples that may fall under the bar.
const REFUSED: f32 = 0.04;
/// Weight of closeness beside the learner's own score.
const CLOSENESS: f32 = 0.5;

/// The probability that a message has one of the intents, by its distance above the bar.
pub(super) fn known(margin: f32) -> f64 {
    1.0 / (1.0 + (-2.2 * f64::from(margin)).exp())
}

/// The scale on which familiarity is measured, and its bars.
#[derive(Debug, Clone)]
pub(super) struct Standard {
    score: Scale,
    closeness: Scale,
    bar: f32,
    presence: f32,
}

/// Mean and spread.
#[derive(Debug, Clone)]
struct Scale {
    mean: f32,
    spread: f32,
}

impl Scale {
    fn of(values: impl Iterator<Item = f32> + Clone, least: f32) -> Self {
        let count = values.clone().count().max(1) as f32;
        let mean = values.clone().sum::<f32>() / count;
        let variance = values.map(|value| (value - mean) * (value - mean)).sum::<f32>() / count;
        Self { mean, spread: variance.sqrt().max(least) }
    }

    fn place(&self, value: f32) -> f32 {
        (value - self.mean) / self.spread
    }
}

/// What became of one held-back example.
struct Outcome {
    score: f32,
    closeness: f32,
    /// Whether it was an example of an intent, not of the background.
    own: bool,
    right: bool,
}

impl Standard {
    /// Holds back each part of the examples once and looks how the others judge it.
    pub(super) fn measure(problem: &Problem<'_>, known: &[Known], intents: usize) -> Self {
        let folds = folds(known);
        let mut outcomes = Vec::new();
        let mut chances = Vec::new();
        for fold in 0..FOLDS {
            let (held, kept): (Vec<usize>, Vec<usize>) = (0..known.len()).partition(|n| folds[*n] == fold);
            if held.is_empty() || kept.is_empty() {
                continue;
            }
            let weights = without(problem, &kept);
            let kept_examples: Vec<Known> = kept.iter().map(|n| known[*n].clone()).collect();
            for &number in &held {
                let likeness: Vec<f32> =
                    kept.iter().map(|other| problem.kernel[number * known.len() + other]).collect();
                let scores = minilm::product(&likeness, &weights, kept.len(), problem.intents);
                match problem.sharing {
                    Sharing::One => {
                        outcomes.push(outcome(&scores[..intents], &likeness, &kept_examples, &known[number]))
                    }
                    Sharing::Any => {
                        let targets = &problem.targets[number * problem.intents..][..problem.intents];
                        chances.extend(
                            probabilities(&scores, Sharing::Any).into_iter().zip(targets.iter().copied()),
                        );
                    }
                }
            }
        }
        Self::from_outcomes(&outcomes, &chances)
    }

    fn from_outcomes(outcomes: &[Outcome], chances: &[(f32, f32)]) -> Self {
        let own = outcomes.iter().filter(|outcome| outcome.own);
        let score = Scale::of(own.clone().map(|outcome| outcome.score), 0.1);
        let closeness = Scale::of(own.map(|outcome| outcome.closeness), 0.05);
        let mut standard = Self { score, closeness, bar: 0.0, presence: presence(chances) };
        let mut right: Vec<f32> = outcomes
            .iter()
            .filter(|outcome| outcome.right)
            .map(|outcome| standard.margin(outcome.score, outcome.closeness))
            .collect();
        right.sort_by(f32::total_cmp);
        standard.bar = quantile(&right, REFUSED).unwrap_or(-1.5);
        standard
    }

    /// How far a message lies above the bar, in spreads.
    pub(super) fn margin(&self, score: f32, closeness: f32) -> f32 {
        self.score.place(score) + CLOSENESS * self.closeness.place(closeness) - self.bar
    }

    /// The probability from which an intent counts as present, where a message may have several.
    pub(super) fn presence(&self) -> f32 {
        self.presence
    }
}

/// The part of each example: those of one intent are dealt out in turn.
fn folds(known: &[Known]) -> Vec<usize> {
    let mut next = std::collections::HashMap::new();
    known
        .iter()
        .map(|one| {
            let turn = next.entry(one.intents.first().copied()).or_insert(0_usize);
            *turn += 1;
            (*turn - 1) % FOLDS
        })
        .collect()
}

/// The weights learned from some of the examples alone.
fn without(problem: &Problem<'_>, kept: &[usize]) -> Vec<f32> {
    let size = problem.targets.len() / problem.intents.max(1);
    let kernel: Vec<f32> = kept
        .iter()
        .flat_map(|row| kept.iter().map(move |column| problem.kernel[row * size + column]))
        .collect();
    let targets: Vec<f32> = kept
        .iter()
        .flat_map(|row| &problem.targets[row * problem.intents..][..problem.intents])
        .copied()
        .collect();
    Problem { kernel: &kernel, targets: &targets, ..*problem }.solve()
}

fn outcome(scores: &[f32], likeness: &[f32], kept: &[Known], held: &Known) -> Outcome {
    let best = highest(scores);
    Outcome {
        score: log_sum_exp(scores),
        closeness: closeness(likeness, kept, best),
        own: !held.intents.contains(&scores.len()),
        right: held.intents.contains(&best),
    }
}

/// The value below which a share of the sorted values lies, between the two nearest.
fn quantile(sorted: &[f32], share: f32) -> Option<f32> {
    let mut place = share * sorted.len().checked_sub(1)? as f32;
    let mut values = sorted.iter().copied();
    let mut below = values.next()?;
    for above in values {
        if place < 1.0 {
            return Some(below + (above - below) * place);
        }
        place -= 1.0;
        below = above;
    }
    Some(below)
}

/// The bar with the best balance of found and wrongly found intents.
fn presence(chances: &[(f32, f32)]) -> f32 {
    let wanted: f32 = chances.iter().map(|(_, target)| target).sum();
    let balance = |bar: f32| {
        let (found, right) = chances
            .iter()
            .filter(|(chance, _)| *chance >= bar)
            .fold((0.0_f32, 0.0_f32), |(found, right), (_, target)| (found + 1.0, right + target));
        2.0 * right / (found + wanted).max(1.0)
    };
    let bars = (4..=16_u8).map(|step| f32::from(step) * 0.05);
    bars.max_by(|a, b| balance(*a).total_cmp(&balance(*b)).then(b.total_cmp(a))).unwrap_or(0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_between_its_neighbours() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[3.0], 0.9), Some(3.0));
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 1.0), Some(4.0));
    }

    #[test]
    fn presence_is_where_found_and_wrong_balance() {
        let chances = [(0.9, 1.0), (0.7, 1.0), (0.52, 0.0), (0.3, 0.0), (0.1, 0.0)];
        let bar = presence(&chances);
        assert!(bar > 0.52 && bar <= 0.7, "{bar}");
    }
}
