//! What a schema, its fields and its workflow are.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::base::{Role, SchemaId, Timestamp};
pub use crate::language::fields::{Choice, FieldType};
use crate::schemas::action::Action;
use crate::schemas::condition::Condition;
use crate::schemas::formula::{Facts, Formula};

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
    /// How completion is computed, where the document says so.
    #[serde(skip)]
    pub completion: Option<Formula>,
    /// How priority is computed, where the document says so.
    #[serde(skip)]
    pub priority: Option<Formula>,
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
    /// How completion is computed, where the document says so.
    pub completion: Option<Formula>,
    /// How priority is computed, where the document says so.
    pub priority: Option<Formula>,
}

/// A version of a schema, without its document.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Version {
    /// Its identifier.
    pub id: SchemaId,
    /// Its number.
    pub version: i64,
    /// Its name then.
    pub name: String,
    /// When it was installed.
    pub created_at: Timestamp,
    /// Since when it no longer counts; absent for the active one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Timestamp>,
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
    /// What else the document asks of it.
    pub terms: Terms,
}

/// What a document asks of a field beyond its type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// The regular expression that its text matches.
    pub pattern: Option<String>,
    /// When it has a meaning at all; always if absent.
    pub show_if: Option<Condition>,
    /// When it is required though the document does not always require it.
    pub require_if: Option<Condition>,
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
    /// What happens when a conversation enters it. Labels are put on and off with the move itself; the rest
    /// is done by rules that `automation` makes of it.
    pub on_enter: Vec<Action>,
    /// What happens when a conversation leaves it.
    pub on_leave: Vec<Action>,
    /// What happens when it stays there.
    pub after: Vec<StateTimer>,
}

/// What happens when a conversation stays in a state.
#[derive(Debug, Clone, PartialEq)]
pub struct StateTimer {
    /// After how many minutes.
    pub minutes: u32,
    /// Whether only the minutes count in which the business is open.
    pub working: bool,
    /// What is done then, in this order.
    pub then: Vec<Action>,
}

/// A move that is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The state it leaves.
    pub from: String,
    /// The state it enters.
    pub to: String,
    /// The least role that a person needs for it; rules are not people.
    pub by: Option<Role>,
    /// The fields that must be known.
    pub needs: Vec<String>,
    /// What must hold.
    pub when: Option<Condition>,
    /// What people are told when it is refused.
    pub says: Option<String>,
}

impl Schema {
    pub(super) fn new(
        id: SchemaId,
        version: i64,
        document: &str,
        outline: Outline,
        now: Timestamp,
    ) -> Schema {
        let Outline { key, title, fields, workflow, completion, priority } = outline;
        let document = RawValue::from_string(document.to_owned()).expect("a document that was read is JSON");
        Schema { id, key, title, version, document, created_at: now, fields, workflow, completion, priority }
    }

    /// Whether another document says the same; white space does not matter.
    pub(super) fn is_same_document(&self, document: &str, outline: &Outline) -> bool {
        let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        self.title == outline.title
            && self.fields == outline.fields
            && self.workflow == outline.workflow
            && (&self.completion, &self.priority) == (&outline.completion, &outline.priority)
            && parsed(self.document.get()) == parsed(document)
    }

    /// The field with this key.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// How complete a record is, from 0 to 1; with what went wrong when the schema's formula failed.
    ///
    /// Without a formula: the known fields' weights divided by all fields' weights. A field counts by
    /// `x-weight` (1 unless given, 0 for nice to have) while it is shown. A value that only stands beside
    /// as a proposal is not known. A schema whose fields all weigh nothing is complete.
    pub fn completion<'a>(&self, known: &'a dyn Fn(&str) -> Option<&'a Value>) -> (f64, Option<String>) {
        let weights = self.weights(known);
        match self.completion.as_ref().map(|formula| formula.value(&Facts { known, weights })) {
            None => (weights, None),
            Some(Ok(share)) => (share.clamp(0.0, 1.0), None),
            Some(Err(problem)) => (weights, Some(format!("x-completion: {problem}"))),
        }
    }

    /// How urgent a record is, from 0 to 100, where the document says how; or what went wrong.
    pub fn priority<'a>(&self, known: &'a dyn Fn(&str) -> Option<&'a Value>) -> Option<Result<f64, String>> {
        let facts = Facts { known, weights: self.weights(known) };
        let value = self.priority.as_ref()?.value(&facts);
        Some(value.map(|value| value.clamp(0.0, 100.0)).map_err(|problem| format!("x-priority: {problem}")))
    }

    fn weights<'a>(&self, known: &'a dyn Fn(&str) -> Option<&'a Value>) -> f64 {
        let shown = || self.fields.iter().filter(|field| self.is_shown(field, known));
        let weigh = |field: &Field| f64::from(field.weight);
        let all: f64 = shown().map(weigh).sum();
        let there: f64 = shown().filter(|field| known(&field.key).is_some()).map(weigh).sum();
        if all > 0.0 { there / all } else { 1.0 }
    }

    /// Whether a field has a meaning for what is known.
    pub fn is_shown<'a>(&self, field: &Field, known: &dyn Fn(&str) -> Option<&'a Value>) -> bool {
        field.terms.show_if.as_ref().is_none_or(|condition| condition.holds(&self.fields, known))
    }

    /// Whether a field is required for what is known.
    pub fn is_required<'a>(&self, field: &Field, known: &dyn Fn(&str) -> Option<&'a Value>) -> bool {
        let now = field.terms.require_if.as_ref();
        let is_needed = field.required || now.is_some_and(|now| now.holds(&self.fields, known));
        is_needed && self.is_shown(field, known)
    }
}

impl Workflow {
    /// The state with this key.
    pub fn state(&self, key: &str) -> Option<&WorkflowState> {
        self.states.iter().find(|state| state.key == key)
    }

    /// Whether a conversation may go from one state to another.
    pub fn may_move(&self, from: &str, to: &str) -> bool {
        self.transition(from, to).is_some()
    }

    /// The move from one state to another, if there is one.
    pub fn transition(&self, from: &str, to: &str) -> Option<&Transition> {
        self.transitions.iter().find(|transition| transition.from == from && transition.to == to)
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
