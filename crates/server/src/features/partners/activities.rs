//! Activities and tasks over HTTP 活动、任务: set, looked at with who takes part, attendance confirmed, thanked, called off.

use axum::{Json, extract::State, http::StatusCode};
use jiban_domain::activity::{Act, Activity, ActivityState, Plan};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    ahead::{activities, works},
    app::App,
    http::{
        auth::{Organiser, Staff},
        body::{Body, Path, Query, within},
        problem::{Answer, Problem},
    },
};

/// Most activities in one answer.
const PAGE_MAX: u32 = 200;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, set)).routes(routes!(one)).routes(routes!(act))
}

/// Which activities.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Only those that stand here.
    #[param(inline)]
    state: Option<ActivityState>,
    /// Those set before this one: the `next` of the page before.
    before: Option<Uuid>,
    /// How many, at most 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of activities.
#[derive(Debug, Serialize, ToSchema)]
struct Activities {
    activities: Vec<Activity>,
    /// Send as `before` for the next page; none at the end.
    next: Option<Uuid>,
}

/// Activities of the reader's units and of those over them, the newest first.
#[utoipa::path(
    get, path = "/activities", tag = "activities", params(Which),
    responses((status = 200, body = Activities), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn list(State(app): State<App>, staff: Staff, Query(which): Query<Which>) -> Answer<Json<Activities>> {
    let limit = within("limit", which.limit, 50, 1..=PAGE_MAX)?;
    let (reader, state) = (staff.clone(), which.state.map(ActivityState::as_str));
    let sees = move |activity: &Activity| activities::sees(&reader, activity);
    let page = works::page(&app, state, which.before, limit, sees).await?;
    let activities = page.works.into_iter().map(|activity| activities::as_shown(&staff, activity)).collect();
    Ok(Json(Activities { activities, next: page.next }))
}

/// Set an activity or task.
#[utoipa::path(
    post, path = "/activities", tag = "activities", request_body = Plan,
    responses((status = 201, body = Activity), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn set(
    State(app): State<App>,
    organiser: Organiser,
    Body(plan): Body<Plan>,
) -> Answer<(StatusCode, Json<Activity>)> {
    Ok((StatusCode::CREATED, Json(activities::set(&app, &organiser, plan).await?)))
}

/// One activity.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActivityPage)]
struct Page {
    activity: Activity,
    /// Whether the reader may confirm, thank, call it off.
    leads: bool,
}

/// One activity with who takes part.
#[utoipa::path(
    get, path = "/activities/{activity}", tag = "activities",
    params(("activity" = String, Path, description = "Id of the activity")),
    responses((status = 200, body = Page), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn one(State(app): State<App>, staff: Staff, path: Path) -> Answer<Json<Page>> {
    let activity = activities::find(&app, &staff, path.id()?).await?;
    let leads = activities::leads(&staff, &activity);
    Ok(Json(Page { leads, activity: activities::as_shown(&staff, activity) }))
}

/// Confirm who came, thank, call it off.
#[utoipa::path(
    post, path = "/activities/{activity}/acts", tag = "activities", request_body = Act,
    params(("activity" = String, Path, description = "Id of the activity")),
    responses((status = 200, body = Activity), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn act(State(app): State<App>, staff: Staff, path: Path, Body(act): Body<Act>) -> Answer<Json<Activity>> {
    Ok(Json(activities::act(&app, &staff, path.id()?, act).await?))
}
