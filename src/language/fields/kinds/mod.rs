//! The twenty field types. Each is defined once, as a `Kind`: how it is read from a person's words,
//! checked, written for a person, found in running text, described as JSON and filtered.

mod calendar;
mod choice;
mod contact;
mod quantity;
mod text;

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::reading::{Mention, Reading};
use super::value::{Limits, check};
use super::{FieldSpec, Setting};

crate::word_enum! {
    /// What kind of thing a field holds.
    pub enum FieldType {
        /// A few words.
        Text = "text",
        /// Sentences.
        LongText = "long_text",
        /// One of the field's choices.
        Choice = "choice",
        /// Some of the field's choices.
        MultiChoice = "multi_choice",
        /// A day: `2026-03-14`.
        Date = "date",
        /// A time of day: `09:30`.
        Time = "time",
        /// A day and a time of day: `2026-03-14T09:30`.
        Datetime = "datetime",
        /// A length of time: `PT1H30M`, or a number of minutes.
        Duration = "duration",
        /// A number.
        Number = "number",
        /// An amount of money: a number, or `{"amount": 79, "currency": "GBP"}`.
        Currency = "currency",
        /// A share: 20 means 20 %.
        Percent = "percent",
        /// Yes or no.
        Boolean = "boolean",
        /// Free words.
        Tags = "tags",
        /// An e-mail address.
        Email = "email",
        /// A telephone number.
        Phone = "phone",
        /// An address on the web.
        Url = "url",
        /// A postal address.
        Address = "address",
        /// A person's name.
        Name = "name",
        /// An uploaded file, by its identifier.
        File = "file",
        /// A mark from 1 to 5, unless the document sets other bounds.
        Rating = "rating",
    }
}

crate::word_enum! {
    /// How a list of records can be filtered by a field.
    pub enum Operator {
        /// Equal.
        Is = "is",
        /// Not equal.
        IsNot = "is_not",
        /// One of several.
        In = "in",
        /// None of several.
        NotIn = "not_in",
        /// Holds a word or an element.
        Contains = "contains",
        /// Holds one of several.
        ContainsAny = "contains_any",
        /// Greater or later.
        Gt = "gt",
        /// Greater, later or equal.
        Gte = "gte",
        /// Less or earlier.
        Lt = "lt",
        /// Less, earlier or equal.
        Lte = "lte",
        /// Has a value.
        Known = "known",
        /// Has none.
        Unknown = "unknown",
    }
}

/// Why a text or a value does not fit a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing was given.
    #[error("there is no value")]
    Empty,
    /// The words do not say such a value.
    #[error("{text:?} is not {wanted}")]
    Unreadable {
        /// What was given.
        text: String,
        /// What was wanted, with its article: "a date".
        wanted: &'static str,
    },
    /// Not one of the field's choices.
    #[error("{text:?} is not one of the choices")]
    NotAChoice {
        /// What was given.
        text: String,
    },
    /// The value is not one the field takes.
    #[error("{0}")]
    Unfit(String),
}

/// Everything that is particular to a field type.
pub(super) trait Kind: Sync {
    /// Reads a person's words as the value of the field.
    fn parse(&self, spec: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault>;

    /// Writes a value for a person.
    fn format(&self, spec: &FieldSpec, value: &Value, locale: &str) -> String;

    /// Finds possible values in running text.
    fn find(&self, spec: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention>;

    /// The JSON form as JSON Schema.
    fn json_schema(&self, spec: &FieldSpec) -> Value;

    /// How records can be filtered by it.
    fn operators(&self) -> &'static [Operator];
}

const WORDS: &[Operator] = {
    use Operator as O;
    &[O::Is, O::IsNot, O::Contains, O::ContainsAny, O::Known, O::Unknown]
};
const EXACT: &[Operator] = {
    use Operator as O;
    &[O::Is, O::IsNot, O::In, O::NotIn, O::Known, O::Unknown]
};
const ORDERED: &[Operator] = {
    use Operator as O;
    &[O::Is, O::IsNot, O::Gt, O::Gte, O::Lt, O::Lte, O::Known, O::Unknown]
};
const LISTED: &[Operator] = {
    use Operator as O;
    &[O::Contains, O::ContainsAny, O::Known, O::Unknown]
};
const PRESENCE: &[Operator] = &[Operator::Known, Operator::Unknown];
const FLAG: &[Operator] = {
    use Operator as O;
    &[O::Is, O::Known, O::Unknown]
};

impl FieldType {
    pub(super) fn rules(self) -> &'static dyn Kind {
        match self {
            FieldType::Text => &text::Line,
            FieldType::LongText => &text::Prose,
            FieldType::Choice => &choice::One,
            FieldType::MultiChoice => &choice::Many,
            FieldType::Date => &calendar::Day,
            FieldType::Time => &calendar::TimeOfDay,
            FieldType::Datetime => &calendar::Moment,
            FieldType::Duration => &calendar::Stretch,
            FieldType::Number => &quantity::Count,
            FieldType::Currency => &quantity::Money,
            FieldType::Percent => &quantity::Percent,
            FieldType::Boolean => &choice::YesNo,
            FieldType::Tags => &choice::Tags,
            FieldType::Email => &contact::Email,
            FieldType::Phone => &contact::Phone,
            FieldType::Url => &contact::Url,
            FieldType::Address => &text::Address,
            FieldType::Name => &text::PersonName,
            FieldType::File => &contact::File,
            FieldType::Rating => &quantity::Rating,
        }
    }

    /// How records can be filtered by a field of this type.
    pub fn operators(self) -> &'static [Operator] {
        self.rules().operators()
    }
}

