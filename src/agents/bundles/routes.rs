//! A business's agent over HTTP: what drafts, what is edited, all versions, and going back.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::agents::bundles::{self, Bundle, Event, Version, VersionRow, Warning, WorkingCopy};
use crate::agents::outside::{self, Policy, Usable};
use crate::agents::{Intent, Manner, Understanding, intents, providers, tools};
use crate::http::{Json, Page, Path, Problem, ProblemBody, Query};
use crate::identity::{Caller, Permission, Site};
use crate::ports::{Cx, Tx};
use crate::workspaces;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(save, discard))
        .routes(routes!(role))
        .routes(routes!(versions))
        .routes(routes!(version))
        .routes(routes!(roll_back))
        .routes(routes!(canary))
}

/// A business's agent.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct AgentBody {
    /// The version that drafts; 0 for the role as it comes.
    version: i64,
    /// The key of its role.
    agent: String,
    /// The name of its role.
    name: String,
    /// What is in it.
    bundle: Bundle,
    /// The version that drafts for a share of the customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    canary: Option<CanaryBody>,
    /// What is being edited; absent: nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    draft: Option<WorkingCopy>,
    /// What in it will not do what its editor may think.
    warnings: Vec<Warning>,
    /// The roles of the catalogue.
    roles: Vec<RoleRow>,
    /// The personalities of the catalogue.
    manners: Vec<Manner>,
    /// The tools there are.
    tools: Vec<ToolRow>,
    /// The tools from outside that are on. Its business decides about them, for all versions.
    outside: Vec<OutsideRow>,
    /// What customers ask for.
    intents: Vec<IntentRow>,
    /// The names of the models' providers.
    providers: Vec<String>,
    /// What happened, newest first.
    events: Vec<Event>,
}

/// A version and the share of the customers that meet it.
#[derive(Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct CanaryBody {
    /// Which version.
    version: i64,
    /// Customers of a hundred; 0: none.
    share: i64,
}

/// A role of the catalogue.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct RoleRow {
    /// Its key.
    key: String,
    /// Its name.
    name: String,
}

/// A tool.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct ToolRow {
    /// Its name.
    name: &'static str,
    /// Whether it only proposes, and a person approves.
    proposes: bool,
}

/// A tool from outside.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct OutsideRow {
    /// The name by which a model calls it.
    name: String,
    /// Its title, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Whether it only proposes, and a person approves.
    proposes: bool,
}

impl From<Usable> for OutsideRow {
    fn from(usable: Usable) -> OutsideRow {
        let tool = usable.tool;
        OutsideRow { name: tool.called(), proposes: tool.policy == Policy::Ask, title: tool.shape.0.title }
    }
}

/// An intent.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct IntentRow {
    /// Its key.
    key: String,
    /// Its name.
    label: String,
    /// Always a person's matter, whatever the agent's guards say.
    sensitive: bool,
}

impl From<&Intent> for IntentRow {
    fn from(intent: &Intent) -> IntentRow {
        IntentRow { key: intent.key.clone(), label: intent.label.clone(), sensitive: intent.sensitive }
    }
}

/// Shows the agent that drafts, and what is being edited.
#[utoipa::path(get, path = "/v1/agent", tag = "agent",
    responses((status = 200, body = AgentBody), (status = 403, body = ProblemBody)))]
async fn show(
    State(site): State<Site>,
    Extension(understanding): Extension<Understanding>,
    caller: Caller,
) -> Result<Json<AgentBody>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(body(&site, &cx, &mut tx, &understanding).await?))
}

async fn body(
    site: &Site,
    cx: &Cx,
    tx: &mut Tx,
    understanding: &Understanding,
) -> Result<AgentBody, Problem> {
    let own = workspaces::get(tx, cx.workspace).await?.agent;
    let live = bundles::of_workspace(cx, tx, understanding, &own, None).await?;
    let head = bundles::head(cx, tx).await?;
    let draft = bundles::copy(cx, tx).await?;
    let catalogue = understanding.catalogue();
    let bundle = live.bundle();
    let chain = providers::chain(cx, tx, &site.ports).await?;
    let own_intents = intents::list(cx, tx, understanding).await?;
    Ok(AgentBody {
        version: head.version,
        agent: live.key.clone(),
        name: live.name.clone(),
        canary: head.canary.map(|(version, share)| CanaryBody { version, share }),
        warnings: draft.as_ref().map_or(&bundle, |draft| &draft.bundle).warnings(),
        draft,
        bundle,
        roles: catalogue.all().map(|one| RoleRow { key: one.key.clone(), name: one.name.clone() }).collect(),
        manners: catalogue.manners().to_vec(),
        tools: tools::NAMES.iter().map(|name| ToolRow { name, proposes: tools::has_effect(name) }).collect(),
        outside: outside::usable(cx, tx, &site.ports).await?.into_iter().map(OutsideRow::from).collect(),
        intents: own_intents.intents.iter().map(IntentRow::from).collect(),
        providers: site.ports.models.status(&chain).into_iter().map(|one| one.name).collect(),
        events: bundles::events(cx, tx).await?,
    })
}

