//! The main job, live: a customer's message becomes an approved reply.

use concierge::base::Role;
use concierge::protocol::{DraftStatus, Support};

use crate::support::{approve, join, next_draft, next_message, on_each_engine};

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
