//! The hub's side of a connection: a bounded queue and a reason to close.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};

use crate::base::{Actor, Audience, ConversationId, WorkspaceId};
use crate::identity::Party;
use crate::protocol::{Close, Entry, Person, ServerFrame, Signal};

/// An encoded frame, shared by all who get it.
pub type Frame = axum::extract::ws::Utf8Bytes;

/// Encodes a frame.
#[expect(clippy::missing_panics_doc, reason = "our frames have text keys only, which always encode")]
pub fn encode(frame: &ServerFrame) -> Frame {
    serde_json::to_string(frame).expect("frames have text keys only").into()
}

/// Encodes `ServerFrame::Event` without a copy of the entry.
pub(super) fn encode_event(conversation: ConversationId, entry: &Entry) -> Frame {
    #[derive(serde::Serialize)]
    #[serde(tag = "type", rename = "event")]
    struct Event<'a> {
        conversation: ConversationId,
        entry: &'a Entry,
    }
    serde_json::to_string(&Event { conversation, entry }).expect("frames have text keys only").into()
}

/// Of so many parts of a queue, one is for replies and events alone.
const KEPT: usize = 4;

/// Which line, on this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LineId(pub(super) u64);

/// What waits for a connection to send it.
#[derive(Debug, Clone)]
pub enum Outgoing {
    /// The answer to a command: never dropped.
    Reply(Frame),
    /// A durable entry: never dropped; if it does not fit the line is cut.
    Event(Frame),
    /// Ephemeral: dropped when the queue is full.
    Signal(Frame),
}

impl Outgoing {
    /// The frame itself.
    pub fn into_frame(self) -> Frame {
        match self {
            Outgoing::Reply(frame) | Outgoing::Event(frame) | Outgoing::Signal(frame) => frame,
        }
    }

    fn len(&self) -> usize {
        match self {
            Outgoing::Reply(frame) | Outgoing::Event(frame) | Outgoing::Signal(frame) => frame.len(),
        }
    }
}

/// The hub's side of a connection.
pub struct Line {
    id: LineId,
    party: Party,
    queue: mpsc::Sender<Outgoing>,
    waiting_bytes: AtomicUsize,
    max_bytes: usize,
    dropped: AtomicBool,
    closing: watch::Sender<Option<Close>>,
    followed: Mutex<HashSet<ConversationId>>,
}

/// The connection's side: frames to send and the reason to close.
pub struct Queue {
    line: Arc<Line>,
    frames: mpsc::Receiver<Outgoing>,
    closing: watch::Receiver<Option<Close>>,
}

impl Line {
    pub(super) fn open(id: LineId, party: Party, frames: usize, bytes: usize) -> (Arc<Line>, Queue) {
        let (queue, waiting) = mpsc::channel(frames.max(1));
        let (closing, closed) = watch::channel(None);
        let line = Arc::new(Line {
            id,
            party,
            queue,
            waiting_bytes: AtomicUsize::new(0),
            max_bytes: bytes,
            dropped: AtomicBool::new(false),
            closing,
            followed: Mutex::new(HashSet::new()),
        });
        let queue = Queue { line: line.clone(), frames: waiting, closing: closed };
        (line, queue)
    }

    /// Queues a frame without ever waiting; says whether the connection still wants frames.
    pub fn send(&self, outgoing: Outgoing) -> bool {
        if self.closing.borrow().is_some() {
            return false;
        }
        let size = outgoing.len();
        let waiting = self.waiting_bytes.fetch_add(size, Ordering::Relaxed);
        let (frames, bytes) = self.kept_from(&outgoing);
        let fits =
            self.queue.capacity() > frames && (waiting + size + bytes <= self.max_bytes || waiting == 0);
        let refused = match fits {
            true => match self.queue.try_send(outgoing) {
                Ok(()) => return true,
                Err(TrySendError::Closed(_)) => return false,
                Err(TrySendError::Full(outgoing)) => outgoing,
            },
            false => outgoing,
        };
        self.waiting_bytes.fetch_sub(size, Ordering::Relaxed);
        match refused {
            Outgoing::Signal(_) => {
                metrics::counter!("concierge_frames_dropped_total").increment(1);
                self.dropped.store(true, Ordering::Relaxed);
                true
            }
            Outgoing::Reply(_) | Outgoing::Event(_) => {
                self.close(Close::Slow);
                false
            }
        }
    }

