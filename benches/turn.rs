//! How long a whole built-in turn takes: from a stored message to a draft that waits for a person.
//!
//! `cargo bench --bench turn`. A hub of its own with the demo workspaces; customers ask their documents one
//! after the other. Printed are the sum of the stages of each turn, as its trace tells it, and each stage.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use concierge::app::{Node, Options};
use concierge::base::ConversationId;
use concierge::client::{Http, Socket};
use concierge::config::Config;
use concierge::protocol::{Command, Outcome};
use serde_json::Value;

const QUESTIONS: &[&str] = &[
    "How much is an MOT and how long does it take?",
    "Could I bring my car in on Friday at half past eight, please? The brakes squeal.",
    "Do you have a courtesy car while mine is being repaired?",
    "When are you open on Saturday?",
    "I need four new winter tyres, what do they cost fitted?",
    "Can you store my summer wheels until spring?",
    "My name is Ana Silva and my number is 020 7946 0018, please call me back.",
    "What is included in a full service?",
];
const TURNS: usize = 160;
const WARM: usize = 16;

#[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for line in runtime.block_on(measure()) {
        println!("{line}");
    }
}

async fn measure() -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = Config::defaults();
    config.http.listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    config.store.folder = folder.path().to_owned();
    config.pipeline.settle_ms = 0;
    config.pipeline.word_ms = 0;
    config.http.requests_per_minute = std::num::NonZeroU32::MAX;
    config.log.filter = "off".to_owned();
    let node = Node::start(config, Options { seed_demo: true, ..Options::default() }).await.expect("a hub");
    let seeded = node.seeded.as_ref().expect("demo workspaces");
    let shop = seeded.workspaces.iter().find(|one| one.slug == "northgate").expect("the garage");
    let staff = Http::sign_in(&node.url(), &shop.slug, &shop.staff[0].0, "concierge-demo").await.expect("in");
    until(async || {
        staff.get::<Value>("/v1/knowledge/index").await.is_ok_and(|index| index["state"] == "ready")
    })
    .await;

    let mut stages: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for number in 0..TURNS + WARM {
        let (_, visit) = Http::visit(&node.url(), &shop.slug, serde_json::json!({})).await.expect("a visit");
        let (mut socket, _) = Socket::visitor(&node.url(), &visit.token).await.expect("a socket");
        let body = format!("{} ({number})", QUESTIONS[number % QUESTIONS.len()]);
        let post = Command::Send { conversation: None, client_id: "1".to_owned(), body, files: Vec::new() };
        let started = Instant::now();
        let Ok(Outcome::Posted(posted)) = socket.ask(post).await else { panic!("the message is taken") };
        let trace = drafted(&staff, posted.conversation).await;
        let waited = milliseconds(started.elapsed());
        if number < WARM {
            continue;
        }
        let mut sum = 0.0;
        for stage in trace["stages"].as_array().expect("stages") {
            let took = stage["micros"].as_f64().expect("a time") / 1_000.0;
            sum += took;
            stages.entry(stage["stage"].as_str().expect("a name").to_owned()).or_default().push(took);
        }
        stages.entry("= whole turn".to_owned()).or_default().push(sum);
        stages.entry("~ message to draft, seen by polling".to_owned()).or_default().push(waited);
    }
    node.stop().await;
    let lines = stages.into_iter().map(|(stage, mut times)| {
        times.sort_by(f64::total_cmp);
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        format!("{stage:40} p50 {:7.2} ms   p95 {:7.2} ms   p99 {:7.2} ms", at(50), at(95), at(99))
    });
    lines.collect()
}

/// The trace of a conversation's turn, once it is done.
async fn drafted(staff: &Http, conversation: ConversationId) -> Value {
    loop {
        let turns: Value =
            staff.get(&format!("/v1/conversations/{conversation}/turns")).await.expect("turns are listed");
        match turns[0]["status"].as_str() {
            Some("done") => {
                let id = turns[0]["id"].as_str().expect("an identifier");
                return staff.get(&format!("/v1/turns/{id}")).await.expect("the trace is shown");
            }
            Some("failed") => panic!("a turn failed: {turns}"),
            _ => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

async fn until(holds: impl AsyncFn() -> bool) {
    while !holds().await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
