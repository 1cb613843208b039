//! Sequences over HTTP. What starts and stops them in a conversation is `automation`'s.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::SequenceId;
use crate::http::{Json, Page, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::sequences::{Error, Sequence, SequenceRow};

/// The routes of this domain.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(check))
        .routes(routes!(show, change, switch, remove))
}

/// An edited sequence.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SequenceChange {
    /// The version that was edited.
    version: i64,
    /// What the sequence says now (`schemas/sequence.json`).
    #[schema(value_type = Object)]
    document: Value,
}

/// Whether a sequence can be started.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SequenceSwitch {
    /// Whether it can.
    enabled: bool,
}

/// What a document says when it is read as a sequence.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct SequenceReading {
    /// The sequence in words; absent when it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// What is wrong with it, each with its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// Lists all sequences by their keys, with how many are on their way.
#[utoipa::path(get, path = "/v1/sequences", tag = "sequences",
    responses((status = 200, body = Page<SequenceRow>), (status = 401, body = ProblemBody)))]
async fn list(State(site): State<Site>, caller: Caller) -> Result<Json<Page<SequenceRow>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::list(&cx, &mut tx).await?, next: None }))
}

/// Adds a sequence. Its grammar is `schemas/sequence.json`.
#[utoipa::path(post, path = "/v1/sequences", tag = "sequences", request_body = Object,
    responses((status = 201, body = Sequence), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
async fn create(
    State(site): State<Site>,
    caller: Caller,
    Json(document): Json<Value>,
) -> Result<(StatusCode, Json<Sequence>), Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let sequence = super::create(&cx, &mut tx, &document).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(sequence)))
}

/// Reads a document as a sequence without storing it: what it says in words, or what is wrong with it.
#[utoipa::path(post, path = "/v1/sequences/check", tag = "sequences", request_body = Object,
    responses((status = 200, body = SequenceReading), (status = 401, body = ProblemBody)))]
async fn check(
    State(site): State<Site>,
    caller: Caller,
    Json(document): Json<Value>,
) -> Result<Json<SequenceReading>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    match super::check(&cx, &mut tx, &document).await {
        Ok(read) => Ok(Json(SequenceReading { text: Some(super::describe(&read)), problem: None })),
        Err(Error::Invalid(problems)) => {
            Ok(Json(SequenceReading { text: None, problem: Some(problems.to_string()) }))
        }
        Err(error) => Err(error.into()),
    }
}

/// Shows a sequence.
#[utoipa::path(get, path = "/v1/sequences/{id}", tag = "sequences", params(("id" = SequenceId, Path)),
    responses((status = 200, body = Sequence), (status = 404, body = ProblemBody)))]
async fn show(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<SequenceId>,
) -> Result<Json<Sequence>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(super::get(&cx, &mut tx, id).await?))
}

/// Writes the next version of a sequence. What is on its way keeps its own. When somebody saved another one
/// meanwhile, the answer is 409 with both in `conflict`.
#[utoipa::path(put, path = "/v1/sequences/{id}", tag = "sequences", params(("id" = SequenceId, Path)),
    request_body = SequenceChange,
    responses((status = 200, body = Sequence), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn change(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<SequenceId>,
    Json(change): Json<SequenceChange>,
) -> Result<Json<Sequence>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let sequence = super::change(&cx, &mut tx, id, change.version, &change.document).await?;
    tx.commit().await?;
    Ok(Json(sequence))
}

/// Switches a sequence on or off. What is on its way ends when it is switched off.
#[utoipa::path(patch, path = "/v1/sequences/{id}", tag = "sequences", params(("id" = SequenceId, Path)),
    request_body = SequenceSwitch,
    responses((status = 200, body = Sequence), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn switch(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<SequenceId>,
    Json(change): Json<SequenceSwitch>,
) -> Result<Json<Sequence>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let sequence = super::toggle(&cx, &mut tx, id, change.enabled).await?;
    tx.commit().await?;
    Ok(Json(sequence))
}

/// Takes a sequence out of use: what is on its way ends, what it did stays.
#[utoipa::path(delete, path = "/v1/sequences/{id}", tag = "sequences", params(("id" = SequenceId, Path)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn remove(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<SequenceId>,
) -> Result<StatusCode, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    super::remove(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
