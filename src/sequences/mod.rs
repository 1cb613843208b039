//! Sequences: steps that follow each other in time, each a wait and then actions of the same vocabulary as
//! those of rules.
//!
//! Here they are known, checked and counted; `automation` starts them, does their steps and stops them.
//!
//! Invariants: a stored sequence was checked against the workspace's schemas; a conversation has at most one
//! run of a sequence on its way; a run keeps the version it began with; each step is taken once.

mod model;
mod routes;
mod runs;
mod store;

pub use model::{Ending, Run, Sequence, SequenceDocument, SequenceRow, Step, StepClock, StepDone, StopWhen};
pub use routes::routes;

use std::time::Duration;

use serde_json::Value;

use crate::base::{ConversationId, SequenceId, SequenceRunId, Timestamp, WorkspaceId};
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::{ErrorCode, Receipt};
use crate::schemas::{self, Action, Ground, Problems};

/// Most sequences of a workspace.
const MOST: i64 = 100;

/// Most runs of a conversation that are shown.
const SHOWN: i64 = 50;

/// The days in which runs are counted.
const COUNTED: Duration = Duration::from_secs(30 * 24 * 3_600);

/// How often a sequence begins in a conversation within a day: rules that start it again and again end here.
const A_DAY: Duration = Duration::from_secs(24 * 3_600);
pub(crate) const MOST_A_DAY: i64 = 5;

/// Reads and checks a sequence against what the workspace has, without storing it.
pub async fn check(cx: &Cx, tx: &mut Tx, document: &Value) -> Result<SequenceDocument, Error> {
    let schemas = schemas::active(cx, tx).await?;
    let known: Vec<String> =
        store::all(tx, cx.workspace).await?.into_iter().map(|one| one.document.key).collect();
    let field = |key: &str| schemas.iter().find_map(|schema| schema.field(key));
    let has_state = |key: &str| schemas.iter().any(|schema| schema.workflow.state(key).is_some());
    let own = document.get("key").and_then(Value::as_str);
    let has_sequence = |key: &str| own == Some(key) || known.iter().any(|one| one == key);
    let ground = Ground { field: &field, has_state: &has_state, has_sequence: &has_sequence };
    model::check(document, &ground).map_err(Error::Invalid)
}

/// A sequence as a sentence.
pub fn describe(document: &SequenceDocument) -> String {
    model::describe(document)
}

/// Adds a sequence whose key is free.
pub async fn create(cx: &Cx, tx: &mut Tx, document: &Value) -> Result<Sequence, Error> {
    let checked = check(cx, tx, document).await?;
    if store::count(tx, cx.workspace).await? >= MOST {
        return Err(Error::TooMany);
    }
    let enabled = checked.starts_enabled;
    let sequence = match store::find_by_key(tx, cx.workspace, &checked.key).await? {
        Some((_, false)) => return Err(Error::KeyTaken(checked.key)),
        Some((before, true)) => {
            let version = before.version + 1;
            let after = Sequence { version, enabled, updated_at: cx.now, document: checked, ..before };
            if !store::update(tx, cx.workspace, &after, document).await? {
                return Err(Error::KeyTaken(after.document.key));
            }
            after
        }
        None => {
            let new = Sequence { id: cx.id(), version: 1, enabled, updated_at: cx.now, document: checked };
            if !store::insert(tx, cx.workspace, &new, document).await? {
                return Err(Error::KeyTaken(new.document.key));
            }
            new
        }
    };
    note_version(cx, tx, &sequence, document).await?;
    Ok(sequence)
}

/// Writes the next version of a sequence, if it is still at the version that was edited. What is on its way
/// keeps the version it began with.
pub async fn change(
    cx: &Cx,
    tx: &mut Tx,
    id: SequenceId,
    edited: i64,
    document: &Value,
) -> Result<Sequence, Error> {
    let before = get(cx, tx, id).await?;
    let checked = check(cx, tx, document).await?;
    if checked.key != before.document.key {
        let mut problems = Problems::default();
        let says = format!("the key of a sequence does not change; it is {:?}", before.document.key);
        problems.add("key", &says);
        return Err(Error::Invalid(problems));
    }
    if before.version != edited {
        return Err(Error::Overtaken { theirs: Box::new(before), yours: document.clone(), edited });
    }
    let after =
        Sequence { version: before.version + 1, updated_at: cx.now, document: checked, ..before.clone() };
    if !store::update(tx, cx.workspace, &after, document).await? {
        // Somebody was quicker by a moment.
        let theirs = Box::new(get(cx, tx, id).await?);
        return Err(Error::Overtaken { theirs, yours: document.clone(), edited });
    }
    note_version(cx, tx, &after, document).await?;
    Ok(after)
}

async fn note_version(cx: &Cx, tx: &mut Tx, sequence: &Sequence, document: &Value) -> Result<(), Error> {
    let version = (sequence.id, sequence.version);
    Ok(store::insert_version(tx, cx.workspace, version, document, &cx.name, cx.now).await?)
}

