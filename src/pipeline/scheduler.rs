//! When turns run: after a message has settled, one at a time per conversation, a few at once per node.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::base::{Actor, ConversationId, TurnId, WorkspaceId};
use crate::config::Pipeline;
use crate::conversations;
use crate::identity::Site;
use crate::pipeline::place::Places;
use crate::pipeline::{Library, run};
use crate::ports::bus::{Heard, News, Note};
use crate::protocol::{Content, Decision, Owner, Signal, TranscriptState};
use crate::voice;

/// Conversations that one look at the store takes up.
const SWEEP: i64 = 200;

/// Turns whose end may wait to be noted.
const ENDS: usize = 1024;

/// A conversation whose turn is due.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    workspace: WorkspaceId,
    due: Instant,
    /// No later than this, however long the customer types.
    latest: Instant,
}

/// Decides when which turn runs. Holds no truth: the store knows who is owed a turn.
struct Scheduler {
    settings: Pipeline,
    waiting: HashMap<ConversationId, Waiting>,
    /// Those that wait, the next one first.
    order: BTreeSet<(Instant, ConversationId)>,
    running: HashMap<ConversationId, CancellationToken>,
}

/// Runs turns until `stop` is cancelled.
pub(super) async fn run(site: Site, library: Library, tasks: TaskTracker, stop: CancellationToken) {
    let settings = site.config.pipeline.clone();
    let places = Places::new(&settings);
    let (ended, mut ends) = mpsc::channel::<ConversationId>(ENDS);
    let mut sweep = tokio::time::interval(Duration::from_secs(settings.sweep_seconds.max(1)));
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut bus = site.ports.bus.subscribe();
    let holder = site.ports.id::<TurnId>().to_string();
    let mut scheduler = Scheduler::new(settings);
    'turns: loop {
        let next = scheduler.next_due();
        tokio::select! {
            () = stop.cancelled() => break,
            all = bus.next_ones() => for heard in all {
                match heard {
                    Heard::Note(note) => scheduler.hear(&note),
                    Heard::Missed => scheduler.sweep(&site).await,
                    Heard::Closed => break 'turns,
                }
            },
            Some(conversation) = ends.recv() => {
                scheduler.running.remove(&conversation);
            }
            _ = sweep.tick() => scheduler.sweep(&site).await,
            () = tokio::time::sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
        }
        scheduler.start_due(|conversation, workspace, cancelled| {
            let (site, library, holder) = (site.clone(), library.clone(), holder.clone());
            let (places, ended) = (places.clone(), ended.clone());
            tasks.spawn(async move {
                // A recording that is still listened to takes no worker from other conversations.
                if let Err(error) = voice::settled(&site, workspace, conversation, &cancelled).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "transcripts could not be read");
                }
                let place = places.take().await;
                let of = (workspace, conversation);
                run::run(&site, &library, of, &holder, place, cancelled).await;
                let _ = ended.send(conversation).await;
            });
        });
        scheduler.count();
    }
    for cancelled in scheduler.running.values() {
        cancelled.cancel();
    }
}

impl Scheduler {
    fn new(settings: Pipeline) -> Scheduler {
        Scheduler { settings, waiting: HashMap::new(), order: BTreeSet::new(), running: HashMap::new() }
    }

    fn next_due(&self) -> Option<Instant> {
        let mut free = self.order.iter().filter(|(_, conversation)| !self.running.contains_key(conversation));
        free.next().map(|(due, _)| *due)
    }

    /// Lets a conversation wait, or wait otherwise than it did.
    fn put(&mut self, conversation: ConversationId, waiting: Waiting) {
        self.order.insert((waiting.due, conversation));
        if let Some(before) = self.waiting.insert(conversation, waiting)
            && before.due != waiting.due
        {
            self.order.remove(&(before.due, conversation));
        }
    }

    fn forget(&mut self, conversation: ConversationId) {
        if let Some(waiting) = self.waiting.remove(&conversation) {
            self.order.remove(&(waiting.due, conversation));
        }
    }

