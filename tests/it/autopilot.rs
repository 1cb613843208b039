//! Autopilot: earned by evidence, given by a manager, stopped by a person, ended by itself. X30, X31, Z3, C12.

use std::time::Duration;

use concierge::base::{ConversationId, Role};
use concierge::client::{Http, Socket};
use concierge::protocol::{
    AutopilotMark, BlockerKind, Command, Content, DraftStatus, DraftView, Notice, RejectReason,
};
use serde_json::{Value, json};

use crate::support::{
    App, Customer, approve, call, code, decisions, draft, eventually, join, manual_clock, ok, on_each_engine,
    on_each_engine_with, sent_by_agent, timeline,
};

/// A question that our documents answer, and that needs nothing else.
const ASKS: &str = "When are you open on Friday?";
const INTENT: &str = "opening_hours";
/// Decisions in a row that earn the lowest bar.
const ENOUGH: usize = 7;

/// Asks for as little as can be asked for.
async fn low_bar(manager: &Http, sample: f64) {
    let body = json!({ "bar": 0.5, "least": 5, "sample": sample });
    ok(manager, "PUT", "/v1/autopilot", Some(body)).await;
}

async fn standing(manager: &Http) -> Value {
    let shown = ok(manager, "GET", "/v1/autopilot", None).await;
    let mut intents = shown["intents"].as_array().expect("intents").iter();
    intents.find(|intent| intent["key"] == INTENT).cloned().expect("the intent is shown")
}

/// The draft that a conversation's turn so many has finished.
async fn proposed(caller: &Http, conversation: ConversationId, number: usize) -> DraftView {
    eventually("a draft", async || {
        let entries = timeline(caller, conversation).await;
        let mut drafts = entries.iter().filter_map(|entry| match &entry.content {
            Content::DraftProposed { draft, .. } => Some(*draft),
            _ => None,
        });
        match drafts.nth(number - 1) {
            Some(id) => Some(draft(caller, id).await),
            None => None,
        }
    })
    .await
}

/// A customer asks; gives the draft that waits.
async fn asked(app: &App, caller: &Http, desk: &mut Socket) -> (Customer, ConversationId, DraftView) {
    let mut ana = app.customer().await;
    let conversation = ana.says(ASKS).await.conversation;
    join(desk, conversation, 0).await;
    let draft = proposed(caller, conversation, 1).await;
    assert_eq!((draft.intent.as_deref(), draft.status), (Some(INTENT), DraftStatus::Pending), "{draft:?}");
    (ana, conversation, draft)
}

async fn switch(manager: &Http, on: bool) -> u16 {
    let path = format!("/v1/autopilot/intents/{INTENT}");
    call(manager, "PUT", &path, Some(json!({ "on": on }))).await.status
}

/// Earns autopilot and turns it on.
async fn earn(app: &App, manager: &Http, desk: &mut Socket, sample: f64) {
    low_bar(manager, sample).await;
    for _ in 0..ENOUGH {
        let (_, _, draft) = asked(app, manager, desk).await;
        desk.ask(approve(&draft)).await.expect("it is approved");
    }
    assert_eq!(switch(manager, true).await, 204);
}

/// The next draft that autopilot sends; those of the sample are approved on the way.
async fn on_its_way(app: &App, caller: &Http, desk: &mut Socket) -> (Customer, ConversationId, DraftView) {
    for _ in 0..40 {
        let mut ana = app.customer().await;
        let conversation = ana.says(ASKS).await.conversation;
        join(desk, conversation, 0).await;
        let draft = proposed(caller, conversation, 1).await;
        if draft.autopilot == Some(AutopilotMark::Sent) {
            return (ana, conversation, draft);
        }
        assert_eq!(draft.blockers.first().map(|blocker| blocker.kind), Some(BlockerKind::ReviewSample));
        desk.ask(approve(&draft)).await.expect("one of the sample is approved");
    }
    panic!("all of 40 drafts were in the sample");
}

