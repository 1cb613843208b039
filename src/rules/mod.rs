//! Rules: what a business wants done when something is so.
//!
//! A rule has a trigger, a tree of conditions over facts, and actions in order. Rules only decide:
//! `automation` carries the actions out and hands back receipts.
//!
//! Invariants: a stored rule was checked against the workspace's schemas when it was installed; every version
//! is kept; a run is stored once per rule and causing entry, with every condition and what was really there.

mod check;
mod deck;
mod document;
mod evaluate;
mod grammar;
mod history;
mod model;
mod routes;
mod store;
mod text;
mod timers;
mod vocabulary;

pub use deck::{Decided, Program, RuleSet, Run, decide};
pub use evaluate::{Asked, Explanation, evaluate};
pub use grammar::{filter_grammar, grammar, sequence_grammar};
pub use model::{
    Action, Cause, Comparison, Condition, FactValue, Facts, Guard, Hours, Look, Op, Pace, Rule, RuleDocument,
    RuleRow, RuleVersion, RunRow, Schedule, Since, Trigger, Wait, context_facts,
};
pub use routes::routes;
pub use timers::Lasting;
pub use vocabulary::{FactKind, FactOption, FactRow, Vocabulary};

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::base::{ConversationId, RuleId, Timestamp, WorkspaceId};
use crate::hooks;
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::Receipt;
use crate::schemas::{self, Problems};
use crate::{segments, sequences};

/// The days in which firings are counted.
const COUNTED: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Most runs of a conversation that are shown.
const MAX_RUNS: i64 = 200;

/// Most versions of a rule that are shown.
const MAX_VERSIONS: i64 = 100;

/// The rules of workspaces as this node has read them. Clones share them.
#[derive(Clone, Default)]
pub struct Shelf(Arc<Mutex<HashMap<WorkspaceId, Arc<RuleSet>>>>);

/// The workspace's enabled rules, made ready; read anew when they changed.
pub async fn ready(cx: &Cx, tx: &mut Tx, shelf: &Shelf) -> Result<Arc<RuleSet>, Error> {
    let stamp = store::stamp(tx, cx.workspace).await?;
    let kept = shelf.0.lock().unwrap_or_else(PoisonError::into_inner).get(&cx.workspace).cloned();
    if let Some(set) = kept.filter(|set| set.stamp() == stamp) {
        return Ok(set);
    }
    let set = Arc::new(RuleSet::new(store::enabled(tx, cx.workspace).await?, stamp));
    shelf.0.lock().unwrap_or_else(PoisonError::into_inner).insert(cx.workspace, set.clone());
    Ok(set)
}

/// Checks a rule and makes it the next version of its key. The same rule again changes nothing, and a
/// rule that a person switched on or off stays so.
pub async fn install(cx: &Cx, tx: &mut Tx, document: &Value) -> Result<Rule, Error> {
    let checked = check(cx, tx, document).await?;
    install_checked(cx, tx, checked, document).await
}

async fn install_checked(
    cx: &Cx,
    tx: &mut Tx,
    checked: RuleDocument,
    document: &Value,
) -> Result<Rule, Error> {
    let Some((before, enabled_at, deleted)) = store::find_by_key(tx, cx.workspace, &checked.key).await?
    else {
        return insert(cx, tx, checked, document).await;
    };
    let starts_enabled = before.document.starts_enabled;
    if !deleted && before.document == (RuleDocument { starts_enabled, ..checked.clone() }) {
        return Ok(before);
    }
    let enabled_at = match deleted {
        true => checked.starts_enabled.then_some(cx.now),
        false => enabled_at,
    };
    replace(cx, tx, before, (checked, document), enabled_at).await
}

/// Adds a rule whose key is free.
pub async fn create(cx: &Cx, tx: &mut Tx, document: &Value) -> Result<Rule, Error> {
    let checked = check(cx, tx, document).await?;
    match store::find_by_key(tx, cx.workspace, &checked.key).await? {
        None => insert(cx, tx, checked, document).await,
        Some((before, _, true)) => {
            let enabled_at = checked.starts_enabled.then_some(cx.now);
            replace(cx, tx, before, (checked, document), enabled_at).await
        }
        Some((_, _, false)) => Err(Error::KeyTaken(checked.key)),
    }
}

