//! Frames that arrive in pieces (W7), and what leaves the hub beside its answers (S12).

use concierge::base::ConversationId;
use concierge::client::Http;
use concierge::protocol::{Command, CommandFrame, Outcome, ServerFrame};
use rand::RngExt;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::hub::{Hub, sign_in};
use crate::writer::Writer;
use crate::{PATIENCE, dice};

const UPGRADE: &str = "GET /v1/socket?as=visitor HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\n\
                       Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A text frame as a client sends it (RFC 6455, 5.2), masked by zeros.
fn masked(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u16::try_from(text.len()).expect("a short frame") {
        length @ 0..=125 => frame.push(0x80 | u8::try_from(length).expect("it is small")),
        length => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

fn frame(reference: &str, command: Command) -> Vec<u8> {
    let frame = CommandFrame { reference: reference.to_owned(), command };
    masked(&serde_json::to_string(&frame).expect("JSON"))
}

/// The next frame of the server; its pings get no answer.
async fn next(stream: &mut TcpStream) -> ServerFrame {
    loop {
        let mut head = [0; 2];
        stream.read_exact(&mut head).await.expect("a frame");
        let length = match head[1] {
            126 => usize::from(stream.read_u16().await.expect("a length")),
            127 => usize::try_from(stream.read_u64().await.expect("a length")).expect("it fits"),
            length => usize::from(length),
        };
        let mut text = vec![0; length];
        stream.read_exact(&mut text).await.expect("the text");
        match head[0] {
            0x81 => return serde_json::from_slice(&text).expect("a frame of the protocol"),
            0x89 => {}
            other => panic!("a frame that begins with {other:#x}"),
        }
    }
}

/// The answer to a command.
async fn answer(stream: &mut TcpStream, wanted: &str) -> Outcome {
    loop {
        if let ServerFrame::Reply { reference, ok, error } = next(stream).await
            && reference == wanted
        {
            return *ok.unwrap_or_else(|| panic!("{wanted}: {error:?}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_may_be_torn_anywhere() {
    let mut rng = dice(7);
    let folder = tempfile::tempdir().expect("a folder");
    let hub = Hub::start(folder.path(), &[("PIPELINE__WORKERS", "1")]).await;
    let (_, visit) =
        Http::visit(&hub.url, "northgate", json!({ "name": "Ana Silva" })).await.expect("the visit opens");
    let mut writer = Writer::start(&hub).await;
    writer.writes("The hub is warm").await.expect("taken");
    let send = |number: usize, conversation: Option<ConversationId>| Command::Send {
        conversation,
        client_id: format!("torn-{number}"),
        body: "Grüße — ¿cuánto cuesta? 🔧".to_owned(),
        files: Vec::new(),
    };
    let mut conversation = None;
    let mut last = 0;
    let sequence = |number: usize, conversation: Option<ConversationId>| {
        let hello = frame("hello", Command::Hello { token: Some(visit.token.clone()) });
        [
            hello,
            frame("first", send(2 * number, conversation)),
            frame("second", send(2 * number + 1, conversation)),
        ]
        .concat()
    };
    // The first time in one piece: it begins the conversation. Then torn in two at each place, and to shreds.
    let length = sequence(1_000, Some(writer.acked[0].conversation)).len();
    for number in 0..=length {
        if number == 0 {
            let mut begun = Vec::from(UPGRADE);
            begun.extend(frame("hello", Command::Hello { token: Some(visit.token.clone()) }));
            begun.extend(frame("first", send(0, None)));
            let posted = talk(&hub, &begun, &[], &["first"]).await;
            (conversation, last) = (Some(posted[0].0), posted[0].1);
            continue;
        }
        let bytes = sequence(number, conversation);
        let tears = match number % 50 {
            0 => (1..bytes.len()).filter(|_| rng.random_bool(0.2)).collect(),
            _ => vec![number.min(bytes.len() - 1)],
        };
        let posted = talk(&hub, &[UPGRADE.as_bytes(), &bytes].concat(), &tears, &["first", "second"]).await;
        let seqs: Vec<i64> = posted.iter().map(|(_, seq)| *seq).collect();
        assert!(seqs[0] > last && seqs[1] > seqs[0], "torn at {tears:?}: {seqs:?} after {last}");
        last = seqs[1];
    }
}

/// Sends bytes in pieces; gives what became of the messages.
async fn talk(hub: &Hub, bytes: &[u8], tears: &[usize], wanted: &[&str]) -> Vec<(ConversationId, i64)> {
    let mut stream = TcpStream::connect(hub.address()).await.expect("it is accepted");
    stream.set_nodelay(true).expect("it can be set");
    let talked = async {
        stream.write_all(&bytes[..UPGRADE.len()]).await.expect("sent");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("the head of the answer"));
        }
        assert!(head.starts_with(b"HTTP/1.1 101"));
        let frames = &bytes[UPGRADE.len()..];
        let mut from = 0;
        for tear in tears.iter().copied().chain([frames.len()]) {
            stream.write_all(&frames[from..tear]).await.expect("sent");
            // The pieces are packets of their own.
            tokio::task::yield_now().await;
            from = tear;
        }
        let mut posted = Vec::new();
        for reference in wanted {
            match answer(&mut stream, reference).await {
                Outcome::Posted(done) => posted.push((done.conversation, done.seq)),
                other => panic!("{other:?}"),
            }
        }
        posted
    };
    tokio::time::timeout(PATIENCE, talked).await.expect("the hub answers")
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_words_nor_keys_nor_tokens_are_in_the_log_or_the_metrics() {
    const SAID: &str = "zq7xKite";
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log.txt");
    let hub = Hub::start_logged(folder.path(), &log).await;
    let staff = sign_in(&hub).await;
    let (customer, visit) = Http::visit(
        &hub.url,
        "northgate",
        json!({ "name": format!("{SAID} Silva"), "email": format!("{SAID}@post.example") }),
    )
    .await
    .expect("the visit opens");
    let (mut socket, _) =
        concierge::client::Socket::visitor(&hub.url, &visit.token).await.expect("the socket opens");
    let body = format!("My number is {SAID}. How much is a brake check?");
    let posted = crate::senders::ask(&mut socket, None, "one", &body).await.expect("taken");
    crate::turns::pending_draft(&staff, posted.conversation, posted.seq).await;
    // Also what goes wrong is told without them.
    let wrong = Http::sign_in(&hub.url, "northgate", "marta@northgate.example", SAID).await;
    assert!(wrong.is_err());
    for path in ["/v1/contacts", "/v1/search", "/v1/knowledge/search"] {
        drop(staff.get::<serde_json::Value>(&format!("{path}?q={SAID}")).await);
        drop(customer.get::<serde_json::Value>(&format!("{path}?q={SAID}")).await);
    }
    drop(socket.send_text(&format!("{{\"cmd\":\"{SAID}\"")).await);
    let metrics = reqwest::get(format!("{}/metrics", hub.url)).await.expect("an answer");
    let metrics = metrics.text().await.expect("text");
    let cookie = staff.headers().get("cookie").and_then(|cookie| cookie.to_str().ok()).expect("a session");
    let session = cookie.split_once('=').expect("name and value").1.to_owned();
    drop(hub);
    let log = std::fs::read_to_string(&log).expect("there is a log");
    assert!(log.lines().count() > 10, "it logs what it does:\n{log}");
    for secret in [SAID, visit.token.as_str(), session.as_str(), "concierge-demo"] {
        let told = log.lines().chain(metrics.lines()).find(|line| line.contains(secret));
        assert_eq!(told, None, "{secret}");
    }
}
