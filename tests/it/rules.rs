//! Rules and their runs.

use std::time::Duration;

use concierge::base::Role;
use concierge::protocol::{Receipt, ReceiptState};
use concierge::rules::{self, Cause, Error, Facts, Shelf, Trigger};
use concierge::schemas;
use reqwest::Method;
use serde_json::{Value, json};

use crate::schemas::document;
use crate::support::{Store, on_each_engine, on_each_store};

fn rule(key: &str, priority: i64) -> Value {
    json!({"key": key, "name": format!("Rule {key}"), "on": "message", "priority": priority,
        "when": {"all": [{"fact": "intent", "op": "is", "value": "quote"},
            {"fact": "context.amount", "op": "gte", "value": 500}]},
        "then": [{"do": "set_status", "status": "quoted"}]})
}

async fn install_schema(store: &Store) {
    let mut tx = store.begin().await;
    let fields = json!({"amount": {"type": "number", "title": "Amount", "x-type": "currency"}});
    schemas::install(&store.cx(), &mut tx, &document("visit", &fields)).await.expect("valid");
    tx.commit().await.expect("stored");
}

#[tokio::test]
async fn a_changed_rule_is_a_new_version_and_a_switch_stays() {
    on_each_store(async |store| {
        install_schema(store).await;
        let cx = store.cx();
        let mut tx = store.begin().await;
        let first = rules::install(&cx, &mut tx, &rule("quotes", 10)).await.expect("valid");
        assert_eq!(rules::install(&cx, &mut tx, &rule("quotes", 10)).await.expect("valid"), first);
        rules::toggle(&cx, &mut tx, first.id, false).await.expect("switched off");
        let second = rules::install(&cx, &mut tx, &rule("quotes", 5)).await.expect("valid");
        assert_eq!((second.id, second.version, second.enabled), (first.id, 2, false));
        assert!(rules::enabled(&cx, &mut tx).await.expect("read").is_empty());
        let on = rules::toggle(&cx, &mut tx, first.id, true).await.expect("switched on");
        assert_eq!(rules::enabled(&cx, &mut tx).await.expect("read"), [on]);
        let shelf = Shelf::default();
        let set = rules::ready(&cx, &mut tx, &shelf).await.expect("read");
        assert_eq!((set.of(Trigger::Message).count(), set.of(Trigger::DraftDecided).count()), (1, 0));
        rules::toggle(&cx, &mut tx, first.id, false).await.expect("switched off");
        let set = rules::ready(&cx, &mut tx, &shelf).await.expect("read");
        assert_eq!(set.rules().len(), 0, "what was read before does not hold any more");
    })
    .await;
}

