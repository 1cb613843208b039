//! `concierge load`: a load test of a hub, with a judge.
//!
//! Exit codes: 0 passed, 2 asked for something wrong, 3 a threshold was broken, 4 the history is broken, 5
//! the hub cannot be reached.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::seed;
use crate::base::Timestamp;
use crate::cli::{Failure, progress, say};
use crate::client::Http;
use crate::load::{self, Business, Phase, Plan, Recording, Report, Scenario, Threshold};
use crate::ports::Clock;

/// What is recorded.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A threshold was broken.
const BROKEN_THRESHOLD: u8 = 3;
/// Something was lost, doubled, disordered, missed or foreign.
const BROKEN_HISTORY: u8 = 4;
/// The hub cannot be reached.
const UNREACHABLE: u8 = 5;

/// The share of what was meant to be sent that a rate must have got through.
const KEPT_UP: f64 = 0.95;

/// Narrowing steps of --find-max after the first rate that was too much.
const NARROWINGS: u32 = 3;

/// Plays customers and staff against a hub, measures, and checks that nothing is lost or doubled.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A scenario by name (smoke, busy-day, storm, flood) or a TOML file.
    #[arg(long, default_value = "busy-day", value_name = "NAME|FILE")]
    scenario: String,
    /// The hub.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A second hub: both are tested in turn, and the ratio of their times is shown.
    #[arg(long, value_name = "URL", conflicts_with_all = ["find_max", "baseline"])]
    against: Option<String>,
    /// Rounds with --against.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Visit this business only; without it the three demo businesses are visited in turn.
    #[arg(long)]
    workspace: Option<String>,
    /// Addresses of its staff (needs --workspace).
    #[arg(long, value_name = "EMAIL", requires = "workspace")]
    staff: Vec<String>,
    /// The password of staff.
    #[arg(long, env = "CONCIERGE_PASSWORD", default_value = seed::DEMO_PASSWORD, hide_env_values = true)]
    password: String,
    /// Let all phases together last so long.
    #[arg(long)]
    seconds: Option<f64>,
    /// Multiply the rate of arrivals.
    #[arg(long, default_value_t = 1.0)]
    rate: f64,
    /// Play another run of chance.
    #[arg(long)]
    seed: Option<u64>,
    /// Raise the rate until a threshold breaks, and say what was the most.
    #[arg(long)]
    find_max: bool,
    /// Fail if this holds, e.g. 'ack.p99>50ms' or 'errors>0'. May be given several times.
    #[arg(long, value_name = "CONDITION")]
    fail_if: Vec<Threshold>,
    /// Compare with an earlier report.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the report as a page with charts.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Loopback addresses that visitors come from, so that limits per address see many people.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u8).range(0..=200))]
    sources: u8,
    /// Visitors who may be there at once.
    #[arg(long, default_value_t = 15_000)]
    most: u64,
    /// Processes that play together, each an equal share from addresses of its own.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    workers: u8,
    /// Play a recorded day (see --record) in place of the scenario's arrivals and texts.
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// Play the recorded day so many times as fast.
    #[arg(long, default_value_t = 1.0, requires = "replay")]
    speed: f64,
    /// Play nothing: read what the customers of --workspace wrote in a day, and keep it in this file. It holds
    /// their words.
    #[arg(long, value_name = "FILE", requires = "workspace", conflicts_with = "replay")]
    record: Option<PathBuf>,
    /// When the day to be recorded begins, e.g. 2026-11-20T00:00:00Z; without it, 24 hours ago.
    #[arg(long, value_name = "TIME", requires = "record")]
    from: Option<Timestamp>,
    /// One of the processes of --workers; its plan is its standard input.
    #[arg(long, hide = true)]
    process: bool,
    /// The hub is not on this machine, and you may load it.
    #[arg(long)]
    i_own_this_target: bool,
}

