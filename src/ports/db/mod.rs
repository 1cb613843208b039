//! The store: SQLite (default) or PostgreSQL behind one `Db` and one `Tx`.
//!
//! SQL is one text for both engines, run by `execute!`, `fetch_one!`, `fetch_optional!` and `fetch_all!`
//! with `$1, $2` arguments. Where the engines must differ, two `const`s are chosen by `tx.engine()`.
//!
//! Invariants: `Tx::commit` returns after the work is on disk, and only then is the news that the work
//! caused (`Tx::tell`) published. A `Tx` that is dropped leaves no trace. Never await a model or a network
//! while a `Tx` is open.

mod checkpoint;
mod column;
mod crash;
mod error;
mod lite;
mod lockstep;
mod macros;
mod readers;
mod snapshot;
mod sqlite;
mod tables;

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgConnection, PgPool, Postgres};

pub use column::{JsonText, like_pattern, with_text};
pub use error::DbError;
pub use lite::{Ask, LiteLink, LiteRow};
pub use lockstep::in_step;
#[cfg(debug_assertions)]
pub use lockstep::simulate;
pub use snapshot::{begin_epoch, snapshot};
pub use sqlx::FromRow;
// The trait and the macro that derives it share the name.
pub use sqlx_macros::FromRow;

use crate::base::WorkspaceId;
use crate::ports::bus::{Bus, News, Note};

/// Which engine runs the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The embedded default.
    Sqlite,
    /// A server, by configuration.
    Postgres,
}

/// Where the store is.
#[derive(Debug, Clone)]
pub enum Location {
    /// An SQLite file; made if it does not exist.
    File(PathBuf),
    /// A PostgreSQL address, `postgres://…`.
    Postgres(String),
}

/// The store. Clones share it.
#[derive(Clone)]
pub struct Db {
    stores: Stores,
    bus: Bus,
}

#[derive(Clone)]
enum Stores {
    Sqlite { writer: sqlite::Writer, readers: readers::Readers },
    Postgres(PgPool),
}

/// One unit of work: all of it is stored, or nothing.
pub struct Tx {
    work: Work,
    news: Vec<Note>,
    counters: Vec<metrics::Counter>,
    bus: Bus,
}

enum Work {
    SqliteUnit(sqlite::Unit),
    SqliteRead(readers::Reader),
    Postgres(sqlx::Transaction<'static, Postgres>),
    PostgresRead(PoolConnection<Postgres>),
}

/// The connection a statement runs on; used by the macros of this module.
pub enum Link<'a> {
    /// An SQLite connection.
    Sqlite(&'a mut LiteLink),
    /// A PostgreSQL connection.
    Postgres(&'a mut PgConnection),
}

impl Db {
    /// Opens the store, makes it if needed, and brings its tables up to date.
    pub async fn open(location: &Location, bus: Bus) -> Result<Db, DbError> {
        let stores = match location {
            Location::File(path) => {
                let (writer, readers) = sqlite::open(path, bus.clone()).await?;
                Stores::Sqlite { writer, readers }
            }
            Location::Postgres(address) => Stores::Postgres(open_postgres(address).await?),
        };
        Ok(Db { stores, bus })
    }

    /// Begins a unit of work that may write.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        let work = match &self.stores {
            Stores::Sqlite { writer, .. } => Work::SqliteUnit(writer.begin().await?),
            Stores::Postgres(pool) => Work::Postgres(pool.begin().await?),
        };
        Ok(Tx { work, news: Vec::new(), counters: Vec::new(), bus: self.bus.clone() })
    }

    /// Begins a unit of work that may write and finds every row by its key.
    ///
    /// PostgreSQL keeps the plan of a statement, and one made while a table was small walks through the table
    /// for long after it has grown. In here it does not take a walk into account.
    pub async fn begin_by_keys(&self) -> Result<Tx, DbError> {
        let work = match &self.stores {
            Stores::Sqlite { .. } => return self.begin().await,
            Stores::Postgres(pool) => Work::Postgres(pool.begin_with(BEGIN_BY_KEYS).await?),
        };
        Ok(Tx { work, news: Vec::new(), counters: Vec::new(), bus: self.bus.clone() })
    }

    /// A connection that sees everything committed so far and cannot write.
    pub async fn read(&self) -> Result<Tx, DbError> {
        let work = match &self.stores {
            Stores::Sqlite { readers, .. } => Work::SqliteRead(readers.acquire().await?),
            Stores::Postgres(pool) => Work::PostgresRead(pool.acquire().await?),
        };
        Ok(Tx { work, news: Vec::new(), counters: Vec::new(), bus: self.bus.clone() })
    }

    /// Which engine runs the store.
    pub fn engine(&self) -> Engine {
        match &self.stores {
            Stores::Sqlite { .. } => Engine::Sqlite,
            Stores::Postgres(_) => Engine::Postgres,
        }
    }

    /// Closes all connections after the work in hand.
    pub async fn close(&self) {
        match &self.stores {
            Stores::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Stores::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Stores the work; returns once it is on disk.
    pub async fn commit(self) -> Result<(), DbError> {
        match self.work {
            Work::SqliteUnit(unit) => unit.commit(self.news).await?,
            Work::Postgres(transaction) => {
                transaction.commit().await?;
                for note in self.news {
                    self.bus.publish(note);
                }
            }
            Work::SqliteRead(_) | Work::PostgresRead(_) => {}
        }
        self.counters.iter().for_each(|counter| counter.increment(1));
        Ok(())
    }

    /// Counts something once it is stored; what is not stored is not counted.
    pub fn count(&mut self, counter: metrics::Counter) {
        self.counters.push(counter);
    }

    /// Publishes news after the commit, in the order told; drops it if the work is not stored.
    pub fn tell(&mut self, workspace: WorkspaceId, news: News) {
        self.news.push(Note { workspace, news });
    }

    /// Which engine this runs on.
    pub fn engine(&self) -> Engine {
        match &self.work {
            Work::SqliteUnit(_) | Work::SqliteRead(_) => Engine::Sqlite,
            Work::Postgres(_) | Work::PostgresRead(_) => Engine::Postgres,
        }
    }

    /// The connection for the next statement; called by the macros.
    pub fn link(&mut self) -> Link<'_> {
        match &mut self.work {
            Work::SqliteUnit(unit) => Link::Sqlite(unit.connection()),
            Work::SqliteRead(reader) => Link::Sqlite(reader.link()),
            Work::Postgres(transaction) => Link::Postgres(transaction),
            Work::PostgresRead(connection) => Link::Postgres(connection),
        }
    }
}

/// One message to the server. The settings end with the unit of work.
const BEGIN_BY_KEYS: &str = "BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; \
    SET LOCAL enable_mergejoin = off";

async fn open_postgres(address: &str) -> Result<PgPool, DbError> {
    let options = PgConnectOptions::from_str(address)?.application_name("concierge");
    let pool = PgPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(Duration::from_secs(5))
        .connect_with(options)
        .await?;
    tables::migrator(Engine::Postgres).run(&pool).await?;
    Ok(pool)
}
