//! Conversations over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::{ConversationId, StaffId, Timestamp};
use crate::conversations::{Found, NewNote, Rating};
use crate::http::{Json, Page, PageQuery, Path, Problem, ProblemBody, Query};
use crate::identity::{self, Caller, Party, Permission, Site};
use crate::protocol::{ConversationSummary, Entry, ErrorCode, MAX_PAGE, Posted};

/// The routes of this domain. Lists know the conditions of rules and live with them. Posting as staff, taking over and resolving live with drafts, which they end.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(entries))
        .routes(routes!(note))
        .routes(routes!(read))
        .routes(routes!(assign))
        .routes(routes!(label))
        .routes(routes!(find))
        .routes(routes!(snooze))
        .routes(routes!(hand_back))
        .routes(routes!(ask_for_person))
        .routes(routes!(rate))
}

/// What is looked for.
#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct FindQuery {
    /// Words that the message holds, all of them; the last one may be unfinished.
    q: String,
    /// Messages on the page, 1 to 200; 50 if absent.
    limit: Option<i64>,
}

/// Finds messages and notes by their words, the newest first.
#[utoipa::path(get, path = "/v1/messages", tag = "conversations", params(FindQuery),
    responses((status = 200, body = Page<Found>)))]
async fn find(
    State(site): State<Site>,
    caller: Caller,
    Query(query): Query<FindQuery>,
) -> Result<Json<Page<Found>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let limit = PageQuery { limit: query.limit, cursor: None }.limit()?;
    let mut tx = site.ports.db.read().await?;
    let items = super::find_messages(&cx, &mut tx, &query.q, limit).await?;
    Ok(Json(Page { items, next: None }))
}

/// Shows a conversation.
#[utoipa::path(get, path = "/v1/conversations/{id}", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 200, body = ConversationSummary), (status = 404, body = ProblemBody)))]
async fn show(
    State(site): State<Site>,
    party: Party,
    Path(id): Path<ConversationId>,
) -> Result<Json<ConversationSummary>, Problem> {
    let cx = party.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(super::summary(&cx, &mut tx, id).await?))
}

/// Which entries are wanted.
#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct EntriesQuery {
    /// The last `seq` the caller has; 0 or absent for the start.
    after: Option<i64>,
    /// Entries on the page, 1 to 200.
    limit: Option<usize>,
}

/// Some entries of a timeline, oldest first.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct EntriesBody {
    /// The store's epoch: positions of another epoch are void.
    epoch: String,
    /// The entries.
    entries: Vec<Entry>,
    /// Whether more follow.
    more: bool,
}

/// Reads a timeline after a position. Customers get entries for everyone only.
#[utoipa::path(get, path = "/v1/conversations/{id}/entries", tag = "conversations",
    params(("id" = ConversationId, Path), EntriesQuery),
    responses((status = 200, body = EntriesBody), (status = 404, body = ProblemBody)))]
async fn entries(
    State(site): State<Site>,
    party: Party,
    Path(id): Path<ConversationId>,
    Query(query): Query<EntriesQuery>,
) -> Result<Json<EntriesBody>, Problem> {
    let cx = party.may(Permission::Read)?.cx(&site.ports);
    let after = query.after.unwrap_or(0);
    let limit = query.limit.unwrap_or(MAX_PAGE);
    if after < 0 || !(1..=MAX_PAGE).contains(&limit) {
        let detail = format!("after must be 0 or more and limit from 1 to {MAX_PAGE}");
        return Err(Problem::new(ErrorCode::InvalidField, detail));
    }
    let mut tx = site.ports.db.read().await?;
    let conversation = super::get(&cx, &mut tx, id).await?;
    let page = super::timeline(&cx, &mut tx, &conversation, after, limit).await?;
    Ok(Json(EntriesBody { epoch: site.epoch.to_string(), entries: page.entries, more: page.more }))
}

/// Writes a private note.
#[utoipa::path(post, path = "/v1/conversations/{id}/notes", tag = "conversations", params(("id" = ConversationId, Path)),
    request_body = NewNote, responses((status = 201, body = Posted), (status = 404, body = ProblemBody)))]
async fn note(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(new): Json<NewNote>,
) -> Result<impl IntoResponse, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    for mentioned in &new.mentions {
        identity::get_staff(&cx, &mut tx, *mentioned).await?;
    }
    let posted = super::note(&cx, &mut tx, id, new).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(posted)))
}

