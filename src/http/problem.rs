//! Refusals over HTTP: `application/problem+json` (RFC 9457) with our stable codes.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::base::TextFault;
use crate::ports::DbError;
use crate::protocol::{ErrorCode, FrameError};

/// A refusal: what was wrong and what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The stable code.
    pub code: ErrorCode,
    /// What was wrong and what to do, in plain words.
    pub detail: String,
    /// When to try again, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// Of two who saved at once: what is stored, and what was sent.
    pub conflict: Option<serde_json::Value>,
}

/// A problem as it is sent.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ProblemBody {
    /// Always `about:blank`: `code` tells the kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: ErrorCode,
    /// What was wrong and what to do.
    pub detail: String,
    /// When to try again, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Of two who saved at once: what is stored (`theirs`), and what was sent (`yours`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub conflict: Option<serde_json::Value>,
}

impl Problem {
    /// A refusal with a code and an explanation.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Problem { code, detail: detail.into(), retry_after_ms: None, conflict: None }
    }

    /// It does not exist, at least not for the caller.
    pub fn not_found() -> Self {
        Problem::new(ErrorCode::NotFound, "there is nothing here under this address")
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, milliseconds: u64) -> Self {
        self.retry_after_ms = Some(milliseconds);
        self
    }

    /// Says what is stored and what was sent.
    #[must_use]
    pub fn with_conflict(mut self, both: serde_json::Value) -> Self {
        self.conflict = Some(both);
        self
    }

    /// Our fault: logged here once, and kept from the caller.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "request failed");
        Problem::new(ErrorCode::Internal, "something failed here; it was logged, please try again")
    }

    /// The HTTP status that goes with the code.
    pub const fn status(&self) -> StatusCode {
        match self.code {
            ErrorCode::MalformedFrame
            | ErrorCode::UnknownCommand
            | ErrorCode::HelloFirst
            | ErrorCode::AlreadyGreeted
            | ErrorCode::NotJoined => StatusCode::BAD_REQUEST,
            ErrorCode::InvalidField
            | ErrorCode::EmptyText
            | ErrorCode::TextTooLong
            | ErrorCode::ControlCharacter
            | ErrorCode::InvalidValue => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::UnsupportedFile => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorCode::UnsupportedVersion => StatusCode::PRECONDITION_FAILED,
            ErrorCode::Unauthenticated | ErrorCode::WrongCredentials => StatusCode::UNAUTHORIZED,
            ErrorCode::Forbidden | ErrorCode::OriginNotAllowed => StatusCode::FORBIDDEN,
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::Busy => StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
            ErrorCode::DraftAlreadyDecided
            | ErrorCode::DraftChanged
            | ErrorCode::DraftStale
            | ErrorCode::DraftStillWriting
            | ErrorCode::NeedsSecondPerson
            | ErrorCode::AlreadySent
            | ErrorCode::IllegalMove
            | ErrorCode::Conflict => StatusCode::CONFLICT,
            ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        metrics::counter!("concierge_refused_total", "code" => self.code.as_str()).increment(1);
        let status = self.status();
        let body = ProblemBody {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            code: self.code,
            detail: self.detail,
            retry_after_ms: self.retry_after_ms,
            conflict: self.conflict,
        };
        let mut response = (status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(milliseconds) = self.retry_after_ms {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(milliseconds.div_ceil(1_000)));
        }
        response
    }
}

impl From<Problem> for FrameError {
    fn from(problem: Problem) -> Self {
        FrameError { code: problem.code, message: problem.detail, retry_after_ms: problem.retry_after_ms }
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match &error {
            DbError::Busy(_) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "store is busy");
                Problem::new(ErrorCode::Busy, "the store is busy; try again in a moment").retry_after(1_000)
            }
            DbError::Full(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "disk is full");
                Problem::new(ErrorCode::StorageFull, "the disk is full, nothing was stored; try again later")
                    .retry_after(10_000)
            }
            DbError::Text(_) => Problem::new(ErrorCode::ControlCharacter, error.to_string()),
            DbError::Commit(_)
            | DbError::Damaged(_)
            | DbError::Other(_)
            | DbError::Newer(_)
            | DbError::Migrate(_) => Problem::internal(&error),
        }
    }
}

impl From<TextFault> for Problem {
    fn from(fault: TextFault) -> Self {
        let code = match fault {
            TextFault::Empty => ErrorCode::EmptyText,
            TextFault::TooLong { .. } => ErrorCode::TextTooLong,
            TextFault::Control(_) => ErrorCode::ControlCharacter,
        };
        Problem::new(code, fault.to_string())
    }
}
