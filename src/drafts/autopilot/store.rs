//! Autopilot in the store: what is asked for, what was given, and the decisions it is judged by.

use crate::base::{ConversationId, Timestamp, WorkspaceId};
use crate::drafts::autopilot::model::{Judged, Settings, is_clean, outcome};
use crate::drafts::autopilot::{Event, Grant};
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::protocol::{AutopilotMark, Blocker, Decision, Proposal};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

/// Drafts that are looked at: the newest ones.
const LOOKED_AT: i64 = 4_000;

/// Events that are shown.
const SHOWN: i64 = 50;

pub(super) async fn settings(tx: &mut Tx, workspace: WorkspaceId) -> Result<Settings, DbError> {
    let row: Option<(f64, i64, f64)> = fetch_optional!(
        tx,
        (f64, i64, f64),
        "SELECT bar, least, sample FROM autopilot_settings WHERE workspace_id = $1",
        workspace,
    )?;
    Ok(row.map_or_else(Settings::default, |(bar, least, sample)| Settings { bar, least, sample }))
}

pub(super) async fn save_settings(
    tx: &mut Tx,
    workspace: WorkspaceId,
    settings: &Settings,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO autopilot_settings (workspace_id, bar, least, sample, updated_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (workspace_id) DO UPDATE SET bar = $2, least = $3, sample = $4, updated_at = $5",
        workspace,
        settings.bar,
        settings.least,
        settings.sample,
        now,
    )?;
    Ok(())
}

pub(super) async fn grants(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Grant>, DbError> {
    fetch_all!(
        tx,
        Grant,
        "SELECT intent, enabled, threshold, engine, granted_by_name, granted_at, sent, ended_at, ended_because
         FROM autopilot_grants WHERE workspace_id = $1 ORDER BY intent",
        workspace,
    )
}

pub(super) async fn grant(
    tx: &mut Tx,
    workspace: WorkspaceId,
    intent: &str,
) -> Result<Option<Grant>, DbError> {
    fetch_optional!(
        tx,
        Grant,
        "SELECT intent, enabled, threshold, engine, granted_by_name, granted_at, sent, ended_at, ended_because
         FROM autopilot_grants WHERE workspace_id = $1 AND intent = $2 AND enabled = TRUE",
        workspace,
        intent,
    )
}

/// Whether any intent of a workspace answers by itself.
pub(super) async fn any(tx: &mut Tx, workspace: WorkspaceId) -> Result<bool, DbError> {
    let (count,): (i64,) = fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM autopilot_grants WHERE workspace_id = $1 AND enabled = TRUE",
        workspace,
    )?;
    Ok(count > 0)
}

/// Gives autopilot; says whether it was not given before.
pub(super) async fn give(tx: &mut Tx, workspace: WorkspaceId, grant: &Grant) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO autopilot_grants (workspace_id, intent, enabled, threshold, engine, granted_by_name,
             granted_at, sent) VALUES ($1, $2, TRUE, $3, $4, $5, $6, 0)
         ON CONFLICT (workspace_id, intent) DO UPDATE SET enabled = TRUE, threshold = $3, engine = $4,
             granted_by_name = $5, granted_at = $6, sent = 0, ended_at = NULL, ended_because = NULL
         WHERE autopilot_grants.enabled = FALSE",
        workspace,
        &grant.intent,
        grant.threshold,
        &grant.engine,
        &grant.granted_by_name,
        grant.granted_at,
    )?;
    Ok(rows == 1)
}

/// Ends autopilot; says whether it was on. Waits for a draft that is going out by it.
pub(super) async fn end(
    tx: &mut Tx,
    workspace: WorkspaceId,
    intent: &str,
    because: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE autopilot_grants SET enabled = FALSE, ended_at = $3, ended_because = $4
         WHERE workspace_id = $1 AND intent = $2 AND enabled = TRUE",
        workspace,
        intent,
        now,
        because,
    )?;
    Ok(rows == 1)
}

/// Counts a draft that goes out; says whether its intent still may. The row stays locked until the send is
/// committed: whoever ends autopilot meanwhile waits, and after that nothing goes out.
pub(super) async fn count_sent(tx: &mut Tx, workspace: WorkspaceId, intent: &str) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE autopilot_grants SET sent = sent + 1
         WHERE workspace_id = $1 AND intent = $2 AND enabled = TRUE",
        workspace,
        intent,
    )?;
    Ok(rows == 1)
}

