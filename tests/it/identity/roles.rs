//! What each role may do, and that a business keeps an owner.

use concierge::base::Role;
use concierge::client::Http;
use concierge::http::Page;
use concierge::identity::Staff;
use concierge::protocol::Command;
use serde_json::{Value, json};

use super::{change, colleague};
use crate::support::{App, PASSWORD, approve, call, code, join, ok, on_each_engine};

/// Rounds of the races.
const ROUNDS: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_keeps_an_owner_even_if_two_step_down_at_once() {
    on_each_engine(async |app| {
        let owner = app.staff(Role::Owner).await;
        let first = colleague(&owner, Role::Owner).await;
        for stepping_down in [json!({ "role": "manager" }), json!({ "disabled": true })] {
            let refused = change(&owner, &first, stepping_down).await;
            assert_eq!(refused.problem(), (409, "conflict".to_owned()));
        }
        for round in 0..ROUNDS {
            // A fresh pair each time: whoever steps down is signed out.
            let new = json!({
                "name": format!("Second {round}"), "email": format!("second{round}@shop.example"),
                "role": "owner", "password": PASSWORD,
            });
            let remaining = sign_in_any_owner(app, round).await;
            let second: Staff = remaining.post("/v1/staff", new).await.expect("added");
            let staff: Page<Staff> = remaining.get("/v1/staff").await.expect("listed");
            let other = staff
                .items
                .iter()
                .find(|person| person.role == Role::Owner && !person.disabled && person.id != second.id)
                .expect("the one who remained");
            let (a, b) = tokio::join!(
                change(&remaining, other, json!({ "role": "staff" })),
                change(&remaining, &second, json!({ "disabled": true })),
            );
            let done = [&a, &b].iter().filter(|answer| answer.status == 200).count();
            assert_eq!(done, 1, "{a:?} {b:?}");
        }
    })
    .await;
}

/// Signs in as whoever is owner after some rounds of the race.
async fn sign_in_any_owner(app: &App, round: usize) -> Http {
    let earlier = (0..round).map(|round| format!("second{round}@shop.example"));
    for email in std::iter::once("owner@shop.example".to_owned()).chain(earlier) {
        if let Ok(caller) = Http::sign_in(&app.url(), "alpha", &email, PASSWORD).await {
            let session = ok(&caller, "GET", "/v1/session", None).await;
            if session["staff"]["role"] == "owner" {
                return caller;
            }
        }
    }
    panic!("the workspace has no owner left");
}

/// Everything staff can ask for over HTTP, with the least role that may, on things that do not exist.
fn permissions() -> Vec<(&'static str, String, Role)> {
    let conversation = "/v1/conversations/cnv_01JD0000000000000000000000";
    let draft = "/v1/drafts/drf_01JD0000000000000000000000";
    let document = "/v1/knowledge/documents/doc_01JD0000000000000000000000";
    let of = |method, path: &str, role| (method, path.to_owned(), role);
    let within = |method, under: &str, verb: &str, role| (method, format!("{under}{verb}"), role);
    vec![
        of("GET", "/v1/staff", Role::Viewer),
        of("GET", "/v1/contacts", Role::Viewer),
        of("GET", "/v1/conversations", Role::Viewer),
        of("GET", "/v1/drafts", Role::Viewer),
        of("GET", "/v1/rules", Role::Viewer),
        of("GET", "/v1/schemas", Role::Viewer),
        of("GET", "/v1/knowledge/documents", Role::Viewer),
        within("GET", conversation, "", Role::Viewer),
        within("GET", conversation, "/entries", Role::Viewer),
        within("GET", conversation, "/turns", Role::Viewer),
        within("GET", conversation, "/context", Role::Viewer),
        within("GET", conversation, "/rule-runs", Role::Viewer),
        within("POST", conversation, "/read", Role::Viewer),
        of("POST", "/v1/contacts", Role::Staff),
        of("PATCH", "/v1/contacts/ctc_01JD0000000000000000000000", Role::Staff),
        of("POST", "/v1/files", Role::Staff),
        of("POST", "/v1/uploads", Role::Staff),
        within("POST", conversation, "/messages", Role::Staff),
        within("POST", conversation, "/notes", Role::Staff),
        within("POST", conversation, "/assign", Role::Staff),
        within("POST", conversation, "/labels", Role::Staff),
        within("POST", conversation, "/resolve", Role::Staff),
        within("POST", conversation, "/status", Role::Staff),
        within("POST", conversation, "/take-over", Role::Staff),
        within("POST", conversation, "/hand-back", Role::Staff),
        within("POST", conversation, "/ask-for-person", Role::Staff),
        within("PUT", conversation, "/context/vehicle", Role::Staff),
        within("PUT", draft, "/edit", Role::Staff),
        within("POST", draft, "/approve", Role::Staff),
        within("POST", draft, "/reject", Role::Staff),
        within("POST", draft, "/undo", Role::Staff),
        of("POST", "/v1/knowledge/documents", Role::Manager),
        within("PUT", document, "", Role::Manager),
        within("DELETE", document, "", Role::Manager),
        of("POST", "/v1/staff", Role::Manager),
        of("PATCH", "/v1/staff/stf_01JD0000000000000000000000", Role::Manager),
        of("PATCH", "/v1/workspace", Role::Manager),
        of("PATCH", "/v1/rules/rul_01JD0000000000000000000000", Role::Manager),
    ]
}

