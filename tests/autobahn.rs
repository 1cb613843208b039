//! The cases of the Autobahn test suite, against the hub's codec and against our client's (W1, W2).
//!
//! `make autobahn` installs what plays them (kosoku, from PyPI) and runs this; `CONCIERGE_KOSOKU` names
//! another one. The cases of section 12 and 13 are about compression, which the hub does not speak.

#[path = "it/support/ports.rs"]
mod ports;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::any;
use concierge::client::{Stream, connect};
use concierge::gateway::tuned;
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite;

/// Cases without compression.
const CASES: usize = 301;

/// The largest message of a case is 16 MiB.
const LARGEST: usize = 20 << 20;

/// What may be finer than the standard asks: text that is broken in a later fragment is refused when the
/// message is whole.
const NOT_STRICT: [&str; 2] = ["6.4.3", "6.4.4"];

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(240);

/// What became of a case.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Judged {
    behavior: String,
    behavior_close: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_passes_against_the_hubs_codec() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let routes = Router::new()
        .fallback(any(async |upgrade: WebSocketUpgrade| tuned(upgrade, LARGEST, LARGEST).on_upgrade(echo)));
    let serving = tokio::spawn(axum::serve(listener, routes).into_future());
    let folder = tempfile::tempdir().expect("a folder");
    let player = kosoku("fuzzingclient", address, folder.path());
    judge("the hub's codec", ended(player).await, folder.path());
    serving.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_passes_against_our_client() {
    let address = SocketAddr::from(([127, 0, 0, 1], ports::free_port()));
    let folder = tempfile::tempdir().expect("a folder");
    let player = kosoku("fuzzingserver", address, folder.path());
    let count = tokio::time::timeout(PATIENCE, first_words(address)).await.expect("it listens");
    assert_eq!(count, CASES.to_string());
    for case in 1..=CASES {
        let stream = open(&address, &format!("runCase?case={case}&agent=concierge")).await;
        let sent_back = send_back(stream.expect("the case begins"));
        tokio::time::timeout(PATIENCE, sent_back).await.expect("the case ends");
    }
    let mut last = open(&address, "updateReports?agent=concierge").await.expect("it takes the end");
    while let Some(Ok(_)) = last.next().await {}
    judge("our client", ended(player).await, folder.path());
}

/// Sends every message back, as the suite wants it.
async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Text(_) | Message::Binary(_)) && socket.send(message).await.is_err() {
            return;
        }
    }
}

/// The same on a client's side.
async fn send_back(mut stream: Stream) {
    while let Some(Ok(message)) = stream.next().await {
        if (message.is_text() || message.is_binary()) && stream.send(message).await.is_err() {
            return;
        }
    }
}

async fn open(address: &SocketAddr, path: &str) -> Result<Stream, concierge::client::Error> {
    connect(&format!("ws://{address}/{path}"), None, None).await
}

/// How many cases the suite has; it is asked until it listens.
async fn first_words(address: SocketAddr) -> String {
    loop {
        if let Ok(mut stream) = open(&address, "getCaseCount").await {
            return match stream.next().await {
                Some(Ok(tungstenite::Message::Text(count))) => count.to_string(),
                other => panic!("{other:?}"),
            };
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The suite's player at its work.
fn kosoku(mode: &str, address: SocketAddr, folder: &Path) -> Child {
    let program = std::env::var_os("CONCIERGE_KOSOKU").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/autobahn/bin/kosoku"),
        PathBuf::from,
    );
    let mut player = Command::new(&program);
    player.args(["-m", mode, "-p", "4", "-x", "12.*", "-x", "13.*", "-o"]).arg(folder);
    player.arg(address.to_string()).kill_on_drop(true);
    player.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    player
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; `make autobahn` installs it", program.display()))
}

async fn ended(player: Child) -> Output {
    let ended = tokio::time::timeout(PATIENCE, player.wait_with_output()).await;
    ended.expect("the suite ends").expect("it ran")
}

/// Every case was played, and every one passed.
#[expect(clippy::print_stderr, reason = "counted by scripts/test.sh")]
fn judge(who: &str, output: Output, folder: &Path) {
    let says = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let report = std::fs::read(folder.join("index.json")).unwrap_or_else(|error| panic!("{error}: {says}"));
    let agents: BTreeMap<String, BTreeMap<String, Judged>> =
        serde_json::from_slice(&report).expect("the report is readable");
    let cases: Vec<(&String, &Judged)> = agents.values().flatten().collect();
    let passed = |(case, judged): &(&String, &Judged)| {
        let strict = NOT_STRICT.contains(&case.as_str());
        let behaved = match judged.behavior.as_str() {
            "OK" | "INFORMATIONAL" => true,
            "NON-STRICT" => strict,
            _ => false,
        };
        behaved && matches!(judged.behavior_close.as_str(), "OK" | "INFORMATIONAL")
    };
    let failed: Vec<_> = cases.iter().filter(|case| !passed(case)).collect();
    assert!(failed.is_empty() && output.status.success(), "{who}: {failed:?}\n{says}");
    assert_eq!(cases.len(), CASES, "{who}: {says}");
    eprintln!("autobahn: {} cases passed against {who}", cases.len());
}
