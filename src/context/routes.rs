//! Context over HTTP.

use axum::extract::State;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::ConversationId;
use crate::context::RecordView;
use crate::conversations;
use crate::http::{Json, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::protocol::ConversationSummary;

/// The routes of this domain.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(show)).routes(routes!(set)).routes(routes!(move_status))
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
