//! Cases over HTTP: all of them with how they last went, adding and deleting.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::agents::Understanding;
use crate::agents::bundles::{self, Standing};
use crate::agents::cases::{self, Case, NewCase, Outcome};
use crate::base::EvalCaseId;
use crate::http::{Json, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::workspaces;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(delete))
}

/// All cases, and how they stand.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct CasesBody {
    /// Case by case: those of the role, then the business's own.
    items: Vec<CaseBody>,
    /// How what is edited stands beside what drafts now; absent where nothing is edited.
    #[serde(skip_serializing_if = "Option::is_none")]
    standing: Option<Standing>,
    /// Cases that fail with what is edited and pass with what drafts now.
    worse: Vec<String>,
}

/// A case, and how it last went.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct CaseBody {
    /// The case.
    #[serde(flatten)]
    case: Case,
    /// With what drafts now; absent: it was not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<Outcome>,
    /// With what is edited.
    #[serde(skip_serializing_if = "Option::is_none")]
    draft: Option<Outcome>,
}

/// Lists the cases that the agent must get right, with how they last went with what drafts now and with what is
/// edited.
#[utoipa::path(get, path = "/v1/agent/evals", tag = "agent",
    responses((status = 200, body = CasesBody), (status = 403, body = ProblemBody)))]
async fn list(
    State(site): State<Site>,
    Extension(understanding): Extension<Understanding>,
    caller: Caller,
) -> Result<Json<CasesBody>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let own = workspaces::get(&mut tx, cx.workspace).await?.agent;
    let live = bundles::of_workspace(&cx, &mut tx, &understanding, &own, None).await?;
    let edited = bundles::copy(&cx, &mut tx).await?;
    let all = cases::list(&cx, &mut tx, &live).await?;
    let mut of_live = cases::results(&cx, &mut tx, &live.bundle().hash(&live.key)).await?;
    let mut of_draft = match &edited {
        None => Default::default(),
        Some(copy) => cases::results(&cx, &mut tx, &copy.bundle.hash(&copy.agent)).await?,
    };
    let (standing, worse) = cases::compare(&all, &of_draft, &of_live);
    let items = all
        .into_iter()
        .map(|case| CaseBody { live: of_live.remove(&case.id), draft: of_draft.remove(&case.id), case })
        .collect();
    Ok(Json(CasesBody { items, standing: edited.map(|_| standing), worse }))
}

/// Adds a case.
#[utoipa::path(post, path = "/v1/agent/evals", tag = "agent", request_body = NewCase,
    responses((status = 201, body = Case), (status = 403, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn add(
    State(site): State<Site>,
    caller: Caller,
    Json(new): Json<NewCase>,
) -> Result<(StatusCode, Json<Case>), Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let case = cases::add(&cx, &mut tx, new).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(case)))
}

/// Deletes a case of the business's own.
#[utoipa::path(delete, path = "/v1/agent/evals/{id}", tag = "agent", params(("id" = EvalCaseId, Path)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn delete(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<EvalCaseId>,
) -> Result<StatusCode, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    cases::delete(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
