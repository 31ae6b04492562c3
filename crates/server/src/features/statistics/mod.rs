//! Statistics of the moment 实时统计: what is open, overdue and due within the hour, over the reader's units, and how much
//! lies in each grid.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use jiban_store::{StoreError, case_list, figures};
use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    http::{
        auth::Staff,
        problem::{Answer, Problem},
    },
};

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(moment)).routes(routes!(grids))
}

/// Numbers of this moment.
#[derive(Debug, Serialize, ToSchema)]
struct Moment {
    /// Open cases by state.
    open: BTreeMap<String, i64>,
    /// Open cases by class; `none` for those not yet classed.
    open_by_class: BTreeMap<String, i64>,
    /// Open cases with a clock past due.
    overdue: i64,
    /// Open cases whose next clock runs out within an hour, or has run out.
    due_within_hour: i64,
    /// Registered since the day began in the policy's time zone.
    registered_today: i64,
    /// The server's time.
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
}

/// Statistics of the moment.
#[utoipa::path(
    get, path = "/statistics/moment", tag = "statistics",
    responses((status = 200, body = Moment), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn moment(State(app): State<App>, staff: Staff) -> Answer<Json<Moment>> {
    let zone = jiff::tz::TimeZone::get(&staff.snapshot.policy.time_zone).map_err(Problem::internal)?;
    let units = staff.units();
    let moment = app
        .store
        .read(move |tx| -> Result<Moment, StoreError> {
            let now = tx.now();
            let midnight = now.to_zoned(zone.clone()).start_of_day();
            let since = midnight.map_or(now, |day| day.timestamp());
            let soon = now.saturating_add(1.hour()).unwrap_or(now);
            let figures = figures::moment(tx, &units, soon, since)?;
            let counts = case_list::counts(tx, Some(&units))?;
            Ok(Moment {
                overdue: counts.iter().map(|count| count.overdue).sum(),
                open: counts.into_iter().map(|count| (count.state, count.open)).collect(),
                open_by_class: figures.open_by_class.into_iter().collect(),
                due_within_hour: figures.due,
                registered_today: figures.registered,
                now,
            })
        })
        .await?;
    Ok(Json(moment))
}

/// What is open in a grid.
#[derive(Debug, Serialize, ToSchema)]
struct Load {
    /// The grid.
    grid: String,
    /// Open cases.
    open: i64,
    /// Of these, with a clock past due.
    overdue: i64,
}

/// How many open cases lie in each grid. Grids without any are left out.
#[utoipa::path(
    get, path = "/statistics/grids", tag = "statistics",
    responses((status = 200, body = Vec<Load>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn grids(State(app): State<App>, staff: Staff) -> Answer<Json<Vec<Load>>> {
    let units = staff.units();
    let loads = app.store.read(move |tx| figures::open_by_grid(tx, &units)).await?;
    let load = |load: figures::GridLoad| Load { grid: load.grid, open: load.open, overdue: load.overdue };
    Ok(Json(loads.into_iter().map(load).collect()))
}
