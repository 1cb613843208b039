//! The main job, live: a customer's message becomes an approved reply.

use concierge::app::{Node, Options};
use concierge::base::Role;
use concierge::config::Config;
use concierge::ports::db::Engine;
use concierge::protocol::{DraftStatus, ServerFrame, Signal, StageName, Support};

use serde_json::{Value, json};

use crate::support::{
    App, PATIENCE, Wire, approve, join, next_draft, next_message, ok, on_each_engine, summary,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_becomes_an_approved_reply() {
    on_each_engine(async |app| {
        let mut customer = app.customer().await;
        let posted = customer.says("How much is a brake check?").await;
        let mut desk = app.desk(Role::Staff).await;
        let joined = join(&mut desk, posted.conversation, 0).await;
        let draft = match joined.draft.filter(|draft| draft.status == DraftStatus::Pending) {
            Some(draft) => *draft,
            None => next_draft(&mut desk).await,
        };
        assert!(draft.text.contains("A brake check costs £79"), "{}", draft.text);
        assert_eq!(draft.citations.first().map(|citation| citation.title.as_str()), Some("Brakes"));
        assert!(draft.sentences.iter().any(|sentence| sentence.support == Support::Cited));
        assert!(!draft.blockers.is_empty(), "it says why it waits");

        desk.ask(approve(&draft)).await.expect("approved");
        let heard = customer.hears().await;
        assert_eq!(heard.body.as_deref(), Some(draft.text.as_str()));
        assert_eq!(next_message(&mut desk).await.seq, heard.seq);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_stops_says_when_to_come_back() {
    let app = App::start(Engine::Sqlite, |config, _| config.sockets.drain_spread_ms = 500).await;
    let customer = app.customer().await;
    let mut wire = Wire::visitor(&app.url(), &customer.visit.token).await;
    app.settle().await;
    let (words, ()) = tokio::join!(
        async {
            let mut words = Vec::new();
            loop {
                match wire.next().await {
                    Ok(frame) => words.push(frame),
                    Err(code) => return (words, code),
                }
            }
        },
        app.node.stop(),
    );
    let (words, code) = words;
    assert_eq!(code, 4000);
    assert_eq!(words.last().map(|frame| frame["signal"].clone()), Some("draining".into()), "{words:?}");
    assert!(words.last().is_some_and(|frame| frame["retry_after_ms"].as_u64().is_some_and(|ms| ms >= 200)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_takes_longer_than_its_lease_is_run_by_one_node() {
    let slow = |config: &mut Config, _: &mut Options| {
        // Longer than a busy machine keeps somebody from renewing it.
        config.pipeline.lease_seconds = 3;
        config.pipeline.word_ms = 700;
    };
    let app = App::start(Engine::Postgres, slow).await;
    // Its bus is its own: it learns of the message only by looking into the store, each second.
    let mut elsewhere = (*app.node.site.config).clone();
    elsewhere.http.listen.set_port(0);
    let other = Node::start(elsewhere, Options::default()).await.expect("it starts");
    let staff = app.staff(Role::Staff).await;
    let mut customer = app.customer().await;
    let posted = customer.says("When are you open on Saturdays? How much is delivery?").await;
    let mut desk = app.desk(Role::Staff).await;
    join(&mut desk, posted.conversation, 0).await;
    let draft = next_draft(&mut desk).await;
    assert_eq!(draft.status, DraftStatus::Pending);

    let turns = ok(&staff, "GET", &format!("/v1/conversations/{}/turns", posted.conversation), None).await;
    let turns = turns.as_array().expect("a list");
    assert_eq!(turns.len(), 1, "one node ran it, once: {turns:?}");
    assert_eq!(turns[0]["status"], "done");
    let turn =
        ok(&staff, "GET", &format!("/v1/turns/{}", turns[0]["id"].as_str().expect("its id")), None).await;
    let took = |stage: &Value| stage["micros"].as_i64().expect("a duration");
    let micros: i64 = turn["stages"].as_array().expect("stages").iter().map(took).sum();
    assert!(micros > 3_500_000, "it took longer than its lease: {micros}");
    other.stop().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_who_answers_during_the_turn_is_left_with_no_draft() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut customer = app.customer().await;
        let conversation = customer.says("Hello there").await.conversation;
        app.settle().await;
        let mut desk = app.desk(Role::Staff).await;
        join(&mut desk, conversation, 0).await;
        let path = format!("/v1/conversations/{conversation}/messages");
        for (round, moment) in (0..).zip(StageName::ALL.iter().copied().cycle().take(42)) {
            customer.says("How much is a brake check?").await;
            let reached = desk.find(PATIENCE, |frame| match frame {
                ServerFrame::Signal(Signal::Stage { stage, .. }) if stage == moment => Some(()),
                _ => None,
            });
            reached.await.expect("the turn comes to every stage");
            let answer = json!({ "client_id": format!("own-{round}"), "body": "It is £79." });
            ok(&staff, "POST", &path, Some(answer)).await;
            app.settle().await;
            let left = summary(&staff, conversation).await.draft;
            assert!(left.is_none(), "answered at {moment}: {left:?}");
        }
    })
    .await;
}
