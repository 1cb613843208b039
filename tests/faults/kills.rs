//! A hub that is killed while people write (D1, D2).

use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::RngExt;
use serde_json::{Value, json};

use crate::hub::Hub;
use crate::senders::{Ledger, Senders, check_store};
use crate::{dice, say};

/// From the kill to the first answer: an order above what a calm machine shows.
const RESTART: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_kill_at_any_instant() {
    const INSTANTS: usize = 50;
    const SENDERS: usize = 20;
    let mut rng = dice(1);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut hub = Hub::start(folder.path(), &[("PIPELINE__WORKERS", "1")]).await;
    let mut senders = Senders::start(&hub, SENDERS, Ledger::default()).await;
    let mut slowest = Duration::ZERO;
    for instant in 0..INSTANTS {
        senders.until_more(rng.random_range(1..SENDERS * 3)).await;
        // Somewhere within the next few commits.
        tokio::time::sleep(Duration::from_micros(rng.random_range(0..20_000))).await;
        slowest = slowest.max(hub.kill_and_restart().await);
        check_store(&hub.folder, &senders.ledger.acked(), instant).await;
    }
    let acked = senders.stop().await;
    check_store(&hub.folder, &acked, INSTANTS).await;
    let ledger = &senders.ledger;
    say(&format!(
        "{INSTANTS} kills, {} acknowledged, {} resent of which {} had been stored, slowest restart {slowest:?}",
        acked.len(),
        ledger.resent.load(Ordering::Relaxed),
        ledger.stored_unseen.load(Ordering::Relaxed),
    ));
    assert!(acked.len() > INSTANTS * 5, "it was a load: {}", acked.len());
    assert!(slowest < RESTART, "the slowest restart took {slowest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_crash_at_any_place_of_a_commit() {
    const SENDERS: usize = 8;
    const PLACES: [&str; 5] = ["began", "worked", "committing", "committed", "published"];
    let mut rng = dice(2);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut hub = Hub::start(folder.path(), &[("PIPELINE__WORKERS", "1")]).await;
    let mut senders = Senders::start(&hub, SENDERS, Ledger::default()).await;
    for (round, place) in PLACES.iter().cycle().take(PLACES.len() * 3).enumerate() {
        hub.crash_and_restart(place, rng.random_range(20..200)).await;
        check_store(&hub.folder, &senders.ledger.acked(), round).await;
    }
    senders.until_more(SENDERS * 2).await;
    let acked = senders.stop().await;
    check_store(&hub.folder, &acked, usize::MAX).await;
    let stored_unseen = senders.ledger.stored_unseen.load(Ordering::Relaxed);
    assert!(stored_unseen > 0, "some were stored and never acknowledged");
    let last = acked.last().expect("messages were acknowledged");
    let path = format!("/v1/conversations/{}/entries?after={}", last.conversation, last.seq - 1);
    let mut read = Vec::new();
    for customer in &senders.customers {
        read.extend(customer.get::<Value>(&path).await.ok());
    }
    assert_eq!(read.len(), 1, "its customer reads it, no other does");
    assert_eq!(read[0]["entries"][0]["client_id"], json!(last.client_id));
}
