//! The answer to a question, where only the question tells what the words mean.

use serde_json::json;

use super::FieldSpec;
use super::affinity::concept;
use super::dates::Clue;
use super::reading::{Mention, Need, Reading};
use super::token::Token;

/// Phrases that open an answer and are not part of it.
const OPENERS: &[&[&str]] = &[
    &["i", "would", "like", "it", "to", "be"],
    &["i", "would", "like", "to", "go", "to"],
    &["i", "would", "like", "to", "be", "in"],
    &["i", "would", "like"],
    &["i'd", "like", "to", "go", "to"],
    &["i'd", "like"],
    &["i", "want", "to", "go", "to"],
    &["i", "want"],
    &["i", "need"],
    &["i'm", "going", "to"],
    &["i", "am", "going", "to"],
    &["i", "will", "be", "going", "to"],
    &["i'll", "be", "going", "to"],
    &["i'm", "in"],
    &["i", "am", "in"],
    &["i", "prefer"],
    &["i'd", "prefer"],
    &["i'm", "looking", "for"],
    &["i", "am", "looking", "for"],
    &["looking", "for"],
    &["it", "will", "be"],
    &["it'll", "be"],
    &["somewhere", "with"],
    &["something", "like"],
    &["find", "me"],
    &["get", "me"],
    &["it", "is"],
    &["it's"],
    &["its"],
    &["that", "would", "be"],
    &["that'd", "be"],
    &["that's"],
    &["make", "it"],
    &["let's", "do"],
    &["lets", "do"],
    &["let's", "go", "with"],
    &["how", "about"],
    &["maybe"],
    &["perhaps"],
    &["probably"],
    &["please", "make", "it"],
    &["please", "find"],
    &["please"],
    &["yes"],
    &["yeah"],
    &["yep"],
    &["sure"],
    &["ok"],
    &["okay"],
    &["well"],
    &["um"],
    &["uh"],
    &["oh"],
    &["hmm"],
    &["hi"],
    &["hello"],
    &["thanks"],
    &["in"],
    &["at"],
    &["to"],
    &["from"],
    &["for"],
    &["near"],
    &["around"],
    &["the", "name", "is"],
    &["my", "favorite", "is"],
];
/// Words that close an answer and are not part of it.
const CLOSERS: &[&str] = &[
    "please",
    "thanks",
    "thank",
    "you",
    "would",
    "be",
    "great",
    "good",
    "area",
    "is",
    "fine",
    "will",
    "do",
    "preferred",
];

/// A short message or sentence without its courtesies: a text when a text was asked for.
pub(super) fn short_answer(reading: &Reading<'_>) -> Option<Clue<()>> {
    let tokens = reading.tokens();
    let mut start = 0;
    // "Sure. Italian food": greetings and agreement before the answer are skipped.
    loop {
        let opener = OPENERS.iter().filter(|w| tokens.says(start, w)).map(|w| w.len()).max();
        match opener {
            Some(len) => start += len,
            None if matches!(tokens.word(start), "," | "." | "!" | ":" | "-" | "\"" | "'" | "\n") => {
                start += 1
            }
            None => break,
        }
    }
    let mut end = tokens.sentence_end(start);
    let question = tokens.word(end) == "?";
    // "Asian sounds pretty good", "Oakland would be best": the verb ends the answer.
    let verb = |at: &usize| {
        matches!(tokens.word(*at), "sounds" | "would" | "works" | "will" | "should" | "is" | "sound")
    };
    end = (start + 1..end).find(verb).unwrap_or(end);
    while end > start
        && (CLOSERS.contains(&tokens.word(end - 1)) || matches!(tokens.word(end - 1), "," | "\"" | "'"))
    {
        end -= 1;
    }
    let words = end.saturating_sub(start);
    let talks = (start..end).any(|at| {
        matches!(
            tokens.word(at),
            "i" | "i'm"
                | "i'd"
                | "i'll"
                | "you"
                | "can"
                | "could"
                | "don't"
                | "what"
                | "which"
                | "do"
                | "does"
                | "it"
                | "not"
                | "no"
                | "nothing"
                | "anything"
                | "any"
                | "doesn't"
                | "look"
                | "find"
                | "search"
                | "book"
                | "all"
                | "this"
                | "there"
                | "when"
                | "where"
                | "see"
                | "correct"
                | "perfect"
                | "right"
                | "fine"
                | "great"
                | "sounds"
                | "okay"
                | "else"
                | "yes"
                | "good"
                | "don"
                | "that"
                | "matter"
                | "is"
                | "are"
                | "me"
                | "my"
                | "we"
                | "need"
                | "want"
        )
    });
    let nothing_said = words == 0 || words > 6 || talks || question;
    let certainty = if words <= 3 { 0.75 } else { 0.62 };
    (!nothing_said && !reading.is_taken(start, end)).then_some(Clue { value: (), start, end, certainty })
}

