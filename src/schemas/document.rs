//! Reading a schema document, and saying exactly what is wrong with it.
//!
//! A document is JSON Schema 2020-12 with annotations that begin with `x-`. What we would ignore is refused,
//! so that nobody relies on a rule that does nothing.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use crate::schemas::model::{Choice, Field, FieldType, Outline, Transition, Workflow, WorkflowState};
use crate::schemas::{Error, Problems};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
const ID_PREFIX: &str = "concierge:";

/// Most fields, choices of a field and states.
const MAX_FIELDS: usize = 100;
const MAX_CHOICES: usize = 200;
const MAX_STATES: usize = 50;

/// The heaviest field.
const MAX_WEIGHT: u64 = 100;

const SCHEMA_WORDS: &[&str] =
    &["$schema", "$id", "$comment", "title", "description", "type", "properties", "required", "x-workflow"];
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
];
const WORKFLOW_WORDS: &[&str] = &["initial", "states", "transitions"];
const STATE_WORDS: &[&str] = &["key", "label", "colour", "final"];
const TRANSITION_WORDS: &[&str] = &["from", "to"];

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
    let root = Place::root(&value);
    let outline = read_schema(&root, document, &mut problems);
    match outline {
        Some(outline) if problems.is_empty() => Ok(outline),
        _ => Err(Error::Invalid(problems)),
    }
}

/// A value of the document and where it stands.
struct Place<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> Place<'a> {
    fn root(value: &'a Value) -> Self {
        Place { value, path: String::new() }
    }

    fn name(&self) -> &str {
        if self.path.is_empty() { "the document" } else { &self.path }
    }

    fn get(&self, key: &str) -> Option<Place<'a>> {
        let value = self.value.get(key)?;
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Some(Place { value, path })
    }

    fn object(&self, problems: &mut Problems) -> Option<&'a Map<String, Value>> {
        let object = self.value.as_object();
        if object.is_none() {
            problems.add(self.name(), "this must be an object");
        }
        object
    }

    /// Refuses words that mean nothing here.
    fn only(&self, words: &[&str], problems: &mut Problems) {
        for key in self.value.as_object().into_iter().flat_map(Map::keys) {
            if !words.contains(&key.as_str()) {
                problems
                    .add(self.name(), &format!("{key:?} means nothing here; known are {}", words.join(", ")));
            }
        }
    }

    /// A text under a key that may be absent.
    fn text(&self, key: &str, problems: &mut Problems) -> Option<String> {
        let place = self.get(key)?;
        match place.value.as_str().map(str::trim) {
            Some(text) if !text.is_empty() => Some(text.to_owned()),
            _ => {
                problems.add(&place.path, "this must be a text that is not empty");
                None
            }
        }
    }

    /// A text under a key that must be there.
    fn needed_text(&self, key: &str, problems: &mut Problems) -> Option<String> {
        if self.get(key).is_none() {
            problems.add(self.name(), &format!("{key:?} is missing"));
        }
        self.text(key, problems)
    }

    /// The items of a list.
    fn items(&self, problems: &mut Problems) -> Vec<Place<'a>> {
        let Some(items) = self.value.as_array() else {
            problems.add(self.name(), "this must be a list");
            return Vec::new();
        };
        (0..).zip(items).map(|(at, value)| Place { value, path: format!("{}[{at}]", self.path) }).collect()
    }

    /// The items of a list of texts.
    fn texts(&self, problems: &mut Problems) -> Vec<String> {
        let mut texts = Vec::new();
        for item in self.items(problems) {
            match item.value.as_str().map(str::trim) {
                Some(text) if !text.is_empty() => texts.push(text.to_owned()),
                _ => problems.add(&item.path, "this must be a text that is not empty"),
            }
        }
        texts
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
        if key.is_none() {
            problems.add("$id", &format!("{id:?} is not {ID_PREFIX} and a name such as garage-visit"));
        }
        key.map(str::to_owned)
    });
    let title = root.needed_text("title", problems);
    let fields = read_fields(root, document, problems);
    let workflow = match root.get("x-workflow") {
        Some(place) => read_workflow(&place, problems),
        None => {
            problems.add("the document", "\"x-workflow\" is missing");
            None
        }
    };
    Some(Outline { key: key?, title: title?, fields, workflow: workflow? })
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
    Some(Field { key: key.to_owned(), label, kind, hint, ask, weight, required, choices, least, most })
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

