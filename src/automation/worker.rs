//! Looks for events and times that rules have not dealt with, again and again.
//!
//! Holds no truth. It hears of entries to be quick, and sweeps to be sure.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::automation::{Error, events, sequences, times, workflows};
use crate::base::{Actor, WorkspaceId};
use crate::identity::Site;
use crate::ports::bus::{Heard, News, Subscription};
use crate::ports::{Cx, DbError};
use crate::rules::{self, Shelf};
use crate::{contacts, conversations, hooks, workspaces};

/// Conversations and contacts that one look takes up.
const BATCH: i64 = 200;

/// Open conversations of a contact that rules look at when something about the contact changes.
const OF_CONTACT: i64 = 20;

/// How long it is kept what rules looked at: longer than the longest dry run looks back.
const KEEP_LOOKS: Duration = Duration::from_secs(400 * 24 * 3_600);

/// How long calls of hooks are kept.
const KEEP_CALLS: Duration = Duration::from_secs(30 * 24 * 3_600);

/// How often what is old is forgotten, and how much of it in one unit of work.
const TIDY_EVERY: Duration = Duration::from_secs(3_600);
const TIDY_BATCH: i64 = 2_000;

/// Works until `stop` is cancelled.
pub async fn run(site: Site, stop: CancellationToken) {
    let shelf = Shelf::default();
    let every = Duration::from_secs(site.config.pipeline.sweep_seconds.max(1));
    let mut bus = site.ports.bus.subscribe();
    let mut tidied = None;
    let mut sweep = tokio::time::interval(every);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let timed = tokio::select! {
            () = stop.cancelled() => return,
            _ = sweep.tick() => true,
            heard = next_event(&mut bus) => match heard {
                Some(()) => false,
                None => return,
            },
        };
        if let Err(error) = work(&site, &shelf, timed).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "rules could not be worked off");
        }
        if timed && tidied.is_none_or(|at| site.ports.now().since(at) >= TIDY_EVERY) {
            tidied = Some(site.ports.now());
            if let Err(error) = forget_old(&site).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "old looks of rules could not be forgotten"
                );
            }
        }
    }
}

/// Waits for news of an event. `None`: the node stops.
async fn next_event(bus: &mut Subscription) -> Option<()> {
    loop {
        match bus.next().await {
            Heard::Note(note) => match &note.news {
                News::Entry { entry, .. } if entry.content.is_event() => return Some(()),
                _ => {}
            },
            Heard::Missed => return Some(()),
            Heard::Closed => return None,
        }
    }
}

async fn work(site: &Site, shelf: &Shelf, timed: bool) -> Result<(), Error> {
    workflows::work_off(site).await?;
    loop {
        let mut tx = site.ports.db.read().await?;
        let waiting = conversations::for_rules(&mut tx, BATCH).await?;
        drop(tx);
        for one in &waiting {
            match events_of(site, shelf, one.workspace_id, one.id).await {
                Ok(()) => {}
                // The store will be back; what waits is found by the next sweep.
                Err(error) if is_storage(&error) => return Err(error),
                Err(error) => {
                    // One conversation keeps no other from its rules.
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        conversation.id = %one.id,
                        "rules failed; its events are left behind"
                    );
                    skip(site, one.workspace_id, one.id).await?;
                }
            }
        }
        if waiting.is_empty() {
            break;
        }
    }
    if timed {
        sequences::work_off(site).await?;
        contacts_changed(site, shelf).await?;
        times_come(site, shelf).await?;
    }
    Ok(())
}

/// Forgets what nobody asks about any more.
async fn forget_old(site: &Site) -> Result<(), Error> {
    let mut tx = site.ports.db.read().await?;
    let all = workspaces::all(&mut tx).await?;
    drop(tx);
    for workspace in all {
        let cx = system(site, workspace.id);
        loop {
            let mut tx = site.ports.db.begin().await?;
            let gone = rules::forget_looks(&cx, &mut tx, cx.now.before(KEEP_LOOKS), TIDY_BATCH).await?;
            hooks::forget(&cx, &mut tx, cx.now.before(KEEP_CALLS)).await?;
            tx.commit().await?;
            if gone < TIDY_BATCH.unsigned_abs() {
                break;
            }
        }
    }
    Ok(())
}

pub(super) fn is_storage(error: &Error) -> bool {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if error.is::<DbError>() {
            return true;
        }
        next = error.source();
    }
    false
}

fn system(site: &Site, workspace: WorkspaceId) -> Cx {
    site.ports.cx(workspace, Actor::System, "")
}

async fn events_of(
    site: &Site,
    shelf: &Shelf,
    workspace: WorkspaceId,
    conversation: crate::base::ConversationId,
) -> Result<(), Error> {
    let cx = system(site, workspace);
    let mut tx = site.ports.db.begin().await?;
    let set = rules::ready(&cx, &mut tx, shelf).await?;
    let workspace = workspaces::get(&mut tx, workspace).await?;
    events::work_off(&cx, &mut tx, &set, &workspace, conversation).await?;
    tx.commit().await?;
    Ok(())
}

/// Leaves the events of a conversation behind that cannot be dealt with.
async fn skip(
    site: &Site,
    workspace: WorkspaceId,
    conversation: crate::base::ConversationId,
) -> Result<(), Error> {
    let cx = system(site, workspace);
    let mut tx = site.ports.db.begin().await?;
    conversations::set_rules_from(&cx, &mut tx, conversation, None).await?;
    tx.commit().await?;
    Ok(())
}

async fn contacts_changed(site: &Site, shelf: &Shelf) -> Result<(), Error> {
    let mut tx = site.ports.db.read().await?;
    let changed = contacts::changed(&mut tx, BATCH).await?;
    drop(tx);
    for (workspace, contact) in changed {
        let cx = system(site, workspace);
        let mut tx = site.ports.db.begin().await?;
        let changes = contacts::take_changes(&cx, &mut tx, contact).await?;
        if !changes.is_empty() {
            let set = rules::ready(&cx, &mut tx, shelf).await?;
            let workspace = workspaces::get(&mut tx, workspace).await?;
            for conversation in conversations::open_of_contact(&cx, &mut tx, contact, OF_CONTACT).await? {
                for change in &changes {
                    events::contact_changed(&cx, &mut tx, &set, &workspace, (conversation, *change)).await?;
                }
            }
        }
        tx.commit().await?;
    }
    Ok(())
}

async fn times_come(site: &Site, shelf: &Shelf) -> Result<(), Error> {
    let mut tx = site.ports.db.read().await?;
    let all = rules::workspaces_with_time(&mut tx).await?;
    drop(tx);
    for workspace in all {
        let cx = system(site, workspace);
        let mut tx = site.ports.db.read().await?;
        let set = rules::ready(&cx, &mut tx, shelf).await?;
        let workspace = workspaces::get(&mut tx, workspace).await?;
        drop(tx);
        times::work_off(site, &cx, &set, &workspace).await?;
    }
    Ok(())
}
