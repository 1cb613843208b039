//! Gaps over HTTP.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::{DocumentId, GapId};
use crate::http::{Json, Path, Problem, ProblemBody, Query};
use crate::identity::{Caller, Permission, Site};
use crate::knowledge::gaps::{Example, Gap};

/// The routes of gaps.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(close))
        .routes(routes!(reopen))
}

/// Which gaps are wanted.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct GapQuery {
    /// The closed ones instead of the open ones.
    #[serde(default)]
    closed: bool,
}

/// Gaps, and how many are open.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct Gaps {
    /// The gaps, most asked first.
    items: Vec<Gap>,
    /// How many are open.
    open: i64,
}

/// A gap with the times it was asked.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct GapView {
    /// The gap.
    #[serde(flatten)]
    gap: Gap,
    /// The times it was asked, newest first.
    examples: Vec<Example>,
}

/// How a gap is closed.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Closing {
    /// The document that answers it now; absent: it needs no answer.
    #[serde(default)]
    document: Option<DocumentId>,
}

/// Lists customers' questions that nothing answers, most asked first, at most 200.
#[utoipa::path(get, path = "/v1/knowledge/gaps", tag = "knowledge", params(GapQuery),
    responses((status = 200, body = Gaps), (status = 401, body = ProblemBody)))]
async fn list(
    State(site): State<Site>,
    caller: Caller,
    Query(query): Query<GapQuery>,
) -> Result<Json<Gaps>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let items = super::list(&cx, &mut tx, query.closed).await?;
    Ok(Json(Gaps { items, open: super::count_open(&cx, &mut tx).await? }))
}

/// Shows a gap with the times it was asked.
#[utoipa::path(get, path = "/v1/knowledge/gaps/{id}", tag = "knowledge", params(("id" = GapId, Path)),
    responses((status = 200, body = GapView), (status = 404, body = ProblemBody)))]
async fn show(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<GapId>,
) -> Result<Json<GapView>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let (gap, examples) = super::get(&cx, &mut tx, id).await?;
    Ok(Json(GapView { gap, examples }))
}

/// Closes a gap: a document answers it now, or it needs no answer.
#[utoipa::path(post, path = "/v1/knowledge/gaps/{id}/close", tag = "knowledge", params(("id" = GapId, Path)),
    request_body = Closing,
    responses((status = 200, body = Gap), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn close(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<GapId>,
    Json(closing): Json<Closing>,
) -> Result<Json<Gap>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let gap = super::close(&cx, &mut tx, id, closing.document).await?;
    tx.commit().await?;
    Ok(Json(gap))
}

/// Opens a closed gap again.
#[utoipa::path(post, path = "/v1/knowledge/gaps/{id}/reopen", tag = "knowledge", params(("id" = GapId, Path)),
    responses((status = 200, body = Gap), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn reopen(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<GapId>,
) -> Result<Json<Gap>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let gap = super::reopen(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(gap))
}
