//! Where sockets begin, and how visitors get their token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::{Actor, ContactId, ConversationId, Timestamp, WorkspaceId};
use crate::contacts::{self, NewContact};
use crate::conversations::{self, Unit};
use crate::gateway::{Gateway, connection};
use crate::http::{Json, Path, Problem, ProblemBody, Query};
use crate::identity::{self, Site, VisitorToken, check_visitor_origin, staff_from_headers};
use crate::ports::Tx;
use crate::protocol::{ContactSummary, ErrorCode, MAX_FRAME_BYTES};
use crate::workspaces::{self, Workspace, is_open, opens_at};

/// Bytes a connection keeps for reading. The library's default of 128 KiB would be held by every idle one.
const READ_BUFFER: usize = 1024;

/// Bytes gathered before they are written.
const WRITE_BUFFER: usize = 8 * 1024;

/// The routes of this module; they need the gateway as an extension.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(socket)).routes(routes!(show_widget)).routes(routes!(open_visit))
}

/// How a socket is meant.
#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct SocketQuery {
    /// `visitor`: ignore a staff cookie that the browser sent along (the widget on a page of the same site).
    #[serde(rename = "as")]
    side: Option<String>,
}

/// Opens the socket. Staff are known by their cookie, visitors by the token in their `hello`.
#[utoipa::path(get, path = "/v1/socket", tag = "socket", params(SocketQuery),
    responses((status = 101), (status = 403, body = ProblemBody), (status = 503, body = ProblemBody)))]
async fn socket(
    State(site): State<Site>,
    Extension(gateway): Extension<Arc<Gateway>>,
    Query(query): Query<SocketQuery>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|error| Problem::new(ErrorCode::MalformedFrame, error.body_text()))?;
    if gateway.stop.is_cancelled() || gateway.hub.open_lines() >= site.config.sockets.max_connections {
        return Err(Problem::new(ErrorCode::Busy, "this node takes no more sockets now").retry_after(5_000));
    }
    let caller = match query.side.as_deref() {
        Some("visitor") => None,
        _ => {
            let caller = staff_from_headers(&headers, &site).await?;
            if caller.is_some() {
                identity::check_own_origin(&headers, &site)?;
            }
            caller
        }
    };
    let tasks = gateway.tasks.clone();
    let upgrade = tuned(upgrade, MAX_FRAME_BYTES, site.config.sockets.queue_bytes);
    Ok(upgrade
        .on_upgrade(move |socket| tasks.track_future(connection::serve(gateway, socket, caller, headers))))
}

/// How the hub reads and writes a socket: its buffers, the largest message it takes, and how many bytes may
/// wait to be written.
pub fn tuned(upgrade: WebSocketUpgrade, largest: usize, waiting: usize) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(waiting.max(largest) * 4)
        .max_message_size(largest)
        .max_frame_size(largest)
}

/// What a customer may know of a business before they write.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct PublicWorkspace {
    /// The word in its addresses.
    slug: String,
    /// Its name.
    name: String,
    /// Accent colour, `#rrggbb`.
    accent: String,
    /// Name of the assistant.
    assistant_name: String,
    /// First words of an empty conversation.
    greeting: String,
    /// Things to tap to begin.
    starters: Vec<String>,
    /// Language and region.
    locale: String,
    /// Whether people are there now.
    open: bool,
    /// When they are there again.
    #[serde(skip_serializing_if = "Option::is_none")]
    opens_at: Option<Timestamp>,
    /// While people are there: how soon a first answer usually comes, from the newest ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<(u64, Unit)>,
}

/// How long customers of each business usually wait; looked up anew after a minute.
pub(super) type UsualWaits = Mutex<HashMap<WorkspaceId, (Timestamp, Option<(u64, Unit)>)>>;

/// How long a usual wait is kept.
const KEPT: Duration = Duration::from_secs(60);

impl Gateway {
    /// How soon a first answer usually comes, while people are there.
    async fn usual_wait(&self, tx: &mut Tx, workspace: &Workspace) -> Result<Option<(u64, Unit)>, Problem> {
        let cx = self.site.ports.cx(workspace.id, Actor::System, "");
        if !is_open(&workspace.settings, cx.now) {
            return Ok(None);
        }
        let known =
            self.usual_waits.lock().unwrap_or_else(PoisonError::into_inner).get(&workspace.id).copied();
        if let Some((at, wait)) = known
            && cx.now.since(at) < KEPT
        {
            return Ok(wait);
        }
        let wait = conversations::usual_wait(&cx, tx, &workspace.settings).await?;
        let mut all = self.usual_waits.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(workspace.id, (cx.now, wait));
        Ok(wait)
    }
}

