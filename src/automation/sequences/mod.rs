//! Sequences at work: begun by rules and people, their steps done when they are due, stopped by what happens.
//!
//! A run is a row that says what comes next. The worker looks at runs whose time has come and at those in
//! whose conversation something happened; each look is one transaction that holds the conversation. So a
//! restart forgets nothing, and a step is done once.

mod routes;

pub(super) use routes::routes;

use std::time::Duration;

use crate::automation::Error;
use crate::automation::carry::{By, do_one};
use crate::automation::worker::is_storage;
use crate::base::{
    Actor, ActorKind, Audience, ConversationId, SequenceId, SequenceRunId, Timestamp, WorkspaceId,
};
use crate::conversations::{self, Conversation};
use crate::identity::Site;
use crate::ports::{Cx, Tx};
use crate::protocol::{Content, Owner, Receipt, SequenceMove};
use crate::rules::Cause;
use crate::sequences::{self, Ending, Run, Sequence, SequenceDocument, Step, StepDone};
use crate::workspaces::{self, Settings};

/// Runs that are looked at in one round, and entries that are read at once.
const BATCH: i64 = 200;
const PAGE: i64 = 200;

/// A wait in working time is computed anew so often, as a business may change its hours.
const LOOK_AGAIN: Duration = Duration::from_secs(300);

/// A step that is later than this (the hub was down) does not pull those after it along.
const LATE: Duration = Duration::from_secs(3_600);

/// A sequence in a conversation, as people see it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct SequenceRun {
    /// Its identifier.
    pub id: SequenceRunId,
    /// Which sequence.
    pub sequence: SequenceId,
    /// The word that names it.
    pub key: String,
    /// The sequence's name in the version that runs.
    pub name: String,
    /// The version it keeps.
    pub version: i64,
    /// Who or what started it.
    pub started_by: String,
    /// When.
    pub started_at: Timestamp,
    /// How many steps it has.
    pub of: usize,
    /// What its steps did, in order.
    pub steps: Vec<StepDone>,
    /// When the next step is due, if nothing stops it before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// What the next step does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
    /// Why it ended, in plain words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// The sequences of a conversation, the newest first, with what their steps did.
pub(super) async fn of_conversation(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
) -> Result<Vec<SequenceRun>, Error> {
    conversations::exists(cx, tx, conversation).await?;
    let settings = workspaces::get(tx, cx.workspace).await?.settings;
    let mut shown = Vec::new();
    for (run, steps) in sequences::runs_of(cx, tx, conversation).await? {
        let document = sequences::document_of(cx, tx, &run).await?;
        shown.push(show(run, steps, document, &settings));
    }
    Ok(shown)
}

/// A run as people see it.
async fn one(cx: &Cx, tx: &mut Tx, run: Run) -> Result<SequenceRun, Error> {
    let settings = workspaces::get(tx, cx.workspace).await?.settings;
    let document = sequences::document_of(cx, tx, &run).await?;
    let steps = sequences::steps_of(cx, tx, run.id).await?;
    Ok(show(run, steps, document, &settings))
}

fn show(run: Run, steps: Vec<StepDone>, document: SequenceDocument, settings: &Settings) -> SequenceRun {
    let next = next_step(&run, &document).filter(|_| run.ended_at.is_none());
    let by = run.ended_by.as_deref().filter(|by| !by.is_empty());
    let because = run.ending.map(|ending| match (ending, by) {
        (Ending::Stopped, Some(by)) => format!("{by} stopped it"),
        (ending, _) => ending.says().to_owned(),
    });
    SequenceRun {
        id: run.id,
        sequence: run.sequence,
        due: next.and_then(|step| step.due(settings, run.since)),
        next: next.map(|step| step.then.iter().map(ToString::to_string).collect()).unwrap_or_default(),
        of: document.steps.len(),
        key: document.key,
        name: document.name,
        version: run.version,
        started_by: run.started_by,
        started_at: run.started_at,
        steps,
        ended_at: run.ended_at,
        ending: run.ending,
        because,
    }
}

