//! What rules hear of: other rules, decisions, ratings, contacts, and time that passes.

use std::time::Duration;

use concierge::base::Role;
use serde_json::{Value, json};

use super::{add, is, rule, runs, set};
use crate::support::{App, manual_clock, ok, on_each_engine, on_each_engine_with, summary, until};

#[tokio::test(flavor = "multi_thread")]
async fn rules_cause_each_other_but_never_themselves() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let mut ana = app.customer().await;
        let conversation = ana.says("Hello there, a question.").await.conversation;
        app.settle().await;
        let cause = |fields: Value| json!({"fact": "event.field", "op": "in", "value": fields});
        add(
            &manager,
            rule(
                "urgent",
                "context_changed",
                cause(json!(["vehicle", "work"])),
                json!([
            {"do": "set_field", "field": "urgency", "value": "high"}]),
            ),
        )
        .await;
        add(
            &manager,
            rule(
                "work",
                "context_changed",
                is("event.field", json!("urgency")),
                json!([
            {"do": "set_field", "field": "work", "value": "brakes"}]),
            ),
        )
        .await;
        add(
            &manager,
            rule(
                "moved",
                "status_changed",
                is("event.to", json!("quoted")),
                json!([
            {"do": "set_status", "status": "quoted"}, {"do": "label", "add": ["moved"]}]),
            ),
        )
        .await;
        set(&manager, conversation, "vehicle", json!("Golf")).await;
        app.settle().await;
        let urgent = runs(&manager, conversation, "urgent").await;
        let told: Vec<_> = urgent.iter().map(|run| (&run["matched"], &run["held_by"])).collect();
        assert_eq!(told, [(&json!(true), &json!("loop")), (&json!(true), &Value::Null)], "{urgent:?}");
        assert_eq!(urgent[1]["receipts"], json!([{"action": "set urgency to \"high\"", "state": "done"}]));
        let work = runs(&manager, conversation, "work").await;
        assert_eq!((work.len(), &work[0]["receipts"][0]["state"]), (1, &json!("done")));

        let path = format!("/v1/conversations/{conversation}/status");
        ok(&manager, "POST", &path, Some(json!({"status": "quoted"}))).await;
        app.settle().await;
        let moved = runs(&manager, conversation, "moved").await;
        assert_eq!(moved.len(), 1, "setting what is set is no change: {moved:?}");
        assert_eq!(summary(&manager, conversation).await.labels, ["moved"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_rules_ends() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let mut ana = app.customer().await;
        let conversation = ana.says("Hello there, a question.").await.conversation;
        app.settle().await;
        let fields =
            ["vehicle", "registration", "symptom", "preferred_date", "drop_off_time", "phone", "urgency"];
        let values = ["Golf", "AB12 CDE", "Noise", "2027-01-04", "09:00", "+442079460018", "high"];
        for at in 1..fields.len() {
            add(
                &manager,
                rule(
                    &format!("step-{at}"),
                    "context_changed",
                    is("event.field", json!(fields[at - 1])),
                    json!([{"do": "set_field", "field": fields[at], "value": values[at]}]),
                ),
            )
            .await;
        }
        set(&manager, conversation, "vehicle", json!("Golf")).await;
        app.settle().await;
        let fifth = runs(&manager, conversation, "step-5").await;
        assert_eq!((fifth.len(), &fifth[0]["held_by"]), (1, &Value::Null), "{fifth:?}");
        let sixth = runs(&manager, conversation, "step-6").await;
        assert_eq!((sixth.len(), &sixth[0]["held_by"]), (1, &json!("depth")), "{sixth:?}");
        let answer: Value = manager
            .get(&format!(
                "/v1/conversations/{conversation}/rules/{}",
                sixth[0]["rule"].as_str().expect("an id")
            ))
            .await
            .expect("asked");
        assert_eq!(
            (&answer["verdict"], &answer["says"][0]),
            (&json!("held"), &json!("Rules had caused each other too often in a row."))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_ratings_and_contacts_are_events_too() {
    on_each_engine(async |app| {
        let (manager, staff) = (app.staff(Role::Manager).await, app.staff(Role::Staff).await);
        let then = |label: &str| json!([{"do": "label", "add": [label]}]);
        add(
            &manager,
            rule(
                "rejected",
                "draft_decided",
                json!({"all": [is("event.decision", json!("rejected")), is("event.by", json!("staff"))]}),
                then("rejected"),
            ),
        )
        .await;
        add(&manager, rule("closed", "resolved", is("conversation.resolved", json!(true)), then("closed")))
            .await;
        add(
            &manager,
            rule(
                "known",
                "contact_changed",
                json!({"fact": "contact.phone", "op": "starts_with", "value": "+44"}),
                then("uk"),
            ),
        )
        .await;
        let mut ana = app.customer().await;
        let conversation = ana.says("How much is a brake check?").await.conversation;
        let draft = app.pending(&staff, conversation).await;
        ok(
            &staff,
            "POST",
            &format!("/v1/drafts/{}/reject", draft.id),
            Some(json!({"revision": draft.revision, "reason": "tone", "rewrite": false})),
        )
        .await;
        app.settle().await;
        let contact = summary(&staff, conversation).await.contact.id;
        ok(&staff, "PATCH", &format!("/v1/contacts/{contact}"), Some(json!({"phone": "+44 20 7946 0018"})))
            .await;
        until("the contact's rule has run", async || {
            summary(&staff, conversation).await.labels.contains(&"uk".to_owned())
        })
        .await;
        ok(
            &staff,
            "POST",
            &format!("/v1/conversations/{conversation}/resolve"),
            Some(json!({"resolved": true})),
        )
        .await;
        app.settle().await;
        assert_eq!(summary(&staff, conversation).await.labels, ["brakes", "closed", "rejected", "uk"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_lasts_makes_a_rule_act_once_also_across_a_restart() {
    for engine in [concierge::ports::db::Engine::Sqlite, concierge::ports::db::Engine::Postgres] {
        let clock = manual_clock();
        let mut app = App::start(engine, |_, options| options.clock = clock.clone()).await;
        let manager = app.staff(Role::Manager).await;
        let mut late = rule(
            "late",
            "elapsed",
            json!({"fact": "conversation.waiting_minutes", "op": "gte", "value": 60}),
            json!([
            {"do": "notify", "text": "An hour."}]),
        );
        late["after"] = json!({"since": "customer_waits", "minutes": 60});
        add(&manager, late).await;
        let mut ana = app.customer().await;
        let conversation = ana.says("How much is a brake check?").await.conversation;
        app.settle().await;
        let answer: Value =
            manager.get(&format!("/v1/conversations/{conversation}/rules")).await.expect("asked");
        let asked = answer["items"]
            .as_array()
            .and_then(|items| items.iter().find(|one| one["key"] == "late"))
            .cloned()
            .expect("there");
        let due: concierge::base::Timestamp =
            asked["due"].as_str().expect("it says when").parse().expect("a time");
        assert!(due > clock.now() && due <= clock.now().after(Duration::from_secs(3_600)));
        assert_eq!(asked["verdict"], "not_asked");

        clock.advance(Duration::from_secs(3_590));
        app = app.restart_at(&clock).await;
        let manager = app.staff(Role::Manager).await;
        assert!(runs(&manager, conversation, "late").await.is_empty());
        clock.advance(Duration::from_secs(20));
        until("the rule has run", async || runs(&manager, conversation, "late").await.len() == 1).await;
        assert_eq!(runs(&manager, conversation, "late").await[0]["receipts"][0]["state"], "done");
        // The clock jumps back and forth; the state is the same one.
        clock.advance(Duration::from_secs(7_200));
        app = app.restart_at(&clock).await;
        let manager = app.staff(Role::Manager).await;
        ok(
            &manager,
            "POST",
            &format!("/v1/conversations/{conversation}/messages"),
            Some(json!({"client_id": "a", "body": "£79."})),
        )
        .await;
        let mut ana = app.customer().await;
        let second = ana.says("And how long does it take?").await.conversation;
        clock.advance(Duration::from_secs(3_700));
        until("the rule has run for the other", async || runs(&manager, second, "late").await.len() == 1)
            .await;
        assert_eq!(runs(&manager, conversation, "late").await.len(), 1, "once for each time of waiting");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_of_the_clock_comes_once_for_every_open_conversation() {
    let clock = manual_clock();
    on_each_engine_with(
        |_, options| options.clock = clock.clone(),
        async |app| {
            let manager = app.staff(Role::Manager).await;
            let mut daily =
                rule("daily", "schedule", json!({"all": []}), json!([{"do": "label", "add": ["daily"]}]));
            daily["at"] = json!({"time": "09:00"});
            add(&manager, daily).await;
            let (mut ana, mut ben) = (app.customer().await, app.customer().await);
            let open = ana.says("How much is a brake check?").await.conversation;
            let closed = ben.says("Thank you, that is all.").await.conversation;
            app.settle().await;
            ok(
                &manager,
                "POST",
                &format!("/v1/conversations/{closed}/resolve"),
                Some(json!({"resolved": true})),
            )
            .await;
            clock.advance(Duration::from_secs(24 * 3_600));
            until("the hour has come", async || runs(&manager, open, "daily").await.len() == 1).await;
            clock.advance(Duration::from_secs(24 * 3_600));
            until("the next day has come", async || runs(&manager, open, "daily").await.len() == 2).await;
            assert!(runs(&manager, closed, "daily").await.is_empty());
        },
    )
    .await;
}
