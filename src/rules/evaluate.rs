//! Whether conditions hold, and why.
//!
//! Nothing is cut short: every condition is evaluated, so that the tree answers "why" and "why not" alike.

use std::cmp::Ordering;

use serde_json::Value;

use crate::base::RuleId;
use crate::rules::model::{Action, Comparison, Condition, FactValue, Facts, Op, Rule};

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

/// One rule's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Which rule.
    pub rule: RuleId,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: i64,
    /// Whether its actions are due: its condition held and nothing stopped it.
    pub matched: bool,
    /// The rule before it that matched and stops those after it.
    pub stopped_by: Option<RuleId>,
    /// Why.
    pub tree: Explanation,
}

/// What a set of rules wants.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decided {
    /// Every enabled rule's answer, in the order they ran.
    pub runs: Vec<Run>,
    /// What is to be done, in this order.
    pub actions: Vec<(RuleId, Action)>,
}

/// Runs the enabled rules, the lowest priority number first; equal ones by their key.
pub fn decide(rules: &[Rule], facts: &Facts) -> Decided {
    let mut enabled: Vec<&Rule> = rules.iter().filter(|rule| rule.enabled).collect();
    enabled.sort_by_key(|rule| (rule.document.priority, &rule.document.key));
    let mut decided = Decided::default();
    let mut stopped_by = None;
    for rule in enabled {
        let tree = evaluate(&rule.document.when, facts);
        let matched = tree.met && stopped_by.is_none();
        let name = rule.document.name.clone();
        decided.runs.push(Run { rule: rule.id, name, version: rule.version, matched, stopped_by, tree });
        if matched {
            decided.actions.extend(rule.document.then.iter().map(|action| (rule.id, action.clone())));
            stopped_by = rule.document.stop.then_some(rule.id);
        }
    }
    decided
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
            let met = holds(comparison.op, actual.as_ref(), comparison.value.as_ref());
            Explanation { met, asked: Asked::Fact { comparison: comparison.clone(), actual } }
        }
    }
}

fn holds(op: Op, actual: Option<&FactValue>, expected: Option<&Value>) -> bool {
    let Some(actual) = actual else { return op == Op::Unknown };
    match (op, expected) {
        (Op::Known, _) => true,
        (Op::Unknown, _) | (_, None) => false,
        (Op::Is, Some(expected)) => is_equal(actual, expected),
        (Op::IsNot, Some(expected)) => !is_equal(actual, expected),
        (Op::In, Some(expected)) => options(expected).any(|option| is_equal(actual, option)),
        (Op::NotIn, Some(expected)) => !options(expected).any(|option| is_equal(actual, option)),
        (Op::Contains, Some(expected)) => has_part(actual, expected),
        (Op::ContainsAny, Some(expected)) => options(expected).any(|option| has_part(actual, option)),
        (Op::Gt, Some(expected)) => compare(actual, expected) == Some(Ordering::Greater),
        (Op::Gte, Some(expected)) => {
            matches!(compare(actual, expected), Some(Ordering::Greater | Ordering::Equal))
        }
        (Op::Lt, Some(expected)) => compare(actual, expected) == Some(Ordering::Less),
        (Op::Lte, Some(expected)) => {
            matches!(compare(actual, expected), Some(Ordering::Less | Ordering::Equal))
        }
    }
}

fn options(expected: &Value) -> impl Iterator<Item = &Value> {
    expected.as_array().into_iter().flatten()
}

fn is_equal(actual: &FactValue, expected: &Value) -> bool {
    match (actual, expected) {
        (FactValue::Text(actual), Value::String(expected)) => folded(actual) == folded(expected),
        (FactValue::Flag(actual), Value::Bool(expected)) => actual == expected,
        (FactValue::Number(actual), expected) => Some(*actual) == expected.as_f64(),
        _ => false,
    }
}

