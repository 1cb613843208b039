//! What the judge looks at, as numbers.

use std::collections::{BTreeSet, HashMap};

use super::phrases;
use crate::language::words::{fold, words};

/// Places for hashed words and letter groups.
pub(super) const BUCKETS: usize = 1 << 17;
/// Components of the sentence vector.
pub(super) const VECTOR: usize = 384;
/// Phrases, vector, length and a constant.
pub(super) const REST: usize = phrases::PHRASES.len() + VECTOR + 2;

const LENGTH: usize = phrases::PHRASES.len() + VECTOR;
const CONSTANT: usize = LENGTH + 1;

/// The sentence vector's length beside that of the words and of the letter groups.
const MEANING: f32 = 1.0;

/// A text as the judge sees it.
#[derive(Debug, Clone)]
pub(super) struct Signs {
    /// Buckets and their values: words and letter groups each of length one together.
    pub(super) hashed: Vec<(u32, f32)>,
    /// Places among the rest and their values.
    pub(super) rest: Vec<(usize, f32)>,
}

impl Signs {
    pub(super) fn of(text: &str, vector: Option<&[f32]>) -> Self {
        let folded = fold(text);
        let (mut by_word, mut by_letter) = (HashMap::new(), HashMap::new());
        let said: Vec<&str> = words(&folded).take(400).collect();
        for (place, word) in said.iter().enumerate() {
            for length in 1..=3.min(said.len() - place) {
                *by_word.entry(bucket(b'w', said[place..place + length].iter().copied())).or_insert(0.0) +=
                    1.0;
            }
            let padded: Vec<char> = std::iter::once(' ').chain(word.chars()).chain([' ']).collect();
            for size in 3..=5 {
                for group in padded.windows(size) {
                    let group: String = group.iter().collect();
                    *by_letter.entry(bucket(b'c', std::iter::once(group.as_str()))).or_insert(0.0) += 1.0;
                }
            }
        }
        for length in 1..=3.min(said.len()) {
            *by_word.entry(bucket(b'^', said[..length].iter().copied())).or_insert(0.0) += 1.0;
        }
        for form in forms(text, said.last().copied()) {
            *by_word.entry(bucket(b'$', std::iter::once(form.as_str()))).or_insert(0.0) += 1.0;
        }
        let mut hashed = unit(by_word);
        hashed.extend(unit(by_letter));
        let mut rest: Vec<(usize, f32)> = phrases::numbers(text).map(|number| (number, 0.3)).collect();
        rest.push((LENGTH, (said.len() as f32 / 250.0).min(1.0)));
        rest.push((CONSTANT, 1.0));
        let vector = vector.into_iter().flatten().map(|value| value * MEANING);
        rest.extend((phrases::PHRASES.len()..LENGTH).zip(vector));
        Self { hashed, rest }
    }
}

/// How a text is put, whatever it is about: its last word and sign, the signs in it, how many sentences it
/// has, whether it has lines and words in capitals. One that asks about instructions is put otherwise than one
/// that gives them.
fn forms(text: &str, last: Option<&str>) -> BTreeSet<String> {
    let ends_sentence = |character: char| matches!(character, '.' | '!' | '?' | '\n' | '。' | '？' | '！');
    let sentences = text.split(ends_sentence).count().saturating_sub(1).min(5);
    let shouted = |word: &str| word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    let mut forms: BTreeSet<String> = text
        .chars()
        .filter(|character| !character.is_alphanumeric() && !character.is_whitespace())
        .map(|sign| format!("has {sign}"))
        .collect();
    forms.insert(format!("sentences {sentences}"));
    forms.extend(text.trim_end().chars().next_back().map(|end| format!("ends {end}")));
    forms.extend(last.map(|last| format!("last {last}")));
    if text.contains('\n') {
        forms.insert("lines".to_owned());
    }
    if text.split(|character: char| !character.is_alphanumeric()).any(shouted) {
        forms.insert("capitals".to_owned());
    }
    forms
}

/// The bucket of one word.
pub(super) fn word_bucket(word: &str) -> u32 {
    bucket(b'w', std::iter::once(fold(word).as_str()))
}

/// Scales counts, dampened, to length one.
fn unit(counts: HashMap<u32, f32>) -> Vec<(u32, f32)> {
    let mut values: Vec<(u32, f32)> =
        counts.into_iter().map(|(bucket, count)| (bucket, f32::ln_1p(count))).collect();
    // In one order always, so that sums are the same on every run.
    values.sort_unstable_by_key(|(bucket, _)| *bucket);
    let length = values.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
    values.iter_mut().for_each(|(_, value)| *value /= length);
    values
}

/// FNV-1a over a kind and some words.
fn bucket<'a>(kind: u8, parts: impl Iterator<Item = &'a str>) -> u32 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = parts.fold(step(0x811c_9dc5, kind), |hash, part| part.bytes().fold(step(hash, 0), step));
    (hash ^ hash >> 15) & 0x1_ffff
}