/// Writes the next version of a rule, if it is still at the version that was edited.
pub async fn change(cx: &Cx, tx: &mut Tx, id: RuleId, edited: i64, document: &Value) -> Result<Rule, Error> {
    let before = get(cx, tx, id).await?;
    if let Some(schema) = before.of_schema {
        return Err(Error::OfWorkflow(schema));
    }
    let checked = check(cx, tx, document).await?;
    if checked.key != before.document.key {
        let mut problems = Problems::default();
        problems.add("key", &format!("the key of a rule does not change; it is {:?}", before.document.key));
        return Err(Error::Invalid(problems));
    }
    if before.version != edited {
        return Err(Error::Overtaken { theirs: Box::new(before), yours: document.clone(), edited });
    }
    let enabled_at = store::enabled_at(tx, cx.workspace, id).await?;
    match replace(cx, tx, before, (checked, document), enabled_at).await {
        // Somebody was quicker by a moment: whoever comes second learns of both versions all the same.
        Err(Error::Changed(_)) => {
            let theirs = Box::new(get(cx, tx, id).await?);
            Err(Error::Overtaken { theirs, yours: document.clone(), edited })
        }
        done => done,
    }
}

/// Makes these the rules of a schema's workflow: the same ones stay as they are, new ones are installed and
/// those that are not among them are taken out of use.
pub async fn install_workflow(cx: &Cx, tx: &mut Tx, schema: &str, documents: &[Value]) -> Result<(), Error> {
    let mut kept = Vec::with_capacity(documents.len());
    let words = vocabulary(cx, tx).await?.with_any_sequence();
    for document in documents {
        let checked = document::check(document, &words)?;
        let rule = install_checked(cx, tx, checked, document).await?;
        store::set_schema(tx, cx.workspace, rule.id, schema).await?;
        kept.push(rule.id);
    }
    for id in store::of_schema(tx, cx.workspace, schema).await? {
        if !kept.contains(&id) {
            store::delete(tx, cx.workspace, id, cx.now).await?;
        }
    }
    Ok(store::touch(tx, cx.workspace).await?)
}

/// Takes a rule out of use. What it did stays, and so do its versions.
pub async fn remove(cx: &Cx, tx: &mut Tx, id: RuleId) -> Result<(), Error> {
    if let Some(schema) = get(cx, tx, id).await?.of_schema {
        return Err(Error::OfWorkflow(schema));
    }
    if !store::delete(tx, cx.workspace, id, cx.now).await? {
        return Err(Error::NotFound(id));
    }
    Ok(store::touch(tx, cx.workspace).await?)
}

/// Reads and checks a rule against what the workspace has, without storing it.
pub async fn check(cx: &Cx, tx: &mut Tx, document: &Value) -> Result<RuleDocument, Error> {
    check_against(document, &vocabulary(cx, tx).await?)
}

/// Reads and checks a rule against these words.
pub fn check_against(document: &Value, words: &Vocabulary) -> Result<RuleDocument, Error> {
    document::check(document, words)
}

/// Reads and checks a condition that stands alone, such as a filter.
pub async fn filter(cx: &Cx, tx: &mut Tx, condition: &Value) -> Result<Condition, Error> {
    filter_against(condition, &vocabulary(cx, tx).await?)
}

/// Reads and checks a condition that stands alone against these words.
pub fn filter_against(condition: &Value, words: &Vocabulary) -> Result<Condition, Error> {
    document::read_filter(condition, words)
}

/// Reads and checks the condition of a segment: it asks about contacts only, and not about segments.
pub async fn segment(cx: &Cx, tx: &mut Tx, condition: &Value) -> Result<Condition, Error> {
    document::read_segment(condition, &vocabulary(cx, tx).await?)
}

/// A stored condition of a segment, made ready; `None` when it no longer reads.
pub fn segment_program(condition: &Value) -> Option<Program> {
    document::read_alone(condition).map(|condition| Program::of(&condition))
}

/// What the workspace's rules can speak of.
pub async fn vocabulary(cx: &Cx, tx: &mut Tx) -> Result<Vocabulary, Error> {
    let hooks = hooks::list(cx, tx).await?;
    let (sequences, segments) = (sequences::all(cx, tx).await?, segments::list(cx, tx).await?);
    let words = Vocabulary::of(&schemas::active(cx, tx).await?).with_hooks(&hooks);
    Ok(words.with_sequences(&sequences).with_segments(&segments))
}

/// A rule in words.
pub fn describe(document: &RuleDocument, words: &Vocabulary) -> String {
    text::rule(document, words)
}

/// A condition in words.
pub fn describe_condition(condition: &Condition, words: &Vocabulary) -> String {
    text::condition(condition, words)
}

/// A filter in words, whether or not the workspace still has what it asks about.
pub fn describe_filter(condition: &Value, words: &Vocabulary) -> String {
    match document::read_alone(condition) {
        Some(read) if !read.is_always() => text::condition(&read, words),
        _ => String::new(),
    }
}

/// A fact's value in words, beside what it was compared with.
pub fn show_fact_beside(comparison: &Comparison, value: &FactValue, words: &Vocabulary) -> String {
    let beside = match value {
        FactValue::Number(actual) => text::number_beside(*actual, comparison.value.as_ref()),
        _ => None,
    };
    beside.unwrap_or_else(|| text::fact(&comparison.fact, value, words))
}

