//! News after a commit, to every part of this node (and, by configuration, to other nodes).
//!
//! The bus is a hint, never the truth: it may drop, double and reorder. Readers find holes by `seq` and
//! read the store. `Bus::unreliable` does all three on purpose, for tests.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::broadcast;

use crate::base::{Audience, ContactId, ConversationId, SessionId, StaffId, Timestamp, WorkspaceId};
use crate::protocol::{Entry, Signal};

/// How many notes a slow subscriber may lag behind before it is told that it missed some.
const CAPACITY: usize = 16 * 1024;

/// One piece of news.
#[derive(Debug, Clone)]
pub struct Note {
    /// Whose news it is.
    pub workspace: WorkspaceId,
    /// What happened.
    pub news: News,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum News {
    /// An entry was committed. `entry.prev` is the one before it for staff.
    Entry {
        /// Where.
        conversation: ConversationId,
        /// What.
        entry: Arc<Entry>,
        /// For entries everyone may see: the one before it that everyone may see.
        prev_public: i64,
    },
    /// Something ephemeral for those who follow a conversation.
    Signal {
        /// Where.
        conversation: ConversationId,
        /// Who may see it.
        audience: Audience,
        /// What.
        signal: Arc<Signal>,
    },
    /// Something ephemeral for staff who follow the inbox.
    Inbox {
        /// What.
        signal: Arc<Signal>,
    },
    /// Something ephemeral for one staff member.
    Person {
        /// Who.
        staff: StaffId,
        /// What.
        signal: Arc<Signal>,
    },
    /// A durable side effect was enqueued or brought forward: look when it is due.
    JobDue {
        /// When.
        at: Timestamp,
    },
    /// Somebody's access ended: cut their sockets.
    Revoked(Revoked),
}

/// Whose access ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// One signed-in browser.
    Session(SessionId),
    /// A staff member everywhere.
    Staff(StaffId),
    /// A visitor.
    Contact(ContactId),
}

/// Carries news. Clones are the same bus.
#[derive(Clone)]
pub struct Bus {
    sender: broadcast::Sender<Arc<Note>>,
    mischief: Option<Arc<Mutex<Mischief>>>,
}

/// What an unreliable bus does to its notes.
struct Mischief {
    rng: StdRng,
    kept_back: Option<Arc<Note>>,
}

impl Bus {
    /// A bus within this process.
    pub fn memory() -> Self {
        Bus { sender: broadcast::channel(CAPACITY).0, mischief: None }
    }

    /// A bus that drops, doubles and reorders about a third of its notes, repeatably.
    pub fn unreliable(seed: u64) -> Self {
        let mischief = Mischief { rng: StdRng::seed_from_u64(seed), kept_back: None };
        Bus { sender: broadcast::channel(CAPACITY).0, mischief: Some(Arc::new(Mutex::new(mischief))) }
    }

    /// Sends news to whoever listens now.
    pub fn publish(&self, note: Note) {
        let note = Arc::new(note);
        match &self.mischief {
            None => self.send(note),
            Some(mischief) => {
                for note in mischief.lock().unwrap_or_else(PoisonError::into_inner).meddle(note) {
                    self.send(note);
                }
            }
        }
    }

    /// Whether notes may be lost without anybody noticing.
    pub fn is_unreliable(&self) -> bool {
        self.mischief.is_some()
    }

    /// Listens from now on.
    pub fn subscribe(&self) -> Subscription {
        Subscription(self.sender.subscribe())
    }

    fn send(&self, note: Arc<Note>) {
        // An error only says that nobody listens.
        let _ = self.sender.send(note);
    }
}

impl Mischief {
    fn meddle(&mut self, note: Arc<Note>) -> Vec<Arc<Note>> {
        let mut out = Vec::with_capacity(3);
        match self.rng.next_u32() % 9 {
            0 => {}
            1 => out.extend([note.clone(), note]),
            2 => {
                out.extend(self.kept_back.replace(note));
                return out;
            }
            _ => out.push(note),
        }
        out.extend(self.kept_back.take());
        out
    }
}

/// A listener on the bus.
pub struct Subscription(broadcast::Receiver<Arc<Note>>);

/// What a listener hears.
pub enum Heard {
    /// News.
    Note(Arc<Note>),
    /// This listener was too slow and missed some: look at the store.
    Missed,
    /// The bus is gone.
    Closed,
}

impl Subscription {
    /// Waits for the next note.
    pub async fn next(&mut self) -> Heard {
        match self.0.recv().await {
            Ok(note) => Heard::Note(note),
            Err(broadcast::error::RecvError::Lagged(_)) => Heard::Missed,
            Err(broadcast::error::RecvError::Closed) => Heard::Closed,
        }
    }

    /// Waits for the next note, and gives with it whatever is heard by the time that one is done with: who does
    /// something after each note then does it once for many.
    pub async fn next_ones(&mut self) -> impl Iterator<Item = Heard> + Send + '_ {
        let first = self.next().await;
        std::iter::once(first).chain(std::iter::from_fn(|| self.next_now()))
    }

    /// What was heard already, if anything.
    fn next_now(&mut self) -> Option<Heard> {
        match self.0.try_recv() {
            Ok(note) => Some(Heard::Note(note)),
            Err(broadcast::error::TryRecvError::Lagged(_)) => Some(Heard::Missed),
            Err(broadcast::error::TryRecvError::Closed) => Some(Heard::Closed),
            Err(broadcast::error::TryRecvError::Empty) => None,
        }
    }
}
