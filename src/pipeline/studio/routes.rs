//! Trying and publishing an agent over HTTP.

use std::convert::Infallible;

use axum::Extension;
use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures_util::{Stream, StreamExt as _, stream};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::agents::bundles::{self, Standing, Version};
use crate::agents::lessons;
use crate::base::{ConversationId, Timestamp, clean_text};
use crate::http::{Cursor, Json, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::pipeline::Library;
use crate::pipeline::replay::Replayed;
use crate::pipeline::studio::{self, Ground, Said, Which};
use crate::pipeline::turn::{Step, Telling};
use crate::protocol::{ErrorCode, MAX_BODY_CHARS};

/// Steps that may wait for a reader; pieces of text beyond that are left out, the draft comes whole at the end.
const STEPS: usize = 256;
/// Messages of a made-up conversation.
const MAX_SAID: usize = 20;
/// Past messages that are previewed.
const MAX_PREVIEWED: usize = 5;
/// Longest note, in characters.
const MAX_NOTE: usize = 500;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(attempt)).routes(routes!(preview)).routes(routes!(publish))
}

/// What is tried on which agent.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct TryBody {
    /// What was said, oldest first; the last is the customer's.
    said: Vec<Said>,
    /// Which agent.
    #[serde(default)]
    of: Which,
}

/// Lets an agent answer made-up words, and tells each step as it happens (server-sent events): `begun`, `ended`
/// (a stage with its trace), `asked` (what a model is given), `called` (a tool), `text` (more of the draft),
/// `done`, or `failed`. Nothing is stored but what models cost, and nothing is sent.
#[utoipa::path(post, path = "/v1/agent/try", tag = "agent", request_body = TryBody,
    responses((status = 200, body = String, content_type = "text/event-stream"), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn attempt(
    State(site): State<Site>,
    Extension(library): Extension<Library>,
    caller: Caller,
    Json(body): Json<TryBody>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let said = checked(body.said)?;
    let mut tx = site.ports.db.read().await?;
    let ground = Ground::read(&library, &cx, &mut tx).await?;
    let agent = body.of.find(&library, &cx, &mut tx, &ground.workspace.agent).await?;
    drop(tx);
    studio::learn(&library, std::slice::from_ref(&agent)).await;
    let (watcher, mut steps) = tokio::sync::mpsc::channel(STEPS);
    let turn = ground.turn(&library, &cx, agent, (&said, cx.now), Telling::Watched(watcher.clone()));
    let work = async move {
        if let Err(error) = studio::watched(&site, &library, turn).await {
            let says = Problem::from(error).detail;
            let _ = watcher.send(Step::Done(Box::new(json!({ "failed": says })))).await;
        }
    };
    // Both are driven by whoever reads: a page that goes away ends the trial.
    let told = stream::poll_fn(move |cx| steps.poll_recv(cx)).map(|step| Some(event(step)));
    let work = stream::once(work).map(|()| None);
    let both = stream::select(told, work).filter_map(|one| async move { one.map(Ok) });
    Ok(Sse::new(both))
}

fn event(step: Step) -> Event {
    let (name, data): (&str, Value) = match step {
        Step::Begun(stage) => ("begun", json!({ "stage": stage })),
        Step::Ended(trace) => ("ended", json!(trace)),
        Step::Asked(prompt) => ("asked", json!({ "prompt": prompt })),
        Step::Called(call) => ("called", call),
        Step::Text(offset, text) => ("text", json!({ "offset": offset, "text": text })),
        Step::Done(done) => match done.get("failed") {
            Some(says) => ("failed", json!({ "says": says })),
            None => ("done", *done),
        },
    };
    Event::default().event(name).data(data.to_string())
}

fn checked(said: Vec<Said>) -> Result<Vec<Said>, Problem> {
    if !(1..=MAX_SAID).contains(&said.len()) || !said.last().is_some_and(|last| last.customer) {
        let detail = format!("said: give 1 to {MAX_SAID} messages; the last one is the customer's");
        return Err(Problem::new(ErrorCode::InvalidField, detail));
    }
    said.into_iter()
        .map(|one| {
            let text = clean_text(&one.text, MAX_BODY_CHARS)?.into_string();
            Ok(Said { text, ..one })
        })
        .collect()
}

/// Which agent is previewed.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PreviewBody {
    /// Which agent.
    of: Which,
    /// How many past messages, the newest; 5 at most.
    count: Option<usize>,
}

