//! The checkpointer of SQLite: copies what is committed from the write-ahead log into the file.
//!
//! It has a connection of its own, so that no commit waits for it
//! (<https://www.sqlite.org/wal.html#ckpt>).

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{Mutex, Notify};

use crate::ports::db::lockstep::{in_step, is_simulated};

/// Commits are collected for so long before they are copied: a page that changes often is copied once.
const PAUSE: Duration = Duration::from_secs(1);

/// Pages in the log from which on the writer is held for a moment: 64 MB.
const LONG: i64 = 16_000;

/// Pages that may be copied meanwhile: a few milliseconds' worth.
const FEW: i64 = 1_000;

/// How often it is tried to get there; commits go on, and each copy finds an eighth of the one before.
const TRIES: usize = 4;

/// Pages in the log from which on the writer is held for more: 256 MB.
const TOO_LONG: i64 = 64_000;

/// Pages in the log that only a reader who never ends can have caused: 256 MB.
const ALARMING: i64 = 64_000;

/// Copies committed pages into the file.
pub(super) struct Checkpointer {
    connection: Mutex<Option<SqliteConnection>>,
    /// The file itself. It must stay open for as long as any connection is: closing it would drop the locks of
    /// all of them (<https://www.sqlite.org/howtocorrupt.html>, 2.2).
    file: Option<Arc<File>>,
    committed: Notify,
    /// The log has become long, although nearly all of it is in the file.
    long: AtomicBool,
}

impl Checkpointer {
    pub(super) fn new(connection: SqliteConnection, path: &Path) -> Checkpointer {
        Checkpointer {
            connection: Mutex::new(Some(connection)),
            // Without it, the writer waits for the disk a little longer now and then. It is not even opened where
            // nobody needs it: it would be closed again, beside connections that are open.
            file: if is_simulated() { None } else { File::open(path).ok().map(Arc::new) },
            committed: Notify::new(),
            long: AtomicBool::new(false),
        }
    }

    /// Copies beside the commits until the store is closed.
    pub(super) async fn run(&self) {
        loop {
            self.committed.notified().await;
            tokio::time::sleep(PAUSE).await;
            let Some((mut pages, mut waiting)) = self.copy().await else { return };
            for _ in 0..TRIES {
                if pages < LONG || waiting < FEW {
                    break;
                }
                let Some(found) = self.copy().await else { return };
                (pages, waiting) = found;
            }
            if pages > LONG {
                self.sync().await;
            }
            let may_hold = if pages > TOO_LONG { LONG } else { FEW };
            self.long.store(pages > LONG && waiting < may_hold, Ordering::Relaxed);
        }
    }

    /// Brings what was copied to the disk, so that little is left to wait for while the writer is held: SQLite
    /// itself does it only once everything is copied.
    async fn sync(&self) {
        let Some(file) = self.file.clone() else { return };
        // An error is reported to SQLite's own descriptor as well.
        let _ = tokio::task::spawn_blocking(move || file.sync_data()).await;
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
