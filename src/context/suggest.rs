//! What customers write that no field of a schema takes: fields and choices to add, each with how often the
//! past would fill it, counted by reading the past with it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::base::ConversationId;
use crate::context::past::{Material, readings};
use crate::conversations::Happening;
use crate::protocol::Content;
use crate::schemas::{FieldType, Schema, show_value};

/// Fields that are tried: key, name, type, its JSON type, and the question.
const TRIED: &[(&str, &str, FieldType, &str, &str)] = &[
    ("email", "E-mail", FieldType::Email, "string", "Which e-mail address may we write to?"),
    ("phone", "Telephone", FieldType::Phone, "string", "Which number can we call?"),
    ("date", "Date", FieldType::Date, "string", "Which day is it about?"),
    ("time", "Time", FieldType::Time, "string", "At what time?"),
    ("amount", "Amount", FieldType::Currency, "object", "What sum is it about?"),
    ("link", "Link", FieldType::Url, "string", "Is there a page about it?"),
    ("address", "Address", FieldType::Address, "string", "Where is that?"),
    ("duration", "Duration", FieldType::Duration, "string", "For how long?"),
];

/// In how many conversations something must be, and how often a text must be the same to be a choice.
const LEAST: usize = 3;

/// Texts that make a choice, of all that are known; most of them; and examples that are shown.
const COVERED: f64 = 0.7;
const MAX_CHOICES: usize = 12;
const MAX_EXAMPLES: usize = 3;

/// Something to add to a schema.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Suggestion {
    /// The field's key: a new one, or one whose texts are always the same few.
    pub field: String,
    /// What the field would be in the document.
    #[schema(value_type = Object)]
    pub property: Value,
    /// Whether the field is there already and becomes a choice.
    pub becomes_choice: bool,
    /// In how many conversations it would be known.
    pub conversations: usize,
    /// Of all that were read, 0 to 1.
    pub share: f64,
    /// Where it was found, and in which words.
    pub examples: Vec<Seen>,
}

/// Words that were found.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Seen {
    /// In which conversation.
    pub conversation: ConversationId,
    /// The words.
    pub words: String,
}

/// A label that colleagues put on by hand so often that it could be a state of the workflow.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct StateSuggestion {
    /// The state's key.
    pub key: String,
    /// Its name: the label.
    pub label: String,
    /// How many conversations would have been in it.
    pub conversations: usize,
    /// Of all that were read, 0 to 1.
    pub share: f64,
    /// Some of these.
    pub examples: Vec<ConversationId>,
}

/// What the newest conversations suggest.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Suggestions {
    /// How many conversations were read.
    pub conversations: usize,
    /// The share below which nothing is suggested.
    pub least: f64,
    /// Fields and choices, the most frequent first.
    pub items: Vec<Suggestion>,
    /// States of the workflow, the most frequent first.
    pub states: Vec<StateSuggestion>,
}

/// Reads the past for what the schema does not take.
pub(super) fn suggest(
    schema: &Schema,
    material: &Material,
    labelled: &[Happening],
    least: f64,
) -> Suggestions {
    let all = material.past.len();
    let mut items = fields(schema, material);
    items.extend(choices(schema, material));
    items.retain_mut(|one| {
        one.share = if all == 0 { 0.0 } else { one.conversations as f64 / all as f64 };
        one.conversations >= LEAST && one.share >= least
    });
    items.sort_by(|a, b| b.conversations.cmp(&a.conversations).then_with(|| a.field.cmp(&b.field)));
    let mut states = states(schema, material, labelled);
    states.retain(|one| one.conversations >= LEAST && one.share >= least);
    Suggestions { conversations: all, least, items, states }
}

