//! Turns and their traces in the store.

use std::collections::BTreeMap;

use crate::base::{ConversationId, DraftId, Timestamp, TurnId, WorkspaceId};
use crate::pipeline::replay::Recorded;
use crate::pipeline::trace::StageTrace;
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::protocol::{Blocker, BlockerKind, StageName, StageState};
use crate::{execute, fetch_all, fetch_optional, text_column};

crate::word_enum! {
    /// How a turn stands.
    pub(super) enum TurnStatus {
        Running = "running",
        Done = "done",
        Superseded = "superseded",
        Failed = "failed",
    }
}

text_column!(TurnStatus);

/// A turn in a list.
#[derive(Debug, Clone, PartialEq, FromRow, serde::Serialize, utoipa::ToSchema)]
pub(super) struct TurnRow {
    /// Which turn.
    pub id: TurnId,
    /// Its conversation.
    #[sqlx(rename = "conversation_id")]
    pub conversation: ConversationId,
    /// The customer entry it answers.
    pub for_seq: i64,
    /// How it stands.
    pub status: TurnStatus,
    /// The draft it wrote.
    #[sqlx(rename = "draft_id")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<DraftId>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// The key of the role that drafted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The version of the business's own; 0 for the role as it comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<i64>,
}

pub(super) async fn insert(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: TurnId,
    conversation: ConversationId,
    for_seq: i64,
    (agent, version): (&str, i64),
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO turns (workspace_id, id, conversation_id, for_seq, status, started_at, agent, agent_version)
         VALUES ($1, $2, $3, $4, 'running', $5, $6, $7)",
        workspace,
        id,
        conversation,
        for_seq,
        now,
        agent,
        version,
    )?;
    Ok(())
}

pub(super) async fn finish(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: TurnId,
    status: TurnStatus,
    draft: Option<DraftId>,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE turns SET status = $3, draft_id = $4, finished_at = $5 WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
        status,
        draft,
        now,
    )?;
    Ok(())
}

/// Turns that a node left running when it went down are said to be superseded.
pub(super) async fn close_abandoned(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversation: ConversationId,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE turns SET status = 'superseded', finished_at = $3
         WHERE workspace_id = $1 AND conversation_id = $2 AND status = 'running'",
        workspace,
        conversation,
        now,
    )?;
    Ok(())
}

pub(super) async fn insert_stage(
    tx: &mut Tx,
    workspace: WorkspaceId,
    turn: TurnId,
    position: i64,
    trace: &StageTrace,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO turn_stages (workspace_id, turn_id, position, stage, state, summary, input_hash, output,
             confidence, model, prompt_hash, micros)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        workspace,
        turn,
        position,
        trace.stage,
        trace.state,
        &trace.summary,
        &trace.input_hash,
        JsonText(&trace.output),
        trace.confidence,
        &trace.model,
        &trace.prompt_hash,
        trace.micros,
    )?;
    Ok(())
}

pub(super) async fn of_conversation(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversation: ConversationId,
    limit: i64,
) -> Result<Vec<TurnRow>, DbError> {
    fetch_all!(
        tx,
        TurnRow,
        "SELECT id, conversation_id, for_seq, status, draft_id, started_at, finished_at, agent, agent_version
         FROM turns WHERE workspace_id = $1 AND conversation_id = $2
         ORDER BY started_at DESC, id DESC LIMIT $3",
        workspace,
        conversation,
        limit,
    )
}

pub(super) async fn find(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: TurnId,
) -> Result<Option<TurnRow>, DbError> {
    fetch_optional!(
        tx,
        TurnRow,
        "SELECT id, conversation_id, for_seq, status, draft_id, started_at, finished_at, agent, agent_version
         FROM turns WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
    )
}

/// The first draft that a turn finished for each customer message of a conversation.
pub(super) async fn first_drafts(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversation: ConversationId,
) -> Result<BTreeMap<i64, Recorded>, DbError> {
    let rows = fetch_all!(
        tx,
        (i64, String, Option<String>, JsonText<Vec<Blocker>>, Timestamp),
        "SELECT drafts.for_seq, drafts.text, drafts.intent, drafts.blockers, turns.started_at
         FROM drafts JOIN turns ON turns.id = drafts.turn_id
         WHERE drafts.workspace_id = $1 AND turns.workspace_id = $1 AND drafts.conversation_id = $2
           AND turns.status = 'done'
         ORDER BY drafts.created_at, drafts.id",
        workspace,
        conversation,
    )?;
    let mut first = BTreeMap::new();
    for (seq, text, intent, blockers, began) in rows {
        let mut blockers: Vec<BlockerKind> = blockers.0.iter().map(|blocker| blocker.kind).collect();
        blockers.retain(|kind| !crate::drafts::autopilot::is_about_trust(*kind));
        first.entry(seq).or_insert(Recorded { text, intent, blockers, began });
    }
    Ok(first)
}

#[derive(FromRow)]
struct StageRow {
    stage: StageName,
    state: StageState,
    summary: String,
    input_hash: String,
    output: JsonText<serde_json::Value>,
    confidence: Option<f64>,
    model: Option<String>,
    prompt_hash: Option<String>,
    micros: i64,
}

pub(super) async fn stages_of(
    tx: &mut Tx,
    workspace: WorkspaceId,
    turn: TurnId,
) -> Result<Vec<StageTrace>, DbError> {
    let rows = fetch_all!(
        tx,
        StageRow,
        "SELECT stage, state, summary, input_hash, output, confidence, model, prompt_hash, micros
         FROM turn_stages WHERE workspace_id = $1 AND turn_id = $2 ORDER BY position",
        workspace,
        turn,
    )?;
    Ok(rows
        .into_iter()
        .map(|row| StageTrace {
            stage: row.stage,
            state: row.state,
            summary: row.summary,
            input_hash: row.input_hash,
            output: row.output.0,
            confidence: row.confidence,
            model: row.model,
            prompt_hash: row.prompt_hash,
            micros: row.micros,
        })
        .collect())
}
