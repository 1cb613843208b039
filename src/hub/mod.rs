//! The hub: who follows what on this node, and what they are sent.
//!
//! Reads no database and waits for nobody. Entries arrive from the bus, which may drop, double and reorder
//! them: a room delivers them in the order of `seq`, keeps back what came too early and asks for what is
//! missing (`Gap`). Frames are encoded once per audience and shared by all followers. A follower whose
//! queue is full loses signals first; an entry that does not fit cuts the line, and the client resumes.

mod lease;
mod line;
mod room;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dashmap::DashMap;
use tokio::sync::mpsc;

pub use lease::{Leased, Wish};
pub use line::{Frame, Line, LineId, Next, Outgoing, Queue, encode};
pub use room::GoLive;

use crate::base::{Audience, ConversationId, SessionId, StaffId, Timestamp, WorkspaceId};
use crate::hub::lease::Leases;
use crate::hub::room::Room;
use crate::identity::Party;
use crate::ports::bus::{News, Note, Revoked};
use crate::protocol::{Close, DraftLease, DraftStatus, DraftView, Entry, ServerFrame, Signal};

/// A room's missing entries, to be read from the store and given to `Hub::fill`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Whose conversation.
    pub workspace: WorkspaceId,
    /// Which one.
    pub conversation: ConversationId,
    /// The last entry the room has.
    pub after: i64,
}

/// Requests for gaps that may wait. More are not lost: the positioning check asks again.
const GAPS: usize = 4096;

/// Who follows what on this node.
pub struct Hub {
    rooms: DashMap<ConversationId, Arc<Mutex<Room>>>,
    inboxes: DashMap<WorkspaceId, Vec<Arc<Line>>>,
    lines: DashMap<LineId, Arc<Line>>,
    drafts: DashMap<ConversationId, DraftView>,
    leases: Leases,
    next_line: AtomicU64,
    gaps: mpsc::Sender<Gap>,
}

impl Hub {
    /// An empty hub, and the requests it will make for missing entries.
    pub fn new() -> (Arc<Hub>, mpsc::Receiver<Gap>) {
        let (gaps, requests) = mpsc::channel(GAPS);
        let hub = Hub {
            rooms: DashMap::new(),
            inboxes: DashMap::new(),
            lines: DashMap::new(),
            drafts: DashMap::new(),
            leases: Leases::default(),
            next_line: AtomicU64::new(1),
            gaps,
        };
        (Arc::new(hub), requests)
    }

    /// Opens a line for a connection: its sending side, and the queue that the connection empties.
    pub fn open_line(&self, party: Party, frames: usize, bytes: usize) -> (Arc<Line>, Queue) {
        let id = LineId(self.next_line.fetch_add(1, Ordering::Relaxed));
        let (line, queue) = Line::open(id, party, frames, bytes);
        self.lines.insert(id, line.clone());
        metrics::gauge!("concierge_connections", "kind" => line.kind()).increment(1.0);
        (line, queue)
    }

    /// Forgets a line everywhere.
    pub fn close_line(&self, line: &Line) {
        for conversation in line.followed() {
            self.leave(line, conversation);
        }
        self.unfollow_inbox(line);
        // Last, so that a line nobody counts any more is in no room either.
        if self.lines.remove(&line.id()).is_some() {
            metrics::gauge!("concierge_connections", "kind" => line.kind()).decrement(1.0);
        }
    }

    /// Has the lines whose turn it is ask their peers for a sign of life: each has one of `turns` turns.
    pub fn ping(&self, turn: u64, turns: u64) {
        for line in self.lines.iter().filter(|line| line.key().0 % turns == turn % turns) {
            line.ping();
        }
    }

    /// Lines that are open now.
    pub fn open_lines(&self) -> usize {
        self.lines.len()
    }

    /// Conversations that somebody follows now.
    pub fn open_rooms(&self) -> usize {
        self.rooms.len()
    }

    /// Puts a line into a conversation's room, not live yet: events are kept from it until `go_live`.
    pub fn enter(&self, line: &Arc<Line>, conversation: ConversationId) {
        let room = self.rooms.entry(conversation).or_insert_with(|| {
            metrics::gauge!("concierge_rooms").increment(1.0);
            Arc::new(Mutex::new(Room::new(line.workspace(), conversation)))
        });
        // The map's guard is held until the follower is in, so that an empty room is not dropped meanwhile.
        lock(&room).enter(line);
        drop(room);
        line.note_followed(conversation);
    }