#[tokio::test(flavor = "multi_thread")]
async fn autopilot_is_earned_given_and_taken() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let colleague = app.staff(Role::Staff).await;
        let mut desk = app.desk(Role::Staff).await;
        low_bar(&manager, 0.02).await;
        assert_eq!(switch(&manager, true).await, 409, "nothing was earned yet");
        assert_eq!(switch(&colleague, true).await, 403);
        assert_eq!(call(&colleague, "GET", "/v1/autopilot", None).await.status, 403);

        // Six in a row are not enough, seven are.
        for number in 1..=ENOUGH {
            let (mut ana, _, waiting) = asked(app, &manager, &mut desk).await;
            let kinds: Vec<BlockerKind> = waiting.blockers.iter().map(|blocker| blocker.kind).collect();
            assert_eq!(kinds, [BlockerKind::NotTrustedYet]);
            desk.ask(approve(&waiting)).await.expect("it is approved");
            ana.hears().await;
            let offered = standing(&manager).await["offer"].is_object();
            assert_eq!(offered, number >= ENOUGH, "after {number}");
        }
        let earned = standing(&manager).await;
        assert_eq!((&earned["evidence"]["eligible"], &earned["evidence"]["good"]), (&json!(7), &json!(7)));
        assert_eq!((&earned["offer"]["engine"], earned.get("grant")), (&json!("built-in"), None));
        assert_eq!(switch(&manager, true).await, 204);
        let stranger = app.staff_of("beta", Role::Manager).await;
        assert_eq!(standing(&stranger).await["evidence"]["decided"], json!(0));

        // Now the answer comes by itself, and the log says who sent it.
        let (mut ana, conversation, going) = on_its_way(app, &manager, &mut desk).await;
        assert_eq!((going.decided_by, going.decided_by_name.as_deref()), (None, Some("Autopilot")));
        assert!(going.blockers.is_empty(), "{going:?}");
        assert_eq!(ana.hears().await.body.as_deref(), Some(going.text.as_str()));
        app.settle().await;
        assert_eq!(decisions(&manager, conversation).await, ["auto_approved"]);
        assert_eq!(standing(&manager).await["grant"]["sent"], json!(1));

        // What our documents do not answer still waits for a person; and when it is off, everything does.
        assert_eq!(switch(&manager, false).await, 204);
        let (_, _, waiting) = asked(app, &manager, &mut desk).await;
        assert_eq!(waiting.blockers[0].kind, BlockerKind::NotTrustedYet);
        let events = ok(&manager, "GET", "/v1/autopilot", None).await["events"].clone();
        let what: Vec<&str> =
            events.as_array().expect("events").iter().filter_map(|event| event["what"].as_str()).collect();
        assert_eq!(what, ["turned_off", "turned_on"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_settings_is_said() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        for (body, word) in [
            (json!({ "bar": 0.2, "least": 30, "sample": 0.1 }), "bar"),
            (json!({ "bar": 0.9, "least": 1, "sample": 0.1 }), "least"),
            (json!({ "bar": 0.9, "least": 30, "sample": 0.0 }), "sample"),
        ] {
            let answer = call(&manager, "PUT", "/v1/autopilot", Some(body)).await;
            assert_eq!(answer.problem(), (422, "invalid_field".to_owned()));
            assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.starts_with(word)));
        }
        let shown = ok(&manager, "GET", "/v1/autopilot", None).await;
        assert_eq!(shown["settings"], json!({ "bar": 0.9, "least": 30, "sample": 0.1 }));
        // What always is a person's matter cannot be given away.
        let refused =
            call(&manager, "PUT", "/v1/autopilot/intents/complaint", Some(json!({ "on": true }))).await;
        assert_eq!(refused.problem(), (409, "conflict".to_owned()));
        let unknown =
            call(&manager, "PUT", "/v1/autopilot/intents/nothing", Some(json!({ "on": true }))).await;
        assert_eq!(unknown.status, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_drafts_of_the_sample_end_autopilot_and_managers_are_told() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let mut desk = app.desk(Role::Staff).await;
        // Everything is looked at, so that what people make of it is seen at once.
        earn(app, &manager, &mut desk, 1.0).await;
        let mut rejected = 0;
        while standing(&manager).await["grant"]["enabled"] == json!(true) {
            assert!(rejected < 6, "six bad drafts in a row must end it");
            let (_, _, waiting) = asked(app, &manager, &mut desk).await;
            assert_eq!(waiting.blockers.first().map(|blocker| blocker.kind), Some(BlockerKind::ReviewSample));
            let reject = Command::Reject {
                draft: waiting.id,
                revision: waiting.revision,
                reason: RejectReason::Wrong,
                note: None,
                rewrite: false,
            };
            desk.ask(reject).await.expect("it is rejected");
            rejected += 1;
        }
        assert_eq!(rejected, 5, "one in two may be bad at this bar: five of five are no chance");
        let ended = standing(&manager).await;
        assert!(
            ended["grant"]["ended_because"].as_str().is_some_and(|why| why.starts_with("5 of the last 5"))
        );
        let told: Vec<Notice> =
            serde_json::from_value(ok(&manager, "GET", "/v1/notices", None).await["items"].clone())
                .expect("notices");
        assert_eq!(told.iter().filter(|notice| notice.kind.as_str() == "autopilot_off").count(), 1);
        let colleague = app.staff(Role::Staff).await;
        let untold = ok(&colleague, "GET", "/v1/notices", None).await;
        assert!(!untold.to_string().contains("autopilot_off"));
        assert_eq!(switch(&manager, true).await, 409, "what was lost is earned anew");
    })
    .await;
}

