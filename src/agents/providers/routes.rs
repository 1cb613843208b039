//! A business's own providers over HTTP. Keys come in and never go out.

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::agents::providers::{self, NewProvider, Stored};
use crate::base::Timestamp;
use crate::http::{Json, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};

/// The routes of this part.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(save, delete))
}

/// A business's own providers.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct ProvidersBody {
    /// By name, in the order they are asked.
    items: Vec<ProviderBody>,
    /// Whether this hub can keep keys.
    keeps_keys: bool,
}

/// A provider, without its key.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct ProviderBody {
    /// Its name.
    name: String,
    /// The server's address up to its version.
    address: String,
    /// The model's name there.
    model: String,
    /// Whether a key is kept.
    has_key: bool,
    /// Whether its model can call tools.
    tools: bool,
    /// How freely it chooses words; below zero: not sent.
    temperature: f64,
    /// What a million tokens cost that it is given.
    input_price: f64,
    /// What a million tokens cost that it answers.
    output_price: f64,
    /// When it was last changed.
    updated_at: Timestamp,
    /// By whom.
    updated_by_name: String,
}

impl From<Stored> for ProviderBody {
    fn from(one: Stored) -> ProviderBody {
        ProviderBody {
            name: one.name,
            address: one.address,
            model: one.model,
            has_key: one.sealed_key.is_some(),
            tools: one.tools,
            temperature: one.temperature,
            input_price: one.input_price,
            output_price: one.output_price,
            updated_at: one.updated_at,
            updated_by_name: one.updated_by_name,
        }
    }
}

/// Lists the business's own providers. Keys are not shown.
#[utoipa::path(get, path = "/v1/models/own", tag = "models",
    responses((status = 200, body = ProvidersBody), (status = 403, body = ProblemBody)))]
async fn list(State(site): State<Site>, caller: Caller) -> Result<Json<ProvidersBody>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let items = providers::list(&cx, &mut tx).await?.into_iter().map(ProviderBody::from).collect();
    Ok(Json(ProvidersBody { items, keeps_keys: site.ports.secrets.ready() }))
}

/// Adds a provider or replaces it. Its key is kept encrypted and is not shown again; another address needs the
/// key anew.
#[utoipa::path(put, path = "/v1/models/own/{name}", tag = "models", params(("name" = String, Path)),
    request_body = NewProvider, responses((status = 200, body = ProviderBody), (status = 403, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
async fn save(
    State(site): State<Site>,
    caller: Caller,
    Path(name): Path<String>,
    Json(new): Json<NewProvider>,
) -> Result<Json<ProviderBody>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let stored = providers::save(&cx, &mut tx, &site.ports, &name, new).await?;
    tx.commit().await?;
    Ok(Json(stored.into()))
}

/// Deletes a provider with its key.
#[utoipa::path(delete, path = "/v1/models/own/{name}", tag = "models", params(("name" = String, Path)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn delete(
    State(site): State<Site>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    providers::delete(&cx, &mut tx, &name).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
