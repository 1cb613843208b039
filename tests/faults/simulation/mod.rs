//! A hub in a simulated universe: its clock, its network, its disk's pace, its crashes and the order of
//! everything come from a seed (L2, L4, L8, L11, O6).
//!
//! The gateway, the rooms, the verbs and the store with its committer are the real ones, on real files.
//! Simulated are time (`universe.c`), lines (`network.rs`), and how long each statement takes
//! (`ports::db::simulate`, in lockstep with SQLite). Clients write down what they see, and the load tester's
//! judge compares it with what is stored. The same seed plays the same simulation.
//!
//! Why not a crate: one that replaces tokio (madsim) cannot have sqlx on it, whose SQLite lives in threads of
//! its own; one that simulates TCP for each host apart (turmoil) spends more time on empty ticks than a whole
//! run takes here.

mod client;
mod house;
mod network;
mod world;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use concierge::base::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::disk::compiled;
use client::{Client, Who};
use house::{House, Template, now, temporary};
use world::{Phase, Top, World};

/// Simulations that are played when nobody says how many.
const USUAL: u64 = 1_000;

/// The test that plays them, which is also the program of each process that does.
const PLAYER: &str = "simulation::every_seed_of_a_simulated_hub_keeps_what_is_promised";

/// How long clients may take, of simulated time, for what is left once everything is whole again.
const CALM: Duration = Duration::from_secs(120);

/// The calendar at the start of each simulation.
const CALENDAR: &str = "2026-01-05T12:00:00Z";

/// `CONCIERGE_SEED=N` plays one and tells everything that happens; `CONCIERGE_SIMULATIONS=N` plays so many.
#[test]
fn every_seed_of_a_simulated_hub_keeps_what_is_promised() {
    if let Ok(seeds) = std::env::var("SIMULATED_SEEDS") {
        return play_all(&seeds);
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let seeds: Vec<u64> = match number("CONCIERGE_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("CONCIERGE_SIMULATIONS").unwrap_or(USUAL)).collect(),
    };
    let processes =
        std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get).min(seeds.len());
    let players: Vec<Player> = (0..processes)
        .map(|player| Player::start(seeds.iter().copied().skip(player).step_by(processes)))
        .collect();
    let played: usize = players.into_iter().map(|player| player.ends().len()).sum();
    assert_eq!(played, seeds.len());
}

#[test]
fn a_seed_plays_the_same_simulation_whatever_was_played_before() {
    let forwards = Player::start(1..=12).ends();
    let backwards = Player::start((1..=12).rev().step_by(2)).ends();
    assert!(backwards.len() == 6 && backwards.iter().all(|(seed, trace)| forwards[seed] == *trace));
    let different: std::collections::BTreeSet<&u64> = forwards.values().collect();
    assert_eq!(different.len(), 12, "each seed plays another one");
}

/// A process that plays simulations.
struct Player {
    process: Child,
    _folder: tempfile::TempDir,
}

impl Player {
    fn start(seeds: impl Iterator<Item = u64>) -> Player {
        let folder = temporary();
        let universe = folder.path().join("universe");
        std::fs::write(&universe, [0; 16]).expect("written");
        let library = compiled("tests/faults/simulation/universe.c", folder.path());
        let seeds: Vec<String> = seeds.map(|seed| seed.to_string()).collect();
        let mut process = Command::new(std::env::current_exe().expect("this program"));
        process.args([PLAYER, "--exact", "--nocapture", "--test-threads=1"]);
        process.env("SIMULATED_SEEDS", seeds.join(",")).env("SIMULATED_UNIVERSE", universe);
        process.env("LD_PRELOAD", library).stdout(Stdio::piped()).stderr(Stdio::piped());
        Player { process: process.spawn().expect("it starts"), _folder: folder }
    }

    /// The traces of what was played. A broken promise is a failure here.
    fn ends(self) -> BTreeMap<u64, u64> {
        let ended = self.process.wait_with_output().expect("it ends");
        let says = String::from_utf8_lossy(&ended.stdout);
        let told = |line: &str| {
            // The first follows the words of the test's own runner.
            let mut words = line.split_once("played ")?.1.split(' ');
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        };
        assert!(ended.status.success(), "{says}\n{}", String::from_utf8_lossy(&ended.stderr));
        says.lines().filter_map(told).collect()
    }
}