/// A hub on which nothing comes due by itself.
async fn with_still_clock(test: impl AsyncFn(&App)) {
    on_each_engine_with(|_, options| options.clock = manual_clock(), test).await;
}

async fn five_seconds_to_stop(owner: &Http) {
    ok(owner, "PATCH", "/v1/workspace", Some(json!({ "undo_seconds": 5 }))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_types_edits_rejects_or_takes_over_stops_the_machine_in_the_log() {
    with_still_clock(async |app| {
        let (manager, owner) = (app.staff(Role::Manager).await, app.staff(Role::Owner).await);
        let mut desk = app.desk(Role::Staff).await;
        earn(app, &manager, &mut desk, 0.02).await;
        five_seconds_to_stop(&owner).await;

        // Typing.
        let (_, conversation, going) = on_its_way(app, &manager, &mut desk).await;
        desk.ask(Command::Typing { conversation, on: true }).await.expect("the typing is taken");
        let stopped = draft(&manager, going.id).await;
        assert_eq!((stopped.status, stopped.autopilot), (DraftStatus::Pending, Some(AutopilotMark::Stopped)));
        assert_eq!(stopped.blockers[0].kind, BlockerKind::PersonWrites);
        assert_eq!(decisions(&manager, conversation).await, ["auto_approved", "undone"]);
        app.advance(Duration::from_secs(60));
        app.settle().await;
        assert!(sent_by_agent(&manager, conversation).await.is_empty());
        desk.ask(approve(&stopped)).await.expect("a person may still send it");
        app.advance(Duration::from_secs(60));
        app.settle().await;
        assert_eq!(sent_by_agent(&manager, conversation).await.len(), 1);

        // Somebody who typed before the draft was there.
        let mut ana = app.customer().await;
        let posted = ana.says("Hello").await;
        join(&mut desk, posted.conversation, 0).await;
        proposed(&manager, posted.conversation, 1).await;
        desk.ask(Command::Typing { conversation: posted.conversation, on: true }).await.expect("it is taken");
        ana.says(ASKS).await;
        let held = proposed(&manager, posted.conversation, 2).await;
        assert!(
            held.blockers
                .iter()
                .any(|blocker| matches!(blocker.kind, BlockerKind::PersonWrites | BlockerKind::ReviewSample)),
            "{held:?}"
        );

        // An edit of what is about to go out.
        let (_, conversation, going) = on_its_way(app, &manager, &mut desk).await;
        let edit =
            Command::Edit { draft: going.id, revision: going.revision, text: "My own words".to_owned() };
        desk.ask(edit).await.expect("the edit is kept");
        assert_eq!(draft(&manager, going.id).await.edited_text.as_deref(), Some("My own words"));
        assert_eq!(decisions(&manager, conversation).await, ["auto_approved", "undone"]);

        // Undo, take-over, and the switch itself.
        let (_, undone, going) = on_its_way(app, &manager, &mut desk).await;
        desk.ask(Command::Undo { draft: going.id }).await.expect("it waits again");
        let (_, taken, _) = on_its_way(app, &manager, &mut desk).await;
        desk.ask(Command::TakeOver { conversation: taken }).await.expect("taken over");
        let (_, off, last) = on_its_way(app, &manager, &mut desk).await;
        assert_eq!(switch(&manager, false).await, 204);
        app.advance(Duration::from_secs(60));
        app.settle().await;
        for conversation in [undone, taken, off] {
            assert!(sent_by_agent(&manager, conversation).await.is_empty());
        }
        assert_eq!(draft(&manager, last.id).await.status, DraftStatus::Pending);
        assert_eq!(decisions(&manager, taken).await, ["auto_approved", "superseded"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_message_is_answered_together_with_the_one_before() {
    with_still_clock(async |app| {
        let (manager, owner) = (app.staff(Role::Manager).await, app.staff(Role::Owner).await);
        let mut desk = app.desk(Role::Staff).await;
        earn(app, &manager, &mut desk, 0.02).await;
        five_seconds_to_stop(&owner).await;
        let (mut ana, conversation, going) = on_its_way(app, &manager, &mut desk).await;
        ana.says("I want to complain, my brakes are worse than before!").await;
        let second = proposed(&manager, conversation, 2).await;
        app.advance(Duration::from_secs(60));
        app.settle().await;
        for said in sent_by_agent(&manager, conversation).await {
            let by_second =
                matches!(said.content, Content::Message { draft: Some(draft), .. } if draft == second.id);
            assert!(by_second, "the answer to the first message alone went out: {said:?}");
        }
        assert_eq!(draft(&manager, going.id).await.status, DraftStatus::Superseded);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_and_taking_over_race_the_send_with_one_outcome() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let mut desk = app.desk(Role::Staff).await;
        earn(app, &manager, &mut desk, 0.02).await;
        for round in 0..12 {
            let mut ana = app.customer().await;
            let conversation = ana.says(ASKS).await.conversation;
            join(&mut desk, conversation, 0).await;
            // The send is due at once: sometimes it is first, sometimes the person is.
            let acts = match round % 3 {
                0 => desk.ask(Command::TakeOver { conversation }).await,
                1 => desk.ask(Command::Typing { conversation, on: true }).await,
                _ => {
                    switch(&manager, round % 2 == 0).await;
                    desk.ask(Command::Typing { conversation, on: true }).await
                }
            };
            assert!(acts.is_ok() || code(acts) != "internal");
            app.settle().await;
            let said = sent_by_agent(&manager, conversation).await;
            let log = decisions(&manager, conversation).await;
            let stopped = log.iter().any(|what| what == "undone" || what == "superseded");
            assert!(said.len() <= 1, "{log:?}");
            assert!(said.is_empty() || !stopped, "sent although it was stopped: {log:?}");
            // Whatever was sent was decided: by a grant, as nobody approved here.
            assert!(said.is_empty() || log.contains(&"auto_approved".to_owned()), "{log:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_there_after_a_restart() {
    for engine in [concierge::ports::db::Engine::Sqlite, concierge::ports::db::Engine::Postgres] {
        let app = App::start(engine, &|_: &mut _, _: &mut _| {}).await;
        let manager = app.staff(Role::Manager).await;
        let mut desk = app.desk(Role::Staff).await;
        earn(&app, &manager, &mut desk, 0.02).await;
        app.settle().await;
        let app = app.restart().await;
        let manager = app.staff(Role::Manager).await;
        let mut desk = app.desk(Role::Staff).await;
        let (mut ana, _, going) = on_its_way(&app, &manager, &mut desk).await;
        assert_eq!(ana.hears().await.body, Some(going.text));
        app.finish().await;
    }
}
