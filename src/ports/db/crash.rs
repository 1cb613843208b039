//! Places on the way to the disk where a test lets the process die.
//!
//! `CONCIERGE_CRASH_AT=committing:7` aborts the process when it comes to the place `committing` for the
//! seventh time, as if the power switch of the process had been hit there. Release builds have no such
//! places.

#[cfg(debug_assertions)]
use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use sqlx::SqliteConnection;

/// A place in the life of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A step that brings the tables up to date, or the note of its time, is finished; its commit comes next.
    Upgrading,
    /// A transaction was opened.
    Began,
    /// A unit of the transaction is finished; others may follow.
    Worked,
    /// All units are finished; the commit comes next.
    Committing,
    /// The commit is on disk; nobody knows of it yet.
    Committed,
    /// The bus was told; the caller was not.
    Published,
}

/// Ends the process if this is the time and the place.
#[cfg(debug_assertions)]
pub(super) fn crash_point(place: Place) {
    static AT: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let at = AT.get_or_init(|| {
        let set = std::env::var("CONCIERGE_CRASH_AT").ok()?;
        let (place, time) = set.split_once(':')?;
        Some((place.to_owned(), time.parse().ok()?))
    });
    if let Some((name, time)) = at
        && name.eq_ignore_ascii_case(&format!("{place:?}"))
        && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == *time
    {
        std::process::abort();
    }
}

/// Ends the process if this is the time and the place: never, in a release build.
#[cfg(not(debug_assertions))]
pub(super) fn crash_point(_: Place) {}

/// Has the place passed before each commit of a connection, until [`leave_commits`]; never, in a release build.
pub(super) async fn pass_before_commits(
    connection: &mut SqliteConnection,
    place: Place,
) -> Result<(), sqlx::Error> {
    if cfg!(debug_assertions) {
        connection.lock_handle().await?.set_commit_hook(move || {
            crash_point(place);
            true
        });
    }
    Ok(())
}

/// Has no place passed any more before the commits of a connection.
pub(super) async fn leave_commits(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    if cfg!(debug_assertions) {
        connection.lock_handle().await?.remove_commit_hook();
    }
    Ok(())
}