async fn insert(cx: &Cx, tx: &mut Tx, checked: RuleDocument, document: &Value) -> Result<Rule, Error> {
    let enabled = checked.starts_enabled;
    let rule =
        Rule { id: cx.id(), version: 1, enabled, updated_at: cx.now, of_schema: None, document: checked };
    if !store::insert(tx, cx.workspace, &rule, document).await? {
        return Err(Error::Changed(rule.document.key));
    }
    history::insert_version(tx, cx.workspace, (rule.id, 1), document, &cx.name, cx.now).await?;
    store::touch(tx, cx.workspace).await?;
    Ok(rule)
}

async fn replace(
    cx: &Cx,
    tx: &mut Tx,
    before: Rule,
    (checked, document): (RuleDocument, &Value),
    enabled_at: Option<Timestamp>,
) -> Result<Rule, Error> {
    let (version, enabled) = (before.version + 1, enabled_at.is_some());
    let after = Rule { version, enabled, updated_at: cx.now, document: checked, ..before };
    if !store::update(tx, cx.workspace, &after, document, enabled_at).await? {
        return Err(Error::Changed(after.document.key));
    }
    history::insert_version(tx, cx.workspace, (after.id, version), document, &cx.name, cx.now).await?;
    store::touch(tx, cx.workspace).await?;
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
    store::touch(tx, cx.workspace).await?;
    get(cx, tx, id).await
}

/// Finds a rule or says that there is none.
pub async fn get(cx: &Cx, tx: &mut Tx, id: RuleId) -> Result<Rule, Error> {
    store::find(tx, cx.workspace, id).await?.ok_or(Error::NotFound(id))
}

/// All rules in the order they run, with how often they matched lately.
pub async fn list(cx: &Cx, tx: &mut Tx) -> Result<Vec<RuleRow>, Error> {
    let words = vocabulary(cx, tx).await?;
    let listed = store::list(tx, cx.workspace, cx.now.before(COUNTED)).await?;
    let shown = |(rule, fired, fired_at, failed): store::Listed| {
        let text = text::rule(&rule.document, &words);
        RuleRow { rule, fired, fired_at, failed, text }
    };
    Ok(listed.into_iter().map(shown).collect())
}