/// Plays some seeds, one after the other, each in a thread that knows nothing of those before.
fn play_all(seeds: &str) {
    let real = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let template = Arc::new(real.expect("a runtime").block_on(Template::make()));
    let universe = std::env::var("SIMULATED_UNIVERSE").expect("there is a universe");
    set_universe(&universe, true, 0);
    let tells = !seeds.contains(',');
    for seed in seeds.split(',').map(|seed| seed.parse::<u64>().expect("a seed")) {
        let (universe, template) = (universe.clone(), template.clone());
        let thread = std::thread::spawn(move || play(seed, template, Path::new(&universe), tells));
        let (trace, wrong, lines) =
            thread.join().unwrap_or_else(|_| (0, vec!["it panicked".to_owned()], Vec::new()));
        if tells {
            lines.iter().for_each(|line| tell(line));
        }
        if !wrong.is_empty() {
            set_universe(Path::new(&std::env::var("SIMULATED_UNIVERSE").expect("still there")), false, 0);
            let wrong = wrong.join("\n");
            panic!("seed {seed} breaks a promise; CONCIERGE_SEED={seed} plays it again:\n{wrong}");
        }
        tell(&format!("played {seed} {trace}"));
    }
    set_universe(&universe, false, 0);
}

#[expect(clippy::print_stdout, reason = "read by the process that started this one")]
fn tell(line: &str) {
    println!("{line}");
}

/// Switches simulated time on or off, with the calendar so far from where it would be.
fn set_universe(universe: impl AsRef<Path>, simulated: bool, calendar_nanos: i64) {
    use std::os::unix::fs::FileExt as _;
    let file = std::fs::File::options().write(true).open(universe).expect("it is opened");
    let numbers = [i64::from(simulated).to_ne_bytes(), calendar_nanos.to_ne_bytes()].concat();
    file.write_all_at(&numbers, 0).expect("it is told");
}

/// The calendar of a simulation.
struct Calendar<'a> {
    universe: &'a Path,
    offset: i64,
}

impl Calendar<'_> {
    fn jumps(&mut self, micros: i64) {
        self.offset += micros * 1_000;
        set_universe(self.universe, true, self.offset);
    }
}

