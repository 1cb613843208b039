//! Hooks: what another system calls, once and signed, and what rules make of it.

use std::time::Duration;

use concierge::base::{Role, Timestamp};
use concierge::client::Http;
use concierge::hooks;
use serde_json::{Value, json};

use super::{add, rule, runs};
use crate::support::until;
use crate::support::{App, call, manual_clock, ok, on_each_engine_with, summary};

fn orders() -> Value {
    json!({"key": "orders", "name": "Order system", "mapping": {"email": "/customer/email",
        "values": [{"name": "total", "at": "/order/total", "kind": "number"}, {"name": "state", "at": "/order/state"}],
        "fields": {"vehicle": "/order/vehicle"}}})
}

/// A call, as the other system sends it.
struct Call<'a> {
    id: &'a str,
    secret: &'a str,
    at: Timestamp,
    body: Value,
}

async fn send(app: &App, hook: &str, call: Call<'_>) -> (u16, Value) {
    let body = call.body.to_string();
    let answer = reqwest::Client::new()
        .post(format!("{}/v1/hooks/{hook}/events", app.url()))
        .header(hooks::ID, call.id)
        .header(hooks::TIMESTAMP, (call.at.as_micros() / 1_000_000).to_string())
        .header(hooks::SIGNATURE, hooks::sign(call.secret, call.id, call.at, body.as_bytes()))
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .expect("an answer");
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

async fn made(manager: &Http) -> (String, String) {
    let hook = ok(manager, "POST", "/v1/hooks", Some(orders())).await;
    let text = |word: &str| hook[word].as_str().expect("a text").to_owned();
    (text("id"), text("secret"))
}

fn order(email: &str, total: u32) -> Value {
    json!({"customer": {"email": email}, "order": {"total": total, "state": "shipped", "vehicle": "Ford Focus"}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_call_is_an_event_for_rules_once() {
    let clock = manual_clock();
    let settings = |_: &mut concierge::config::Config, options: &mut concierge::app::Options| {
        options.clock = clock.clone();
    };
    on_each_engine_with(settings, async |app| {
        let manager = app.staff(Role::Manager).await;
        let (hook, secret) = made(&manager).await;
        let listed: Value = manager.get("/v1/hooks").await.expect("listed");
        assert!(listed["items"][0].get("secret").is_none(), "a secret is shown once");
        let unknown = rule(
            "x",
            "hook",
            json!({"fact": "hook.weight", "op": "gt", "value": 1}),
            json!([{"do": "notify", "text": "x"}]),
        );
        let refused = call(&manager, "POST", "/v1/rules", Some(unknown)).await;
        assert!(refused.text.contains("when.fact: there is no fact"), "{}", refused.text);
        let when = json!({"all": [{"fact": "event.hook", "op": "is", "value": "orders"},
            {"fact": "hook.total", "op": "gt", "value": 200}]});
        add(&manager, rule("dear-order", "hook", when, json!([{"do": "label", "add": ["dear"]}]))).await;

        let mut ana = app.customer().await;
        let conversation = ana.says("Where is my order?").await.conversation;
        app.settle().await;
        let contact = summary(&manager, conversation).await.contact.id;
        ok(&manager, "PATCH", &format!("/v1/contacts/{contact}"), Some(json!({"email": "ana@example.com"})))
            .await;

        let at = clock.now();
        let body = order("Ana@Example.com", 300);
        let first = send(app, &hook, Call { id: "one", secret: &secret, at, body: body.clone() }).await;
        assert_eq!((first.0, &first.1["conversation"]), (200, &json!(conversation)), "{first:?}");
        until("the rule acted", async || summary(&manager, conversation).await.labels == ["dear"]).await;
        let run = runs(&manager, conversation, "dear-order").await.remove(0);
        assert_eq!((&run["seq"], &run["tree"]["all"][1]["actual"]), (&first.1["seq"], &json!(300.0)));
        let context = ok(&manager, "GET", &format!("/v1/conversations/{conversation}/context"), None).await;
        assert!(context.to_string().contains("Ford Focus"), "{context}");
        let again = send(app, &hook, Call { id: "one", secret: &secret, at, body: body.clone() }).await;
        assert_eq!(again, first, "the same call again is the first one");
        let small =
            send(app, &hook, Call { id: "two", secret: &secret, at, body: order("ana@example.com", 5) })
                .await;
        assert_eq!(small.0, 200);
        until("it looked", async || {
            let asked = ok(&manager, "GET", &format!("/v1/conversations/{conversation}/rules"), None).await;
            let items = asked["items"].as_array().cloned().unwrap_or_default();
            items.iter().any(|one| {
                one["key"] == "dear-order" && one["seq"] == small.1["seq"] && one["verdict"] == "unmet"
            })
        })
        .await;
        let nobody =
            send(app, &hook, Call { id: "three", secret: &secret, at, body: order("zoe@example.com", 5) })
                .await;
        assert_eq!(nobody.1["ignored"], "no customer is known by this address");
        let calls = ok(&manager, "GET", &format!("/v1/hooks/{hook}/deliveries"), None).await;
        assert_eq!(calls["items"].as_array().map(Vec::len), Some(3));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_signed_or_old_or_for_nobody_does_nothing() {
    let clock = manual_clock();
    let settings = |_: &mut concierge::config::Config, options: &mut concierge::app::Options| {
        options.clock = clock.clone();
    };
    on_each_engine_with(settings, async |app| {
        let manager = app.staff(Role::Manager).await;
        let (hook, secret) = made(&manager).await;
        let (now, body) = (clock.now(), order("ana@example.com", 1));
        let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let long_ago = now.before(Duration::from_secs(6 * 60));
        let early = now.after(Duration::from_secs(6 * 60));
        for (secret, at) in [(other, now), (secret.as_str(), long_ago), (secret.as_str(), early)] {
            let refused = send(app, &hook, Call { id: "a", secret, at, body: body.clone() }).await;
            assert_eq!((refused.0, &refused.1["code"]), (401, &json!("unauthenticated")), "{refused:?}");
        }
        // A new secret ends the old one.
        let renewed = ok(&manager, "POST", &format!("/v1/hooks/{hook}/secret"), None).await;
        let renewed = renewed["secret"].as_str().expect("a secret").to_owned();
        assert_eq!(
            send(app, &hook, Call { id: "a", secret: &secret, at: now, body: body.clone() }).await.0,
            401
        );
        assert_eq!(
            send(app, &hook, Call { id: "a", secret: &renewed, at: now, body: body.clone() }).await.0,
            200
        );
        ok(&manager, "PATCH", &format!("/v1/hooks/{hook}"), Some(json!({"enabled": false}))).await;
        assert_eq!(
            send(app, &hook, Call { id: "b", secret: &renewed, at: now, body: body.clone() }).await.0,
            404
        );

        let mut wrong = orders();
        wrong["mapping"]["fields"] = json!({"colour": "order"});
        let refused = call(&manager, "POST", "/v1/hooks", Some(wrong)).await;
        assert_eq!(refused.problem(), (422, "invalid_value".to_owned()));
        assert!(refused.text.contains("mapping.fields.colour: no active schema"), "{}", refused.text);
        assert_eq!(
            call(&manager, "POST", "/v1/hooks", Some(orders())).await.problem(),
            (409, "conflict".to_owned())
        );
        let staff = app.staff(Role::Staff).await;
        assert_eq!(call(&staff, "GET", "/v1/hooks", None).await.status, 403);
        assert_eq!(call(&manager, "DELETE", &format!("/v1/hooks/{hook}"), None).await.status, 204);
        assert_eq!(send(app, &hook, Call { id: "c", secret: &renewed, at: now, body }).await.0, 404);
    })
    .await;
}
