//! How long rules take: 1,000 of them on one event, and a dry run over 100,000 stored turns.
//!
//! `cargo bench --bench rules`. One core. The percentiles are printed before criterion's own figures; the dry
//! run is measured on SQLite, from the store to the report.

use std::hint::black_box;
use std::time::{Duration, Instant};

use concierge::automation::dry_run;
use concierge::base::{Actor, RuleId, WorkspaceId};
use concierge::contacts::{self, NewContact};
use concierge::conversations::{self, NewMessage};
use concierge::ports::db::Location;
use concierge::ports::{Bus, Clock, Cx, Db, Entropy};
use concierge::rules::{
    self, Action, Comparison, Condition, FactValue, Facts, Hours, Look, Op, Rule, RuleDocument, RuleSet,
    Trigger,
};
use concierge::workspaces::{self, NewWorkspace};
use criterion::Criterion;
use serde_json::{Value, json};

const RULES: usize = 1_000;
const EVENTS: usize = 4_000;
const TURNS: usize = 100_000;
const PER_CONVERSATION: usize = 50;

#[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for (name, set) in [("indexed", indexed()), ("no index helps", unindexed())] {
        let facts: Vec<Facts> = (0..97).map(facts).collect();
        let mut times: Vec<Duration> = (0..EVENTS)
            .map(|event| {
                let began = Instant::now();
                black_box(set.decide(Trigger::Message, &facts[event % facts.len()]));
                began.elapsed()
            })
            .collect();
        times.sort();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        println!(
            "{RULES} rules x 5 conditions, {name}: p50 {:?}, p95 {:?}, p99 {:?}",
            at(50),
            at(95),
            at(99)
        );
        let mut event = 0;
        criterion.bench_function(&format!("decide/{name}"), |bencher| {
            bencher.iter(|| {
                event += 1;
                set.decide(Trigger::Message, &facts[event % facts.len()])
            });
        });
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    println!("{}", runtime.block_on(dry()));
}

/// Rules as a business writes them: each for one intent, with four more conditions.
fn indexed() -> RuleSet {
    set(|number| {
        vec![
            leaf("intent", Op::Is, json!(format!("intent-{}", number % 100))),
            leaf("context.amount", Op::Gte, json!(number % 500)),
            leaf("message.text", Op::ContainsAny, json!(["refund", "money back", format!("word{number}")])),
            leaf("conversation.labels", Op::Contains, json!("vip")),
            leaf("time.working_hours", Op::Is, json!(number.is_multiple_of(2))),
        ]
    })
}

/// Rules that no single value rules out: all of them are asked at every event.
fn unindexed() -> RuleSet {
    set(|number| {
        vec![
            Condition::Not { not: Box::new(leaf("intent", Op::Is, json!(format!("intent-{number}")))) },
            Condition::Not { not: Box::new(leaf("context.amount", Op::Gt, json!(100_000))) },
            Condition::Not {
                not: Box::new(leaf("message.text", Op::Contains, json!(format!("word{number}")))),
            },
            Condition::Not { not: Box::new(leaf("conversation.labels", Op::Contains, json!("gone"))) },
            leaf("context.amount", Op::Between, json!([200_000, 200_001 + number])),
        ]
    })
}

fn leaf(fact: &str, op: Op, value: Value) -> Condition {
    Condition::Fact(Comparison { fact: fact.to_owned(), op, value: Some(value) })
}

fn set(conditions: impl Fn(usize) -> Vec<Condition>) -> RuleSet {
    let entropy = Entropy::seeded(1);
    let now = Clock::system().now();
    let rules = (0..RULES).map(|number| Rule {
        id: entropy.id::<RuleId>(now),
        version: 1,
        enabled: true,
        updated_at: now,
        of_schema: None,
        document: RuleDocument {
            key: format!("rule-{number}"),
            name: format!("Rule {number}"),
            on: Trigger::Message,
            priority: 100,
            stop: false,
            starts_enabled: true,
            hours: Hours::Any,
            after: None,
            at: None,
            when: Condition::All { all: conditions(number) },
            then: vec![Action::Notify { text: "x".to_owned() }],
        },
    });
    RuleSet::new(rules.collect(), 0)
}

