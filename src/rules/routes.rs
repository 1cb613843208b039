//! Rules over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::{ConversationId, RuleId};
use crate::conversations;
use crate::http::{Json, Page, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::rules::{
    Action, Error, FactOption, FactRow, Rule, RuleDocument, RuleRow, RuleVersion, RunRow, Trigger,
};

/// The routes of this domain.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(vocabulary))
        .routes(routes!(check))
        .routes(routes!(show, change, switch, remove))
        .routes(routes!(versions))
        .routes(routes!(list_runs))
}

/// Whether a rule runs.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct RuleSwitch {
    /// Whether it runs.
    enabled: bool,
}

/// An edited rule.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct RuleChange {
    /// The version that was edited.
    version: i64,
    /// What the rule says now (`schemas/rule.json`).
    #[schema(value_type = Object)]
    document: Value,
}

/// What a document says when it is read as a rule.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct RuleReading {
    /// The rule in words; absent when it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// What is wrong with it, each with its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// What its author should know.
    notes: Vec<String>,
}

/// What rules can speak of.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct VocabularyBody {
    /// What can be asked about.
    facts: Vec<FactRow>,
    /// The fields that can be set.
    fields: Vec<FactOption>,
    /// The sequences that can be started and stopped.
    sequences: Vec<FactOption>,
}

/// Lists all rules in the order they run, with how often each matched in the last 30 days.
#[utoipa::path(get, path = "/v1/rules", tag = "rules",
    responses((status = 200, body = Page<RuleRow>), (status = 401, body = ProblemBody)))]
async fn list(State(site): State<Site>, caller: Caller) -> Result<Json<Page<RuleRow>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::list(&cx, &mut tx).await?, next: None }))
}

/// Adds a rule. Its grammar is `schemas/rule.json`.
#[utoipa::path(post, path = "/v1/rules", tag = "rules", request_body = Object,
    responses((status = 201, body = Rule), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
async fn create(
    State(site): State<Site>,
    caller: Caller,
    Json(document): Json<Value>,
) -> Result<(StatusCode, Json<Rule>), Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let rule = super::create(&cx, &mut tx, &document).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(rule)))
}

/// Shows what rules can speak of: facts with the ways they compare, and fields that can be set.
#[utoipa::path(get, path = "/v1/rules/vocabulary", tag = "rules",
    responses((status = 200, body = VocabularyBody), (status = 401, body = ProblemBody)))]
async fn vocabulary(State(site): State<Site>, caller: Caller) -> Result<Json<VocabularyBody>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let words = super::vocabulary(&cx, &mut tx).await?;
    let (facts, fields, sequences) = (words.rows(), words.settable(), words.sequences());
    Ok(Json(VocabularyBody { facts, fields, sequences }))
}

/// Reads a document as a rule without storing it: what it says in words, or what is wrong with it.
#[utoipa::path(post, path = "/v1/rules/check", tag = "rules", request_body = Object,
    responses((status = 200, body = RuleReading), (status = 401, body = ProblemBody)))]
async fn check(
    State(site): State<Site>,
    caller: Caller,
    Json(document): Json<Value>,
) -> Result<Json<RuleReading>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let words = super::vocabulary(&cx, &mut tx).await?;
    match super::check(&cx, &mut tx, &document).await {
        Ok(read) => {
            let text = Some(super::describe(&read, &words));
            Ok(Json(RuleReading { text, problem: None, notes: notes(&read) }))
        }
        Err(Error::Invalid(problems)) => {
            Ok(Json(RuleReading { text: None, problem: Some(problems.to_string()), notes: Vec::new() }))
        }
        Err(error) => Err(error.into()),
    }
}

/// What a rule causes that makes it look again: it is held back then, and its author should know.
fn notes(rule: &RuleDocument) -> Vec<String> {
    let causes = |action: &Action| {
        matches!(
            (rule.on, action),
            (Trigger::StatusChanged, Action::SetStatus { .. })
                | (Trigger::ContextChanged, Action::SetField { .. })
        )
    };
    let own = (0..).zip(&rule.then).filter(|(_, action)| causes(action));
    own.map(|(at, action): (usize, _)| {
        format!("then[{at}]: to {action} makes this rule look again; it does not run on its own change")
    })
    .collect()
}

/// Shows a rule.
#[utoipa::path(get, path = "/v1/rules/{id}", tag = "rules", params(("id" = RuleId, Path)),
    responses((status = 200, body = Rule), (status = 404, body = ProblemBody)))]
async fn show(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<RuleId>,
) -> Result<Json<Rule>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(super::get(&cx, &mut tx, id).await?))
}

/// Writes the next version of a rule. When somebody saved another one meanwhile, the answer is 409 with
/// both in `conflict`.
#[utoipa::path(put, path = "/v1/rules/{id}", tag = "rules", params(("id" = RuleId, Path)),
    request_body = RuleChange,
    responses((status = 200, body = Rule), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn change(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<RuleId>,
    Json(change): Json<RuleChange>,
) -> Result<Json<Rule>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let rule = super::change(&cx, &mut tx, id, change.version, &change.document).await?;
    tx.commit().await?;
    Ok(Json(rule))
}

/// Switches a rule on or off.
#[utoipa::path(patch, path = "/v1/rules/{id}", tag = "rules", params(("id" = RuleId, Path)),
    request_body = RuleSwitch,
    responses((status = 200, body = Rule), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn switch(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<RuleId>,
    Json(change): Json<RuleSwitch>,
) -> Result<Json<Rule>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let rule = super::toggle(&cx, &mut tx, id, change.enabled).await?;
    tx.commit().await?;
    Ok(Json(rule))
}

/// Takes a rule out of use; what it did stays.
#[utoipa::path(delete, path = "/v1/rules/{id}", tag = "rules", params(("id" = RuleId, Path)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn remove(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<RuleId>,
) -> Result<StatusCode, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    super::remove(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the versions of a rule, newest first.
#[utoipa::path(get, path = "/v1/rules/{id}/versions", tag = "rules", params(("id" = RuleId, Path)),
    responses((status = 200, body = Page<RuleVersion>), (status = 404, body = ProblemBody)))]
async fn versions(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<RuleId>,
) -> Result<Json<Page<RuleVersion>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::versions(&cx, &mut tx, id).await?, next: None }))
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