pub(super) async fn add_event(tx: &mut Tx, workspace: WorkspaceId, event: &Event) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO autopilot_events (workspace_id, intent, at, what, by_name, says)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        workspace,
        &event.intent,
        event.at,
        event.what,
        &event.by_name,
        &event.says,
    )?;
    Ok(())
}

pub(super) async fn events(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Event>, DbError> {
    fetch_all!(
        tx,
        Event,
        "SELECT intent, at, what, by_name, says FROM autopilot_events
         WHERE workspace_id = $1 ORDER BY at DESC, intent LIMIT $2",
        workspace,
        SHOWN,
    )
}

#[derive(FromRow)]
struct JudgedRow {
    intent: String,
    model: Option<String>,
    confidence: f64,
    blockers: JsonText<Vec<Blocker>>,
    proposals: JsonText<Vec<Proposal>>,
    status: String,
    decision: Option<Decision>,
    edit_distance: Option<f64>,
    autopilot: Option<AutopilotMark>,
    created_at: Timestamp,
    reopened: bool,
    complained: bool,
}

/// What became of the drafts since a time, newest first; of one intent, or of all.
pub(super) async fn judged(
    tx: &mut Tx,
    workspace: WorkspaceId,
    intent: Option<&str>,
    since: Timestamp,
) -> Result<Vec<Judged>, DbError> {
    let rows = fetch_all!(
        tx,
        JudgedRow,
        "SELECT intent, model, confidence, blockers, proposals, status, decision, edit_distance, autopilot,
             created_at,
             EXISTS (SELECT 1 FROM entries WHERE entries.workspace_id = $1
                       AND entries.conversation_id = drafts.conversation_id AND entries.seq > drafts.sent_seq
                       AND entries.kind = 'resolved_changed'
                       AND entries.content LIKE '%\"resolved\":false%') AS reopened,
             EXISTS (SELECT 1 FROM entries WHERE entries.workspace_id = $1
                       AND entries.conversation_id = drafts.conversation_id AND entries.seq > drafts.sent_seq
                       AND entries.kind = 'rated'
                       AND (entries.content LIKE '%\"score\":1,%' OR entries.content LIKE '%\"score\":2,%'))
                 AS complained
         FROM drafts
         WHERE workspace_id = $1 AND created_at >= $3 AND intent IS NOT NULL
           AND (CAST($2 AS TEXT) IS NULL OR intent = $2)
           AND (decision IS NOT NULL OR (status = 'superseded' AND decided_by IS NOT NULL))
         ORDER BY created_at DESC, id DESC LIMIT $4",
        workspace,
        intent,
        since,
        LOOKED_AT,
    )?;
    let judged = rows.into_iter().filter_map(|row| {
        Some(Judged {
            outcome: outcome(row.decision, &row.status)?,
            clean: row.proposals.0.is_empty() && is_clean(row.blockers.0.iter().map(|blocker| blocker.kind)),
            intent: row.intent,
            engine: row.model.unwrap_or_else(|| super::BUILT_IN.to_owned()),
            confidence: row.confidence,
            edit_distance: row.edit_distance.unwrap_or(0.0),
            reopened: row.reopened,
            complained: row.complained,
            mark: row.autopilot,
            at: row.created_at,
        })
    });
    Ok(judged.collect())
}

/// Notes that a person types an answer here; not again within `since`. Says whether it was noted.
pub(super) async fn note_typing(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversation: ConversationId,
    (since, now): (Timestamp, Timestamp),
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE conversations SET person_typed_at = $4
         WHERE workspace_id = $1 AND id = $2 AND (person_typed_at IS NULL OR person_typed_at < $3)",
        workspace,
        conversation,
        since,
        now,
    )?;
    Ok(rows == 1)
}

/// When a person last typed an answer here.
pub(super) async fn typed_at(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversation: ConversationId,
) -> Result<Option<Timestamp>, DbError> {
    let row: Option<(Option<Timestamp>,)> = fetch_optional!(
        tx,
        (Option<Timestamp>,),
        "SELECT person_typed_at FROM conversations WHERE workspace_id = $1 AND id = $2",
        workspace,
        conversation,
    )?;
    Ok(row.and_then(|(at,)| at))
}
