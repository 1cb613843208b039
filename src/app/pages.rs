//! The web interface: widget, console, portal and demo pages out of the binary.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use concierge_web::Asset;

use crate::http::Problem;

/// What the console may load and do. Two of its libraries write style elements, hence the exception.
const CONSOLE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' blob: data:; font-src 'self'; media-src 'self' blob:; connect-src 'self' ws: wss:; frame-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What a customer's page may load and do. Businesses may show the portal in a frame.
const CUSTOMER_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
    font-src 'self'; media-src 'self' blob:; connect-src 'self' ws: wss:; manifest-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors *";

/// Kept by browsers for five minutes: the one file whose address never changes.
const SHORT: &str = "public, max-age=300";

/// The routes of the web interface.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/app") }))
        .route("/app", get(console))
        .route("/app/{*rest}", get(console))
        .route("/portal/{slug}", get(portal))
        .route("/demo/{slug}", get(demo))
        .route("/widget.js", get(widget))
        .route("/w/{*rest}", get(file_under_w))
        .route("/assets/{*rest}", get(file_under_assets))
}

async fn console(headers: HeaderMap) -> Response {
    page("console.html", CONSOLE_POLICY, &headers)
}

async fn portal(headers: HeaderMap) -> Response {
    page("portal.html", CUSTOMER_POLICY, &headers)
}

async fn demo(headers: HeaderMap) -> Response {
    page("demo.html", CUSTOMER_POLICY, &headers)
}

async fn widget(headers: HeaderMap) -> Response {
    file("widget.js", &headers)
}

async fn file_under_w(Path(rest): Path<String>, headers: HeaderMap) -> Response {
    file(&format!("w/{rest}"), &headers)
}

async fn file_under_assets(Path(rest): Path<String>, headers: HeaderMap) -> Response {
    file(&format!("assets/{rest}"), &headers)
}

fn page(path: &str, policy: &'static str, headers: &HeaderMap) -> Response {
    if !concierge_web::built() {
        return (StatusCode::NOT_FOUND, Html(concierge_web::MISSING_PAGE)).into_response();
    }
    let mut response = file(path, headers);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

fn file(path: &str, headers: &HeaderMap) -> Response {
    let Some(asset) = concierge_web::asset(path) else { return Problem::not_found().into_response() };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tag| tag.to_str().ok());
    let mut response = match known.is_some_and(|known| known.contains(asset.etag)) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => content(asset, headers),
    };
    let kept = match asset {
        Asset { immutable: true, .. } => "public, max-age=31536000, immutable",
        Asset { path: "widget.js", .. } => SHORT,
        _ => "no-cache",
    };
    let mut set = |name: header::HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set(header::CACHE_CONTROL, kept);
    set(header::ETAG, asset.etag);
    set(header::VARY, "Accept-Encoding");
    set(header::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");
    response
}

fn content(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let (bytes, encoding) = asset.encoded(accepted);
    let mut response = ([(header::CONTENT_TYPE, asset.content_type)], bytes).into_response();
    if let Some(encoding) = encoding.and_then(|encoding| HeaderValue::from_str(encoding).ok()) {
        response.headers_mut().insert(header::CONTENT_ENCODING, encoding);
    }
    response
}