/// The versions of a rule, newest first.
pub async fn versions(cx: &Cx, tx: &mut Tx, id: RuleId) -> Result<Vec<RuleVersion>, Error> {
    get(cx, tx, id).await?;
    let words = vocabulary(cx, tx).await?;
    let rows = history::versions(tx, cx.workspace, id, MAX_VERSIONS).await?;
    let shown = |row: history::VersionRow| RuleVersion {
        version: row.version,
        made_by: row.made_by,
        at: row.created_at,
        text: document::read(&row.document.0).map(|read| text::rule(&read, &words)).unwrap_or_default(),
        document: row.document.0,
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// All enabled rules, in the order they run.
pub async fn enabled(cx: &Cx, tx: &mut Tx) -> Result<Vec<Rule>, Error> {
    Ok(store::enabled(tx, cx.workspace).await?)
}

/// Keeps what was known when rules looked at an event.
pub async fn record_look(cx: &Cx, tx: &mut Tx, look: &Look) -> Result<(), Error> {
    Ok(history::insert_look(tx, cx.workspace, look).await?)
}

/// Forgets what was known before a time, a part at once; says how much that was.
pub async fn forget_looks(cx: &Cx, tx: &mut Tx, before: Timestamp, limit: i64) -> Result<u64, Error> {
    Ok(history::forget_looks(tx, cx.workspace, before, limit).await?)
}

/// The newest look at a conversation for a trigger.
pub async fn last_look(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    trigger: Trigger,
) -> Result<Option<Look>, Error> {
    Ok(history::last_look(tx, cx.workspace, conversation, trigger).await?)
}

/// What was known of the newest message of each of these conversations.
pub async fn newest_looks(cx: &Cx, tx: &mut Tx, ids: &[ConversationId]) -> Result<Vec<Look>, Error> {
    Ok(history::newest_looks(tx, cx.workspace, ids).await?)
}

/// What was known of messages in conversations from one identifier to another.
pub async fn message_looks(
    cx: &Cx,
    tx: &mut Tx,
    range: (ConversationId, ConversationId),
) -> Result<Vec<Look>, Error> {
    Ok(history::message_looks(tx, cx.workspace, range).await?)
}

/// Stores a run and what became of its actions; says whether it is the first for this rule and cause.
pub async fn record_run(
    cx: &Cx,
    tx: &mut Tx,
    cause: Cause,
    run: &Run,
    receipts: &[Receipt],
) -> Result<bool, Error> {
    Ok(store::insert_run(tx, cx.workspace, cause, (run, None), receipts, cx.now).await?)
}

/// Stores a run that a guard held back.
pub async fn record_held(cx: &Cx, tx: &mut Tx, cause: Cause, run: &Run, by: Guard) -> Result<bool, Error> {
    Ok(store::insert_run(tx, cx.workspace, cause, (run, Some(by)), &[], cx.now).await?)
}

/// Forgets a run that did nothing, so that its rule can look at the same entry at another time.
pub async fn forget_unmet(cx: &Cx, tx: &mut Tx, cause: Cause, rule: RuleId) -> Result<(), Error> {
    Ok(store::forget_unmet(tx, cx.workspace, cause, rule).await?)
}

/// Writes what became of one action of a run later than the others.
pub async fn update_receipt(
    cx: &Cx,
    tx: &mut Tx,
    cause: Cause,
    rule: RuleId,
    at: usize,
    receipt: Receipt,
) -> Result<(), Error> {
    let Some(mut receipts) = store::receipts(tx, cx.workspace, cause, rule).await? else { return Ok(()) };
    if let Some(place) = receipts.get_mut(at) {
        *place = receipt;
        store::set_receipts(tx, cx.workspace, cause, rule, &receipts).await?;
    }
    Ok(())
}

/// One action of a run, as the version that ran says it, with the run.
pub async fn run_action(
    cx: &Cx,
    tx: &mut Tx,
    cause: Cause,
    rule: RuleId,
    at: usize,
) -> Result<Option<(RunRow, Action)>, Error> {
    let runs = store::runs(tx, cx.workspace, cause.conversation, MAX_RUNS).await?;
    let Some(run) = runs.into_iter().find(|run| run.rule == rule && run.seq == cause.seq) else {
        return Ok(None);
    };
    let versions = history::versions(tx, cx.workspace, rule, i64::MAX).await?;
    let document = versions.into_iter().find(|row| row.version == run.version).map(|row| row.document.0);
    let read = document.and_then(|document| document::read(&document).ok());
    Ok(read.and_then(|read| read.then.get(at).cloned()).map(|action| (run, action)))
}

/// Workspaces with rules of time that are switched on.
pub async fn workspaces_with_time(tx: &mut Tx) -> Result<Vec<WorkspaceId>, Error> {
    Ok(store::workspaces_with_time(tx).await?)
}

/// Conversations in a state since `before` or longer that a rule of time has not dealt with, the longest
/// first; for a rule of the clock those that were open then.
pub async fn lasting(
    cx: &Cx,
    tx: &mut Tx,
    rule: &Rule,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<Lasting>, Error> {
    Ok(timers::lasting(tx, cx.workspace, rule, before, limit).await?)
}

/// Notes that a rule of time has dealt with a state of a conversation; says whether it had not before.
pub async fn settle_timer(
    cx: &Cx,
    tx: &mut Tx,
    rule: RuleId,
    conversation: ConversationId,
    since: Timestamp,
) -> Result<bool, Error> {
    Ok(history::settle_timer(tx, cx.workspace, (rule, conversation), since).await?)
}

/// Since when a rule is enabled.
pub async fn enabled_at(cx: &Cx, tx: &mut Tx, id: RuleId) -> Result<Option<Timestamp>, Error> {
    Ok(store::enabled_at(tx, cx.workspace, id).await?)
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
    /// Another rule has this key.
    #[error("there is a rule {0:?} already; give this one another key")]
    KeyTaken(String),
    /// It belongs to a workflow.
    #[error("this rule belongs to the workflow of the schema {0:?}; change it there")]
    OfWorkflow(String),
    /// Somebody saved another version while this one was edited.
    #[error("version {edited} was edited, but {:?} is at version {} now; both are here to compare", theirs.document.key, theirs.version)]
    Overtaken {
        /// What is stored.
        theirs: Box<Rule>,
        /// What was sent.
        yours: Value,
        /// The version it was made from.
        edited: i64,
    },
    /// The schemas could not be read.
    #[error(transparent)]
    Schema(#[from] schemas::Error),
    /// The hooks could not be read.
    #[error(transparent)]
    Hook(#[from] hooks::Error),
    /// The sequences could not be read.
    #[error(transparent)]
    Sequence(#[from] sequences::Error),
    /// The segments could not be read.
    #[error(transparent)]
    Segment(#[from] segments::Error),
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
            Error::Changed(_) | Error::KeyTaken(_) | Error::OfWorkflow(_) => {
                Self::new(ErrorCode::Conflict, error.to_string())
            }
            Error::Overtaken { ref theirs, ref yours, edited } => {
                let both = serde_json::json!({"theirs": theirs, "yours": yours, "edited_version": edited});
                Self::new(ErrorCode::Conflict, error.to_string()).with_conflict(both)
            }
            Error::Schema(error) => error.into(),
            Error::Hook(error) => error.into(),
            Error::Sequence(error) => error.into(),
            Error::Segment(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
