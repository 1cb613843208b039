//! Replays of chosen conversations, by published and unsaved agents, and with a changed schema.

use concierge::base::Role;
use serde_json::{Value, json};

use crate::support::{App, call, ok, on_each_engine};

const SCHEMA: &str = include_str!("../../schemas/garage-visit.json");

/// Two customers ask, and nobody answers yet.
async fn past(app: &App) {
    for asks in ["How much is a brake check?", "When are you open on Friday?"] {
        let posted = app.customer().await.says(asks).await;
        app.pending(&app.staff(Role::Staff).await, posted.conversation).await;
    }
    app.settle().await;
}

async fn replay(app: &App, query: &str, change: Value) -> Vec<Value> {
    let manager = app.staff(Role::Manager).await;
    let page = ok(&manager, "POST", &format!("/v1/replay{query}"), Some(json!({ "change": change }))).await;
    page["items"].as_array().expect("items").clone()
}

fn about<'a>(items: &'a [Value], word: &str) -> &'a Value {
    let asks = |item: &&Value| item["asked"].as_str().is_some_and(|asked| asked.contains(word));
    items.iter().find(asks).expect("it is there")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_schema_shows_what_else_would_be_read() {
    on_each_engine(async |app| {
        past(app).await;
        let mut document: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
        let same = replay(app, "", json!({ "schemas": [document] })).await;
        assert!(
            same.iter().all(|item| item["differs"] == json!([])),
            "the same schema is no change: {same:?}"
        );
        document["properties"]["part"] = json!({ "type": "string", "title": "Part", "x-type": "choice",
            "x-hint": "the part it is about", "x-ask": "Which part?", "x-weight": 1,
            "enum": ["brake", "door"], "x-labels": { "brake": "Brake", "door": "Door" } });
        let changed = replay(app, "", json!({ "schemas": [document] })).await;
        let brakes = about(&changed, "brake");
        assert!(brakes["differs"].as_array().is_some_and(|all| all.contains(&json!("fields"))), "{brakes}");
        let has = |side: &str| {
            let fields = brakes[side]["fields"].as_array().cloned().unwrap_or_default();
            fields.contains(&json!(["part", "brake"]))
        };
        assert_eq!((has("before"), has("after")), (false, true), "{brakes}");
        // Nothing of it was installed.
        let manager = app.staff(Role::Manager).await;
        let schemas = ok(&manager, "GET", "/v1/schemas", None).await;
        assert!(!schemas.to_string().contains("the part it is about"), "{schemas}");
        let wrong = json!({ "change": { "schemas": [{ "title": "x" }] } });
        assert_eq!(call(&manager, "POST", "/v1/replay", Some(wrong)).await.status, 422);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_chosen_and_any_agent_is_told_again() {
    on_each_engine(async |app| {
        past(app).await;
        let labelled = replay(app, "?label=brakes", json!({})).await;
        assert_eq!(labelled.len(), 1, "{labelled:?}");
        assert_eq!(replay(app, "?q=Friday", json!({})).await.len(), 1);
        assert_eq!(replay(app, "?view=resolved", json!({})).await.len(), 0);

        // A bundle that is not saved, and a version of before; version 0 is the role as it comes.
        let manager = app.staff(Role::Manager).await;
        let agent = ok(&manager, "GET", "/v1/agent", None).await;
        let mut bundle = agent["bundle"].clone();
        bundle["manner"] = json!("warm-host");
        let of = json!({ "of": { "agent": agent["agent"], "bundle": bundle } });
        let other = replay(app, "", of).await;
        let differs = &about(&other, "Friday")["differs"];
        assert_eq!(differs, &json!(["text"]), "it ends warmly: {other:?}");
        let same = replay(app, "", json!({ "of": { "version": 0 } })).await;
        assert!(same.iter().all(|item| item["differs"] == json!([])), "{same:?}");
        for change in
            [json!({ "of": { "version": 7 } }), json!({ "of": { "version": 0 }, "agent": "restaurant-host" })]
        {
            let refused = call(&manager, "POST", "/v1/replay", Some(json!({ "change": change }))).await;
            assert!(matches!(refused.status, 404 | 422), "{refused:?}");
        }
        let refused = call(&manager, "POST", "/v1/replay?view=nowhere", Some(json!({}))).await;
        assert_eq!(refused.status, 422);
    })
    .await;
}
