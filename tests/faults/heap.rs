//! Everything at once, in little memory (A5).

use std::io::{Read as _, Write as _};
use std::time::Duration;

use concierge::client::{Http, Socket};
use concierge::protocol::{Command, ServerFrame};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::hub::{Hub, sign_in};
use crate::senders::{Ledger, Senders, check_store};
use crate::writer::Writer;
use crate::{PATIENCE, say};

/// Memory that the hub may have for its data, in KiB: with more it dies.
const LIMIT: u32 = 512 * 1024;

/// People who follow a lively conversation and read nothing of it.
const STALLED: u32 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn everything_at_once_stays_within_its_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = Hub::start_with_memory(folder.path(), LIMIT).await;
    let mut writer = Writer::start(&hub).await;
    writer.writes("Good morning").await.expect("taken");
    let conversation = writer.acked[0].conversation;
    let idle = hub.kib("VmRSS");

    // Half requests, sockets that say nothing, customers who write all the time.
    let mut half = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(hub.address()).await.expect("it is accepted");
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: hub\r\nX-Slow: ").await.expect("sent");
        half.push(stream);
    }
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(Socket::open(&Http::anonymous(&hub.url)).await.expect("it opens"));
    }
    let mut senders = Senders::start(&hub, 10, Ledger::default()).await;
    // Uploads as large as they may be, several at once, and one that is larger.
    let mut uploads = JoinSet::new();
    for number in 0..6_usize {
        let caller = senders.customers[number].clone();
        let size = if number == 0 { 60 << 20 } else { 8 << 20 };
        uploads.spawn(async move { caller.upload("noise.bin", vec![7; size]).await.is_ok() });
    }
    // Long messages to many who read nothing.
    let staff = sign_in(&hub).await;
    let mut stalled = Vec::new();
    for _ in 0..STALLED {
        let (mut desk, _) = Socket::staff(&staff).await.expect("the desk opens");
        desk.ask(Command::Join { conversation, after: 0, epoch: None }).await.expect("joined");
        stalled.push(desk);
    }
    let long = "😀".repeat(10_000);
    let (mut written, before) = (0_usize, hub.kib("VmRSS"));
    // As readers that are slow or as peers that are gone, whichever comes first.
    let gone = async || {
        let closed =
            async |code| hub.metric(&format!("concierge_sockets_closed_total{{code=\"{code}\"}}")).await;
        closed("4008").await + closed("4002").await
    };
    let cut = async {
        while gone().await < f64::from(STALLED) {
            writer.writes(&long).await.expect("those who read are served");
            written += 1;
        }
    };
    tokio::time::timeout(PATIENCE, cut).await.expect("who reads nothing is cut");
    while let Some(ended) = uploads.join_next().await {
        ended.expect("the upload has an answer");
    }
    // What is large and wrong: each ends in an answer or a closed line, and never with the hub.
    for shout in [
        format!("GET /{} HTTP/1.1\r\nHost: hub\r\n\r\n", "x".repeat(1 << 20)),
        format!("GET / HTTP/1.1\r\nHost: hub\r\n{}", "X-More: and more\r\n".repeat(60_000)),
        format!(
            "POST /v1/widget/northgate/visits HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n\
             Content-Length: 100000000\r\n\r\n{}",
            "[".repeat(4 << 20)
        ),
    ] {
        let address = hub.address().to_owned();
        let shouts = tokio::task::spawn_blocking(move || {
            let mut line = std::net::TcpStream::connect(address).expect("it is accepted");
            line.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
            // It may hang up in the middle of it.
            let _ = line.write_all(shout.as_bytes());
            let _ = line.read(&mut [0; 4096]);
        });
        shouts.await.expect("it was sent");
    }
    senders.until_more(50).await;
    let mut acked = senders.stop().await;
    let most = hub.kib("VmHWM");
    let each = hub.kib("VmRSS").saturating_sub(before) / u64::from(STALLED);
    say(&format!(
        "{} MiB idle, {} MiB at most; {written} long messages, {each} KiB for each who read nothing",
        idle / 1024,
        most / 1024,
    ));
    assert!(most < u64::from(LIMIT), "{most} KiB");
    drop((half, silent, stalled));

    // It is as well as before.
    let health = reqwest::get(format!("{}/healthz", hub.url)).await.expect("an answer");
    assert_eq!(health.status().as_u16(), 200);
    let (_, visit) =
        Http::visit(&hub.url, "northgate", json!({ "name": "Ana Silva" })).await.expect("customers come");
    let (mut socket, _) = Socket::visitor(&hub.url, &visit.token).await.expect("and are greeted");
    socket.ask(Command::Ping).await.expect("and answered");
    drop(socket.find(Duration::ZERO, |frame| matches!(frame, ServerFrame::Reply { .. }).then_some(())).await);
    writer.writes("Good night").await.expect("taken");
    acked.extend(writer.acked);
    check_store(&hub.folder, &acked, 0).await;
}
