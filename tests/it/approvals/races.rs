//! Several who decide, send or write at once: each has one outcome.

use std::time::Duration;

use concierge::base::{Actor, Role};
use concierge::drafts::{self, SendDraft};
use concierge::jobs;
use concierge::protocol::{Command, Content, Owner};
use serde_json::json;

use super::{QUESTION, approve_over_http, asked, by_hand, edit, outcome, patient, undo_seconds};
use crate::support::{
    Answer, approve, call, draft, ok, on_each_engine_with, sent_by_agent, summary, timeline,
};

/// Rounds of the races.
const ROUNDS: usize = 12;

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
