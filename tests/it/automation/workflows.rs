//! Workflows whose states act by themselves.

use std::time::Duration;

use concierge::base::Role;
use concierge::client::Http;
use concierge::ports::db::Engine;
use serde_json::{Value, json};

use super::runs;
use crate::support::until;
use crate::support::{App, call, manual_clock, ok, on_each_engine, summary};

/// A repair whose states tell, set and move on.
fn repair() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "concierge:a-repair",
        "title": "Repair", "type": "object",
        "properties": {"step": {"type": "string", "title": "Step", "x-type": "text"},
            "price": {"type": "number", "title": "Price", "x-type": "number"}},
        "x-workflow": {"initial": "asked_for",
            "states": [{"key": "asked_for", "label": "Asked for"},
                {"key": "offered", "label": "Offered",
                    "on_enter": [{"label": "offer"}, {"do": "set_field", "field": "step", "value": "offer"},
                        {"do": "notify", "text": "An offer is out."}],
                    "on_leave": [{"unlabel": "offer"}, {"do": "notify", "text": "No longer on offer."}],
                    "after": [{"minutes": 2880, "then": [{"do": "set_status", "status": "lapsed"},
                        {"do": "label", "add": ["too-late"]}]}]},
                {"key": "lapsed", "label": "Lapsed", "final": true}],
            "transitions": [{"from": "asked_for", "to": "offered"},
                {"from": "offered", "to": "lapsed", "by": "owner"}]}
    })
}

async fn rules_of(manager: &Http, schema: &str) -> Vec<Value> {
    let listed: Value = manager.get("/v1/rules").await.expect("listed");
    let all = listed["items"].as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|rule| rule["of_schema"] == schema).collect()
}

