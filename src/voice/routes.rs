//! Voice over HTTP: what is set up, correcting transcripts, copies that every browser plays, voicemail.

use axum::body::Body;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::base::{Actor, ContactId, FileId};
use crate::contacts::{self, ContactFilter, NewContact};
use crate::conversations::{self, NewMessage};
use crate::files;
use crate::http::{Json, Path, Problem, ProblemBody};
use crate::identity::{Caller, Party, Permission, Site};
use crate::ports::speech::Status;
use crate::ports::{Cx, Tx, sound};
use crate::protocol::{ErrorCode, Posted};
use crate::schemas;

/// What multipart framing and the other fields may add to a file of the largest size.
const FRAMING: usize = 64 * 1024;

/// Contacts with a caller's number that are looked at.
const CALLERS: i64 = 20;

/// The routes of this domain. `max_bytes` is the largest upload.
pub fn routes(max_bytes: usize) -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(correct))
        .routes(routes!(playable))
        .routes(routes!(voicemail).layer(DefaultBodyLimit::max(max_bytes + FRAMING)))
}

/// Says whether voice messages are transcribed, by what, and what to do where they are not.
#[utoipa::path(get, path = "/v1/speech", tag = "voice", responses((status = 200, body = Status)))]
async fn status(State(site): State<Site>, caller: Caller) -> Result<Json<Status>, Problem> {
    caller.may(Permission::Read)?;
    Ok(Json(site.ports.speech.status().await))
}

/// What was said.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct CorrectionBody {
    /// The whole text.
    text: String,
}

/// Corrects what was heard in a recording. A draft that was written from it is written again.
#[utoipa::path(put, path = "/v1/files/{id}/transcript", tag = "voice", params(("id" = FileId, Path)),
    request_body = CorrectionBody,
    responses((status = 204), (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn correct(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<FileId>,
    Json(body): Json<CorrectionBody>,
) -> Result<StatusCode, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    super::correct(&cx, &mut tx, id, &body.text).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Downloads a recording, or a range of it, as WAV: for browsers that do not play the original.
#[utoipa::path(get, path = "/v1/files/{id}/wav", tag = "voice", params(("id" = FileId, Path)),
    responses((status = 200, content_type = "audio/wav"), (status = 206), (status = 404, body = ProblemBody),
              (status = 415, body = ProblemBody), (status = 416, description = "the range lies outside the file")))]
