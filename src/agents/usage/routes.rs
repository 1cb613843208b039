//! Models over HTTP: how they stand, what they cost, the workspace's switch, and a test.

use std::time::{Duration, Instant};

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::agents::providers;
use crate::agents::usage::{self, Overview, Settings};
use crate::http::{Json, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::ports::models::{Ask, Message, Meter, ProviderStatus};
use crate::protocol::ErrorCode;

/// What a test asks.
const TEST_ASKS: &str = "Answer with the single word: ready";
/// How long a test waits.
const TEST_PATIENCE: Duration = Duration::from_secs(20);
/// Tokens that a test may use: more than it needs, for models that think aloud.
const TEST_TOKENS: usize = 200;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(show, change)).routes(routes!(test))
}

/// Models, as a workspace sees them.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct ModelsBody {
    /// Whether the hub's operator has set up any, and not switched them off.
    ready: bool,
    /// How each provider stands, in the order they are asked.
    providers: Vec<ProviderStatus>,
    /// The workspace's own settings.
    settings: Settings,
    /// Tokens in a day that the hub allows; 0 for no limit.
    hub_tokens_per_day: u64,
    /// Tokens left today; absent without a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_today: Option<i64>,
    /// The currency of costs.
    currency: String,
    /// What was used.
    used: Overview,
}

/// Shows the models that draft here, how they stand, and what they cost.
#[utoipa::path(get, path = "/v1/models", tag = "models",
    responses((status = 200, body = ModelsBody), (status = 403, body = ProblemBody)))]
async fn show(State(site): State<Site>, caller: Caller) -> Result<Json<ModelsBody>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let limits = site.ports.models.settings();
    let settings = usage::settings(&cx, &mut tx).await?;
    let limited = limits.tokens_per_day > 0 || settings.tokens_per_day.is_some();
    let allowance = usage::allowance(&cx, &mut tx, limits).await?;
    let chain = providers::chain(&cx, &mut tx, &site.ports).await?;
    Ok(Json(ModelsBody {
        ready: site.ports.models.ready(&chain),
        providers: site.ports.models.status(&chain),
        settings,
        hub_tokens_per_day: limits.tokens_per_day,
        left_today: limited.then_some(allowance.left),
        currency: limits.currency.clone(),
        used: usage::overview(&cx, &mut tx).await?,
    }))
}

/// The workspace's own settings.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SettingsBody {
    /// Whether models draft here at all.
    enabled: bool,
    /// Tokens in a day, if less than the hub allows.
    tokens_per_day: Option<i64>,
    /// Whether the hub's providers follow when the business's own do not answer; absent: they do.
    #[serde(default = "yes")]
    hub_too: bool,
}

const fn yes() -> bool {
    true
}

/// Switches models on or off for this workspace, and limits what they may use. It holds for the next draft.
#[utoipa::path(put, path = "/v1/models", tag = "models", request_body = SettingsBody,
    responses((status = 200, body = Settings), (status = 403, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn change(
    State(site): State<Site>,
    caller: Caller,
    Json(body): Json<SettingsBody>,
) -> Result<Json<Settings>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    if body.tokens_per_day.is_some_and(|tokens| tokens < 0) {
        let detail = "tokens_per_day: give 0 or more, or leave it out for the hub's limit";
        return Err(Problem::new(ErrorCode::InvalidField, detail));
    }
    let settings =
        Settings { enabled: body.enabled, tokens_per_day: body.tokens_per_day, hub_too: body.hub_too };
    let mut tx = site.ports.db.begin().await?;
    usage::change(&cx, &mut tx, &settings).await?;
    tx.commit().await?;
    Ok(Json(settings))
}

/// How a test went.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct TestBody {
    /// Whether it answered.
    works: bool,
    /// What it answered, or why it did not.
    says: String,
    /// Milliseconds until its first word.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_ms: Option<i64>,
    /// Milliseconds in all.
    ms: i64,
}

/// Asks one model a short question, to see whether it works. The workspace's budget pays for it.
#[utoipa::path(post, path = "/v1/models/{name}/test", tag = "models", params(("name" = String, Path)),
    responses((status = 200, body = TestBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody)))]
async fn test(
    State(site): State<Site>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<TestBody>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let models = &site.ports.models;
    let mut tx = site.ports.db.read().await?;
    let allowance = usage::allowance(&cx, &mut tx, models.settings()).await?;
    let chain = providers::chain(&cx, &mut tx, &site.ports).await?;
    drop(tx);
    let tokens = i64::try_from(TEST_TOKENS + TEST_ASKS.len()).unwrap_or(i64::MAX);
    let reserved = models.reserve(cx.workspace, tokens, allowance.left).ok_or_else(|| {
        Problem::new(
            ErrorCode::RateLimited,
            "today's budget of tokens is used up; it begins anew at midnight UTC",
        )
    })?;
    let messages = [Message::User(TEST_ASKS.to_owned())];
    let ask = Ask {
        workspace: cx.workspace,
        prompt_hash: "test",
        messages: &messages,
        tools: &[],
        answer_tokens: TEST_TOKENS,
        deadline: Instant::now() + TEST_PATIENCE,
        chain: &chain,
        first: None,
        temperature: None,
    };
    let meter = Meter::default();
    let answered = models.test(&name, &ask, &meter).await.ok_or_else(Problem::not_found)?;
    let uses = meter.take();
    let mut tx = site.ports.db.begin().await?;
    usage::record(&cx, &mut tx, None, None, &uses).await?;
    tx.commit().await?;
    drop(reserved);
    let (works, says) = match answered {
        Ok(answer) => (true, answer.text.trim().chars().take(200).collect()),
        Err(failure) => (false, failure.to_string()),
    };
    let used = uses.first();
    Ok(Json(TestBody {
        works,
        says,
        first_ms: used.and_then(|used| used.first_ms),
        ms: used.map_or(0, |used| used.ms),
    }))
}
