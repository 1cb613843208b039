//! A connection, and where its statements run.
//!
//! A statement runs on the thread of whoever asks, so it must not take long. What only reads is interrupted
//! after a few milliseconds and asked again on a thread where it may take its time; what took long is
//! remembered by its text and goes there at once the next times. A commit, which waits for the disk, always
//! does, and so does what finds the file locked by another process.
//!
//! Whoever asks may be dropped while a statement of theirs is on its way on another thread. If it has begun it
//! is run to its end, and the next statement of the connection waits for it; if it has not, and the next one
//! comes first, it is never run. So statements begin in the order in which they were asked for.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use sqlx::error::{BoxDynError, DatabaseError, ErrorKind};
use sqlx::{Arguments, Encode, Error, FromRow, Type};

use crate::ports::db::lite::cells::Cells;
use crate::ports::db::lite::row::{LiteColumn, LiteRow};
use crate::ports::db::lite::{Lite, values::LiteArguments};
use crate::ports::db::lockstep::is_simulated;

/// What a statement may take on the thread of whoever asks.
const SHORT: Duration = Duration::from_millis(3);

/// How many times a statement that took long is not tried there again.
const REMEMBERED: u32 = 64;

/// Steps of a statement between two looks at the time: some tens of microseconds.
const STEPS: i32 = 2_000;

/// Prepared statements that a connection keeps.
const KEPT: usize = 512;

/// Arguments that most statements do with.
const ARGUMENTS: usize = 16;

/// How long a lock held by another process is waited for.
pub(in crate::ports::db) const LOCK_WAIT: Duration = Duration::from_secs(5);

/// A statement with what it is asked with.
#[derive(Debug)]
pub struct Ask {
    sql: &'static str,
    arguments: LiteArguments,
    refused: Option<BoxDynError>,
}

impl Ask {
    /// A statement without arguments so far.
    pub fn new(sql: &'static str) -> Ask {
        Ask { sql, arguments: LiteArguments(Cells::with_capacity(ARGUMENTS)), refused: None }
    }

    /// Adds the next argument.
    pub fn bind<'t, T: Encode<'t, Lite> + Type<Lite>>(&mut self, value: T) -> &mut Ask {
        if let Err(error) = self.arguments.add(value) {
            self.refused.get_or_insert(error);
        }
        self
    }
}

/// What a statement gave.
struct Answer {
    rows: Vec<LiteRow>,
    changed: u64,
}

/// A connection.
pub struct LiteLink {
    inner: Arc<Mutex<Inner>>,
    /// How many statements were asked for.
    asked: u64,
}

struct Inner {
    connection: Connection,
    /// Which of the statements that were asked for has begun last.
    begun: u64,
    /// By where a statement's text lies, and its length: the text itself is long, and never moves.
    known: HashMap<(usize, usize), Known>,
    clock: Arc<Clock>,
}

/// What is known of a statement.
struct Known {
    columns: Arc<[LiteColumn]>,
    /// Which argument stands at which place.
    places: Box<[usize]>,
    only_reads: bool,
    /// How many times more it goes to another thread at once.
    long: u32,
}

/// When a statement has had its time.
struct Clock {
    start: Instant,
    /// Microseconds after `start`; 0 if it may take as long as it likes.
    until: AtomicU64,
}

impl Clock {
    fn micros(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn is_over(&self) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        until != 0 && self.micros() > until
    }

    fn allow(&self, time: Option<Duration>) {
        let until = time.map_or(0, |time| {
            self.micros().saturating_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
        });
        self.until.store(until, Ordering::Relaxed);
    }
}

impl LiteLink {
    /// Opens a file that is there, and tells the connection how it should work.
    pub(in crate::ports::db) async fn open(path: PathBuf, pragmas: &'static str) -> Result<LiteLink, Error> {
        if is_simulated() {
            return LiteLink::open_now(&path, pragmas);
        }
        let opened = tokio::task::spawn_blocking(move || LiteLink::open_now(&path, pragmas));
        opened.await.map_err(|_| Error::WorkerCrashed)?
    }

