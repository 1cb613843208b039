//! Uploads in pieces over HTTP, as tus 1.0 has it (<https://tus.io/protocols/resumable-upload>): creation,
//! deferred length, expiration, termination. `HEAD` and `GET` tell the offset; `GET` also what became of it;
//! `OPTIONS` tells what the hub can.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use futures_util::StreamExt as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::{Timestamp, UploadId};
use crate::files::uploads::{self, Upload};
use crate::files::{self, Error};
use crate::http::{Json, Path, Problem, ProblemBody};
use crate::identity::{Party, Permission, Site};
use crate::ports::Cx;
use crate::protocol::{Attachment, ErrorCode};

const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const DEFERRED: HeaderName = HeaderName::from_static("upload-defer-length");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const VERSION: HeaderName = HeaderName::from_static("tus-version");
const EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");

/// The version of tus that is spoken.
const TUS: HeaderValue = HeaderValue::from_static("1.0.0");

/// What is spoken of it beyond its core.
const EXTENSIONS: HeaderValue =
    HeaderValue::from_static("creation,creation-defer-length,expiration,termination");

/// What the body of a piece is called.
const PIECE: &str = "application/offset+octet-stream";

/// A line that brings nothing for so long is cut.
const SILENCE: Duration = Duration::from_secs(30);

/// The routes of uploads in pieces.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(show, add, give_up))
        .layer(middleware::from_fn(speak))
}

/// Says in every answer which version of tus is spoken, and refuses others before anything is done. Who says
/// none at all may be no client of tus, and is served.
async fn speak(request: Request, next: Next) -> Response {
    let spoken = request.headers().get(RESUMABLE);
    let mut response = match spoken.is_none_or(|version| version == TUS) {
        true => next.run(request).await,
        false => {
            let detail = "this version of tus is not spoken here; Tus-Version says which is";
            let mut refusal = Problem::new(ErrorCode::UnsupportedVersion, detail).into_response();
            refusal.headers_mut().insert(VERSION, TUS);
            refusal
        }
    };
    response.headers_mut().insert(RESUMABLE, TUS);
    response
}

/// Tells what the hub can where `OPTIONS` asks about uploads. It stands before the layer that answers every
/// `OPTIONS` as a browser's preflight, and adds to that answer.
pub async fn tell_what_is_spoken(State(most): State<usize>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let asked = *request.method() == Method::OPTIONS
        && path.strip_prefix("/v1/uploads").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let mut response = next.run(request).await;
    if asked {
        let headers = response.headers_mut();
        headers.insert(RESUMABLE, TUS);
        headers.insert(VERSION, TUS);
        headers.insert(EXTENSION, EXTENSIONS);
        headers.insert(MAX_SIZE, HeaderValue::from(most));
        let read = "tus-resumable,tus-version,tus-extension,tus-max-size";
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(read));
    }
    response
}

/// How far an upload is.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
struct UploadState {
    /// Its identifier.
    id: UploadId,
    /// Bytes that are here: the next piece begins there.
    offset: i64,
    /// Bytes of the whole, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<i64>,
    /// What it became, once whole: name it in a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<Attachment>,
}

/// Begins an upload in pieces. Say how long it will be (`Upload-Length`), or that it is not known yet
/// (`Upload-Defer-Length: 1`); name it in `Upload-Metadata` (`filename` and the name in base64).
#[utoipa::path(post, path = "/v1/uploads", tag = "files",
    params(("Upload-Length" = Option<i64>, Header), ("Upload-Defer-Length" = Option<i64>, Header),
           ("Upload-Metadata" = Option<String>, Header)),
    responses((status = 201, body = UploadState), (status = 412, body = ProblemBody), (status = 413, body = ProblemBody), (status = 422, body = ProblemBody),
              (status = 429, body = ProblemBody)))]
async fn create(
    State(site): State<Site>,
    party: Party,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let cx = party.may(Permission::Answer)?.cx(&site.ports);
    let length = length_of(&site, &headers)?;
    let deferred = headers.get(DEFERRED).is_some_and(|value| value == "1");
    if length.is_some() == deferred {
        let detail = "say either Upload-Length, or Upload-Defer-Length: 1 while it is not known";
        return Err(Problem::new(ErrorCode::InvalidField, detail));
    }
    let mut tx = site.ports.db.begin().await?;
    let upload = uploads::begin(&cx, &mut tx, &name_of(&headers)?, length).await?;
    tx.commit().await?;
    let mut response = (StatusCode::CREATED, Json(state(&upload, None))).into_response();
    set(response.headers_mut(), header::LOCATION, &format!("/v1/uploads/{}", upload.id));
    tell(response.headers_mut(), &upload);
    Ok(response)
}

/// Says how far an upload is, and what became of it.
#[utoipa::path(get, path = "/v1/uploads/{id}", tag = "files", params(("id" = UploadId, Path)),
    responses((status = 200, body = UploadState), (status = 404, body = ProblemBody), (status = 412, body = ProblemBody)))]
