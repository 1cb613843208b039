//! SQLite: one writer that commits in groups, and readers beside it.
//!
//! Units of work queue for the one writing connection. The first opens a transaction, each further one a
//! savepoint in it; when a unit is finished it wakes the committer, which queues like everybody else. So all
//! units that were waiting share one `COMMIT` and one sync, without any timer: under load the groups grow by
//! themselves, and a lone unit is committed at once. Only after the commit are the units told, in order, that
//! they are on disk.
//!
//! A unit may be dropped while any statement of it is on its way. That statement is run nevertheless, so what
//! is noted at the desk is noted before it is sent.
//!
//! What is committed lies in the write-ahead log; the checkpointer (`checkpoint.rs`) brings it into the
//! file beside the commits.

use std::path::Path;
use std::sync::{Arc, Weak};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, oneshot};

use crate::ports::bus::{Bus, Note};
use crate::ports::db::checkpoint::{Checkpointer, FINISH};
use crate::ports::db::crash::{Place, crash_point, leave_commits, pass_before_commits};
use crate::ports::db::lite::{LOCK_WAIT, LiteLink};
use crate::ports::db::lockstep::in_step;
use crate::ports::db::readers::Readers;
use crate::ports::db::{DbError, Engine, tables};

/// How the writing connection works. What a unit of work may have to undo stays in memory: it would otherwise
/// be written to a file as the group grows. Pages kept in memory are counted in KiB, as SQLite wants it.
const WRITER: &str = "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0;
    PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;";

/// The largest file that is looked through before the hub starts: a tenth of a second, about.
const LOOKED_THROUGH: u64 = 64 << 20;

/// Opens the file, brings its tables up to date, and starts the committer.
pub(super) async fn open(path: &Path, bus: Bus) -> Result<(Writer, Readers), DbError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| DbError::Other(sqlx::Error::Io(error)))?;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(LOCK_WAIT)
        .pragma("wal_autocheckpoint", "0")
        .disable_statement_logging();
    let mut connection = in_step(SqliteConnection::connect_with(&options)).await?;
    look_through(&mut connection, path).await?;
    bring_up_to_date(&mut connection).await?;
    let writer = LiteLink::open(path.to_owned(), WRITER).await?;
    let checkpointer = Checkpointer::open(connection, path, options).await?;
    Ok((Writer::start(writer, checkpointer, bus), Readers::new(path)))
}

async fn bring_up_to_date(connection: &mut SqliteConnection) -> Result<(), DbError> {
    in_step(pass_before_commits(connection, Place::Upgrading)).await?;
    in_step(tables::migrator(Engine::Sqlite).run(&mut *connection)).await?;
    in_step(leave_commits(connection)).await?;
    Ok(())
}

/// Looks for damage where it is quick: a broken file is better found now than by a customer.
async fn look_through(connection: &mut SqliteConnection, path: &Path) -> Result<(), DbError> {
    match std::fs::metadata(path).is_ok_and(|file| file.len() > LOOKED_THROUGH) {
        true => Ok(()),
        false => quick_check(connection).await,
    }
}

/// Whether the file holds together (<https://www.sqlite.org/pragma.html#pragma_quick_check>).
pub(super) async fn quick_check(connection: &mut SqliteConnection) -> Result<(), DbError> {
    let found = sqlx::query_as("PRAGMA quick_check(1)").fetch_one(connection);
    let (found,): (String,) = in_step(found).await?;
    match found.as_str() {
        "ok" => Ok(()),
        _ => Err(DbError::Damaged(sqlx::Error::Protocol(found))),
    }
}

/// The way to the one writing connection.
#[derive(Clone)]
pub(super) struct Writer {
    desk: Arc<Mutex<Desk>>,
    finished: Arc<Notify>,
    checkpointer: Arc<Checkpointer>,
}

/// The writing connection and the group that is open on it.
struct Desk {
    connection: Option<LiteLink>,
    /// A transaction is open.
    open: bool,
    /// The savepoint of a finished unit is still there.
    kept: bool,
    /// A unit was dropped before it finished: what it stood on has to be rolled back first.
    abandoned: Option<Ground>,
    /// Finished units of the open transaction.
    group: Vec<Finished>,
}

