//! Values of a choice field in running text: labels, synonyms, telling words, small misspellings.

use super::affinity::{concept, stem};
use super::dates::Clue;
use super::reading::Reading;
use super::token::{Shape, Tokens, fold, tokens};
use super::{Choice, FieldSpec, scale};

/// All choices a text names: the index of the choice and where.
pub(super) fn choices(spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Clue<usize>> {
    let mut found = scale::by_meaning(spec, reading);
    let all: Vec<Vec<String>> = spec.choices.iter().map(|c| words_of(&c.label)).collect();
    for (index, choice) in spec.choices.iter().enumerate() {
        for (phrase, certainty) in phrases(choice, index, &all, spec, reading.asked > 0.3) {
            for clue in occurrences(reading, &phrase, certainty, index) {
                found.push(clue);
            }
        }
    }
    longest(found)
}

/// Of overlapping finds the longest and surest stay.
fn longest(mut found: Vec<Clue<usize>>) -> Vec<Clue<usize>> {
    found.sort_by(|a, b| (b.end - b.start).cmp(&(a.end - a.start)).then(b.certainty.total_cmp(&a.certainty)));
    let mut kept: Vec<Clue<usize>> = Vec::new();
    for clue in found {
        if !kept.iter().any(|k| k.start < clue.end && clue.start < k.end) {
            kept.push(clue);
        }
    }
    kept.sort_by_key(|c| c.start);
    kept
}

fn words_of(text: &str) -> Vec<String> {
    tokens(text).into_iter().filter(|t| t.shape != Shape::Mark).map(|t| t.fold).collect()
}

/// Words that name no choice by themselves.
fn is_weak(word: &str) -> bool {
    matches!(
        word,
        "the"
            | "a"
            | "an"
            | "of"
            | "and"
            | "or"
            | "in"
            | "on"
            | "at"
            | "for"
            | "to"
            | "dr"
            | "mr"
            | "mrs"
            | "one"
            | "no"
            | "yes"
            | "new"
            | "other"
            | "old"
            | "class"
            | "type"
            | "with"
            | "up"
            | "out"
            | "city"
            | "hotel"
            | "club"
            | "center"
            | "inn"
    )
}

/// Words that stand in any sentence.
fn is_everyday(word: &str) -> bool {
    matches!(
        word,
        "something"
            | "anything"
            | "else"
            | "other"
            | "another"
            | "several"
            | "whole"
            | "within"
            | "before"
            | "after"
            | "about"
            | "without"
            | "normal"
            | "during"
            | "people"
            | "please"
            | "would"
            | "should"
            | "customer"
            | "general"
            | "option"
            | "things"
    )
}

/// The word sequences that name a choice, with how surely.
fn phrases(
    choice: &Choice,
    index: usize,
    all: &[Vec<String>],
    spec: &FieldSpec,
    asked: bool,
) -> Vec<(Vec<String>, f64)> {
    let (value, label) = (words_of(&choice.value), words_of(&choice.label));
    // A value that people never see is a poor word to look for.
    let hidden = value != label && value.len() == 1;
    let mut found = vec![(value, if hidden { HIDDEN } else { 0.95 }), (label, 0.95)];
    found.extend(choice.synonyms.iter().map(|s| (words_of(s), 0.92)));
    for word in thesaurus(&fold(&choice.label)) {
        found.push((words_of(word), 0.85));
    }
    let written = tokens(&choice.label);
    let proper = written.iter().filter(|t| t.is_word()).all(|t| t.is_capital());
    let spelled = written.iter().all(|t| t.shape != Shape::Digits);
    let words = words_of(&choice.label);
    if words.len() > 1 && spelled {
        for word in &words {
            let shared = all.iter().enumerate().any(|(other, list)| other != index && list.contains(word));
            let of_field = spec.profile.weight(&concept(word)) > 0.0;
            let telling = proper || asked || word.chars().count() >= 6 && !is_everyday(word);
            if telling && !shared && !of_field && !is_weak(word) && word.chars().count() > 2 {
                found.push((vec![word.clone()], 0.8));
            }
        }
    }
    found.retain(|(words, _)| !words.is_empty());
    found
}

/// The certainty of a value that is not its label: it needs words of the field near by.
pub(super) const HIDDEN: f64 = 0.7;

/// Everyday words for common choices.
fn thesaurus(label: &str) -> &'static [&'static str] {
    match label {
        "cheap" | "inexpensive" | "budget" | "low" => &[
            "inexpensive",
            "affordable",
            "low cost",
            "low priced",
            "budget",
            "cheaper",
            "not expensive",
            "on a budget",
            "low-cost",
        ],
        "moderate" | "medium" | "mid-range" => &[
            "moderately",
            "mid range",
            "mid priced",
            "medium",
            "average price",
            "reasonable",
            "reasonably",
            "not too expensive",
            "average priced",
        ],
        "expensive" | "pricey" | "high" => &[
            "upscale",
            "fancy",
            "high end",
            "pricey",
            "costly",
            "luxurious",
            "luxury",
            "money is no object",
            "splurge",
        ],
        "walking" | "on foot" => &["on foot", "walk", "by foot", "foot"],
        "driving" | "by car" => &["drive", "by car", "my car", "car"],
        "transit" | "public transport" => &[
            "public transit",
            "public transport",
            "public transportation",
            "bus",
            "train",
            "subway",
            "metro",
        ],
        "center" | "centre" => &["central", "downtown", "centre", "middle of town", "city center", "center"],
        "economy" => &["coach"],
        "taxi" => &["cab"],
        "psychologist" => &["psychology"],
        "morning" => &["in the morning", "am"],
        "urgent" => &["asap", "emergency", "right away", "as soon as possible"],
        "music" => &["concert", "concerts", "band", "gig", "musical"],
        "sports" => &["sport", "game", "games", "match"],
        _ => &[],
    }
}

