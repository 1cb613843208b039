//! The set-up over HTTP.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::agents::Understanding;
use crate::base::{Actor, ConversationId};
use crate::http::{Json, Page, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site, check_own_origin, hash_password};
use crate::protocol::ErrorCode;
use crate::schemas;
use crate::setup::{self, NewHub, OfferedAgent};
use crate::workspaces::Workspace;

/// The routes of this module.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(show, create_first))
        .routes(routes!(list_agents))
        .routes(routes!(choose_agent))
        .routes(routes!(ask))
        .routes(routes!(pack))
}

/// The schema that comes with a role.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct Pack {
    /// Its key.
    key: String,
    /// Its name.
    name: String,
    /// The names of its fields, in their order.
    fields: Vec<String>,
    /// Whether a schema with this key is installed: the business's own is not replaced.
    installed: bool,
    /// The document, as `POST /v1/schemas` takes it.
    #[schema(value_type = Object)]
    document: serde_json::Value,
}

/// Shows the schema that comes with a role of the catalogue, for a business that takes the role.
#[utoipa::path(get, path = "/v1/agent/roles/{key}/schema", tag = "agent", params(("key" = String, Path)),
    responses((status = 200, body = Pack), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn pack(
    State(site): State<Site>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Pack>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let text = setup::pack(&key).ok_or_else(Problem::not_found)?;
    let outline = schemas::read(text)?;
    let document = serde_json::from_str(text).map_err(|error| Problem::internal(&error))?;
    let mut tx = site.ports.db.read().await?;
    let installed = schemas::active(&cx, &mut tx).await?.iter().any(|known| known.key == outline.key);
    let fields = outline.fields.into_iter().map(|field| field.label).collect();
    Ok(Json(Pack { key: outline.key, name: outline.title, fields, installed, document }))
}

/// Whether the hub waits for its first workspace.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct Waiting {
    /// It has none.
    needed: bool,
}

/// Shows whether the hub waits for its first workspace.
#[utoipa::path(get, path = "/v1/setup", tag = "setup", responses((status = 200, body = Waiting)))]
async fn show(State(site): State<Site>) -> Result<Json<Waiting>, Problem> {
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Waiting { needed: setup::is_needed(&mut tx).await? }))
}

/// Creates the hub's first workspace and its owner, who then signs in.
#[utoipa::path(post, path = "/v1/setup", tag = "setup", request_body = NewHub,
    responses((status = 201, body = Workspace), (status = 401, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn create_first(
    State(site): State<Site>,
    Extension(understanding): Extension<Understanding>,
    headers: HeaderMap,
    Json(new): Json<NewHub>,
) -> Result<impl IntoResponse, Problem> {
    check_own_origin(&headers, &site)?;
    if !site.tokens.is_setup_code(&new.code) {
        let detail = "the code is not right; the hub prints the link at its start, while it has no workspace";
        return Err(Problem::new(ErrorCode::WrongCredentials, detail));
    }
    let mut tx = site.ports.db.read().await?;
    if !setup::is_needed(&mut tx).await? {
        return Err(setup::Error::NotFirst.into());
    }
    drop(tx);
    let password = new.owner.password.clone();
    let hash = tokio::task::spawn_blocking(move || hash_password(&password))
        .await
        .map_err(|error| Problem::internal(&error))?;
    let cx = site.ports.cx(site.ports.id(), Actor::System, new.owner.name.clone());
    let mut tx = site.ports.db.begin().await?;
    let workspace = setup::create_first(&cx, &mut tx, &understanding, new, &hash).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(workspace)))
}

/// Lists the agents a workspace can have.
#[utoipa::path(get, path = "/v1/setup/agents", tag = "setup",
    responses((status = 200, body = Page<OfferedAgent>), (status = 401, body = ProblemBody)))]
async fn list_agents(
    Extension(understanding): Extension<Understanding>,
    caller: Caller,
) -> Result<Json<Page<OfferedAgent>>, Problem> {
    caller.may(Permission::Read)?;
    let items = understanding.catalogue().all().map(|agent| OfferedAgent::from(&**agent)).collect();
    Ok(Json(Page { items, next: None }))
}

/// An agent that was chosen.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Choice {
    /// Its key.
    agent: String,
}

/// Gives the workspace an agent with its words, its schema and a first rule, while it is being set up.
#[utoipa::path(put, path = "/v1/setup/agent", tag = "setup", request_body = Choice,
    responses((status = 200, body = Workspace), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn choose_agent(
    State(site): State<Site>,
    Extension(understanding): Extension<Understanding>,
    caller: Caller,
    Json(choice): Json<Choice>,
) -> Result<Json<Workspace>, Problem> {
    let cx = caller.may(Permission::Own)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let workspace = setup::choose_agent(&cx, &mut tx, &understanding, &choice.agent).await?;
    tx.commit().await?;
    Ok(Json(workspace))
}

/// What the sample customer asks.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Question {
    /// Their words.
    question: String,
}

/// The conversation that began.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct Begun {
    /// Its identifier.
    conversation: ConversationId,
}

/// Begins a conversation as a sample customer, while the workspace is being set up.
#[utoipa::path(post, path = "/v1/setup/sample", tag = "setup", request_body = Question,
    responses((status = 201, body = Begun), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn ask(
    State(site): State<Site>,
    caller: Caller,
    Json(question): Json<Question>,
) -> Result<impl IntoResponse, Problem> {
    let cx = caller.may(Permission::Own)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let contact = setup::sample_customer(&cx, &mut tx).await?;
    let customer = site.ports.cx(cx.workspace, Actor::Contact { id: contact }, String::new());
    let conversation = setup::ask(&customer, &mut tx, contact, question.question).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(Begun { conversation })))
}
