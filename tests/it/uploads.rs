//! Uploads in pieces: product map A5, A6; reliability R1 (a cut line), F5.

use std::time::Duration;

use concierge::app::Options;
use concierge::base::Role;
use concierge::client::Http;
use concierge::config::Config;
use concierge::ports::db::Engine;
use concierge::protocol::{Attachment, TranscriptState};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Answer, App, call, manual_clock, ok, on_each_engine, on_each_engine_with};

/// "Hello. What are your opening hours on Saturday?"
const WEBM: &[u8] = include_bytes!("../data/speech/hours.webm");

type Headers<'a> = &'a [(&'a str, &'a str)];

/// What came back: the status, the offset that was told, and the rest.
#[derive(Debug)]
struct Told {
    offset: Option<usize>,
    length: Option<String>,
    version: Option<String>,
    location: String,
    answer: Answer,
}

impl Told {
    fn status(&self) -> u16 {
        self.answer.status
    }
}

async fn ask(caller: &Http, method: Method, path: &str, headers: Headers<'_>, body: &[u8]) -> Told {
    let mut request = reqwest::Client::new()
        .request(method, format!("{}{path}", caller.base()))
        .headers(caller.headers().clone())
        .header("origin", caller.base());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.body(body.to_vec()).send().await.expect("the hub answers");
    let header =
        |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    assert_eq!(header("tus-resumable").as_deref(), Some("1.0.0"), "{path}");
    let (offset, length, version) = (header("upload-offset"), header("upload-length"), header("tus-version"));
    let (offset, location) = (offset.and_then(|offset| offset.parse().ok()), header("location"));
    let location = location.unwrap_or_default();
    Told { offset, length, version, location, answer: Answer::of(response).await }
}

/// Begins an upload; gives its path.
pub(crate) async fn begin(caller: &Http, headers: Headers<'_>) -> String {
    let told = ask(caller, Method::POST, "/v1/uploads", headers, b"").await;
    assert_eq!((told.status(), told.offset), (201, Some(0)), "{told:?}");
    told.location
}

/// Sends a piece, with the length of the whole where it is known.
async fn piece(caller: &Http, path: &str, offset: usize, length: Option<usize>, bytes: &[u8]) -> Told {
    let (offset, length) = (offset.to_string(), length.map(|length| length.to_string()));
    let mut headers =
        vec![("content-type", "application/offset+octet-stream"), ("upload-offset", offset.as_str())];
    if let Some(length) = &length {
        headers.push(("upload-length", length));
    }
    ask(caller, Method::PATCH, path, &headers, bytes).await
}

/// How far an upload is.
async fn offset(caller: &Http, path: &str) -> Option<usize> {
    let told = ask(caller, Method::HEAD, path, &[], b"").await;
    assert_eq!(told.status(), 200, "{told:?}");
    told.offset
}

/// What an upload became.
async fn file(caller: &Http, path: &str) -> Attachment {
    let shown = ok(caller, "GET", path, None).await;
    serde_json::from_value(shown["file"].clone()).unwrap_or_else(|error| panic!("{error}: {shown}"))
}

