//! Resending: the same `client_id` in a conversation is one message, whatever happens in between.
//!
//! Catalogue: L1 (promise P2, invariant I2), the resend part of D2.

use concierge::base::{ConversationId, Role};
use concierge::client::{Error, Socket};
use concierge::ports::db::Engine;
use concierge::protocol::{Command, Entry, Outcome, Posted};
use rand::RngExt;
use serde_json::json;

use crate::support::{App, Reader, all_entries, dice, on_each_engine};

fn send(conversation: Option<ConversationId>, client_id: &str) -> Command {
    Command::Send {
        conversation,
        client_id: client_id.to_owned(),
        body: format!("The text of {client_id}"),
        files: Vec::new(),
    }
}

async fn post(socket: &mut Socket, command: Command) -> Posted {
    match socket.ask(command).await {
        Ok(Outcome::Posted(posted)) => posted,
        other => panic!("{other:?}"),
    }
}

/// How many entries were stored under a client id.
fn count(entries: &[Entry], client_id: &str) -> usize {
    entries.iter().filter(|entry| entry.client_id.as_deref() == Some(client_id)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_on_the_same_connection_is_the_same_message() {
    on_each_engine(async |app| {
        let mut customer = app.customer().await;
        let conversation = customer.says("Good morning").await.conversation;
        let (mut tab, mut desk) = (customer.tab().await, app.desk(Role::Staff).await);
        let (mut at_tab, mut at_desk) = (Reader::new("tab", conversation), Reader::new("desk", conversation));
        at_tab.join(&mut tab).await.expect("joined");
        at_desk.join(&mut desk).await.expect("joined");

        let first = customer.sends("again", "Are you there?").await.expect("taken");
        let second = customer.sends("again", "Are you there?").await.expect("taken");
        let other_text = customer.sends("again", "Another text changes nothing").await.expect("taken");
        assert!(!first.duplicate);
        assert_eq!(second, Posted { duplicate: true, ..first.clone() });
        assert_eq!(other_text, second);

        // What comes up to the next message holds it once: no second fan-out.
        let next = customer.sends("next", "Hello?").await.expect("taken");
        at_tab.read_to(&mut tab, next.seq).await;
        at_desk.read_to(&mut desk, next.seq).await;
        for reader in [&at_tab, &at_desk] {
            assert_eq!(count(&reader.entries, "again"), 1);
            let entry = reader.entries.iter().find(|entry| entry.seq == first.seq).expect("it is there");
            assert_eq!(entry.body.as_deref(), Some("Are you there?"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_resends_are_one_message_with_one_seq() {
    const ROUNDS: usize = 100;
    on_each_engine(async |app| {
        let mut customer = app.customer().await;
        let conversation = customer.says("Good morning").await.conversation;
        let (mut one, mut two, mut tab) = (customer.tab().await, customer.tab().await, customer.tab().await);
        let mut reader = Reader::new("tab", conversation);
        reader.join(&mut tab).await.expect("joined");
        let path = format!("/v1/conversations/{conversation}/messages");
        let mut top = 0;
        for round in 0..ROUNDS {
            let client_id = format!("race-{round}");
            let form = json!({ "client_id": client_id, "body": "The text over HTTP" });
            let (first, second, third) = tokio::join!(
                post(&mut one, send(Some(conversation), &client_id)),
                post(&mut two, send(Some(conversation), &client_id)),
                customer.http.post::<Posted>(&path, form),
            );
            let all = [first, second, third.expect("taken")];
            assert!(all.iter().all(|posted| posted.seq == all[0].seq), "{all:?}");
            assert_eq!(all.iter().filter(|posted| !posted.duplicate).count(), 1, "{all:?}");
            top = all[0].seq;
        }
        reader.read_to(&mut tab, top).await;
        let stored = all_entries(&customer.http, conversation).await;
        for round in 0..ROUNDS {
            let client_id = format!("race-{round}");
            assert_eq!((count(&stored, &client_id), count(&reader.entries, &client_id)), (1, 1));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_first_messages_begin_one_conversation() {
    on_each_engine(async |app| {
        for _ in 0..12 {
            let mut customer = app.customer().await;
            let mut tab = customer.tab().await;
            let (first, second) = tokio::join!(
                post(&mut customer.socket, send(None, "hello")),
                post(&mut tab, send(None, "hello"))
            );
            assert_eq!((first.conversation, first.seq), (second.conversation, second.seq));
            assert!(first.duplicate != second.duplicate, "{first:?} {second:?}");
            assert_eq!(count(&all_entries(&customer.http, first.conversation).await, "hello"), 1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_after_a_restart_is_the_same_message() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let mut rng = dice(11);
        let mut app = App::start(engine, |_, _| {}).await;
        let mut customer = app.customer().await;
        let conversation = customer.says("Good morning").await.conversation;
        let mut acked: Vec<(String, Posted)> = Vec::new();
        for round in 0..4 {
            for number in 0..rng.random_range(1..6) {
                let client_id = format!("acked-{round}-{number}");
                let posted = customer.sends(&client_id, "Acknowledged before the stop").await.expect("taken");
                acked.push((client_id, posted));
            }
            // The answer to this one may be lost with the old hub: the customer cannot know.
            let unsure = format!("unsure-{round}");
            customer.socket.send(send(Some(conversation), &unsure)).await.expect("written");
            app = app.restart().await;
            customer.socket = customer.tab().await;
            let first = post(&mut customer.socket, send(Some(conversation), &unsure)).await;
            let second = post(&mut customer.socket, send(Some(conversation), &unsure)).await;
            assert_eq!(second, Posted { duplicate: true, ..first });
            for (client_id, before) in &acked {
                let again = customer.sends(client_id, "Acknowledged before the stop").await.expect("taken");
                assert_eq!(again, Posted { duplicate: true, ..before.clone() });
            }
        }
        let stored = all_entries(&customer.http, conversation).await;
        assert!((0..4).all(|round| count(&stored, &format!("unsure-{round}")) == 1));
        assert!(acked.iter().all(|(client_id, _)| count(&stored, client_id) == 1));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_client_id_of_somebody_else_is_a_new_message() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut customer = app.customer().await;
        let first = customer.sends("same", "In the first conversation").await.expect("taken");
        let path = format!("/v1/conversations/{}/resolve", first.conversation);
        let _: serde_json::Value = staff.post(&path, json!({ "resolved": true })).await.expect("resolved");
        let again = customer.sends("same", "In the first conversation").await.expect("taken");
        assert_eq!(again, Posted { duplicate: true, ..first.clone() }, "sent again when it was over");
        let second = customer.sends("other", "In the second conversation").await.expect("taken");
        assert_ne!(first.conversation, second.conversation);
        assert!(!second.duplicate);

        let mut neighbour = app.customer().await;
        let third = neighbour.sends("same", "Another customer's").await.expect("taken");
        let mut stranger = app.customer_of("beta").await;
        let fourth = stranger.sends("same", "In another business").await.expect("taken");
        assert!(!third.duplicate && !fourth.duplicate);
        let all = [first.conversation, second.conversation, third.conversation, fourth.conversation];
        for http in [&customer.http, &neighbour.http, &stranger.http] {
            for conversation in all {
                match http
                    .get::<serde_json::Value>(&format!("/v1/conversations/{conversation}/entries"))
                    .await
                {
                    Ok(page) => assert_eq!(page["entries"].as_array().map(Vec::len), Some(entries_of(&page))),
                    Err(error) => assert!(matches!(error, Error::Refused { status: 404, .. }), "{error:?}"),
                }
            }
        }
    })
    .await;
}

/// Entries of a page that carry a client id, of which there is one, and those without.
fn entries_of(page: &serde_json::Value) -> usize {
    let entries = page["entries"].as_array().map_or(&[][..], Vec::as_slice);
    let named = entries.iter().filter(|entry| entry["client_id"].is_string()).count();
    assert_eq!(named, 1, "each conversation has its own");
    named + entries.iter().filter(|entry| entry["client_id"].is_null()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_that_is_sent_again_is_one_note() {
    on_each_engine(async |app| {
        let mut customer = app.customer().await;
        let conversation = customer.says("Good morning").await.conversation;
        let staff = app.staff(Role::Staff).await;
        let mut desk = app.desk(Role::Staff).await;
        let note = Command::Note {
            conversation,
            client_id: "note".to_owned(),
            body: "Knows the owner".to_owned(),
            mentions: Vec::new(),
        };
        let form = json!({ "client_id": "note", "body": "Knows the owner" });
        let path = format!("/v1/conversations/{conversation}/notes");
        let (first, second) = tokio::join!(post(&mut desk, note), staff.post::<Posted>(&path, form));
        assert_eq!(first.seq, second.expect("taken").seq);
        assert_eq!(count(&all_entries(&staff, conversation).await, "note"), 1);
    })
    .await;
}
