//! A store whose disk fails, is full, loses power, or is held by somebody else (D3 to D7, D12).

use std::time::{Duration, Instant};

use concierge::client::{Error, Socket};
use concierge::protocol::{Command, ErrorCode};
use rand::RngExt;
use serde_json::Value;
use sqlx::Connection;

use crate::disk::{Disk, Fails, Platters};
use crate::hub::{Hub, sign_in, store_in};
use crate::senders::{Acked, Ledger, Senders, check_store};
use crate::writer::Writer;
use crate::{PATIENCE, dice, say, until};

/// What a hub on a failing disk is started with: nobody but the senders writes.
const QUIET: &[(&str, &str)] = &[("PIPELINE__WORKERS", "1")];

/// By when a hub takes messages again after a fault. It is milliseconds, but not on every machine.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_power_cut_at_any_instant() {
    const MESSAGES: usize = 500;
    const CUTS: usize = 100;
    let mut rng = dice(3);
    let (folder, books) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let disk = Disk::new(books.path());
    let mut hub = Hub::start_on(&disk, folder.path(), QUIET).await;
    let ledger = Ledger { disk: Some(disk), ..Ledger::default() };
    // What was written while the hub started is on its disk: the senders come after it.
    let mut senders = Senders::start(&hub, 8, ledger).await;
    senders.until_more(MESSAGES).await;
    // The slower the disk, the more of them share a sync.
    let disk = Disk::at(books.path());
    while disk.log().iter().filter(|done| done.is_sync()).count() <= CUTS {
        senders.until_more(MESSAGES / 4).await;
    }
    let acked = senders.stop().await;
    hub.kill();

    let log = disk.log();
    let syncs: Vec<usize> = (0..log.len()).filter(|step| log[*step].is_sync()).collect();
    let seeded = tempfile::tempdir().expect("a folder");
    Hub::seed(seeded.path());
    let mut platters = Platters::of(seeded.path());
    let cuts: std::collections::BTreeSet<usize> =
        (0..CUTS).map(|_| rng.random_range(syncs[0]..log.len())).chain([log.len() - 1]).collect();
    let cut = tempfile::tempdir().expect("a folder");
    for (step, done) in log.iter().enumerate() {
        platters.follow(done);
        if !cuts.contains(&step) {
            continue;
        }
        let before: Vec<Acked> = acked.iter().filter(|acked| acked.at <= done.end).cloned().collect();
        for in_part in [false, true] {
            std::fs::remove_dir_all(cut.path()).expect("emptied");
            std::fs::create_dir(cut.path()).expect("made");
            platters.cut_power(cut.path(), in_part.then_some(&mut rng));
            check_store(cut.path(), &before, step).await;
        }
    }
    say(&format!("{} cuts, {} syncs, {} acknowledged", cuts.len() * 2, syncs.len(), acked.len()));

    // And the hub goes on with what the last cut left.
    let hub = Hub::start_there(cut.path(), QUIET, Vec::new()).await;
    let after = Senders::start(&hub, 2, Ledger::default()).await;
    after.until_more(4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_what_it_cannot_store_and_goes_on_when_there_is_space() {
    let (folder, books) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let disk = Disk::new(books.path());
    let mut hub = Hub::start_on(&disk, folder.path(), QUIET).await;
    let staff = sign_in(&hub).await;
    let (mut desk, _) = Socket::staff(&staff).await.expect("the desk opens");
    let mut writer = Writer::start(&hub).await;
    writer.writes("Good morning").await.expect("there is space");
    let conversation = writer.acked[0].conversation;
    let join = Command::Join { conversation, after: 0, epoch: None };
    desk.ask(join.clone()).await.expect("joined");
    writer.socket.ask(join).await.expect("joined");

    let long = "A long story. ".repeat(250);
    for round in 0..3 {
        disk.breaks(Fails::Space, 0);
        assert_eq!(writer.writes_until_refused(&long).await, ErrorCode::StorageFull.as_str());
        // Nothing else stops: people read, and see who writes.
        writer.reads_all().await;
        let listed: Value = staff.get("/v1/conversations?limit=5").await.expect("the inbox is read");
        assert!(listed["items"].as_array().is_some_and(|items| !items.is_empty()));
        writer.socket.send(Command::Typing { conversation, on: true }).await.expect("sent");
        let typing = desk.find(PATIENCE, |frame| format!("{frame:?}").contains("Typing").then_some(()));
        typing.await.expect("the desk sees it");
        disk.breaks(Fails::Nothing, 0);
        let waited = writer.writes_until_taken(&long).await;
        say(&format!("round {round}: taken again after {waited:?}"));
        assert!(waited < SOON, "it took {waited:?}");
    }
    check_store(&hub.folder, &writer.acked, 0).await;
    hub.kill_and_restart().await;
    check_store(&hub.folder, &writer.acked, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_sync_or_write_failed_is_never_acknowledged() {
    let mut rng = dice(4);
    let (folder, books) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let mut hub = Hub::start_on(&Disk::new(books.path()), folder.path(), QUIET).await;
    let seeded = tempfile::tempdir().expect("a folder");
    Hub::seed(seeded.path());
    let ledger = Ledger { disk: Some(Disk::at(books.path())), ..Ledger::default() };
    let mut senders = Senders::start(&hub, 6, ledger).await;
    let disk = Disk::at(books.path());
    for _ in 0..15 {
        senders.until_more(rng.random_range(5..20)).await;
        disk.breaks(if rng.random_bool(0.7) { Fails::Syncs } else { Fails::Writes }, rng.random_range(1..4));
        until("somebody writes", async || disk.is_whole()).await;
    }
    // It goes on by itself.
    senders.until_more(20).await;

    // A disk that stays broken: everything is refused, and nothing is acknowledged.
    let mut writer = Writer::start(&hub).await;
    writer.writes("Good morning").await.expect("the disk is whole");
    disk.breaks(Fails::Syncs, 0);
    writer.writes_until_refused("Anybody there?").await;
    let before = writer.acked.len();
    for _ in 0..5 {
        writer.writes_until_refused("Anybody there?").await;
    }
    assert_eq!(writer.acked.len(), before);
    writer.reads_all().await;
    disk.breaks(Fails::Nothing, 0);
    writer.writes_until_taken("Good morning again").await;
    writer.writes("Thank you").await.expect("the disk is whole");

    let mut acked = senders.stop().await;
    acked.extend(writer.acked);
    check_store(&hub.folder, &acked, 0).await;
    hub.kill();
    // What a failed sync has lost is lost, whatever came after it: the power goes, and all is still there.
    let mut platters = Platters::of(seeded.path());
    disk.log().iter().for_each(|done| platters.follow(done));
    let cut = tempfile::tempdir().expect("a folder");
    platters.cut_power(cut.path(), None);
    check_store(cut.path(), &acked, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_somebody_else_holds_is_waited_for_and_then_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = Hub::start(folder.path(), QUIET).await;
    let mut writers = Vec::new();
    for _ in 0..6 {
        let mut writer = Writer::start(&hub).await;
        writer.writes("Good morning").await.expect("taken");
        writers.push(writer);
    }
    let mut other = store_in(&hub.folder).await;
    let mut holds = async |held: Duration, writers: &mut Vec<Writer>| {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.expect("it takes the store");
        let waiting = async {
            let started = Instant::now();
            let answers = writers.iter_mut().map(|writer| writer.writes("Are you there?"));
            let answers = futures_util::future::join_all(answers).await;
            (answers, started.elapsed())
        };
        let lets_go = async {
            tokio::time::sleep(held).await;
            sqlx::query("COMMIT").execute(&mut other).await.expect("it lets go");
        };
        let ((answers, waited), ()) = tokio::join!(waiting, lets_go);
        (answers, waited)
    };
    for held in [Duration::from_millis(100), Duration::from_secs(2)] {
        let (answers, waited) = holds(held, &mut writers).await;
        assert!(answers.iter().all(Result::is_ok), "a short wait hurts nobody: {answers:?}");
        assert!(waited >= held, "{waited:?}");
    }
    // Everybody hears about it in the same time: nobody waits for the refusals of all before.
    let (answers, waited) = holds(Duration::from_secs(12), &mut writers).await;
    for answer in &answers {
        assert!(matches!(answer, Err(Error::Refused { code, .. }) if code == "busy"), "{answer:?}");
    }
    assert!(waited < 2 * SOON, "{waited:?}");
    let mut acked = Vec::new();
    for mut writer in writers {
        let waited = writer.writes_until_taken("Good morning again").await;
        assert!(waited < SOON, "{waited:?}");
        acked.extend(writer.acked);
    }
    other.close().await.expect("closed");
    check_store(&hub.folder, &acked, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_stays_makes_the_log_grow_and_is_shown_and_it_empties_afterwards() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = Hub::start(folder.path(), QUIET).await;
    let mut writer = Writer::start(&hub).await;
    writer.writes("Good morning").await.expect("taken");
    let mut reader = store_in(&hub.folder).await;
    sqlx::query("BEGIN").execute(&mut reader).await.expect("it begins to read");
    let (_,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM entries").fetch_one(&mut reader).await.expect("it reads");
    let long = "A long story. ".repeat(250);
    let reached = async |wanted: &dyn Fn(f64) -> bool, writer: &mut Writer| {
        let reached = async {
            while !wanted(hub.metric("concierge_store_log_waiting_pages").await) {
                writer.writes(&long).await.expect("a commit does not wait for a reader");
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect("the log gets there");
    };
    reached(&|waiting| waiting > 300.0, &mut writer).await;
    sqlx::query("COMMIT").execute(&mut reader).await.expect("it has read");
    reached(&|waiting| waiting < 50.0, &mut writer).await;
    reader.close().await.expect("closed");
    check_store(&hub.folder, &writer.acked, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_with_a_flipped_byte_is_not_served() {
    let folder = tempfile::tempdir().expect("a folder");
    Hub::seed(folder.path());
    let mut store = store_in(folder.path()).await;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut store).await.expect("all is in the file");
    let (root,): (i64,) = sqlx::query_as("SELECT rootpage FROM sqlite_schema WHERE name = 'conversations'")
        .fetch_one(&mut store)
        .await
        .expect("there is that table");
    store.close().await.expect("closed");
    let path = folder.path().join("concierge.db");
    let mut bytes = std::fs::read(&path).expect("read");
    let page = usize::try_from(root - 1).expect("a page") * 4096;
    // The number of cells on the page.
    bytes[page + 4] ^= 0x55;
    std::fs::write(&path, bytes).expect("written");
    let (code, says) = Hub::run_once(folder.path(), &["serve"]);
    assert_eq!(code, Some(1), "{says}");
    assert!(says.contains("damaged") && says.contains("restore"), "it says what to do: {says}");
    assert_eq!(says.lines().filter(|line| line.starts_with("concierge:")).count(), 1, "{says}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_under_load_is_whole_and_clients_learn_that_it_is_another_history() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut hub = Hub::start(folder.path(), QUIET).await;
    let mut senders = Senders::start(&hub, 6, Ledger::default()).await;
    senders.until_more(60).await;
    let before = senders.ledger.acked();
    let backups = tempfile::tempdir().expect("a folder");
    let backup = backups.path().join("monday");
    let (code, says) = Hub::run_once(folder.path(), &["backup", backup.to_str().expect("text")]);
    assert_eq!(code, Some(0), "{says}");
    let (code, says) = Hub::run_once(folder.path(), &["backup", backup.to_str().expect("text")]);
    assert_eq!(code, Some(2), "it is not written over: {says}");
    senders.until_more(60).await;
    let acked = senders.stop().await;
    let last = acked.iter().max_by_key(|acked| acked.seq).expect("some").clone();
    let epoch = async |hub: &Hub, after: i64, epoch: Option<String>| {
        let staff = sign_in(hub).await;
        let (mut desk, _) = Socket::staff(&staff).await.expect("the desk opens");
        let conversation = last.conversation;
        match desk.ask(Command::Join { conversation, after, epoch }).await {
            Ok(concierge::protocol::Outcome::Joined(joined)) => joined,
            other => panic!("{other:?}"),
        }
    };
    let old = epoch(&hub, 0, None).await.epoch;
    hub.kill();

    let restored = tempfile::tempdir().expect("a folder");
    let (code, says) = Hub::run_once(restored.path(), &["restore", backup.to_str().expect("text")]);
    assert_eq!(code, Some(0), "{says}");
    let (code, says) = Hub::run_once(restored.path(), &["restore", backup.to_str().expect("text")]);
    assert_eq!(code, Some(2), "a store is not written over: {says}");
    check_store(restored.path(), &before, 0).await;
    let hub = Hub::start_there(restored.path(), QUIET, Vec::new()).await;
    let joined = epoch(&hub, last.seq, Some(old.clone())).await;
    assert_ne!(joined.epoch, old);
    assert!(joined.resync, "what was seen before is not gone on from");
    let after = Senders::start(&hub, 2, Ledger::default()).await;
    after.until_more(4).await;
}
