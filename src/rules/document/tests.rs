//! What makes a rule right or wrong.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::rules::evaluate::tests::any_condition;
use crate::schemas::Field;

fn field(key: &str, kind: FieldType) -> Field {
    let choices = match kind {
        FieldType::Choice => vec![crate::schemas::Choice {
            value: "high".to_owned(),
            label: "High".to_owned(),
            synonyms: Vec::new(),
        }],
        _ => Vec::new(),
    };
    Field {
        key: key.to_owned(),
        label: key.to_owned(),
        kind,
        hint: String::new(),
        ask: String::new(),
        weight: 1,
        required: false,
        choices,
        least: None,
        most: None,
        terms: crate::schemas::Terms::default(),
    }
}

fn vocabulary() -> Vocabulary {
    let fields = [
        field("urgency", FieldType::Choice),
        field("amount", FieldType::Currency),
        field("day", FieldType::Date),
    ];
    let mut vocabulary = Vocabulary::default();
    vocabulary.fields.extend(fields.into_iter().map(|field| (field.key.clone(), field)));
    vocabulary.states.extend(["new".to_owned(), "quoted".to_owned()]);
    vocabulary
}

fn rule() -> Value {
    json!({"key": "quotes", "name": "Quotes", "on": "message", "priority": 10, "stop": false, "enabled": true,
    "when": {"all": [
        {"fact": "intent", "op": "is", "value": "quote"},
        {"any": [
            {"fact": "context.amount", "op": "gte", "value": 500},
            {"not": {"fact": "contact.known", "op": "is", "value": true}}
        ]}
    ]},
    "then": [
        {"do": "require_approval", "role": "manager", "because": "It is much."},
        {"do": "set_status", "status": "quoted"},
        {"do": "label", "add": ["quote"]},
        {"do": "assign", "role": "manager"},
        {"do": "notify", "text": "Look."},
        {"do": "set_field", "field": "urgency", "value": "high"},
        {"do": "hand_over", "because": "It is delicate."},
        {"do": "webhook", "url": "https://example.com/hook"},
        {"do": "draft", "text": "We are looking into it."}
    ]})
}

fn problems_with(pointer: &str, value: Value) -> String {
    let mut document = rule();
    let (place, key) = pointer.rsplit_once('/').expect("a place");
    match document.pointer_mut(place).expect("the place is there") {
        Value::Array(items) => items[key.parse::<usize>().expect("a number")] = value,
        parent => parent[key] = value,
    }
    check(&document, &vocabulary()).map_or_else(|error| error.to_string(), |_| String::new())
}

#[test]
fn a_rule_says_what_it_says() {
    let read = check(&rule(), &vocabulary()).expect("a valid rule");
    assert_eq!((read.key.as_str(), read.on, read.then.len()), ("quotes", Trigger::Message, 9));
    let written = serde_json::to_value(&read).expect("a rule is JSON");
    assert_eq!((&written["when"], &written["then"][1]), (&rule()["when"], &rule()["then"][1]));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let wrong = [
        ("/when/all/0/fact", json!("intnt"), "when.all[0].fact: there is no fact \"intnt\""),
        ("/when/all/0/op", json!("gte"), "when.all[0].op: gte does not go with intent"),
        ("/when/all/0/op", json!("equals"), "when.all[0].op: \"equals\" is not one of is,"),
        ("/when/all/0/value", json!(5), "when.all[0].value: intent is compared with a text"),
        (
            "/when/all/1/any/0/fact",
            json!("context.sum"),
            "when.all[1].any[0].fact: no active schema has a field \"sum\"",
        ),
        (
            "/when/all/1/any/0/value",
            json!("500"),
            "when.all[1].any[0].value: context.amount is compared with a number",
        ),
        (
            "/when/all/1/any/1",
            json!({"fact": "context.urgency", "op": "is", "value": "hihg"}),
            "\"hihg\" is not one of high",
        ),
        (
            "/when/all/1/any/1",
            json!({"fact": "context.day", "op": "gt", "value": "soon"}),
            "\"soon\" is not a day",
        ),
        ("/when/all/1/any/1", json!({"fact": "intent", "op": "known", "value": 1}), "known takes no value"),
        (
            "/when/all/1/any/1",
            json!({"fact": "intent", "op": "in", "value": []}),
            "must be a list that is not empty",
        ),
        (
            "/when/all/1/any/1",
            json!({"fact": "conversation.status", "op": "is", "value": "gone"}),
            "no workflow has a state",
        ),
        (
            "/when/all/1",
            json!({"any": []}),
            "when.all[1].any: this must be a list with at least one condition",
        ),
        ("/when/all/1", json!({"any": [], "all": []}), "when.all[1]: a condition has exactly one of"),
        (
            "/when/all/0",
            json!({"fact": "intent", "op": "is", "value": "x", "then": 1}),
            "\"then\" means nothing here",
        ),
        ("/then/0/do", json!("explode"), "then[0]: unknown variant `explode`"),
        ("/then/0/role", json!("boss"), "then[0]: unknown variant `boss`"),
        ("/then/1/status", json!("gone"), "then[1].status: no workflow has a state \"gone\""),
        ("/then/5/field", json!("colour"), "then[5].field: no active schema has a field \"colour\""),
        ("/then/5/value", json!("hihg"), "then[5].value: \"hihg\" is not one of high"),
        (
            "/when/all/1/any/1",
            json!({"fact": "message.text", "op": "matches", "value": "(a"}),
            "when.all[1].any[1].value: this is not a regular expression",
        ),
        (
            "/when/all/1/any/1",
            json!({"fact": "message.text", "op": "matches", "value": r"(\w{1,500}){1,500}"}),
            "when.all[1].any[1].value: this regular expression becomes too large",
        ),
        (
            "/when/all/1/any/1",
            json!({"fact": "context.amount", "op": "between", "value": [1]}),
            "this must be a list of two",
        ),
        ("/then/0/people", json!(9), "then[0].people: this must be from 1 to 3"),
        ("/then/7/url", json!("file:///etc/passwd"), "then[7].url: \"file:///etc/passwd\" is not an address"),
        ("/hours", json!("night"), "hours: \"night\" is not one of any, working, closed"),
        (
            "/after",
            json!({"since": "status", "minutes": 1}),
            "after: this goes with \"on\": \"elapsed\" only",
        ),
        ("/at", json!({"time": "09:00"}), "at: this goes with \"on\": \"schedule\" only"),
        ("/then", json!([]), "then: this must be a list with at least one action"),
        ("/on", json!("noon"), "on: \"noon\" is not one of message"),
        ("/key", json!("Quotes!"), "key: \"Quotes!\" is not a name"),
    ];
    for (pointer, value, says) in wrong {
        let said = problems_with(pointer, value);
        assert!(said.contains(says), "{pointer}: {said}");
    }
}

