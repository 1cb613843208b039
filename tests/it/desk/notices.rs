//! What people are told of, wherever they are. Product map X10.

use std::time::Duration;

use concierge::base::{Role, StaffId};
use concierge::protocol::{Command, NoticeKind, Signal};
use serde_json::{Value, json};

use super::{QUESTION, by_hand, me, notices, signal};
use crate::support::{call, eventually, ok, on_each_engine, on_each_engine_with};

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_of_mentions_and_assignments_wherever_they_are_and_not_of_their_own() {
    on_each_engine(async |app| {
        let (staff, owner) = (app.staff(Role::Staff).await, app.staff(Role::Owner).await);
        let (staff_id, owner_id) = (me(&staff).await.id, me(&owner).await.id);
        let conversation = app.customer().await.says(QUESTION).await.conversation;
        app.settle().await;
        // The owner follows the inbox only: the conversation is not open.
        let mut desk = app.desk(Role::Owner).await;
        desk.ask(Command::Inbox { on: true }).await.expect("followed");
        let mentions = json!({ "client_id": "n1", "body": "Please look, @Some owner",
            "mentions": [owner_id, staff_id, owner_id] });
        let notes = format!("/v1/conversations/{conversation}/notes");
        ok(&staff, "POST", &notes, Some(mentions.clone())).await;
        let (notice, unread) = signal(&mut desk, |signal| match signal {
            Signal::Notice { notice, unread } => Some((*notice, unread)),
            _ => None,
        })
        .await;
        assert_eq!((notice.kind, notice.seq, unread), (NoticeKind::Mention, 1, 1));
        assert_eq!((notice.by.as_str(), notice.text.as_str()), ("Some staff", "Please look, @Some owner"));
        assert_eq!(notice.contact, "Ana Silva");
        assert_eq!(notices(&staff).await.0, [], "one's own mention is no news");
        ok(&staff, "POST", &notes, Some(mentions)).await;
        assert_eq!(notices(&owner).await.1, 1, "a note that is sent again is the first one");

        let assign = |staff: StaffId| Command::Assign { conversation, staff: Some(staff) };
        let mut other = app.desk(Role::Staff).await;
        other.ask(assign(owner_id)).await.expect("assigned");
        other.ask(assign(owner_id)).await.expect("nothing to do");
        other.ask(assign(staff_id)).await.expect("assigned to oneself");
        let (told, unread) = notices(&owner).await;
        let kinds: Vec<NoticeKind> = told.iter().map(|one| one.kind).collect();
        assert_eq!((kinds, unread), (vec![NoticeKind::Assigned, NoticeKind::Mention], 2));
        assert_eq!(notices(&staff).await.1, 0);

        // Looking at them counts in every window.
        let seen = ok(&owner, "POST", "/v1/notices/seen", Some(json!({ "seq": 1 }))).await;
        assert_eq!(seen, json!({ "seen": 1, "unread": 1 }));
        let told = signal(&mut desk, |signal| match signal {
            Signal::NoticesSeen { seq, unread } => Some((seq, unread)),
            _ => None,
        })
        .await;
        assert_eq!(told, (1, 1));
        let far = ok(&owner, "POST", "/v1/notices/seen", Some(json!({ "seq": 99 }))).await;
        assert_eq!(far, json!({ "seen": 2, "unread": 0 }), "not beyond the newest");
        let back = ok(&owner, "POST", "/v1/notices/seen", Some(json!({ "seq": 1 }))).await;
        assert_eq!(back, json!({ "seen": 2, "unread": 0 }), "and never back");
        let refused = call(&owner, "POST", "/v1/notices/seen", Some(json!({ "seq": -1 }))).await;
        assert_eq!(refused.problem(), (422, "invalid_field".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_come_in_pages_and_old_ones_go() {
    on_each_engine(async |app| {
        let (staff, owner) = (app.staff(Role::Staff).await, app.staff(Role::Owner).await);
        let owner_id = me(&owner).await.id;
        let conversation = app.customer().await.says(QUESTION).await.conversation;
        app.settle().await;
        for at in 1..=7 {
            let note = json!({ "client_id": format!("n{at}"), "body": format!("Number {at}"), "mentions": [owner_id] });
            ok(&staff, "POST", &format!("/v1/conversations/{conversation}/notes"), Some(note)).await;
        }
        let mut texts: Vec<Value> = Vec::new();
        let mut query = "?limit=3".to_owned();
        loop {
            let page = ok(&owner, "GET", &format!("/v1/notices{query}"), None).await;
            texts.extend(page["items"].as_array().into_iter().flatten().map(|one| one["seq"].clone()));
            assert_eq!(page["unread"], 7);
            match page["next"].as_str() {
                Some(next) => query = format!("?limit=3&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(texts, [7, 6, 5, 4, 3, 2, 1].map(Value::from));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_once_of_a_draft_that_waits_for_too_long() {
    on_each_engine_with(by_hand, async |app| {
        let (staff, owner) = (app.staff(Role::Staff).await, app.staff(Role::Owner).await);
        let viewer = app.staff(Role::Viewer).await;
        let free = app.customer().await.says(QUESTION).await.conversation;
        let taken = app.customer().await.says("What does a brake check cost?").await.conversation;
        app.settle().await;
        let owner_id = me(&owner).await.id;
        ok(&owner, "POST", &format!("/v1/conversations/{taken}/assign"), Some(json!({ "staff": owner_id })))
            .await;
        app.advance(Duration::from_secs(14 * 60));
        assert_eq!(notices(&staff).await.1, 0);
        app.advance(Duration::from_secs(2 * 60));
        let told = eventually("the notices", async || {
            let (told, unread) = notices(&owner).await;
            (unread == 2).then_some(told)
        })
        .await;
        assert!(told.iter().all(|one| one.kind == NoticeKind::DraftWaits && one.by.is_empty()));
        assert!(told[0].text.contains("£79"), "{}", told[0].text);
        let (others, unread) = notices(&staff).await;
        assert_eq!((others[0].conversation, unread), (free, 1), "what somebody looks after is theirs");
        assert_eq!(notices(&viewer).await.1, 0, "who may not decide is not asked to");
        app.advance(Duration::from_secs(3_600));
        // Another conversation's notice comes after the sweep had its chance to tell again.
        let later = app.customer().await.says(QUESTION).await.conversation;
        app.settle().await;
        app.advance(Duration::from_secs(16 * 60));
        let told = eventually("the later notice", async || {
            let (told, _) = notices(&staff).await;
            told.iter().any(|one| one.conversation == later).then_some(told)
        })
        .await;
        assert_eq!(told.len(), 2, "told once each");
    })
    .await;
}
