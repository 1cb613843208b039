//! Choices, yes and no, tags.

use serde_json::{Value, json};

use super::super::assent::{self, Answer};
use super::super::choice;
use super::super::reading::{Mention, Need, Reading};
use super::super::token::fold;
use super::super::{FieldSpec, Setting, answer, flags};
use super::{EXACT, FLAG, Fault, Kind, LISTED, Operator, unreadable};

fn label<'s>(spec: &'s FieldSpec, value: &'s str) -> &'s str {
    spec.choices.iter().find(|c| c.value == value).map_or(value, |c| c.label.as_str())
}

fn exact(spec: &FieldSpec, text: &str) -> Option<String> {
    let wanted = fold(text);
    let same = |word: &str| fold(word) == wanted;
    spec.choices
        .iter()
        .find(|c| same(&c.value) || same(&c.label) || c.synonyms.iter().any(|s| same(s)))
        .map(|c| c.value.clone())
}

fn values(spec: &FieldSpec) -> Vec<&str> {
    spec.choices.iter().map(|c| c.value.as_str()).collect()
}

/// One of a list of values.
pub(in super::super) struct One;

impl Kind for One {
    fn parse(&self, spec: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault> {
        if let Some(value) = exact(spec, text) {
            return Ok(json!(value));
        }
        let mut reading = Reading::new(text, setting);
        reading.asked = 1.0;
        let mut named: Vec<Value> = self.find(spec, &reading).into_iter().map(|m| m.value).collect();
        named.dedup();
        match named.as_slice() {
            [value] => Ok(value.clone()),
            _ => Err(Fault::NotAChoice { text: text.to_owned() }),
        }
    }

    fn format(&self, spec: &FieldSpec, value: &Value, _: &str) -> String {
        label(spec, value.as_str().unwrap_or_default()).to_owned()
    }

    fn find(&self, spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        if is_yes_no(spec) {
            return yes_no(spec, reading);
        }
        let found: Vec<Mention> = choice::choices(spec, reading)
            .into_iter()
            .filter(|c| !is_asked_about(reading, c.start))
            .filter_map(|c| {
                let value = json!(spec.choices.get(c.value)?.value);
                let word = reading.tokens().word(c.start);
                // "yes" and "no" answer whatever was asked.
                let answer = c.end == c.start + 1 && assent::is_answer_word(word);
                let need = match answer {
                    true => Need::Question,
                    false if c.certainty <= choice::HIDDEN => Need::Context,
                    false => Need::Nothing,
                };
                Some(Mention { value, start: c.start, end: c.end, certainty: c.certainty, need })
            })
            .collect();
        found
    }

    fn json_schema(&self, spec: &FieldSpec) -> Value {
        json!({ "type": "string", "enum": values(spec) })
    }

    fn operators(&self) -> &'static [Operator] {
        EXACT
    }
}

/// "Is it pricey?" wishes for nothing.
fn is_asked_about(reading: &Reading<'_>, at: usize) -> bool {
    let tokens = reading.tokens();
    let start = tokens.sentence_start(at);
    !reading.offers
        && tokens.is_question(at)
        && (start..at).any(|i| {
            matches!(
                (tokens.word(i), tokens.word(i + 1)),
                ("is" | "are" | "isn't", "it" | "they" | "the" | "that" | "this" | "these")
            )
        })
}

fn is_yes_no(spec: &FieldSpec) -> bool {
    let labelled = |word: &str| spec.choices.iter().any(|c| fold(&c.label) == word);
    spec.choices.len() <= 3 && labelled("yes") && labelled("no")
}

/// A choice between yes and no takes any way of saying so.
fn yes_no(spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
    let chosen = |value: &Value| {
        let wanted = if value.as_bool() == Some(true) { "yes" } else { "no" };
        spec.choices.iter().find(|c| fold(&c.label) == wanted).map(|c| json!(c.value))
    };
    let said = YesNo.find(spec, reading);
    said.into_iter().filter_map(|m| Some(Mention { value: chosen(&m.value)?, ..m })).collect()
}

/// Some of a list of values.
pub(in super::super) struct Many;

