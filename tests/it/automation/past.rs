//! Dry runs: what a rule would have done, against what it does.

use concierge::base::Role;
use serde_json::{Value, json};

use super::{add, is, rule, runs};
use crate::support::{call, ok, on_each_engine, summary};

const TEST: &str = "/v1/rules/test";

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_what_the_rule_does_then() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let refunds = rule("refunds", "message", json!({"all": [
            {"fact": "message.text", "op": "contains", "value": "refund"},
            {"fact": "message.amount", "op": "gt", "value": 200}]}), json!([
            {"do": "set_status", "status": "quoted"}, {"do": "draft", "text": "We look into it."}]));
        add(&manager, rule("other", "message", json!({"fact": "message.text", "op": "contains", "value": "refund"}), json!([
            {"do": "set_status", "status": "booked"}]))).await;
        let says = ["Please refund £250.", "Please refund £50.", "What are your hours?", "A refund of 300 pounds, please."];
        let mut conversations = Vec::new();
        let mut customers = Vec::new();
        for text in says {
            let mut customer = app.customer().await;
            conversations.push(customer.says(text).await.conversation);
            customers.push(customer);
        }
        app.settle().await;
        customers[0].says("I said: refund £250!").await;
        app.settle().await;

        let before = summary(&manager, conversations[0]).await;
        let told = ok(&manager, "POST", TEST, Some(json!({"document": refunds, "days": 7}))).await;
        assert_eq!(summary(&manager, conversations[0]).await, before, "a dry run changes nothing");
        let counts = ["conversations", "moments", "unread", "matched", "touched_conversations", "replies", "stopped"];
        let counted: Vec<_> = counts.iter().map(|name| told[*name].as_u64()).collect();
        assert_eq!(counted, [Some(4), Some(5), Some(0), Some(3), Some(2), Some(3), Some(0)], "{told}");
        assert_eq!((&told["conflicts"][0]["about"], &told["conflicts"][0]["count"]), (&json!("the status"), &json!(3)));
        assert_eq!(told["conflicts"][0]["name"], "Rule other");
        assert_eq!((told["twice"].as_array().map(Vec::len), &told["twice"][0]["count"]), (Some(1), &json!(2)));
        assert_eq!(told["touched"][0]["tree"]["met"], true);
        assert!(told["by_day"].as_array().is_some_and(|days| !days.is_empty()));

        // Switched on, it does the same to the same messages.
        add(&manager, refunds).await;
        for (customer, text) in customers.iter_mut().zip(says) {
            customer.says(text).await;
        }
        app.settle().await;
        let mut fired = 0;
        for conversation in &conversations {
            fired += runs(&manager, *conversation, "refunds").await.iter().filter(|run| run["matched"] == true).count();
        }
        assert_eq!(fired, 2, "the two customers of the four that it would have touched");
        let stranger = app.staff_of("beta", Role::Owner).await;
        let theirs = ok(&stranger, "POST", TEST, Some(json!({"document": rule("a", "message", json!({"all": []}), json!([{"do": "notify", "text": "x"}]))}))).await;
        assert_eq!(theirs["conversations"], 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_replays_fields_statuses_and_times() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let mut ana = app.customer().await;
        let conversation = ana.says("Good morning").await.conversation;
        app.settle().await;
        let set = format!("/v1/conversations/{conversation}/context/estimate");
        for value in [100, 600, 700] {
            ok(&manager, "PUT", &set, Some(json!({"value": value}))).await;
        }
        ok(&manager, "POST", &format!("/v1/conversations/{conversation}/status"), Some(json!({"status": "quoted"}))).await;
        app.settle().await;
        let test = async |document: Value| ok(&manager, "POST", TEST, Some(json!({"document": document}))).await;
        let high = json!({"fact": "context.estimate", "op": "gte", "value": 500});
        let notify = json!([{"do": "notify", "text": "x"}]);
        let changed = test(rule("a", "context_changed", high.clone(), notify.clone())).await;
        assert_eq!((&changed["moments"], &changed["matched"]), (&json!(3), &json!(2)), "{changed}");
        let both = json!({"all": [high, is("event.to", json!("quoted")), is("conversation.status", json!("quoted"))]});
        let moved = test(rule("a", "status_changed", both, notify.clone())).await;
        assert_eq!((&moved["moments"], &moved["matched"]), (&json!(1), &json!(1)), "{moved}");
        let mut late = rule("a", "elapsed", json!({"all": []}), notify.clone());
        late["after"] = json!({"since": "customer_waits", "minutes": 60});
        assert_eq!(test(late).await["matched"], 0, "an hour has not passed");
        let refused = call(&manager, "POST", TEST, Some(json!({"document": {"key": "a"}}))).await;
        assert_eq!(refused.problem(), (422, "invalid_value".to_owned()));
        let refused = call(&manager, "POST", TEST, Some(json!({"document": rule("a", "rated", json!({"all": []}), notify), "days": 0}))).await;
        assert_eq!(refused.problem(), (422, "invalid_field".to_owned()));
    })
    .await;
}
