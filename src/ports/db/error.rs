//! What can go wrong in the store.

/// What can go wrong in the store. Callers can wait and try again (`Busy`), ask for space (`Full`), or give up.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// Nobody could write in time, or the server is away.
    #[error("the store is busy")]
    Busy(#[source] sqlx::Error),
    /// The disk is full: nothing was stored.
    #[error("the disk of the store is full")]
    Full(#[source] sqlx::Error),
    /// The group commit that held this work failed: nothing of it was stored.
    #[error("the commit failed: {0}")]
    Commit(String),
    /// A text holds a character that the store does not keep.
    #[error("a text holds a character that cannot be stored")]
    Text(#[source] sqlx::Error),
    /// The store's file is damaged.
    #[error("the store's file is damaged; stop the hub and restore a backup (concierge restore)")]
    Damaged(#[source] sqlx::Error),
    /// Everything else.
    #[error("the store failed")]
    Other(#[source] sqlx::Error),
    /// A newer hub has changed the tables.
    #[error(
        "the store was written by a newer hub (its tables have change {0}, unknown here); start that one"
    )]
    Newer(i64),
    /// The tables could not be brought up to date.
    #[error("the store's tables could not be brought up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
}

impl DbError {
    /// More waits for the store than may.
    pub fn overloaded() -> DbError {
        DbError::Busy(sqlx::Error::PoolTimedOut)
    }

    /// Whether one of several things that were to be stored together may be at fault for all of them.
    pub fn is_of_one(&self) -> bool {
        matches!(self, DbError::Text(_) | DbError::Other(_))
    }

    /// The same error once more, for another one of those it concerns.
    pub fn again(&self) -> DbError {
        let says = || sqlx::Error::Protocol(self.to_string());
        match self {
            DbError::Busy(_) => DbError::Busy(says()),
            DbError::Full(_) => DbError::Full(says()),
            DbError::Damaged(_) => DbError::Damaged(says()),
            DbError::Commit(why) => DbError::Commit(why.clone()),
            DbError::Text(_) | DbError::Other(_) | DbError::Newer(_) | DbError::Migrate(_) => {
                DbError::Other(says())
            }
        }
    }

    /// A stored row that no longer reads: the store was changed from outside.
    pub fn damaged(says: String) -> DbError {
        DbError::Other(sqlx::Error::Decode(says.into()))
    }
}

impl From<sqlx::migrate::MigrateError> for DbError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::VersionMissing(change) => DbError::Newer(change),
            error => DbError::Migrate(error),
        }
    }
}

/// SQLite's primary result codes (<https://www.sqlite.org/rescode.html>).
const SQLITE_BUSY: i64 = 5;
const SQLITE_CORRUPT: i64 = 11;
const SQLITE_FULL: i64 = 13;
const SQLITE_NOTADB: i64 = 26;

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        // A server that goes away in the middle of a greeting looks like one that speaks another language.
        use sqlx::Error::{Io, PoolTimedOut, Protocol, Tls};
        if matches!(error, PoolTimedOut | Io(_) | Protocol(_) | Tls(_)) {
            return DbError::Busy(error);
        }
        let code =
            error.as_database_error().and_then(|database| database.code()).map(|code| code.into_owned());
        match code.as_deref() {
            // PostgreSQL: disk_full; too_many_connections, admin_shutdown, cannot_connect_now.
            Some("53100") => DbError::Full(error),
            Some("53300" | "57P01" | "57P03") => DbError::Busy(error),
            // character_not_in_repertoire: the NUL character.
            Some("22021") => DbError::Text(error),
            Some(code) => match code.parse::<i64>().map(|extended| extended & 0xff) {
                Ok(SQLITE_FULL) if code.len() < 5 => DbError::Full(error),
                Ok(SQLITE_CORRUPT | SQLITE_NOTADB) if code.len() < 5 => DbError::Damaged(error),
                Ok(SQLITE_BUSY) if code.len() < 5 => DbError::Busy(error),
                _ => DbError::Other(error),
            },
            None => DbError::Other(error),
        }
    }
}
