//! Every setting, wrong (O4).

use concierge::config::DEFAULT;

use crate::hub::Hub;

/// Values that have the right type and are wrong all the same.
const WRONG: &[(&str, &str)] = &[
    ("http.listen", "\"nowhere\""),
    ("http.requests_per_minute", "0"),
    ("sockets.burst", "0"),
    ("sockets.per_second", "0"),
    ("sessions.attempts_per_minute", "0"),
    ("embeddings.languages", "\"klingon\""),
    ("log.format", "\"xml\""),
];

/// Every setting with a value of another type, and every number below zero.
fn wrong() -> Vec<(String, String)> {
    let known: toml::Table = DEFAULT.parse().expect("it is TOML");
    let mut wrong: Vec<(String, String)> =
        WRONG.iter().map(|(setting, value)| ((*setting).to_owned(), (*value).to_owned())).collect();
    for (section, settings) in &known {
        for (setting, value) in settings.as_table().expect("a section") {
            let name = format!("{section}.{setting}");
            let other = if value.is_str() { "7" } else { "\"seven\"" };
            wrong.push((name.clone(), other.to_owned()));
            if value.is_integer() {
                wrong.push((name, "-1".to_owned()));
            }
        }
    }
    wrong
}

#[test]
fn every_wrong_setting_is_refused_with_its_line_and_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("concierge.toml");
    let all = wrong();
    assert!(all.len() > 90, "{}", all.len());
    let mut badly_told = Vec::new();
    for (name, value) in all {
        let (section, setting) = name.split_once('.').expect("a section");
        std::fs::write(&file, format!("# Ours.\n\n[{section}]\n# Wrong.\n{setting} = {value}\n"))
            .expect("written");
        let path = file.to_str().expect("text");
        let (code, says) = Hub::run_once(folder.path(), &["--config", path, "serve"]);
        let one_line = says.trim().lines().count() == 1;
        if code != Some(2) || !says.contains("line 5: ") || !says.contains(&name) || !one_line {
            badly_told.push(format!("{name} = {value}: {code:?}: {says}"));
        }
    }
    assert!(badly_told.is_empty(), "{}", badly_told.join("\n"));
    assert!(!folder.path().join("concierge.db").exists(), "nothing was begun");
}

#[test]
fn a_wrong_setting_of_the_environment_is_refused_by_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    for (variable, value) in [
        ("CONCIERGE__HTTP__LISTEN", "nowhere"),
        ("CONCIERGE__SOCKETS__BURST", "0"),
        ("CONCIERGE__SOCKETS__BURST", "many"),
        ("CONCIERGE__SOCKETS__BURSTS", "7"),
        ("CONCIERGE__LOG__FORMAT", "xml"),
    ] {
        let (code, says) = Hub::run_once_with(folder.path(), &["serve"], &[(variable, value)]);
        assert_eq!(code, Some(2), "{variable}={value}: {says}");
        assert!(says.contains(variable) && says.trim().lines().count() == 1, "{variable}={value}: {says}");
    }
}
