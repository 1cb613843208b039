//! A hub that is told to stop while people write (O1).

use std::time::{Duration, Instant};

use concierge::client::{Error, Socket};
use concierge::protocol::Command;

use crate::PATIENCE;
use crate::hub::{Hub, sign_in};
use crate::senders::{Ledger, Senders, check_store};

/// A stop may take so long.
const STOP: Duration = Duration::from_secs(12);

/// The close code for "come back and resume".
const RESTARTING: u16 = 4000;

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_loses_nothing_and_tells_everybody_to_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut hub = Hub::start(folder.path(), &[("PIPELINE__WORKERS", "1")]).await;
    let mut senders = Senders::start(&hub, 10, Ledger::default()).await;
    for round in 0..6 {
        senders.until_more(20).await;
        let staff = sign_in(&hub).await;
        let (mut desk, _) = Socket::staff(&staff).await.expect("the desk opens");
        let conversation = senders.ledger.acked()[0].conversation;
        desk.ask(Command::Join { conversation, after: 0, epoch: None }).await.expect("joined");
        let started = Instant::now();
        hub.signal("TERM");
        let closed = async {
            loop {
                match desk.next().await {
                    Ok(_) => {}
                    Err(Error::Closed { code, reason }) => return (code, reason),
                    Err(other) => panic!("{other}"),
                }
            }
        };
        let (code, reason) = tokio::time::timeout(PATIENCE, closed).await.expect("the line is closed");
        assert_eq!(code, RESTARTING, "round {round}: {reason}");
        let status = hub.ended().await;
        assert!(status.success(), "round {round}: {status}");
        assert!(started.elapsed() < STOP, "round {round}: {:?}", started.elapsed());
        check_store(&hub.folder, &senders.ledger.acked(), round).await;
        hub.starts_again().await;
    }
    let acked = senders.stop().await;
    check_store(&hub.folder, &acked, usize::MAX).await;
}
