//! Deciding drafts: product map D1 to D4, X6, X56, Z5; reliability M4, P8.

mod races;
mod stale;

use std::time::Duration;

use concierge::base::{ConversationId, Role};
use concierge::client::{Error, Http};
use concierge::config::Config;
use concierge::drafts;
use concierge::protocol::{
    BlockerKind, Command, Content, Decision, DraftStatus, DraftView, Outcome, Owner, RejectReason,
    ServerFrame, Signal,
};
use serde_json::{Value, json};

use crate::support::{
    Answer, App, Customer, PATIENCE, approve, call, code, decisions, draft, join, manual_clock, ok,
    on_each_engine, on_each_engine_with, sent_by_agent, summary, timeline,
};

/// A question that the documents answer.
const QUESTION: &str = "How much is a brake check?";

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
