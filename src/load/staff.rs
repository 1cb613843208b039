//! A colleague at a business: follows the inbox, opens what customers of this test write, decides drafts.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use tokio::time::Instant;

use crate::base::{ConversationId, DraftId};
use crate::client::{Error, Http, Socket};
use crate::load::history::History;
use crate::load::measure::{Count, Metric};
use crate::load::scenario::{between, happens};
use crate::load::world::World;
use crate::protocol::{Command, Content, DraftStatus, DraftView, Outcome, RejectReason, ServerFrame, Signal};

/// Conversations that a colleague keeps open at once.
const LOOKS_AT: usize = 8;

/// Which colleague of how many: each looks after their own share of the conversations.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub(super) number: usize,
    pub(super) of: usize,
}

impl Share {
    fn has(self, conversation: ConversationId) -> bool {
        let mut hasher = DefaultHasher::new();
        conversation.hash(&mut hasher);
        let of = u64::try_from(self.of.max(1)).unwrap_or(1);
        u64::try_from(self.number).ok() == Some(hasher.finish() % of)
    }
}

/// What a command that was sent is waited for.
enum Asked {
    Join(ConversationId, i64),
    Approve(DraftId, bool),
    Reject(ConversationId),
    TakeOver(ConversationId),
    Reply,
    Leave(ConversationId),
    Other,
}

/// What must be asked again until it is done: after a refusal the hub still sends what it sent before.
#[derive(Clone, Copy)]
enum Refused {
    Join(ConversationId),
    Leave(ConversationId),
}

struct Colleague {
    world: Arc<World>,
    rng: StdRng,
    share: Share,
    followed: HashMap<ConversationId, History>,
    /// The followed conversations, the one that was opened first in front.
    opened: VecDeque<ConversationId>,
    /// What was seen of conversations that are closed again.
    closed: Vec<History>,
    /// Conversations whose closing is not confirmed, and how often: what still comes of them is of before.
    leaving: HashMap<ConversationId, u32>,
    asked: HashMap<String, Asked>,
    /// What was refused as too much at once, and when it is asked again.
    again: VecDeque<(Instant, Refused)>,
    /// Drafts to decide, by when.
    agenda: BTreeMap<(Instant, u64), DraftView>,
    noted: u64,
    wrote: u64,
}

/// Plays a signed-in colleague until the test closes.
pub(super) async fn work(world: Arc<World>, http: Http, share: Share, rng: StdRng) {
    let mut colleague = Colleague {
        world: world.clone(),
        rng,
        share,
        followed: HashMap::new(),
        opened: VecDeque::new(),
        closed: Vec::new(),
        leaving: HashMap::new(),
        asked: HashMap::new(),
        again: VecDeque::new(),
        agenda: BTreeMap::new(),
        noted: 0,
        wrote: 0,
    };
    while !world.over.is_cancelled() {
        if let Err(error) = colleague.shift(&http).await {
            world.failed(&error);
            tokio::time::sleep(Duration::from_millis(250)).await;
        } else {
            break;
        }
    }
    for history in colleague.followed.into_values().chain(colleague.closed) {
        world.judge(&http, history).await;
    }
}

impl Colleague {
    /// Works on one connection.
    async fn shift(&mut self, http: &Http) -> Result<(), Error> {
        let (mut socket, _) = Socket::staff(http).await?;
        self.asked.clear();
        self.again.clear();
        self.agenda.clear();
        self.leaving.clear();
        self.ask(&mut socket, Command::Inbox { on: true }, Asked::Other).await?;
        let again: Vec<ConversationId> = self.followed.keys().copied().collect();
        for conversation in again {
            self.join(&mut socket, conversation).await?;
        }
        let over = self.world.over.clone();
        loop {
            let (again, decides) = (self.again.front(), self.agenda.first_key_value());
            let again = again.map(|(at, _)| *at);
            let next = again.into_iter().chain(decides.map(|((at, _), _)| *at)).min();
            tokio::select! {
                biased;
                () = over.cancelled() => return Ok(()),
                frame = socket.next() => self.hears(&mut socket, frame?).await?,
                () = tokio::time::sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => match next == again {
                    true => self.asks_again(&mut socket).await?,
                    false => if let Some((_, draft)) = self.agenda.pop_first() {
                        self.decide(&mut socket, draft).await?;
                    },
                },
            }
        }
    }

