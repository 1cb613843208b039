//! Segments: saved filters of contacts, counted live, and asked about by rules.

use concierge::base::Role;
use concierge::client::Http;
use serde_json::{Value, json};

use crate::automation::{add, rule, runs};
use crate::support::{call, ok, on_each_engine, summary, until};

fn is(fact: &str, value: Value) -> Value {
    json!({"fact": fact, "op": "is", "value": value})
}

fn starts(fact: &str, value: &str) -> Value {
    json!({"fact": fact, "op": "starts_with", "value": value})
}

async fn contact(staff: &Http, name: &str, phone: &str) -> Value {
    ok(staff, "POST", "/v1/contacts", Some(json!({"name": name, "phone": phone}))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_counts_who_is_in_it_now_and_lists_them() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        for number in 0..7 {
            contact(&manager, &format!("Ana {number}"), &format!("+44 20 7946 000{number}")).await;
        }
        let berta = contact(&manager, "Berta", "+49 30 1234567").await;
        let british = json!({"all": [starts("contact.phone", "+44"), starts("contact.name", "ana")]});
        let new = json!({"key": "british", "name": "British", "when": british});
        let made = ok(&manager, "POST", "/v1/segments", Some(new)).await;
        let path = format!("/v1/segments/{}", made["id"].as_str().expect("an identifier"));
        let count = async || ok(&manager, "GET", "/v1/segments", None).await["items"][0].clone();
        let row = count().await;
        assert_eq!((&row["count"], &row["more"]), (&json!(7), &json!(false)));
        assert_eq!(
            row["text"],
            "the customer's telephone number begins with “+44” and the customer's name begins with “ana”"
        );
        // Live: what is changed counts at once.
        let theirs = format!("/v1/contacts/{}", berta["id"].as_str().expect("an identifier"));
        ok(&manager, "PATCH", &theirs, Some(json!({"name": "Ana B.", "phone": "+44 20 7946 0099"}))).await;
        assert_eq!(count().await["count"], 8);

        let first = ok(&manager, "GET", &format!("{path}/contacts?limit=5"), None).await;
        assert_eq!((first["items"].as_array().map(Vec::len), &first["count"]), (Some(5), &json!(8)));
        let next = first["next"].as_str().expect("there are more");
        let rest = ok(&manager, "GET", &format!("{path}/contacts?limit=5&cursor={next}"), None).await;
        assert_eq!((rest["items"].as_array().map(Vec::len), &rest["next"]), (Some(3), &Value::Null));
        let found = ok(
            &manager,
            "POST",
            "/v1/contacts/search",
            Some(json!({"when": is("contact.conversations", json!(0)), "limit": 2})),
        )
        .await;
        assert_eq!((found["items"].as_array().map(Vec::len), &found["count"]), (Some(2), &json!(8)));

        // Two editors: the second learns of both.
        let hers = json!({"version": 1, "name": "Hers", "when": british});
        assert_eq!(ok(&manager, "PUT", &path, Some(hers.clone())).await["version"], 2);
        let his =
            call(&manager, "PUT", &path, Some(json!({"version": 1, "name": "His", "when": british}))).await;
        assert_eq!(his.problem(), (409, "conflict".to_owned()));
        let conflict = &his.json()["conflict"];
        assert_eq!(
            (&conflict["theirs"]["name"], &conflict["yours"]["name"]),
            (&json!("Hers"), &json!("His"))
        );
        let staff = app.staff(Role::Staff).await;
        assert_eq!(call(&staff, "PUT", &path, Some(hers)).await.status, 403);
        ok(&manager, "DELETE", &path, None).await;
        assert_eq!(call(&manager, "GET", &path, None).await.status, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_asks_whether_the_customer_is_in_a_segment_and_says_why_not() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let new = json!({"key": "british", "name": "British", "when": starts("contact.phone", "+44")});
        ok(&manager, "POST", "/v1/segments", Some(new)).await;
        let inside = json!({"fact": "contact.segments", "op": "contains", "value": "british"});
        add(&manager, rule("welcome", "message", inside.clone(), json!([{"do": "label", "add": ["uk"]}])))
            .await;
        let mut ana = app.customer().await;
        let conversation = ana.says("How much is a brake check?").await.conversation;
        app.settle().await;
        let answers = ok(&manager, "GET", &format!("/v1/conversations/{conversation}/rules"), None).await;
        let all = answers["items"].as_array().cloned().unwrap_or_default();
        let asked = all.iter().find(|one| one["key"] == "welcome").expect("there");
        assert_eq!(asked["verdict"], "unmet");
        assert_eq!(
            asked["says"],
            json!([
                "the segments the customer is in contains “British”: does not hold, nothing is known of it"
            ])
        );
        let contact = summary(&manager, conversation).await.contact.id;
        let phone = json!({"phone": "+44 20 7946 0018"});
        ok(&manager, "PATCH", &format!("/v1/contacts/{contact}"), Some(phone)).await;
        ana.says("And when are you open?").await;
        app.settle().await;
        assert!(summary(&manager, conversation).await.labels.contains(&"uk".to_owned()));
        // The same condition narrows the inbox.
        let shown = ok(&manager, "POST", "/v1/conversations/search", Some(json!({"when": inside}))).await;
        assert_eq!(shown["items"].as_array().map(Vec::len), Some(1), "{shown}");
        // A dry run over the past asks it, too.
        let other = rule("other", "resolved", inside, json!([{"do": "notify", "text": "x"}]));
        ok(
            &manager,
            "POST",
            &format!("/v1/conversations/{conversation}/resolve"),
            Some(json!({"resolved": true})),
        )
        .await;
        let tried =
            ok(&manager, "POST", "/v1/rules/test", Some(json!({"document": other, "days": 30}))).await;
        assert_eq!(tried["matched"], 1, "{tried}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_segment_is_refused_with_its_place() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let wrong = [
            (
                json!({"all": [is("contact.known", json!(true)), is("intent", json!("x"))]}),
                "when.all[1].fact: intent is not about the customer",
            ),
            (
                json!({"not": {"fact": "contact.segments", "op": "known"}}),
                "when.not.fact: a segment cannot ask about segments",
            ),
            (is("contact.moon", json!(1)), "when.fact: there is no fact"),
            (
                json!({"fact": "contact.name", "op": "matches", "value": "(a{1,400}){1,400}"}),
                "when.value: this regular",
            ),
        ];
        for (when, says) in wrong {
            let new = json!({"key": "a", "name": "A", "when": when});
            let refused = call(&manager, "POST", "/v1/segments", Some(new)).await;
            assert_eq!(refused.problem(), (422, "invalid_value".to_owned()), "{says}");
            assert!(refused.text.contains(says), "{says}: {}", refused.text);
            let search = call(&manager, "POST", "/v1/contacts/search", Some(json!({"when": when}))).await;
            assert_eq!(search.problem(), (422, "invalid_value".to_owned()), "{says}");
        }
        let gone = json!({"fact": "contact.segments", "op": "contains", "value": "gone"});
        let refused = call(
            &manager,
            "POST",
            "/v1/rules",
            Some(rule("r", "message", gone, json!([{"do": "notify", "text": "x"}]))),
        )
        .await;
        assert!(refused.text.contains("when.value: there is no segment"), "{}", refused.text);
        let key = json!({"key": "Not A Key", "name": "A", "when": {"all": []}});
        assert_eq!(
            call(&manager, "POST", "/v1/segments", Some(key)).await.problem(),
            (422, "invalid_value".to_owned())
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_hear_of_a_new_customer_of_who_they_are_and_of_what_changes() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        for change in ["created", "identified", "changed"] {
            let then = json!([{"do": "label", "add": [change]}]);
            add(&manager, rule(change, "contact_changed", is("event.change", json!(change)), then)).await;
        }
        let mut ana = app.customer().await;
        let conversation = ana.says("How much is a brake check?").await.conversation;
        app.settle().await;
        let labels = async || {
            let mut labels = summary(&manager, conversation).await.labels;
            labels.retain(|label| ["created", "identified", "changed"].contains(&label.as_str()));
            labels
        };
        until("rules heard of a new customer", async || labels().await == ["created"]).await;
        let contact = summary(&manager, conversation).await.contact.id;
        let path = format!("/v1/contacts/{contact}");
        ok(&manager, "PATCH", &path, Some(json!({"email": ""}))).await;
        until("of a change", async || labels().await == ["changed", "created"]).await;
        ok(&manager, "PATCH", &path, Some(json!({"phone": "+44 20 7946 0018"}))).await;
        until("of who it is", async || labels().await == ["changed", "created", "identified"]).await;
        // The same again is no change.
        ok(&manager, "PATCH", &path, Some(json!({"phone": "+44 20 7946 0018"}))).await;
        app.settle().await;
        assert_eq!(
            runs(&manager, conversation, "changed").await.iter().filter(|run| run["matched"] == true).count(),
            1
        );
    })
    .await;
}
