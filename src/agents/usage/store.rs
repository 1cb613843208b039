//! Uses, settings and prompts in the store.

use crate::agents::usage::model::{OfIntent, Settings, Totals, UseRow};
use crate::base::{ModelUseId, Timestamp, TurnId, WorkspaceId};
use crate::ports::db::JsonText;
use crate::ports::models::{Answer, Use};
use crate::ports::{DbError, Tx};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

pub(super) async fn settings(tx: &mut Tx, workspace: WorkspaceId) -> Result<Option<Settings>, DbError> {
    let row: Option<(bool, Option<i64>, bool)> = fetch_optional!(
        tx,
        (bool, Option<i64>, bool),
        "SELECT enabled, tokens_per_day, hub_too FROM model_settings WHERE workspace_id = $1",
        workspace,
    )?;
    Ok(row.map(|(enabled, tokens_per_day, hub_too)| Settings { enabled, tokens_per_day, hub_too }))
}

pub(super) async fn save_settings(
    tx: &mut Tx,
    workspace: WorkspaceId,
    settings: &Settings,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO model_settings (workspace_id, enabled, tokens_per_day, updated_at, hub_too)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (workspace_id) DO UPDATE SET enabled = $2, tokens_per_day = $3, updated_at = $4, hub_too = $5",
        workspace,
        settings.enabled,
        settings.tokens_per_day,
        now,
        settings.hub_too,
    )?;
    Ok(())
}

pub(super) async fn insert(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ModelUseId,
    turn: Option<TurnId>,
    intent: Option<&str>,
    used: &Use,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO model_uses (id, workspace_id, turn_id, intent, provider, model, prompt_hash, prompt_tokens,
             answer_tokens, estimated, cost, first_ms, ms, outcome, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        id,
        workspace,
        turn,
        intent,
        &used.provider,
        &used.model,
        &used.prompt_hash,
        used.prompt_tokens,
        used.answer_tokens,
        used.estimated,
        used.cost,
        used.first_ms,
        used.ms,
        &used.outcome,
        now,
    )?;
    Ok(())
}

/// What was used from a time on.
pub(super) async fn totals(tx: &mut Tx, workspace: WorkspaceId, since: Timestamp) -> Result<Totals, DbError> {
    fetch_one!(
        tx,
        Totals,
        "SELECT COUNT(*) AS calls,
             CAST(COALESCE(SUM(CASE WHEN outcome = 'answered' THEN 1 ELSE 0 END), 0) AS BIGINT) AS answered,
             CAST(COALESCE(SUM(prompt_tokens), 0) AS BIGINT) AS prompt_tokens,
             CAST(COALESCE(SUM(answer_tokens), 0) AS BIGINT) AS answer_tokens,
             CAST(COALESCE(SUM(cost), 0) AS BIGINT) AS cost
         FROM model_uses WHERE workspace_id = $1 AND created_at >= $2",
        workspace,
        since,
    )
}

pub(super) async fn by_intent(
    tx: &mut Tx,
    workspace: WorkspaceId,
    since: Timestamp,
) -> Result<Vec<OfIntent>, DbError> {
    fetch_all!(
        tx,
        OfIntent,
        "SELECT intent, COUNT(*) AS calls,
             CAST(COALESCE(SUM(CASE WHEN outcome = 'answered' THEN 1 ELSE 0 END), 0) AS BIGINT) AS answered,
             CAST(COALESCE(SUM(prompt_tokens), 0) AS BIGINT) AS prompt_tokens,
             CAST(COALESCE(SUM(answer_tokens), 0) AS BIGINT) AS answer_tokens,
             CAST(COALESCE(SUM(cost), 0) AS BIGINT) AS cost
         FROM model_uses WHERE workspace_id = $1 AND created_at >= $2
         GROUP BY intent ORDER BY 6 DESC, 4 DESC, 1 LIMIT 50",
        workspace,
        since,
    )
}

pub(super) async fn of_turn(
    tx: &mut Tx,
    workspace: WorkspaceId,
    turn: TurnId,
) -> Result<Vec<UseRow>, DbError> {
    fetch_all!(
        tx,
        UseRow,
        "SELECT provider, model, prompt_hash, prompt_tokens, answer_tokens, estimated, cost, first_ms, ms, outcome,
             created_at
         FROM model_uses WHERE workspace_id = $1 AND turn_id = $2 ORDER BY created_at, id",
        workspace,
        turn,
    )
}

pub(super) async fn keep_prompt(
    tx: &mut Tx,
    workspace: WorkspaceId,
    hash: &str,
    text: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO prompts (workspace_id, hash, text, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (workspace_id, hash) DO NOTHING",
        workspace,
        hash,
        text,
        now,
    )?;
    Ok(())
}

/// Keeps an answer; a newer one to the same prompt takes its place.
pub(super) async fn keep_answer(
    tx: &mut Tx,
    workspace: WorkspaceId,
    hash: &str,
    answer: &Answer,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO model_answers (workspace_id, hash, answer, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (workspace_id, hash) DO UPDATE SET answer = $3, created_at = $4",
        workspace,
        hash,
        JsonText(answer),
        now,
    )?;
    Ok(())
}

pub(super) async fn answer(
    tx: &mut Tx,
    workspace: WorkspaceId,
    hash: &str,
) -> Result<Option<Answer>, DbError> {
    let row: Option<(JsonText<Answer>,)> = fetch_optional!(
        tx,
        (JsonText<Answer>,),
        "SELECT answer FROM model_answers WHERE workspace_id = $1 AND hash = $2",
        workspace,
        hash,
    )?;
    Ok(row.map(|(answer,)| answer.0))
}

pub(super) async fn prompt(
    tx: &mut Tx,
    workspace: WorkspaceId,
    hash: &str,
) -> Result<Option<String>, DbError> {
    let row: Option<(String,)> = fetch_optional!(
        tx,
        (String,),
        "SELECT text FROM prompts WHERE workspace_id = $1 AND hash = $2",
        workspace,
        hash,
    )?;
    Ok(row.map(|(text,)| text))
}