    fn open_now(path: &Path, pragmas: &str) -> Result<LiteLink, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let gathered = wal_gather::register().map_err(|error| Error::Configuration(error.into()))?;
        let connection = Connection::open_with_flags_and_vfs(path, flags, gathered).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(KEPT);
        connection.busy_timeout(LOCK_WAIT).map_err(failed)?;
        connection.execute_batch(pragmas).map_err(failed)?;
        connection.busy_timeout(Duration::ZERO).map_err(failed)?;
        let clock = Arc::new(Clock { start: Instant::now(), until: AtomicU64::new(0) });
        let looked_at = clock.clone();
        connection.progress_handler(STEPS, Some(move || looked_at.is_over())).map_err(failed)?;
        let inner = Inner { connection, begun: 0, known: HashMap::new(), clock };
        Ok(LiteLink { inner: Arc::new(Mutex::new(inner)), asked: 0 })
    }

    /// Runs a statement; gives the number of rows it touched.
    pub async fn execute(&mut self, ask: Ask) -> Result<u64, Error> {
        Ok(self.run(ask, None).await?.changed)
    }

    /// Reads all rows.
    pub async fn fetch_all<T: for<'r> FromRow<'r, LiteRow>>(&mut self, ask: Ask) -> Result<Vec<T>, Error> {
        let answer = self.run(ask, None).await?;
        answer.rows.iter().map(T::from_row).collect()
    }

    /// Reads the first row if there is one.
    pub async fn fetch_optional<T: for<'r> FromRow<'r, LiteRow>>(
        &mut self,
        ask: Ask,
    ) -> Result<Option<T>, Error> {
        let answer = self.run(ask, Some(1)).await?;
        answer.rows.first().map(T::from_row).transpose()
    }

    /// Reads the first row.
    pub async fn fetch_one<T: for<'r> FromRow<'r, LiteRow>>(&mut self, ask: Ask) -> Result<T, Error> {
        self.fetch_optional(ask).await?.ok_or(Error::RowNotFound)
    }

    /// Runs a statement that is quick once for each item, with the first arguments always the same; gives the
    /// number of rows it touched. Nobody else is let in meanwhile, so there must not be many items.
    pub async fn execute_each<I>(
        &mut self,
        same: Ask,
        items: &[I],
        bind: impl Fn(&mut Ask, &I),
    ) -> Result<u64, Error> {
        self.each(same, items, bind, |_| Ok(())).await
    }

    /// Reads the rows that a statement finds for each item, one item's after the other's; as `execute_each`.
    pub async fn fetch_each<T: for<'r> FromRow<'r, LiteRow>, I>(
        &mut self,
        same: Ask,
        items: &[I],
        bind: impl Fn(&mut Ask, &I),
    ) -> Result<Vec<T>, Error> {
        let mut found = Vec::with_capacity(items.len());
        let read = |row: &LiteRow| {
            found.push(T::from_row(row)?);
            Ok(())
        };
        self.each(same, items, bind, read).await?;
        Ok(found)
    }

    async fn each<I>(
        &mut self,
        same: Ask,
        items: &[I],
        bind: impl Fn(&mut Ask, &I),
        read: impl FnMut(&LiteRow) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        if !is_simulated() {
            tokio::task::coop::consume_budget().await;
        }
        if self.is_busy() {
            self.elsewhere(|_| ()).await?;
        }
        self.now(|inner| inner.each(same, items, bind, read)).ok_or(Error::WorkerCrashed)?
    }

    /// Runs a word of transactions, which takes no time unless another process holds the file.
    pub(in crate::ports::db) async fn control(&mut self, sql: &'static str) -> Result<(), Error> {
        let done = self.now(|inner| inner.run(&Ask::new(sql), None, false));
        match done {
            Some(Err(error)) if is_busy(&error) && !is_simulated() => self.sync(sql).await,
            Some(done) => done.map(|_| ()).map_err(failed),
            None => self.sync(sql).await,
        }
    }

    /// Runs a word of transactions that waits for the disk.
    pub(in crate::ports::db) async fn sync(&mut self, sql: &'static str) -> Result<(), Error> {
        let run = move |inner: &mut Inner| inner.run(&Ask::new(sql), None, false);
        self.elsewhere(run).await?.map(|_| ()).map_err(failed)
    }

    /// Lets go of the file, after what is on its way.
    pub(in crate::ports::db) async fn close(self) {
        let LiteLink { inner, .. } = self;
        match is_simulated() {
            true => drop(inner),
            // Closing brings what is in the log into the file.
            false => drop(tokio::task::spawn_blocking(move || drop(inner)).await),
        }
    }

    /// Whether a statement is on its way whose caller has gone.
    pub(in crate::ports::db) fn is_busy(&self) -> bool {
        Arc::strong_count(&self.inner) > 1
    }

    async fn run(&mut self, mut ask: Ask, most: Option<usize>) -> Result<Answer, Error> {
        if let Some(error) = ask.refused.take() {
            return Err(Error::Encode(error));
        }
        if !is_simulated() {
            // Nobody waits for a thread any more: others are let in here, now and then.
            tokio::task::coop::consume_budget().await;
            if let Some(answer) = self.now(|inner| inner.try_run(&ask, most)).flatten() {
                return answer.map_err(failed);
            }
        }
        self.elsewhere(move |inner| inner.run(&ask, most, false)).await?.map_err(failed)
    }

    /// Does something on this thread, unless another one is at it.
    fn now<T>(&mut self, work: impl FnOnce(&mut Inner) -> T) -> Option<T> {
        self.asked += 1;
        let mut inner = match self.inner.try_lock() {
            Ok(inner) => inner,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        inner.begun = self.asked;
        Some(work(&mut inner))
    }

    /// Does something on a thread where it may take its time; in a simulation, on this one.
    async fn elsewhere<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Inner) -> T + Send + 'static,
    ) -> Result<T, Error> {
        self.asked += 1;
        let (inner, number) = (self.inner.clone(), self.asked);
        let patiently = move || {
            let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
            if inner.begun > number {
                // Whoever asked has gone, and the connection is at something else.
                return None;
            }
            inner.begun = number;
            // Only fails for a connection that is closed, which says so itself.
            let _ = inner.connection.busy_timeout(LOCK_WAIT);
            let done = work(&mut inner);
            let _ = inner.connection.busy_timeout(Duration::ZERO);
            Some(done)
        };
        let done = match is_simulated() {
            true => patiently(),
            false => tokio::task::spawn_blocking(patiently).await.ok().flatten(),
        };
        done.ok_or(Error::WorkerCrashed)
    }
}

