//! The sequences of a conversation over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::automation::{Error, SequenceRun};
use crate::base::{ConversationId, SequenceId, SequenceRunId};
use crate::conversations;
use crate::http::{Json, Page, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::sequences::{self, Ending};

/// The routes of this module.
pub(in crate::automation) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list, start)).routes(routes!(stop))
}

/// Which sequence is to begin.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SequenceStart {
    /// Its identifier.
    sequence: SequenceId,
}

/// Lists the sequences of a conversation, the newest first: what their steps did, what comes next and when,
/// and why they ended.
#[utoipa::path(get, path = "/v1/conversations/{id}/sequences", tag = "sequences",
    params(("id" = ConversationId, Path)),
    responses((status = 200, body = Page<SequenceRun>), (status = 404, body = ProblemBody)))]
async fn list(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Json<Page<SequenceRun>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::of_conversation(&cx, &mut tx, id).await?, next: None }))
}

/// Begins a sequence in a conversation. 409 when it is on its way there already, is switched off, or the
/// conversation is closed.
#[utoipa::path(post, path = "/v1/conversations/{id}/sequences", tag = "sequences",
    params(("id" = ConversationId, Path)), request_body = SequenceStart,
    responses((status = 201, body = SequenceRun), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
async fn start(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(new): Json<SequenceStart>,
) -> Result<(StatusCode, Json<SequenceRun>), Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    conversations::hold(&cx, &mut tx, id).await?;
    let sequence = sequences::get(&cx, &mut tx, new.sequence).await?;
    let run = super::start(&cx, &mut tx, id, &sequence).await?;
    let shown = super::one(&cx, &mut tx, run).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Stops a sequence that is on its way in a conversation. Stopping it again changes nothing.
#[utoipa::path(delete, path = "/v1/conversations/{id}/sequences/{run}", tag = "sequences",
    params(("id" = ConversationId, Path), ("run" = SequenceRunId, Path)),
    responses((status = 200, body = SequenceRun), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn stop(
    State(site): State<Site>,
    caller: Caller,
    Path((id, run)): Path<(ConversationId, SequenceRunId)>,
) -> Result<Json<SequenceRun>, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    conversations::hold(&cx, &mut tx, id).await?;
    let run = sequences::run(&cx, &mut tx, id, run).await.map_err(Error::from)?;
    super::stop(&cx, &mut tx, &run, Ending::Stopped).await?;
    let run = sequences::run(&cx, &mut tx, id, run.id).await?;
    let shown = super::one(&cx, &mut tx, run).await?;
    tx.commit().await?;
    Ok(Json(shown))
}
