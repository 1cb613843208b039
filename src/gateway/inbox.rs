//! Inbox rows for staff who follow the inbox: fresh from the store, a few times a second.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::base::{ConversationId, WorkspaceId};
use crate::conversations;
use crate::gateway::Gateway;
use crate::ports::bus::{Heard, News, Note};
use crate::protocol::Signal;

/// How long changes are gathered before the rows are read.
const GATHER: Duration = Duration::from_millis(80);

/// Turns "something changed" into inbox signals.
pub(super) async fn refresh(gateway: Arc<Gateway>) {
    let mut bus = gateway.site.ports.bus.subscribe();
    let mut changed: HashMap<WorkspaceId, HashSet<ConversationId>> = HashMap::new();
    loop {
        let all = tokio::select! {
            biased;
            () = gateway.stop.cancelled() => return,
            all = bus.next_ones() => all,
        };
        for heard in all {
            match heard {
                Heard::Note(note) => note_change(&gateway, &note, &mut changed),
                Heard::Missed => tell_stale(&gateway, &mut changed),
                Heard::Closed => return,
            }
        }
        if !changed.is_empty() {
            gather(&gateway, &mut bus, &mut changed).await;
        }
        for (workspace, conversations) in changed.drain() {
            if let Err(error) = send(&gateway, workspace, conversations).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "inbox rows could not be read");
                gateway.hub.signal_inbox(workspace, &Signal::InboxStale);
            }
        }
    }
}

/// Goes on listening for a moment, so that a burst of changes is read once.
async fn gather(
    gateway: &Gateway,
    bus: &mut crate::ports::bus::Subscription,
    changed: &mut HashMap<WorkspaceId, HashSet<ConversationId>>,
) {
    let until = tokio::time::Instant::now() + GATHER;
    while let Ok(heard) = tokio::time::timeout_at(until, bus.next()).await {
        match heard {
            Heard::Note(note) => note_change(gateway, &note, changed),
            Heard::Missed => tell_stale(gateway, changed),
            Heard::Closed => return,
        }
    }
}

fn note_change(gateway: &Gateway, note: &Note, changed: &mut HashMap<WorkspaceId, HashSet<ConversationId>>) {
    let conversation = match &note.news {
        News::Entry { conversation, .. } => *conversation,
        News::Signal { conversation, signal, .. } if matches!(**signal, Signal::Draft { .. }) => {
            *conversation
        }
        News::Signal { .. }
        | News::Inbox { .. }
        | News::Person { .. }
        | News::JobDue { .. }
        | News::Revoked(_) => return,
    };
    if gateway.hub.has_inbox_followers(note.workspace) {
        changed.entry(note.workspace).or_default().insert(conversation);
    }
}

fn tell_stale(gateway: &Gateway, changed: &mut HashMap<WorkspaceId, HashSet<ConversationId>>) {
    for workspace in gateway.hub.inbox_workspaces() {
        changed.remove(&workspace);
        gateway.hub.signal_inbox(workspace, &Signal::InboxStale);
    }
}

async fn send(
    gateway: &Gateway,
    workspace: WorkspaceId,
    changed: HashSet<ConversationId>,
) -> Result<(), conversations::Error> {
    let ids: Vec<ConversationId> = changed.into_iter().collect();
    let mut tx = gateway.site.ports.db.read().await?;
    for summary in conversations::summaries(&mut tx, workspace, &ids).await? {
        gateway.hub.signal_inbox(workspace, &Signal::Inbox { conversation: Box::new(summary) });
    }
    Ok(())
}
