//! Duty over HTTP 值班: calls that nobody answered, told by whoever noticed or by the telephone system under an account of its
//! own, rung on along the roster, taken by somebody.

mod hand_overs;
mod swaps;

use axum::{Json, extract::State, http::StatusCode};
use jiban_domain::{
    duty::{DutyCall, DutyCallState},
    ids::{PostId, UnitId},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    ahead::{duty_calls, works},
    app::App,
    http::{
        auth::Staff,
        body::{Body, Path, Query, within},
        problem::{Answer, Problem},
    },
};

/// Most calls in one answer.
const PAGE_MAX: u32 = 200;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, begin))
        .routes(routes!(take))
        .routes(routes!(pass))
        .merge(swaps::routes())
        .merge(hand_overs::routes())
}

/// Which calls.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Only those that stand here.
    #[param(inline)]
    state: Option<DutyCallState>,
    /// Those that came in before this one: the `next` of the page before.
    before: Option<Uuid>,
    /// How many, at most 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of calls.
#[derive(Debug, Serialize, ToSchema)]
struct DutyCalls {
    calls: Vec<DutyCall>,
    /// Send as `before` for the next page; none at the end.
    next: Option<Uuid>,
}

/// Calls to the duty posts of the reader's units that nobody answered at first, the newest first.
#[utoipa::path(
    get, path = "/duty/calls", tag = "duty", params(Which),
    responses((status = 200, body = DutyCalls), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn list(State(app): State<App>, staff: Staff, Query(which): Query<Which>) -> Answer<Json<DutyCalls>> {
    let limit = within("limit", which.limit, 50, 1..=PAGE_MAX)?;
    let state = which.state.map(DutyCallState::as_str);
    let sees = move |call: &DutyCall| duty_calls::sees(&staff, call);
    let page = works::page(&app, state, which.before, limit, sees).await?;
    Ok(Json(DutyCalls { calls: page.works, next: page.next }))
}

/// A call that nobody answered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MissedCall {
    /// The unit whose phone it was.
    #[schema(value_type = String)]
    unit: UnitId,
    /// The duty post.
    #[schema(value_type = String)]
    post: PostId,
    /// What is known of it; personal numbers are masked.
    #[serde(default)]
    #[schema(max_length = 400)]
    note: String,
}

/// Tell of a call that nobody answered: the first on duty is rung at once, the next one after the policy's minutes.
#[utoipa::path(
    post, path = "/duty/calls", tag = "duty", request_body = MissedCall,
    responses((status = 201, body = DutyCall), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn begin(
    State(app): State<App>,
    staff: Staff,
    Body(missed): Body<MissedCall>,
) -> Answer<(StatusCode, Json<DutyCall>)> {
    let call = duty_calls::begin(&app, &staff, missed.unit, missed.post, missed.note).await?;
    Ok((StatusCode::CREATED, Json(call)))
}

/// Take a call: nobody else is rung for it.
#[utoipa::path(
    post, path = "/duty/calls/{call}/take", tag = "duty",
    params(("call" = String, Path, description = "Id of the call")),
    responses((status = 200, body = DutyCall), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn take(State(app): State<App>, staff: Staff, path: Path) -> Answer<Json<DutyCall>> {
    Ok(Json(duty_calls::take(&app, &staff, path.id()?).await?))
}

/// Pass on a call that rings oneself: the next on duty is rung at once.
#[utoipa::path(
    post, path = "/duty/calls/{call}/pass", tag = "duty",
    params(("call" = String, Path, description = "Id of the call")),
    responses((status = 200, body = DutyCall), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn pass(State(app): State<App>, staff: Staff, path: Path) -> Answer<Json<DutyCall>> {
    Ok(Json(duty_calls::pass(&app, &staff, path.id()?).await?))
}
