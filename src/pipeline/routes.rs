//! Turns over HTTP: the "why" behind drafts.

use axum::Extension;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::agents::usage::{self, UseRow};
use crate::base::{ConversationId, TurnId};
use crate::conversations;
use crate::http::{Json, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::pipeline::Library;
use crate::pipeline::store::{self, TurnRow};
use crate::pipeline::trace::StageTrace;

/// Turns listed of one conversation.
const LISTED: i64 = 50;

/// The routes of this module.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show))
}

/// Lists a conversation's newest turns, newest first.
#[utoipa::path(get, path = "/v1/conversations/{id}/turns", tag = "turns", params(("id" = ConversationId, Path)),
    responses((status = 200, body = Vec<TurnRow>), (status = 404, body = ProblemBody)))]
async fn list(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Json<Vec<TurnRow>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    conversations::exists(&cx, &mut tx, id).await?;
    Ok(Json(store::of_conversation(&mut tx, cx.workspace, id, LISTED).await?))
}

/// A turn with the trace of its stages.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct TurnBody {
    /// The turn.
    #[serde(flatten)]
    turn: TurnRow,
    /// The name of the role that drafted.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_name: Option<String>,
    /// Its stages, in order.
    stages: Vec<StageTrace>,
    /// What the model was given that wrote the draft, or that failed to; absent where no model was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<String>,
    /// Its calls of models, in order.
    uses: Vec<UseRow>,
}

/// Shows a turn with the trace of its stages.
#[utoipa::path(get, path = "/v1/turns/{id}", tag = "turns", params(("id" = TurnId, Path)),
    responses((status = 200, body = TurnBody), (status = 404, body = ProblemBody)))]
async fn show(
    State(site): State<Site>,
    Extension(library): Extension<Library>,
    caller: Caller,
    Path(id): Path<TurnId>,
) -> Result<Json<TurnBody>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let turn = store::find(&mut tx, cx.workspace, id).await?.ok_or_else(Problem::not_found)?;
    let stages = store::stages_of(&mut tx, cx.workspace, id).await?;
    let uses = usage::of_turn(&cx, &mut tx, id).await?;
    let prompt = match uses.last() {
        None => None,
        Some(last) => usage::prompt(&cx, &mut tx, &last.prompt_hash).await?,
    };
    let role = turn.agent.as_deref().and_then(|key| library.understanding().catalogue().find(key));
    let agent_name = role.map(|role| role.name.clone());
    Ok(Json(TurnBody { turn, agent_name, stages, prompt, uses }))
}
