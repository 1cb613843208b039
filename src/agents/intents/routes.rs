//! Intents over HTTP: reading, writing, and trying a sentence.

use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::agents::intents::{self, IntentList};
use crate::agents::{Intent, Reader, Understanding};
use crate::base::clean_text;
use crate::http::{Json, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::language::intents::Classification;
use crate::language::steering::Verdict;

/// Longest sentence that is tried, in characters.
const MAX_TEXT: usize = 2_000;
/// Intents shown of those that were weighed.
const SHOWN: usize = 5;
/// How long a list is waited for to be learned; it goes on being learned after that.
const PATIENCE: Duration = Duration::from_secs(8);

/// The routes of this part.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(show, replace, reset)).routes(routes!(attempt))
}

/// Shows what customers ask for, with its examples.
#[utoipa::path(get, path = "/v1/intents", tag = "intents",
    responses((status = 200, body = IntentList), (status = 401, body = ProblemBody)))]
async fn show(
    State(site): State<Site>,
    Extension(understanding): Extension<Understanding>,
    caller: Caller,
) -> Result<Json<IntentList>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(intents::list(&cx, &mut tx, &understanding).await?))
}

/// A list of intents and the version it was made from.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewList {
    /// The version that was loaded.
    version: i64,
    /// All intents.
    intents: Vec<Intent>,
}

/// Replaces what customers ask for; the next message is understood by it.
#[utoipa::path(put, path = "/v1/intents", tag = "intents", request_body = NewList,
    responses((status = 200, body = IntentList), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn replace(
    State(site): State<Site>,
    Extension(understanding): Extension<Understanding>,
    caller: Caller,
    Json(new): Json<NewList>,
) -> Result<Json<IntentList>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let list = intents::replace(&cx, &mut tx, new.version, new.intents).await?;
    tx.commit().await?;
    // Most lists are learned before the answer; a long one goes on being learned, and words decide so long.
    learn(&understanding, list.intents.clone()).await;
    Ok(Json(list))
}

/// Goes back to the intents that come with the agent.
#[utoipa::path(delete, path = "/v1/intents", tag = "intents",
    responses((status = 204), (status = 403, body = ProblemBody)))]
async fn reset(State(site): State<Site>, caller: Caller) -> Result<StatusCode, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    intents::reset(&cx, &mut tx).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A sentence to try.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Attempt {
    /// What a customer might write.
    text: String,
    /// A list that is not saved yet; absent: the workspace's.
    #[serde(default)]
    intents: Option<Vec<Intent>>,
}

/// What a sentence was taken for, and why.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct Tried {
    /// The intent; none if it has none of them.
    best: Option<Weighed>,
    /// All intents it has; more than one where it says several things.
    present: Vec<Weighed>,
    /// The likeliest intents.
    ranked: Vec<Weighed>,
    /// What speaks for none of them.
    none: NoneOfThem,
    /// The examples that spoke most for the likeliest intent.
    because: Vec<Spoke>,
    /// Whether it tries to steer the agent.
    #[schema(value_type = Object)]
    steering: Verdict,
    /// How long it took, in microseconds.
    micros: u64,
    /// What was compared.
    by: Reader,
}

/// An intent and how sure it is.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct Weighed {
    /// Its key.
    intent: String,
    /// Its name.
    label: String,
    /// 0 to 1.
    confidence: f64,
}

/// What speaks for none of the intents.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct NoneOfThem {
    /// The probability that it has none.
    confidence: f64,
    /// How well known such a sentence is.
    familiarity: f64,
    /// Below this familiarity, it has none.
    threshold: f64,
}

/// An example that spoke for an intent.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct Spoke {
    /// For which.
    intent: String,
    /// Its words.
    example: String,
    /// How like the sentence it is, 0 to 1.
    likeness: f64,
}

/// Takes a sentence for one of the intents, and says why.
#[utoipa::path(post, path = "/v1/intents/try", tag = "intents", request_body = Attempt,
    responses((status = 200, body = Tried), (status = 422, body = ProblemBody)))]
async fn attempt(
    State(site): State<Site>,
    Extension(understanding): Extension<Understanding>,
    caller: Caller,
    Json(attempt): Json<Attempt>,
) -> Result<Json<Tried>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let text = clean_text(&attempt.text, MAX_TEXT)?.into_string();
    let list = match attempt.intents {
        Some(list) => intents::check(list)?,
        None => {
            let mut tx = site.ports.db.read().await?;
            intents::list(&cx, &mut tx, &understanding).await?.intents
        }
    };
    learn(&understanding, list.clone()).await;
    let work = tokio::task::spawn_blocking(move || {
        let started = Instant::now();
        let (found, by) = understanding.classify(&list, &text);
        let steering = understanding.judge(&text);
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        tell(&list, found, by, steering, micros)
    });
    Ok(Json(work.await.map_err(|error| Problem::internal(&error))?))
}

fn tell(list: &[Intent], found: Classification, by: Reader, steering: Verdict, micros: u64) -> Tried {
    let weighed = |(key, confidence): &(String, f64)| Weighed {
        intent: key.clone(),
        label: list
            .iter()
            .find(|intent| intent.key == *key)
            .map(|intent| intent.label.clone())
            .unwrap_or_default(),
        confidence: *confidence,
    };
    let likeliest = found.ranked.first().map(|(key, _)| key.clone()).unwrap_or_default();
    Tried {
        best: found.best.as_ref().map(weighed),
        present: found.present.iter().map(weighed).collect(),
        ranked: found.ranked.iter().take(SHOWN).map(weighed).collect(),
        none: NoneOfThem { confidence: found.none_score, familiarity: found.familiarity, threshold: 0.0 },
        because: found
            .because
            .into_iter()
            .map(|spoke| Spoke {
                intent: likeliest.clone(),
                example: spoke.example,
                likeness: spoke.likeness,
            })
            .collect(),
        steering,
        micros,
        by,
    }
}

/// Learns a list beside the sockets and waits for it a while.
async fn learn(understanding: &Understanding, list: Vec<Intent>) {
    let understanding = understanding.clone();
    let work = tokio::task::spawn_blocking(move || understanding.learn(&list));
    if !matches!(tokio::time::timeout(PATIENCE, work).await, Ok(Ok(()))) {
        tracing::info!("a list of intents was not learned in time; words decide until it is");
    }
}
