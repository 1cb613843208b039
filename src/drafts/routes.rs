//! Drafts over HTTP, and what people do instead of them.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::{ConversationId, DocumentId, DraftId};
use crate::conversations::{self, NewMessage};
use crate::drafts::{Approval, Error, Use, UseCount};
use crate::http::{Cursor, Json, Page, PageQuery, Path, Problem, ProblemBody, Query};
use crate::identity::{Caller, Party, Permission, Site};
use crate::protocol::{ConversationSummary, DraftView, Held, Posted, RejectReason};
use crate::{knowledge, workspaces};

/// The routes of this domain.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(waiting))
        .routes(routes!(show))
        .routes(routes!(edit))
        .routes(routes!(approve))
        .routes(routes!(reject))
        .routes(routes!(undo))
        .routes(routes!(proposal))
        .routes(routes!(post_message))
        .routes(routes!(take_over))
        .routes(routes!(resolve))
        .routes(routes!(uses))
        .routes(routes!(use_counts))
}

/// A draft that waits, with its conversation.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct Waiting {
    /// The draft.
    draft: DraftView,
    /// Its conversation.
    conversation: ConversationSummary,
}

/// Lists drafts that wait for a person, longest wait first.
#[utoipa::path(get, path = "/v1/drafts", tag = "drafts", params(PageQuery),
    responses((status = 200, body = Page<Waiting>)))]
async fn waiting(
    State(site): State<Site>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Waiting>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let (limit, cursor) = (page.limit()?, page.cursor()?);
    let mut tx = site.ports.db.read().await?;
    let drafts = super::waiting(&cx, &mut tx, limit, cursor).await?;
    let page = Page::of(drafts, limit, |draft| Cursor { at: draft.created_at, id: draft.id });
    let ids: Vec<ConversationId> = page.items.iter().map(|draft| draft.conversation).collect();
    let summaries = conversations::summaries(&mut tx, cx.workspace, &ids).await?;
    let items = page.items.into_iter().filter_map(|draft| {
        let conversation = summaries.iter().find(|summary| summary.id == draft.conversation)?.clone();
        Some(Waiting { draft: draft.view(), conversation })
    });
    Ok(Json(Page { items: items.collect(), next: page.next }))
}

/// Shows a draft.
#[utoipa::path(get, path = "/v1/drafts/{id}", tag = "drafts", params(("id" = DraftId, Path)),
    responses((status = 200, body = DraftView), (status = 404, body = ProblemBody)))]
async fn show(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<DraftId>,
) -> Result<Json<DraftView>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(super::get(&cx, &mut tx, id).await?.view()))
}

/// An edit of a draft.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct EditBody {
    /// The revision the edit was made on.
    revision: i64,
    /// The whole edited text.
    text: String,
}

/// Keeps an edit without deciding the draft.
#[utoipa::path(put, path = "/v1/drafts/{id}/edit", tag = "drafts", params(("id" = DraftId, Path)), request_body = EditBody,
    responses((status = 200, body = DraftView), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn edit(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<DraftId>,
    Json(body): Json<EditBody>,
) -> Result<Json<DraftView>, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let kept = super::keep_edit(&cx, &mut tx, id, body.revision, &body.text).await?;
    tx.commit().await?;
    Ok(Json(kept?.view()))
}

/// Whether something is to be done with a draft.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ProposalBody {
    /// The revision that was shown.
    revision: i64,
    /// Not to be done.
    dropped: bool,
}

/// Takes something off what is done when the draft is sent, or puts it back.
#[utoipa::path(put, path = "/v1/drafts/{id}/proposals/{number}", tag = "drafts",
    params(("id" = DraftId, Path), ("number" = i64, Path)), request_body = ProposalBody,
    responses((status = 200, body = DraftView), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn proposal(
    State(site): State<Site>,
    caller: Caller,
    Path((id, number)): Path<(DraftId, i64)>,
    Json(body): Json<ProposalBody>,
) -> Result<Json<DraftView>, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let draft = super::drop_proposal(&cx, &mut tx, id, body.revision, number, body.dropped).await?;
    tx.commit().await?;
    Ok(Json(draft.view()))
}

/// What is approved.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ApproveBody {
    /// The revision that was shown.
    revision: i64,
    /// The hash of the text that was shown.
    hash: String,
    /// The edited text, if a person changed it.
    text: Option<String>,
}

