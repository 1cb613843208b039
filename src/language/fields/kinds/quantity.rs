//! Numbers, money, percentages and ratings.

use serde_json::{Value, json};

use super::super::dates::Clue;
use super::super::money::{self, Sum};
use super::super::numbers::{Number, whole};
use super::super::party;
use super::super::reading::{Mention, Need, Reading};
use super::super::setting::decimal_comma;
use super::super::value::amount;
use super::super::{FieldSpec, Setting};
use super::{Fault, Kind, ORDERED, Operator, unreadable, whole_or_only};

/// A number as JSON: whole where it is whole.
fn number_value(value: f64) -> Value {
    whole(value).map_or_else(|| json!(value), |n| json!(n))
}

fn in_range(spec: &FieldSpec, value: f64) -> bool {
    spec.range.0.is_none_or(|least| value >= least) && spec.range.1.is_none_or(|most| value <= most)
}

/// Groups of three and a decimal mark, as the locale writes them.
fn grouped(value: f64, decimals: usize, locale: &str) -> String {
    let (group, mark) = if decimal_comma(locale) { ('.', ',') } else { (',', '.') };
    let plain = format!("{:.*}", decimals, value.abs());
    let (head, tail) = plain.split_once('.').map_or((plain.as_str(), None), |(h, t)| (h, Some(t)));
    let mut written = String::new();
    for (place, digit) in head.chars().enumerate() {
        if place > 0 && (head.len() - place) % 3 == 0 {
            written.push(group);
        }
        written.push(digit);
    }
    if let Some(tail) = tail {
        written.push(mark);
        written.push_str(tail);
    }
    if value < 0.0 { format!("-{written}") } else { written }
}

fn decimals_of(value: f64) -> usize {
    let plain = value.to_string();
    plain.split_once('.').map_or(0, |(_, tail)| tail.len().min(6))
}

fn plain_numbers<'r>(reading: &'r Reading<'_>) -> impl Iterator<Item = &'r Clue<Number>> {
    let tokens = reading.tokens();
    // "That one", "one of them" and "the one" count nothing.
    let pronoun = move |c: &Clue<Number>| {
        tokens.word(c.start) == "one"
            && (tokens.word(c.end) == "of"
                || matches!(
                    tokens.word_before(c.start, 1),
                    "book" | "prefer" | "find" | "reserve" | "see" | "the"
                ) && !tokens.get(c.end).is_some_and(|t| t.is_word() && t.text.len() > 3)
                || matches!(
                    tokens.word_before(c.start, 1),
                    "that" | "this" | "which" | "another" | "good" | "nice" | "first" | "other"
                ))
    };
    reading.numbers.iter().filter(move |c| !c.value.ordinal && !pronoun(c))
}

/// A number.
pub(in super::super) struct Count;

impl Count {
    fn allowed(spec: &FieldSpec, value: f64) -> bool {
        let listed = spec.choices.is_empty()
            || spec.choices.iter().any(|c| c.value.parse::<f64>().is_ok_and(|n| n == value));
        listed && in_range(spec, value)
    }
}