/// Plays the test and reports.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    if arguments.process {
        return load::be_a_process(stopped_by_hand()).await.map_err(Failure::failed);
    }
    if let Some(file) = &arguments.record {
        return record(&arguments, file).await;
    }
    let plan = plan(&arguments, &arguments.url)?;
    let baseline = arguments.baseline.as_deref().map(read_report).transpose()?;
    let stop = stopped_by_hand();
    if let Some(other) = &arguments.against {
        return compare(&arguments, &plan, other, &stop).await;
    }
    if arguments.find_max {
        return find_max(&arguments, plan, &stop).await;
    }
    let report = play(&plan, &stop).await?;
    say(&report.text(baseline.as_ref()));
    write_files(&arguments, &report)?;
    verdict(&arguments.fail_if, &report)
}

fn plan(arguments: &Arguments, url: &str) -> Result<Plan, Failure> {
    let target = url.trim_end_matches('/').to_owned();
    let loopback = is_loopback(&target)?;
    if !loopback && !arguments.i_own_this_target {
        return Err(Failure::wrong(format!(
            "{target} is not on this machine; if it is yours to load, add --i-own-this-target"
        )));
    }
    let mut scenario = scenario(&arguments.scenario)?;
    if let Some(seed) = arguments.seed {
        scenario.seed = seed;
    }
    if let Some(seconds) = arguments.seconds {
        scenario.last(seconds);
    }
    scenario.scale(arguments.rate);
    let recording = arguments.replay.as_deref().map(|file| recording(file, arguments.speed)).transpose()?;
    if let Some(day) = &recording {
        // The whole day; everybody who came is in it.
        let seconds = day.length().as_secs_f64().max(1.0);
        scenario.name = format!("a day of {} x{}", day.workspace, arguments.speed);
        let name = "recorded".to_owned();
        scenario.phases = vec![Phase { name, seconds, arrivals: 0.0, to: None, cut_all: false }];
    }
    let again = toml_of(&scenario)?;
    let scenario = Scenario::parse(&again).map_err(Failure::wrong)?;
    Ok(Plan {
        scenario,
        recording,
        target,
        businesses: businesses(arguments)?,
        sources: if loopback { arguments.sources } else { 0 },
        process: (0, arguments.workers),
        most: arguments.most,
    })
}

/// Reads a recorded day.
fn recording(file: &Path, speed: f64) -> Result<Recording, Failure> {
    if !(0.01..=10_000.0).contains(&speed) {
        return Err(Failure::wrong("--speed: from 0.01 to 10000".to_owned()));
    }
    let wrong = |problem: String| Failure::wrong(format!("{}: {problem}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let day: Recording = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if day.visits.is_empty() {
        return Err(wrong("nobody came that day".to_owned()));
    }
    Ok(day.at_speed(speed))
}

/// Reads a day from a hub and keeps it.
async fn record(arguments: &Arguments, file: &Path) -> Result<(), Failure> {
    let target = arguments.url.trim_end_matches('/');
    let failed = |error: crate::client::Error| Failure { says: error.to_string(), code: UNREACHABLE };
    let business = businesses(arguments)?.into_iter().next();
    let business = business.ok_or_else(|| Failure::wrong("--workspace is missing".to_owned()))?;
    let email = business.staff.first();
    let email =
        email.ok_or_else(|| Failure::wrong("--record needs --staff: somebody who reads".to_owned()))?;
    let hub = Http::sign_in(target, &business.slug, email, &business.password).await.map_err(failed)?;
    let from = arguments.from.unwrap_or_else(|| Clock::system().now().before(DAY));
    let day = Recording::of(&hub, &business.slug, from, DAY).await.map_err(failed)?;
    let text = serde_json::to_string_pretty(&day).map_err(Failure::failed)?;
    std::fs::write(file, text).map_err(|error| Failure::failed(format!("{}: {error}", file.display())))?;
    let messages: usize = day.visits.iter().map(|visit| visit.messages.len()).sum();
    say(&format!("{} visits with {messages} messages since {from}, in {}", day.visits.len(), file.display()));
    Ok(())
}

/// A changed scenario is checked like one from a file.
fn toml_of(scenario: &Scenario) -> Result<String, Failure> {
    scenario.to_toml().map_err(Failure::wrong)
}

fn is_loopback(target: &str) -> Result<bool, Failure> {
    let rest = target
        .strip_prefix("http://")
        .ok_or_else(|| Failure::wrong(format!("{target:?} is not an address like http://127.0.0.1:8080")))?;
    let host = rest.rsplit_once(':').map_or(rest, |(host, _)| host).trim_matches(['[', ']']);
    Ok(host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback()))
}

