//! Every statement asks for the workspace.

use crate::text::{none, root, rust_files, strings_of};

/// Statements that see more than one workspace, by the file and the words they hold, and why they may.
const ACROSS: &[(&str, &str, &str)] = &[
    ("src/app/node.rs", " meta ", "the epoch is the store's"),
    ("src/ports/db/snapshot.rs", " meta ", "the epoch is the store's"),
    ("src/identity/token.rs", " meta ", "the signing key is the store's"),
    ("src/workspaces/store.rs", " meta ", "which workspace was the first is the store's"),
    (
        "src/conversations/turns.rs",
        "customer_seq > answered_seq AND (turn_lease_until",
        "the sweep serves all",
    ),
    (
        "src/conversations/turns.rs",
        "WHERE turn_lease_by IS NOT NULL",
        "a start frees what the process before it held",
    ),
    ("src/files/transcripts.rs", "lease_until < $1) ORDER BY", "the worker listens for all"),
    ("src/files/uploads/store.rs", "WHERE expires_at <= $1", "the sweep serves all"),
    (
        "src/files/transcripts.rs",
        "AND lease_until IS NOT NULL",
        "a start frees what the process before it held",
    ),
    ("src/conversations/snooze.rs", "WHERE snoozed_until IS NOT NULL", "the sweep serves all"),
    ("src/conversations/words.rs", "WHERE indexed_seq < last_seq", "the sweep serves all"),
    ("src/conversations/words.rs", "INSERT INTO entry_words (workspace,", "the index has its own column"),
    ("src/conversations/list.rs", "entry_words MATCH", "the index has its own column, which the MATCH names"),
    ("src/drafts/overdue.rs", "waits_told_at IS NULL AND drafts.created_at", "the sweep serves all"),
    ("src/conversations/replays.rs", "WHERE rules_from IS NOT NULL ORDER BY", "the worker serves all"),
    ("src/sequences/runs.rs", "WHERE runs.ended_at IS NULL AND (runs.look_at", "the worker serves all"),
    ("src/contacts/store.rs", "WHERE rules_due IS NOT NULL LIMIT", "the worker serves all"),
    (
        "src/rules/store.rs",
        "SELECT DISTINCT workspace_id FROM rules",
        "the worker looks for rules of time of all",
    ),
    (
        "src/hooks/store.rs",
        "WHERE id = $1 AND enabled_at IS NOT NULL",
        "a call names its hook and nothing else",
    ),
    ("src/schemas/store.rs", "WHERE rules_at IS NULL ORDER BY", "the worker serves all"),
    ("src/jobs/store.rs", "WHERE state = 'running'", "a start frees what the process before it held"),
    ("src/jobs/store.rs", "UPDATE jobs SET state = 'running'", "the runner takes the jobs of all"),
    ("src/jobs/store.rs", "SELECT MIN(CASE", "the runner waits for the next job of all"),
    ("src/jobs/store.rs", "SELECT COUNT(*)", "operators and tests count the jobs of all"),
    (
        "src/drafts/store.rs",
        "SELECT id, conversation_id, turn_id",
        "only columns; the condition is put on where it is used",
    ),
    ("src/ports/db/lite/link.rs", "", "the driver's own tests have a table of their own"),
    ("src/knowledge/store.rs", "passage_words", "the index has its own column, which the MATCH names"),
    ("src/workspaces/store.rs", " workspaces ", "the row is the workspace; listing all is for the start"),
];

/// Words a statement begins with.
const VERBS: &[&str] = &["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "];

#[test]
fn every_statement_asks_for_the_workspace() {
    let mut complaints = Vec::new();
    let mut used = vec![false; ACROSS.len()];
    for file in rust_files("src") {
        for (line, text) in strings_of(&file.text) {
            let statement = text.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ");
            if !VERBS.iter().any(|verb| statement.starts_with(verb)) || asks(&statement) {
                continue;
            }
            let known =
                ACROSS.iter().position(|(path, words, _)| *path == file.path && statement.contains(words));
            match known {
                Some(known) => used[known] = true,
                None => complaints.push(format!("{}:{line}: {statement}", file.path)),
            }
        }
    }
    let stale = ACROSS.iter().zip(used).filter(|(_, used)| !used);
    complaints
        .extend(stale.map(|((path, words, _), _)| format!("{path}: no statement holds {words:?} any more")));
    none("a statement without its workspace; add the condition, or a reason to ACROSS", &complaints);
}

/// SQLite knows nothing of how many rows an index leads to: asked for a few rows of a workspace by their keys
/// it may as well walk through all of the workspace. A plus before the column keeps it from that.
#[test]
fn rows_that_are_listed_are_looked_up_by_their_keys() {
    let store = rusqlite::Connection::open_in_memory().expect("a store");
    let mut steps: Vec<_> =
        std::fs::read_dir(root().join("migrations/sqlite")).expect("steps").flatten().collect();
    steps.sort_by_key(std::fs::DirEntry::path);
    for step in steps {
        store.execute_batch(&std::fs::read_to_string(step.path()).expect("a step")).expect("a step is taken");
    }
    let (mut seen, mut complaints) = (0, Vec::new());
    for file in rust_files("src") {
        for (line, text) in strings_of(&file.text) {
            let statement = text.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ");
            let lists =
                VERBS.iter().any(|verb| statement.starts_with(verb)) && statement.contains("FROM json_each(");
            // What is no statement of SQLite's as it stands is put together where it is used.
            let Some(mut plan) =
                lists.then(|| store.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).ok()).flatten()
            else {
                continue;
            };
            seen += 1;
            let mut steps = plan.raw_query();
            while let Some(step) = steps.next().expect("a plan") {
                let step: String = step.get(3).expect("a step");
                if step.ends_with("(workspace_id=?)") {
                    complaints.push(format!("{}:{line}: {step}", file.path));
                }
            }
        }
    }
    assert!(seen > 5, "statements were found: {seen}");
    none("a statement that walks through a workspace for the rows of a list", &complaints);
}

/// An insert names the column, everything else compares it.
fn asks(statement: &str) -> bool {
    match statement.starts_with("INSERT ") {
        true => statement.contains("workspace_id"),
        false => ["workspace_id = ", "workspace_id IS NOT DISTINCT FROM "]
            .iter()
            .any(|asks| statement.contains(asks)),
    }
}
