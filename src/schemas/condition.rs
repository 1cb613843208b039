//! Conditions over fields: when a field is asked for or needed, and when a move is allowed.
//!
//! In a document: `{"field": "work", "is": "brakes"}`, and `all`, `any`, `not` of such.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

use crate::language::fields::{Operator, compare};
use crate::schemas::document::Place;
use crate::schemas::{Field, Problems, check_value, is_same_value, show_value};

/// How deep conditions may stand in each other, and how many may stand in one.
const MAX_DEPTH: usize = 5;
const MAX_PARTS: usize = 20;

/// A condition over the fields of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// What one field holds.
    Test {
        /// The field's key.
        field: String,
        /// The field's name as shown.
        label: String,
        /// How it is compared.
        operator: Operator,
        /// With what; nothing for `known` and `unknown`.
        value: Value,
        /// The value as it reads.
        shown: String,
    },
    /// All of them hold.
    All(Vec<Condition>),
    /// At least one of them holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
}

impl Condition {
    /// Whether it holds. A field that is not known satisfies only `unknown` and `is_not`.
    pub fn holds<'a>(&self, fields: &[Field], known: &dyn Fn(&str) -> Option<&'a Value>) -> bool {
        match self {
            Condition::All(parts) => parts.iter().all(|part| part.holds(fields, known)),
            Condition::Any(parts) => parts.iter().any(|part| part.holds(fields, known)),
            Condition::Not(part) => !part.holds(fields, known),
            Condition::Test { field, operator, value, .. } => {
                let Some(spec) = fields.iter().find(|one| one.key == *field) else { return false };
                test(spec, *operator, known(field), value)
            }
        }
    }

    /// The keys of the fields it looks at.
    pub fn fields(&self) -> Vec<&str> {
        match self {
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().flat_map(Condition::fields).collect()
            }
            Condition::Not(part) => part.fields(),
            Condition::Test { field, .. } => vec![field],
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, parts: &[Condition], joint: &str| {
            for (at, part) in parts.iter().enumerate() {
                if at > 0 {
                    write!(f, " {joint} ")?;
                }
                match part {
                    Condition::Test { .. } => write!(f, "{part}")?,
                    _ => write!(f, "({part})")?,
                }
            }
            Ok(())
        };
        match self {
            Condition::All(parts) => list(f, parts, "and"),
            Condition::Any(parts) => list(f, parts, "or"),
            Condition::Not(part) => write!(f, "not ({part})"),
            Condition::Test { label, operator, shown, .. } => {
                let words = match operator {
                    Operator::Is => "is",
                    Operator::IsNot => "is not",
                    Operator::In => "is one of",
                    Operator::NotIn => "is none of",
                    Operator::Contains => "contains",
                    Operator::ContainsAny => "contains one of",
                    Operator::Gt => "is more than",
                    Operator::Gte => "is at least",
                    Operator::Lt => "is less than",
                    Operator::Lte => "is at most",
                    Operator::Known => "is known",
                    Operator::Unknown => "is not known",
                };
                let joint = if shown.is_empty() { "" } else { " " };
                write!(f, "{label} {words}{joint}{shown}")
            }
        }
    }
}

fn test(field: &Field, operator: Operator, known: Option<&Value>, wanted: &Value) -> bool {
    let Some(known) = known else { return matches!(operator, Operator::Unknown | Operator::IsNot) };
    let order = || compare(field.kind, known, wanted);
    let one_of = || wanted.as_array().into_iter().flatten().any(|one| is_same_value(field, known, one));
    match operator {
        Operator::Known => true,
        Operator::Unknown => false,
        Operator::Is => is_same_value(field, known, wanted),
        Operator::IsNot => !is_same_value(field, known, wanted),
        Operator::In => one_of(),
        Operator::NotIn => !one_of(),
        Operator::Contains => has(known, wanted),
        Operator::ContainsAny => wanted.as_array().into_iter().flatten().any(|one| has(known, one)),
        Operator::Gt => order() == Some(Ordering::Greater),
        Operator::Gte => matches!(order(), Some(Ordering::Greater | Ordering::Equal)),
        Operator::Lt => order() == Some(Ordering::Less),
        Operator::Lte => matches!(order(), Some(Ordering::Less | Ordering::Equal)),
    }
}

