//! Names of people: "this is X", "my name is X", "X here", "under X", or the answer to "what name?".

use super::dates::Clue;
use super::token::{Token, Tokens};

/// How a name was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    /// The speaker's own: "my name is …".
    Own,
    /// For a booking: "under …", "in the name of …".
    Booking,
    /// The whole message is nothing else.
    Bare,
    /// The family name alone: "my last name is …".
    Family,
    /// The first name alone.
    First,
}

/// Words that begin or are a message but are no names.
const NOT_NAMES: &[&str] = &[
    "i",
    "a",
    "an",
    "the",
    "yes",
    "no",
    "not",
    "ok",
    "okay",
    "sure",
    "hello",
    "hi",
    "hey",
    "thanks",
    "thank",
    "please",
    "sorry",
    "good",
    "great",
    "perfect",
    "fine",
    "it",
    "is",
    "my",
    "we",
    "you",
    "they",
    "me",
    "us",
    "can",
    "could",
    "would",
    "do",
    "does",
    "what",
    "when",
    "where",
    "who",
    "how",
    "why",
    "which",
    "for",
    "in",
    "on",
    "at",
    "to",
    "from",
    "of",
    "and",
    "or",
    "but",
    "if",
    "so",
    "as",
    "with",
    "by",
    "looking",
    "calling",
    "going",
    "trying",
    "just",
    "very",
    "really",
    "also",
    "still",
    "here",
    "there",
    "today",
    "tomorrow",
    "tonight",
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
    "want",
    "need",
    "like",
    "book",
    "booking",
    "table",
    "reservation",
    "late",
    "running",
    "afraid",
    "glad",
    "happy",
    "interested",
    "having",
    "about",
    "now",
    "back",
    "done",
    "that",
    "this",
    "these",
    "those",
    "all",
    "any",
    "some",
    "be",
    "been",
    "being",
    "am",
    "pm",
    "are",
    "was",
    "will",
    "have",
    "has",
    "had",
    "im",
    "actually",
    "maybe",
    "nothing",
    "none",
    "never",
    "always",
    "wondering",
    "hoping",
    "asking",
    "customer",
    "guest",
    "party",
    "restaurant",
    "hotel",
    "inside",
    "outside",
    "nope",
    "yep",
    "yeah",
    "bye",
    "goodbye",
    "excellent",
    "wonderful",
    "brilliant",
    "lovely",
    "cheers",
    "fair",
    "done",
    "awesome",
    "grand",
    "nice",
    "right",
    "correct",
    "exactly",
    "alright",
    "absolutely",
    "welcome",
    "morning",
    "evening",
    "afternoon",
    "night",
    "noon",
    "regards",
    "don't",
    "i'm",
    "i'd",
    "it's",
    "isn't",
    "ready",
    "one",
    "two",
];

fn may_be_name(token: &Token<'_>) -> bool {
    token.is_word() && !NOT_NAMES.contains(&token.fold.as_str())
}

/// How many tokens from a place on are a name: capitalised words, or any words when `loose`.
fn run(tokens: Tokens<'_, '_>, at: usize, loose: bool) -> usize {
    const PARTICLES: [&str; 14] =
        ["de", "da", "do", "dos", "van", "von", "der", "den", "la", "le", "di", "bin", "al", "el"];
    // Whoever begins a name with a capital goes on so.
    let loose = loose && !tokens.get(at).is_some_and(Token::is_capital);
    let mut len = 0;
    while let Some(token) = tokens.get(at + len) {
        let linked = len > 0 && token.text == "-" && token.glued && tokens.glued(at + len + 1);
        let initial_dot = len > 0
            && token.text == "."
            && token.glued
            && tokens.word(at + len - 1).chars().count() == 1
            && tokens.get(at + len + 1).is_some_and(|t| t.is_capital());
        let particle = len > 0 && PARTICLES.contains(&token.fold.as_str());
        let initial = len > 0 && token.is_capital() && token.text.chars().count() == 1 && token.text != "I";
        let fits = initial
            || may_be_name(token) && (loose || token.is_capital())
            || linked
            || initial_dot
            || particle;
        if !fits || len >= 5 {
            break;
        }
        len += 1;
    }
    while len > 0
        && tokens.get(at + len - 1).is_some_and(|t| !t.is_word() || PARTICLES.contains(&t.fold.as_str()))
    {
        len -= 1;
    }
    len
}

