//! What every response goes through: limits, spans, security headers, and problems instead of bare errors.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any as AnyOrigin, CorsLayer};
use tracing::Instrument as _;

use crate::config::Http;
use crate::http::Problem;
use crate::protocol::ErrorCode;

/// Headers of uploads in pieces.
const UPLOADS: [HeaderName; 7] = [
    HeaderName::from_static("upload-offset"),
    HeaderName::from_static("upload-length"),
    HeaderName::from_static("upload-defer-length"),
    HeaderName::from_static("upload-metadata"),
    HeaderName::from_static("upload-expires"),
    HeaderName::from_static("tus-resumable"),
    HeaderName::from_static("tus-version"),
];

/// How long a browser remembers what another origin may ask.
const PREFLIGHT: Duration = Duration::from_secs(600);

/// Wraps the routes. Cookies never cross origins: other origins may read only what a bearer token opens.
pub(super) fn wrap<S: Clone + Send + Sync + 'static>(routes: Router<S>, http: &Http) -> Router<S> {
    let limiter: Arc<DefaultKeyedRateLimiter<std::net::IpAddr>> =
        Arc::new(RateLimiter::keyed(Quota::per_minute(http.requests_per_minute)));
    let cors = CorsLayer::new()
        .allow_origin(AnyOrigin)
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ])
        .allow_headers(
            [header::AUTHORIZATION, header::CONTENT_TYPE, header::RANGE]
                .into_iter()
                .chain(UPLOADS)
                .collect::<Vec<_>>(),
        )
        .expose_headers(
            [header::CONTENT_RANGE, header::RETRY_AFTER, header::LOCATION]
                .into_iter()
                .chain(UPLOADS)
                .collect::<Vec<_>>(),
        )
        .max_age(PREFLIGHT);
    routes
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async {
            Problem::new(ErrorCode::MethodNotAllowed, "this address knows other methods")
        })
        .layer(DefaultBodyLimit::max(http.max_body_bytes))
        .layer(middleware::from_fn_with_state(limiter, limit_requests))
        .layer(cors)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(security_headers))
        .layer(middleware::from_fn(span))
}

async fn limit_requests(
    State(limiter): State<Arc<DefaultKeyedRateLimiter<std::net::IpAddr>>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if limiter.len() > 50_000 {
        limiter.retain_recent();
    }
    let asks_health = matches!(request.uri().path(), "/healthz" | "/readyz" | "/metrics");
    if !asks_health && limiter.check_key(&address.ip()).is_err() {
        let refused =
            Problem::new(ErrorCode::RateLimited, "too many requests from your address; wait a moment");
        return refused.retry_after(2_000).into_response();
    }
    next.run(request).await
}

/// A span per request, with its path but never its query or body.
async fn span(request: Request, next: Next) -> Response {
    let span = tracing::info_span!(
        "request",
        http.method = %request.method(),
        http.path = request.uri().path(),
        http.status = tracing::field::Empty,
    );
    async move {
        let started = std::time::Instant::now();
        let response = next.run(request).await;
        let status = response.status();
        tracing::Span::current().record("http.status", status.as_u16());
        metrics::histogram!("concierge_http_seconds", "status" => class(status))
            .record(started.elapsed().as_secs_f64());
        tracing::debug!(duration.ms = started.elapsed().as_secs_f64() * 1_000.0, "request answered");
        response
    }
    .instrument(span)
    .await
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

async fn security_headers(request: Request, next: Next) -> Response {
    const HEADERS: &[(HeaderName, &str)] = &[
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a request handler panicked");
    Problem::new(ErrorCode::Internal, "something failed here; it was logged, please try again")
        .into_response()
}
