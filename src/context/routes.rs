//! Context over HTTP.

use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::ConversationId;
use crate::context::{
    ContextStatistics, FieldStep, Finding, Move, Preview, RecordView, Suggestions, past, statistics, suggest,
};
use crate::conversations;
use crate::http::{Json, Page, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::protocol::{ConversationSummary, ErrorCode, Fill};
use crate::schemas;

/// The routes of this domain.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(set))
        .routes(routes!(history))
        .routes(routes!(revert))
        .routes(routes!(moves))
        .routes(routes!(move_status))
        .routes(routes!(extract))
        .routes(routes!(test))
        .routes(routes!(preview))
        .routes(routes!(suggestions))
        .routes(routes!(start_fill, show_fill, stop_fill))
        .routes(routes!(board))
        .routes(routes!(figures))
}

/// What is known of a conversation.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct ContextBody {
    /// One record per active schema.
    records: Vec<RecordView>,
}

/// What a person says a field holds.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct FieldChange {
    /// The value; `null` clears the field.
    #[schema(value_type = Object)]
    value: Value,
    /// Whether the machine must leave it alone from now on.
    #[serde(default = "yes")]
    locked: bool,
}

const fn yes() -> bool {
    true
}

/// Shows what is known of a conversation.
#[utoipa::path(get, path = "/v1/conversations/{id}/context", tag = "context",
    params(("id" = ConversationId, Path)),
    responses((status = 200, body = ContextBody), (status = 404, body = ProblemBody)))]
async fn show(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Json<ContextBody>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(ContextBody { records: super::view(&cx, &mut tx, id).await? }))
}

/// What reading a conversation again found.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct Extracted {
    /// How many values it changed; where a person or something surer has spoken, nothing changes.
    changed: usize,
    /// What is known now: one record per active schema.
    records: Vec<RecordView>,
}

/// Reads a conversation again with every active schema and fills what it says. What people said stays, and
/// nothing gets weaker; a second time changes nothing more.
#[utoipa::path(post, path = "/v1/conversations/{id}/extract", tag = "context",
    params(("id" = ConversationId, Path)),
    responses((status = 200, body = Extracted), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn extract(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Json<Extracted>, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let (said, settings) = past::gather_one(&cx, &mut tx, id).await?;
    let schemas = schemas::active(&cx, &mut tx).await?;
    drop(tx);
    let found = compute(move || past::read_with(&schemas, &said, &settings)).await?;
    let machine = cx.acting_as(crate::base::Actor::System, "");
    let mut tx = site.ports.db.begin().await?;
    let mut changed = 0;
    for (key, proposals) in found {
        changed += past::fill(&machine, &mut tx, id, &key, proposals).await?;
    }
    let records = super::view(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(Extracted { changed, records }))
}

/// Sets or clears a field, and locks or frees it. `field` is a key, or `schema.key` where schemas share one.
#[utoipa::path(put, path = "/v1/conversations/{id}/context/{field}", tag = "context",
    params(("id" = ConversationId, Path), ("field" = String, Path)), request_body = FieldChange,
    responses((status = 200, body = RecordView), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
async fn set(
    State(site): State<Site>,
    caller: Caller,
    Path((id, field)): Path<(ConversationId, String)>,
    Json(change): Json<FieldChange>,
) -> Result<Json<RecordView>, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let value = Some(change.value).filter(|value| !value.is_null());
    let mut tx = site.ports.db.begin().await?;
    let record = super::set(&cx, &mut tx, id, &field, value, change.locked).await?;
    tx.commit().await?;
    Ok(Json(record))
}

/// Where a conversation goes.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct StatusBody {
    /// The key of the status.
    status: String,
}

/// Moves a conversation to another status of its workflow.
#[utoipa::path(post, path = "/v1/conversations/{id}/status", tag = "conversations", params(("id" = ConversationId, Path)),
    request_body = StatusBody,
    responses((status = 200, body = ConversationSummary), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn move_status(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(body): Json<StatusBody>,
) -> Result<Json<ConversationSummary>, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    super::move_status(&cx, &mut tx, id, &body.status).await?;
    let summary = conversations::summary(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(summary))
}

/// Lists every change of a field, the newest first.
#[utoipa::path(get, path = "/v1/conversations/{id}/context/{field}/history", tag = "context",
    params(("id" = ConversationId, Path), ("field" = String, Path)),
    responses((status = 200, body = Page<FieldStep>), (status = 404, body = ProblemBody)))]
