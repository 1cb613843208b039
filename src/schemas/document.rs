//! Reading a schema document, and saying exactly what is wrong with it.
//!
//! A document is JSON Schema 2020-12 with annotations that begin with `x-`. What we would ignore is refused,
//! so that nobody relies on a rule that does nothing.

mod place;
mod terms;
mod workflow;

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use crate::schemas::model::{Choice, Field, FieldType, Outline, Terms};
use crate::schemas::{Error, Problems};

pub(super) use place::Place;
use place::place_of;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
const ID_PREFIX: &str = "concierge:";

/// Names that addresses of the API begin with.
const RESERVED: &[&str] = &["check", "test", "preview"];

/// Most fields, choices of a field and states.
const MAX_FIELDS: usize = 100;
const MAX_CHOICES: usize = 200;
const MAX_STATES: usize = 50;

/// The heaviest field.
const MAX_WEIGHT: u64 = 100;

const SCHEMA_WORDS: &[&str] = &[
    "$schema",
    "$id",
    "$comment",
    "title",
    "description",
    "type",
    "properties",
    "required",
    "x-workflow",
    "x-completion",
    "x-priority",
];
const FIELD_WORDS: &[&str] = &[
    "$comment",
    "title",
    "description",
    "type",
    "enum",
    "items",
    "minimum",
    "maximum",
    "x-type",
    "x-hint",
    "x-ask",
    "x-weight",
    "x-labels",
    "x-synonyms",
    "pattern",
    "x-show-if",
    "x-require-if",
];

/// The status a conversation begins in, by a stored document; nothing else of it is read.
pub(super) fn initial_status(document: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Document {
        #[serde(rename = "x-workflow")]
        workflow: Workflow,
    }
    #[derive(serde::Deserialize)]
    struct Workflow {
        initial: String,
    }
    serde_json::from_str(document).ok().map(|Document { workflow }| workflow.initial)
}

/// Reads a document.
pub(super) fn read(document: &str) -> Result<Outline, Error> {
    let mut problems = Problems::default();
    let value: Value = match serde_json::from_str(document) {
        Ok(value) => value,
        Err(error) => {
            problems.add(&format!("line {} column {}", error.line(), error.column()), "this is not JSON");
            return Err(Error::Invalid(problems));
        }
    };
    // Ours goes further and says it in plainer words, so the dialect's own check speaks only for the rest.
    let root = Place::root(&value);
    let outline = read_schema(&root, document, &mut problems);
    if problems.is_empty()
        && let Err(error) = jsonschema::draft202012::meta::validate(&value)
    {
        let path = error.instance_path().to_string();
        let path = path.trim_start_matches('/').replace('/', ".");
        problems.add(if path.is_empty() { "the document" } else { &path }, &error.to_string());
    }
    match outline {
        Some(outline) if problems.is_empty() => Ok(outline),
        _ => Err(Error::Invalid(problems)),
    }
}

fn read_schema(root: &Place<'_>, document: &str, problems: &mut Problems) -> Option<Outline> {
    root.object(problems)?;
    root.only(SCHEMA_WORDS, problems);
    if root.needed_text("$schema", problems).is_some_and(|dialect| dialect != DIALECT) {
        problems.add("$schema", &format!("this must be {DIALECT}"));
    }
    if root.needed_text("type", problems).is_some_and(|kind| kind != "object") {
        problems.add("type", "this must be \"object\"");
    }
    let key = root.needed_text("$id", problems).and_then(|id| {
        let key = id.strip_prefix(ID_PREFIX).filter(|key| is_key(key, '-'));
        if key.is_some_and(|key| RESERVED.contains(&key)) {
            problems.add("$id", &format!("{id:?} is a name we keep for ourselves; take another"));
        }
        if key.is_none() {
            problems.add("$id", &format!("{id:?} is not {ID_PREFIX} and a name such as garage-visit"));
        }
        key.map(str::to_owned)
    });
    let title = root.needed_text("title", problems);
    let fields = read_fields(root, document, problems);
    let workflow = match root.get("x-workflow") {
        Some(place) => workflow::read_workflow(&place, &fields, problems),
        None => {
            problems.add("the document", "\"x-workflow\" is missing");
            None
        }
    };
    let completion = terms::formula(root, "x-completion", &fields, problems);
    let priority = terms::formula(root, "x-priority", &fields, problems);
    Some(Outline { key: key?, title: title?, fields, workflow: workflow?, completion, priority })
}

fn read_fields(root: &Place<'_>, document: &str, problems: &mut Problems) -> Vec<Field> {
    let Some(properties) = root.get("properties") else {
        problems.add("the document", "\"properties\" is missing");
        return Vec::new();
    };
    if properties.object(problems).is_none() {
        return Vec::new();
    }
    let keys = keys_in_order(document);
    if keys.len() > MAX_FIELDS {
        problems.add("properties", &format!("at most {MAX_FIELDS} fields are allowed"));
        return Vec::new();
    }
    let required = root.get("required").map(|place| place.texts(problems)).unwrap_or_default();
    for key in &required {
        if !keys.contains(key) {
            problems.add("required", &format!("there is no field {key:?}"));
        }
    }
    let mut fields = Vec::new();
    let mut seen = BTreeSet::new();
    for key in &keys {
        let Some(place) = properties.get(key) else { continue };
        if !seen.insert(key) {
            problems.add(&place.path, "there are two fields of this name");
            continue;
        }
        if !is_key(key, '_') {
            problems.add(
                &place.path,
                "a field's name is of small letters, digits and _, and begins with a letter",
            );
        }
        fields.extend(read_field(key, required.contains(key), &place, problems));
    }
    terms::conditions(&properties, &mut fields, problems);
    fields
}

