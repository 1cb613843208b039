//! One run of the pipeline, from taking the turn to its end.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::agents::{outside, usage};
use crate::base::{Actor, Audience, ConversationId, DraftId, WorkspaceId};
use crate::conversations::Lease;
use crate::identity::Site;
use crate::knowledge::gaps::Asked;
use crate::pipeline::drafting::{self, Drafted};
use crate::pipeline::place::Place;
use crate::pipeline::spans::{self, Timed, What};
use crate::pipeline::store::TurnStatus;
use crate::pipeline::trace::{self, Report, StageTrace};
use crate::pipeline::turn::Turn;
use crate::pipeline::{Error, Library, acts, gap, stages, store};
use crate::ports::bus::{News, Note};
use crate::ports::models::Use;
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::{Content, Signal, StageName};
use crate::{automation, context, conversations, drafts, knowledge};

/// Characters of a built-in draft that are shown at once.
const PIECE: usize = 24;

/// Runs the turn of a conversation if it owes one.
pub(super) async fn run(
    site: &Site,
    library: &Library,
    (workspace, conversation): (WorkspaceId, ConversationId),
    holder: &str,
    place: Place,
    cancelled: CancellationToken,
) {
    let span = tracing::info_span!("turn", workspace.id = %workspace, conversation.id = %conversation);
    async {
        let ended = match take(site, library, workspace, conversation, holder).await {
            Ok(Some(turn)) => work(site, library, Turn { place, ..turn }, &cancelled).await,
            Ok(None) => return,
            Err(error) => Err(error),
        };
        let outcome = match &ended {
            Ok(()) => "done",
            Err(Error::Superseded) => "superseded",
            Err(error) => {
                tracing::error!(error = error as &dyn std::error::Error, "turn failed");
                "failed"
            }
        };
        metrics::counter!("concierge_turns_total", "outcome" => outcome).increment(1);
    }
    .instrument(span)
    .await;
}

/// Takes the turn and notes that it runs.
async fn take(
    site: &Site,
    library: &Library,
    workspace: WorkspaceId,
    conversation: ConversationId,
    holder: &str,
) -> Result<Option<Turn>, Error> {
    let cx = site.ports.cx(workspace, Actor::Agent, "");
    let mut tx = site.ports.db.begin().await?;
    let Some(turn) = Turn::take(site, library, &mut tx, &cx, conversation, holder).await? else {
        return Ok(None);
    };
    store::close_abandoned(&mut tx, workspace, conversation, cx.now).await?;
    let agent = (turn.agent.key.as_str(), turn.agent.version);
    store::insert(&mut tx, workspace, turn.id, conversation, turn.lease.for_seq, agent, cx.now).await?;
    tx.commit().await?;
    Ok(Some(turn))
}

/// Runs the stages and stores what they found; whatever happens, the turn's row says how it ended.
async fn work(
    site: &Site,
    library: &Library,
    mut turn: Turn,
    cancelled: &CancellationToken,
) -> Result<(), Error> {
    let began = Instant::now();
    let mut traces = Vec::with_capacity(StageName::ALL.len());
    let mut draft = None;
    let (cx, lease) = (turn.cx.clone(), turn.lease.clone());
    let worked = tokio::select! {
        () = cancelled.cancelled() => Err(Error::Superseded),
        () = until_lease_is_lost(site, &cx, &lease) => Err(Error::Superseded),
        worked = run_stages(site, library, &mut turn, &mut traces, &mut draft) => worked,
    };
    let uses = turn.meter.take();
    let ended = match worked {
        Ok(()) => {
            let gap = gap::of(library, &turn).await;
            finish(site, &turn, draft, &traces, gap, &uses).await
        }
        Err(error) => Err(error),
    };
    let outcome = match &ended {
        Ok(()) => "done",
        Err(Error::Superseded) => "superseded",
        Err(_) => "failed",
    };
    spans::tell(site, &turn, began, outcome, &uses);
    if let Err(error) = &ended {
        give_up(site, &turn, draft, &traces, error, &uses).await?;
    }
    ended
}

/// Keeps the lease for as long as the turn runs; ends when somebody else has it, or when the turn is no
/// longer about the newest message.
async fn until_lease_is_lost(site: &Site, cx: &Cx, lease: &Lease) {
    loop {
        tokio::time::sleep(lease_lasts(site) / 3).await;
        let kept = async {
            let mut tx = site.ports.db.begin().await?;
            let kept = keep_lease(site, cx, &mut tx, lease).await?;
            tx.commit().await?;
            Ok::<bool, DbError>(kept)
        };
        match kept.await {
            Ok(true) => {}
            Ok(false) => return,
            // The turn goes on: whether it still has the right to store anything is seen at its end.
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "lease was not kept"),
        }
    }
}