/// Places where a word sequence stands, allowing inflection and one slip in longer words.
fn occurrences(reading: &Reading<'_>, phrase: &[String], certainty: f64, index: usize) -> Vec<Clue<usize>> {
    let view = reading.tokens();
    let mut found = Vec::new();
    for start in 0..view.len() {
        let mut at = start;
        let mut sure = certainty;
        let mut fits = true;
        for word in phrase {
            if at > start && matches!(view.word(at), "-" | "." | "'") {
                at += 1;
            }
            match likeness(view, at, word, reading.asked > 0.3) {
                Some(loss) => sure -= loss,
                None => {
                    fits = false;
                    break;
                }
            }
            at += 1;
        }
        if fits && at > start {
            found.push(Clue { value: index, start, end: at, certainty: sure });
        }
    }
    found
}

/// How much surer an exact word would be, or nothing when it is another word.
fn likeness(view: Tokens<'_, '_>, at: usize, wanted: &str, answering: bool) -> Option<f64> {
    let token = view.get(at).filter(|t| t.shape != Shape::Mark)?;
    let said = token.fold.as_str();
    if said == wanted {
        return Some(0.0);
    }
    if token.shape == Shape::Digits || wanted.chars().any(|c| c.is_ascii_digit()) {
        return None;
    }
    let bare = said.strip_suffix("'s").unwrap_or(said);
    if bare == wanted {
        return Some(0.0);
    }
    let (long, longer) = (wanted.chars().count(), bare.chars().count());
    // "Check my balance" is no checking account: only an answer may bend the word further than a plural.
    let plural = bare.strip_suffix('s') == Some(wanted) || wanted.strip_suffix('s') == Some(bare);
    if long >= 4 && (plural || answering && stem(bare) == stem(wanted)) && !is_weak(wanted) {
        return Some(0.05);
    }
    let same_start = bare.chars().next() == wanted.chars().next();
    let slips = if long >= 8 { 2 } else { 1 };
    let near = long >= 5
        && longer >= 5
        && same_start
        && strsim::osa_distance(bare, wanted) <= slips
        && !is_common(bare);
    near.then_some(0.15)
}

/// Everyday words that are one letter away from others.
fn is_common(word: &str) -> bool {
    matches!(
        word,
        "there"
            | "their"
            | "where"
            | "these"
            | "those"
            | "other"
            | "would"
            | "could"
            | "should"
            | "eight"
            | "night"
            | "right"
            | "sense"
            | "since"
            | "thing"
            | "think"
            | "house"
            | "horse"
            | "price"
            | "place"
            | "plane"
            | "plant"
            | "first"
    )
}

/// True when a mention is taken back: "not the Hilton", "instead of Friday".
pub(super) fn is_denied(view: Tokens<'_, '_>, start: usize) -> bool {
    let mut back = 1;
    while matches!(view.word_before(start, back), "the" | "a" | "an" | "at" | "on" | "in" | "for" | "to")
        && back < 3
    {
        back += 1;
    }
    let (before, earlier) = (view.word_before(start, back), view.word_before(start, back + 1));
    matches!(before, "not" | "isn't" | "without" | "except" | "never" | "than" | "wasn't")
        && !(before == "not" && matches!(earlier, "why" | "if" | "or"))
        || before == "of" && matches!(earlier, "instead" | "outside")
        || matches!(
            (earlier, before),
            ("don't", "want" | "like" | "need") | ("not", "want" | "like" | "need")
        )
}
