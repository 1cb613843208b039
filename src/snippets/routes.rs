//! Saved replies over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::SnippetId;
use crate::http::{Json, Page, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::snippets::{NewSnippet, Snippet, SnippetChange};

/// The routes of this domain.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(change, delete)).routes(routes!(used))
}

/// Lists the shared replies and the caller's own.
#[utoipa::path(get, path = "/v1/snippets", tag = "snippets", responses((status = 200, body = Page<Snippet>)))]
async fn list(State(site): State<Site>, caller: Caller) -> Result<Json<Page<Snippet>>, Problem> {
    let caller = caller.may(Permission::Read)?;
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::list(&cx, &mut tx, caller.staff).await?, next: None }))
}

/// Saves a reply.
#[utoipa::path(post, path = "/v1/snippets", tag = "snippets", request_body = NewSnippet,
    responses((status = 201, body = Snippet), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn create(
    State(site): State<Site>,
    caller: Caller,
    Json(new): Json<NewSnippet>,
) -> Result<impl IntoResponse, Problem> {
    let caller = caller.may(Permission::Answer)?;
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let snippet = super::create(&cx, &mut tx, caller.staff, new).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(snippet)))
}

/// Changes a saved reply.
#[utoipa::path(patch, path = "/v1/snippets/{id}", tag = "snippets", params(("id" = SnippetId, Path)), request_body = SnippetChange,
    responses((status = 200, body = Snippet), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn change(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<SnippetId>,
    Json(change): Json<SnippetChange>,
) -> Result<Json<Snippet>, Problem> {
    let caller = caller.may(Permission::Answer)?;
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let snippet = super::change(&cx, &mut tx, (caller.staff, caller.role), id, change).await?;
    tx.commit().await?;
    Ok(Json(snippet))
}

/// Deletes a saved reply.
#[utoipa::path(delete, path = "/v1/snippets/{id}", tag = "snippets", params(("id" = SnippetId, Path)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn delete(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<SnippetId>,
) -> Result<StatusCode, Problem> {
    let caller = caller.may(Permission::Answer)?;
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    super::delete(&cx, &mut tx, (caller.staff, caller.role), id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Counts that a saved reply was used.
#[utoipa::path(post, path = "/v1/snippets/{id}/used", tag = "snippets", params(("id" = SnippetId, Path)),
    responses((status = 204), (status = 404, body = ProblemBody)))]
async fn used(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<SnippetId>,
) -> Result<StatusCode, Problem> {
    let caller = caller.may(Permission::Answer)?;
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    super::used(&cx, &mut tx, caller.staff, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
