//! The main job, live: a customer's message becomes an approved reply.

use concierge::base::Role;
use concierge::ports::db::Engine;
use concierge::protocol::{DraftStatus, Support};

use crate::support::{App, Wire, approve, join, next_draft, next_message, on_each_engine};

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
