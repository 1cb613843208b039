//! A copy of an SQLite store that is in use.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::ports::db::DbError;
use crate::ports::db::sqlite::quick_check;

/// Writes the store as it is now into a new file, while others go on writing
/// (<https://www.sqlite.org/lang_vacuum.html#vacuuminto>). The file is on disk when this returns.
pub async fn snapshot(store: &Path, copy: &Path) -> Result<(), DbError> {
    let mut connection = open(store).await?;
    sqlx::query("VACUUM INTO $1").bind(copy.to_string_lossy().into_owned()).execute(&mut connection).await?;
    connection.close().await?;
    std::fs::File::open(copy).and_then(|file| file.sync_all()).map_err(|error| sqlx::Error::Io(error).into())
}

/// Gives a store that nobody uses another epoch: what clients saw of the old one may not be in it, so they
/// must not go on from a position that they remember.
pub async fn begin_epoch(store: &Path, epoch: &str) -> Result<(), DbError> {
    let mut connection = open(store).await?;
    quick_check(&mut connection).await?;
    sqlx::query("UPDATE meta SET value = $1 WHERE name = 'epoch'")
        .bind(epoch)
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    Ok(())
}

async fn open(store: &Path) -> Result<SqliteConnection, DbError> {
    Ok(SqliteConnectOptions::new().filename(store).disable_statement_logging().connect().await?)
}
