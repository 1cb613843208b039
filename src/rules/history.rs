//! What rules were, what they looked at and what they have dealt with: versions, looks and timers in the store.

use serde_json::Value;

use crate::base::{ConversationId, RuleId, Timestamp, WorkspaceId};
use crate::ports::db::{Engine, FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::rules::{Facts, Look, Trigger};
use crate::{execute, fetch_all, fetch_optional};

#[derive(FromRow)]
pub(super) struct VersionRow {
    pub(super) version: i64,
    pub(super) document: JsonText<Value>,
    pub(super) made_by: String,
    pub(super) created_at: Timestamp,
}

#[derive(FromRow)]
struct LookRow {
    conversation_id: ConversationId,
    seq: i64,
    trigger_kind: Trigger,
    facts: JsonText<Facts>,
    created_at: Timestamp,
}

const NEWEST_SQLITE: &str = "SELECT conversation_id, seq, trigger_kind, facts, created_at FROM rule_looks
     WHERE +workspace_id = $1 AND trigger_kind = 'message'
       AND conversation_id IN (SELECT value FROM json_each($2))
       AND seq = (SELECT MAX(seq) FROM rule_looks AS newer WHERE newer.workspace_id = $1
           AND newer.conversation_id = rule_looks.conversation_id AND newer.trigger_kind = 'message')";

const NEWEST_POSTGRES: &str = "SELECT conversation_id, seq, trigger_kind, facts, created_at FROM rule_looks
     WHERE workspace_id = $1 AND trigger_kind = 'message'
       AND conversation_id IN (SELECT json_array_elements_text(CAST($2 AS JSON)))
       AND seq = (SELECT MAX(seq) FROM rule_looks AS newer WHERE newer.workspace_id = $1
           AND newer.conversation_id = rule_looks.conversation_id AND newer.trigger_kind = 'message')";

impl From<LookRow> for Look {
    fn from(row: LookRow) -> Look {
        Look {
            conversation: row.conversation_id,
            seq: row.seq,
            trigger: row.trigger_kind,
            facts: row.facts.0,
            at: row.created_at,
        }
    }
}

pub(super) async fn insert_version(
    tx: &mut Tx,
    workspace: WorkspaceId,
    (rule, version): (RuleId, i64),
    document: &Value,
    made_by: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO rule_versions (workspace_id, rule_id, version, document, made_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        workspace,
        rule,
        version,
        JsonText(document),
        made_by,
        now,
    )?;
    Ok(())
}

/// The versions of a rule, newest first.
pub(super) async fn versions(
    tx: &mut Tx,
    workspace: WorkspaceId,
    rule: RuleId,
    limit: i64,
) -> Result<Vec<VersionRow>, DbError> {
    fetch_all!(
        tx,
        VersionRow,
        "SELECT version, document, made_by, created_at FROM rule_versions
         WHERE workspace_id = $1 AND rule_id = $2 ORDER BY version DESC LIMIT $3",
        workspace,
        rule,
        limit,
    )
}

/// Keeps what was known when rules looked; the first look at an entry counts.
pub(super) async fn insert_look(tx: &mut Tx, workspace: WorkspaceId, look: &Look) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO rule_looks (workspace_id, conversation_id, seq, trigger_kind, facts, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (conversation_id, seq, trigger_kind) DO NOTHING",
        workspace,
        look.conversation,
        look.seq,
        look.trigger,
        JsonText(&look.facts),
        look.at,
    )?;
    Ok(())
}

/// Forgets what was known before a time; says how much that was, at most `limit`.
pub(super) async fn forget_looks(
    tx: &mut Tx,
    workspace: WorkspaceId,
    before: Timestamp,
    limit: i64,
) -> Result<u64, DbError> {
    execute!(
        tx,
        "DELETE FROM rule_looks WHERE workspace_id = $1 AND (conversation_id, seq, trigger_kind) IN (
             SELECT conversation_id, seq, trigger_kind FROM rule_looks
             WHERE workspace_id = $1 AND created_at < $2 ORDER BY created_at LIMIT $3)",
        workspace,
        before,
        limit,
    )
}

/// The newest look at a conversation for a trigger.
pub(super) async fn last_look(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversation: ConversationId,
    trigger: Trigger,
) -> Result<Option<Look>, DbError> {
    let row = fetch_optional!(
        tx,
        LookRow,
        "SELECT conversation_id, seq, trigger_kind, facts, created_at FROM rule_looks
         WHERE workspace_id = $1 AND conversation_id = $2 AND trigger_kind = $3 ORDER BY seq DESC LIMIT 1",
        workspace,
        conversation,
        trigger,
    )?;
    Ok(row.map(Look::from))
}

/// What was known of the newest message of each of these conversations.
pub(super) async fn newest_looks(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversations: &[ConversationId],
) -> Result<Vec<Look>, DbError> {
    let sql = match tx.engine() {
        Engine::Sqlite => NEWEST_SQLITE,
        Engine::Postgres => NEWEST_POSTGRES,
    };
    let rows = fetch_all!(tx, LookRow, sql, workspace, &JsonText(conversations.to_vec()))?;
    Ok(rows.into_iter().map(Look::from).collect())
}

/// What was known of messages in conversations from one identifier to another.
pub(super) async fn message_looks(
    tx: &mut Tx,
    workspace: WorkspaceId,
    (from, to): (ConversationId, ConversationId),
) -> Result<Vec<Look>, DbError> {
    let rows = fetch_all!(
        tx,
        LookRow,
        "SELECT conversation_id, seq, trigger_kind, facts, created_at FROM rule_looks
         WHERE workspace_id = $1 AND conversation_id >= $2 AND conversation_id <= $3 AND trigger_kind = 'message'",
        workspace,
        from,
        to,
    )?;
    Ok(rows.into_iter().map(Look::from).collect())
}

/// Notes that a rule of time has dealt with a state; says whether it had not before.
pub(super) async fn settle_timer(
    tx: &mut Tx,
    workspace: WorkspaceId,
    (rule, conversation): (RuleId, ConversationId),
    since: Timestamp,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO rule_timers (workspace_id, rule_id, conversation_id, since) VALUES ($1, $2, $3, $4)
         ON CONFLICT (rule_id, conversation_id) DO UPDATE SET since = excluded.since
         WHERE rule_timers.workspace_id = $1 AND rule_timers.since <> excluded.since",
        workspace,
        rule,
        conversation,
        since,
    )?;
    Ok(rows == 1)
}
