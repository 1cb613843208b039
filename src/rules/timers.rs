//! Which conversations a rule of time is due in.
//!
//! Nothing is planned ahead: columns say since when a state lasts, and `rule_timers` which state a rule has
//! dealt with. So a restart, a changed rule, a clock that jumps and a night's change of the clock lose
//! nothing and do nothing twice.

use crate::base::{ConversationId, Timestamp, WorkspaceId};
use crate::fetch_all;
use crate::ports::db::FromRow;
use crate::ports::{DbError, Tx};
use crate::rules::{Rule, Since};

/// A conversation in a state that a rule has not dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Lasting {
    /// Which one.
    pub id: ConversationId,
    /// Since when.
    pub since: Timestamp,
}

const IN_STATUS: &str = "SELECT id, COALESCE(status_since, created_at) AS since FROM conversations
     WHERE workspace_id = $1 AND resolved_at IS NULL AND COALESCE(status_since, created_at) <= $3
       AND (CAST($4 AS TEXT) IS NULL OR status = $4)
       AND NOT EXISTS (SELECT 1 FROM rule_timers WHERE workspace_id = $1 AND rule_id = $2
           AND conversation_id = conversations.id AND since = COALESCE(status_since, created_at))
     ORDER BY since LIMIT $5";

const CUSTOMER_WAITS: &str = "SELECT id, waiting_since AS since FROM conversations
     WHERE workspace_id = $1 AND resolved_at IS NULL AND waiting_since <= $3
       AND (CAST($4 AS TEXT) IS NULL OR status = $4)
       AND NOT EXISTS (SELECT 1 FROM rule_timers WHERE workspace_id = $1 AND rule_id = $2
           AND conversation_id = conversations.id AND since = waiting_since)
     ORDER BY since LIMIT $5";

const WE_WAIT: &str = "SELECT id, last_message_at AS since FROM conversations
     WHERE workspace_id = $1 AND resolved_at IS NULL AND waiting_since IS NULL AND last_message_at <= $3
       AND last_message_by <> 'contact' AND (CAST($4 AS TEXT) IS NULL OR status = $4)
       AND NOT EXISTS (SELECT 1 FROM rule_timers WHERE workspace_id = $1 AND rule_id = $2
           AND conversation_id = conversations.id AND since = last_message_at)
     ORDER BY since LIMIT $5";

const OPEN_THEN: &str = "SELECT id, CAST($3 AS BIGINT) AS since FROM conversations
     WHERE workspace_id = $1 AND resolved_at IS NULL AND created_at <= $3
       AND (CAST($4 AS TEXT) IS NULL OR status = $4)
       AND NOT EXISTS (SELECT 1 FROM rule_timers WHERE workspace_id = $1 AND rule_id = $2
           AND conversation_id = conversations.id AND since = $3)
     ORDER BY id LIMIT $5";

/// Conversations in a state since `before` or longer that the rule has not dealt with, the longest first.
pub(super) async fn lasting(
    tx: &mut Tx,
    workspace: WorkspaceId,
    rule: &Rule,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<Lasting>, DbError> {
    let wait = rule.document.after.as_ref();
    let sql = match wait.map(|wait| wait.since) {
        Some(Since::Status) => IN_STATUS,
        Some(Since::CustomerWaits) => CUSTOMER_WAITS,
        Some(Since::WeWait) => WE_WAIT,
        None => OPEN_THEN,
    };
    let status = wait.and_then(|wait| wait.status.as_deref());
    fetch_all!(tx, Lasting, sql, workspace, rule.id, before, status, limit)
}