fn next_step<'a>(run: &Run, document: &'a SequenceDocument) -> Option<&'a Step> {
    usize::try_from(run.step).ok().and_then(|at| document.steps.get(at))
}

/// Begins a sequence in a conversation. The conversation is held.
pub(super) async fn start(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    sequence: &Sequence,
) -> Result<Run, Error> {
    let now = conversations::get(cx, tx, conversation).await?;
    if now.resolved_at.is_some() {
        return Err(Error::Resolved);
    }
    let run = sequences::begin(cx, tx, sequence, (conversation, now.last_seq)).await?;
    let told = SequenceMove::Started;
    tell(cx, tx, &run, &sequence.document, (told, Vec::new(), None)).await?;
    Ok(run)
}

/// Ends a run and tells; says whether it was on its way.
pub(super) async fn stop(cx: &Cx, tx: &mut Tx, run: &Run, ending: Ending) -> Result<bool, Error> {
    if !sequences::end(cx, tx, run.id, ending).await? {
        return Ok(false);
    }
    let document = sequences::document_of(cx, tx, run).await?;
    let because = Some(ending.says().to_owned());
    tell(cx, tx, run, &document, (SequenceMove::Stopped, Vec::new(), because)).await?;
    Ok(true)
}

async fn tell(
    cx: &Cx,
    tx: &mut Tx,
    run: &Run,
    document: &SequenceDocument,
    (moved, receipts, because): (SequenceMove, Vec<Receipt>, Option<String>),
) -> Result<(), Error> {
    let content = Content::SequenceMoved {
        run: run.id,
        sequence: run.sequence,
        name: document.name.clone(),
        version: run.version,
        moved,
        step: run.step,
        of: i64::try_from(document.steps.len()).unwrap_or(i64::MAX),
        receipts,
        because,
    };
    conversations::append(cx, tx, run.conversation, Audience::Staff, None, content).await?;
    Ok(())
}

/// Looks at every run whose time has come or in whose conversation something happened.
pub(super) async fn work_off(site: &Site) -> Result<(), Error> {
    loop {
        let mut tx = site.ports.db.read().await?;
        let waiting = sequences::to_look_at(&mut tx, site.ports.now(), BATCH).await?;
        drop(tx);
        for (workspace, conversation, run) in &waiting {
            if let Err(error) = look_at(site, *workspace, *conversation, *run).await {
                if is_storage(&error) {
                    return Err(error);
                }
                // One that cannot go on keeps no other from its steps, and is not asked for ever.
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    conversation.id = %conversation,
                    "a sequence failed; it ends"
                );
                give_up(site, *workspace, *run).await?;
            }
        }
        // Each look moves its run on, so a full batch has others behind it.
        if waiting.len() < usize::try_from(BATCH).unwrap_or(0) {
            return Ok(());
        }
    }
}

async fn give_up(site: &Site, workspace: WorkspaceId, run: SequenceRunId) -> Result<(), Error> {
    let cx = site.ports.cx(workspace, Actor::System, "");
    let mut tx = site.ports.db.begin().await?;
    sequences::end(&cx, &mut tx, run, Ending::Stopped).await?;
    tx.commit().await?;
    Ok(())
}

/// One look at one run: what stops it comes before what it does.
async fn look_at(
    site: &Site,
    workspace: WorkspaceId,
    conversation: ConversationId,
    id: SequenceRunId,
) -> Result<(), Error> {
    let cx = site.ports.cx(workspace, Actor::System, "");
    let mut tx = site.ports.db.begin().await?;
    conversations::hold(&cx, &mut tx, conversation).await?;
    let run = sequences::run(&cx, &mut tx, conversation, id).await?;
    if run.ended_at.is_some() {
        return Ok(());
    }
    let document = sequences::document_of(&cx, &mut tx, &run).await?;
    let cx = cx.acting_as(Actor::System, document.name.clone());
    let now = conversations::get(&cx, &mut tx, conversation).await?;
    match ending(&cx, &mut tx, &run, &document, &now).await? {
        Some(ending) => {
            stop(&cx, &mut tx, &run, ending).await?;
        }
        None => go_on(&cx, &mut tx, &run, &document, now.last_seq).await?,
    }
    tx.commit().await?;
    Ok(())
}

