//! Values of fields: which are valid, which are the same, how they read.
//!
//! Reading values out of what customers write is done elsewhere; here a value is already in its stored form.

use std::collections::BTreeSet;

use jiff::civil;
use serde_json::Value;

use crate::base::FileId;
use crate::schemas::{Field, FieldType};

/// Longest short text and longest text, in characters.
const MAX_TEXT: usize = 500;
const MAX_LONG_TEXT: usize = 10_000;

/// Most tags or choices of one field.
const MAX_ITEMS: usize = 50;

/// Says what is wrong with a value, if anything.
pub fn check_value(field: &Field, value: &Value) -> Result<(), String> {
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

fn text(value: &Value, limit: usize) -> Result<&str, String> {
    match value.as_str() {
        Some(text) if text.trim().is_empty() => Err("this is empty".to_owned()),
        Some(text) if text.chars().count() > limit => Err(format!("at most {limit} characters are allowed")),
        Some(text) => Ok(text),
        None => Err("this must be a text".to_owned()),
    }
}

fn choice(field: &Field, value: &Value) -> Result<(), String> {
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
    match folded_set(value).len() < items.len() {
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
fn amount(value: &Value) -> Result<(f64, &str), String> {
    let number = value.get("amount").unwrap_or(value).as_f64();
    let currency = value.get("currency").map_or(Some(""), Value::as_str);
    match (number, currency) {
        (Some(number), Some(currency)) if currency.len() == 3 || currency.is_empty() => {
            Ok((number, currency))
        }
        _ => Err(format!("{value} is not an amount of money such as 79.50")),
    }
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
