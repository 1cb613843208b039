//! Ten thousand conversations, told again unchanged: whether each draft is what was recorded, and how long it takes.
//!
//! `cargo bench --bench replay`. A hub of its own with the demo workspaces. Customers play the demo's 18 scripts
//! again and again, each time in other words (the seed of chance is fixed); staff approve, edit, reject and take
//! over as the scripts say. Then every conversation is replayed twice without a change.
//!
//! `CONCIERGE_CONVERSATIONS` (10000) and `CONCIERGE_PLAYERS` (16) change the load.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use concierge::app::seed::{DEMO_PASSWORD, Script, Step, demo_files};
use concierge::app::{Node, Options};
use concierge::base::{Actor, ConversationId, Role};
use concierge::client::{Http, Socket};
use concierge::config::Config;
use concierge::protocol::{Command, DraftStatus, DraftView, Outcome, RejectReason, ServerFrame, Signal};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const SEED: u64 = 20_261_122;
/// How long a draft or an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Differences that are shown.
const SHOWN: usize = 5;

const BEFORE: &[&str] = &[
    "",
    "",
    "",
    "Hi! ",
    "Good morning, ",
    "Hello there. ",
    "Quick question: ",
    "Sorry to bother you again. ",
];
const AFTER: &[&str] =
    &["", "", "", " Thanks!", " Cheers", " My name is Robin, by the way.", " It is for tomorrow."];
const NAMES: &[&str] =
    &["Ana Silva", "Tom Reyes", "Priya Kaur", "Wilf Hargreaves", "Lucía Fernández", "Jan Kowalski"];

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure(&|line| println!("{line}")));
}

/// A business: its slug, its owner's caller, its scripts.
struct Shop {
    slug: String,
    owner: Http,
    scripts: Vec<Script>,
}

async fn measure(say: &dyn Fn(&str)) {
    let conversations = number("CONCIERGE_CONVERSATIONS", 10_000);
    let folder = tempfile::tempdir().expect("a folder");
    let node = Node::start(settings(folder.path()), Options { seed_demo: true, ..Options::default() }).await;
    let node = node.expect("a hub");
    let shops = Arc::new(open(&node).await);
    settle(&node).await;

    let began = Instant::now();
    let (next, messages) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut players = JoinSet::new();
    for _ in 0..number("CONCIERGE_PLAYERS", 16) {
        let (url, shops, next, messages) = (node.url(), shops.clone(), next.clone(), messages.clone());
        players.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= conversations {
                    return;
                }
                let shop = &shops[number % shops.len()];
                messages.fetch_add(play(&url, shop, number).await, Ordering::Relaxed);
            }
        });
    }
    while let Some(played) = players.join_next().await {
        played.expect("a player plays to the end");
    }
    settle(&node).await;
    say(&format!(
        "{conversations} conversations with {} messages of customers were played in {:.0} s; {:.0} MB",
        messages.load(Ordering::Relaxed),
        began.elapsed().as_secs_f64(),
        megabytes("VmRSS"),
    ));

    let mut hashes = Vec::new();
    for round in ["first", "second"] {
        let (began, mut told) = (Instant::now(), Told::default());
        for shop in shops.iter() {
            tell(shop, &mut told, say).await;
        }
        say(&format!(
            "{round} replay: {} conversations, {} messages; {} of {} recorded drafts are the same; {:.0} s, {:.0} MB, \
             at most {:.0} MB so far; hash {}",
            told.conversations,
            told.messages,
            told.same,
            told.recorded,
            began.elapsed().as_secs_f64(),
            megabytes("VmRSS"),
            megabytes("VmHWM"),
            told.hash.finalize().to_hex().get(..16).unwrap_or_default(),
        ));
        hashes.push(told.hash.finalize());
    }
    say(if hashes[0] == hashes[1] { "both are the same, byte for byte" } else { "the two replays DIFFER" });
    node.stop().await;
}

