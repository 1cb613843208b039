//! Tools from outside over HTTP. Secrets come in and never go out.

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::agents::outside::{self, NewServer, Policy, Server, Shape, Standing, Tool};
use crate::base::Timestamp;
use crate::http::{Json, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::ports::{Cx, Tx};

/// The routes of this part.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(save, delete))
        .routes(routes!(look))
        .routes(routes!(decide))
}

/// A business's servers of tools.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct ServersBody {
    /// By name.
    items: Vec<ServerBody>,
    /// Whether this hub can keep secrets.
    keeps_secrets: bool,
    /// Whether the hub's operator lets tools from outside be used.
    allowed: bool,
}

/// A server of tools, without its secret.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct ServerBody {
    /// Its name.
    name: String,
    /// Its address.
    address: String,
    /// The header that carries the secret.
    header: String,
    /// Whether a secret is kept.
    has_secret: bool,
    /// Whether its tools may be used.
    enabled: bool,
    /// When its tools were last looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    looked_at: Option<Timestamp>,
    /// Why the last look came to nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// When it was last changed.
    updated_at: Timestamp,
    /// By whom.
    updated_by_name: String,
    /// What it offers, by name.
    tools: Vec<ToolBody>,
}

/// A tool from outside. Every word of its shape is the server's.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct ToolBody {
    /// Its name at its server.
    name: String,
    /// The name by which a model calls it.
    called: String,
    /// As its server last offered it.
    shape: Shape,
    /// Names that: a decision gives it back.
    hash: String,
    /// What an agent may do with it.
    policy: Policy,
    /// How it stands.
    standing: Standing,
    /// Why it cannot be used here.
    #[serde(skip_serializing_if = "Option::is_none")]
    unusable: Option<String>,
    /// What was looked at when it was last decided about, where that is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Shape>,
    /// When it was last decided about.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<Timestamp>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by_name: Option<String>,
}

impl From<(Server, Vec<Tool>)> for ServerBody {
    fn from((server, tools): (Server, Vec<Tool>)) -> ServerBody {
        ServerBody {
            name: server.name,
            address: server.address,
            header: server.header,
            has_secret: server.sealed_secret.is_some(),
            enabled: server.enabled,
            looked_at: server.looked_at,
            problem: server.problem,
            updated_at: server.updated_at,
            updated_by_name: server.updated_by_name,
            tools: tools.into_iter().map(ToolBody::from).collect(),
        }
    }
}

impl From<Tool> for ToolBody {
    fn from(tool: Tool) -> ToolBody {
        let changed = tool.pinned.as_ref() != Some(&tool.hash);
        ToolBody {
            called: tool.called(),
            standing: tool.standing(),
            unusable: tool.unusable(),
            name: tool.name,
            shape: tool.shape.0,
            hash: tool.hash,
            policy: tool.policy,
            before: tool.pinned_shape.map(|shape| shape.0).filter(|_| changed),
            decided_at: tool.decided_at,
            decided_by_name: tool.decided_by_name,
        }
    }
}

/// Lists the business's servers of tools and what they offer. Secrets are not shown.
#[utoipa::path(get, path = "/v1/tool-servers", tag = "agent",
    responses((status = 200, body = ServersBody), (status = 403, body = ProblemBody)))]
async fn list(State(site): State<Site>, caller: Caller) -> Result<Json<ServersBody>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let items = outside::list(&cx, &mut tx).await?.into_iter().map(ServerBody::from).collect();
    let allowed = site.ports.mcp.settings().outside;
    Ok(Json(ServersBody { items, keeps_secrets: site.ports.secrets.ready(), allowed }))
}

async fn one(cx: &Cx, tx: &mut Tx, name: &str) -> Result<ServerBody, Problem> {
    let all = outside::list(cx, tx).await?;
    let found = all.into_iter().find(|(server, _)| server.name == name);
    found.map(ServerBody::from).ok_or_else(Problem::not_found)
}

/// Adds a server of tools or replaces it. Its secret is kept encrypted and is not shown again; another address needs
/// it anew, and what was decided about the tools of the old one is forgotten. No tool is on before it was looked at.
#[utoipa::path(put, path = "/v1/tool-servers/{name}", tag = "agent", params(("name" = String, Path)),
    request_body = NewServer, responses((status = 200, body = ServerBody), (status = 403, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
async fn save(
    State(site): State<Site>,
    caller: Caller,
    Path(name): Path<String>,
    Json(new): Json<NewServer>,
) -> Result<Json<ServerBody>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    outside::save(&cx, &mut tx, &site.ports, &name, new).await?;
    let body = one(&cx, &mut tx, &name).await?;
    tx.commit().await?;
    Ok(Json(body))
}

/// Deletes a server of tools with its secret and what was decided about its tools.
#[utoipa::path(delete, path = "/v1/tool-servers/{name}", tag = "agent", params(("name" = String, Path)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn delete(
    State(site): State<Site>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    outside::delete(&cx, &mut tx, &name).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Looks at what a server offers now. Nothing of it is called; what went wrong stands in `problem`.
#[utoipa::path(post, path = "/v1/tool-servers/{name}/look", tag = "agent", params(("name" = String, Path)),
    responses((status = 200, body = ServerBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
async fn look(
    State(site): State<Site>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<ServerBody>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    outside::look(&site.ports, &cx, &name).await?;
    let mut tx = site.ports.db.read().await?;
    Ok(Json(one(&cx, &mut tx, &name).await?))
}

/// What is decided about a tool.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct DecideBody {
    /// What an agent may do with it.
    policy: Policy,
    /// Names what was looked at.
    hash: String,
}

/// Decides what an agent may do with a tool. A tool that its server has changed since it was shown is refused.
#[utoipa::path(put, path = "/v1/tool-servers/{name}/tools/{tool}", tag = "agent",
    params(("name" = String, Path), ("tool" = String, Path)), request_body = DecideBody,
    responses((status = 200, body = ToolBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn decide(
    State(site): State<Site>,
    caller: Caller,
    Path((name, tool)): Path<(String, String)>,
    Json(body): Json<DecideBody>,
) -> Result<Json<ToolBody>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let decided = outside::decide(&cx, &mut tx, (&name, &tool), body.policy, &body.hash).await?;
    tx.commit().await?;
    Ok(Json(decided.into()))
}