async fn history(
    State(site): State<Site>,
    caller: Caller,
    Path((id, field)): Path<(ConversationId, String)>,
) -> Result<Json<Page<FieldStep>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::history(&cx, &mut tx, id, &field).await?, next: None }))
}

/// Which change of a field to go back to.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Revert {
    /// The entry that tells of the change.
    seq: i64,
}

/// Sets a field back to what it was after an earlier change, as a new change.
#[utoipa::path(post, path = "/v1/conversations/{id}/context/{field}/revert", tag = "context",
    params(("id" = ConversationId, Path), ("field" = String, Path)), request_body = Revert,
    responses((status = 200, body = RecordView), (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn revert(
    State(site): State<Site>,
    caller: Caller,
    Path((id, field)): Path<(ConversationId, String)>,
    Json(to): Json<Revert>,
) -> Result<Json<RecordView>, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let record = super::revert(&cx, &mut tx, id, &field, to.seq).await?;
    tx.commit().await?;
    Ok(Json(record))
}

/// Lists where a conversation can go from its status, and what keeps it from the rest.
#[utoipa::path(get, path = "/v1/conversations/{id}/moves", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 200, body = Page<Move>), (status = 404, body = ProblemBody)))]
async fn moves(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Json<Page<Move>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::moves(&cx, &mut tx, id).await?, next: None }))
}

/// A document to try.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct TestBody {
    /// JSON Schema with annotations.
    #[schema(value_type = Object)]
    document: Box<RawValue>,
    /// The conversation to try it on.
    conversation: Option<ConversationId>,
    /// Or a text, as if a customer wrote it.
    text: Option<String>,
}

/// What a document finds.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct TestAnswer {
    /// The values, in the order they were found.
    findings: Vec<Finding>,
}

/// The longest text to try a document on, in characters.
const MAX_TRIAL: usize = 10_000;

/// Tries a document on a conversation or a text, and stores nothing.
#[utoipa::path(post, path = "/v1/schemas/test", tag = "schemas", request_body = TestBody,
    responses((status = 200, body = TestAnswer), (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn test(
    State(site): State<Site>,
    caller: Caller,
    Json(body): Json<TestBody>,
) -> Result<Json<TestAnswer>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let outline = schemas::read(body.document.get())?;
    let mut tx = site.ports.db.read().await?;
    let (said, settings) = match (body.conversation, body.text) {
        (Some(id), _) => past::gather_one(&cx, &mut tx, id).await?,
        (None, Some(text)) if text.chars().count() <= MAX_TRIAL => {
            let said = conversations::Said { seq: 0, by_customer: true, text, at: cx.now };
            (vec![said], past::settings_of(cx.workspace, &mut tx).await?)
        }
        _ => {
            let says = format!("a conversation or a text of at most {MAX_TRIAL} characters is needed");
            return Err(Problem::new(ErrorCode::InvalidValue, says));
        }
    };
    drop(tx);
    let work = move || past::findings(body.document.get(), &outline, &said, &settings);
    Ok(Json(TestAnswer { findings: compute(work).await? }))
}

/// A document to preview.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PreviewBody {
    /// JSON Schema with annotations.
    #[schema(value_type = Object)]
    document: Box<RawValue>,
    /// On how many of the newest conversations; at most 500.
    conversations: Option<i64>,
}

/// Says what a document would make of past conversations, field by field, and stores nothing.
#[utoipa::path(post, path = "/v1/schemas/preview", tag = "schemas", request_body = PreviewBody,
    responses((status = 200, body = Preview), (status = 422, body = ProblemBody)))]
async fn preview(
    State(site): State<Site>,
    caller: Caller,
    Json(body): Json<PreviewBody>,
) -> Result<Json<Preview>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let outline = schemas::read(body.document.get())?;
    let limit = body.conversations.unwrap_or(100).clamp(1, 500);
    let mut tx = site.ports.db.read().await?;
    let material = past::gather(&cx, &mut tx, &outline.key, None, limit).await?;
    drop(tx);
    let work = move || past::preview(body.document.get(), &outline, &material);
    Ok(Json(compute(work).await?))
}

/// What is to be suggested.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// In which share of the conversations something must be found, 0.01 to 1; 0.1 if absent.
    least: Option<f64>,
    /// How many of the newest conversations are read, at most 500; 200 if absent.
    conversations: Option<i64>,
}

/// How far back labels are looked at that could be states.
const LABELS_OF: Duration = Duration::from_secs(366 * 24 * 3_600);

