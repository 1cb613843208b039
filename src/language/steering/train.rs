//! Learning the weights: done offline by `concierge eval --train-steering`, not while serving.

use super::Weights;
use super::signs::{BUCKETS, REST, Signs};

/// The sum from which a text is flagged: in cross-validation, one customer in a hundred is.
pub(super) const FLAG_AT: f32 = -1.5;
const EPOCHS: usize = 50;
const STEP: f32 = 1.0;
/// What the weights lose in an epoch of full steps: without it, the sentence vector is learned by heart and
/// harmless texts about the attacks' subjects are taken for attacks.
const DECAY: f32 = 0.1;

/// A text of known kind.
pub struct Lesson {
    /// The text.
    pub text: String,
    /// Its sentence vector.
    pub vector: Vec<f32>,
    /// Whether it is an attack.
    pub attack: bool,
    /// How much it counts.
    pub weight: f32,
}

/// Learns from texts of known kind and gives the file `judge` carries. Deterministic.
///
/// Texts are learned once with their vectors and once without, since either may be judged.
pub fn learn(lessons: &[Lesson]) -> Vec<u8> {
    [Sight::Full, Sight::Words].iter().flat_map(|sight| weights(lessons, *sight).file()).collect()
}

/// What is seen of a text.
#[derive(Debug, Clone, Copy)]
enum Sight {
    Full,
    Words,
}

impl Sight {
    fn signs(self, lesson: &Lesson) -> Signs {
        match self {
            Self::Full => Signs::of(&lesson.text, Some(&lesson.vector)),
            Self::Words => Signs::of(&lesson.text, None),
        }
    }
}

/// Cross-validation: each part is judged by what was learned from the others; the sums with the vector
/// and without it, in the order of the lessons.
pub fn held_out(lessons: &[Lesson], parts: usize) -> Vec<(f32, f32)> {
    let mut sums = vec![(0.0, 0.0); lessons.len()];
    for part in 0..parts {
        let kept = || lessons.iter().enumerate().filter(|(n, _)| n % parts != part).map(|(_, lesson)| lesson);
        let (full, words) = (weights(kept(), Sight::Full), weights(kept(), Sight::Words));
        for (number, lesson) in lessons.iter().enumerate().filter(|(n, _)| n % parts == part) {
            sums[number] = (full.sum(&Sight::Full.signs(lesson)), words.sum(&Sight::Words.signs(lesson)));
        }
    }
    sums
}

/// Logistic regression by stochastic descent; decay keeps the weights small.
fn weights<'a>(lessons: impl IntoIterator<Item = &'a Lesson>, sight: Sight) -> Weights {
    let examples: Vec<(Signs, f32, f32)> = lessons
        .into_iter()
        .map(|lesson| (sight.signs(lesson), f32::from(u8::from(lesson.attack)), lesson.weight))
        .collect();
    let mut hashed = Learner::new(BUCKETS);
    let mut rest = Learner::new(REST);
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut seed = 1_u64;
    for epoch in 0..EPOCHS {
        let step = STEP / (1.0 + epoch as f32 / 10.0);
        for last in (1..order.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let high = usize::try_from(seed >> 33).unwrap_or(0);
            order.swap(last, high % (last + 1));
        }
        for number in &order {
            let (signs, target, weight) = &examples[*number];
            let by_bucket = signs.hashed.iter().map(|(bucket, value)| (*bucket as usize, *value));
            let others = signs.rest.iter().copied();
            let sum = hashed.sum(by_bucket.clone()) + rest.sum(others.clone());
            let error = weight * (1.0 / (1.0 + (-sum).exp()) - target);
            hashed.step(by_bucket, step * error);
            rest.step(others, step * error);
        }
        hashed.shrink(1.0 - step * DECAY);
        rest.shrink(1.0 - step * DECAY);
    }
    let highest = hashed.weights.iter().fold(0.0_f32, |highest, weight| highest.max(weight.abs()));
    let scale = (highest / 127.0).max(f32::MIN_POSITIVE);
    #[expect(clippy::cast_possible_truncation, reason = "the quotient lies between -127 and 127")]
    let buckets = hashed.weights.iter().map(|weight| (weight / scale).round() as i8).collect();
    Weights { buckets, scale, rest: rest.weights }
}

struct Learner {
    weights: Vec<f32>,
}

impl Learner {
    fn new(size: usize) -> Self {
        Self { weights: vec![0.0; size] }
    }

    fn sum(&self, signs: impl Iterator<Item = (usize, f32)>) -> f32 {
        signs.map(|(place, value)| self.weights[place] * value).sum()
    }

    fn shrink(&mut self, factor: f32) {
        self.weights.iter_mut().for_each(|weight| *weight *= factor);
    }

    fn step(&mut self, signs: impl Iterator<Item = (usize, f32)>, error: f32) {
        for (place, value) in signs {
            self.weights[place] -= error * value;
        }
    }
}

impl Weights {
    fn file(&self) -> Vec<u8> {
        let numbers = std::iter::once(&self.scale).chain(&self.rest).flat_map(|number| number.to_le_bytes());
        numbers.chain(self.buckets.iter().map(|bucket| bucket.cast_unsigned())).collect()
    }
}
