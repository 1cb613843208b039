//! Cases that an agent must get right: those of its role, and a business's own, most of them from drafts that
//! people corrected. Together they are what a new version is held against.

mod model;
mod routes;
mod store;

use std::collections::HashMap;

pub use model::{Came, Closer, Expects};
pub use routes::routes;

use crate::agents::Agent;
use crate::agents::bundles::Standing;
use crate::base::{DraftId, EvalCaseId, Timestamp, clean_text};
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::MAX_BODY_CHARS;

/// Most cases of a business.
const MAX_CASES: i64 = 500;
/// Longest name, and most messages of a case, and most words that it expects.
const MAX_NAME: usize = 200;
const MAX_SAID: usize = 20;
const MAX_WORDS: usize = 50;

crate::word_enum! {
    /// Where a case comes from.
    pub enum CaseOrigin {
        /// It came with the role.
        Role = "role",
        /// From a draft that was corrected.
        Correction = "correction",
        /// A person wrote it.
        Person = "person",
    }
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// By the customer, and not by the business.
    pub customer: bool,
    /// The words.
    pub text: String,
}

/// Something that an agent must get right.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Case {
    /// Names it: an identifier, or for one of the role's `role:` and its word.
    pub id: String,
    /// What it is about.
    pub name: String,
    /// What was said, oldest first; the last is the customer's.
    pub said: Vec<Line>,
    /// What must come of it.
    pub expects: Expects,
    /// Where it comes from.
    pub origin: CaseOrigin,
    /// The draft that was corrected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<DraftId>,
    /// When it was added; absent for those of the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_name: Option<String>,
}

/// How a case went.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Outcome {
    /// Whether all came that is expected.
    pub passed: bool,
    /// What did not, in words.
    pub failures: Vec<String>,
    /// The reply.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// All cases of an agent: those of its role, then the business's own, the oldest first.
pub async fn list(cx: &Cx, tx: &mut Tx, agent: &Agent) -> Result<Vec<Case>, Error> {
    let own = store::all(tx, cx.workspace, MAX_CASES).await?;
    let role = agent.samples.iter().map(|sample| Case {
        id: format!("role:{}", sample.key),
        name: sample.asked.clone(),
        said: vec![Line { customer: true, text: sample.asked.clone() }],
        expects: Expects::from(sample),
        origin: CaseOrigin::Role,
        draft: None,
        at: None,
        by_name: None,
    });
    Ok(role.chain(own).collect())
}

/// A case to be added.
#[derive(Debug, Clone, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCase {
    /// What it is about.
    pub name: String,
    /// What was said, oldest first; the last is the customer's.
    pub said: Vec<Line>,
    /// What must come of it.
    pub expects: Expects,
}

/// Adds a case that a person wrote.
pub async fn add(cx: &Cx, tx: &mut Tx, new: NewCase) -> Result<Case, Error> {
    insert(cx, tx, new, CaseOrigin::Person, None).await
}

/// Adds a case from a draft that was corrected.
pub async fn from_draft(
    cx: &Cx,
    tx: &mut Tx,
    draft: DraftId,
    said: Vec<(bool, String)>,
    expects: Expects,
) -> Result<Case, Error> {
    let mut said: Vec<Line> = said.into_iter().map(|(customer, text)| Line { customer, text }).collect();
    said.drain(..said.len().saturating_sub(MAX_SAID));
    let name = said.last().map(|line| line.text.chars().take(MAX_NAME).collect()).unwrap_or_default();
    insert(cx, tx, NewCase { name, said, expects }, CaseOrigin::Correction, Some(draft)).await
}

async fn insert(
    cx: &Cx,
    tx: &mut Tx,
    new: NewCase,
    origin: CaseOrigin,
    draft: Option<DraftId>,
) -> Result<Case, Error> {
    let new = check(new)?;
    if store::count(tx, cx.workspace).await? >= MAX_CASES {
        return Err(invalid("cases", format!("a business has at most {MAX_CASES}; delete some first")));
    }
    let id: EvalCaseId = cx.id();
    let case = Case {
        id: id.to_string(),
        name: new.name,
        said: new.said,
        expects: new.expects,
        origin,
        draft,
        at: Some(cx.now),
        by_name: Some(cx.name.clone()),
    };
    store::add(tx, cx.workspace, id, &case, (cx.now, &cx.name)).await?;
    Ok(case)
}

