//! Schemas over HTTP.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::value::RawValue;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::{Json, Page, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::schemas::{Error, Schema, Version};

/// The routes of this domain.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(check))
        .routes(routes!(show, update, retire))
        .routes(routes!(versions))
}

/// Lists the active schemas, by key. There are few: all are on the first page.
#[utoipa::path(get, path = "/v1/schemas", tag = "schemas",
    responses((status = 200, body = Page<Schema>), (status = 401, body = ProblemBody)))]
async fn list(State(site): State<Site>, caller: Caller) -> Result<Json<Page<Schema>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::active(&cx, &mut tx).await?, next: None }))
}

/// A document.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSchema {
    /// JSON Schema 2020-12 with annotations.
    #[schema(value_type = Object)]
    document: Box<RawValue>,
}

/// Adds a schema.
#[utoipa::path(post, path = "/v1/schemas", tag = "schemas", request_body = NewSchema,
    responses((status = 201, body = Schema), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn create(
    State(site): State<Site>,
    caller: Caller,
    Json(new): Json<NewSchema>,
) -> Result<(StatusCode, Json<Schema>), Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let schema = super::create(&cx, &mut tx, new.document.get()).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(schema)))
}

/// What is wrong with a document.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct Checked {
    /// Each problem with its place; none: it can be saved.
    problems: Vec<SchemaProblem>,
}

/// One thing that is wrong with a document.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct SchemaProblem {
    /// Where it stands, such as `properties.day.x-type`.
    place: String,
    /// What is wrong.
    problem: String,
}

/// Checks a document without storing it.
#[utoipa::path(post, path = "/v1/schemas/check", tag = "schemas", request_body = NewSchema,
    responses((status = 200, body = Checked), (status = 401, body = ProblemBody)))]
async fn check(caller: Caller, Json(new): Json<NewSchema>) -> Result<Json<Checked>, Problem> {
    caller.may(Permission::Read)?;
    let problems = match super::read(new.document.get()) {
        Ok(_) => Vec::new(),
        Err(Error::Invalid(problems)) => problems
            .iter()
            .map(|(place, problem)| SchemaProblem { place: place.clone(), problem: problem.clone() })
            .collect(),
        Err(error) => return Err(error.into()),
    };
    Ok(Json(Checked { problems }))
}

/// Which version is wanted.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Its number; the active one if absent.
    version: Option<i64>,
}

/// Shows a version of a schema.
#[utoipa::path(get, path = "/v1/schemas/{key}", tag = "schemas", params(("key" = String, Path), Wanted),
    responses((status = 200, body = Schema), (status = 404, body = ProblemBody)))]
async fn show(
    State(site): State<Site>,
    caller: Caller,
    Path(key): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Schema>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(match wanted.version {
        None => super::by_key(&cx, &mut tx, &key).await?,
        Some(number) => super::version(&cx, &mut tx, &key, number).await?,
    }))
}

/// A change of a schema.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SchemaChange {
    /// The version the change began from.
    base_version: i64,
    /// The whole new document.
    #[schema(value_type = Object)]
    document: Box<RawValue>,
}

/// Somebody else saved first: both versions, to be merged by a person.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct StaleBody {
    /// Always `about:blank`.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// The stable code.
    code: crate::protocol::ErrorCode,
    /// What was wrong and what to do.
    detail: String,
    /// The version that counts now.
    current: Schema,
    /// The document that was sent.
    #[schema(value_type = Object)]
    yours: Box<RawValue>,
}

/// Saves a new version of a schema. When somebody else did so since `base_version`, nothing is saved and the
/// answer holds both.
#[utoipa::path(put, path = "/v1/schemas/{key}", tag = "schemas", params(("key" = String, Path)),
    request_body = SchemaChange,
    responses((status = 200, body = Schema), (status = 404, body = ProblemBody), (status = 409, body = StaleBody),
        (status = 422, body = ProblemBody)))]
async fn update(
    State(site): State<Site>,
    caller: Caller,
    Path(key): Path<String>,
    Json(change): Json<SchemaChange>,
) -> Result<Response, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    match super::update(&cx, &mut tx, &key, change.base_version, change.document.get()).await {
        Ok(schema) => {
            tx.commit().await?;
            Ok(Json(schema).into_response())
        }
        Err(error) => stale(error, change.document),
    }
}

fn stale(error: Error, yours: Box<RawValue>) -> Result<Response, Problem> {
    let detail = error.to_string();
    let Error::Stale { current, .. } = error else { return Err(error.into()) };
    let body = StaleBody {
        kind: "about:blank".to_owned(),
        title: "Conflict".to_owned(),
        status: StatusCode::CONFLICT.as_u16(),
        code: crate::protocol::ErrorCode::Conflict,
        detail,
        current: *current,
        yours,
    };
    let mut response = (StatusCode::CONFLICT, axum::Json(body)).into_response();
    let kind = axum::http::HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(axum::http::header::CONTENT_TYPE, kind);
    Ok(response)
}

/// Retires a schema. What is known under it is kept.
#[utoipa::path(delete, path = "/v1/schemas/{key}", tag = "schemas", params(("key" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn retire(
    State(site): State<Site>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    super::remove(&cx, &mut tx, &key).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the versions of a schema, the newest first.
#[utoipa::path(get, path = "/v1/schemas/{key}/versions", tag = "schemas", params(("key" = String, Path)),
    responses((status = 200, body = Page<Version>), (status = 404, body = ProblemBody)))]
async fn versions(
    State(site): State<Site>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Page<Version>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::versions(&cx, &mut tx, &key).await?, next: None }))
}
