//! What sockets alone cost, to be measured beside the hub: axum, a map of rooms in memory, and nothing kept on
//! disk; or, given a folder, what the first thing costs that one would write: a row for each message, by sqlx into
//! SQLite, without a sync (`normal`); or the quickest way to have a lone message on the disk: the row written and
//! synced by the thread that read the message, while everybody else waits (`full`). It speaks as much of our protocol
//! as `concierge load --scenario flood` needs, and has neither rights nor limits nor agents.
//!
//!     cargo run --release -- PORT [normal|full FOLDER]

use std::path::Path as FilePath;
use std::sync::Arc;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::routing::{any, get, post};
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use dashmap::DashMap;
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::{Mutex, mpsc};
use ulid::Ulid;

#[derive(Default)]
struct Room {
    entries: Vec<Value>,
    members: Vec<mpsc::Sender<String>>,
}

#[derive(Default)]
struct Peer {
    visitors: DashMap<String, String>,
    rooms: DashMap<String, Arc<Mutex<Room>>>,
    store: Option<Store>,
}

enum Store {
    Normal(SqlitePool),
    Full(Mutex<rusqlite::Connection>),
}

#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "ref")]
    reference: String,
    cmd: String,
    token: Option<String>,
    conversation: Option<String>,
    #[serde(default)]
    after: usize,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    body: String,
}

#[derive(Deserialize)]
struct Page {
    after: usize,
    limit: usize,
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().and_then(|port| port.parse().ok()).expect("a port");
    let store = match (arguments.next().as_deref(), arguments.next()) {
        (Some("normal"), Some(folder)) => {
            Some(Store::Normal(open(FilePath::new(&folder)).await.expect("a store")))
        }
        (Some("full"), Some(folder)) => {
            Some(Store::Full(Mutex::new(open_synced(FilePath::new(&folder)).expect("a store"))))
        }
        _ => None,
    };
    let routes = Router::new()
        .route("/readyz", get(async || Json(json!({}))))
        .route("/v1/widget/{workspace}/sessions", post(visit))
        .route("/v1/conversations/{conversation}/entries", get(entries))
        .route("/v1/socket", any(socket))
        .with_state(Arc::new(Peer { store, ..Peer::default() }));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("the port is free");
    // Without it every other answer waits 40 ms for an acknowledgement.
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("a socket takes the option"));
    axum::serve(listener, routes).await.expect("it serves");
}

/// One connection writes: several would wait for each other's locks.
async fn open(folder: &FilePath) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("peer.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal);
    let store = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    sqlx::query(TABLE).execute(&store).await?;
    Ok(store)
}

fn open_synced(folder: &FilePath) -> rusqlite::Result<rusqlite::Connection> {
    let store = rusqlite::Connection::open(folder.join("peer.db"))?;
    store.pragma_update(None, "journal_mode", "wal")?;
    store.pragma_update(None, "synchronous", "full")?;
    store.execute_batch(TABLE)?;
    Ok(store)
}

const TABLE: &str =
    "CREATE TABLE entries (conversation TEXT NOT NULL, seq INTEGER NOT NULL, client_id TEXT NOT NULL,
    entry TEXT NOT NULL, PRIMARY KEY (conversation, seq), UNIQUE (conversation, client_id)) WITHOUT ROWID";

const KEEP: &str = "INSERT INTO entries (conversation, seq, client_id, entry) VALUES ($1, $2, $3, $4)";

async fn keep(store: &Store, conversation: &str, seq: usize, client_id: &str, entry: &Value) {
    let seq = i64::try_from(seq).expect("few");
    match store {
        Store::Normal(store) => {
            let row = sqlx::query(KEEP).bind(conversation).bind(seq).bind(client_id).bind(entry.to_string());
            row.execute(store).await.expect("stored");
        }
        Store::Full(store) => {
            let store = store.lock().await;
            let mut row = store.prepare_cached(KEEP).expect("a statement");
            row.execute((conversation, seq, client_id, entry.to_string())).expect("stored");
        }
    }
}

