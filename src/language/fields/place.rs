//! Places and proper names in running text: runs of capitalised words and what leads to them.

use super::dates::Clue;
use super::token::{Shape, Token, Tokens};

/// What leads to a proper name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lead {
    /// "in", "near", "around".
    In,
    /// "at", "try", "about", "recommend".
    At,
    /// "from", "leaving".
    From,
    /// "to", "heading for".
    To,
    /// "called", "named".
    Called,
    /// Nothing that tells.
    None,
}

const STREETS: &[&str] = &[
    "street",
    "st",
    "road",
    "rd",
    "avenue",
    "ave",
    "boulevard",
    "blvd",
    "lane",
    "ln",
    "drive",
    "dr",
    "way",
    "court",
    "ct",
    "place",
    "pl",
    "square",
    "sq",
    "terrace",
    "close",
    "crescent",
    "highway",
    "hwy",
    "parkway",
    "circle",
    "row",
    "mall",
    "plaza",
    "real",
    "common",
    "route",
    "gardens",
    "hill",
];

/// Words that are capitalised for other reasons.
fn is_plain_word(token: &Token<'_>, first: bool) -> bool {
    const PLAIN: &[&str] = &[
        "i",
        "i'm",
        "i'd",
        "i'll",
        "i've",
        "ok",
        "okay",
        "yes",
        "no",
        "the",
        "a",
        "an",
        "and",
        "or",
        "but",
        "hi",
        "hello",
        "hey",
        "thanks",
        "thank",
        "please",
        "sorry",
        "what",
        "when",
        "where",
        "which",
        "who",
        "how",
        "can",
        "could",
        "would",
        "will",
        "do",
        "does",
        "is",
        "are",
        "it",
        "it's",
        "that",
        "that's",
        "this",
        "there",
        "there's",
        "there're",
        "my",
        "we",
        "you",
        "your",
        "they",
        "he",
        "she",
        "sure",
        "great",
        "good",
        "am",
        "pm",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "january",
        "february",
        "march",
        "april",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "yeah",
        "yep",
        "nope",
        "alright",
        "right",
        "so",
        "if",
        "not",
        "for",
        "let",
        "in",
        "at",
        "on",
        "to",
        "from",
        "near",
        "by",
        "with",
        "look",
        "search",
        "find",
        "book",
        "check",
        "try",
        "any",
        "some",
        "maybe",
        "confirm",
        "confirming",
        "reserve",
        "make",
        "actually",
        "also",
        "as",
        "here",
        "perhaps",
        "just",
        "well",
        "oh",
        "um",
        "cool",
        "nice",
        "perfect",
        "awesome",
        "of",
        "have",
        "has",
        "did",
        "was",
        "were",
        "his",
        "her",
        "our",
        "its",
        "one",
        "two",
        "all",
        "both",
        "sounds",
        "see",
    ];
    PLAIN.contains(&token.fold.as_str())
        || first && (token.fold.ends_with("ing") || token.fold.contains('\'') && !token.fold.ends_with("'s"))
}

/// True when a name says what sort of thing it names: "Abercorn House", "Lalla Grill".
pub(super) fn names_a_thing(tokens: Tokens<'_, '_>, start: usize, end: usize) -> bool {
    const SORTS: &[&str] = &[
        "hotel",
        "hostel",
        "inn",
        "apartments",
        "apartment",
        "house",
        "resort",
        "lodge",
        "suites",
        "restaurant",
        "cafe",
        "grill",
        "bar",
        "kitchen",
        "bistro",
        "cuisine",
        "pub",
        "diner",
        "pizzeria",
        "ristorante",
        "sushi",
        "salon",
        "clinic",
        "theatre",
        "theater",
        "cinema",
        "airport",
        "station",
        "terminal",
        "depot",
        "center",
        "centre",
        "venue",
        "gym",
        "studio",
        "garage",
        "museum",
        "vs",
        "apartamentos",
        "residence",
        "villas",
        "motel",
        "spa",
        "barbershop",
    ];
    (start..end).any(|at| SORTS.contains(&tokens.word(at)))
}

/// How many tokens from a place on are one proper name.
fn run(tokens: Tokens<'_, '_>, at: usize) -> usize {
    const INNER: &[&str] = &["of", "de", "the", "la", "le", "del", "by", "and", "&", "vs", "-", "'"];
    let mut len = 0;
    let mut solid = 0;
    while let Some(token) = tokens.get(at + len) {
        let initial = len > 0 && token.is_capital() && token.text.chars().count() == 1 && token.text != "I";
        let hyphenated = len > 0 && token.glued && token.is_word() && tokens.word(at + len - 1) == "-";
        let proper = token.is_capital() && !is_plain_word(token, len == 0) || initial || hyphenated;
        let number = token.shape == Shape::Digits
            && tokens
                .get(at + len + 1)
                .is_some_and(|t| t.is_capital() && !t.glued && !is_plain_word(t, true))
            || token.shape == Shape::Digits
                && matches!(tokens.word(at + len + 1), "st" | "nd" | "rd" | "th")
                && tokens.glued(at + len + 1)
            || token.glued && matches!(token.text, "st" | "nd" | "rd" | "th");
        let inner = solid > 0 && INNER.contains(&token.fold.as_str()) && next_is_proper(tokens, at + len + 1);
        let dot = solid > 0
            && token.text == "."
            && token.glued
            && tokens.word(at + len - 1).chars().count() <= 3
            && tokens.get(at + len + 1).is_some_and(Token::is_capital)
            && tokens.get(at + len - 1).is_some_and(Token::is_capital);
        let hyphen = solid > 0 && token.text == "-" && token.glued && tokens.glued(at + len + 1);
        if proper || number && solid == len {
            solid = len + 1;
        } else if !(inner || dot || hyphen) {
            break;
        }
        len += 1;
    }
    region(tokens, at, solid)
}