fn settings(folder: &std::path::Path) -> Config {
    let many = std::num::NonZeroU32::MAX;
    let mut config = Config::defaults();
    config.http.listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    config.http.requests_per_minute = many;
    config.store.folder = folder.to_owned();
    config.sessions.attempts_per_minute = many;
    config.sockets.burst = many;
    config.sockets.per_second = many;
    config.sockets.workspace_per_second = many;
    config.pipeline.settle_ms = 10;
    config.pipeline.word_ms = 0;
    config.log.filter = "off".to_owned();
    config
}

async fn open(node: &Node) -> Vec<Shop> {
    let seeded = node.seeded.as_ref().expect("demo workspaces");
    let mut shops = Vec::new();
    for files in demo_files().expect("the demo's files") {
        let known = seeded.workspaces.iter().find(|one| one.slug == files.slug()).expect("it was made");
        let (email, _) = known.staff.iter().find(|(_, role)| *role == Role::Owner).expect("an owner");
        let owner = Http::sign_in(&node.url(), files.slug(), email, DEMO_PASSWORD).await.expect("in");
        // Nobody here takes an approval back.
        let _: Value = owner.patch("/v1/workspace", json!({ "undo_seconds": 0 })).await.expect("changed");
        shops.push(Shop { slug: files.slug().to_owned(), owner, scripts: files.scripts });
    }
    shops
}

