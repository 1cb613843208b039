//! Filling the past with a schema: a run in steps that goes on without anybody looking, and after a restart.
//!
//! Invariants: a schema has at most one run; a step, the note of how far it got and the job of the next step
//! are one after the other, and a step that is done twice changes nothing more.

use crate::base::{Actor, ConversationId, Timestamp, WorkspaceId};
use crate::context::{Error, past};
use crate::http::Cursor;
use crate::identity::Site;
use crate::jobs::{self, Job, Queue, Taken};
use crate::ports::bus::News;
use crate::ports::db::FromRow;
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::{Fill, FillState, Signal};
use crate::{conversations, execute, fetch_optional, schemas};

/// So many conversations are filled in one step.
const STEP: i64 = 20;

/// Reads the next conversations again.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct FillPast {
    /// The schema.
    pub schema: String,
    /// Which run of it.
    pub run: i64,
}

impl Job for FillPast {
    const KIND: &'static str = "fill_past";
    const QUEUE: Queue = Queue::Slow;
}

#[derive(FromRow)]
struct Row {
    schema_key: String,
    state: FillState,
    run: i64,
    done: i64,
    total: i64,
    changed: i64,
    place: Option<String>,
    started_by: String,
    started_at: Timestamp,
}

impl Row {
    fn shown(&self) -> Fill {
        Fill {
            schema: self.schema_key.clone(),
            state: self.state,
            done: self.done,
            total: self.total,
            changed: self.changed,
            started_by: self.started_by.clone(),
            started_at: self.started_at,
        }
    }
}

/// How far filling got; `None`: it was never begun.
pub async fn fill(cx: &Cx, tx: &mut Tx, schema: &str) -> Result<Option<Fill>, Error> {
    schemas::by_key(cx, tx, schema).await?;
    Ok(find(tx, cx.workspace, schema).await?.map(|row| row.shown()))
}

/// Begins to fill the past with a schema; one that goes on already is left alone.
pub async fn start_fill(cx: &Cx, tx: &mut Tx, schema: &str) -> Result<Fill, Error> {
    schemas::by_key(cx, tx, schema).await?;
    let before = find(tx, cx.workspace, schema).await?;
    if let Some(row) = before.as_ref().filter(|row| row.state == FillState::Running) {
        return Ok(row.shown());
    }
    let row = Row {
        schema_key: schema.to_owned(),
        state: FillState::Running,
        run: before.map_or(1, |row| row.run + 1),
        done: 0,
        total: conversations::count(cx, tx).await?,
        changed: 0,
        place: None,
        started_by: cx.name.clone(),
        started_at: cx.now,
    };
    save(tx, cx.workspace, &row, cx.now).await?;
    jobs::enqueue(cx, tx, &FillPast { schema: schema.to_owned(), run: row.run }, cx.now).await?;
    tell(cx, tx, &row);
    Ok(row.shown())
}

/// Stops filling; what was filled stays.
pub async fn stop_fill(cx: &Cx, tx: &mut Tx, schema: &str) -> Result<Option<Fill>, Error> {
    let Some(mut row) = find(tx, cx.workspace, schema).await? else { return Ok(None) };
    if row.state == FillState::Running {
        row.state = FillState::Stopped;
        save(tx, cx.workspace, &row, cx.now).await?;
        tell(cx, tx, &row);
    }
    Ok(Some(row.shown()))
}

