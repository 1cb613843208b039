//! Deciding drafts: product map D1 to D4, X6, X56, Z5; reliability M4, P8.

use std::time::Duration;

use concierge::base::{Actor, ConversationId, Role};
use concierge::client::{Error, Http, Socket};
use concierge::config::Config;
use concierge::drafts::{self, SendDraft};
use concierge::jobs;
use concierge::protocol::{
    BlockerKind, Command, Content, Decision, DraftStatus, DraftView, Outcome, Owner, RejectReason,
    ServerFrame, Signal,
};
use serde_json::{Value, json};

use crate::support::{
    Answer, App, Customer, PATIENCE, approve, call, code, decisions, draft, join, manual_clock, next_draft,
    ok, on_each_engine, on_each_engine_with, sent_by_agent, summary, timeline,
};

/// A question that the documents answer.
const QUESTION: &str = "How much is a brake check?";

/// Rounds of the races.
const ROUNDS: usize = 12;

/// A customer who asked, and the draft that answers.
async fn asked(app: &App, staff: &Http) -> (Customer, ConversationId, DraftView) {
    let mut customer = app.customer().await;
    let conversation = customer.says(QUESTION).await.conversation;
    let draft = app.pending(staff, conversation).await;
    (customer, conversation, draft)
}

fn approval(draft: &DraftView) -> Value {
    json!({ "revision": draft.revision, "hash": draft.hash })
}

async fn approve_over_http(caller: &Http, draft: &DraftView, text: Option<&str>) -> Answer {
    let mut body = approval(draft);
    if let Some(text) = text {
        body["text"] = text.into();
    }
    call(caller, "POST", &format!("/v1/drafts/{}/approve", draft.id), Some(body)).await
}

fn edit(draft: &DraftView, text: &str) -> Command {
    Command::Edit { draft: draft.id, revision: draft.revision, text: text.to_owned() }
}

fn reject(draft: &DraftView, reason: RejectReason, rewrite: bool) -> Command {
    let note = Some("please look again".to_owned());
    Command::Reject { draft: draft.id, revision: draft.revision, reason, note, rewrite }
}

/// How long an approval can be taken back from here on.
async fn undo_seconds(app: &App, seconds: u32) {
    let manager = app.staff(Role::Manager).await;
    ok(&manager, "PATCH", "/v1/workspace", Some(json!({ "undo_seconds": seconds }))).await;
}

/// Nothing that races may use up a connection's patience with refusals.
fn patient(config: &mut Config, _: &mut concierge::app::Options) {
    config.sockets.strikes = u32::MAX;
}

/// The clock stands still until the test moves it.
fn by_hand(config: &mut Config, options: &mut concierge::app::Options) {
    patient(config, options);
    options.clock = manual_clock();
}

/// Who won, or what the loser was told.
fn outcome(result: Result<Outcome, Error>) -> Result<(), (String, String)> {
    match result {
        Ok(_) => Ok(()),
        Err(Error::Refused { code, message, .. }) => Err((code, message)),
        Err(other) => panic!("{other}"),
    }
}

