//! Dry runs and whys over HTTP.

use axum::extract::State;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::automation::{Answer, DryRun};
use crate::base::{ConversationId, RuleId};
use crate::http::{Json, Page, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::protocol::ErrorCode;
use crate::rules::{self, RuleSet};

/// The longest past that a dry run looks at, and the usual one.
const MOST_DAYS: u32 = 366;
const DAYS: u32 = 30;

/// The routes of this module.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(test)).routes(routes!(ask_all)).routes(routes!(ask_one))
}

/// A rule to be tried on the past.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct TestBody {
    /// What the rule says (`schemas/rule.json`).
    #[schema(value_type = Object)]
    document: Value,
    /// How many days to look back, at most 366; 30 if absent.
    days: Option<u32>,
}

/// Tries a rule on the past without storing it: which conversations it would have touched and when, what it
/// would have done, with which rules it disagrees, and whom it would have written to more than once.
#[utoipa::path(post, path = "/v1/rules/test", tag = "rules", request_body = TestBody,
    responses((status = 200, body = DryRun), (status = 403, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn test(
    State(site): State<Site>,
    caller: Caller,
    Json(body): Json<TestBody>,
) -> Result<Json<DryRun>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let days = body.days.unwrap_or(DAYS);
    if days == 0 || days > MOST_DAYS {
        let detail = format!("days: this must be from 1 to {MOST_DAYS}");
        return Err(Problem::new(ErrorCode::InvalidField, detail));
    }
    let mut tx = site.ports.db.read().await?;
    let set = RuleSet::new(rules::enabled(&cx, &mut tx).await?, 0);
    Ok(Json(super::dry_run(&cx, &mut tx, &set, &body.document, days).await?))
}

/// Asks all rules about a conversation: what each did when it last could, and why or why not.
#[utoipa::path(get, path = "/v1/conversations/{id}/rules", tag = "rules", params(("id" = ConversationId, Path)),
    responses((status = 200, body = Page<Answer>), (status = 404, body = ProblemBody)))]
async fn ask_all(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Json<Page<Answer>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::ask(&cx, &mut tx, id, None).await?, next: None }))
}

/// Asks one rule about a conversation.
#[utoipa::path(get, path = "/v1/conversations/{id}/rules/{rule}", tag = "rules",
    params(("id" = ConversationId, Path), ("rule" = RuleId, Path)),
    responses((status = 200, body = Answer), (status = 404, body = ProblemBody)))]
async fn ask_one(
    State(site): State<Site>,
    caller: Caller,
    Path((id, rule)): Path<(ConversationId, RuleId)>,
) -> Result<Json<Answer>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let mut answers = super::ask(&cx, &mut tx, id, Some(rule)).await?;
    answers.pop().map(Json).ok_or_else(Problem::not_found)
}