/// All names of a text that the text itself marks as names.
pub(super) fn names(tokens: Tokens<'_, '_>) -> Vec<Clue<Given>> {
    const LEADS: &[(&[&str], Given, bool, f64)] = &[
        (&["my", "full", "name", "is"], Given::Own, true, 0.95),
        (&["my", "first", "name", "is"], Given::First, true, 0.95),
        (&["my", "last", "name", "is"], Given::Family, true, 0.95),
        (&["my", "surname", "is"], Given::Family, true, 0.95),
        (&["my", "family", "name", "is"], Given::Family, true, 0.95),
        (&["last", "name", "is"], Given::Family, true, 0.93),
        (&["surname", "is"], Given::Family, true, 0.93),
        (&["first", "name", "is"], Given::First, true, 0.93),
        (&["last", "name"], Given::Family, false, 0.85),
        (&["first", "name"], Given::First, false, 0.85),
        (&["last", "name", ":"], Given::Family, true, 0.9),
        (&["first", "name", ":"], Given::First, true, 0.9),
        (&["my", "name", "is"], Given::Own, true, 0.95),
        (&["my", "name's"], Given::Own, true, 0.95),
        (&["name", "is"], Given::Own, true, 0.85),
        (&["name", ":"], Given::Own, true, 0.9),
        (&["name", "of"], Given::Booking, false, 0.9),
        (&["name's"], Given::Own, false, 0.9),
        (&["name"], Given::Own, false, 0.75),
        (&["names"], Given::Own, false, 0.75),
        (&["i", "am"], Given::Own, false, 0.8),
        (&["i'm"], Given::Own, false, 0.8),
        (&["im"], Given::Own, false, 0.7),
        (&["this", "is"], Given::Own, false, 0.85),
        (&["call", "me"], Given::Own, false, 0.85),
        (&["under", "the", "name"], Given::Booking, true, 0.9),
        (&["under", "the", "name", "of"], Given::Booking, true, 0.95),
        (&["under"], Given::Booking, false, 0.85),
        (&["in", "the", "name", "of"], Given::Booking, true, 0.95),
        (&["booking", "for"], Given::Booking, false, 0.75),
        (&["reservation", "for"], Given::Booking, false, 0.8),
        (&["table", "for"], Given::Booking, false, 0.75),
        (&["its"], Given::Own, false, 0.6),
        (&["am", "called"], Given::Own, true, 0.9),
        (&["i'm", "called"], Given::Own, true, 0.9),
        (&["known", "as"], Given::Own, false, 0.85),
        (&["named", "me"], Given::Own, false, 0.85),
        (&["made", "for"], Given::Booking, false, 0.85),
        (&["made", "by"], Given::Booking, false, 0.85),
        (&["booked", "by"], Given::Booking, false, 0.85),
        (&["booked", "for"], Given::Booking, false, 0.8),
        (&["reservation", "is", "for"], Given::Booking, false, 0.85),
    ];
    let mut found: Vec<Clue<Given>> = Vec::new();
    for at in 0..tokens.len() {
        let lead = LEADS
            .iter()
            .filter(|(words, ..)| tokens.says(at, words))
            .filter_map(|(words, given, loose, certainty)| {
                let start = at + words.len();
                let len = run(tokens, start, *loose);
                (len > 0).then_some((
                    words.len(),
                    Clue { value: *given, start, end: start + len, certainty: *certainty },
                ))
            })
            .max_by_key(|(words, _)| *words);
        if let Some((_, mut clue)) = lead {
            // "my name is john and i would like": a loose run ends at two words unless capitalised.
            if !tokens.get(clue.start).is_some_and(Token::is_capital) {
                clue.end = clue.end.min(clue.start + 2);
                clue.certainty -= 0.1;
            }
            let overlaps = found.iter().any(|c| c.start < clue.end && clue.start < c.end);
            if !overlaps {
                found.push(clue);
            }
        }
        if let Some(clue) = full_name_for(tokens, at).or_else(|| name_then_verb(tokens, at)) {
            let overlaps = found.iter().any(|c| c.start < clue.end && clue.start < c.end);
            if !overlaps {
                found.push(clue);
            }
        }
        if tokens.word(at) == "here" && at > 0 {
            let start = (0..at).rev().take_while(|i| run(tokens, *i, false) == at - i).last();
            if let Some(start) = start.filter(|s| {
                at - s <= 3 && tokens.sentence_start(at) == *s
                    || at - s > 0 && matches!(tokens.word_before(*s, 1), "," | "hi" | "hello")
            }) {
                let taken = found.iter().any(|c| c.start < at && start < c.end);
                if !taken {
                    found.push(Clue { value: Given::Own, start, end: at, certainty: 0.85 });
                }
            }
        }
    }
    found
}

