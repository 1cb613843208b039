//! The checkpointer of SQLite: copies what is committed from the write-ahead log into the file.
//!
//! It has a connection of its own, so that no commit waits for it
//! (<https://www.sqlite.org/wal.html#ckpt>).

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{Mutex, Notify};

use crate::ports::db::lockstep::in_step;

/// Commits are collected for so long before they are copied: a page that changes often is copied once.
const PAUSE: Duration = Duration::from_secs(1);

/// Pages in the log from which on the writer is held for a moment: 64 MB.
const LONG: i64 = 16_000;

/// Pages in the log that only a reader who never ends can have caused: 256 MB.
const ALARMING: i64 = 64_000;

/// Copies committed pages into the file.
pub(super) struct Checkpointer {
    connection: Mutex<Option<SqliteConnection>>,
    committed: Notify,
    /// The log has become long, although nearly all of it is in the file.
    long: AtomicBool,
}

impl Checkpointer {
    pub(super) fn new(connection: SqliteConnection) -> Checkpointer {
        Checkpointer {
            connection: Mutex::new(Some(connection)),
            committed: Notify::new(),
            long: AtomicBool::new(false),
        }
    }

    /// Copies beside the commits until the store is closed.
    pub(super) async fn run(&self) {
        loop {
            self.committed.notified().await;
            tokio::time::sleep(PAUSE).await;
            let Some((pages, waiting)) = self.copy().await else { return };
            self.long.store(pages > LONG && waiting < LONG, Ordering::Relaxed);
        }
    }

    /// Something was committed.
    pub(super) fn wake(&self) {
        self.committed.notify_one();
    }

    /// Copies the rest of a log that has become long; called while nobody writes. Commits that never pause
    /// would make it grow for ever: it begins anew only when it was copied to its end.
    pub(super) async fn empty_if_long(&self) {
        if self.long.swap(false, Ordering::Relaxed) {
            self.copy().await;
        }
    }

    /// Copies what can be copied without holding up a reader. Gives the pages in the log and how many of
    /// them still wait; nothing after the store was closed.
    async fn copy(&self) -> Option<(i64, i64)> {
        let mut connection = self.connection.lock().await;
        let ran = sqlx::query_as::<_, (i64, i64, i64)>("PRAGMA wal_checkpoint(PASSIVE)");
        match in_step(ran.fetch_one(connection.as_mut()?)).await {
            Ok((_, pages, copied)) => {
                let waiting = pages.saturating_sub(copied).max(0);
                metrics::gauge!("concierge_store_log_pages").set(number(pages));
                metrics::gauge!("concierge_store_log_waiting_pages").set(number(waiting));
                if waiting > ALARMING {
                    tracing::warn!(
                        waiting,
                        "the store's log cannot be emptied: somebody has been reading for very long"
                    );
                }
                Some((pages, waiting))
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "checkpoint failed; it is tried again"
                );
                Some((0, 0))
            }
        }
    }

    /// Lets go of the file.
    pub(super) async fn close(&self) {
        let connection = self.connection.lock().await.take();
        self.committed.notify_one();
        if let Some(connection) = connection
            && let Err(error) = in_step(connection.close()).await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "checkpointer did not close cleanly");
        }
    }
}

fn number(pages: i64) -> f64 {
    u32::try_from(pages).map_or(f64::MAX, f64::from)
}
