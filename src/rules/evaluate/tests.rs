//! Whether trees say what is so.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use serde_json::Value;

use crate::rules::model::Op;

pub(in crate::rules) fn fact(fact: &str, op: Op, value: Value) -> Condition {
    Condition::Fact(Comparison {
        fact: fact.to_owned(),
        op,
        value: Some(value).filter(|value| !value.is_null()),
    })
}

pub(in crate::rules) fn facts() -> Facts {
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

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-cA-C0-9 ’]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(1, 6, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Value::from))
}

pub(in crate::rules) fn any_facts() -> impl Strategy<Value = Facts> {
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
