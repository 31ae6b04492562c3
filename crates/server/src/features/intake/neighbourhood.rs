//! Who answers for a place 我的网格: communities and grids with their hotlines, who holds the duty phone now, whose grid
//! a point is in. What is told here is what hangs on the notice board at the door: never a case, never a resident.

use axum::{Json, extract::State};
use jiban_domain::{
    ids::UnitId,
    organisation::{Organisation, Unit, UnitKind},
    policy::Name,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    http::{
        body::Body,
        limits::Public,
        point::Point,
        problem::{Answer, Problem},
    },
};

/// A point this near to a grid, metres, belongs to it: a phone does not know its place better.
const REACH_M: f64 = 150.0;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(neighbourhood)).routes(routes!(locate)).routes(routes!(areas))
}

/// The neighbourhood.
#[derive(Debug, Serialize, ToSchema)]
struct Neighbourhood {
    /// What the installation is called.
    name: Name,
    /// Time zone of its times.
    time_zone: String,
    /// How many grades a reporter may give, 1 the worst.
    grades: u8,
    /// Communities with their grids.
    communities: Vec<Community>,
    /// Duty phones, those of the whole subdistrict first.
    duty: Vec<DutyPhone>,
}

/// A community 社区.
#[derive(Debug, Serialize, ToSchema)]
struct Community {
    id: UnitId,
    name: Name,
    hotline: Option<String>,
    grids: Vec<GridInfo>,
}

/// A grid 网格.
#[derive(Debug, Serialize, ToSchema)]
struct GridInfo {
    id: UnitId,
    name: Name,
    hotline: Option<String>,
}

/// A duty phone 值班电话.
#[derive(Debug, Serialize, ToSchema)]
struct DutyPhone {
    /// The unit it is of.
    unit: UnitId,
    /// What the post is called.
    post: Name,
    /// Who holds it now.
    person: String,
    /// Its number.
    phone: Option<String>,
    /// Number to ring when nobody answers.
    next: Option<String>,
}

/// Communities, grids, hotlines, and who is on duty now.
#[utoipa::path(
    get, path = "/public/neighbourhood", tag = "public",
    responses((status = 200, body = Neighbourhood), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn neighbourhood(State(app): State<App>, _: Public) -> Answer<Json<Neighbourhood>> {
    let snapshot = app.snapshot();
    let organisation = &snapshot.organisation;
    let now = app.now().await?;
    let communities = organisation.units().filter(|unit| unit.active && unit.kind == UnitKind::Community);
    let mut duty = Vec::new();
    for unit in organisation.units().filter(|unit| unit.active) {
        for (post, name) in &snapshot.policy.duty_posts {
            let people = organisation.on_duty(post, &unit.id, now);
            let Some(first) = people.first() else { continue };
            duty.push(DutyPhone {
                unit: unit.id.clone(),
                post: name.clone(),
                person: first.name.clone(),
                phone: first.work_phone.clone(),
                next: people.get(1).and_then(|next| next.work_phone.clone()),
            });
        }
    }
    duty.sort_by_key(|phone| organisation.unit(&phone.unit).is_some_and(|unit| unit.kind == UnitKind::Community));
    Ok(Json(Neighbourhood {
        name: snapshot.policy.name.clone(),
        time_zone: snapshot.policy.time_zone.clone(),
        grades: snapshot.policy.closing.grades,
        communities: communities.map(|unit| community(organisation, unit)).collect(),
        duty,
    }))
}

fn community(organisation: &Organisation, unit: &Unit) -> Community {
    let grids = organisation.grids().filter(|grid| grid.active && grid.parent.as_ref() == Some(&unit.id));
    let info = |grid: &Unit| GridInfo { id: grid.id.clone(), name: grid.name.clone(), hotline: grid.hotline.clone() };
    Community {
        id: unit.id.clone(),
        name: unit.name.clone(),
        hotline: unit.hotline.clone(),
        grids: grids.map(info).collect(),
    }
}

/// Whose a point is.
#[derive(Debug, Serialize, ToSchema)]
struct Located {
    /// The grid; none where the point is outside of all.
    grid: Option<UnitId>,
}

/// Whose grid a point is in.
#[utoipa::path(
    post, path = "/public/locate", tag = "public", request_body = Point,
    responses((status = 200, body = Located), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn locate(State(app): State<App>, _: Public, Body(point): Body<Point>) -> Answer<Json<Located>> {
    let point = point.on_earth()?;
    let grid = app.snapshot().organisation.nearest_grid(point.lon, point.lat, REACH_M).cloned();
    Ok(Json(Located { grid }))
}

/// Areas of the grids, as a GeoJSON FeatureCollection in WGS84: what a place is picked on.
#[utoipa::path(
    get, path = "/public/areas", tag = "public",
    responses((status = 200, body = Object, content_type = "application/geo+json"), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn areas(State(app): State<App>, _: Public) -> ([(&'static str, &'static str); 1], String) {
    ([("content-type", "application/geo+json")], app.snapshot().organisation.areas_geojson().to_string())
}
