//! What rules may speak of: facts that every workspace has, and the fields of its schemas.

use std::collections::{BTreeMap, BTreeSet};

use crate::hooks::{Hook, ValueKind};
use crate::rules::Op;
use crate::schemas::{Field, FieldType, Schema};
use crate::segments::Segment;
use crate::sequences::Sequence;

crate::word_enum! {
    /// What kind of thing a fact is; decides how it may be compared.
    pub enum FactKind {
        /// Words.
        Text = "text",
        /// A day or time in its ISO form.
        Moment = "moment",
        /// A number.
        Number = "number",
        /// Yes or no.
        Flag = "flag",
        /// Several words.
        List = "list",
    }
}

/// The fact that names the segments a customer is in.
pub(super) const SEGMENTS: &str = "contact.segments";

/// Facts that every workspace has: name, kind, and how people call it.
pub(super) const FACTS: &[(&str, FactKind, &str)] = &[
    ("intent", FactKind::Text, "what the customer wants"),
    ("intent.confidence", FactKind::Number, "how sure that is (0 to 1)"),
    ("message.text", FactKind::Text, "the message"),
    ("message.language", FactKind::Text, "the language of the message"),
    ("message.number", FactKind::Number, "the number of the customer's messages"),
    ("message.files", FactKind::Number, "files in the message"),
    ("message.amount", FactKind::Number, "the largest sum of money in the message"),
    ("contact.name", FactKind::Text, "the customer's name"),
    ("contact.known", FactKind::Flag, "the customer's name is known"),
    ("contact.email", FactKind::Text, "the customer's e-mail address"),
    ("contact.phone", FactKind::Text, "the customer's telephone number"),
    ("contact.locale", FactKind::Text, "the customer's language and region"),
    ("contact.days_known", FactKind::Number, "days since the customer first came"),
    ("contact.days_away", FactKind::Number, "days since the customer was last here"),
    ("contact.conversations", FactKind::Number, "the number of the customer's conversations"),
    (SEGMENTS, FactKind::List, "the segments the customer is in"),
    ("conversation.status", FactKind::Text, "the status"),
    ("conversation.owner", FactKind::Text, "who answers (agent or person)"),
    ("conversation.assigned", FactKind::Flag, "somebody looks after it"),
    ("conversation.labels", FactKind::List, "the labels"),
    ("conversation.channel", FactKind::Text, "the channel"),
    ("conversation.resolved", FactKind::Flag, "the conversation is done"),
    ("conversation.answers", FactKind::Number, "the number of answers"),
    ("conversation.waiting_minutes", FactKind::Number, "minutes the customer has waited"),
    ("conversation.status_minutes", FactKind::Number, "minutes in the status"),
    ("context.completion", FactKind::Number, "how complete the record is (0 to 1)"),
    ("event.field", FactKind::Text, "the field that changed"),
    ("event.from", FactKind::Text, "the value or status before"),
    ("event.to", FactKind::Text, "the value or status after"),
    ("event.decision", FactKind::Text, "what was decided about the draft"),
    ("event.reason", FactKind::Text, "why the draft was rejected"),
    ("event.score", FactKind::Number, "the customer's rating (1 to 5)"),
    ("event.hook", FactKind::Text, "the hook that was called"),
    ("event.change", FactKind::Text, "what happened to the customer (created, identified, changed)"),
    ("event.by", FactKind::Text, "who did it (contact, staff, agent, rule, system)"),
    ("time.working_hours", FactKind::Flag, "the business is open"),
    ("time.weekday", FactKind::Text, "the day of the week"),
    ("time.hour", FactKind::Number, "the hour of the day"),
    ("time.date", FactKind::Moment, "the date"),
    ("retrieval.score", FactKind::Number, "how well the documents answer (0 to 1)"),
    ("steering.score", FactKind::Number, "how much the message tries to steer (0 to 1)"),
];

/// Facts whose values are words of ours.
const WORDS: &[(&str, &[&str])] = &[
    ("conversation.owner", &["agent", "person"]),
    ("conversation.channel", &["web"]),
    ("event.decision", &["approved", "approved_edited", "rejected", "undone", "superseded", "sent"]),
    ("event.reason", &["wrong", "incomplete", "tone", "not_now", "other"]),
    ("event.change", &["created", "identified", "changed"]),
    ("event.by", &["contact", "staff", "agent", "rule", "system"]),
    ("time.weekday", &["mon", "tue", "wed", "thu", "fri", "sat", "sun"]),
];

