//! A conversation's followers on this node, and how far they have been told.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::{Audience, ConversationId, WorkspaceId};
use crate::hub::Gap;
use crate::hub::line::{Frame, Line, LineId, Outgoing, encode, encode_event};
use crate::protocol::{Entry, Person, ServerFrame, Signal};

/// Entries that came too early and are kept until the hole before them is filled.
const MAX_EARLY: usize = 256;

/// What became of a wish to go live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoLive {
    /// The line gets every event after its position from now on.
    Live,
    /// The room has got further: read on from the position and try again.
    Behind,
    /// The line is not in the room (any more).
    Left,
}

/// A conversation's followers.
pub(super) struct Room {
    workspace: WorkspaceId,
    conversation: ConversationId,
    followers: Vec<Follower>,
    /// The last entry delivered; none before anybody was live.
    top: Option<i64>,
    /// The newest entry the bus told of while nobody was live: who read the past before it must read on.
    passed: i64,
    /// Entries beyond a hole, by `seq`, with the public entry before each.
    early: BTreeMap<i64, (Arc<Entry>, i64)>,
    /// The missing entries were asked for.
    asked: bool,
    /// Who was here when it was last told: colleagues, and whether the customer is.
    shown: Option<(Vec<Person>, bool)>,
}

struct Follower {
    line: Arc<Line>,
    /// What the client has; none while it is still reading the past.
    position: Option<i64>,
}

