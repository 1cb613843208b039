//! Rules at work: events, chains, times, actions with receipts, several approvals, whys and dry runs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use concierge::base::{ConversationId, Role};
use concierge::client::Http;
use concierge::hooks as hook;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{
    App, call, decisions, manual_clock, ok, on_each_engine, on_each_engine_with, summary, until,
};

mod hooks;
mod mining;
mod past;
mod search;
mod workflows;

/// A rule with these parts.
pub fn rule(key: &str, on: &str, when: Value, then: Value) -> Value {
    json!({"key": key, "name": format!("Rule {key}"), "on": on, "when": when, "then": then})
}

fn is(fact: &str, value: Value) -> Value {
    json!({"fact": fact, "op": "is", "value": value})
}

pub async fn add(manager: &Http, rule: Value) -> Value {
    ok(manager, "POST", "/v1/rules", Some(rule)).await
}

pub async fn set(staff: &Http, conversation: ConversationId, field: &str, value: Value) {
    let path = format!("/v1/conversations/{conversation}/context/{field}");
    ok(staff, "PUT", &path, Some(json!({"value": value, "locked": false}))).await;
}

/// The runs of a rule in a conversation, newest first.
pub async fn runs(staff: &Http, conversation: ConversationId, key: &str) -> Vec<Value> {
    let listed: Value =
        staff.get(&format!("/v1/conversations/{conversation}/rule-runs")).await.expect("listed");
    let items = listed["items"].as_array().cloned().unwrap_or_default();
    items.into_iter().filter(|run| run["key"] == key).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_made_changed_compared_and_taken_away_over_http() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let vocabulary: Value = manager.get("/v1/rules/vocabulary").await.expect("shown");
        let facts = vocabulary["facts"].as_array().expect("facts");
        let status = facts.iter().find(|fact| fact["fact"] == "conversation.status").expect("there");
        assert_eq!(status["options"][1], json!({"value": "quoted", "label": "Quoted"}));
        assert!(facts.iter().any(|fact| fact["fact"] == "context.estimate" && fact["kind"] == "number"));

        let mut document = rule("refunds", "message", is("intent", json!("refund")), json!([
            {"do": "require_approval", "people": 2, "because": "Much money."}]));
        document["hours"] = json!("working");
        let read = ok(&manager, "POST", "/v1/rules/check", Some(document.clone())).await;
        assert_eq!(
            read["text"],
            "When a customer writes, in working hours, if what the customer wants is “refund”: 2 people must \
             approve the reply."
        );
        let made = add(&manager, document.clone()).await;
        let path = format!("/v1/rules/{}", made["id"].as_str().expect("an identifier"));
        assert_eq!(call(&manager, "POST", "/v1/rules", Some(document.clone())).await.problem(), (409, "conflict".to_owned()));

        // Two editors began with version 1; the second learns of both versions.
        let mut hers = document.clone();
        hers["priority"] = json!(5);
        let mut his = document.clone();
        his["name"] = json!("His name");
        let first = json!({"version": 1, "document": hers});
        assert_eq!(ok(&manager, "PUT", &path, Some(first)).await["version"], 2);
        let second = call(&manager, "PUT", &path, Some(json!({"version": 1, "document": his}))).await;
        assert_eq!(second.problem(), (409, "conflict".to_owned()));
        let conflict = &second.json()["conflict"];
        assert_eq!((&conflict["theirs"]["version"], &conflict["theirs"]["priority"]), (&json!(2), &json!(5)));
        assert_eq!((&conflict["yours"], &conflict["edited_version"]), (&his, &json!(1)));

        let versions: Value = manager.get(&format!("{path}/versions")).await.expect("listed");
        let listed = versions["items"].as_array().expect("versions");
        assert_eq!(listed.iter().map(|one| one["version"].as_i64()).collect::<Vec<_>>(), [Some(2), Some(1)]);
        assert_eq!((&listed[1]["document"], &listed[0]["made_by"]), (&document, &json!("Some manager")));

        let renamed = call(&manager, "PUT", &path, Some(json!({"version": 2, "document": rule("other", "message", json!({"all": []}), json!([{"do": "notify", "text": "x"}]))}))).await;
        assert!(renamed.json()["detail"].as_str().is_some_and(|says| says.contains("key: the key of a rule does not change")));
        let staff = app.staff(Role::Staff).await;
        for (method, body) in [("PUT", Some(json!({"version": 2, "document": hers}))), ("DELETE", None)] {
            assert_eq!(call(&staff, method, &path, body).await.status, 403, "{method}");
        }
        let stranger = app.staff_of("beta", Role::Owner).await;
        for (method, end, body) in [("GET", "", None), ("PUT", "", Some(json!({"version": 2, "document": hers}))), ("DELETE", "", None), ("GET", "/versions", None)] {
            assert_eq!(call(&stranger, method, &format!("{path}{end}"), body).await.status, 404, "{method}{end}");
        }
        ok(&manager, "DELETE", &path, None).await;
        assert_eq!(call(&manager, "GET", &path, None).await.status, 404);
        let again = add(&manager, document).await;
        assert_eq!((&again["version"], &again["id"]), (&json!(3), &made["id"]), "the key goes on where it ended");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_or_wrong_is_refused_with_its_place() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let leaf = is("intent", json!("x"));
        let deep = (0..30).fold(leaf.clone(), |inner, _| json!({"not": inner}));
        let notify = json!([{"do": "notify", "text": "x"}]);
        let wrong = [
            (
                rule("a", "message", json!({"any": vec![leaf.clone(); 10_000]}), notify.clone()),
                "there are more than 1000 conditions",
            ),
            (rule("a", "message", deep, notify.clone()), "conditions are nested deeper than 20"),
            (
                rule(
                    "a",
                    "message",
                    json!({"fact": "message.text", "op": "matches", "value": "(a{1,400}){1,400}"}),
                    notify.clone(),
                ),
                "when.value: this regular expression becomes too large",
            ),
            (
                rule("a", "message", is("context.gone", json!("x")), notify.clone()),
                "when.fact: no active schema has a field",
            ),
            (rule("a", "moon", leaf.clone(), notify.clone()), "on: \"moon\" is not one of message"),
            (rule("a", "message", leaf.clone(), json!([{"do": "webhook", "url": "ftp://x"}])), "then[0].url"),
        ];
        for (document, says) in wrong {
            let refused = call(&manager, "POST", "/v1/rules", Some(document.clone())).await;
            assert_eq!(refused.problem(), (422, "invalid_value".to_owned()), "{says}");
            assert!(refused.text.contains(&says.replace('"', "\\\"")), "{says}: {}", refused.text);
            let read = ok(&manager, "POST", "/v1/rules/check", Some(document)).await;
            assert!(read["problem"].as_str().is_some_and(|problem| problem.contains(says)), "{read}");
        }
        let own = rule(
            "own",
            "status_changed",
            is("event.to", json!("quoted")),
            json!([{"do": "set_status", "status": "booked"}]),
        );
        let read = ok(&manager, "POST", "/v1/rules/check", Some(own)).await;
        assert!(read["notes"][0].as_str().is_some_and(|note| note.starts_with("then[0]:")), "{read}");
    })
    .await;
}

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

