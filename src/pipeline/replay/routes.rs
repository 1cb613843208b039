//! Replays over HTTP: a page of past conversations at a time, so that a caller may stop.

use axum::Extension;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::ConversationId;
use crate::conversations::{self, ListFilter, View};
use crate::http::{Cursor, Json, PageQuery, Problem, ProblemBody, Query};
use crate::identity::{Caller, Permission, Site};
use crate::pipeline::Library;
use crate::pipeline::replay::change::Change;
use crate::pipeline::replay::{Replayed, agent_of, learn};
use crate::protocol::ErrorCode;
use crate::workspaces;

/// Most conversations that one call tells again.
const MAX_CONVERSATIONS: i64 = 50;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(replay))
}

/// What is replayed.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ReplayBody {
    /// What is changed; nothing: what happens today, to be held against what was recorded.
    #[serde(default)]
    change: Change,
    /// Only messages that lead to this intent, without or with the change.
    intent: Option<String>,
}

/// Some conversations of the past, told again.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct ReplayPage {
    /// Message by message, the newest conversation first.
    items: Vec<Replayed>,
    /// How many conversations were looked at.
    conversations: usize,
    /// Give this as `cursor` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Runs past conversations, those with the newest event first, through a changed agent, rule, schema or knowledge.
/// Nothing is stored, sent or told, and no tool from outside is asked; models are asked only where `ask_models` says
/// so.
#[utoipa::path(post, path = "/v1/replay", tag = "turns", params(ListFilter, PageQuery), request_body = ReplayBody,
    responses((status = 200, body = ReplayPage), (status = 403, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn replay(
    State(site): State<Site>,
    Extension(library): Extension<Library>,
    caller: Caller,
    Query(filter): Query<ListFilter>,
    Query(page): Query<PageQuery>,
    Json(body): Json<ReplayBody>,
) -> Result<Json<ReplayPage>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let limit = match page.limit.unwrap_or(20) {
        limit @ 1..=MAX_CONVERSATIONS => limit,
        limit => {
            let detail = format!("limit is {limit}; it must be from 1 to {MAX_CONVERSATIONS}");
            return Err(Problem::new(ErrorCode::InvalidField, detail));
        }
    };
    let filter = ListFilter { view: Some(filter.view.unwrap_or(View::All)), ..filter };
    let start = page.cursor::<ConversationId>()?;
    let asked = usize::try_from(limit).unwrap_or(0);
    let mut tx = site.ports.db.read().await?;
    let workspace = workspaces::get(&mut tx, cx.workspace).await?;
    let mut changed = body.change.check(&library, &cx, &mut tx, &workspace.agent).await?;
    let agent = agent_of(&library, &cx, &mut tx, &workspace.agent).await?;
    let mut past = conversations::list(&cx, &mut tx, &filter, limit, start).await?;
    drop(tx);
    changed.make_ready(&site.ports).await?;
    learn(&library, &changed, agent).await;
    let mut items = Vec::new();
    let more = past.len() > asked;
    past.truncate(asked);
    for (_, one) in &past {
        items.extend(super::conversation(&site, &library, &cx, (one.id, &one.title), &changed).await?);
    }
    if let Some(intent) = &body.intent {
        let of = |outcome: &super::Outcome| outcome.intent.as_ref() == Some(intent);
        items.retain(|one| of(&one.before) || one.after.as_ref().is_some_and(of));
    }
    let next = past.last().filter(|_| more).map(|(at, one)| Cursor { at: *at, id: one.id }.encode());
    Ok(Json(ReplayPage { items, conversations: past.len(), next }))
}
