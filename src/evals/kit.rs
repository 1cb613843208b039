//! The evaluation kit: its sets, the files that go with them, and its scorer.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use super::{Error, lines, prepare};

/// A set and the files that go with it.
#[derive(Debug, Clone, Default)]
pub struct Kit {
    /// The set's name; empty where nobody says.
    pub(super) set: String,
    /// Documents are ranked by plain BM25, to compare with.
    pub(super) words_only: bool,
    files: BTreeMap<String, PathBuf>,
}

impl Kit {
    /// What the kit's `run.py` tells a command in its environment.
    pub fn of_environment() -> Self {
        let files = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.to_str()?.strip_prefix("EVAL_")?.to_lowercase();
            Some((name, PathBuf::from(value)))
        });
        let set = std::env::var("EVAL_SET").unwrap_or_default();
        Self { set, words_only: false, files: files.collect() }
    }

    /// Every line of a file that goes with the set.
    pub(super) fn resource<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, Error> {
        let path = self.files.get(name).ok_or_else(|| Error::Variable(name.to_uppercase()))?;
        lines(std::io::BufReader::new(std::fs::File::open(path)?)).collect()
    }
}

/// The sets this program answers, and their tasks.
const SETS: &[(&str, &str)] = &[
    ("banking77", "intents"),
    ("clinc150", "intents"),
    ("banking77oos", "intents"),
    ("hint3_sofmattress", "intents"),
    ("hint3_curekart", "intents"),
    ("hint3_powerplay11", "intents"),
    ("nlupp_banking", "multi_intents"),
    ("nlupp_hotels", "multi_intents"),
    ("orsharc", "retrieval"),
    ("taubank", "retrieval"),
    ("dstc10", "retrieval"),
    ("xquad_en", "retrieval"),
    ("xquad_es", "retrieval"),
    ("xquad_de", "retrieval"),
    ("restaurant8k", "slots"),
    ("sgd", "slots"),
    ("star", "slots"),
    ("evi", "slots"),
    ("xquad_draft", "grounded"),
    ("dstc11", "grounded"),
    ("injection", "injection"),
];

/// Runs a part of a set, or of every set for `all`, and reports the kit's figures and the time per item. By
/// words only, retrieval alone is run: what plain BM25 finds.
pub fn run(
    set: &str,
    part: &str,
    folder: &Path,
    words_only: bool,
    mut report: impl Write,
) -> Result<(), Error> {
    let is_asked =
        |name: &str, task: &str| (set == "all" || name == set) && (!words_only || task == "retrieval");
    let known: Vec<_> = SETS.iter().filter(|(name, task)| is_asked(name, task)).collect();
    if known.is_empty() {
        let names: Vec<&str> = SETS.iter().map(|(name, _)| *name).collect();
        return Err(Error::Task(format!("{set} among the sets all, {}", names.join(", "))));
    }
    for (name, task) in known {
        run_one((name, task), part, folder, words_only, &mut report)?;
    }
    Ok(())
}

fn run_one(
    (set, task): (&str, &str),
    part: &str,
    folder: &Path,
    words_only: bool,
    report: &mut impl Write,
) -> Result<(), Error> {
    let input = tool(folder, &["feed.py", set, "--part", part], "")?;
    let files = tool(folder, &["feed.py", set, "--part", part, "--resources"], "")?;
    let kit = Kit { set: set.to_owned(), words_only, files: serde_json::from_str(&files)? };
    let started = Instant::now();
    let mut answer = prepare(task, &kit)?;
    let prepared = started.elapsed();
    let (mut answers, mut times) = (String::new(), Vec::new());
    for line in input.lines().filter(|line| !line.trim().is_empty()) {
        let started = Instant::now();
        answers.push_str(&answer(line)?);
        times.push(started.elapsed());
        answers.push('\n');
    }
    let figures = tool(folder, &["score.py", set, "-", "--part", part], &answers)?;
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    writeln!(report, "{set} ({task}, {part}{})", if words_only { ", words only" } else { "" })?;
    report.write_all(figures.as_bytes())?;
    writeln!(report, "{:48} {:.2}", "seconds_to_prepare", prepared.as_secs_f64())?;
    for (name, time) in [("milliseconds_per_item_p50", at(50)), ("milliseconds_per_item_p95", at(95))] {
        writeln!(report, "{name:48} {:.2}", milliseconds(time))?;
    }
    writeln!(report)?;
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Runs one of the kit's own tools, so that its definitions are the ones that count.
fn tool(folder: &Path, arguments: &[&str], input: &str) -> Result<String, Error> {
    let failed = |says: String| Error::Tool { tool: arguments[0].to_owned(), says };
    let mut child = Command::new("python3")
        .arg(folder.join("tools").join(arguments[0]))
        .args(&arguments[1..])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    // All of the input is read before anything is said, so writing it first cannot block for ever.
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let ended = child.wait_with_output()?;
    match ended.status.success() {
        true => Ok(String::from_utf8_lossy(&ended.stdout).into_owned()),
        false => Err(failed(String::from_utf8_lossy(&ended.stderr).trim().to_owned())),
    }
}
