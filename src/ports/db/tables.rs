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
    use super::*;

    #[test]
    fn every_file_is_a_step_and_none_is_left_out() {
        for (engine, folder) in [(Engine::Sqlite, &SQLITE), (Engine::Postgres, &POSTGRES)] {
            let numbers: Vec<i64> = migrator(engine).iter().map(|step| step.version).collect();
            let expected: Vec<i64> = (1..).take(folder.files().count()).collect();
            assert_eq!(numbers, expected, "{engine:?}");
        }
    }
}