    fn hear(&mut self, note: &Note) {
        match &note.news {
            News::Entry { conversation, entry, .. } => match (&entry.content, entry.actor) {
                (Content::Message { .. }, Actor::Contact { .. }) => {
                    self.supersede(*conversation);
                    self.settle(note.workspace, *conversation);
                }
                (Content::Message { .. }, Actor::Staff { .. })
                | (Content::OwnerChanged { owner: Owner::Person }, _) => {
                    self.supersede(*conversation);
                    self.forget(*conversation);
                }
                (Content::Transcribed { state: TranscriptState::Corrected, .. }, _) => {
                    self.supersede(*conversation);
                    self.run_soon(note.workspace, *conversation);
                }
                (Content::DraftDecided { decision: Decision::Rejected, .. }, _)
                | (Content::OwnerChanged { owner: Owner::Agent }, _) => {
                    self.run_soon(note.workspace, *conversation)
                }
                _ => {}
            },
            News::Signal { conversation, signal, .. } => {
                if let Signal::Typing { actor: Actor::Contact { .. }, on: true, .. } = **signal {
                    self.typing(*conversation);
                }
            }
            News::Inbox { .. } | News::Person { .. } | News::JobDue { .. } | News::Revoked(_) => {}
        }
    }

    /// Stops the turn that runs for an older message.
    fn supersede(&self, conversation: ConversationId) {
        if let Some(running) = self.running.get(&conversation) {
            running.cancel();
        }
    }

    /// Waits a moment after a message: quick ones that follow become the same turn.
    fn settle(&mut self, workspace: WorkspaceId, conversation: ConversationId) {
        let now = Instant::now();
        let due = now + Duration::from_millis(self.settings.settle_ms);
        let latest = now + Duration::from_millis(self.settings.settle_typing_ms);
        let known = self.waiting.get(&conversation).copied();
        let waiting = known.unwrap_or(Waiting { workspace, due, latest });
        self.put(conversation, Waiting { due: due.min(waiting.latest), ..waiting });
    }

    /// Waits longer while the customer goes on typing, but not for ever.
    fn typing(&mut self, conversation: ConversationId) {
        if let Some(waiting) = self.waiting.get(&conversation).copied() {
            let longer = Instant::now() + Duration::from_millis(self.settings.settle_ms * 2);
            self.put(conversation, Waiting { due: waiting.due.max(longer).min(waiting.latest), ..waiting });
        }
    }

    fn run_soon(&mut self, workspace: WorkspaceId, conversation: ConversationId) {
        let now = Instant::now();
        if !self.waiting.contains_key(&conversation) {
            self.put(conversation, Waiting { workspace, due: now, latest: now });
        }
    }

    /// Takes up turns that are owed and that nobody is on: after a crash, or from another node.
    async fn sweep(&mut self, site: &Site) {
        let owed = async {
            let mut tx = site.ports.db.read().await?;
            conversations::owed_turns(&mut tx, site.ports.now(), SWEEP).await
        };
        match owed.await {
            Ok(owed) => {
                for turn in owed {
                    // The store may know of a message before the bus tells of it: it settles like any other.
                    if !self.running.contains_key(&turn.id) && !self.waiting.contains_key(&turn.id) {
                        self.settle(turn.workspace_id, turn.id);
                    }
                }
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "owed turns could not be read");
            }
        }
    }

    /// Starts every turn that is due and whose conversation has none running.
    fn start_due(&mut self, mut start: impl FnMut(ConversationId, WorkspaceId, CancellationToken)) {
        let now = Instant::now();
        let due: Vec<(ConversationId, WorkspaceId)> = self
            .order
            .iter()
            .take_while(|(due, _)| *due <= now)
            .filter(|(_, conversation)| !self.running.contains_key(conversation))
            .filter_map(|(_, conversation)| Some((*conversation, self.waiting.get(conversation)?.workspace)))
            .collect();
        for (conversation, workspace) in due {
            self.forget(conversation);
            let cancelled = CancellationToken::new();
            self.running.insert(conversation, cancelled.clone());
            start(conversation, workspace, cancelled);
        }
    }

    fn count(&self) {
        let gauge = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        metrics::gauge!("concierge_turns_waiting").set(gauge(self.waiting.len()));
        metrics::gauge!("concierge_turns_running").set(gauge(self.running.len()));
    }
}
