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
use super::{FieldSpec, Setting};

crate::word_enum! {
    /// The type of a field.
    pub enum FieldKind {
        /// One line of words.
        Text = "text",
        /// Several lines of words.
        LongText = "long_text",
        /// One of a list of values.
        Choice = "choice",
        /// Some of a list of values.
        MultiChoice = "multi_choice",
        /// A calendar day, `2026-12-24`.
        Date = "date",
        /// A time of day, `18:30`.
        Time = "time",
        /// A moment with its offset, `2026-12-24T18:30:00+00:00`.
        Datetime = "datetime",
        /// A length of time, `PT1H30M`.
        Duration = "duration",
        /// A number.
        Number = "number",
        /// Money, `{"amount":12.5,"currency":"GBP"}`.
        Currency = "currency",
        /// A share of a hundred: 15 is 15 %.
        Percent = "percent",
        /// True or false.
        Boolean = "boolean",
        /// Free words, each of its own.
        Tags = "tags",
        /// An e-mail address.
        Email = "email",
        /// A telephone number: E.164 where it is valid, as written where it is local.
        Phone = "phone",
        /// A web address.
        Url = "url",
        /// A postal address.
        Address = "address",
        /// A person's name.
        Name = "name",
        /// The identifier of an uploaded file.
        File = "file",
        /// One to five stars.
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
    /// The JSON value has another form than the type's.
    #[error("the value must be {wanted}")]
    WrongForm {
        /// The form that is wanted.
        wanted: &'static str,
    },
    /// Not one of the field's choices.
    #[error("{text:?} is not one of the choices")]
    NotAChoice {
        /// What was given.
        text: String,
    },
    /// Outside what the field allows.
    #[error("the value is out of range")]
    OutOfRange,
    /// Longer than the field allows.
    #[error("the text is longer than {limit} characters")]
    TooLong {
        /// How many are allowed.
        limit: usize,
    },
}

/// Everything that is particular to a field type.
pub(super) trait Kind: Sync {
    /// Reads a person's words as the value of the field.
    fn parse(&self, spec: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault>;

    /// Checks a JSON value.
    fn validate(&self, spec: &FieldSpec, value: &Value) -> Result<(), Fault>;

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

impl FieldKind {
    pub(super) fn rules(self) -> &'static dyn Kind {
        match self {
            FieldKind::Text => &text::Line,
            FieldKind::LongText => &text::Prose,
            FieldKind::Choice => &choice::One,
            FieldKind::MultiChoice => &choice::Many,
            FieldKind::Date => &calendar::Day,
            FieldKind::Time => &calendar::TimeOfDay,
            FieldKind::Datetime => &calendar::Moment,
            FieldKind::Duration => &calendar::Stretch,
            FieldKind::Number => &quantity::Count,
            FieldKind::Currency => &quantity::Money,
            FieldKind::Percent => &quantity::Percent,
            FieldKind::Boolean => &choice::YesNo,
            FieldKind::Tags => &choice::Tags,
            FieldKind::Email => &contact::Email,
            FieldKind::Phone => &contact::Phone,
            FieldKind::Url => &contact::Url,
            FieldKind::Address => &text::Address,
            FieldKind::Name => &text::PersonName,
            FieldKind::File => &contact::File,
            FieldKind::Rating => &quantity::Rating,
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
    spec.kind.rules().validate(spec, value)
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
pub fn compare(kind: FieldKind, left: &Value, right: &Value) -> Option<Ordering> {
    match kind {
        FieldKind::Number | FieldKind::Percent | FieldKind::Rating => {
            left.as_f64()?.partial_cmp(&right.as_f64()?)
        }
        FieldKind::Currency => {
            let currency = |v: &Value| v.get("currency").and_then(Value::as_str).map(str::to_owned);
            if let (Some(a), Some(b)) = (currency(left), currency(right))
                && a != b
            {
                return None;
            }
            let amount = |v: &Value| v.get("amount").unwrap_or(v).as_f64();
            amount(left)?.partial_cmp(&amount(right)?)
        }
        FieldKind::Date | FieldKind::Time => left.as_str()?.partial_cmp(right.as_str()?),
        FieldKind::Datetime => {
            let moment = |v: &Value| v.as_str()?.parse::<jiff::Timestamp>().ok();
            moment(left)?.partial_cmp(&moment(right)?)
        }
        FieldKind::Duration => {
            let seconds = |v: &Value| super::dates::Length::from_iso(v.as_str()?).map(|l| l.about_seconds());
            seconds(left)?.partial_cmp(&seconds(right)?)
        }
        _ => None,
    }
}

fn unreadable(text: &str, wanted: &'static str) -> Fault {
    Fault::Unreadable { text: text.to_owned(), wanted }
}

fn as_text<'v>(value: &'v Value, wanted: &'static str) -> Result<&'v str, Fault> {
    value.as_str().ok_or(Fault::WrongForm { wanted })
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