fn outcome_over_http(answer: &Answer) -> Result<(), (String, String)> {
    if answer.status == 200 {
        return Ok(());
    }
    let (status, code) = answer.problem();
    assert_eq!(status, 409, "{answer:?}");
    Err((code, answer.json()["detail"].as_str().unwrap_or_default().to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_approve_at_once_one_wins_and_the_others_learn_who() {
    on_each_engine_with(patient, async |app| {
        let (staff, manager) = (app.staff(Role::Staff).await, app.staff(Role::Manager).await);
        let (mut desk, mut owner) = (app.desk(Role::Staff).await, app.desk(Role::Owner).await);
        let mut customer = app.customer().await;
        for round in 1..=ROUNDS {
            let conversation = customer.says(QUESTION).await.conversation;
            let shown = app.pending(&staff, conversation).await;
            let edited = format!("{} Edited by the manager.", shown.text);
            let (a, b, c, d) = tokio::join!(
                approve_over_http(&staff, &shown, None),
                approve_over_http(&manager, &shown, Some(&edited)),
                desk.ask(approve(&shown)),
                owner.ask(approve(&shown)),
            );
            let results = [
                ("Some staff", outcome_over_http(&a)),
                ("Some manager", outcome_over_http(&b)),
                ("Some staff", outcome(c)),
                ("Some owner", outcome(d)),
            ];
            let winners: Vec<&str> =
                results.iter().filter(|(_, result)| result.is_ok()).map(|(name, _)| *name).collect();
            assert_eq!(winners.len(), 1, "{results:?}");
            for (_, lost) in results.iter().filter(|(_, result)| result.is_err()) {
                let (code, message) = lost.as_ref().expect_err("it lost");
                assert_eq!(code, "draft_already_decided");
                assert!(message.contains(winners[0]), "{message} should name {}", winners[0]);
            }
            let heard = customer.hears().await;
            let expected = if winners == ["Some manager"] { &edited } else { &shown.text };
            assert_eq!(heard.body.as_ref(), Some(expected));
            app.settle().await;
            assert_eq!(sent_by_agent(&staff, conversation).await.len(), round, "one send per draft");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_decided_once() {
    on_each_engine(async |app| {
        let (staff, manager) = (app.staff(Role::Staff).await, app.staff(Role::Manager).await);
        let (_customer, conversation, shown) = asked(app, &staff).await;
        assert_eq!(approve_over_http(&staff, &shown, None).await.status, 200);
        let path = |verb: &str| format!("/v1/drafts/{}/{verb}", shown.id);
        for (method, verb, body) in [
            ("POST", "approve", approval(&shown)),
            ("POST", "reject", json!({ "revision": shown.revision, "reason": "tone" })),
            ("PUT", "edit", json!({ "revision": shown.revision, "text": "Other words" })),
        ] {
            for caller in [&staff, &manager] {
                let again = call(caller, method, &path(verb), Some(body.clone())).await;
                assert_eq!(again.problem(), (409, "draft_already_decided".to_owned()), "{verb}");
                assert!(again.text.contains("Some staff"), "{verb} names the winner: {again:?}");
            }
        }
        app.settle().await;
        assert_eq!(sent_by_agent(&staff, conversation).await.len(), 1);
        assert_eq!(decisions(&staff, conversation).await, ["approved"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_names_exactly_what_was_shown() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let (_customer, conversation, shown) = asked(app, &staff).await;
        let changed = || (409, "draft_changed".to_owned());
        let wrong_hash = DraftView { hash: drafts::hash_text("other words"), ..shown.clone() };
        assert_eq!(approve_over_http(&staff, &wrong_hash, None).await.problem(), changed());
        for revision in [shown.revision + 1, shown.revision - 1, i64::MAX, i64::MIN] {
            let wrong = DraftView { revision, ..shown.clone() };
            assert_eq!(approve_over_http(&staff, &wrong, None).await.problem(), changed());
        }
        // A colleague edits it while it is shown: the old words must not go out.
        let mut colleague = app.desk(Role::Owner).await;
        colleague.ask(edit(&shown, "A brake check costs £79, or £85 on Saturdays.")).await.expect("edited");
        assert_eq!(approve_over_http(&staff, &shown, None).await.problem(), changed());
        let old_hash = DraftView { revision: shown.revision + 1, ..shown.clone() };
        assert_eq!(approve_over_http(&staff, &old_hash, None).await.problem(), changed());
        app.settle().await;
        assert!(sent_by_agent(&staff, conversation).await.is_empty());

        let now = draft(&staff, shown.id).await;
        assert_eq!(approve_over_http(&staff, &now, None).await.status, 200);
        app.settle().await;
        let sent = sent_by_agent(&staff, conversation).await;
        assert_eq!(sent[0].body, now.edited_text, "the edited text goes out");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_while_the_customer_wrote_again_is_stale_and_its_edit_is_kept() {
    on_each_engine_with(
        |config, _| config.pipeline.settle_ms = 400,
        async |app| {
            let staff = app.staff(Role::Staff).await;
            let (mut customer, conversation, shown) = asked(app, &staff).await;
            customer.says("And when are you open?").await;
            let edited = format!("{} Bring both keys.", shown.text);
            let stale = approve_over_http(&staff, &shown, Some(&edited)).await;
            assert_eq!(stale.problem(), (409, "draft_stale".to_owned()));
            let next = app.pending(&staff, conversation).await;
            assert_ne!(next.id, shown.id);
            assert!(next.for_seq > shown.for_seq);
            let text = next.edited_text.clone().expect("the new draft is edited");
            assert!(text.contains("Bring both keys."), "{text}");
            assert!(sent_by_agent(&staff, conversation).await.is_empty(), "nothing stale was sent");
            assert_eq!(approve_over_http(&staff, &next, None).await.status, 200);
            assert_eq!(customer.hears().await.body, Some(text));
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_of_a_replaced_draft_is_stale_and_its_edit_is_kept() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let (mut customer, conversation, shown) = asked(app, &staff).await;
        customer.says("And when are you open?").await;
        let next = app.pending(&staff, conversation).await;
        assert_eq!(draft(&staff, shown.id).await.status, DraftStatus::Superseded);
        // The page of this colleague still shows the old draft.
        let edited = format!("{} Bring both keys.", shown.text);
        let stale = approve_over_http(&staff, &shown, Some(&edited)).await;
        assert_eq!(stale.problem(), (409, "draft_stale".to_owned()));
        let merged = draft(&staff, next.id).await;
        assert!(
            merged.edited_text.as_ref().is_some_and(|text| text.contains("Bring both keys.")),
            "{merged:?}"
        );
        app.settle().await;
        assert!(sent_by_agent(&staff, conversation).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_survives_the_customers_next_messages() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut desk = app.desk(Role::Staff).await;
        let (mut customer, conversation, shown) = asked(app, &staff).await;
        let typed = format!("{} Ask for Leo.", shown.text);
        let outcome = desk.ask(edit(&shown, &typed)).await.expect("kept");
        let Outcome::Draft { draft: kept } = outcome else { panic!("{outcome:?}") };
        assert_eq!((kept.edited_text.as_deref(), kept.status), (Some(typed.as_str()), DraftStatus::Pending));
        assert!(kept.revision > shown.revision);
        assert_eq!(code(desk.ask(edit(&shown, "from an old page")).await), "draft_changed");
        for message in ["And when are you open?", "It is a Ford Focus from 2016."] {
            customer.says(message).await;
            let next = app.pending(&staff, conversation).await;
            let text = next.edited_text.expect("the edit is carried");
            assert!(text.contains("Ask for Leo."), "{text}");
            assert_eq!(next.edited_by, kept.edited_by);
        }
        // An edit that arrives after its draft was replaced is carried on as well.
        let late = desk.ask(edit(&shown, &format!("{} Bring the papers.", shown.text))).await;
        assert_eq!(code(late), "draft_stale");
        let text = app.pending(&staff, conversation).await.edited_text.expect("edited");
        assert!(text.contains("Bring the papers.") && text.contains("Ask for Leo."), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_draft_is_written_again_without_any_source_that_was_called_wrong() {
    on_each_engine(async |app| {
        let (staff, manager) = (app.staff(Role::Staff).await, app.staff(Role::Manager).await);
        app.add_document(&manager, "Prices", "A brake check costs £91 on Saturdays.").await;
        app.add_document(&manager, "Winter", "A brake check costs £60 in our winter offer.").await;
        let mut desk = app.desk(Role::Staff).await;
        let (_customer, conversation, first) = asked(app, &staff).await;
        let mut wrong = Vec::new();
        let mut seen = vec![first.id];
        let mut shown = first;
        for round in 0..2 {
            assert!(!shown.citations.is_empty(), "draft {round} cites something: {}", shown.text);
            wrong.extend(shown.citations.iter().map(|citation| citation.passage));
            let outcome = desk.ask(reject(&shown, RejectReason::Wrong, true)).await.expect("rejected");
            let Outcome::Draft { draft: rejected } = outcome else { panic!("{outcome:?}") };
            assert_eq!(rejected.status, DraftStatus::Rejected);
            shown = app.pending(&staff, conversation).await;
            assert!(!seen.contains(&shown.id), "another draft is written");
            seen.push(shown.id);
            let cited: Vec<_> = shown.citations.iter().map(|citation| citation.passage).collect();
            assert!(
                !cited.iter().any(|passage| wrong.contains(passage)),
                "{}: {cited:?} {wrong:?}",
                shown.text
            );
        }
        let told = timeline(&staff, conversation).await.into_iter().find_map(|entry| match entry.content {
            Content::DraftDecided { decision: Decision::Rejected, reason, note, .. } => Some((reason, note)),
            _ => None,
        });
        assert_eq!(told, Some((Some(RejectReason::Wrong), Some("please look again".to_owned()))));
        // Told not to, nothing is written.
        desk.ask(reject(&shown, RejectReason::NotNow, false)).await.expect("rejected");
        app.settle().await;
        assert_eq!(summary(&staff, conversation).await.draft, None);
        assert!(sent_by_agent(&staff, conversation).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_can_be_taken_back_until_it_is_sent_and_not_after() {
    on_each_engine_with(by_hand, async |app| {
        let staff = app.staff(Role::Staff).await;
        undo_seconds(app, 10).await;
        let (mut customer, conversation, shown) = asked(app, &staff).await;
        let undo = format!("/v1/drafts/{}/undo", shown.id);
        app.advance(Duration::from_secs(1));
        let held = approve_over_http(&staff, &shown, None).await;
        assert_eq!(held.status, 200);
        let send_at = app.node.site.ports.now().after(Duration::from_secs(10));
        assert_eq!(held.json()["send_at"], json!(send_at));

        app.advance(Duration::from_secs(9));
        let again = ok(&staff, "POST", &undo, None).await;
        assert_eq!((again["status"].as_str(), again.get("decided_by")), (Some("pending"), None));
        app.advance(Duration::from_secs(60));
        app.settle().await;
        assert!(sent_by_agent(&staff, conversation).await.is_empty(), "what was taken back is not sent");
        assert_eq!(
            approve_over_http(&staff, &shown, None).await.problem(),
            (409, "draft_changed".to_owned()),
            "after the undo it is another revision"
        );

        let shown = draft(&staff, shown.id).await;
        assert_eq!(approve_over_http(&staff, &shown, None).await.status, 200);
        app.advance(Duration::from_secs(10));
        assert_eq!(customer.hears().await.body, Some(shown.text));
        app.settle().await;
        assert_eq!(call(&staff, "POST", &undo, None).await.problem(), (409, "already_sent".to_owned()));
        assert_eq!(sent_by_agent(&staff, conversation).await.len(), 1);
        assert_eq!(decisions(&staff, conversation).await, ["approved", "undone", "approved"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_take_over_nothing_of_the_agent_is_sent() {
    on_each_engine_with(by_hand, async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut owner = app.desk(Role::Owner).await;
        // A draft that waits.
        let (mut customer, conversation, shown) = asked(app, &staff).await;
        owner.ask(Command::TakeOver { conversation }).await.expect("taken over");
        let row = summary(&staff, conversation).await;
        assert_eq!((row.owner, row.draft), (Owner::Person, None));
        assert!(row.assignee.is_some(), "who takes over looks after it");
        let late = approve_over_http(&staff, &shown, None).await;
        assert_eq!(late.problem(), (409, "draft_already_decided".to_owned()));
        assert!(late.text.contains("Some owner"), "the loser learns who took over: {late:?}");
        customer.says("And when are you open?").await;
        app.settle().await;
        assert_eq!(summary(&staff, conversation).await.draft, None, "the agent is silent");
        assert!(sent_by_agent(&staff, conversation).await.is_empty());
        // Given back, the agent writes again.
        owner.ask(Command::HandBack { conversation }).await.expect("handed back");
        customer.says(QUESTION).await;
        let next = app.pending(&staff, conversation).await;
        assert!(next.text.contains("£79"), "{}", next.text);

        // A draft that is approved and can still be taken back.
        undo_seconds(app, 10).await;
        let (_customer, conversation, shown) = asked(app, &staff).await;
        assert_eq!(approve_over_http(&staff, &shown, None).await.status, 200);
        ok(&staff, "POST", &format!("/v1/conversations/{conversation}/take-over"), None).await;
        app.advance(Duration::from_secs(60));
        app.settle().await;
        assert!(sent_by_agent(&staff, conversation).await.is_empty(), "the held reply is not sent");
        assert_eq!(draft(&staff, shown.id).await.status, DraftStatus::Superseded);
        let undo = call(&staff, "POST", &format!("/v1/drafts/{}/undo", shown.id), None).await;
        assert_eq!(undo.problem().0, 409);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_own_reply_ends_the_draft_and_no_turn_is_owed() {
    on_each_engine_with(by_hand, async |app| {
        let staff = app.staff(Role::Staff).await;
        undo_seconds(app, 10).await;
        for held in [false, true] {
            let (mut customer, conversation, shown) = asked(app, &staff).await;
            if held {
                assert_eq!(approve_over_http(&staff, &shown, None).await.status, 200);
            }
            let path = format!("/v1/conversations/{conversation}/messages");
            let reply = json!({ "client_id": "own", "body": "It is £79, see you then." });
            ok(&staff, "POST", &path, Some(reply.clone())).await;
            assert_eq!(customer.hears().await.body.as_deref(), Some("It is £79, see you then."));
            app.advance(Duration::from_secs(60));
            app.settle().await;
            assert!(sent_by_agent(&staff, conversation).await.is_empty());
            let row = summary(&staff, conversation).await;
            assert_eq!((row.draft, row.owner, row.waiting_since), (None, Owner::Agent, None));
            assert_eq!(draft(&staff, shown.id).await.status, DraftStatus::Superseded);
            assert_eq!(
                approve_over_http(&staff, &shown, None).await.problem(),
                (409, "draft_already_decided".to_owned())
            );
            // The same reply sent again ends nothing that came later.
            customer.says(QUESTION).await;
            let next = app.pending(&staff, conversation).await;
            let again = ok(&staff, "POST", &path, Some(reply)).await;
            assert_eq!(again["duplicate"], true);
            assert_eq!(draft(&staff, next.id).await.status, DraftStatus::Pending);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_can_ask_for_an_owner() {
    on_each_engine(async |app| {
        app.add_rules(json!([{
            "key": "owner-approves", "name": "The owner approves prices", "on": "message", "priority": 5,
            "stop": false, "enabled": true,
            "when": { "all": [{ "fact": "message.text", "op": "contains", "value": "how much" }] },
            "then": [{ "do": "require_approval", "role": "owner", "because": "Prices are the owner's" }],
        }]))
        .await;
        let staff = app.staff(Role::Staff).await;
        let (mut customer, conversation, shown) = asked(app, &staff).await;
        assert!(
            shown.blockers.iter().any(|blocker| blocker.kind == BlockerKind::RuleRequires
                && blocker.says == "Prices are the owner's"),
            "{:?}",
            shown.blockers
        );
        for role in [Role::Viewer, Role::Staff, Role::Manager] {
            let caller = app.staff(role).await;
            for text in [None, Some("My own words.")] {
                let refused = approve_over_http(&caller, &shown, text).await;
                assert_eq!(refused.problem(), (403, "forbidden".to_owned()), "{role}");
            }
            let mut desk = app.desk(role).await;
            assert_eq!(code(desk.ask(approve(&shown)).await), "forbidden", "{role}");
        }
        // An edit by somebody else does not lift the rule.
        let mut desk = app.desk(Role::Staff).await;
        desk.ask(edit(&shown, "A brake check costs £79.")).await.expect("edited");
        let shown = draft(&staff, shown.id).await;
        assert_eq!(approve_over_http(&staff, &shown, None).await.problem().0, 403);
        app.settle().await;
        assert!(sent_by_agent(&staff, conversation).await.is_empty());

        let owner = app.staff(Role::Owner).await;
        assert_eq!(approve_over_http(&owner, &shown, None).await.status, 200);
        assert_eq!(customer.hears().await.body.as_deref(), Some("A brake check costs £79."));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_quick_messages_become_one_turn() {
    on_each_engine_with(
        |config, _| config.pipeline.settle_ms = 2_500,
        async |app| {
            let staff = app.staff(Role::Staff).await;
            let mut customer = app.customer().await;
            let mut last = 0;
            for message in ["Hello!", "Good to find you here.", QUESTION] {
                last = customer.says(message).await.seq;
            }
            let conversation = customer.conversation.expect("it began");
            let draft = app.pending(&staff, conversation).await;
            assert_eq!(draft.for_seq, last);
            // All three were read together: the question was looked up.
            let turn = ok(&staff, "GET", &format!("/v1/turns/{}", draft.turn), None).await;
            let stages = turn["stages"].as_array().expect("the stages");
            let retrieve = stages.iter().find(|stage| stage["stage"] == "retrieve").expect("it was run");
            assert_eq!(retrieve["output"]["passages"][0]["title"], "Brakes", "{retrieve}");
            let turns = ok(&staff, "GET", &format!("/v1/conversations/{conversation}/turns"), None).await;
            let turns = turns.as_array().expect("a list");
            assert_eq!(turns.len(), 1, "{turns:?}");
            let proposed = timeline(&staff, conversation).await;
            let proposed =
                proposed.iter().filter(|entry| matches!(entry.content, Content::DraftProposed { .. }));
            assert_eq!(proposed.count(), 1);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_arrives_once_though_it_is_sent_by_several_at_once_and_again() {
    on_each_engine_with(by_hand, async |app| {
        let staff = app.staff(Role::Staff).await;
        undo_seconds(app, 10).await;
        let (mut customer, conversation, shown) = asked(app, &staff).await;
        let ports = &app.node.site.ports;
        let send = async || {
            let cx = ports.cx(app.alpha, Actor::System, "");
            let mut tx = ports.db.begin().await.expect("a transaction begins");
            drafts::send_due(&cx, &mut tx, shown.id, "Pia").await.expect("sending does not fail");
            tx.commit().await.expect("committed");
        };
        send().await;
        assert_eq!(approve_over_http(&staff, &shown, None).await.status, 200);
        send().await;
        assert!(sent_by_agent(&staff, conversation).await.is_empty(), "not before its time");
        app.advance(Duration::from_secs(10));
        tokio::join!(send(), send(), send(), send());
        assert_eq!(customer.hears().await.body.as_ref(), Some(&shown.text));
        for _ in 0..2 {
            let cx = ports.cx(app.alpha, Actor::System, "");
            let mut tx = ports.db.begin().await.expect("a transaction begins");
            jobs::enqueue(&cx, &mut tx, &SendDraft { draft: shown.id }, cx.now).await.expect("enqueued");
            tx.commit().await.expect("committed");
        }
        app.settle().await;
        let sent = sent_by_agent(&staff, conversation).await;
        assert_eq!(sent.len(), 1);
        assert_eq!(draft(&staff, shown.id).await.sent_seq, Some(sent[0].seq));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_races_each_has_one_outcome_and_nothing_follows_a_take_over() {
    on_each_engine_with(patient, async |app| {
        let (staff, manager) = (app.staff(Role::Staff).await, app.staff(Role::Manager).await);
        let (mut desk, mut owner) = (app.desk(Role::Staff).await, app.desk(Role::Owner).await);
        for round in 0..ROUNDS {
            let (mut customer, conversation, shown) = asked(app, &staff).await;
            let own = json!({ "client_id": "own", "body": "I answer myself." });
            let path = format!("/v1/conversations/{conversation}/messages");
            let edited = format!("{} Ask for Leo.", shown.text);
            // Which of these begin first changes from round to round.
            let reply = async {
                match round % 3 {
                    0 => Some(call(&manager, "POST", &path, Some(own)).await),
                    _ => None,
                }
            };
            let writes = async {
                match round % 2 {
                    0 => Some(customer.sends("more", "And when are you open?").await),
                    _ => None,
                }
            };
            let (approved, rejected, kept, taken, replied, wrote) = tokio::join!(
                approve_over_http(&staff, &shown, None),
                async {
                    let body = json!({ "revision": shown.revision, "reason": "tone" });
                    call(&manager, "POST", &format!("/v1/drafts/{}/reject", shown.id), Some(body)).await
                },
                desk.ask(edit(&shown, &edited)),
                owner.ask(Command::TakeOver { conversation }),
                reply,
                writes,
            );
            let decided = [outcome_over_http(&approved), outcome_over_http(&rejected)];
            assert!(decided.iter().filter(|result| result.is_ok()).count() <= 1, "{decided:?}");
            for (code, message) in decided.into_iter().chain([outcome(kept)]).filter_map(Result::err) {
                assert!(
                    ["draft_already_decided", "draft_changed", "draft_stale"].contains(&code.as_str()),
                    "{code}: {message}"
                );
            }
            taken.expect("a take-over always succeeds");
            assert!(replied.is_none_or(|answer| answer.status == 201));
            if let Some(wrote) = wrote {
                wrote.expect("the customer can always write");
            }
            app.settle().await;
            let entries = timeline(&staff, conversation).await;
            let taken_at = entries
                .iter()
                .position(|entry| matches!(entry.content, Content::OwnerChanged { owner: Owner::Person }))
                .expect("the take-over is told");
            let sent: Vec<usize> = entries
                .iter()
                .enumerate()
                .filter(|(_, entry)| entry.content.is_message() && entry.actor == Actor::Agent)
                .map(|(position, _)| position)
                .collect();
            assert!(sent.len() <= 1 && sent.iter().all(|position| *position < taken_at), "{entries:#?}");
            assert_eq!(summary(&staff, conversation).await.draft, None, "nothing is left open");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_held_while_the_customer_writes_again_can_be_taken_back_into_the_next_draft() {
    on_each_engine_with(by_hand, async |app| {
        let staff = app.staff(Role::Staff).await;
        undo_seconds(app, 10).await;
        let (mut customer, conversation, shown) = asked(app, &staff).await;
        let (mut desk, _): (Socket, _) = Socket::staff(&staff).await.expect("a socket");
        join(&mut desk, conversation, 0).await;
        let edited = format!("{} Ask for Leo.", shown.text);
        assert_eq!(approve_over_http(&staff, &shown, Some(&edited)).await.status, 200);
        app.node.site.ports.clock.advance(Duration::from_secs(1));
        customer.says("And when are you open?").await;
        let next = next_draft(&mut desk).await;
        assert_ne!(next.id, shown.id);
        let back = ok(&staff, "POST", &format!("/v1/drafts/{}/undo", shown.id), None).await;
        assert_eq!(back["status"], "superseded");
        app.advance(Duration::from_secs(60));
        app.settle().await;
        assert!(sent_by_agent(&staff, conversation).await.is_empty());
        let open = app.pending(&staff, conversation).await;
        assert_eq!(open.id, next.id);
        assert!(open.edited_text.is_some_and(|text| text.contains("Ask for Leo.")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_written_draft_cannot_be_decided() {
    on_each_engine_with(
        |config, _| config.pipeline.word_ms = 400,
        async |app| {
            let staff = app.staff(Role::Staff).await;
            let mut customer = app.customer().await;
            let mut desk = app.desk(Role::Staff).await;
            desk.ask(Command::Inbox { on: true }).await.expect("followed");
            let conversation = customer.says(QUESTION).await.conversation;
            let joined = join(&mut desk, conversation, 0).await;
            let is_writing = |draft: &DraftView| draft.status == DraftStatus::Writing;
            let writing = match joined.draft.filter(|draft| is_writing(draft)) {
                Some(draft) => *draft,
                None => {
                    let begun = desk.find(PATIENCE, |frame| match frame {
                        ServerFrame::Signal(Signal::Draft { draft }) if is_writing(&draft) => Some(*draft),
                        _ => None,
                    });
                    begun.await.expect("the draft is begun")
                }
            };
            assert_eq!(code(desk.ask(approve(&writing)).await), "draft_still_writing");
            assert_eq!(
                code(desk.ask(reject(&writing, RejectReason::Tone, true)).await),
                "draft_still_writing"
            );
            app.settle().await;
            assert!(sent_by_agent(&staff, conversation).await.is_empty());
        },
    )
    .await;
}
