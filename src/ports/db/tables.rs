//! The tables of the store, brought up to date step by step from `migrations/`.

use include_dir::{Dir, File, include_dir};
use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use crate::ports::db::Engine;

static SQLITE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations/sqlite");
static POSTGRES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations/postgres");

/// All steps of an engine, the first one first.
pub(super) fn migrator(engine: Engine) -> Migrator {
    let folder = match engine {
        Engine::Sqlite => &SQLITE,
        Engine::Postgres => &POSTGRES,
    };
    Migrator::with_migrations(folder.files().filter_map(step).collect())
}

/// The step of a file such as `0003_desk.sql`.
fn step(file: &'static File<'static>) -> Option<Migration> {
    let (number, name) = file.path().file_stem()?.to_str()?.split_once('_')?;
    let sql = SqlStr::from_static(file.contents_utf8()?);
    let name = name.replace('_', " ").into();
    Some(Migration::new(number.parse().ok()?, name, MigrationType::Simple, sql, false))
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, SqliteConnection};

    use super::*;

    #[test]
    fn every_file_is_a_step_and_none_is_left_out() {
        for (engine, folder) in [(Engine::Sqlite, &SQLITE), (Engine::Postgres, &POSTGRES)] {
            let numbers: Vec<i64> = migrator(engine).iter().map(|step| step.version).collect();
            let expected: Vec<i64> = (1..).take(folder.files().count()).collect();
            assert_eq!(numbers, expected, "{engine:?}");
        }
    }

    /// Entries move to another table on their way to the newest step.
    #[tokio::test]
    async fn an_older_store_keeps_its_entries() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.expect("a store");
        let older = SQLITE.files().filter_map(step).filter(|step| step.version <= 20).collect();
        Migrator::with_migrations(older).run(&mut connection).await.expect("the older store");
        let write =
            "INSERT INTO entries (workspace_id, conversation_id, seq, prev_public_seq, kind, audience,
                actor_kind, author, body, content, client_id, inbound_count, outbound_count, created_at)
            SELECT 'wsp', 'cnv_' || $1, $2, 0, 'message', 'everyone', 'contact', 'Ada', 'Hello ' || $1, '{}', $3, 1,
                0, $2 * 10";
        for (conversation, seq, client_id) in
            [(2, 1, Some("x")), (1, 1, Some("x")), (2, 2, None), (1, 2, None)]
        {
            let write = sqlx::query(write).bind(conversation).bind(seq).bind(client_id);
            write.execute(&mut connection).await.expect("written");
        }
        let read = "SELECT conversation_id, seq, body, client_id, created_at FROM entries
            WHERE workspace_id = $1 ORDER BY conversation_id, seq";
        type Row = (String, i64, String, Option<String>, i64);
        let before: Vec<Row> =
            sqlx::query_as(read).bind("wsp").fetch_all(&mut connection).await.expect("read");

        let newest = SQLITE.files().filter_map(step).collect();
        Migrator::with_migrations(newest).run(&mut connection).await.expect("brought up to date");
        let after: Vec<Row> =
            sqlx::query_as(read).bind("wsp").fetch_all(&mut connection).await.expect("read");
        assert_eq!(before.len(), 4);
        assert_eq!(before, after);
        for (seq, client_id) in [(2, "y"), (3, "x")] {
            let again = sqlx::query(write).bind(1).bind(seq).bind(client_id).execute(&mut connection).await;
            assert!(again.is_err(), "the same place or the same message is not taken twice");
        }
    }
}