/// Labels that colleagues use like states.
fn states(schema: &Schema, material: &Material, labelled: &[Happening]) -> Vec<StateSuggestion> {
    let read: BTreeSet<ConversationId> = material.past.iter().map(|one| one.id).collect();
    let mut seen: BTreeMap<&str, BTreeSet<ConversationId>> = BTreeMap::new();
    for one in labelled.iter().filter(|one| read.contains(&one.conversation)) {
        let Content::LabelsChanged { added, .. } = &one.content else { continue };
        for label in added {
            seen.entry(label).or_default().insert(one.conversation);
        }
    }
    let is_state = |label: &str, key: &str| {
        let states = &schema.workflow.states;
        states.iter().any(|state| state.key == key || state.label.to_lowercase() == label.to_lowercase())
    };
    let suggestion = |(label, conversations): (&str, BTreeSet<ConversationId>)| {
        let key = key_of(label)?;
        (!is_state(label, &key)).then(|| StateSuggestion {
            key,
            label: capital(label),
            conversations: conversations.len(),
            share: conversations.len() as f64 / read.len().max(1) as f64,
            examples: conversations.into_iter().rev().take(MAX_EXAMPLES).collect(),
        })
    };
    let mut found: Vec<StateSuggestion> = seen.into_iter().filter_map(suggestion).collect();
    found.sort_by(|a, b| b.conversations.cmp(&a.conversations).then_with(|| a.key.cmp(&b.key)));
    found
}

/// A label as the name of a state: in words, with a capital at its beginning.
fn capital(label: &str) -> String {
    let words = label.replace(['-', '_'], " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The key of a state from a label; `None` when nothing of it can be one.
fn key_of(label: &str) -> Option<String> {
    let plain: String = label
        .to_lowercase()
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' })
        .collect();
    let words: Vec<&str> = plain.split('_').filter(|word| !word.is_empty()).collect();
    let key: String = words.join("_").chars().take(40).collect();
    key.starts_with(|first: char| first.is_ascii_lowercase()).then_some(key)
}

fn fields(schema: &Schema, material: &Material) -> Vec<Suggestion> {
    let mut tried: Vec<Suggestion> = Vec::new();
    for (key, title, kind, json_type, ask) in TRIED {
        if schema.fields.iter().any(|field| field.kind == *kind) {
            continue;
        }
        let taken = |key: &str| schema.fields.iter().any(|field| field.key == key);
        let field = if taken(key) { format!("{key}_2") } else { (*key).to_owned() };
        let property = json!({"type": json_type, "title": title, "x-type": kind.as_str(), "x-ask": ask});
        tried.push(Suggestion {
            field,
            property,
            becomes_choice: false,
            conversations: 0,
            share: 0.0,
            examples: Vec::new(),
        });
    }
    let properties: serde_json::Map<String, Value> =
        tried.iter().map(|one| (one.field.clone(), one.property.clone())).collect();
    let document = json!({ "properties": properties }).to_string();
    for (conversation, found) in readings(&document, material) {
        for reading in found {
            let Some(one) = tried.iter_mut().find(|one| one.field == reading.field) else { continue };
            one.conversations += 1;
            if one.examples.len() < MAX_EXAMPLES {
                one.examples.push(Seen { conversation, words: reading.evidence.unwrap_or_default() });
            }
        }
    }
    tried
}

/// Texts of one field that are always the same few.
fn choices(schema: &Schema, material: &Material) -> Vec<Suggestion> {
    let mut found = Vec::new();
    for field in schema.fields.iter().filter(|field| field.kind == FieldType::Text) {
        let mut counts: BTreeMap<String, (String, Vec<ConversationId>)> = BTreeMap::new();
        let mut known = 0;
        for (conversation, states) in &material.stored {
            let Some(value) = states.get(&field.key).and_then(|state| state.value.as_ref()) else { continue };
            let text = show_value(field, value);
            known += 1;
            let (_, seen) = counts.entry(text.to_lowercase()).or_insert_with(|| (text, Vec::new()));
            seen.push(*conversation);
        }
        let mut often: Vec<_> = counts.into_values().filter(|(_, seen)| seen.len() >= LEAST).collect();
        often.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
        let covered: usize = often.iter().map(|(_, seen)| seen.len()).sum();
        let is_choice =
            (2..=MAX_CHOICES).contains(&often.len()) && covered as f64 >= COVERED * f64::from(known);
        if !is_choice {
            continue;
        }
        let words: Vec<&String> = often.iter().map(|(text, _)| text).collect();
        let examples = often
            .iter()
            .take(MAX_EXAMPLES)
            .filter_map(|(text, seen)| Some(Seen { conversation: *seen.first()?, words: text.clone() }));
        found.push(Suggestion {
            field: field.key.clone(),
            property: json!({"type": "string", "title": field.label, "x-type": "choice", "enum": words}),
            becomes_choice: true,
            conversations: covered,
            share: 0.0,
            examples: examples.collect(),
        });
    }
    found
}