fn has_part(actual: &FactValue, expected: &Value) -> bool {
    let Some(part) = expected.as_str().map(folded).filter(|part| !part.is_empty()) else { return false };
    match actual {
        FactValue::Text(text) => folded(text).contains(&part),
        FactValue::List(entries) => entries.iter().any(|entry| folded(entry) == part),
        FactValue::Flag(_) | FactValue::Number(_) => false,
    }
}

/// Numbers by size, and days and times by their ISO text.
fn compare(actual: &FactValue, expected: &Value) -> Option<Ordering> {
    match (actual, expected) {
        (FactValue::Number(actual), expected) => actual.partial_cmp(&expected.as_f64()?),
        (FactValue::Text(actual), Value::String(expected)) => Some(actual.trim().cmp(expected.trim())),
        _ => None,
    }
}

/// A text without case, with plain apostrophes and single spaces: as people mean it.
fn folded(text: &str) -> String {
    let plain = text.to_lowercase().replace(['’', '‘', '`'], "'");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::base::{Id, Timestamp};
    use crate::rules::model::{RuleDocument, Trigger};

    fn fact(fact: &str, op: Op, value: Value) -> Condition {
        Condition::Fact(Comparison {
            fact: fact.to_owned(),
            op,
            value: Some(value).filter(|value| !value.is_null()),
        })
    }

    fn facts() -> Facts {
        Facts::from([
            ("intent".to_owned(), "Quote".into()),
            ("context.amount".to_owned(), 500.0.into()),
            ("context.day".to_owned(), "2026-03-14".into()),
            ("contact.known".to_owned(), true.into()),
            ("conversation.labels".to_owned(), FactValue::List(vec!["VIP".to_owned()])),
            ("message.text".to_owned(), "I can’t  breathe".into()),
        ])
    }

    #[test]
    fn facts_compare_by_their_type() {
        let cases = [
            ("intent", Op::Is, json!("quote"), true),
            ("intent", Op::IsNot, json!("booking"), true),
            ("intent", Op::In, json!(["booking", "quote"]), true),
            ("intent", Op::NotIn, json!(["booking"]), true),
            ("context.amount", Op::Gte, json!(500), true),
            ("context.amount", Op::Gt, json!(500), false),
            ("context.amount", Op::Is, json!("500"), false),
            ("context.day", Op::Lt, json!("2026-04-01"), true),
            ("contact.known", Op::Is, json!(true), true),
            ("conversation.labels", Op::Contains, json!("vip"), true),
            ("conversation.labels", Op::Contains, json!("vi"), false),
            ("message.text", Op::ContainsAny, json!(["hospital", "can't breathe"]), true),
            ("message.text", Op::Contains, json!(""), false),
            ("intent", Op::Known, Value::Null, true),
            ("intent", Op::Unknown, Value::Null, false),
        ];
        for (name, op, value, met) in cases {
            assert_eq!(evaluate(&fact(name, op, value.clone()), &facts()).met, met, "{name} {op} {value}");
        }
    }

    #[test]
    fn nothing_but_unknown_holds_of_an_unknown_fact() {
        for op in Op::ALL {
            let met = evaluate(&fact("context.gone", *op, json!(["x"])), &facts()).met;
            assert_eq!(met, *op == Op::Unknown, "{op}");
        }
    }

    #[test]
    fn a_tree_shows_what_was_really_there() {
        let condition = Condition::All {
            all: vec![fact("intent", Op::Is, json!("quote")), fact("context.gone", Op::Known, Value::Null)],
        };
        let tree = serde_json::to_value(evaluate(&condition, &facts())).expect("a tree is JSON");
        let expected = json!({"met": false, "all": [
            {"met": true, "fact": "intent", "op": "is", "value": "quote", "actual": "Quote"},
            {"met": false, "fact": "context.gone", "op": "known"},
        ]});
        assert_eq!(tree, expected);
    }

    fn rule(number: u8, priority: i64, stop: bool, when: Condition) -> Rule {
        let at = Timestamp::from_micros(i64::from(number) * 1_000);
        Rule {
            id: RuleId::from_parts(at, u128::from(number)),
            version: 1,
            enabled: true,
            updated_at: at,
            document: RuleDocument {
                key: format!("rule-{number}"),
                name: format!("Rule {number}"),
                on: Trigger::Message,
                priority,
                stop,
                starts_enabled: true,
                when,
                then: vec![Action::Notify { text: format!("from {number}") }],
            },
        }
    }

    #[test]
    fn rules_run_by_priority_and_stop_those_after_them() {
        let yes = || fact("intent", Op::Known, Value::Null);
        let no = || fact("intent", Op::Unknown, Value::Null);
        let mut off = rule(4, 0, true, yes());
        off.enabled = false;
        let rules = [rule(1, 30, false, yes()), rule(2, 20, true, yes()), rule(3, 10, true, no()), off];
        let decided = decide(&rules, &facts());
        let ran: Vec<_> = decided.runs.iter().map(|run| (run.rule, run.matched, run.stopped_by)).collect();
        let expected =
            [(rules[2].id, false, None), (rules[1].id, true, None), (rules[0].id, false, Some(rules[1].id))];
        assert_eq!(ran, expected);
        assert_eq!(decided.actions.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [rules[1].id]);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[a-cA-C0-9 ’]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(1, 6, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Value::from))
    }

    fn any_facts() -> impl Strategy<Value = Facts> {
        let value = prop_oneof![
            any::<bool>().prop_map(FactValue::Flag),
            any::<f64>().prop_map(FactValue::Number),
            "[a-cA-C0-9 ’]{0,3}".prop_map(FactValue::Text),
            prop::collection::vec("[a-c]{0,2}", 0..3).prop_map(FactValue::List),
        ];
        prop::collection::btree_map("[x-z]", value, 0..3)
    }

    pub(in crate::rules) fn any_condition() -> impl Strategy<Value = Condition> {
        let leaf = ("[x-z]", prop::sample::select(Op::ALL), any_value())
            .prop_map(|(name, op, value)| fact(&name, op, value));
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|all| Condition::All { all }),
                prop::collection::vec(inner.clone(), 0..4).prop_map(|any| Condition::Any { any }),
                inner.prop_map(|not| Condition::Not { not: Box::new(not) }),
            ]
        })
    }

    fn not(condition: Condition) -> Condition {
        Condition::Not { not: Box::new(condition) }
    }

    proptest! {
        #[test]
        fn de_morgan_holds(inner in prop::collection::vec(any_condition(), 0..4), facts in any_facts()) {
            let none: Vec<Condition> = inner.iter().cloned().map(not).collect();
            let met = |condition: Condition| evaluate(&condition, &facts).met;
            prop_assert_eq!(
                met(not(Condition::All { all: inner.clone() })),
                met(Condition::Any { any: none.clone() })
            );
            prop_assert_eq!(met(not(Condition::Any { any: inner })), met(Condition::All { all: none }));
        }

        #[test]
        fn a_tree_survives_the_store(condition in any_condition(), facts in any_facts()) {
            let tree = evaluate(&condition, &facts);
            let text = serde_json::to_string(&tree).expect("a tree is JSON");
            let read: Explanation = serde_json::from_str(&text).expect("a tree reads back");
            prop_assert_eq!(serde_json::to_string(&read).expect("a tree is JSON"), text);
            prop_assert_eq!(read.met, tree.met);
        }

        #[test]
        fn a_known_fact_is_or_is_not(value in any_value(), facts in any_facts()) {
            let met = |op| evaluate(&fact("x", op, value.clone()), &facts).met;
            if facts.contains_key("x") && !value.is_null() {
                prop_assert_ne!(met(Op::Is), met(Op::IsNot));
                prop_assert_ne!(met(Op::In), met(Op::NotIn));
            }
        }
    }
}
