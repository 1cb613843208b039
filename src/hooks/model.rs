//! What a hook is, and what it takes out of a call.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::base::{HookId, Timestamp};
use crate::schemas::Problems;

/// Longest name and pointer, in characters; most values and fields.
const MAX_TEXT: usize = 120;
const MAX_VALUES: usize = 20;

/// Longest text that is kept of a value, in characters.
const MAX_VALUE: usize = 500;

crate::word_enum! {
    /// What kind of thing a value is.
    pub enum ValueKind {
        /// Words.
        Text = "text",
        /// A number.
        Number = "number",
        /// Yes or no.
        Flag = "flag",
    }
}

/// An address that another system calls.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Hook {
    /// Its identifier, which is in its address.
    pub id: HookId,
    /// The word that rules know it by.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Whether it listens.
    pub enabled: bool,
    /// What it takes out of a call.
    pub mapping: Mapping,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub created_at: Timestamp,
    /// What calls are signed with; shown when it is made, and when it is made anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// Where in a call things stand, as JSON pointers such as `/customer/email`.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The identifier of the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// The customer's e-mail address; their newest open conversation is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The customer's telephone number, as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// What rules can ask about, as `hook.<name>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<MappedValue>,
    /// Fields of the context that are set: key and pointer. What a person said stays.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

/// A value that rules can ask about.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappedValue {
    /// Its name: small letters, digits and `_`.
    pub name: String,
    /// Where it stands.
    pub at: String,
    /// What it is.
    #[serde(default = "text")]
    pub kind: ValueKind,
}

fn text() -> ValueKind {
    ValueKind::Text
}

/// A hook to be made.
#[derive(Debug, Clone, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHook {
    /// The word that rules know it by.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it takes out of a call.
    pub mapping: Mapping,
}

/// Changes to a hook: what is absent stays.
#[derive(Debug, Clone, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HookChange {
    /// Its name.
    pub name: Option<String>,
    /// Whether it listens.
    pub enabled: Option<bool>,
    /// What it takes out of a call.
    pub mapping: Option<Mapping>,
}

/// A call, as it is listed.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Delivery {
    /// The caller's identifier of it.
    pub delivery: String,
    /// When it came.
    pub received_at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a call.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Outcome {
    /// The conversation it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// The entry it became there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// Why it became nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<String>,
}

/// Checks the word that rules know a hook by, and its name.
pub(super) fn check(key: &str, name: &str, mapping: &Mapping) -> Problems {
    let mut problems = Problems::default();
    if !is_word(key, '-') {
        problems.add("key", &format!("{key:?} is not a name such as order-shipped"));
    }
    if name.trim().is_empty() || name.chars().count() > MAX_TEXT {
        problems.add("name", &format!("this must have from 1 to {MAX_TEXT} characters"));
    }
    check_mapping(mapping, &mut problems);
    problems
}

fn check_mapping(mapping: &Mapping, problems: &mut Problems) {
    let Mapping { conversation, email, phone, values, fields } = mapping;
    if conversation.is_none() && email.is_none() && phone.is_none() {
        problems.add("mapping", "one of conversation, email and phone says whom a call is about");
    }
    let places = [("conversation", conversation), ("email", email), ("phone", phone)];
    for (word, place) in places {
        if let Some(place) = place {
            check_pointer(&format!("mapping.{word}"), place, problems);
        }
    }
    if values.len() > MAX_VALUES || fields.len() > MAX_VALUES {
        problems.add("mapping", &format!("at most {MAX_VALUES} values and fields are taken"));
    }
    for (at, value) in values.iter().enumerate() {
        if !is_word(&value.name, '_') {
            let says = format!("{:?} is not of small letters, digits and _", value.name);
            problems.add(&format!("mapping.values[{at}].name"), &says);
        }
        if values[..at].iter().any(|other| other.name == value.name) {
            problems.add(&format!("mapping.values[{at}].name"), "there are two values of this name");
        }
        check_pointer(&format!("mapping.values[{at}].at"), &value.at, problems);
    }
    for (field, place) in fields {
        check_pointer(&format!("mapping.fields.{field}"), place, problems);
    }
}

fn check_pointer(place: &str, pointer: &str, problems: &mut Problems) {
    if !pointer.starts_with('/') || pointer.chars().count() > MAX_TEXT {
        problems.add(place, &format!("{pointer:?} is not a place such as /customer/email"));
    }
}

fn is_word(word: &str, joint: char) -> bool {
    let inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == joint;
    word.starts_with(|first: char| first.is_ascii_lowercase()) && word.len() <= 40 && word.chars().all(inner)
}

impl Mapping {
    /// The text at a place of a call.
    pub fn text(place: Option<&String>, body: &Value) -> Option<String> {
        match body.pointer(place?)? {
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The values of a call that rules can ask about; one of another kind than it should be is left out.
    pub fn values(&self, body: &Value) -> BTreeMap<String, Value> {
        let taken = |value: &MappedValue| {
            let found = body.pointer(&value.at)?;
            let fits = match (value.kind, found) {
                (ValueKind::Text, Value::String(text)) => {
                    Value::String(text.chars().take(MAX_VALUE).collect())
                }
                (ValueKind::Text, Value::Number(number)) => Value::String(number.to_string()),
                (ValueKind::Number, Value::Number(_)) | (ValueKind::Flag, Value::Bool(_)) => found.clone(),
                (ValueKind::Number, Value::String(text)) => text.trim().parse::<f64>().ok()?.into(),
                _ => return None,
            };
            Some((value.name.clone(), fits))
        };
        self.values.iter().filter_map(taken).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mapping_takes_what_fits_and_leaves_the_rest() {
        let mapping: Mapping = serde_json::from_value(json!({"email": "/who/email", "values": [
            {"name": "total", "at": "/total", "kind": "number"}, {"name": "state", "at": "/state"},
            {"name": "paid", "at": "/paid", "kind": "flag"}, {"name": "gone", "at": "/nowhere"}]}))
        .expect("a mapping");
        assert_eq!(check("orders", "Orders", &mapping), Problems::default());
        let body = json!({"who": {"email": " ana@example.com "}, "total": "12.5", "state": 7, "paid": "yes"});
        assert_eq!(Mapping::text(mapping.email.as_ref(), &body).as_deref(), Some("ana@example.com"));
        assert_eq!(json!(mapping.values(&body)), json!({"total": 12.5, "state": "7"}));
    }

    #[test]
    fn what_is_wrong_with_a_hook_is_said_with_its_place() {
        let mapping: Mapping =
            serde_json::from_value(json!({"values": [{"name": "No", "at": "total"}]})).expect("JSON");
        let said = check("Orders", " ", &mapping).to_string();
        for part in [
            "key: \"Orders\"",
            "name: this must",
            "mapping: one of",
            "mapping.values[0].name",
            "mapping.values[0].at",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}