fn facts(event: usize) -> Facts {
    let words = "Good morning, my car was with you last week and the brakes still squeal when it is cold, so I would \
                 like a refund of the check please, or somebody who looks at it again this week.";
    Facts::from([
        ("intent".to_owned(), FactValue::Text(format!("intent-{event}"))),
        ("intent.confidence".to_owned(), FactValue::Number(0.8)),
        ("message.text".to_owned(), FactValue::Text(format!("{words} ({event})"))),
        ("message.amount".to_owned(), FactValue::Number(event as f64 * 10.0)),
        ("context.amount".to_owned(), FactValue::Number(event as f64 * 10.0)),
        ("conversation.labels".to_owned(), FactValue::List(vec!["vip".to_owned(), "brakes".to_owned()])),
        ("conversation.status".to_owned(), FactValue::Text("new".to_owned())),
        ("time.working_hours".to_owned(), FactValue::Flag(event.is_multiple_of(2))),
    ])
}

async fn dry() -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let db =
        Db::open(&Location::File(folder.path().join("concierge.db")), Bus::memory()).await.expect("a store");
    let (clock, entropy) = (Clock::system(), Entropy::seeded(1));
    let workspace: WorkspaceId = entropy.id(clock.now());
    let cx = Cx { workspace, actor: Actor::System, name: String::new(), now: clock.now(), entropy };
    let mut tx = db.begin().await.expect("a unit of work");
    let settings = serde_json::from_value(json!({
        "timezone": "Europe/London", "locale": "en-GB", "country": "GB", "currency": "GBP", "accent": "#0d5c49",
        "assistant_name": "Pia", "greeting": "Hello", "starters": [],
        "hours": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}],
        "undo_seconds": 5, "allowed_origins": [],
    }));
    let (slug, name, agent) = ("bench".to_owned(), "Bench".to_owned(), "garage-front-desk".to_owned());
    let new = NewWorkspace { slug, name, agent, settings: settings.expect("settings") };
    workspaces::create(&cx, &mut tx, new).await.expect("a workspace");
    concierge::schemas::install(&cx, &mut tx, include_str!("../schemas/garage-visit.json"))
        .await
        .expect("a schema");
    tx.commit().await.expect("stored");
    for conversation in 0..TURNS / PER_CONVERSATION {
        let mut tx = db.begin().await.expect("a unit of work");
        let contact = contacts::create(&cx, &mut tx, NewContact::default()).await.expect("a contact");
        let id = conversations::start(&cx, &mut tx, contact.id, "new").await.expect("a conversation");
        let cx = cx.acting_as(Actor::Contact { id: contact.id }, "");
        for turn in 0..PER_CONVERSATION {
            let facts = facts((conversation + turn) % 97);
            let body = match &facts["message.text"] {
                FactValue::Text(text) => text.clone(),
                other => panic!("{other:?}"),
            };
            let message = NewMessage { client_id: turn.to_string(), body, files: Vec::new() };
            let posted = conversations::post(&cx, &mut tx, id, message).await.expect("posted");
            let look =
                Look { conversation: id, seq: posted.seq, trigger: Trigger::Message, facts, at: cx.now };
            rules::record_look(&cx, &mut tx, &look).await.expect("kept");
        }
        tx.commit().await.expect("stored");
    }
    let document = json!({"key": "refunds", "name": "Refunds", "on": "message", "hours": "working",
        "when": {"all": [{"fact": "message.text", "op": "contains", "value": "refund"},
            {"fact": "message.amount", "op": "gt", "value": 200}]},
        "then": [{"do": "require_approval", "people": 2, "because": "Much money."}]});
    let mut open = document.clone();
    open["hours"] = json!("any");
    let mut lines = Vec::new();
    for (name, document) in [("in working hours", document), ("at any hour", open)] {
        let mut tx = db.read().await.expect("a reader");
        let began = Instant::now();
        let found = dry_run(&cx, &mut tx, &RuleSet::default(), &document, 30).await.expect("a dry run");
        assert_eq!(found.moments, TURNS as u64);
        lines.push(format!(
            "dry run over {} turns in {} conversations, {name}: {:?}, {} matches",
            found.moments,
            found.conversations,
            began.elapsed(),
            found.matched
        ));
    }
    lines.join("\n")
}
