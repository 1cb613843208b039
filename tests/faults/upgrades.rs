//! Stores of other versions (D10): one of before is brought up to date, also when that is interrupted; one
//! that a newer hub has written is left alone.

use rand::RngExt as _;
use sqlx::Connection as _;
use sqlx::migrate::Migrator;
use std::path::Path;

use crate::hub::{Hub, store_in};
use crate::{PATIENCE, dice};

/// Migrations that the store of before has: those of the first version that had customers' data.
const BEFORE: usize = 5;

/// Makes the store that an older hub left behind.
async fn old_store(folder: &Path) {
    let scripts = tempfile::tempdir().expect("a folder");
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let mut names: Vec<_> =
        std::fs::read_dir(&all).expect("migrations").map(|file| file.expect("a file").file_name()).collect();
    names.sort();
    for name in names.iter().take(BEFORE) {
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
    // How long a start takes here until it answers, which is after the last migration.
    let measured = tempfile::tempdir().expect("a folder");
    old_store(measured.path()).await;
    let whole = Hub::start_and_kill(measured.path(), PATIENCE).await;
    let mut interrupted = 0;
    for round in 0.. {
        // A start that is quicker than the one that was measured may be over before each of its kills.
        if round >= 12 && interrupted > 0 {
            break;
        }
        assert!(round < 100, "no kill came before the last migration");
        let folder = tempfile::tempdir().expect("a folder");
        old_store(folder.path()).await;
        for _ in 0..2 {
            Hub::start_and_kill(folder.path(), whole.mul_f64(rng.random_range(0.05..1.0))).await;
            let (_, done) = tables(folder.path()).await;
            assert!(done >= i64::try_from(BEFORE).expect("a few"), "what was done stays done");
            interrupted += u32::from(done < expected.1);
        }
        let mut hub = Hub::start_there(folder.path(), &[], Vec::new()).await;
        hub.kill();
        assert_eq!(tables(folder.path()).await, expected);
    }
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
