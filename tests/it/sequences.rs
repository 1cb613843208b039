//! Sequences: steps that follow each other in time, begun by rules and people, stopped by what happens.

use std::time::Duration;

use concierge::base::{ConversationId, Role, Timestamp};
use concierge::client::Http;
use concierge::ports::Clock;
use concierge::ports::db::Engine;
use serde_json::{Value, json};

use crate::automation::{add, rule, runs as rule_runs};
use crate::support::{App, call, manual_clock, ok, on_each_engine, summary, timeline, until};

const HOUR: u64 = 3_600;

/// A sequence of two steps: a label after an hour, a draft and a status two hours later.
fn follow_up(key: &str) -> Value {
    json!({"key": key, "name": "Follow up", "steps": [
        {"minutes": 60, "then": [{"do": "label", "add": ["first"]}, {"do": "notify", "text": "No answer yet."}]},
        {"minutes": 120, "then": [{"do": "draft", "text": "Is the offer still of interest?"},
            {"do": "set_status", "status": "quoted"}]}]})
}

async fn make(manager: &Http, document: Value) -> Value {
    ok(manager, "POST", "/v1/sequences", Some(document)).await
}

/// The sequences of a conversation, the newest first.
async fn runs(staff: &Http, conversation: ConversationId) -> Vec<Value> {
    let listed = ok(staff, "GET", &format!("/v1/conversations/{conversation}/sequences"), None).await;
    listed["items"].as_array().cloned().unwrap_or_default()
}

async fn begin(staff: &Http, conversation: ConversationId, sequence: &Value) -> Value {
    let path = format!("/v1/conversations/{conversation}/sequences");
    ok(staff, "POST", &path, Some(json!({"sequence": sequence["id"]}))).await
}

/// Waits until the newest run has ended, and says how.
async fn ended(staff: &Http, conversation: ConversationId) -> Value {
    until("the sequence ended", async || runs(staff, conversation).await[0]["ended_at"].is_string()).await;
    runs(staff, conversation).await.remove(0)
}