/// "… for Ronnie Okin": two capitalised words behind "for" are a guest.
fn full_name_for(tokens: Tokens<'_, '_>, at: usize) -> Option<Clue<Given>> {
    if tokens.word(at) != "for" {
        return None;
    }
    let booked = (tokens.sentence_start(at)..at).any(|i| {
        matches!(
            tokens.word(i),
            "reservation"
                | "booking"
                | "table"
                | "appointment"
                | "cancel"
                | "booked"
                | "reserved"
                | "reservations"
                | "lunch"
                | "dinner"
        )
    });
    if !booked {
        return None;
    }
    let len = run(tokens, at + 1, false);
    (len == 2 || len == 3).then_some(Clue {
        value: Given::Booking,
        start: at + 1,
        end: at + 1 + len,
        certainty: 0.78,
    })
}

/// "Darci Steinmeyer is my name", "Kristy Eheler has a booking".
fn name_then_verb(tokens: Tokens<'_, '_>, at: usize) -> Option<Clue<Given>> {
    if !tokens.starts_sentence(at) {
        return None;
    }
    let len = run(tokens, at, false);
    let end = at + len;
    let own = tokens.says(end, &["is", "my", "name"]) || tokens.says(end, &["is", "the", "name"]);
    let booked = tokens.says(end, &["has", "a", "booking"]) || tokens.says(end, &["has", "a", "reservation"]);
    (len > 0 && (own || booked)).then_some(Clue { value: Given::Own, start: at, end, certainty: 0.88 })
}

/// A name beside a telephone number or an e-mail address, or as the last words: "…, Gerda Lindqvist".
pub(super) fn beside(tokens: Tokens<'_, '_>, contact: Option<(usize, usize)>) -> Option<Clue<Given>> {
    let clue = |start, end, certainty| Some(Clue { value: Given::Booking, start, end, certainty });
    if let Some((start, end)) = contact {
        let after = end + usize::from(matches!(tokens.word(end), "," | "-" | ":" | "("));
        let len = run(tokens, after, false);
        let closes = tokens.get(after + len).is_none_or(|t| !t.is_word());
        if len > 0 && closes {
            return clue(after, after + len, 0.82);
        }
        let before =
            start - usize::from(start > 0 && matches!(tokens.word(start - 1), "," | "-" | ":" | "("));
        let begin = (before.saturating_sub(4)..before).find(|at| run(tokens, *at, false) == before - at)?;
        let opens = begin == 0 || tokens.get(begin - 1).is_some_and(|t| !t.is_word());
        return if opens { clue(begin, before, 0.82) } else { None };
    }
    let end = tokens.len() - usize::from(matches!(tokens.word(tokens.len().saturating_sub(1)), "." | "!"));
    let begin = (end.saturating_sub(4)..end)
        .find(|at| run(tokens, *at, false) == end - at && tokens.word_before(*at, 1) == ",")?;
    if end - begin >= 2 && begin > 2 { clue(begin, end, 0.7) } else { None }
}

/// A message that is a name and little else: the answer to "what name?".
pub(super) fn bare_name(tokens: Tokens<'_, '_>) -> Option<Clue<Given>> {
    let mut start = 0;
    const OPENERS: &[&[&str]] = &[
        &["it", "is"],
        &["it's"],
        &["its"],
        &["that's"],
        &["that", "is"],
        &["yes"],
        &["sure"],
        &["ok"],
        &["hi"],
        &["my", "name"],
        &["name"],
        &["for"],
    ];
    loop {
        let opener = OPENERS.iter().find(|words| tokens.says(start, words)).map(|words| words.len());
        match opener {
            Some(len) => start += len,
            None if matches!(tokens.word(start), "," | ":" | "." | "!" | "-") => start += 1,
            None => break,
        }
    }
    let len = run(tokens, start, true);
    let end = start + len;
    let rest_is_polite = (end..tokens.sentence_end(end)).all(|at| {
        matches!(
            tokens.word(at),
            "please" | "thanks" | "," | "thank" | "you" | ":" | ")" | "-" | "is" | "my" | "name" | "here"
        )
    });
    let capitals = (start..end).filter(|at| tokens.get(*at).is_some_and(Token::is_capital)).count();
    let fits = len > 0 && len <= 4 && rest_is_polite;
    fits.then_some(Clue { value: Given::Bare, start, end, certainty: if capitals > 0 { 0.9 } else { 0.75 } })
}
