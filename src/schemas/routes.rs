//! Schemas over HTTP.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::{Json, Page, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::schemas::Schema;

/// The routes of this domain.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Lists the active schemas, by key. There are few: all are on the first page.
#[utoipa::path(get, path = "/v1/schemas", tag = "schemas",
    responses((status = 200, body = Page<Schema>), (status = 401, body = ProblemBody)))]
async fn list(State(site): State<Site>, caller: Caller) -> Result<Json<Page<Schema>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::active(&cx, &mut tx).await?, next: None }))
}
