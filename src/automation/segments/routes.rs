//! Segments and searches of contacts over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::automation::SegmentRow;
use crate::automation::segments::Found;
use crate::base::SegmentId;
use crate::http::{Json, Page, PageQuery, Path, Problem, ProblemBody, Query};
use crate::identity::{Caller, Permission, Site};
use crate::segments::{self, NewSegment, Segment, SegmentChange};

/// The routes of this module.
pub(in crate::automation) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, change, remove))
        .routes(routes!(members))
        .routes(routes!(search))
}

/// Which contacts are looked for.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ContactSearch {
    /// What must hold (`schemas/filter.json`, about contacts).
    #[schema(value_type = Object)]
    when: Value,
    /// Contacts on the page, 1 to 200; 50 if absent.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Lists the segments of contacts by their names, with how many are in each now.
#[utoipa::path(get, path = "/v1/segments", tag = "segments",
    responses((status = 200, body = Page<SegmentRow>), (status = 401, body = ProblemBody)))]
async fn list(State(site): State<Site>, caller: Caller) -> Result<Json<Page<SegmentRow>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::list(&cx, &mut tx).await?, next: None }))
}

/// Adds a segment. Its condition asks about contacts only: `contact.…` of `schemas/filter.json`.
#[utoipa::path(post, path = "/v1/segments", tag = "segments", request_body = NewSegment,
    responses((status = 201, body = Segment), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
async fn create(
    State(site): State<Site>,
    caller: Caller,
    Json(new): Json<NewSegment>,
) -> Result<(StatusCode, Json<Segment>), Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let segment = super::create(&cx, &mut tx, new).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(segment)))
}

/// Shows a segment.
#[utoipa::path(get, path = "/v1/segments/{id}", tag = "segments", params(("id" = SegmentId, Path)),
    responses((status = 200, body = Segment), (status = 404, body = ProblemBody)))]
async fn show(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<SegmentId>,
) -> Result<Json<Segment>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(segments::get(&cx, &mut tx, id).await?))
}

/// Changes a segment. When somebody changed it meanwhile, the answer is 409 with both versions in `conflict`.
#[utoipa::path(put, path = "/v1/segments/{id}", tag = "segments", params(("id" = SegmentId, Path)),
    request_body = SegmentChange,
    responses((status = 200, body = Segment), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn change(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<SegmentId>,
    Json(change): Json<SegmentChange>,
) -> Result<Json<Segment>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let segment = super::change(&cx, &mut tx, id, change).await?;
    tx.commit().await?;
    Ok(Json(segment))
}

/// Takes a segment away. Rules that ask about it find nobody in it.
#[utoipa::path(delete, path = "/v1/segments/{id}", tag = "segments", params(("id" = SegmentId, Path)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn remove(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<SegmentId>,
) -> Result<StatusCode, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    segments::remove(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the contacts of a segment, the newest first.
#[utoipa::path(get, path = "/v1/segments/{id}/contacts", tag = "segments",
    params(("id" = SegmentId, Path), PageQuery),
    responses((status = 200, body = Found), (status = 404, body = ProblemBody)))]
async fn members(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<SegmentId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Found>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let (limit, cursor) = (page.limit()?, page.cursor()?);
    let mut tx = site.ports.db.read().await?;
    let segment = segments::get(&cx, &mut tx, id).await?;
    Ok(Json(super::search(&cx, &mut tx, &segment.when, limit, cursor).await?))
}

/// Finds contacts by conditions, the newest first; the first page says how many there are.
#[utoipa::path(post, path = "/v1/contacts/search", tag = "segments", request_body = ContactSearch,
    responses((status = 200, body = Found), (status = 401, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn search(
    State(site): State<Site>,
    caller: Caller,
    Json(body): Json<ContactSearch>,
) -> Result<Json<Found>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let page = PageQuery { limit: body.limit, cursor: body.cursor };
    let mut tx = site.ports.db.read().await?;
    Ok(Json(super::search(&cx, &mut tx, &body.when, page.limit()?, page.cursor()?).await?))
}