    async fn ask(&mut self, socket: &mut Socket, command: Command, asked: Asked) -> Result<(), Error> {
        let reference = socket.send(command).await?;
        self.asked.insert(reference, asked);
        Ok(())
    }

    /// Notes what is to be asked again, if that may help.
    fn refused(&mut self, asked: Asked, wait: Option<Duration>) {
        let again = wait.map(|wait| Instant::now() + wait);
        match (asked, again) {
            (Asked::Join(conversation, _), Some(at)) => {
                self.again.push_back((at, Refused::Join(conversation)))
            }
            (Asked::Leave(conversation), Some(at)) => {
                self.again.push_back((at, Refused::Leave(conversation)))
            }
            (Asked::Leave(conversation), None) => self.has_left(conversation),
            _ => {}
        }
    }

    async fn asks_again(&mut self, socket: &mut Socket) -> Result<(), Error> {
        match self.again.pop_front().map(|(_, refused)| refused) {
            Some(Refused::Join(conversation)) if self.followed.contains_key(&conversation) => {
                self.join(socket, conversation).await
            }
            Some(Refused::Leave(conversation)) => self.leave(socket, conversation).await,
            Some(Refused::Join(_)) | None => Ok(()),
        }
    }

    async fn leave(&mut self, socket: &mut Socket, conversation: ConversationId) -> Result<(), Error> {
        self.ask(socket, Command::Leave { conversation }, Asked::Leave(conversation)).await
    }

    /// Opens a conversation, and closes the oldest if too many are open.
    async fn open(&mut self, socket: &mut Socket, conversation: ConversationId) -> Result<(), Error> {
        if self.opened.len() >= LOOKS_AT
            && let Some(oldest) = self.opened.pop_front()
        {
            self.closed.extend(self.followed.remove(&oldest));
            self.agenda.retain(|_, draft| draft.conversation != oldest);
            *self.leaving.entry(oldest).or_default() += 1;
            self.leave(socket, oldest).await?;
        }
        self.opened.push_back(conversation);
        self.join(socket, conversation).await
    }

    /// From here on, what comes of a conversation is of its being open again.
    fn has_left(&mut self, conversation: ConversationId) {
        if let Some(leaves) = self.leaving.get_mut(&conversation) {
            *leaves -= 1;
            if *leaves == 0 {
                self.leaving.remove(&conversation);
            }
        }
    }

    async fn join(&mut self, socket: &mut Socket, conversation: ConversationId) -> Result<(), Error> {
        let history = self.followed.entry(conversation).or_insert_with(|| History::of(conversation));
        let after = history.last();
        let command = Command::Join { conversation, after, epoch: None };
        self.ask(socket, command, Asked::Join(conversation, after)).await
    }

    async fn hears(&mut self, socket: &mut Socket, frame: ServerFrame) -> Result<(), Error> {
        match frame {
            ServerFrame::Event { conversation, entry } => {
                if let Some(history) = self.followed.get_mut(&conversation)
                    && !self.leaving.contains_key(&conversation)
                {
                    history.hears(conversation, &entry);
                }
                if matches!(entry.content, Content::Message { .. })
                    && let Some(due) = entry.client_id.as_ref().and_then(|id| self.world.due.get(id))
                {
                    self.world.measures.took(Metric::Delivery, due.elapsed());
                }
                Ok(())
            }
            ServerFrame::Signal(signal) => self.hears_signal(socket, signal).await,
            ServerFrame::Reply { reference, ok, error } => match self.asked.remove(&reference) {
                Some(asked) => match (ok, error) {
                    (Some(outcome), _) => self.answered(socket, asked, *outcome).await,
                    (None, Some(error)) => {
                        self.refused(asked, error.retry_after_ms.map(Duration::from_millis));
                        match error.code.as_str() {
                            "draft_stale"
                            | "draft_changed"
                            | "draft_already_decided"
                            | "draft_still_writing" => {
                                self.world.measures.count(Count::Stale);
                            }
                            code => self.world.measures.failed(code),
                        }
                        Ok(())
                    }
                    (None, None) => Ok(()),
                },
                None => Ok(()),
            },
        }
    }

