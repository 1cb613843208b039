//! The hub's side of a connection: a bounded queue and a reason to close.

use std::collections::{HashSet, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

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

/// What a connection is to do next.
#[derive(Debug)]
pub enum Next {
    /// Send this.
    Frame(Frame),
    /// Ask the peer for a sign of life.
    Ping,
    /// End.
    Close(Close),
}

/// The hub's side of a connection.
pub struct Line {
    id: LineId,
    party: Party,
    max_frames: usize,
    max_bytes: usize,
    waiting: Mutex<Waiting>,
    followed: Mutex<HashSet<ConversationId>>,
}

/// What waits for the connection, and whom to wake for it. One small piece of memory instead of a channel:
/// most connections wait for hours and have nothing in it.
#[derive(Default)]
struct Waiting {
    frames: VecDeque<Outgoing>,
    bytes: usize,
    /// Signals were dropped since the queue was empty.
    dropped: bool,
    ping: bool,
    closing: Option<Close>,
    /// The connection has gone.
    gone: bool,
    connection: Option<Waker>,
    /// It waits for frames too, not only for a reason to close.
    takes_frames: bool,
}

/// The connection's side: frames to send and the reason to close.
pub struct Queue(Arc<Line>);

/// Room for frames that a queue keeps while it is empty.
const KEPT_ROOM: usize = 16;

impl Line {
    pub(super) fn open(id: LineId, party: Party, frames: usize, bytes: usize) -> (Arc<Line>, Queue) {
        let line = Arc::new(Line {
            id,
            party,
            max_frames: frames.max(1),
            max_bytes: bytes,
            waiting: Mutex::default(),
            followed: Mutex::new(HashSet::new()),
        });
        (line.clone(), Queue(line))
    }

    /// Queues a frame without ever waiting; says whether the connection still wants frames.
    pub fn send(&self, outgoing: Outgoing) -> bool {
        let mut waiting = self.waiting();
        if waiting.gone || waiting.closing.is_some() {
            return false;
        }
        if self.has_room_for(&waiting, &outgoing) {
            waiting.bytes += outgoing.len();
            waiting.frames.push_back(outgoing);
            let connection = waiting.takes_frames.then(|| waiting.connection.take()).flatten();
            drop(waiting);
            connection.into_iter().for_each(Waker::wake);
            return true;
        }
        match outgoing {
            Outgoing::Signal(_) => {
                waiting.dropped = true;
                metrics::counter!("concierge_frames_dropped_total").increment(1);
                true
            }
            Outgoing::Reply(_) | Outgoing::Event(_) => {
                drop(waiting);
                self.close(Close::Slow);
                false
            }
        }
    }

    /// Signals leave a part of the queue for what must not be lost, so that nobody is cut because others type.
    fn has_room_for(&self, waiting: &Waiting, outgoing: &Outgoing) -> bool {
        let (frames, bytes) = match outgoing {
            Outgoing::Signal(_) => (self.max_frames / KEPT, self.max_bytes / KEPT),
            Outgoing::Reply(_) | Outgoing::Event(_) => (0, 0),
        };
        waiting.frames.len() + frames < self.max_frames
            && (waiting.bytes == 0 || waiting.bytes + outgoing.len() + bytes <= self.max_bytes)
    }

    /// Asks the connection to close; the first reason stays.
    pub fn close(&self, reason: Close) {
        self.wake_for(|waiting| {
            waiting.closing.get_or_insert(reason);
        });
    }

    /// Asks the connection to see whether its peer is still there.
    pub(super) fn ping(&self) {
        self.wake_for(|waiting| waiting.ping = true);
    }

    fn wake_for(&self, reason: impl FnOnce(&mut Waiting)) {
        let mut waiting = self.waiting();
        reason(&mut waiting);
        let connection = waiting.connection.take();
        drop(waiting);
        connection.into_iter().for_each(Waker::wake);
    }

    /// Waits until somebody wants the connection closed. Only the connection itself waits.
    pub async fn closing(&self) -> Close {
        poll_fn(|cx| {
            let mut waiting = self.waiting();
            match waiting.closing {
                Some(reason) => Poll::Ready(reason),
                None => waiting.wait(cx, false),
            }
        })
        .await
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
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

impl Waiting {
    fn wait<T>(&mut self, cx: &Context<'_>, takes_frames: bool) -> Poll<T> {
        self.takes_frames = takes_frames;
        if self.connection.as_ref().is_none_or(|known| !known.will_wake(cx.waker())) {
            self.connection = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    fn take(&mut self) -> Option<Frame> {
        let outgoing = self.frames.pop_front()?;
        self.bytes -= outgoing.len();
        if self.frames.is_empty() {
            self.frames.shrink_to(KEPT_ROOM);
        }
        Some(outgoing.into_frame())
    }
}

impl Queue {
    /// Waits for what is to be done next. After signals were dropped and the queue ran empty, a member of
    /// staff is told so in their stead.
    pub async fn next(&mut self) -> Next {
        let line = &self.0;
        poll_fn(|cx| {
            let mut waiting = line.waiting();
            if let Some(reason) = waiting.closing {
                return Poll::Ready(Next::Close(reason));
            }
            if waiting.frames.is_empty()
                && std::mem::take(&mut waiting.dropped)
                && line.audience() == Audience::Staff
            {
                return Poll::Ready(Next::Frame(encode(&ServerFrame::Signal(Signal::InboxStale))));
            }
            if let Some(frame) = waiting.take() {
                return Poll::Ready(Next::Frame(frame));
            }
            match std::mem::take(&mut waiting.ping) {
                true => Poll::Ready(Next::Ping),
                false => waiting.wait(cx, true),
            }
        })
        .await
    }

    /// The next frame if one waits already.
    pub fn next_now(&mut self) -> Option<Frame> {
        self.0.waiting().take()
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        waiting.gone = true;
        waiting.frames = VecDeque::new();
        waiting.connection = None;
    }
}
