//! Runs durable side effects when they are due.

use std::time::Duration;

use crate::agents::proposals;
use crate::base::{Actor, Timestamp};
use crate::drafts::{self, SendDraft};
use crate::identity::Site;
use crate::jobs::{self, Job, Queue, Taken};
use crate::ports::DbError;
use crate::ports::bus::{Heard, News};
use crate::workspaces;

/// Jobs taken at once.
const BATCH: i64 = 32;

/// The longest pause between two looks: jobs of other nodes, or of before a crash, are found then.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Why a job failed.
#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error("nobody knows jobs of the kind {0}")]
    UnknownKind(String),
    #[error("the job's content is not readable")]
    Unreadable(#[from] serde_json::Error),
    #[error(transparent)]
    Draft(#[from] drafts::Error),
    #[error(transparent)]
    Proposal(#[from] proposals::Error),
    #[error(transparent)]
    Workspace(#[from] workspaces::Error),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Runs due jobs until `stop` is cancelled.
pub(super) async fn run(site: Site, stop: tokio_util::sync::CancellationToken) {
    let mut bus = site.ports.bus.subscribe();
    loop {
        let next = match work(&site).await {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "jobs could not be read");
                None
            }
        };
        if wait(&site, &mut bus, next, &stop).await.is_none() {
            return;
        }
    }
}

/// Waits until the next job is due. `None`: the node stops.
pub(super) async fn wait(
    site: &Site,
    bus: &mut crate::ports::bus::Subscription,
    mut next: Option<Timestamp>,
    stop: &tokio_util::sync::CancellationToken,
) -> Option<()> {
    let longest = tokio::time::Instant::now() + LONGEST_PAUSE;
    loop {
        let pause = next.map_or(LONGEST_PAUSE, |at| at.since(site.ports.now())).min(LONGEST_PAUSE);
        if pause.is_zero() {
            return Some(());
        }
        tokio::select! {
            () = stop.cancelled() => return None,
            () = tokio::time::sleep_until((tokio::time::Instant::now() + pause).min(longest)) => return Some(()),
            // Many at once: most of them are none of ours.
            all = bus.next_ones() => for heard in all {
                match heard {
                    Heard::Note(note) => if let News::JobDue { at } = note.news {
                        next = Some(next.map_or(at, |next| next.min(at)));
                    },
                    Heard::Missed => return Some(()),
                    Heard::Closed => return None,
                }
            },
        }
    }
}

/// Runs everything that is due; says when the next job is.
async fn work(site: &Site) -> Result<Option<Timestamp>, DbError> {
    loop {
        let mut tx = site.ports.db.read().await?;
        let next = jobs::next_due(&mut tx, Queue::Quick).await?;
        drop(tx);
        if next.is_none_or(|at| at > site.ports.now()) {
            return Ok(next);
        }
        let mut tx = site.ports.db.begin().await?;
        let taken = jobs::take_due(&mut tx, Queue::Quick, site.ports.now(), jobs::LEASE, BATCH).await?;
        tx.commit().await?;
        for job in &taken {
            if let Err(error) = run_one(site, job).await {
                tracing::warn!(error = &error as &dyn std::error::Error, job.id = %job.id, job.kind, "job failed");
                let mut tx = site.ports.db.begin().await?;
                jobs::failed(&mut tx, job, &error.to_string(), site.ports.now()).await?;
                tx.commit().await?;
            }
        }
    }
}

/// Runs a job and forgets it in the same transaction.
async fn run_one(site: &Site, job: &Taken) -> Result<(), JobError> {
    let cx = site.ports.cx(job.workspace, Actor::System, "");
    let mut tx = site.ports.db.begin().await?;
    match job.kind.as_str() {
        SendDraft::KIND => {
            let SendDraft { draft } = serde_json::from_value(job.payload.clone())?;
            let assistant = workspaces::get(&mut tx, job.workspace).await?.settings.assistant_name;
            if let Some(sent) = drafts::send_due(&cx, &mut tx, draft, &assistant).await? {
                proposals::carry_out(&cx, &mut tx, &sent, &assistant).await?;
            }
        }
        kind => return Err(JobError::UnknownKind(kind.to_owned())),
    }
    jobs::done(&mut tx, job).await?;
    tx.commit().await?;
    Ok(())
}