/// The facts, fields and states that rules of a workspace can speak of.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    pub(super) fields: BTreeMap<String, Field>,
    pub(super) states: BTreeSet<String>,
    state_labels: Vec<(String, String)>,
    /// What calls of hooks bring, and the hooks themselves: key and name.
    values: BTreeMap<String, FactKind>,
    hooks: Vec<(String, String)>,
    /// The sequences and the segments: key and name.
    sequences: Vec<FactOption>,
    segments: Vec<FactOption>,
    /// Whether a sequence may be missing: the states of workflows are checked without them.
    any_sequence: bool,
}

/// A fact as the rule builder shows it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct FactRow {
    /// Its name.
    pub fact: String,
    /// How people call it.
    pub label: String,
    /// What kind of thing it is.
    pub kind: FactKind,
    /// How it may be compared.
    pub ops: Vec<Op>,
    /// What it can be, where that is a list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<FactOption>,
    /// Whether it lasts, so that filters can ask about it and not only rules at the moment of an event.
    pub lasting: bool,
}

/// A value that a fact can have.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct FactOption {
    /// The word that is compared.
    pub value: String,
    /// How people call it.
    pub label: String,
}

impl Vocabulary {
    /// What the workspace's active schemas have.
    pub fn of(schemas: &[Schema]) -> Vocabulary {
        let mut vocabulary = Vocabulary::default();
        for schema in schemas {
            for field in &schema.fields {
                vocabulary.fields.entry(field.key.clone()).or_insert_with(|| field.clone());
                vocabulary.fields.insert(format!("{}.{}", schema.key, field.key), field.clone());
            }
            for state in &schema.workflow.states {
                if vocabulary.states.insert(state.key.clone()) {
                    vocabulary.state_labels.push((state.key.clone(), state.label.clone()));
                }
            }
        }
        vocabulary
    }

    /// With what the calls of these hooks bring.
    pub(super) fn with_hooks(mut self, hooks: &[Hook]) -> Vocabulary {
        for hook in hooks {
            self.hooks.push((hook.key.clone(), hook.name.clone()));
            for value in &hook.mapping.values {
                let kind = match value.kind {
                    ValueKind::Text => FactKind::Text,
                    ValueKind::Number => FactKind::Number,
                    ValueKind::Flag => FactKind::Flag,
                };
                self.values.entry(format!("hook.{}", value.name)).or_insert(kind);
            }
        }
        self
    }

    /// With these sequences.
    pub(super) fn with_sequences(mut self, sequences: &[Sequence]) -> Vocabulary {
        let option =
            |one: &Sequence| FactOption { value: one.document.key.clone(), label: one.document.name.clone() };
        self.sequences = sequences.iter().map(option).collect();
        self
    }

    /// With these segments of contacts.
    pub(super) fn with_segments(mut self, segments: &[Segment]) -> Vocabulary {
        let option = |one: &Segment| FactOption { value: one.key.clone(), label: one.name.clone() };
        self.segments = segments.iter().map(option).collect();
        self
    }

    /// For what was checked where sequences are not known.
    pub(super) fn with_any_sequence(self) -> Vocabulary {
        Vocabulary { any_sequence: true, ..self }
    }

    pub(super) fn has_sequence(&self, key: &str) -> bool {
        self.any_sequence || self.sequences.iter().any(|one| one.value == key)
    }

    pub(super) fn has_segment(&self, key: &str) -> bool {
        self.segments.iter().any(|one| one.value == key)
    }

    /// How people call a sequence.
    pub(super) fn sequence_label<'a>(&'a self, key: &'a str) -> &'a str {
        self.sequences.iter().find(|one| one.value == key).map_or(key, |one| &one.label)
    }

    pub(super) fn kind(&self, fact: &str) -> Option<FactKind> {
        if let Some((_, kind, _)) = FACTS.iter().find(|(name, ..)| *name == fact) {
            return Some(*kind);
        }
        if let Some(kind) = self.values.get(fact) {
            return Some(*kind);
        }
        self.field(fact).map(|field| kind_of(field.kind))
    }

    /// The field behind a fact `context.…`.
    pub(super) fn field(&self, fact: &str) -> Option<&Field> {
        self.fields.get(fact.strip_prefix("context.")?)
    }

    /// How people call a fact.
    pub(super) fn label<'a>(&'a self, fact: &'a str) -> &'a str {
        match FACTS.iter().find(|(name, ..)| *name == fact) {
            Some((_, _, label)) => label,
            None => self.field(fact).map_or(fact, |field| field.label.as_str()),
        }
    }

    /// How people call a value of a fact.
    pub(super) fn value_label<'a>(&'a self, fact: &str, value: &'a str) -> &'a str {
        if matches!(fact, "conversation.status" | "event.from" | "event.to")
            && let Some((_, label)) = self.state_labels.iter().find(|(key, _)| key == value)
        {
            return label;
        }
        if fact == SEGMENTS
            && let Some(segment) = self.segments.iter().find(|one| one.value == value)
        {
            return &segment.label;
        }
        let choices = self.field(fact).map_or(&[][..], |field| &field.choices);
        choices.iter().find(|choice| choice.value == value).map_or(value, |choice| &choice.label)
    }

