//! SQLite with this file system beside SQLite without it, on the same file.

use std::path::Path;

use proptest::prelude::*;
use rusqlite::{Connection, OpenFlags};

/// A connection whose log is gathered.
fn gathered(path: &Path) -> Connection {
    let name = wal_gather::register().expect("SQLite takes it");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags_and_vfs(path, flags, name).expect("it opens")
}

fn plain(path: &Path) -> Connection {
    Connection::open(path).expect("it opens")
}

fn ask(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).expect(sql)
}

fn is_whole(connection: &Connection) {
    let found: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
    assert_eq!(found, "ok");
}

/// A store in a folder that is deleted with it.
fn store(settings: &str) -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().expect("a folder");
    let connection = gathered(&folder.path().join("x.db"));
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0").expect("it is set");
    connection.execute_batch(settings).expect("it is set");
    connection.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY, v BLOB)").expect("a table");
    (folder, connection)
}

#[test]
fn others_see_a_transaction_once_it_is_committed_whatever_is_synced() {
    for level in ["FULL", "NORMAL", "OFF"] {
        let (folder, writer) = store(&format!("PRAGMA synchronous = {level}"));
        let reader = plain(&folder.path().join("x.db"));
        for n in 1..=50_i64 {
            writer.execute_batch("BEGIN").expect("begun");
            // From a page to a hundred: more than is held at once.
            writer.execute("INSERT INTO t VALUES (?1, randomblob(?1 * 8000))", [n]).expect("inserted");
            assert_eq!(ask(&reader, "SELECT COUNT(*) FROM t"), n - 1, "{level}");
            writer.execute_batch("COMMIT").expect("committed");
            assert_eq!(ask(&reader, "SELECT SUM(length(v)) FROM t"), n * (n + 1) / 2 * 8_000, "{level}");
        }
        is_whole(&reader);
    }
}

#[test]
fn a_transaction_that_outgrows_its_memory_is_committed_or_undone_whole() {
    let (folder, mut writer) =
        store("PRAGMA synchronous = FULL; PRAGMA cache_size = 10; PRAGMA cache_spill = 1");
    let reader = plain(&folder.path().join("x.db"));
    let fill = |writer: &mut Connection, commits: bool| {
        let tx = writer.transaction().expect("begun");
        for n in 1..=300_i64 {
            tx.execute("INSERT INTO t VALUES (NULL, randomblob(3000))", []).expect("inserted");
            // Pages that were written to the log before are read from it, and written there again.
            tx.execute("UPDATE t SET v = randomblob(2900) WHERE n % 7 = ?1 % 7", [n]).expect("changed");
        }
        if commits { tx.commit() } else { tx.rollback() }.expect("ended");
    };
    fill(&mut writer, true);
    assert_eq!(ask(&reader, "SELECT COUNT(*) FROM t"), 300);
    fill(&mut writer, false);
    assert_eq!(ask(&writer, "SELECT COUNT(*) FROM t"), 300);
    fill(&mut writer, true);
    assert_eq!(ask(&reader, "SELECT COUNT(*) FROM t"), 600);
    is_whole(&reader);
    drop(reader);
    drop(writer);
    let again = plain(&folder.path().join("x.db"));
    assert_eq!(ask(&again, "SELECT COUNT(*) FROM t"), 600);
    is_whole(&again);
}

#[test]
fn a_log_is_found_by_who_comes_after_its_writer_died() {
    let (folder, writer) = store("PRAGMA synchronous = FULL");
    writer.execute_batch("INSERT INTO t VALUES (1, randomblob(60000))").expect("inserted");
    writer.execute_batch("BEGIN; INSERT INTO t VALUES (2, randomblob(60000))").expect("inserted");
    // As a process leaves its files that is killed here.
    let copy = tempfile::tempdir().expect("a folder");
    for name in ["x.db", "x.db-wal"] {
        std::fs::copy(folder.path().join(name), copy.path().join(name)).expect("copied");
    }
    let heir = plain(&copy.path().join("x.db"));
    assert_eq!(ask(&heir, "SELECT COUNT(*) FROM t"), 1);
    is_whole(&heir);
}

