//! The load tester: visitors and staff who use a hub as people do, and a judge who checks what they saw.
//!
//! Arrivals are open: visitors come, and write, when the scenario says so and not when the hub is ready, and
//! every time is measured from the moment it was meant to begin. A hub that stalls is therefore measured
//! with its stall. The history checker is always on.

mod alarm;
mod generator;
mod history;
mod measure;
mod needs;
mod processes;
mod recording;
mod report;
mod scenario;
mod staff;
mod threshold;
mod visitor;
mod world;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use generator::Generator;
pub use history::{History, Kind, Violation};
pub use measure::{Count, Metric, Second, Stats};
pub use needs::{Look, Needs};
pub use processes::{be_a_process, run_in_processes};
pub use recording::{RecordedMessage, RecordedVisit, Recording};
pub use report::Report;
pub use scenario::{BUILT_IN, Phase, Scenario, Staff, Visitors};
pub use threshold::Threshold;

use crate::client::{Error, Http};
use crate::load::generator::Watch;
use crate::load::measure::Measures;
use crate::load::report::Part;
use crate::load::staff::Share;
use crate::load::world::World;

/// After the last arrival and the longest visit: until everything is answered.
const GRACE: Duration = Duration::from_secs(20);

/// What staff finish after the last visitor has gone: nothing of it is measured.
const STAFF_GRACE: Duration = Duration::from_secs(30);

/// Live lines that wait for whoever shows them.
const LINES: usize = 16;

/// A business that is visited, and how its staff sign in.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Business {
    /// Its slug.
    pub slug: String,
    /// Addresses of staff.
    pub staff: Vec<String>,
    /// Their password.
    pub password: String,
}

/// A test of one hub.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Plan {
    /// What is played.
    pub scenario: Scenario,
    /// A recorded day in place of the scenario's arrivals and texts.
    pub recording: Option<Recording>,
    /// The hub's address.
    pub target: String,
    /// Who is visited, in turn.
    pub businesses: Vec<Business>,
    /// Addresses of this machine that visitors come from, counted up from 127.0.0.2; 0: as the system likes.
    pub sources: u8,
    /// How many processes play together, and which of them this is: each has its own addresses.
    pub process: (u8, u8),
    /// Visitors who may be there at once; more are not let in, and counted.
    pub most: u64,
}

/// The state of a running test, once a second.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Live {
    /// Seconds since the start.
    pub second: usize,
    /// The phase.
    pub phase: String,
    /// What happened in the last second.
    pub now: Second,
}

impl Plan {
    /// What one of its processes plays: an equal part of the visitors and of the staff.
    fn share(&self, process: u8) -> Plan {
        let (_, of) = self.process;
        let (which, parts) = (usize::from(process), usize::from(of.max(1)));
        let mut share = self.clone();
        share.process = (process, of);
        share.scenario.scale(1.0 / f64::from(of.max(1)));
        // Another run of chance, far from those of seeds nearby.
        share.scenario.seed = self.scenario.seed.wrapping_add(u64::from(process) << 32);
        share.scenario.staff.people = self.scenario.staff.people.div_ceil(parts);
        share.recording = share.recording.map(|recording| recording.share(which, parts));
        share.most = (self.most / u64::from(of.max(1))).max(1);
        share
    }
}

impl Live {
    /// What several processes do in the same second.
    fn together<'a>(all: impl Iterator<Item = &'a Live>) -> Option<Live> {
        all.cloned().reduce(|one, other| Live { now: one.now.with(&other.now), ..one })
    }
}

/// Plays a test. `live` gets a line a second; `stop` ends it early, with a report.
///
/// # Errors
///
/// If the hub cannot be reached, or staff cannot sign in.
pub async fn run(plan: &Plan, live: mpsc::Sender<Live>, stop: CancellationToken) -> Result<Report, Error> {
    let over = CancellationToken::new();
    let watching = tokio::spawn(needs::watch(plan.target.clone(), over.clone()));
    let report = match plan.process {
        (_, 0 | 1) => run_part(plan, live, stop).await.map(Part::report),
        _ => run_in_processes(plan, live, stop).await,
    };
    over.cancel();
    // Without it the report is as good.
    let hub = watching.await.ok().flatten();
    Ok(Report { hub, ..report? })
}