async fn visit(State(peer): State<Arc<Peer>>) -> Json<Value> {
    let (token, contact) = (Ulid::generate().to_string(), format!("ctc_{}", Ulid::generate()));
    peer.visitors.insert(token.clone(), contact.clone());
    let contact = json!({ "id": contact, "name": "Visitor" });
    Json(json!({ "visitor_key": token, "token": token, "contact": contact, "conversation": null }))
}

async fn entries(
    State(peer): State<Arc<Peer>>,
    Path(conversation): Path<String>,
    Query(page): Query<Page>,
) -> Json<Value> {
    let room = peer.rooms.entry(conversation).or_default().clone();
    let room = room.lock().await;
    let found: Vec<&Value> = room.entries.iter().skip(page.after).take(page.limit).collect();
    Json(json!({ "entries": found, "more": found.len() == page.limit }))
}

async fn socket(State(peer): State<Arc<Peer>>, upgrade: WebSocketUpgrade) -> axum::response::Response {
    upgrade.read_buffer_size(4096).on_upgrade(move |socket| converse(peer, socket))
}

async fn converse(peer: Arc<Peer>, socket: WebSocket) {
    let (mut writes, mut reads) = socket.split();
    let (told, mut tells) = mpsc::channel::<String>(256);
    let mut contact = String::new();
    loop {
        tokio::select! {
            Some(text) = tells.recv() => if writes.send(Message::text(text)).await.is_err() { return },
            frame = reads.next() => {
                let Some(Ok(frame)) = frame else { return };
                let Ok(frame) = serde_json::from_slice::<Frame>(&frame.into_data()) else { continue };
                let reference = frame.reference.clone();
                let ok = answer(&peer, &mut contact, &told, frame).await;
                let reply = json!({ "type": "reply", "ref": reference, "ok": ok }).to_string();
                if writes.send(Message::text(reply)).await.is_err() { return }
            }
        }
    }
}

async fn answer(peer: &Peer, contact: &mut String, told: &mpsc::Sender<String>, frame: Frame) -> Value {
    match frame.cmd.as_str() {
        "hello" => {
            let token = frame.token.unwrap_or_default();
            *contact = peer.visitors.get(&token).map(|contact| contact.clone()).unwrap_or_default();
            let you = json!({ "as": "contact", "id": contact });
            let workspace = format!("wsp_{}", Ulid::nil());
            json!({ "is": "welcome", "you": you, "workspace": workspace, "epoch": "peer", "ping_ms": 25000 })
        }
        "join" => {
            let conversation = frame.conversation.unwrap_or_default();
            let room = peer.rooms.entry(conversation.clone()).or_default().clone();
            let mut room = room.lock().await;
            room.members.push(told.clone());
            let missed = room.entries.get(frame.after..).unwrap_or_default();
            json!({
                "is": "joined", "conversation": conversation, "epoch": "peer", "resync": false,
                "entries": missed, "more": false,
            })
        }
        _ => {
            let conversation = frame.conversation.unwrap_or_else(|| format!("cnv_{}", Ulid::generate()));
            let room = peer.rooms.entry(conversation.clone()).or_default().clone();
            let mut room = room.lock().await;
            let seq = room.entries.len() + 1;
            let entry = json!({
                "seq": seq, "prev": seq - 1, "audience": "everyone",
                "actor": { "kind": "contact", "id": contact }, "author": "Visitor", "body": frame.body,
                "content": { "kind": "message" }, "client_id": frame.client_id,
                "at": jiff::Timestamp::now().to_string(),
            });
            if let Some(store) = &peer.store {
                keep(store, &conversation, seq, &frame.client_id, &entry).await;
            }
            let event = json!({ "type": "event", "conversation": conversation, "entry": entry }).to_string();
            room.members.retain(|member| member.try_send(event.clone()).is_ok());
            room.entries.push(entry);
            json!({ "is": "posted", "conversation": conversation, "seq": seq, "duplicate": false })
        }
    }
}