/// Reads a person's words as the value of a field.
pub fn parse(spec: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(Fault::Empty);
    }
    let value = spec.kind.rules().parse(spec, trimmed, setting)?;
    validate(spec, &value)?;
    Ok(value)
}

/// Checks a JSON value against a field.
pub fn validate(spec: &FieldSpec, value: &Value) -> Result<(), Fault> {
    if value.is_null() {
        return Err(Fault::Empty);
    }
    let limits = Limits { kind: spec.kind, choices: &spec.choices, least: spec.range.0, most: spec.range.1 };
    check(&limits, value).map_err(Fault::Unfit)
}

/// Writes a value for a person of a locale. A value of the wrong form is written as plain JSON.
pub fn format(spec: &FieldSpec, value: &Value, locale: &str) -> String {
    if validate(spec, value).is_err() {
        return match value {
            Value::Null => String::new(),
            Value::String(words) => words.clone(),
            other => other.to_string(),
        };
    }
    spec.kind.rules().format(spec, value, locale)
}

/// The JSON form of a field as JSON Schema.
pub fn json_schema(spec: &FieldSpec) -> Value {
    let mut schema = spec.kind.rules().json_schema(spec);
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".to_owned(), json!(spec.label));
        object.insert("x-type".to_owned(), json!(spec.kind));
    }
    schema
}

/// Puts two values of a kind in order, where the kind has one. Plain numbers compare with money too.
pub fn compare(kind: FieldType, left: &Value, right: &Value) -> Option<Ordering> {
    match kind {
        FieldType::Number | FieldType::Percent | FieldType::Rating => {
            left.as_f64()?.partial_cmp(&right.as_f64()?)
        }
        FieldType::Currency => {
            let currency = |v: &Value| v.get("currency").and_then(Value::as_str).map(str::to_owned);
            if let (Some(a), Some(b)) = (currency(left), currency(right))
                && a != b
            {
                return None;
            }
            let amount = |v: &Value| v.get("amount").unwrap_or(v).as_f64();
            amount(left)?.partial_cmp(&amount(right)?)
        }
        FieldType::Date | FieldType::Time => left.as_str()?.partial_cmp(right.as_str()?),
        FieldType::Datetime => {
            let moment = |v: &Value| v.as_str()?.parse::<jiff::Timestamp>().ok();
            moment(left)?.partial_cmp(&moment(right)?)
        }
        FieldType::Duration => {
            let seconds = |v: &Value| super::dates::Length::from_iso(v.as_str()?).map(|l| l.about_seconds());
            seconds(left)?.partial_cmp(&seconds(right)?)
        }
        _ => None,
    }
}

fn unreadable(text: &str, wanted: &'static str) -> Fault {
    Fault::Unreadable { text: text.to_owned(), wanted }
}

/// The most certain mention that fills the whole text or, failing that, the only one in it.
fn whole_or_only(mentions: Vec<Mention>, tokens: usize) -> Option<Value> {
    let fills = |m: &Mention| m.start == 0 && m.end >= tokens;
    if let Some(found) = mentions.iter().find(|m| fills(m)) {
        return Some(found.value.clone());
    }
    let first = mentions.first()?.value.clone();
    mentions.iter().all(|m| m.value == first).then_some(first)
}
