//! Every fault shows in the hub's metrics soon after it happens, so that somebody can be told (O7).

use std::time::{Duration, Instant};

use concierge::client::{Error, Http, Socket};
use concierge::protocol::Command;
use serde_json::json;

use crate::disk::{Disk, Fails};
use crate::hub::{Hub, sign_in, store_in};
use crate::writer::Writer;
use crate::{say, until};

/// How long an operator may be left in the dark.
const DETECTED: Duration = Duration::from_secs(10);

/// Lets something go wrong and waits until a metric says so.
async fn shows(hub: &Hub, metric: &str, id: &str, goes_wrong: impl AsyncFnOnce()) {
    let before = hub.metric(metric).await;
    goes_wrong().await;
    let happened = Instant::now();
    until(&format!("{id} is seen in {metric}"), async || hub.metric(metric).await > before).await;
    let took = happened.elapsed();
    assert!(took < DETECTED, "{id} was seen in {metric} after {took:?}");
    say(&format!("{id}: {metric} after {took:?}"));
}

fn refused(code: &str) -> String {
    format!("concierge_refused_total{{code=\"{code}\"}}")
}

fn closed(code: u16) -> String {
    format!("concierge_sockets_closed_total{{code=\"{code}\"}}")
}

/// A customer who has said something.
async fn begins(hub: &Hub) -> Writer {
    let mut writer = Writer::start(hub).await;
    writer.writes("Good morning").await.expect("taken");
    writer
}

/// Reads until the hub hangs up.
async fn until_cut(socket: &mut Socket) {
    let cut = async { while socket.next().await.is_ok() {} };
    tokio::time::timeout(crate::PATIENCE, cut).await.expect("the hub hangs up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_the_store_shows_in_the_metrics() {
    let (folder, books) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let disk = Disk::new(books.path());
    let hub = Hub::start_on(&disk, folder.path(), &[("PIPELINE__WORKERS", "1")]).await;
    let mut writer = begins(&hub).await;
    shows(&hub, &refused("storage_full"), "D4", async || {
        disk.breaks(Fails::Space, 0);
        // Long enough for the log to have to grow.
        assert_eq!(writer.writes_until_refused(&"A long story. ".repeat(250)).await, "storage_full");
        disk.breaks(Fails::Nothing, 0);
    })
    .await;
    writer.writes_until_taken("Good morning again").await;
    disk.breaks(Fails::Syncs, 0);
    let code = writer.writes_until_refused("Anybody there?").await;
    shows(&hub, &refused(&code), "D5", async || {
        writer.writes_until_refused("Anybody there?").await;
    })
    .await;
    disk.breaks(Fails::Nothing, 0);
    writer.writes_until_taken("Good morning again").await;
    let mut other = store_in(&hub.folder).await;
    shows(&hub, &refused("busy"), "D6", async || {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.expect("it takes the store");
        assert_eq!(writer.writes_until_refused("Are you there?").await, "busy");
        sqlx::query("COMMIT").execute(&mut other).await.expect("it lets go");
    })
    .await;
    drop(other);
    let mut reader = store_in(&hub.folder).await;
    sqlx::query("BEGIN").execute(&mut reader).await.expect("it begins to read");
    let (_,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM entries").fetch_one(&mut reader).await.expect("it reads");
    writer.writes_until_taken("Good morning again").await;
    shows(&hub, "concierge_store_log_waiting_pages", "D7", async || {
        for _ in 0..5 {
            writer.writes(&"A long story. ".repeat(250)).await.expect("taken");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_a_client_shows_in_the_metrics() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = [
        ("PIPELINE__WORKERS", "1"),
        ("SOCKETS__BURST", "60"),
        ("SOCKETS__PER_SECOND", "1"),
        ("SOCKETS__MAX_CONNECTIONS", "12"),
        ("SOCKETS__HELLO_SECONDS", "3"),
    ];
    let hub = Hub::start(folder.path(), &limits).await;
    let mut writer = begins(&hub).await;
    shows(&hub, &refused("rate_limited"), "A3", async || while writer.writes("Buy now!").await.is_ok() {})
        .await;
    shows(&hub, &closed(4501), "A3", async || {
        while !matches!(writer.writes("Buy now!").await, Err(Error::Closed { .. })) {}
    })
    .await;
    shows(&hub, &closed(4500), "A1", async || {
        until_cut(&mut Socket::open(&Http::anonymous(&hub.url)).await.expect("it opens")).await;
    })
    .await;
    let mut writer = begins(&hub).await;
    shows(&hub, &refused("malformed_frame"), "W3", async || {
        writer.socket.send_text("no frame at all").await.expect("sent");
    })
    .await;
    shows(&hub, &closed(4509), "W4", async || {
        writer.socket.send_text(&"x".repeat(70_000)).await.expect("sent");
        until_cut(&mut writer.socket).await;
    })
    .await;
    shows(&hub, &closed(4502), "S2", async || {
        let forged = Socket::visitor(&hub.url, "forged").await;
        assert!(forged.is_err());
    })
    .await;
    shows(&hub, &refused("wrong_credentials"), "S11", async || {
        let wrong = Http::sign_in(&hub.url, "northgate", "marta@northgate.example", "a guess").await;
        assert!(wrong.is_err());
    })
    .await;
    let staff = sign_in(&hub).await;
    let (mut desk, _) = Socket::staff(&staff).await.expect("the desk opens");
    shows(&hub, &closed(4503), "S2", async || {
        staff.send(reqwest::Method::DELETE, "/v1/session", None).await.expect("signed out");
        until_cut(&mut desk).await;
    })
    .await;
    let mut here = Vec::new();
    shows(&hub, &refused("busy"), "A2", async || {
        loop {
            let who = json!({ "name": "Ana Silva" });
            let (_, visit) = Http::visit(&hub.url, "northgate", who).await.expect("a visit is no socket");
            match Socket::visitor(&hub.url, &visit.token).await {
                Ok((socket, _)) => here.push(socket),
                Err(_) => break,
            }
            assert!(here.len() < 100, "it takes more than it may");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_stops_shows_in_the_metrics() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = [("SOCKETS__PING_SECONDS", "2"), ("PIPELINE__WORKERS", "1")];
    let hub = Hub::start(folder.path(), &settings).await;
    let silent = begins(&hub).await;
    // It reads nothing from now on, and so answers no ping: two periods are waited for.
    shows(&hub, &closed(4002), "L7", async || {}).await;
    drop((silent, hub));

    let folder = tempfile::tempdir().expect("a folder");
    let hub = Hub::start(folder.path(), &[("PIPELINE__WORKERS", "1")]).await;
    let staff = sign_in(&hub).await;
    let mut writer = begins(&hub).await;
    let conversation = writer.acked[0].conversation;
    let (mut stalled, _) = Socket::staff(&staff).await.expect("the desk opens");
    stalled.ask(Command::Join { conversation, after: 0, epoch: None }).await.expect("joined");
    let long = "😀".repeat(10_000);
    let cut = async {
        // As a reader that is slow or as a peer that is gone, whichever comes first.
        while hub.metric(&closed(4008)).await + hub.metric(&closed(4002)).await < 1.0 {
            writer.writes(&long).await.expect("those who read are served");
        }
    };
    tokio::time::timeout(crate::PATIENCE, cut).await.expect("L6 is seen");
}
