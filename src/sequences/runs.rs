//! Runs of sequences in the store: each is a row that says what comes next, so a restart forgets nothing.

use crate::base::{ConversationId, SequenceId, SequenceRunId, Timestamp, WorkspaceId};
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::protocol::{Receipt, ReceiptState};
use crate::sequences::{Ending, Run, StepDone};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

#[derive(FromRow)]
struct Row {
    id: SequenceRunId,
    conversation_id: ConversationId,
    sequence_id: SequenceId,
    version: i64,
    started_by: String,
    started_at: Timestamp,
    step: i64,
    since: Timestamp,
    looked_seq: i64,
    ended_at: Option<Timestamp>,
    ending: Option<Ending>,
    ended_by: Option<String>,
}

impl From<Row> for Run {
    fn from(row: Row) -> Run {
        Run {
            id: row.id,
            conversation: row.conversation_id,
            sequence: row.sequence_id,
            version: row.version,
            started_by: row.started_by,
            started_at: row.started_at,
            step: row.step,
            since: row.since,
            looked_seq: row.looked_seq,
            ended_at: row.ended_at,
            ending: row.ending,
            ended_by: row.ended_by,
        }
    }
}

#[derive(FromRow)]
struct StepRow {
    run_id: SequenceRunId,
    step: i64,
    receipts: JsonText<Vec<Receipt>>,
    done_at: Timestamp,
}

/// Adds a run; says whether none of this sequence was on its way there.
pub(super) async fn insert(
    tx: &mut Tx,
    workspace: WorkspaceId,
    run: &Run,
    look_at: Timestamp,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO sequence_runs (workspace_id, id, conversation_id, sequence_id, version, started_by,
             started_at, step, since, look_at, looked_seq)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (conversation_id, sequence_id) WHERE ended_at IS NULL DO NOTHING",
        workspace,
        run.id,
        run.conversation,
        run.sequence,
        run.version,
        &run.started_by,
        run.started_at,
        run.step,
        run.since,
        look_at,
        run.looked_seq,
    )?;
    Ok(rows == 1)
}

/// How often a sequence began in a conversation since a time.
pub(super) async fn begun(
    tx: &mut Tx,
    workspace: WorkspaceId,
    (conversation, sequence): (ConversationId, SequenceId),
    since: Timestamp,
) -> Result<i64, DbError> {
    let (count,): (i64,) = fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM sequence_runs
         WHERE workspace_id = $1 AND conversation_id = $2 AND sequence_id = $3 AND started_at >= $4",
        workspace,
        conversation,
        sequence,
        since,
    )?;
    Ok(count)
}

pub(super) async fn find(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: SequenceRunId,
) -> Result<Option<Run>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, conversation_id, sequence_id, version, started_by, started_at, step, since, looked_seq,
             ended_at, ending, ended_by
         FROM sequence_runs WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
    )?;
    Ok(row.map(Run::from))
}

/// The run of a sequence that is on its way in a conversation.
pub(super) async fn running(
    tx: &mut Tx,
    workspace: WorkspaceId,
    (conversation, sequence): (ConversationId, SequenceId),
) -> Result<Option<Run>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, conversation_id, sequence_id, version, started_by, started_at, step, since, looked_seq,
             ended_at, ending, ended_by
         FROM sequence_runs
         WHERE workspace_id = $1 AND conversation_id = $2 AND sequence_id = $3 AND ended_at IS NULL",
        workspace,
        conversation,
        sequence,
    )?;
    Ok(row.map(Run::from))
}

/// The runs of a conversation, the newest first.
pub(super) async fn of_conversation(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversation: ConversationId,
    limit: i64,
) -> Result<Vec<Run>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, conversation_id, sequence_id, version, started_by, started_at, step, since, looked_seq,
             ended_at, ending, ended_by
         FROM sequence_runs WHERE workspace_id = $1 AND conversation_id = $2
         ORDER BY started_at DESC, id DESC LIMIT $3",
        workspace,
        conversation,
        limit,
    )?;
    Ok(rows.into_iter().map(Run::from).collect())
}

/// What the steps of a conversation's runs did, in their order.
pub(super) async fn steps(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversation: ConversationId,
) -> Result<Vec<(SequenceRunId, StepDone)>, DbError> {
    let rows = fetch_all!(
        tx,
        StepRow,
        "SELECT run_id, sequence_steps.step, receipts, done_at
         FROM sequence_steps JOIN sequence_runs ON sequence_runs.id = sequence_steps.run_id
         WHERE sequence_steps.workspace_id = $1 AND conversation_id = $2 ORDER BY run_id, sequence_steps.step",
        workspace,
        conversation,
    )?;
    let done =
        |row: StepRow| (row.run_id, StepDone { step: row.step, at: row.done_at, receipts: row.receipts.0 });
    Ok(rows.into_iter().map(done).collect())
}

