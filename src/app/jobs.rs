//! Runs durable side effects when they are due.
//!
//! Quick jobs run one after the other, each in the transaction that forgets it. Jobs that compute or call
//! out are **slow**: they run beside, so that no message waits for them, and open their own transactions.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::base::{Actor, Timestamp};
use crate::drafts::{self, SendDraft};
use crate::identity::Site;
use crate::jobs::{self, Job, Taken};
use crate::knowledge::{self, EmbedPassages};
use crate::ports::DbError;
use crate::ports::bus::{Heard, News};
use crate::workspaces;

/// Jobs taken at once.
const BATCH: i64 = 32;

/// Slow jobs that run at once.
const SLOW: usize = 2;

/// The longest pause between two looks: jobs of other nodes, or of before a crash, are found then.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Why a job failed.
#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error("nobody knows jobs of the kind {0}")]
    UnknownKind(String),
    #[error("the job's content is not readable")]
    Unreadable(#[from] serde_json::Error),
    #[error("the job panicked")]
    Panicked,
    #[error(transparent)]
    Draft(#[from] drafts::Error),
    #[error(transparent)]
    Knowledge(#[from] knowledge::Error),
    #[error(transparent)]
    Workspace(#[from] workspaces::Error),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Runs due jobs until `stop` is cancelled.
pub(super) async fn run(site: Site, tasks: TaskTracker, stop: CancellationToken) {
    let mut bus = site.ports.bus.subscribe();
    let beside = Beside { tasks, free: Arc::new(Semaphore::new(SLOW)), stop: stop.clone() };
    loop {
        let next = match work(&site, &beside).await {
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
async fn wait(
    site: &Site,
    bus: &mut crate::ports::bus::Subscription,
    mut next: Option<Timestamp>,
    stop: &CancellationToken,
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
            heard = bus.next() => match heard {
                Heard::Note(note) => if let News::JobDue { at } = note.news {
                    next = Some(next.map_or(at, |next| next.min(at)));
                },
                Heard::Missed => return Some(()),
                Heard::Closed => return None,
            },
        }
    }
}

/// Where slow jobs run.
struct Beside {
    tasks: TaskTracker,
    free: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Beside {
    /// Runs a slow job once there is room. One that waits for longer than its lease is taken again by
    /// whoever looks next, and is safe to run twice.
    fn run(&self, site: &Site, job: Taken) {
        let (site, free, stop) = (site.clone(), self.free.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            let _permit = tokio::select! {
                // Whoever starts next finds the job.
                () = stop.cancelled() => return,
                permit = free.acquire() => permit,
            };
            let (inner, taken) = (site.clone(), job.clone());
            let ran = tokio::spawn(async move { run_slow(&inner, &taken).await }).await;
            settle(&site, &job, ran.unwrap_or(Err(JobError::Panicked))).await;
        });
    }
}

/// Runs everything that is due; says when the next job is.
async fn work(site: &Site, beside: &Beside) -> Result<Option<Timestamp>, DbError> {
    loop {
        let mut tx = site.ports.db.read().await?;
        let next = jobs::next_due(&mut tx).await?;
        drop(tx);
        if next.is_none_or(|at| at > site.ports.now()) {
            return Ok(next);
        }
        let mut tx = site.ports.db.begin().await?;
        let taken = jobs::take_due(&mut tx, site.ports.now(), BATCH).await?;
        tx.commit().await?;
        for job in taken {
            match is_slow(&job.kind) {
                true => beside.run(site, job),
                false => {
                    let ran = run_one(site, &job).await;
                    settle(site, &job, ran).await;
                }
            }
        }
    }
}

/// Puts a job that failed back for later.
async fn settle(site: &Site, job: &Taken, ran: Result<(), JobError>) {
    let Err(error) = ran else { return };
    tracing::warn!(error = &error as &dyn std::error::Error, job.id = %job.id, job.kind, "job failed");
    let put_back = async {
        let mut tx = site.ports.db.begin().await?;
        jobs::failed(&mut tx, job, &error.to_string(), site.ports.now()).await?;
        tx.commit().await
    };
    if let Err(error) = put_back.await {
        // Its lease lapses, and it is taken again.
        tracing::warn!(error = &error as &dyn std::error::Error, job.id = %job.id, "job could not be put back");
    }
}

/// Whether a kind of job computes or calls out.
fn is_slow(kind: &str) -> bool {
    kind == EmbedPassages::KIND
}

/// Runs a slow job, which opens its own transactions and forgets itself.
async fn run_slow(site: &Site, job: &Taken) -> Result<(), JobError> {
    match job.kind.as_str() {
        EmbedPassages::KIND => Ok(knowledge::embed_passages(&site.ports, job).await?),
        kind => Err(JobError::UnknownKind(kind.to_owned())),
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
            drafts::send_due(&cx, &mut tx, draft, &assistant).await?;
        }
        kind => return Err(JobError::UnknownKind(kind.to_owned())),
    }
    jobs::done(&mut tx, job).await?;
    tx.commit().await?;
    Ok(())
}
