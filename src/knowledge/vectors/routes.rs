//! The state of the vectors over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::{Json, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::knowledge::vectors::{self, IndexStatus};

/// The routes of this part.
pub(in crate::knowledge) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(show)).routes(routes!(retry))
}

/// Tells how many passages can be found by their meaning.
#[utoipa::path(get, path = "/v1/knowledge/index", tag = "knowledge",
    responses((status = 200, body = IndexStatus), (status = 401, body = ProblemBody)))]
async fn show(State(site): State<Site>, caller: Caller) -> Result<Json<IndexStatus>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(vectors::status(&site.ports, &cx, &mut tx).await?))
}

/// Tries the passages again that the model gave no vector for.
#[utoipa::path(post, path = "/v1/knowledge/index/retry", tag = "knowledge",
    responses((status = 202), (status = 403, body = ProblemBody)))]
async fn retry(State(site): State<Site>, caller: Caller) -> Result<StatusCode, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    vectors::retry(&cx, &mut tx).await?;
    tx.commit().await?;
    Ok(StatusCode::ACCEPTED)
}
