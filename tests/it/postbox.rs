//! Messages that wait together are stored together, each as if it had come alone.

use concierge::base::{Actor, Audience, ConversationId};
use concierge::conversations::{self, Error, NewMessage, Postbox};
use concierge::ports::Cx;
use concierge::protocol::{Content, Posted};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

use crate::support::{Store, on_each_store};

fn message(client_id: &str, body: &str) -> NewMessage {
    NewMessage { client_id: client_id.to_owned(), body: body.to_owned(), files: Vec::new() }
}

/// A conversation of a new customer, and a call by them.
async fn customer(store: &Store) -> (Cx, ConversationId) {
    let id = store.conversation().await;
    let mut tx = store.begin().await;
    let contact = conversations::get(&store.cx(), &mut tx, id).await.expect("it is there").contact.id;
    (Cx { actor: Actor::Contact { id: contact }, name: String::new(), ..store.cx() }, id)
}

/// What is stored of a conversation, without the names that differ between any two.
async fn stored(store: &Store, id: ConversationId) -> Value {
    let mut tx = store.begin().await;
    let row = conversations::get(&store.cx(), &mut tx, id).await.expect("it is there");
    let row = json!({
        "title": row.title, "last_seq": row.last_seq, "last_public_seq": row.last_public_seq,
        "inbound": row.inbound_count, "outbound": row.outbound_count, "customer_seq": row.customer_seq,
        "answered_seq": row.answered_seq, "waiting_since": row.waiting_since, "resolved_at": row.resolved_at,
        "last": row.last_message.map(|last| format!("{:?} {} {}", last.by, last.at, last.text)),
        "snoozed": row.snoozed_until, "kind": format!("{:?}", row.owner),
    });
    let entries =
        conversations::raw_entries(&mut tx, store.cx().workspace, id, 0, 500).await.expect("entries");
    let entries: Vec<Value> = entries
        .into_iter()
        .map(|(mut entry, prev_public)| {
            // Each conversation has a customer of its own; only that it is the customer is compared.
            if let Actor::Contact { .. } = entry.actor {
                entry.actor = Actor::System;
                entry.author = entry.author.chars().filter(|c| c.is_alphabetic()).collect();
            }
            json!([entry, prev_public])
        })
        .collect();
    json!([row, entries])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_together_is_as_if_stored_alone() {
    on_each_store(async |store| {
        let texts =
            ["Good morning", "My brakes grind. Can I still drive?", "x", "“quotes” \\ and 'others'\nلا"];
        let ((alone, one), (together, many)) = (customer(store).await, customer(store).await);
        // A note of a colleague stands between them: customers' entries link past it.
        for id in [one, many] {
            let mut tx = store.begin().await;
            let note = conversations::NewNote {
                client_id: "note".to_owned(),
                body: "Regular".to_owned(),
                mentions: Vec::new(),
            };
            conversations::note(&store.cx(), &mut tx, id, note).await.expect("noted");
            tx.commit().await.expect("stored");
        }
        for (number, text) in texts.iter().enumerate() {
            let mut tx = store.begin().await;
            let new = message(&format!("m{number}"), text);
            conversations::post(&alone, &mut tx, one, new).await.expect("posted");
            tx.commit().await.expect("stored");
        }
        let postbox = Postbox::new(store.db.clone(), TaskTracker::new());
        let posts = texts
            .iter()
            .enumerate()
            .map(|(number, text)| postbox.post(together.clone(), many, message(&format!("m{number}"), text)));
        for posted in join_all(posts).await {
            assert!(!posted.expect("posted").duplicate);
        }
        assert_eq!(stored(store, many).await, stored(store, one).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_with_a_message_that_was_sent_before_is_stored_all_the_same() {
    on_each_store(async |store| {
        let ((ana, hers), (ben, his)) = (customer(store).await, customer(store).await);
        let postbox = Postbox::new(store.db.clone(), TaskTracker::new());
        let post = |cx: &Cx, id, client_id, body| postbox.post(cx.clone(), id, message(client_id, body));
        post(&ana, hers, "a", "Hello").await.expect("posted");
        let (before, again, after, other) = tokio::join!(
            post(&ana, hers, "b", "Is anybody there?"),
            post(&ana, hers, "a", "Hello"),
            post(&ana, hers, "c", "I can wait"),
            post(&ben, his, "a", "The same id, elsewhere"),
        );
        let posted = |conversation, seq, duplicate| Posted { conversation, seq, duplicate };
        assert_eq!(before.expect("posted"), posted(hers, 2, false));
        assert_eq!(again.expect("known"), posted(hers, 1, true));
        assert_eq!(after.expect("posted"), posted(hers, 3, false));
        assert_eq!(other.expect("posted"), posted(his, 1, false));
        let mut tx = store.begin().await;
        let entries = conversations::raw_entries(&mut tx, ana.workspace, hers, 0, 10).await.expect("entries");
        let bodies: Vec<_> = entries.iter().filter_map(|(entry, _)| entry.body.as_deref()).collect();
        assert_eq!(bodies, ["Hello", "Is anybody there?", "I can wait"]);
    })
    .await;
}

/// As after a lost connection: more of them than are stored at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_sends_again_is_stored_once() {
    on_each_store(async |store| {
        let (ana, hers) = customer(store).await;
        let postbox = Postbox::new(store.db.clone(), TaskTracker::new());
        let post = |number| {
            let new = message(&format!("m{number}"), "Hello");
            postbox.post(ana.clone(), hers, new)
        };
        for posted in join_all((1..=700).map(post)).await {
            assert!(!posted.expect("posted").duplicate);
        }
        let again = join_all((1..=1_400).map(post)).await;
        for (posted, seq) in again.into_iter().zip(1..) {
            let expected = Posted { conversation: hers, seq, duplicate: seq <= 700 };
            assert_eq!(posted.expect("posted"), expected);
        }
        assert_eq!(stored(store, hers).await[0]["inbound"], 1_400);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_many_has_its_own_answer() {
    on_each_store(async |store| {
        let ((ana, hers), (ben, his)) = (customer(store).await, customer(store).await);
        let foreign = Cx { actor: ana.actor, name: String::new(), ..store.foreign() };
        let (_, away) = customer(store).await;
        let mut tx = store.begin().await;
        let tomorrow = store.cx().now.after(std::time::Duration::from_secs(86_400));
        conversations::snooze(&store.cx(), &mut tx, his, Some(tomorrow)).await.expect("put away");
        tx.commit().await.expect("stored");
        let postbox = Postbox::new(store.db.clone(), TaskTracker::new());
        let post = |cx: &Cx, id, client_id, body| postbox.post(cx.clone(), id, message(client_id, body));
        let long = "x".repeat(20_000);
        let (first, again, theirs, other, absent, longer, woken, next) = tokio::join!(
            post(&ana, hers, "a", "Hello"),
            post(&ana, hers, "a", "Hello"),
            post(&ana, his, "b", "Let me in"),
            post(&foreign, hers, "c", "Let me in"),
            post(&ana, away, "d", "Let me in"),
            post(&ana, hers, "e", &long),
            post(&ben, his, "f", "I am back"),
            post(&ana, hers, "g", "Are you there?"),
        );
        assert_eq!(first.expect("posted"), Posted { conversation: hers, seq: 1, duplicate: false });
        assert_eq!(again.expect("known"), Posted { conversation: hers, seq: 1, duplicate: true });
        for refused in [theirs, other, absent] {
            assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
        }
        assert!(matches!(longer, Err(Error::Text(_))), "{longer:?}");
        assert!(!woken.expect("posted").duplicate);
        assert_eq!(next.expect("posted"), Posted { conversation: hers, seq: 2, duplicate: false });
        let mut tx = store.begin().await;
        let row = conversations::get(&store.cx(), &mut tx, his).await.expect("it is there");
        assert_eq!(row.snoozed_until, None, "a message wakes a conversation that was put away");
        let entries = conversations::raw_entries(&mut tx, ben.workspace, his, 0, 10).await.expect("entries");
        let woke = |content: &Content| matches!(content, Content::Snoozed { until: None, .. });
        assert!(entries.iter().any(|(entry, _)| woke(&entry.content) && entry.audience == Audience::Staff));
    })
    .await;
}