impl Room {
    pub(super) fn new(workspace: WorkspaceId, conversation: ConversationId) -> Room {
        Room {
            workspace,
            conversation,
            followers: Vec::new(),
            top: None,
            passed: 0,
            early: BTreeMap::new(),
            asked: false,
            shown: None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.followers.is_empty()
    }

    /// Adds a line, or sends it back to reading the past.
    pub(super) fn enter(&mut self, line: &Arc<Line>) {
        match self.followers.iter_mut().find(|follower| follower.line.id() == line.id()) {
            Some(follower) => follower.position = None,
            None => self.followers.push(Follower { line: line.clone(), position: None }),
        }
    }

    pub(super) fn go_live(&mut self, line: &Line, position: i64, reply: impl FnOnce() -> Frame) -> GoLive {
        if self.top.unwrap_or(self.passed) > position {
            return GoLive::Behind;
        }
        let Some(follower) = self.followers.iter_mut().find(|follower| follower.line.id() == line.id())
        else {
            return GoLive::Left;
        };
        follower.position = Some(position);
        // Others may still wait for entries up to `position`: they come over the bus, so `top` stays.
        self.top.get_or_insert(position);
        follower.line.send(Outgoing::Reply(reply()));
        GoLive::Live
    }

    pub(super) fn leave(&mut self, line: LineId) {
        self.followers.retain(|follower| follower.line.id() != line);
    }

    pub(super) fn is_live(&self, line: LineId) -> bool {
        self.followers.iter().any(|follower| follower.line.id() == line && follower.position.is_some())
    }

    pub(super) fn position(&self) -> Option<Gap> {
        let after = self.top?;
        Some(Gap { workspace: self.workspace, conversation: self.conversation, after })
    }

    pub(super) fn forget_request(&mut self) {
        self.asked = false;
    }

    /// Takes an entry from the bus; gives the gap before it if there is one that nobody asked for yet.
    pub(super) fn hear(&mut self, entry: Arc<Entry>, prev_public: i64) -> Option<Gap> {
        let Some(top) = self.top else {
            self.passed = self.passed.max(entry.seq);
            return None;
        };
        if entry.seq <= top {
            return None;
        }
        if entry.seq == top + 1 {
            self.deliver(&entry, prev_public);
            self.deliver_early();
            return None;
        }
        if self.early.len() < MAX_EARLY {
            self.early.insert(entry.seq, (entry, prev_public));
        }
        self.want(top)
    }

    /// Takes entries that were missing, oldest first.
    pub(super) fn fill(&mut self, entries: Vec<(Entry, i64)>) -> Option<Gap> {
        self.asked = false;
        for (entry, prev_public) in entries {
            if self.top.is_some_and(|top| entry.seq == top + 1) {
                self.deliver(&Arc::new(entry), prev_public);
            }
        }
        self.deliver_early();
        match self.top {
            Some(top) if !self.early.is_empty() => self.want(top),
            _ => None,
        }
    }

    fn want(&mut self, after: i64) -> Option<Gap> {
        if self.asked {
            return None;
        }
        self.asked = true;
        Some(Gap { workspace: self.workspace, conversation: self.conversation, after })
    }

    fn deliver_early(&mut self) {
        while let Some(top) = self.top {
            self.early.retain(|seq, _| *seq > top);
            let Some((entry, prev_public)) = self.early.remove(&(top + 1)) else { return };
            self.deliver(&entry, prev_public);
        }
    }

    /// Sends an entry to all live followers who may see it: encoded at most once per audience.
    fn deliver(&mut self, entry: &Arc<Entry>, prev_public: i64) {
        self.top = Some(entry.seq);
        let mut for_staff: Option<Frame> = None;
        let mut for_everyone: Option<Frame> = None;
        for follower in &self.followers {
            if follower.position.is_none_or(|position| position >= entry.seq) {
                continue;
            }
            let frame = match (follower.line.audience(), entry.audience) {
                (Audience::Staff, _) => {
                    for_staff.get_or_insert_with(|| event(self.conversation, entry, entry.seq - 1))
                }
                (Audience::Everyone, Audience::Everyone) => {
                    for_everyone.get_or_insert_with(|| event(self.conversation, entry, prev_public))
                }
                (Audience::Everyone, Audience::Staff) => continue,
            };
            follower.line.send(Outgoing::Event(frame.clone()));
        }
    }

    /// Sends a signal to the live followers who may see it.
    pub(super) fn signal(&mut self, audience: Audience, signal: &Signal) {
        let mut encoded: Option<Frame> = None;
        for follower in self.followers.iter().filter(|follower| follower.position.is_some()) {
            if audience == Audience::Staff && follower.line.audience() == Audience::Everyone {
                continue;
            }
            let frame = encoded.get_or_insert_with(|| encode(&ServerFrame::Signal(signal.clone())));
            follower.line.send(Outgoing::Signal(frame.clone()));
        }
    }

    /// Tells everybody who is here if that changed, and a newcomer in any case.
    pub(super) fn show_presence(&mut self, newcomer: Option<LineId>) {
        let mut viewers: Vec<Person> = Vec::new();
        for person in self.live().filter_map(|follower| follower.line.person()) {
            if !viewers.iter().any(|known| known.id == person.id) {
                viewers.push(person);
            }
        }
        viewers.sort_by_key(|person| person.id);
        let contact_online = self.live().any(|follower| follower.line.person().is_none());
        let changed = self.shown.as_ref() != Some(&(viewers.clone(), contact_online));
        let presence = |viewers: Vec<Person>, staff_online| {
            let conversation = self.conversation;
            encode(&ServerFrame::Signal(Signal::Presence {
                conversation,
                viewers,
                contact_online,
                staff_online,
            }))
        };
        let for_contact = presence(Vec::new(), !viewers.is_empty());
        let for_staff = presence(viewers.clone(), !viewers.is_empty());
        for follower in self.live().filter(|follower| changed || Some(follower.line.id()) == newcomer) {
            let frame = match follower.line.audience() {
                Audience::Staff => for_staff.clone(),
                Audience::Everyone => for_contact.clone(),
            };
            follower.line.send(Outgoing::Signal(frame));
        }
        self.shown = Some((viewers, contact_online));
    }

    fn live(&self) -> impl Iterator<Item = &Follower> {
        self.followers.iter().filter(|follower| follower.position.is_some())
    }
}

/// Encodes an entry with the one before it that its reader may see: mostly the one it names already.
fn event(conversation: ConversationId, entry: &Entry, prev: i64) -> Frame {
    match entry.prev == prev {
        true => encode_event(conversation, entry),
        false => encode_event(conversation, &Entry { prev, ..entry.clone() }),
    }
}