/// A unit that waits for the commit of its group.
struct Finished {
    news: Vec<Note>,
    told: oneshot::Sender<Result<(), DbError>>,
}

impl Finished {
    /// Publishes what is news now, and tells whoever waits what became of it.
    fn end(self, result: Result<(), DbError>, bus: &Bus) {
        if result.is_ok() {
            crash_point(Place::Committed);
            self.news.into_iter().for_each(|note| bus.publish(note));
            crash_point(Place::Published);
        }
        // An error only says that the caller has gone.
        let _ = self.told.send(result);
    }
}

/// What a unit stands on: what is rolled back if it does not finish.
#[derive(Debug, Clone, Copy)]
enum Ground {
    /// It is the first of the transaction.
    Transaction,
    /// It came into a transaction that holds the work of others.
    Savepoint,
}

/// One unit of work on the writing connection.
pub(super) struct Unit {
    desk: OwnedMutexGuard<Desk>,
    finished: Arc<Notify>,
    /// None before it has begun and after it has finished.
    ground: Option<Ground>,
}

impl Writer {
    fn start(connection: LiteLink, checkpointer: Checkpointer, bus: Bus) -> Writer {
        let desk = Desk {
            connection: Some(connection),
            open: false,
            kept: false,
            abandoned: None,
            group: Vec::new(),
        };
        let writer = Writer {
            desk: Arc::new(Mutex::new(desk)),
            finished: Arc::new(Notify::new()),
            checkpointer: Arc::new(checkpointer),
        };
        tokio::spawn(commits(
            Arc::downgrade(&writer.desk),
            writer.finished.clone(),
            writer.checkpointer.clone(),
            bus,
        ));
        let checkpointer = writer.checkpointer.clone();
        tokio::spawn(async move { checkpointer.run().await });
        writer
    }

    /// Waits for a turn at the writing connection and begins a unit.
    pub(super) async fn begin(&self) -> Result<Unit, DbError> {
        let turn = tokio::time::timeout(LOCK_WAIT, self.desk.clone().lock_owned());
        let desk = turn.await.map_err(|_| DbError::Busy(sqlx::Error::PoolTimedOut))?;
        let mut unit = Unit { desk, finished: self.finished.clone(), ground: None };
        unit.desk.clear_abandoned().await;
        match unit.desk.open {
            false => unit.open().await?,
            true => unit.join().await?,
        }
        Ok(unit)
    }

    /// Commits what is open and closes the connection.
    pub(super) async fn close(&self) {
        let mut desk = self.desk.lock().await;
        let group = desk.commit().await;
        for (unit, result) in group {
            let _ = unit.told.send(result);
        }
        self.checkpointer.close().await;
        if let Some(connection) = desk.connection.take() {
            connection.close().await;
        }
    }
}

/// Commits what is finished, and tells.
async fn commits(desk: Weak<Mutex<Desk>>, finished: Arc<Notify>, checkpointer: Arc<Checkpointer>, bus: Bus) {
    loop {
        finished.notified().await;
        let Some(desk) = desk.upgrade() else { return };
        let mut desk = desk.lock().await;
        let group = desk.commit().await;
        let held = checkpointer.is_to_be_finished().then_some(desk);
        group.into_iter().for_each(|(unit, result)| unit.end(result, &bus));
        // Nobody writes while the desk is held: the log can begin anew.
        if let Some(mut desk) = held {
            desk.finish_log().await;
        }
        checkpointer.wake();
    }
}

impl Desk {
    fn connection(&mut self) -> Result<&mut LiteLink, DbError> {
        self.connection.as_mut().ok_or(DbError::Other(sqlx::Error::PoolClosed))
    }

    async fn run(&mut self, sql: &'static str) -> Result<(), DbError> {
        Ok(in_step(self.connection()?.control(sql)).await?)
    }

