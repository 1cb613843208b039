//! Running cases over HTTP: a few at a time, so that a caller sees how far it is and may stop.

use std::collections::HashSet;

use axum::Extension;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::agents::cases::{self, Outcome};
use crate::http::{Json, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::pipeline::Library;
use crate::pipeline::evals;
use crate::pipeline::studio::{Ground, Which};
use crate::protocol::ErrorCode;

/// Cases that one call runs.
const AT_ONCE: usize = 20;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(run))
}

/// Which cases are run with which agent.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct RunBody {
    /// Which agent.
    #[serde(default)]
    of: Which,
    /// The cases by their names, 1 to 20.
    cases: Vec<String>,
}

/// How cases went.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct RunPage {
    /// Case by case.
    items: Vec<RanBody>,
}

/// How a case went.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct RanBody {
    /// Which case.
    case: String,
    /// How it went.
    #[serde(flatten)]
    outcome: Outcome,
}

/// Runs cases with what drafts now, a version, or a bundle that is not saved, and keeps how they went. Models are
/// asked where they have not answered the same before.
#[utoipa::path(post, path = "/v1/agent/evals/run", tag = "agent", request_body = RunBody,
    responses((status = 200, body = RunPage), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
async fn run(
    State(site): State<Site>,
    Extension(library): Extension<Library>,
    caller: Caller,
    Json(body): Json<RunBody>,
) -> Result<Json<RunPage>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    if !(1..=AT_ONCE).contains(&body.cases.len()) {
        let detail = format!("cases: name 1 to {AT_ONCE} of them");
        return Err(Problem::new(ErrorCode::InvalidField, detail));
    }
    let mut tx = site.ports.db.read().await?;
    let ground = Ground::read(&library, &cx, &mut tx).await?;
    let agent = body.of.find(&library, &cx, &mut tx, &ground.workspace.agent).await?;
    let mut all = cases::list(&cx, &mut tx, &agent).await?;
    drop(tx);
    let wanted: HashSet<&String> = body.cases.iter().collect();
    all.retain(|case| wanted.contains(&case.id));
    if all.is_empty() {
        return Err(Problem::not_found());
    }
    let ran = evals::run(&site, &library, &cx, &ground, agent, &all).await?;
    let items = ran.into_iter().map(|(case, outcome)| RanBody { case, outcome }).collect();
    Ok(Json(RunPage { items }))
}
