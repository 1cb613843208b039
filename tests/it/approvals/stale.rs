//! A draft that was overtaken: what was edited is kept, and nothing outdated is sent.

use std::time::Duration;

use concierge::base::Role;
use concierge::client::Socket;
use concierge::protocol::{DraftStatus, Outcome};

use super::{approve_over_http, asked, by_hand, edit, undo_seconds};
use crate::support::{code, draft, join, next_draft, ok, on_each_engine, on_each_engine_with, sent_by_agent};

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