impl Inner {
    /// Runs a statement if it is quick. None: it is not, and nothing was done.
    fn try_run(&mut self, ask: &Ask, most: Option<usize>) -> Option<Result<Answer, rusqlite::Error>> {
        if let Some(known) = self.known.get_mut(&place(ask.sql))
            && known.long > 0
        {
            known.long -= 1;
            return None;
        }
        let began = self.clock.micros();
        let done = self.run(ask, most, true);
        let took = self.clock.micros().saturating_sub(began);
        let interrupted = matches!(&done, Err(error) if code(error) == Some(ErrorCode::OperationInterrupted));
        if (interrupted || u128::from(took) > SHORT.as_micros())
            && let Some(known) = self.known.get_mut(&place(ask.sql))
        {
            known.long = REMEMBERED;
        }
        match &done {
            Err(error) if interrupted || is_busy(error) => None,
            _ => Some(done),
        }
    }

    /// Runs a statement. `limited`: it is interrupted when it takes long and only reads.
    fn run(&mut self, ask: &Ask, most: Option<usize>, limited: bool) -> Result<Answer, rusqlite::Error> {
        let Inner { connection, known, clock, .. } = self;
        let mut statement = connection.prepare_cached(ask.sql)?;
        let known = known.entry(place(ask.sql)).or_insert_with(|| Known::of(&statement));
        clock.allow((limited && known.only_reads).then_some(SHORT));
        let mut found = Vec::new();
        let read = known.bind(&mut statement, ask, 0).and_then(|()| {
            let mut rows = statement.raw_query();
            while Some(found.len()) != most
                && let Some(read) = rows.next()?
            {
                let mut row = LiteRow::empty(&known.columns);
                row.fill(read)?;
                found.push(row);
            }
            Ok(())
        });
        clock.allow(None);
        read.map(|()| Answer { rows: found, changed: connection.changes() })
    }

