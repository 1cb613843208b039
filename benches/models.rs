//! What the hub adds to a model of language: to its first word, to each word on its way to a colleague's screen,
//! and to two hundred drafts that are written at once.
//!
//! `taskset -c 1 cargo bench --bench models`. The model is a server in this process that speaks OpenAI's streaming
//! API and notes when it writes each word, so that times on both sides are of one clock. The hub is a process of
//! its own on core 0. Beside it a bare HTTP client reads the same words: what it measures is the machine's noise
//! and the reader's, and not the hub's.
//!
//! `CONCIERGE_DRAFTS` (300), `CONCIERGE_RATE` (10 drafts begun in a second) and `CONCIERGE_WORDS` (400, 50 ms
//! apart: some 200 drafts at once) change the load; `CONCIERGE_BIN` names another hub, to compare with.

mod scripted;

use std::process::{Child, Command as Program, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use concierge::base::{ConversationId, Id as _, Timestamp, WorkspaceId};
use concierge::client::{Http, Socket};
use concierge::config::{Config, ModelProvider};
use concierge::ports::models::{Ask, Chain, Message, Meter, Models, Piece};
use concierge::protocol::{Command, DraftStatus, Outcome, ServerFrame, Signal};
use scripted::Scripted;
use tokio::task::JoinSet;

/// Calls whose first word is timed, and those before them.
const CALLS: usize = 400;
const WARM: usize = 40;
/// Drafts that are written one after the other, before many are written at once.
const ALONE: usize = 12;
/// Of so many drafts one has a bare reader beside it.
const BARE: usize = 10;
/// How long a customer's message settles before its turn: as released.
const SETTLE: Duration = Duration::from_millis(600);
/// Longest wait for a draft.
const PATIENCE: Duration = Duration::from_secs(180);

const QUESTIONS: &[&str] = &[
    "How much is an MOT and how long does it take?",
    "Do you have a courtesy car while mine is being repaired?",
    "When are you open on Saturday?",
    "I need four new winter tyres, what do they cost fitted?",
    "Can you store my summer wheels until spring?",
    "What is included in a full service?",
];

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        for line in first_words().await {
            println!("{line}");
        }
        for line in drafts().await {
            println!("{line}");
        }
    });
}

/// The time until the first word, less the time that the server itself took for it: of our client, and of a bare
/// one that sends the same.
async fn first_words() -> Vec<String> {
    let server = Scripted::start(Duration::from_millis(5), Duration::from_millis(2), 8).await;
    let mut settings = Config::defaults().models;
    settings.providers.insert("bench".to_owned(), provider(&server.url));
    let models = Models::open(&settings).expect("a provider");
    let client = reqwest::Client::new();
    let chain = Chain::default();
    // About as long as a draft's prompt.
    let told = "Cars are checked in an hour, and tyres are changed while you wait. ".repeat(80);
    let messages = [Message::System(told.clone()), Message::User("How much is a brake check?".to_owned())];
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for call in 0..CALLS + WARM {
        let started = Instant::now();
        let mut first = None;
        let ask = Ask {
            workspace: WorkspaceId::from_parts(Timestamp::from_micros(0), 1),
            prompt_hash: "bench",
            messages: &messages,
            tools: &[],
            answer_tokens: 600,
            deadline: started + Duration::from_secs(30),
            chain: &chain,
            first: None,
            temperature: None,
        };
        let mut hear = |piece: Piece<'_>| {
            if let Piece::Text(_) = piece {
                first.get_or_insert_with(Instant::now);
            }
        };
        models.chat(&ask, &Meter::default(), &mut hear).await.expect("an answer");
        let added = first.expect("a word") - started;
        let added_by_us = added.saturating_sub(server.last_thought());

        let body = serde_json::json!({
            "model": "bench", "stream": true, "stream_options": { "include_usage": true }, "max_tokens": 600,
            "messages": [{ "role": "system", "content": told },
                { "role": "user", "content": "How much is a brake check?" }],
        });
        let started = Instant::now();
        let mut response =
            client.post(format!("{}/chat/completions", server.url)).json(&body).send().await.expect("heard");
        let mut first = None;
        while let Some(chunk) = response.chunk().await.expect("a stream") {
            if first.is_none() && !scripted::words(&chunk).is_empty() {
                first = Some(Instant::now());
            }
        }
        let added_by_bare = (first.expect("a word") - started).saturating_sub(server.last_thought());
        if call >= WARM {
            ours.push(added_by_us);
            bare.push(added_by_bare);
        }
    }
    vec![
        told_as("first word: added by the hub's client", &mut ours),
        told_as("first word: added by a bare client", &mut bare),
    ]
}

