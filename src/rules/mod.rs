//! Rules: what a business wants done when something is so.
//!
//! A rule has a trigger, a tree of conditions over facts, and actions in order. Rules only decide: the
//! pipeline carries the actions out and hands back receipts.
//!
//! Invariants: a stored rule was checked against the workspace's schemas when it was installed; a run is
//! stored once per rule and causing entry, with every condition and what was really there.

mod document;
mod evaluate;
mod model;
mod routes;
mod store;

pub use document::Vocabulary;
pub use evaluate::{Asked, Decided, Explanation, Run, decide, evaluate};
pub use model::{
    Action, Cause, Comparison, Condition, FactValue, Facts, Op, Rule, RuleDocument, RuleRow, RunRow, Trigger,
    context_facts,
};
pub use routes::routes;

use std::time::Duration;

use serde_json::Value;

use crate::base::{ConversationId, RuleId};
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::Receipt;
use crate::schemas::{self, Problems};

/// The days in which firings are counted.
const COUNTED: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Most runs of a conversation that are shown.
const MAX_RUNS: i64 = 200;

/// Checks a rule and makes it the next version of its key. The same rule again changes nothing, and a
/// rule that a person switched on or off stays so.
pub async fn install(cx: &Cx, tx: &mut Tx, document: &Value) -> Result<Rule, Error> {
    let vocabulary = Vocabulary::of(&schemas::active(cx, tx).await?);
    let checked = document::check(document, &vocabulary)?;
    let before = store::find_by_key(tx, cx.workspace, &checked.key).await?;
    let Some(before) = before else {
        let enabled = checked.starts_enabled;
        let rule = Rule { id: cx.id(), version: 1, enabled, updated_at: cx.now, document: checked };
        if !store::insert(tx, cx.workspace, &rule, document).await? {
            return Err(Error::Changed(rule.document.key));
        }
        return Ok(rule);
    };
    let starts_enabled = before.document.starts_enabled;
    if before.document == (RuleDocument { starts_enabled, ..checked.clone() }) {
        return Ok(before);
    }
    let after = Rule { version: before.version + 1, updated_at: cx.now, document: checked, ..before };
    if !store::update(tx, cx.workspace, &after, document).await? {
        return Err(Error::Changed(after.document.key));
    }
    Ok(after)
}

/// Installs a list of rules, as a file holds them.
pub async fn install_all(cx: &Cx, tx: &mut Tx, documents: &str) -> Result<Vec<Rule>, Error> {
    let documents: Vec<Value> = serde_json::from_str(documents).map_err(|error| {
        let mut problems = Problems::default();
        problems.add("the file", &format!("this is not a list of rules: {error}"));
        Error::Invalid(problems)
    })?;
    let mut rules = Vec::with_capacity(documents.len());
    for document in &documents {
        rules.push(install(cx, tx, document).await?);
    }
    Ok(rules)
}

/// Switches a rule on or off.
pub async fn toggle(cx: &Cx, tx: &mut Tx, id: RuleId, enabled: bool) -> Result<Rule, Error> {
    if !store::toggle(tx, cx.workspace, id, enabled.then_some(cx.now)).await? {
        return Err(Error::NotFound(id));
    }
    store::find(tx, cx.workspace, id).await?.ok_or(Error::NotFound(id))
}

/// All rules in the order they run, with how often they matched lately.
pub async fn list(cx: &Cx, tx: &mut Tx) -> Result<Vec<RuleRow>, Error> {
    Ok(store::list(tx, cx.workspace, cx.now.before(COUNTED)).await?)
}

/// The enabled rules of a trigger, in the order they run.
pub async fn enabled(cx: &Cx, tx: &mut Tx, trigger: Trigger) -> Result<Vec<Rule>, Error> {
    Ok(store::enabled(tx, cx.workspace, trigger).await?)
}

/// Stores a run and what became of its actions; says whether it is the first for this rule and cause.
pub async fn record_run(
    cx: &Cx,
    tx: &mut Tx,
    cause: Cause,
    run: &Run,
    receipts: &[Receipt],
) -> Result<bool, Error> {
    Ok(store::insert_run(tx, cx.workspace, cause, run, receipts, cx.now).await?)
}

/// The runs of a conversation, newest first.
pub async fn runs(cx: &Cx, tx: &mut Tx, conversation: ConversationId) -> Result<Vec<RunRow>, Error> {
    Ok(store::runs(tx, cx.workspace, conversation, MAX_RUNS).await?)
}

/// Why something about a rule was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such rule in this workspace.
    #[error("rule {0} does not exist")]
    NotFound(RuleId),
    /// The document is not a rule of this workspace.
    #[error("{0}")]
    Invalid(Problems),
    /// Somebody changed it in the meantime.
    #[error("the rule {0} was changed by somebody else; load it again")]
    Changed(String),
    /// The schemas could not be read.
    #[error(transparent)]
    Schema(#[from] schemas::Error),
    /// The store failed.
    #[error("rules storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        use crate::protocol::ErrorCode;
        match error {
            Error::NotFound(_) => Self::not_found(),
            Error::Invalid(_) => Self::new(ErrorCode::InvalidValue, error.to_string()),
            Error::Changed(_) => Self::new(ErrorCode::Conflict, error.to_string()),
            Error::Schema(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