    /// As `run`, for what waits for the disk.
    async fn write_out(&mut self, sql: &'static str) -> Result<(), DbError> {
        Ok(in_step(self.connection()?.sync(sql)).await?)
    }

    /// Copies the rest of the log into the file, so that it begins anew.
    async fn finish_log(&mut self) {
        if let Err(error) = self.write_out(FINISH).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the log was not finished; it is tried again"
            );
        }
    }

    /// Undoes what a dropped unit left behind. If even that fails the whole group is given up.
    async fn clear_abandoned(&mut self) {
        let undone = match self.abandoned.take().filter(|_| self.open) {
            None => return,
            // Nobody else has worked in it yet.
            Some(Ground::Transaction) => {
                self.open = false;
                self.run("ROLLBACK").await
            }
            Some(Ground::Savepoint) => {
                self.kept = true;
                self.run("ROLLBACK TO unit").await
            }
        };
        if let Err(error) = undone {
            self.give_up(&error).await;
        }
    }

    async fn give_up(&mut self, error: &DbError) {
        // The transaction may be gone already; then this only says so.
        let _ = self.run("ROLLBACK").await;
        self.open = false;
        self.kept = false;
        for unit in self.group.drain(..) {
            let _ = unit.told.send(Err(DbError::Commit(error.to_string())));
        }
    }

    /// Commits the open group; gives its units with what became of them.
    async fn commit(&mut self) -> Vec<(Finished, Result<(), DbError>)> {
        self.clear_abandoned().await;
        if !self.open {
            return Vec::new();
        }
        crash_point(Place::Committing);
        // With every savepoint that is still there.
        let committed = self.write_out("COMMIT").await;
        let group = std::mem::take(&mut self.group);
        metrics::histogram!("concierge_store_group_size")
            .record(u32::try_from(group.len()).unwrap_or(u32::MAX));
        match committed {
            Ok(()) => {
                self.open = false;
                self.kept = false;
                group.into_iter().map(|unit| (unit, Ok(()))).collect()
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "commit failed");
                self.give_up(&error).await;
                let full = matches!(error, DbError::Full(_));
                group
                    .into_iter()
                    .map(|unit| {
                        let told = if full {
                            DbError::Full(sqlx::Error::Protocol("the commit of its group failed".to_owned()))
                        } else {
                            DbError::Commit(error.to_string())
                        };
                        (unit, Err(told))
                    })
                    .collect()
            }
        }
    }
}

impl Unit {
    /// The writing connection.
    pub(super) fn connection(&mut self) -> &mut LiteLink {
        self.desk.connection.as_mut().expect("the desk keeps its connection while a unit is at it")
    }

    /// Begins as the first of a transaction.
    async fn open(&mut self) -> Result<(), DbError> {
        self.desk.open = true;
        self.ground = Some(Ground::Transaction);
        if let Err(error) = self.desk.run("BEGIN IMMEDIATE").await {
            self.desk.open = false;
            self.ground = None;
            return Err(error);
        }
        crash_point(Place::Began);
        Ok(())
    }

    /// Begins in a transaction that others have worked in.
    async fn join(&mut self) -> Result<(), DbError> {
        if std::mem::take(&mut self.desk.kept)
            && let Err(error) = self.desk.run("RELEASE unit").await
        {
            self.desk.give_up(&error).await;
            return Err(error);
        }
        self.ground = Some(Ground::Savepoint);
        self.desk.run("SAVEPOINT unit").await
    }

    /// Ends the unit and waits until its group is on disk.
    pub(super) async fn commit(mut self, news: Vec<Note>) -> Result<(), DbError> {
        crash_point(Place::Worked);
        self.desk.kept = matches!(self.ground.take(), Some(Ground::Savepoint));
        let (told, hears) = oneshot::channel();
        self.desk.group.push(Finished { news, told });
        drop(self);
        hears.await.unwrap_or(Err(DbError::Commit("the store was closed".to_owned())))
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        if let Some(ground) = self.ground {
            self.desk.abandoned = Some(ground);
        }
        // The committer queues behind the units that wait already, so they join this group.
        self.finished.notify_one();
    }
}
