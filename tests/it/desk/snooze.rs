//! What is put away comes back in time, with the customer's next message, and after a restart. Product map X14.

use std::time::Duration;

use concierge::base::Role;
use concierge::protocol::{Command, Content, NoticeKind, Signal, WokenBy};
use serde_json::json;

use super::{QUESTION, by_hand, listed, notices, signal};
use crate::support::{App, call, eventually, ok, on_each_engine, on_each_engine_with, summary, timeline};

/// A time that lies `by` after the hub's now, as clients write it.
fn after(app: &App, by: Duration) -> String {
    app.node.site.ports.now().after(by).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_away_is_out_of_the_lists_until_its_time() {
    on_each_engine_with(by_hand, async |app| {
        let (staff, owner) = (app.staff(Role::Staff).await, app.staff(Role::Owner).await);
        let conversation = app.customer().await.says(QUESTION).await.conversation;
        let id = conversation.to_string();
        app.settle().await;
        let path = format!("/v1/conversations/{conversation}/snooze");
        let until = after(app, Duration::from_secs(3_600));
        let row = ok(&staff, "POST", &path, Some(json!({ "until": until }))).await;
        assert_eq!(row["snoozed_until"], json!(until));
        for view in ["open", "waiting", "unassigned"] {
            assert_eq!(listed(&staff, &format!("view={view}")).await, Vec::<String>::new(), "{view}");
        }
        assert_eq!(listed(&owner, "view=snoozed").await, std::slice::from_ref(&id));
        let waiting = ok(&staff, "GET", "/v1/drafts", None).await;
        assert_eq!(waiting["items"], json!([]), "its draft waits as long");

        app.advance(Duration::from_secs(3_601));
        let back = eventually("the conversation", async || {
            let row = summary(&staff, conversation).await;
            row.snoozed_until.is_none().then_some(row)
        });
        back.await;
        assert_eq!(listed(&staff, "view=open").await, [id]);
        let entries = timeline(&staff, conversation).await;
        let snoozed: Vec<_> = entries.iter().filter(|entry| entry.content.kind() == "snoozed").collect();
        assert!(matches!(snoozed[0].content, Content::Snoozed { until: Some(_), woken_by: None }));
        let woken = Content::Snoozed { until: None, woken_by: Some(WokenBy::Time) };
        assert_eq!(snoozed[1].content, woken);
        let (told, unread) = notices(&staff).await;
        assert_eq!((told[0].kind, told[0].conversation, unread), (NoticeKind::SnoozeOver, conversation, 1));
        assert_eq!(notices(&owner).await.1, 0, "only who put it away is told");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_customers_message_brings_a_conversation_back_at_once() {
    on_each_engine(async |app| {
        let mut customer = app.customer().await;
        let conversation = customer.says(QUESTION).await.conversation;
        app.settle().await;
        let mut desk = app.desk(Role::Staff).await;
        let staff = app.staff(Role::Staff).await;
        desk.ask(Command::Inbox { on: true }).await.expect("followed");
        let until = app.node.site.ports.now().after(Duration::from_secs(3_600));
        desk.ask(Command::Snooze { conversation, until: Some(until) }).await.expect("put away");
        let posted = customer.says("Are you still there?").await;
        let notice = signal(&mut desk, |signal| match signal {
            Signal::Notice { notice, unread } => Some((notice, unread)),
            _ => None,
        })
        .await;
        assert_eq!((notice.0.kind, notice.1), (NoticeKind::SnoozeOver, 1));
        let row = summary(&staff, conversation).await;
        assert_eq!(row.snoozed_until, None);
        let entries = timeline(&staff, conversation).await;
        let woken = entries.iter().find(|entry| entry.seq == posted.seq + 1).expect("an entry");
        assert_eq!(woken.content, Content::Snoozed { until: None, woken_by: Some(WokenBy::Customer) });
        assert!(
            !timeline(&customer.http, conversation)
                .await
                .iter()
                .any(|entry| entry.content.kind() == "snoozed")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snooze_outlives_a_restart_and_refuses_what_makes_no_sense() {
    let mut app = App::start(concierge::ports::db::Engine::Sqlite, |_, _| {}).await;
    let staff = app.staff(Role::Staff).await;
    let conversation = app.customer().await.says(QUESTION).await.conversation;
    app.settle().await;
    let path = format!("/v1/conversations/{conversation}/snooze");
    for wrong in [Duration::ZERO, Duration::from_secs(400 * 24 * 3_600)] {
        let until = after(&app, wrong);
        let refused = call(&staff, "POST", &path, Some(json!({ "until": until }))).await;
        assert_eq!(refused.problem(), (422, "invalid_field".to_owned()), "{until}");
    }
    let until = after(&app, Duration::from_millis(2_500));
    ok(&staff, "POST", &path, Some(json!({ "until": until }))).await;
    app = app.restart().await;
    let staff = app.staff(Role::Staff).await;
    let back = eventually("the conversation", async || {
        let row = summary(&staff, conversation).await;
        row.snoozed_until.is_none().then_some(())
    });
    back.await;
    assert_eq!(notices(&staff).await.1, 1, "and told once");
    ok(
        &staff,
        "POST",
        &format!("/v1/conversations/{conversation}/resolve"),
        Some(json!({ "resolved": true })),
    )
    .await;
    let until = after(&app, Duration::from_secs(60));
    let refused = call(&staff, "POST", &path, Some(json!({ "until": until }))).await;
    assert_eq!(refused.problem().1, "invalid_field", "what is resolved is not put away");
    app.finish().await;
}
