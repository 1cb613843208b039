//! Documents that are generated from the code are what the code says now.

use serde_json::Value;

use crate::text::read;

#[test]
fn the_protocol_schema_is_fresh() {
    is_fresh("protocol", &concierge::app::protocol_schema());
}

#[test]
fn the_asyncapi_document_is_fresh() {
    is_fresh("asyncapi", &concierge::app::asyncapi());
}

#[test]
fn the_openapi_document_is_fresh() {
    is_fresh("openapi", &serde_json::to_value(concierge::app::openapi()).expect("it is JSON"));
}

#[test]
fn the_grammar_of_rules_is_fresh() {
    is_fresh("rule", &concierge::rules::grammar());
}

#[track_caller]
fn is_fresh(name: &str, now: &Value) {
    let path = format!("schemas/{name}.json");
    let written: Value = serde_json::from_str(&read(&path)).expect("a generated document is JSON");
    assert!(written == *now, "{path} is not what the code says; run `make docs`");
}
