//! Bad input over sockets and HTTP: reliability W3 to W5, A7, F5, F6.

use concierge::base::Role;
use concierge::client::Http;
use concierge::config::Config;
use concierge::http::Page;
use concierge::protocol::{ConversationSummary, MAX_BODY_CHARS, MAX_FRAME_BYTES};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Answer, Wire, call, ok, on_each_engine, on_each_engine_with, timeline};

/// Texts of messages that are refused, with their code, over sockets and HTTP alike.
fn refused_texts() -> Vec<(String, &'static str)> {
    vec![
        (String::new(), "empty_text"),
        (" \n\t ".to_owned(), "empty_text"),
        ("\u{200b}\u{feff}".to_owned(), "empty_text"),
        ("\u{e0041}\u{e0042}".to_owned(), "empty_text"),
        ("x".repeat(MAX_BODY_CHARS + 1), "text_too_long"),
        ("😀".repeat(MAX_BODY_CHARS + 1), "text_too_long"),
        ("a\u{0}b".to_owned(), "control_character"),
        ("\u{1b}[31mred".to_owned(), "control_character"),
        ("a\rb".to_owned(), "control_character"),
        ("bell\u{7}".to_owned(), "control_character"),
        ("\u{85}next line\u{85}x".to_owned(), "control_character"),
    ]
}

/// Client ids that are refused.
fn refused_client_ids() -> Vec<String> {
    ["", " ", "a b", "ä", "a\u{0}", "tab\t"].map(str::to_owned).into_iter().chain(["x".repeat(65)]).collect()
}