/// What the timeline says sequences did, in order.
async fn told(staff: &Http, conversation: ConversationId) -> Vec<String> {
    let entries = timeline(staff, conversation).await;
    let moved = |entry: &concierge::protocol::Entry| match &entry.content {
        concierge::protocol::Content::SequenceMoved { moved, step, .. } => Some(format!("{moved} {step}")),
        _ => None,
    };
    entries.iter().filter_map(moved).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_is_done_once_and_on_time_also_across_restarts_and_clock_jumps() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let clock = manual_clock();
        let mut app = App::start(engine, |_, options| options.clock = clock.clone()).await;
        let manager = app.staff(Role::Manager).await;
        let sequence = make(&manager, follow_up("follow-up")).await;
        let start = json!([{"do": "start_sequence", "sequence": "follow-up"}]);
        add(&manager, rule("begins", "message", json!({"all": []}), start)).await;
        let mut ana = app.customer().await;
        let conversation = ana.says("How much is a brake check?").await.conversation;
        app.settle().await;
        let run = rule_runs(&manager, conversation, "begins").await.remove(0);
        assert_eq!(run["receipts"][0], json!({"action": "start the sequence follow-up", "state": "done"}));
        let first = runs(&manager, conversation).await.remove(0);
        assert_eq!(
            (&first["sequence"], &first["started_by"], &first["of"], &first["steps"]),
            (&sequence["id"], &json!("Rule begins"), &json!(2), &json!([])),
        );
        let due: Timestamp = first["due"].as_str().expect("it says when").parse().expect("a time");
        assert!(due > clock.now() && due <= clock.now().after(Duration::from_secs(HOUR)));
        assert_eq!(first["next"], json!(["add the label first", "notify staff"]));

        // Just before: nothing. The hub goes away and comes back just before, and nothing is done yet.
        clock.advance(Duration::from_secs(HOUR - 10));
        app = app.restart_at(&clock).await;
        let manager = app.staff(Role::Manager).await;
        assert_eq!(runs(&manager, conversation).await[0]["steps"], json!([]));
        clock.advance(Duration::from_secs(20));
        until("the first step", async || runs(&manager, conversation).await[0]["steps"][0]["step"] == 1)
            .await;
        let after = runs(&manager, conversation).await.remove(0);
        let states: Vec<_> = after["steps"][0]["receipts"].as_array().into_iter().flatten().collect();
        assert!(states.iter().all(|receipt| receipt["state"] == "done"), "{after}");
        let second: Timestamp = after["due"].as_str().expect("it says when").parse().expect("a time");
        assert_eq!(second, due.after(Duration::from_secs(2 * HOUR)), "a look that is late moves nothing");

        // The clock jumps over the second step while the hub is away; the step comes once.
        clock.advance(Duration::from_secs(2 * HOUR));
        app = app.restart_at(&clock).await;
        let manager = app.staff(Role::Manager).await;
        let last = ended(&manager, conversation).await;
        assert_eq!(
            (&last["ending"], &last["because"]),
            (&json!("finished"), &json!("all its steps are done"))
        );
        let receipts = &last["steps"][1]["receipts"];
        assert_eq!(
            (&receipts[0]["state"], &receipts[1]["state"]),
            (&json!("skipped"), &json!("done")),
            "{last}"
        );
        assert_eq!(receipts[0]["because"], "another draft waits already");
        clock.advance(Duration::from_secs(50 * HOUR));
        app = app.restart_at(&clock).await;
        let manager = app.staff(Role::Manager).await;
        assert_eq!(told(&manager, conversation).await, ["started 0", "stepped 1", "finished 2"]);
        let notes = timeline(&manager, conversation).await;
        assert_eq!(notes.iter().filter(|entry| entry.body.as_deref() == Some("No answer yet.")).count(), 1);
        let state = summary(&manager, conversation).await;
        assert_eq!((state.status.as_str(), state.labels.contains(&"first".to_owned())), ("quoted", true));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn working_time_waits_for_the_business_to_be_open_also_when_the_clocks_change() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        // A Saturday at noon, the day before Britain's clocks go back.
        let clock = Clock::manual("2026-10-24T11:00:00Z".parse().expect("a time"));
        let app = App::start(engine, |_, options| options.clock = clock.clone()).await;
        let owner = app.staff(Role::Owner).await;
        // Open on one hour of each day.
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let hours = json!([{"days": days, "from": "09:00", "to": "10:00"}]);
        let settings = json!({"hours": hours, "timezone": "Europe/London"});
        ok(&owner, "PATCH", "/v1/workspace", Some(settings)).await;
        let mut document = follow_up("slow");
        document["steps"][0]["minutes"] = json!(90);
        document["steps"][0]["clock"] = json!("working");
        let sequence = make(&owner, document).await;
        let mut ana = app.customer().await;
        let conversation = ana.says("How much is a brake check?").await.conversation;
        app.settle().await;
        let run = begin(&owner, conversation, &sequence).await;
        let due: Timestamp = run["due"].as_str().expect("it says when").parse().expect("a time");
        assert_eq!(
            due.to_string(),
            "2026-10-26T09:30:00.000000Z",
            "an hour on Sunday, half of one on Monday"
        );
        let wait = due.since(clock.now());
        clock.advance(wait - Duration::from_secs(5));
        until("it was looked at", async || runs(&owner, conversation).await[0]["steps"] == json!([])).await;
        clock.advance(Duration::from_secs(10));
        until("the step is done", async || runs(&owner, conversation).await[0]["steps"][0]["step"] == 1)
            .await;
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_in_the_conversation_stops_it_and_it_runs_once_at_a_time() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let staff = app.staff(Role::Staff).await;
        let sequence = make(&manager, follow_up("follow-up")).await;
        let mut ana = app.customer().await;
        let conversation = ana.says("How much is a brake check?").await.conversation;
        app.settle().await;
        let own = format!("/v1/conversations/{conversation}");
        let again = json!({"sequence": sequence["id"]});

        begin(&staff, conversation, &sequence).await;
        let twice = call(&staff, "POST", &format!("{own}/sequences"), Some(again.clone())).await;
        assert_eq!(twice.problem(), (409, "conflict".to_owned()));
        assert!(twice.text.contains("on its way here already"), "{}", twice.text);
        ana.says("I have another question.").await;
        assert_eq!(ended(&staff, conversation).await["ending"], "answered");
        app.settle().await;

        begin(&staff, conversation, &sequence).await;
        ok(&staff, "POST", &format!("{own}/take-over"), None).await;
        assert_eq!(ended(&staff, conversation).await["ending"], "taken_over");

        // A person who answers may begin one as well; taking over is not what stops it then.
        let run = begin(&staff, conversation, &sequence).await;
        let path = format!("{own}/sequences/{}", run["id"].as_str().expect("an identifier"));
        let stopped = ok(&staff, "DELETE", &path, None).await;
        assert_eq!(
            (&stopped["ending"], &stopped["because"]),
            (&json!("stopped"), &json!("Some staff stopped it"))
        );
        assert_eq!(
            ok(&staff, "DELETE", &path, None).await["ended_at"],
            stopped["ended_at"],
            "once is enough"
        );

        begin(&staff, conversation, &sequence).await;
        ok(&staff, "POST", &format!("{own}/resolve"), Some(json!({"resolved": true}))).await;
        // Opened again at once: the closing is seen all the same.
        ok(&staff, "POST", &format!("{own}/resolve"), Some(json!({"resolved": false}))).await;
        assert_eq!(ended(&staff, conversation).await["ending"], "closed");

        let path = format!("/v1/sequences/{}", sequence["id"].as_str().expect("an identifier"));
        begin(&staff, conversation, &sequence).await;
        ok(&manager, "PATCH", &path, Some(json!({"enabled": false}))).await;
        assert_eq!(ended(&staff, conversation).await["ending"], "switched_off");
        let off = call(&staff, "POST", &format!("{own}/sequences"), Some(again.clone())).await;
        assert_eq!(off.problem(), (409, "conflict".to_owned()));
        assert!(off.text.contains("switched off"), "{}", off.text);
        // It began here five times: rules that start it again and again end here.
        ok(&manager, "PATCH", &path, Some(json!({"enabled": true}))).await;
        let often = call(&staff, "POST", &format!("{own}/sequences"), Some(again)).await;
        assert!(often.status == 409 && often.text.contains("began here 5 times within a day"), "{often:?}");
        let viewer = app.staff(Role::Viewer).await;
        assert_eq!(
            call(&viewer, "POST", &format!("{own}/sequences"), Some(json!({"sequence": sequence["id"]})))
                .await
                .status,
            403
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_that_nothing_stops_goes_on_and_an_action_stops_it() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let clock = manual_clock();
        let app = App::start(engine, |_, options| options.clock = clock.clone()).await;
        let manager = app.staff(Role::Manager).await;
        let mut document = follow_up("steady");
        document["stop_when"] = json!({"answered": false, "taken_over": false});
        let sequence = make(&manager, document.clone()).await;
        let stop = json!([{"do": "stop_sequence", "sequence": "steady"}]);
        // The dry run of a rule knows that a sequence it starts writes to the customer.
        let starts = rule(
            "starts",
            "message",
            json!({"all": []}),
            json!([{"do": "start_sequence", "sequence": "steady"}]),
        );
        let quoted = json!({"fact": "event.to", "op": "is", "value": "quoted"});
        add(&manager, rule("stops", "status_changed", quoted, stop)).await;
        let mut ana = app.customer().await;
        let conversation = ana.says("How much is a brake check?").await.conversation;
        app.settle().await;
        begin(&manager, conversation, &sequence).await;
        ana.says("Are you there?").await;
        app.settle().await;
        let tried = ok(&manager, "POST", "/v1/rules/test", Some(json!({"document": starts}))).await;
        assert_eq!((&tried["replies"], &tried["twice"][0]["count"]), (&json!(2), &json!(2)), "{tried}");
        // A newer version is for those who begin later: what is on its way keeps its own.
        document["steps"][0]["then"] = json!([{"do": "label", "add": ["newer"]}]);
        let path = format!("/v1/sequences/{}", sequence["id"].as_str().expect("an identifier"));
        ok(&manager, "PUT", &path, Some(json!({"version": 1, "document": document}))).await;
        clock.advance(Duration::from_secs(HOUR));
        until("the first step", async || runs(&manager, conversation).await[0]["steps"][0]["step"] == 1)
            .await;
        assert!(summary(&manager, conversation).await.labels.contains(&"first".to_owned()));
        ok(
            &manager,
            "POST",
            &format!("/v1/conversations/{conversation}/status"),
            Some(json!({"status": "quoted"})),
        )
        .await;
        let last = ended(&manager, conversation).await;
        assert_eq!((&last["ending"], &last["because"]), (&json!("stopped"), &json!("Rule stops stopped it")));
        let stops = rule_runs(&manager, conversation, "stops").await.remove(0);
        assert_eq!(stops["receipts"][0]["state"], "done");
        clock.advance(Duration::from_secs(10 * HOUR));
        assert_eq!(told(&manager, conversation).await, ["started 0", "stepped 1", "stopped 1"]);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_is_made_changed_compared_and_taken_away_over_http() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let document = follow_up("follow-up");
        let read = ok(&manager, "POST", "/v1/sequences/check", Some(document.clone())).await;
        assert_eq!(
            read["text"],
            "After 1 hour: add the label first, notify staff; 2 hours later: propose a reply, set the status to \
             quoted. It stops when the customer answers, a person takes over or the conversation is closed."
        );
        let made = make(&manager, document.clone()).await;
        assert_eq!((&made["version"], &made["enabled"]), (&json!(1), &json!(true)));
        let path = format!("/v1/sequences/{}", made["id"].as_str().expect("an identifier"));
        let taken = call(&manager, "POST", "/v1/sequences", Some(document.clone())).await;
        assert_eq!(taken.problem(), (409, "conflict".to_owned()));

        // Two editors began with version 1; the second learns of both versions.
        let mut hers = document.clone();
        hers["name"] = json!("Hers");
        let mut his = document.clone();
        his["steps"][0]["minutes"] = json!(5);
        ok(&manager, "PUT", &path, Some(json!({"version": 1, "document": hers}))).await;
        let second = call(&manager, "PUT", &path, Some(json!({"version": 1, "document": his}))).await;
        assert_eq!(second.problem(), (409, "conflict".to_owned()));
        let conflict = &second.json()["conflict"];
        assert_eq!((&conflict["theirs"]["name"], &conflict["yours"]), (&json!("Hers"), &his));
        assert_eq!(conflict["edited_version"], 1);

        let listed = ok(&manager, "GET", "/v1/sequences", None).await;
        let row = &listed["items"][0];
        assert_eq!((&row["running"], &row["started"], &row["failed"]), (&json!(0), &json!(0), &json!(0)));
        assert!(row["text"].as_str().is_some_and(|text| text.starts_with("After 1 hour")), "{row}");
        let vocabulary = ok(&manager, "GET", "/v1/rules/vocabulary", None).await;
        assert_eq!(vocabulary["sequences"], json!([{"value": "follow-up", "label": "Hers"}]));

        let staff = app.staff(Role::Staff).await;
        let change = json!({"version": 2, "document": document});
        for (method, body) in [("PUT", Some(change)), ("PATCH", Some(json!({"enabled": false}))), ("DELETE", None)] {
            assert_eq!(call(&staff, method, &path, body).await.status, 403, "{method}");
        }
        ok(&manager, "DELETE", &path, None).await;
        assert_eq!(call(&manager, "GET", &path, None).await.status, 404);
        assert_eq!(make(&manager, document).await["version"], 3, "the key goes on where it ended");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_sequence_is_refused_with_its_place_and_a_missing_one_leaves_a_receipt() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let step = |then: Value| json!({"key": "a", "name": "A", "steps": [{"minutes": 1, "then": then}]});
        let wrong = [
            (json!([{"do": "start_sequence", "sequence": "a"}]), "steps[0].then[0]: a sequence starts no other one"),
            (json!([{"do": "stop_sequence", "sequence": "gone"}]), "steps[0].then[0].sequence: there is no sequence"),
            (json!([{"do": "set_status", "status": "moon"}]), "steps[0].then[0].status: no workflow has a state"),
            (json!([{"do": "set_field", "field": "moon", "value": 1}]), "steps[0].then[0].field: no active schema"),
            (json!([]), "steps[0].then: this must be a list with at least one action"),
        ];
        for (then, says) in wrong {
            let refused = call(&manager, "POST", "/v1/sequences", Some(step(then))).await;
            assert_eq!(refused.problem(), (422, "invalid_value".to_owned()), "{says}");
            assert!(refused.text.contains(says), "{says}: {}", refused.text);
        }
        let many = json!({"key": "a", "name": "A", "steps": vec![json!({"minutes": 1, "then": [{"do": "notify", "text": "x"}]}); 31]});
        let refused = call(&manager, "POST", "/v1/sequences", Some(many)).await;
        assert!(refused.text.contains("steps: at most 30 steps"), "{}", refused.text);
        let unknown = rule("b", "message", json!({"all": []}), json!([{"do": "start_sequence", "sequence": "gone"}]));
        let refused = call(&manager, "POST", "/v1/rules", Some(unknown)).await;
        assert!(refused.text.contains("then[0].sequence: there is no sequence"), "{}", refused.text);

        // A rule outlives the sequence it starts: its receipt says so, and its row shows the failure.
        let made = make(&manager, follow_up("short")).await;
        let begins = json!([{"do": "start_sequence", "sequence": "short"}]);
        add(&manager, rule("begins", "message", json!({"all": []}), begins)).await;
        let path = format!("/v1/sequences/{}", made["id"].as_str().expect("an identifier"));
        ok(&manager, "DELETE", &path, None).await;
        let mut ana = app.customer().await;
        let conversation = ana.says("How much is a brake check?").await.conversation;
        app.settle().await;
        let run = rule_runs(&manager, conversation, "begins").await.remove(0);
        assert_eq!(
            (&run["receipts"][0]["state"], &run["receipts"][0]["because"]),
            (&json!("failed"), &json!("there is no sequence \"short\"")),
        );
    })
    .await;
}
