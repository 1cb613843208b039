//! A customer says how it was, once for each time the conversation is closed.

use concierge::base::{Actor, Audience, ConversationId, Role};
use concierge::client::Http;
use concierge::protocol::{Command, Content, Entry};
use serde_json::{Value, json};

use crate::support::{call, code, join, next_event, ok, on_each_engine, timeline};

async fn close(staff: &Http, conversation: ConversationId, resolved: bool) {
    let path = format!("/v1/conversations/{conversation}/resolve");
    ok(staff, "POST", &path, Some(json!({ "resolved": resolved }))).await;
}

async fn rate(caller: &Http, conversation: ConversationId, body: Value) -> (u16, String) {
    call(caller, "PUT", &path(conversation), Some(body)).await.problem()
}

fn path(conversation: ConversationId) -> String {
    format!("/v1/conversations/{conversation}/rating")
}

/// Score, resolution and words of each rating in a timeline.
fn ratings(entries: &[Entry]) -> Vec<(i64, i64, Option<&str>)> {
    entries
        .iter()
        .filter_map(|entry| match entry.content {
            Content::Rated { score, resolution } => Some((score, resolution, entry.body.as_deref())),
            _ => None,
        })
        .collect()
}

/// Where a conversation was closed.
fn closings(entries: &[Entry]) -> Vec<i64> {
    let closed = |entry: &&Entry| entry.content == Content::ResolvedChanged { resolved: true };
    entries.iter().filter(closed).map(|entry| entry.seq).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_resolution_is_rated_and_another_word_replaces_the_one_before() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut customer = app.customer().await;
        let conversation = customer.says("How much is a brake check?").await.conversation;
        app.settle().await;
        close(&staff, conversation, true).await;
        let mut desk = app.desk(Role::Staff).await;
        let top = join(&mut desk, conversation, 0).await.entries.last().expect("entries").seq;

        let words = Some("  Quick and friendly.  ".to_owned());
        let rated = Command::Rate { conversation, score: 4, words };
        customer.socket.ask(rated.clone()).await.expect("rated");
        let heard = next_event(&mut desk).await;
        assert_eq!((heard.seq, heard.audience), (top + 1, Audience::Everyone), "staff see it at once");
        assert!(matches!(heard.actor, Actor::Contact { .. }), "{heard:?}");
        customer.socket.ask(rated).await.expect("said again");
        let answer = ok(&customer.http, "PUT", &path(conversation), Some(json!({ "score": 5 }))).await;
        assert_eq!(answer["score"], 5);

        let entries = timeline(&staff, conversation).await;
        let first = closings(&entries)[0];
        assert_eq!(answer["resolution"], first);
        let expected = [(4, first, Some("Quick and friendly.")), (5, first, None)];
        assert_eq!(ratings(&entries), expected, "the same again changes nothing");

        close(&staff, conversation, false).await;
        close(&staff, conversation, true).await;
        customer.socket.ask(Command::Rate { conversation, score: 1, words: None }).await.expect("rated");
        let entries = timeline(&staff, conversation).await;
        let second = closings(&entries)[1];
        assert_eq!(ratings(&entries).last(), Some(&(1, second, None)), "closed again, asked again");
        let seen = timeline(&customer.http, conversation).await;
        assert_eq!(ratings(&seen), ratings(&entries), "the customer sees their own");
        let row = crate::support::summary(&staff, conversation).await;
        assert!(row.resolved && row.waiting_since.is_none(), "rating opens nothing: {row:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_closed_cannot_be_rated() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut customer = app.customer().await;
        let conversation = customer.says("Hello").await.conversation;
        app.settle().await;
        let conflict = (409, "conflict".to_owned());
        assert_eq!(rate(&customer.http, conversation, json!({ "score": 5 })).await, conflict);
        close(&staff, conversation, true).await;
        close(&staff, conversation, false).await;
        assert_eq!(rate(&customer.http, conversation, json!({ "score": 5 })).await, conflict);
        assert!(ratings(&timeline(&staff, conversation).await).is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_customer_rates_and_only_their_own() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Owner).await;
        let mut customer = app.customer().await;
        let conversation = customer.says("Hello").await.conversation;
        app.settle().await;
        close(&staff, conversation, true).await;
        let good = || json!({ "score": 5 });
        assert_eq!(rate(&staff, conversation, good()).await, (403, "forbidden".to_owned()));
        let mut desk = app.desk(Role::Owner).await;
        let command = Command::Rate { conversation, score: 5, words: None };
        assert_eq!(code(desk.ask(command.clone()).await), "forbidden");
        let missing = (404, "not_found".to_owned());
        let mut other = app.customer().await;
        assert_eq!(rate(&other.http, conversation, good()).await, missing);
        assert_eq!(code(other.socket.ask(command).await), "not_found");
        let foreign = app.customer_of("beta").await;
        assert_eq!(rate(&foreign.http, conversation, good()).await, missing);
        assert!(ratings(&timeline(&staff, conversation).await).is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rating_out_of_range_is_refused_in_words() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut customer = app.customer().await;
        let conversation = customer.says("Hello").await.conversation;
        app.settle().await;
        close(&staff, conversation, true).await;
        for score in [0, 6, -1, i64::MAX] {
            let answer =
                call(&customer.http, "PUT", &path(conversation), Some(json!({ "score": score }))).await;
            assert_eq!(answer.problem(), (422, "invalid_field".to_owned()), "{score}");
            assert!(answer.text.contains("score: must be from 1 to 5"), "{answer:?}");
        }
        let long = json!({ "score": 3, "words": "x".repeat(1_001) });
        assert_eq!(rate(&customer.http, conversation, long).await, (422, "text_too_long".to_owned()));
        let control = json!({ "score": 3, "words": "a\u{7}b" });
        assert_eq!(rate(&customer.http, conversation, control).await, (422, "control_character".to_owned()));
        assert!(ratings(&timeline(&staff, conversation).await).is_empty());
    })
    .await;
}
