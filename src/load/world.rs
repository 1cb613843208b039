//! What everybody in a running test shares.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use dashmap::{DashMap, DashSet};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::base::{ConversationId, DraftId, Timestamp};
use crate::client::{Error, Http};
use crate::load::alarm::Alarm;
use crate::load::history::{History, Violation};
use crate::load::measure::{Count, Measures};
use crate::load::recording::Recording;
use crate::load::scenario::Scenario;
use crate::ports::Clock;
use crate::protocol::Entry;

/// What everybody in a running test shares.
pub(super) struct World {
    pub(super) scenario: Scenario,
    /// What visitors write, where a recorded day is played.
    pub(super) recording: Option<Recording>,
    /// Callers, one per source address.
    pub(super) sources: Vec<Http>,
    /// Slugs of the businesses that are visited in turn.
    pub(super) workspaces: Vec<String>,
    pub(super) measures: Measures,
    /// Wakes visitors when they are to write.
    pub(super) alarm: Alarm,
    /// When the message with this `client_id` was due.
    pub(super) due: DashMap<String, Instant>,
    /// When the newest message of a conversation was due.
    pub(super) newest: DashMap<ConversationId, Instant>,
    /// From when on the customer may have the answer that was approved.
    pub(super) approved: DashMap<DraftId, Instant>,
    /// Conversations that this test began: staff touch no other.
    pub(super) ours: DashSet<ConversationId>,
    /// Raised whenever all visitors' lines are to be cut.
    pub(super) cuts: watch::Receiver<u64>,
    /// Nobody begins anything new.
    pub(super) closing: CancellationToken,
    /// Everybody stops where they are.
    pub(super) over: CancellationToken,
    pub(super) here: AtomicU64,
    violations: Mutex<Vec<Violation>>,
}

impl World {
    /// Must be called in a runtime.
    pub(super) fn new(
        (scenario, recording): (Scenario, Option<Recording>),
        sources: Vec<Http>,
        workspaces: Vec<String>,
        cuts: watch::Receiver<u64>,
    ) -> World {
        World {
            scenario,
            recording,
            sources,
            workspaces,
            measures: Measures::default(),
            alarm: Alarm::start(),
            due: DashMap::new(),
            newest: DashMap::new(),
            approved: DashMap::new(),
            ours: DashSet::new(),
            cuts,
            closing: CancellationToken::new(),
            over: CancellationToken::new(),
            here: AtomicU64::new(0),
            violations: Mutex::default(),
        }
    }

    /// Notes what a history check found.
    pub(super) fn found(&self, violations: Vec<Violation>) {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).extend(violations);
    }

    /// All violations.
    pub(super) fn violations(&self) -> Vec<Violation> {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts a failure by its code.
    pub(super) fn failed(&self, error: &Error) {
        let code = match error {
            Error::Refused { code, .. } => code.clone(),
            Error::Unreachable(_) => "unreachable".to_owned(),
            Error::Closed { code, .. } => format!("closed_{code}"),
            Error::TimedOut(_) => "timed_out".to_owned(),
            Error::Unreadable(_) => "unreadable".to_owned(),
        };
        self.measures.failed(&code);
    }

    /// The time by this machine's clock, to compare with times that the hub names.
    pub(super) fn now(&self) -> Timestamp {
        Clock::system().now()
    }

    pub(super) fn arrives(&self) {
        self.here.fetch_add(1, Ordering::Relaxed);
        self.measures.count(Count::Arrived);
    }

    pub(super) fn leaves(&self) {
        self.here.fetch_sub(1, Ordering::Relaxed);
    }

    /// Reads the whole timeline that a caller may see and judges a history by it.
    pub(super) async fn judge(&self, caller: &Http, history: History) {
        let Some(conversation) = history.conversation() else {
            // Nothing was acknowledged, so nothing can be missing; an open message is still unanswered.
            return self.found(history.judge(&[]));
        };
        match timeline(caller, conversation).await {
            Ok(stored) => self.found(history.judge(&stored)),
            Err(error) => self.failed(&error),
        }
    }
}

/// Reads a whole timeline.
pub(super) async fn timeline(caller: &Http, conversation: ConversationId) -> Result<Vec<Entry>, Error> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let after = entries.last().map_or(0, |entry| entry.seq);
        let path = format!("/v1/conversations/{conversation}/entries?after={after}&limit=200");
        let mut page: Value = caller.get(&path).await?;
        let read: Vec<Entry> = serde_json::from_value(page["entries"].take())
            .map_err(|error| Error::Unreadable(error.to_string()))?;
        let more = page["more"].as_bool().unwrap_or(false) && !read.is_empty();
        entries.extend(read);
        if !more {
            return Ok(entries);
        }
    }
}
