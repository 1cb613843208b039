//! Rules over HTTP.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::{ConversationId, RuleId};
use crate::conversations;
use crate::http::{Json, Page, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::rules::{Rule, RuleRow, RunRow};

/// The routes of this domain.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(change)).routes(routes!(list_runs))
}

/// A change to a rule.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct RuleChange {
    /// Whether it runs.
    enabled: bool,
}

/// Lists all rules in the order they run, with how often each matched in the last 30 days.
#[utoipa::path(get, path = "/v1/rules", tag = "rules",
    responses((status = 200, body = Page<RuleRow>), (status = 401, body = ProblemBody)))]
async fn list(State(site): State<Site>, caller: Caller) -> Result<Json<Page<RuleRow>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::list(&cx, &mut tx).await?, next: None }))
}

/// Switches a rule on or off.
#[utoipa::path(patch, path = "/v1/rules/{id}", tag = "rules", params(("id" = RuleId, Path)),
    request_body = RuleChange,
    responses((status = 200, body = Rule), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn change(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<RuleId>,
    Json(change): Json<RuleChange>,
) -> Result<Json<Rule>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let rule = super::toggle(&cx, &mut tx, id, change.enabled).await?;
    tx.commit().await?;
    Ok(Json(rule))
}

/// Lists the runs of rules in a conversation, newest first, with why each matched or not.
#[utoipa::path(get, path = "/v1/conversations/{id}/rule-runs", tag = "rules",
    params(("id" = ConversationId, Path)),
    responses((status = 200, body = Page<RunRow>), (status = 404, body = ProblemBody)))]
async fn list_runs(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Json<Page<RunRow>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    conversations::exists(&cx, &mut tx, id).await?;
    Ok(Json(Page { items: super::runs(&cx, &mut tx, id).await?, next: None }))
}