/// Plays what this process plays of a test.
async fn run_part(plan: &Plan, live: mpsc::Sender<Live>, stop: CancellationToken) -> Result<Part, Error> {
    let hub = Http::anonymous(&plan.target);
    hub.get::<serde_json::Value>("/readyz").await?;
    let mut dice = StdRng::seed_from_u64(plan.scenario.seed);
    let (cut, cuts) = watch::channel(0);
    let slugs = plan.businesses.iter().map(|business| business.slug.clone()).collect();
    let world =
        Arc::new(World::new((plan.scenario.clone(), plan.recording.clone()), sources(plan)?, slugs, cuts));
    let mut colleagues = JoinSet::new();
    for business in &plan.businesses {
        for (http, share) in sign_in(&hub, business, plan.scenario.staff.people).await? {
            colleagues.spawn(staff::work(world.clone(), http, share, scenario::own_dice(&mut dice)));
        }
    }
    let mut watching = Watch::start();
    let begun = Instant::now();
    let mut clerk = JoinSet::new();
    clerk.spawn(keep_books(world.clone(), begun, live));
    clerk.spawn(cut_lines(plan.scenario.cuts(), begun, cut, world.closing.clone()));

    let mut visitors = JoinSet::new();
    let stopped = send_in(plan, &world, begun, &mut dice, &mut visitors, &mut watching, &stop).await;
    let arriving = begun.elapsed().as_secs_f64();
    if stopped {
        world.closing.cancel();
    }
    finish(&world, &mut visitors, &stop).await;
    world.closing.cancel();
    world.over.cancel();
    let judged = async { while colleagues.join_next().await.is_some() {} };
    if tokio::time::timeout(STAFF_GRACE, judged).await.is_err() {
        world.measures.failed("staff_unfinished");
    }
    let mut series = Vec::new();
    while let Some(ended) = clerk.join_next().await {
        series.extend(ended.unwrap_or_default());
    }
    let found = world.violations();
    Ok(Part::of(
        (&plan.scenario.name, plan.scenario.seed, &plan.target),
        (begun.elapsed().as_secs_f64(), arriving, stopped),
        watching.ends(),
        &world.measures,
        &found,
        series,
    ))
}

fn sources(plan: &Plan) -> Result<Vec<Http>, Error> {
    if plan.sources == 0 {
        return Ok(vec![Http::anonymous(&plan.target)]);
    }
    let (process, _) = plan.process;
    let address = |number: u8| IpAddr::V4(Ipv4Addr::new(127, 0, process, number.saturating_add(1)));
    (1..=plan.sources).map(|number| Http::from_address(&plan.target, address(number))).collect()
}

