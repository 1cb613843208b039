//! Texts as weighted words, word pairs and letter groups, and how alike two texts are by these.

use std::collections::HashMap;

use crate::language::words::{fold, words};

/// Sparse unit vectors: (feature, weight), features rising.
pub(super) type Sparse = Vec<(u32, f32)>;

/// The features seen in training with their rarity.
#[derive(Debug, Clone)]
pub(super) struct Vocabulary {
    rarity: HashMap<Box<str>, (u32, f32)>,
}

/// One text by its words and pairs, and by its letter groups.
#[derive(Debug, Clone)]
pub(super) struct Lexical {
    words: Sparse,
    letters: Sparse,
}

impl Vocabulary {
    /// Counts in how many of the texts each feature stands.
    pub(super) fn learn<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut total = 0.0;
        let mut counts: HashMap<Box<str>, (u32, f32)> = HashMap::new();
        for text in texts {
            total += 1.0;
            let (words, letters) = features(text);
            for feature in words.into_keys().chain(letters.into_keys()) {
                let next = u32::try_from(counts.len()).unwrap_or(u32::MAX);
                counts.entry(feature.into_boxed_str()).or_insert((next, 0.0)).1 += 1.0;
            }
        }
        for (_, count) in counts.values_mut() {
            *count = ((1.0 + total) / (1.0 + *count)).ln() + 1.0;
        }
        Self { rarity: counts }
    }

    /// A text by the features known here.
    pub(super) fn read(&self, text: &str) -> Lexical {
        let (words, letters) = features(text);
        Lexical { words: self.weigh(&words), letters: self.weigh(&letters) }
    }

    fn weigh(&self, counts: &HashMap<String, f32>) -> Sparse {
        let mut weights: Sparse = counts
            .iter()
            .filter_map(|(feature, count)| {
                let (number, rarity) = self.rarity.get(feature.as_str())?;
                Some((*number, (1.0 + count.ln()) * rarity))
            })
            .collect();
        weights.sort_unstable_by_key(|(number, _)| *number);
        let length = weights.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
        for (_, weight) in &mut weights {
            *weight /= length;
        }
        weights
    }
}

impl Lexical {
    /// Likeness of two texts, 0 to 1: the mean over words and letter groups.
    pub(super) fn likeness(&self, other: &Self) -> f32 {
        0.5 * (product(&self.words, &other.words) + product(&self.letters, &other.letters))
    }
}

fn product(left: &Sparse, right: &Sparse) -> f32 {
    let mut sum = 0.0;
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    while let (Some((a, x)), Some((b, y))) = (left.peek(), right.peek()) {
        match a.cmp(b) {
            std::cmp::Ordering::Less => _ = left.next(),
            std::cmp::Ordering::Greater => _ = right.next(),
            std::cmp::Ordering::Equal => {
                sum += x * y;
                left.next();
                right.next();
            }
        }
    }
    sum
}

/// Counts of words and pairs of words, and of groups of two to five letters within words.
fn features(text: &str) -> (HashMap<String, f32>, HashMap<String, f32>) {
    let folded = fold(text);
    let mut pairs: HashMap<String, f32> = HashMap::new();
    let mut groups: HashMap<String, f32> = HashMap::new();
    let mut before = "";
    for word in words(&folded) {
        *pairs.entry(format!("w{word}")).or_default() += 1.0;
        if !before.is_empty() {
            *pairs.entry(format!("w{before} {word}")).or_default() += 1.0;
        }
        before = word;
        let padded: Vec<char> = std::iter::once(' ').chain(word.chars()).chain([' ']).collect();
        for size in 2..=5 {
            for group in padded.windows(size) {
                *groups.entry(group.iter().collect()).or_default() += 1.0;
            }
            if padded.len() <= size {
                break;
            }
        }
    }
    (pairs, groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_most_like_itself_and_a_misspelling_is_near() {
        let texts = ["cancel my order", "where is my parcel", "opening hours please"];
        let vocabulary = Vocabulary::learn(texts.into_iter());
        let read = |text| vocabulary.read(text);
        let near = read("cancle my ordr").likeness(&read(texts[0]));
        assert!((read(texts[0]).likeness(&read(texts[0])) - 1.0).abs() < 1e-5);
        assert!(near > 0.3 && near > read("cancle my ordr").likeness(&read(texts[1])));
        assert_eq!(read("").likeness(&read(texts[0])), 0.0);
    }
}