fn read_workflow(place: &Place<'_>, problems: &mut Problems) -> Option<Workflow> {
    place.object(problems)?;
    place.only(WORKFLOW_WORDS, problems);
    let initial = place.needed_text("initial", problems);
    let mut states: Vec<WorkflowState> = Vec::new();
    for item in place.get("states").map(|list| list.items(problems)).unwrap_or_default() {
        let Some(state) = read_state(&item, problems) else { continue };
        if states.iter().any(|known| known.key == state.key) {
            problems.add(&item.path, &format!("there are two states {:?}", state.key));
        }
        states.push(state);
    }
    if states.is_empty() || states.len() > MAX_STATES {
        problems.add(&place_of(place, "states"), &format!("from 1 to {MAX_STATES} states are needed"));
    }
    let is_state = |key: &str| states.iter().any(|state| state.key == key);
    let mut transitions: Vec<Transition> = Vec::new();
    for item in place.get("transitions").map(|list| list.items(problems)).unwrap_or_default() {
        item.only(TRANSITION_WORDS, problems);
        let from = item.needed_text("from", problems);
        let to = item.needed_text("to", problems);
        let (Some(from), Some(to)) = (from, to) else { continue };
        for (word, key) in [("from", &from), ("to", &to)] {
            if !is_state(key) {
                problems.add(&place_of(&item, word), &format!("there is no state {key:?}"));
            }
        }
        let transition = Transition { from, to };
        if transition.from == transition.to {
            problems.add(&item.path, "a state does not move to itself");
        }
        if transitions.contains(&transition) {
            problems.add(&item.path, "this transition is there twice");
        }
        transitions.push(transition);
    }
    let initial = initial?;
    if !is_state(&initial) {
        problems.add(&place_of(place, "initial"), &format!("there is no state {initial:?}"));
        return None;
    }
    let workflow = Workflow { initial, states, transitions };
    for key in unreachable_states(&workflow) {
        problems
            .add(&place_of(place, "states"), &format!("no way leads from {:?} to {key:?}", workflow.initial));
    }
    Some(workflow)
}

fn read_state(place: &Place<'_>, problems: &mut Problems) -> Option<WorkflowState> {
    place.object(problems)?;
    place.only(STATE_WORDS, problems);
    let key = place.needed_text("key", problems)?;
    if !is_key(&key, '_') {
        let says = format!("{key:?} is not of small letters, digits and _, beginning with a letter");
        problems.add(&place_of(place, "key"), &says);
    }
    let is_final = match place.get("final") {
        None => false,
        Some(place) => place.value.as_bool().unwrap_or_else(|| {
            problems.add(&place.path, "this must be true or false");
            false
        }),
    };
    let label = place.needed_text("label", problems)?;
    Some(WorkflowState { key, label, colour: place.text("colour", problems), is_final })
}

fn unreachable_states(workflow: &Workflow) -> Vec<&str> {
    let mut reached = BTreeSet::from([workflow.initial.as_str()]);
    let mut waiting = vec![workflow.initial.as_str()];
    while let Some(from) = waiting.pop() {
        for transition in workflow.transitions.iter().filter(|transition| transition.from == from) {
            if reached.insert(&transition.to) {
                waiting.push(&transition.to);
            }
        }
    }
    let states = workflow.states.iter().map(|state| state.key.as_str());
    states.filter(|key| !reached.contains(key)).collect()
}

