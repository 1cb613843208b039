//! Versions over HTTP.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::DocumentId;
use crate::http::{Json, Page, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::knowledge::Document;
use crate::knowledge::versions::{Version, VersionRow};

/// The routes of versions.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show)).routes(routes!(restore))
}

/// Lists the versions of a document, newest first, without their texts.
#[utoipa::path(get, path = "/v1/knowledge/documents/{id}/versions", tag = "knowledge",
    params(("id" = DocumentId, Path)),
    responses((status = 200, body = Page<VersionRow>), (status = 404, body = ProblemBody)))]
async fn list(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<Json<Page<VersionRow>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::list(&cx, &mut tx, id).await?, next: None }))
}

/// Shows one version of a document.
#[utoipa::path(get, path = "/v1/knowledge/documents/{id}/versions/{version}", tag = "knowledge",
    params(("id" = DocumentId, Path), ("version" = i64, Path)),
    responses((status = 200, body = Version), (status = 404, body = ProblemBody)))]
async fn show(
    State(site): State<Site>,
    caller: Caller,
    Path((id, version)): Path<(DocumentId, i64)>,
) -> Result<Json<Version>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(super::get(&cx, &mut tx, id, version).await?))
}

/// Makes the text of an earlier version the document's text again, as a new version.
#[utoipa::path(post, path = "/v1/knowledge/documents/{id}/versions/{version}/restore", tag = "knowledge",
    params(("id" = DocumentId, Path), ("version" = i64, Path)),
    responses((status = 200, body = Document), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
async fn restore(
    State(site): State<Site>,
    caller: Caller,
    Path((id, version)): Path<(DocumentId, i64)>,
) -> Result<Json<Document>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let document = super::restore(&cx, &mut tx, id, version).await?;
    tx.commit().await?;
    Ok(Json(document))
}