fn stored(app: &App) -> usize {
    std::fs::read_dir(app.node.site.config.store.folder.join("files")).into_iter().flatten().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_goes_up_while_it_is_made_and_is_a_voice_message_in_the_end() {
    on_each_engine(async |app| {
        let customer = app.customer().await;
        // "voice.webm"
        let path = begin(
            &customer.http,
            &[("upload-defer-length", "1"), ("upload-metadata", "filename dm9pY2Uud2VibQ==")],
        )
        .await;
        let mut at = 0;
        for part in WEBM[..9_000].chunks(2_500) {
            let told = piece(&customer.http, &path, at, None, part).await;
            at += part.len();
            assert_eq!((told.status(), told.offset, &told.length), (204, Some(at), &None), "{told:?}");
        }
        assert!(ok(&customer.http, "GET", &path, None).await["file"].is_null(), "not before its end");
        let told = piece(&customer.http, &path, at, Some(WEBM.len()), &WEBM[at..]).await;
        assert_eq!((told.status(), told.offset), (204, Some(WEBM.len())), "{told:?}");
        let file = file(&customer.http, &path).await;
        assert_eq!((file.name.as_str(), file.media_type.as_str()), ("voice.webm", "audio/webm"));
        assert_eq!(file.transcript, Some(TranscriptState::NotTranscribed));
        assert!(file.wave.as_ref().is_some_and(|wave| (3_900..4_400).contains(&wave.millis)), "{file:?}");
        assert_eq!(stored(app), 1, "of the pieces nothing stays");

        // The answer to the last piece was lost: the client asks, sends it again, and nothing is there twice.
        assert_eq!(offset(&customer.http, &path).await, Some(WEBM.len()));
        let again = piece(&customer.http, &path, at, Some(WEBM.len()), &WEBM[at..]).await;
        assert_eq!((again.answer.problem(), again.offset), ((409, "conflict".to_owned()), Some(WEBM.len())));
        let message = json!({ "client_id": "v", "body": "", "files": [file.id] });
        let mut customer = customer;
        let conversation = customer.says("Hello").await.conversation;
        ok(&customer.http, "POST", &format!("/v1/conversations/{conversation}/messages"), Some(message))
            .await;
        let played = call(&customer.http, "GET", &format!("/v1/files/{}/wav", file.id), None).await;
        assert_eq!((played.status, played.content_type.as_str()), (200, "audio/wav"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_at_another_offset_is_a_conflict_that_tells_the_right_one() {
    on_each_engine(async |app| {
        let customer = app.customer().await;
        let path = begin(&customer.http, &[("upload-length", "10")]).await;
        assert_eq!(piece(&customer.http, &path, 0, None, b"01234").await.status(), 204);
        for wrong in [0, 4, 6, 10] {
            let told = piece(&customer.http, &path, wrong, None, b"56789").await;
            assert_eq!(
                (told.answer.problem(), told.offset),
                ((409, "conflict".to_owned()), Some(5)),
                "{wrong}"
            );
        }
        // Two send the same piece at the same time: it is there once.
        let (one, other) = tokio::join!(
            piece(&customer.http, &path, 5, None, b"56"),
            piece(&customer.http, &path, 5, None, b"56")
        );
        let mut both = [one.status(), other.status()];
        both.sort_unstable();
        assert_eq!(both, [204, 409]);
        assert_eq!(piece(&customer.http, &path, 7, None, b"789").await.status(), 204);
        let id = file(&customer.http, &path).await.id;
        let whole = call(&customer.http, "GET", &format!("/v1/files/{id}"), None).await;
        assert_eq!(whole.text, "0123456789");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_upload_is_said_and_the_rest_still_works() {
    let small = |config: &mut Config, _: &mut Options| config.files.max_bytes = 1_000;
    on_each_engine_with(small, async |app| {
        let caller = app.customer().await.http;
        let refused: [(Headers<'_>, (u16, &str)); 7] = [
            (&[], (422, "invalid_field")),
            (&[("upload-length", "5"), ("upload-defer-length", "1")], (422, "invalid_field")),
            (&[("upload-length", "-1")], (422, "invalid_field")),
            (&[("upload-length", "99999999999999999999")], (422, "invalid_field")),
            (&[("upload-length", "0")], (422, "empty_text")),
            (&[("upload-length", "1001")], (413, "too_large")),
            (&[("upload-length", "5"), ("upload-metadata", "filename ?")], (422, "invalid_field")),
        ];
        for (headers, (status, code)) in refused {
            let told = ask(&caller, Method::POST, "/v1/uploads", headers, b"").await;
            assert_eq!(told.answer.problem(), (status, code.to_owned()), "{headers:?}");
        }
        let path = begin(&caller, &[("upload-length", "10")]).await;
        let more = piece(&caller, &path, 0, None, &[7; 11]).await;
        assert_eq!(more.answer.problem(), (422, "invalid_field".to_owned()));
        let another = piece(&caller, &path, 0, Some(9), b"x").await;
        assert_eq!(another.answer.problem(), (422, "invalid_field".to_owned()));
        let form = ask(&caller, Method::PATCH, &path, &[("upload-offset", "0")], b"x").await;
        assert_eq!(form.answer.problem(), (415, "unsupported_file".to_owned()));
        let kind = [("content-type", "application/offset+octet-stream")];
        let nowhere = ask(&caller, Method::PATCH, &path, &kind, b"x").await;
        assert_eq!(nowhere.answer.problem(), (422, "invalid_field".to_owned()));
        assert_eq!(offset(&caller, &path).await, Some(0), "none of it counts");

        let endless = begin(&caller, &[("upload-defer-length", "1")]).await;
        assert_eq!(piece(&caller, &endless, 0, None, &[7; 900]).await.status(), 204);
        let over = piece(&caller, &endless, 900, None, &[7; 101]).await;
        assert_eq!(over.answer.problem(), (413, "too_large".to_owned()));
        assert_eq!(
            piece(&caller, &endless, 900, Some(900), b"").await.status(),
            204,
            "its end may come alone"
        );
        assert_eq!(file(&caller, &endless).await.size, 900);

        // What it is is seen in the end: a program is refused, and nothing of it stays.
        let program = begin(&caller, &[("upload-length", "64")]).await;
        let bytes: Vec<u8> = b"MZ\x90\0".iter().copied().chain([0; 60]).collect();
        let told = piece(&caller, &program, 0, None, &bytes).await;
        assert_eq!(told.answer.problem(), (415, "unsupported_file".to_owned()));
        assert_eq!(ask(&caller, Method::HEAD, &program, &[], b"").await.status(), 404);

        // One person does not fill the disk with what is never ended.
        for _ in 0..19 {
            begin(&caller, &[("upload-length", "5")]).await;
        }
        let told = ask(&caller, Method::POST, "/v1/uploads", &[("upload-length", "5")], b"").await;
        assert_eq!(told.answer.problem(), (429, "rate_limited".to_owned()));
        assert_eq!(ask(&caller, Method::DELETE, &path, &[], b"").await.status(), 204);
        begin(&caller, &[("upload-length", "5")]).await;
        let other = app.customer().await.http;
        begin(&other, &[("upload-length", "5")]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_of_tus_is_refused_and_nothing_is_done() {
    on_each_engine(async |app| {
        let caller = app.customer().await.http;
        let path = begin(&caller, &[("tus-resumable", "1.0.0"), ("upload-length", "10")]).await;
        assert_eq!(piece(&caller, &path, 0, None, b"12345").await.status(), 204);
        let every: [(Method, &str, Headers<'_>); 5] = [
            (Method::POST, "/v1/uploads", &[("tus-resumable", "0.2.2"), ("upload-length", "5")]),
            (Method::HEAD, &path, &[("tus-resumable", "2.0.0")]),
            (Method::GET, &path, &[("tus-resumable", "")]),
            (
                Method::PATCH,
                &path,
                &[
                    ("tus-resumable", "1.0.1"),
                    ("upload-offset", "5"),
                    ("content-type", "application/offset+octet-stream"),
                ],
            ),
            (Method::DELETE, &path, &[("tus-resumable", "1.0")]),
        ];
        for (method, path, headers) in every {
            let told = ask(&caller, method.clone(), path, headers, b"67890").await;
            assert_eq!((told.status(), told.version.as_deref()), (412, Some("1.0.0")), "{method} {told:?}");
            if method != Method::HEAD {
                assert_eq!(told.answer.problem().1, "unsupported_version");
            }
        }
        assert_eq!(offset(&caller, &path).await, Some(5), "neither grown nor gone");
        let served = ask(&caller, Method::HEAD, &path, &[("tus-resumable", "1.0.0")], b"").await;
        assert_eq!((served.status(), served.version), (200, None));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_its_uploaders_alone() {
    on_each_engine(async |app| {
        let (ana, bea) = (app.customer().await.http, app.customer().await.http);
        let (staff, colleague) = (app.staff(Role::Staff).await, app.staff(Role::Manager).await);
        let beta = app.staff_of("beta", Role::Owner).await;
        let viewer = app.staff(Role::Viewer).await;
        for (owner, others) in [
            (&ana, [&bea, &staff, &beta, &Http::anonymous(&app.url())]),
            (&staff, [&ana, &colleague, &beta, &viewer]),
        ] {
            let path = begin(owner, &[("upload-length", "10")]).await;
            for other in others {
                let told = piece(other, &path, 0, None, b"stolen").await;
                assert!(matches!(told.status(), 401 | 403 | 404), "{told:?}");
                for method in [Method::GET, Method::DELETE] {
                    let told = ask(other, method, &path, &[], b"").await;
                    assert!(matches!(told.status(), 401 | 403 | 404), "{told:?}");
                }
            }
            assert_eq!(piece(owner, &path, 0, None, b"0123456789").await.status(), 204);
            assert_eq!(ask(owner, Method::DELETE, &path, &[], b"").await.status(), 404, "it is a file now");
        }
        let refused = ask(&viewer, Method::POST, "/v1/uploads", &[("upload-length", "5")], b"").await;
        assert_eq!(refused.answer.problem(), (403, "forbidden".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_is_told_what_the_hub_can_also_from_another_site() {
    let small = |config: &mut Config, _: &mut Options| config.files.max_bytes = 1_000;
    on_each_engine_with(small, async |app| {
        let ask = async |path: &str, headers: Headers<'_>| {
            let mut request = reqwest::Client::new().request(Method::OPTIONS, format!("{}{path}", app.url()));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let response = request.send().await.expect("the hub answers");
            assert!(matches!(response.status().as_u16(), 200 | 204), "{response:?}");
            let header = |name: &str| {
                response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_lowercase)
            };
            ["tus-resumable", "tus-version", "tus-extension", "tus-max-size", "access-control-allow-methods"]
                .map(header)
        };
        let text = |text: &str| Some(text.to_owned());
        // Nobody has to be signed in to ask.
        for path in ["/v1/uploads", "/v1/uploads/01H00000000000000000000000"] {
            let [resumable, version, extension, most, _] = ask(path, &[]).await;
            assert_eq!((resumable, version, most), (text("1.0.0"), text("1.0.0"), text("1000")), "{path}");
            let extensions = extension.unwrap_or_default();
            for extension in ["creation", "creation-defer-length", "expiration", "termination"] {
                assert!(extensions.split(',').any(|one| one == extension), "{extensions}");
            }
        }
        // A browser's question before it sends a piece is answered as before.
        let preflight: Headers<'_> = &[
            ("origin", "https://shop.example"),
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", "upload-offset"),
        ];
        let [.., methods] = ask("/v1/uploads/01H00000000000000000000000", preflight).await;
        assert!(methods.is_some_and(|methods| methods.contains("patch")));
        for other in ["/v1/uploadsx", "/v1/conversations"] {
            assert_eq!(ask(other, preflight).await[1], None, "{other}");
        }
    })
    .await;
}

/// Sends the beginning of a piece over a line of its own and cuts it.
async fn cut_piece(caller: &Http, path: &str, offset: usize, promised: usize, bytes: &[u8]) -> String {
    let host = caller.base().trim_start_matches("http://").to_owned();
    let token = caller.headers()["authorization"].to_str().expect("a token").to_owned();
    let mut line = tokio::net::TcpStream::connect(&host).await.expect("the hub listens");
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: {token}\r\nupload-offset: {offset}\r\n\
         content-type: application/offset+octet-stream\r\ncontent-length: {promised}\r\n\r\n"
    );
    line.write_all(head.as_bytes()).await.expect("written");
    line.write_all(bytes).await.expect("written");
    line.shutdown().await.expect("cut");
    let mut answer = String::new();
    // The hub may have nothing to say any more.
    let _ = line.read_to_string(&mut answer).await;
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_line_and_a_restart_lose_nothing_that_was_told() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let app = App::start(engine, |_: &mut Config, _: &mut Options| ()).await;
        let mut caller = app.customer().await.http;
        let bytes: Vec<u8> = (0..50_000_u32).map(|n| u8::try_from(n % 251).expect("small")).collect();
        let path = begin(&caller, &[("upload-length", "50000")]).await;
        assert_eq!(piece(&caller, &path, 0, None, &bytes[..10_000]).await.status(), 204);
        cut_piece(&caller, &path, 10_000, 30_000, &bytes[10_000..17_000]).await;
        let at = offset(&caller, &path).await.expect("an offset");
        assert!((10_000..=17_000).contains(&at), "what is told is there: {at}");
        assert_eq!(piece(&caller, &path, at, None, &bytes[at..20_000]).await.status(), 204);

        let app = app.restart().await;
        let token = caller.headers()["authorization"].to_str().expect("a token").replace("Bearer ", "");
        caller = Http::anonymous(&app.url());
        caller.set_token(&token);
        assert_eq!(offset(&caller, &path).await, Some(20_000), "{engine:?}");
        assert_eq!(piece(&caller, &path, 20_000, None, &bytes[20_000..]).await.status(), 204);
        let id = file(&caller, &path).await.id;
        let request = reqwest::Client::new().get(format!("{}/v1/files/{id}", app.url()));
        let whole = request.headers(caller.headers().clone()).send().await.expect("the hub answers");
        assert_eq!(whole.bytes().await.expect("bytes").as_ref(), bytes.as_slice(), "{engine:?}");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_goes_on_with_is_forgotten_after_a_day() {
    let manual = |config: &mut Config, options: &mut Options| {
        options.clock = manual_clock();
        // This test sweeps by itself.
        config.pipeline.sweep_seconds = 3_600;
    };
    on_each_engine_with(manual, async |app| {
        let customer = app.customer().await;
        let (left, kept) = (
            begin(&customer.http, &[("upload-length", "10")]).await,
            begin(&customer.http, &[("upload-length", "10")]).await,
        );
        piece(&customer.http, &left, 0, None, b"01234").await;
        piece(&customer.http, &kept, 0, None, b"0123").await;
        assert_eq!(stored(app), 2);
        app.advance(Duration::from_secs(13 * 3_600));
        // The visitor's token ran out meanwhile; they are the same visitor with their key.
        let again = json!({ "visitor_key": customer.visit.visitor_key });
        let (caller, _) = Http::visit(&app.url(), "alpha", again).await.expect("they come back");
        assert_eq!(piece(&caller, &kept, 4, None, b"4").await.status(), 204);
        app.advance(Duration::from_secs(12 * 3_600));
        let again: Value = json!({ "visitor_key": customer.visit.visitor_key });
        let (caller, _) = Http::visit(&app.url(), "alpha", again).await.expect("they come back");
        assert_eq!(ask(&caller, Method::HEAD, &left, &[], b"").await.status(), 404);
        assert_eq!(piece(&caller, &kept, 5, None, b"56789").await.status(), 204);
        concierge::files::uploads::sweep(&app.node.site, 10).await.expect("swept");
        assert_eq!(stored(app), 1, "the pieces of the one are gone, the other is a file");
        app.advance(Duration::from_secs(30 * 3_600));
        concierge::files::uploads::sweep(&app.node.site, 10).await.expect("swept");
        assert_eq!(stored(app), 1, "a file stays");
        // Pieces that are lost, as when only the store was restored, are an upload that is not there.
        let (caller, _) = Http::visit(&app.url(), "alpha", json!({})).await.expect("they come");
        let lost = begin(&caller, &[("upload-length", "10")]).await;
        piece(&caller, &lost, 0, None, b"01234").await;
        let folder = app.node.site.config.store.folder.join("files");
        std::fs::remove_file(folder.join(lost.trim_start_matches("/v1/uploads/"))).expect("removed");
        let refused = piece(&caller, &lost, 5, None, b"56789").await;
        assert_eq!(refused.answer.problem(), (404, "not_found".to_owned()));
    })
    .await;
}
