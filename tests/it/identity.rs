//! Who may do what: reliability S1, S2, S3, S11, S12, M4 (somebody just demoted).

use std::time::Duration;

use concierge::base::Role;
use concierge::client::{Error, Http, Socket};
use concierge::http::Page;
use concierge::identity::Staff;
use concierge::protocol::Command;
use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};

use crate::support::{
    Answer, App, PASSWORD, PATIENCE, Wire, approve, call, code, join, manual_clock, ok, on_each_engine,
    on_each_engine_with,
};

/// Rounds of the races.
const ROUNDS: usize = 12;

fn form(workspace: &str, email: &str, password: &str) -> Value {
    json!({ "workspace": workspace, "email": email, "password": password })
}

async fn sign_in(app: &App, form: Value) -> reqwest::Response {
    let anyone = Http::anonymous(&app.url());
    anyone.raw(reqwest::Method::POST, "/v1/session", Some(form)).await.expect("the hub answers")
}

/// Sends a request with headers of one's own.
async fn with_headers(base: &str, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
    let method: reqwest::Method = method.parse().expect("a method");
    let mut request = reqwest::Client::new().request(method, format!("{base}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !body.is_null() {
        request = request.json(&body);
    }
    Answer::of(request.send().await.expect("the hub answers")).await
}

fn cookie(caller: &Http) -> &str {
    caller.headers()[COOKIE].to_str().expect("a cookie is text")
}

async fn colleague(owner: &Http, role: Role) -> Staff {
    let staff: Page<Staff> = owner.get("/v1/staff").await.expect("listed");
    staff
        .items
        .into_iter()
        .find(|person| person.email == format!("{role}@shop.example"))
        .expect("one of each role")
}

async fn change(caller: &Http, staff: &Staff, change: Value) -> Answer {
    call(caller, "PATCH", &format!("/v1/staff/{}", staff.id), Some(change)).await
}

/// The code that a socket is closed with.
async fn close_code(socket: &mut Socket) -> u16 {
    match socket.find(PATIENCE, |_| None::<()>).await {
        Err(Error::Closed { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_sign_in_never_says_what_was_wrong() {
    on_each_engine(async |app| {
        let owner = app.staff(Role::Owner).await;
        let viewer = colleague(&owner, Role::Viewer).await;
        assert_eq!(change(&owner, &viewer, json!({ "disabled": true })).await.status, 200);
        let mut answers = Vec::new();
        for (workspace, email, password) in [
            ("alpha", "staff@shop.example", "a wrong password"),
            ("alpha", "staff@shop.example", ""),
            ("alpha", "nobody@shop.example", PASSWORD),
            ("alpha", "viewer@shop.example", PASSWORD),
            ("nowhere", "staff@shop.example", PASSWORD),
            ("alpha", "%@shop.example", PASSWORD),
            ("alpha", "staff@shop.example' OR '1'='1", PASSWORD),
            ("alpha", "a\u{0}b", PASSWORD),
        ] {
            let response = sign_in(app, form(workspace, email, password)).await;
            assert!(response.headers().get(SET_COOKIE).is_none());
            answers.push((email, Answer::of(response).await));
        }
        for (email, answer) in &answers {
            if email.contains('\0') {
                assert!(matches!(answer.status, 401 | 422), "{answer:?}");
                continue;
            }
            assert_eq!(answer, &answers[0].1, "{email}");
            assert_eq!(answer.problem(), (401, "wrong_credentials".to_owned()));
        }
        let again = sign_in(app, form("alpha", " Staff@Shop.example ", PASSWORD)).await;
        assert_eq!(again.status().as_u16(), 200, "addresses are compared without case and space");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_cookie_is_locked_to_this_host_and_new_every_time() {
    on_each_engine(async |app| {
        let mut seen = Vec::new();
        for _ in 0..3 {
            let response = sign_in(app, form("alpha", "staff@shop.example", PASSWORD)).await;
            assert_eq!(response.status().as_u16(), 200);
            let cookie = response.headers()[SET_COOKIE].to_str().expect("text").to_owned();
            let mut parts = cookie.split("; ");
            let (name, token) = parts.next().and_then(|pair| pair.split_once('=')).expect("a pair");
            assert_eq!(name, "__Host-concierge");
            assert!(token.len() >= 22, "at least 128 bits: {token}");
            let flags: Vec<&str> = parts.collect();
            for flag in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
                assert!(flags.contains(&flag), "{flag} in {cookie}");
            }
            assert!(!cookie.to_lowercase().contains("domain"), "{cookie}");
            let body = response.text().await.expect("a body");
            assert!(!body.contains(token) && !body.contains("password"), "{body}");
            seen.push(token.to_owned());
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 3);
        // A cookie that somebody planted is not taken over.
        let planted = "__Host-concierge=planted-by-somebody-else";
        let form = form("alpha", "staff@shop.example", PASSWORD);
        let signed = with_headers(&app.url(), "POST", "/v1/session", &[("cookie", planted)], form).await;
        assert_eq!(signed.status, 200);
        let with_planted =
            with_headers(&app.url(), "GET", "/v1/session", &[("cookie", planted)], Value::Null).await;
        assert_eq!(with_planted.problem(), (401, "unauthenticated".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_attempts_are_refused_even_with_the_right_password() {
    on_each_engine_with(
        |config, _| config.sessions.attempts_per_minute = 5_u32.try_into().expect("not zero"),
        async |app| {
            for _ in 0..5 {
                let wrong = sign_in(app, form("alpha", "staff@shop.example", "wrong password")).await;
                assert_eq!(wrong.status().as_u16(), 401);
            }
            for email in ["staff@shop.example", "STAFF@shop.example ", "owner@shop.example"] {
                let response = sign_in(app, form("alpha", email, PASSWORD)).await;
                assert!(response.headers().get("retry-after").is_some(), "{email}");
                assert_eq!(Answer::of(response).await.problem(), (429, "rate_limited".to_owned()), "{email}");
            }
            // Customers are not locked out by it.
            app.customer().await;
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_this_session_and_cuts_its_sockets_only() {
    on_each_engine(async |app| {
        let (here, there) = (app.staff(Role::Staff).await, app.staff(Role::Staff).await);
        let (mut cut, _) = Socket::staff(&here).await.expect("a socket");
        let (mut stays, _) = Socket::staff(&there).await.expect("a socket");
        ok(&here, "DELETE", "/v1/session", None).await;
        assert_eq!(close_code(&mut cut).await, 4503);
        for path in ["/v1/session", "/v1/conversations", "/v1/workspace"] {
            assert_eq!(call(&here, "GET", path, None).await.problem(), (401, "unauthenticated".to_owned()));
        }
        assert!(Socket::staff(&here).await.is_err(), "no socket without a session");
        stays.ask(Command::Ping).await.expect("the other browser stays");
        ok(&there, "GET", "/v1/session", None).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_access_or_role_is_cut_at_once() {
    on_each_engine(async |app| {
        let owner = app.staff(Role::Owner).await;
        let mut customer = app.customer().await;
        let conversation = customer.says("How much is a brake check?").await.conversation;
        let draft = app.pending(&owner, conversation).await;
        for (taken, given_back) in [
            (json!({ "disabled": true }), json!({ "disabled": false })),
            (json!({ "role": "viewer" }), json!({ "role": "staff" })),
        ] {
            let person = colleague(&owner, Role::Staff).await;
            let staff = app.staff(Role::Staff).await;
            let (mut socket, _) = Socket::staff(&staff).await.expect("a socket");
            join(&mut socket, conversation, 0).await;
            assert_eq!(change(&owner, &person, taken.clone()).await.status, 200);
            let late = call(
                &staff,
                "POST",
                &format!("/v1/drafts/{}/approve", draft.id),
                Some(json!({ "revision": draft.revision, "hash": draft.hash })),
            )
            .await;
            assert_eq!(late.problem(), (401, "unauthenticated".to_owned()));
            assert_eq!(close_code(&mut socket).await, 4503, "{taken}");
            if taken["disabled"] == true {
                let refused = sign_in(app, form("alpha", "staff@shop.example", PASSWORD)).await;
                assert_eq!(refused.status().as_u16(), 401);
            }
            assert_eq!(change(&owner, &person, given_back).await.status, 200);
            assert_eq!(call(&staff, "GET", "/v1/session", None).await.status, 401, "old sessions stay ended");
            app.staff(Role::Staff).await;
        }
        let again = app.pending(&owner, conversation).await;
        assert_eq!(again.id, draft.id, "nobody approved it");
    })
    .await;
}

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

/// Origins that are not the hub's own, however alike they look.
fn foreign_origins(own: &str) -> Vec<String> {
    let (host, port) = own.trim_start_matches("http://").split_once(':').expect("host and port");
    let next = port.parse::<u32>().expect("a port") + 1;
    [
        "null".to_owned(),
        "https://evil.example".to_owned(),
        format!("{own}.evil.example"),
        format!("http://evil.example/{host}:{port}"),
        format!("http://{host}:{port}@evil.example"),
        format!("http://user@{host}:{port}"),
        format!("http://evil{host}:{port}"),
        format!("http://{host}:{next}"),
        format!("http://{host}"),
        format!("http://localhost:{port}"),
        format!("{own}/"),
        format!("{own}, http://evil.example"),
        format!("{host}:{port}"),
        "file://".to_owned(),
        String::new(),
    ]
    .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_cannot_use_a_live_cookie() {
    on_each_engine(async |app| {
        let owner = app.staff(Role::Owner).await;
        let own = app.url();
        let me = cookie(&owner).to_owned();
        for origin in foreign_origins(&own) {
            let headers = [("cookie", me.as_str()), ("origin", origin.as_str())];
            match Wire::open(&own, "/v1/socket", &headers).await {
                Err((status, body)) => {
                    assert_eq!(status, 403, "{origin:?}: {body}");
                    assert!(body.contains("origin_not_allowed"), "{origin:?}: {body}");
                }
                Ok(_) => panic!("{origin:?} got a socket"),
            }
            let call = |method, path, body| with_headers(&own, method, path, &headers, body);
            let refused = call("POST", "/v1/contacts", json!({ "name": "Planted" })).await;
            assert_eq!(refused.problem(), (403, "origin_not_allowed".to_owned()), "{origin:?}");
        }
        // Every route that changes something.
        let headers = [("cookie", me.as_str()), ("origin", "https://evil.example")];
        let of_staff = concierge::app::operations()
            .into_iter()
            .filter(|(method, path)| method != "GET" && !path.starts_with("/v1/widget/"))
            // Another system's call carries no cookie: its signature says who it is.
            .filter(|(_, path)| path != "/v1/hooks/{id}/events");
        for (method, path) in of_staff {
            let known = path.replace("{id}", "x").replace("{field}", "vehicle");
            let answer = with_headers(&own, &method, &known, &headers, json!({})).await;
            // A form that cannot be read is refused before anybody asks who sent it.
            assert!(matches!(answer.status, 403 | 422), "{method} {path}: {answer:?}");
            if answer.status == 403 {
                assert_eq!(answer.problem().1, "origin_not_allowed", "{method} {path}");
            } else {
                assert_eq!(method, "POST");
                assert!(["/v1/session", "/v1/setup"].contains(&path.as_str()), "{path}");
            }
        }
        let form = form("alpha", "staff@shop.example", PASSWORD);
        let signing = with_headers(&own, "POST", "/v1/session", &headers[1..], form).await;
        assert_eq!(signing.problem(), (403, "origin_not_allowed".to_owned()), "nobody is signed in for them");
        let read = reqwest::Client::new().get(format!("{own}/v1/session")).header("cookie", &me);
        let read = read.header("origin", "https://evil.example").send().await.expect("an answer");
        assert!(read.headers().get("access-control-allow-credentials").is_none());

        let session = ok(&owner, "GET", "/v1/session", None).await;
        assert_eq!(session["staff"]["role"], "owner", "still signed in");
        let planted = ok(&owner, "GET", "/v1/contacts?q=Planted", None).await;
        assert_eq!(planted["items"], json!([]));
        // Our own pages, and programs, which send no origin.
        for headers in
            [vec![("cookie", me.as_str()), ("origin", own.as_str())], vec![("cookie", me.as_str())]]
        {
            let mut wire = Wire::open(&own, "/v1/socket", &headers).await.expect("it opens");
            let (welcome, _) = wire.ask(json!({ "cmd": "hello" })).await;
            assert_eq!(welcome["ok"]["you"]["as"], "staff");
            let made = with_headers(&own, "POST", "/v1/contacts", &headers, json!({ "name": "Ours" })).await;
            assert_eq!(made.status, 201);
        }
        // A widget on any page ignores the cookie that came along.
        let headers = [("cookie", me.as_str()), ("origin", "https://shop.example")];
        let mut wire = Wire::open(&own, "/v1/socket?as=visitor", &headers).await.expect("it opens");
        let (reply, _) = wire.ask(json!({ "cmd": "hello" })).await;
        assert_eq!(reply["error"]["code"], "unauthenticated");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitors_token_cannot_be_forged_borrowed_or_put_into_an_address() {
    on_each_engine(async |app| {
        let mut customer = app.customer().await;
        let conversation = customer.says("Hello").await.conversation;
        let path = format!("/v1/conversations/{conversation}/entries");
        let stranger = app.customer().await;
        let beta = app.customer_of("beta").await;
        let token = customer.visit.token.clone();
        let (payload, signature) = token.split_once('.').expect("two parts");
        let other_payload = stranger.visit.token.split('.').next().unwrap_or_default();
        let mut tampered = token.clone();
        let last = if tampered.ends_with('A') { 'B' } else { 'A' };
        tampered.replace_range(token.len() - 2..token.len() - 1, &last.to_string());
        let forged = [
            String::new(),
            "x".to_owned(),
            ".".to_owned(),
            payload.to_owned(),
            format!("{payload}."),
            format!("{payload}.{payload}"),
            format!("{other_payload}.{signature}"),
            format!("{token}.{signature}"),
            tampered,
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjbnQifQ.".to_owned(),
            "x".repeat(5_000),
        ];
        for token in &forged {
            let mut caller = Http::anonymous(&app.url());
            caller.set_token(token);
            let answer = call(&caller, "GET", &path, None).await;
            assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{token}");
            let mut wire = Wire::open(&app.url(), "/v1/socket", &[]).await.expect("it opens");
            let (reply, _) = wire.ask(json!({ "cmd": "hello", "token": token })).await;
            assert_eq!(reply["error"]["code"], "unauthenticated", "{token}");
            assert_eq!(wire.closed().await, 4502);
        }
        for other in [&stranger, &beta] {
            assert_eq!(call(&other.http, "GET", &path, None).await.problem(), (404, "not_found".to_owned()));
        }
        // What stands in an address ends in logs: it opens nothing.
        let anyone = Http::anonymous(&app.url());
        for name in ["token", "access_token", "authorization", "bearer"] {
            let answer = call(&anyone, "GET", &format!("{path}?{name}={token}"), None).await;
            assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{name}");
            let address = format!("/v1/socket?{name}={token}");
            let mut wire = Wire::open(&app.url(), &address, &[]).await.expect("it opens");
            let (reply, _) = wire.ask(json!({ "cmd": "hello" })).await;
            assert_eq!(reply["error"]["code"], "unauthenticated", "{name}");
        }
        // A visitor's key brings back the same person, in this business only.
        let key = json!({ "visitor_key": customer.visit.visitor_key });
        let (_, again) = Http::visit(&app.url(), "alpha", key.clone()).await.expect("back");
        assert_eq!((again.contact.id, again.conversation), (customer.visit.contact.id, Some(conversation)));
        let (_, elsewhere) = Http::visit(&app.url(), "beta", key).await.expect("a stranger there");
        assert_ne!(elsewhere.contact.id, customer.visit.contact.id);
        assert_eq!(elsewhere.conversation, None);
        assert_ne!(elsewhere.visitor_key, customer.visit.visitor_key);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_sessions_run_out() {
    on_each_engine_with(
        |config, options| {
            options.clock = manual_clock();
            config.sessions.staff_hours = 2;
        },
        async |app| {
            let mut customer = app.customer().await;
            let conversation = customer.says("Hello").await.conversation;
            app.settle().await;
            let staff = app.staff(Role::Staff).await;
            let path = format!("/v1/conversations/{conversation}");
            app.advance(Duration::from_secs(59 * 60));
            ok(&customer.http, "GET", &path, None).await;
            app.advance(Duration::from_secs(60));
            let late = call(&customer.http, "GET", &path, None).await;
            assert_eq!(late.problem(), (401, "unauthenticated".to_owned()));
            let mut wire = Wire::open(&app.url(), "/v1/socket", &[]).await.expect("it opens");
            let (reply, _) = wire.ask(json!({ "cmd": "hello", "token": customer.visit.token })).await;
            assert_eq!(reply["error"]["code"], "unauthenticated");
            assert_eq!(wire.closed().await, 4502);
            let key = json!({ "visitor_key": customer.visit.visitor_key });
            let (fresh, _) = Http::visit(&app.url(), "alpha", key).await.expect("the key still works");
            ok(&fresh, "GET", &path, None).await;

            ok(&staff, "GET", &path, None).await;
            app.advance(Duration::from_secs(60 * 60));
            assert_eq!(call(&staff, "GET", &path, None).await.problem(), (401, "unauthenticated".to_owned()));
            assert!(Socket::staff(&staff).await.is_err());
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_business_says_which_pages_may_open_its_widget() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let own = app.url();
        let visit = async |origin: Option<&str>, workspace: &str| {
            let headers: Vec<(&str, &str)> = origin.map(|origin| ("origin", origin)).into_iter().collect();
            with_headers(&own, "POST", &format!("/v1/widget/{workspace}/sessions"), &headers, json!({})).await
        };
        assert_eq!(visit(Some("https://anywhere.example"), "alpha").await.status, 201, "none named: any");
        let allowed = json!({ "allowed_origins": ["https://shop.example", "http://localhost:3000"] });
        ok(&manager, "PATCH", "/v1/workspace", Some(allowed)).await;
        for origin in ["https://shop.example", "http://localhost:3000", own.as_str()] {
            assert_eq!(visit(Some(origin), "alpha").await.status, 201, "{origin}");
        }
        let opened = visit(None, "alpha").await;
        assert_eq!(opened.status, 201, "programs send no origin");
        let token = opened.json()["token"].clone();
        for origin in [
            "http://shop.example",
            "https://shop.example:444",
            "https://shop.example.evil.example",
            "https://evilshop.example",
            "https://sub.shop.example",
            "https://shop.example/",
            "https://shop.example@evil.example",
            "http://localhost:3001",
            "null",
            "",
        ] {
            let refused = visit(Some(origin), "alpha").await;
            assert_eq!(refused.problem(), (403, "origin_not_allowed".to_owned()), "{origin:?}");
            let mut wire =
                Wire::open(&own, "/v1/socket", &[("origin", origin)]).await.expect("nobody is known yet");
            let (reply, _) = wire.ask(json!({ "cmd": "hello", "token": token })).await;
            assert_eq!(reply["error"]["code"], "origin_not_allowed", "{origin:?}");
            assert_eq!(wire.closed().await, 4502);
        }
        let mut wire =
            Wire::open(&own, "/v1/socket", &[("origin", "https://shop.example")]).await.expect("it opens");
        let (welcome, _) = wire.ask(json!({ "cmd": "hello", "token": token })).await;
        assert_eq!(welcome["ok"]["you"]["as"], "contact");
        assert_eq!(visit(Some("https://anywhere.example"), "beta").await.status, 201, "beta named none");
    })
    .await;
}
