//! The load tester plays against a real hub, and its judge finds nothing: also when lines are cut.

use std::process::{Command, Output};

use concierge::load::{Business, Phase, Plan, Recording, Report, Scenario};
use concierge::ports::db::Engine;
use tokio_util::sync::CancellationToken;

use crate::support::App;

const SMOKE: &str = include_str!("../../benches/scenarios/smoke.toml");

/// A short and lively test: everybody breaks off now and then, all lines are cut in the middle, and visitors stay
/// for so many milliseconds after their last word.
fn scenario(stay: u64) -> Scenario {
    let mut scenario = Scenario::parse(SMOKE).expect("it is right");
    let phase = |name: &str, cut_all| Phase {
        name: name.to_owned(),
        seconds: 1.0,
        arrivals: 12.0,
        to: None,
        cut_all,
    };
    scenario.phases = vec![phase("before", false), phase("after", true)];
    scenario.visitors.think_ms = [20, 200];
    scenario.visitors.stay_ms = [stay, stay * 3 / 2];
    scenario.visitors.reconnects = 0.3;
    scenario.staff.decide_ms = [0, 50];
    scenario.staff.edits = 0.5;
    scenario.staff.rejects = 0.1;
    scenario.staff.takes_over = 0.1;
    scenario
}

/// What happens in such a test, and what is measured of it.
const COUNTED: [&str; 7] = ["arrived", "received", "drafts", "approved", "edited", "broken", "resumed"];
const MEASURED: [&str; 9] =
    ["visit", "connect", "hello", "ack", "service", "delivery", "draft", "approval", "resume"];

async fn play(app: &App, scenario: Scenario) -> Report {
    let staff = ["staff", "manager"].map(|role| format!("{role}@shop.example")).to_vec();
    let business = |slug: &str| Business {
        slug: slug.to_owned(),
        staff: staff.clone(),
        password: crate::support::PASSWORD.to_owned(),
    };
    let plan = Plan {
        scenario,
        recording: None,
        target: app.url(),
        businesses: vec![business("alpha"), business("beta")],
        sources: 3,
        process: (0, 1),
        most: 1_000,
    };
    let (live, _lines) = concierge::load::live_lines();
    concierge::load::run(&plan, live, CancellationToken::new()).await.expect("the hub is there")
}

fn count(report: &Report, name: &str) -> u64 {
    report.counts.get(name).copied().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lively_day_leaves_a_sound_history() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let app = App::start(engine, |_, _| {}).await;
        for slug in ["alpha", "beta"] {
            let owner = app.staff_of(slug, concierge::base::Role::Owner).await;
            let change = serde_json::json!({ "undo_seconds": 0 });
            let _: serde_json::Value = owner.patch("/v1/workspace", change).await.expect("changed");
        }
        // Where answers take longer than visitors stay, the next ones stay longer.
        let mut missing = String::new();
        for stay in [2_000, 10_000, 40_000] {
            let report = play(&app, scenario(stay)).await;
            let text = report.text(None);
            assert!(report.is_sound(), "{engine:?}: {text}");
            assert_eq!(count(&report, "acked"), count(&report, "sent"), "{engine:?}: {text}");
            assert_eq!(count(&report, "unfinished") + count(&report, "dropped"), 0, "{engine:?}: {text}");
            let counted = |name: &&&str| count(&report, name) == 0;
            let measured = |name: &&&str| !report.times.contains_key(**name);
            let none: Vec<&str> =
                COUNTED.iter().filter(counted).chain(MEASURED.iter().filter(measured)).copied().collect();
            missing = format!("{none:?}: {text}");
            if none.is_empty() {
                missing.clear();
                break;
            }
        }
        assert!(missing.is_empty(), "{engine:?}: there was no {missing}");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_refuses_much_leaves_a_sound_history() {
    let app = App::start(Engine::Sqlite, |config, _| {
        config.sockets.burst = 2.try_into().expect("some");
        config.sockets.per_second = 4.try_into().expect("some");
        // Nobody is sent away for it.
        config.sockets.strikes = 100_000;
    })
    .await;
    let mut scenario = scenario(2_000);
    // More conversations than a colleague keeps open: they open and close all the time.
    scenario.phases.iter_mut().for_each(|phase| phase.arrivals = 20.0);
    let report = play(&app, scenario).await;
    let text = report.text(None);
    assert!(report.is_sound(), "{text}");
    assert!(report.codes.get("rate_limited").is_some_and(|refused| *refused > 20), "{text}");
    app.finish().await;
}

fn concierge(arguments: &[&str]) -> Output {
    let mut load = Command::new(env!("CARGO_BIN_EXE_concierge"));
    load.arg("load").args(arguments).output().expect("it runs")
}

#[track_caller]
fn ends_with(output: &Output, code: i32, says: &str) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert!(error.contains(says) && error.trim().lines().count() == 1, "{error}");
}

