//! Knowledge over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::{DocumentId, PassageId};
use crate::http::{Cursor, Json, Page, PageQuery, Path, Problem, ProblemBody, Query};
use crate::identity::{Caller, Permission, Site};
use crate::knowledge::sources::{DocumentRow, DocumentView};
use crate::knowledge::{
    Compared, Document, NewDocument, Passage, Question, gaps, snippet, sources, vectors, versions,
};
use crate::protocol::ErrorCode;

/// Longest question, in characters.
const MAX_QUESTION: usize = 1_000;

/// Hits unless told otherwise, and at most.
const DEFAULT_HITS: usize = 10;
const MAX_HITS: usize = 50;

/// The routes of this domain.
/// `max_bytes` is the largest document that may be uploaded.
pub fn routes(max_bytes: usize) -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, replace, delete))
        .routes(routes!(show_passages))
        .routes(routes!(search))
        .merge(sources::routes(max_bytes))
        .merge(versions::routes())
        .merge(gaps::routes())
        .merge(vectors::routes::routes())
}

/// What is looked for.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct SearchQuery {
    /// The question.
    q: String,
    /// Hits wanted, 1 to 50; 10 if absent.
    limit: Option<usize>,
}

/// What was found.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct SearchBody {
    /// The passages, best first.
    hits: Vec<HitBody>,
    /// What was compared.
    by: Compared,
    /// Why not more than that was compared, or not for all passages.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<String>,
}

/// A passage that was found.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct HitBody {
    /// Which passage.
    passage: PassageId,
    /// The document it stands in.
    document: DocumentId,
    /// The document's title.
    title: String,
    /// The headings above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    heading: Option<String>,
    /// Its place in the document's body, in Unicode scalar values.
    start: i64,
    /// The place after its last character.
    end: i64,
    /// The part that says most about the question, as plain text.
    snippet: String,
    /// How much of the question is found, 0 to 1.
    score: f64,
}

/// Lists documents without their texts, last changed first.
#[utoipa::path(get, path = "/v1/knowledge/documents", tag = "knowledge", params(PageQuery),
    responses((status = 200, body = Page<DocumentRow>), (status = 401, body = ProblemBody)))]
async fn list(
    State(site): State<Site>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<DocumentRow>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let (limit, cursor) = (page.limit()?, page.cursor()?);
    let mut tx = site.ports.db.read().await?;
    let documents = sources::list(&cx, &mut tx, limit, cursor).await?;
    Ok(Json(Page::of(documents, limit, |document| Cursor { at: document.updated_at, id: document.id })))
}

/// Adds a document.
#[utoipa::path(post, path = "/v1/knowledge/documents", tag = "knowledge", request_body = NewDocument,
    responses((status = 201, body = Document), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
async fn create(
    State(site): State<Site>,
    caller: Caller,
    Json(new): Json<NewDocument>,
) -> Result<impl IntoResponse, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let document = super::create(&cx, &mut tx, new).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(document)))
}

/// Shows a document, with what it is made from.
#[utoipa::path(get, path = "/v1/knowledge/documents/{id}", tag = "knowledge", params(("id" = DocumentId, Path)),
    responses((status = 200, body = DocumentView), (status = 404, body = ProblemBody)))]
async fn show(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<Json<DocumentView>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(sources::view(&cx, &mut tx, id).await?))
}

/// Lists the passages of a document in their order: what the agent will see of it.
#[utoipa::path(get, path = "/v1/knowledge/documents/{id}/passages", tag = "knowledge",
    params(("id" = DocumentId, Path)),
    responses((status = 200, body = Page<Passage>), (status = 404, body = ProblemBody)))]
async fn show_passages(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<Json<Page<Passage>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(Page { items: super::passages_of(&cx, &mut tx, id).await?, next: None }))
}

/// Replaces a document's title and text.
#[utoipa::path(put, path = "/v1/knowledge/documents/{id}", tag = "knowledge", params(("id" = DocumentId, Path)),
    request_body = NewDocument,
    responses((status = 200, body = Document), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn replace(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<DocumentId>,
    Json(new): Json<NewDocument>,
) -> Result<Json<Document>, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let document = super::update(&cx, &mut tx, id, new).await?;
    tx.commit().await?;
    Ok(Json(document))
}

/// Deletes a document.
#[utoipa::path(delete, path = "/v1/knowledge/documents/{id}", tag = "knowledge", params(("id" = DocumentId, Path)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn delete(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<StatusCode, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let files = super::delete(&cx, &mut tx, id).await?;
    tx.commit().await?;
    for file in files {
        if let Err(error) = site.ports.blobs.remove(file).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a file could not be removed");
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Finds the passages for a question, by words and meaning.
#[utoipa::path(get, path = "/v1/knowledge/search", tag = "knowledge", params(SearchQuery),
    responses((status = 200, body = SearchBody), (status = 422, body = ProblemBody)))]
async fn search(
    State(site): State<Site>,
    caller: Caller,
    Query(query): Query<SearchQuery>,
) -> Result<Json<SearchBody>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let limit = match query.limit.unwrap_or(DEFAULT_HITS) {
        limit @ 1..=MAX_HITS => limit,
        limit => {
            let detail = format!("limit is {limit}; it must be from 1 to {MAX_HITS}");
            return Err(Problem::new(ErrorCode::InvalidField, detail));
        }
    };
    if query.q.chars().count() > MAX_QUESTION {
        let detail = format!("q is longer than {MAX_QUESTION} characters; ask in fewer words");
        return Err(Problem::new(ErrorCode::TextTooLong, detail));
    }
    let question = Question { text: &query.q, earlier: &[], tongue: None, within: None };
    let found = super::find(&site.ports, &cx, question, limit).await?;
    let hits = found
        .hits
        .into_iter()
        .map(|hit| HitBody {
            snippet: snippet(&query.q, &hit.text, &hit.language),
            passage: hit.passage,
            document: hit.document,
            title: hit.title,
            heading: hit.heading,
            start: hit.start,
            end: hit.end,
            score: hit.score,
        })
        .collect();
    Ok(Json(SearchBody { hits, by: found.by, because: found.because }))
}
