//! Too many, too slow, too much: half-open connections, floods, no room for another connection (A1, A3, A6, A8).

use std::time::{Duration, Instant};

use concierge::client::{Error, Http, Socket};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::hub::Hub;
use crate::senders::check_store;
use crate::writer::Writer;
use crate::{PATIENCE, say, until};

/// The close code for one who was refused too often.
const TOO_MANY_REFUSED: u16 = 4501;

/// Opens a connection to the hub and says something on it.
async fn says(hub: &Hub, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(hub.address()).await.expect("it is accepted");
    stream.write_all(text.as_bytes()).await.expect("it is sent");
    stream
}

/// Reads until the hub closes the connection; gives what came and how long it took.
async fn until_closed(mut stream: TcpStream) -> (String, Duration) {
    let started = Instant::now();
    let mut came = Vec::new();
    let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut came)).await;
    // A reset is a way to close as well.
    drop(closed.expect("the hub closes the connection"));
    (String::from_utf8_lossy(&came).into_owned(), started.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn half_open_connections_are_closed_and_hold_nobody_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = Hub::start(folder.path(), &[]).await;
    let mut half = JoinSet::new();
    for _ in 0..200 {
        half.spawn(until_closed(says(&hub, "GET /healthz HTTP/1.1\r\nHost: hub\r\nX-Slow: ").await));
    }
    // The request for a socket is whole, but nobody says hello.
    let upgrade = "GET /v1/socket HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut silent = JoinSet::new();
    for _ in 0..100 {
        silent.spawn(until_closed(says(&hub, upgrade).await));
    }
    // Meanwhile customers come and are served.
    let mut acked = Vec::new();
    for _ in 0..10 {
        let mut writer = Writer::start(&hub).await;
        writer.writes("Good morning").await.expect("taken");
        acked.extend(writer.acked);
    }
    let mut slowest = Duration::ZERO;
    while let Some(ended) = half.join_next().await {
        slowest = slowest.max(ended.expect("no panic").1);
    }
    assert!(slowest < Duration::from_secs(20), "a half request was kept for {slowest:?}");
    while let Some(ended) = silent.join_next().await {
        let (came, waited) = ended.expect("no panic");
        assert!(came.starts_with("HTTP/1.1 101"), "{came}");
        assert!(waited < Duration::from_secs(15), "a silent socket was kept for {waited:?}");
    }
    say(&format!("half requests were kept for {slowest:?} at most"));
    check_store(&hub.folder, &acked, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_refused_and_cut_and_the_neighbours_do_not_notice() {
    let folder = tempfile::tempdir().expect("a folder");
    // Refilled so slowly that one who waits for each answer is a flood as well, however long answers take.
    let limits = [("SOCKETS__BURST", "40"), ("SOCKETS__PER_SECOND", "1"), ("PIPELINE__WORKERS", "1")];
    let hub = Hub::start(folder.path(), &limits).await;
    let mut neighbour = Writer::start(&hub).await;
    let mut flooder = Writer::start(&hub).await;
    let mut refused = 0;
    let cut = loop {
        match flooder.writes("Buy now!").await {
            Ok(()) => {}
            Err(Error::Refused { code, .. }) => {
                assert_eq!(code, "rate_limited");
                refused += 1;
                // Far from its own limit.
                if refused % 5 == 0 && neighbour.acked.len() < 20 {
                    neighbour.writes("Good morning").await.expect("the neighbour is served");
                }
            }
            Err(Error::Closed { code, .. }) => break code,
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(cut, TOO_MANY_REFUSED);
    assert!(flooder.acked.len() >= 40 && flooder.acked.len() < 200, "{}", flooder.acked.len());
    neighbour.writes("Still here").await.expect("the neighbour is served");
    assert!(refused >= 20 && !neighbour.acked.is_empty());
    let acked = [flooder.acked, neighbour.acked].concat();
    check_store(&hub.folder, &acked, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_without_room_for_another_connection_says_so_and_stays_healthy() {
    let folder = tempfile::tempdir().expect("a folder");
    // 200 files may be open: some 100 connections, and a few more that are told to come back.
    let hub = Hub::start_with_files(folder.path(), 200).await;
    let mut first = Writer::start(&hub).await;
    first.writes("Good morning").await.expect("taken");
    let mut sockets = Vec::new();
    let full = loop {
        assert!(sockets.len() < 200, "it takes more than it can hold");
        match Http::visit(&hub.url, "northgate", json!({ "name": "Ana Silva" })).await {
            Ok((_, visit)) => match Socket::visitor(&hub.url, &visit.token).await {
                Ok((socket, _)) => sockets.push(socket),
                Err(error) => break error,
            },
            Err(error) => break error,
        }
    };
    assert!(sockets.len() > 40, "it took {} sockets, then: {full}", sockets.len());
    say(&format!("{} sockets, then: {full}", sockets.len()));
    // Whoever gets a place that the last attempt has left keeps it. The next one is refused with the time to
    // come back.
    let mut rest = Vec::new();
    let refused = loop {
        assert!(rest.len() < 60, "it takes more than it can hold");
        let other = reqwest::Client::new();
        let answer = other.get(format!("{}/v1/session", hub.url)).send().await.expect("an answer");
        if answer.status().as_u16() == 503 {
            break answer;
        }
        answer.bytes().await.expect("a body");
        rest.push(other);
    };
    assert!(refused.headers().contains_key("retry-after"));
    let problem: Value = serde_json::from_str(&refused.text().await.expect("a body")).expect("JSON");
    assert_eq!(problem["code"], "busy");
    // And whoever watches the hub gets an answer.
    let started = Instant::now();
    for path in ["/healthz", "/metrics"] {
        let answer = reqwest::get(format!("{}{path}", hub.url)).await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200, "{path}");
    }
    say(&format!("{} sockets; health in {:?}", sockets.len(), started.elapsed()));
    // Many more that say nothing: they cost nobody anything who is there already.
    let idle: Vec<_> =
        futures_util::future::join_all((0..300).map(|_| TcpStream::connect(hub.address()))).await;
    first.writes("Still there?").await.expect("those who are there are served");
    drop((idle, rest));
    drop(sockets);
    until("there is room again", async || {
        Http::visit(&hub.url, "northgate", json!({ "name": "Ana Silva" })).await.is_ok()
    })
    .await;
    check_store(&hub.folder, &first.acked, 0).await;
}