/// Approves a draft: it is sent when the time to undo is over. When a rule asks for several people, all but
/// the last approval are kept and answered with 202 and the draft.
#[utoipa::path(post, path = "/v1/drafts/{id}/approve", tag = "drafts", params(("id" = DraftId, Path)), request_body = ApproveBody,
    responses((status = 200, body = Held), (status = 202, body = DraftView), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn approve(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<DraftId>,
    Json(body): Json<ApproveBody>,
) -> Result<Response, Problem> {
    let caller = caller.may(Permission::Answer)?;
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let workspace = workspaces::get(&mut tx, cx.workspace).await?;
    let window = Duration::from_secs(workspace.settings.undo_seconds.into());
    let shown = (body.revision, body.hash.as_str());
    let approval = super::approve(&cx, &mut tx, caller.role, id, shown, body.text.as_deref(), window).await?;
    tx.commit().await?;
    match approval {
        Approval::Held(held) => Ok(Json(held).into_response()),
        Approval::Noted(draft) => Ok((StatusCode::ACCEPTED, Json(draft.view())).into_response()),
        Approval::Stale => Err(Error::Stale.into()),
    }
}

/// What is rejected, and why.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct RejectBody {
    /// The revision that was shown.
    revision: i64,
    /// Why.
    reason: RejectReason,
    /// What to do better, in own words.
    note: Option<String>,
    /// Write a new draft; true if absent.
    rewrite: Option<bool>,
}

/// Rejects a draft; unless told otherwise a new one is written.
#[utoipa::path(post, path = "/v1/drafts/{id}/reject", tag = "drafts", params(("id" = DraftId, Path)), request_body = RejectBody,
    responses((status = 200, body = DraftView), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn reject(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<DraftId>,
    Json(body): Json<RejectBody>,
) -> Result<Json<DraftView>, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let rewrite = body.rewrite.unwrap_or(true);
    let mut tx = site.ports.db.begin().await?;
    let draft =
        super::reject(&cx, &mut tx, id, body.revision, body.reason, body.note.as_deref(), rewrite).await?;
    tx.commit().await?;
    Ok(Json(draft.view()))
}

/// Takes an approval back before it was sent.
#[utoipa::path(post, path = "/v1/drafts/{id}/undo", tag = "drafts", params(("id" = DraftId, Path)),
    responses((status = 200, body = DraftView), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn undo(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<DraftId>,
) -> Result<Json<DraftView>, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let draft = super::undo(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(draft.view()))
}

/// Posts a message: a customer's own, or a colleague's answer in person, which ends any open draft.
#[utoipa::path(post, path = "/v1/conversations/{id}/messages", tag = "conversations", params(("id" = ConversationId, Path)),
    request_body = NewMessage,
    responses((status = 201, body = Posted), (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn post_message(
    State(site): State<Site>,
    party: Party,
    Path(id): Path<ConversationId>,
    Json(message): Json<NewMessage>,
) -> Result<impl IntoResponse, Problem> {
    let party = party.may(Permission::Answer)?;
    let cx = party.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let posted = match party {
        Party::Staff(_) => super::reply_in_person(&cx, &mut tx, id, message).await?,
        Party::Visitor(_) => conversations::post(&cx, &mut tx, id, message).await?,
    };
    tx.commit().await?;
    let status = if posted.duplicate { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(posted)))
}

/// Answers in person from here on: the agent is silent.
#[utoipa::path(post, path = "/v1/conversations/{id}/take-over", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 200, body = ConversationSummary), (status = 404, body = ProblemBody)))]
async fn take_over(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Json<ConversationSummary>, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    super::take_over(&cx, &mut tx, id).await?;
    let summary = conversations::summary(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(summary))
}

/// Whether a conversation is done.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ResolveBody {
    /// Done, or open again.
    resolved: bool,
}

/// Closes a conversation as done, or opens it again.
#[utoipa::path(post, path = "/v1/conversations/{id}/resolve", tag = "conversations", params(("id" = ConversationId, Path)),
    request_body = ResolveBody, responses((status = 200, body = ConversationSummary), (status = 404, body = ProblemBody)))]
async fn resolve(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(body): Json<ResolveBody>,
) -> Result<Json<ConversationSummary>, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    super::resolve(&cx, &mut tx, id, body.resolved).await?;
    let summary = conversations::summary(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(summary))
}

/// Lists the drafts that rest on a document, newest first, at most 100.
#[utoipa::path(get, path = "/v1/knowledge/documents/{id}/uses", tag = "knowledge", params(("id" = DocumentId, Path)),
    responses((status = 200, body = Page<Use>), (status = 404, body = ProblemBody)))]
async fn uses(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<Json<Page<Use>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    knowledge::get(&cx, &mut tx, id).await?;
    Ok(Json(Page { items: super::uses_of(&cx, &mut tx, id).await?, next: None }))
}

/// Counts how often each document was used by drafts, the most used first.
#[utoipa::path(get, path = "/v1/knowledge/uses", tag = "knowledge",
    responses((status = 200, body = Page<UseCount>), (status = 401, body = ProblemBody)))]
async fn use_counts(State(site): State<Site>, caller: Caller) -> Result<Json<Page<UseCount>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::use_counts(&cx, &mut tx).await?, next: None }))
}
