//! Rules decide by their order, and the index never changes an answer.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::base::{Id, Timestamp};
use crate::rules::evaluate::tests::{any_condition, any_facts, fact, facts};
use crate::rules::model::{Hours, Op, RuleDocument};

fn rule(number: u8, priority: i64, stop: bool, when: Condition) -> Rule {
    let at = Timestamp::from_micros(i64::from(number) * 1_000);
    Rule {
        id: RuleId::from_parts(at, u128::from(number)),
        version: 1,
        enabled: true,
        updated_at: at,
        of_schema: None,
        document: RuleDocument {
            key: format!("rule-{number}"),
            name: format!("Rule {number}"),
            on: Trigger::Message,
            priority,
            stop,
            starts_enabled: true,
            hours: Hours::Any,
            after: None,
            at: None,
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

#[test]
fn only_rules_that_might_match_are_asked() {
    let is = |value: &str| fact("intent", Op::Is, json!(value));
    let amount = |least: i64| fact("context.amount", Op::Gte, json!(least));
    let gone = fact("context.gone", Op::Contains, json!("x"));
    let rules = [
        rule(1, 1, false, Condition::All { all: vec![amount(1), is("booking")] }),
        rule(2, 2, false, Condition::All { all: vec![amount(1), is("quote")] }),
        rule(3, 3, false, Condition::Any { any: vec![is("quote"), is("booking")] }),
        rule(4, 4, false, Condition::Not { not: Box::new(is("quote")) }),
        rule(5, 5, false, gone),
    ];
    let decided = decide(&rules, &facts());
    let asked: Vec<(RuleId, bool)> = decided.runs.iter().map(|run| (run.rule, run.matched)).collect();
    assert_eq!(asked, [(rules[1].id, true), (rules[2].id, true), (rules[3].id, false)]);
    assert_eq!(decided.rules, 5);
}

#[test]
fn hours_are_a_condition_like_any_other() {
    let mut open = rule(1, 1, false, Condition::All { all: Vec::new() });
    open.document.hours = Hours::Working;
    let mut known = facts();
    assert!(decide(std::slice::from_ref(&open), &known).actions.is_empty(), "the hours are not known");
    known.insert("time.working_hours".to_owned(), true.into());
    assert_eq!(decide(std::slice::from_ref(&open), &known).actions.len(), 1);
    open.document.hours = Hours::Closed;
    let tree = decide(std::slice::from_ref(&open), &known).runs;
    assert!(tree.iter().all(|run| !run.matched && !run.tree.met));
}

proptest! {
    #[test]
    fn a_deck_answers_as_the_trees_do(
        conditions in prop::collection::vec(any_condition(), 1..8),
        facts in any_facts(),
    ) {
        let rules: Vec<Rule> = (1..).zip(&conditions)
            .map(|(number, when)| rule(number, i64::from(number), false, when.clone()))
            .collect();
        let decided = decide(&rules, &facts);
        let matched: Vec<RuleId> = decided.runs.iter().filter(|run| run.matched).map(|run| run.rule).collect();
        let met = rules.iter().filter(|rule| evaluate(&rule.document.when, &facts).met);
        prop_assert_eq!(matched, met.map(|rule| rule.id).collect::<Vec<_>>());
        for condition in &conditions {
            prop_assert_eq!(Program::of(condition).holds(&facts), evaluate(condition, &facts).met);
        }
    }
}
