//! A business's own intents: what its customers ask for, in their words.
//!
//! Until a business edits them, those of its agent hold. Invariants: a list is replaced as a whole, and only
//! by somebody who saw the one before (its version); what is stored was checked.

mod routes;
mod store;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use routes::routes;

use crate::agents::{Agent, Intent, Understanding};
use crate::base::{Timestamp, clean_text};
use crate::ports::{Cx, DbError, Tx};
use crate::workspaces;

const MAX_INTENTS: usize = 200;
const MAX_EXAMPLES: usize = 200;
const MAX_IN_ALL: usize = 2_000;
const MAX_EXAMPLE: usize = 500;
const MAX_LABEL: usize = 80;
const MAX_KEY: usize = 64;

/// A workspace's intents.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct IntentList {
    /// Rises by one with every change; 0 for the agent's own.
    pub version: i64,
    /// Whose they are.
    pub origin: Origin,
    /// The intents.
    pub intents: Vec<Intent>,
    /// When they were last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
}

/// Whose a list of intents is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It came with the agent.
    Agent,
    /// The business wrote it.
    Workspace,
}

/// The intents of a workspace.
pub async fn list(cx: &Cx, tx: &mut Tx, understanding: &Understanding) -> Result<IntentList, Error> {
    if let Some(own) = store::find(tx, cx.workspace).await? {
        return Ok(own);
    }
    let workspace = workspaces::get(tx, cx.workspace).await?;
    let intents = understanding.agent(&workspace.agent).intents.clone();
    Ok(IntentList { version: 0, origin: Origin::Agent, intents, updated_at: None })
}

/// Replaces a workspace's intents, if they still are at the version the caller saw.
pub async fn replace(cx: &Cx, tx: &mut Tx, version: i64, intents: Vec<Intent>) -> Result<IntentList, Error> {
    let intents = check(intents)?;
    let list = IntentList {
        version: version.saturating_add(1),
        origin: Origin::Workspace,
        intents,
        updated_at: Some(cx.now),
    };
    match store::replace(tx, cx.workspace, version, &list, cx.now).await? {
        true => Ok(list),
        false => Err(Error::Changed),
    }
}

/// Goes back to the agent's intents.
pub async fn reset(cx: &Cx, tx: &mut Tx) -> Result<(), Error> {
    Ok(store::delete(tx, cx.workspace).await?)
}

/// The agent of a workspace with the business's own intents, if it has any.
pub async fn of_workspace(cx: &Cx, tx: &mut Tx, agent: Arc<Agent>) -> Result<Arc<Agent>, Error> {
    Ok(match store::find(tx, cx.workspace).await? {
        Some(own) => Arc::new(Agent { intents: own.intents, ..(*agent).clone() }),
        None => agent,
    })
}

/// Cleans what was written and refuses what cannot be learned from.
pub(super) fn check(mut intents: Vec<Intent>) -> Result<Vec<Intent>, Error> {
    let wrong = |place: String, problem: String| Err(Error::Invalid { place, problem });
    if !(1..=MAX_INTENTS).contains(&intents.len()) {
        return wrong("intents".to_owned(), format!("give 1 to {MAX_INTENTS} intents"));
    }
    let mut keys = BTreeSet::new();
    let mut in_all = 0;
    for (number, intent) in intents.iter_mut().enumerate() {
        let at = |field: &str| format!("intents[{number}].{field}");
        let letters = |key: &str| key.chars().all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '_'));
        if intent.key.is_empty() || intent.key.len() > MAX_KEY || !letters(&intent.key) {
            return wrong(at("key"), format!("use 1 to {MAX_KEY} small letters, digits and underscores"));
        }
        if !keys.insert(intent.key.clone()) {
            return wrong(at("key"), format!("{:?} is there twice", intent.key));
        }
        intent.label = clean(at("label"), &intent.label, MAX_LABEL)?;
        if !(1..=MAX_EXAMPLES).contains(&intent.examples.len()) {
            return wrong(at("examples"), format!("give 1 to {MAX_EXAMPLES} examples"));
        }
        in_all += intent.examples.len();
        for (place, example) in intent.examples.iter_mut().enumerate() {
            *example = clean(at(&format!("examples[{place}]")), example, MAX_EXAMPLE)?;
        }
    }
    match in_all > MAX_IN_ALL {
        true => wrong("intents".to_owned(), format!("give at most {MAX_IN_ALL} examples in all")),
        false => Ok(intents),
    }
}

fn clean(place: String, text: &str, limit: usize) -> Result<String, Error> {
    match clean_text(text, limit) {
        Ok(text) => Ok(text.into_string().split_whitespace().collect::<Vec<_>>().join(" ")),
        Err(fault) => Err(Error::Invalid { place, problem: fault.to_string() }),
    }
}

/// Why something about intents was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value is not valid.
    #[error("{place}: {problem}")]
    Invalid {
        /// Where in the list.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Somebody changed the list in the meantime.
    #[error("the intents were changed by somebody else; load them again")]
    Changed,
    /// The workspace is not there.
    #[error(transparent)]
    Workspace(#[from] workspaces::Error),
    /// The store failed.
    #[error("intents storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        use crate::protocol::ErrorCode;
        match error {
            Error::Invalid { .. } => Self::new(ErrorCode::InvalidValue, error.to_string()),
            Error::Changed => Self::new(ErrorCode::Conflict, error.to_string()),
            Error::Workspace(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent(key: &str, label: &str, example: &str) -> Intent {
        Intent {
            key: key.to_owned(),
            label: label.to_owned(),
            examples: vec![example.to_owned()],
            needs: Vec::new(),
            sensitive: false,
            sensitive_because: String::new(),
        }
    }

    #[test]
    fn what_cannot_be_learned_from_is_refused_with_its_place() {
        let problem = |intents| check(intents).err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(problem(Vec::new()), "intents: give 1 to 200 intents");
        assert!(problem(vec![intent("Book", "Book", "x")]).starts_with("intents[0].key: use 1 to 64"));
        let twice = vec![intent("a", "A", "x"), intent("a", "B", "y")];
        assert_eq!(problem(twice), "intents[1].key: \"a\" is there twice");
        assert!(problem(vec![intent("a", "A", " ")]).starts_with("intents[0].examples[0]: "));
        assert!(problem(vec![intent("a", &"x".repeat(81), "x")]).starts_with("intents[0].label: "));
        let many = Intent { examples: vec!["x".to_owned(); 200], ..intent("a", "A", "x") };
        let eleven = (0..11).map(|n| Intent { key: format!("k{n}"), ..many.clone() }).collect();
        assert_eq!(problem(eleven), "intents: give at most 2000 examples in all");
        assert_eq!(
            check(vec![intent("a", " A  b ", "x\n y")]).map(|list| list[0].clone()).ok(),
            Some(intent("a", "A b", "x y"))
        );
    }
}
