//! What may not stand in the tree, and what must.

use std::collections::BTreeSet;

use crate::text::{code_of, files, is_word, none, read, root, rust_files};

/// Lines after which a file is split by verb.
const LONGEST: usize = 600;

/// The same for tests, which have one file per domain.
const LONGEST_TEST: usize = 800;

/// What code may not say, where it may all the same, and what to say instead.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    (".unwrap()", &[], "return the error, or `expect` why it cannot fail"),
    ("todo!(", &[], "finish it, or leave it out"),
    ("unimplemented!(", &[], "finish it, or leave it out"),
    ("dbg!(", &[], "log it, or leave it out"),
    ("SystemTime::now", &["src/ports/clock.rs"], "ask `cx.now` or `ports::Clock`"),
    ("Timestamp::now", &["src/ports/clock.rs"], "ask `cx.now` or `ports::Clock`"),
    ("Zoned::now", &["src/ports/clock.rs"], "ask `cx.now` or `ports::Clock`"),
    ("Utc::now", &[], "ask `cx.now` or `ports::Clock`"),
    ("thread::sleep", &[], "it blocks a worker; use `tokio::time::sleep`"),
    ("unbounded", &[], "every queue has a bound and a rule for when it is full"),
];

#[test]
fn code_says_nothing_forbidden() {
    let mut complaints = Vec::new();
    for file in rust_files("src") {
        for (number, line) in (1..).zip(code_of(&file.text).lines()) {
            for (words, places, instead) in FORBIDDEN {
                if line.contains(words) && !places.contains(&file.path.as_str()) {
                    complaints.push(format!("{}:{number}: {words}: {instead}", file.path));
                }
            }
        }
    }
    none("forbidden in src/", &complaints);
}

#[test]
fn files_are_short() {
    let code = [".rs", ".ts", ".tsx", ".mjs"];
    let complaints: Vec<String> = files()
        .iter()
        .filter(|file| code.iter().any(|ending| file.path.ends_with(ending)))
        .map(|file| (file, file.text.lines().count()))
        .filter(|(file, lines)| *lines > longest(&file.path))
        .map(|(file, lines)| format!("{} has {lines} lines", file.path))
        .collect();
    none(&format!("a file has at most {LONGEST} lines; split it by verb"), &complaints);
}

fn longest(path: &str) -> usize {
    if path.starts_with("tests/") { LONGEST_TEST } else { LONGEST }
}

#[test]
fn every_module_says_what_it_is() {
    let without = |file: &&crate::text::File| !file.text.starts_with("//! ");
    let complaints: Vec<String> =
        rust_files("src").iter().filter(without).map(|file| file.path.clone()).collect();
    none("a file that does not begin with //! and its purpose", &complaints);
}

#[test]
fn both_engines_have_the_same_migrations() {
    let names = |engine: &str| -> BTreeSet<String> {
        let folder = std::fs::read_dir(root().join("migrations").join(engine)).expect("a folder per engine");
        folder.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    };
    let (sqlite, postgres) = (names("sqlite"), names("postgres"));
    assert_eq!(sqlite, postgres);
    for (number, name) in (1..).zip(&sqlite) {
        assert!(name.starts_with(&format!("{number:04}_")), "{name} should begin with {number:04}_");
    }
}

#[test]
fn nothing_names_a_folder_of_one_machine() {
    // Put together here, so that this file may be looked at too.
    let folders = ["work", "root", "home"].map(|folder| format!("/{folder}/"));
    let mut complaints = Vec::new();
    for file in files() {
        for (number, line) in (1..).zip(file.text.lines()) {
            let starts_there = |folder: &String| {
                line.match_indices(folder.as_str()).any(|(at, _)| {
                    !line[..at].ends_with(|before| is_word(before) || matches!(before, '.' | '-' | '}' | '*'))
                })
            };
            if folders.iter().any(starts_there) {
                complaints.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    none("a path of one machine", &complaints);
}

#[test]
fn every_error_code_is_used() {
    let codes = code_of(&read("src/protocol/error.rs"));
    let used: String = rust_files("src").iter().map(|file| code_of(&file.text)).collect();
    let variants = codes
        .lines()
        .filter_map(|line| Some(line.trim().split_once(" = ")?.0))
        .filter(|name| name.chars().all(is_word));
    let mut seen = 0;
    let mut complaints = Vec::new();
    for variant in variants {
        seen += 1;
        let path = format!("ErrorCode::{variant}");
        let times = used.match_indices(&path).filter(|(at, _)| !used[at + path.len()..].starts_with(is_word));
        // Once for its HTTP status, and at least once where something is refused.
        if times.count() < 2 {
            complaints.push(path);
        }
    }
    assert!(seen > 10, "the codes are found");
    none("an error code that nothing gives", &complaints);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut complaints = Vec::new();
    for file in files().iter().filter(|file| file.path.ends_with(".md")) {
        let folder = root().join(&file.path);
        let folder = folder.parent().expect("a file is in a folder");
        for (_, after) in file.text.match_indices("](").map(|(at, mark)| (at, &file.text[at + mark.len()..]))
        {
            let target = after.split(')').next().unwrap_or_default();
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let there = if path.is_empty() { root().join(&file.path) } else { folder.join(path) };
            let found = match std::fs::read_to_string(&there) {
                Ok(text) => anchor.is_empty() || text.lines().any(|line| is_heading(line, anchor)),
                Err(_) => there.exists() && anchor.is_empty(),
            };
            if !found {
                complaints.push(format!("{}: {target}", file.path));
            }
        }
    }
    none("a link that leads nowhere", &complaints);
}

/// Whether a line is the heading that an anchor names.
fn is_heading(line: &str, anchor: &str) -> bool {
    let Some(heading) = line.strip_prefix('#').map(|rest| rest.trim_start_matches('#').trim()) else {
        return false;
    };
    let kept = heading.chars().filter(|character| is_word(*character) || matches!(character, ' ' | '-'));
    kept.collect::<String>().to_lowercase().replace(' ', "-") == anchor
}
