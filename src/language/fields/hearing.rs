//! Weighing the readings a transcriber offers for one utterance, over several tries.

use std::collections::BTreeMap;

use serde_json::json;

use super::affinity::Role;
use super::dates::Lean;
use super::reading::Reading;
use super::token::Tokens;
use super::token::tokens;
use super::{FieldKind, FieldSpec, Found, Setting, Turn, spelling};

/// What has been heard for each field.
pub(super) struct Hearing {
    tallies: Vec<Tally>,
}

#[derive(Default, Clone)]
struct Tally {
    /// Value as JSON text, with the weight of all readings that give it and the evidence.
    values: BTreeMap<String, (f64, String)>,
    /// What was spelled out, in capitals.
    spelled: Vec<String>,
    total: f64,
}

impl Hearing {
    /// Begins with nothing heard.
    pub(super) fn new(fields: usize) -> Self {
        Hearing { tallies: vec![Tally::default(); fields] }
    }

    /// Adds the readings of a turn and gives the best value by now.
    pub(super) fn weigh(
        &mut self,
        place: usize,
        field: &FieldSpec,
        index: usize,
        turn: &Turn<'_>,
        setting: &Setting,
    ) -> Option<Found> {
        let tally = self.tallies.get_mut(place)?;
        let named = field.profile.role == Role::Person || field.kind == FieldKind::Name;
        for (rank, text) in turn.alternatives.iter().enumerate() {
            let discount = f64::from(u32::try_from(rank).unwrap_or(u32::MAX)) * 0.35 + 1.0;
            let list = tokens(text);
            if named && let Some(letters) = spelled_letters(Tokens::new(&list)) {
                tally.spelled.push(letters);
                continue;
            }
            let mut reading = Reading::new(text, setting);
            reading.asked = 1.0;
            let found = field.kind.rules().find(field, &reading);
            let Some(best) = found.into_iter().max_by(|a, b| a.certainty.total_cmp(&b.certainty)) else {
                continue;
            };
            let plain = plausible(field, &best.value, &reading);
            let weight = best.certainty * plain / discount;
            let entry = tally.values.entry(best.value.to_string()).or_insert((0.0, String::new()));
            entry.0 += weight;
            if entry.1.is_empty() {
                entry.1 = reading.slice(best.start, best.end).to_owned();
            }
            tally.total += weight;
        }
        let (value, (weight, text)) = tally
            .values
            .iter()
            .map(|(value, (weight, text))| {
                let support = tally.spelled.iter().map(|s| likeness(value, s)).fold(0.0, f64::max);
                (value, (weight + 2.0 * support, text))
            })
            .max_by(|a, b| a.1.0.total_cmp(&b.1.0))?;
        let share = weight / (tally.total + 2.0 * f64::from(u8::from(!tally.spelled.is_empty()))).max(0.001);
        Some(Found {
            field: field.key.clone(),
            value: serde_json::from_str(value).unwrap_or_else(|_| json!(value)),
            text: text.clone(),
            turn: index,
            start: 0,
            end: turn.text.chars().count(),
            confidence: (0.4 + 0.55 * share).clamp(0.0, 0.95),
        })
    }
}

/// Dates of birth of people alive are likelier than others.
fn plausible(field: &FieldSpec, value: &serde_json::Value, reading: &Reading<'_>) -> f64 {
    if field.kind != FieldKind::Date || !field.profile.looks_back() {
        return 1.0;
    }
    let today = reading.now.date();
    let lean = if field.profile.looks_back() { Lean::Past } else { Lean::Future };
    let Some(date) = value.as_str().and_then(|text| text.parse::<jiff::civil::Date>().ok()) else {
        return 1.0;
    };
    let age = today.year() - date.year();
    if lean == Lean::Past && (0..=110).contains(&age) && age > 10 { 1.0 } else { 0.3 }
}

/// The letters of an utterance that spells: mostly single letters, or words of a spelling alphabet.
fn spelled_letters(words: Tokens<'_, '_>) -> Option<String> {
    let total = (0..words.len()).filter(|at| words.get(*at).is_some_and(|t| t.is_word())).count();
    let short = (0..words.len())
        .filter(|at| words.get(*at).is_some_and(|t| t.is_word() && t.text.chars().count() <= 2))
        .count();
    let coded = (0..words.len()).filter(|at| spelling::alphabet(words.word(*at)).is_some()).count();
    let spells = total >= 3 && (short * 2 >= total || coded * 2 >= total);
    spells.then(|| spelling::characters(words))
}

/// How well spelled letters fit a name, 0 to 1.
fn likeness(value: &str, spelled: &str) -> f64 {
    let letters: String = value.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_uppercase).collect();
    // A spelling is often cut short: it is held against the beginning too.
    let length = spelled.chars().count();
    let head: String = letters.chars().take(length).collect();
    strsim::normalized_levenshtein(&letters, spelled)
        .max(strsim::normalized_levenshtein(&head, spelled) - 0.05)
}
