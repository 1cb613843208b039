//! One comparison, made ready: whether a fact's value passes. The tree that explains and the program that
//! only decides both use it, so that they cannot disagree.

use std::cmp::Ordering;

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use crate::rules::model::{Comparison, FactValue, Op};

/// Longest regular expression, and most bytes its machine may have: it runs in time linear in the text.
const MAX_PATTERN: usize = 500;
const MAX_MACHINE: usize = 1 << 20;

/// What a fact's value is asked.
#[derive(Debug, Clone)]
pub(super) enum Check {
    Known,
    Unknown,
    Is(Operand),
    IsNot(Operand),
    In(Vec<Operand>),
    NotIn(Vec<Operand>),
    /// One of these parts or entries.
    Has(Vec<String>),
    Starts(String),
    Matches(Box<Regex>),
    /// How the value must stand to the operand: less, equal or greater, as given.
    Order(Operand, [bool; 3]),
    Between(Operand, Operand),
    /// The operand is no value: nothing passes.
    Never,
}

/// A value that a fact is compared with.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    /// As written, and as people mean it.
    Text(String, String),
    Number(f64),
    Flag(bool),
    /// Nothing a fact could be.
    Other,
}

/// A fact's value with the form in which texts are compared.
#[derive(Debug, Clone)]
pub(super) struct Seen<'a> {
    value: &'a FactValue,
    folded: Option<String>,
}

impl<'a> Seen<'a> {
    pub(super) fn of(value: &'a FactValue) -> Seen<'a> {
        let folded = match value {
            FactValue::Text(text) => Some(folded(text)),
            FactValue::Flag(_) | FactValue::Number(_) | FactValue::List(_) => None,
        };
        Seen { value, folded }
    }

    pub(super) fn value(&self) -> &'a FactValue {
        self.value
    }

    pub(super) fn folded(&self) -> Option<&str> {
        self.folded.as_deref()
    }
}

impl Check {
    /// Makes a comparison ready.
    pub(super) fn of(comparison: &Comparison) -> Check {
        let Comparison { op, value, .. } = comparison;
        let value = match (op, value) {
            (Op::Known, _) => return Check::Known,
            (Op::Unknown, _) => return Check::Unknown,
            (_, None) => return Check::Never,
            (_, Some(value)) => value,
        };
        let all = || value.as_array().into_iter().flatten();
        match op {
            Op::Is => Check::Is(Operand::of(value)),
            Op::IsNot => Check::IsNot(Operand::of(value)),
            Op::In => Check::In(all().map(Operand::of).collect()),
            Op::NotIn => Check::NotIn(all().map(Operand::of).collect()),
            Op::Contains => Check::Has(part(value).into_iter().collect()),
            Op::ContainsAny => Check::Has(all().filter_map(part).collect()),
            Op::StartsWith => part(value).map_or(Check::Never, Check::Starts),
            Op::Matches => value
                .as_str()
                .and_then(|pattern| Check::pattern(pattern).ok())
                .map_or(Check::Never, |pattern| Check::Matches(Box::new(pattern))),
            Op::Gt => Check::Order(Operand::of(value), [false, false, true]),
            Op::Gte => Check::Order(Operand::of(value), [false, true, true]),
            Op::Lt => Check::Order(Operand::of(value), [true, false, false]),
            Op::Lte => Check::Order(Operand::of(value), [true, true, false]),
            Op::Between => match value.as_array().map(Vec::as_slice) {
                Some([from, to]) => Check::Between(Operand::of(from), Operand::of(to)),
                _ => Check::Never,
            },
            Op::Known | Op::Unknown => Check::Never,
        }
    }

