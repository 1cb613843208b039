//! Names written without capitals, told by the words around them: journeys and what something is called.

use super::dates::Clue;
use super::place::Lead;
use super::token::{Shape, Tokens};

/// "from forbes and murray to the airport", written without capitals.
pub(super) fn journeys(tokens: Tokens<'_, '_>) -> Vec<Clue<Lead>> {
    let closes = |at: usize| {
        matches!(
            tokens.word(at),
            "at" | "on"
                | "by"
                | "leaving"
                | "please"
                | "for"
                | "tomorrow"
                | "today"
                | "tonight"
                | "next"
                | "this"
                | "around"
                | "with"
                | "in"
                | "to"
                | "from"
                | "i"
                | "departing"
                | "arriving"
                | "via"
                | "using"
                | "as"
        )
    };
    // "Forbes and Murray" is one corner; "… and then" goes on with something else.
    let goes_on = |at: usize| {
        tokens.word(at) == "and"
            && matches!(tokens.word(at + 1), "i" | "then" | "the" | "we" | "back" | "return")
    };
    let breaks = |at: usize| {
        tokens.get(at).is_none_or(|t| t.shape == Shape::Mark && !matches!(t.text, "'" | "\"" | "-"))
    };
    let stops = |at: usize| breaks(at) || closes(at) || goes_on(at);
    let stretch = |from: usize| (from..tokens.len()).find(|at| stops(*at)).unwrap_or(tokens.len());
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        if tokens.word(at) != "from" {
            continue;
        }
        if let Some((start, end)) = goal_before(tokens, at) {
            let origin = at + 1 + usize::from(matches!(tokens.word(at + 1), "the" | "my"));
            let stop = stretch(origin);
            if tokens.word(stop) != "to" && (1..=5).contains(&stop.saturating_sub(origin)) {
                found.push(Clue { value: Lead::To, start, end, certainty: 0.75 });
                found.push(Clue { value: Lead::From, start: origin, end: stop, certainty: 0.75 });
                continue;
            }
        }
        let origin = at + 1 + usize::from(matches!(tokens.word(at + 1), "the" | "my" | "'" | "\""));
        let middle = stretch(origin);
        if tokens.word(middle) != "to" || !(1..=5).contains(&(middle - origin)) {
            continue;
        }
        let goal = middle + 1 + usize::from(matches!(tokens.word(middle + 1), "the" | "my" | "'" | "\""));
        let end = stretch(goal);
        if !(1..=5).contains(&end.saturating_sub(goal)) {
            continue;
        }
        found.push(Clue { value: Lead::From, start: origin, end: middle, certainty: 0.75 });
        found.push(Clue { value: Lead::To, start: goal, end, certainty: 0.75 });
    }
    found
}

/// The goal of "to the airport from …", which ends at the given token.
fn goal_before(tokens: Tokens<'_, '_>, end: usize) -> Option<(usize, usize)> {
    let from = tokens.sentence_start(end).max(end.saturating_sub(6));
    let to = (from..end).rev().find(|at| tokens.word(*at) == "to")?;
    let start = to + 1 + usize::from(matches!(tokens.word(to + 1), "the" | "my"));
    let plain = |at: usize| tokens.get(at).is_some_and(|t| t.is_word() || t.shape == Shape::Digits);
    let verb = matches!(
        tokens.word(start),
        "go" | "get" | "leave" | "travel" | "be" | "book" | "take" | "depart" | "move" | "fly"
    );
    (start < end && (start..end).all(plain) && !verb).then_some((start, end))
}

/// "an alarm called music practice": what something is called, also in small letters.
pub(super) fn called(tokens: Tokens<'_, '_>) -> Vec<Clue<Lead>> {
    (0..tokens.len())
        .filter(|at| matches!(tokens.word(*at), "called" | "named") || tokens.says(*at, &["name", "it"]))
        .filter_map(|at| {
            let mut start = at + if tokens.word(at) == "name" { 2 } else { 1 };
            start += usize::from(matches!(tokens.word(start), "'" | "\"" | "the" | ":"));
            let stops = |i: usize| {
                tokens
                    .get(i)
                    .is_none_or(|t| t.shape == Shape::Mark && !matches!(t.text, "'" | "-" | "&" | "."))
                    || tokens.sentence_end(i) == i
                    || matches!(
                        tokens.word(i),
                        "for"
                            | "at"
                            | "on"
                            | "in"
                            | "to"
                            | "that"
                            | "which"
                            | "is"
                            | "and"
                            | "it"
                            | "with"
                            | "please"
                            | "you"
                            | "has"
                            | "located"
                    ) && !tokens.get(i + 1).is_some_and(|t| t.is_capital() && tokens.word(i) == "and")
            };
            let end = (start..tokens.len()).find(|i| stops(*i)).unwrap_or(tokens.len());
            let fits = (1..=6).contains(&end.saturating_sub(start));
            fits.then_some(Clue { value: Lead::Called, start, end, certainty: 0.85 })
        })
        .collect()
}
