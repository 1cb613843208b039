//! The meanings of passages: vectors made in the background, stored, and followed by the index.
//!
//! A document's change enqueues a job in its transaction. The job asks the embedder for the vectors that
//! are missing, stores them as rows and brings the index up to date; killed at any point, it is run again
//! and goes on where the rows end. Another model makes all rows missing, so the same job builds them anew.
//!
//! Invariants: a row's stamp is newer than every earlier row's of its workspace; a row is only ever made
//! for a passage that is there in the same transaction.

pub(super) mod routes;
pub(super) mod store;

use std::time::Duration;

use tokio::time::Instant;

use crate::base::{Actor, WorkspaceId};
use crate::jobs::{self, Job, Queue, Taken};
use crate::knowledge::Error;
use crate::ports::embedder::{EmbedError, Haste};
use crate::ports::vectors::{Change, Place};
use crate::ports::{Cx, Ports, Tx};
use store::Waiting;

/// Passages embedded at once.
const BATCH: i64 = 32;
/// How long one run of the job goes on; then it makes way and another is enqueued.
const RUN: Duration = Duration::from_secs(12);
/// Rows an index takes over at once.
const FOLLOWED: i64 = 2_000;
/// Rows of passages that are gone are kept until this many changes later.
const REMEMBERED: i64 = 10_000;

/// Makes the vectors that a workspace's passages lack.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub struct EmbedPassages {}

impl Job for EmbedPassages {
    const KIND: &'static str = "embed_passages";
    const QUEUE: Queue = Queue::Slow;
}

/// Where a workspace's vectors stand.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct IndexStatus {
    /// Whether passages are compared by meaning.
    pub state: IndexState,
    /// The model; none if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Components of a vector; 0 if that is not known yet.
    pub dimension: usize,
    /// Where they are searched: `local` or `qdrant`.
    pub index: &'static str,
    /// Passages in all.
    pub passages: i64,
    /// Passages with a vector.
    pub embedded: i64,
    /// Passages the model gave no vector for.
    pub failed: i64,
    /// Passages whose turn is still to come.
    pub waiting: i64,
    /// What last kept vectors from being made, if nothing was made since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// Whether passages are compared by meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IndexState {
    /// No: words alone are compared.
    Off,
    /// Those that have vectors already.
    Building,
    /// All of them.
    Ready,
}

/// Notes that a document's passages changed: their vectors are made after the commit.
pub(super) async fn changed(cx: &Cx, tx: &mut Tx) -> Result<(), Error> {
    jobs::enqueue(cx, tx, &EmbedPassages {}, cx.now).await?;
    Ok(())
}

/// Where a workspace's vectors stand.
pub async fn status(ports: &Ports, cx: &Cx, tx: &mut Tx) -> Result<IndexStatus, Error> {
    let (model, dimension) = (ports.embeddings.model(), ports.embeddings.dimension());
    let counted = store::count(tx, cx.workspace, model.unwrap_or_default(), as_i64(dimension)).await?;
    let waiting = counted.passages - counted.embedded - counted.failed;
    let state = match model {
        None => IndexState::Off,
        Some(_) if waiting > 0 => IndexState::Building,
        Some(_) => IndexState::Ready,
    };
    Ok(IndexStatus {
        state,
        model: model.map(str::to_owned),
        dimension,
        index: ports.vectors.index().name(),
        passages: counted.passages,
        embedded: counted.embedded,
        failed: counted.failed,
        waiting,
        last_error: store::last_error(tx, cx.workspace).await?,
    })
}

/// Tries the passages that failed once more.
pub(super) async fn retry(cx: &Cx, tx: &mut Tx) -> Result<(), Error> {
    store::forget_failures(tx, cx.workspace).await?;
    changed(cx, tx).await
}