    /// Reads a regular expression, within its limits.
    pub(super) fn pattern(pattern: &str) -> Result<Regex, String> {
        if pattern.is_empty() || pattern.chars().count() > MAX_PATTERN {
            return Err(format!("a regular expression has from 1 to {MAX_PATTERN} characters"));
        }
        let built = RegexBuilder::new(pattern)
            .case_insensitive(true)
            .size_limit(MAX_MACHINE)
            .dfa_size_limit(MAX_MACHINE)
            .build();
        built.map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                "this regular expression becomes too large; use smaller repetitions".to_owned()
            }
            other => {
                let text = other.to_string();
                let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                format!("this is not a regular expression: {last}")
            }
        })
    }

    /// Whether a value passes; `None`: nothing is known.
    pub(super) fn passes(&self, seen: Option<&Seen<'_>>) -> bool {
        let Some(seen) = seen else { return matches!(self, Check::Unknown) };
        match self {
            Check::Known => true,
            Check::Unknown | Check::Never => false,
            Check::Is(operand) => operand.equals(seen),
            Check::IsNot(operand) => !operand.equals(seen),
            Check::In(operands) => operands.iter().any(|operand| operand.equals(seen)),
            Check::NotIn(operands) => !operands.iter().any(|operand| operand.equals(seen)),
            Check::Has(parts) => match seen.value {
                FactValue::Text(_) => {
                    seen.folded().is_some_and(|text| parts.iter().any(|part| text.contains(part.as_str())))
                }
                FactValue::List(entries) => entries.iter().any(|entry| parts.contains(&folded(entry))),
                FactValue::Flag(_) | FactValue::Number(_) => false,
            },
            Check::Starts(beginning) => {
                seen.folded().is_some_and(|text| text.starts_with(beginning.as_str()))
            }
            Check::Matches(pattern) => match seen.value {
                FactValue::Text(text) => pattern.is_match(text),
                FactValue::Flag(_) | FactValue::Number(_) | FactValue::List(_) => false,
            },
            Check::Order(operand, allowed) => match operand.order(seen) {
                Some(Ordering::Less) => allowed[0],
                Some(Ordering::Equal) => allowed[1],
                Some(Ordering::Greater) => allowed[2],
                None => false,
            },
            Check::Between(from, to) => {
                matches!(from.order(seen), Some(Ordering::Equal | Ordering::Greater))
                    && matches!(to.order(seen), Some(Ordering::Equal | Ordering::Less))
            }
        }
    }
}

impl Operand {
    fn of(value: &Value) -> Operand {
        match value {
            Value::String(text) => Operand::Text(text.clone(), folded(text)),
            Value::Bool(flag) => Operand::Flag(*flag),
            Value::Number(number) => number.as_f64().map_or(Operand::Other, Operand::Number),
            Value::Null | Value::Array(_) | Value::Object(_) => Operand::Other,
        }
    }

    fn equals(&self, seen: &Seen<'_>) -> bool {
        match (self, seen.value) {
            (Operand::Text(_, expected), FactValue::Text(_)) => seen.folded() == Some(expected),
            (Operand::Flag(expected), FactValue::Flag(actual)) => expected == actual,
            (Operand::Number(expected), FactValue::Number(actual)) => expected == actual,
            _ => false,
        }
    }

    /// How a value stands to this: numbers by size, days and times by their ISO text.
    fn order(&self, seen: &Seen<'_>) -> Option<Ordering> {
        match (self, seen.value) {
            (Operand::Number(expected), FactValue::Number(actual)) => actual.partial_cmp(expected),
            (Operand::Text(expected, _), FactValue::Text(actual)) => Some(actual.trim().cmp(expected.trim())),
            _ => None,
        }
    }
}

/// A text that is looked for; an empty one is nowhere.
fn part(value: &Value) -> Option<String> {
    value.as_str().map(folded).filter(|part| !part.is_empty())
}

/// A text without case, with plain apostrophes and single spaces: as people mean it.
pub(super) fn folded(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        if word.is_ascii() {
            plain.extend(word.chars().map(|letter| match letter.to_ascii_lowercase() {
                '`' => '\'',
                letter => letter,
            }));
        } else {
            plain.push_str(&word.to_lowercase().replace(['’', '‘', '`'], "'"));
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_would_explode_is_refused_and_the_rest_is_linear() {
        let too_large = Check::pattern(r"(\w{1,500}){1,500}").expect_err("too large");
        assert!(too_large.contains("too large"), "{too_large}");
        assert!(Check::pattern("(a").expect_err("broken").contains("not a regular expression"));
        assert!(Check::pattern(&"a".repeat(501)).is_err());
        // The classical victim of machines that go back.
        let evil = Check::Matches(Box::new(Check::pattern("^(a+)+$").expect("it is small")));
        let text = FactValue::Text(format!("{}!", "a".repeat(50_000)));
        assert!(!evil.passes(Some(&Seen::of(&text))));
    }

    #[test]
    fn texts_are_compared_as_people_mean_them() {
        assert_eq!(folded("  I CAN’T\u{a0} breathe `now`"), "i can't breathe 'now'");
        assert_eq!(folded("ÄRGER"), "ärger");
    }
}