/// Frames that are refused, with the reference that the reply echoes and the code.
fn broken_frames() -> Vec<(String, &'static str, &'static str)> {
    let deep_arrays = "[".repeat(30_000);
    let deep_objects = "{\"a\":".repeat(10_000);
    let closed_arrays = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let long = "x".repeat(65);
    let mut frames: Vec<(String, &str, &str)> = [
        ("", "", "malformed_frame"),
        (" ", "", "malformed_frame"),
        ("hello", "", "malformed_frame"),
        ("{", "", "malformed_frame"),
        ("{\"ref\":\"r\",\"cmd\":\"ping\"", "", "malformed_frame"),
        ("{\"ref\":\"r\",\"cmd\":\"ping\"} {}", "", "malformed_frame"),
        ("{'ref':'r','cmd':'ping'}", "", "malformed_frame"),
        ("null", "", "malformed_frame"),
        ("true", "", "malformed_frame"),
        ("42", "", "malformed_frame"),
        ("1e400", "", "malformed_frame"),
        ("\"ping\"", "", "malformed_frame"),
        ("[]", "", "malformed_frame"),
        ("[\"r\",\"ping\"]", "", "malformed_frame"),
        ("[\"ping\",\"ping\"]", "", "malformed_frame"),
        ("[{\"ref\":\"r\",\"cmd\":\"ping\"}]", "", "malformed_frame"),
        ("{}", "", "invalid_field"),
        ("{\"cmd\":\"ping\"}", "", "invalid_field"),
        ("{\"ref\":null,\"cmd\":\"ping\"}", "", "invalid_field"),
        ("{\"ref\":\"\",\"cmd\":\"ping\"}", "", "invalid_field"),
        ("{\"ref\":7,\"cmd\":\"ping\"}", "", "invalid_field"),
        ("{\"ref\":[\"r\"],\"cmd\":\"ping\"}", "", "invalid_field"),
        ("{\"ref\":\"a\",\"ref\":\"b\",\"cmd\":\"ping\"}", "", "invalid_field"),
        ("{\"ref\":\"r\"}", "r", "invalid_field"),
        ("{\"ref\":\"r\",\"cmd\":null}", "r", "invalid_field"),
        ("{\"ref\":\"r\",\"cmd\":7}", "", "invalid_field"),
        ("{\"ref\":\"r\",\"cmd\":{\"ping\":1}}", "", "invalid_field"),
        ("{\"ref\":\"r\",\"cmd\":\"\"}", "r", "unknown_command"),
        ("{\"ref\":\"r\",\"cmd\":\"destroy\"}", "r", "unknown_command"),
        ("{\"ref\":\"r\",\"cmd\":\"PING\"}", "r", "unknown_command"),
        ("{\"ref\":\"r\",\"cmd\":\"hello\",\"token\":7}", "r", "invalid_field"),
        ("{\"ref\":\"r\",\"cmd\":\"hello\"}", "r", "already_greeted"),
        ("{\"ref\":\"r\",\"cmd\":\"join\"}", "r", "invalid_field"),
        ("{\"ref\":\"r\",\"cmd\":\"join\",\"conversation\":7}", "r", "invalid_field"),
        ("{\"ref\":\"r\",\"cmd\":\"join\",\"conversation\":\"cnv_1\"}", "r", "invalid_field"),
        ("{\"ref\":\"r\",\"cmd\":\"read\",\"conversation\":null,\"seq\":1}", "r", "invalid_field"),
        ("{\"ref\":\"r\",\"cmd\":\"send\",\"body\":\"no client id\"}", "r", "invalid_field"),
        ("{\"ref\":\"r\",\"cmd\":\"send\",\"client_id\":7,\"body\":\"x\"}", "r", "invalid_field"),
        ("{\"ref\":\"r\",\"cmd\":\"send\",\"client_id\":\"c\",\"body\":7}", "r", "invalid_field"),
        ("{\"ref\":\"r\",\"cmd\":\"send\",\"client_id\":\"c\",\"body\":\"\\ud800\"}", "r", "invalid_field"),
        ("{\"ref\":\"r\",\"cmd\":\"send\",\"client_id\":\"c\",\"files\":\"x\"}", "r", "invalid_field"),
        ("{\"ref\":\"r\",\"cmd\":\"send\",\"client_id\":\"c\",\"files\":[\"x\"]}", "r", "invalid_field"),
        ("{\"ref\":\"r\",\"cmd\":\"take_over\"}", "r", "forbidden_or_invalid"),
    ]
    .into_iter()
    .map(|(frame, reference, code)| (frame.to_owned(), reference, code))
    .collect();
    let conversation = "cnv_01JD0000000000000000000000";
    let joins = |after: &str| {
        format!("{{\"ref\":\"r\",\"cmd\":\"join\",\"conversation\":\"{conversation}\",\"after\":{after}}}")
    };
    for after in
        ["-1", "1.5", "1e400", "99999999999999999999", "9223372036854775808", "\"1\"", "null", "[]", "true"]
    {
        frames.push((joins(after), "r", "invalid_field"));
    }
    frames.push((joins("9223372036854775807"), "r", "not_found"));
    frames.push((
        format!("{{\"ref\":\"r\",\"cmd\":\"typing\",\"conversation\":\"{conversation}\",\"on\":true}}"),
        "r",
        "not_joined",
    ));
    frames.push((format!("{{\"ref\":\"{long}\",\"cmd\":\"ping\"}}"), "", "invalid_field"));
    frames.push((deep_arrays, "", "malformed_frame"));
    frames.push((closed_arrays.clone(), "", "malformed_frame"));
    frames.push((deep_objects, "", "malformed_frame"));
    frames.push((format!("{{\"ref\":\"r\",\"cmd\":\"ping\",\"x\":{closed_arrays}}}"), "r", "invalid_field"));
    for (text, code) in refused_texts() {
        let frame = json!({ "ref": "r", "cmd": "send", "client_id": "c", "body": text }).to_string();
        if frame.len() <= MAX_FRAME_BYTES {
            frames.push((frame, "r", code));
        }
    }
    for client_id in refused_client_ids() {
        let frame = json!({ "ref": "r", "cmd": "send", "client_id": client_id, "body": "x" });
        frames.push((frame.to_string(), "r", "invalid_field"));
    }
    frames
}

