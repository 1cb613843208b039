//! Hooks over HTTP. What calls them is received by `automation`.

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::HookId;
use crate::hooks::{Delivery, Hook, HookChange, NewHook};
use crate::http::{Json, Page, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};

/// The routes of this domain.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(outgoing))
        .routes(routes!(change, remove))
        .routes(routes!(renew))
        .routes(routes!(deliveries))
}

/// What our own calls are signed with.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct OutgoingSecret {
    /// The secret, as the Standard Webhooks write it.
    secret: String,
}

/// Lists the hooks, without their secrets.
#[utoipa::path(get, path = "/v1/hooks", tag = "hooks",
    responses((status = 200, body = Page<Hook>), (status = 403, body = ProblemBody)))]
async fn list(State(site): State<Site>, caller: Caller) -> Result<Json<Page<Hook>>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::list(&cx, &mut tx).await?, next: None }))
}

/// Makes a hook. Its secret is in this answer and in no later one.
#[utoipa::path(post, path = "/v1/hooks", tag = "hooks", request_body = NewHook,
    responses((status = 201, body = Hook), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
async fn create(
    State(site): State<Site>,
    caller: Caller,
    Json(new): Json<NewHook>,
) -> Result<(StatusCode, Json<Hook>), Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let hook = super::create(&cx, &mut tx, new).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(hook)))
}

/// Shows what the calls of this business's rules are signed with, so that who gets them can check.
#[utoipa::path(get, path = "/v1/hooks/outgoing", tag = "hooks",
    responses((status = 200, body = OutgoingSecret), (status = 403, body = ProblemBody)))]
async fn outgoing(State(site): State<Site>, caller: Caller) -> Result<Json<OutgoingSecret>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let secret = super::outgoing_secret(&cx, &mut tx).await?;
    tx.commit().await?;
    Ok(Json(OutgoingSecret { secret }))
}

/// Changes a hook's name, its mapping or whether it listens.
#[utoipa::path(patch, path = "/v1/hooks/{id}", tag = "hooks", params(("id" = HookId, Path)), request_body = HookChange,
    responses((status = 200, body = Hook), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
async fn change(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<HookId>,
    Json(change): Json<HookChange>,
) -> Result<Json<Hook>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let hook = super::change(&cx, &mut tx, id, change).await?;
    tx.commit().await?;
    Ok(Json(hook))
}

/// Takes a hook away.
#[utoipa::path(delete, path = "/v1/hooks/{id}", tag = "hooks", params(("id" = HookId, Path)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn remove(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<HookId>,
) -> Result<StatusCode, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    super::remove(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a hook another secret. It is in this answer and in no later one.
#[utoipa::path(post, path = "/v1/hooks/{id}/secret", tag = "hooks", params(("id" = HookId, Path)),
    responses((status = 200, body = Hook), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn renew(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<HookId>,
) -> Result<Json<Hook>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let hook = super::renew(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(hook))
}

/// Lists the newest calls of a hook, with what became of each.
#[utoipa::path(get, path = "/v1/hooks/{id}/deliveries", tag = "hooks", params(("id" = HookId, Path)),
    responses((status = 200, body = Page<Delivery>), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn deliveries(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<HookId>,
) -> Result<Json<Page<Delivery>>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::deliveries(&cx, &mut tx, id).await?, next: None }))
}
