//! Replays over HTTP: a page of past conversations at a time, so that a caller may stop.

use axum::Extension;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::{ConversationId, Timestamp};
use crate::conversations;
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

/// Runs past conversations, the newest first, through a changed agent, rule or knowledge. Nothing is stored,
/// sent or told, and no model is asked.
#[utoipa::path(post, path = "/v1/replay", tag = "turns", params(PageQuery), request_body = ReplayBody,
    responses((status = 200, body = ReplayPage), (status = 403, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn replay(
    State(site): State<Site>,
    Extension(library): Extension<Library>,
    caller: Caller,
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
    let start = page
        .cursor::<ConversationId>()?
        .unwrap_or(Cursor { at: Timestamp::from_micros(i64::MAX), id: cx.entropy.id(cx.now) });
    let mut tx = site.ports.db.read().await?;
    let workspace = workspaces::get(&mut tx, cx.workspace).await?;
    let changed = body.change.check(&library, &cx, &mut tx, &workspace.agent).await?;
    let agent = agent_of(&library, &cx, &mut tx, &workspace.agent).await?;
    let past = conversations::heads(&cx, &mut tx, start, limit).await?;
    drop(tx);
    learn(&library, &changed, agent).await;
    let mut items = Vec::new();
    for (id, title, _) in &past {
        items.extend(super::conversation(&site, &library, &cx, (*id, title), &changed).await?);
    }
    if let Some(intent) = &body.intent {
        let of = |outcome: &super::Outcome| outcome.intent.as_ref() == Some(intent);
        items.retain(|one| of(&one.before) || one.after.as_ref().is_some_and(of));
    }
    let full = i64::try_from(past.len()).is_ok_and(|length| length == limit);
    let next = past.last().filter(|_| full).map(|(id, _, at)| Cursor { at: *at, id: *id }.encode());
    Ok(Json(ReplayPage { items, conversations: past.len(), next }))
}
