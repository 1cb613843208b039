//! Signing in, staff and the workspace's settings over HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::{Actor, StaffId, Timestamp, WorkspaceId};
use crate::http::{Json, Page, Path, Problem, ProblemBody};
use crate::identity::{
    Caller, NewStaff, Permission, SignIn, Site, Staff, StaffChange, caller, hash_password, password,
};
use crate::protocol::ErrorCode;
use crate::workspaces::{self, SettingsChange, Workspace};

/// The routes of this domain.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(sign_in, show_session, sign_out))
        .routes(routes!(list_staff, add_staff))
        .routes(routes!(change_staff))
        .routes(routes!(show_workspace, change_workspace))
        .merge(super::profile::routes())
}

/// Who is signed in, and where.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct SessionBody {
    /// The staff member.
    staff: Staff,
    /// Their workspace.
    workspace: Workspace,
    /// When the session ends.
    expires_at: Timestamp,
}

/// Signs a staff member in and sets the session cookie.
#[utoipa::path(post, path = "/v1/session", tag = "session", request_body = SignIn,
    responses((status = 200, body = SessionBody), (status = 401, body = ProblemBody), (status = 429, body = ProblemBody)))]
async fn sign_in(
    State(site): State<Site>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Json(form): Json<SignIn>,
) -> Result<impl IntoResponse, Problem> {
    caller::check_own_origin(&headers, &site)?;
    site.count_attempt(&address.ip().to_string())?;
    site.count_attempt(&format!("account {}", form.email.trim().to_lowercase()))?;
    let (workspace_id, staff) = check_password(&site, form).await?;

    let token = site.ports.entropy.secret();
    let lifetime = Duration::from_secs(site.config.sessions.staff_hours * 3_600);
    let cx = site.ports.cx(workspace_id, Actor::Staff { id: staff.id }, staff.name.clone());
    let expires_at = cx.now.after(lifetime);
    let mut tx = site.ports.db.begin().await?;
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    super::open_session(&cx, &mut tx, staff.id, &token, agent, expires_at).await?;
    let workspace = workspaces::get(&mut tx, workspace_id).await?;
    tx.commit().await?;
    let cookie = session_cookie(&site, &token, lifetime);
    Ok(([(header::SET_COOKIE, cookie)], Json(SessionBody { staff, workspace, expires_at })))
}

async fn check_password(site: &Site, form: SignIn) -> Result<(WorkspaceId, Staff), Problem> {
    let mut tx = site.ports.db.read().await?;
    let workspace = match &form.workspace {
        None => None,
        Some(slug) => match workspaces::find_by_slug(&mut tx, slug).await? {
            Some(workspace) => Some(workspace.id),
            None => return Err(wrong_credentials()),
        },
    };
    let candidates = super::candidates(&mut tx, workspace, &form.email).await?;
    drop(tx);
    let checked = tokio::task::spawn_blocking(move || {
        if candidates.is_empty() {
            password::waste_time(&form.password);
        }
        candidates.into_iter().find(|(_, _, hash)| password::is_right(&form.password, hash))
    })
    .await;
    match checked {
        Ok(Some((workspace, staff, _))) => Ok((workspace, staff)),
        Ok(None) => Err(wrong_credentials()),
        Err(error) => Err(Problem::internal(&error)),
    }
}

fn wrong_credentials() -> Problem {
    Problem::new(ErrorCode::WrongCredentials, "the e-mail address or the password is wrong")
}

/// Shows who is signed in.
#[utoipa::path(get, path = "/v1/session", tag = "session",
    responses((status = 200, body = SessionBody), (status = 401, body = ProblemBody)))]
async fn show_session(State(site): State<Site>, caller: Caller) -> Result<Json<SessionBody>, Problem> {
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let staff = super::get_staff(&cx, &mut tx, caller.staff).await?;
    let workspace = workspaces::get(&mut tx, caller.workspace).await?;
    Ok(Json(SessionBody { staff, workspace, expires_at: caller.expires_at }))
}

/// Signs out here and cuts this session's sockets.
#[utoipa::path(delete, path = "/v1/session", tag = "session",
    responses((status = 204), (status = 401, body = ProblemBody)))]
async fn sign_out(State(site): State<Site>, caller: Caller) -> Result<impl IntoResponse, Problem> {
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    super::end_session(&cx, &mut tx, caller.session).await?;
    tx.commit().await?;
    let cookie = session_cookie(&site, "", Duration::ZERO);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]))
}

fn session_cookie(site: &Site, token: &str, lifetime: Duration) -> HeaderValue {
    let secure = if site.config.http.secure_cookies { "; Secure" } else { "" };
    let name = site.cookie_name();
    let seconds = lifetime.as_secs();
    HeaderValue::try_from(format!(
        "{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}"
    ))
    .expect("a cookie of URL-safe characters is a header value")
}

/// Lists the workspace's staff.
#[utoipa::path(get, path = "/v1/staff", tag = "staff", responses((status = 200, body = Page<Staff>)))]
async fn list_staff(State(site): State<Site>, caller: Caller) -> Result<Json<Page<Staff>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::list_staff(&cx, &mut tx).await?, next: None }))
}

/// Adds a staff member.
#[utoipa::path(post, path = "/v1/staff", tag = "staff", request_body = NewStaff,
    responses((status = 201, body = Staff), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn add_staff(
    State(site): State<Site>,
    caller: Caller,
    Json(new): Json<NewStaff>,
) -> Result<impl IntoResponse, Problem> {
    let caller = caller.may(Permission::Manage)?;
    let caller = if new.role > caller.role { caller.may(Permission::Own)? } else { caller };
    let cx = caller.cx(&site.ports);
    let password = new.password.clone();
    let hash = tokio::task::spawn_blocking(move || hash_password(&password))
        .await
        .map_err(|error| Problem::internal(&error))?;
    let mut tx = site.ports.db.begin().await?;
    let staff = super::add_staff(&cx, &mut tx, new, &hash).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(staff)))
}

/// Changes a staff member's name, role or access.
#[utoipa::path(patch, path = "/v1/staff/{id}", tag = "staff", params(("id" = StaffId, Path)), request_body = StaffChange,
    responses((status = 200, body = Staff), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn change_staff(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<StaffId>,
    Json(change): Json<StaffChange>,
) -> Result<Json<Staff>, Problem> {
    let caller = caller.may(Permission::Manage)?;
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let before = super::get_staff(&cx, &mut tx, id).await?;
    let highest = change.role.unwrap_or(before.role).max(before.role);
    if highest > caller.role {
        caller.may(Permission::Own)?;
    }
    let staff = super::change_staff(&cx, &mut tx, id, change).await?;
    tx.commit().await?;
    Ok(Json(staff))
}

/// Shows the workspace and its settings.
#[utoipa::path(get, path = "/v1/workspace", tag = "workspace", responses((status = 200, body = Workspace)))]
async fn show_workspace(State(site): State<Site>, caller: Caller) -> Result<Json<Workspace>, Problem> {
    let mut tx = site.ports.db.read().await?;
    Ok(Json(workspaces::get(&mut tx, caller.workspace).await?))
}

/// Changes the workspace's settings; what is absent stays.
#[utoipa::path(patch, path = "/v1/workspace", tag = "workspace", request_body = SettingsChange,
    responses((status = 200, body = Workspace), (status = 403, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn change_workspace(
    State(site): State<Site>,
    caller: Caller,
    Json(change): Json<SettingsChange>,
) -> Result<Json<Workspace>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let workspace = workspaces::change(&cx, &mut tx, change).await?;
    tx.commit().await?;
    Ok(Json(workspace))
}