fn key_of(rules: &[Value], part: &str) -> String {
    let found = rules.iter().filter_map(|rule| rule["key"].as_str()).find(|key| key.contains(part));
    found.unwrap_or_else(|| panic!("no rule of {part}: {rules:?}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_acts_on_entering_on_leaving_and_after_a_time_also_across_a_restart() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let clock = manual_clock();
        let mut app = App::start(engine, |_, options| options.clock = clock.clone()).await;
        let manager = app.staff(Role::Manager).await;
        ok(&manager, "POST", "/v1/schemas", Some(json!({ "document": repair() }))).await;
        until("the workflow is rules", async || rules_of(&manager, "a-repair").await.len() == 3).await;
        let rules = rules_of(&manager, "a-repair").await;
        let (enter, leave, after) =
            (key_of(&rules, "-enter-"), key_of(&rules, "-leave-"), key_of(&rules, "-after-1-"));
        assert!(rules.iter().any(|rule| {
            rule["text"] == "After 2 days in the status “Offered”: set the status to “Lapsed”; add the label too-late."
        }), "{rules:?}");

        let mut ana = app.customer().await;
        let conversation = ana.says("How much is it to mend my lamp?").await.conversation;
        app.settle().await;
        let own = format!("/v1/conversations/{conversation}");
        let moved = ok(&manager, "POST", &format!("{own}/status"), Some(json!({"status": "offered"}))).await;
        assert_eq!(moved["labels"], json!(["offer"]), "labels go with the move itself");
        until("entering acted", async || runs(&manager, conversation, &enter).await.len() == 1).await;
        let run = runs(&manager, conversation, &enter).await.remove(0);
        let states: Vec<_> =
            run["receipts"].as_array().into_iter().flatten().map(|receipt| &receipt["state"]).collect();
        assert_eq!(states, ["done", "done"], "{run}");
        let moves = ok(&manager, "GET", &format!("{own}/moves"), None).await;
        let due: concierge::base::Timestamp =
            moves["items"][0]["due"].as_str().expect("it says when").parse().expect("a time");
        assert!(due > clock.now() && due <= clock.now().after(Duration::from_secs(2_880 * 60)));

        clock.advance(Duration::from_secs(2_879 * 60));
        app = app.restart_at(&clock).await;
        let manager = app.staff(Role::Manager).await;
        assert_eq!(summary(&manager, conversation).await.status, "offered");
        clock.advance(Duration::from_secs(120));
        until("it moved by itself", async || summary(&manager, conversation).await.status == "lapsed").await;
        until("leaving acted", async || runs(&manager, conversation, &leave).await.len() == 1).await;
        assert_eq!(runs(&manager, conversation, &after).await[0]["receipts"][1]["state"], "done");
        assert_eq!(summary(&manager, conversation).await.labels, ["too-late"], "leaving took its label off");
        // The clock goes on; what was done is done once.
        clock.advance(Duration::from_secs(10 * 24 * 3_600));
        app = app.restart_at(&clock).await;
        let manager = app.staff(Role::Manager).await;
        assert_eq!(runs(&manager, conversation, &after).await.len(), 1);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_state_acts_when_a_conversation_begins_and_leaves_older_ones_alone() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let clock = manual_clock();
        let app = App::start(engine, |_, options| options.clock = clock.clone()).await;
        let manager = app.staff(Role::Manager).await;
        // Both begin in the first state of the schema that is active now; only one is young when it acts.
        let listed = ok(&manager, "GET", "/v1/schemas", None).await;
        let key = listed["items"][0]["key"].as_str().expect("a schema").to_owned();
        let mut old = app.customer().await;
        let before = old.says("I was here before.").await.conversation;
        app.settle().await;
        clock.advance(Duration::from_secs(3_600));
        let shown = ok(&manager, "GET", &format!("/v1/schemas/{key}"), None).await;
        let mut next = shown["document"].clone();
        let initial = next["x-workflow"]["initial"].clone();
        let states = next["x-workflow"]["states"].as_array_mut().expect("states");
        let first = states.iter_mut().find(|state| state["key"] == initial).expect("there");
        first["on_enter"] = json!([{"label": "fresh"}, {"do": "notify", "text": "Somebody is new."}]);
        let body = json!({"base_version": shown["version"], "document": next});
        ok(&manager, "PUT", &format!("/v1/schemas/{key}"), Some(body)).await;
        until("the workflow is rules", async || {
            rules_of(&manager, &key).await.iter().any(|rule| rule["on"] == "elapsed")
        })
        .await;
        let rules = rules_of(&manager, &key).await;
        let enter = key_of(&rules, "-enter-");
        let text = rules.iter().find(|rule| rule["key"] == enter.as_str()).map(|rule| rule["text"].clone());
        assert!(text.is_some_and(|text| {
            text.as_str().is_some_and(|text| text.starts_with("As soon as it is in the status"))
        }));
        let mut ana = app.customer().await;
        let conversation = ana.says("How much is it to mend my lamp?").await.conversation;
        until("beginning acted", async || {
            summary(&manager, conversation).await.labels.contains(&"fresh".to_owned())
        })
        .await;
        let run = runs(&manager, conversation, &enter).await.remove(0);
        assert_eq!((&run["matched"], &run["receipts"][1]["state"]), (&json!(true), &json!("done")));
        until("the older one was looked at", async || runs(&manager, before, &enter).await.len() == 1).await;
        assert_eq!(runs(&manager, before, &enter).await[0]["matched"], false);
        clock.advance(Duration::from_secs(3_600));
        app.settle().await;
        assert_eq!(runs(&manager, conversation, &enter).await.len(), 1, "once");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_of_a_workflow_follow_its_schema_and_are_changed_there_only() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        ok(&manager, "POST", "/v1/schemas", Some(json!({ "document": repair() }))).await;
        until("the workflow is rules", async || rules_of(&manager, "a-repair").await.len() == 3).await;
        let first = rules_of(&manager, "a-repair").await;
        let path = format!("/v1/rules/{}", first[0]["id"].as_str().expect("an identifier"));
        let change = json!({"version": 1, "document": {}});
        for (method, body) in [("PUT", Some(change)), ("DELETE", None)] {
            let refused = call(&manager, method, &path, body).await;
            assert_eq!(refused.problem(), (409, "conflict".to_owned()));
            assert!(refused.text.contains("belongs to the workflow of the schema"), "{}", refused.text);
        }
        ok(&manager, "PATCH", &path, Some(json!({"enabled": false}))).await;

        let mut next = repair();
        next["x-workflow"]["states"][1]["after"][0]["minutes"] = json!(60);
        if let Some(state) = next["x-workflow"]["states"][1].as_object_mut() {
            state.remove("on_leave");
        }
        let body = json!({"base_version": 1, "document": next});
        ok(&manager, "PUT", "/v1/schemas/a-repair", Some(body)).await;
        until("the rules follow", async || rules_of(&manager, "a-repair").await.len() == 2).await;
        let second = rules_of(&manager, "a-repair").await;
        let timer = second.iter().find(|rule| rule["on"] == "elapsed").expect("there");
        assert_eq!((&timer["version"], &timer["after"]["minutes"]), (&json!(2), &json!(60)));
        let kept = second.iter().find(|rule| rule["id"] == first[0]["id"]);
        assert!(kept.is_none_or(|rule| rule["enabled"] == false), "what a person switched off stays off");
        assert_eq!(call(&manager, "DELETE", "/v1/schemas/a-repair", None).await.status, 204);
        until("they go with the schema", async || rules_of(&manager, "a-repair").await.is_empty()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_state_cannot_do_is_refused_with_its_place() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let wrong = [
            ("on_enter", json!([{"do": "fly"}]), "x-workflow.states[1].on_enter[0]", "unknown variant"),
            (
                "on_enter",
                json!([{"do": "set_field", "field": "colour", "value": "red"}]),
                "x-workflow.states[1].on_enter[0].field",
                "no active schema has a field",
            ),
            (
                "on_leave",
                json!([{"do": "set_status", "status": "lapsed"}]),
                "x-workflow.states[1].on_leave[0]",
                "on its way already",
            ),
            (
                "after",
                json!([{"minutes": 0, "then": [{"label": "x"}]}]),
                "x-workflow.states[1].after[0].minutes",
                "a whole number from 1",
            ),
            (
                "after",
                json!([{"minutes": 5, "then": [{"do": "set_status", "status": "asked_for"}]}]),
                "x-workflow.states[1].after[0].then[0]",
                "no transition leads from \"offered\" to \"asked_for\"",
            ),
            (
                "after",
                json!([{"minutes": 5, "clock": "moon", "then": []}]),
                "x-workflow.states[1].after[0].clock",
                "is not one of wall, working",
            ),
        ];
        for (word, value, place, says) in wrong {
            let mut document = repair();
            document["x-workflow"]["states"][1][word] = value;
            let checked =
                ok(&manager, "POST", "/v1/schemas/check", Some(json!({"document": document}))).await;
            let problems = checked["problems"].as_array().cloned().unwrap_or_default();
            let found = problems.iter().any(|one| {
                one["place"] == place && one["problem"].as_str().is_some_and(|problem| problem.contains(says))
            });
            assert!(found, "{place}: {says}: {problems:?}");
            let refused = call(&manager, "POST", "/v1/schemas", Some(json!({"document": document}))).await;
            assert_eq!(refused.problem(), (422, "invalid_value".to_owned()), "{place}");
        }
    })
    .await;
}
