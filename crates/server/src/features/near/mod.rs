//! What is near 身边服务: service points that can be walked to in the policy's fifteen minutes, and what was solved nearby.
//! Where somebody stands is told in the body, used for this answer alone, and kept nowhere.

mod solved;

use axum::{Json, extract::State, http::StatusCode};
use jiban_domain::{
    ids::{ServiceId, SpotId, UnitId},
    neighbourhood::{NeighbourhoodRules, Section},
    organisation::{Near, Organisation, Place},
    policy::Name,
};
use serde::{Deserialize, Serialize};
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

/// Most service points in an answer, the nearest.
const SHOWN_MAX: usize = 100;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(near)).routes(routes!(solved::solved))
}

/// Where from, one of the three, and what is looked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// From a point, as a phone tells it.
    #[serde(default)]
    point: Option<Point>,
    /// From a spot with a QR code.
    #[serde(default)]
    spot: Option<SpotId>,
    /// From the middle of a grid, for whoever does not tell where they are.
    #[serde(default)]
    grid: Option<UnitId>,
    /// Of this section only.
    #[serde(default)]
    section: Option<Section>,
    /// Of this kind only.
    #[serde(default)]
    kind: Option<String>,
}

/// What is near.
#[derive(Debug, Serialize, ToSchema)]
struct Nearby {
    /// From where it was measured.
    from: Point,
    /// The grid there; none a little outside of all.
    grid: Option<UnitId>,
    /// How far is near, metres on foot.
    metres: u32,
    /// The same in minutes.
    minutes: u32,
    /// The nearest first, a hundred at most.
    services: Vec<NearService>,
}

/// A service point that is near.
#[derive(Debug, Serialize, ToSchema)]
struct NearService {
    id: ServiceId,
    name: Name,
    section: Section,
    /// Code of its kind.
    kind: String,
    kind_name: Name,
    address: String,
    phone: Option<String>,
    /// When it is open, in words; empty where nobody said.
    hours: String,
    lon: f64,
    lat: f64,
    /// How far it is, metres.
    metres: u32,
    /// How long that takes on foot, minutes, from 1.
    minutes: u32,
    /// Whether it was measured in a straight line 直线距离, because no street is known there.
    straight: bool,
}

impl NearService {
    /// None where the policy no longer has its kind.
    fn of(near: &Near<'_>, rules: &NeighbourhoodRules) -> Option<Self> {
        let service = near.service;
        let kind = rules.kind(&service.kind)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a walk of some minutes")]
        let metres = near.metres.round() as u32;
        Some(Self {
            id: service.id.clone(),
            name: service.name.clone(),
            section: kind.section,
            kind: kind.id.clone(),
            kind_name: kind.name.clone(),
            address: service.address.clone(),
            phone: service.phone.clone(),
            hours: service.hours.clone(),
            lon: service.lon,
            lat: service.lat,
            metres,
            minutes: metres.div_ceil(rules.metres_a_minute).max(1),
            straight: near.straight,
        })
    }
}

/// Service points within the policy's minutes on foot, the nearest first.
#[utoipa::path(
    post, path = "/public/near", tag = "public", request_body = Wanted,
    responses((status = 200, body = Nearby), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn near(State(app): State<App>, _: Public, Body(wanted): Body<Wanted>) -> Answer<Json<Nearby>> {
    let snapshot = app.snapshot();
    let (organisation, rules) = (&snapshot.organisation, &snapshot.policy.neighbourhood);
    if wanted.kind.as_ref().is_some_and(|kind| rules.kind(kind).is_none()) {
        return Err(Problem::field("kind", "a kind of service of the policy", "应为机制中的服务点类型"));
    }
    let from = from(organisation, &wanted)?;
    let limit = f64::from(rules.metres());
    let grid = organisation.nearest_grid(from.lon, from.lat, limit).cloned();
    if grid.is_none() && organisation.grids().any(|grid| grid.area.is_some()) {
        let mut problem = Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "outside",
            "this place is not in this area nor near it; choose a grid instead",
            "该位置不在本辖区及附近，请改为选择网格",
        );
        problem.field = Some("point".to_owned());
        return Err(problem);
    }
    let fits = |kind: &str| {
        rules.kind(kind).is_some_and(|kind| {
            wanted.section.is_none_or(|section| section == kind.section)
                && wanted.kind.as_ref().is_none_or(|wanted| *wanted == kind.id)
        })
    };
    let off_street = f64::from(rules.off_street_metres);
    let found = organisation.services_near(from, limit, off_street, |service| fits(&service.kind));
    let services = found.iter().take(SHOWN_MAX).filter_map(|near| NearService::of(near, rules)).collect();
    let from = Point { lon: from.lon, lat: from.lat };
    Ok(Json(Nearby { from, grid, metres: rules.metres(), minutes: rules.minutes, services }))
}

fn from(organisation: &Organisation, wanted: &Wanted) -> Answer<Place> {
    match (wanted.point, &wanted.spot, &wanted.grid) {
        (Some(point), None, None) => {
            let point = point.on_earth()?;
            Ok(Place { lon: point.lon, lat: point.lat })
        }
        (None, Some(spot), None) => {
            let spot = organisation.spot(spot);
            let spot = spot.ok_or_else(|| Problem::field("spot", "a spot with a QR code", "应为已有的点位"))?;
            Ok(Place { lon: spot.lon, lat: spot.lat })
        }
        (None, None, Some(grid)) => {
            let known = organisation.grids().any(|known| known.id == *grid);
            let middle = organisation.middle_of(grid).filter(|_| known);
            middle.ok_or_else(|| {
                Problem::field("grid", "a grid whose area is drawn", "应为已划定范围的网格，请选择其他网格")
            })
        }
        _ => Err(Problem::field("point", "one of point, spot and grid", "请在位置、点位、网格中给出一项")),
    }
}