/// Does one step of a run, and enqueues the next.
pub async fn fill_step(site: &Site, taken: &Taken) -> Result<(), Error> {
    let job: FillPast = serde_json::from_value(taken.payload.clone()).map_err(Error::Unreadable)?;
    let cx = site.ports.cx(taken.workspace, Actor::System, "");
    let mut tx = site.ports.db.read().await?;
    let running = running(&mut tx, &cx, &job).await?;
    let schema = schemas::by_key(&cx, &mut tx, &job.schema).await;
    let (Some(row), Ok(schema)) = (running, schema) else {
        // It was stopped, begun anew, or its schema is gone.
        drop(tx);
        let mut tx = site.ports.db.begin().await?;
        stop_fill_of(&cx, &mut tx, &job).await?;
        jobs::done(&mut tx, taken).await?;
        tx.commit().await?;
        return Ok(());
    };
    let from = row.place;
    let place = from.as_deref().and_then(Cursor::<ConversationId>::read);
    let material = past::gather(&cx, &mut tx, &job.schema, place, STEP).await?;
    drop(tx);
    let (read, end) = (past::length(&material), past::end_of(&material));
    let work = move || past::readings(schema.document.get(), &material);
    let readings = tokio::task::spawn_blocking(work).await.map_err(|_| Error::Interrupted)?;
    let mut changed = 0;
    for (conversation, proposals) in readings {
        let mut tx = site.ports.db.begin().await?;
        changed += past::fill(&cx, &mut tx, conversation, &job.schema, proposals).await?;
        tx.commit().await?;
    }
    let read = i64::try_from(read).unwrap_or(STEP);
    let mut tx = site.ports.db.begin().await?;
    // Another worker may have done this step meanwhile: whoever took longer than the job's lease counts nothing.
    let row = self::running(&mut tx, &cx, &job).await?.filter(|row| row.place == from);
    if let Some(mut row) = row {
        row.done += read;
        row.total = row.total.max(row.done);
        row.changed += i64::try_from(changed).unwrap_or(0);
        row.place = end.map(|end| end.encode()).or(row.place);
        if read < STEP {
            row.state = FillState::Done;
            row.total = row.done;
        } else {
            jobs::enqueue(&cx, &mut tx, &job, cx.now).await?;
        }
        save(&mut tx, cx.workspace, &row, cx.now).await?;
        tell(&cx, &mut tx, &row);
    }
    jobs::done(&mut tx, taken).await?;
    tx.commit().await?;
    Ok(())
}

/// The run of a job, if it still goes on.
async fn running(tx: &mut Tx, cx: &Cx, job: &FillPast) -> Result<Option<Row>, DbError> {
    let row = find(tx, cx.workspace, &job.schema).await?;
    Ok(row.filter(|row| row.run == job.run && row.state == FillState::Running))
}

/// Ends a run whose schema is gone.
async fn stop_fill_of(cx: &Cx, tx: &mut Tx, job: &FillPast) -> Result<(), Error> {
    if running(tx, cx, job).await?.is_some() {
        stop_fill(cx, tx, &job.schema).await?;
    }
    Ok(())
}

/// Shows staff how far it got.
fn tell(cx: &Cx, tx: &mut Tx, row: &Row) {
    let signal = Signal::Fill { fill: row.shown() };
    tx.tell(cx.workspace, News::Inbox { signal: signal.into() });
}

async fn find(tx: &mut Tx, workspace: WorkspaceId, schema: &str) -> Result<Option<Row>, DbError> {
    fetch_optional!(
        tx,
        Row,
        "SELECT schema_key, state, run, done, total, changed, place, started_by, started_at FROM fills
         WHERE workspace_id = $1 AND schema_key = $2",
        workspace,
        schema,
    )
}

async fn save(tx: &mut Tx, workspace: WorkspaceId, row: &Row, now: Timestamp) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO fills
             (workspace_id, schema_key, state, run, done, total, changed, place, started_by, started_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (workspace_id, schema_key) DO UPDATE
         SET state = excluded.state, run = excluded.run, done = excluded.done, total = excluded.total,
             changed = excluded.changed, place = excluded.place, started_by = excluded.started_by,
             started_at = excluded.started_at, updated_at = excluded.updated_at",
        workspace,
        &row.schema_key,
        row.state,
        row.run,
        row.done,
        row.total,
        row.changed,
        &row.place,
        &row.started_by,
        row.started_at,
        now,
    )?;
    Ok(())
}