fn lease_lasts(site: &Site) -> Duration {
    Duration::from_secs(site.config.pipeline.lease_seconds.max(1))
}

/// Keeps the lease from now on, and with it the conversation until the transaction ends; says whether the
/// turn still has it.
async fn keep_lease(site: &Site, cx: &Cx, tx: &mut Tx, lease: &Lease) -> Result<bool, DbError> {
    let cx = Cx { now: site.ports.now(), ..cx.clone() };
    conversations::extend_lease(&cx, tx, lease, cx.now.after(lease_lasts(site))).await
}

async fn run_stages(
    site: &Site,
    library: &Library,
    turn: &mut Turn,
    traces: &mut Vec<StageTrace>,
    draft: &mut Option<DraftId>,
) -> Result<(), Error> {
    for stage in StageName::ALL.iter().copied() {
        let conversation = turn.lease.conversation;
        trace::show(site, &turn.cx, conversation, turn.id, stage, None);
        let started = Instant::now();
        let span = tracing::info_span!("stage", stage = stage.as_str());
        let report = async {
            match stage {
                StageName::Transcribe => Ok(stages::transcribe(turn)),
                StageName::Classify => stages::classify(library, turn).await,
                StageName::Retrieve => stages::retrieve(site, turn).await,
                StageName::Extract => stages::extract(site, turn).await,
                StageName::Rules => Ok(stages::rules(site, turn)),
                StageName::Draft => write_draft(site, library, turn, draft).await,
                StageName::Gate => stages::gate(site, turn).await,
            }
        }
        .instrument(span)
        .await?;
        let trace = traced(turn, stage, report, started.elapsed());
        trace::show(site, &turn.cx, conversation, turn.id, stage, Some(&trace));
        metrics::histogram!("concierge_stage_seconds", "stage" => stage.as_str())
            .record(started.elapsed().as_secs_f64());
        traces.push(trace);
        turn.found.timed.push(Timed { what: What::Stage(stage), started, ended: Instant::now() });
    }
    Ok(())
}

pub(super) fn traced(turn: &Turn, stage: StageName, report: Report, took: Duration) -> StageTrace {
    let input = format!("{stage}\n{}\n{}", turn.text, turn.conversation.id);
    StageTrace {
        stage,
        state: report.state,
        summary: report.summary,
        input_hash: blake3::hash(input.as_bytes()).to_hex()[..16].to_owned(),
        output: report.output,
        confidence: report.confidence,
        model: report.model,
        prompt_hash: report.prompt_hash,
        micros: i64::try_from(took.as_micros()).unwrap_or(i64::MAX),
    }
}

/// Begins the draft, composes it and shows it to staff piece by piece.
async fn write_draft(
    site: &Site,
    library: &Library,
    turn: &mut Turn,
    draft: &mut Option<DraftId>,
) -> Result<Report, Error> {
    if turn.person_answers() {
        return Ok(Report::skipped("a person answers in this conversation"));
    }
    let mut tx = site.ports.db.begin().await?;
    // Whoever answered meanwhile has already given up the drafts there were: none may begin after that.
    if !keep_lease(site, &turn.cx, &mut tx, &turn.lease).await? {
        return Err(Error::Superseded);
    }
    let begun =
        drafts::begin(&turn.cx, &mut tx, turn.lease.conversation, turn.id, turn.lease.for_seq).await?;
    tx.commit().await?;
    *draft = Some(begun.id);
    // The built-in reply costs milliseconds. It is what is shown when no model answers.
    let built_in = stages::draft(library, turn).await?;
    match drafting::with_model(site, library, turn, begun.id).await {
        Drafted::Written(report) => Ok(report),
        Drafted::NotAsked => {
            stream(site, turn, begun.id).await;
            Ok(built_in)
        }
        Drafted::Failed(why) => {
            turn.found.written.fallback = Some(why.clone());
            stream(site, turn, begun.id).await;
            let summary = format!("{}; the built-in engine wrote it: {why}", built_in.summary);
            Ok(Report { summary, ..built_in })
        }
    }
}

