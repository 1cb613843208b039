//! A customer's connection never receives what staff know among themselves: not live, not on resume, not
//! over HTTP.
//!
//! Catalogue: the customer's side of S3 and M6 (promises P8, P12 in part); "a customer never receives a staff
//! entry" of the spine.

use concierge::base::{Actor, Audience, ConversationId, Role};
use concierge::client::{Error, Http, Socket};
use concierge::protocol::{Content, Entry, Outcome, ServerFrame, Signal};
use concierge::{app, rules};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::{
    App, Colleague, Customer, PATIENCE, Reader, all_entries, customer_acts, dice, join, on_each_engine,
    on_each_engine_with,
};

/// In every text that only staff may see.
const CANARY: &str = "canary";

/// Says what is wrong with a frame in a customer's hands.
fn check(frame: &ServerFrame) {
    match frame {
        ServerFrame::Event { entry, .. } => check_entry(entry),
        ServerFrame::Signal(Signal::Typing { .. } | Signal::Read { .. } | Signal::Draining { .. }) => {}
        ServerFrame::Signal(Signal::Presence { viewers, .. }) => assert!(viewers.is_empty(), "{frame:?}"),
        ServerFrame::Signal(_) => panic!("not for customers: {frame:?}"),
        ServerFrame::Reply { ok, .. } => match ok.as_deref() {
            Some(Outcome::Joined(joined)) => {
                joined.entries.iter().for_each(check_entry);
                assert!(
                    joined.summary.is_none() && joined.draft.is_none() && joined.lease.is_none(),
                    "{joined:?}"
                );
            }
            Some(Outcome::Held(_) | Outcome::Draft { .. } | Outcome::Lease { .. }) => {
                panic!("not for customers: {frame:?}")
            }
            Some(Outcome::Welcome(_) | Outcome::Posted(_) | Outcome::Done) | None => {}
        },
    }
    check_text(&serde_json::to_string(frame).expect("frames encode"));
}

fn check_entry(entry: &Entry) {
    assert_eq!(entry.audience, Audience::Everyone, "{entry:?}");
    let shown = matches!(
        entry.content,
        Content::Message { .. }
            | Content::OwnerChanged { .. }
            | Content::PersonRequested
            | Content::ResolvedChanged { .. }
            | Content::Rated { .. }
    );
    assert!(shown, "{entry:?}");
    assert!(!matches!(entry.actor, Actor::Rule { .. }), "rules are the business's own: {entry:?}");
    check_text(&serde_json::to_string(entry).expect("entries encode"));
}

fn check_text(text: &str) {
    assert!(!text.to_lowercase().contains(CANARY), "{text}");
}

/// Reads everything a tab gets, coming and going, until `done`.
async fn overhears(
    customer: (String, String),
    conversation: ConversationId,
    mut rng: StdRng,
    stays: bool,
    mut done: watch::Receiver<bool>,
) -> u32 {
    let mut reader = Reader::new("tab", conversation);
    let mut heard = 0;
    while !*done.borrow() {
        let (mut socket, _) = Socket::visitor(&customer.0, &customer.1).await.expect("the tab opens");
        let joined = reader.join(&mut socket).await.expect("joined");
        assert!(joined.summary.is_none() && joined.draft.is_none());
        reader.entries.iter().for_each(check_entry);
        let patience = if stays { u32::MAX } else { rng.random_range(1..30) };
        for _ in 0..patience {
            tokio::select! {
                frame = socket.next() => {
                    let frame = frame.expect("a frame");
                    check(&frame);
                    reader.take(&frame);
                    heard += 1;
                }
                _ = done.changed() => break,
            }
        }
    }
    heard
}

