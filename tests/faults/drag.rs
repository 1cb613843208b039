//! A disk that is slow (D8).

use std::time::{Duration, Instant};

use crate::disk::{Disk, Done, Drags, Fails};
use crate::hub::Hub;
use crate::senders::{Ledger, Senders, check_store};
use crate::writer::Writer;
use crate::{PATIENCE, say};

const QUIET: &[(&str, &str)] = &[("PIPELINE__WORKERS", "1")];

/// Whether a commit was synced between two writes of one checkpoint.
fn commits_beside_a_checkpoint<'a>(log: impl Iterator<Item = &'a Done>) -> bool {
    let (mut writes, mut committed) = (false, false);
    for done in log {
        match (done.is_of_store(), done.is_sync()) {
            // The checkpoint is over.
            (true, true) => (writes, committed) = (false, false),
            (true, false) if committed => return true,
            (true, false) => writes = true,
            (false, true) => committed = writes,
            (false, false) => {}
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_slow_disk_many_share_a_sync_and_nobody_waits_for_a_checkpoint() {
    let (folder, books) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let disk = Disk::new(books.path());
    let hub = Hub::start_on(&disk, folder.path(), QUIET).await;

    // Every sync takes its time: whoever writes meanwhile shares the next one.
    let mut senders = Senders::start(&hub, 20, Ledger::default()).await;
    senders.until_more(20).await;
    disk.drags(Drags::Syncs, Duration::from_millis(150));
    let (from, before) = (disk.now(), senders.ledger.acked().len());
    senders.until_more(200).await;
    let (to, after) = (disk.now(), senders.ledger.acked().len());
    let mut acked = senders.stop().await;
    let is_commit = |done: &&Done| (from..to).contains(&done.end) && done.is_sync() && !done.is_of_store();
    let syncs = disk.log().iter().filter(is_commit).count().max(1);
    let each = (after - before) / syncs;
    say(&format!("{} messages in {syncs} slow syncs", after - before));
    // Of twenty who write at once; the turns that their messages begin write as well.
    assert!(each >= 2, "{} messages took {syncs} syncs", after - before);

    // A checkpoint that takes seconds: commits go on beside it.
    disk.breaks(Fails::Nothing, 0);
    let mut writer = Writer::start(&hub).await;
    writer.writes("Good morning").await.expect("taken");
    disk.drags(Drags::Store, Duration::from_millis(100));
    let mut slowest = Duration::ZERO;
    let long = "A long story. ".repeat(250);
    let beside = async {
        loop {
            let from = disk.now();
            for _ in 0..20 {
                let begun = Instant::now();
                writer.writes(&long).await.expect("a commit does not wait for a checkpoint");
                slowest = slowest.max(begun.elapsed());
            }
            if commits_beside_a_checkpoint(disk.log().iter().filter(|done| done.end > from)) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, beside).await.expect("a checkpoint runs beside commits");
    say(&format!("the slowest message beside a slow checkpoint took {slowest:?}"));
    disk.breaks(Fails::Nothing, 0);
    writer.writes("Good night").await.expect("taken");
    acked.extend(writer.acked);
    check_store(&hub.folder, &acked, 0).await;
}
