//! The examples of the OpenAPI document, sent to a running hub.

use concierge::base::Role;
use serde_json::Value;

use crate::support::{call, ok, on_each_engine};

/// What is described by examples: everything that changes something here has one.
const TAGS: &[&str] = &["schemas", "context", "rules", "views", "hooks", "sequences", "segments"];

/// Routes that take no example: their body names what only this hub has, or is signed.
const WITHOUT: &[&str] =
    &["/v1/conversations/{id}/context/{field}/revert", "/v1/hooks/{id}/events", "/v1/views/{id}"];

/// Routes of a conversation's sequences: what they name is made by this test itself.
const OF_RUNS: &str = "/v1/conversations/{id}/sequences";

struct Step {
    method: String,
    path: String,
    body: Option<Value>,
}

/// The operations in the order in which they can be sent: what makes before what reads before what takes away.
fn steps() -> Vec<Step> {
    let document = serde_json::to_value(concierge::app::openapi()).expect("JSON");
    let mut steps = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let ours = operation["tags"].as_array().into_iter().flatten().any(|tag| {
                tag.as_str().is_some_and(|tag| {
                    TAGS.contains(&tag) || (tag == "conversations" && path.ends_with("/search"))
                })
            });
            if !ours || WITHOUT.contains(&path.as_str()) || path.starts_with(OF_RUNS) {
                continue;
            }
            let body = &operation["requestBody"]["content"]["application/json"];
            let example = body.get("example").cloned();
            assert!(body.is_null() || example.is_some(), "{method} {path} takes a body and shows none");
            steps.push(Step { method: method.to_uppercase(), path: path.clone(), body: example });
        }
    }
    let rank = |step: &Step| {
        let makes = step.method == "POST" && !step.path.contains('{');
        match step.method.as_str() {
            _ if makes => 0,
            "PUT" | "POST" => 1,
            "GET" => 2,
            "PATCH" => 3,
            _ => 4,
        }
    };
    // A thing's parts are taken away before the thing.
    let inner = |step: &Step| if step.method == "DELETE" { step.path.len() } else { 0 };
    steps.sort_by(|a, b| {
        rank(a).cmp(&rank(b)).then_with(|| inner(b).cmp(&inner(a))).then_with(|| a.path.cmp(&b.path))
    });
    steps
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_the_document_works_as_it_stands() {
    on_each_engine(async |app| {
        let owner = app.staff(Role::Owner).await;
        let mut ana = app.customer().await;
        let conversation = ana.says("How much is a brake check for my Ford Focus?").await.conversation;
        app.settle().await;
        let mut made = std::collections::BTreeMap::new();
        let steps = steps();
        assert!(steps.len() > 40, "the document has its operations: {}", steps.len());
        for step in steps {
            let kind = step.path.split('/').nth(2).unwrap_or_default().to_owned();
            let id = match kind.as_str() {
                "conversations" => conversation.to_string(),
                other => made.get(other).cloned().unwrap_or_default(),
            };
            let rule = made.get("rules").cloned().unwrap_or_default();
            let path =
                step.path.replace("{id}", &id).replace("{key}", "parcel").replace("{field}", "vehicle");
            let path = path.replace("{rule}", &rule);
            let answer = call(&owner, &step.method, &path, step.body.clone()).await;
            assert!((200..300).contains(&answer.status), "{} {path}: {answer:?}", step.method);
            if step.method == "POST" && answer.status == 201 {
                let id = answer.json()["id"].as_str().map(str::to_owned);
                made.insert(kind, id.unwrap_or_default());
            }
        }
        let left = ok(&owner, "GET", "/v1/rules", None).await;
        assert!(!left.to_string().contains("refunds-need-two"), "what was made is taken away: {left}");
    })
    .await;
}
