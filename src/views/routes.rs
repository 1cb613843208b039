//! Saved views over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::ViewId;
use crate::http::{Json, Page, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::views::{NewView, SavedView, ViewChange};

/// The routes of this domain.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(change, delete))
}

/// Lists the shared views and the caller's own.
#[utoipa::path(get, path = "/v1/views", tag = "views", responses((status = 200, body = Page<SavedView>)))]
async fn list(State(site): State<Site>, caller: Caller) -> Result<Json<Page<SavedView>>, Problem> {
    let caller = caller.may(Permission::Read)?;
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::list(&cx, &mut tx, caller.staff).await?, next: None }))
}

/// Saves a view.
#[utoipa::path(post, path = "/v1/views", tag = "views", request_body = NewView,
    responses((status = 201, body = SavedView), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn create(
    State(site): State<Site>,
    caller: Caller,
    Json(new): Json<NewView>,
) -> Result<impl IntoResponse, Problem> {
    let caller = caller.may(if new.shared { Permission::Answer } else { Permission::Read })?;
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let view = super::create(&cx, &mut tx, caller.staff, new).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Changes a view's name or filter.
#[utoipa::path(patch, path = "/v1/views/{id}", tag = "views", params(("id" = ViewId, Path)), request_body = ViewChange,
    responses((status = 200, body = SavedView), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn change(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ViewId>,
    Json(change): Json<ViewChange>,
) -> Result<Json<SavedView>, Problem> {
    let caller = caller.may(Permission::Read)?;
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let view = super::change(&cx, &mut tx, (caller.staff, caller.role), id, change).await?;
    tx.commit().await?;
    Ok(Json(view))
}

/// Deletes a view.
#[utoipa::path(delete, path = "/v1/views/{id}", tag = "views", params(("id" = ViewId, Path)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn delete(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ViewId>,
) -> Result<StatusCode, Problem> {
    let caller = caller.may(Permission::Read)?;
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    super::delete(&cx, &mut tx, (caller.staff, caller.role), id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
