//! In-app notices 站内通知: read one's own, mark them read.

use axum::{Json, extract::State, http::StatusCode};
use jiban_store::notifications;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::App,
    desk::telling::Words,
    http::{
        auth::Staff,
        body::{Body, Query},
        problem::{Answer, Problem},
    },
};

/// Most notices in one answer, and most marked at once.
const PAGE_MAX: usize = 200;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(mark_read))
}

/// Which notices.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct NoticeQuery {
    /// Only those not yet read.
    #[serde(default)]
    unread: bool,
}

/// One notice.
#[derive(Debug, Serialize, ToSchema)]
struct NoticeView {
    id: Uuid,
    case: Option<Uuid>,
    kind: String,
    /// Number of the case, letter or bulletin.
    number: String,
    zh: String,
    en: String,
    /// Page of the console that shows it, below `/console`.
    page: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    read: bool,
}

/// One's own notices, newest first.
#[utoipa::path(
    get, path = "/notifications", tag = "notifications", params(NoticeQuery),
    responses((status = 200, body = Vec<NoticeView>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn list(State(app): State<App>, staff: Staff, Query(query): Query<NoticeQuery>) -> Answer<Json<Vec<NoticeView>>> {
    let person = staff.person.to_string();
    let limit = i64::try_from(PAGE_MAX).unwrap_or(i64::MAX);
    let found = app.store.read(move |tx| notifications::list(tx, &person, query.unread, None, limit)).await?;
    let view = |row: notifications::Notification| -> Answer<NoticeView> {
        let body: Words = serde_json::from_str(&row.body).map_err(Problem::internal)?;
        Ok(NoticeView {
            id: row.id,
            case: row.case_id,
            page: body.page(),
            kind: row.kind,
            number: body.number,
            zh: body.zh,
            en: body.en,
            at: row.at,
            read: row.read_at.is_some(),
        })
    };
    Ok(Json(found.into_iter().map(view).collect::<Answer<_>>()?))
}

/// Notices to mark.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Marked {
    /// Their ids, at most 200.
    #[schema(max_items = 200)]
    ids: Vec<Uuid>,
}

/// Mark notices as read.
#[utoipa::path(
    post, path = "/notifications/read", tag = "notifications", request_body = Marked,
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn mark_read(State(app): State<App>, staff: Staff, Body(marked): Body<Marked>) -> Answer<StatusCode> {
    if marked.ids.len() > PAGE_MAX {
        return Err(Problem::field("ids", "at most 200", "最多 200 条"));
    }
    let person = staff.person.to_string();
    app.store
        .write(move |tx| marked.ids.iter().try_for_each(|id| notifications::mark_read(tx, &person, Some(*id))))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
