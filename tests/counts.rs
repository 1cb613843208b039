//! Instructions that a message costs, counted by callgrind and compared with what they were.
//!
//! Counts do not depend on what else the machine does, so a piece of work that needs a twentieth more than
//! `tests/counts.json` says has become slower in earnest. `make counts` counts; with `CONCIERGE_COUNTS=write`
//! it writes the numbers anew, to be committed with the change that moved them and its reason. Counted is
//! the debug build, which CI has already: the numbers are for comparison, the times are in `cargo bench`.

#[path = "../benches/work/mod.rs"]
mod work;

use std::collections::BTreeMap;
use std::process::Command;

use work::{Room, Store, parse};

/// What is known.
const KNOWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/counts.json");

/// The share more that is a failure.
const MORE: f64 = 0.05;

/// This test, which is also the program that is counted.
const COUNTED: &str = "a_message_costs_no_more_instructions_than_it_did";

/// Each piece of work, and how often more it is done in the second of two runs: what both do besides cancels.
const WORK: [(&str, u64); 3] = [("parse", 200), ("commit", 3), ("deliver", 20)];

#[test]
fn a_message_costs_no_more_instructions_than_it_did() {
    if let Ok(work) = std::env::var("COUNTED_WORK") {
        let (name, times) = work.split_once(':').expect("a name and a number");
        return works(name, times.parse().expect("a number"));
    }
    let mut counts = BTreeMap::new();
    for (name, times) in WORK {
        let more = instructions(name, 1 + times) - instructions(name, 1);
        counts.insert(name.to_owned(), more / times);
    }
    if std::env::var("CONCIERGE_COUNTS").is_ok_and(|wish| wish == "write") {
        let text = serde_json::to_string_pretty(&counts).expect("numbers are JSON");
        return std::fs::write(KNOWN, text + "\n").expect("written");
    }
    let known = std::fs::read_to_string(KNOWN).expect("the counts of before");
    let known: BTreeMap<String, u64> = serde_json::from_str(&known).expect("they are readable");
    let float = |count: u64| f64::from(u32::try_from(count).expect("less than four billion"));
    let mut slower = Vec::new();
    for (name, now) in &counts {
        let share = float(*now) / float(known[name]) - 1.0;
        say(&format!("count: {name} {now} instructions, {:+.1} %", share * 100.0));
        if share > MORE {
            slower.push(format!("{name}: {} instructions before, {now} now", known[name]));
        }
    }
    assert!(slower.is_empty(), "{slower:?}; if that is meant to be, CONCIERGE_COUNTS=write make counts");
}

/// Does a piece of work so many times.
fn works(name: &str, times: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    match name {
        "parse" => (0..times).for_each(|_| parse()),
        "deliver" => {
            let mut room = Room::open();
            (0..times).for_each(|_| room.deliver());
        }
        "commit" => runtime.block_on(async {
            let folder = tempfile::tempdir().expect("a folder");
            let mut store = Store::make(folder.path()).await;
            for _ in 0..times {
                store.commit().await;
            }
        }),
        other => panic!("there is no work {other}"),
    }
}

/// Instructions of a whole run, all threads together.
fn instructions(name: &str, times: u64) -> u64 {
    let mut run = Command::new("valgrind");
    run.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    run.arg(std::env::current_exe().expect("this program")).args([COUNTED, "--exact", "--test-threads=1"]);
    let ran = run.env("COUNTED_WORK", format!("{name}:{times}")).output();
    let ran = ran.expect("`make needs` installs valgrind");
    let says = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{says}");
    let line = says.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = line.unwrap_or_else(|| panic!("callgrind does not say how many: {says}"));
    count.trim().parse().expect("a number")
}

#[expect(clippy::print_stderr, reason = "shown with --nocapture")]
fn say(line: &str) {
    eprintln!("{line}");
}
