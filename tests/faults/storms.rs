//! Crowds that come at once: everybody after a crash, floods of connections, a room full of typists (L5, A2, A4).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use concierge::base::ConversationId;
use concierge::client::{Error, Http, Socket, connect};
use concierge::load::History;
use concierge::protocol::{Command, Outcome, Posted, ServerFrame};
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::header::RETRY_AFTER;
use serde_json::json;
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use crate::hub::{Hub, sign_in};
use crate::senders::{ask, check_store};
use crate::writer::Writer;
use crate::{PATIENCE, say, until};

/// Customers whose lines are cut at once when nobody says how many (`CONCIERGE_CLIENTS=10000`).
const USUAL: usize = 300;

/// Customers who come at the same time while the room fills.
const AT_ONCE: usize = 16;

/// A customer who is there and waits, with what they saw of their conversation.
struct Waiting {
    token: String,
    epoch: String,
    conversation: ConversationId,
    history: History,
    socket: Socket,
}

impl Waiting {
    async fn comes(url: &str, number: usize) -> Waiting {
        let who = json!({ "name": format!("Customer {number}") });
        let (_, visit) = Http::visit(url, "northgate", who).await.expect("the visit opens");
        let (mut socket, welcome) = Socket::visitor(url, &visit.token).await.expect("the socket opens");
        let mut history = History::default();
        history.sends("hello");
        let posted = ask(&mut socket, None, "hello", "Good morning").await.expect("taken");
        history.acked("hello", posted.conversation, posted.seq);
        let Posted { conversation, .. } = posted;
        let (token, epoch) = (visit.token, welcome.epoch);
        let mut waiting = Waiting { token, epoch, conversation, history, socket };
        waiting.joins().await.expect("joined");
        waiting
    }

