//! Documents that are generated from the code are what the code says now.

use serde_json::Value;

use crate::text::{files, read};

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
    is_fresh("filter", &concierge::rules::filter_grammar());
    is_fresh("sequence", &concierge::rules::sequence_grammar());
}

#[test]
fn the_catalogue_of_faults_names_tests_that_exist() {
    let tests = files()
        .into_iter()
        .filter(|file| file.path.starts_with("tests/") || file.path.starts_with("web/e2e/"));
    let code: String = tests.map(|file| file.text).collect();
    let catalogue = read("tests/faults/README.md");
    let rows = catalogue.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    let named: Vec<&str> = rows.flat_map(|row| row.split('`').skip(1).step_by(2)).collect();
    assert!(named.len() > 40, "the table is there");
    for name in named {
        let there = [format!("fn {name}("), format!("test(\"{name}\"")];
        assert!(there.iter().any(|form| code.contains(form)), "there is no test named {name}");
    }
}

#[track_caller]
fn is_fresh(name: &str, now: &Value) {
    let path = format!("schemas/{name}.json");
    let written: Value = serde_json::from_str(&read(&path)).expect("a generated document is JSON");
    assert!(written == *now, "{path} is not what the code says; run `make docs`");
}