/// Sends the text in pieces of a few words, so that staff read along.
async fn stream(site: &Site, turn: &Turn, draft: DraftId) {
    let conversation = turn.lease.conversation;
    let pause = Duration::from_millis(site.config.pipeline.word_ms);
    let mut offset = 0_i64;
    for piece in pieces(&turn.found.written.text) {
        let signal = Signal::DraftDelta { conversation, draft, offset, text: piece.to_owned() };
        let news = News::Signal { conversation, audience: Audience::Staff, signal: signal.into() };
        site.ports.bus.publish(Note { workspace: turn.cx.workspace, news });
        offset += i64::try_from(piece.encode_utf16().count()).unwrap_or(0);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
}

/// Cuts a text after the word that reaches the length of a piece.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest
            .char_indices()
            .find(|(index, character)| *index >= PIECE && character.is_whitespace())
            .map_or(rest.len(), |(index, character)| index + character.len_utf8());
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

/// Stores everything the turn found in one transaction, if its message is still the newest.
async fn finish(
    site: &Site,
    turn: &Turn,
    draft: Option<DraftId>,
    traces: &[StageTrace],
    gap: Option<Asked>,
    uses: &[Use],
) -> Result<(), Error> {
    let cx = Cx { now: site.ports.now(), ..turn.cx.clone() };
    let conversation = turn.lease.conversation;
    let mut tx = site.ports.db.begin().await?;
    if !conversations::finish_turn(&cx, &mut tx, &turn.lease).await? {
        return Err(Error::Superseded);
    }
    context::propose(&cx, &mut tx, conversation, turn.found.proposals.clone()).await?;
    acts::carry_out(&cx, &mut tx, turn).await?;
    if let Some(draft) = draft {
        let draft = drafts::finish(&cx, &mut tx, draft, written(turn)).await?;
        let window = Duration::from_secs(turn.workspace.settings.undo_seconds.into());
        drafts::autopilot::release(&cx, &mut tx, draft, window).await?;
    }
    if let Some(asked) = gap {
        knowledge::gaps::note(&cx, &mut tx, asked).await?;
    }
    for (position, trace) in (0..).zip(traces) {
        store::insert_stage(&mut tx, cx.workspace, turn.id, position, trace).await?;
    }
    note_uses(&cx, &mut tx, turn, uses).await?;
    store::finish(&mut tx, cx.workspace, turn.id, TurnStatus::Done, draft, cx.now).await?;
    tx.commit().await?;
    Ok(())
}

/// What the turn wrote; where a rule proposes a reply, the rule's text with everything that holds it back.
pub(super) fn written(turn: &Turn) -> drafts::Written {
    let own = &turn.found.written;
    let Some((rule, text)) = acts::reply(turn) else { return own.clone() };
    let proposed = automation::proposed(text, format!("The rule “{rule}” proposes this"));
    let blockers = proposed.blockers.iter().chain(&own.blockers).cloned().collect();
    drafts::Written {
        blockers,
        intent: own.intent.clone(),
        required_role: own.required_role,
        required_people: own.required_people,
        ..proposed
    }
}

/// Notes what the turn's calls of models used, and what they were given: also when nothing came of it.
async fn note_uses(cx: &Cx, tx: &mut Tx, turn: &Turn, uses: &[Use]) -> Result<(), DbError> {
    usage::keep_prompts(cx, tx, &turn.found.prompts).await?;
    usage::keep_answers(cx, tx, &turn.found.answers).await?;
    outside::keep_answers(cx, tx, &turn.found.heard).await?;
    usage::record(cx, tx, Some(turn.id), turn.found.intent.as_deref(), uses).await
}

/// Notes how a turn ended that stored nothing. One that failed is not tried again for the same message:
/// staff see why, and answer.
async fn give_up(
    site: &Site,
    turn: &Turn,
    draft: Option<DraftId>,
    traces: &[StageTrace],
    error: &Error,
    uses: &[Use],
) -> Result<(), Error> {
    let cx = Cx { now: site.ports.now(), ..turn.cx.clone() };
    let superseded = matches!(error, Error::Superseded);
    let status = if superseded { TurnStatus::Superseded } else { TurnStatus::Failed };
    let mut tx = site.ports.db.begin().await?;
    conversations::hold(&cx, &mut tx, turn.lease.conversation).await?;
    for (position, trace) in (0..).zip(traces) {
        store::insert_stage(&mut tx, cx.workspace, turn.id, position, trace).await?;
    }
    note_uses(&cx, &mut tx, turn, uses).await?;
    store::finish(&mut tx, cx.workspace, turn.id, status, draft, cx.now).await?;
    if superseded {
        // The draft that was begun stays open until the next turn carries its edits on.
        conversations::release_turn(&cx, &mut tx, &turn.lease).await?;
    } else {
        if let Some(draft) = draft {
            drafts::fail(&cx, &mut tx, draft).await?;
        }
        if conversations::finish_turn(&cx, &mut tx, &turn.lease).await? {
            let why = "no draft could be written; please answer yourself".to_owned();
            let content = Content::TurnFailed { turn: turn.id, why };
            conversations::append(&cx, &mut tx, turn.lease.conversation, Audience::Staff, None, content)
                .await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_make_up_the_text(text in "\\PC{0,300}") {
            prop_assert_eq!(pieces(&text).collect::<String>(), text);
        }
    }
}
