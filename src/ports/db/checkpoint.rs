//! The checkpointer of SQLite: copies what is committed from the write-ahead log into the file.
//!
//! It has a connection of its own, so that no commit waits for it
//! (<https://www.sqlite.org/wal.html#ckpt>), and its threads are nice: copying takes tens of milliseconds of a core
//! that others need for one.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{Mutex, Notify, oneshot};

use crate::ports::db::lockstep::{in_step, is_simulated};

/// Commits are collected for so long before they are copied: a page that changes often is copied once.
const PAUSE: Duration = Duration::from_secs(1);

/// Pages in the log from which on the writer is held for a moment: 64 MB.
const LONG: i64 = 16_000;

/// Pages that may be copied meanwhile: a few milliseconds' worth.
const FEW: i64 = 1_000;

/// Pages that are copied with the writer held where the log grows too long.
const MANY: i64 = 16_000;

/// How often it is tried to get there; commits go on, and each copy finds an eighth of the one before.
const TRIES: usize = 4;

/// Pages in the log from which on the writer is held for more: 256 MB.
const TOO_LONG: i64 = 64_000;

/// Pages in the log that only a reader who never ends can have caused: 256 MB.
const ALARMING: i64 = 64_000;

/// How nice its threads are, as Unix counts: on a core that everybody wants they get a tenth, which is enough for the
/// log not to grow for ever.
const NICE: i32 = 10;

/// What finishes a log of which next to nothing is left to copy, while the writer is held.
pub(super) const FINISH: &str = "PRAGMA wal_checkpoint(PASSIVE)";

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
    /// `connection` is the one that has made the tables; it serves where threads are not to be had.
    pub(super) async fn open(
        connection: SqliteConnection,
        path: &Path,
        options: SqliteConnectOptions,
    ) -> Result<Checkpointer, sqlx::Error> {
        let (connection, file) = match is_simulated() {
            true => (connection, None),
            false => {
                let runtime = tokio::runtime::Handle::current();
                // Its thread is begun by the one that opens it, and as nice.
                let nice = nicely(move || runtime.block_on(options.connect())).await;
                connection.close().await?;
                // Without the file, the writer waits for the disk a little longer now and then. In a simulation it
                // is not even opened: it would be closed again, beside connections that are open.
                (nice.ok_or(sqlx::Error::WorkerCrashed)??, File::open(path).ok().map(Arc::new))
            }
        };
        Ok(Checkpointer {
            connection: Mutex::new(Some(connection)),
            file,
            committed: Notify::new(),
            long: AtomicBool::new(false),
        })
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
                // What came meanwhile.
                let Some(found) = self.copy().await else { return };
                (pages, waiting) = found;
            }
            let may_hold = if pages > TOO_LONG { MANY } else { FEW };
            self.long.store(pages > LONG && waiting < may_hold, Ordering::Relaxed);
        }
    }

    /// Brings what was copied to the disk, so that little is left to wait for while the writer is held: SQLite
    /// itself does it only once everything is copied.
    async fn sync(&self) {
        let Some(file) = self.file.clone() else { return };
        // An error is reported to SQLite's own descriptor as well.
        let _ = nicely(move || file.sync_data()).await;
    }

    /// Something was committed.
    pub(super) fn wake(&self) {
        self.committed.notify_one();
    }

    /// Whether a log that has become long is to be finished, now that nobody writes. Commits that never pause
    /// would make it grow for ever: it begins anew only when it was copied to its end. Whoever holds the writer
    /// does it themselves, as a nice thread would keep everybody waiting.
    pub(super) fn is_to_be_finished(&self) -> bool {
        self.long.swap(false, Ordering::Relaxed)
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

/// Does something on a thread of its own, after everybody else. None: it could not be done.
async fn nicely<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, hears) = oneshot::channel();
    let thread = std::thread::Builder::new().name("checkpoints".to_owned()).spawn(move || {
        // Where the system refuses, the work is merely more important.
        let _ = rustix::process::nice(NICE);
        let _ = done.send(work());
    });
    thread.ok()?;
    hears.await.ok()
}