fn check(mut new: NewCase) -> Result<NewCase, Error> {
    new.name = clean("name", &new.name, MAX_NAME)?.split_whitespace().collect::<Vec<_>>().join(" ");
    if !(1..=MAX_SAID).contains(&new.said.len()) || !new.said.last().is_some_and(|last| last.customer) {
        return Err(invalid(
            "said",
            format!("give 1 to {MAX_SAID} messages; the last one is the customer's"),
        ));
    }
    for line in &mut new.said {
        line.text = clean("said", &line.text, MAX_BODY_CHARS)?;
    }
    let expects = &mut new.expects;
    if expects.is_empty() {
        return Err(invalid("expects", "say what must come of it".to_owned()));
    }
    if expects.says.len() > MAX_WORDS || expects.never.len() > MAX_WORDS {
        return Err(invalid("expects", format!("give at most {MAX_WORDS} words")));
    }
    for words in expects.says.iter_mut().chain(&mut expects.never) {
        *words = clean("expects", words, MAX_NAME)?;
    }
    for text in expects.closer.iter_mut().map(|closer| &mut closer.text).chain(&mut expects.unlike) {
        *text = clean("expects", text, MAX_BODY_CHARS)?;
    }
    Ok(new)
}

fn clean(place: &str, text: &str, limit: usize) -> Result<String, Error> {
    clean_text(text, limit)
        .map(|clean| clean.into_string())
        .map_err(|fault| invalid(place, fault.to_string()))
}

fn invalid(place: &str, problem: String) -> Error {
    Error::Invalid { place: place.to_owned(), problem }
}

/// Deletes a business's own case.
pub async fn delete(cx: &Cx, tx: &mut Tx, id: EvalCaseId) -> Result<(), Error> {
    match store::delete(tx, cx.workspace, id).await? {
        true => Ok(()),
        false => Err(Error::NotFound),
    }
}

/// Keeps how cases went with an agent of this content.
pub async fn keep(cx: &Cx, tx: &mut Tx, hash: &str, outcomes: &[(String, Outcome)]) -> Result<(), Error> {
    for (case, outcome) in outcomes {
        store::keep_result(tx, cx.workspace, hash, (case, outcome)).await?;
    }
    Ok(())
}

/// How each case last went with an agent of this content.
pub async fn results(cx: &Cx, tx: &mut Tx, hash: &str) -> Result<HashMap<String, Outcome>, Error> {
    Ok(store::results(tx, cx.workspace, hash).await?)
}

/// How an agent stands beside another, and which cases fail that passed.
pub fn compare(
    cases: &[Case],
    after: &HashMap<String, Outcome>,
    before: &HashMap<String, Outcome>,
) -> (Standing, Vec<String>) {
    let passes = |of: &HashMap<String, Outcome>, id: &str| of.get(id).is_some_and(|outcome| outcome.passed);
    let count = |test: &dyn Fn(&Case) -> bool| {
        i64::try_from(cases.iter().filter(|case| test(case)).count()).unwrap_or(i64::MAX)
    };
    let standing = Standing {
        cases: count(&|_| true),
        run: count(&|case| after.contains_key(&case.id)),
        passed: count(&|case| passes(after, &case.id)),
        passed_before: count(&|case| passes(before, &case.id)),
    };
    let worse = cases
        .iter()
        .filter(|case| passes(before, &case.id) && after.contains_key(&case.id) && !passes(after, &case.id))
        .map(|case| case.name.clone());
    (standing, worse.collect())
}

/// Why something about cases was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such case.
    #[error("there is no such case")]
    NotFound,
    /// A value is not valid.
    #[error("{place}: {problem}")]
    Invalid {
        /// Where.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The store failed.
    #[error("cases storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        use crate::protocol::ErrorCode;
        match error {
            Error::NotFound => Self::not_found(),
            Error::Invalid { .. } => Self::new(ErrorCode::InvalidValue, error.to_string()),
            Error::Db(error) => error.into(),
        }
    }
}