/// Switches a sequence on or off. What is on its way ends when it is switched off.
pub async fn toggle(cx: &Cx, tx: &mut Tx, id: SequenceId, enabled: bool) -> Result<Sequence, Error> {
    if !store::toggle(tx, cx.workspace, id, enabled.then_some(cx.now)).await? {
        return Err(Error::NotFound);
    }
    get(cx, tx, id).await
}

/// Takes a sequence out of use: what is on its way ends, what it did stays.
pub async fn remove(cx: &Cx, tx: &mut Tx, id: SequenceId) -> Result<(), Error> {
    match store::delete(tx, cx.workspace, id, cx.now).await? {
        true => Ok(()),
        false => Err(Error::NotFound),
    }
}

/// Finds a sequence or says that there is none.
pub async fn get(cx: &Cx, tx: &mut Tx, id: SequenceId) -> Result<Sequence, Error> {
    store::find(tx, cx.workspace, id).await?.ok_or(Error::NotFound)
}

/// Finds the sequence of a key.
pub async fn by_key(cx: &Cx, tx: &mut Tx, key: &str) -> Result<Option<Sequence>, Error> {
    let found = store::find_by_key(tx, cx.workspace, key).await?;
    Ok(found.filter(|(_, deleted)| !deleted).map(|(sequence, _)| sequence))
}

/// All sequences by their keys, with how they do.
pub async fn list(cx: &Cx, tx: &mut Tx) -> Result<Vec<SequenceRow>, Error> {
    let listed = store::list(tx, cx.workspace, cx.now.before(COUNTED)).await?;
    let shown = |(sequence, running, started, failed): store::Listed| {
        let text = describe(&sequence.document);
        SequenceRow { sequence, running, started, failed, text }
    };
    Ok(listed.into_iter().map(shown).collect())
}

/// All sequences by their keys.
pub async fn all(cx: &Cx, tx: &mut Tx) -> Result<Vec<Sequence>, Error> {
    Ok(store::all(tx, cx.workspace).await?)
}

/// What the version of a run says.
pub async fn document_of(cx: &Cx, tx: &mut Tx, run: &Run) -> Result<SequenceDocument, Error> {
    store::version(tx, cx.workspace, (run.sequence, run.version)).await?.ok_or(Error::NotFound)
}

/// Begins a sequence in a conversation whose last entry is `seq`. Refused when it is switched off, on its
/// way there already, or began there too often within a day.
pub async fn begin(
    cx: &Cx,
    tx: &mut Tx,
    sequence: &Sequence,
    (conversation, seq): (ConversationId, i64),
) -> Result<Run, Error> {
    if !sequence.enabled {
        return Err(Error::Off);
    }
    let place = (conversation, sequence.id);
    if runs::running(tx, cx.workspace, place).await?.is_some() {
        return Err(Error::Running);
    }
    if runs::begun(tx, cx.workspace, place, cx.now.before(A_DAY)).await? >= MOST_A_DAY {
        return Err(Error::TooOften);
    }
    let run = Run {
        id: cx.id(),
        conversation,
        sequence: sequence.id,
        version: sequence.version,
        started_by: cx.name.clone(),
        started_at: cx.now,
        step: 0,
        since: cx.now,
        looked_seq: seq,
        ended_at: None,
        ending: None,
        ended_by: None,
    };
    let look_at = sequence.document.steps.first().map_or(cx.now, |step| step.earliest(cx.now));
    match runs::insert(tx, cx.workspace, &run, look_at).await? {
        true => Ok(run),
        false => Err(Error::Running),
    }
}

/// The runs of a conversation, the newest first, with what their steps did.
pub async fn runs_of(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
) -> Result<Vec<(Run, Vec<StepDone>)>, Error> {
    let runs = runs::of_conversation(tx, cx.workspace, conversation, SHOWN).await?;
    let mut steps = match runs.is_empty() {
        true => Vec::new(),
        false => runs::steps(tx, cx.workspace, conversation).await?,
    };
    let with_steps = |run: Run| {
        let (mine, others) = std::mem::take(&mut steps).into_iter().partition(|(id, _)| *id == run.id);
        steps = others;
        let mine: Vec<(SequenceRunId, StepDone)> = mine;
        (run, mine.into_iter().map(|(_, done)| done).collect())
    };
    Ok(runs.into_iter().map(with_steps).collect())
}

/// What the steps of a run did, in order.
pub async fn steps_of(cx: &Cx, tx: &mut Tx, run: SequenceRunId) -> Result<Vec<StepDone>, Error> {
    Ok(runs::steps_of(tx, cx.workspace, run).await?)
}

/// Finds a run of a conversation or says that there is none.
pub async fn run(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    id: SequenceRunId,
) -> Result<Run, Error> {
    let found = runs::find(tx, cx.workspace, id).await?;
    found.filter(|run| run.conversation == conversation).ok_or(Error::NotFound)
}