fn scenario(name: &str) -> Result<Scenario, Failure> {
    if let Some((_, text)) = load::BUILT_IN.iter().find(|(known, _)| *known == name) {
        return Scenario::parse(text).map_err(|problem| Failure::failed(format!("{name}: {problem}")));
    }
    let text = std::fs::read_to_string(name).map_err(|error| {
        let known: Vec<&str> = load::BUILT_IN.iter().map(|(known, _)| *known).collect();
        Failure::wrong(format!("no scenario or file {name:?} ({error}); there are {}", known.join(", ")))
    })?;
    Scenario::parse(&text).map_err(|problem| Failure::wrong(format!("{name}: {problem}")))
}

fn businesses(arguments: &Arguments) -> Result<Vec<Business>, Failure> {
    let password = arguments.password.clone();
    if let Some(slug) = &arguments.workspace {
        return Ok(vec![Business { slug: slug.clone(), staff: arguments.staff.clone(), password }]);
    }
    let demos = seed::demo_files().map_err(Failure::failed)?;
    let business = |demo: &seed::DemoFiles| Business {
        slug: demo.slug().to_owned(),
        staff: demo.answering_staff(),
        password: password.clone(),
    };
    Ok(demos.iter().map(business).collect())
}

/// Cancelled by Ctrl-C.
fn stopped_by_hand() -> CancellationToken {
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        // Without a signal handler the test simply plays to its end.
        if tokio::signal::ctrl_c().await.is_ok() {
            token.cancel();
        }
    });
    stop
}

async fn play(plan: &Plan, stop: &CancellationToken) -> Result<Report, Failure> {
    let (live, mut lines) = load::live_lines();
    let shows = tokio::spawn(async move {
        while let Some(line) = lines.recv().await {
            let now = &line.now;
            progress(&format!(
                "{:>4} s  {:<12} {:>6} visitors {:>6} sent/s {:>6} acked/s  ack p99 {:>8.1} ms  {:>4} errors/s",
                line.second, line.phase, now.visitors, now.sent, now.acked, now.ack_p99_ms, now.errors
            ));
        }
    });
    let report = load::run(plan, live, stop.clone()).await;
    // It has ended with the channel.
    let _ = shows.await;
    progress("");
    report.map_err(|error| Failure { says: error.to_string(), code: UNREACHABLE })
}

fn verdict(thresholds: &[Threshold], report: &Report) -> Result<(), Failure> {
    if !report.is_sound() {
        let found: u64 = report.violations.values().sum();
        return Err(Failure {
            says: format!("the history is broken in {found} places"),
            code: BROKEN_HISTORY,
        });
    }
    let broken: Vec<&str> =
        thresholds.iter().filter(|threshold| threshold.is_broken(report)).map(Threshold::as_str).collect();
    match broken.is_empty() {
        true => Ok(()),
        false => {
            Err(Failure { says: format!("broken threshold: {}", broken.join(", ")), code: BROKEN_THRESHOLD })
        }
    }
}

