//! Replay: what would have happened, without a trace. Z1.

use concierge::base::Role;
use concierge::client::Http;
use serde_json::{Value, json};

use crate::models::with;
use crate::support::{
    App, Demo, ModelDouble, Script, approve, bytes, call, draft, ok, on_each_engine, on_each_engine_with,
    replayed, timeline,
};

/// Two customers ask, and are answered.
async fn past(app: &App) -> Vec<concierge::base::ConversationId> {
    let staff = app.staff(Role::Manager).await;
    let mut desk = app.desk(Role::Staff).await;
    let mut conversations = Vec::new();
    for asks in ["How much is a brake check?", "When are you open on Friday?"] {
        let mut ana = app.customer().await;
        let posted = ana.says(asks).await;
        let written = app.pending(&staff, posted.conversation).await;
        desk.ask(approve(&written)).await.expect("it is approved");
        ana.hears().await;
        conversations.push(posted.conversation);
    }
    app.settle().await;
    conversations
}

async fn replay(caller: &Http, change: Value) -> Vec<Value> {
    let page = ok(caller, "POST", "/v1/replay", Some(json!({ "change": change }))).await;
    page["items"].as_array().expect("items").clone()
}

fn about<'a>(items: &'a [Value], word: &str) -> &'a Value {
    items
        .iter()
        .find(|item| item["asked"].as_str().is_some_and(|asked| asked.contains(word)))
        .expect("it is there")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_replay_is_what_was_recorded_and_leaves_nothing() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let conversations = past(app).await;
        let mut before = Vec::new();
        for conversation in &conversations {
            before.push(timeline(&manager, *conversation).await);
        }
        let first = replay(&manager, json!({})).await;
        assert_eq!(first.len(), 2);
        for item in &first {
            assert_eq!((&item["as_recorded"], &item["differs"]), (&json!(true), &json!([])), "{item}");
            assert!(item.get("after").is_none());
        }
        assert_eq!(about(&first, "brake")["before"]["rules"], json!(["Brakes are labelled"]));
        assert_eq!(about(&first, "brake")["before"]["sources"], json!(["Brakes"]));
        let again = replay(&manager, json!({})).await;
        assert_eq!(Value::from(first).to_string(), Value::from(again).to_string(), "byte for byte");
        for (conversation, before) in conversations.iter().zip(before) {
            assert_eq!(timeline(&manager, *conversation).await, before);
            let turns = ok(&manager, "GET", &format!("/v1/conversations/{conversation}/turns"), None).await;
            assert_eq!(turns.as_array().map(Vec::len), Some(1));
        }
        // Another business has its own past.
        let stranger = app.staff_of("beta", Role::Manager).await;
        assert!(replay(&stranger, json!({})).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_shows_exactly_what_differs() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        past(app).await;
        let rule = |label: &str| {
            json!({
                "key": "brakes-are-labelled", "name": "Brakes are labelled", "on": "message", "priority": 10,
                "stop": false, "enabled": true,
                "when": { "all": [{ "fact": "message.text", "op": "contains", "value": "brake" }] },
                "then": [{ "do": "label", "add": [label] }],
            })
        };
        // A changed rule: one message, and nothing but what the rule does.
        let changed = replay(&manager, json!({ "rules": [rule("safety")] })).await;
        assert_eq!(about(&changed, "brake")["differs"], json!(["rules"]));
        let actions = &about(&changed, "brake")["after"]["actions"];
        assert!(actions[0].as_str().is_some_and(|action| action.contains("safety")), "{actions}");
        assert_eq!(about(&changed, "open")["differs"], json!([]));
        // The same rule again is no change.
        let same = replay(&manager, json!({ "rules": [rule("brakes")] })).await;
        assert!(same.iter().all(|item| item["differs"] == json!([])), "{same:?}");

        // Without a document its question is not answered any more.
        let documents = ok(&manager, "GET", "/v1/knowledge/documents", None).await;
        let listed = documents["items"].as_array().expect("documents");
        let brakes = listed.iter().find(|document| document["title"] == "Brakes").expect("it is there");
        let without = replay(&manager, json!({ "without_documents": [brakes["id"]] })).await;
        let differs = &about(&without, "brake")["differs"];
        assert!(differs.as_array().is_some_and(|all| all.contains(&json!("sources"))), "{differs}");
        assert_eq!(about(&without, "open")["differs"], json!([]));

        // Another agent understands otherwise.
        let other = replay(&manager, json!({ "agent": "restaurant-host" })).await;
        assert!(other.iter().any(|item| item["after"].is_object()), "{other:?}");

        // By intent, and page by page.
        let body = json!({ "intent": "opening_hours" });
        let page = ok(&manager, "POST", "/v1/replay", Some(body)).await;
        assert_eq!((page["items"].as_array().map(Vec::len), &page["conversations"]), (Some(1), &json!(2)));
        let first = ok(&manager, "POST", "/v1/replay?limit=1", Some(json!({}))).await;
        let next = first["next"].as_str().expect("there is more");
        let second =
            ok(&manager, "POST", &format!("/v1/replay?limit=1&cursor={next}"), Some(json!({}))).await;
        assert_ne!(first["items"][0]["conversation"], second["items"][0]["conversation"]);

        // What is wrong is said.
        let colleague = app.staff(Role::Staff).await;
        assert_eq!(call(&colleague, "POST", "/v1/replay", Some(json!({}))).await.status, 403);
        for (path, body) in [
            ("/v1/replay?limit=51", json!({})),
            ("/v1/replay", json!({ "change": { "agent": "nobody" } })),
            ("/v1/replay", json!({ "change": { "unknown": 1 } })),
        ] {
            assert_eq!(call(&manager, "POST", path, Some(body)).await.status, 422, "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_said_is_remembered_and_it_is_not_asked_again() {
    let model =
        ModelDouble::always(Script::Says("A brake check costs £79 [1]. Which day suits you?".to_owned()))
            .await;
    on_each_engine_with(with(&[("local", &model)]), async |app| {
        model.forget();
        let manager = app.staff(Role::Manager).await;
        let mut ana = app.customer().await;
        let posted = ana.says("How much is a brake check?").await;
        let written = app.pending(&manager, posted.conversation).await;
        app.settle().await;
        assert_eq!(draft(&manager, written.id).await.model.as_deref(), Some("local-model"));
        let asked = model.asked().len();

        let unchanged = replay(&manager, json!({})).await;
        assert_eq!(unchanged[0]["as_recorded"], json!(true), "{unchanged:?}");
        assert_eq!(unchanged[0]["before"]["model"], json!("local-model"));
        // Another prompt was never given to the model: the replay says so instead of guessing.
        let changed = replay(&manager, json!({ "instructions": "Answer in one word." })).await;
        let after = &changed[0]["after"];
        assert!(after["fallback"].as_str().is_some_and(|why| why.contains("no model was given")), "{after}");
        let without = replay(&manager, json!({ "without_models": true })).await;
        assert_eq!(without[0]["after"].get("model"), None);
        assert_eq!(model.asked().len(), asked, "nobody was asked");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_the_demo_is_told_the_same_twice() {
    let demo = Demo::start(|_, _| {}).await;
    let first = replayed(&demo.marta, json!({})).await;
    assert!(first.len() >= 20, "{}", first.len());
    assert_eq!(bytes(&first), bytes(&replayed(&demo.marta, json!({})).await));
    // A rule that was not there shows where it would have matched, and nothing else.
    let rule = json!({
        "key": "replayed", "name": "Replayed", "on": "message", "priority": 1, "stop": false, "enabled": true,
        "when": { "all": [{ "fact": "message.text", "op": "contains", "value": "brake" }] },
        "then": [{ "do": "label", "add": ["replayed"] }],
    });
    let changed = replayed(&demo.marta, json!({ "rules": [rule] })).await;
    let mut touched = 0;
    for item in &changed {
        let asks = item["asked"].as_str().unwrap_or_default().to_lowercase().contains("brake");
        assert_eq!(item["differs"], if asks { json!(["rules"]) } else { json!([]) }, "{item}");
        touched += usize::from(asks);
    }
    assert!(touched > 0);
    demo.node.stop().await;
}
