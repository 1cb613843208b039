//! The grammar of rules and filters as a JSON Schema (`schemas/rule.json`).

use serde_json::{Value, json};

use crate::base::Role;
use crate::rules::document::MAX_DEPTH;
use crate::rules::model::{Hours, Op, Pace, Since, Trigger};
use crate::rules::vocabulary::FACTS;
use crate::schemas::MAX_TEXT;

/// The document. `#/$defs/filter` is the grammar of conditions, for whatever else filters conversations.
pub fn grammar() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://concierge.example/schemas/rule.json",
        "title": "Concierge rule",
        "description": "A rule has a trigger, a tree of conditions and actions in order.",
        "type": "object",
        "additionalProperties": false,
        "required": ["key", "name", "on", "then"],
        "properties": {
            "key": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,63}$", "description": "Names the rule across its versions."},
            "name": {"$ref": "#/$defs/text"},
            "on": {"enum": words(Trigger::ALL), "description": "What makes the rule look."},
            "priority": {"type": "integer", "default": 100, "description": "The lowest number runs first."},
            "stop": {"type": "boolean", "default": false, "description": "Whether the rules after it are skipped when it matches."},
            "enabled": {"type": "boolean", "default": true, "description": "Whether it runs from the moment it is first installed."},
            "hours": {"enum": words(Hours::ALL), "default": "any"},
            "after": {
                "type": "object",
                "description": "For `elapsed`: how long which state must last.",
                "additionalProperties": false,
                "required": ["since", "minutes"],
                "properties": {
                    "since": {"enum": words(Since::ALL)},
                    "status": {"type": "string"},
                    "minutes": {"type": "integer", "minimum": 1},
                    "clock": {"enum": words(Pace::ALL), "default": "wall"},
                },
            },
            "at": {
                "type": "object",
                "description": "For `schedule`: when the rule looks at every open conversation.",
                "additionalProperties": false,
                "required": ["time"],
                "properties": {
                    "time": {"type": "string", "pattern": "^\\d\\d:\\d\\d$"},
                    "days": {"type": "array", "items": {"enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}},
                },
            },
            "when": {"$ref": "#/$defs/filter"},
            "then": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/action"}},
        },
        "$defs": {
            "text": {"type": "string", "minLength": 1, "maxLength": MAX_TEXT},
            "role": {"enum": words(&Role::ALL[1..])},
            "filter": {
                "description": format!("A tree of conditions, at most {MAX_DEPTH} deep."),
                "oneOf": [
                    group("all"),
                    group("any"),
                    {"type": "object", "additionalProperties": false, "required": ["not"], "properties": {"not": {"$ref": "#/$defs/filter"}}},
                    {"$ref": "#/$defs/comparison"},
                ],
            },
            "comparison": {
                "type": "object",
                "additionalProperties": false,
                "required": ["fact", "op"],
                "properties": {
                    "fact": {"anyOf": [{"enum": FACTS.iter().map(|(name, ..)| *name).collect::<Vec<_>>()}, {"type": "string", "pattern": "^(context|hook)\\."}]},
                    "op": {"enum": words(Op::ALL)},
                    "value": {"description": "With what; a list for in, not_in, contains_any and between; absent for known and unknown."},
                },
            },
            "action": {"oneOf": actions()},
        },
    })
}

/// The grammar of filters alone, as views, searches and segments have them (`schemas/filter.json`).
pub fn filter_grammar() -> Value {
    let whole = grammar();
    let defs = &whole["$defs"];
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://concierge.example/schemas/filter.json",
        "title": "Concierge filter",
        "description": "What conversations a view or a search shows: the conditions of rules, over what lasts.",
        "$ref": "#/$defs/filter",
        "$defs": {"filter": defs["filter"], "comparison": defs["comparison"]},
    })
}

/// The grammar of sequences (`schemas/sequence.json`): their actions are those of rules.
pub fn sequence_grammar() -> Value {
    let whole = grammar();
    let defs = &whole["$defs"];
    let mut minutes = json!({"type": "integer", "minimum": 0, "maximum": 527_040});
    minutes["description"] = json!("After the step before, or after the beginning.");
    let stops = json!({"type": "boolean", "default": true});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://concierge.example/schemas/sequence.json",
        "title": "Concierge sequence",
        "description": "Steps that follow each other in time, each a wait and then the actions of rules.",
        "type": "object",
        "additionalProperties": false,
        "required": ["key", "name", "steps"],
        "properties": {
            "key": whole["properties"]["key"],
            "name": {"$ref": "#/$defs/text"},
            "enabled": {"type": "boolean", "default": true, "description": "Whether it can be started from the moment it is made."},
            "stop_when": {
                "type": "object",
                "description": "What stops it before its end; closing the conversation always does.",
                "additionalProperties": false,
                "properties": {"answered": stops, "taken_over": stops},
            },
            "steps": {"type": "array", "minItems": 1, "maxItems": 30, "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["minutes", "then"],
                "properties": {
                    "minutes": minutes,
                    "clock": {"enum": words(Pace::ALL), "default": "wall"},
                    "then": {"type": "array", "minItems": 1, "maxItems": 20, "items": {"$ref": "#/$defs/action"}},
                },
            }},
        },
        "$defs": {"text": defs["text"], "role": defs["role"], "action": defs["action"]},
    })
}

fn words<T: std::fmt::Display>(all: &[T]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

fn group(head: &str) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": [head],
        "properties": {head: {"type": "array", "items": {"$ref": "#/$defs/filter"}}},
    })
}

fn actions() -> Vec<Value> {
    let text = || json!({"$ref": "#/$defs/text"});
    let role = || json!({"$ref": "#/$defs/role"});
    let texts = || json!({"type": "array", "items": {"$ref": "#/$defs/text"}});
    let action = |word: &str, required: &[&str], properties: Value| {
        let mut all = json!({"do": {"const": word}});
        if let (Some(all), Value::Object(more)) = (all.as_object_mut(), properties) {
            all.extend(more);
        }
        let required: Vec<&str> = std::iter::once("do").chain(required.iter().copied()).collect();
        json!({"type": "object", "additionalProperties": false, "required": required, "properties": all})
    };
    vec![
        action(
            "require_approval",
            &["because"],
            json!({"role": role(), "people": {"type": "integer", "minimum": 1, "maximum": 3}, "because": text()}),
        ),
        action("set_status", &["status"], json!({"status": text()})),
        action("label", &[], json!({"add": texts(), "remove": texts()})),
        action("assign", &["role"], json!({"role": role()})),
        action("notify", &["text"], json!({"text": text()})),
        action("set_field", &["field", "value"], json!({"field": text(), "value": {}})),
        action("draft", &["text"], json!({"text": text()})),
        action("webhook", &["url"], json!({"url": {"type": "string", "format": "uri"}})),
        action("hand_over", &["because"], json!({"because": text()})),
        action("start_sequence", &["sequence"], json!({"sequence": text()})),
        action("stop_sequence", &["sequence"], json!({"sequence": text()})),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_knows_every_action() {
        // serde names the actions it knows when it is given another one.
        let error = serde_json::from_value::<crate::rules::Action>(json!({"do": "?"})).expect_err("unknown");
        let listed = actions();
        for action in &listed {
            let word = action["properties"]["do"]["const"].as_str().expect("a word");
            assert!(error.to_string().contains(&format!("`{word}`")), "{word}");
        }
        assert_eq!(error.to_string().matches('`').count() / 2, listed.len() + 1, "{error}");
    }
}
