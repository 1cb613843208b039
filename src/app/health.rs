//! What operators and load balancers ask: alive, ready, how much.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, Router, routing};
use serde_json::json;

use crate::app::{asyncapi, openapi, protocol_schema};
use crate::gateway::Gateway;
use crate::http::Problem;
use crate::identity::Site;
use crate::jobs;
use crate::protocol::ErrorCode;
use crate::telemetry::Metrics;

/// Routes beside the API: health, metrics, documents.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/healthz", routing::get(|| async { "ok\n" }))
        .route("/readyz", routing::get(ready))
        .route("/metrics", routing::get(metrics_text))
        .route("/v1/openapi.json", routing::get(|| async { Json(openapi()) }))
        .route("/v1/protocol.json", routing::get(|| async { Json(protocol_schema()) }))
        .route("/v1/asyncapi.json", routing::get(|| async { Json(asyncapi()) }))
}

/// Whether this node should get traffic, and if not, why.
async fn ready(State(site): State<Site>, Extension(gateway): Extension<Arc<Gateway>>) -> Response {
    let mut reasons = Vec::new();
    if gateway.is_stopping() {
        reasons.push("stopping".to_owned());
    }
    if gateway.hub().open_lines() >= site.config.sockets.max_connections {
        reasons.push("all sockets are in use".to_owned());
    }
    if let Err(error) = check_store(&site).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "store is not ready");
        reasons.push("the store does not answer".to_owned());
    }
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": reasons.is_empty(), "reasons": reasons }))).into_response()
}

async fn check_store(site: &Site) -> Result<(), crate::ports::DbError> {
    let mut tx = site.ports.db.read().await?;
    let open = jobs::open(&mut tx).await?;
    metrics::gauge!("concierge_jobs_open").set(u32::try_from(open).map_or(f64::MAX, f64::from));
    Ok(())
}

/// What everybody else is told on a connection beyond the limit.
pub(super) async fn crowded() -> Problem {
    Problem::new(ErrorCode::Busy, "this node takes no more connections now").retry_after(5_000)
}

async fn metrics_text(Extension(metrics): Extension<Metrics>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.render())
}
