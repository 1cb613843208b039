//! Values of a free text field that look like the example its hint gives, and vehicles.

use serde_json::json;

use super::FieldSpec;
use super::reading::{Mention, Need, Reading};
use super::token::{Shape, Token, Tokens, fold};

/// What a code looks like: `a` for a letter, `9` for a digit.
fn shape(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).map(|c| if c.is_ascii_digit() { '9' } else { 'a' }).collect()
}

/// The code a hint gives as its example: "number plate, for example AB12 XYZ".
fn example(hint: &str) -> Option<String> {
    const LEADS: &[&str] = &["for example", "e.g.", "such as", "for instance"];
    let (at, lead) = LEADS.iter().find_map(|lead| Some((hint.find(lead)?, lead)))?;
    let rest = hint.get(at + lead.len()..)?;
    let code = rest.split([',', ';', ')', '(']).next().unwrap_or_default().trim().trim_end_matches('.');
    let looks = shape(code);
    let is_code =
        (4..=16).contains(&looks.len()) && looks.contains('9') && code.split_whitespace().count() <= 3;
    is_code.then_some(looks)
}

/// Runs of tokens that have the shape of the example.
pub(super) fn like_the_example(spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
    let Some(wanted) = spec.hint.as_deref().and_then(example) else { return Vec::new() };
    let tokens = reading.tokens();
    let mut found: Vec<Mention> = Vec::new();
    for start in 0..tokens.len() {
        if tokens.glued(start) || found.last().is_some_and(|m| m.end > start) {
            continue;
        }
        let mut written = String::new();
        for at in start..tokens.len().min(start + 6) {
            let Some(token) = tokens.get(at).filter(|t| t.shape != Shape::Mark || t.text == "-") else {
                break;
            };
            written.push_str(token.text);
            let looks = shape(&written);
            if looks.len() > wanted.len() {
                break;
            }
            if looks == wanted && !tokens.get(at + 1).is_some_and(|t| t.glued && t.shape != Shape::Mark) {
                let value = json!(reading.slice(start, at + 1).to_uppercase());
                found.push(Mention { value, start, end: at + 1, certainty: 0.9, need: Need::Nothing });
                break;
            }
        }
    }
    found
}

/// True for a field that holds a vehicle: "make, model and year of the car".
pub(super) fn is_vehicle(spec: &FieldSpec) -> bool {
    let words = fold(&format!("{} {}", spec.label, spec.hint.as_deref().unwrap_or_default()));
    let has = |word: &str| words.split(|c: char| !c.is_alphanumeric()).any(|w| w == word);
    has("vehicle") || has("make") && has("model")
}

/// "a Ford Focus from 2017", "my Golf", "the 2014 Corsa".
pub(super) fn vehicles(reading: &Reading<'_>) -> Vec<Mention> {
    let tokens = reading.tokens();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let Some((end, certainty)) = vehicle_at(tokens, at) else {
            at += 1;
            continue;
        };
        let words: Vec<&str> = reading
            .slice(at, end)
            .split_whitespace()
            .filter(|word| !matches!(*word, "from" | "of"))
            .map(|word| word.trim_matches([',', '(']))
            .collect();
        let value = json!(words.join(" "));
        found.push(Mention { value, start: at, end, certainty, need: Need::Nothing });
        at = end;
    }
    found
}

fn is_year(tokens: Tokens<'_, '_>, at: usize) -> bool {
    tokens.digits(at) == 4 && tokens.integer(at).is_some_and(|y| (1950..2100).contains(&y))
}

fn vehicle_at(tokens: Tokens<'_, '_>, at: usize) -> Option<(usize, f64)> {
    let year_first = is_year(tokens, at);
    let start = at + usize::from(year_first);
    let named = |i: usize| tokens.get(i).is_some_and(Token::is_capital) && !is_plain(tokens.word(i));
    let mut end = start;
    while end < start + 4
        && (named(end) || end > start && (1..=3).contains(&tokens.digits(end)) && !tokens.glued(end + 1))
    {
        end += 1;
    }
    if end == start {
        return None;
    }
    let gap = end + usize::from(matches!(tokens.word(end), "from" | "of" | "," | "("));
    let year_last = is_year(tokens, gap) && !year_first;
    if year_first || year_last {
        return Some((if year_last { gap + 1 } else { end }, 0.88));
    }
    let led = matches!(tokens.word_before(at, 1), "my" | "our" | "her" | "his");
    let article = matches!(tokens.word_before(at, 1), "a" | "an" | "old")
        && (end - start > 1 || matches!(tokens.word_before(at, 2), "drive" | "is" | "it's" | "have"));
    (led || article).then_some((end, 0.66))
}

fn is_plain(word: &str) -> bool {
    matches!(
        word,
        "i" | "mot"
            | "ac"
            | "uk"
            | "a"
            | "ok"
            | "hi"
            | "hello"
            | "thanks"
            | "it"
            | "is"
            | "the"
            | "may"
            | "can"
            | "do"
            | "monday"
            | "tuesday"
            | "wednesday"
            | "thursday"
            | "friday"
            | "saturday"
            | "sunday"
            | "january"
            | "february"
            | "march"
            | "april"
            | "june"
            | "july"
            | "august"
            | "september"
            | "october"
            | "november"
            | "december"
    )
}
