//! Values in the form they are stored in: which ones a field takes.

use std::collections::BTreeSet;

use jiff::civil;
use serde_json::Value;

use super::{Choice, FieldType};
use crate::base::FileId;

/// Longest short text and longest text, in characters.
const MAX_TEXT: usize = 500;
const MAX_LONG_TEXT: usize = 10_000;

/// Most tags or choices of one field.
const MAX_ITEMS: usize = 50;

/// What a field allows: its type, and what the schema sets beyond it.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// What it holds.
    pub kind: FieldType,
    /// What can be chosen.
    pub choices: &'a [Choice],
    /// The least number it takes.
    pub least: Option<f64>,
    /// The greatest number it takes.
    pub most: Option<f64>,
}

/// Says what is wrong with a value, if anything.
pub fn check(field: &Limits<'_>, value: &Value) -> Result<(), String> {
    match field.kind {
        FieldType::Text | FieldType::Name | FieldType::Address => text(value, MAX_TEXT).map(drop),
        FieldType::LongText => text(value, MAX_LONG_TEXT).map(drop),
        FieldType::Choice => choice(field, value),
        FieldType::MultiChoice => items(value)?.iter().try_for_each(|item| choice(field, item)),
        FieldType::Tags => items(value)?.iter().try_for_each(|item| text(item, MAX_TEXT).map(drop)),
        FieldType::Date => parsed::<civil::Date>(value, "a day such as 2026-03-14"),
        FieldType::Time => parsed::<civil::Time>(value, "a time of day such as 09:30"),
        FieldType::Datetime => parsed::<civil::DateTime>(value, "a day and time such as 2026-03-14T09:30"),
        FieldType::Duration => match value {
            Value::Number(_) => bounded(value.as_f64(), Some(0.0), None),
            _ => parsed::<jiff::Span>(value, "a length of time such as PT1H30M"),
        },
        FieldType::Number | FieldType::Percent => bounded(value.as_f64(), field.least, field.most),
        FieldType::Rating => bounded(value.as_f64(), field.least.or(Some(1.0)), field.most.or(Some(5.0))),
        FieldType::Currency => bounded(Some(amount(value)?.0), field.least, field.most),
        FieldType::Boolean => match value.is_boolean() {
            true => Ok(()),
            false => Err("this must be true or false".to_owned()),
        },
        FieldType::Email => shaped(value, "an address such as ana@mail.example", |text| {
            text.split_once('@')
                .is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !host.contains('@'))
                && !text.contains(char::is_whitespace)
        }),
        FieldType::Phone => shaped(value, "a telephone number such as +44 113 496 0140", |text| {
            let digits = text.chars().filter(char::is_ascii_digit).count();
            (5..=15).contains(&digits)
                && text
                    .chars()
                    .all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')' | '/' | '.'))
        }),
        FieldType::Url => shaped(value, "an address such as https://shop.example", |text| {
            let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
        }),
        FieldType::File => shaped(value, "the identifier of a file", |text| text.parse::<FileId>().is_ok()),
    }
}

fn text(value: &Value, limit: usize) -> Result<&str, String> {
    match value.as_str() {
        Some(text) if text.trim().is_empty() => Err("this is empty".to_owned()),
        Some(text) if text.chars().count() > limit => Err(format!("at most {limit} characters are allowed")),
        Some(text) => Ok(text),
        None => Err("this must be a text".to_owned()),
    }
}

fn choice(field: &Limits<'_>, value: &Value) -> Result<(), String> {
    let chosen = text(value, MAX_TEXT)?;
    if field.choices.iter().any(|choice| choice.value == chosen) {
        return Ok(());
    }
    let known = field.choices.iter().map(|choice| choice.value.as_str()).collect::<Vec<_>>().join(", ");
    Err(format!("{chosen:?} is not one of {known}"))
}

fn items(value: &Value) -> Result<&Vec<Value>, String> {
    let items = value.as_array().ok_or_else(|| "this must be a list".to_owned())?;
    if items.is_empty() || items.len() > MAX_ITEMS {
        return Err(format!("this must have from 1 to {MAX_ITEMS} entries"));
    }
    match distinct(items) < items.len() {
        true => Err("an entry is there twice".to_owned()),
        false => Ok(items),
    }
}

fn parsed<T: std::str::FromStr>(value: &Value, what: &str) -> Result<(), String> {
    shaped(value, what, |text| text.parse::<T>().is_ok())
}

fn shaped(value: &Value, what: &str, fits: impl Fn(&str) -> bool) -> Result<(), String> {
    let text = text(value, MAX_TEXT)?;
    if fits(text) { Ok(()) } else { Err(format!("{text:?} is not {what}")) }
}

fn bounded(number: Option<f64>, least: Option<f64>, most: Option<f64>) -> Result<(), String> {
    match number {
        None => Err("this must be a number".to_owned()),
        Some(number) if least.is_some_and(|least| number < least) => {
            Err(format!("{number} is less than {}", least.unwrap_or_default()))
        }
        Some(number) if most.is_some_and(|most| number > most) => {
            Err(format!("{number} is more than {}", most.unwrap_or_default()))
        }
        Some(_) => Ok(()),
    }
}

/// An amount of money and its currency, which is empty where the workspace's is meant.
pub fn amount(value: &Value) -> Result<(f64, &str), String> {
    let number = value.get("amount").unwrap_or(value).as_f64();
    let currency = value.get("currency").map_or(Some(""), Value::as_str);
    match (number, currency) {
        (Some(number), Some(currency)) if currency.len() == 3 || currency.is_empty() => {
            Ok((number, currency))
        }
        _ => Err(format!("{value} is not an amount of money such as 79.50")),
    }
}

/// How many entries of a list are different, however they are written.
fn distinct(items: &[Value]) -> usize {
    let folded = items.iter().map(|item| {
        let text = item.as_str().map_or_else(|| item.to_string(), str::to_owned);
        text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
    });
    folded.collect::<BTreeSet<_>>().len()
}
