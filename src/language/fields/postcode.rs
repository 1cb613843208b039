//! British postcodes, written or spelled letter by letter: "SW7 2GF", "s w 7 e 2 g f", "Sierra whiskey 7 …".

use serde_json::json;

use super::reading::{Mention, Need, Reading};
use super::spelling;
use super::token::{Shape, Tokens};

/// All postcodes of a message. When a postcode was asked for, the whole message may spell one.
pub(super) fn postcodes(reading: &Reading<'_>) -> Vec<Mention> {
    let tokens = reading.tokens();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match postcode_at(tokens, at) {
            Some((code, len)) => {
                found.push(Mention {
                    value: json!(code),
                    start: at,
                    end: at + len,
                    certainty: 0.93,
                    need: Need::Nothing,
                });
                at += len;
            }
            None => at += 1,
        }
    }
    if found.is_empty() && reading.asked > 0.0 && tokens.len() > 0 {
        let letters = spelling::characters(tokens);
        let code = complete(&letters);
        if let Some(code) = code {
            let value = json!(code);
            found.push(Mention { value, start: 0, end: tokens.len(), certainty: 0.8, need: Need::Question });
        }
    }
    found
}

/// Five to seven letters and digits in the shape of a postcode, put with its space.
pub(super) fn complete(characters: &str) -> Option<String> {
    let length = characters.len();
    if !(5..=7).contains(&length) || !characters.is_ascii() {
        return None;
    }
    let (outward, inward) = characters.split_at(length - 3);
    (fits_outward(outward) && fits_inward(inward)).then(|| format!("{outward} {inward}"))
}

/// The postcodes that heard characters may mean, with how much had to be mended.
///
/// A letter where only a digit can stand is the digit that sounds or looks like it, and the other way
/// round; one character too many may be noise.
pub(super) fn mended(characters: &str) -> Vec<(String, f64)> {
    let heard: Vec<char> = characters.chars().filter(char::is_ascii).collect();
    let mut found: Vec<(String, f64)> = Vec::new();
    if (5..=7).contains(&heard.len()) {
        found.extend(fitted(&heard));
    }
    if (6..=9).contains(&heard.len()) {
        for skip in 0..heard.len() {
            let mut fewer = heard.clone();
            fewer.remove(skip);
            if fewer.len() <= 7 {
                found.extend(fitted(&fewer).into_iter().map(|(code, sure)| (code, sure * 0.5)));
            }
        }
    }
    found
}

/// Every shape of a postcode that the characters fit after mending.
fn fitted(heard: &[char]) -> Vec<(String, f64)> {
    const SHAPES: &[&str] = &["a9", "aa9", "a99", "a9a", "aa99", "aa9a"];
    SHAPES
        .iter()
        .filter(|outward| outward.len() + 3 == heard.len())
        .filter_map(|outward| {
            let mut code = String::new();
            let mut sure = 1.0;
            for (place, (wanted, said)) in outward.chars().chain("9aa".chars()).zip(heard).enumerate() {
                if place == outward.len() {
                    code.push(' ');
                }
                let fits = if wanted == '9' { said.is_ascii_digit() } else { said.is_ascii_alphabetic() };
                if fits {
                    code.push(*said);
                } else {
                    code.push(if wanted == '9' { digit_like(*said)? } else { letter_like(*said)? });
                    sure *= 0.6;
                }
            }
            Some((code, sure))
        })
        .collect()
}

fn digit_like(letter: char) -> Option<char> {
    Some(match letter {
        'O' | 'Q' => '0',
        'I' | 'L' => '1',
        'Z' => '2',
        'V' | 'S' => '5',
        'B' | 'H' => '8',
        'G' => '6',
        'A' => '8',
        'F' => '4',
        _ => return None,
    })
}

fn letter_like(digit: char) -> Option<char> {
    Some(match digit {
        '0' => 'O',
        '1' => 'I',
        '2' => 'Q',
        '3' => 'E',
        '5' => 'F',
        '8' => 'H',
        _ => return None,
    })
}

/// One digit and two letters.
fn fits_inward(text: &str) -> bool {
    let shape: Vec<bool> = text.chars().map(|c| c.is_ascii_digit()).collect();
    shape == [true, false, false]
}

/// One or two letters, a digit, and perhaps a digit or a letter.
fn fits_outward(text: &str) -> bool {
    let shape: Vec<bool> = text.chars().map(|c| c.is_ascii_digit()).collect();
    matches!(
        shape.as_slice(),
        [false, true] | [false, true, _] | [false, false, true] | [false, false, true, _]
    )
}

/// A postcode written as one or two groups at a token.
pub(super) fn postcode_at(tokens: Tokens<'_, '_>, at: usize) -> Option<(String, usize)> {
    if tokens.glued(at) || !tokens.get(at)?.is_word() {
        return None;
    }
    let mut written = String::new();
    let mut groups = 1;
    for len in 1..=7 {
        let token = tokens.get(at + len - 1)?;
        if token.shape == Shape::Mark {
            return None;
        }
        if len > 1 && !token.glued {
            groups += 1;
        }
        let capital = token.text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        if groups > 2 || !capital && groups == 1 && len == 1 && token.text.len() > 2 {
            return None;
        }
        written.push_str(&token.text.to_uppercase());
        let ends = !tokens.glued(at + len) || tokens.get(at + len).is_none_or(|t| t.shape == Shape::Mark);
        if ends && let Some(code) = complete(&written) {
            return Some((code, len));
        }
    }
    None
}
