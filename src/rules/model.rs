//! What a rule is: when it looks, what it asks, what it wants done.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::base::{ConversationId, Role, RuleId, Timestamp, TurnId};
use crate::protocol::Receipt;
use crate::rules::Explanation;

crate::word_enum! {
    /// What makes a rule look.
    pub enum Trigger {
        /// A customer wrote, after it was read and understood.
        Message = "message",
        /// A field of the context changed.
        ContextChanged = "context_changed",
        /// The conversation moved in its workflow.
        StatusChanged = "status_changed",
        /// A draft was decided.
        DraftDecided = "draft_decided",
    }
}

crate::text_column!(Trigger);

crate::word_enum! {
    /// How a fact is compared.
    pub enum Op {
        /// Equal; texts without regard to case.
        Is = "is",
        /// Known and not equal.
        IsNot = "is_not",
        /// Equal to one of several.
        In = "in",
        /// Known and equal to none of several.
        NotIn = "not_in",
        /// A text with this part, or a list with this entry.
        Contains = "contains",
        /// A text with one of these parts, or a list with one of these entries.
        ContainsAny = "contains_any",
        /// Greater or later.
        Gt = "gt",
        /// Greater or later, or equal.
        Gte = "gte",
        /// Less or earlier.
        Lt = "lt",
        /// Less or earlier, or equal.
        Lte = "lte",
        /// There is a value.
        Known = "known",
        /// There is no value.
        Unknown = "unknown",
    }
}

/// A business rule.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Rule {
    /// Its identifier, the same for all versions.
    pub id: RuleId,
    /// Rises by one with every change.
    pub version: i64,
    /// Whether it runs.
    pub enabled: bool,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// What it says.
    #[serde(flatten)]
    pub document: RuleDocument,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct RuleDocument {
    /// The word that names it across versions.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What makes it look.
    pub on: Trigger,
    /// Rules run in the order of their priority, the lowest number first.
    pub priority: i64,
    /// Whether the rules after it are skipped when it matches.
    pub stop: bool,
    /// Whether it runs from the moment it is first installed.
    #[serde(skip)]
    pub starts_enabled: bool,
    /// What must hold.
    pub when: Condition,
    /// What is to be done then, in this order.
    pub then: Vec<Action>,
}

/// What must hold.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Condition {
    /// All of these.
    All {
        /// The conditions.
        #[schema(no_recursion)]
        all: Vec<Condition>,
    },
    /// At least one of these.
    Any {
        /// The conditions.
        #[schema(no_recursion)]
        any: Vec<Condition>,
    },
    /// Not this.
    Not {
        /// The condition.
        #[schema(no_recursion)]
        not: Box<Condition>,
    },
    /// A fact compares so.
    Fact(Comparison),
}

/// How a fact must compare.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Comparison {
    /// The fact's name, such as `intent` or `context.vehicle`.
    pub fact: String,
    /// How it is compared.
    pub op: Op,
    /// With what; absent for `known` and `unknown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub value: Option<Value>,
}

/// What a rule wants done. Rules only decide; the pipeline carries it out and writes a receipt.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// The draft waits for somebody with at least this role.
    RequireApproval {
        /// The least role.
        role: Role,
        /// Why, as staff read it.
        because: String,
    },
    /// The conversation moves in its workflow.
    SetStatus {
        /// The state it enters.
        status: String,
    },
    /// Labels are added and removed.
    Label {
        /// Labels to add.
        #[serde(default)]
        add: Vec<String>,
        /// Labels to remove.
        #[serde(default)]
        remove: Vec<String>,
    },
    /// The conversation is given to somebody with this role.
    Assign {
        /// The least role.
        role: Role,
    },
    /// Staff are told.
    Notify {
        /// What they read.
        text: String,
    },
    /// A field of the context gets a value.
    SetField {
        /// The field's key.
        field: String,
        /// The value.
        #[schema(value_type = Object)]
        value: Value,
    },
    /// A person takes over; the agent is silent.
    HandOver {
        /// Why, as staff read it.
        because: String,
    },
}

impl fmt::Display for Action {
    /// The action as a receipt names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::RequireApproval { role, .. } => write!(f, "require approval by a {role}"),
            Action::SetStatus { status } => write!(f, "set the status to {status}"),
            Action::Label { add, remove } if remove.is_empty() => {
                write!(f, "add the label {}", add.join(", "))
            }
            Action::Label { add, remove } if add.is_empty() => {
                write!(f, "remove the label {}", remove.join(", "))
            }
            Action::Label { add, remove } => {
                write!(f, "add the label {}, remove {}", add.join(", "), remove.join(", "))
            }
            Action::Assign { role } => write!(f, "assign to a {role}"),
            Action::Notify { .. } => f.write_str("notify staff"),
            Action::SetField { field, value } => write!(f, "set {field} to {value}"),
            Action::HandOver { .. } => f.write_str("hand over to a person"),
        }
    }
}

/// What is known when rules run, by the fact's name. A fact that is absent is unknown.
pub type Facts = BTreeMap<String, FactValue>;

/// The facts `context.…` of known field values; `context::known_values` gives them.
pub fn context_facts(values: BTreeMap<String, Value>) -> Facts {
    let fact =
        |(field, value): (String, Value)| Some((format!("context.{field}"), FactValue::from_value(&value)?));
    values.into_iter().filter_map(fact).collect()
}

/// What is known of one fact.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum FactValue {
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A text; days and times in their ISO form, so that they compare as texts.
    Text(String),
    /// Several texts.
    List(Vec<String>),
}

impl FactValue {
    /// A field's value as a fact; an amount of money without its currency. `None` for what is no value.
    pub fn from_value(value: &Value) -> Option<FactValue> {
        match value {
            Value::Null => None,
            Value::Bool(flag) => Some(FactValue::Flag(*flag)),
            Value::Number(number) => number.as_f64().map(FactValue::Number),
            Value::String(text) => Some(FactValue::Text(text.clone())),
            Value::Array(items) => {
                let texts =
                    items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
                Some(FactValue::List(texts.collect()))
            }
            Value::Object(parts) => parts.get("amount").and_then(FactValue::from_value),
        }
    }
}

impl From<&str> for FactValue {
    fn from(text: &str) -> Self {
        FactValue::Text(text.to_owned())
    }
}

impl From<f64> for FactValue {
    fn from(number: f64) -> Self {
        FactValue::Number(number)
    }
}

impl From<bool> for FactValue {
    fn from(flag: bool) -> Self {
        FactValue::Flag(flag)
    }
}

/// What made rules run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// Where.
    pub conversation: ConversationId,
    /// The entry that made them run.
    pub seq: i64,
    /// The turn they ran in, if it was one.
    pub turn: Option<TurnId>,
}

/// A rule as it is listed.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct RuleRow {
    /// The rule.
    #[serde(flatten)]
    pub rule: Rule,
    /// How often it matched in the last 30 days.
    pub fired: i64,
    /// When it last did, within these days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fired_at: Option<Timestamp>,
}

/// One run of a rule, with why it matched or not.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct RunRow {
    /// Which rule.
    pub rule: RuleId,
    /// The word that names it.
    pub key: String,
    /// Its name today.
    pub name: String,
    /// Its version at the time.
    pub version: i64,
    /// The entry that made it run.
    pub seq: i64,
    /// The turn it ran in, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<TurnId>,
    /// Whether its actions were due.
    pub matched: bool,
    /// The rule before it that stopped it, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<RuleId>,
    /// Every condition with what was really there.
    pub tree: Explanation,
    /// What became of its actions.
    pub receipts: Vec<Receipt>,
    /// When.
    pub at: Timestamp,
}
