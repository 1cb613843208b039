//! Dry runs, whys and searches by conditions over HTTP.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::automation::hooks::Call;
use crate::automation::{Answer, DryRun, Habits, Shown};
use crate::base::{ContactId, ConversationId, HookId, RuleId, StaffId};
use crate::conversations::{self, ListFilter, View};
use crate::hooks::{self, Outcome};
use crate::http::{Cursor, Json, Page, PageQuery, Path, Problem, ProblemBody, Query};
use crate::identity::{Caller, Permission, Site};
use crate::protocol::{ConversationSummary, ErrorCode};
use crate::rules::{self, RuleSet};

/// The longest past that a dry run looks at, and the usual one.
const MOST_DAYS: u32 = 366;
const DAYS: u32 = 30;

/// The routes of this module.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(test))
        .routes(routes!(ask_all))
        .routes(routes!(ask_one))
        .routes(routes!(receive))
        .routes(routes!(habits))
        .routes(routes!(list))
        .routes(routes!(search))
        .merge(super::sequences::routes())
        .merge(super::segments::routes())
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

/// Receives a call of another system, signed as the Standard Webhooks say: `webhook-id`, `webhook-timestamp`
/// and `webhook-signature`. The same `webhook-id` again changes nothing and gets the first outcome.
#[utoipa::path(post, path = "/v1/hooks/{id}/events", tag = "hooks", params(("id" = HookId, Path)),
    request_body = Object,
    responses((status = 200, body = Outcome), (status = 401, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 413, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn receive(
    State(site): State<Site>,
    Path(id): Path<HookId>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Outcome>, Problem> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let call = Call {
        delivery: header(hooks::ID),
        timestamp: header(hooks::TIMESTAMP),
        signature: header(hooks::SIGNATURE),
        body: &body,
    };
    Ok(Json(super::hooks::receive(&site, id, call).await?))
}

/// How habits are looked for.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct HabitsQuery {
    /// How many days to look back, at most 366; 90 if absent.
    days: Option<u32>,
    /// How often a rule must have been right to be offered, 0.5 to 1; 0.85 if absent.
    precision: Option<f64>,
}

/// Looks for what staff do again and again by hand, and says which rules would do it: how often each would
/// have been right on history, what it would have missed, and where it would have been wrong.
#[utoipa::path(get, path = "/v1/rules/habits", tag = "rules", params(HabitsQuery),
    responses((status = 200, body = Habits), (status = 403, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn habits(
    State(site): State<Site>,
    caller: Caller,
    Query(query): Query<HabitsQuery>,
) -> Result<Json<Habits>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let (days, precision) = (query.days.unwrap_or(90), query.precision.unwrap_or(0.85));
    if days == 0 || days > MOST_DAYS {
        let detail = format!("days: this must be from 1 to {MOST_DAYS}");
        return Err(Problem::new(ErrorCode::InvalidField, detail));
    }
    if !(0.5..=1.0).contains(&precision) {
        return Err(Problem::new(ErrorCode::InvalidField, "precision: this must be from 0.5 to 1"));
    }
    let mut tx = site.ports.db.read().await?;
    Ok(Json(super::habits(&cx, &mut tx, days, precision).await?))
}

/// Conditions in an address.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct WhenQuery {
    /// What must hold, as JSON (`schemas/filter.json`).
    when: Option<String>,
}

/// Lists conversations, the one with the newest event first. With conditions a page may be short, or empty,
/// and not the last.
#[utoipa::path(get, path = "/v1/conversations", tag = "conversations", params(ListFilter, WhenQuery, PageQuery),
    responses((status = 200, body = Page<ConversationSummary>), (status = 422, body = ProblemBody)))]
async fn list(
    State(site): State<Site>,
    caller: Caller,
    Query(filter): Query<ListFilter>,
    Query(query): Query<WhenQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<ConversationSummary>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let (limit, cursor) = (page.limit()?, page.cursor()?);
    let mut tx = site.ports.db.read().await?;
    let Some(when) = query.when else {
        let rows = conversations::list(&cx, &mut tx, &filter, limit, cursor).await?;
        let page = Page::of(rows, limit, |(at, summary)| Cursor { at: *at, id: summary.id });
        return Ok(Json(page.map(|(_, summary)| summary)));
    };
    let when: Value = serde_json::from_str(&when)
        .map_err(|error| Problem::new(ErrorCode::InvalidField, format!("when: this is not JSON: {error}")))?;
    let Shown { items, next, .. } = super::search(&cx, &mut tx, (&filter, &when), limit, cursor).await?;
    Ok(Json(Page { items, next }))
}

/// Which conversations are looked for.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SearchBody {
    /// A view of the inbox; `open` if absent.
    view: Option<View>,
    /// Only with this label.
    label: Option<String>,
    /// Only in this status.
    status: Option<String>,
    /// Only what this colleague looks after.
    assignee: Option<StaffId>,
    /// Only of this contact.
    contact: Option<ContactId>,
    /// Words in the title, the messages or the customer's name.
    q: Option<String>,
    /// What must hold (`schemas/filter.json`).
    #[schema(value_type = Object)]
    when: Value,
    /// Conversations on the page, 1 to 200; 50 if absent.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Finds conversations by the conditions of rules, the one with the newest event first.
#[utoipa::path(post, path = "/v1/conversations/search", tag = "conversations", request_body = SearchBody,
    responses((status = 200, body = Shown), (status = 401, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn search(
    State(site): State<Site>,
    caller: Caller,
    Json(body): Json<SearchBody>,
) -> Result<Json<Shown>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let page = PageQuery { limit: body.limit, cursor: body.cursor };
    let SearchBody { view, label, status, assignee, contact, q, when, .. } = body;
    let filter = ListFilter { view, label, status, assignee, contact, q };
    let mut tx = site.ports.db.read().await?;
    Ok(Json(super::search(&cx, &mut tx, (&filter, &when), page.limit()?, page.cursor()?).await?))
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