    async fn hears_signal(&mut self, socket: &mut Socket, signal: Signal) -> Result<(), Error> {
        match signal {
            Signal::Inbox { conversation } => {
                let id = conversation.id;
                let mine = self.share.has(id) && self.world.ours.contains(&id);
                let waits = conversation.waiting_since.is_some();
                match mine && waits && !self.followed.contains_key(&id) {
                    true => self.open(socket, id).await,
                    false => Ok(()),
                }
            }
            Signal::DraftDelta { conversation, offset: 0, .. } => {
                if let Some(due) = self.world.newest.get(&conversation) {
                    self.world.measures.took(Metric::FirstToken, due.elapsed());
                }
                Ok(())
            }
            Signal::Draft { draft } if draft.status == DraftStatus::Pending => {
                if let Some(due) = self.world.newest.get(&draft.conversation) {
                    self.world.measures.took(Metric::Draft, due.elapsed());
                }
                self.note(*draft);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Puts a draft on the agenda, in place of an older one of its conversation.
    fn note(&mut self, draft: DraftView) {
        self.world.measures.count(Count::Drafts);
        self.agenda.retain(|_, known| known.conversation != draft.conversation);
        self.noted += 1;
        let at = Instant::now() + between(&mut self.rng, self.world.scenario.staff.decide_ms);
        self.agenda.insert((at, self.noted), draft);
    }

    async fn decide(&mut self, socket: &mut Socket, draft: DraftView) -> Result<(), Error> {
        let staff = self.world.scenario.staff.clone();
        let conversation = draft.conversation;
        if happens(&mut self.rng, staff.takes_over) {
            let command = Command::TakeOver { conversation };
            return self.ask(socket, command, Asked::TakeOver(conversation)).await;
        }
        let (id, revision, hash) = (draft.id, draft.revision, draft.hash.clone());
        if happens(&mut self.rng, staff.rejects) {
            let note = Some("load test".to_owned());
            let command =
                Command::Reject { draft: id, revision, reason: RejectReason::Other, note, rewrite: false };
            return self.ask(socket, command, Asked::Reject(conversation)).await;
        }
        let edits = happens(&mut self.rng, staff.edits);
        let text = edits.then(|| format!("{} Best wishes from all of us.", draft.text));
        let command = Command::Approve { draft: id, revision, hash, text };
        self.ask(socket, command, Asked::Approve(id, edits)).await
    }

    async fn answered(&mut self, socket: &mut Socket, asked: Asked, outcome: Outcome) -> Result<(), Error> {
        match (asked, outcome) {
            (Asked::Leave(conversation), _) => {
                self.has_left(conversation);
                Ok(())
            }
            (Asked::Join(conversation, after), Outcome::Joined(joined)) => {
                if let Some(history) = self.followed.get_mut(&conversation) {
                    history.reads(if joined.resync { 0 } else { after }, &joined.entries);
                }
                if joined.more {
                    return self.join(socket, conversation).await;
                }
                if let Some(draft) = joined.draft.filter(|draft| draft.status == DraftStatus::Pending) {
                    self.note(*draft);
                }
                Ok(())
            }
            (Asked::Approve(draft, edited), Outcome::Held(held)) => {
                self.world.measures.count(if edited { Count::Edited } else { Count::Approved });
                // What is held for undo is not late.
                let held_for = held.send_at.since(self.world.now());
                self.world.approved.insert(draft, Instant::now() + held_for);
                Ok(())
            }
            (Asked::Reject(conversation), _) => {
                self.world.measures.count(Count::Rejected);
                self.reply(socket, conversation).await
            }
            (Asked::TakeOver(conversation), _) => {
                self.world.measures.count(Count::TakenOver);
                self.reply(socket, conversation).await
            }
            _ => Ok(()),
        }
    }

    /// Answers in person.
    async fn reply(&mut self, socket: &mut Socket, conversation: ConversationId) -> Result<(), Error> {
        self.wrote += 1;
        let client_id = format!("load-staff-{conversation}-{}-{}", self.share.number, self.wrote);
        let body =
            "Thank you for your patience. I look into it myself and come back to you today.".to_owned();
        let command = Command::Send { conversation: Some(conversation), client_id, body, files: Vec::new() };
        self.ask(socket, command, Asked::Reply).await
    }
}
