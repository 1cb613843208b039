//! Files over HTTP.

use axum::body::Body;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::base::FileId;
use crate::files::StoredFile;
use crate::http::{Json, Path, Problem, ProblemBody};
use crate::identity::{self, Caller, Party, Permission, Site, Staff};
use crate::ports::Cx;
use crate::protocol::{Attachment, ErrorCode};

/// What multipart framing may add to a file of the largest size.
const FRAMING: usize = 64 * 1024;

/// The routes of this domain. `max_bytes` is the largest upload.
pub fn routes(max_bytes: usize) -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(upload).layer(DefaultBodyLimit::max(max_bytes + FRAMING)))
        .routes(routes!(download))
        .routes(routes!(set_picture))
        .merge(super::uploads::routes())
}

/// A multipart form with one file.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the form to readers of the API document")]
struct UploadForm {
    /// The file.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: String,
}

/// Uploads a file; name it in a message afterwards.
#[utoipa::path(post, path = "/v1/files", tag = "files",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, body = Attachment), (status = 413, body = ProblemBody), (status = 415, body = ProblemBody)))]
async fn upload(
    State(site): State<Site>,
    party: Party,
    form: Result<Multipart, MultipartRejection>,
) -> Result<impl IntoResponse, Problem> {
    let cx = party.may(Permission::Answer)?.cx(&site.ports);
    let unreadable = |error: axum::extract::multipart::MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(&site),
        _ => Problem::new(ErrorCode::MalformedFrame, error.body_text()),
    };
    let mut form = form.map_err(|error| Problem::new(ErrorCode::MalformedFrame, error.body_text()))?;
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        if field.name() != Some("file") {
            continue;
        }
        let name = field.file_name().unwrap_or("file").to_owned();
        let bytes = field.bytes().await.map_err(unreadable)?;
        let file = receive(&site, &cx, &name, &bytes).await?;
        let mut tx = site.ports.db.begin().await?;
        super::record(&cx, &mut tx, &file).await?;
        tx.commit().await?;
        return Ok((StatusCode::CREATED, Json(file.attachment())));
    }
    Err(Problem::new(ErrorCode::InvalidField, "the form has no field named file"))
}

/// Stores an upload's bytes and looks at it; `record` is due afterwards, in a transaction.
pub async fn receive(site: &Site, cx: &Cx, name: &str, bytes: &[u8]) -> Result<StoredFile, Problem> {
    if bytes.len() > site.config.files.max_bytes {
        return Err(too_large(site));
    }
    let mut file = super::store_bytes(cx, &site.ports.blobs, name, bytes).await?;
    super::look(&site.ports.speech, &mut file, bytes.into()).await;
    Ok(file)
}

/// The refusal of a file that is larger than the settings allow.
pub(super) fn too_large(site: &Site) -> Problem {
    let megabytes = site.config.files.max_bytes / 1_048_576;
    Problem::new(ErrorCode::TooLarge, format!("the file is larger than {megabytes} MB"))
}

/// Downloads a file, or a range of it.
#[utoipa::path(get, path = "/v1/files/{id}", tag = "files", params(("id" = FileId, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 206), (status = 404, body = ProblemBody),
              (status = 416, description = "the range lies outside the file")))]
async fn download(
    State(site): State<Site>,
    party: Party,
    Path(id): Path<FileId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let cx = party.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let file = super::get(&cx, &mut tx, id).await?;
    drop(tx);
    let size = u64::try_from(file.size).unwrap_or(0);
    let Ok(range) = wanted_range(&headers, size) else { return Ok(range_refused(size)) };
    let (start, end) = range.unwrap_or((0, size));
    let length = usize::try_from(end - start).unwrap_or(0);
    let bytes = site
        .ports
        .blobs
        .read(id, start, length)
        .await
        .map_err(|error| Problem::from(super::Error::Blobs(error)))?;
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    set_headers(
        response.headers_mut(),
        &file,
        range.map(|(start, end)| format!("bytes {start}-{}/{size}", end - 1)),
    );
    Ok(response)
}

