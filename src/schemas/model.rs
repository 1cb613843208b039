//! What a schema, its fields and its workflow are.

use serde_json::value::RawValue;

use crate::base::{SchemaId, Timestamp};
pub use crate::language::fields::{Choice, FieldType};

/// What a business wants to know of a conversation, and the states it goes through.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct Schema {
    /// Its identifier: another one for every version.
    pub id: SchemaId,
    /// The word that names it across versions.
    pub key: String,
    /// Its name.
    #[serde(rename = "name")]
    pub title: String,
    /// Rises by one with every change.
    pub version: i64,
    /// The document as it was written: JSON Schema with annotations.
    #[schema(value_type = Object)]
    pub document: Box<RawValue>,
    /// When this version was installed.
    pub created_at: Timestamp,
    /// The fields in the order of the document.
    #[serde(skip)]
    pub fields: Vec<Field>,
    /// The states.
    #[serde(skip)]
    pub workflow: Workflow,
}

/// What a document says, before it is a version of a schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// The word that names the schema across versions.
    pub key: String,
    /// Its name.
    pub title: String,
    /// The fields in the order of the document.
    pub fields: Vec<Field>,
    /// The states.
    pub workflow: Workflow,
}

/// One thing to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The word that names it.
    pub key: String,
    /// Its name as shown.
    pub label: String,
    /// What it holds.
    pub kind: FieldType,
    /// What it is, for who reads it out of a conversation.
    pub hint: String,
    /// The question that asks for it.
    pub ask: String,
    /// How much it counts for completion; 0: not at all.
    pub weight: u32,
    /// Whether the document requires it.
    pub required: bool,
    /// What can be chosen, for `choice` and `multi_choice`.
    pub choices: Vec<Choice>,
    /// The least number it takes, where the document sets one.
    pub least: Option<f64>,
    /// The greatest number it takes, where the document sets one.
    pub most: Option<f64>,
}

/// The states a conversation goes through.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// The state a conversation begins in.
    pub initial: String,
    /// All states, in the order they are shown.
    pub states: Vec<WorkflowState>,
    /// The moves that are allowed.
    pub transitions: Vec<Transition>,
}

/// One state of a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowState {
    /// The word that is stored.
    pub key: String,
    /// Its name as shown.
    pub label: String,
    /// The name of its colour.
    pub colour: Option<String>,
    /// Whether a conversation in it is done.
    pub is_final: bool,
}

/// A move that is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The state it leaves.
    pub from: String,
    /// The state it enters.
    pub to: String,
}

impl Schema {
    pub(super) fn new(
        id: SchemaId,
        version: i64,
        document: &str,
        outline: Outline,
        now: Timestamp,
    ) -> Schema {
        let Outline { key, title, fields, workflow } = outline;
        let document = RawValue::from_string(document.to_owned()).expect("a document that was read is JSON");
        Schema { id, key, title, version, document, created_at: now, fields, workflow }
    }

    /// Whether another document says the same; white space does not matter.
    pub(super) fn is_same_document(&self, document: &str, outline: &Outline) -> bool {
        let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        self.title == outline.title
            && self.fields == outline.fields
            && self.workflow == outline.workflow
            && parsed(self.document.get()) == parsed(document)
    }

    /// The field with this key.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// How complete a record is, from 0 to 1: the known fields' weights divided by all fields' weights.
    ///
    /// A field counts by `x-weight` (1 unless given, 0 for nice to have). A value that only stands beside
    /// as a proposal is not known. A schema whose fields all weigh nothing is complete.
    pub fn completion(&self, is_known: impl Fn(&Field) -> bool) -> f64 {
        let weigh = |field: &Field| f64::from(field.weight);
        let all: f64 = self.fields.iter().map(weigh).sum();
        let known: f64 = self.fields.iter().filter(|field| is_known(field)).map(weigh).sum();
        if all > 0.0 { known / all } else { 1.0 }
    }
}

impl Workflow {
    /// The state with this key.
    pub fn state(&self, key: &str) -> Option<&WorkflowState> {
        self.states.iter().find(|state| state.key == key)
    }

    /// Whether a conversation may go from one state to another.
    pub fn may_move(&self, from: &str, to: &str) -> bool {
        self.transitions.iter().any(|transition| transition.from == from && transition.to == to)
    }

    /// The states that can be entered from one.
    pub fn next(&self, from: &str) -> Vec<&WorkflowState> {
        self.transitions
            .iter()
            .filter(|transition| transition.from == from)
            .filter_map(|transition| self.state(&transition.to))
            .collect()
    }
}