#[test]
fn a_log_that_begins_anew_is_copied_by_others_meanwhile() {
    let (folder, writer) = store("PRAGMA synchronous = FULL");
    let copier = plain(&folder.path().join("x.db"));
    for n in 1..=40_i64 {
        writer.execute("INSERT INTO t VALUES (?1, randomblob(20000))", [n]).expect("inserted");
        if n % 5 == 0 {
            let mode = if n % 2 == 0 { "PASSIVE" } else { "TRUNCATE" };
            assert_eq!(ask(&copier, &format!("PRAGMA wal_checkpoint({mode})")), 0);
        }
        if n % 7 == 0 {
            assert_eq!(ask(&writer, "PRAGMA wal_checkpoint(PASSIVE)"), 0);
        }
    }
    assert_eq!(ask(&copier, "SELECT COUNT(*) FROM t"), 40);
    is_whole(&copier);
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u16),
    Change(u16),
    Delete,
    Commit,
    Undo,
    Savepoint,
    Back,
    Copy,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..20_000_u16).prop_map(Step::Insert),
        4 => (0..6_000_u16).prop_map(Step::Change),
        1 => Just(Step::Delete),
        4 => Just(Step::Commit),
        1 => Just(Step::Undo),
        1 => Just(Step::Savepoint),
        1 => Just(Step::Back),
        1 => Just(Step::Copy),
        1 => Just(Step::Reopen),
    ]
}

/// Does the step; a word that does not fit (a rollback of nothing) is refused by both alike.
fn take(connection: &Connection, step: &Step) -> bool {
    let sql = match step {
        Step::Insert(length) => format!("INSERT INTO t (v) VALUES (zeroblob({length}))"),
        Step::Change(length) => format!("UPDATE t SET v = zeroblob({length}) WHERE n % 3 = 0"),
        Step::Delete => "DELETE FROM t WHERE n % 4 = 1".to_owned(),
        Step::Commit => "COMMIT; BEGIN".to_owned(),
        Step::Undo => "ROLLBACK; BEGIN".to_owned(),
        Step::Savepoint => "SAVEPOINT here".to_owned(),
        Step::Back => "ROLLBACK TO here".to_owned(),
        Step::Copy => "COMMIT; PRAGMA wal_checkpoint(PASSIVE); BEGIN".to_owned(),
        Step::Reopen => "COMMIT".to_owned(),
    };
    connection.execute_batch(&sql).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is done, the rows are those that SQLite alone would have, for the writer and for a reader.
    #[test]
    fn what_is_stored_is_what_sqlite_alone_would_store(
        steps in proptest::collection::vec(step(), 1..60),
        memory in 5..60_u32,
        level in prop_oneof![Just("FULL"), Just("NORMAL")],
    ) {
        const SUM: &str = "SELECT COALESCE(SUM(n * 31 + length(v)), 0) FROM t";
        let settings = format!("PRAGMA synchronous = {level}; PRAGMA cache_size = {memory}");
        let (folder, mut writer) = store(&settings);
        let alone = Connection::open_in_memory().expect("it opens");
        alone.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY, v BLOB); BEGIN").expect("a table");
        writer.execute_batch("BEGIN").expect("begun");
        let path = folder.path().join("x.db");
        let reader = plain(&path);
        for step in &steps {
            prop_assert_eq!(take(&writer, step), take(&alone, step), "{:?}", step);
            if let Step::Reopen = step {
                drop(writer);
                writer = gathered(&path);
                writer.execute_batch(&settings).expect("it is set");
                writer.execute_batch("PRAGMA wal_autocheckpoint = 0; BEGIN").expect("begun");
                alone.execute_batch("BEGIN").expect("begun");
            }
            prop_assert_eq!(ask(&writer, SUM), ask(&alone, SUM), "{:?}", step);
            if matches!(step, Step::Commit | Step::Copy | Step::Reopen) {
                prop_assert_eq!(ask(&reader, SUM), ask(&alone, SUM), "{:?}", step);
            }
        }
        is_whole(&reader);
    }
}
