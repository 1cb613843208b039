//! Edits that teach: each corrected draft is offered as an example, as a case that must go right, and where a
//! fact was changed as a patch of the document that states it. A person accepts or dismisses each; what it
//! changed is measured.
//!
//! Invariants: nothing is learned by itself; a lesson is decided once; names of customers are left out.

mod model;
mod routes;
mod store;

use std::collections::HashSet;

pub use model::{Candidate, Effect, LessonKind, Patch};
pub use routes::routes;

use crate::agents::bundles::{self, Shot};
use crate::agents::{Understanding, cases};
use crate::base::{DraftId, Timestamp};
use crate::knowledge::{self, NewDocument};
use crate::ports::db::FromRow;
use crate::ports::{Cx, DbError, Tx};
use crate::{drafts, workspaces};

/// Corrected drafts that are looked at.
const LOOKED_AT: i64 = 200;
/// Candidates that are shown.
const SHOWN: usize = 30;
/// How far back the effect is measured, in microseconds: 180 days.
const MEASURED: i64 = 180 * 86_400_000_000;

crate::word_enum! {
    /// What became of a lesson.
    pub enum LessonState {
        /// A person took it.
        Accepted = "accepted",
        /// A person did not.
        Dismissed = "dismissed",
    }
}

/// What became of a lesson.
#[derive(Debug, Clone, PartialEq, FromRow, serde::Serialize, utoipa::ToSchema)]
pub struct Taken {
    /// The draft that taught it.
    #[sqlx(rename = "draft_id")]
    pub draft: DraftId,
    /// As what.
    pub kind: LessonKind,
    /// Whether it was taken.
    pub state: LessonState,
    /// The intent it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// Names what it teaches.
    #[serde(skip)]
    pub hash: String,
    /// What was learned, in a few words.
    pub says: String,
    /// Who decided.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
    /// Since when it works; absent: an example waits for the next version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub works_since: Option<Timestamp>,
}

/// What waits to be looked at, and what was learned, with its effect.
pub async fn list(cx: &Cx, tx: &mut Tx) -> Result<(Vec<Offered>, Vec<(Taken, Option<Effect>)>), Error> {
    let taken = store::taken(tx, cx.workspace).await?;
    let corrected = drafts::corrected(cx, tx, None, LOOKED_AT).await?;
    let mut known: HashSet<(String, LessonKind)> =
        taken.iter().map(|one| (one.hash.clone(), one.kind)).collect();
    let mut offered = Vec::new();
    for candidate in corrected.into_iter().map(Candidate::of) {
        let open: Vec<LessonKind> = LessonKind::ALL
            .iter()
            .copied()
            .filter(|kind| candidate.has(*kind) && known.insert((candidate.hash.clone(), *kind)))
            .collect();
        if !open.is_empty() && offered.len() < SHOWN {
            offered.push(Offered { candidate, open });
        }
    }
    let since = Timestamp::from_micros(cx.now.as_micros() - MEASURED);
    let outcomes = drafts::outcomes(cx, tx, since).await?;
    let measured = taken.into_iter().filter(|one| one.state == LessonState::Accepted).map(|one| {
        let effect = match (&one.intent, one.works_since) {
            (Some(intent), Some(since)) => Some(Effect::of(&outcomes, intent, since)),
            _ => None,
        };
        (one, effect)
    });
    Ok((offered, measured.collect()))
}

/// A correction, and what of it waits to be looked at.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Offered {
    /// The correction.
    #[serde(flatten)]
    pub candidate: Candidate,
    /// What it could become and nobody has decided.
    pub open: Vec<LessonKind>,
}

/// What a person makes of a lesson: as it is offered, or in their own words.
#[derive(Debug, Clone, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Whether it is taken.
    pub accept: bool,
    /// The example in other words.
    #[serde(default)]
    pub example: Option<Shot>,
    /// How the document should stand, in other words.
    #[serde(default)]
    pub to: Option<String>,
}

