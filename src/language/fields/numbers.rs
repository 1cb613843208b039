//! Numbers in digits and in words: "1,580", "twenty-two", "the 14th", "half a dozen".

use super::token::Tokens;

/// A number read from tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number {
    /// Its value.
    pub(super) value: f64,
    /// True for "3rd" and "third".
    pub(super) ordinal: bool,
    /// True when it was written in words.
    pub(super) worded: bool,
    /// How many tokens it takes.
    pub(super) len: usize,
}

impl Number {
    /// The value as a whole number, where it is one.
    pub(super) fn whole(self) -> Option<i64> {
        whole(self.value)
    }
}

/// A float as a whole number, where it is one and small enough to be exact.
pub(super) fn whole(value: f64) -> Option<i64> {
    if value.fract() != 0.0 || value.abs() > 9_007_199_254_740_992.0 {
        return None;
    }
    format!("{value:.0}").parse().ok()
}

const UNITS: &[&str] = &[
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: &[&str] = &["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const ORDINALS: &[&str] = &[
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];
const TENTHS: [(&str, u16); 3] = [("twentieth", 20), ("thirtieth", 30), ("fortieth", 40)];

fn place(list: &[&str], word: &str) -> Option<u16> {
    list.iter().position(|w| *w == word).and_then(|i| u16::try_from(i).ok())
}

/// The value of one number word below twenty, or of a multiple of ten.
fn simple(word: &str) -> Option<u16> {
    let other = match word {
        "fourty" => Some(40),
        "dos" | "dois" | "duas" | "deux" | "zwei" => Some(2),
        "tres" | "trois" | "drei" => Some(3),
        "cuatro" | "quatro" | "quatre" | "vier" => Some(4),
        "cinco" | "cinq" | "funf" => Some(5),
        "seis" | "sechs" => Some(6),
        "siete" | "sete" | "sieben" => Some(7),
        "ocho" | "oito" | "huit" | "acht" => Some(8),
        "nueve" | "nove" | "neuf" | "neun" => Some(9),
        "diez" | "dez" | "dix" | "zehn" => Some(10),
        _ => None,
    };
    if other.is_some() {
        return other;
    }
    place(UNITS, word).or_else(|| place(TENS, word).map(|i| (i + 2) * 10))
}

/// The value of one ordinal word.
pub(super) fn ordinal_word(word: &str) -> Option<u16> {
    place(ORDINALS, word)
        .filter(|n| *n > 0)
        .or_else(|| TENTHS.iter().find(|(w, _)| *w == word).map(|(_, n)| *n))
}

/// Reads the number that begins at a token.
pub(super) fn number_at(tokens: Tokens<'_, '_>, at: usize) -> Option<Number> {
    if tokens.digits(at) > 0 { digits_at(tokens, at) } else { words_at(tokens, at) }
}

fn digits_at(tokens: Tokens<'_, '_>, at: usize) -> Option<Number> {
    let mut text = tokens.get(at)?.text.to_owned();
    let mut len = 1;
    let grouped = |i: usize| {
        tokens.word(i) == "," && tokens.glued(i) && tokens.glued(i + 1) && tokens.digits(i + 1) == 3
    };
    if text.len() <= 3 {
        while grouped(at + len) {
            text.push_str(tokens.get(at + len + 1)?.text);
            len += 2;
        }
    }
    let fraction = tokens.word(at + len) == "."
        && tokens.glued(at + len)
        && tokens.glued(at + len + 1)
        && tokens.digits(at + len + 1) > 0;
    if fraction {
        text.push('.');
        text.push_str(tokens.get(at + len + 1)?.text);
        len += 2;
    }
    let mut value: f64 = text.parse().ok()?;
    let suffix = tokens.word(at + len);
    let mut ordinal = false;
    if tokens.glued(at + len) && matches!(suffix, "st" | "nd" | "rd" | "th") {
        ordinal = true;
        len += 1;
    } else if tokens.glued(at + len) && suffix == "k" {
        value *= 1_000.0;
        len += 1;
    } else if let Some(scale) = scale(suffix).filter(|s| *s >= 1_000.0 && !tokens.glued(at + len)) {
        value *= scale;
        len += 1;
    }
    Some(Number { value, ordinal, worded: false, len })
}

fn scale(word: &str) -> Option<f64> {
    Some(match word {
        "hundred" => 100.0,
        "thousand" | "grand" => 1_000.0,
        "million" => 1_000_000.0,
        "billion" => 1_000_000_000.0,
        _ => return None,
    })
}

fn words_at(tokens: Tokens<'_, '_>, at: usize) -> Option<Number> {
    if let Some(found) = fixed_phrase(tokens, at) {
        return Some(found);
    }
    let mut total = 0.0;
    let mut group = 0.0;
    let mut len = 0;
    let mut last: Option<u16> = None;
    let mut ordinal = false;
    if matches!(tokens.word(at), "a" | "an") && scale(tokens.word(at + 1)).is_some() {
        group = 1.0;
        len = 1;
    }
    loop {
        let mut next = at + len;
        if len > 0 && matches!(tokens.word(next), "and" | "-") {
            let joins = tokens.word(next) == "-" || group >= 100.0 || total > 0.0;
            if !joins {
                break;
            }
            next += 1;
        }
        let word = tokens.word(next);
        if let Some(value) = simple(word) {
            let fits = match last {
                None => true,
                Some(before) => before >= 20 && before % 10 == 0 && (1..10).contains(&value),
            };
            if !fits {
                break;
            }
            group += f64::from(value);
            last = Some(value);
        } else if let Some(value) = ordinal_word(word) {
            let fits = match last {
                None => true,
                Some(before) => before >= 20 && before % 10 == 0 && value < 10,
            };
            if !fits || (word == "second" && last.is_none() && len > 0) {
                break;
            }
            group += f64::from(value);
            ordinal = true;
            len = next - at + 1;
            break;
        } else if let Some(size) = scale(word).filter(|_| len > 0) {
            if size > 100.0 {
                total += group.max(1.0) * size;
                group = 0.0;
            } else {
                group = group.max(1.0) * size;
            }
            last = None;
        } else {
            break;
        }
        len = next - at + 1;
    }
    let bare_article = len == 1 && matches!(tokens.word(at), "a" | "an");
    if len == 0 || bare_article {
        return None;
    }
    Some(Number { value: total + group, ordinal, worded: true, len })
}

fn fixed_phrase(tokens: Tokens<'_, '_>, at: usize) -> Option<Number> {
    const PHRASES: &[(&[&str], f64)] = &[
        (&["half", "a", "dozen"], 6.0),
        (&["a", "dozen"], 12.0),
        (&["two", "dozen"], 24.0),
        (&["a", "couple", "of"], 2.0),
        (&["a", "pair", "of"], 2.0),
        (&["a", "couple"], 2.0),
        (&["a", "single"], 1.0),
        (&["dozen"], 12.0),
    ];
    PHRASES.iter().find(|(words, _)| tokens.says(at, words)).map(|(words, value)| Number {
        value: *value,
        ordinal: false,
        worded: true,
        len: words.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    fn read(text: &str) -> Option<(f64, usize, bool)> {
        let list = tokens(text);
        number_at(Tokens::new(&list), 0).map(|n| (n.value, n.len, n.ordinal))
    }

    #[test]
    fn numbers_are_read_in_digits_and_words() {
        let rows: [(&str, f64, usize, bool); 22] = [
            ("7", 7.0, 1, false),
            ("1,580 dollars", 1580.0, 3, false),
            ("9,485.10", 9485.10, 5, false),
            ("12.5 %", 12.5, 3, false),
            ("3rd of May", 3.0, 2, true),
            ("5k", 5000.0, 2, false),
            ("two million", 2_000_000.0, 2, false),
            ("2 million", 2_000_000.0, 2, false),
            ("four", 4.0, 1, false),
            ("twenty-two", 22.0, 3, false),
            ("twenty two", 22.0, 2, false),
            ("twenty-first", 21.0, 3, true),
            ("thirtieth", 30.0, 1, true),
            ("one thousand five hundred and eighty dollars", 1580.0, 6, false),
            ("two hundred and fifty euros", 250.0, 4, false),
            ("a hundred", 100.0, 2, false),
            ("a hundred and one", 101.0, 4, false),
            ("half a dozen", 6.0, 3, false),
            ("a couple of friends", 2.0, 3, false),
            ("five and a half", 5.0, 1, false),
            ("two three", 2.0, 1, false),
            ("1, 2", 1.0, 1, false),
        ];
        for (text, value, len, ordinal) in rows {
            assert_eq!(read(text), Some((value, len, ordinal)), "{text}");
        }
        for text in ["", "a", "an apple", "hundreds", "and", "seventh-day x".get(12..).unwrap_or("")] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
