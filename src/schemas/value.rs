//! Values of fields: which are valid, which are the same, how they read.
//!
//! Reading values out of what customers write is done elsewhere; here a value is already in its stored form.

use std::collections::BTreeSet;

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use crate::language::fields::{self, Limits, amount};
use crate::schemas::{Field, FieldType};

/// Longest regular expression, in bytes, and its largest size in memory.
const MAX_PATTERN: usize = 200;
const MAX_PATTERN_SIZE: usize = 1 << 18;

/// Says what is wrong with a value, if anything.
pub fn check_value(field: &Field, value: &Value) -> Result<(), String> {
    fields::check(&limits(field), value)?;
    match (&field.terms.pattern, value.as_str()) {
        (Some(pattern), Some(text)) if !read_pattern(pattern)?.is_match(text) => {
            Err(format!("{text:?} does not match {pattern}"))
        }
        _ => Ok(()),
    }
}

/// Reads a regular expression as JSON Schema means it: it matches anywhere. It takes time in proportion to
/// the text, whatever it says, and one that would grow large is refused.
pub(super) fn read_pattern(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > MAX_PATTERN {
        return Err(format!("a regular expression has at most {MAX_PATTERN} characters"));
    }
    RegexBuilder::new(pattern).size_limit(MAX_PATTERN_SIZE).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "this regular expression is too large when expanded".to_owned(),
        _ => "this is not a regular expression we can run (no look-around, no back-references)".to_owned(),
    })
}

/// What the field's type and bounds allow.
fn limits(field: &Field) -> Limits<'_> {
    Limits { kind: field.kind, choices: &field.choices, least: field.least, most: field.most }
}

/// Whether two valid values mean the same.
pub fn is_same_value(field: &Field, one: &Value, other: &Value) -> bool {
    match field.kind {
        FieldType::Number | FieldType::Percent | FieldType::Rating | FieldType::Duration => {
            match (one.as_f64(), other.as_f64()) {
                (Some(one), Some(other)) => one == other,
                _ => one == other,
            }
        }
        FieldType::Currency => amount(one).ok() == amount(other).ok(),
        FieldType::MultiChoice | FieldType::Tags => folded_set(one) == folded_set(other),
        FieldType::Date | FieldType::Time | FieldType::Datetime | FieldType::Boolean | FieldType::File => {
            one == other
        }
        FieldType::Phone => digits(one) == digits(other),
        _ => folded(one) == folded(other),
    }
}