    /// Makes a line live at `position`, unless the room has got further meanwhile. `reply` makes the frame
    /// that tells the client so, given the draft that is being written; it is queued before any event.
    pub fn go_live(
        &self,
        line: &Arc<Line>,
        conversation: ConversationId,
        position: i64,
        reply: impl FnOnce(Option<DraftView>) -> Frame,
    ) -> GoLive {
        let Some(room) = self.room(conversation) else { return GoLive::Left };
        let mut room = lock(&room);
        let draft = match line.audience() {
            Audience::Staff => self.drafts.get(&conversation).map(|draft| draft.clone()),
            Audience::Everyone => None,
        };
        let outcome = room.go_live(line, position, || reply(draft));
        if outcome == GoLive::Live {
            room.show_presence(Some(line.id()));
        }
        outcome
    }

    /// Takes a line out of a room.
    pub fn leave(&self, line: &Line, conversation: ConversationId) {
        line.forget_followed(conversation);
        if self.leases.left(line.id(), conversation) {
            self.signal_inbox(line.workspace(), &Signal::Lease { conversation, lease: None });
        }
        if let Some(room) = self.room(conversation) {
            let mut room = lock(&room);
            room.leave(line.id());
            room.show_presence(None);
        }
        // Checked under the map's guard: nobody can enter in between.
        if self.rooms.remove_if(&conversation, |_, room| lock(room).is_empty()).is_some() {
            metrics::gauge!("concierge_rooms").decrement(1.0);
        }
    }

    /// Whether a line is live in a conversation.
    pub fn is_live(&self, line: &Line, conversation: ConversationId) -> bool {
        self.room(conversation).is_some_and(|room| lock(&room).is_live(line.id()))
    }

    /// Does what a line wishes with the draft of a conversation it is live in.
    pub fn lease(&self, line: &Line, conversation: ConversationId, wish: Wish, now: Timestamp) -> Leased {
        self.leases.wish(line, conversation, wish, now)
    }

    /// Who is on a conversation's draft.
    pub fn lease_of(&self, conversation: ConversationId, now: Timestamp) -> Option<DraftLease> {
        self.leases.of(conversation, now)
    }

    /// Sends a line the workspace's inbox signals from now on, and who is on which draft now.
    pub fn follow_inbox(&self, line: &Arc<Line>, now: Timestamp) {
        let mut inbox = self.inboxes.entry(line.workspace()).or_default();
        if !inbox.iter().any(|known| known.id() == line.id()) {
            inbox.push(line.clone());
        }
        // Still under the map's guard: a hold that changes now is told after these.
        for (conversation, lease) in self.leases.all_of(line.workspace(), now) {
            let signal = Signal::Lease { conversation, lease: Some(lease) };
            line.send(Outgoing::Signal(encode(&ServerFrame::Signal(signal))));
        }
    }

    /// Stops sending a line inbox signals.
    pub fn unfollow_inbox(&self, line: &Line) {
        if let Some(mut inbox) = self.inboxes.get_mut(&line.workspace()) {
            inbox.retain(|known| known.id() != line.id());
        }
        self.inboxes.remove_if(&line.workspace(), |_, inbox| inbox.is_empty());
    }

    /// Whether anybody on this node follows a workspace's inbox.
    pub fn has_inbox_followers(&self, workspace: WorkspaceId) -> bool {
        self.inboxes.contains_key(&workspace)
    }

    /// Workspaces whose inbox somebody on this node follows.
    pub fn inbox_workspaces(&self) -> Vec<WorkspaceId> {
        self.inboxes.iter().map(|inbox| *inbox.key()).collect()
    }

    /// Sends a signal to everybody who follows a workspace's inbox.
    pub fn signal_inbox(&self, workspace: WorkspaceId, signal: &Signal) {
        let Some(inbox) = self.inboxes.get(&workspace) else { return };
        let frame = encode(&ServerFrame::Signal(signal.clone()));
        for line in inbox.iter() {
            line.send(Outgoing::Signal(frame.clone()));
        }
    }

    /// Sends a signal to one person's lines that follow the inbox.
    pub fn signal_person(&self, workspace: WorkspaceId, staff: StaffId, signal: &Signal) {
        let Some(inbox) = self.inboxes.get(&workspace) else { return };
        let is_theirs = |line: &&Arc<Line>| match line.party() {
            Party::Staff(caller) => caller.staff == staff,
            Party::Visitor(_) => false,
        };
        let mut frame: Option<Frame> = None;
        for line in inbox.iter().filter(is_theirs) {
            let frame = frame.get_or_insert_with(|| encode(&ServerFrame::Signal(signal.clone())));
            line.send(Outgoing::Signal(frame.clone()));
        }
    }