#[test]
fn the_command_says_what_is_wrong_in_one_line() {
    ends_with(&concierge(&["--url", "http://hub.example:8080"]), 2, "--i-own-this-target");
    ends_with(&concierge(&["--url", "hub"]), 2, "not an address");
    ends_with(&concierge(&["--scenario", "quiet-day"]), 2, "busy-day");
    ends_with(&concierge(&["--rate", "100000"]), 2, "arrivals");
    ends_with(&concierge(&["--scenario", "smoke", "--url", "http://127.0.0.1:9"]), 5, "cannot reach");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_threshold_is_an_exit_code_and_reports_are_written() {
    let app = App::start(Engine::Sqlite, |_, _| {}).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (json, html, url) = (file("report.json"), file("report.html"), app.url());
    let output = tokio::task::spawn_blocking(move || {
        concierge(&[
            "--scenario",
            "smoke",
            "--url",
            &url,
            "--workspace",
            "alpha",
            "--staff",
            "staff@shop.example",
            "--password",
            crate::support::PASSWORD,
            "--seconds",
            "1",
            "--rate",
            "4",
            "--sources",
            "2",
            "--fail-if",
            "sent>0",
            "--fail-if",
            "lost>0",
            "--json",
            &json,
            "--html",
            &html,
        ])
    });
    let output = output.await.expect("it ran");
    ends_with(&output, 3, "sent>0");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("lost"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("history      sound"));
    let written = std::fs::read_to_string(folder.path().join("report.json")).expect("it was written");
    let report: Report = serde_json::from_str(&written).expect("it is read");
    assert!(count(&report, "acked") > 0 && report.is_sound());
    let page = std::fs::read_to_string(folder.path().join("report.html")).expect("it was written");
    assert!(page.contains("<polyline"));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_people_than_may_sign_in_share_the_accounts_that_are_in() {
    // Two accounts of the first business, and one of the other's two.
    let app = App::start(Engine::Sqlite, |config, _| {
        config.sessions.attempts_per_minute = 3.try_into().expect("some");
    })
    .await;
    let mut scenario = scenario(500);
    scenario.staff.people = 6;
    let report = play(&app, scenario).await;
    assert!(report.is_sound() && count(&report, "acked") > 0, "{report:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_play_one_test_and_a_recorded_day_is_played_again() {
    let app = App::start(Engine::Sqlite, |_, _| {}).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (scenario, day, report, url) = (file("s.toml"), file("day.json"), file("report.json"), app.url());
    let talkative = SMOKE.replace("slow_readers = 0.0", "slow_readers = 0.0\nvoice = 0.3");
    std::fs::write(&scenario, talkative).expect("written");
    let of_alpha = ["--workspace", "alpha", "--staff", "staff@shop.example"].map(str::to_owned).to_vec();
    let plays = async |arguments: &[&str]| {
        let own = ["--url", &url, "--password", crate::support::PASSWORD].map(str::to_owned);
        let given = arguments.iter().map(|argument| (*argument).to_owned());
        let arguments: Vec<String> = own.into_iter().chain(of_alpha.clone()).chain(given).collect();
        let output = tokio::task::spawn_blocking(move || {
            concierge(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
        });
        let output = output.await.expect("it ran");
        let says = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&says));
    };
    plays(&["--scenario", &scenario, "--seconds", "2", "--rate", "4", "--workers", "2", "--json", &report])
        .await;
    let read = |path: &str| std::fs::read_to_string(path).expect("it was written");
    let first: Report = serde_json::from_str(&read(&report)).expect("it is read");
    assert!(first.is_sound() && count(&first, "spoken") > 0, "{first:?}");
    assert_eq!(count(&first, "acked"), count(&first, "sent"));

    plays(&["--record", &day]).await;
    let recorded: Recording = serde_json::from_str(&read(&day)).expect("it is read");
    let messages: usize = recorded.visits.iter().map(|visit| visit.messages.len()).sum();
    assert_eq!(u64::try_from(messages).expect("a few"), count(&first, "acked"), "all that customers wrote");
    plays(&["--scenario", &scenario, "--replay", &day, "--speed", "4", "--json", &report]).await;
    let again: Report = serde_json::from_str(&read(&report)).expect("it is read");
    assert!(again.is_sound(), "{again:?}");
    assert_eq!(count(&again, "acked"), count(&first, "acked"));
    app.finish().await;
}