    /// How many frames and bytes of the queue are not for this one: signals leave room for what must not be
    /// lost, so that nobody is cut because others type.
    fn kept_from(&self, outgoing: &Outgoing) -> (usize, usize) {
        match outgoing {
            Outgoing::Signal(_) => (self.queue.max_capacity() / KEPT, self.max_bytes / KEPT),
            Outgoing::Reply(_) | Outgoing::Event(_) => (0, 0),
        }
    }

    /// Asks the connection to close; the first reason stays.
    pub fn close(&self, reason: Close) {
        self.closing.send_if_modified(|closing| match closing {
            Some(_) => false,
            None => {
                *closing = Some(reason);
                true
            }
        });
    }

    /// Who is on the other end.
    pub fn party(&self) -> &Party {
        &self.party
    }

    /// Which line this is.
    pub fn id(&self) -> LineId {
        self.id
    }

    /// Whose workspace it belongs to.
    pub fn workspace(&self) -> WorkspaceId {
        match &self.party {
            Party::Staff(caller) => caller.workspace,
            Party::Visitor(visitor) => visitor.workspace,
        }
    }

    /// What it may see.
    pub fn audience(&self) -> Audience {
        match &self.party {
            Party::Staff(_) => Audience::Staff,
            Party::Visitor(_) => Audience::Everyone,
        }
    }

    /// Who acts when something comes from here.
    pub fn actor(&self) -> Actor {
        match &self.party {
            Party::Staff(caller) => Actor::Staff { id: caller.staff },
            Party::Visitor(visitor) => Actor::Contact { id: visitor.contact },
        }
    }

    /// The colleague on the other end, if it is one.
    pub fn person(&self) -> Option<Person> {
        match &self.party {
            Party::Staff(caller) => Some(Person { id: caller.staff, name: caller.name.clone() }),
            Party::Visitor(_) => None,
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match &self.party {
            Party::Staff(_) => "staff",
            Party::Visitor(_) => "visitor",
        }
    }

    pub(super) fn note_followed(&self, conversation: ConversationId) {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).insert(conversation);
    }

    pub(super) fn forget_followed(&self, conversation: ConversationId) {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).remove(&conversation);
    }

    pub(super) fn followed(&self) -> Vec<ConversationId> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// How many conversations this line follows.
    pub fn followed_count(&self) -> usize {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Queue {
    /// Waits for the next frame. After signals were dropped and the queue ran empty, says so in their stead.
    pub async fn next(&mut self) -> Option<Frame> {
        if self.frames.is_empty()
            && self.line.audience() == Audience::Staff
            && self.line.dropped.swap(false, Ordering::Relaxed)
        {
            return Some(encode(&ServerFrame::Signal(Signal::InboxStale)));
        }
        let outgoing = self.frames.recv().await?;
        Some(self.taken(outgoing))
    }

    /// The next frame if one waits already.
    pub fn next_now(&mut self) -> Option<Frame> {
        let outgoing = self.frames.try_recv().ok()?;
        Some(self.taken(outgoing))
    }

    /// The reason to close, to be waited for beside the queue.
    pub fn closer(&self) -> Closer {
        Closer(self.closing.clone())
    }

    fn taken(&self, outgoing: Outgoing) -> Frame {
        self.line.waiting_bytes.fetch_sub(outgoing.len(), Ordering::Relaxed);
        outgoing.into_frame()
    }
}

/// Waits for a reason to close.
pub struct Closer(watch::Receiver<Option<Close>>);

impl Closer {
    /// Waits until somebody wants this connection closed.
    pub async fn closing(&self) -> Close {
        let mut closing = self.0.clone();
        match closing.wait_for(Option::is_some).await {
            Ok(reason) => reason.unwrap_or(Close::Internal),
            // The line went first, which only happens when the connection is over.
            Err(_) => Close::Internal,
        }
    }
}