async fn show(
    State(site): State<Site>,
    party: Party,
    Path(id): Path<UploadId>,
) -> Result<impl IntoResponse, Problem> {
    let cx = party.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let upload = uploads::get(&cx, &mut tx, id).await?;
    let file = match upload.file {
        Some(file) => Some(files::get(&cx, &mut tx, file).await?.attachment()),
        None => None,
    };
    drop(tx);
    let mut response = Json(state(&upload, file)).into_response();
    tell(response.headers_mut(), &upload);
    Ok(response)
}

/// Adds a piece where the last one ended. The one that makes it whole makes it a file.
#[utoipa::path(patch, path = "/v1/uploads/{id}", tag = "files",
    params(("id" = UploadId, Path), ("Upload-Offset" = i64, Header), ("Upload-Length" = Option<i64>, Header)),
    request_body(content = Vec<u8>, content_type = PIECE),
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
              (status = 412, body = ProblemBody), (status = 413, body = ProblemBody), (status = 415, body = ProblemBody)))]
async fn add(
    State(site): State<Site>,
    party: Party,
    Path(id): Path<UploadId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let cx = party.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let before = uploads::get(&cx, &mut tx, id).await?;
    drop(tx);
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != PIECE) {
        return Err(Problem::new(ErrorCode::UnsupportedFile, format!("a piece is sent as {PIECE}")));
    }
    let offset = number(&headers, &OFFSET)?
        .ok_or_else(|| Problem::new(ErrorCode::InvalidField, "Upload-Offset is missing"))?;
    if offset != before.received || before.file.is_some() {
        return Ok(conflict(&before, "the upload is at another offset; go on from there"));
    }
    let length = length_of(&site, &headers)?.or(before.length);
    if length.is_some_and(|length| length < before.received)
        || before.length.is_some_and(|known| Some(known) != length)
    {
        return Err(Problem::new(ErrorCode::InvalidField, "Upload-Length is not what it was, or too little"));
    }
    let most = length.unwrap_or(limit(&site)) - before.received;
    let Taken { bytes, broken } = take_in(&site, &before, body, most).await?;
    let cx = Cx { now: site.ports.now(), ..cx };
    let after = Upload {
        received: before.received + bytes,
        length,
        expires_at: cx.now.after(super::PATIENCE),
        ..before.clone()
    };
    if after.length == Some(after.received) {
        finish(&site, &cx, &before, &after).await?;
    } else {
        let mut tx = site.ports.db.begin().await?;
        uploads::advance(&cx, &mut tx, &before, &after).await?;
        tx.commit().await?;
        if broken {
            let detail = "the piece broke off; go on from the offset";
            return Err(Problem::new(ErrorCode::MalformedFrame, detail));
        }
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    tell(response.headers_mut(), &after);
    Ok(response)
}

/// Gives up an unfinished upload.
#[utoipa::path(delete, path = "/v1/uploads/{id}", tag = "files", params(("id" = UploadId, Path)),
    responses((status = 204), (status = 404, body = ProblemBody), (status = 412, body = ProblemBody)))]
