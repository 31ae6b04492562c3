//! Rounds over HTTP 扫楼扫街: spots to see, visits told, plans, and who keeps to them. What is found on a round is registered
//! as a case like any other.

use axum::{Json, extract::State, http::StatusCode};
use jiban_domain::{
    ids::{SpotId, UnitId},
    round::{Plan, RoundPlan},
};
use jiban_store::{
    StoreError,
    spot_visits::{self, Visit as VisitRow},
};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    ahead::rounds::{self, Coverage, RoundSpot},
    app::App,
    desk::told_at::told_at,
    http::{
        auth::Staff,
        body::{Body, Path, Query},
        problem::{Answer, Problem},
    },
};

/// A visit may be told so long after it was: a phone may be without a network, days.
const TOLD_WITHIN_DAYS: i64 = 7;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(spots))
        .routes(routes!(visit))
        .routes(routes!(coverage))
        .routes(routes!(plan))
        .routes(routes!(end))
}

/// The spots of the reader's units, those that need a look most first.
#[utoipa::path(
    get, path = "/rounds/spots", tag = "rounds",
    responses((status = 200, body = Vec<RoundSpot>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn spots(State(app): State<App>, staff: Staff) -> Answer<Json<Vec<RoundSpot>>> {
    Ok(Json(rounds::spots(&app, &staff).await?))
}

/// A visit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Visit {
    /// Where.
    spot: SpotId,
    /// When: told up to a week later, where there was no network.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Code of the checklist that was gone through; none where somebody only had a look.
    #[serde(default)]
    checklist: Option<String>,
}

/// Say that a spot was seen. Said twice, it is one visit.
#[utoipa::path(
    post, path = "/rounds/visits", tag = "rounds", request_body = Visit,
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn visit(State(app): State<App>, staff: Staff, Body(visit): Body<Visit>) -> Answer<StatusCode> {
    let known = staff.snapshot.organisation.spot(&visit.spot).filter(|spot| staff.reaches(&spot.grid));
    if known.is_none() {
        return Err(Problem::field("spot", "a spot of your units", "应为本单位范围内的点位"));
    }
    let rules = &staff.snapshot.policy.rounds;
    if visit.checklist.as_deref().is_some_and(|list| rules.checklist(list).is_none()) {
        return Err(Problem::field("checklist", "a checklist of the policy", "应为机制中的检查清单"));
    }
    let now = app.now().await?;
    let at = told_at(visit.at, now, TOLD_WITHIN_DAYS * 24);
    let at = at.ok_or_else(|| Problem::field("at", "within the last 7 days", "应在最近 7 天之内"))?;
    let row = VisitRow {
        spot: visit.spot.to_string(),
        at,
        person: staff.person.to_string(),
        checklist: visit.checklist.unwrap_or_default(),
    };
    app.store.write(move |tx| -> Result<(), StoreError> { spot_visits::note(tx, &row) }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Of which unit.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Where {
    /// The unit, with all below it; the reader's own where none is named.
    #[param(value_type = Option<String>)]
    unit: Option<UnitId>,
}

/// How well rounds are kept to: spots, grids and plans, and what was found 巡查覆盖.
#[utoipa::path(
    get, path = "/rounds/coverage", tag = "rounds", params(Where),
    responses((status = 200, body = Coverage), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn coverage(State(app): State<App>, staff: Staff, Query(of): Query<Where>) -> Answer<Json<Coverage>> {
    Ok(Json(rounds::coverage(&app, &staff, of.unit).await?))
}

/// A plan to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRounds)]
struct NewPlan {
    /// What it is.
    plan: Plan,
    /// The signal that it comes of: it is accepted.
    #[serde(default)]
    signal: Option<Uuid>,
}

/// Plan rounds 制定巡查计划.
#[utoipa::path(
    post, path = "/rounds/plans", tag = "rounds", request_body = NewPlan,
    responses((status = 200, body = RoundPlan), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn plan(State(app): State<App>, staff: Staff, Body(new): Body<NewPlan>) -> Answer<Json<RoundPlan>> {
    Ok(Json(rounds::make(&app, &staff, new.plan, new.signal).await?))
}

/// End a plan of rounds 停用.
#[utoipa::path(
    post, path = "/rounds/plans/{plan}/end", tag = "rounds",
    params(("plan" = String, Path, description = "Id of the plan")),
    responses((status = 200, body = RoundPlan), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn end(State(app): State<App>, staff: Staff, path: Path) -> Answer<Json<RoundPlan>> {
    Ok(Json(rounds::end(&app, &staff, path.id()?).await?))
}