/// A value as staff and customers read it.
pub fn show_value(field: &Field, value: &Value) -> String {
    let label = |value: &Value| {
        let choice = field.choices.iter().find(|choice| Some(choice.value.as_str()) == value.as_str());
        choice.map_or_else(|| plain(value), |choice| choice.label.clone())
    };
    match (field.kind, value) {
        (FieldType::Choice, value) => label(value),
        (_, Value::Array(items)) => items.iter().map(label).collect::<Vec<_>>().join(", "),
        (FieldType::Boolean, Value::Bool(true)) => "yes".to_owned(),
        (FieldType::Boolean, Value::Bool(false)) => "no".to_owned(),
        (FieldType::Percent, value) => format!("{} %", plain(value)),
        (FieldType::Rating, value) => format!("{} of {}", plain(value), field.most.unwrap_or(5.0)),
        (FieldType::Duration, Value::Number(minutes)) => format!("{minutes} min"),
        (FieldType::Datetime, value) => plain(value).replace('T', " "),
        (FieldType::Currency, value) => match amount(value) {
            Ok((amount, currency)) => format!("{amount} {currency}").trim_end().to_owned(),
            Err(_) => plain(value),
        },
        (_, value) => plain(value),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn folded(value: &Value) -> String {
    plain(value).split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn folded_set(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().map(folded).collect()
}

fn digits(value: &Value) -> String {
    plain(value).chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

/// Whether a value fits a schema that somebody else wrote, as far as that can be told in bounded time: patterns
/// run in linear time, and a schema that refers to others is not followed.
pub fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    fn refers(schema: &Value) -> bool {
        match schema {
            Value::Object(all) => all.iter().any(|(key, value)| {
                matches!(key.as_str(), "$ref" | "$dynamicRef" | "$recursiveRef") || refers(value)
            }),
            Value::Array(all) => all.iter().any(refers),
            _ => false,
        }
    }
    if refers(schema) {
        return Ok(());
    }
    let options = jsonschema::options().with_pattern_options(jsonschema::PatternOptions::regex());
    let Ok(checker) = options.build(schema) else { return Ok(()) };
    match checker.iter_errors(value).next() {
        None => Ok(()),
        Some(error) => {
            let place = error.instance_path().to_string();
            let place = place.trim_start_matches('/').replace('/', ".");
            let problem: String = error.to_string().chars().take(300).collect();
            Err(if place.is_empty() { problem } else { format!("{place}: {problem}") })
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::schemas::Choice;

    fn field(kind: FieldType) -> Field {
        let choices = match kind {
            FieldType::Choice | FieldType::MultiChoice => vec![
                Choice { value: "a".to_owned(), label: "First".to_owned(), synonyms: Vec::new() },
                Choice { value: "b".to_owned(), label: "Second".to_owned(), synonyms: Vec::new() },
            ],
            _ => Vec::new(),
        };
        Field {
            key: "f".to_owned(),
            label: "F".to_owned(),
            kind,
            hint: String::new(),
            ask: String::new(),
            weight: 1,
            required: false,
            choices,
            least: None,
            most: None,
            terms: crate::schemas::Terms::default(),
        }
    }

    #[test]
    fn every_type_takes_its_values_and_refuses_others() {
        let cases = [
            (FieldType::Text, json!("Golf"), json!(" ")),
            (FieldType::LongText, json!("It grinds."), json!(5)),
            (FieldType::Choice, json!("a"), json!("c")),
            (FieldType::MultiChoice, json!(["a", "b"]), json!(["a", "a"])),
            (FieldType::Date, json!("2026-02-28"), json!("2026-02-30")),
            (FieldType::Time, json!("09:30"), json!("25:00")),
            (FieldType::Datetime, json!("2026-03-14T09:30"), json!("tomorrow")),
            (FieldType::Duration, json!("PT1H30M"), json!(-5)),
            (FieldType::Number, json!(3.5), json!("3.5")),
            (FieldType::Currency, json!({"amount": 79, "currency": "GBP"}), json!({"amount": "79"})),
            (FieldType::Percent, json!(20), json!("20%")),
            (FieldType::Boolean, json!(false), json!("no")),
            (FieldType::Tags, json!(["brakes"]), json!([])),
            (FieldType::Email, json!("ana@mail.example"), json!("ana@mail")),
            (FieldType::Phone, json!("+44 113 496 0140"), json!("call me")),
            (FieldType::Url, json!("https://shop.example"), json!("shop.example")),
            (FieldType::Address, json!("14 Northgate Road"), json!(null)),
            (FieldType::Name, json!("Inês Carvalho"), json!("")),
            (
                FieldType::File,
                json!("fil_01ARZ3NDEKTSV4RRFFQ69G5FAV"),
                json!("cnv_01ARZ3NDEKTSV4RRFFQ69G5FAV"),
            ),
            (FieldType::Rating, json!(5), json!(6)),
        ];
        assert_eq!(cases.len(), FieldType::ALL.len());
        for (kind, right, wrong) in cases {
            assert_eq!(check_value(&field(kind), &right), Ok(()), "{kind}");
            assert!(check_value(&field(kind), &wrong).is_err(), "{kind}");
        }
    }

    #[test]
    fn bounds_of_the_schema_are_kept() {
        let guests = Field { least: Some(1.0), most: Some(12.0), ..field(FieldType::Number) };
        assert_eq!(check_value(&guests, &json!(12)), Ok(()));
        assert_eq!(check_value(&guests, &json!(0)), Err("0 is less than 1".to_owned()));
        assert_eq!(check_value(&guests, &json!(13)), Err("13 is more than 12".to_owned()));
        let stars = Field { most: Some(10.0), ..field(FieldType::Rating) };
        assert_eq!(check_value(&stars, &json!(7)), Ok(()));
    }

    #[test]
    fn a_day_and_time_may_carry_its_offset() {
        let field = field(FieldType::Datetime);
        assert_eq!(check_value(&field, &json!("2026-03-14T09:30:00+01:00")), Ok(()));
    }

    #[test]
    fn writing_differently_is_the_same_value() {
        let same = |kind, one: Value, other: Value| is_same_value(&field(kind), &one, &other);
        assert!(same(FieldType::Text, json!("VW  golf"), json!("vw Golf ")));
        assert!(same(FieldType::Number, json!(5), json!(5.0)));
        assert!(same(FieldType::Phone, json!("0113 496 0140"), json!("0113-4960140")));
        assert!(same(FieldType::Tags, json!(["a", "B"]), json!(["b", "a"])));
        assert!(!same(FieldType::Date, json!("2026-02-28"), json!("2026-02-27")));
    }

    #[test]
    fn values_read_as_words() {
        assert_eq!(show_value(&field(FieldType::MultiChoice), &json!(["a", "b"])), "First, Second");
        assert_eq!(
            show_value(&field(FieldType::Currency), &json!({"amount": 79.5, "currency": "GBP"})),
            "79.5 GBP"
        );
        assert_eq!(show_value(&field(FieldType::Boolean), &json!(true)), "yes");
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(2, 8, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::from))
    }

    proptest! {
        #[test]
        fn a_value_is_the_same_as_itself(kind in prop::sample::select(FieldType::ALL), value in any_value()) {
            let field = field(kind);
            let _ = show_value(&field, &value);
            if check_value(&field, &value).is_ok() {
                prop_assert!(is_same_value(&field, &value, &value));
            }
        }
    }
}
