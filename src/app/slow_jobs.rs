//! Runs the side effects that may take minutes, a few at a time: reading documents, the vectors of their
//! passages, calls of addresses outside, and filling the past.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::agents::outside::{self, CallTool};
use crate::app::jobs::wait;
use crate::automation::{self, CallWebhook};
use crate::base::Timestamp;
use crate::context::{self, FillPast};
use crate::identity::Site;
use crate::jobs::{self, Job, Queue, Taken};
use crate::knowledge::sources::{self, ReadError, ReadSource};
use crate::knowledge::{EmbedPassages, embed_passages};
use crate::ports::DbError;

/// How much longer than its own limits a slow job may be held by a node.
const SPARE: Duration = Duration::from_secs(60);

/// Jobs of the slow queue that run at once.
pub(super) const AT_ONCE: usize = 2;

/// Runs due jobs of a queue, at most `slots` at once, until `stop` is cancelled. What runs then is given up: it changes nothing
/// before its end, and the next start runs it again.
pub(super) async fn run(
    site: Site,
    (queue, slots): (Queue, usize),
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let mut bus = site.ports.bus.subscribe();
    let slots = Arc::new(Semaphore::new(slots.max(1)));
    loop {
        let slot = tokio::select! {
            () = stop.cancelled() => return,
            slot = slots.clone().acquire_owned() => slot,
        };
        let Ok(slot) = slot else { return };
        let next = match take(&site, queue).await {
            Ok(Due::Job(job)) => {
                let (site, stop) = (site.clone(), stop.clone());
                tasks.spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = run_one(&site, &job) => {}
                    }
                    drop(slot);
                });
                continue;
            }
            Ok(Due::Next(next)) => next,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "slow jobs could not be read");
                None
            }
        };
        drop(slot);
        if wait(&site, &mut bus, next, &stop).await.is_none() {
            return;
        }
    }
}

/// What there is to do.
enum Due {
    /// This, now.
    Job(Taken),
    /// Nothing until then, as far as it is known.
    Next(Option<Timestamp>),
}

async fn take(site: &Site, queue: Queue) -> Result<Due, DbError> {
    let mut tx = site.ports.db.read().await?;
    let next = jobs::next_due(&mut tx, queue).await?;
    drop(tx);
    if next.is_none_or(|at| at > site.ports.now()) {
        return Ok(Due::Next(next));
    }
    let knowledge = &site.config.knowledge;
    let lease = Duration::from_secs(4 * knowledge.reader_seconds + 3 * knowledge.fetch_seconds) + SPARE;
    let mut tx = site.ports.db.begin().await?;
    let mut taken = jobs::take_due(&mut tx, queue, site.ports.now(), lease, 1).await?;
    tx.commit().await?;
    Ok(taken.pop().map_or(Due::Next(next), Due::Job))
}

async fn run_one(site: &Site, job: &Taken) {
    let error = match job.kind.as_str() {
        ReadSource::KIND => match sources::read(site, job).await {
            Ok(()) => return,
            Err(error) => error,
        },
        EmbedPassages::KIND => match embed_passages(&site.ports, job).await {
            Ok(()) => return,
            Err(error) => error.into(),
        },
        CallWebhook::KIND => match automation::call_webhook(site, job).await {
            Ok(()) => return,
            Err(error) => ReadError::Later(error.to_string()),
        },
        CallTool::KIND => match outside::carry_out(site, job).await {
            Ok(()) => return,
            Err(error) => ReadError::Later(error.to_string()),
        },
        FillPast::KIND => match context::fill_step(site, job).await {
            Ok(()) => return,
            Err(error) => ReadError::Later(error.to_string()),
        },
        kind => ReadError::Later(format!("nobody knows jobs of the kind {kind}")),
    };
    tracing::warn!(error = &error as &dyn std::error::Error, job.id = %job.id, job.kind, "job failed");
    let put_back = async {
        let mut tx = site.ports.db.begin().await?;
        jobs::failed(&mut tx, job, &error.to_string(), site.ports.now()).await?;
        tx.commit().await
    };
    if let Err(error) = put_back.await {
        tracing::error!(error = &error as &dyn std::error::Error, job.id = %job.id, "job could not be put back");
    }
}
