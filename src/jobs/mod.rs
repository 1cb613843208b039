//! Jobs: durable side effects, enqueued in the transaction of their cause.
//!
//! A job carries identifiers only and is safe to run twice. A lease keeps two nodes apart; a job that
//! fails is tried again later, ever more slowly, and stays visible.

mod store;

use std::time::Duration;

use crate::base::{JobId, Timestamp, WorkspaceId};
use crate::ports::bus::News;
use crate::ports::{Cx, DbError, Tx};

/// Attempts before a job is given up.
const MAX_ATTEMPTS: i64 = 12;

/// How long a node may work on a quick job before another may take it.
pub const LEASE: Duration = Duration::from_secs(60);

/// A kind of job.
pub trait Job: serde::Serialize + serde::de::DeserializeOwned {
    /// The word that is stored with it; never changes.
    const KIND: &'static str;
    /// Where it waits.
    const QUEUE: Queue = Queue::Quick;
}

crate::word_enum! {
    /// Where jobs wait: what takes long keeps nothing quick from running.
    pub enum Queue {
        /// Done in a moment, one after the other.
        Quick = "quick",
        /// Computes or calls out for minutes; a few run at once.
        Slow = "slow",
        /// Reads documents, for which people wait: beside the slow ones, not behind them.
        Reading = "reading",
    }
}

/// A job that this node has taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// Which job.
    pub id: JobId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// Its kind.
    pub kind: String,
    /// Its content, as JSON.
    pub payload: serde_json::Value,
    /// How often it was tried, this time included.
    pub attempts: i64,
}

/// Enqueues a job that is due at `run_at`.
pub async fn enqueue<J: Job>(cx: &Cx, tx: &mut Tx, job: &J, run_at: Timestamp) -> Result<JobId, DbError> {
    let id = cx.id();
    store::insert(tx, cx.workspace, id, job, run_at, cx.now).await?;
    tx.tell(cx.workspace, News::JobDue { at: run_at });
    Ok(id)
}

/// Takes at most `limit` jobs of a queue that are due, each for as long as `lease`.
pub async fn take_due(
    tx: &mut Tx,
    queue: Queue,
    now: Timestamp,
    lease: Duration,
    limit: i64,
) -> Result<Vec<Taken>, DbError> {
    store::take_due(tx, queue, now, now.after(lease), limit).await
}

/// When the next job of a queue is due.
pub async fn next_due(tx: &mut Tx, queue: Queue) -> Result<Option<Timestamp>, DbError> {
    store::next_due(tx, queue).await
}

/// Jobs that wait or run now.
pub async fn open(tx: &mut Tx) -> Result<i64, DbError> {
    store::count_open(tx).await
}

/// Makes every job ready that was running. For a store that only one process uses, when that process
/// starts: whoever ran it has gone.
pub async fn free_all(tx: &mut Tx) -> Result<(), DbError> {
    store::free_all(tx).await
}

/// Forgets a job that is done.
pub async fn done(tx: &mut Tx, job: &Taken) -> Result<(), DbError> {
    store::delete(tx, job.workspace, job.id).await
}

/// Whether a job is given up when it fails this time.
pub fn is_last(job: &Taken) -> bool {
    job.attempts >= MAX_ATTEMPTS
}

/// Puts a failed job back for later, or gives it up after the last attempt.
pub async fn failed(tx: &mut Tx, job: &Taken, why: &str, now: Timestamp) -> Result<(), DbError> {
    let state = if is_last(job) { "given_up" } else { "ready" };
    store::put_back(tx, job.workspace, job.id, state, why, now.after(backoff(job.attempts))).await
}

/// 1 s, 2 s, 4 s … at most an hour.
fn backoff(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 13) - 1).unwrap_or(0);
    Duration::from_secs(1_u64 << doublings).min(Duration::from_secs(3_600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_up_to_an_hour() {
        assert_eq!(backoff(1), Duration::from_secs(1));
        assert_eq!(backoff(4), Duration::from_secs(8));
        assert_eq!(backoff(100), Duration::from_secs(3_600));
    }
}
