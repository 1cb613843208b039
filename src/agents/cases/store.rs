//! Cases and their results in the store.

use std::collections::HashMap;

use crate::agents::cases::{Case, CaseOrigin, Expects, Line, Outcome};
use crate::base::{DraftId, EvalCaseId, Timestamp, WorkspaceId};
use crate::ports::db::{FromRow, JsonText};
use crate::ports::{DbError, Tx};
use crate::{execute, fetch_all, fetch_one, text_column};

text_column!(CaseOrigin);

#[derive(FromRow)]
struct Row {
    id: EvalCaseId,
    name: String,
    said: JsonText<Vec<Line>>,
    expects: JsonText<Expects>,
    origin: CaseOrigin,
    draft_id: Option<DraftId>,
    created_at: Timestamp,
    created_by_name: String,
}

pub(super) async fn all(tx: &mut Tx, workspace: WorkspaceId, limit: i64) -> Result<Vec<Case>, DbError> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, name, said, expects, origin, draft_id, created_at, created_by_name FROM eval_cases
         WHERE workspace_id = $1 ORDER BY created_at, id LIMIT $2",
        workspace,
        limit,
    )?;
    let case = |row: Row| Case {
        id: row.id.to_string(),
        name: row.name,
        said: row.said.0,
        expects: row.expects.0,
        origin: row.origin,
        draft: row.draft_id,
        at: Some(row.created_at),
        by_name: Some(row.created_by_name),
    };
    Ok(rows.into_iter().map(case).collect())
}

pub(super) async fn count(tx: &mut Tx, workspace: WorkspaceId) -> Result<i64, DbError> {
    let (count,): (i64,) =
        fetch_one!(tx, (i64,), "SELECT COUNT(*) FROM eval_cases WHERE workspace_id = $1", workspace)?;
    Ok(count)
}

pub(super) async fn add(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: EvalCaseId,
    case: &Case,
    (now, by_name): (Timestamp, &str),
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO eval_cases (workspace_id, id, name, said, expects, origin, draft_id, created_at,
             created_by_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        workspace,
        id,
        &case.name,
        JsonText(&case.said),
        JsonText(&case.expects),
        case.origin,
        case.draft,
        now,
        by_name,
    )?;
    Ok(())
}

/// Deletes a case; says whether it was there.
pub(super) async fn delete(tx: &mut Tx, workspace: WorkspaceId, id: EvalCaseId) -> Result<bool, DbError> {
    let rows = execute!(tx, "DELETE FROM eval_cases WHERE workspace_id = $1 AND id = $2", workspace, id)?;
    execute!(
        tx,
        "DELETE FROM eval_results WHERE workspace_id = $1 AND case_id = $2",
        workspace,
        id.to_string()
    )?;
    Ok(rows == 1)
}

pub(super) async fn keep_result(
    tx: &mut Tx,
    workspace: WorkspaceId,
    hash: &str,
    (case, outcome): (&str, &Outcome),
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO eval_results (workspace_id, agent_hash, case_id, passed, failures, text, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (workspace_id, agent_hash, case_id) DO UPDATE SET passed = excluded.passed,
             failures = excluded.failures, text = excluded.text, at = excluded.at",
        workspace,
        hash,
        case,
        outcome.passed,
        JsonText(&outcome.failures),
        &outcome.text,
        outcome.at,
    )?;
    Ok(())
}

#[derive(FromRow)]
struct ResultRow {
    case_id: String,
    passed: bool,
    failures: JsonText<Vec<String>>,
    text: String,
    at: Timestamp,
}

/// How each case last went with an agent of this content.
pub(super) async fn results(
    tx: &mut Tx,
    workspace: WorkspaceId,
    hash: &str,
) -> Result<HashMap<String, Outcome>, DbError> {
    let rows = fetch_all!(
        tx,
        ResultRow,
        "SELECT case_id, passed, failures, text, at FROM eval_results
         WHERE workspace_id = $1 AND agent_hash = $2",
        workspace,
        hash,
    )?;
    let outcome = |row: ResultRow| {
        (row.case_id, Outcome { passed: row.passed, failures: row.failures.0, text: row.text, at: row.at })
    };
    Ok(rows.into_iter().map(outcome).collect())
}
