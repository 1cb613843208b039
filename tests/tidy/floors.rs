//! The tables of ARCHITECTURE.md, held against what the modules really use.

use std::collections::{BTreeMap, BTreeSet};

use crate::text::{code_of, is_word, none, read, rust_files, table, ticked};

const FLOORS: &str = "| floor | modules | what lives there |";
const VENDORS: &str = "| crate | where |";

#[test]
fn modules_use_lower_floors_only() {
    let floors = floors();
    let mut complaints = Vec::new();
    for (from, to, path) in edges() {
        match (floors.get(&from), floors.get(&to)) {
            (Some(above), Some(below)) if above > below => {}
            (Some(above), Some(below)) => {
                complaints.push(format!("{path}: {from} (floor {above}) uses {to} (floor {below})"));
            }
            _ => complaints.push(format!("{path}: {from} or {to} is not in the table of floors")),
        }
    }
    none("a module may use lower floors only (ARCHITECTURE.md, Floors)", &complaints);
}

#[test]
fn every_module_has_a_floor() {
    let listed: BTreeSet<String> = floors().into_keys().collect();
    let there: BTreeSet<String> = rust_files("src").iter().filter_map(|file| module_of(&file.path)).collect();
    let complaints: Vec<String> = listed.symmetric_difference(&there).cloned().collect();
    none("in src/ or in the table of floors, but not in both", &complaints);
}

#[test]
fn vendors_are_named_where_they_belong() {
    let vendors = vendors();
    let mut complaints = Vec::new();
    let mut used = BTreeSet::new();
    for file in rust_files("src") {
        let code = code_of(&file.text);
        let path = file.path.trim_start_matches("src/");
        for (vendor, places) in &vendors {
            if !names(&code, vendor) {
                continue;
            }
            used.insert(vendor.clone());
            if !places.iter().any(|place| is_in(path, place)) {
                complaints.push(format!("{}: {vendor} is named in {} only", file.path, places.join(", ")));
            }
        }
    }
    let unused = vendors.keys().filter(|vendor| !used.contains(*vendor));
    complaints.extend(unused.map(|vendor| format!("{vendor} is in the table but named nowhere")));
    none("a vendor is named in its own place only (ARCHITECTURE.md, Vendors)", &complaints);
}

#[test]
fn every_dependency_is_used() {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("Cargo.toml is TOML");
    let code: String = ["src", "tests", "benches"]
        .iter()
        .flat_map(|folder| rust_files(folder))
        .map(|file| code_of(&file.text))
        .collect();
    let mut complaints = Vec::new();
    for section in ["dependencies", "dev-dependencies"] {
        let names_of = manifest[section].as_table().expect("a table of dependencies").keys();
        complaints.extend(names_of.filter(|name| !names(&code, &name.replace('-', "_"))).cloned());
    }
    none("a dependency that nothing uses", &complaints);
}

/// Module to floor, as the table says.
fn floors() -> BTreeMap<String, u32> {
    let mut floors = BTreeMap::new();
    for row in table(&read("ARCHITECTURE.md"), FLOORS) {
        let floor: u32 = row[0].parse().expect("a floor is a number");
        for module in ticked(&row[1]) {
            assert!(floors.insert(module.clone(), floor).is_none(), "{module} is on two floors");
        }
    }
    assert!(!floors.is_empty(), "ARCHITECTURE.md has a table that begins with {FLOORS}");
    floors
}

/// Crate to the places that may name it.
fn vendors() -> BTreeMap<String, Vec<String>> {
    let rows = table(&read("ARCHITECTURE.md"), VENDORS);
    assert!(!rows.is_empty(), "ARCHITECTURE.md has a table that begins with {VENDORS}");
    rows.iter().map(|row| (ticked(&row[0]).concat(), ticked(&row[1]))).collect()
}

/// Every use of one module by another: from, to, file.
fn edges() -> BTreeSet<(String, String, String)> {
    let files = rust_files("src");
    let mut macros = BTreeMap::new();
    for file in &files {
        for (_, after) in split_at_each(&code_of(&file.text), "macro_rules! ") {
            macros.insert(first_word(after), module_of(&file.path).expect("macros live in modules"));
        }
    }
    let mut edges = BTreeSet::new();
    for file in &files {
        let Some(from) = module_of(&file.path) else { continue };
        let code = code_of(&file.text);
        for (before, after) in split_at_each(&code, "crate::") {
            if before.ends_with(is_word) {
                continue;
            }
            for name in heads(after) {
                let to = macros.get(&name).cloned().unwrap_or(name);
                if to != from {
                    edges.insert((from.clone(), to, file.path.clone()));
                }
            }
        }
    }
    edges
}

/// The module a file belongs to; none for the roots of library and binary.
fn module_of(path: &str) -> Option<String> {
    let inner = path.strip_prefix("src/")?;
    match inner.split_once('/') {
        Some((folder, _)) => Some(folder.to_owned()),
        None if matches!(inner, "lib.rs" | "main.rs") => None,
        None => inner.strip_suffix(".rs").map(str::to_owned),
    }
}

/// The first names after `crate::`; several when a group in braces follows.
fn heads(after: &str) -> Vec<String> {
    let Some(group) = after.strip_prefix('{') else { return vec![first_word(after)] };
    let mut names = Vec::new();
    let mut depth = 0;
    let mut item = String::new();
    for character in group.chars() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(first_word(std::mem::take(&mut item).trim())),
            _ if depth == 0 => item.push(character),
            _ => {}
        }
    }
    names.push(first_word(item.trim()));
    names.retain(|name| !name.is_empty());
    names
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|character| is_word(*character)).collect()
}

/// The text before and after each occurrence.
fn split_at_each<'a>(text: &'a str, needle: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    text.match_indices(needle).map(move |(at, _)| (&text[..at], &text[at + needle.len()..]))
}

/// Whether code names a crate: `name::`, or `name!`.
fn names(code: &str, name: &str) -> bool {
    split_at_each(code, name).any(|(before, after)| {
        // `crate::name::` is a module of ours, `.name` a field.
        let starts = !before.ends_with(|character| is_word(character) || matches!(character, ':' | '.'));
        starts && (after.starts_with("::") || after.starts_with('!'))
            || before.ends_with("use ") && after.starts_with(';')
    })
}

/// Whether a path (from `src/`) is in a place: a folder, a file, or `*/name` for files of that name.
fn is_in(path: &str, place: &str) -> bool {
    match place.strip_prefix("*/") {
        Some(name) => path.rsplit('/').next() == Some(name),
        None => path.strip_prefix(place).is_some_and(|rest| rest.starts_with('/') || rest == ".rs"),
    }
}

#[test]
fn groups_of_imports_are_taken_apart() {
    assert_eq!(heads("base::Id;"), ["base"]);
    assert_eq!(heads("{drafts::{self, Draft}, jobs, rules::Rule};"), ["drafts", "jobs", "rules"]);
}