/// Past messages, answered by what drafts now and by the agent that is previewed.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct PreviewPage {
    /// Message by message, the newest first.
    items: Vec<Replayed>,
}

/// Answers the business's own newest messages with another agent, beside what drafts now. Models are asked where
/// they have not answered the same before. Nothing is sent.
#[utoipa::path(post, path = "/v1/agent/preview", tag = "agent", request_body = PreviewBody,
    responses((status = 200, body = PreviewPage), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn preview(
    State(site): State<Site>,
    Extension(library): Extension<Library>,
    caller: Caller,
    Json(body): Json<PreviewBody>,
) -> Result<Json<PreviewPage>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let count = body.count.unwrap_or(MAX_PREVIEWED).clamp(1, MAX_PREVIEWED);
    let mut tx = site.ports.db.read().await?;
    let own = crate::workspaces::get(&mut tx, cx.workspace).await?.agent;
    let other = body.of.find(&library, &cx, &mut tx, &own).await?;
    let live = Which::default().find(&library, &cx, &mut tx, &own).await?;
    drop(tx);
    studio::learn(&library, &[live, other.clone()]).await;
    let start: Cursor<ConversationId> =
        Cursor { at: Timestamp::from_micros(i64::MAX), id: cx.entropy.id(cx.now) };
    Ok(Json(PreviewPage { items: studio::preview(&site, &library, &cx, start, (other, count)).await? }))
}

/// What is published.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PublishBody {
    /// The revision that was loaded.
    revision: i64,
    /// What its editor says of it.
    #[serde(default)]
    note: String,
    /// Publish it although cases fail that passed before, or were not run.
    #[serde(default)]
    despite: bool,
}

/// Refuses what gets worse, or what nobody has looked at.
fn hold_back(standing: &Standing, worse: &[String]) -> Result<(), Problem> {
    let detail = match (standing.cases - standing.run, worse) {
        (0, []) => return Ok(()),
        (0, worse) => format!(
            "{} cases fail that pass with what drafts now: {}; publish it despite that, or change it",
            worse.len(),
            worse.iter().take(3).map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ")
        ),
        (left, _) => format!(
            "{left} of {} cases were not run with this; run them first, or publish it despite that",
            standing.cases
        ),
    };
    Err(Problem::new(ErrorCode::Conflict, detail))
}

/// Publishes what is edited as the next version, which drafts from the next message on. Refused where cases fail
/// that pass with what drafts now, or were not run, unless it is asked for despite that.
#[utoipa::path(post, path = "/v1/agent/publish", tag = "agent", request_body = PublishBody,
    responses((status = 201, body = Version), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn publish(
    State(site): State<Site>,
    Extension(library): Extension<Library>,
    caller: Caller,
    Json(body): Json<PublishBody>,
) -> Result<(axum::http::StatusCode, Json<Version>), Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let note = match body.note.trim() {
        "" => String::new(),
        note => clean_text(note, MAX_NOTE)?.into_string(),
    };
    let mut tx = site.ports.db.begin().await?;
    let standing = studio::standing(&cx, &mut tx, library.understanding()).await?;
    if let Some((standing, worse)) = &standing
        && !body.despite
    {
        hold_back(standing, worse)?;
    }
    let evals = standing.map(|(standing, _)| standing);
    let version = bundles::publish(&cx, &mut tx, body.revision, note, evals).await?;
    lessons::works(&cx, &mut tx).await?;
    tx.commit().await?;
    Ok((axum::http::StatusCode::CREATED, Json(version)))
}
