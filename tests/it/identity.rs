//! Who may do what: reliability S1, S2, S3, S11, S12, M4 (somebody just demoted).

mod origins;
mod roles;

use std::time::Duration;

use concierge::base::Role;
use concierge::client::{Error, Http, Socket};
use concierge::http::Page;
use concierge::identity::Staff;
use concierge::protocol::Command;
use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};

use crate::support::{
    Answer, App, PASSWORD, PATIENCE, Wire, call, join, manual_clock, ok, on_each_engine, on_each_engine_with,
};

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