#[test]
fn conditions_may_not_be_too_deep_nor_too_many() {
    let leaf = json!({"fact": "intent", "op": "known"});
    let deep = (0..MAX_DEPTH).fold(leaf.clone(), |inner, _| json!({"not": inner}));
    assert!(problems_with("/when", deep.clone()).contains("nested deeper than 20"));
    assert_eq!(problems_with("/when", deep["not"].clone()), "");
    let many = json!({"any": vec![leaf.clone(); MAX_CONDITIONS]});
    assert_eq!(problems_with("/when", many).matches("more than 1000 conditions").count(), 1);
    assert_eq!(problems_with("/when", json!({"any": vec![leaf; MAX_CONDITIONS - 1]})), "");
}

#[test]
fn a_rule_of_time_says_when() {
    let timed = |on: &str, key: &str, value: Value| {
        let mut document = rule();
        document["on"] = json!(on);
        document[key] = value;
        check(&document, &vocabulary()).map_or_else(|error| error.to_string(), |_| String::new())
    };
    assert_eq!(timed("elapsed", "after", json!({"since": "customer_waits", "minutes": 30})), "");
    let wrong = [
        (json!({"since": "customer_waits", "minutes": 0}), "after.minutes: this must be from 1"),
        (json!({"since": "sleep", "minutes": 1}), "after: unknown variant `sleep`"),
        (json!({"since": "status", "minutes": 1, "status": "gone"}), "after.status: no workflow has a state"),
        (json!({"since": "we_wait", "minutes": 1, "status": "new"}), "after.status: this goes with"),
    ];
    for (value, says) in wrong {
        let said = timed("elapsed", "after", value.clone());
        assert!(said.contains(says), "{value}: {said}");
    }
    assert!(timed("elapsed", "hours", json!("any")).contains("after: a rule of elapsed time says"));
    assert_eq!(timed("schedule", "at", json!({"time": "09:00", "days": ["mon"]})), "");
    assert!(timed("schedule", "at", json!({"time": "25:00"})).contains("at: \"25:00\" is not a time"));
    assert!(timed("schedule", "hours", json!("any")).contains("at: a rule of the clock says"));
}

proptest! {
    #[test]
    fn any_condition_is_read_or_refused(condition in any_condition()) {
        let mut document = rule();
        document["when"] = serde_json::to_value(&condition).expect("a condition is JSON");
        let _ = check(&document, &vocabulary());
        if let Ok(read) = read(&document) {
            prop_assert_eq!(serde_json::to_value(&read.when).expect("a condition is JSON"), document["when"].clone());
        }
    }
}