    /// Runs a statement once for each item. What is bound once stays bound.
    fn each<I>(
        &mut self,
        mut ask: Ask,
        items: &[I],
        bind: impl Fn(&mut Ask, &I),
        mut read: impl FnMut(&LiteRow) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let Inner { connection, known, .. } = self;
        let mut statement = connection.prepare_cached(ask.sql).map_err(failed)?;
        let known = known.entry(place(ask.sql)).or_insert_with(|| Known::of(&statement));
        known.bind(&mut statement, &ask, 0).map_err(failed)?;
        let same = ask.arguments.0.len();
        let mut row = LiteRow::empty(&known.columns);
        let mut changed = 0;
        for item in items {
            ask.arguments.0.clear();
            bind(&mut ask, item);
            if let Some(error) = ask.refused.take() {
                return Err(Error::Encode(error));
            }
            known.bind(&mut statement, &ask, same).map_err(failed)?;
            let mut rows = statement.raw_query();
            while let Some(found) = rows.next().map_err(failed)? {
                row.fill(found).map_err(failed)?;
                read(&row)?;
            }
            drop(rows);
            changed += connection.changes();
        }
        Ok(changed)
    }
}

impl Known {
    fn of(statement: &rusqlite::Statement) -> Known {
        // `$2` is the second argument, wherever it stands first.
        let argument = |number: usize| {
            let named =
                statement.parameter_name(number).and_then(|name| name.get(1..)?.parse::<usize>().ok());
            named.unwrap_or(number).saturating_sub(1)
        };
        Known {
            columns: LiteColumn::all(statement),
            places: (1..=statement.parameter_count()).map(argument).collect(),
            only_reads: statement.readonly(),
            long: 0,
        }
    }

    /// Binds arguments; those of `ask` follow so many that are bound already.
    fn bind(
        &self,
        statement: &mut rusqlite::Statement,
        ask: &Ask,
        bound: usize,
    ) -> Result<(), rusqlite::Error> {
        for (number, argument) in self.places.iter().enumerate() {
            // What was not given is NULL, as SQLite has it.
            if let Some(value) = argument.checked_sub(bound).and_then(|place| ask.arguments.0.get(place)) {
                statement.raw_bind_parameter(number + 1, ToSqlOutput::Borrowed(value))?;
            }
        }
        Ok(())
    }
}

fn place(sql: &'static str) -> (usize, usize) {
    (sql.as_ptr().addr(), sql.len())
}

fn code(error: &rusqlite::Error) -> Option<ErrorCode> {
    error.sqlite_error_code()
}

fn is_busy(error: &rusqlite::Error) -> bool {
    code(error) == Some(ErrorCode::DatabaseBusy)
}

/// What SQLite refused, as sqlx's own driver would say it.
#[derive(Debug)]
struct Failure {
    code: i32,
    message: String,
}

fn failed(error: rusqlite::Error) -> Error {
    match error {
        rusqlite::Error::SqliteFailure(error, message) => {
            let message = message.unwrap_or_else(|| error.to_string());
            Error::Database(Box::new(Failure { code: error.extended_code, message }))
        }
        error => Error::Encode(Box::new(error)),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "(code: {}) {}", self.code, self.message)
    }
}

impl std::error::Error for Failure {}

