//! Whether conditions hold, and why.
//!
//! Nothing is cut short: every condition is evaluated, so that the tree answers "why" and "why not" alike.

use crate::rules::check::{Check, Seen};
use crate::rules::model::{Comparison, Condition, FactValue, Facts};

/// A condition with whether it held and what was really there.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Explanation {
    /// Whether it held.
    pub met: bool,
    /// What was asked.
    #[serde(flatten)]
    pub asked: Asked,
}

/// What a condition asked.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Asked {
    /// All of these.
    All {
        /// Each with its own answer.
        #[schema(no_recursion)]
        all: Vec<Explanation>,
    },
    /// At least one of these.
    Any {
        /// Each with its own answer.
        #[schema(no_recursion)]
        any: Vec<Explanation>,
    },
    /// Not this.
    Not {
        /// With its own answer.
        #[schema(no_recursion)]
        not: Box<Explanation>,
    },
    /// How a fact compares.
    Fact {
        /// What was asked of it.
        #[serde(flatten)]
        comparison: Comparison,
        /// What it was; absent when it was unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        actual: Option<FactValue>,
    },
}

/// Evaluates a condition and everything in it.
pub fn evaluate(condition: &Condition, facts: &Facts) -> Explanation {
    match condition {
        Condition::All { all } => {
            let all: Vec<Explanation> = all.iter().map(|inner| evaluate(inner, facts)).collect();
            Explanation { met: all.iter().all(|inner| inner.met), asked: Asked::All { all } }
        }
        Condition::Any { any } => {
            let any: Vec<Explanation> = any.iter().map(|inner| evaluate(inner, facts)).collect();
            Explanation { met: any.iter().any(|inner| inner.met), asked: Asked::Any { any } }
        }
        Condition::Not { not } => {
            let not = Box::new(evaluate(not, facts));
            Explanation { met: !not.met, asked: Asked::Not { not } }
        }
        Condition::Fact(comparison) => {
            let actual = facts.get(&comparison.fact).cloned();
            let met = Check::of(comparison).passes(actual.as_ref().map(Seen::of).as_ref());
            Explanation { met, asked: Asked::Fact { comparison: comparison.clone(), actual } }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
