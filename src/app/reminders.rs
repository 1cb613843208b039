//! What comes due by itself: conversations that were put away, drafts that wait for too long, messages
//! whose words are not in the index yet, and uploads that nobody goes on with.
//!
//! Holds no truth: columns of the store say what is due, so a restart forgets nothing and two nodes do
//! nothing twice.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::base::{Actor, WorkspaceId};
use crate::identity::Site;
use crate::ports::{Cx, DbError};
use crate::{conversations, drafts, files};

/// Rows that one look takes up.
const BATCH: i64 = 200;

/// Why something that was due did not happen.
#[derive(Debug, thiserror::Error)]
enum ReminderError {
    #[error(transparent)]
    Conversation(#[from] conversations::Error),
    #[error(transparent)]
    Draft(#[from] drafts::Error),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Looks again and again until `stop` is cancelled.
pub(super) async fn run(site: Site, stop: CancellationToken) {
    let every = Duration::from_secs(site.config.pipeline.sweep_seconds.max(1));
    let mut look = tokio::time::interval(every);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = look.tick() => {}
        }
        if let Err(error) = work(&site).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "reminders could not be worked off");
        }
    }
}

async fn work(site: &Site) -> Result<(), ReminderError> {
    let now = site.ports.now();
    let patience = Duration::from_secs(site.config.desk.draft_waits_minutes * 60);
    let mut tx = site.ports.db.read().await?;
    let snoozes = conversations::due_snoozes(&mut tx, now, BATCH).await?;
    let overdue = match patience.is_zero() {
        true => Vec::new(),
        false => drafts::overdue(&mut tx, now.before(patience), BATCH).await?,
    };
    let to_index = conversations::to_index(&mut tx, BATCH).await?;
    drop(tx);
    files::uploads::sweep(site, BATCH).await?;
    for due in snoozes {
        let cx = system(site, due.workspace_id);
        let mut tx = site.ports.db.begin().await?;
        conversations::wake_due(&cx, &mut tx, due.id).await?;
        tx.commit().await?;
    }
    for draft in overdue {
        let cx = system(site, draft.workspace_id);
        let mut tx = site.ports.db.begin().await?;
        drafts::tell_overdue(&cx, &mut tx, draft.id).await?;
        tx.commit().await?;
    }
    let workspaces: BTreeSet<WorkspaceId> = to_index.iter().map(|one| one.workspace_id).collect();
    for workspace in workspaces {
        conversations::index(&site.ports.db, workspace, &to_index).await?;
    }
    Ok(())
}

fn system(site: &Site, workspace: WorkspaceId) -> Cx {
    site.ports.cx(workspace, Actor::System, "")
}
