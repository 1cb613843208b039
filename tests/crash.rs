//! The hub as a real process that is killed without warning.
//!
//! Catalogue: D1 and D2 (promises P1, P2; invariants I1, I2), and E5 for one node: a turn that was cut in
//! the middle runs again once.

#[path = "it/support/dice.rs"]
mod dice;

use std::collections::HashMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use concierge::base::ConversationId;
use concierge::client::{Error, Http, Socket};
use concierge::protocol::{
    Command, Content, DraftStatus, DraftView, Entry, Joined, Outcome, Posted, ServerFrame, Signal, StageName,
    StageState,
};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use dice::dice;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// From the kill to the first answer.
const RESTART: Duration = Duration::from_secs(2);

/// What a process that called `abort` is said to have ended by.
const SIGABRT: i32 = 6;

/// Everybody's password in the demo workspaces.
const PASSWORD: &str = "concierge-demo";

/// A hub in a process of its own; it dies with this value.
struct Hub {
    child: Child,
    url: String,
    folder: PathBuf,
    settings: Vec<(String, String)>,
}

impl Hub {
    /// Starts a hub on a copy of a folder that was seeded once.
    async fn start(folder: &Path, settings: &[(&str, &str)]) -> Hub {
        copy_files(seeded(), folder);
        let listen = format!("127.0.0.1:{}", free_port());
        let mut all = vec![("HTTP__LISTEN".to_owned(), listen.clone())];
        all.extend(
            LIMITS.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let child = spawn(folder, &all);
        let hub = Hub { child, url: format!("http://{listen}"), folder: folder.to_owned(), settings: all };
        hub.until_ready().await;
        hub
    }

    /// Kills it at once, as `kill -9` does, and starts it again on the same folder and port. Gives the
    /// time from the kill to the first answer.
    async fn kill_and_restart(&mut self) -> Duration {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is dead");
        let killed = Instant::now();
        self.child = spawn(&self.folder, &self.settings);
        self.until_ready().await;
        killed.elapsed()
    }

    /// Lets it die when it comes to a place on the way to the disk for the `time`-th time, and starts it
    /// again.
    async fn crash_and_restart(&mut self, place: &str, time: u32) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is dead");
        let settings = [("CONCIERGE_CRASH_AT".to_owned(), format!("{place}:{time}"))];
        self.child = process(&self.folder, &self.settings).envs(settings).spawn().expect("it starts");
        let died = async {
            loop {
                if let Some(status) = self.child.try_wait().expect("it is asked") {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let status = tokio::time::timeout(PATIENCE, died).await.expect("the hub comes to that place");
        assert_eq!(status.signal(), Some(SIGABRT), "{place}: {status}");
        self.child = spawn(&self.folder, &self.settings);
        self.until_ready().await;
    }

    /// Waits until it answers requests and its store does.
    async fn until_ready(&self) {
        let asks = Http::anonymous(&self.url);
        let ready = async {
            while asks.get::<Value>("/readyz").await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.expect("the hub answers");
    }

    async fn store(&self) -> SqliteConnection {
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(self.folder.join("concierge.db"))
            .busy_timeout(Duration::from_secs(5));
        SqliteConnection::connect_with(&options).await.expect("the store opens")
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Limits that no honest test reaches, and the quick way to understand a message: every start learns anew.
const LIMITS: &[(&str, &str)] = &[
    ("UNDERSTANDING__SENTENCE_MODEL", "false"),
    ("HTTP__REQUESTS_PER_MINUTE", "1000000"),
    ("SOCKETS__BURST", "1000000"),
    ("SOCKETS__PER_SECOND", "1000000"),
    ("SOCKETS__WORKSPACE_PER_SECOND", "1000000"),
    ("SESSIONS__ATTEMPTS_PER_MINUTE", "1000000"),
    ("LOG__FILTER", "error"),
];

fn spawn(folder: &Path, settings: &[(String, String)]) -> Child {
    process(folder, settings).spawn().expect("the hub's process starts")
}

fn process(folder: &Path, settings: &[(String, String)]) -> Process {
    let mut process = Process::new(env!("CARGO_BIN_EXE_concierge"));
    process.args(["serve", "--demo"]).env("CONCIERGE__STORE__FOLDER", folder).current_dir(folder);
    for (name, value) in settings {
        process.env(format!("CONCIERGE__{name}"), value);
    }
    process.stdin(Stdio::null()).stdout(Stdio::null());
    process
}

/// A folder with the demo workspaces, made once; its hub has ended.
fn seeded() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let listen = ("HTTP__LISTEN".to_owned(), format!("127.0.0.1:{}", free_port()));
            let mut child = spawn(folder.path(), std::slice::from_ref(&listen));
            let started = Instant::now();
            // It takes connections once the demo workspaces are in its store.
            while std::net::TcpStream::connect(&listen.1).is_err() || !answers(&listen.1) {
                assert!(started.elapsed() < PATIENCE, "the hub did not start");
                std::thread::park_timeout(Duration::from_millis(20));
            }
            child.kill().expect("it can be killed");
            child.wait().expect("it is dead");
            folder
        })
        .path()
}

/// Whether a hub answers a request.
fn answers(address: &str) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = std::net::TcpStream::connect(address) else { return false };
    let mut answer = [0; 12];
    stream.set_read_timeout(Some(Duration::from_secs(1))).is_ok()
        && stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer.ends_with(b"200")
}

fn copy_files(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).expect("the folder is read") {
        let file = file.expect("a file");
        let copy = to.join(file.file_name());
        match file.file_type().expect("its type").is_dir() {
            true => {
                std::fs::create_dir_all(&copy).expect("a folder is made");
                copy_files(&file.path(), &copy);
            }
            false => {
                std::fs::copy(file.path(), copy).expect("it is copied");
            }
        }
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// A message that the hub acknowledged.
#[derive(Debug, Clone, PartialEq)]
struct Acked {
    conversation: ConversationId,
    client_id: String,
    seq: i64,
}

/// What all senders have seen.
#[derive(Default)]
struct Ledger {
    acked: Mutex<Vec<Acked>>,
    /// Resends of a message whose answer was lost, that had been stored all the same.
    stored_unseen: AtomicUsize,
    resent: AtomicUsize,
    stop: AtomicBool,
}

impl Ledger {
    fn acked(&self) -> Vec<Acked> {
        self.acked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self) -> usize {
        self.acked.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// A customer who sends one message after the other and, after each crash, the unanswered one again.
async fn sends_on(url: String, token: String, number: usize, ledger: Arc<Ledger>) {
    let (mut next, mut resend) = (0_u32, false);
    let mut last: Option<Acked> = None;
    while !ledger.stop.load(Ordering::Relaxed) {
        let Ok((mut socket, _)) = Socket::visitor(&url, &token).await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        if let Some(last) = &last {
            // What was acknowledged before the crash is acknowledged again with the same position.
            match post(&mut socket, last.conversation, &last.client_id).await {
                Ok(posted) => assert_eq!((posted.seq, posted.duplicate), (last.seq, true), "{last:?}"),
                Err(_) => continue,
            }
        }
        while !ledger.stop.load(Ordering::Relaxed) {
            let client_id = format!("d1-{number}-{next}");
            let posted = match &last {
                Some(last) => post(&mut socket, last.conversation, &client_id).await,
                None => begin(&mut socket, &client_id).await,
            };
            let Ok(posted) = posted else {
                resend = true;
                break;
            };
            assert!(!posted.duplicate || resend, "only what was sent before is a duplicate: {client_id}");
            if resend {
                ledger.resent.fetch_add(1, Ordering::Relaxed);
                ledger.stored_unseen.fetch_add(usize::from(posted.duplicate), Ordering::Relaxed);
            }
            let acked = Acked { conversation: posted.conversation, client_id, seq: posted.seq };
            ledger.acked.lock().unwrap_or_else(PoisonError::into_inner).push(acked.clone());
            (last, resend) = (Some(acked), false);
            next += 1;
        }
    }
}

async fn begin(socket: &mut Socket, client_id: &str) -> Result<Posted, Error> {
    ask(socket, None, client_id, "Good morning").await
}

async fn post(socket: &mut Socket, conversation: ConversationId, client_id: &str) -> Result<Posted, Error> {
    ask(socket, Some(conversation), client_id, "And another thing").await
}

async fn ask(
    socket: &mut Socket,
    conversation: Option<ConversationId>,
    client_id: &str,
    body: &str,
) -> Result<Posted, Error> {
    let send = Command::Send {
        conversation,
        client_id: client_id.to_owned(),
        body: body.to_owned(),
        files: Vec::new(),
    };
    match socket.ask(send).await? {
        Outcome::Posted(posted) => Ok(posted),
        other => panic!("{other:?}"),
    }
}

/// Compares what was acknowledged with what is stored.
async fn check_store(hub: &Hub, acked: &[Acked], instant: usize) {
    let mut store = hub.store().await;
    let (integrity,): (String,) =
        sqlx::query_as("PRAGMA integrity_check").fetch_one(&mut store).await.expect("it is checked");
    assert_eq!(integrity, "ok", "instant {instant}");
    let rows: Vec<(String, i64, Option<String>)> =
        sqlx::query_as("SELECT conversation_id, seq, client_id FROM entries ORDER BY conversation_id, seq")
            .fetch_all(&mut store)
            .await
            .expect("entries are read");
    let mut stored: HashMap<(&str, &str), i64> = HashMap::new();
    let mut before: Option<(&str, i64)> = None;
    for (conversation, seq, client_id) in &rows {
        let expected = before.filter(|(of, _)| of == conversation).map_or(1, |(_, seq)| seq + 1);
        assert_eq!(*seq, expected, "instant {instant}: a hole in {conversation}");
        before = Some((conversation, *seq));
        if let Some(client_id) = client_id {
            let twice = stored.insert((conversation, client_id), *seq);
            assert_eq!(twice, None, "instant {instant}: {client_id} is stored twice");
        }
    }
    for message in acked {
        let conversation = message.conversation.to_string();
        let seq = stored.get(&(conversation.as_str(), message.client_id.as_str()));
        assert_eq!(seq, Some(&message.seq), "instant {instant}: {message:?} was acknowledged");
    }
    let tops: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT conversations.id, last_seq, (SELECT MAX(seq) FROM entries WHERE conversation_id = conversations.id)
         FROM conversations WHERE last_seq > 0",
    )
    .fetch_all(&mut store)
    .await
    .expect("conversations are read");
    assert!(tops.iter().all(|(_, told, found)| told == found), "counters and entries agree");
    store.close().await.expect("the store closes");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_kill_at_any_instant() {
    const INSTANTS: usize = 50;
    const SENDERS: usize = 20;
    let mut rng = dice(1);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut hub = Hub::start(folder.path(), &[("PIPELINE__WORKERS", "1")]).await;
    let ledger = Arc::new(Ledger::default());
    let mut senders = tokio::task::JoinSet::new();
    for number in 0..SENDERS {
        let who = json!({ "name": format!("Sender {number}") });
        let (_, visit) = Http::visit(&hub.url, "northgate", who).await.expect("the visit opens");
        senders.spawn(sends_on(hub.url.clone(), visit.token, number, ledger.clone()));
    }
    let mut slowest = Duration::ZERO;
    for instant in 0..INSTANTS {
        let enough = ledger.count() + rng.random_range(1..SENDERS * 3);
        let under_load = async {
            while ledger.count() < enough {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, under_load).await.expect("messages are acknowledged");
        // Somewhere within the next few commits.
        tokio::time::sleep(Duration::from_micros(rng.random_range(0..20_000))).await;
        slowest = slowest.max(hub.kill_and_restart().await);
        check_store(&hub, &ledger.acked(), instant).await;
    }
    ledger.stop.store(true, Ordering::Relaxed);
    while let Some(ended) = senders.join_next().await {
        ended.expect("the sender saw nothing wrong");
    }
    let acked = ledger.acked();
    check_store(&hub, &acked, INSTANTS).await;
    say(&format!(
        "{INSTANTS} kills, {} acknowledged, {} resent of which {} had been stored, slowest restart {slowest:?}",
        acked.len(),
        ledger.resent.load(Ordering::Relaxed),
        ledger.stored_unseen.load(Ordering::Relaxed),
    ));
    assert!(acked.len() > INSTANTS * 5, "it was a load: {}", acked.len());
    assert!(slowest < RESTART, "the slowest restart took {slowest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_crash_at_any_place_of_a_commit() {
    const SENDERS: usize = 8;
    const PLACES: [&str; 5] = ["began", "worked", "committing", "committed", "published"];
    let mut rng = dice(2);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut hub = Hub::start(folder.path(), &[("PIPELINE__WORKERS", "1")]).await;
    let ledger = Arc::new(Ledger::default());
    let mut senders = tokio::task::JoinSet::new();
    let mut customers = Vec::new();
    for number in 0..SENDERS {
        let who = json!({ "name": format!("Sender {number}") });
        let (customer, visit) = Http::visit(&hub.url, "northgate", who).await.expect("the visit opens");
        customers.push(customer);
        senders.spawn(sends_on(hub.url.clone(), visit.token, number, ledger.clone()));
    }
    for (round, place) in PLACES.iter().cycle().take(PLACES.len() * 3).enumerate() {
        hub.crash_and_restart(place, rng.random_range(20..200)).await;
        check_store(&hub, &ledger.acked(), round).await;
    }
    let before = ledger.count();
    let goes_on = async {
        while ledger.count() < before + SENDERS * 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, goes_on).await.expect("messages are acknowledged again");
    ledger.stop.store(true, Ordering::Relaxed);
    while let Some(ended) = senders.join_next().await {
        ended.expect("the sender saw nothing wrong");
    }
    check_store(&hub, &ledger.acked(), usize::MAX).await;
    assert!(ledger.stored_unseen.load(Ordering::Relaxed) > 0, "some were stored and never acknowledged");
    let last = ledger.acked().last().cloned().expect("messages were acknowledged");
    let path = format!("/v1/conversations/{}/entries?after={}", last.conversation, last.seq - 1);
    let mut read = Vec::new();
    for customer in &customers {
        read.extend(customer.get::<Value>(&path).await.ok());
    }
    assert_eq!(read.len(), 1, "its customer reads it, no other does");
    assert_eq!(read[0]["entries"][0]["client_id"], json!(last.client_id));
}

/// When, in the middle of a turn, the hub is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    Acknowledged,
    Began(StageName),
    Piece(usize),
}

/// Whether a frame says that the moment has come.
fn has_come(moment: Moment, frame: &ServerFrame, pieces: &mut usize) -> bool {
    match (moment, frame) {
        (Moment::Acknowledged, _) => true,
        (Moment::Began(wanted), ServerFrame::Signal(Signal::Stage { stage, state, .. })) => {
            *stage == wanted && *state == StageState::Started
        }
        (Moment::Piece(wanted), ServerFrame::Signal(Signal::DraftDelta { .. })) => {
            *pieces += 1;
            *pieces == wanted
        }
        _ => false,
    }
}

async fn join(socket: &mut Socket, conversation: ConversationId) -> Joined {
    match socket.ask(Command::Join { conversation, after: 0, epoch: None }).await {
        Ok(Outcome::Joined(joined)) => joined,
        other => panic!("{other:?}"),
    }
}

async fn sign_in(hub: &Hub) -> Http {
    Http::sign_in(&hub.url, "northgate", "marta@northgate.example", PASSWORD).await.expect("signed in")
}

/// Waits for the draft that answers an entry and waits for a person.
async fn pending_draft(staff: &Http, conversation: ConversationId, for_seq: i64) -> DraftView {
    let waits = |draft: &DraftView| draft.status == DraftStatus::Pending && draft.for_seq == for_seq;
    let (mut desk, _) = Socket::staff(staff).await.expect("the desk opens");
    if let Some(draft) = join(&mut desk, conversation).await.draft.filter(|draft| waits(draft)) {
        return *draft;
    }
    let draft = desk.find(PATIENCE, |frame| match frame {
        ServerFrame::Signal(Signal::Draft { draft }) if waits(&draft) => Some(*draft),
        _ => None,
    });
    draft.await.expect("the turn runs again")
}

async fn entries(caller: &Http, conversation: ConversationId) -> Vec<Entry> {
    let page: Value =
        caller.get(&format!("/v1/conversations/{conversation}/entries")).await.expect("the timeline is read");
    serde_json::from_value(page["entries"].clone()).expect("entries")
}

/// Kills the hub at a moment of a turn; afterwards there is one draft, and it can be sent once.
async fn is_killed_at(moment: Moment) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = [
        ("PIPELINE__SETTLE_MS", "10"),
        ("PIPELINE__WORD_MS", "150"),
        ("PIPELINE__LEASE_SECONDS", "1"),
        ("PIPELINE__SWEEP_SECONDS", "1"),
    ];
    let mut hub = Hub::start(folder.path(), &settings).await;
    let staff = sign_in(&hub).await;
    let who = json!({ "name": "Ana Silva" });
    let (customer, visit) = Http::visit(&hub.url, "northgate", who).await.expect("the visit opens");
    let (mut socket, _) = Socket::visitor(&hub.url, &visit.token).await.expect("the socket opens");

    // The conversation is there before, so that the desk can watch the turn from its first stage on.
    let begun = begin(&mut socket, "before").await.expect("taken");
    let conversation = begun.conversation;
    let before = pending_draft(&staff, conversation, begun.seq).await;
    let (mut desk, _) = Socket::staff(&staff).await.expect("the desk opens");
    join(&mut desk, conversation).await;
    let asked =
        ask(&mut socket, Some(conversation), "asked", "How much is a full service?").await.expect("taken");
    if !matches!(moment, Moment::Acknowledged) {
        let mut pieces = 0;
        let came = desk.find(PATIENCE, |frame| has_come(moment, &frame, &mut pieces).then_some(()));
        came.await.unwrap_or_else(|error| panic!("{moment:?}: {error}"));
    }
    hub.kill_and_restart().await;

    let draft = pending_draft(&staff, conversation, asked.seq).await;
    assert_ne!(draft.id, before.id);
    let turns: Vec<Value> =
        staff.get(&format!("/v1/conversations/{conversation}/turns")).await.expect("turns are listed");
    let of_question: Vec<&str> = turns
        .iter()
        .filter(|turn| turn["for_seq"] == json!(asked.seq))
        .filter_map(|turn| turn["status"].as_str())
        .collect();
    let ran_before = !matches!(moment, Moment::Acknowledged) || of_question.len() > 1;
    let expected: &[&str] = if ran_before { &["done", "superseded"] } else { &["done"] };
    assert_eq!(of_question, expected, "{moment:?}: it ran again once");

    // One draft is shown, in the list and in the timeline; nothing of the first run reached anybody.
    let waiting: Value = staff.get("/v1/drafts?limit=100").await.expect("drafts are listed");
    let shown: Vec<&Value> = waiting["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| &item["draft"]["id"])
        .filter(|id| **id == json!(draft.id) || **id == json!(before.id))
        .collect();
    assert_eq!(shown, [&json!(draft.id)], "{moment:?}");
    let proposed = |entries: &[Entry]| {
        let later = entries.iter().filter(|entry| entry.seq > asked.seq);
        later.filter(|entry| matches!(entry.content, Content::DraftProposed { .. })).count()
    };
    assert_eq!(proposed(&entries(&staff, conversation).await), 1, "{moment:?}");

    // It is approved, sent once, and no further draft follows.
    let approval = json!({ "revision": draft.revision, "hash": draft.hash });
    let _: Value = staff.post(&format!("/v1/drafts/{}/approve", draft.id), approval).await.expect("approved");
    let (mut socket, _) = Socket::visitor(&hub.url, &visit.token).await.expect("the socket opens again");
    let seen = join(&mut socket, conversation).await.entries;
    let is_answer = |entry: &Entry| entry.body.as_deref() == Some(draft.text.as_str());
    if !seen.iter().any(is_answer) {
        let answer = socket.find(PATIENCE, |frame| match frame {
            ServerFrame::Event { entry, .. } if is_answer(&entry) => Some(()),
            _ => None,
        });
        answer.await.expect("the customer reads the answer");
    }
    let heard: Vec<Entry> =
        entries(&customer, conversation).await.into_iter().filter(|entry| entry.seq > asked.seq).collect();
    assert_eq!(heard.len(), 1, "{moment:?}: {heard:?}");
    assert_eq!(proposed(&entries(&staff, conversation).await), 1, "{moment:?}: no other draft follows");
    drop(hub);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_was_killed_runs_again_once() {
    let mut rng: StdRng = dice(5);
    let moments = [
        Moment::Acknowledged,
        Moment::Began(StageName::Retrieve),
        Moment::Began(StageName::Draft),
        Moment::Piece(1),
        Moment::Piece(rng.random_range(2..4)),
        Moment::Began(StageName::Gate),
    ];
    // All at once: each has a hub of its own, and mostly waits for the words of its draft.
    let mut runs = tokio::task::JoinSet::new();
    for moment in moments {
        runs.spawn(is_killed_at(moment));
    }
    while let Some(ended) = runs.join_next().await {
        ended.expect("one draft after the crash");
    }
}

/// A PDF of so many pages, each with a line of its own.
fn long_pdf(pages: usize) -> Vec<u8> {
    let mut file = b"%PDF-1.5\n".to_vec();
    let mut places = Vec::new();
    let kids: String = (0..pages).map(|page| format!("{} 0 R ", 4 + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {pages} >>"),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    for page in 0..pages {
        let text = format!("BT /F1 12 Tf 72 720 Td (Lantern number {page} hangs at the harbour.) Tj ET");
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {} 0 R \
             /Resources << /Font << /F1 3 0 R >> >> >>",
            5 + 2 * page
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()));
    }
    for (number, object) in (1..).zip(&objects) {
        places.push(file.len());
        file.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
    }
    let table = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    file.extend(places.iter().flat_map(|place| format!("{place:010} 00000 n \n").into_bytes()));
    let size = objects.len() + 1;
    file.extend(format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n").bytes());
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_was_being_read_is_read_after_the_kill() {
    const PAGES: usize = 150;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut hub = Hub::start(folder.path(), &[]).await;
    let staff = sign_in(&hub).await;
    let part = reqwest::multipart::Part::bytes(long_pdf(PAGES)).file_name("lanterns.pdf");
    let form = reqwest::multipart::Form::new().part("file", part);
    let request = reqwest::Client::new().post(format!("{}/v1/knowledge/documents/upload", hub.url));
    let answer = request.headers(staff.headers().clone()).multipart(form).send().await.expect("an answer");
    let text = answer.text().await.expect("a body");
    let added: Value = serde_json::from_str(&text).expect("JSON");
    let path = format!("/v1/knowledge/documents/{}", added["id"].as_str().expect("an identifier"));
    let until = async |wanted: &str| {
        let reached = async {
            loop {
                let shown: Value = staff.get(&path).await.expect("the document is shown");
                if shown["status"] == wanted {
                    return shown;
                }
                assert_ne!(shown["status"], "failed", "{shown}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect("the document gets there")
    };
    let reading = until("reading").await;
    assert_eq!(reading["version"], 0, "there is no text yet");
    hub.kill_and_restart().await;
    let read = until("ready").await;
    assert_eq!((&read["version"], &read["source"]["page"]), (&json!(1), &json!(PAGES)));
    let found: Value = staff.get("/v1/knowledge/search?q=lantern+149").await.expect("searched");
    assert_eq!(found["hits"][0]["title"], "Lanterns", "{found}");
}

#[expect(clippy::print_stderr, reason = "shown by the test runner")]
fn say(line: &str) {
    eprintln!("{line}");
}
