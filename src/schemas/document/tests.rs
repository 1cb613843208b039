//! Documents that are read and refused.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn visit() -> Value {
    json!({
        "$schema": DIALECT, "$id": "concierge:visit", "title": "Visit", "type": "object",
        "properties": {
            "vehicle": {"type": "string", "title": "Vehicle", "x-type": "text", "x-weight": 2},
            "work": {"type": "string", "title": "Work", "x-type": "choice", "x-ask": "What shall we do?",
                "enum": ["brakes", "oil_change"], "x-labels": {"brakes": "Brakes"},
                "x-synonyms": {"brakes": ["pads"]}}
        },
        "required": ["vehicle"],
        "x-workflow": {"initial": "new",
            "states": [{"key": "new", "label": "New", "colour": "slate"}, {"key": "done", "label": "Done", "final": true}],
            "transitions": [{"from": "new", "to": "done"}]}
    })
}

/// The problems of the document above with one value replaced.
fn problems_with(pointer: &str, value: Value) -> String {
    let mut document = visit();
    *document.pointer_mut(pointer).expect("the place is there") = value;
    match read(&document.to_string()) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_document_says_what_it_says() {
    let outline = read(&visit().to_string()).expect("a valid document");
    assert_eq!((outline.key.as_str(), outline.title.as_str()), ("visit", "Visit"));
    let work = &outline.fields[1];
    assert_eq!((work.weight, work.required, work.ask.as_str()), (1, false, "What shall we do?"));
    let labels: Vec<_> = work.choices.iter().map(|choice| choice.label.as_str()).collect();
    assert_eq!(labels, ["Brakes", "oil change"]);
    assert!(outline.fields[0].required);
    assert!(outline.workflow.may_move("new", "done") && !outline.workflow.may_move("done", "new"));
}

#[test]
fn fields_keep_the_order_of_the_document() {
    let text = visit().to_string().replace(
        "\"vehicle\":{",
        "\"zebra\":{\"type\":\"string\",\"title\":\"Z\",\"x-type\":\"text\"},\"vehicle\":{",
    );
    let keys: Vec<_> = read(&text).expect("valid").fields.into_iter().map(|field| field.key).collect();
    assert_eq!(keys, ["zebra", "vehicle", "work"]);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let wrong = [
        (
            "/properties/vehicle/x-type",
            json!("txt"),
            "properties.vehicle.x-type: \"txt\" is not a field type",
        ),
        (
            "/properties/vehicle/x-weight",
            json!(-1),
            "properties.vehicle.x-weight: this must be a whole number",
        ),
        (
            "/properties/vehicle/type",
            json!("number"),
            "properties.vehicle.type: a field with x-type text has type string",
        ),
        (
            "/properties/vehicle",
            json!({"type": "string", "title": "V", "x-type": "text", "minimum": 1}),
            "properties.vehicle.minimum: only number",
        ),
        (
            "/properties/vehicle",
            json!({"type": "number", "title": "V", "x-type": "number", "minimum": 1, "maximum": 0}),
            "properties.vehicle.minimum: this is greater",
        ),
        ("/properties/work/enum", json!([]), "properties.work.enum: from 1 to"),
        ("/properties/work/enum", json!(["a", "a"]), "properties.work.enum: a choice is there twice"),
        (
            "/properties/work/x-labels",
            json!({"clutch": "Clutch"}),
            "properties.work.x-labels: \"clutch\" is not one of",
        ),
        ("/required", json!(["colour"]), "required: there is no field \"colour\""),
        ("/x-workflow/initial", json!("open"), "x-workflow.initial: there is no state \"open\""),
        (
            "/x-workflow/transitions/0/to",
            json!("gone"),
            "x-workflow.transitions[0].to: there is no state \"gone\"",
        ),
        ("/x-workflow/transitions", json!([]), "x-workflow.states: no way leads from \"new\" to \"done\""),
        ("/x-workflow/states/1/key", json!("new"), "x-workflow.states[1]: there are two states \"new\""),
        ("/$id", json!("visit"), "$id: \"visit\" is not concierge:"),
        ("/properties/vehicle", json!({"titel": "V"}), "properties.vehicle: \"titel\" means nothing here"),
        ("/properties", json!([]), "properties: this must be an object"),
    ];
    for (pointer, value, says) in wrong {
        let said = problems_with(pointer, value);
        assert!(said.contains(says), "{pointer}: {said}");
    }
    assert!(read("{").is_err_and(|error| error.to_string().contains("line 1")));
    assert!(read("[]").is_err_and(|error| error.to_string().contains("must be an object")));
}

proptest! {
    #[test]
    fn nothing_makes_reading_panic(at in 0_usize..2_000, with in "[\\[\\]{}\",:a0 -]{0,3}") {
        let mut text = visit().to_string();
        let at = at % text.len();
        text.replace_range(at..(at + 1), &with);
        let _ = read(&text);
    }
}