/// Doubles the rate until it is too much, then halves the distance a few times.
async fn find_max(arguments: &Arguments, plan: Plan, stop: &CancellationToken) -> Result<(), Failure> {
    let (mut good, mut bad) = (0.0, None::<f64>);
    let (mut best, mut narrowed) = (None, 0);
    while narrowed < NARROWINGS && !stop.is_cancelled() {
        let factor = bad.map_or_else(|| f64::max(good * 2.0, 1.0), |bad| (good + bad) / 2.0);
        let mut step = plan.clone();
        step.scenario.scale(factor);
        let report = play(&step, stop).await?;
        let p99 = report.times.get("ack").map_or(f64::INFINITY, |stats| stats.p99);
        let verdict = verdict(&arguments.fail_if, &report);
        if verdict.as_ref().is_err_and(|failure| failure.code == BROKEN_HISTORY) {
            say(&report.text(None));
            return verdict;
        }
        let kept_up = keeps_up(&report);
        let says = match (kept_up && verdict.is_ok(), report.generator.limited) {
            (true, _) => "held",
            (false, true) => "too much, perhaps for the generator",
            (false, false) => "too much",
        };
        say(&format!(
            "rate x{factor:<7.2} {:>9.1} acked/s   ack p99 {p99:>8.2} ms   {says}",
            report.acked_per_second
        ));
        match says {
            "held" => (good, best) = (factor, Some(report)),
            _ => bad = Some(factor),
        }
        narrowed += u32::from(bad.is_some());
    }
    let Some(report) = best else {
        return Err(Failure {
            says: "even the scenario's own rate was too much".to_owned(),
            code: BROKEN_THRESHOLD,
        });
    };
    say(&format!("\nthe most that was held: rate x{good:.2}\n"));
    say(&report.text(None));
    write_files(arguments, &report)
}

/// Whether nobody was left outside and nearly everything that was sent was acknowledged.
fn keeps_up(report: &Report) -> bool {
    let count = |name: &str| {
        f64::from(u32::try_from(report.counts.get(name).copied().unwrap_or(0)).unwrap_or(u32::MAX))
    };
    count("dropped") < 1.0 && count("unfinished") < 1.0 && count("acked") >= KEPT_UP * count("sent")
}

/// Tests two hubs in turn and shows the ratio of their times, round by round and in the middle.
async fn compare(
    arguments: &Arguments,
    plan: &Plan,
    other: &str,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let other = self::plan(arguments, other)?;
    let mut ratios: std::collections::BTreeMap<&str, Vec<f64>> = std::collections::BTreeMap::new();
    for round in 1..=arguments.rounds {
        let (ours, theirs) = (play(plan, stop).await?, play(&other, stop).await?);
        verdict(&arguments.fail_if, &ours)?;
        say(&format!(
            "round {round}: {:.1} and {:.1} acked/s",
            ours.acked_per_second, theirs.acked_per_second
        ));
        for metric in load::Metric::ALL {
            let name = metric.as_str();
            if let (Some(ours), Some(theirs)) = (ours.times.get(name), theirs.times.get(name)) {
                ratios.entry(name).or_default().push(ours.p50 / theirs.p50.max(0.001));
            }
        }
        if round == arguments.rounds {
            write_files(arguments, &ours)?;
        }
    }
    say(&format!(
        "\n{:<12} {:>8} {:>8} {:>8}   p50 of {} over {}",
        "time", "least", "median", "most", plan.target, other.target
    ));
    for (name, mut values) in ratios {
        values.sort_by(f64::total_cmp);
        let (least, most) = (values[0], values[values.len() - 1]);
        say(&format!("{name:<12} {least:>7.2}x {:>7.2}x {most:>7.2}x", values[values.len() / 2]));
    }
    Ok(())
}

fn read_report(path: &Path) -> Result<Report, Failure> {
    let wrong = |problem: String| Failure::wrong(format!("{}: {problem}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
}

fn write_files(arguments: &Arguments, report: &Report) -> Result<(), Failure> {
    let write = |path: &Path, text: String| {
        std::fs::write(path, text).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
    };
    if let Some(path) = &arguments.json {
        write(path, serde_json::to_string_pretty(report).map_err(Failure::failed)?)?;
    }
    if let Some(path) = &arguments.html {
        write(path, report.html().map_err(Failure::failed)?)?;
    }
    Ok(())
}