/// The words before what the field sorts: "Turkish" in "Turkish food" for "the category of food".
pub(super) fn sorts(spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
    let tokens = reading.tokens();
    let mut found = Vec::new();
    for at in 1..tokens.len() {
        if !tokens.get(at).is_some_and(Token::is_word) || spec.profile.weight(&concept(tokens.word(at))) < 0.5
        {
            continue;
        }
        let Some(before) = tokens.get(at - 1).filter(|t| t.is_word()) else { continue };
        let telling = before.is_capital() && at > 1;
        let plain = is_filler(&before.fold) || spec.profile.weight(&concept(&before.fold)) > 0.0;
        let served =
            matches!(tokens.word_before(at, 2), "eat" | "serves" | "serve" | "serving" | "like" | "love");
        let article = matches!(tokens.word_before(at, 2), "a" | "an" | "some") && !is_praise(&before.fold);
        if plain || !(telling || served || article) {
            continue;
        }
        let capital =
            |i: &usize| tokens.get(*i).is_some_and(Token::is_capital) && *i > tokens.sentence_start(at);
        let start = (0..at).rev().take_while(capital).last().unwrap_or(at - 1);
        found.push(Mention {
            value: json!(reading.slice(start, at)),
            start,
            end: at,
            certainty: if telling { 0.8 } else { 0.6 },
            need: Need::Nothing,
        });
    }
    found
}

fn is_filler(word: &str) -> bool {
    matches!(
        word,
        "a" | "an"
            | "the"
            | "any"
            | "some"
            | "good"
            | "nice"
            | "great"
            | "best"
            | "this"
            | "that"
            | "my"
            | "your"
            | "other"
            | "another"
            | "of"
            | "for"
            | "to"
            | "in"
            | "at"
            | "new"
            | "different"
            | "more"
            | "which"
            | "what"
            | "cheap"
            | "moderate"
            | "expensive"
            | "and"
            | "or"
            | "local"
            | "is"
            | "are"
            | "their"
            | "same"
            | "i"
            | "such"
            | "get"
            | "with"
            | "find"
            | "book"
            | "reserve"
            | "one"
            | "like"
    )
}

/// Adjectives that say how good something is, not of which sort.
fn is_praise(word: &str) -> bool {
    matches!(
        word,
        "interesting"
            | "fun"
            | "nearby"
            | "free"
            | "full"
            | "quick"
            | "big"
            | "small"
            | "fancy"
            | "decent"
            | "popular"
            | "single"
            | "short"
            | "long"
            | "special"
            | "large"
            | "quiet"
            | "certain"
            | "specific"
            | "similar"
            | "suitable"
            | "few"
            | "couple"
            | "lovely"
            | "amazing"
            | "perfect"
            | "reasonable"
            | "possible"
            | "favorite"
            | "favourite"
            | "rental"
            | "table"
    )
}
