//! One's own notices over HTTP.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::{Cursor, Json, Page, PageQuery, Problem, ProblemBody, Query};
use crate::identity::{Caller, Permission, Site};
use crate::notices::Looked;
use crate::protocol::{ErrorCode, Notice};

/// The routes of this domain.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(see))
}

/// A page of notices, and how far its reader has looked.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct NoticePage {
    /// The notices, newest first.
    #[serde(flatten)]
    page: Page<Notice>,
    /// How far the caller has looked.
    #[serde(flatten)]
    looked: Looked,
}

/// Lists the caller's notices, newest first.
#[utoipa::path(get, path = "/v1/notices", tag = "notices", params(PageQuery),
    responses((status = 200, body = NoticePage), (status = 401, body = ProblemBody)))]
async fn list(
    State(site): State<Site>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<NoticePage>, Problem> {
    let caller = caller.may(Permission::Read)?;
    let cx = caller.cx(&site.ports);
    let (limit, cursor) = (query.limit()?, query.cursor()?);
    let mut tx = site.ports.db.read().await?;
    let rows = super::list(&cx, &mut tx, caller.staff, limit, cursor).await?;
    let page = Page::of(rows, limit, |notice| Cursor { at: notice.at, id: notice.seq });
    let looked = super::looked(&cx, &mut tx, caller.staff).await?;
    Ok(Json(NoticePage { page, looked }))
}

/// Up to where the caller has looked.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SeenBody {
    /// The last notice seen.
    seq: i64,
}

/// Marks everything up to a notice as seen.
#[utoipa::path(post, path = "/v1/notices/seen", tag = "notices", request_body = SeenBody,
    responses((status = 200, body = Looked), (status = 422, body = ProblemBody)))]
async fn see(
    State(site): State<Site>,
    caller: Caller,
    Json(body): Json<SeenBody>,
) -> Result<Json<Looked>, Problem> {
    let caller = caller.may(Permission::Read)?;
    if body.seq < 0 {
        return Err(Problem::new(ErrorCode::InvalidField, "seq must not be negative"));
    }
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let looked = super::see(&cx, &mut tx, caller.staff, body.seq).await?;
    tx.commit().await?;
    Ok(Json(looked))
}