/// As many people as the scenario wants; if there are fewer accounts, some work on several sockets of one. A hub
/// lets only so many sign in a minute, so each account does once, and those who are in work for the rest.
async fn sign_in(hub: &Http, business: &Business, people: usize) -> Result<Vec<(Http, Share)>, Error> {
    let mut accounts = Vec::new();
    for email in business.staff.iter().take(people) {
        match hub.clone().signed_in(&business.slug, email, &business.password).await {
            Ok(account) => accounts.push(account),
            Err(Error::Refused { code, .. }) if code == "rate_limited" && !accounts.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    let shared = accounts.iter().cloned().cycle().zip(0..people);
    Ok(shared.map(|(http, number)| (http, Share { number, of: people })).collect())
}

/// Sends visitors in at their times; says whether it was stopped before the last.
async fn send_in(
    plan: &Plan,
    world: &Arc<World>,
    begun: Instant,
    dice: &mut StdRng,
    visitors: &mut JoinSet<()>,
    watching: &mut Watch,
    stop: &CancellationToken,
) -> bool {
    for (number, at) in arrivals(plan, dice).into_iter().enumerate() {
        let due = begun + at;
        tokio::select! {
            () = stop.cancelled() => return true,
            () = world.alarm.at(due) => watching.late(due.elapsed()),
        }
        // Those who have gone make room.
        while visitors.try_join_next().is_some() {}
        if world.here.load(Ordering::Relaxed) >= plan.most {
            world.measures.count(Count::Dropped);
            continue;
        }
        visitors.spawn(visitor::visit(world.clone(), number, due, scenario::own_dice(dice)));
    }
    let end = begun + Duration::from_secs_f64(plan.scenario.seconds());
    tokio::select! {
        () = stop.cancelled() => true,
        () = tokio::time::sleep_until(end) => false,
    }
}

/// When visitors come, from the start.
fn arrivals(plan: &Plan, dice: &mut StdRng) -> Vec<Duration> {
    match &plan.recording {
        Some(day) => day.visits.iter().map(|visit| Duration::from_millis(visit.at_ms)).collect(),
        None => plan.scenario.arrivals(dice).into_iter().map(|(at, _)| at).collect(),
    }
}

/// Waits for the visitors who are still there, but not for ever.
async fn finish(world: &World, visitors: &mut JoinSet<()>, stop: &CancellationToken) {
    let habits = &world.scenario.visitors;
    let [_, messages] = habits.messages;
    let visit = habits.think_ms[1].saturating_add(habits.away_ms[1]).saturating_mul(u64::from(messages));
    let recorded = world.recording.as_ref().map_or(Duration::ZERO, Recording::longest_visit);
    let longest = Duration::from_millis(visit.saturating_add(habits.stay_ms[1])) + recorded + GRACE;
    let all_gone = async { while visitors.join_next().await.is_some() {} };
    tokio::select! {
        () = all_gone => return,
        () = tokio::time::sleep(longest) => {}
        () = stop.cancelled() => {}
    }
    // Nobody writes any more; what is on its way is still answered.
    world.closing.cancel();
    let all_gone = async { while visitors.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all_gone).await.is_err() {
        world.over.cancel();
        while visitors.join_next().await.is_some() {}
    }
}

/// Cuts all lines at the scenario's times.
async fn cut_lines(
    cuts: Vec<Duration>,
    begun: Instant,
    cut: watch::Sender<u64>,
    closing: CancellationToken,
) -> Vec<Second> {
    for at in cuts {
        tokio::select! {
            () = closing.cancelled() => break,
            () = tokio::time::sleep_until(begun + at) => cut.send_modify(|cuts| *cuts += 1),
        }
    }
    // The other side of the channel must not see it closed.
    closing.cancelled().await;
    Vec::new()
}

/// Writes down every second, and tells whoever watches.
async fn keep_books(world: Arc<World>, begun: Instant, live: mpsc::Sender<Live>) -> Vec<Second> {
    let mut series: Vec<Second> = Vec::new();
    let mut tick = tokio::time::interval_at(begun + Duration::from_secs(1), Duration::from_secs(1));
    let mut before = totals(&world.measures);
    loop {
        tokio::select! {
            () = world.over.cancelled() => return series,
            _ = tick.tick() => {}
        }
        let after = totals(&world.measures);
        let now = Second {
            visitors: world.here.load(Ordering::Relaxed),
            sent: after[0] - before[0],
            acked: after[1] - before[1],
            received: after[2] - before[2],
            errors: after[3] - before[3],
            ack_p99_ms: world.measures.take_recent_ack(),
        };
        before = after;
        series.push(now.clone());
        let phase = phase_at(&world.scenario, begun.elapsed().as_secs_f64());
        // Whoever watches may be slow; the books are kept all the same.
        let _ = live.try_send(Live { second: series.len(), phase, now });
    }
}

fn totals(measures: &Measures) -> [u64; 4] {
    [Count::Sent, Count::Acked, Count::Received, Count::Errors].map(|count| measures.counted(count))
}

fn phase_at(scenario: &Scenario, second: f64) -> String {
    let mut ends = 0.0;
    let running = scenario.phases.iter().find(|phase| {
        ends += phase.seconds;
        second < ends
    });
    running.map_or_else(|| "leaving".to_owned(), |phase| phase.name.clone())
}

/// A channel for the live lines of a test.
pub fn live_lines() -> (mpsc::Sender<Live>, mpsc::Receiver<Live>) {
    mpsc::channel(LINES)
}