impl DatabaseError for Failure {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.to_string().into())
    }

    fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        match self.code {
            rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
                ErrorKind::UniqueViolation
            }
            rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ErrorKind::ForeignKeyViolation,
            rusqlite::ffi::SQLITE_CONSTRAINT_NOTNULL => ErrorKind::NotNullViolation,
            rusqlite::ffi::SQLITE_CONSTRAINT_CHECK => ErrorKind::CheckViolation,
            _ => ErrorKind::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn link(folder: &Path) -> LiteLink {
        let path = folder.join("x.db");
        Connection::open(&path).expect("a file").execute_batch("CREATE TABLE t (n BIGINT)").expect("a table");
        LiteLink::open(path, "PRAGMA cache_size = -64").await.expect("it opens")
    }

    async fn count(link: &mut LiteLink) -> i64 {
        let (count,): (i64,) = link.fetch_one(Ask::new("SELECT COUNT(*) FROM t")).await.expect("counted");
        count
    }

    #[tokio::test]
    async fn arguments_stand_where_their_numbers_say() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut link = link(folder.path()).await;
        let mut ask = Ask::new("SELECT $2, $1, $2, $3 IS NULL");
        ask.bind(1_i64).bind("two").bind(None::<i64>);
        let row: (String, i64, String, bool) = link.fetch_one(ask).await.expect("a row");
        assert_eq!(row, ("two".to_owned(), 1, "two".to_owned(), true));
        let wrong = link.fetch_one::<(String,)>(Ask::new("SELECT 1")).await;
        assert!(matches!(wrong, Err(Error::ColumnDecode { .. })), "{wrong:?}");
        assert!(matches!(
            link.fetch_one::<(i64,)>(Ask::new("SELECT n FROM t")).await,
            Err(Error::RowNotFound)
        ));
        let refused = link.execute(Ask::new("INSERT INTO nowhere VALUES (1)")).await;
        assert!(refused.is_err_and(|error| error.as_database_error().is_some()));
    }

    #[tokio::test]
    async fn a_statement_for_each_item_keeps_its_first_arguments() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut link = link(folder.path()).await;
        let mut insert = Ask::new("INSERT INTO t SELECT $1 + $2 WHERE $2 < $3");
        insert.bind(100_i64);
        let written = link.execute_each(insert, &[1_i64, 2, 3], |ask, n| {
            ask.bind(*n).bind(3_i64);
        });
        assert_eq!(written.await.expect("written"), 2);
        let mut select = Ask::new("SELECT n, $1 FROM t WHERE n >= $2 ORDER BY n");
        select.bind("same");
        let found = link.fetch_each::<(i64, String), _>(select, &[102_i64, 103, 101], |ask, n| {
            ask.bind(*n);
        });
        let found = found.await.expect("read");
        let same = "same".to_owned();
        assert_eq!(found, [(102, same.clone()), (101, same.clone()), (102, same)]);
        let refused = link.execute_each(Ask::new("INSERT INTO nowhere VALUES (1)"), &[()], |_, ()| ()).await;
        assert!(refused.is_err_and(|error| error.as_database_error().is_some()));
    }

    #[tokio::test]
    async fn what_reads_for_long_is_asked_again_elsewhere_and_remembered() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut link = link(folder.path()).await;
        let long = "WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 3000000)
                    SELECT COUNT(*) FROM up";
        let ask = Ask::new(long);
        assert!(link.now(|inner| inner.try_run(&ask, None)).expect("nobody is at it").is_none());
        let (count,): (i64,) = link.fetch_one(Ask::new(long)).await.expect("it is counted");
        assert_eq!(count, 3_000_000);
        assert!(link.now(|inner| inner.known[&place(long)].long).is_some_and(|long| long > 0));
    }

    #[tokio::test]
    async fn a_statement_whose_caller_has_gone_is_never_run_after_the_next_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut link = link(folder.path()).await;
        let insert =
            |inner: &mut Inner| inner.run(&Ask::new("INSERT INTO t VALUES (1)"), None, false).map(|_| ());
        for _ in 0..50 {
            link.control("BEGIN IMMEDIATE").await.expect("begun");
            let mut gone = Box::pin(link.elsewhere(insert));
            // It is handed over, and nobody waits for it.
            let _ = futures_util::poll!(&mut gone);
            drop(gone);
            link.control("ROLLBACK").await.expect("undone");
        }
        // Every statement that is still on its way has come to its end.
        while link.is_busy() {
            tokio::task::yield_now().await;
        }
        assert_eq!(count(&mut link).await, 0);
    }
}
