//! The official calendar over HTTP.

use axum::{Json, extract::State};
use jiban_domain::calendar::HolidayYear;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    http::{
        auth::{Administrator, Staff},
        body::{Body, Query},
        problem::{Answer, Problem},
    },
    infra::imports,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read)).routes(routes!(import))
}

/// Which month.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct MonthQuery {
    /// Year.
    #[param(minimum = 1970, maximum = 2200)]
    year: i16,
    /// Month, 1 to 12.
    #[param(minimum = 1, maximum = 12)]
    month: i8,
}

/// A day.
#[derive(Debug, Serialize, ToSchema)]
struct Day {
    /// `YYYY-MM-DD`.
    date: String,
    /// Whether people work on it.
    working: bool,
}

/// A month of days.
#[derive(Debug, Serialize, ToSchema)]
struct Month {
    /// Whether the year's holidays are announced.
    announced: bool,
    days: Vec<Day>,
}

/// Working days of a month.
#[utoipa::path(
    get, path = "/calendar", tag = "calendar", params(MonthQuery),
    responses((status = 200, body = Month), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn read(staff: Staff, Query(query): Query<MonthQuery>) -> Answer<Json<Month>> {
    let calendar = &staff.snapshot.calendar;
    check(query.year)?;
    let bad = |_| Problem::field("month", "1 to 12", "应为 1 至 12");
    let first = jiff::civil::Date::new(query.year, query.month, 1).map_err(bad)?;
    let days = (1..=first.days_in_month()).filter_map(|day| first.with().day(day).build().ok());
    let days = days.map(|date| Day { date: date.to_string(), working: calendar.is_working_day(date) }).collect();
    Ok(Json(Month { announced: calendar.is_announced(query.year), days }))
}

/// Import a year of the official calendar (holiday-cn form); open clocks in working days are recomputed.
#[utoipa::path(
    put, path = "/calendar", tag = "calendar", request_body = HolidayYear,
    responses((status = 200, body = imports::CalendarImported), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn import(
    State(app): State<App>,
    Administrator(staff): Administrator,
    Body(year): Body<HolidayYear>,
) -> Answer<Json<imports::CalendarImported>> {
    check(year.year)?;
    imports::calendar(&app, &year, &staff.actor).await.map(Json)
}

/// Years that a calendar may be about: none of ours lies outside them.
fn check(year: i16) -> Answer<()> {
    if (1970..=2200).contains(&year) {
        return Ok(());
    }
    Err(Problem::field("year", "1970 to 2200", "应为 1970 至 2200"))
}