/// What has stopped a run since it was last looked at.
async fn ending(
    cx: &Cx,
    tx: &mut Tx,
    run: &Run,
    document: &SequenceDocument,
    now: &Conversation,
) -> Result<Option<Ending>, Error> {
    match sequences::get(cx, tx, run.sequence).await {
        Ok(sequence) if sequence.enabled => {}
        Ok(_) | Err(sequences::Error::NotFound) => return Ok(Some(Ending::SwitchedOff)),
        Err(error) => return Err(error.into()),
    }
    if now.resolved_at.is_some() {
        return Ok(Some(Ending::Closed));
    }
    let mut after = run.looked_seq;
    while after < now.last_seq {
        let entries = conversations::raw_entries(tx, cx.workspace, run.conversation, after, PAGE).await?;
        let Some((last, _)) = entries.last() else { break };
        after = last.seq;
        let stops = |content: &Content, by: ActorKind| match content {
            Content::Message { .. } if by == ActorKind::Contact && document.stop_when.answered => {
                Some(Ending::Answered)
            }
            Content::OwnerChanged { owner: Owner::Person } if document.stop_when.taken_over => {
                Some(Ending::TakenOver)
            }
            Content::ResolvedChanged { resolved: true } => Some(Ending::Closed),
            _ => None,
        };
        let found = entries.iter().find_map(|(entry, _)| stops(&entry.content, entry.actor.kind()));
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Does the step that is due, or notes when the next one is.
async fn go_on(
    cx: &Cx,
    tx: &mut Tx,
    run: &Run,
    document: &SequenceDocument,
    last_seq: i64,
) -> Result<(), Error> {
    let settings = workspaces::get(tx, cx.workspace).await?.settings;
    let Some(step) = next_step(run, document) else {
        sequences::end(cx, tx, run.id, Ending::Finished).await?;
        return Ok(());
    };
    let again = cx.now.after(LOOK_AGAIN);
    match step.due(&settings, run.since) {
        Some(due) if due <= cx.now => do_step(cx, tx, run, document, (step, due)).await,
        Some(due) => Ok(sequences::looked(cx, tx, run.id, last_seq, due.min(again)).await?),
        None => Ok(sequences::looked(cx, tx, run.id, last_seq, again).await?),
    }
}

async fn do_step(
    cx: &Cx,
    tx: &mut Tx,
    run: &Run,
    document: &SequenceDocument,
    (step, due): (&Step, Timestamp),
) -> Result<(), Error> {
    let counts_from = if cx.now.since(due) > LATE { cx.now } else { due };
    let after = Run { step: run.step + 1, ..run.clone() };
    let next = next_step(&after, document);
    if !sequences::take_step(cx, tx, run, next, counts_from).await? {
        return Ok(());
    }
    let cause = Cause { conversation: run.conversation, seq: run.looked_seq, turn: None };
    let mut receipts = Vec::with_capacity(step.then.len());
    for (at, action) in step.then.iter().enumerate() {
        let by = By::Step { run: run.id, step: after.step };
        let (state, because) = do_one(cx, tx, cause, (by, at), action).await?;
        receipts.push(Receipt { action: action.to_string(), state, because });
    }
    sequences::note_step(cx, tx, run, receipts.clone()).await?;
    // A step may stop its own sequence, and the last one ends it.
    let ends = next.is_none() && sequences::end(cx, tx, run.id, Ending::Finished).await?;
    let told = if ends { SequenceMove::Finished } else { SequenceMove::Stepped };
    tell(cx, tx, &after, document, (told, receipts, None)).await
}
