//! The pages of the three doors, at their addresses. A page is a shell without data: what it shows it asks of the
//! interface, which authorises; so nothing here may answer with anything of a case.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiban_web::File;

use super::problem::Problem;

/// A page may load nothing from elsewhere and be framed by nobody. Photos before their upload are `blob:`.
const PAGE_POLICY: &str = "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; \
                           object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Whatever is asked with GET outside the interface: a file, a page, or the resident's page that says 'not found'.
pub(super) async fn page(uri: axum::http::Uri, method: axum::http::Method, headers: HeaderMap) -> Response {
    let path = uri.path();
    let reading = matches!(method, axum::http::Method::GET | axum::http::Method::HEAD);
    if !reading || path.starts_with("/api/") || path.starts_with("/open311/") {
        return Problem::not_found().into_response();
    }
    let named = path.trim_start_matches('/');
    if !named.ends_with(".html")
        && !named.ends_with(".gz")
        && let Some(file) = jiban_web::file(named)
    {
        return sent(file, StatusCode::OK, &headers);
    }
    let (shell, status) = shell(path);
    let wants_page = headers.get(header::ACCEPT).is_none_or(|accept| {
        accept.to_str().is_ok_and(|accept| accept.contains("text/html") || accept.contains("*/*"))
    });
    match jiban_web::file(shell) {
        Some(file) if wants_page && !named.starts_with("assets/") => sent(file, status, &headers),
        _ => Problem::not_found().into_response(),
    }
}

/// Which page answers at an address. Within a page its own router goes on.
fn shell(path: &str) -> (&'static str, StatusCode) {
    match path.trim_start_matches('/').split('/').next() {
        Some("console" | "screen") => ("console.html", StatusCode::OK),
        Some("work") => ("work.html", StatusCode::OK),
        Some(
            "" | "q" | "new" | "track" | "here" | "hall" | "near" | "guides" | "reception" | "partner" | "volunteering",
        ) => ("index.html", StatusCode::OK),
        _ => ("index.html", StatusCode::NOT_FOUND),
    }
}

fn sent(file: File, status: StatusCode, asked: &HeaderMap) -> Response {
    let takes_gzip = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let takes_gzip = takes_gzip.is_some_and(|encodings| encodings.contains("gzip"));
    let kept = if file.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static(file.media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(kept)),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY)),
    ]);
    let body = match file.gzipped {
        Some(gzipped) if takes_gzip => {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            gzipped
        }
        _ => file.bytes,
    };
    (status, headers, body).into_response()
}
