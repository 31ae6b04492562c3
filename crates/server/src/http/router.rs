//! All routes in one place, with what holds for all of them: bounds, compression, headers, metrics, panics.

use std::time::{Duration, Instant};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use metrics_exporter_prometheus::PrometheusHandle;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, set_header::SetResponseHeaderLayer};
use utoipa_axum::router::OpenApiRouter;

use super::{openapi, pages, problem::Problem};
use crate::{app::App, features};

/// Largest body of an ordinary request, bytes. Uploads have their own bound.
const BODY_MAX: usize = 2 << 20;
/// Longest time for one answer; the live stream is not bound by it.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// The whole interface, described.
pub fn api() -> (Router<App>, utoipa::openapi::OpenApi) {
    let routes = OpenApiRouter::new()
        .merge(features::sessions::routes())
        .merge(features::cases::routes())
        .merge(features::intake::routes())
        .merge(features::notifications::routes())
        .merge(features::notices::routes())
        .merge(features::near::routes())
        .merge(features::guides::routes())
        .merge(features::duty::routes())
        .merge(features::hall::routes())
        .merge(features::directory::routes())
        .merge(features::receptions::routes())
        .merge(features::rounds::routes())
        .merge(features::statistics::routes())
        .merge(features::triage::routes())
        .merge(features::signals::routes())
        .merge(features::assessment::routes())
        .merge(features::bulletins::routes())
        .merge(features::campaigns::routes())
        .merge(features::letters::routes())
        .merge(features::machines::routes())
        .merge(features::papers::routes())
        .merge(features::partners::routes())
        .merge(features::audit::routes())
        .merge(features::attachments::routes())
        .merge(features::world::routes())
        .layer(middleware::from_fn(in_time))
        .merge(features::live::routes());
    let routes = OpenApiRouter::with_openapi(openapi::base()).nest("/api/v1", routes);
    let (routes, mut described) = routes.nest("/open311/v2", features::open311::routes()).split_for_parts();
    openapi::name_operations(&mut described);
    (routes, described)
}

/// The program's routes over its parts. `metrics` renders the metrics page; none where nobody recorded any.
pub fn router(app: App, metrics: Option<PrometheusHandle>) -> Router {
    let (api, description) = api();
    let metrics_page = move || std::future::ready(metrics.as_ref().map(PrometheusHandle::render).unwrap_or_default());
    let described = description.clone();
    api.route("/api/openapi.json", axum::routing::get(move || std::future::ready(Json(described.clone()))))
        .merge(utoipa_swagger_ui::SwaggerUi::new("/api/docs").url("/api/docs/openapi.json", description))
        .route("/healthz", axum::routing::get(|| std::future::ready("ok")))
        .route("/readyz", axum::routing::get(ready))
        .route("/metrics", axum::routing::get(metrics_page))
        .fallback(pages::page)
        .method_not_allowed_fallback(|| {
            std::future::ready(Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this address takes another method",
                "该地址不支持此方法",
            ))
        })
        .layer(middleware::from_fn(measure))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(CompressionLayer::new())
        .layer(header_layer(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header_layer(header::REFERRER_POLICY, "same-origin"))
        .layer(header_layer(header::X_FRAME_OPTIONS, "DENY"))
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(app)
}

fn header_layer(name: header::HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// Ready when the database answers.
async fn ready(State(app): State<App>) -> Response {
    match app.store.read(|tx| Ok::<_, jiban_store::StoreError>(tx.now())).await {
        Ok(_) => "ready".into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// Ends what takes too long.
async fn in_time(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(ANSWER_MAX, next.run(request)).await;
    answer.unwrap_or_else(|_| Problem::too_slow().into_response())
}

/// Counts and times every answer by route, never by address: an address may hold a number.
async fn measure(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = match *request.method() {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "OTHER",
    };
    let began = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!("jiban_http_requests_total", "route" => route.clone(), "method" => method, "status" => status)
        .increment(1);
    metrics::histogram!("jiban_http_seconds", "route" => route, "method" => method).record(began.elapsed());
    response
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Problem::internal("a handler panicked").into_response()
}
