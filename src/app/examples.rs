//! Examples of the OpenAPI document. A test sends each of them to a running hub.

use serde_json::{Value, json};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, RefOr};

/// Puts the examples into the document.
pub(super) fn put(document: &mut OpenApi) {
    for (method, path, body) in examples() {
        let item = document.paths.paths.get_mut(path);
        let operation = item.and_then(|item| match method {
            "POST" => item.post.as_mut(),
            "PUT" => item.put.as_mut(),
            _ => item.patch.as_mut(),
        });
        let body_of = |operation: &'_ mut Operation| -> Option<()> {
            let RefOr::T(request) = operation.request_body.as_mut()? else { return None };
            let RefOr::T(content) = request.content.get_mut("application/json")? else { return None };
            content.example = Some(body);
            Some(())
        };
        let put = operation.and_then(body_of);
        debug_assert!(put.is_some(), "{method} {path} takes a body");
    }
}

/// A parcel on its way, as a business describes it.
fn parcel(states: Value) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "concierge:parcel",
        "title": "Parcel", "type": "object",
        "properties": {
            "number": {"type": "string", "title": "Number", "x-type": "text", "pattern": "^P-[0-9]{6}$",
                "x-ask": "What is the number of the parcel?"},
            "weight": {"type": "number", "title": "Weight", "x-type": "number", "minimum": 0},
            "insured": {"type": "boolean", "title": "Insured", "x-type": "boolean",
                "x-show-if": {"field": "weight", "gte": 5}},
        },
        "required": ["number"],
        "x-completion": "known(number) * 0.8 + known(weight) * 0.2",
        "x-workflow": {"initial": "asked", "states": states,
            "transitions": [{"from": "asked", "to": "found", "needs": ["number"]},
                {"from": "found", "to": "delivered", "by": "staff"}]},
    })
}

fn states() -> Value {
    json!([{"key": "asked", "label": "Asked"}, {"key": "found", "label": "Found"},
        {"key": "delivered", "label": "Delivered", "final": true}])
}

/// The same with a state that acts by itself.
fn acting_states() -> Value {
    json!([{"key": "asked", "label": "Asked"},
        {"key": "found", "label": "Found", "on_enter": [{"do": "notify", "text": "The parcel is found."}],
            "after": [{"minutes": 480, "clock": "working", "then": [{"do": "label", "add": ["slow"]}]}]},
        {"key": "delivered", "label": "Delivered", "final": true}])
}

fn refund() -> Value {
    json!({
        "key": "refunds-need-two", "name": "Refunds over 200 need two people", "on": "message",
        "hours": "working",
        "when": {"all": [{"fact": "message.text", "op": "contains", "value": "refund"},
            {"fact": "message.amount", "op": "gt", "value": 200}]},
        "then": [{"do": "require_approval", "people": 2, "because": "More than 200 is to be paid back."}],
    })
}

/// What follows an offer that nobody answers.
fn follow_up() -> Value {
    json!({
        "key": "offer-follow-up", "name": "Follow up on an offer",
        "stop_when": {"answered": true, "taken_over": true},
        "steps": [
            {"minutes": 1440, "clock": "working", "then": [{"do": "draft", "text": "Is our offer still of interest?"}]},
            {"minutes": 4320, "then": [{"do": "label", "add": ["no-answer"]},
                {"do": "notify", "text": "Nobody answered our offer."}]},
        ],
    })
}

/// Customers who come back and can be reached.
fn regulars() -> Value {
    json!({"all": [{"fact": "contact.conversations", "op": "gte", "value": 3},
        {"any": [{"fact": "contact.email", "op": "known"}, {"fact": "contact.phone", "op": "known"}]}]})
}

fn examples() -> Vec<(&'static str, &'static str, Value)> {
    let waits = json!({"all": [{"fact": "conversation.waiting_minutes", "op": "gte", "value": 30},
        {"not": {"fact": "conversation.labels", "op": "contains", "value": "test"}}]});
    let orders = json!({"email": "/customer/email",
        "values": [{"name": "total", "at": "/order/total", "kind": "number"}]});
    vec![
        ("POST", "/v1/schemas", json!({"document": parcel(states())})),
        ("POST", "/v1/schemas/check", json!({"document": parcel(states())})),
        (
            "POST",
            "/v1/schemas/test",
            json!({"document": parcel(states()), "text": "My parcel is P-123456 and weighs 7 kg."}),
        ),
        ("POST", "/v1/schemas/preview", json!({"document": parcel(acting_states()), "conversations": 50})),
        ("PUT", "/v1/schemas/{key}", json!({"base_version": 1, "document": parcel(acting_states())})),
        ("PUT", "/v1/conversations/{id}/context/{field}", json!({"value": "Ford Focus", "locked": true})),
        ("POST", "/v1/conversations/{id}/status", json!({"status": "quoted"})),
        ("POST", "/v1/conversations/search", json!({"view": "open", "when": waits, "limit": 20})),
        ("POST", "/v1/rules", refund()),
        ("POST", "/v1/rules/check", refund()),
        ("POST", "/v1/rules/test", json!({"document": refund(), "days": 30})),
        ("PUT", "/v1/rules/{id}", json!({"version": 1, "document": refund()})),
        ("PATCH", "/v1/rules/{id}", json!({"enabled": false})),
        (
            "POST",
            "/v1/views",
            json!({"name": "Waiting", "shared": true, "filter": {"view": "open", "when": waits}}),
        ),
        ("POST", "/v1/hooks", json!({"key": "orders", "name": "Order system", "mapping": orders})),
        ("PATCH", "/v1/hooks/{id}", json!({"enabled": false})),
        ("POST", "/v1/sequences", follow_up()),
        ("POST", "/v1/sequences/check", follow_up()),
        ("PUT", "/v1/sequences/{id}", json!({"version": 1, "document": follow_up()})),
        ("PATCH", "/v1/sequences/{id}", json!({"enabled": false})),
        ("POST", "/v1/segments", json!({"key": "regulars", "name": "Regular customers", "when": regulars()})),
        (
            "PUT",
            "/v1/segments/{id}",
            json!({"version": 1, "name": "Customers who come back", "when": regulars()}),
        ),
        ("POST", "/v1/contacts/search", json!({"when": regulars(), "limit": 20})),
    ]
}
