//! Every statement asks for the workspace.

use crate::text::{none, rust_files, strings_of};

/// Statements that see more than one workspace, by the file and the words they hold, and why they may.
const ACROSS: &[(&str, &str, &str)] = &[];

/// Words a statement begins with.
const VERBS: &[&str] = &["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "];

#[test]
fn every_statement_asks_for_the_workspace() {
    let mut complaints = Vec::new();
    let mut used = vec![false; ACROSS.len()];
    for file in rust_files("src") {
        for (line, text) in strings_of(&file.text) {
            let statement = text.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ");
            if !VERBS.iter().any(|verb| statement.starts_with(verb)) || statement.contains("workspace") {
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