    /// Everything a rule can ask about, the workspace's own fields last.
    pub fn rows(&self) -> Vec<FactRow> {
        let mut rows: Vec<FactRow> = FACTS
            .iter()
            .map(|(fact, kind, label)| FactRow {
                fact: (*fact).to_owned(),
                label: (*label).to_owned(),
                kind: *kind,
                ops: ops(*kind).to_vec(),
                options: self.options(fact),
                lasting: lasts(fact),
            })
            .collect();
        rows.extend(self.values.iter().map(|(fact, kind)| FactRow {
            fact: fact.clone(),
            label: fact.clone(),
            kind: *kind,
            ops: ops(*kind).to_vec(),
            options: Vec::new(),
            lasting: false,
        }));
        // A field of two schemas is one fact under its own name; the longer names are for the rare case.
        let own = self.fields.iter().filter(|(name, _)| !name.contains('.'));
        rows.extend(own.map(|(name, field)| {
            let kind = kind_of(field.kind);
            FactRow {
                fact: format!("context.{name}"),
                label: field.label.clone(),
                kind,
                ops: ops(kind).to_vec(),
                options: field
                    .choices
                    .iter()
                    .map(|choice| FactOption { value: choice.value.clone(), label: choice.label.clone() })
                    .collect(),
                lasting: true,
            }
        }));
        rows
    }

    fn options(&self, fact: &str) -> Vec<FactOption> {
        if fact == "conversation.status" {
            let states = self.state_labels.iter();
            return states
                .map(|(value, label)| FactOption { value: value.clone(), label: label.clone() })
                .collect();
        }
        if fact == SEGMENTS {
            return self.segments.clone();
        }
        if fact == "event.hook" {
            let hooks = self.hooks.iter();
            return hooks.map(|(key, name)| FactOption { value: key.clone(), label: name.clone() }).collect();
        }
        let words = WORDS.iter().find(|(name, _)| *name == fact).map_or(&[][..], |(_, words)| words);
        words
            .iter()
            .map(|word| FactOption { value: (*word).to_owned(), label: word.replace('_', " ") })
            .collect()
    }

    /// The sequences that a rule can start and stop: key and name.
    pub fn sequences(&self) -> Vec<FactOption> {
        self.sequences.clone()
    }

    /// The fields that a rule can set: key and name.
    pub fn settable(&self) -> Vec<FactOption> {
        let own = self.fields.iter().filter(|(name, _)| !name.contains('.'));
        own.map(|(name, field)| FactOption { value: name.clone(), label: field.label.clone() }).collect()
    }
}

/// Whether a fact can be asked about without an event: the newest message's reading counts, its text is what
/// the search is for.
pub(super) fn lasts(fact: &str) -> bool {
    const OF_MESSAGES: &[&str] = &["message.text", "message.files", "message.amount"];
    const OF_EVENTS: &[&str] = &["event.", "retrieval.", "steering.", "hook."];
    !OF_MESSAGES.contains(&fact) && !OF_EVENTS.iter().any(|prefix| fact.starts_with(prefix))
}

fn kind_of(kind: FieldType) -> FactKind {
    match kind {
        FieldType::Number | FieldType::Currency | FieldType::Percent | FieldType::Rating => FactKind::Number,
        FieldType::Date | FieldType::Time | FieldType::Datetime => FactKind::Moment,
        FieldType::Boolean => FactKind::Flag,
        FieldType::MultiChoice | FieldType::Tags => FactKind::List,
        _ => FactKind::Text,
    }
}

/// How a kind of fact may be compared.
pub(super) const fn ops(kind: FactKind) -> &'static [Op] {
    match kind {
        FactKind::Text => &[
            Op::Is,
            Op::IsNot,
            Op::In,
            Op::NotIn,
            Op::Contains,
            Op::ContainsAny,
            Op::StartsWith,
            Op::Matches,
            Op::Known,
            Op::Unknown,
        ],
        FactKind::Moment | FactKind::Number => &[
            Op::Is,
            Op::IsNot,
            Op::In,
            Op::NotIn,
            Op::Gt,
            Op::Gte,
            Op::Lt,
            Op::Lte,
            Op::Between,
            Op::Known,
            Op::Unknown,
        ],
        FactKind::Flag => &[Op::Is, Op::IsNot, Op::Known, Op::Unknown],
        FactKind::List => &[Op::Contains, Op::ContainsAny, Op::Known, Op::Unknown],
    }
}
