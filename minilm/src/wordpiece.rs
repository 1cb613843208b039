//! The tokenizer of BERT models: lower case, accents off, longest known pieces first.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

const UNKNOWN: u32 = 100;
const FIRST: u32 = 101;
const LAST: u32 = 102;
/// Words longer than this are unknown, as in the model's own tokenizer.
const LONGEST_WORD: usize = 100;

/// A vocabulary of word beginnings and continuations.
pub(crate) struct WordPieces {
    beginnings: HashMap<Box<str>, u32>,
    continuations: HashMap<Box<str>, u32>,
    longest: usize,
}

impl WordPieces {
    /// Reads a vocabulary, one piece a line, continuations marked with `##`.
    pub(crate) fn new(vocabulary: &str) -> Self {
        let mut pieces = Self { beginnings: HashMap::new(), continuations: HashMap::new(), longest: 0 };
        for (line, id) in vocabulary.lines().zip(0_u32..) {
            let (map, piece) = match line.strip_prefix("##") {
                Some(continuation) if !continuation.is_empty() => (&mut pieces.continuations, continuation),
                _ => (&mut pieces.beginnings, line),
            };
            pieces.longest = pieces.longest.max(piece.len());
            map.insert(piece.into(), id);
        }
        pieces
    }

    /// The ids of a text between the two marks, at most `limit` of them.
    pub(crate) fn ids(&self, text: &str, limit: usize) -> Vec<u32> {
        let mut ids = vec![FIRST];
        for word in words(text) {
            if ids.len() >= limit {
                break;
            }
            self.split_word(&word, &mut ids);
        }
        ids.truncate(limit - 1);
        ids.push(LAST);
        ids
    }

    /// Appends the pieces of a word, or one unknown mark if any part of it is not in the vocabulary.
    fn split_word(&self, word: &str, ids: &mut Vec<u32>) {
        let before = ids.len();
        if word.chars().count() > LONGEST_WORD {
            ids.push(UNKNOWN);
            return;
        }
        let mut left = word;
        while !left.is_empty() {
            let map = if left.len() == word.len() { &self.beginnings } else { &self.continuations };
            let longest = left.floor_char_boundary(self.longest);
            let found = (1..=longest)
                .rev()
                .filter(|&end| left.is_char_boundary(end))
                .find_map(|end| map.get(&left[..end]).map(|&id| (id, end)));
            match found {
                Some((id, end)) => {
                    ids.push(id);
                    left = &left[end..];
                }
                None => {
                    ids.truncate(before);
                    ids.push(UNKNOWN);
                    return;
                }
            }
        }
    }
}

/// The words of a text: split at blanks, every punctuation mark and every Chinese character on its own.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut current = String::new();
    for character in text.chars().flat_map(char::to_lowercase).nfd() {
        match Role::of(character) {
            Role::Dropped => {}
            Role::Blank => words.extend(taken(&mut current)),
            Role::Alone => {
                words.extend(taken(&mut current));
                words.push(character.to_string());
            }
            Role::Letter => current.push(character),
        }
    }
    words.extend(taken(&mut current));
    words
}

/// Takes a word that is finished, if there is one.
fn taken(current: &mut String) -> Option<String> {
    (!current.is_empty()).then(|| std::mem::take(current))
}

enum Role {
    Dropped,
    Blank,
    Alone,
    Letter,
}

impl Role {
    fn of(character: char) -> Self {
        use GeneralCategory::{
            ClosePunctuation, ConnectorPunctuation, Control, DashPunctuation, FinalPunctuation, Format,
            InitialPunctuation, NonspacingMark, OpenPunctuation, OtherPunctuation,
        };
        if character.is_ascii_alphanumeric() {
            return Self::Letter;
        }
        if character.is_ascii_punctuation() {
            return Self::Alone;
        }
        if character.is_whitespace() {
            return Self::Blank;
        }
        if character == '\u{fffd}' {
            return Self::Dropped;
        }
        match character.general_category() {
            NonspacingMark | Control | Format => Self::Dropped,
            ConnectorPunctuation | DashPunctuation | ClosePunctuation | FinalPunctuation
            | InitialPunctuation | OtherPunctuation | OpenPunctuation => Self::Alone,
            _ if is_chinese(character) => Self::Alone,
            _ => Self::Letter,
        }
    }
}

fn is_chinese(character: char) -> bool {
    matches!(
        character,
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2fa1f}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_lose_case_and_accents_and_keep_punctuation_apart() {
        assert_eq!(words("Café, déjà vu!\u{200b} 東京"), ["cafe", ",", "deja", "vu", "!", "東", "京"]);
    }

    #[test]
    fn the_longest_known_piece_wins_and_a_word_with_an_unknown_part_is_unknown() {
        let pieces = WordPieces::new("un\nunder\n##stand\n##s\n##tand");
        assert_eq!(pieces.ids("understands unx", 16), [FIRST, 1, 2, 3, UNKNOWN, LAST]);
    }

    proptest! {
        #[test]
        fn any_text_gives_marks_at_both_ends_within_the_limit(text in any::<String>(), limit in 2_usize..40) {
            let ids = WordPieces::new("a\nb\n##a").ids(&text, limit);
            prop_assert!((2..=limit).contains(&ids.len()));
            prop_assert_eq!((ids[0], ids[ids.len() - 1]), (FIRST, LAST));
        }
    }
}
