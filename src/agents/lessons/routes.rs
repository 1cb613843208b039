//! Lessons over HTTP: what waits to be looked at, what was learned, and the decision.

use axum::Extension;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::agents::Understanding;
use crate::agents::lessons::{self, Effect, LessonKind, Offered, Taken, Verdict};
use crate::base::DraftId;
use crate::http::{Json, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};

/// The routes of this part.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(decide))
}

/// Lessons, as a workspace sees them.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct LessonsBody {
    /// Corrections that nobody has looked at, the newest first; the same is offered once.
    offered: Vec<Offered>,
    /// What was learned, the newest first.
    learned: Vec<LearnedBody>,
}

/// Something that was learned, and what it changed.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct LearnedBody {
    /// What was learned.
    #[serde(flatten)]
    taken: Taken,
    /// How drafts of its intent went out before and since; absent while it does not work yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<Effect>,
}

/// Lists what people's corrections could teach, and what was learned from them.
#[utoipa::path(get, path = "/v1/agent/lessons", tag = "agent",
    responses((status = 200, body = LessonsBody), (status = 403, body = ProblemBody)))]
async fn list(State(site): State<Site>, caller: Caller) -> Result<Json<LessonsBody>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let (offered, learned) = lessons::list(&cx, &mut tx).await?;
    let learned = learned.into_iter().map(|(taken, effect)| LearnedBody { taken, effect }).collect();
    Ok(Json(LessonsBody { offered, learned }))
}

/// Takes what a correction teaches, or dismisses it. An example joins what is edited of the agent, a case the
/// regression suite, a patch changes its document.
#[utoipa::path(post, path = "/v1/agent/lessons/{id}/{kind}", tag = "agent",
    params(("id" = DraftId, Path), ("kind" = LessonKind, Path)), request_body = Verdict,
    responses((status = 200, body = Taken), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn decide(
    State(site): State<Site>,
    Extension(understanding): Extension<Understanding>,
    caller: Caller,
    Path((draft, kind)): Path<(DraftId, LessonKind)>,
    Json(verdict): Json<Verdict>,
) -> Result<Json<Taken>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let taken = lessons::decide(&cx, &mut tx, &understanding, (draft, kind), verdict).await?;
    tx.commit().await?;
    Ok(Json(taken))
}