/// Waits until no turn is owed and no job is open.
async fn settle(node: &Node) {
    loop {
        let mut tx = node.site.ports.db.read().await.expect("the store answers");
        let far = node.site.ports.now().after(Duration::from_secs(3_600));
        let owed = concierge::conversations::owed_turns(&mut tx, far, 1).await.expect("turns are read");
        if owed.is_empty() && concierge::jobs::open(&mut tx).await.expect("jobs are read") == 0 {
            return;
        }
        drop(tx);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Plays one conversation; says how many messages its customer wrote.
async fn play(url: &str, shop: &Shop, number: usize) -> usize {
    let mut dice = StdRng::seed_from_u64(SEED.wrapping_add(number as u64));
    let script = shop.scripts.choose(&mut dice).expect("a script");
    // Some customers never say who they are.
    let name = NAMES.choose(&mut dice).filter(|_| dice.random_range(0..4) > 0);
    let who = name.map_or_else(|| json!({}), |name| json!({ "name": name }));
    let (_, visit) = Http::visit(url, &shop.slug, who).await.expect("a visit");
    let (mut customer, _) = Socket::visitor(url, &visit.token).await.expect("a socket");
    let (mut desk, _) = Socket::staff(&shop.owner).await.expect("a desk");
    let (mut conversation, mut draft, mut said) = (None, None, 0);
    for step in &script.step {
        match step {
            Step::Customer { customer: text } => {
                said += 1;
                let body = vary(text, &mut dice);
                let client_id = format!("said-{said}");
                let send = Command::Send { conversation, client_id, body, files: Vec::new() };
                let Ok(Outcome::Posted(posted)) = customer.ask(send).await else { panic!("it is taken") };
                if conversation.is_none() {
                    let join =
                        |after| Command::Join { conversation: posted.conversation, after, epoch: None };
                    customer.ask(join(posted.seq)).await.expect("the customer joins");
                    desk.ask(join(posted.seq)).await.expect("the desk joins");
                    conversation = Some(posted.conversation);
                }
                draft = Some(drafted(&mut desk, posted.seq, None).await);
            }
            Step::Staff { staff, text, replace, reason, note, say } => {
                let shown = draft.clone().expect("a draft");
                let edited = match (text, replace) {
                    (Some(text), _) => Some(text.clone()),
                    (None, Some((from, to))) => Some(shown.text.replace(from, to)),
                    (None, None) => None,
                };
                match staff.as_str() {
                    "approve" | "edit" => approve(&mut desk, &mut customer, shown, edited).await,
                    "reject" => {
                        let (id, revision, seq) = (shown.id, shown.revision, shown.for_seq);
                        let reason: RejectReason =
                            reason.as_deref().unwrap_or("other").parse().expect("known");
                        let note = note.clone();
                        let reject = Command::Reject { draft: id, revision, reason, note, rewrite: true };
                        desk.ask(reject).await.expect("it is rejected");
                        draft = Some(drafted(&mut desk, seq, Some(&shown)).await);
                    }
                    _ => {
                        let conversation = conversation.expect("a conversation");
                        take_over(&mut desk, &mut customer, conversation, say.as_deref()).await;
                        break;
                    }
                }
            }
        }
    }
    customer.close().await;
    desk.close().await;
    said
}

/// The same in other words.
fn vary(text: &str, dice: &mut StdRng) -> String {
    let (before, after) = (BEFORE.choose(dice).expect("words"), AFTER.choose(dice).expect("words"));
    let call = match dice.random_range(0..5) {
        0 => format!(" You can call me on 020 7946 0{:03}.", dice.random_range(100..999)),
        1 => format!(" It is about {} pounds.", dice.random_range(20..2_000)),
        _ => String::new(),
    };
    format!("{before}{text}{after}{call}")
}

/// The draft that waits for a decision, for this message and other than the one before.
async fn drafted(desk: &mut Socket, seq: i64, before: Option<&DraftView>) -> DraftView {
    let draft = desk.find(PATIENCE, |frame| match frame {
        ServerFrame::Signal(Signal::Draft { draft })
            if draft.for_seq >= seq
                && draft.status == DraftStatus::Pending
                && before.is_none_or(|before| before.id != draft.id) =>
        {
            Some(*draft)
        }
        _ => None,
    });
    draft.await.expect("a draft comes")
}

async fn approve(desk: &mut Socket, customer: &mut Socket, draft: DraftView, text: Option<String>) {
    let approve = Command::Approve { draft: draft.id, revision: draft.revision, hash: draft.hash, text };
    desk.ask(approve).await.expect("it is approved");
    heard(customer).await;
}

async fn take_over(
    desk: &mut Socket,
    customer: &mut Socket,
    conversation: ConversationId,
    say: Option<&str>,
) {
    desk.ask(Command::TakeOver { conversation }).await.expect("it is taken over");
    let Some(words) = say else { return };
    let send = Command::Send {
        conversation: Some(conversation),
        client_id: "in-person".to_owned(),
        body: words.to_owned(),
        files: Vec::new(),
    };
    desk.ask(send).await.expect("it is sent");
    heard(customer).await;
}

/// Waits until the customer got the answer.
async fn heard(customer: &mut Socket) {
    let answer = customer.find(PATIENCE, |frame| match frame {
        ServerFrame::Event { entry, .. }
            if entry.content.is_message() && !matches!(entry.actor, Actor::Contact { .. }) =>
        {
            Some(())
        }
        _ => None,
    });
    answer.await.expect("the customer hears it");
}

/// What was counted of a replay.
#[derive(Default)]
struct Told {
    conversations: u64,
    messages: usize,
    recorded: usize,
    same: usize,
    shown: usize,
    hash: blake3::Hasher,
}

/// Replays a business's conversations page by page.
async fn tell(shop: &Shop, told: &mut Told, say: &dyn Fn(&str)) {
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/replay?limit=50{cursor}");
        let page: Value = shop.owner.post(&path, json!({})).await.expect("it is replayed");
        told.conversations += page["conversations"].as_u64().expect("a number");
        for item in page["items"].as_array().expect("items") {
            told.messages += 1;
            told.hash.update(item.to_string().as_bytes());
            let Some(same) = item["as_recorded"].as_bool() else { continue };
            told.recorded += 1;
            told.same += usize::from(same);
            if !same && told.shown < SHOWN {
                told.shown += 1;
                say(&format!("  differs from what was recorded: {item}"));
            }
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return,
        }
    }
}

/// Megabytes of this process: the hub, the players, and what reads the replay.
fn megabytes(what: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':')).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1_024.0
}