impl Kind for Count {
    fn parse(&self, spec: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault> {
        let reading = Reading::new(text, setting);
        let negative = text.trim_start().starts_with('-');
        let numbers: Vec<f64> = reading.numbers.iter().map(|c| c.value.value).collect();
        match numbers.as_slice() {
            [number] => Ok(number_value(if negative { -number } else { *number })),
            _ => whole_or_only(self.find(spec, &reading), reading.tokens().len())
                .ok_or_else(|| unreadable(text, "a number")),
        }
    }

    fn format(&self, _: &FieldSpec, value: &Value, locale: &str) -> String {
        let number = value.as_f64().unwrap_or_default();
        grouped(number, decimals_of(number), locale)
    }

    fn find(&self, spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        let mut found = Vec::new();
        if spec.profile.counts_people() {
            found.extend(
                party::parties(reading.tokens())
                    .into_iter()
                    .filter(|c| Count::allowed(spec, f64::from(c.value)) && !reading.is_taken(c.start, c.end))
                    .map(|c| Mention {
                        value: json!(c.value),
                        start: c.start,
                        end: c.end,
                        certainty: c.certainty,
                        need: Need::Nothing,
                    }),
            );
        }
        let about_money = spec.profile.is_money();
        if about_money {
            found.extend(reading.sums.iter().filter(|c| in_range(spec, c.value.amount)).map(|c| Mention {
                value: number_value(c.value.amount),
                start: c.start,
                end: c.end,
                certainty: 0.95,
                need: Need::Context,
            }));
        }
        for clue in plain_numbers(reading) {
            let value = clue.value.value;
            let in_sum = reading.sums.iter().any(|s| s.start < clue.end && clue.start < s.end);
            // An hour is no count, unless the count is what was asked.
            let timed =
                reading.is_taken(clue.start, clue.end) && !(reading.asked > 0.0 && reading.words() <= 3);
            let covered = found.iter().any(|m| m.start < clue.end && clue.start < m.end);
            if in_sum || timed || covered || !Count::allowed(spec, value) {
                continue;
            }
            found.push(Mention {
                value: number_value(value),
                start: clue.start,
                end: clue.end,
                certainty: 0.9,
                need: Need::Context,
            });
        }
        found
    }

    fn json_schema(&self, spec: &FieldSpec) -> Value {
        let mut schema = json!({ "type": "number" });
        if let Some(object) = schema.as_object_mut() {
            if let Some(least) = spec.range.0 {
                object.insert("minimum".to_owned(), json!(least));
            }
            if let Some(most) = spec.range.1 {
                object.insert("maximum".to_owned(), json!(most));
            }
        }
        schema
    }

    fn operators(&self) -> &'static [Operator] {
        ORDERED
    }
}

/// An amount of money with its currency.
pub(in super::super) struct Money;

fn sum_value(sum: Sum) -> Value {
    json!({ "amount": number_value(sum.amount), "currency": money::code(sum.currency) })
}

impl Kind for Money {
    fn parse(&self, _: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault> {
        let reading = Reading::new(text, setting);
        if let [sum] = reading.sums.as_slice() {
            return Ok(sum_value(sum.value));
        }
        match plain_numbers(&reading).collect::<Vec<_>>().as_slice() {
            [number] => {
                Ok(json!({ "amount": number_value(number.value.value), "currency": setting.currency }))
            }
            _ => Err(unreadable(text, "an amount of money")),
        }
    }

    fn format(&self, _: &FieldSpec, value: &Value, locale: &str) -> String {
        let Ok((amount, code)) = amount(value) else { return value.to_string() };
        let decimals = if code == "JPY" || whole(amount).is_some() { 0 } else { 2 };
        let number = grouped(amount, decimals, locale);
        match money::sign(code) {
            Some(sign) if decimal_comma(locale) => format!("{number} {sign}"),
            Some(sign) => format!("{sign}{number}"),
            None => format!("{number} {code}").trim_end().to_owned(),
        }
    }

    fn find(&self, spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        // A field for any amount takes any; a budget or a deposit must be named.
        let need = if spec.profile.is_plain_amount() { Need::Nothing } else { Need::Context };
        let mut found: Vec<Mention> = reading
            .sums
            .iter()
            .filter(|c| in_range(spec, c.value.amount))
            .map(|c| Mention {
                value: sum_value(c.value),
                start: c.start,
                end: c.end,
                certainty: c.certainty,
                need,
            })
            .collect();
        for clue in plain_numbers(reading) {
            let in_sum = reading.sums.iter().any(|s| s.start < clue.end && clue.start < s.end);
            if in_sum || reading.is_taken(clue.start, clue.end) || !in_range(spec, clue.value.value) {
                continue;
            }
            found.push(Mention {
                value: json!({ "amount": number_value(clue.value.value), "currency": reading.currency }),
                start: clue.start,
                end: clue.end,
                certainty: 0.8,
                need: Need::Question,
            });
        }
        found
    }

    fn json_schema(&self, _: &FieldSpec) -> Value {
        json!({
            "type": "object",
            "properties": {
                "amount": { "type": "number" },
                "currency": { "type": "string", "pattern": "^[A-Z]{3}$" },
            },
            "required": ["amount", "currency"],
            "additionalProperties": false,
        })
    }

    fn operators(&self) -> &'static [Operator] {
        ORDERED
    }
}

