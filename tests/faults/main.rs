//! The hub as a real process, and what may happen to one: killed without warning, no space, a disk that
//! fails, somebody else at its file, floods, half-open sockets, a stop in the middle of it.
//!
//! What is tested where, by the ids of the catalogue, is in `README.md` beside this file.

mod corpora;
mod crowds;
mod detect;
#[path = "../it/support/dice.rs"]
mod dice;
mod disk;
mod drag;
mod heap;
mod hub;
mod kills;
#[path = "../it/support/postgres.rs"]
mod postgres;
mod proxy;
mod senders;
mod servers;
mod settings;
mod simulation;
mod stop;
mod store;
mod storms;
mod truth;
mod turns;
mod upgrades;
mod wire;
mod writer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use dice::dice;

/// How long anything may take before a test gives up. Nothing waits for its full length, so it is long enough
/// for a machine that is much slower, and busy.
const PATIENCE: Duration = Duration::from_secs(180);

/// Looks again until it is so: another process has no other way to say it.
async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let waited = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waited).await.is_ok(), "{what}: not within {PATIENCE:?}");
}

/// A fresh folder among what Cargo builds, for what serves all tests of a run: what a static holds is never
/// dropped, so a temporary folder would stay behind.
fn kept_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("the folder of the run before is removed");
    }
    std::fs::create_dir_all(&folder).expect("a folder is made");
    folder
}

#[expect(clippy::print_stderr, reason = "shown by the test runner")]
fn say(line: &str) {
    eprintln!("{line}");
}