fn provider(url: &str) -> ModelProvider {
    ModelProvider {
        address: url.to_owned(),
        model: "bench".to_owned(),
        key: "bench".to_owned(),
        tools: true,
        temperature: 0.2,
        input_price: 0.0,
        output_price: 0.0,
    }
}

/// A hub in a process of its own, on core 0.
struct Hub {
    process: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Hub {
    fn drop(&mut self) {
        // It may have gone by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Hub {
    async fn start(model: &str) -> Hub {
        let folder = tempfile::tempdir().expect("a folder");
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it").port();
        let many = "1000000";
        let hub = std::env::var("CONCIERGE_BIN");
        let hub = hub.unwrap_or_else(|_| env!("CARGO_BIN_EXE_concierge").to_owned());
        let process = Program::new("taskset")
            .args(["-c", "0", &hub, "serve", "--demo"])
            .env("CONCIERGE__HTTP__LISTEN", format!("127.0.0.1:{port}"))
            .env("CONCIERGE__STORE__FOLDER", folder.path())
            .env("CONCIERGE__MODELS__BENCH__ADDRESS", model)
            .env("CONCIERGE__MODELS__BENCH__MODEL", "bench")
            // What a business may have written at once is a limit of its own; here it must not be what waits.
            .env("CONCIERGE__MODELS__AT_ONCE", "1000")
            .env("CONCIERGE__MODELS__TOKENS_PER_DAY", "0")
            .env("CONCIERGE__HTTP__REQUESTS_PER_MINUTE", many)
            .env("CONCIERGE__LOG__FILTER", "error")
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("the hub is started");
        let hub = Hub { process, url: format!("http://127.0.0.1:{port}"), _folder: folder };
        let anybody = Http::anonymous(&hub.url);
        until(async || anybody.get::<serde_json::Value>("/readyz").await.is_ok()).await;
        // What is done once after a start, such as learning intents, is not measured.
        loop {
            let before = hub.cpu();
            tokio::time::sleep(Duration::from_secs(1)).await;
            if hub.cpu() - before < 0.03 {
                return hub;
            }
        }
    }

    /// Seconds of processor time so far.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).expect("it runs");
        let fields: Vec<&str> = stat.rsplit(") ").next().expect("fields").split(' ').collect();
        let ticks: f64 =
            fields[11].parse::<f64>().expect("ticks") + fields[12].parse::<f64>().expect("ticks");
        ticks / 100.0
    }

    fn megabytes(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("memory");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("kilobytes") / 1_024.0
    }
}

async fn until(holds: impl AsyncFn() -> bool) {
    while !holds().await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What one draft took.
struct Seen {
    /// From the end of the settling to the request at the model's server.
    before_asking: Duration,
    /// From the model's first word to the desk.
    first: Duration,
    /// The same for every word.
    words: Vec<Duration>,
}

async fn drafts() -> Vec<String> {
    let (drafts, rate) = (number("CONCIERGE_DRAFTS", 300), number("CONCIERGE_RATE", 10));
    let words = number("CONCIERGE_WORDS", 400);
    let server =
        Arc::new(Scripted::start(Duration::from_millis(300), Duration::from_millis(50), words).await);
    let hub = Hub::start(&server.url).await;
    let staff = Http::sign_in(&hub.url, "northgate", "marta@northgate.example", "concierge-demo").await;
    let staff = staff.expect("she signs in");
    server.say(20);
    let mut alone = Vec::new();
    for number in 0..ALONE {
        alone.push(one(&hub.url, &staff, &server, number).await);
    }
    server.say(words);
    let (began, cpu) = (Instant::now(), hub.cpu());
    let (mut running, mut bare) = (JoinSet::new(), JoinSet::new());
    let mut pace = tokio::time::interval(Duration::from_secs(1) / u32::try_from(rate).expect("a rate"));
    for number in 0..drafts {
        pace.tick().await;
        let (url, staff, server) = (hub.url.clone(), staff.clone(), server.clone());
        if number % BARE == 0 {
            let server = server.clone();
            bare.spawn(async move { read_bare(&server).await });
        }
        running.spawn(async move { one(&url, &staff, &server, number).await });
    }
    let crowd: Vec<Seen> = running.join_all().await;
    let floor: Vec<Vec<Duration>> = bare.join_all().await;
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), hub.cpu() - cpu);
    let told = |name: &str, of: &dyn Fn(&Seen) -> Vec<Duration>, seen: &[Seen]| {
        told_as(name, &mut seen.iter().flat_map(of).collect::<Vec<_>>())
    };
    let mut lines = Vec::new();
    for (who, seen) in [("alone", &alone), ("crowd", &crowd)] {
        lines.push(told(&format!("{who}: turn to request"), &|one| vec![one.before_asking], seen));
        lines.push(told(&format!("{who}: first word to the desk"), &|one| vec![one.first], seen));
        lines.push(told(&format!("{who}: each word to the desk"), &|one| one.words.clone(), seen));
    }
    lines.push(told_as(
        "crowd: each word to a bare client",
        &mut floor.into_iter().flatten().collect::<Vec<_>>(),
    ));
    lines.push(format!(
        "{drafts} drafts of {words} words in {seconds:.0} s; {} at once at most; the hub used {:.0} % of its core, {:.0} MB",
        server.most_at_once(),
        cpu / seconds * 100.0,
        hub.megabytes(),
    ));
    lines
}