#[tokio::test]
async fn a_rule_about_a_field_nobody_has_is_refused() {
    on_each_store(async |store| {
        let mut tx = store.begin().await;
        let refused = rules::install(&store.cx(), &mut tx, &rule("quotes", 10)).await.expect_err("no schema");
        assert!(
            refused.to_string().contains("when.all[1].fact: no active schema has a field \"amount\""),
            "{refused}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_run_is_stored_once_with_its_tree_and_counted() {
    on_each_store(async |store| {
        install_schema(store).await;
        let (cx, conversation) = (store.cx(), store.conversation().await);
        let mut tx = store.begin().await;
        let text = json!([rule("quotes", 10), rule("later", 20)]).to_string();
        let installed = rules::install_all(&cx, &mut tx, &text).await.expect("valid");
        let facts =
            Facts::from([("intent".to_owned(), "quote".into()), ("context.amount".to_owned(), 600.0.into())]);
        let decided = rules::decide(&installed, &facts);
        assert_eq!(decided.actions.len(), 2);
        let receipt =
            Receipt { action: decided.actions[0].1.to_string(), state: ReceiptState::Done, because: None };
        let receipts = [receipt];
        for seq in [4, 7] {
            let cause = Cause { conversation, seq, turn: None };
            for run in &decided.runs {
                assert!(rules::record_run(&cx, &mut tx, cause, run, &receipts).await.expect("stored"));
                assert!(!rules::record_run(&cx, &mut tx, cause, run, &[]).await.expect("stored"));
            }
        }
        let runs = rules::runs(&cx, &mut tx, conversation).await.expect("read");
        assert_eq!(
            runs.iter().map(|run| (run.seq, run.key.as_str())).collect::<Vec<_>>(),
            [(7, "quotes"), (7, "later"), (4, "quotes"), (4, "later"),]
        );
        insta::assert_json_snapshot!("run", runs[0]);
        assert!(rules::runs(&store.foreign(), &mut tx, conversation).await.expect("read").is_empty());

        store.clock.advance(Duration::from_secs(29 * 24 * 3_600));
        let listed = rules::list(&store.cx(), &mut tx).await.expect("read");
        assert_eq!(listed.iter().map(|row| row.fired).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(listed[0].fired_at, Some(cx.now));
        store.clock.advance(Duration::from_secs(2 * 24 * 3_600));
        let listed = rules::list(&store.cx(), &mut tx).await.expect("read");
        assert_eq!(
            listed.iter().map(|row| (row.fired, row.fired_at)).collect::<Vec<_>>(),
            [(0, None), (0, None)]
        );
    })
    .await;
}

#[tokio::test]
async fn what_rules_looked_at_long_ago_is_forgotten() {
    on_each_store(async |store| {
        let conversation = store.conversation().await;
        let (old, new) = (store.cx(), {
            store.clock.advance(Duration::from_secs(500 * 24 * 3_600));
            store.cx()
        });
        let mut tx = store.begin().await;
        for (seq, at) in [(1, old.now), (2, old.now), (3, new.now)] {
            let look =
                rules::Look { conversation, seq, trigger: Trigger::Message, facts: Facts::default(), at };
            rules::record_look(&new, &mut tx, &look).await.expect("kept");
        }
        let before = new.now.before(Duration::from_secs(400 * 24 * 3_600));
        let foreign = rules::forget_looks(&store.foreign(), &mut tx, before, 10).await.expect("asked");
        assert_eq!(foreign, 0, "another business has none");
        assert_eq!(
            rules::forget_looks(&new, &mut tx, before, 1).await.expect("forgotten"),
            1,
            "a part at once"
        );
        assert_eq!(rules::forget_looks(&new, &mut tx, before, 10).await.expect("forgotten"), 1);
        let left = rules::last_look(&new, &mut tx, conversation, Trigger::Message).await.expect("read");
        assert_eq!(left.map(|look| look.seq), Some(3));
    })
    .await;
}

#[tokio::test]
async fn a_workspace_sees_its_own_rules_only() {
    on_each_store(async |store| {
        install_schema(store).await;
        let (cx, foreign) = (store.cx(), store.foreign());
        let mut tx = store.begin().await;
        let mine = rules::install(&cx, &mut tx, &rule("quotes", 10)).await.expect("valid");
        assert!(rules::list(&foreign, &mut tx).await.expect("read").is_empty());
        let switched = rules::toggle(&foreign, &mut tx, mine.id, false).await;
        assert!(matches!(switched, Err(Error::NotFound(_))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_tells_why_a_rule_matched_and_why_not() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let mut ana = app.customer().await;
        let first = ana.says("My brakes are grinding.").await;
        app.settle().await;
        let path = format!("/v1/conversations/{}/rule-runs", first.conversation);
        let runs: Value = manager.get(&path).await.expect("listed");
        let run = &runs["items"][0];
        assert_eq!((&run["key"], &run["matched"]), (&json!("brakes-are-labelled"), &json!(true)));
        let leaf = json!({"met": true, "fact": "message.text", "op": "contains", "value": "brake",
            "actual": "My brakes are grinding."});
        assert_eq!(run["tree"], json!({"met": true, "all": [leaf]}));
        assert_eq!(run["receipts"], json!([{"action": "add the label brakes", "state": "done"}]));

        let rules: Value = manager.get("/v1/rules").await.expect("listed");
        let rule = &rules["items"][0];
        assert_eq!((&rule["fired"], &rule["enabled"]), (&json!(1), &json!(true)));
        let one = format!("/v1/rules/{}", rule["id"].as_str().expect("an identifier"));
        let off = manager.send(Method::PATCH, &one, Some(json!({"enabled": false}))).await.expect("switched");
        assert_eq!(off.json::<Value>().await.expect("a rule")["enabled"], json!(false));
        let viewer = app.staff(Role::Viewer).await;
        let refused =
            viewer.raw(Method::PATCH, &one, Some(json!({"enabled": true}))).await.expect("answered");
        assert_eq!(refused.status(), 403);
        let stranger = app.staff_of("beta", Role::Owner).await;
        for (method, path, body) in
            [(Method::PATCH, &one, Some(json!({"enabled": true}))), (Method::GET, &path, None)]
        {
            let foreign = stranger.raw(method, path, body).await.expect("answered");
            assert_eq!(foreign.status(), 404, "{path}");
        }
    })
    .await;
}
