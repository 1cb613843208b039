//! Translations over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::FileId;
use crate::http::{Json, Path, Problem, ProblemBody};
use crate::identity::{Caller, Permission, Site};
use crate::protocol::Entry;

/// The routes of this part.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(status)).routes(routes!(translate))
}

/// Whether something can be translated.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct TranslationStatus {
    /// A model is set up, and the workspace has models on.
    ready: bool,
}

/// Says whether transcripts can be translated here.
#[utoipa::path(get, path = "/v1/translation", tag = "voice", responses((status = 200, body = TranslationStatus)))]
async fn status(State(site): State<Site>, caller: Caller) -> Result<Json<TranslationStatus>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    Ok(Json(TranslationStatus { ready: super::ready(&cx, &site).await? }))
}

/// Into which language.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct TranslationBody {
    /// Its tag, such as `de` or `en-GB`.
    language: String,
}

/// Has a model translate what was said in a recording, for staff. It stands in the timeline with its origin.
#[utoipa::path(post, path = "/v1/files/{id}/translation", tag = "voice", params(("id" = FileId, Path)),
    request_body = TranslationBody,
    responses((status = 201, body = Entry), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody), (status = 429, body = ProblemBody), (status = 503, body = ProblemBody)))]
async fn translate(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<FileId>,
    Json(body): Json<TranslationBody>,
) -> Result<(StatusCode, Json<Entry>), Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    Ok((StatusCode::CREATED, Json(super::translate(&cx, &site, id, &body.language).await?)))
}
