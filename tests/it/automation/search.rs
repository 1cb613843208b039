//! Conversations by the conditions of rules: in lists, in searches and in saved views.

use concierge::base::Role;
use concierge::client::Http;
use reqwest::Method;
use serde_json::{Value, json};

use super::set;
use crate::support::{call, ok, on_each_engine};

async fn found(staff: &Http, body: Value) -> Vec<String> {
    let shown = ok(staff, "POST", "/v1/conversations/search", Some(body)).await;
    let items = shown["items"].as_array().cloned().unwrap_or_default();
    items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_found_by_the_conditions_of_rules() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let (mut ana, mut ben, mut cleo) = (app.customer().await, app.customer().await, app.customer().await);
        let dear = ana.says("How much is a brake check?").await.conversation;
        let cheap = ben.says("How much is a tyre?").await.conversation;
        let none = cleo.says("Good morning!").await.conversation;
        app.settle().await;
        set(&manager, dear, "estimate", json!({"amount": 45_000, "currency": "GBP"})).await;
        set(&manager, cheap, "estimate", json!({"amount": 4_000, "currency": "GBP"})).await;
        let labels = json!({"add": ["Priority"]});
        ok(&manager, "POST", &format!("/v1/conversations/{dear}/labels"), Some(labels)).await;

        let more = json!({"fact": "context.estimate", "op": "gt", "value": 20_000});
        assert_eq!(found(&manager, json!({"when": more})).await, [dear.to_string()]);
        let unknown = json!({"fact": "context.estimate", "op": "unknown"});
        assert_eq!(found(&manager, json!({"when": unknown})).await, [none.to_string()]);
        let either =
            json!({"any": [unknown, {"fact": "conversation.labels", "op": "contains", "value": "priority"}]});
        let mut both = found(&manager, json!({"when": either})).await;
        both.sort();
        let mut expected = [dear.to_string(), none.to_string()];
        expected.sort();
        assert_eq!(both, expected);
        let not =
            json!({"all": [{"not": either}, {"fact": "conversation.status", "op": "is", "value": "new"}]});
        let status = call(&manager, "GET", &format!("/v1/conversations/{cheap}"), None).await.json();
        let wanted: Vec<String> =
            if status["status"] == "new" { vec![cheap.to_string()] } else { Vec::new() };
        assert_eq!(found(&manager, json!({"when": not})).await, wanted);

        // A page goes on where the one before ended, and the list itself knows conditions.
        let always = json!({"all": []});
        let first =
            ok(&manager, "POST", "/v1/conversations/search", Some(json!({"when": always, "limit": 2}))).await;
        let next = json!({"when": always, "limit": 2, "cursor": first["next"]});
        let second = ok(&manager, "POST", "/v1/conversations/search", Some(next)).await;
        assert_eq!(
            (first["items"].as_array().map(Vec::len), second["items"].as_array().map(Vec::len)),
            (Some(2), Some(1))
        );
        assert!(second["next"].is_null());
        let url = reqwest::Url::parse_with_params("http://x/v1/conversations", [("when", more.to_string())])
            .expect("an address");
        let listed: Value = manager
            .get(&format!("/v1/conversations?{}", url.query().unwrap_or_default()))
            .await
            .expect("listed");
        assert_eq!(listed["items"][0]["id"], json!(dear));
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));

        // Another business finds nothing of it.
        let stranger = app.staff_of("beta", Role::Owner).await;
        assert!(found(&stranger, json!({"when": always})).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_view_has_conditions_and_says_them_and_older_ones_still_hold() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let when = json!({"all": [{"fact": "conversation.labels", "op": "contains", "value": "vip"},
            {"fact": "conversation.waiting_minutes", "op": "gte", "value": 30}]});
        let body = json!({"name": "Waiting VIPs", "filter": {"view": "open", "when": when}});
        let made = ok(&staff, "POST", "/v1/views", Some(body)).await;
        assert_eq!(
            made["text"],
            "the labels contains “vip” and minutes the customer has waited is at least 30"
        );
        let listed: Value = staff.get("/v1/views").await.expect("listed");
        assert_eq!(
            (&listed["items"][0]["filter"]["when"], &listed["items"][0]["text"]),
            (&when, &made["text"])
        );
        // A view of before conditions: a label and a status are conditions like others.
        let older = json!({"name": "Old", "filter": {"label": "vip", "status": "new"}});
        let older = ok(&staff, "POST", "/v1/views", Some(older)).await;
        assert_eq!(older["text"], "the labels contains “vip” and the status is “New”");

        let leaf = json!({"fact": "conversation.assigned", "op": "is", "value": true});
        let wrong = [
            (
                json!({"fact": "event.to", "op": "is", "value": "x"}),
                "when.fact: event.to is known only at the moment",
            ),
            (
                json!({"all": [leaf, {"fact": "context.gone", "op": "known"}]}),
                "when.all[1].fact: no active schema has a field",
            ),
            (
                json!({"fact": "conversation.assigned", "op": "gt", "value": 1}),
                "when.op: gt does not go with",
            ),
            (json!({"any": vec![leaf.clone(); 10_000]}), "when.any: there are more than 1000 conditions"),
        ];
        for (when, says) in wrong {
            let view = json!({"name": "Wrong", "filter": {"when": when}});
            for (path, body) in [("/v1/views", view), ("/v1/conversations/search", json!({"when": when}))] {
                let refused = call(&staff, "POST", path, Some(body)).await;
                assert_eq!(refused.problem(), (422, "invalid_value".to_owned()), "{path}: {says}");
                assert!(refused.text.contains(says), "{says}: {}", refused.text);
            }
        }
        let broken = staff.raw(Method::GET, "/v1/conversations?when=%7B", None).await.expect("answered");
        assert_eq!(broken.status(), 422);
    })
    .await;
}