fn next_is_proper(tokens: Tokens<'_, '_>, at: usize) -> bool {
    let here = |i: usize| tokens.get(i).is_some_and(|t| t.is_capital() && !is_plain_word(t, false));
    here(at) || matches!(tokens.word(at), "the" | "of" | "la") && here(at + 1)
}

/// Adds ", CA" or ", England" and the rest of a street address to a name.
fn region(tokens: Tokens<'_, '_>, at: usize, len: usize) -> usize {
    let mut total = len;
    if total > 0 && tokens.word(at + total) == "," {
        let next = tokens.get(at + total + 1);
        let short = next.is_some_and(|t| {
            t.is_word() && t.text.chars().count() <= 3 && t.text.chars().all(char::is_uppercase)
        });
        let name = next.is_some_and(|t| t.is_capital() && !is_plain_word(t, true));
        let ends = |i: usize| {
            tokens.get(i).is_none_or(|t| t.shape == Shape::Mark)
                || matches!(tokens.word(i), "on" | "and" | "to" | "for" | "please")
        };
        if short && next.is_some_and(|t| t.text.len() > 1) || name && ends(at + total + 2) {
            total += 2;
        }
    }
    total
}

/// All proper names of a text with what leads to them.
pub(super) fn proper_names(tokens: Tokens<'_, '_>) -> Vec<Clue<Lead>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if let Some(len) = street_address(tokens, at) {
            found.push(Clue { value: lead_of(tokens, at), start: at, end: at + len, certainty: 0.9 });
            at += len;
            continue;
        }
        let len = run(tokens, at);
        if len == 0 {
            at += 1;
            continue;
        }
        let first = tokens.starts_sentence(at);
        let lead = lead_of(tokens, at);
        let certainty = match (first && len == 1, lead) {
            (true, _) => 0.4,
            (false, Lead::None) => 0.6,
            _ => 0.85,
        };
        found.push(Clue { value: lead, start: at, end: at + len, certainty });
        at += len;
    }
    found
}

/// What the words before a place say about it.
pub(super) fn lead_of(tokens: Tokens<'_, '_>, at: usize) -> Lead {
    let mut back = 1;
    while matches!(
        tokens.word_before(at, back),
        "the" | "downtown" | "around" | "a" | "city" | "of" | "\"" | "'" | "like" | "say"
    ) && back < 4
    {
        back += 1;
    }
    let (before, earlier) = (tokens.word_before(at, back), tokens.word_before(at, back + 1));
    match before {
        "from" | "leaving" | "departing" => Lead::From,
        "of" if earlier == "out" => Lead::From,
        "at" | "try" | "recommend" | "about" | "watch" | "see" | "play" | "hear" => Lead::At,
        "in" | "near" | "inside" | "within" | "by" | "visit" | "visiting" => {
            match tokens.word_before(at, back + 1) {
                "arriving" | "arrive" => Lead::To,
                "starting" | "originating" | "start" => Lead::From,
                _ => Lead::In,
            }
        }
        "to" | "into" | "towards" | "toward" | "reach" => Lead::To,
        "for" if matches!(earlier, "heading" | "headed" | "leaving" | "bound" | "leave") => Lead::To,
        "called" | "named" | "name" => Lead::Called,
        _ => Lead::None,
    }
}

/// "1546 Maurice Lane", "221b Baker Street, London NW1", "1538 Third Ave, East 86th Street", "1621 Travis Boulevard #300".
pub(super) fn street_address(tokens: Tokens<'_, '_>, at: usize) -> Option<usize> {
    let starts = (1..=5).contains(&tokens.digits(at)) && !tokens.glued(at);
    if !starts {
        return None;
    }
    let mut len = 1;
    if tokens.glued(at + 1) && tokens.get(at + 1).is_some_and(|t| t.is_word() && t.text.len() == 1) {
        len += 1;
    }
    let mut street = false;
    while let Some(token) = tokens.get(at + len) {
        let word = token.is_capital() && !is_plain_word(token, false) || street_word(&token.fold);
        let ordinal =
            token.shape == Shape::Digits && matches!(tokens.word(at + len + 1), "st" | "nd" | "rd" | "th");
        let tail = token.glued && matches!(token.text, "st" | "nd" | "rd" | "th");
        if !(word || ordinal || tail) || len > 7 {
            break;
        }
        street |= street_word(&token.fold) && !tail;
        len += 1;
    }
    if !street || len < 3 {
        return None;
    }
    loop {
        let hash = tokens.word(at + len) == "#" && tokens.digits(at + len + 1) > 0;
        let unit = matches!(tokens.word(at + len), "apt" | "unit" | "flat" | "suite")
            && tokens.digits(at + len + 1) > 0;
        let more = tokens.word(at + len) == ","
            && tokens
                .get(at + len + 1)
                .is_some_and(|t| t.is_capital() && !is_plain_word(t, true) || t.shape == Shape::Digits);
        if hash || unit {
            len += 2;
        } else if more {
            let mut next = at + len + 1;
            while tokens.get(next).is_some_and(|t| {
                t.is_capital() && !is_plain_word(t, false)
                    || t.shape == Shape::Digits
                    || street_word(&t.fold)
                    || t.glued && t.is_word()
            }) {
                next += 1;
            }
            len = next - at;
        } else {
            break;
        }
    }
    Some(len)
}

fn street_word(word: &str) -> bool {
    STREETS.contains(&word)
}