/// What is edited, and what it was made from.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SaveBody {
    /// The revision that was loaded; 0: nothing was edited.
    revision: i64,
    /// The key of the role.
    agent: String,
    /// What is in it.
    bundle: Bundle,
}

/// What was saved.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct SavedBody {
    /// What is edited.
    draft: WorkingCopy,
    /// What in it will not do what its editor may think.
    warnings: Vec<Warning>,
}

/// Saves what is edited; it does not draft before it is published. Of two who save at once, the second gets
/// 409 with both (`conflict`).
#[utoipa::path(put, path = "/v1/agent/draft", tag = "agent", request_body = SaveBody,
    responses((status = 200, body = SavedBody), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn save(
    State(site): State<Site>,
    Extension(understanding): Extension<Understanding>,
    caller: Caller,
    Json(body): Json<SaveBody>,
) -> Result<Json<SavedBody>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let from = (body.revision, body.agent.as_str());
    let draft = bundles::save(&cx, &mut tx, &understanding, from, body.bundle).await?;
    tx.commit().await?;
    Ok(Json(SavedBody { warnings: draft.bundle.warnings(), draft }))
}

/// Which revision.
#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct OfRevision {
    /// The revision that was loaded.
    revision: i64,
}

/// Gives up what is edited.
#[utoipa::path(delete, path = "/v1/agent/draft", tag = "agent", params(OfRevision),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn discard(
    State(site): State<Site>,
    caller: Caller,
    Query(of): Query<OfRevision>,
) -> Result<StatusCode, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    bundles::discard(&cx, &mut tx, of.revision).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A role of the catalogue as it comes.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct RoleBody {
    /// Its key.
    key: String,
    /// Its name.
    name: String,
    /// What is in it.
    bundle: Bundle,
    /// What customers ask of it.
    intents: Vec<IntentRow>,
}

/// Shows a role of the catalogue, to be held against what drafts now.
#[utoipa::path(get, path = "/v1/agent/roles/{key}", tag = "agent", params(("key" = String, Path)),
    responses((status = 200, body = RoleBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn role(
    Extension(understanding): Extension<Understanding>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<RoleBody>, Problem> {
    caller.may(Permission::Manage)?;
    let agent = understanding.catalogue().find(&key).ok_or_else(Problem::not_found)?;
    Ok(Json(RoleBody {
        key: agent.key.clone(),
        name: agent.name.clone(),
        bundle: agent.bundle(),
        intents: agent.intents.iter().map(IntentRow::from).collect(),
    }))
}

/// Lists the published versions, the newest first.
#[utoipa::path(get, path = "/v1/agent/versions", tag = "agent",
    responses((status = 200, body = Page<VersionRow>), (status = 403, body = ProblemBody)))]
async fn versions(State(site): State<Site>, caller: Caller) -> Result<Json<Page<VersionRow>>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: bundles::versions(&cx, &mut tx).await?, next: None }))
}

/// Shows a published version.
#[utoipa::path(get, path = "/v1/agent/versions/{version}", tag = "agent", params(("version" = i64, Path)),
    responses((status = 200, body = Version), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn version(
    State(site): State<Site>,
    caller: Caller,
    Path(number): Path<i64>,
) -> Result<Json<Version>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(bundles::version(&cx, &mut tx, number).await?))
}

/// What drafts now.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct LiveBody {
    /// The version that the caller saw drafting.
    live: i64,
}

/// Makes a published version draft: going back to an older one, or forward again.
#[utoipa::path(post, path = "/v1/agent/versions/{version}/restore", tag = "agent", params(("version" = i64, Path)),
    request_body = LiveBody, responses((status = 200, body = Version), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn roll_back(
    State(site): State<Site>,
    caller: Caller,
    Path(number): Path<i64>,
    Json(body): Json<LiveBody>,
) -> Result<Json<Version>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let version = bundles::roll_back(&cx, &mut tx, body.live, number).await?;
    tx.commit().await?;
    Ok(Json(version))
}

/// Lets a published version draft for a share of the customers, always the same ones; 0: for nobody.
#[utoipa::path(put, path = "/v1/agent/canary", tag = "agent", request_body = CanaryBody,
    responses((status = 200, body = CanaryBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn canary(
    State(site): State<Site>,
    caller: Caller,
    Json(body): Json<CanaryBody>,
) -> Result<Json<CanaryBody>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    bundles::try_on_some(&cx, &mut tx, body.version, body.share).await?;
    tx.commit().await?;
    Ok(Json(body))
}