/// Suggests fields and choices that customers' messages would fill, and states from labels that colleagues
/// put on by hand, each with the share of the newest conversations in which it would be. Nothing is stored.
#[utoipa::path(get, path = "/v1/schemas/{key}/suggestions", tag = "schemas", params(("key" = String, Path), Wanted),
    responses((status = 200, body = Suggestions), (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn suggestions(
    State(site): State<Site>,
    caller: Caller,
    Path(key): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Suggestions>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let least = wanted.least.unwrap_or(0.1);
    if !(0.01..=1.0).contains(&least) {
        return Err(Problem::new(ErrorCode::InvalidField, "least: this must be from 0.01 to 1"));
    }
    let limit = wanted.conversations.unwrap_or(200).clamp(1, 500);
    let mut tx = site.ports.db.read().await?;
    let schema = schemas::by_key(&cx, &mut tx, &key).await?;
    let material = past::gather(&cx, &mut tx, &key, None, limit).await?;
    let since = cx.now.before(LABELS_OF);
    let labelled = conversations::entries_of_kind(&cx, &mut tx, "labels_changed", since, true).await?;
    drop(tx);
    Ok(Json(compute(move || suggest::suggest(&schema, &material, &labelled, least)).await?))
}

/// Begins to read past conversations again with a schema and to fill what they say, the newest first.
///
/// It goes on by itself, also after a restart; how far it got comes as `fill` signals. What people said stays,
/// and nothing gets weaker. While it goes on, asking again changes nothing.
#[utoipa::path(post, path = "/v1/schemas/{key}/fill", tag = "schemas", params(("key" = String, Path)),
    responses((status = 202, body = Fill), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn start_fill(
    State(site): State<Site>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<(StatusCode, Json<Fill>), Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let fill = super::start_fill(&cx, &mut tx, &key).await?;
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(fill)))
}

/// Shows how far filling the past with a schema got; `null` when it was never begun.
#[utoipa::path(get, path = "/v1/schemas/{key}/fill", tag = "schemas", params(("key" = String, Path)),
    responses((status = 200, body = Option<Fill>), (status = 404, body = ProblemBody)))]
async fn show_fill(
    State(site): State<Site>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Option<Fill>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(super::fill(&cx, &mut tx, &key).await?))
}

/// Stops filling; what was filled stays.
#[utoipa::path(delete, path = "/v1/schemas/{key}/fill", tag = "schemas", params(("key" = String, Path)),
    responses((status = 200, body = Fill), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn stop_fill(
    State(site): State<Site>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Fill>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let fill = super::stop_fill(&cx, &mut tx, &key).await?;
    tx.commit().await?;
    fill.map(Json).ok_or_else(Problem::not_found)
}

/// A column of the board.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct Column {
    /// The status.
    status: String,
    /// Its name as shown.
    label: String,
    /// The name of its colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    colour: Option<String>,
    /// How many conversations are in it.
    count: i64,
    /// How many of them are not resolved.
    open: i64,
}

/// Counts the conversations in each status of a schema's workflow, exactly.
#[utoipa::path(get, path = "/v1/schemas/{key}/board", tag = "schemas", params(("key" = String, Path)),
    responses((status = 200, body = Page<Column>), (status = 404, body = ProblemBody)))]
async fn board(
    State(site): State<Site>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Page<Column>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let schema = schemas::by_key(&cx, &mut tx, &key).await?;
    let counts = conversations::count_by_status(&cx, &mut tx).await?;
    let columns = schema.workflow.states.into_iter().map(|state| {
        let (count, open) = counts.get(&state.key).copied().unwrap_or_default();
        Column { status: state.key, label: state.label, colour: state.colour, count, open }
    });
    Ok(Json(Page { items: columns.collect(), next: None }))
}

/// Over how many days.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Days {
    /// From 1 to 366; 30 if absent.
    days: Option<u32>,
}

/// Says how well a schema works: how often fields are known and corrected, how long statuses last.
#[utoipa::path(get, path = "/v1/schemas/{key}/statistics", tag = "schemas", params(("key" = String, Path), Days),
    responses((status = 200, body = ContextStatistics), (status = 404, body = ProblemBody)))]
async fn figures(
    State(site): State<Site>,
    caller: Caller,
    Path(key): Path<String>,
    Query(wanted): Query<Days>,
) -> Result<Json<ContextStatistics>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let days = wanted.days.unwrap_or(30).clamp(1, 366);
    Ok(Json(statistics(&cx, &mut tx, &key, days).await?))
}

/// Computes beside the sockets.
async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error))
}