    /// Takes a note from the bus.
    pub fn hear(&self, note: &Note) {
        match &note.news {
            News::Entry { conversation, entry, prev_public } => {
                if let Some(room) = self.room(*conversation) {
                    let gap = lock(&room).hear(entry.clone(), *prev_public);
                    self.ask(gap);
                }
            }
            News::Signal { conversation, audience, signal } => self.signal(*conversation, *audience, signal),
            News::Inbox { signal } => {
                if let Signal::Lease { conversation, lease } = &**signal {
                    self.leases.hear(note.workspace, *conversation, lease.as_ref());
                }
                self.signal_inbox(note.workspace, signal);
            }
            News::Person { staff, signal } => self.signal_person(note.workspace, *staff, signal),
            News::Revoked(revoked) => self.revoke(*revoked),
            News::JobDue { .. } => {}
        }
    }

    /// Gives a room entries that were missing, oldest first.
    pub fn fill(&self, conversation: ConversationId, entries: Vec<(Entry, i64)>) {
        if let Some(room) = self.room(conversation) {
            let gap = lock(&room).fill(entries);
            self.ask(gap);
        }
    }

    /// What every room has, for comparison with the store.
    pub fn positions(&self) -> Vec<Gap> {
        let rooms: Vec<Arc<Mutex<Room>>> = self.rooms.iter().map(|room| room.value().clone()).collect();
        rooms.iter().filter_map(|room| lock(room).position()).collect()
    }

    /// Asks all clients to come back after a jittered delay, and closes their lines.
    pub fn drain(&self, delay_ms: impl Fn() -> u64) {
        for line in &self.lines {
            let signal = Signal::Draining { retry_after_ms: delay_ms() };
            line.send(Outgoing::Reply(encode(&ServerFrame::Signal(signal))));
            line.close(Close::Draining);
        }
    }

    fn signal(&self, conversation: ConversationId, audience: Audience, signal: &Signal) {
        match self.room(conversation) {
            // Under the room's lock, so that a line that goes live sees each piece of a draft once.
            Some(room) => {
                let mut room = lock(&room);
                self.remember_draft(conversation, signal);
                room.signal(audience, signal);
            }
            None => self.remember_draft(conversation, signal),
        }
    }

    /// Keeps what is written of a draft, for staff who join in the middle.
    fn remember_draft(&self, conversation: ConversationId, signal: &Signal) {
        match signal {
            Signal::Draft { draft } if draft.status == DraftStatus::Writing => {
                self.drafts.insert(conversation, (**draft).clone());
            }
            Signal::Draft { draft } => {
                self.drafts.remove_if(&conversation, |_, known| known.id == draft.id);
            }
            Signal::DraftDelta { draft, offset, text, .. } => {
                if let Some(mut known) = self.drafts.get_mut(&conversation)
                    && known.id == *draft
                    && i64::try_from(known.text.encode_utf16().count()) == Ok(*offset)
                {
                    known.text.push_str(text);
                }
            }
            _ => {}
        }
    }

    fn revoke(&self, revoked: Revoked) {
        for line in &self.lines {
            let hit = match (line.party(), revoked) {
                (Party::Staff(caller), Revoked::Session(session)) => caller.session == session,
                (Party::Staff(caller), Revoked::Staff(staff)) => caller.staff == staff,
                (Party::Visitor(visitor), Revoked::Contact(contact)) => visitor.contact == contact,
                _ => false,
            };
            if hit {
                line.close(Close::Revoked);
            }
        }
    }

    /// Workspaces whose staff have lines on this node.
    pub fn staffed_workspaces(&self) -> HashSet<WorkspaceId> {
        let staffed = self.lines.iter().filter(|line| matches!(line.party(), Party::Staff(_)));
        staffed.map(|line| line.workspace()).collect()
    }

    /// Closes the lines of a workspace's staff whose session is not among those that live.
    pub fn keep_sessions(&self, workspace: WorkspaceId, live: &HashSet<SessionId>) {
        for line in &self.lines {
            if let Party::Staff(caller) = line.party()
                && caller.workspace == workspace
                && !live.contains(&caller.session)
            {
                line.close(Close::Revoked);
            }
        }
    }

    fn ask(&self, gap: Option<Gap>) {
        let Some(gap) = gap else { return };
        metrics::counter!("concierge_holes_total").increment(1);
        if self.gaps.try_send(gap).is_err()
            && let Some(room) = self.room(gap.conversation)
        {
            lock(&room).forget_request();
        }
    }

    fn room(&self, conversation: ConversationId) -> Option<Arc<Mutex<Room>>> {
        self.rooms.get(&conversation).map(|room| room.value().clone())
    }
}

/// Nothing that runs under a room's lock can leave it half changed, so a poisoned lock is still right.
fn lock(room: &Mutex<Room>) -> MutexGuard<'_, Room> {
    room.lock().unwrap_or_else(PoisonError::into_inner)
}