fn read_field(key: &str, required: bool, place: &Place<'_>, problems: &mut Problems) -> Option<Field> {
    place.object(problems)?;
    place.only(FIELD_WORDS, problems);
    let label = place.needed_text("title", problems);
    let kind = place.needed_text("x-type", problems).and_then(|word| match word.parse::<FieldType>() {
        Ok(kind) => Some(kind),
        Err(_) => {
            let known = FieldType::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
            problems
                .add(&place_of(place, "x-type"), &format!("{word:?} is not a field type; known are {known}"));
            None
        }
    });
    let weight = match place.get("x-weight") {
        None => 1,
        Some(weight) => match weight.value.as_u64() {
            Some(number @ 0..=MAX_WEIGHT) => u32::try_from(number).unwrap_or(1),
            _ => {
                problems.add(&weight.path, &format!("this must be a whole number from 0 to {MAX_WEIGHT}"));
                1
            }
        },
    };
    let (label, kind) = (label?, kind?);
    check_json_type(kind, place, problems);
    let choices = read_choices(kind, place, problems);
    let least = read_bound(kind, "minimum", place, problems);
    let most = read_bound(kind, "maximum", place, problems);
    if least.zip(most).is_some_and(|(least, most)| least > most) {
        problems.add(&place_of(place, "minimum"), "this is greater than maximum");
    }
    let ask = place.text("x-ask", problems).unwrap_or_else(|| format!("{label}?"));
    let hint = place.text("x-hint", problems).unwrap_or_default();
    let terms = Terms { pattern: terms::pattern(kind, place, problems), ..Terms::default() };
    Some(Field { key: key.to_owned(), label, kind, hint, ask, weight, required, choices, least, most, terms })
}

/// `type` must be one that values of the field type can have.
fn check_json_type(kind: FieldType, place: &Place<'_>, problems: &mut Problems) {
    let allowed: &[&str] = match kind {
        FieldType::Number | FieldType::Percent | FieldType::Rating => &["number", "integer"],
        FieldType::Currency => &["number", "integer", "object"],
        FieldType::Duration => &["string", "number", "integer"],
        FieldType::Boolean => &["boolean"],
        FieldType::MultiChoice | FieldType::Tags => &["array"],
        _ => &["string"],
    };
    if let Some(word) = place.needed_text("type", problems)
        && !allowed.contains(&word.as_str())
    {
        let says = format!("a field with x-type {kind} has type {}, not {word:?}", allowed.join(" or "));
        problems.add(&place_of(place, "type"), &says);
    }
}

fn read_bound(kind: FieldType, word: &str, place: &Place<'_>, problems: &mut Problems) -> Option<f64> {
    let bound = place.get(word)?;
    let is_number =
        matches!(kind, FieldType::Number | FieldType::Percent | FieldType::Rating | FieldType::Currency);
    match bound.value.as_f64() {
        Some(number) if is_number => return Some(number),
        Some(_) => problems.add(&bound.path, "only number, percent, rating and currency have bounds"),
        None => problems.add(&bound.path, "this must be a number"),
    }
    None
}

fn read_choices(kind: FieldType, place: &Place<'_>, problems: &mut Problems) -> Vec<Choice> {
    let list = match kind {
        FieldType::Choice => place.get("enum"),
        FieldType::MultiChoice => {
            place.get("items").and_then(|items| items.get("enum")).or_else(|| place.get("enum"))
        }
        _ => {
            for word in ["enum", "x-labels", "x-synonyms"] {
                if let Some(place) = place.get(word) {
                    problems.add(&place.path, "only choice and multi_choice have choices");
                }
            }
            return Vec::new();
        }
    };
    let Some(list) = list else {
        problems.add(place.name(), "\"enum\" is missing: what can be chosen");
        return Vec::new();
    };
    let values = list.texts(problems);
    let distinct: BTreeSet<&String> = values.iter().collect();
    if values.is_empty() || values.len() > MAX_CHOICES {
        problems.add(&list.path, &format!("from 1 to {MAX_CHOICES} choices are allowed"));
    }
    if distinct.len() < values.len() {
        problems.add(&list.path, "a choice is there twice");
    }
    for word in ["x-labels", "x-synonyms"] {
        let Some(place) = place.get(word) else { continue };
        for key in place.object(problems).into_iter().flat_map(Map::keys) {
            if !values.contains(key) {
                problems.add(&place.path, &format!("{key:?} is not one of the choices"));
            }
        }
    }
    let labels = place.get("x-labels");
    let synonyms = place.get("x-synonyms");
    values
        .into_iter()
        .map(|value| Choice {
            label: labels
                .as_ref()
                .and_then(|labels| labels.text(&value, problems))
                .unwrap_or_else(|| value.replace('_', " ")),
            synonyms: synonyms
                .as_ref()
                .and_then(|synonyms| synonyms.get(&value))
                .map(|list| list.texts(problems))
                .unwrap_or_default(),
            value,
        })
        .collect()
}

fn is_key(key: &str, joint: char) -> bool {
    let is_inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == joint;
    key.starts_with(|first: char| first.is_ascii_lowercase()) && key.len() <= 64 && key.chars().all(is_inner)
}

/// The names of the properties in the order they are written, with those that are written twice.
fn keys_in_order(document: &str) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Document {
        properties: Keys,
    }
    serde_json::from_str::<Document>(document).map(|document| document.properties.0).unwrap_or_default()
}

struct Keys(Vec<String>);

impl<'de> serde::Deserialize<'de> for Keys {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

#[cfg(test)]
mod tests;
