//! Sources over HTTP: uploads, web pages, reading again, and what came out.

use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::base::{DocumentId, FileId};
use crate::http::{Json, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::knowledge::sources::model::safe_name;
use crate::knowledge::sources::{DocumentView, NewFile, site};
use crate::ports::Cx;
use crate::protocol::ErrorCode;
use crate::reading::{Refusal, Sniffed, sniff};

/// What multipart framing may add to a file of the largest size.
const FRAMING: usize = 64 * 1024;

/// Bytes of an upload that tell most of what is no document.
const HEAD: usize = 4_096;

/// The routes of sources. `max_bytes` is the largest document.
pub fn routes(max_bytes: usize) -> OpenApiRouter<Site> {
    let limit = || DefaultBodyLimit::max(max_bytes.saturating_add(FRAMING));
    OpenApiRouter::new()
        .routes(routes!(upload).layer(limit()))
        .routes(routes!(replace).layer(limit()))
        .routes(routes!(add_web))
        .routes(routes!(read_again))
        .routes(routes!(download))
}

/// A multipart form with one document.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the form to readers of the API document")]
struct DocumentForm {
    /// The document: PDF, DOCX, HTML, Markdown, plain text or CSV.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: String,
}

/// A page of the web, or a site.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPages {
    /// The address of a page, or of a sitemap.
    address: String,
    /// How many pages of the site at most; 1, or absent: only this page.
    #[serde(default)]
    pages: Option<usize>,
}

/// Documents that will be read from pages.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct Pages {
    /// The documents.
    items: Vec<DocumentView>,
    /// Pages that are there already.
    known: usize,
}

/// Uploads a document. It is listed at once and can be answered from as soon as it was read.
#[utoipa::path(post, path = "/v1/knowledge/documents/upload", tag = "knowledge",
    request_body(content = DocumentForm, content_type = "multipart/form-data"),
    responses((status = 202, body = DocumentView), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn upload(
    State(site): State<Site>,
    caller: Caller,
    form: Result<Multipart, MultipartRejection>,
) -> Result<impl IntoResponse, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let file = receive(&site, &cx, form).await?;
    let id = file.id;
    let stored = async {
        let mut tx = site.ports.db.begin().await?;
        let document = super::add_file(&cx, &mut tx, file).await?;
        tx.commit().await?;
        Ok((StatusCode::ACCEPTED, Json(document)))
    };
    or_remove(&site, id, stored.await).await
}

/// Uploads a new version of a document. Its text stays as it is until the file was read.
#[utoipa::path(post, path = "/v1/knowledge/documents/{id}/upload", tag = "knowledge",
    params(("id" = DocumentId, Path)),
    request_body(content = DocumentForm, content_type = "multipart/form-data"),
    responses((status = 202, body = DocumentView), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 413, body = ProblemBody), (status = 415, body = ProblemBody)))]
async fn replace(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<DocumentId>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<impl IntoResponse, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    crate::knowledge::get(&cx, &mut tx, id).await?;
    drop(tx);
    let file = receive(&site, &cx, form).await?;
    let file_id = file.id;
    let stored = async {
        let mut tx = site.ports.db.begin().await?;
        let document = super::replace_file(&cx, &mut tx, id, file).await?;
        tx.commit().await?;
        Ok((StatusCode::ACCEPTED, Json(document)))
    };
    or_remove(&site, file_id, stored.await).await
}

/// Removes a stored file that became no document.
async fn or_remove<T>(site: &Site, file: FileId, stored: Result<T, Problem>) -> Result<T, Problem> {
    if stored.is_err()
        && let Err(error) = site.ports.blobs.remove(file).await
    {
        tracing::warn!(error = &error as &dyn std::error::Error, "a file could not be removed");
    }
    stored
}

/// Stores the form's file piece by piece; nothing of it is kept in memory.
async fn receive(
    site: &Site,
    cx: &Cx,
    form: Result<Multipart, MultipartRejection>,
) -> Result<NewFile, Problem> {
    let mut form = form.map_err(|error| Problem::new(ErrorCode::MalformedFrame, error.body_text()))?;
    while let Some(field) = form.next_field().await.map_err(|error| unreadable(site, &error))? {
        if field.name() == Some("file") {
            return store(site, cx, field).await;
        }
    }
    Err(Problem::new(ErrorCode::InvalidField, "the form has no field named file"))
}

