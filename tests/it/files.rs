//! Files: product map A5, A6; reliability F5, F6, S10.

use concierge::base::Role;
use concierge::client::Http;
use concierge::protocol::{BlockerKind, Content, TranscriptState};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RANGE};
use serde_json::json;

use crate::support::{App, call, code, ok, on_each_engine, on_each_engine_with, summary, timeline};

/// A second of a quiet tone: 8 kHz, 8 bits, mono.
fn voice_message() -> Vec<u8> {
    let samples: Vec<u8> = (0..8_000_u32).map(|n| if n / 20 % 2 == 0 { 120 } else { 136 }).collect();
    let length = u32::try_from(samples.len()).expect("short");
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((36 + length).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend(1_u16.to_le_bytes());
    wav.extend(1_u16.to_le_bytes());
    wav.extend(8_000_u32.to_le_bytes());
    wav.extend(8_000_u32.to_le_bytes());
    wav.extend(1_u16.to_le_bytes());
    wav.extend(8_u16.to_le_bytes());
    wav.extend(b"data");
    wav.extend(length.to_le_bytes());
    wav.extend(samples);
    wav
}

/// What a download gave.
struct Download {
    status: u16,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Download {
    fn header(&self, name: impl Into<HeaderName>) -> &str {
        self.headers.get(name.into()).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

async fn download(caller: &Http, path: &str, range: Option<&str>) -> Download {
    let mut request = reqwest::Client::new()
        .request(Method::GET, format!("{}{path}", caller.base()))
        .headers(caller.headers().clone());
    if let Some(range) = range {
        request = request.header(RANGE, HeaderValue::from_str(range).expect("a header's value"));
    }
    let response = request.send().await.expect("the hub answers");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Download { status, headers, bytes: response.bytes().await.expect("a body").to_vec() }
}

/// Counts what lies in the blob folder.
fn stored_files(app: &App) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
    }
    count(&app.node.site.config.store.folder.join("files"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_message_is_stored_playable_and_marked_and_a_colleague_will_look() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let customer = app.customer().await;
        let wav = voice_message();
        let file = customer.http.upload("message.wav", wav.clone()).await.expect("taken");
        assert!(file.media_type.starts_with("audio/"), "{file:?}");
        assert_eq!(file.transcript, Some(TranscriptState::NotTranscribed));
        let mut customer = customer;
        let sent = concierge::protocol::Command::Send {
            conversation: None,
            client_id: "voice".to_owned(),
            body: String::new(),
            files: vec![file.id],
        };
        let posted = match customer.socket.ask(sent).await.expect("posted") {
            concierge::protocol::Outcome::Posted(posted) => posted,
            other => panic!("{other:?}"),
        };
        let entries = timeline(&staff, posted.conversation).await;
        let Content::Message { files, .. } = &entries[0].content else { panic!("{entries:?}") };
        assert_eq!((files.as_slice(), entries[0].body.as_deref()), ([file.clone()].as_slice(), None));

        let path = format!("/v1/files/{}", file.id);
        for caller in [&staff, &customer.http] {
            let whole = download(caller, &path, None).await;
            assert_eq!((whole.status, whole.bytes.as_slice()), (200, wav.as_slice()));
            assert_eq!(whole.header(reqwest::header::ACCEPT_RANGES), "bytes");
            assert_eq!(whole.header(reqwest::header::CONTENT_TYPE), file.media_type);
            assert!(whole.header(reqwest::header::CONTENT_DISPOSITION).starts_with("inline"));
            let size = wav.len();
            for (range, start, end) in [
                ("bytes=0-".to_owned(), 0, size),
                ("bytes=0-0".to_owned(), 0, 1),
                ("bytes=44-1043".to_owned(), 44, 1_044),
                (format!("bytes={}-", size - 5), size - 5, size),
                ("bytes=-7".to_owned(), size - 7, size),
                ("bytes=-999999".to_owned(), 0, size),
                ("bytes=10-999999".to_owned(), 10, size),
            ] {
                let part = download(caller, &path, Some(&range)).await;
                assert_eq!((part.status, part.bytes.as_slice()), (206, &wav[start..end]), "{range}");
                assert_eq!(
                    part.header(reqwest::header::CONTENT_RANGE),
                    format!("bytes {start}-{}/{size}", end - 1)
                );
            }
            for range in
                [format!("bytes={size}-"), "bytes=5-4".to_owned(), "bytes=18446744073709551615-".to_owned()]
            {
                let outside = download(caller, &path, Some(&range)).await;
                assert_eq!(outside.status, 416, "{range}");
                assert_eq!(outside.header(reqwest::header::CONTENT_RANGE), format!("bytes */{size}"));
            }
        }
        let draft = app.pending(&staff, posted.conversation).await;
        assert!(draft.text.contains("A colleague will look"), "{}", draft.text);
        assert!(draft.blockers.iter().any(|blocker| blocker.kind == BlockerKind::MissingFact));
        assert!(draft.citations.is_empty(), "nobody knows what was said");
        assert_eq!(summary(&staff, posted.conversation).await.title, "📎");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_say_what_a_file_is_and_programs_are_refused() {
    on_each_engine(async |app| {
        let customer = app.customer().await;
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0".to_vec();
        let cases: Vec<(&str, Vec<u8>, &str, bool)> = vec![
            ("photo.exe", png.clone(), "image/png", true),
            ("page.png", b"<!DOCTYPE html><script>alert(1)</script>".to_vec(), "text/plain", false),
            ("image.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec(), "text/plain", false),
            ("feed.xml", b"<?xml version='1.0'?><a/>".to_vec(), "text/plain", false),
            ("list.csv", b"name,price\n=cmd,1\n".to_vec(), "text/csv", false),
            ("notes.txt", "Olá, tudo bem?".into(), "text/plain", false),
            ("odd.bin", vec![0xff, 0xfe, 0, 1, 2, 3], "application/octet-stream", false),
            ("papers.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(), "application/pdf", false),
        ];
        for (name, bytes, media_type, inline) in cases {
            let file = customer.http.upload(name, bytes.clone()).await.expect("taken");
            assert_eq!((file.name.as_str(), file.media_type.as_str()), (name, media_type));
            let shown = download(&customer.http, &format!("/v1/files/{}", file.id), None).await;
            assert_eq!(shown.bytes, bytes);
            assert_eq!(shown.header(reqwest::header::X_CONTENT_TYPE_OPTIONS), "nosniff");
            assert_eq!(shown.header(reqwest::header::CONTENT_SECURITY_POLICY), "default-src 'none'; sandbox");
            let how = if inline { "inline" } else { "attachment" };
            assert!(shown.header(reqwest::header::CONTENT_DISPOSITION).starts_with(how), "{name}");
            let served = if inline { media_type } else { "application/octet-stream" };
            assert_eq!(shown.header(reqwest::header::CONTENT_TYPE), served, "{name}");
        }
        let before = stored_files(app);
        let programs: [(&str, &[u8]); 5] = [
            ("invoice.pdf", b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0"),
            ("photo.jpg", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
            ("song.mp3", b"#!/bin/sh\nrm -rf /\n"),
            ("page.html", b"\0asm\x01\0\0\0"),
            ("class.txt", b"\xca\xfe\xba\xbe\0\0\0\x34\0\0"),
        ];
        for (name, bytes) in programs {
            let refused = customer.http.upload(name, bytes.to_vec()).await;
            assert_eq!(code(refused), "unsupported_file", "{name}");
        }
        assert_eq!(code(customer.http.upload("empty.txt", Vec::new()).await), "empty_text");
        assert_eq!(stored_files(app), before, "nothing that was refused is kept");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_only_shown_and_never_a_path_or_a_trick() {
    on_each_engine(async |app| {
        let customer = app.customer().await;
        for (name, kept) in [
            ("../../etc/passwd", "passwd"),
            ("..\\..\\windows\\system.ini", "system.ini"),
            ("/", "file"),
            ("..", "file"),
            ("CON", "CON"),
            ("a\u{202e}gnp.exe", "agnp.exe"),
            ("zero\u{200b}width\u{feff}.txt", "zerowidth.txt"),
            ("x.html;.png", "x.html;.png"),
            ("tab\there.txt", "tabhere.txt"),
            ("<b>bold</b>.txt", "b.txt"),
            ("emoji 🚗.txt", "emoji 🚗.txt"),
            ("Ünïcödé – 漢字.txt", "Ünïcödé – 漢字.txt"),
        ] {
            let file = customer.http.upload(name, b"some words".to_vec()).await.expect("taken");
            assert_eq!(file.name, kept, "{name:?}");
            let shown = download(&customer.http, &format!("/v1/files/{}", file.id), None).await;
            let disposition = shown.header(reqwest::header::CONTENT_DISPOSITION).to_owned();
            assert!(disposition.starts_with("attachment; filename*=UTF-8''"), "{disposition}");
            assert!(disposition.is_ascii() && !disposition.contains(['"', '/', '<']), "{disposition}");
        }
        let long = customer.http.upload(&format!("{}.txt", "x".repeat(4_096)), b"words".to_vec()).await;
        assert!(long.expect("taken").name.chars().count() <= 120);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_seen_by_its_conversation_only_and_attached_once() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let (mut ana, mut bea) = (app.customer().await, app.customer().await);
        let (of_ana, of_bea) = (ana.says("Hello").await.conversation, bea.says("Hello").await.conversation);
        let photo = ana.http.upload("photo.txt", b"a canary of Ana".to_vec()).await.expect("taken");
        let path = format!("/v1/files/{}", photo.id);
        let unknown = call(&bea.http, "GET", "/v1/files/fil_01JD0000000000000000000000", None).await;
        let stranger = call(&bea.http, "GET", &path, None).await;
        assert_eq!(stranger.problem(), (404, "not_found".to_owned()));
        assert_eq!(
            stranger.text.replace(&photo.id.to_string(), "fil_01JD0000000000000000000000"),
            unknown.text,
            "as if it did not exist"
        );
        assert_eq!(call(&Http::anonymous(&app.url()), "GET", &path, None).await.problem().0, 401);
        let message = |id: &str| json!({ "client_id": id, "body": "see", "files": [photo.id] });
        let messages = |conversation| format!("/v1/conversations/{conversation}/messages");
        // Nobody attaches what somebody else uploaded, not even staff.
        for (caller, conversation) in [(&bea.http, of_bea), (&staff, of_ana)] {
            let stolen = call(caller, "POST", &messages(conversation), Some(message("s"))).await;
            assert_eq!(stolen.problem(), (404, "not_found".to_owned()));
        }
        ok(&ana.http, "POST", &messages(of_ana), Some(message("first"))).await;
        let again = ok(&ana.http, "POST", &messages(of_ana), Some(message("first"))).await;
        assert_eq!(again["duplicate"], true, "a resend is no second message");
        let twice = call(&ana.http, "POST", &messages(of_ana), Some(message("second"))).await;
        assert_eq!(twice.problem(), (404, "not_found".to_owned()), "a file belongs to one message");
        assert_eq!(call(&bea.http, "GET", &path, None).await.status, 404);
        // What staff send to a customer is for this customer only.
        let offer = staff.upload("offer.txt", b"a canary for Ana".to_vec()).await.expect("taken");
        let path = format!("/v1/files/{}", offer.id);
        assert_eq!(call(&ana.http, "GET", &path, None).await.status, 404, "not before it is sent");
        let body = json!({ "client_id": "offer", "body": "", "files": [offer.id] });
        ok(&staff, "POST", &messages(of_ana), Some(body)).await;
        assert_eq!(call(&ana.http, "GET", &path, None).await.status, 200);
        assert_eq!(call(&bea.http, "GET", &path, None).await.status, 404);
        let beta = app.staff_of("beta", Role::Owner).await;
        assert_eq!(call(&beta, "GET", &path, None).await.status, 404);
        // Eleven are too many, and then none is attached.
        let mut many = Vec::new();
        for number in 0..11 {
            let file = ana.http.upload(&format!("{number}.txt"), format!("{number}").into_bytes()).await;
            many.push(file.expect("taken").id);
        }
        let body = json!({ "client_id": "many", "body": "", "files": many });
        let refused = call(&ana.http, "POST", &messages(of_ana), Some(body)).await;
        assert_eq!(refused.problem(), (422, "invalid_field".to_owned()));
        let body = json!({ "client_id": "ten", "body": "", "files": many[..10] });
        ok(&ana.http, "POST", &messages(of_ana), Some(body)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_too_large_is_refused_and_leaves_nothing() {
    on_each_engine_with(
        |config, _| config.files.max_bytes = 100_000,
        async |app| {
            let customer = app.customer().await;
            let fits = customer.http.upload("fits.bin", vec![7; 100_000]).await.expect("taken");
            assert_eq!(fits.size, 100_000);
            let before = stored_files(app);
            for size in [100_001, 150_000, 300_000] {
                let caller = customer.http.clone();
                assert_eq!(code(caller.upload("big.bin", vec![7; size]).await), "too_large", "{size}");
            }
            assert_eq!(stored_files(app), before);
            let visit = call(&customer.http, "POST", "/v1/widget/alpha/sessions", Some(json!({}))).await;
            assert_eq!(visit.json()["files"]["max_bytes"], 100_000, "clients are told before");
        },
    )
    .await;
}
