//! Logistic regression over a kernel: learns for every example how much it speaks for each intent.
//!
//! Solved by L-BFGS with the kernel's own inner product, so that each step costs one matrix product.
//! Deterministic.

use std::collections::VecDeque;

/// How intents share a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    /// Each example has exactly one intent.
    One,
    /// Each intent is present or not, whatever the others are.
    Any,
}

/// What is learned from.
pub(super) struct Problem<'a> {
    /// Likeness of each pair of examples, row after row.
    pub(super) kernel: &'a [f32],
    /// 1 where an example (row) has an intent (column).
    pub(super) targets: &'a [f32],
    pub(super) intents: usize,
    pub(super) sharing: Sharing,
    /// Weight of fitting the examples against smoothness.
    pub(super) fit: f32,
}

/// Steps remembered.
const MEMORY: usize = 8;
const STEPS: usize = 60;

/// A point in the space of solutions with its image under the kernel.
#[derive(Clone)]
struct Point {
    weights: Vec<f32>,
    image: Vec<f32>,
}

impl Point {
    fn inner(&self, other: &Self) -> f32 {
        minilm::dot(&self.weights, &other.image)
    }

    fn add(&mut self, factor: f32, other: &Self) {
        for (value, more) in self.weights.iter_mut().zip(&other.weights) {
            *value += factor * more;
        }
        for (value, more) in self.image.iter_mut().zip(&other.image) {
            *value += factor * more;
        }
    }

    fn minus(&self, other: &Self) -> Self {
        let mut difference = self.clone();
        difference.add(-1.0, other);
        difference
    }
}

impl Problem<'_> {
    /// The weight of each example (row) for each intent (column).
    pub(super) fn solve(&self) -> Vec<f32> {
        let zero = vec![0.0; self.targets.len()];
        if self.intents == 0 || self.targets.is_empty() {
            return zero;
        }
        let mut at = Point { weights: zero.clone(), image: zero };
        let (mut loss, mut gradient) = self.measure(&at);
        let first = gradient.inner(&gradient);
        let mut past: VecDeque<(Point, Point)> = VecDeque::with_capacity(MEMORY);
        for _ in 0..STEPS {
            if gradient.inner(&gradient) <= first * 1e-6 {
                break;
            }
            let direction = downhill(&gradient, &past);
            let slope = gradient.inner(&direction);
            let Some((next, next_loss)) = self.line_search(&at, loss, &direction, slope) else { break };
            let (_, next_gradient) = self.measure(&next);
            if past.len() == MEMORY {
                past.pop_front();
            }
            past.push_back((next.minus(&at), next_gradient.minus(&gradient)));
            (at, loss, gradient) = (next, next_loss, next_gradient);
        }
        at.weights
    }

    /// The longest tried step that lowers the loss enough.
    fn line_search(&self, at: &Point, loss: f64, direction: &Point, slope: f32) -> Option<(Point, f64)> {
        let mut step = 1.0;
        for _ in 0..20 {
            let mut next = at.clone();
            next.add(step, direction);
            let next_loss = self.loss(&next);
            if next_loss <= loss + 1e-4 * f64::from(step * slope) {
                return Some((next, next_loss));
            }
            step *= 0.5;
        }
        None
    }

    /// What is made small. The sum is long and the gains of late steps are small, hence the wider type.
    fn loss(&self, at: &Point) -> f64 {
        let misfit: f64 = at
            .image
            .chunks_exact(self.intents)
            .zip(self.targets.chunks_exact(self.intents))
            .map(|(scores, targets)| match self.sharing {
                Sharing::One => {
                    let aimed: f32 = scores.iter().zip(targets).map(|(score, target)| score * target).sum();
                    f64::from(log_sum_exp(scores) - aimed)
                }
                Sharing::Any => scores
                    .iter()
                    .zip(targets)
                    .map(|(score, target)| f64::from(softplus(*score) - score * target))
                    .sum(),
            })
            .sum();
        f64::from(self.fit) * misfit + 0.5 * f64::from(at.inner(at))
    }

    /// The loss and its gradient.
    fn measure(&self, at: &Point) -> (f64, Point) {
        let mut weights = Vec::with_capacity(at.image.len());
        for (scores, targets) in
            at.image.chunks_exact(self.intents).zip(self.targets.chunks_exact(self.intents))
        {
            let probabilities = probabilities(scores, self.sharing);
            weights.extend(
                probabilities
                    .iter()
                    .zip(targets)
                    .map(|(probability, target)| self.fit * (probability - target)),
            );
        }
        let inner = self.targets.len() / self.intents;
        let image = minilm::product(self.kernel, &weights, inner, self.intents);
        let mut gradient = Point { weights, image };
        gradient.add(1.0, at);
        (self.loss(at), gradient)
    }
}

/// The direction L-BFGS takes from a gradient, by what the last steps told about the curvature.
fn downhill(gradient: &Point, past: &VecDeque<(Point, Point)>) -> Point {
    let mut direction = gradient.clone();
    let mut factors = Vec::with_capacity(past.len());
    for (step, change) in past.iter().rev() {
        let factor = step.inner(&direction) / step.inner(change);
        direction.add(-factor, change);
        factors.push(factor);
    }
    let scale = match past.back() {
        Some((step, change)) => step.inner(change) / change.inner(change),
        None => 1.0 / gradient.inner(gradient).sqrt().max(1.0),
    };
    for value in direction.weights.iter_mut().chain(&mut direction.image) {
        *value *= scale;
    }
    for ((step, change), factor) in past.iter().zip(factors.iter().rev()) {
        let correction = change.inner(&direction) / step.inner(change);
        direction.add(factor - correction, step);
    }
    for value in direction.weights.iter_mut().chain(&mut direction.image) {
        *value = -*value;
    }
    direction
}

/// Probabilities of the intents by their scores.
pub(super) fn probabilities(scores: &[f32], sharing: Sharing) -> Vec<f32> {
    match sharing {
        Sharing::One => {
            let total = log_sum_exp(scores);
            scores.iter().map(|score| (score - total).exp()).collect()
        }
        Sharing::Any => scores.iter().map(|score| 1.0 / (1.0 + (-score).exp())).collect(),
    }
}

/// The logarithm of the sum of exponentials, without overflow.
pub(super) fn log_sum_exp(scores: &[f32]) -> f32 {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if highest == f32::NEG_INFINITY {
        return 0.0;
    }
    highest + scores.iter().map(|score| (score - highest).exp()).sum::<f32>().ln()
}

fn softplus(score: f32) -> f32 {
    score.max(0.0) + (-score.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_vanishes_at_the_solution() {
        let kernel = [1.0, 0.6, 0.1, 0.6, 1.0, 0.2, 0.1, 0.2, 1.0];
        let targets = [1.0, 0.0, 1.0, 0.0, 0.0, 1.0];
        for sharing in [Sharing::One, Sharing::Any] {
            let problem = Problem { kernel: &kernel, targets: &targets, intents: 2, sharing, fit: 5.0 };
            let weights = problem.solve();
            let image = minilm::product(&kernel, &weights, 3, 2);
            let (_, gradient) = problem.measure(&Point { weights, image: image.clone() });
            assert!(gradient.weights.iter().all(|value| value.abs() < 0.02), "{:?}", gradient.weights);
            for (scores, target) in image.chunks_exact(2).zip(targets.chunks_exact(2)) {
                assert_eq!(scores[0] > scores[1], target[0] > target[1]);
            }
        }
    }
}