fn has(known: &Value, wanted: &Value) -> bool {
    let wanted = wanted.as_str().unwrap_or_default().to_lowercase();
    match known {
        Value::Array(items) => {
            items.iter().any(|item| item.as_str().is_some_and(|item| item.to_lowercase() == wanted))
        }
        _ => known.as_str().is_some_and(|text| text.to_lowercase().contains(&wanted)),
    }
}

/// Reads a condition; the fields it names must be among `fields`.
pub(super) fn read(place: &Place<'_>, fields: &[Field], problems: &mut Problems) -> Option<Condition> {
    read_at(place, fields, 0, problems)
}

fn read_at(place: &Place<'_>, fields: &[Field], depth: usize, problems: &mut Problems) -> Option<Condition> {
    let object = place.object(problems)?;
    if depth >= MAX_DEPTH {
        problems.add(place.name(), &format!("conditions stand at most {MAX_DEPTH} deep in each other"));
        return None;
    }
    for (word, make) in [("all", Condition::All as fn(Vec<Condition>) -> Condition), ("any", Condition::Any)]
    {
        if let Some(list) = place.get(word) {
            place.only(&[word], problems);
            let parts = list.items(problems);
            if parts.is_empty() || parts.len() > MAX_PARTS {
                problems.add(&list.path, &format!("from 1 to {MAX_PARTS} conditions are needed"));
                return None;
            }
            let read: Vec<_> =
                parts.iter().filter_map(|part| read_at(part, fields, depth + 1, problems)).collect();
            return Some(make(read));
        }
    }
    if let Some(part) = place.get("not") {
        place.only(&["not"], problems);
        return Some(Condition::Not(Box::new(read_at(&part, fields, depth + 1, problems)?)));
    }
    let key = place.needed_text("field", problems)?;
    let Some(field) = fields.iter().find(|field| field.key == key) else {
        problems.add(&format!("{}.field", place.name()), &format!("there is no field {key:?}"));
        return None;
    };
    let words: Vec<&String> = object.keys().filter(|word| *word != "field").collect();
    let known = field.kind.operators().iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ");
    let operator = match words.as_slice() {
        [word] => word.parse::<Operator>().ok().filter(|one| field.kind.operators().contains(one)),
        _ => None,
    };
    let Some(operator) = operator else {
        let says = format!("one comparison is needed; a {} field knows {known}", field.kind);
        problems.add(place.name(), &says);
        return None;
    };
    let given = place.get(operator.as_str())?;
    let shown = match check_operand(field, operator, given.value) {
        Ok(shown) => shown,
        Err(problem) => {
            problems.add(&given.path, &problem);
            return None;
        }
    };
    let value = given.value.clone();
    Some(Condition::Test { field: key, label: field.label.clone(), operator, value, shown })
}

/// Says how the operand reads, or what is wrong with it.
fn check_operand(field: &Field, operator: Operator, value: &Value) -> Result<String, String> {
    let each = |value: &Value| {
        check_value(field, value)?;
        Ok::<_, String>(show_value(field, value))
    };
    match operator {
        Operator::Known | Operator::Unknown => match value {
            Value::Bool(true) => Ok(String::new()),
            _ => Err("this must be true".to_owned()),
        },
        Operator::In | Operator::NotIn => {
            let items = value.as_array().filter(|items| !items.is_empty());
            let items = items.ok_or_else(|| "this must be a list".to_owned())?;
            Ok(items.iter().map(each).collect::<Result<Vec<_>, _>>()?.join(", "))
        }
        Operator::Contains => match value.as_str() {
            Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
            _ => Err("this must be a text that is not empty".to_owned()),
        },
        Operator::ContainsAny => {
            let items = value.as_array().into_iter().flatten().map(Value::as_str).collect::<Option<Vec<_>>>();
            let items = items.filter(|items| !items.is_empty());
            Ok(items.ok_or_else(|| "this must be a list of texts".to_owned())?.join(", "))
        }
        _ => each(value),
    }
}