impl PublicWorkspace {
    fn of(workspace: &Workspace, now: Timestamp, answers: Option<(u64, Unit)>) -> PublicWorkspace {
        let settings = &workspace.settings;
        PublicWorkspace {
            slug: workspace.slug.clone(),
            name: workspace.name.clone(),
            accent: settings.accent.clone(),
            assistant_name: settings.assistant_name.clone(),
            greeting: settings.greeting.clone(),
            starters: settings.starters.clone(),
            locale: settings.locale.clone(),
            open: is_open(settings, now),
            opens_at: opens_at(settings, now),
            answers,
        }
    }
}

/// Shows what the widget needs before anybody writes.
#[utoipa::path(get, path = "/v1/widget/{workspace}", tag = "widget", params(("workspace" = String, Path, description = "slug")),
    responses((status = 200, body = PublicWorkspace), (status = 404, body = ProblemBody)))]
async fn show_widget(
    State(site): State<Site>,
    Extension(gateway): Extension<Arc<Gateway>>,
    Path(slug): Path<String>,
) -> Result<Json<PublicWorkspace>, Problem> {
    let mut tx = site.ports.db.read().await?;
    let workspace = find(&mut tx, &slug).await?;
    let answers = gateway.usual_wait(&mut tx, &workspace).await?;
    Ok(Json(PublicWorkspace::of(&workspace, site.ports.now(), answers)))
}

async fn find(tx: &mut crate::ports::Tx, slug: &str) -> Result<Workspace, Problem> {
    workspaces::find_by_slug(tx, slug).await?.ok_or_else(Problem::not_found)
}

/// Who visits. Everything may be absent: a stranger becomes a new contact.
#[derive(Debug, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct VisitBody {
    /// The key from an earlier visit.
    visitor_key: Option<String>,
    /// Name, as the visitor or the host page gives it.
    name: Option<String>,
    /// E-mail address.
    email: Option<String>,
    /// Telephone number.
    phone: Option<String>,
    /// Language of the page.
    locale: Option<String>,
}

/// Which files a customer may send.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct FilePolicy {
    /// The largest upload in bytes.
    max_bytes: usize,
}

/// A visit.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct Visit {
    /// Keep this: it brings the same contact back.
    visitor_key: String,
    /// For `hello` and the `Authorization` header.
    token: String,
    /// When the token ends: open the visit again with the key before.
    expires_at: Timestamp,
    /// Who the visitor is.
    contact: ContactSummary,
    /// Their open conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<ConversationId>,
    /// The business.
    workspace: PublicWorkspace,
    /// Which files may be sent.
    files: FilePolicy,
}

/// Opens a visit: gives a visitor a short-lived token, and a new one their key.
#[utoipa::path(post, path = "/v1/widget/{workspace}/sessions", tag = "widget", params(("workspace" = String, Path, description = "slug")),
    request_body = VisitBody,
    responses((status = 201, body = Visit), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn open_visit(
    State(site): State<Site>,
    Extension(gateway): Extension<Arc<Gateway>>,
    Path(slug): Path<String>,
    headers: HeaderMap,
    Json(body): Json<VisitBody>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = site.ports.db.begin().await?;
    let workspace = find(&mut tx, &slug).await?;
    check_visitor_origin(&headers, &site, &workspace.settings.allowed_origins)?;
    let system = site.ports.cx(workspace.id, Actor::System, "");
    let known = match &body.visitor_key {
        Some(key) => identity::find_visitor(&system, &mut tx, key).await?,
        None => None,
    };
    let told =
        NewContact { name: body.name, email: body.email, phone: body.phone, locale: body.locale, note: None };
    let (contact, visitor_key, conversation) = match (known, body.visitor_key) {
        (Some(known), Some(key)) => {
            let contact = contacts::change(&system, &mut tx, known, told).await?;
            contacts::seen(&system, &mut tx, known).await?;
            (contact, key, conversations::open_of(&system, &mut tx, known).await?)
        }
        _ => {
            let contact = contacts::come(&system, &mut tx, told).await?;
            let key = site.ports.entropy.secret();
            identity::keep_visitor_key(&system, &mut tx, contact.id, &key).await?;
            (contact, key, None)
        }
    };
    let answers = gateway.usual_wait(&mut tx, &workspace).await?;
    tx.commit().await?;
    let (token, expires_at) = sign(&site, &workspace, contact.id);
    let visit = Visit {
        visitor_key,
        token,
        expires_at,
        contact: ContactSummary { id: contact.id, name: contact.display_name() },
        conversation,
        workspace: PublicWorkspace::of(&workspace, site.ports.now(), answers),
        files: FilePolicy { max_bytes: site.config.files.max_bytes },
    };
    Ok((StatusCode::CREATED, Json(visit)))
}

fn sign(site: &Site, workspace: &Workspace, contact: ContactId) -> (String, Timestamp) {
    let lifetime = Duration::from_secs(site.config.sessions.visitor_minutes * 60);
    let expires_at = site.ports.now().after(lifetime);
    (site.tokens.sign(&VisitorToken { workspace: workspace.id, contact, expires_at }), expires_at)
}
