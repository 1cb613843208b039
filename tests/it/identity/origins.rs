//! Whose pages may use a cookie, a token or a widget.

use concierge::base::Role;
use concierge::client::Http;
use serde_json::json;

use super::{cookie, form, with_headers};
use crate::support::{PASSWORD, Wire, call, ok, on_each_engine};

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
