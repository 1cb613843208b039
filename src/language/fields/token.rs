//! Cutting a message into words, numbers and marks, each with its place in the text.

use unicode_normalization::UnicodeNormalization;

/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Letters, with inner apostrophes.
    Word,
    /// Decimal digits only.
    Digits,
    /// One mark or symbol.
    Mark,
}

/// One token and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Token<'a> {
    /// The characters as written.
    pub(super) text: &'a str,
    /// The same in lower case and without accents.
    pub(super) fold: String,
    /// First byte in the text.
    pub(super) start: usize,
    /// The byte after the last one.
    pub(super) end: usize,
    /// What it is made of.
    pub(super) shape: Shape,
    /// True when nothing stands between this token and the one before.
    pub(super) glued: bool,
}

impl Token<'_> {
    /// True for a word that begins with a capital letter.
    pub(super) fn is_capital(&self) -> bool {
        self.shape == Shape::Word && self.text.chars().next().is_some_and(char::is_uppercase)
    }

    /// True for a token of letters.
    pub(super) fn is_word(&self) -> bool {
        self.shape == Shape::Word
    }

    /// The digits' value.
    pub(super) fn integer(&self) -> Option<i64> {
        if self.shape == Shape::Digits { self.text.parse().ok() } else { None }
    }

    /// True for a mark that ends a sentence.
    pub(super) fn ends_sentence(&self) -> bool {
        matches!(self.text, "." | "!" | "?" | "\n" | ";")
    }
}

/// Lower case without accents, with one kind of apostrophe.
pub(super) fn fold(text: &str) -> String {
    text.nfkd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .map(|c| if matches!(c, '\u{2019}' | '\u{2018}' | '`' | '\u{b4}') { '\'' } else { c })
        .collect()
}

/// Cuts a text into tokens. Spaces are dropped, line ends become marks.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found: Vec<Token<'_>> = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        if first.is_whitespace() && first != '\n' {
            continue;
        }
        let shape = shape_of(first);
        let mut end = start + first.len_utf8();
        if shape != Shape::Mark {
            while let Some(&(at, next)) = rest.peek() {
                let goes_on = shape_of(next) == shape
                    || (shape == Shape::Word && is_apostrophe(next) && letter_follows(text, at, next));
                if !goes_on {
                    break;
                }
                end = at + next.len_utf8();
                rest.next();
            }
        }
        let glued = found.last().is_some_and(|before| before.end == start);
        let word = text.get(start..end).unwrap_or_default();
        found.push(Token { text: word, fold: fold(word), start, end, shape, glued });
    }
    found
}

fn shape_of(c: char) -> Shape {
    if c.is_ascii_digit() {
        Shape::Digits
    } else if c.is_alphabetic() || unicode_normalization::char::is_combining_mark(c) {
        Shape::Word
    } else {
        Shape::Mark
    }
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}')
}

fn letter_follows(text: &str, at: usize, mark: char) -> bool {
    text.get(at + mark.len_utf8()..).and_then(|rest| rest.chars().next()).is_some_and(char::is_alphabetic)
}

/// No sentence is longer: keeps the work for a hostile message within bounds.
const LONGEST: usize = 300;

/// A read-only window on a list of tokens that never panics.
#[derive(Clone, Copy)]
pub(super) struct Tokens<'t, 'a> {
    all: &'t [Token<'a>],
}

impl<'t, 'a> Tokens<'t, 'a> {
    /// Looks at a list.
    pub(super) fn new(all: &'t [Token<'a>]) -> Self {
        Tokens { all }
    }

    /// How many there are.
    pub(super) fn len(self) -> usize {
        self.all.len()
    }

    /// The token at a place.
    pub(super) fn get(self, at: usize) -> Option<&'t Token<'a>> {
        self.all.get(at)
    }

    /// The folded word at a place, empty past the end.
    pub(super) fn word(self, at: usize) -> &'t str {
        self.all.get(at).map_or("", |t| t.fold.as_str())
    }

    /// The folded word before a place.
    pub(super) fn word_before(self, at: usize, back: usize) -> &'t str {
        at.checked_sub(back).map_or("", |i| self.word(i))
    }

    /// True when the token at a place stands directly after the one before.
    pub(super) fn glued(self, at: usize) -> bool {
        self.all.get(at).is_some_and(|t| t.glued)
    }

    /// The digits at a place.
    pub(super) fn integer(self, at: usize) -> Option<i64> {
        self.all.get(at).and_then(Token::integer)
    }

    /// How many digits the token at a place has, zero for others.
    pub(super) fn digits(self, at: usize) -> usize {
        self.all.get(at).filter(|t| t.shape == Shape::Digits).map_or(0, |t| t.text.len())
    }

    /// True when the words from a place on are exactly these.
    pub(super) fn says(self, at: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(i, word)| self.word(at + i) == *word)
    }

    /// True for the first token of a sentence.
    pub(super) fn starts_sentence(self, at: usize) -> bool {
        at == 0 || self.ends_sentence(at - 1)
    }

    /// Where the sentence of a token begins.
    pub(super) fn sentence_start(self, at: usize) -> usize {
        let at = at.min(self.len());
        let mut start = at;
        while start > 0 && at - start < LONGEST && !self.ends_sentence(start - 1) {
            start -= 1;
        }
        start
    }

    /// The place of the mark that ends the sentence of a token, or the end of the text.
    pub(super) fn sentence_end(self, at: usize) -> usize {
        let mut end = at;
        while end < self.len() && end - at < LONGEST && !self.ends_sentence(end) {
            end += 1;
        }
        end
    }

    /// True when the sentence of a token ends in a question mark.
    pub(super) fn is_question(self, at: usize) -> bool {
        self.word(self.sentence_end(at)) == "?"
    }

    /// A full stop between digits or inside "p.m." ends nothing.
    fn ends_sentence(self, at: usize) -> bool {
        let Some(token) = self.get(at) else { return false };
        if !token.ends_sentence() {
            return false;
        }
        if token.text != "." {
            return true;
        }
        let inner = self.get(at + 1).is_some_and(|next| next.glued);
        let initial = at > 0 && {
            let before = self.word(at - 1);
            before.chars().count() == 1 && before.chars().all(char::is_alphabetic)
                || matches!(before, "dr" | "mr" | "mrs" | "ms" | "st" | "vs" | "no" | "ave")
        };
        !(inner || initial && self.get(at + 1).is_some())
    }

    /// First byte of a token.
    pub(super) fn start_byte(self, at: usize) -> usize {
        self.all.get(at).map_or(0, |t| t.start)
    }

    /// The byte after the token before `end`.
    pub(super) fn end_byte(self, end: usize) -> usize {
        end.checked_sub(1).and_then(|i| self.all.get(i)).map_or(0, |t| t.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_digits_and_marks_are_cut_apart() {
        let texts: Vec<&str> = tokens("It's 7:30pm, ok?").into_iter().map(|t| t.text).collect();
        assert_eq!(texts, ["It's", "7", ":", "30", "pm", ",", "ok", "?"]);
    }

    #[test]
    fn accents_are_folded() {
        assert_eq!(fold("Inês Ñandú’s"), "ines nandu's");
    }
}