/// Up to where the caller has read.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ReadBody {
    /// The last entry seen.
    seq: i64,
}

/// Marks everything up to an entry as read.
#[utoipa::path(post, path = "/v1/conversations/{id}/read", tag = "conversations", params(("id" = ConversationId, Path)),
    request_body = ReadBody, responses((status = 204), (status = 404, body = ProblemBody)))]
async fn read(
    State(site): State<Site>,
    party: Party,
    Path(id): Path<ConversationId>,
    Json(body): Json<ReadBody>,
) -> Result<StatusCode, Problem> {
    let cx = party.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    super::mark_read(&cx, &mut tx, id, body.seq).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// To whom a conversation goes.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AssignBody {
    /// A colleague; absent for nobody.
    staff: Option<StaffId>,
}

/// Assigns a conversation to a colleague, or to nobody.
#[utoipa::path(post, path = "/v1/conversations/{id}/assign", tag = "conversations", params(("id" = ConversationId, Path)),
    request_body = AssignBody, responses((status = 200, body = ConversationSummary), (status = 404, body = ProblemBody)))]
async fn assign(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(body): Json<AssignBody>,
) -> Result<Json<ConversationSummary>, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let to = match body.staff {
        None => None,
        Some(staff) => Some((staff, identity::get_staff(&cx, &mut tx, staff).await?.name)),
    };
    super::assign(&cx, &mut tx, id, to).await?;
    let summary = super::summary(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(summary))
}

/// Labels to add and remove.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct LabelsBody {
    /// To add.
    #[serde(default)]
    add: Vec<String>,
    /// To remove.
    #[serde(default)]
    remove: Vec<String>,
}

/// Adds and removes labels.
#[utoipa::path(post, path = "/v1/conversations/{id}/labels", tag = "conversations", params(("id" = ConversationId, Path)),
    request_body = LabelsBody, responses((status = 200, body = ConversationSummary), (status = 404, body = ProblemBody)))]
async fn label(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(body): Json<LabelsBody>,
) -> Result<Json<ConversationSummary>, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    super::label(&cx, &mut tx, id, &body.add, &body.remove).await?;
    let summary = super::summary(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(summary))
}

/// Until when a conversation is put away.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SnoozeBody {
    /// Until when; absent to bring it back.
    until: Option<Timestamp>,
}

/// Puts a conversation away until a time, or brings it back.
#[utoipa::path(post, path = "/v1/conversations/{id}/snooze", tag = "conversations", params(("id" = ConversationId, Path)),
    request_body = SnoozeBody, responses((status = 200, body = ConversationSummary), (status = 404, body = ProblemBody)))]
async fn snooze(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(body): Json<SnoozeBody>,
) -> Result<Json<ConversationSummary>, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    super::snooze(&cx, &mut tx, id, body.until).await?;
    let summary = super::summary(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(summary))
}

/// Gives a conversation back to the agent.
#[utoipa::path(post, path = "/v1/conversations/{id}/hand-back", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 200, body = ConversationSummary), (status = 404, body = ProblemBody)))]
async fn hand_back(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Json<ConversationSummary>, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    super::hand_back(&cx, &mut tx, id).await?;
    let summary = super::summary(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(summary))
}

/// Asks for a person instead of the agent.
#[utoipa::path(post, path = "/v1/conversations/{id}/ask-for-person", tag = "conversations",
    params(("id" = ConversationId, Path)), responses((status = 204), (status = 404, body = ProblemBody)))]
async fn ask_for_person(
    State(site): State<Site>,
    party: Party,
    Path(id): Path<ConversationId>,
) -> Result<StatusCode, Problem> {
    let cx = party.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    super::ask_for_person(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a customer found a resolution.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct RateBody {
    /// From 1 to 5.
    score: i64,
    /// In own words, at most 1,000 characters.
    words: Option<String>,
}

/// Rates how the newest resolution went; another rating replaces it. Customers only.
#[utoipa::path(put, path = "/v1/conversations/{id}/rating", tag = "conversations", params(("id" = ConversationId, Path)),
    request_body = RateBody, responses((status = 200, body = Rating), (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn rate(
    State(site): State<Site>,
    party: Party,
    Path(id): Path<ConversationId>,
    Json(body): Json<RateBody>,
) -> Result<Json<Rating>, Problem> {
    let cx = party.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let rating = super::rate(&cx, &mut tx, id, body.score, body.words.as_deref()).await?;
    tx.commit().await?;
    Ok(Json(rating))
}