/// The run of a sequence that is on its way in a conversation.
pub async fn running(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    sequence: SequenceId,
) -> Result<Option<Run>, Error> {
    Ok(runs::running(tx, cx.workspace, (conversation, sequence)).await?)
}

/// Runs of all businesses that are to be looked at now.
pub async fn to_look_at(
    tx: &mut Tx,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(WorkspaceId, ConversationId, SequenceRunId)>, Error> {
    Ok(runs::to_look_at(tx, now, limit).await?)
}

/// Notes up to where a run was looked at, and when it is looked at next.
pub async fn looked(
    cx: &Cx,
    tx: &mut Tx,
    id: SequenceRunId,
    seq: i64,
    look_at: Timestamp,
) -> Result<(), Error> {
    Ok(runs::set_looked(tx, cx.workspace, id, (seq, look_at)).await?)
}

/// Takes the next step of a run; says whether nobody did before. The wait of the one after it counts from
/// when this one was due, so that a late look moves nothing.
pub async fn take_step(
    cx: &Cx,
    tx: &mut Tx,
    run: &Run,
    next: Option<&Step>,
    due: Timestamp,
) -> Result<bool, Error> {
    let look_at = next.map_or(due, |step| step.earliest(due));
    Ok(runs::take_step(tx, cx.workspace, (run.id, run.step), (due, look_at)).await?)
}

/// Keeps what a step did.
pub async fn note_step(cx: &Cx, tx: &mut Tx, run: &Run, receipts: Vec<Receipt>) -> Result<(), Error> {
    let done = StepDone { step: run.step + 1, at: cx.now, receipts };
    Ok(runs::insert_step(tx, cx.workspace, run.id, &done).await?)
}

/// One action of a step that was taken, as its version says it, with the run.
pub async fn step_action(
    cx: &Cx,
    tx: &mut Tx,
    (id, step): (SequenceRunId, i64),
    at: usize,
) -> Result<Option<(Run, SequenceDocument, Action)>, Error> {
    let Some(run) = runs::find(tx, cx.workspace, id).await? else { return Ok(None) };
    let document = document_of(cx, tx, &run).await?;
    let place = usize::try_from(step).ok().and_then(|step| step.checked_sub(1));
    let action = place.and_then(|place| document.steps.get(place)?.then.get(at)).cloned();
    Ok(action.map(|action| (run, document, action)))
}

/// Writes what became of one action of a step later than the others.
pub async fn update_receipt(
    cx: &Cx,
    tx: &mut Tx,
    step: (SequenceRunId, i64),
    at: usize,
    receipt: Receipt,
) -> Result<(), Error> {
    let Some(mut receipts) = runs::receipts(tx, cx.workspace, step).await? else { return Ok(()) };
    if let Some(place) = receipts.get_mut(at) {
        *place = receipt;
        runs::set_receipts(tx, cx.workspace, step, &receipts).await?;
    }
    Ok(())
}

/// Ends a run; says whether it was on its way.
pub async fn end(cx: &Cx, tx: &mut Tx, id: SequenceRunId, ending: Ending) -> Result<bool, Error> {
    Ok(runs::end(tx, cx.workspace, id, (ending, &cx.name), cx.now).await?)
}

/// Why something about a sequence was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such sequence or run in this workspace.
    #[error("the sequence does not exist")]
    NotFound,
    /// The document is not a sequence of this workspace.
    #[error("{0}")]
    Invalid(Problems),
    /// Another sequence has this key.
    #[error("there is a sequence {0:?} already; give this one another key")]
    KeyTaken(String),
    /// The workspace has as many as it can.
    #[error("there are {MOST} sequences already; take one away first")]
    TooMany,
    /// It is switched off.
    #[error("the sequence is switched off")]
    Off,
    /// It is on its way here already.
    #[error("the sequence is on its way here already")]
    Running,
    /// It began here again and again.
    #[error("the sequence began here {MOST_A_DAY} times within a day already")]
    TooOften,
    /// Somebody saved another version while this one was edited.
    #[error("version {edited} was edited, but {:?} is at version {} now; both are here to compare", theirs.document.key, theirs.version)]
    Overtaken {
        /// What is stored.
        theirs: Box<Sequence>,
        /// What was sent.
        yours: Value,
        /// The version it was made from.
        edited: i64,
    },
    /// The schemas could not be read.
    #[error(transparent)]
    Schema(#[from] schemas::Error),
    /// The store failed.
    #[error("sequences storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found(),
            Error::Invalid(_) => Self::new(ErrorCode::InvalidValue, error.to_string()),
            Error::KeyTaken(_) | Error::TooMany | Error::Off | Error::Running | Error::TooOften => {
                Self::new(ErrorCode::Conflict, error.to_string())
            }
            Error::Overtaken { ref theirs, ref yours, edited } => {
                let both = serde_json::json!({"theirs": theirs, "yours": yours, "edited_version": edited});
                Self::new(ErrorCode::Conflict, error.to_string()).with_conflict(both)
            }
            Error::Schema(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