fn place_of(place: &Place<'_>, key: &str) -> String {
    if place.path.is_empty() { key.to_owned() } else { format!("{}.{key}", place.path) }
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
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn visit() -> Value {
        json!({
            "$schema": DIALECT, "$id": "concierge:visit", "title": "Visit", "type": "object",
            "properties": {
                "vehicle": {"type": "string", "title": "Vehicle", "x-type": "text", "x-weight": 2},
                "work": {"type": "string", "title": "Work", "x-type": "choice", "x-ask": "What shall we do?",
                    "enum": ["brakes", "oil_change"], "x-labels": {"brakes": "Brakes"},
                    "x-synonyms": {"brakes": ["pads"]}}
            },
            "required": ["vehicle"],
            "x-workflow": {"initial": "new",
                "states": [{"key": "new", "label": "New", "colour": "slate"}, {"key": "done", "label": "Done", "final": true}],
                "transitions": [{"from": "new", "to": "done"}]}
        })
    }

    /// The problems of the document above with one value replaced.
    fn problems_with(pointer: &str, value: Value) -> String {
        let mut document = visit();
        *document.pointer_mut(pointer).expect("the place is there") = value;
        match read(&document.to_string()) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_document_says_what_it_says() {
        let outline = read(&visit().to_string()).expect("a valid document");
        assert_eq!((outline.key.as_str(), outline.title.as_str()), ("visit", "Visit"));
        let work = &outline.fields[1];
        assert_eq!((work.weight, work.required, work.ask.as_str()), (1, false, "What shall we do?"));
        let labels: Vec<_> = work.choices.iter().map(|choice| choice.label.as_str()).collect();
        assert_eq!(labels, ["Brakes", "oil change"]);
        assert!(outline.fields[0].required);
        assert!(outline.workflow.may_move("new", "done") && !outline.workflow.may_move("done", "new"));
    }

    #[test]
    fn fields_keep_the_order_of_the_document() {
        let text = visit().to_string().replace(
            "\"vehicle\":{",
            "\"zebra\":{\"type\":\"string\",\"title\":\"Z\",\"x-type\":\"text\"},\"vehicle\":{",
        );
        let keys: Vec<_> = read(&text).expect("valid").fields.into_iter().map(|field| field.key).collect();
        assert_eq!(keys, ["zebra", "vehicle", "work"]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let wrong = [
            (
                "/properties/vehicle/x-type",
                json!("txt"),
                "properties.vehicle.x-type: \"txt\" is not a field type",
            ),
            (
                "/properties/vehicle/x-weight",
                json!(-1),
                "properties.vehicle.x-weight: this must be a whole number",
            ),
            (
                "/properties/vehicle/type",
                json!("number"),
                "properties.vehicle.type: a field with x-type text has type string",
            ),
            (
                "/properties/vehicle",
                json!({"type": "string", "title": "V", "x-type": "text", "minimum": 1}),
                "properties.vehicle.minimum: only number",
            ),
            (
                "/properties/vehicle",
                json!({"type": "number", "title": "V", "x-type": "number", "minimum": 1, "maximum": 0}),
                "properties.vehicle.minimum: this is greater",
            ),
            ("/properties/work/enum", json!([]), "properties.work.enum: from 1 to"),
            ("/properties/work/enum", json!(["a", "a"]), "properties.work.enum: a choice is there twice"),
            (
                "/properties/work/x-labels",
                json!({"clutch": "Clutch"}),
                "properties.work.x-labels: \"clutch\" is not one of",
            ),
            ("/required", json!(["colour"]), "required: there is no field \"colour\""),
            ("/x-workflow/initial", json!("open"), "x-workflow.initial: there is no state \"open\""),
            (
                "/x-workflow/transitions/0/to",
                json!("gone"),
                "x-workflow.transitions[0].to: there is no state \"gone\"",
            ),
            (
                "/x-workflow/transitions",
                json!([]),
                "x-workflow.states: no way leads from \"new\" to \"done\"",
            ),
            ("/x-workflow/states/1/key", json!("new"), "x-workflow.states[1]: there are two states \"new\""),
            ("/$id", json!("visit"), "$id: \"visit\" is not concierge:"),
            (
                "/properties/vehicle",
                json!({"titel": "V"}),
                "properties.vehicle: \"titel\" means nothing here",
            ),
            ("/properties", json!([]), "properties: this must be an object"),
        ];
        for (pointer, value, says) in wrong {
            let said = problems_with(pointer, value);
            assert!(said.contains(says), "{pointer}: {said}");
        }
        assert!(read("{").is_err_and(|error| error.to_string().contains("line 1")));
        assert!(read("[]").is_err_and(|error| error.to_string().contains("must be an object")));
    }

    proptest! {
        #[test]
        fn nothing_makes_reading_panic(at in 0_usize..2_000, with in "[\\[\\]{}\",:a0 -]{0,3}") {
            let mut text = visit().to_string();
            let at = at % text.len();
            text.replace_range(at..(at + 1), &with);
            let _ = read(&text);
        }
    }
}