impl Kind for Many {
    fn parse(&self, spec: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault> {
        let reading = Reading::new(text, setting);
        let found = self.find(spec, &reading);
        found.into_iter().next().map(|m| m.value).ok_or_else(|| Fault::NotAChoice { text: text.to_owned() })
    }

    fn format(&self, spec: &FieldSpec, value: &Value, _: &str) -> String {
        joined(value, |word| label(spec, word))
    }

    fn find(&self, spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        let view = reading.tokens();
        let named: Vec<_> = choice::choices(spec, reading)
            .into_iter()
            .filter(|c| !choice::is_denied(view, c.start))
            .collect();
        let (Some(first), Some(last)) = (named.first(), named.last()) else { return Vec::new() };
        let mut listed: Vec<&str> = Vec::new();
        for clue in &named {
            if let Some(choice) = spec.choices.get(clue.value)
                && !listed.contains(&choice.value.as_str())
            {
                listed.push(&choice.value);
            }
        }
        let certainty = named.iter().map(|c| c.certainty).fold(1.0, f64::min);
        vec![Mention {
            value: json!(listed),
            start: first.start,
            end: last.end,
            certainty,
            need: Need::Nothing,
        }]
    }

    fn json_schema(&self, spec: &FieldSpec) -> Value {
        json!({ "type": "array", "items": { "type": "string", "enum": values(spec) }, "uniqueItems": true })
    }

    fn operators(&self) -> &'static [Operator] {
        LISTED
    }
}

fn joined<'v>(value: &'v Value, label: impl Fn(&'v str) -> &'v str) -> String {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(label).collect::<Vec<_>>().join(", ")
}

/// Free words.
pub(in super::super) struct Tags;

impl Kind for Tags {
    fn parse(&self, _: &FieldSpec, text: &str, _: &Setting) -> Result<Value, Fault> {
        let parts = text.split([',', ';', '\n']).flat_map(|part| part.split(" and "));
        let tags: Vec<&str> = parts.map(str::trim).filter(|t| !t.is_empty()).collect();
        if tags.is_empty() { Err(unreadable(text, "a list of tags")) } else { Ok(json!(tags)) }
    }

    fn format(&self, _: &FieldSpec, value: &Value, _: &str) -> String {
        joined(value, |word| word)
    }

    fn find(&self, _: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        if reading.asked <= 0.0 {
            return Vec::new();
        }
        let Some(clue) = answer::short_answer(reading) else { return Vec::new() };
        let words = reading.slice(clue.start, clue.end);
        let tags: Vec<&str> = words
            .split([',', ';'])
            .flat_map(|p| p.split(" and "))
            .map(str::trim)
            .filter(|t| !t.is_empty())
            .collect();
        vec![Mention {
            value: json!(tags),
            start: clue.start,
            end: clue.end,
            certainty: clue.certainty,
            need: Need::Question,
        }]
    }

    fn json_schema(&self, _: &FieldSpec) -> Value {
        json!({ "type": "array", "items": { "type": "string", "maxLength": 80 }, "maxItems": 50 })
    }

    fn operators(&self) -> &'static [Operator] {
        LISTED
    }
}

/// True or false.
pub(in super::super) struct YesNo;

impl Kind for YesNo {
    fn parse(&self, _: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault> {
        match fold(text).as_str() {
            "true" | "1" | "on" => return Ok(json!(true)),
            "false" | "0" | "off" => return Ok(json!(false)),
            _ => {}
        }
        let reading = Reading::new(text, setting);
        let found = assent::answer(&reading);
        found.map(|(answer, ..)| json!(answer == Answer::Yes)).ok_or_else(|| unreadable(text, "yes or no"))
    }

    fn format(&self, _: &FieldSpec, value: &Value, locale: &str) -> String {
        let yes = value.as_bool().unwrap_or_default();
        let (said_yes, said_no) = match locale.split(['-', '_']).next().unwrap_or_default() {
            "de" => ("Ja", "Nein"),
            "fr" => ("Oui", "Non"),
            "es" => ("Sí", "No"),
            "pt" => ("Sim", "Não"),
            "it" => ("Sì", "No"),
            _ => ("Yes", "No"),
        };
        if yes { said_yes.to_owned() } else { said_no.to_owned() }
    }

    fn find(&self, spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        let mut found = flags::statements(spec, reading);
        if reading.asked > 0.0
            && let Some((answer, start, end, certainty)) = assent::answer(reading)
        {
            let value = json!(answer == Answer::Yes);
            found.push(Mention { value, start, end, certainty, need: Need::Question });
        }
        found
    }

    fn json_schema(&self, _: &FieldSpec) -> Value {
        json!({ "type": "boolean" })
    }

    fn operators(&self) -> &'static [Operator] {
        FLAG
    }
}