    /// Goes on from where it stands.
    async fn joins(&mut self) -> Result<(), Error> {
        loop {
            let after = self.history.last();
            let (conversation, epoch) = (self.conversation, Some(self.epoch.clone()));
            match self.socket.ask(Command::Join { conversation, after, epoch }).await? {
                Outcome::Joined(joined) => {
                    assert!(!joined.resync, "it is the same history");
                    self.history.reads(after, &joined.entries);
                    if !joined.more {
                        return Ok(());
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Comes back after the line was cut, and tries until it is there again.
    async fn comes_back(&mut self, url: &str) {
        loop {
            if let Ok((socket, welcome)) = Socket::visitor(url, &self.token).await {
                assert_eq!(welcome.epoch, self.epoch, "it is the same history");
                self.socket = socket;
                if self.joins().await.is_ok() {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Reads on until it has this entry.
    async fn reads_to(&mut self, seq: i64) {
        while self.history.last() < seq {
            match self.socket.next().await.expect("the line is whole") {
                ServerFrame::Event { conversation, entry } => self.history.hears(conversation, &entry),
                ServerFrame::Reply { .. } | ServerFrame::Signal(_) => {}
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_whose_line_was_cut_comes_back_at_once_and_nothing_is_lost() {
    let many = std::env::var("CONCIERGE_CLIENTS").ok().and_then(|many| many.parse().ok()).unwrap_or(USUAL);
    let folder = tempfile::tempdir().expect("a folder");
    // No turn runs, so nothing but the people writes.
    let mut hub = Hub::start(folder.path(), &[("PIPELINE__SETTLE_MS", "3600000")]).await;
    let door = Arc::new(Semaphore::new(AT_ONCE));
    let mut coming = JoinSet::new();
    for number in 0..many {
        let (url, door) = (hub.url.clone(), door.clone());
        coming.spawn(async move {
            let _place = door.acquire().await.expect("the door is open");
            Waiting::comes(&url, number).await
        });
    }
    let waiting = coming.join_all().await;
    let conversations: Vec<ConversationId> = waiting.iter().map(|one| one.conversation).collect();

    hub.kill();
    let cut = Instant::now();
    let mut backs = JoinSet::new();
    for mut one in waiting {
        let url = hub.url.clone();
        backs.spawn(async move {
            one.comes_back(&url).await;
            (one, Instant::now())
        });
    }
    hub.starts_again().await;
    let ready = Instant::now();
    // While they come, a colleague writes to some of them.
    let staff = sign_in(&hub).await;
    let mut told = std::collections::HashMap::new();
    for conversation in conversations.iter().step_by(10) {
        let path = format!("/v1/conversations/{conversation}/messages");
        let form = json!({ "client_id": "back", "body": "We are back." });
        let posted: Posted = staff.post(&path, form).await.expect("taken");
        told.insert(*conversation, posted.seq);
    }
    let mut last = ready;
    let mut checked = 0;
    let back = async {
        while let Some(one) = backs.join_next().await {
            let (mut one, at) = one.expect("it comes back");
            last = last.max(at);
            if let Some(seq) = told.get(&one.conversation) {
                one.reads_to(*seq).await;
            }
            let path = format!("/v1/conversations/{}/entries", one.conversation);
            let mut own = Http::anonymous(&hub.url);
            own.set_token(&one.token);
            let page: serde_json::Value = own.get(&path).await.expect("the timeline is read");
            let stored: Vec<concierge::protocol::Entry> =
                serde_json::from_value(page["entries"].clone()).expect("entries");
            assert_eq!(one.history.last(), stored.last().map_or(0, |entry| entry.seq), "it has everything");
            let wrong = one.history.judge(&stored);
            assert!(wrong.is_empty(), "{wrong:?}");
            checked += 1;
        }
    };
    tokio::time::timeout(PATIENCE, back).await.expect("everybody comes back");
    assert_eq!(checked, many);
    say(&format!(
        "{many} lines were cut; all had resumed {:?} after the cut, {:?} after the hub was there again",
        last.duration_since(cut),
        last.duration_since(ready),
    ));
}

/// A caller from one of this machine's addresses.
fn caller_from(address: Ipv4Addr) -> reqwest::Client {
    let client = reqwest::Client::builder().local_address(IpAddr::V4(address));
    client.build().expect("a client")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_connections_is_refused_and_those_who_are_there_are_served() {
    const PLACES: usize = 60;
    let folder = tempfile::tempdir().expect("a folder");
    // Refilled so slowly that requests one after the other are a flood, however long each takes.
    let places = PLACES.to_string();
    let limits = [
        ("SOCKETS__MAX_CONNECTIONS", places.as_str()),
        ("HTTP__REQUESTS_PER_MINUTE", "60"),
        ("PIPELINE__WORKERS", "1"),
    ];
    let hub = Hub::start(folder.path(), &limits).await;
    let mut writer = Writer::start(&hub).await;
    writer.writes("Good morning").await.expect("taken");

    // From one address.
    let flood = caller_from(Ipv4Addr::new(127, 0, 0, 77));
    let mut asked = 0;
    let refused = loop {
        asked += 1;
        assert!(asked < 1_000, "one address may ask for ever");
        let answer = flood.get(format!("{}/v1/socket", hub.url)).send().await.expect("an answer");
        if answer.status().as_u16() == 429 {
            break answer;
        }
        if asked % 10 == 0 {
            writer.writes("Still there?").await.expect("others are served");
        }
    };
    assert!(asked > 60, "an address has its minute's share: {asked}");
    assert!(refused.headers().contains_key(RETRY_AFTER));

    // From many addresses, each within its share.
    let who = json!({ "name": "Ana Silva" });
    let (_, visit) = Http::visit(&hub.url, "northgate", who).await.expect("a visit is no socket");
    let hello = json!({ "ref": "1", "cmd": "hello", "token": visit.token }).to_string();
    let address = format!("{}/v1/socket", hub.url.replacen("http", "ws", 1));
    let mut sockets = Vec::new();
    let mut refused = 0;
    for number in 0..250 {
        let from = IpAddr::V4(Ipv4Addr::new(127, 0, 1, number + 1));
        match connect(&address, None, Some(from)).await {
            Ok(mut socket) => {
                socket.send(Message::text(hello.clone())).await.expect("it says hello");
                let welcome = socket.next().await.expect("an answer").expect("a frame");
                assert!(welcome.to_string().contains("welcome"), "{welcome}");
                sockets.push(socket);
            }
            Err(Error::Refused { status: 503, .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
        if number % 25 == 0 {
            writer.writes("Still there?").await.expect("those who are there are served");
        }
    }
    // The writer has a place as well.
    assert_eq!((sockets.len(), refused), (PLACES - 1, 250 - (PLACES - 1)));
    let ready = reqwest::get(format!("{}/readyz", hub.url)).await.expect("an answer");
    assert_eq!(ready.status().as_u16(), 503, "no more customers are wanted here");
    let upgrade = caller_from(Ipv4Addr::new(127, 0, 2, 1)).get(format!("{}/v1/socket", hub.url));
    let upgrade = upgrade
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let answer = upgrade.send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 503);
    assert!(answer.headers().contains_key(RETRY_AFTER), "it says when to come back");

    drop(sockets);
    until("there is room again", async || {
        let ready = reqwest::get(format!("{}/readyz", hub.url)).await;
        ready.is_ok_and(|answer| answer.status().is_success())
    })
    .await;
    writer.writes("Good night").await.expect("taken");
    check_store(&hub.folder, &writer.acked, 0).await;
}

/// A colleague's socket in a conversation.
async fn sits(staff: &Http, conversation: ConversationId) -> Socket {
    let (mut socket, _) = Socket::staff(staff).await.expect("the desk opens");
    socket.ask(Command::Join { conversation, after: 0, epoch: None }).await.expect("joined");
    socket
}

/// Types as quickly as the hub takes it until it is told to stop.
async fn types(mut socket: Socket, conversation: ConversationId, stop: Arc<std::sync::atomic::AtomicBool>) {
    const TOGETHER: usize = 50;
    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
        let mut replies = 0;
        for _ in 0..TOGETHER {
            socket.send(Command::Typing { conversation, on: true }).await.expect("sent");
        }
        while replies < TOGETHER {
            let frame = socket.next().await.expect("who types reads as well");
            replies += usize::from(matches!(frame, ServerFrame::Reply { .. }));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_types_drowns_no_message() {
    const READERS: usize = 12;
    const MESSAGES: usize = 20;
    let folder = tempfile::tempdir().expect("a folder");
    let limits = [("SOCKETS__QUEUE_FRAMES", "128"), ("PIPELINE__SETTLE_MS", "3600000")];
    let hub = Hub::start(folder.path(), &limits).await;
    let mut writer = Writer::start(&hub).await;
    writer.writes("Good morning").await.expect("taken");
    let conversation = writer.acked[0].conversation;
    let staff = sign_in(&hub).await;
    // One reads nothing for a while, so that what it gets waits in its queue.
    let mut dozes = sits(&staff, conversation).await;
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut typists = JoinSet::new();
    for _ in 0..3 {
        typists.spawn(types(sits(&staff, conversation).await, conversation, stop.clone()));
    }
    until("typing is dropped", async || hub.metric("concierge_frames_dropped_total").await > 0.0).await;

    // The room is full of typing, and the queue of the one who dozes: messages come all the same.
    let ready = Arc::new(Barrier::new(READERS + 1));
    let last = Arc::new(std::sync::atomic::AtomicI64::new(i64::MAX));
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let (staff, ready, last) = (staff.clone(), ready.clone(), last.clone());
        readers.spawn(async move {
            let mut socket = sits(&staff, conversation).await;
            ready.wait().await;
            messages_to(&mut socket, &last).await
        });
    }
    ready.wait().await;
    for _ in 0..MESSAGES {
        writer.writes("Does anybody read this?").await.expect("taken");
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    last.store(writer.acked.last().map_or(0, |acked| acked.seq), std::sync::atomic::Ordering::Relaxed);
    while let Some(typed) = typists.join_next().await {
        typed.expect("nobody who types is cut");
    }
    // Whoever waits for a frame gets one.
    writer.writes("The last one").await.expect("taken");
    let sent: Vec<i64> = writer.acked[1..].iter().map(|acked| acked.seq).collect();
    while let Some(read) = readers.join_next().await {
        let read = read.expect("the reader is not cut");
        assert!(sent.starts_with(&read) && read.len() >= MESSAGES, "{read:?} of {sent:?}");
    }
    let read = messages_to(&mut dozes, &last).await;
    assert!(sent.starts_with(&read) && read.len() >= MESSAGES, "who dozed: {read:?} of {sent:?}");
    let cut = hub.metric("concierge_sockets_closed_total{code=\"4008\"}").await;
    assert!(cut < 1.0, "nobody was cut for what others type");
}

/// The positions of the customer's messages that come, up to one.
async fn messages_to(socket: &mut Socket, last: &std::sync::atomic::AtomicI64) -> Vec<i64> {
    let mut read: Vec<i64> = Vec::new();
    let reading = async {
        while read.last().copied().unwrap_or(0) < last.load(std::sync::atomic::Ordering::Relaxed) {
            if let ServerFrame::Event { entry, .. } = socket.next().await.expect("the line is whole")
                && entry.content.is_message()
            {
                read.push(entry.seq);
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("every message comes");
    read
}