/// A connection that is never closed for its refusals.
fn no_strikes(config: &mut Config, _: &mut concierge::app::Options) {
    config.sockets.strikes = u32::MAX;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_frame_gets_an_error_and_neighbours_notice_nothing() {
    on_each_engine_with(no_strikes, async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut neighbour = app.customer().await;
        let quiet = neighbour.says("Good morning, I only look around.").await.conversation;
        app.settle().await;
        let mut watcher = Wire::staff(&staff).await;
        watcher.ask(json!({ "cmd": "join", "conversation": quiet, "after": 0 })).await;
        // A ping's reply comes after everything that was on its way before.
        watcher.ask(json!({ "cmd": "ping" })).await;
        let before = timeline(&staff, quiet).await;

        let customer = app.customer().await;
        let mut wire = Wire::visitor(&app.url(), &customer.visit.token).await;
        for (frame, reference, code) in broken_frames() {
            wire.send(frame.clone()).await;
            let reply = wire.reply().await;
            let shown = frame.get(..120).unwrap_or(&frame);
            assert_eq!(reply["ref"], reference, "{shown}: {reply}");
            match code {
                "forbidden_or_invalid" => {
                    let code = reply["error"]["code"].as_str();
                    assert!(matches!(code, Some("forbidden" | "invalid_field")), "{shown}: {reply}");
                }
                code => assert_eq!(reply["error"]["code"], code, "{shown}: {reply}"),
            }
            assert!(reply["ok"].is_null(), "ok or error, never both: {reply}");
            assert!(reply["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{reply}");
        }
        wire.send_message(Message::binary(b"{\"ref\":\"r\",\"cmd\":\"ping\"}".to_vec()))
            .await
            .expect("it leaves");
        let reply = wire.reply().await;
        assert_eq!((&reply["ref"], &reply["error"]["code"]), (&json!(""), &json!("malformed_frame")));
        let (alive, _) = wire.ask(json!({ "cmd": "ping" })).await;
        assert_eq!(alive["ok"]["is"], "done", "the connection lives");
        let all: Page<ConversationSummary> = staff.get("/v1/conversations?view=all").await.expect("listed");
        assert_eq!(all.items.len(), 1, "nothing broken began a conversation");

        let (_, noticed) = watcher.ask(json!({ "cmd": "ping" })).await;
        assert!(noticed.is_empty(), "{noticed:?}");
        assert_eq!(timeline(&staff, quiet).await, before);
        neighbour.says("And still here.").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_allowed_texts_and_frames_are_taken() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let customer = app.customer().await;
        let mut wire = Wire::visitor(&app.url(), &customer.visit.token).await;
        let mut conversation = Value::Null;
        for (number, letter) in ["x", "😀", "\u{1f1f5}"].into_iter().enumerate() {
            let body = letter.repeat(MAX_BODY_CHARS);
            let send = json!({ "cmd": "send", "client_id": format!("c-{number}"), "body": body });
            let (reply, _) = wire.ask(send).await;
            assert_eq!(reply["ok"]["is"], "posted", "{letter}: {reply}");
            conversation = reply["ok"]["conversation"].clone();
        }
        // A frame of exactly the largest size.
        let empty = json!({ "ref": "r", "cmd": "ping", "pad": "" }).to_string();
        let pad = "p".repeat(MAX_FRAME_BYTES - empty.len());
        let (reply, _) = wire.ask(json!({ "ref": "r", "cmd": "ping", "pad": pad })).await;
        assert_eq!(reply["ok"]["is"], "done");
        let key = "k".repeat(60_000);
        let (reply, _) = wire.ask(json!({ "ref": "r", "cmd": "ping", key: 1 })).await;
        assert_eq!(reply["ok"]["is"], "done");
        let conversation = conversation.as_str().and_then(|id| id.parse().ok()).expect("an id");
        let bodies: Vec<usize> = timeline(&staff, conversation)
            .await
            .iter()
            .filter_map(|entry| {
                entry.content.is_message().then(|| entry.body.as_deref()?.chars().count().into())?
            })
            .collect();
        assert_eq!(bodies[..3], [MAX_BODY_CHARS; 3], "stored whole");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_is_too_large_closes_the_connection_with_4509() {
    on_each_engine(async |app| {
        let customer = app.customer().await;
        for size in [MAX_FRAME_BYTES + 1, 20 * MAX_FRAME_BYTES] {
            for greeted in [true, false] {
                for binary in [true, false] {
                    let mut wire = match greeted {
                        true => Wire::visitor(&app.url(), &customer.visit.token).await,
                        false => Wire::open(&app.url(), "/v1/socket", &[]).await.expect("it opens"),
                    };
                    let message = match binary {
                        true => Message::binary(vec![b' '; size]),
                        false => Message::text(" ".repeat(size)),
                    };
                    // The hub may hang up while the rest is on its way.
                    let _ = wire.send_message(message).await;
                    assert_eq!(wire.closed().await, 4509, "{size} bytes, greeted: {greeted}");
                }
            }
        }
        let mut neighbour = customer;
        neighbour.says("Unharmed.").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_refusals_close_the_connection_and_good_commands_earn_patience() {
    on_each_engine_with(
        |config, _| config.sockets.strikes = 6,
        async |app| {
            let customer = app.customer().await;
            let mut wire = Wire::visitor(&app.url(), &customer.visit.token).await;
            for _ in 0..10 {
                wire.send("nonsense").await;
                assert_eq!(wire.reply().await["error"]["code"], "malformed_frame");
                wire.ask(json!({ "cmd": "ping" })).await;
            }
            for _ in 0..6 {
                wire.send("nonsense").await;
                assert_eq!(wire.reply().await["error"]["code"], "malformed_frame");
            }
            assert_eq!(wire.closed().await, 4501);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_commands_are_refused_with_a_time_to_come_back() {
    on_each_engine_with(
        |config, _| {
            config.sockets.burst = 5_u32.try_into().expect("not zero");
            config.sockets.per_second = 1_u32.try_into().expect("not zero");
        },
        async |app| {
            let customer = app.customer().await;
            let mut wire = Wire::visitor(&app.url(), &customer.visit.token).await;
            let mut codes = Vec::new();
            for _ in 0..8 {
                let (reply, _) = wire.ask(json!({ "cmd": "ping" })).await;
                codes.push(reply["error"]["code"].as_str().map(str::to_owned));
                if !reply["error"].is_null() {
                    assert!(reply["error"]["retry_after_ms"].as_u64().is_some_and(|ms| ms > 0), "{reply}");
                }
            }
            assert_eq!(codes[..4], [None, None, None, None]);
            assert_eq!(codes.last(), Some(&Some("rate_limited".to_owned())));
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hello_comes_first_and_in_time() {
    on_each_engine_with(
        |config, _| {
            config.sockets.hello_seconds = 4;
            config.sockets.strikes = 8;
        },
        async |app| {
            let mut wire = Wire::open(&app.url(), "/v1/socket", &[]).await.expect("it opens");
            for (frame, code) in [
                ("{\"ref\":\"r\",\"cmd\":\"ping\"}", "hello_first"),
                ("{\"ref\":\"r\",\"cmd\":\"send\",\"client_id\":\"c\",\"body\":\"x\"}", "hello_first"),
                ("nonsense", "malformed_frame"),
                ("[\"hello\",\"hello\"]", "malformed_frame"),
                ("{\"ref\":\"r\",\"cmd\":\"destroy\"}", "unknown_command"),
            ] {
                wire.send(frame).await;
                assert_eq!(wire.reply().await["error"]["code"], code, "{frame}");
            }
            assert_eq!(wire.closed().await, 4500, "no hello in time");
            let mut wire = Wire::open(&app.url(), "/v1/socket", &[]).await.expect("it opens");
            for _ in 0..8 {
                wire.send("nonsense").await;
                assert_eq!(wire.reply().await["error"]["code"], "malformed_frame");
            }
            assert_eq!(wire.closed().await, 4501, "too many before hello");
            for hello in [json!({ "cmd": "hello" }), json!({ "cmd": "hello", "token": "forged" })] {
                let mut wire = Wire::open(&app.url(), "/v1/socket", &[]).await.expect("it opens");
                let (reply, _) = wire.ask(hello).await;
                assert_eq!(reply["error"]["code"], "unauthenticated");
                assert_eq!(wire.closed().await, 4502);
            }
            let mut wire = Wire::open(&app.url(), "/v1/socket", &[]).await.expect("it opens");
            wire.send_message(Message::binary(vec![1, 2, 3])).await.expect("it leaves");
            assert_eq!(wire.closed().await, 4502);
        },
    )
    .await;
}

/// Sends any bytes as a body.
async fn send_bytes(
    caller: &Http,
    method: &str,
    path: &str,
    content_type: Option<&str>,
    body: Vec<u8>,
) -> Answer {
    let method: reqwest::Method = method.parse().expect("a method");
    let mut request = reqwest::Client::new()
        .request(method, format!("{}{path}", caller.base()))
        .headers(caller.headers().clone())
        .body(body);
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    Answer::of(request.send().await.expect("the hub answers")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_request_is_a_problem_with_a_stable_code() {
    on_each_engine(async |app| {
        let owner = app.staff(Role::Owner).await;
        let mut customer = app.customer().await;
        let conversation = customer.says("Hello").await.conversation;
        let read = format!("/v1/conversations/{conversation}/read");
        let labels = format!("/v1/conversations/{conversation}/labels");
        let status = format!("/v1/conversations/{conversation}/status");
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let deep_inside = format!("{{\"add\":[{deep}]}}");
        let big = format!("{{\"name\":\"{}\"}}", "x".repeat(1_048_576));
        let json = Some("application/json");
        let cases = [
            ("POST", "/v1/contacts", json, "", 400, "malformed_frame"),
            ("POST", "/v1/contacts", json, "{", 400, "malformed_frame"),
            ("POST", "/v1/contacts", json, "{\"name\":\"Ana\"}}", 400, "malformed_frame"),
            ("POST", "/v1/contacts", json, "{\"name\":\"\\ud800\"}", 400, "malformed_frame"),
            ("POST", "/v1/contacts", json, &deep, 422, "invalid_field"),
            ("POST", &labels, json, &deep_inside, 422, "invalid_field"),
            ("POST", "/v1/contacts", None, "{\"name\":\"Ana\"}", 400, "malformed_frame"),
            ("POST", "/v1/contacts", Some("text/plain"), "{\"name\":\"Ana\"}", 400, "malformed_frame"),
            ("POST", "/v1/contacts", json, "null", 422, "invalid_field"),
            ("POST", "/v1/contacts", json, "[]", 422, "invalid_field"),
            ("POST", "/v1/contacts", json, "[\"Ana\",null,null,null,null]", 422, "invalid_field"),
            ("POST", "/v1/contacts", json, "\"Ana\"", 422, "invalid_field"),
            ("POST", "/v1/contacts", json, "{\"name\":5}", 422, "invalid_field"),
            ("POST", "/v1/contacts", json, "{\"name\":[\"Ana\"]}", 422, "invalid_field"),
            ("POST", "/v1/contacts", json, "{\"nam\":\"Ana\"}", 422, "invalid_field"),
            ("POST", "/v1/contacts", json, "{\"name\":\"A\",\"name\":\"B\"}", 422, "invalid_field"),
            ("POST", "/v1/contacts", json, "{\"name\":\"a\\u0000b\"}", 422, "invalid_value"),
            ("POST", "/v1/contacts", json, &big, 413, "too_large"),
            ("POST", &read, json, "{}", 422, "invalid_field"),
            ("POST", &read, json, "[1]", 422, "invalid_field"),
            ("POST", &read, json, "{\"seq\":-1}", 422, "invalid_field"),
            ("POST", &read, json, "{\"seq\":1.5}", 422, "invalid_field"),
            ("POST", &read, json, "{\"seq\":1e400}", 400, "malformed_frame"),
            ("POST", &read, json, "{\"seq\":99999999999999999999}", 422, "invalid_field"),
            ("POST", &status, json, "{\"status\":\"a\\u0000b\"}", 409, "illegal_move"),
            (
                "POST",
                "/v1/staff",
                json,
                "{\"name\":\"X\",\"email\":\"a@b\",\"role\":\"king\",\"password\":\"12345678\"}",
                422,
                "invalid_field",
            ),
            (
                "POST",
                "/v1/staff",
                json,
                "{\"name\":\"X\",\"email\":\"a@b\",\"role\":\"staff\",\"password\":\"1234567\"}",
                422,
                "invalid_value",
            ),
            (
                "POST",
                "/v1/staff",
                json,
                "{\"name\":\"X\",\"email\":\"a\\u0000@b\",\"role\":\"staff\",\"password\":\"12345678\"}",
                422,
                "invalid_value",
            ),
            ("PATCH", "/v1/workspace", json, "{\"name\":\"a\\u0000b\"}", 422, "invalid_value"),
            ("PATCH", "/v1/workspace", json, "{\"name\":\"\"}", 422, "invalid_value"),
            ("PATCH", "/v1/workspace", json, "{\"greeting\":\"a\\u0000b\"}", 422, "invalid_value"),
            ("PATCH", "/v1/workspace", json, "{\"starters\":[\"a\\u001bb\"]}", 422, "invalid_value"),
            ("PATCH", "/v1/workspace", json, "{\"undo_seconds\":61}", 422, "invalid_value"),
            ("PATCH", "/v1/workspace", json, "{\"undo_seconds\":-1}", 422, "invalid_field"),
            ("PATCH", "/v1/workspace", json, "{\"timezone\":\"Mars/Olympus\"}", 422, "invalid_value"),
            ("PATCH", "/v1/workspace", json, "{\"allowed_origins\":[\"https://a/b\"]}", 422, "invalid_value"),
            (
                "POST",
                "/v1/knowledge/documents",
                json,
                "{\"title\":\"a\\u0000b\",\"body\":\"x\"}",
                422,
                "invalid_value",
            ),
            (
                "POST",
                "/v1/knowledge/documents",
                json,
                "{\"title\":\"\",\"body\":\"x\"}",
                422,
                "invalid_value",
            ),
            ("POST", "/v1/files", json, "{}", 400, "malformed_frame"),
            ("POST", "/v1/files", Some("multipart/form-data"), "", 400, "malformed_frame"),
            ("POST", "/v1/files", Some("multipart/form-data; boundary=x"), "--x\r\n", 400, "malformed_frame"),
            (
                "POST",
                "/v1/files",
                Some("multipart/form-data; boundary=x"),
                "--x\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--x--\r\n",
                422,
                "invalid_field",
            ),
            ("GET", "/v1/nothing", None, "", 404, "not_found"),
            ("POST", "/nothing/at/all", json, "{}", 404, "not_found"),
            ("GET", "/v1/contacts/ctc_1", None, "", 404, "not_found"),
            ("GET", "/v1/contacts/%00", None, "", 404, "not_found"),
            ("GET", "/v1/contacts/..%2f..%2fsession", None, "", 404, "not_found"),
            ("GET", "/v1/files/..%2f..%2fconcierge.db", None, "", 404, "not_found"),
            ("GET", "/v1/widget/%00", None, "", 404, "not_found"),
            ("DELETE", "/v1/contacts", None, "", 405, "method_not_allowed"),
            ("PUT", "/v1/session", json, "{}", 405, "method_not_allowed"),
            ("GET", "/v1/socket", None, "", 400, "malformed_frame"),
            ("POST", "/v1/socket", None, "", 405, "method_not_allowed"),
        ];
        for (method, path, content_type, body, status, code) in cases {
            let answer = send_bytes(&owner, method, path, content_type, body.as_bytes().to_vec()).await;
            let shown = body.get(..80).unwrap_or(body);
            assert!(answer.status < 500, "{method} {path} {shown}: {answer:?}");
            assert_eq!(answer.problem(), (status, code.to_owned()), "{method} {path} {shown}");
        }
        // Bytes that are no text.
        let answer = send_bytes(&owner, "POST", "/v1/contacts", json, vec![b'{', 0xff, 0xfe, b'}']).await;
        assert_eq!(answer.problem(), (400, "malformed_frame".to_owned()));
        assert_eq!(
            ok(&owner, "GET", "/v1/contacts?q=Ana", None).await["items"].as_array().map(Vec::len),
            Some(1),
            "only the customer is there"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_searches_refuse_what_they_cannot_do() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut customer = app.customer().await;
        let conversation = customer.says("Hello").await.conversation;
        app.customer().await;
        let first = ok(&staff, "GET", "/v1/contacts?limit=1", None).await;
        let foreign_cursor = first["next"].as_str().expect("a second page").to_owned();
        let long = "x".repeat(1_001);
        let mut paths = Vec::new();
        for list in ["/v1/contacts", "/v1/conversations", "/v1/drafts", "/v1/knowledge/documents"] {
            for query in [
                "limit=0",
                "limit=201",
                "limit=-1",
                "limit=abc",
                "limit=",
                "limit=99999999999999999999",
                "cursor=zz",
                "cursor=!",
                "cursor=MTpub3RhbmlkZW50aWZpZXI",
            ] {
                paths.push((format!("{list}?{query}"), "invalid_field"));
            }
            if list != "/v1/contacts" {
                paths.push((format!("{list}?cursor={foreign_cursor}"), "invalid_field"));
            }
        }
        for query in ["after=-1", "after=x", "limit=0", "limit=501", "after=9223372036854775808"] {
            paths.push((format!("/v1/conversations/{conversation}/entries?{query}"), "invalid_field"));
        }
        for query in ["view=nothing", "view=", "contact=ctc_1"] {
            paths.push((format!("/v1/conversations?{query}"), "invalid_field"));
        }
        for (query, code) in
            [("", "invalid_field"), ("q=a&limit=0", "invalid_field"), ("q=a&limit=51", "invalid_field")]
        {
            paths.push((format!("/v1/knowledge/search?{query}"), code));
        }
        paths.push((format!("/v1/knowledge/search?q={long}"), "text_too_long"));
        for (path, code) in paths {
            let answer = call(&staff, "GET", &path, None).await;
            assert_eq!(answer.problem(), (422, code.to_owned()), "{path}");
        }
        // Whatever somebody looks for, it is never our fault.
        for words in
            ["%00", "a%00b", "%ff", "%25_%5C", "%27%3B--", "%22", "(", "*", "NEAR(", "%F0%9F%98%80", "-"]
        {
            for list in [
                "/v1/contacts?q=",
                "/v1/conversations?q=",
                "/v1/conversations?label=",
                "/v1/conversations?status=",
                "/v1/knowledge/search?q=",
            ] {
                let answer = call(&staff, "GET", &format!("{list}{words}"), None).await;
                match answer.status {
                    200 => assert!(!answer.text.contains(&conversation.to_string()), "{list}{words}"),
                    _ => assert_eq!(answer.problem().0, 422, "{list}{words}"),
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_have_the_same_limits_over_http_as_over_sockets() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut customer = app.customer().await;
        let conversation = customer.says("Hello").await.conversation;
        app.settle().await;
        let before = timeline(&staff, conversation).await;
        let messages = format!("/v1/conversations/{conversation}/messages");
        let notes = format!("/v1/conversations/{conversation}/notes");
        for (caller, path) in [(&customer.http, &messages), (&staff, &messages), (&staff, &notes)] {
            for (text, code) in refused_texts() {
                let answer =
                    call(caller, "POST", path, Some(json!({ "client_id": "c", "body": text }))).await;
                assert_eq!(answer.problem(), (422, code.to_owned()), "{path}");
            }
            for client_id in refused_client_ids() {
                let body = json!({ "client_id": client_id, "body": "x" });
                let answer = call(caller, "POST", path, Some(body)).await;
                assert_eq!(answer.problem(), (422, "invalid_field".to_owned()), "{client_id:?}");
            }
        }
        let labels = format!("/v1/conversations/{conversation}/labels");
        for (body, code) in [
            (json!({ "add": [""] }), "empty_text"),
            (json!({ "add": ["x".repeat(41)] }), "text_too_long"),
            (json!({ "add": ["a\u{0}b"] }), "control_character"),
            (json!({ "remove": ["a\u{0}b"] }), "control_character"),
            (json!({ "add": (0..21).map(|n| n.to_string()).collect::<Vec<_>>() }), "invalid_field"),
        ] {
            let answer = call(&staff, "POST", &labels, Some(body.clone())).await;
            assert_eq!(answer.problem(), (422, code.to_owned()), "{body}");
        }
        assert_eq!(timeline(&staff, conversation).await, before, "nothing of it was stored");
    })
    .await;
}