async fn check_http(customer: &Http, conversation: ConversationId) {
    let entries = all_entries(customer, conversation).await;
    entries.iter().for_each(check_entry);
    let shown: Value = customer.get(&format!("/v1/conversations/{conversation}")).await.expect("shown");
    check_text(&shown.to_string());
    assert_eq!(shown["labels"], json!([]));
    assert_eq!(shown["status"], json!(""));
    assert!(shown.get("draft").is_none_or(Value::is_null), "{shown}");
    assert!(shown.get("assignee").is_none_or(Value::is_null), "{shown}");
    assert_eq!(shown["last_seq"], shown["last_public_seq"], "how much staff wrote is their business");
    assert_eq!(shown["last_seq"].as_i64(), entries.last().map(|entry| entry.seq));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_never_receives_what_is_for_staff() {
    const ACTS: usize = 150;
    on_each_engine_with(
        |config, _| config.pipeline.word_ms = 1,
        async |app| {
            let mut rng = dice(3);
            let mut customer = app.customer().await;
            let conversation = customer.says("How much is a brake check?").await.conversation;
            let (finished, done) = watch::channel(false);
            let mut tabs = tokio::task::JoinSet::new();
            for stays in [true, false, false] {
                let who = (app.url(), customer.visit.token.clone());
                let rng = rand::SeedableRng::seed_from_u64(rng.random());
                tabs.spawn(overhears(who, conversation, rng, stays, done.clone()));
            }
            let mut colleagues = [
                Colleague::of(app.staff(Role::Staff).await).await,
                Colleague::of(app.staff(Role::Manager).await).await,
            ];
            for colleague in &mut colleagues {
                join(&mut colleague.socket, conversation, 0).await;
            }
            for _ in 0..ACTS {
                match rng.random_range(0..4) {
                    0 => {
                        customer_acts(&mut customer.socket, conversation, &mut rng, 9).await;
                    }
                    _ => {
                        let who = rng.random_range(0..colleagues.len());
                        colleagues[who].acts(conversation, &mut rng, CANARY).await;
                    }
                }
                if rng.random_ratio(1, 20) {
                    check_http(&customer.http, conversation).await;
                }
            }
            app.settle().await;
            finished.send(true).expect("the tabs listen");
            let heard = tokio::time::timeout(PATIENCE, tabs.join_all()).await.expect("the tabs end");
            assert!(heard.iter().sum::<u32>() > 50, "they heard enough: {heard:?}");
            check_http(&customer.http, conversation).await;
            let for_staff = all_entries(&colleagues[0].http, conversation).await;
            let hidden = for_staff.iter().filter(|entry| entry.audience == Audience::Staff).count();
            assert!(hidden > 10, "there was enough to hide: {hidden}");
        },
    )
    .await;
}

/// What a customer may read with their token.
const OPEN: &[&str] =
    &["/v1/setup", "/v1/conversations/{id}", "/v1/conversations/{id}/entries", "/v1/widget/{workspace}"];

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_token_reads_no_staff_route() {
    on_each_engine(async |app| {
        let mut customer = app.customer().await;
        let conversation = customer.says("How much is a brake check?").await.conversation;
        app.settle().await;
        let staff = app.staff(Role::Owner).await;
        let drafts: Value = staff.get("/v1/drafts").await.expect("drafts are listed");
        let draft = &drafts["items"][0]["draft"];
        let ids = [json!(conversation), draft["id"].clone(), draft["turn"].clone()];
        for (method, path) in app::operations().iter().filter(|(method, _)| method == "GET") {
            if OPEN.contains(&path.as_str()) || path == "/v1/socket" {
                continue;
            }
            for id in &ids {
                let path = path.replace("{id}", id.as_str().expect("an identifier"));
                let refused = customer.http.get::<Value>(&path).await;
                let status = match &refused {
                    Err(Error::Refused { status, .. }) => *status,
                    other => panic!("{method} {path}: {other:?}"),
                };
                assert!(matches!(status, 401 | 403 | 404 | 422), "{method} {path}: {status}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_hands_over_does_not_show_itself() {
    on_each_engine(async |app| {
        hands_over(app).await;
        let mut customer: Customer = app.customer().await;
        let conversation = customer.says("I want to complain about the ghost in my car").await.conversation;
        app.settle().await;
        let seen = all_entries(&customer.http, conversation).await;
        let asked = seen.iter().find(|entry| entry.content == Content::PersonRequested).expect("handed over");
        assert!(!asked.author.contains(CANARY), "{asked:?}");
        seen.iter().for_each(check_entry);
        let staff = app.staff(Role::Staff).await;
        let for_staff = all_entries(&staff, conversation).await;
        let fired = for_staff.iter().any(|entry| matches!(entry.content, Content::RuleFired { .. }));
        assert!(fired, "staff see which rule it was");
    })
    .await;
}

/// Adds a rule that hands over, with a name that is not for customers.
async fn hands_over(app: &App) {
    let ports = &app.node.site.ports;
    let cx = ports.cx(app.alpha, Actor::System, "Tests");
    let rules = json!([{
        "key": "difficult", "name": "Canary: difficult people", "on": "message", "priority": 5,
        "stop": false, "enabled": true,
        "when": { "all": [{ "fact": "message.text", "op": "contains", "value": "ghost" }] },
        "then": [{ "do": "hand_over", "because": "It is delicate." }],
    }]);
    let mut tx = ports.db.begin().await.expect("a transaction begins");
    rules::install_all(&cx, &mut tx, &rules.to_string()).await.expect("the rule is installed");
    tx.commit().await.expect("the rule is stored");
}