/// The range that is asked for, as start and one past the end. `Err`: it lies outside the file.
pub fn wanted_range(headers: &HeaderMap, size: u64) -> Result<Option<(u64, u64)>, OutsideFile> {
    match headers.get(header::RANGE).and_then(|range| range.to_str().ok()) {
        None => Ok(None),
        Some(range) => parse_range(range, size).map(Some).ok_or(OutsideFile),
    }
}

/// A range that lies outside the file.
#[derive(Debug)]
pub struct OutsideFile;

/// The answer to a range that lies outside the file.
pub fn range_refused(size: u64) -> Response {
    (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, format!("bytes */{size}"))]).into_response()
}

/// Which upload becomes one's picture.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PictureBody {
    /// The upload; absent to go back to initials.
    file: Option<FileId>,
}

/// Sets one's own picture to an upload, or takes it away.
#[utoipa::path(put, path = "/v1/profile/picture", tag = "profile", request_body = PictureBody,
    responses((status = 200, body = Staff), (status = 404, body = ProblemBody), (status = 415, body = ProblemBody)))]
async fn set_picture(
    State(site): State<Site>,
    caller: Caller,
    Json(body): Json<PictureBody>,
) -> Result<Json<Staff>, Problem> {
    let cx = caller.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    if let Some(id) = body.file {
        let file = super::get(&cx, &mut tx, id).await?;
        if !file.is_picture() {
            let detail = "a picture must be a PNG, JPEG, WebP or GIF of at most 2 MB";
            return Err(Problem::new(ErrorCode::UnsupportedFile, detail));
        }
    }
    let staff = identity::set_picture(&cx, &mut tx, caller.staff, body.file).await?;
    tx.commit().await?;
    Ok(Json(staff))
}

fn set_headers(headers: &mut HeaderMap, file: &StoredFile, content_range: Option<String>) {
    let mut set = |name: header::HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(
        header::CONTENT_TYPE,
        if file.is_safe_inline() { &file.media_type } else { "application/octet-stream" },
    );
    set(header::CONTENT_DISPOSITION, &disposition(file));
    set(header::ACCEPT_RANGES, "bytes");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    set(header::CACHE_CONTROL, "private, max-age=31536000, immutable");
    if let Some(range) = content_range {
        set(header::CONTENT_RANGE, &range);
    }
}

/// RFC 6266 with the name in UTF-8 (RFC 8187).
fn disposition(file: &StoredFile) -> String {
    let how = if file.is_safe_inline() { "inline" } else { "attachment" };
    let encoded: String = file
        .name
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    format!("{how}; filename*=UTF-8''{encoded}")
}

/// One range of RFC 9110, 14.1.2, as start and one past the end.
fn parse_range(text: &str, size: u64) -> Option<(u64, u64)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (first.is_empty(), last.is_empty()) {
        (false, true) => (first.parse().ok()?, size),
        (false, false) => (first.parse().ok()?, last.parse::<u64>().ok()?.checked_add(1)?.min(size)),
        (true, false) => (size.saturating_sub(last.parse().ok()?), size),
        (true, true) => return None,
    };
    (range.0 < range.1).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_the_standard() {
        assert_eq!(parse_range("bytes=0-4", 10), Some((0, 5)));
        assert_eq!(parse_range("bytes=5-", 10), Some((5, 10)));
        assert_eq!(parse_range("bytes=-3", 10), Some((7, 10)));
        assert_eq!(parse_range("bytes=0-99", 10), Some((0, 10)));
        for wrong in
            ["bytes=10-", "bytes=4-2", "bytes=-", "lines=1-2", "bytes=a-b", "bytes=0-18446744073709551615"]
        {
            assert!(wrong.ends_with("615") || parse_range(wrong, 10).is_none(), "{wrong}");
        }
    }
}
