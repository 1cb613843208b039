//! Rules and their runs in the store.

use serde_json::Value;

use crate::base::{ConversationId, RuleId, Timestamp, TurnId, WorkspaceId};
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::protocol::{Receipt, ReceiptState};
use crate::rules::document;
use crate::rules::{Cause, Explanation, Guard, Rule, Run, RunRow};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

#[derive(FromRow)]
struct Row {
    id: RuleId,
    version: i64,
    document: JsonText<Value>,
    updated_at: Timestamp,
    enabled_at: Option<Timestamp>,
    of_schema: Option<String>,
}

impl TryFrom<Row> for Rule {
    type Error = DbError;

    /// A stored rule was checked when it was stored; if it no longer reads, the store is damaged.
    fn try_from(row: Row) -> Result<Self, DbError> {
        let document = document::read(&row.document.0)
            .map_err(|error| DbError::damaged(format!("rule {}: {error}", row.id)))?;
        let enabled = row.enabled_at.is_some();
        let Row { id, version, updated_at, of_schema, .. } = row;
        Ok(Rule { id, version, enabled, updated_at, of_schema, document })
    }
}

#[derive(FromRow)]
struct KeyedRow {
    #[sqlx(flatten)]
    rule: Row,
    deleted_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    rule: Row,
    fired: i64,
    fired_at: Option<Timestamp>,
    failed: i64,
}

/// A rule with how often it matched lately, when it last did, and how many of its runs failed.
pub(super) type Listed = (Rule, i64, Option<Timestamp>, i64);

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
    held_by: Option<Guard>,
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
    enabled_at: Option<Timestamp>,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE rules SET version = $3, name = $4, trigger_kind = $5, priority = $6, document = $7, updated_at = $8,
             enabled_at = $9, deleted_at = NULL
         WHERE workspace_id = $1 AND id = $2 AND version = $3 - 1",
        workspace,
        rule.id,
        rule.version,
        &rule.document.name,
        rule.document.on,
        rule.document.priority,
        JsonText(document),
        rule.updated_at,
        enabled_at,
    )?;
    Ok(rows == 1)
}

/// Takes a rule out of use at a version; what it did stays. Says whether it was there.
pub(super) async fn delete(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: RuleId,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE rules SET deleted_at = $3, enabled_at = NULL
         WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL",
        workspace,
        id,
        now,
    )?;
    Ok(rows == 1)
}

/// Notes to which schema's workflow a rule belongs.
pub(super) async fn set_schema(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: RuleId,
    schema: &str,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE rules SET of_schema = $3 WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
        schema
    )?;
    Ok(())
}

/// The rules of a schema's workflow.
pub(super) async fn of_schema(
    tx: &mut Tx,
    workspace: WorkspaceId,
    schema: &str,
) -> Result<Vec<RuleId>, DbError> {
    let rows: Vec<(RuleId,)> = fetch_all!(
        tx,
        (RuleId,),
        "SELECT id FROM rules WHERE workspace_id = $1 AND of_schema = $2 AND deleted_at IS NULL",
        workspace,
        schema,
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
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
        "UPDATE rules SET enabled_at = $3 WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL",
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
        "SELECT id, version, document, updated_at, enabled_at, of_schema FROM rules
         WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL",
        workspace,
        id,
    )?;
    row.map(Rule::try_from).transpose()
}

/// A rule by its key, since when it is enabled, and whether it was deleted.
pub(super) async fn find_by_key(
    tx: &mut Tx,
    workspace: WorkspaceId,
    key: &str,
) -> Result<Option<(Rule, Option<Timestamp>, bool)>, DbError> {
    let row = fetch_optional!(
        tx,
        KeyedRow,
        "SELECT id, version, document, updated_at, enabled_at, of_schema, deleted_at FROM rules
         WHERE workspace_id = $1 AND key = $2",
        workspace,
        key,
    )?;
    let Some(row) = row else { return Ok(None) };
    let (enabled_at, deleted) = (row.rule.enabled_at, row.deleted_at.is_some());
    Ok(Some((Rule::try_from(row.rule)?, enabled_at, deleted)))
}

/// All rules in the order they run, with how often they matched since a time.
pub(super) async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    since: Timestamp,
) -> Result<Vec<Listed>, DbError> {
    let rows = fetch_all!(
        tx,
        ListedRow,
        "SELECT id, version, document, updated_at, enabled_at, of_schema, COALESCE(lately.fired, 0) AS fired, lately.fired_at,
             (SELECT COUNT(*) FROM rule_runs
              WHERE workspace_id = $1 AND rule_id = rules.id AND failed > 0 AND created_at >= rules.updated_at) AS failed
         FROM rules
         LEFT JOIN (
             SELECT rule_id, COUNT(*) AS fired, MAX(created_at) AS fired_at
             FROM rule_runs
             WHERE workspace_id = $1 AND matched AND created_at >= $2
             GROUP BY rule_id
         ) AS lately ON lately.rule_id = rules.id
         WHERE rules.workspace_id = $1 AND deleted_at IS NULL
         ORDER BY priority, key",
        workspace,
        since,
    )?;
    let listed = |row: ListedRow| Ok((Rule::try_from(row.rule)?, row.fired, row.fired_at, row.failed));
    rows.into_iter().map(listed).collect()
}

