//! Weighing the readings a transcriber offers for one utterance, over several tries.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::affinity::Role;
use super::reading::Reading;
use super::token::{Tokens, tokens};
use super::{FieldSpec, FieldType, Found, Setting, Turn, postcode, spelling};

/// What has been heard for each field.
pub(super) struct Hearing {
    tallies: Vec<Tally>,
}

/// One value with everything that speaks for it.
#[derive(Default, Clone)]
struct Heard {
    weight: f64,
    evidence: String,
}

#[derive(Default, Clone)]
struct Tally {
    /// Values as JSON text.
    values: BTreeMap<String, Heard>,
    /// What was spelled out, in capitals, by try.
    spelled: Vec<Vec<String>>,
    tries: u32,
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
        tally.hear(field, turn, setting);
        let (value, weight, evidence) = tally.best(field)?;
        Some(Found {
            field: field.key.clone(),
            value: serde_json::from_str(&value).unwrap_or_else(|_| json!(value)),
            text: if evidence.is_empty() { turn.text.to_owned() } else { evidence },
            turn: index,
            start: 0,
            end: turn.text.chars().count(),
            confidence: (0.35 + 0.6 * weight).clamp(0.0, 0.95),
        })
    }
}

impl Tally {
    fn hear(&mut self, field: &FieldSpec, turn: &Turn<'_>, setting: &Setting) {
        let named = field.profile.role == Role::Person;
        let coded = field.profile.role == Role::Postcode;
        // A caller who has to repeat speaks more carefully.
        let care = 1.0 + 0.15 * f64::from(self.tries);
        self.tries += 1;
        let mut spelled = Vec::new();
        for (rank, text) in (0_u32..).zip(turn.alternatives) {
            let trust = care / (1.0 + 0.35 * f64::from(rank));
            let list = tokens(text);
            if coded {
                let characters = spelling::characters(Tokens::new(&list));
                for (code, sure) in postcode::mended(&characters) {
                    self.add(&json!(code), sure * trust, text);
                }
                spelled.push(characters);
                continue;
            }
            if named && let Some(letters) = spelled_letters(Tokens::new(&list)) {
                spelled.push(letters);
                continue;
            }
            let mut reading = Reading::new(text, setting);
            reading.asked = 1.0;
            let found = field.kind.rules().find(field, &reading);
            let best = found.into_iter().max_by(|a, b| a.certainty.total_cmp(&b.certainty));
            if let Some(best) = best {
                let sure = best.certainty * plausible(field, &best.value, &reading);
                self.add(&best.value, sure * trust, reading.slice(best.start, best.end));
            }
        }
        if named {
            self.complete_names(&spelled);
        }
        self.spelled.push(spelled);
    }

    fn add(&mut self, value: &Value, weight: f64, evidence: &str) {
        let heard = self.values.entry(value.to_string()).or_default();
        heard.weight += weight;
        if heard.evidence.is_empty() {
            heard.evidence = evidence.to_owned();
        }
        self.total += weight;
    }

    /// A first name that was heard, followed by the rest of what was spelled.
    fn complete_names(&mut self, spelled: &[String]) {
        let firsts: Vec<String> = self
            .values
            .keys()
            .filter_map(|value| value.trim_matches('"').split(' ').next().map(str::to_owned))
            .collect();
        for letters in spelled {
            for first in &firsts {
                let head = first.to_uppercase();
                let Some(rest) = letters.strip_prefix(&head).filter(|rest| rest.len() >= 3) else { continue };
                let mut family = rest.to_lowercase();
                if let Some(capital) = family.get_mut(..1) {
                    capital.make_ascii_uppercase();
                }
                let name = json!(format!("{first} {family}"));
                if !self.values.contains_key(&name.to_string()) {
                    self.add(&name, 0.2, letters);
                }
            }
        }
    }

    /// The value that most speaks for, its share of all weight, and its evidence.
    fn best(&self, field: &FieldSpec) -> Option<(String, f64, String)> {
        let named = field.profile.role == Role::Person;
        let coded = field.profile.role == Role::Postcode;
        self.values
            .iter()
            .map(|(value, heard)| {
                let share = heard.weight / self.total.max(0.001);
                let support = self.support(value);
                let score = match (named, coded) {
                    // A full name has two words.
                    (true, _) => {
                        let words = value.split_whitespace().count();
                        share + 1.2 * support + if words == 2 { 0.5 } else { 0.0 }
                    }
                    (_, true) => share + support * 1.5 + 0.01 * f64::from(u32::from(value.len() > 8)),
                    _ => share,
                };
                (value, score, heard)
            })
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(value, _, heard)| {
                let share = heard.weight / self.total.max(0.001);
                (value.clone(), share.max(self.support(value) * 0.6), heard.evidence.clone())
            })
    }

    /// How well all that was spelled fits a value, 0 to 1: the best reading of each try counts.
    fn support(&self, value: &str) -> f64 {
        let tries: Vec<f64> = self
            .spelled
            .iter()
            .filter(|readings| readings.iter().any(|r| !r.is_empty()))
            .map(|readings| {
                (0_u32..)
                    .zip(readings)
                    .map(|(rank, r)| likeness(value, r) - 0.02 * f64::from(rank))
                    .fold(0.0, f64::max)
                    .powi(3)
            })
            .collect();
        if tries.is_empty() {
            return 0.0;
        }
        let count = u32::try_from(tries.len()).unwrap_or(1);
        tries.iter().sum::<f64>() / f64::from(count)
    }
}

/// Dates of birth of people who may call are likelier than others.
fn plausible(field: &FieldSpec, value: &Value, reading: &Reading<'_>) -> f64 {
    if field.kind != FieldType::Date || !field.profile.looks_back() {
        return 1.0;
    }
    let Some(date) = value.as_str().and_then(|text| text.parse::<jiff::civil::Date>().ok()) else {
        return 1.0;
    };
    let age = reading.now.date().year() - date.year();
    if (11..=110).contains(&age) { 1.0 } else { 0.4 }
}

/// The letters of an utterance that spells: mostly single letters, or words of a spelling alphabet.
fn spelled_letters(words: Tokens<'_, '_>) -> Option<String> {
    let count = |test: &dyn Fn(usize) -> bool| (0..words.len()).filter(|at| test(*at)).count();
    let is_word = |at: usize| words.get(at).is_some_and(|t| t.is_word());
    let total = count(&is_word);
    let short = count(&|at| is_word(at) && words.word(at).chars().count() <= 2);
    let coded = count(&|at| spelling::alphabet(words.word(at)).is_some());
    let spells = total >= 3 && (short * 2 >= total || coded * 2 >= total);
    spells.then(|| spelling::characters(words))
}

/// How well spelled letters fit a value, 0 to 1.
fn likeness(value: &str, spelled: &str) -> f64 {
    let letters: String =
        value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    // A spelling is often cut short: it is held against the beginning too.
    let length = spelled.chars().count();
    let head: String = letters.chars().take(length).collect();
    let whole = strsim::normalized_levenshtein(&letters, spelled);
    whole.max(strsim::normalized_levenshtein(&head, spelled) - 0.15)
}