/// A share of a hundred.
pub(in super::super) struct Percent;

impl Kind for Percent {
    fn parse(&self, spec: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault> {
        let reading = Reading::new(text, setting);
        let found = self.find(spec, &reading);
        whole_or_only(found, reading.tokens().len()).ok_or_else(|| unreadable(text, "a percentage"))
    }

    fn format(&self, _: &FieldSpec, value: &Value, locale: &str) -> String {
        let number = value.as_f64().unwrap_or_default();
        let written = grouped(number, decimals_of(number), locale);
        if decimal_comma(locale) { format!("{written} %") } else { format!("{written}%") }
    }

    fn find(&self, spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        let tokens = reading.tokens();
        plain_numbers(reading)
            .filter(|c| in_range(spec, c.value.value) && !reading.is_taken(c.start, c.end))
            .map(|c| {
                let mark = match (tokens.word(c.end), tokens.word(c.end + 1)) {
                    ("%" | "percent", _) => 1,
                    ("per", "cent") => 2,
                    _ => 0,
                };
                Mention {
                    value: number_value(c.value.value),
                    start: c.start,
                    end: c.end + mark,
                    certainty: if mark > 0 { 0.97 } else { 0.8 },
                    need: if mark > 0 { Need::Nothing } else { Need::Question },
                }
            })
            .collect()
    }

    fn json_schema(&self, _: &FieldSpec) -> Value {
        json!({ "type": "number" })
    }

    fn operators(&self) -> &'static [Operator] {
        ORDERED
    }
}

/// One to five stars, or the schema's own range.
pub(in super::super) struct Rating;

impl Rating {
    fn fits(spec: &FieldSpec, value: f64) -> bool {
        let (least, most) = (spec.range.0.unwrap_or(1.0), spec.range.1.unwrap_or(5.0));
        (least..=most).contains(&value)
    }
}

impl Kind for Rating {
    fn parse(&self, spec: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault> {
        let stars = text.chars().filter(|c| matches!(c, '★' | '⭐')).count();
        if stars > 0 {
            return Ok(json!(stars));
        }
        let reading = Reading::new(text, setting);
        let found = self.find(spec, &reading);
        found.first().map(|m| m.value.clone()).ok_or_else(|| unreadable(text, "a rating"))
    }

    fn format(&self, spec: &FieldSpec, value: &Value, locale: &str) -> String {
        let number = value.as_f64().unwrap_or_default();
        let most = spec.range.1.unwrap_or(5.0);
        format!("{} / {}", grouped(number, decimals_of(number), locale), grouped(most, 0, locale))
    }

    fn find(&self, spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        let tokens = reading.tokens();
        plain_numbers(reading)
            .filter(|c| Rating::fits(spec, c.value.value) && !reading.is_taken(c.start, c.end))
            .map(|c| {
                let out_of = match (tokens.word(c.end), tokens.word(c.end + 1)) {
                    ("star" | "stars", _) => 1,
                    ("/", _) => 2,
                    ("out", "of") => 3,
                    ("of", _) if tokens.digits(c.end + 1) > 0 => 2,
                    _ => 0,
                };
                Mention {
                    value: number_value(c.value.value),
                    start: c.start,
                    end: (c.end + out_of).min(tokens.len()),
                    certainty: if out_of > 0 { 0.95 } else { 0.85 },
                    need: if out_of > 0 { Need::Nothing } else { Need::Context },
                }
            })
            .collect()
    }

    fn json_schema(&self, spec: &FieldSpec) -> Value {
        let (least, most) = (spec.range.0.unwrap_or(1.0), spec.range.1.unwrap_or(5.0));
        json!({ "type": "number", "minimum": least, "maximum": most })
    }

    fn operators(&self) -> &'static [Operator] {
        ORDERED
    }
}