/// Enqueues the making of vectors where some are missing: after a start with another model, or when a job
/// was given up.
pub async fn resume(ports: &Ports, workspaces: &[WorkspaceId]) -> Result<(), Error> {
    let Some(model) = ports.embeddings.model() else { return Ok(()) };
    let dimension = as_i64(ports.embeddings.dimension());
    for workspace in workspaces {
        let mut tx = ports.db.read().await?;
        let missing = !store::waiting(&mut tx, *workspace, model, dimension, 1).await?.is_empty();
        drop(tx);
        if missing {
            let cx = ports.cx(*workspace, Actor::System, "");
            let mut tx = ports.db.begin().await?;
            changed(&cx, &mut tx).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

/// Runs the job: makes vectors for a while, lets the index follow, and enqueues what is left.
///
/// Opens its own transactions, none of them while a model is asked.
pub async fn embed_passages(ports: &Ports, job: &Taken) -> Result<(), Error> {
    let cx = ports.cx(job.workspace, Actor::System, "");
    let made = match ports.embeddings.model() {
        Some(model) => make(ports, job.workspace, model, RUN).await,
        None => Ok(Left::Nothing),
    };
    if let Err(error) = &made {
        let mut tx = ports.db.begin().await?;
        store::note_error(&mut tx, job.workspace, Some(&error.to_string())).await?;
        tx.commit().await?;
    }
    let left = made?;
    if let Some(place) = known_place(ports, job.workspace).await? {
        follow(ports, &place).await?;
    }
    let mut tx = ports.db.begin().await?;
    store::note_error(&mut tx, job.workspace, None).await?;
    store::purge(&mut tx, job.workspace, REMEMBERED).await?;
    if let Left::More = left {
        changed(&cx, &mut tx).await?;
    }
    jobs::done(&mut tx, job).await?;
    tx.commit().await?;
    Ok(())
}

/// How far filling an index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReindexStep {
    /// Vectors of a workspace.
    Made {
        /// Those that are there.
        made: i64,
        /// All passages.
        of: i64,
    },
    /// Rows the index took over.
    Copied {
        /// How many.
        rows: u64,
    },
}

/// Fills the index with a workspace anew and tells how far it is; gives the passages it then holds.
pub async fn reindex(
    ports: &Ports,
    workspace: WorkspaceId,
    mut tell: impl FnMut(ReindexStep),
) -> Result<usize, Error> {
    let Some(model) = ports.embeddings.model() else { return Err(EmbedError::Off.into()) };
    loop {
        let left = make(ports, workspace, model, Duration::ZERO).await?;
        let mut tx = ports.db.read().await?;
        let dimension = as_i64(ports.embeddings.dimension());
        let counted = store::count(&mut tx, workspace, model, dimension).await?;
        tell(ReindexStep::Made { made: counted.embedded, of: counted.passages });
        if let Left::Nothing = left {
            break;
        }
    }
    // Without a vector anywhere there is nothing to fill.
    let Some(place) = known_place(ports, workspace).await? else { return Ok(0) };
    ports.vectors.index().clear(&place).await?;
    let rows = follow_and_tell(ports, &place, &mut tell).await?;
    tell(ReindexStep::Copied { rows });
    Ok(ports.vectors.index().count(&place).await?)
}

/// Whether passages without a vector are left.
enum Left {
    Nothing,
    More,
}

async fn make(ports: &Ports, workspace: WorkspaceId, model: &str, run: Duration) -> Result<Left, Error> {
    let end = Instant::now() + run;
    loop {
        let mut tx = ports.db.read().await?;
        let dimension = as_i64(ports.embeddings.dimension());
        let waiting = store::waiting(&mut tx, workspace, model, dimension, BATCH).await?;
        drop(tx);
        if waiting.is_empty() {
            return Ok(Left::Nothing);
        }
        let made = embed(ports, waiting).await?;
        let mut tx = ports.db.begin().await?;
        let stamp = store::next_stamp(&mut tx, workspace).await?;
        for (passage, vector) in &made {
            let vector = vector.as_ref().map(Vec::as_slice).map_err(String::as_str);
            store::put(&mut tx, workspace, *passage, model, vector, stamp).await?;
        }
        tx.commit().await?;
        if Instant::now() >= end {
            return Ok(Left::More);
        }
    }
}

type Made = Vec<(crate::base::PassageId, Result<Vec<f32>, String>)>;

/// A vector for each passage, or why the model refuses it.
async fn embed(ports: &Ports, waiting: Vec<Waiting>) -> Result<Made, Error> {
    let texts: Vec<String> = waiting.iter().map(Waiting::text).collect();
    let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
    match ports.embeddings.embed(&borrowed, Haste::Passages).await {
        Ok(vectors) => Ok(waiting.iter().map(|one| one.id).zip(vectors.into_iter().map(Ok)).collect()),
        Err(EmbedError::Refused(_)) => {
            // One of them may be at fault: each is asked for alone.
            let mut made = Vec::with_capacity(waiting.len());
            for (one, text) in waiting.iter().zip(&borrowed) {
                match ports.embeddings.embed(&[*text], Haste::Passages).await {
                    Ok(mut vectors) => made.extend(vectors.pop().map(|vector| (one.id, Ok(vector)))),
                    Err(EmbedError::Refused(why)) => made.push((one.id, Err(why))),
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(made)
        }
        Err(error) => Err(error.into()),
    }
}

/// Where this hub's vectors of a workspace are; none if there is no model, or its dimension is not known yet.
pub(super) fn place(ports: &Ports, workspace: WorkspaceId) -> Option<Place> {
    let model = ports.embeddings.model()?.to_owned();
    let dimension = ports.embeddings.dimension();
    (dimension > 0).then_some(Place { workspace, model, dimension })
}

/// The same where a server has not told its dimension yet: the vectors it made before have it.
async fn known_place(ports: &Ports, workspace: WorkspaceId) -> Result<Option<Place>, Error> {
    if let Some(place) = place(ports, workspace) {
        return Ok(Some(place));
    }
    let Some(model) = ports.embeddings.model() else { return Ok(None) };
    let mut tx = ports.db.read().await?;
    let dimension = store::dimension(&mut tx, workspace, model).await?;
    Ok(dimension.map(|dimension| Place { workspace, model: model.to_owned(), dimension }))
}

/// Brings the index up to date with the rows; says how many rows it took over.
pub(super) async fn follow(ports: &Ports, place: &Place) -> Result<u64, Error> {
    follow_and_tell(ports, place, &mut |_| ()).await
}

async fn follow_and_tell(
    ports: &Ports,
    place: &Place,
    tell: &mut impl FnMut(ReindexStep),
) -> Result<u64, Error> {
    let index = ports.vectors.index();
    let mut tx = ports.db.read().await?;
    let head = store::head(&mut tx, place.workspace).await?;
    drop(tx);
    if index.position(place).await? == head {
        return Ok(0);
    }
    let _turn = ports.vectors.follow().await;
    let start = index.position(place).await?;
    let mut after = (start, None);
    let mut taken = 0;
    loop {
        let mut tx = ports.db.read().await?;
        let rows = store::after(&mut tx, place, after, FOLLOWED).await?;
        drop(tx);
        let Some(last) = rows.last().map(|row| (row.stamp, Some(row.passage))) else { break };
        after = last;
        taken += rows.len() as u64;
        let mut change = Change { position: start, ..Change::default() };
        for row in rows {
            match row.vector() {
                Some(vector) => change.put.push((row.passage, vector)),
                None => change.removed.push(row.passage),
            }
        }
        index.apply(place, change).await?;
        tell(ReindexStep::Copied { rows: taken });
    }
    // Only now is everything up to here known to be taken over.
    index.apply(place, Change { position: head.max(start), ..Change::default() }).await?;
    Ok(taken)
}

pub(super) fn as_i64(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
