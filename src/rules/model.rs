//! What a rule is: when it looks, what it asks, what it wants done.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::base::{ConversationId, RuleId, Timestamp, TurnId};
use crate::protocol::Receipt;
use crate::rules::Explanation;
pub use crate::schemas::Action;

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
        /// The conversation was closed as done, or opened again.
        Resolved = "resolved",
        /// The customer rated how it went.
        Rated = "rated",
        /// What is known of the customer changed.
        ContactChanged = "contact_changed",
        /// Another system called a hook.
        Hook = "hook",
        /// The conversation has been in a state for some time.
        Elapsed = "elapsed",
        /// An hour of the day has come.
        Schedule = "schedule",
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
        /// From one to the other, both included.
        Between = "between",
        /// A text that begins so.
        StartsWith = "starts_with",
        /// A text that fits a regular expression, without regard to case.
        Matches = "matches",
        /// There is a value.
        Known = "known",
        /// There is no value.
        Unknown = "unknown",
    }
}

crate::word_enum! {
    /// By which hours a rule keeps.
    pub enum Hours {
        /// Always.
        Any = "any",
        /// Only while the business is open.
        Working = "working",
        /// Only while it is closed.
        Closed = "closed",
    }
}

crate::word_enum! {
    /// The state whose length counts.
    pub enum Since {
        /// The conversation is in its status.
        Status = "status",
        /// The customer waits for an answer.
        CustomerWaits = "customer_waits",
        /// The business waits for the customer.
        WeWait = "we_wait",
    }
}

crate::word_enum! {
    /// Which minutes count.
    pub enum Pace {
        /// All of them.
        Wall = "wall",
        /// Those in which the business is open.
        Working = "working",
    }
}

/// How long a state must last.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// Which state.
    pub since: Since,
    /// For `status`: only this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// For how many minutes.
    pub minutes: u32,
    /// Which minutes count.
    #[serde(default = "wall")]
    pub clock: Pace,
}

fn wall() -> Pace {
    Pace::Wall
}

/// At which hours a rule looks at every open conversation.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The time of day by the business's own clock, `09:00`.
    pub time: String,
    /// `mon` to `sun`; empty: every day.
    #[serde(default)]
    pub days: Vec<String>,
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
    /// The schema whose workflow it belongs to; it is changed there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of_schema: Option<String>,
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
    /// The hours it keeps.
    pub hours: Hours,
    /// For `elapsed`: how long which state must last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Wait>,
    /// For `schedule`: when it looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Schedule>,
    /// What must hold.
    pub when: Condition,
    /// What is to be done then, in this order.
    pub then: Vec<Action>,
}

impl RuleDocument {
    /// Everything that must hold: the hours it keeps are a condition like any other.
    pub fn condition(&self) -> Condition {
        let open = match self.hours {
            Hours::Any => return self.when.clone(),
            Hours::Working => true,
            Hours::Closed => false,
        };
        let value = Some(Value::Bool(open));
        let hours = Condition::Fact(Comparison { fact: "time.working_hours".to_owned(), op: Op::Is, value });
        match self.when.clone() {
            Condition::All { all } if all.is_empty() => hours,
            when => Condition::All { all: vec![hours, when] },
        }
    }
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

impl Condition {
    /// Whether it asks nothing.
    pub fn is_always(&self) -> bool {
        matches!(self, Condition::All { all } if all.is_empty())
    }

    /// The facts it asks about.
    pub fn facts(&self) -> Vec<&str> {
        match self {
            Condition::All { all: inner } | Condition::Any { any: inner } => {
                inner.iter().flat_map(Condition::facts).collect()
            }
            Condition::Not { not } => not.facts(),
            Condition::Fact(comparison) => vec![&comparison.fact],
        }
    }
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

/// What is known when rules run, by the fact's name. A fact that is absent is unknown.
pub type Facts = BTreeMap<String, FactValue>;

/// The facts `context.…` of known field values; `context::known_values` gives them.
pub fn context_facts(values: BTreeMap<String, Value>) -> Facts {
    let fact =
        |(field, value): (String, Value)| Some((format!("context.{field}"), FactValue::from_value(&value)?));
    values.into_iter().filter_map(fact).collect()
}

/// What is known of one fact.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
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

impl<'de> serde::Deserialize<'de> for FactValue {
    /// By hand, as a dry run reads millions of them.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> serde::de::Visitor<'de> for Any {
            type Value = FactValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a flag, a number, a text or a list of texts")
            }

            fn visit_bool<E>(self, flag: bool) -> Result<FactValue, E> {
                Ok(FactValue::Flag(flag))
            }

            fn visit_f64<E>(self, number: f64) -> Result<FactValue, E> {
                Ok(FactValue::Number(number))
            }

            fn visit_i64<E>(self, number: i64) -> Result<FactValue, E> {
                Ok(FactValue::Number(number as f64))
            }

            fn visit_u64<E>(self, number: u64) -> Result<FactValue, E> {
                Ok(FactValue::Number(number as f64))
            }

            fn visit_str<E>(self, text: &str) -> Result<FactValue, E> {
                Ok(FactValue::Text(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<FactValue, E> {
                Ok(FactValue::Text(text))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<FactValue, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = seq.next_element()? {
                    entries.push(entry);
                }
                Ok(FactValue::List(entries))
            }
        }

        deserializer.deserialize_any(Any)
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
    /// How many of its runs since its last change had an action that failed.
    pub failed: i64,
    /// The rule in words.
    pub text: String,
}

/// One version of a rule.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct RuleVersion {
    /// Its number.
    pub version: i64,
    /// Who made it; empty for the system.
    pub made_by: String,
    /// When.
    pub at: Timestamp,
    /// What it said.
    #[schema(value_type = Object)]
    pub document: Value,
    /// The same in words.
    pub text: String,
}

crate::word_enum! {
    /// What held back a rule whose conditions held.
    pub enum Guard {
        /// The change was its own, or of a chain it was in already.
        Loop = "loop",
        /// The chain of rules that caused each other was too long.
        Depth = "depth",
    }
}

crate::text_column!(Guard);

/// What rules looked at: an event with everything known at that moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Where.
    pub conversation: ConversationId,
    /// The entry.
    pub seq: i64,
    /// What it was.
    pub trigger: Trigger,
    /// What was known.
    pub facts: Facts,
    /// When.
    pub at: Timestamp,
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
    /// What held it back although its conditions held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_by: Option<Guard>,
    /// Every condition with what was really there.
    pub tree: Explanation,
    /// What became of its actions.
    pub receipts: Vec<Receipt>,
    /// When.
    pub at: Timestamp,
}