#[tokio::test(flavor = "multi_thread")]
async fn two_different_people_approve_what_a_rule_asks_two_for() {
    on_each_engine(async |app| {
        let (staff, manager, owner) =
            (app.staff(Role::Staff).await, app.staff(Role::Manager).await, app.staff(Role::Owner).await);
        add(
            &manager,
            rule(
                "refunds",
                "message",
                json!({"all": [
            {"fact": "message.text", "op": "contains", "value": "refund"},
            {"fact": "message.amount", "op": "gt", "value": 200}]}),
                json!([
            {"do": "require_approval", "people": 2, "because": "Refunds over 200 need two people."}]),
            ),
        )
        .await;
        let mut ana = app.customer().await;
        let conversation = ana.says("Please refund the £250 for the brake check.").await.conversation;
        let shown = app.pending(&staff, conversation).await;
        assert_eq!((shown.required_people, shown.approvals.len()), (2, 0));
        assert!(shown.blockers.iter().any(|blocker| blocker.says == "Refunds over 200 need two people."));
        let path = format!("/v1/drafts/{}/approve", shown.id);
        let body =
            |draft: &concierge::protocol::DraftView| json!({"revision": draft.revision, "hash": draft.hash});

        let first = call(&staff, "POST", &path, Some(body(&shown))).await;
        assert_eq!(first.status, 202, "{first:?}");
        assert_eq!(first.json()["approvals"][0]["name"], "Some staff");
        let again = call(&staff, "POST", &path, Some(body(&shown))).await;
        assert_eq!(again.problem(), (409, "needs_second_person".to_owned()));
        assert!(again.text.contains("somebody else has to as well"), "{again:?}");
        assert!(crate::support::sent_by_agent(&staff, conversation).await.is_empty());

        // Whoever changes the text begins anew.
        let mut changed = body(&shown);
        changed["text"] = json!("We look into the refund.");
        let edited = call(&manager, "POST", &path, Some(changed)).await;
        assert_eq!(edited.status, 202, "{edited:?}");
        assert_eq!(edited.json()["approvals"].as_array().map(Vec::len), Some(1));
        let now = crate::support::draft(&staff, shown.id).await;
        assert_eq!(
            (now.approvals[0].name.as_str(), now.edited_text.as_deref()),
            ("Some manager", Some("We look into the refund."))
        );
        assert_eq!(call(&staff, "POST", &path, Some(body(&shown))).await.problem().1, "draft_changed");
        let held = call(&owner, "POST", &path, Some(body(&now))).await;
        assert_eq!(held.status, 200, "{held:?}");
        app.settle().await;
        let sent = crate::support::sent_by_agent(&staff, conversation).await;
        assert_eq!(sent.len(), 1);
        assert_eq!(
            decisions(&staff, conversation).await,
            ["approved_in_part", "approved_in_part", "approved_edited"]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_asks_the_waiting_draft_for_a_role_and_proposes_replies() {
    on_each_engine(async |app| {
        let (staff, manager) = (app.staff(Role::Staff).await, app.staff(Role::Manager).await);
        add(
            &manager,
            rule(
                "quoted",
                "status_changed",
                is("event.to", json!("quoted")),
                json!([
            {"do": "require_approval", "role": "manager", "people": 2, "because": "Quotes are read twice."}]),
            ),
        )
        .await;
        add(
            &manager,
            rule(
                "booked",
                "status_changed",
                is("event.to", json!("booked")),
                json!([
            {"do": "draft", "text": "Your visit is booked."}]),
            ),
        )
        .await;
        add(
            &manager,
            rule(
                "thanks",
                "message",
                json!({"fact": "message.text", "op": "contains", "value": "thank"}),
                json!([
            {"do": "draft", "text": "You are welcome."}]),
            ),
        )
        .await;
        let mut ana = app.customer().await;
        let conversation = ana.says("How much is a brake check?").await.conversation;
        app.pending(&staff, conversation).await;
        let status = format!("/v1/conversations/{conversation}/status");
        ok(&staff, "POST", &status, Some(json!({"status": "quoted"}))).await;
        let shown = app.pending(&staff, conversation).await;
        assert_eq!((shown.required_role, shown.required_people), (Some(Role::Manager), 2));
        let path = format!("/v1/drafts/{}/approve", shown.id);
        let body = json!({"revision": shown.revision, "hash": shown.hash});
        assert_eq!(call(&staff, "POST", &path, Some(body)).await.problem(), (403, "forbidden".to_owned()));

        ok(&staff, "POST", &status, Some(json!({"status": "booked"}))).await;
        app.settle().await;
        let skipped = runs(&staff, conversation, "booked").await;
        assert_eq!(
            skipped[0]["receipts"][0],
            json!({"action": "propose a reply", "state": "skipped", "because": "another draft waits already"})
        );
        ana.says("Thank you!").await;
        let proposed = app.pending(&staff, conversation).await;
        assert_eq!(proposed.text, "You are welcome.");
        assert!(
            proposed.blockers.iter().any(|blocker| blocker.says == "The rule “Rule thanks” proposes this")
        );
    })
    .await;
}

/// Listens for posts; answers each with the next status of a list, the last one for good.
async fn listener(answers: &'static [&'static str]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let keep = heard.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            let mut piece = [0; 8_192];
            // A request is whole once its body ends with the object that it is.
            while !String::from_utf8_lossy(&request).trim_end().ends_with('}') {
                match stream.read(&mut piece).await {
                    Ok(0) | Err(_) => break,
                    Ok(read) => request.extend_from_slice(&piece[..read]),
                }
            }
            let count = {
                let mut heard = keep.lock().unwrap_or_else(PoisonError::into_inner);
                heard.push(String::from_utf8_lossy(&request).into_owned());
                heard.len()
            };
            let status = answers[(count - 1).min(answers.len() - 1)];
            let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_tried_again_and_its_receipt_follows() {
    let (address, heard) = listener(&["503 Busy", "204 No Content"]).await;
    let clock = manual_clock();
    let settings = |config: &mut concierge::config::Config, options: &mut concierge::app::Options| {
        config.knowledge.reachable_hosts = address.clone();
        options.clock = clock.clone();
    };
    on_each_engine_with(settings, async |app| {
        heard.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let manager = app.staff(Role::Manager).await;
        let made = add(
            &manager,
            rule(
                "told",
                "status_changed",
                json!({"all": []}),
                json!([
            {"do": "label", "add": ["told"]}, {"do": "webhook", "url": format!("http://{address}/hook")}]),
            ),
        )
        .await;
        let mut ana = app.customer().await;
        let conversation = ana.says("How much is a brake check?").await.conversation;
        app.settle().await;
        ok(
            &manager,
            "POST",
            &format!("/v1/conversations/{conversation}/status"),
            Some(json!({"status": "quoted"})),
        )
        .await;
        let receipt = async || {
            runs(&manager, conversation, "told")
                .await
                .first()
                .map(|run| run["receipts"][1].clone())
                .unwrap_or_default()
        };
        until("the first attempt failed", async || receipt().await["state"] == "failed").await;
        assert!(
            receipt().await["because"]
                .as_str()
                .is_some_and(|why| why.contains("503") && why.contains("tried again"))
        );
        let failing = async || {
            let rules: Value = manager.get("/v1/rules").await.expect("listed");
            let items = rules["items"].as_array().cloned().unwrap_or_default();
            items
                .into_iter()
                .find(|row| row["id"] == made["id"])
                .map(|row| row["failed"].clone())
                .unwrap_or_default()
        };
        assert_eq!(failing().await, 1);
        app.advance(Duration::from_secs(5));
        until("the second attempt worked", async || receipt().await["state"] == "done").await;
        assert_eq!(failing().await, 0);
        let heard = heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert_eq!(heard.len(), 2);
        let key = |request: &str| {
            request.lines().find(|line| line.starts_with("idempotency-key")).map(str::to_owned)
        };
        assert!(key(&heard[0]).is_some() && key(&heard[0]) == key(&heard[1]));
        // Who is called can check that we call: the signature is that of the Standard Webhooks.
        let secret = ok(&manager, "GET", "/v1/hooks/outgoing", None).await;
        let secret = secret["secret"].as_str().expect("a secret").to_owned();
        for request in &heard {
            let (head, body) = request.split_once("\r\n\r\n").expect("a head and a body");
            let header = |name: &str| {
                let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
                line.unwrap_or_default().to_owned()
            };
            let [id, at, signed] = [hook::ID, hook::TIMESTAMP, hook::SIGNATURE].map(header);
            let checked = hook::verify(&secret, (&id, &at, &signed), body.as_bytes(), clock.now());
            assert_eq!(checked, Ok(()), "{head}");
        }
        assert!(heard[1].contains("\"rule_matched\"") && heard[1].contains(&conversation.to_string()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_into_the_own_network_is_not_called() {
    let (address, heard) = listener(&["204 No Content"]).await;
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let one = add(
            &manager,
            rule(
                "inside",
                "status_changed",
                json!({"all": []}),
                json!([{"do": "webhook", "url": format!("http://{address}/")}]),
            ),
        )
        .await;
        let mut ana = app.customer().await;
        let conversation = ana.says("How much is a brake check?").await.conversation;
        app.settle().await;
        ok(
            &manager,
            "POST",
            &format!("/v1/conversations/{conversation}/status"),
            Some(json!({"status": "quoted"})),
        )
        .await;
        until("it failed", async || {
            runs(&manager, conversation, "inside")
                .await
                .first()
                .is_some_and(|run| run["receipts"][0]["state"] == "failed")
        })
        .await;
        // A rule that is gone waits for nothing: its job ends with its next attempt.
        ok(&manager, "DELETE", &format!("/v1/rules/{}", one["id"].as_str().expect("an id")), None).await;
        assert!(heard.lock().unwrap_or_else(PoisonError::into_inner).is_empty());
        let ports = &app.node.site.ports;
        let mut tx = ports.db.begin().await.expect("a transaction");
        let far = ports.now().after(Duration::from_secs(86_400));
        for job in concierge::jobs::take_due(&mut tx, concierge::jobs::Queue::Slow, far, Duration::ZERO, 10)
            .await
            .expect("taken")
        {
            concierge::jobs::done(&mut tx, &job).await.expect("forgotten");
        }
        tx.commit().await.expect("stored");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_rule_says_why_and_why_not() {
    on_each_engine(async |app| {
        let (manager, staff) = (app.staff(Role::Manager).await, app.staff(Role::Staff).await);
        let price = add(
            &manager,
            rule(
                "price",
                "message",
                json!({"all": [
            {"fact": "message.text", "op": "contains", "value": "refund"},
            {"fact": "message.amount", "op": "gt", "value": 200}]}),
                json!([{"do": "label", "add": ["much"]}]),
            ),
        )
        .await;
        let mut ana = app.customer().await;
        let conversation = ana.says("Please refund the £150 for the tyres.").await.conversation;
        app.settle().await;
        let path = format!("/v1/conversations/{conversation}/rules/{}", price["id"].as_str().expect("an id"));
        let why_not: Value = staff.get(&path).await.expect("asked");
        assert_eq!(
            (&why_not["verdict"], &why_not["says"]),
            (
                &json!("unmet"),
                &json!([
                    "the largest sum of money in the message is more than 200: does not hold, it was 150"
                ])
            )
        );
        assert_eq!(why_not["tree"]["all"][0]["met"], true);
        ana.says("Sorry, please refund £350 in all.").await;
        app.settle().await;
        let why: Value = staff.get(&path).await.expect("asked");
        assert_eq!(why["verdict"], "fired", "{why}");
        assert_eq!(
            why["tree"]["all"][1],
            json!({"met": true, "fact": "message.amount", "op": "gt", "value": 200, "actual": 350.0})
        );
        assert_eq!(why["runs"][0]["receipts"][0]["state"], "done");

        let one = format!("/v1/rules/{}", price["id"].as_str().expect("an id"));
        let off = manager.send(Method::PATCH, &one, Some(json!({"enabled": false}))).await.expect("switched");
        assert_eq!(off.status(), 200);
        add(&manager, rule("never", "rated", json!({"all": []}), json!([{"do": "notify", "text": "x"}])))
            .await;
        let all: Value = staff.get(&format!("/v1/conversations/{conversation}/rules")).await.expect("asked");
        let verdict = |key: &str| {
            let items = all["items"].as_array().expect("answers");
            items.iter().find(|one| one["key"] == key).map(|one| one["verdict"].clone()).unwrap_or_default()
        };
        assert_eq!((verdict("never"), verdict("brakes-are-labelled")), (json!("not_asked"), json!("unmet")));
        let stranger = app.staff_of("beta", Role::Owner).await;
        for path in [path, format!("/v1/conversations/{conversation}/rules")] {
            assert_eq!(call(&stranger, "GET", &path, None).await.status, 404);
        }
    })
    .await;
}