/// What the steps of a run did, in order.
pub(super) async fn steps_of(
    tx: &mut Tx,
    workspace: WorkspaceId,
    run: SequenceRunId,
) -> Result<Vec<StepDone>, DbError> {
    let rows = fetch_all!(
        tx,
        StepRow,
        "SELECT run_id, step, receipts, done_at FROM sequence_steps
         WHERE workspace_id = $1 AND run_id = $2 ORDER BY step",
        workspace,
        run,
    )?;
    let done = |row: StepRow| StepDone { step: row.step, at: row.done_at, receipts: row.receipts.0 };
    Ok(rows.into_iter().map(done).collect())
}

/// Runs that are to be looked at: their time has come, something happened in their conversation, or their
/// sequence is no longer in use. Serves all workspaces.
pub(super) async fn to_look_at(
    tx: &mut Tx,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(WorkspaceId, ConversationId, SequenceRunId)>, DbError> {
    fetch_all!(
        tx,
        (WorkspaceId, ConversationId, SequenceRunId),
        "SELECT runs.workspace_id, runs.conversation_id, runs.id
         FROM sequence_runs AS runs
         JOIN conversations ON conversations.id = runs.conversation_id
         JOIN sequences ON sequences.id = runs.sequence_id
         WHERE runs.ended_at IS NULL
           AND (runs.look_at <= $1 OR conversations.last_seq > runs.looked_seq OR sequences.enabled_at IS NULL)
         ORDER BY runs.look_at LIMIT $2",
        now,
        limit,
    )
}

/// Notes what of a run was looked at, and when it is looked at next.
pub(super) async fn set_looked(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: SequenceRunId,
    (seq, look_at): (i64, Timestamp),
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE sequence_runs SET looked_seq = $3, look_at = $4
         WHERE workspace_id = $1 AND id = $2 AND ended_at IS NULL",
        workspace,
        id,
        seq,
        look_at,
    )?;
    Ok(())
}

/// Takes the next step of a run; says whether nobody did before.
pub(super) async fn take_step(
    tx: &mut Tx,
    workspace: WorkspaceId,
    (id, step): (SequenceRunId, i64),
    (since, look_at): (Timestamp, Timestamp),
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE sequence_runs SET step = $3 + 1, since = $4, look_at = $5
         WHERE workspace_id = $1 AND id = $2 AND step = $3 AND ended_at IS NULL",
        workspace,
        id,
        step,
        since,
        look_at,
    )?;
    Ok(rows == 1)
}

/// Keeps what a step did.
pub(super) async fn insert_step(
    tx: &mut Tx,
    workspace: WorkspaceId,
    run: SequenceRunId,
    done: &StepDone,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO sequence_steps (workspace_id, run_id, step, receipts, failed, done_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        workspace,
        run,
        done.step,
        JsonText(&done.receipts),
        failures(&done.receipts),
        done.at,
    )?;
    Ok(())
}

/// What a step did.
pub(super) async fn receipts(
    tx: &mut Tx,
    workspace: WorkspaceId,
    (run, step): (SequenceRunId, i64),
) -> Result<Option<Vec<Receipt>>, DbError> {
    let row: Option<(JsonText<Vec<Receipt>>,)> = fetch_optional!(
        tx,
        (JsonText<Vec<Receipt>>,),
        "SELECT receipts FROM sequence_steps WHERE workspace_id = $1 AND run_id = $2 AND step = $3",
        workspace,
        run,
        step,
    )?;
    Ok(row.map(|(receipts,)| receipts.0))
}

/// Writes the receipts of a step anew.
pub(super) async fn set_receipts(
    tx: &mut Tx,
    workspace: WorkspaceId,
    (run, step): (SequenceRunId, i64),
    receipts: &[Receipt],
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE sequence_steps SET receipts = $4, failed = $5
         WHERE workspace_id = $1 AND run_id = $2 AND step = $3",
        workspace,
        run,
        step,
        JsonText(receipts),
        failures(receipts),
    )?;
    Ok(())
}

/// Ends a run; says whether it was on its way.
pub(super) async fn end(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: SequenceRunId,
    (ending, by): (Ending, &str),
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE sequence_runs SET ended_at = $3, ending = $4, ended_by = $5
         WHERE workspace_id = $1 AND id = $2 AND ended_at IS NULL",
        workspace,
        id,
        now,
        ending,
        by,
    )?;
    Ok(rows == 1)
}

fn failures(receipts: &[Receipt]) -> i64 {
    let failed = receipts.iter().filter(|receipt| receipt.state == ReceiptState::Failed).count();
    i64::try_from(failed).unwrap_or(i64::MAX)
}