async fn store(site: &Site, cx: &Cx, mut field: Field<'_>) -> Result<NewFile, Problem> {
    let failed = |error| Problem::from(crate::knowledge::Error::Blobs(error));
    let name = safe_name(field.file_name().unwrap_or("document"));
    let id: FileId = cx.id();
    let mut upload = site.ports.blobs.begin(id).await.map_err(failed)?;
    let mut hasher = blake3::Hasher::new();
    let mut head = Vec::with_capacity(HEAD);
    let mut size = 0_usize;
    while let Some(piece) = field.chunk().await.map_err(|error| unreadable(site, &error))? {
        size += piece.len();
        if size > site.config.knowledge.max_bytes {
            return Err(too_large(site));
        }
        if head.len() < HEAD {
            head.extend(piece.iter().take(HEAD - head.len()));
            if head.len() == HEAD {
                refuse_others(&name, &head)?;
            }
        }
        hasher.update(&piece);
        upload.write(&piece).await.map_err(failed)?;
    }
    if size < HEAD {
        refuse_others(&name, &head)?;
    }
    upload.finish().await.map_err(failed)?;
    let hash = hasher.finalize().to_hex().to_string();
    Ok(NewFile { id, name, hash, size: i64::try_from(size).unwrap_or(i64::MAX) })
}

/// Refuses at the door what is plainly no document. The rest is told on the document, once it was read.
fn refuse_others(name: &str, head: &[u8]) -> Result<(), Problem> {
    match sniff(name, head) {
        Sniffed::Refused(refusal @ Refusal::Empty) if head.len() < HEAD => {
            Err(Problem::new(ErrorCode::EmptyText, refusal.says()))
        }
        Sniffed::Refused(refusal @ Refusal::OtherKind) => {
            Err(Problem::new(ErrorCode::UnsupportedFile, refusal.says()))
        }
        Sniffed::Refused(_) | Sniffed::Kind(_) => Ok(()),
    }
}

fn unreadable(site: &Site, error: &MultipartError) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(site),
        _ => Problem::new(ErrorCode::MalformedFrame, error.body_text()),
    }
}

fn too_large(site: &Site) -> Problem {
    let megabytes = site.config.knowledge.max_bytes / 1_048_576;
    let detail = format!("the document is larger than {megabytes} MB; split it, or upload its text only");
    Problem::new(ErrorCode::TooLarge, detail)
}

/// Adds a page of the web, or the pages that a site's sitemap lists.
#[utoipa::path(post, path = "/v1/knowledge/documents/web", tag = "knowledge", request_body = NewPages,
    responses((status = 202, body = Pages), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
async fn add_web(
    State(state): State<Site>,
    caller: Caller,
    Json(new): Json<NewPages>,
) -> Result<impl IntoResponse, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&state.ports);
    let wanted = new.pages.unwrap_or(1);
    let most = state.config.knowledge.site_pages;
    if !(1..=most).contains(&wanted) {
        let detail = format!("pages is {wanted}; it must be from 1 to {most}");
        return Err(Problem::new(ErrorCode::InvalidField, detail));
    }
    let addresses = site::addresses(&state, &new.address, wanted).await?;
    let mut tx = state.ports.db.begin().await?;
    let (mut items, mut known) = (Vec::new(), 0);
    for address in &addresses {
        match super::add_page(&cx, &mut tx, address).await {
            Ok(document) => items.push(document),
            Err(crate::knowledge::Error::AlreadyThere(_)) if addresses.len() > 1 => known += 1,
            Err(error) => return Err(error.into()),
        }
    }
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(Pages { items, known })))
}

/// Reads a document's file or page again: after a failure, or because the page may have changed.
#[utoipa::path(post, path = "/v1/knowledge/documents/{id}/read-again", tag = "knowledge",
    params(("id" = DocumentId, Path)),
    responses((status = 202, body = DocumentView), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
async fn read_again(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<impl IntoResponse, Problem> {
    let cx = caller.may(Permission::Manage)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let document = super::read_again(&cx, &mut tx, id).await?;
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(document)))
}

/// Downloads the file that a document was made from.
#[utoipa::path(get, path = "/v1/knowledge/documents/{id}/file", tag = "knowledge", params(("id" = DocumentId, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = ProblemBody)))]
async fn download(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<Response, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let (file, name, size) = super::file(&cx, &mut tx, id).await?;
    drop(tx);
    let length = usize::try_from(size).unwrap_or(0);
    let bytes = site.ports.blobs.read(file, 0, length).await.map_err(crate::knowledge::Error::Blobs)?;
    let encoded: String = name.bytes().map(percent_encoded).collect();
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename*=UTF-8''{encoded}")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// A byte of a name in a header (RFC 8187).
fn percent_encoded(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    }
}