/// The enabled rules, in the order they run.
pub(super) async fn enabled(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Rule>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, version, document, updated_at, enabled_at, of_schema
         FROM rules WHERE workspace_id = $1 AND enabled_at IS NOT NULL AND deleted_at IS NULL
         ORDER BY priority, key",
        workspace,
    )?;
    rows.into_iter().map(Rule::try_from).collect()
}

/// Since when a rule is enabled, and which workspaces have such rules of time. Serves all workspaces.
pub(super) async fn workspaces_with_time(tx: &mut Tx) -> Result<Vec<WorkspaceId>, DbError> {
    let rows: Vec<(WorkspaceId,)> = fetch_all!(
        tx,
        (WorkspaceId,),
        "SELECT DISTINCT workspace_id FROM rules
         WHERE trigger_kind IN ('elapsed', 'schedule') AND enabled_at IS NOT NULL",
    )?;
    Ok(rows.into_iter().map(|(workspace,)| workspace).collect())
}

/// Since when a rule is enabled.
pub(super) async fn enabled_at(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: RuleId,
) -> Result<Option<Timestamp>, DbError> {
    let row: Option<(Option<Timestamp>,)> = fetch_optional!(
        tx,
        (Option<Timestamp>,),
        "SELECT enabled_at FROM rules WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
    )?;
    Ok(row.and_then(|(at,)| at))
}

/// Notes that a workspace's rules changed.
pub(super) async fn touch(tx: &mut Tx, workspace: WorkspaceId) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO rule_heads (workspace_id, stamp) VALUES ($1, 1)
         ON CONFLICT (workspace_id) DO UPDATE SET stamp = rule_heads.stamp + 1",
        workspace,
    )?;
    Ok(())
}

/// How often a workspace's rules changed.
pub(super) async fn stamp(tx: &mut Tx, workspace: WorkspaceId) -> Result<i64, DbError> {
    let (stamp,): (Option<i64>,) = fetch_one!(
        tx,
        (Option<i64>,),
        "SELECT MAX(stamp) FROM rule_heads WHERE workspace_id = $1",
        workspace,
    )?;
    Ok(stamp.unwrap_or(0))
}

/// Forgets a run that did nothing, so that the same rule can look at the same entry at another hour.
pub(super) async fn forget_unmet(
    tx: &mut Tx,
    workspace: WorkspaceId,
    cause: Cause,
    rule: RuleId,
) -> Result<(), DbError> {
    execute!(
        tx,
        "DELETE FROM rule_runs
         WHERE workspace_id = $1 AND conversation_id = $2 AND seq = $3 AND rule_id = $4 AND NOT matched",
        workspace,
        cause.conversation,
        cause.seq,
        rule,
    )?;
    Ok(())
}

/// Adds a run; says whether there was none for this rule and cause.
pub(super) async fn insert_run(
    tx: &mut Tx,
    workspace: WorkspaceId,
    cause: Cause,
    (run, held_by): (&Run, Option<Guard>),
    receipts: &[Receipt],
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO rule_runs
             (workspace_id, conversation_id, seq, rule_id, turn_id, version, matched, stopped_by, tree,
              receipts, created_at, held_by, failed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
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
        held_by,
        failures(receipts),
    )?;
    Ok(rows == 1)
}

fn failures(receipts: &[Receipt]) -> i64 {
    let failed = receipts.iter().filter(|receipt| receipt.state == ReceiptState::Failed).count();
    i64::try_from(failed).unwrap_or(i64::MAX)
}

/// The receipts of a run.
pub(super) async fn receipts(
    tx: &mut Tx,
    workspace: WorkspaceId,
    cause: Cause,
    rule: RuleId,
) -> Result<Option<Vec<Receipt>>, DbError> {
    let row: Option<(JsonText<Vec<Receipt>>,)> = fetch_optional!(
        tx,
        (JsonText<Vec<Receipt>>,),
        "SELECT receipts FROM rule_runs
         WHERE workspace_id = $1 AND conversation_id = $2 AND seq = $3 AND rule_id = $4",
        workspace,
        cause.conversation,
        cause.seq,
        rule,
    )?;
    Ok(row.map(|(receipts,)| receipts.0))
}

/// Writes the receipts of a run anew.
pub(super) async fn set_receipts(
    tx: &mut Tx,
    workspace: WorkspaceId,
    cause: Cause,
    rule: RuleId,
    receipts: &[Receipt],
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE rule_runs SET receipts = $5, failed = $6
         WHERE workspace_id = $1 AND conversation_id = $2 AND seq = $3 AND rule_id = $4",
        workspace,
        cause.conversation,
        cause.seq,
        rule,
        JsonText(receipts),
        failures(receipts),
    )?;
    Ok(())
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
        "SELECT rule_id, key, name, rule_runs.version, seq, turn_id, matched, stopped_by,
                held_by, tree, receipts, rule_runs.created_at
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
        held_by: run.held_by,
        tree: run.tree.0,
        receipts: run.receipts.0,
        at: run.created_at,
    };
    Ok(rows.into_iter().map(shown).collect())
}