async fn give_up(
    State(site): State<Site>,
    party: Party,
    Path(id): Path<UploadId>,
) -> Result<StatusCode, Problem> {
    let cx = party.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    uploads::give_up(&cx, &mut tx, id).await?;
    tx.commit().await?;
    uploads::remove_bytes(&site.ports.blobs, id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// What came of a piece.
struct Taken {
    bytes: i64,
    /// The line was cut before its end.
    broken: bool,
}

/// Writes a piece as it comes and syncs it. More than `most` bytes are refused, and none of them counts.
async fn take_in(site: &Site, upload: &Upload, body: Body, most: i64) -> Result<Taken, Problem> {
    let failed = |error| lost_or(upload.id, error);
    let offset = u64::try_from(upload.received).unwrap_or(0);
    let mut piece = site.ports.blobs.piece(upload.id, offset).await.map_err(failed)?;
    let mut stream = body.into_data_stream();
    let mut taken = Taken { bytes: 0, broken: false };
    loop {
        let bytes = match tokio::time::timeout(SILENCE, stream.next()).await {
            Ok(Some(Ok(bytes))) => bytes,
            Ok(None) => break,
            Ok(Some(Err(_))) | Err(_) => {
                taken.broken = true;
                break;
            }
        };
        taken.bytes += i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        if taken.bytes > most {
            return Err(match upload.length {
                Some(_) => Problem::new(ErrorCode::InvalidField, "more came than Upload-Length says"),
                None => files::too_large(site),
            });
        }
        piece.write(&bytes).await.map_err(failed)?;
    }
    piece.keep().await.map_err(failed)?;
    Ok(taken)
}

/// Makes a file of the pieces. They are read once more and written under the file's own name: whoever still
/// writes a piece changes nothing that was looked at.
async fn finish(site: &Site, cx: &Cx, before: &Upload, after: &Upload) -> Result<(), Problem> {
    let length = usize::try_from(after.received).unwrap_or(0);
    let bytes = site.ports.blobs.pieces(after.id, length).await;
    let bytes = bytes.map_err(|error| lost_or(after.id, error))?;
    let file = match files::receive(site, cx, &after.name, &bytes).await {
        Ok(file) => file,
        Err(refused) => {
            // It will not be better the next time.
            let mut tx = site.ports.db.begin().await?;
            uploads::give_up(cx, &mut tx, after.id).await?;
            tx.commit().await?;
            uploads::remove_bytes(&site.ports.blobs, after.id).await;
            return Err(refused);
        }
    };
    let mut tx = site.ports.db.begin().await?;
    let finished = uploads::finish(cx, &mut tx, before, after, &file).await;
    match finished {
        Ok(()) => tx.commit().await?,
        Err(error) => {
            // Somebody else brought the same piece first; theirs counts.
            drop(tx);
            site.ports.blobs.remove(file.id).await.map_err(Error::Blobs)?;
            return Err(error.into());
        }
    }
    uploads::remove_bytes(&site.ports.blobs, after.id).await;
    Ok(())
}

/// What the blob store's trouble means. Pieces that are not there, as after a restore of the store alone, are
/// an upload that is not there: the client begins another.
fn lost_or(id: UploadId, error: std::io::Error) -> Problem {
    match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::UnexpectedEof => Error::NoUpload(id).into(),
        _ => Error::Blobs(error).into(),
    }
}

fn state(upload: &Upload, file: Option<Attachment>) -> UploadState {
    UploadState { id: upload.id, offset: upload.received, length: upload.length, file }
}

/// Tells in headers how far an upload is.
fn tell(headers: &mut HeaderMap, upload: &Upload) {
    set(headers, OFFSET, &upload.received.to_string());
    match upload.length {
        Some(length) => set(headers, LENGTH, &length.to_string()),
        None => set(headers, DEFERRED, "1"),
    }
    set(headers, EXPIRES, &http_date(upload.expires_at));
    set(headers, header::CACHE_CONTROL, "no-store");
}

fn conflict(upload: &Upload, detail: &str) -> Response {
    let mut response = Problem::new(ErrorCode::Conflict, detail).into_response();
    set(response.headers_mut(), OFFSET, &upload.received.to_string());
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// A date as HTTP writes it (RFC 9110, 5.6.7).
fn http_date(at: Timestamp) -> String {
    at.to_jiff().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A header that is a number, zero or more.
fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok()).filter(|number| *number >= 0);
    match number {
        Some(number) => Ok(Some(number)),
        None => Err(Problem::new(ErrorCode::InvalidField, format!("{name} is no number of bytes"))),
    }
}

/// The length of the whole, if it is said.
fn length_of(site: &Site, headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let length = number(headers, &LENGTH)?;
    match length {
        Some(length) if length > limit(site) => Err(files::too_large(site)),
        length => Ok(length),
    }
}

fn limit(site: &Site) -> i64 {
    i64::try_from(site.config.files.max_bytes).unwrap_or(i64::MAX)
}

/// The name in `Upload-Metadata`: pairs of a key and a value in base64, parted by commas.
fn name_of(headers: &HeaderMap) -> Result<String, Problem> {
    let Some(metadata) = headers.get(METADATA) else { return Ok("file".to_owned()) };
    let wrong = || Problem::new(ErrorCode::InvalidField, "Upload-Metadata is not as tus has it");
    let metadata = metadata.to_str().map_err(|_| wrong())?;
    let name = metadata.split(',').find_map(|pair| pair.trim().strip_prefix("filename "));
    let Some(name) = name else { return Ok("file".to_owned()) };
    let bytes = base64::engine::general_purpose::STANDARD.decode(name.trim()).map_err(|_| wrong())?;
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(metadata: &'static str) -> Result<String, Problem> {
        name_of(&HeaderMap::from_iter([(METADATA, HeaderValue::from_static(metadata))]))
    }

    #[test]
    fn the_name_is_found_among_what_else_a_client_says() {
        assert_eq!(named("filename dm9pY2UubTRh"), Ok("voice.m4a".to_owned()));
        assert_eq!(named("filetype YXVkaW8vbXA0,filename w6TDtsO8,empty"), Ok("äöü".to_owned()));
        assert_eq!(named("filetype YXVkaW8vbXA0"), Ok("file".to_owned()));
        assert!(named("filename not base64!").is_err());
        assert!(named("filename /w==").is_err());
    }

    #[test]
    fn dates_are_written_as_http_has_them() {
        assert_eq!(http_date(Timestamp::from_micros(784_111_777_000_000)), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
