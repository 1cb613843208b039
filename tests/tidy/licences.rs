//! The licences and sources of every package, held against deny.toml.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::text::{none, read};

#[test]
fn every_package_has_an_allowed_licence() {
    let rules = rules();
    let allowed: BTreeSet<&str> = words(&rules, "licenses", "allow").collect();
    let mut needed = BTreeSet::new();
    let mut complaints = Vec::new();
    for package in packages() {
        let name = format!("{} {}", text(&package["name"]), text(&package["version"]));
        let licence = text(&package["license"]).replace('/', " OR ");
        let is_allowed = allows(&licence, &mut |one| {
            needed.insert(one.to_owned());
            allowed.contains(one)
        });
        if !is_allowed {
            complaints.push(format!("{name}: {licence:?}"));
        }
    }
    let stale = allowed.iter().filter(|one| !needed.contains(**one));
    complaints.extend(stale.map(|one| format!("{one} is allowed, but no package has it")));
    none("licences against deny.toml", &complaints);
}

#[test]
fn every_package_comes_from_the_registry() {
    let lock: toml::Table = read("Cargo.lock").parse().expect("Cargo.lock is TOML");
    let rules = rules();
    let sources: BTreeSet<&str> = words(&rules, "sources", "allow-registry").collect();
    let packages = lock["package"].as_array().expect("a list of packages");
    let complaints: Vec<String> = packages
        .iter()
        .filter_map(|package| {
            let source = package.get("source")?.as_str()?;
            let known = source.strip_prefix("registry+").is_some_and(|registry| sources.contains(registry));
            (!known).then(|| format!("{}: {source}", package["name"]))
        })
        .collect();
    none("a package from elsewhere", &complaints);
}

#[test]
fn every_version_is_named() {
    let mut complaints = Vec::new();
    for path in ["Cargo.toml", "minilm/Cargo.toml", "wal-gather/Cargo.toml", "web/embed/Cargo.toml"] {
        let manifest: toml::Table = read(path).parse().expect("a manifest is TOML");
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, how) in manifest.get(section).and_then(toml::Value::as_table).into_iter().flatten() {
                let version = how.as_str().or_else(|| how.get("version")?.as_str());
                let is_ours = how.get("path").is_some();
                if !is_ours && version.is_none_or(|version| version.contains('*')) {
                    complaints.push(format!("{path}: {name}"));
                }
            }
        }
    }
    none("a dependency without a version", &complaints);
}

fn rules() -> toml::Table {
    read("deny.toml").parse().expect("deny.toml is TOML")
}

fn words<'a>(rules: &'a toml::Table, section: &str, list: &str) -> impl Iterator<Item = &'a str> {
    rules[section][list].as_array().expect("a list").iter().filter_map(toml::Value::as_str)
}

/// What this platform's build is made of, as Cargo knows it without asking anybody.
fn packages() -> Vec<Value> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let version = String::from_utf8(rustc.stdout).expect("rustc speaks UTF-8");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    let output = Command::new(cargo)
        .args(["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", host])
        .current_dir(crate::text::root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let mut metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo speaks JSON");
    match metadata["packages"].take() {
        Value::Array(packages) => packages,
        other => panic!("a list of packages, not {other}"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Whether an SPDX expression is allowed: `OR` needs one side, `AND` both.
fn allows(expression: &str, is_allowed: &mut dyn FnMut(&str) -> bool) -> bool {
    let expression = unwrapped(expression.trim());
    let is_choice = cut(expression, " OR ").is_some();
    let Some(sides) = cut(expression, " OR ").or_else(|| cut(expression, " AND ")) else {
        return is_allowed(expression);
    };
    // Each side is looked at, so that every allowed licence counts as needed.
    let allowed: Vec<bool> = sides.into_iter().map(|side| allows(side, is_allowed)).collect();
    if is_choice { allowed.contains(&true) } else { !allowed.contains(&false) }
}

/// Cuts at a word outside parentheses; none if it does not occur there.
fn cut<'a>(expression: &'a str, word: &str) -> Option<Vec<&'a str>> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (at, character) in expression.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && at >= start && expression[at..].starts_with(word) => {
                parts.push(&expression[start..at]);
                start = at + word.len();
            }
            _ => {}
        }
    }
    parts.push(&expression[start..]);
    (parts.len() > 1).then_some(parts)
}

/// The expression without parentheses around the whole of it.
fn unwrapped(expression: &str) -> &str {
    let Some(inner) = expression.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) else {
        return expression;
    };
    let mut depth = 0_i32;
    let closes_early = inner.chars().any(|character| {
        depth += i32::from(character == '(') - i32::from(character == ')');
        depth < 0
    });
    if closes_early { expression } else { inner }
}

#[test]
fn expressions_are_read_as_spdx_says() {
    let has = |expression: &str| allows(expression, &mut |one| one == "MIT");
    assert!(has("MIT OR Apache-2.0") && has("(MIT)") && has("MIT AND (GPL-3.0 OR MIT)"));
    assert!(!has("MIT AND GPL-3.0") && !has("(GPL-3.0) OR (GPL-2.0)") && !has(""));
}
