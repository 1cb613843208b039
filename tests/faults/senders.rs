//! Customers who write all the time, remember what was acknowledged, and compare.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use concierge::base::ConversationId;
use concierge::client::{Error, Http, Socket};
use concierge::protocol::{Command, Outcome, Posted};
use serde_json::json;
use sqlx::Connection;

use crate::disk::Disk;
use crate::hub::{Hub, store_in};
use crate::until;

/// A message that the hub acknowledged.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Acked {
    pub(crate) conversation: ConversationId,
    pub(crate) client_id: String,
    pub(crate) seq: i64,
    /// How far the disk's log went when it was acknowledged.
    pub(crate) at: u64,
}

/// What all senders have seen.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) acked: Mutex<Vec<Acked>>,
    /// Resends of a message whose answer was lost, that had been stored all the same.
    pub(crate) stored_unseen: AtomicUsize,
    pub(crate) resent: AtomicUsize,
    pub(crate) stop: AtomicBool,
    /// The disk whose log is looked at with each acknowledgement.
    pub(crate) disk: Option<Disk>,
}

impl Ledger {
    pub(crate) fn acked(&self) -> Vec<Acked> {
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
            let at = ledger.disk.as_ref().map_or(0, Disk::now);
            let acked = Acked { conversation: posted.conversation, client_id, seq: posted.seq, at };
            ledger.acked.lock().unwrap_or_else(PoisonError::into_inner).push(acked.clone());
            (last, resend) = (Some(acked), false);
            next += 1;
        }
    }
}

pub(crate) async fn begin(socket: &mut Socket, client_id: &str) -> Result<Posted, Error> {
    ask(socket, None, client_id, "Good morning").await
}

pub(crate) async fn post(
    socket: &mut Socket,
    conversation: ConversationId,
    client_id: &str,
) -> Result<Posted, Error> {
    ask(socket, Some(conversation), client_id, "And another thing").await
}

pub(crate) async fn ask(
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

/// Compares what was acknowledged with what is stored in a folder.
pub(crate) async fn check_store(folder: &Path, acked: &[Acked], instant: usize) {
    let mut store = store_in(folder).await;
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

/// Customers who write all the time until they are stopped.
pub(crate) struct Senders {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) customers: Vec<Http>,
    tasks: tokio::task::JoinSet<()>,
}

impl Senders {
    /// Lets so many customers write.
    pub(crate) async fn start(hub: &Hub, count: usize, ledger: Ledger) -> Senders {
        let ledger = Arc::new(ledger);
        let (mut tasks, mut customers) = (tokio::task::JoinSet::new(), Vec::new());
        for number in 0..count {
            let who = json!({ "name": format!("Sender {number}") });
            let (customer, visit) = Http::visit(&hub.url, "northgate", who).await.expect("the visit opens");
            customers.push(customer);
            tasks.spawn(sends_on(hub.url.clone(), visit.token, number, ledger.clone()));
        }
        Senders { ledger, customers, tasks }
    }

    /// Waits until so many more messages are acknowledged.
    pub(crate) async fn until_more(&self, more: usize) {
        let enough = self.ledger.count() + more;
        until("messages are acknowledged", async || self.ledger.count() >= enough).await;
    }

    /// Lets nobody write any more; gives what was acknowledged.
    pub(crate) async fn stop(&mut self) -> Vec<Acked> {
        self.ledger.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("the sender saw nothing wrong");
        }
        self.ledger.acked()
    }
}