/// A customer asks, and a colleague reads along.
async fn one(url: &str, staff: &Http, server: &Scripted, number: usize) -> Seen {
    let (_, visit) = Http::visit(url, "northgate", serde_json::json!({})).await.expect("a visit");
    let (mut customer, _) = Socket::visitor(url, &visit.token).await.expect("a socket");
    let (mut desk, _) = Socket::staff(staff).await.expect("a desk");
    let body = QUESTIONS[number % QUESTIONS.len()].to_owned();
    let post = Command::Send { conversation: None, client_id: "1".to_owned(), body, files: Vec::new() };
    let Ok(Outcome::Posted(posted)) = customer.ask(post).await else { panic!("the message is taken") };
    let settled = Instant::now() + SETTLE;
    let join = Command::Join { conversation: posted.conversation, after: posted.seq, epoch: None };
    desk.ask(join).await.expect("she joins");
    let mut heard = Vec::new();
    let read = async {
        loop {
            match desk.next().await.expect("a frame") {
                ServerFrame::Signal(Signal::DraftDelta { text, .. }) => {
                    let now = Instant::now();
                    heard.extend(scripted::words(text.as_bytes()).into_iter().map(|word| (word, now)));
                }
                ServerFrame::Signal(Signal::Draft { draft }) if is_done(&draft.status) => {
                    assert_eq!(draft.fallback, None, "the model wrote it");
                    return;
                }
                _ => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, read)
        .await
        .unwrap_or_else(|_| panic!("no draft in {}", of(posted.conversation)));
    let (first_word, _) = *heard.first().expect("words");
    let words: Vec<Duration> =
        heard.iter().map(|(word, at)| at.saturating_duration_since(server.wrote(*word))).collect();
    Seen {
        before_asking: server.asked(first_word).saturating_duration_since(settled),
        first: words[0],
        words,
    }
}

fn of(conversation: ConversationId) -> String {
    conversation.to_string()
}

fn is_done(status: &DraftStatus) -> bool {
    matches!(status, DraftStatus::Pending)
}

/// Reads an answer without the hub.
async fn read_bare(server: &Scripted) -> Vec<Duration> {
    let body = serde_json::json!({ "model": "bench", "stream": true, "messages": [] });
    let client = reqwest::Client::new();
    let mut response =
        client.post(format!("{}/chat/completions", server.url)).json(&body).send().await.expect("heard");
    let mut heard = Vec::new();
    while let Some(chunk) = response.chunk().await.expect("a stream") {
        let now = Instant::now();
        let words = scripted::words(&chunk);
        heard.extend(words.into_iter().map(|word| now.saturating_duration_since(server.wrote(word))));
    }
    heard
}

/// A line of a table.
fn told_as(what: &str, times: &mut [Duration]) -> String {
    times.sort();
    let at = |share: usize| {
        let place = (times.len() * share / 100).min(times.len().saturating_sub(1));
        times.get(place).map_or(f64::NAN, |time| time.as_secs_f64() * 1_000.0)
    };
    format!(
        "{what:42} p50 {:8.2} ms   p95 {:8.2} ms   p99 {:8.2} ms   ({} times)",
        at(50),
        at(95),
        at(99),
        times.len()
    )
}