/// Plays a seed. Gives its trace, what was wrong, and everything that happened.
fn play(seed: u64, template: Arc<Template>, universe: &Path, tells: bool) -> (u64, Vec<String>, Vec<String>) {
    let begins: Timestamp = CALENDAR.parse().expect("a time");
    let mut calendar = Calendar { universe, offset: 0 };
    calendar.jumps(0);
    calendar.jumps(begins.as_micros() - now().as_micros());
    let mut dice = StdRng::seed_from_u64(seed);
    let mut disk = StdRng::seed_from_u64(dice.random());
    // Some disks are quick, some take their time for nearly every statement.
    let (slow, rare) = (dice.random_range(1..60), dice.random_range(1..=4));
    concierge::ports::db::simulate(move || match disk.random_range(0..rare) {
        0 => Duration::from_millis(disk.random_range(0..slow)),
        _ => Duration::ZERO,
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(seed, template, calendar, dice, tells))
}

async fn run(
    seed: u64,
    template: Arc<Template>,
    mut calendar: Calendar<'_>,
    mut dice: StdRng,
    tells: bool,
) -> (u64, Vec<String>, Vec<String>) {
    let folder = temporary();
    let nodes = dice.random_range(1..=2);
    let house = House::start(template.clone(), &folder.path().join("0"), nodes, seed).await;
    let world = Arc::new(World::new(template, house, nodes, tells));
    let mut living: JoinSet<Client> = JoinSet::new();
    for client in clients(&world, &mut dice) {
        world.set_idle(&client.name, false);
        living.spawn(client.live());
    }
    weather(&world, folder.path(), seed, &mut calendar, &mut dice).await;
    let quiet = async {
        while !world.busy().is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    if timeout(CALM, quiet).await.is_err() {
        world.wrong(format!("{:?} got no answer although everything is whole", world.busy()));
    }
    world.phase.send_replace(Phase::Last(tops(&world).await));
    let deadline = Instant::now() + CALM;
    while let Ok(Some(left)) = tokio::time::timeout_at(deadline, living.join_next()).await {
        match left {
            Ok(client) => judge(&world, client).await,
            Err(error) => world.wrong(format!("a client failed: {error}")),
        }
    }
    if !living.is_empty() {
        world.wrong(format!("{} clients never saw everything that is stored", living.len()));
    }
    let emptied = async {
        while world.house.lock().await.open() > 0 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    if timeout(CALM, emptied).await.is_err() {
        world.wrong(format!("{} lines and rooms stay open", world.house.lock().await.open()));
    }
    let (wrong, lines) = world.found();
    (world.trace(), wrong, lines)
}

/// A few customers, some with two tabs, and colleagues; the same names in both businesses.
fn clients(world: &Arc<World>, dice: &mut StdRng) -> Vec<Client> {
    let mut all = Vec::new();
    for business in 0..world.template.businesses.len() {
        let customers = if business == 0 { dice.random_range(1..=2) } else { 1 };
        for number in 0..customers {
            let tabs = if dice.random_bool(0.3) { 2 } else { 1 };
            for tab in 0..tabs {
                let who = (format!("customer{number}.{tab}@{business}"), Who::Customer { number });
                let (messages, own) = (dice.random_range(1..=4), StdRng::seed_from_u64(dice.random()));
                all.push(Client::new(world, who, business, messages, own));
            }
        }
        for number in 0..dice.random_range(0..=2_u32) {
            let who = (format!("staff{number}@{business}"), Who::Staff);
            let (messages, own) = (dice.random_range(1..=4), StdRng::seed_from_u64(dice.random()));
            all.push(Client::new(world, who, business, messages, own));
        }
    }
    all
}

/// Lets things happen for a few seconds; then everything is whole again.
async fn weather(world: &World, folder: &Path, seed: u64, calendar: &mut Calendar<'_>, dice: &mut StdRng) {
    let mut crashes = 0_u64;
    for _ in 0..dice.random_range(2..9) {
        sleep(Duration::from_millis(dice.random_range(20..900))).await;
        let node = dice.random_range(0..world.weather.len());
        match dice.random_range(0..12) {
            0 | 1 => {
                world.note("weather", "cuts all lines");
                world.weather[node].send_modify(|weather| weather.cuts += 1);
            }
            2..5 => {
                let (deaf, mute) = (dice.random_bool(0.7), dice.random_bool(0.7));
                world.note("weather", &format!("makes {node} deaf {deaf} mute {mute}"));
                world.weather[node].send_modify(|weather| (weather.deaf, weather.mute) = (deaf, mute));
            }
            5 => world.weather[node].send_modify(|weather| (weather.deaf, weather.mute) = (false, false)),
            6 => {
                world.note("weather", &format!("ends {node}"));
                world.house.lock().await.end_node(node);
                world.weather[node].send_modify(|weather| weather.cuts += 1);
                sleep(Duration::from_millis(dice.random_range(0..600))).await;
                world.house.lock().await.start_nodes();
            }
            7..10 => {
                crashes += 1;
                world.note("weather", "crashes the hub");
                let mut house = world.house.lock().await;
                world.weather.iter().for_each(|line| line.send_modify(|weather| weather.cuts += 1));
                house.crash(&folder.join(crashes.to_string()), seed + crashes * 1_000_003).await;
                sleep(Duration::from_millis(dice.random_range(0..600))).await;
                house.start_nodes();
            }
            _ => {
                let hours = [-24, -1, 1, 24][dice.random_range(0..4)];
                world.note("weather", &format!("moves the clock by {hours} h"));
                calendar.jumps(hours * 3_600_000_000);
            }
        }
    }
    for lines in &world.weather {
        lines.send_modify(|weather| (weather.deaf, weather.mute) = (false, false));
    }
    world.note("weather", "is fine");
}

/// Where every conversation ends now.
async fn tops(world: &World) -> Vec<Vec<Top>> {
    let house = world.house.lock().await;
    let mut tops = Vec::new();
    for (business, known) in world.template.businesses.iter().zip(&world.known) {
        let mut ends = Vec::new();
        let known = known.borrow().clone();
        for conversation in known {
            let customer = world.customer_of(conversation);
            let (contact, _) = business.customers[customer];
            let all = house.timeline(business, None, conversation).await;
            let seqs: Vec<i64> = all.iter().map(|entry| entry.seq).collect();
            if seqs != (1..=i64::try_from(seqs.len()).expect("a few")).collect::<Vec<i64>>() {
                world.wrong(format!("{conversation} has holes: {seqs:?}"));
            }
            let theirs = house.timeline(business, Some(contact), conversation).await;
            let last = |entries: &[concierge::protocol::Entry]| entries.last().map_or(0, |entry| entry.seq);
            ends.push(Top { conversation, customer, for_staff: last(&all), for_everyone: last(&theirs) });
        }
        tops.push(ends);
    }
    tops
}

/// Compares what a client saw with what is stored.
async fn judge(world: &World, client: Client) {
    let business = &world.template.businesses[client.business];
    let house = world.house.lock().await;
    for history in client.histories {
        let Some(conversation) = history.conversation() else { continue };
        let customer = match client.who {
            Who::Customer { number } => Some(business.customers[number].0),
            Who::Staff => None,
        };
        let stored = house.timeline(business, customer, conversation).await;
        for violation in history.judge(&stored) {
            world.wrong(format!("{}: {}: {}", client.name, violation.kind.as_str(), violation.says));
        }
    }
}