/// A body that the route takes, so that only the role decides.
fn fitting_body(path: &str) -> Value {
    let last = path.rsplit('/').next().unwrap_or_default();
    match last {
        "messages" | "notes" => json!({ "client_id": "c", "body": "x" }),
        "read" => json!({ "seq": 1 }),
        "resolve" => json!({ "resolved": true }),
        "status" => json!({ "status": "booked" }),
        "vehicle" => json!({ "value": "Ford" }),
        "edit" => json!({ "revision": 1, "text": "x" }),
        "approve" => json!({ "revision": 1, "hash": "x" }),
        "reject" => json!({ "revision": 1, "reason": "tone" }),
        "documents" => json!({ "title": "T", "body": format!("B {}", std::process::id()) }),
        "staff" => json!({ "name": "N", "email": "not-an-address", "role": "viewer", "password": PASSWORD }),
        _ if path.contains("/documents/") => json!({ "title": "T", "body": "B" }),
        _ if path.contains("/rules/") => json!({ "enabled": true }),
        _ => json!({}),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_may_do_what_it_may_and_no_more() {
    on_each_engine(async |app| {
        for role in Role::ALL.iter().copied() {
            let caller = app.staff(role).await;
            for (method, path, least) in permissions() {
                let body = (method != "GET").then(|| fitting_body(&path));
                let answer = call(&caller, method, &path, body).await;
                let refused = answer.status == 403;
                assert_eq!(refused, role < least, "{role}: {method} {path}: {answer:?}");
                if refused {
                    assert_eq!(answer.problem().1, "forbidden");
                }
                assert_ne!(answer.status, 401, "{method} {path}");
            }
        }
        // Nobody at all.
        let anyone = Http::anonymous(&app.url());
        for (method, path, _) in permissions() {
            let answer = call(&anyone, method, &path, None).await;
            assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{method} {path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_reads_along_and_does_nothing() {
    on_each_engine(async |app| {
        let mut customer = app.customer().await;
        let conversation = customer.says("How much is a brake check?").await.conversation;
        let owner = app.staff(Role::Owner).await;
        let draft = app.pending(&owner, conversation).await;
        let mut viewer = app.desk(Role::Viewer).await;
        let joined = join(&mut viewer, conversation, 0).await;
        assert!(joined.draft.is_some() && joined.summary.is_some());
        viewer.ask(Command::Inbox { on: true }).await.expect("a viewer sees the inbox");
        viewer.ask(Command::Read { conversation, seq: 1 }).await.expect("and has a place in it");
        let text = || "x".to_owned();
        for command in [
            Command::Send {
                conversation: Some(conversation),
                client_id: text(),
                body: text(),
                files: vec![],
            },
            Command::Note { conversation, client_id: text(), body: text(), mentions: vec![] },
            Command::Typing { conversation, on: true },
            Command::Edit { draft: draft.id, revision: draft.revision, text: text() },
            approve(&draft),
            Command::Undo { draft: draft.id },
            Command::TakeOver { conversation },
            Command::HandBack { conversation },
            Command::AskForPerson { conversation },
            Command::Rate { conversation, score: 5, words: None },
            Command::Assign { conversation, staff: None },
            Command::Label { conversation, add: vec![text()], remove: vec![] },
            Command::SetStatus { conversation, status: "booked".to_owned() },
        ] {
            let shown = format!("{command:?}");
            assert_eq!(code(viewer.ask(command).await), "forbidden", "{shown}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_neither_makes_nor_changes_owners() {
    on_each_engine(async |app| {
        let (owner, manager) = (app.staff(Role::Owner).await, app.staff(Role::Manager).await);
        let (boss, me) = (colleague(&owner, Role::Owner).await, colleague(&owner, Role::Manager).await);
        let new = |role: &str, email: &str| json!({ "name": "New", "email": email, "role": role, "password": PASSWORD });
        let forbidden = || (403, "forbidden".to_owned());
        let made = call(&manager, "POST", "/v1/staff", Some(new("owner", "new@shop.example"))).await;
        assert_eq!(made.problem(), forbidden());
        for taken in [json!({ "role": "viewer" }), json!({ "disabled": true }), json!({ "name": "Nobody" })] {
            assert_eq!(change(&manager, &boss, taken).await.problem(), forbidden());
        }
        assert_eq!(change(&manager, &me, json!({ "role": "owner" })).await.problem(), forbidden());
        let made = call(&manager, "POST", "/v1/staff", Some(new("manager", "new@shop.example"))).await;
        assert_eq!(made.status, 201);
        assert!(!made.text.contains("password"), "{made:?}");
        let twice = call(&manager, "POST", "/v1/staff", Some(new("viewer", "NEW@shop.example"))).await;
        assert_eq!(twice.problem(), (409, "conflict".to_owned()));
        assert_eq!(colleague(&owner, Role::Owner).await, boss);
    })
    .await;
}
