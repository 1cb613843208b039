//! Autopilot over HTTP: the evidence of each intent, what it has earned, and the switch.

use axum::Extension;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::agents::{Understanding, intents};
use crate::drafts::autopilot::{self, Bin, Event, Evidence, Grant, Offer, Settings};
use crate::http::{Json, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::protocol::ErrorCode;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(show, change)).routes(routes!(switch))
}

/// Autopilot, as a workspace sees it.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct AutopilotBody {
    /// What the business asks for.
    settings: Settings,
    /// Intent by intent, those with most decisions first.
    intents: Vec<IntentBody>,
    /// How confidence and outcome agree, over all intents.
    reliability: Vec<Bin>,
    /// What happened, newest first.
    events: Vec<Event>,
}

/// An intent and what it has earned.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct IntentBody {
    /// The word that names it.
    key: String,
    /// Its name for staff.
    label: String,
    /// Why it always is a person's matter; absent if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    sensitive_because: Option<String>,
    /// What is known of its drafts.
    evidence: Evidence,
    /// What it has earned; absent while it has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<Offer>,
    /// What it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<Grant>,
}

/// Shows what each intent's drafts became, which have earned autopilot, and which have it.
#[utoipa::path(get, path = "/v1/autopilot", tag = "autopilot",
    responses((status = 200, body = AutopilotBody), (status = 403, body = ProblemBody)))]
async fn show(
    State(site): State<Site>,
    Extension(understanding): Extension<Understanding>,
    caller: Caller,
) -> Result<Json<AutopilotBody>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let overview = autopilot::overview(&cx, &mut tx).await?;
    let mut known = intents::list(&cx, &mut tx, &understanding).await?.intents;
    let mut shown = Vec::new();
    for standing in overview.intents {
        let place = known.iter().position(|intent| intent.key == standing.intent);
        let intent = place.map(|place| known.swap_remove(place));
        let (label, because) = match intent {
            Some(intent) => (intent.label, intent.sensitive.then_some(intent.sensitive_because)),
            None => (standing.intent.replace('_', " "), None),
        };
        shown.push(IntentBody {
            key: standing.intent,
            label,
            offer: standing.offer.filter(|_| because.is_none()),
            sensitive_because: because,
            evidence: standing.evidence,
            grant: standing.grant,
        });
    }
    shown.extend(known.into_iter().map(|intent| IntentBody {
        key: intent.key,
        label: intent.label,
        sensitive_because: intent.sensitive.then_some(intent.sensitive_because),
        evidence: Evidence::default(),
        offer: None,
        grant: None,
    }));
    shown.sort_by(|a, b| (b.evidence.decided, a.label.as_str()).cmp(&(a.evidence.decided, b.label.as_str())));
    Ok(Json(AutopilotBody {
        settings: overview.settings,
        intents: shown,
        reliability: overview.reliability,
        events: overview.events,
    }))
}

/// What a business asks for.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SettingsBody {
    /// The share of drafts that must go out as written, as a lower bound: 0.5 to 0.99.
    bar: f64,
    /// Decisions without which nothing is offered: 5 to 1000.
    least: i64,
    /// The share of drafts that a person looks at all the same: 0.02 to 1.
    sample: f64,
}

/// Changes what a business asks of an intent. It holds for the next draft.
#[utoipa::path(put, path = "/v1/autopilot", tag = "autopilot", request_body = SettingsBody,
    responses((status = 200, body = Settings), (status = 403, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn change(
    State(site): State<Site>,
    caller: Caller,
    Json(body): Json<SettingsBody>,
) -> Result<Json<Settings>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let settings = Settings { bar: body.bar, least: body.least, sample: body.sample };
    let mut tx = site.ports.db.begin().await?;
    autopilot::change(&cx, &mut tx, &settings).await?;
    tx.commit().await?;
    Ok(Json(settings))
}

/// The switch of an intent.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SwitchBody {
    /// Whether its drafts may go out without a person.
    on: bool,
}

/// Turns an intent's autopilot on, if it has earned it, or off.
#[utoipa::path(put, path = "/v1/autopilot/intents/{key}", tag = "autopilot", params(("key" = String, Path)),
    request_body = SwitchBody,
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
async fn switch(
    State(site): State<Site>,
    Extension(understanding): Extension<Understanding>,
    caller: Caller,
    Path(key): Path<String>,
    Json(body): Json<SwitchBody>,
) -> Result<axum::http::StatusCode, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    if body.on {
        let known = intents::list(&cx, &mut tx, &understanding).await?.intents;
        let intent = known.into_iter().find(|intent| intent.key == key).ok_or_else(Problem::not_found)?;
        if intent.sensitive {
            let detail = format!("this always is a person's matter: {}", intent.sensitive_because);
            return Err(Problem::new(ErrorCode::Conflict, detail));
        }
        autopilot::turn_on(&cx, &mut tx, &key).await?;
    } else {
        autopilot::turn_off(&cx, &mut tx, &key).await?;
    }
    tx.commit().await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}