async fn playable(
    State(site): State<Site>,
    party: Party,
    Path(id): Path<FileId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let cx = party.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    let file = files::get(&cx, &mut tx, id).await?;
    drop(tx);
    let unplayable = || Problem::new(ErrorCode::UnsupportedFile, "this file cannot be played");
    if !file.is_voice() {
        return Err(unplayable());
    }
    let length = usize::try_from(file.size).unwrap_or(0);
    let bytes = site
        .ports
        .blobs
        .read(id, 0, length)
        .await
        .map_err(|error| Problem::from(files::Error::Blobs(error)))?;
    let (decoded, _) = site.ports.speech.look(bytes.into()).await.ok_or_else(unplayable)?;
    let bytes = sound::wav(&decoded);
    let size = u64::try_from(bytes.len()).unwrap_or(0);
    let Ok(range) = files::wanted_range(&headers, size) else { return Ok(files::range_refused(size)) };
    let (start, end) = range.unwrap_or((0, size));
    let part = usize::try_from(start).unwrap_or(0)..usize::try_from(end).unwrap_or(0);
    let mut response = Response::new(Body::from(bytes.get(part).unwrap_or_default().to_vec()));
    let set = response.headers_mut();
    set.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    set.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    set.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    if let Some((start, end)) = range {
        if let Ok(value) = HeaderValue::from_str(&format!("bytes {start}-{}/{size}", end - 1)) {
            set.insert(header::CONTENT_RANGE, value);
        }
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// A multipart form with a recording and who left it.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the form to readers of the API document")]
struct VoicemailForm {
    /// The recording.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: String,
    /// The caller's telephone number: a caller of before is found again by it.
    phone: Option<String>,
    /// The caller's name.
    name: Option<String>,
    /// Chosen by the exchange and unique: the same again gives the first result.
    client_id: String,
}

/// What came with the form.
#[derive(Default)]
struct Left {
    file: Option<(String, axum::body::Bytes)>,
    phone: String,
    name: String,
    client_id: String,
}

/// Takes a message from a telephone exchange's voicemail: it arrives as the caller's voice message.
#[utoipa::path(post, path = "/v1/voicemails", tag = "voice",
    request_body(content = VoicemailForm, content_type = "multipart/form-data"),
    responses((status = 201, body = Posted), (status = 415, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn voicemail(
    State(site): State<Site>,
    caller: Caller,
    form: Result<Multipart, MultipartRejection>,
) -> Result<impl IntoResponse, Problem> {
    let staff = caller.may(Permission::Answer)?.cx(&site.ports);
    let left = read_form(form.map_err(|error| malformed(&error.body_text()))?).await?;
    let invalid = |detail: &str| Problem::new(ErrorCode::InvalidField, detail);
    let (name, bytes) = left.file.ok_or_else(|| invalid("the form has no field named file"))?;
    if left.phone.trim().is_empty() {
        return Err(invalid("phone is missing: it says who called"));
    }
    let mut tx = site.ports.db.begin().await?;
    let contact = caller_contact(&staff, &mut tx, &left.phone, &left.name).await?;
    tx.commit().await?;
    // The recording is the caller's, whoever brings it.
    let cx = staff.acting_as(Actor::Contact { id: contact }, "");
    let file = files::receive(&site, &cx, &name, &bytes).await?;
    if !file.is_voice() {
        return Err(Problem::new(ErrorCode::UnsupportedFile, "the file is no recording"));
    }
    let mut tx = site.ports.db.begin().await?;
    contacts::seen(&cx, &mut tx, contact).await?;
    if let Some(posted) = conversations::sent_before(&cx, &mut tx, contact, &left.client_id).await? {
        return Ok((StatusCode::OK, Json(posted)));
    }
    files::record(&cx, &mut tx, &file).await?;
    let conversation = match conversations::open_of(&cx, &mut tx, contact).await? {
        Some(conversation) => conversation,
        None => {
            let status = schemas::initial_status(&cx, &mut tx).await?;
            conversations::start(&cx, &mut tx, contact, &status).await?
        }
    };
    let message = NewMessage { client_id: left.client_id, body: String::new(), files: vec![file.id] };
    let posted = conversations::post(&cx, &mut tx, conversation, message).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(posted)))
}

async fn read_form(mut form: Multipart) -> Result<Left, Problem> {
    let unreadable = |error: axum::extract::multipart::MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(ErrorCode::TooLarge, "the recording is too large"),
        _ => malformed(&error.body_text()),
    };
    let mut left = Left::default();
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        match field.name() {
            Some("file") => {
                let name = field.file_name().unwrap_or("voicemail").to_owned();
                left.file = Some((name, field.bytes().await.map_err(unreadable)?));
            }
            Some("phone") => left.phone = field.text().await.map_err(unreadable)?,
            Some("name") => left.name = field.text().await.map_err(unreadable)?,
            Some("client_id") => left.client_id = field.text().await.map_err(unreadable)?,
            _ => {}
        }
    }
    Ok(left)
}

/// The contact with this number, or a new one.
async fn caller_contact(cx: &Cx, tx: &mut Tx, phone: &str, name: &str) -> Result<ContactId, Problem> {
    let filter = ContactFilter { q: Some(phone.trim().to_owned()) };
    let known = contacts::list(cx, tx, &filter, CALLERS, None).await?;
    if let Some(contact) = known.into_iter().find(|contact| contact.phone.as_deref() == Some(phone.trim())) {
        return Ok(contact.id);
    }
    let name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
    let new = NewContact { name, phone: Some(phone.trim().to_owned()), ..NewContact::default() };
    Ok(contacts::create(cx, tx, new).await?.id)
}

fn malformed(detail: &str) -> Problem {
    Problem::new(ErrorCode::MalformedFrame, detail)
}
