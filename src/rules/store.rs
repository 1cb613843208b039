//! Rules and their runs in the store.

use serde_json::Value;

use crate::base::{ConversationId, RuleId, Timestamp, TurnId, WorkspaceId};
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::protocol::Receipt;
use crate::rules::document;
use crate::rules::{Cause, Explanation, Rule, RuleRow, Run, RunRow, Trigger};
use crate::{execute, fetch_all, fetch_optional};

#[derive(FromRow)]
struct Row {
    id: RuleId,
    version: i64,
    document: JsonText<Value>,
    updated_at: Timestamp,
    enabled_at: Option<Timestamp>,
}

impl TryFrom<Row> for Rule {
    type Error = DbError;

    /// A stored rule was checked when it was stored; if it no longer reads, the store is damaged.
    fn try_from(row: Row) -> Result<Self, DbError> {
        let document = document::read(&row.document.0)
            .map_err(|error| DbError::damaged(format!("rule {}: {error}", row.id)))?;
        let enabled = row.enabled_at.is_some();
        Ok(Rule { id: row.id, version: row.version, enabled, updated_at: row.updated_at, document })
    }
}

#[derive(FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    rule: Row,
    fired: i64,
    fired_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct StoredRun {
    rule_id: RuleId,
    key: String,
    name: String,
    version: i64,
    seq: i64,
    turn_id: Option<TurnId>,
    matched: bool,
    stopped_by: Option<RuleId>,
    tree: JsonText<Explanation>,
    receipts: JsonText<Vec<Receipt>>,
    created_at: Timestamp,
}

/// Adds a rule; says whether its key was free.
pub(super) async fn insert(
    tx: &mut Tx,
    workspace: WorkspaceId,
    rule: &Rule,
    document: &Value,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO rules
             (workspace_id, id, key, name, version, trigger_kind, priority, document, created_at, updated_at,
              enabled_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)
         ON CONFLICT (workspace_id, key) DO NOTHING",
        workspace,
        rule.id,
        &rule.document.key,
        &rule.document.name,
        rule.version,
        rule.document.on,
        rule.document.priority,
        JsonText(document),
        rule.updated_at,
        rule.enabled.then_some(rule.updated_at),
    )?;
    Ok(rows == 1)
}

/// Writes the next version of a rule if the one before is still stored; says whether it was.
pub(super) async fn update(
    tx: &mut Tx,
    workspace: WorkspaceId,
    rule: &Rule,
    document: &Value,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE rules SET version = $3, name = $4, trigger_kind = $5, priority = $6, document = $7, updated_at = $8
         WHERE workspace_id = $1 AND id = $2 AND version = $3 - 1",
        workspace,
        rule.id,
        rule.version,
        &rule.document.name,
        rule.document.on,
        rule.document.priority,
        JsonText(document),
        rule.updated_at,
    )?;
    Ok(rows == 1)
}

/// Switches a rule on or off; says whether it is there.
pub(super) async fn toggle(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: RuleId,
    enabled_at: Option<Timestamp>,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE rules SET enabled_at = $3 WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
        enabled_at,
    )?;
    Ok(rows == 1)
}

pub(super) async fn find(tx: &mut Tx, workspace: WorkspaceId, id: RuleId) -> Result<Option<Rule>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, version, document, updated_at, enabled_at FROM rules WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
    )?;
    row.map(Rule::try_from).transpose()
}

pub(super) async fn find_by_key(
    tx: &mut Tx,
    workspace: WorkspaceId,
    key: &str,
) -> Result<Option<Rule>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT id, version, document, updated_at, enabled_at FROM rules WHERE workspace_id = $1 AND key = $2",
        workspace,
        key,
    )?;
    row.map(Rule::try_from).transpose()
}

/// All rules in the order they run, with how often they matched since a time.
pub(super) async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    since: Timestamp,
) -> Result<Vec<RuleRow>, DbError> {
    let rows = fetch_all!(
        tx,
        ListedRow,
        "SELECT id, version, document, updated_at, enabled_at, COALESCE(lately.fired, 0) AS fired, lately.fired_at
         FROM rules
         LEFT JOIN (
             SELECT rule_id, COUNT(*) AS fired, MAX(created_at) AS fired_at
             FROM rule_runs
             WHERE workspace_id = $1 AND matched AND created_at >= $2
             GROUP BY rule_id
         ) AS lately ON lately.rule_id = rules.id
         WHERE rules.workspace_id = $1
         ORDER BY priority, key",
        workspace,
        since,
    )?;
    let listed = |row: ListedRow| {
        Ok(RuleRow { rule: Rule::try_from(row.rule)?, fired: row.fired, fired_at: row.fired_at })
    };
    rows.into_iter().map(listed).collect()
}

/// The enabled rules of a trigger, in the order they run.
pub(super) async fn enabled(
    tx: &mut Tx,
    workspace: WorkspaceId,
    trigger: Trigger,
) -> Result<Vec<Rule>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, version, document, updated_at, enabled_at
         FROM rules WHERE workspace_id = $1 AND trigger_kind = $2 AND enabled_at IS NOT NULL
         ORDER BY priority, key",
        workspace,
        trigger,
    )?;
    rows.into_iter().map(Rule::try_from).collect()
}

/// Adds a run; says whether there was none for this rule and cause.
pub(super) async fn insert_run(
    tx: &mut Tx,
    workspace: WorkspaceId,
    cause: Cause,
    run: &Run,
    receipts: &[Receipt],
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO rule_runs
             (workspace_id, conversation_id, seq, rule_id, turn_id, version, matched, stopped_by, tree,
              receipts, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (conversation_id, seq, rule_id) DO NOTHING",
        workspace,
        cause.conversation,
        cause.seq,
        run.rule,
        cause.turn,
        run.version,
        run.matched,
        run.stopped_by,
        JsonText(&run.tree),
        JsonText(receipts),
        now,
    )?;
    Ok(rows == 1)
}

/// The runs of a conversation, newest first; those of one cause in the order they ran.
pub(super) async fn runs(
    tx: &mut Tx,
    workspace: WorkspaceId,
    conversation: ConversationId,
    limit: i64,
) -> Result<Vec<RunRow>, DbError> {
    let rows = fetch_all!(
        tx,
        StoredRun,
        "SELECT rule_id, key, name, rule_runs.version, seq, turn_id, matched, stopped_by, tree,
                receipts, rule_runs.created_at
         FROM rule_runs JOIN rules ON rules.id = rule_runs.rule_id
         WHERE rule_runs.workspace_id = $1 AND conversation_id = $2
         ORDER BY seq DESC, rule_runs.created_at DESC, priority, key
         LIMIT $3",
        workspace,
        conversation,
        limit,
    )?;
    let shown = |run: StoredRun| RunRow {
        rule: run.rule_id,
        key: run.key,
        name: run.name,
        version: run.version,
        seq: run.seq,
        turn: run.turn_id,
        matched: run.matched,
        stopped_by: run.stopped_by,
        tree: run.tree.0,
        receipts: run.receipts.0,
        at: run.created_at,
    };
    Ok(rows.into_iter().map(shown).collect())
}
