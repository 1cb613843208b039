//! An unchanged replay is what was recorded, whatever became of the conversations and the customers since.

use concierge::base::Role;
use concierge::client::{Http, Socket};
use concierge::protocol::{Command, DraftView, RejectReason};
use serde_json::{Value, json};

use crate::support::{App, Customer, approve, bytes, ok, on_each_engine, replayed};

const ASKS: &[&str] = &[
    "How much is a brake check?",
    "When are you open on Friday?",
    "Could I come tomorrow at half past nine? My brakes squeal.",
    "Hello",
    "I want to speak to a person.",
    "Are you open in two hours?",
];

/// A customer who never says who they are.
async fn stranger(app: &App) -> Customer {
    let mut customer = app.customer().await;
    let (http, visit) = Http::visit(&app.url(), "alpha", json!({})).await.expect("the visit opens");
    let (socket, _) = Socket::visitor(&app.url(), &visit.token).await.expect("the socket opens");
    (customer.http, customer.visit, customer.socket) = (http, visit, socket);
    customer
}

/// One of the things that colleagues do with a draft.
async fn decide(app: &App, desk: &mut Socket, staff: &Http, draft: DraftView, number: usize) {
    let conversation = draft.conversation;
    match number % 4 {
        0 => desk.ask(approve(&draft)).await.expect("it is approved"),
        1 => {
            let text = Some("We are open until six, and a brake check costs £79.".to_owned());
            let (draft, revision, hash) = (draft.id, draft.revision, draft.hash);
            desk.ask(Command::Approve { draft, revision, hash, text }).await.expect("it is approved")
        }
        2 => {
            let (id, revision, reason) = (draft.id, draft.revision, RejectReason::Incomplete);
            let note = Some("Say when we close.".to_owned());
            let rejected =
                desk.ask(Command::Reject { draft: id, revision, reason, note, rewrite: true }).await;
            let rejected = rejected.expect("it is rejected");
            app.settle().await;
            app.pending(staff, conversation).await;
            rejected
        }
        _ => desk.ask(Command::TakeOver { conversation }).await.expect("it is taken over"),
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_customers_and_conversations_changes_no_replay() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let mut desk = app.desk(Role::Manager).await;
        let mut contacts = Vec::new();
        let mut drafts = 0;
        for number in 0..12 {
            let mut customer = if number % 2 == 0 { stranger(app).await } else { app.customer().await };
            let posted = customer.says(ASKS[number % ASKS.len()]).await;
            let draft = app.pending(&manager, posted.conversation).await;
            drafts += 1;
            decide(app, &mut desk, &manager, draft, number).await;
            if number % 4 < 2 {
                customer.hears().await;
                customer.says("And what does it cost to have the brakes looked at?").await;
                app.pending(&manager, posted.conversation).await;
                drafts += 1;
            }
            contacts.push(customer.visit.contact.id);
        }
        app.settle().await;
        let before = replayed(&manager, json!({})).await;
        check(&before, drafts);

        // Everybody gets a name, an address and a label; a rule's facts of then are on record.
        for (number, contact) in contacts.iter().enumerate() {
            let named =
                json!({ "name": format!("Renamed {number}"), "email": format!("r{number}@mail.example") });
            ok(&manager, "PATCH", &format!("/v1/contacts/{contact}"), Some(named)).await;
        }
        app.settle().await;
        let after = replayed(&manager, json!({})).await;
        check(&after, drafts);
        assert_eq!(bytes(&after), bytes(&replayed(&manager, json!({})).await));
    })
    .await;
}

/// Each first draft for a message is on record, and the replay came to the same.
fn check(told: &[Value], drafts: usize) {
    let recorded: Vec<&Value> = told.iter().filter(|item| item.get("as_recorded").is_some()).collect();
    assert_eq!(recorded.len(), drafts, "{told:?}");
    for item in recorded {
        assert_eq!((&item["as_recorded"], &item["differs"]), (&json!(true), &json!([])), "{item}");
    }
}