/// Takes a lesson or dismisses it.
pub async fn decide(
    cx: &Cx,
    tx: &mut Tx,
    understanding: &Understanding,
    (draft, kind): (DraftId, LessonKind),
    verdict: Verdict,
) -> Result<Taken, Error> {
    workspaces::hold(cx, tx).await?;
    drafts::get(cx, tx, draft).await?;
    let found = drafts::corrected(cx, tx, Some(draft), 1).await?.pop().ok_or(Error::NothingToLearn)?;
    let candidate = Candidate::of(found);
    if !candidate.has(kind) {
        return Err(Error::NothingToLearn);
    }
    let mut taken = Taken {
        draft,
        kind,
        state: if verdict.accept { LessonState::Accepted } else { LessonState::Dismissed },
        intent: candidate.intent.clone(),
        hash: candidate.hash.clone(),
        says: candidate.asked.chars().take(200).collect(),
        by_name: cx.name.clone(),
        at: cx.now,
        works_since: None,
    };
    if verdict.accept {
        taken.works_since = (kind != LessonKind::Example).then_some(cx.now);
        taken.says =
            learn(cx, tx, understanding, candidate, kind, verdict).await?.chars().take(200).collect();
    }
    match store::add(tx, cx.workspace, &taken).await? {
        true => Ok(taken),
        false => Err(Error::Decided),
    }
}

/// Learns one thing; says it in a few words.
async fn learn(
    cx: &Cx,
    tx: &mut Tx,
    understanding: &Understanding,
    candidate: Candidate,
    kind: LessonKind,
    verdict: Verdict,
) -> Result<String, Error> {
    match kind {
        LessonKind::Example => {
            let shot = verdict.example.or(candidate.example).ok_or(Error::NothingToLearn)?;
            let says = shot.answer.clone();
            bundles::add_example(cx, tx, understanding, shot).await?;
            Ok(says)
        }
        LessonKind::Case => {
            let expects = candidate.case.ok_or(Error::NothingToLearn)?;
            let case = cases::from_draft(cx, tx, candidate.draft, candidate.said, expects).await?;
            Ok(case.name)
        }
        LessonKind::Knowledge => {
            let patch = candidate.knowledge.ok_or(Error::NothingToLearn)?;
            let to = verdict.to.unwrap_or(patch.to);
            let document = knowledge::get(cx, tx, patch.document).await?;
            if document.body.matches(&patch.from).count() != 1 {
                return Err(Error::NotThere(patch.title));
            }
            let body = document.body.replacen(&patch.from, &to, 1);
            let new = NewDocument { title: document.title, body, language: None };
            knowledge::update(cx, tx, patch.document, new).await?;
            Ok(to)
        }
    }
}

/// Notes that the accepted examples draft from now on.
pub async fn works(cx: &Cx, tx: &mut Tx) -> Result<(), Error> {
    Ok(store::works(tx, cx.workspace, cx.now).await?)
}

/// Why something about a lesson was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The draft was neither edited nor rejected, or not in this way.
    #[error("this draft teaches nothing of this kind")]
    NothingToLearn,
    /// Somebody was first.
    #[error("somebody has decided this already")]
    Decided,
    /// The document has changed.
    #[error("“{0}” does not hold these words once any more; change it by hand")]
    NotThere(String),
    /// Drafts refused.
    #[error(transparent)]
    Draft(#[from] drafts::Error),
    /// The agent refused.
    #[error(transparent)]
    Bundle(#[from] bundles::Error),
    /// Cases refused.
    #[error(transparent)]
    Case(#[from] cases::Error),
    /// Knowledge refused.
    #[error(transparent)]
    Knowledge(#[from] knowledge::Error),
    /// The workspace is not there.
    #[error(transparent)]
    Workspace(#[from] workspaces::Error),
    /// The store failed.
    #[error("lessons storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        use crate::protocol::ErrorCode;
        match error {
            Error::NothingToLearn => Self::not_found(),
            Error::Decided | Error::NotThere(_) => Self::new(ErrorCode::Conflict, error.to_string()),
            Error::Draft(error) => error.into(),
            Error::Bundle(error) => error.into(),
            Error::Case(error) => error.into(),
            Error::Knowledge(error) => error.into(),
            Error::Workspace(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
