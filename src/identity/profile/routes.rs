//! One's own profile over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{change_password, change_profile, end_own_session, open_sessions};
use crate::base::SessionId;
use crate::http::{Json, Page, Path, Problem, ProblemBody};
use crate::identity::{
    Caller, Error, OpenSession, ProfileChange, Site, Staff, hash_password, model, password, store,
};

/// The routes of one's own profile.
pub(in crate::identity) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(change))
        .routes(routes!(password_change))
        .routes(routes!(sessions))
        .routes(routes!(end_session))
}

/// Changes one's own name, colour or language; what is absent stays.
#[utoipa::path(patch, path = "/v1/profile", tag = "profile", request_body = ProfileChange,
    responses((status = 200, body = Staff), (status = 422, body = ProblemBody)))]
async fn change(
    State(site): State<Site>,
    caller: Caller,
    Json(change): Json<ProfileChange>,
) -> Result<Json<Staff>, Problem> {
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let staff = change_profile(&cx, &mut tx, caller.staff, change).await?;
    tx.commit().await?;
    Ok(Json(staff))
}

/// A password and the one that takes its place.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordBody {
    /// The present password.
    current: String,
    /// The new one, at least 8 characters.
    new: String,
}

/// Changes one's own password and signs out everywhere else.
#[utoipa::path(post, path = "/v1/profile/password", tag = "profile", request_body = PasswordBody,
    responses((status = 204), (status = 401, body = ProblemBody), (status = 422, body = ProblemBody), (status = 429, body = ProblemBody)))]
async fn password_change(
    State(site): State<Site>,
    caller: Caller,
    Json(body): Json<PasswordBody>,
) -> Result<StatusCode, Problem> {
    site.count_attempt(&format!("password {}", caller.staff))?;
    model::check_password(&body.new)?;
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let checked =
        store::password_hash(&mut tx, cx.workspace, caller.staff).await?.ok_or_else(Problem::not_found)?;
    drop(tx);
    // Hashing takes long: no transaction is open meanwhile, and the old hash is compared again in it.
    let hashed = tokio::task::spawn_blocking(move || {
        password::is_right(&body.current, &checked).then(|| (hash_password(&body.new), checked))
    });
    let (hash, checked) =
        hashed.await.map_err(|error| Problem::internal(&error))?.ok_or(Error::WrongPassword)?;
    let mut tx = site.ports.db.begin().await?;
    change_password(&cx, &mut tx, (caller.staff, caller.session), (&checked, &hash)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists where one is signed in.
#[utoipa::path(get, path = "/v1/profile/sessions", tag = "profile",
    responses((status = 200, body = Page<OpenSession>)))]
async fn sessions(State(site): State<Site>, caller: Caller) -> Result<Json<Page<OpenSession>>, Problem> {
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let items = open_sessions(&cx, &mut tx, caller.staff, caller.session).await?;
    Ok(Json(Page { items, next: None }))
}

/// Signs out one browser and cuts its sockets.
#[utoipa::path(delete, path = "/v1/profile/sessions/{id}", tag = "profile", params(("id" = SessionId, Path)),
    responses((status = 204), (status = 404, body = ProblemBody)))]
async fn end_session(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    end_own_session(&cx, &mut tx, caller.staff, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
