//! Stores of other versions (D10): one of before is brought up to date, also when that is interrupted; one
//! that a newer hub has written is left alone.

use rand::RngExt as _;
use sqlx::Connection as _;
use sqlx::migrate::Migrator;
use std::path::Path;

use crate::dice;
use crate::hub::{Hub, store_in};

/// Migrations that the store of before has: those of the first version that had customers' data.
const BEFORE: i64 = 5;

/// The place before each commit that brings a store up to date.
const UPGRADING: &str = "upgrading";

/// Makes the store that an older hub left behind.
async fn old_store(folder: &Path) {
    let scripts = tempfile::tempdir().expect("a folder");
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let mut names: Vec<_> =
        std::fs::read_dir(&all).expect("migrations").map(|file| file.expect("a file").file_name()).collect();
    names.sort();
    for name in names.iter().take(usize::try_from(BEFORE).expect("a few")) {
        std::fs::copy(all.join(name), scripts.path().join(name)).expect("copied");
    }
    std::fs::write(folder.join("concierge.db"), []).expect("an empty file");
    let mut store = store_in(folder).await;
    Migrator::new(scripts.path()).await.expect("read").run(&mut store).await.expect("the store of before");
    store.close().await.expect("closed");
}

/// What the store's tables are, and how many migrations have been done.
async fn tables(folder: &Path) -> (Vec<(String,)>, i64) {
    let mut store = store_in(folder).await;
    let sql = "SELECT COALESCE(sql, '') FROM sqlite_schema WHERE name NOT LIKE '\\_sqlx%' ESCAPE '\\' ORDER BY name, sql";
    let tables = sqlx::query_as(sql).fetch_all(&mut store).await.expect("tables");
    let done = "SELECT COUNT(*) FROM _sqlx_migrations WHERE success";
    let (done,): (i64,) = sqlx::query_as(done).fetch_one(&mut store).await.expect("counted");
    store.close().await.expect("closed");
    (tables, done)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_before_is_brought_up_to_date_whenever_it_is_interrupted() {
    let mut rng = dice(10);
    let fresh = tempfile::tempdir().expect("a folder");
    Hub::seed(fresh.path());
    let expected = tables(fresh.path()).await;
    let mut before = BEFORE;
    for commit in 1.. {
        let folder = tempfile::tempdir().expect("a folder");
        old_store(folder.path()).await;
        if !Hub::start_and_crash(folder.path(), UPGRADING, commit).await {
            break;
        }
        let (_, done) = tables(folder.path()).await;
        assert!((before..=before + 1).contains(&done), "a step is done whole or not at all: {done}");
        before = done;
        // A start that is cut short as well.
        Hub::start_and_crash(folder.path(), UPGRADING, rng.random_range(1..10)).await;
        assert!(tables(folder.path()).await.1 >= done, "what was done stays done");
        Hub::start_there(folder.path(), &[], Vec::new()).await.kill();
        assert_eq!(tables(folder.path()).await, expected);
    }
    assert_eq!(before, expected.1, "it was cut short before each step");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_a_newer_hub_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    Hub::seed(folder.path());
    let mut store = store_in(folder.path()).await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'of tomorrow', TRUE, X'00', 1)";
    sqlx::query(newer).execute(&mut store).await.expect("written");
    store.close().await.expect("closed");
    let before = tables(folder.path()).await;
    let (code, says) = Hub::run_once(folder.path(), &["serve"]);
    assert_eq!(code, Some(1), "{says}");
    assert!(says.contains("newer") && says.contains("9999"), "it says what is the matter: {says}");
    assert_eq!(tables(folder.path()).await, before);
}
