//! The organisation over HTTP: read by all staff, imported by administrators.

use axum::{Json, extract::State};
use jiban_domain::{
    grid_team::Team,
    ids::{PersonId, PostId, SpotId, UnitId},
    organisation::{Post, Shift, UnitKind},
    policy::Name,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ahead::grid_teams,
    app::App,
    http::{
        auth::{Administrator, Staff},
        body::{Body, Query},
        problem::{Answer, Problem},
    },
    infra::imports,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read)).routes(routes!(duty)).routes(routes!(roster)).routes(routes!(import))
}

/// The organisation.
#[derive(Debug, Serialize, ToSchema)]
struct OrganisationView {
    units: Vec<UnitView>,
    people: Vec<PersonView>,
    spots: Vec<SpotView>,
}

/// A unit.
#[derive(Debug, Serialize, ToSchema)]
struct UnitView {
    id: UnitId,
    name: Name,
    kind: UnitKind,
    parent: Option<UnitId>,
    hotline: Option<String>,
    /// The mentor whom a grid turns to.
    mentor: Option<PersonId>,
    /// The standing team of a grid, or what its posts offer: seat code → people. Empty for other units.
    #[schema(value_type = std::collections::BTreeMap<String, Vec<String>>)]
    team: Team,
    active: bool,
}

/// A member of staff, as colleagues see them.
#[derive(Debug, Serialize, ToSchema)]
struct PersonView {
    id: PersonId,
    name: String,
    posts: Vec<Post>,
    titles: Vec<String>,
    work_phone: Option<String>,
    active: bool,
}

/// A spot.
#[derive(Debug, Serialize, ToSchema)]
struct SpotView {
    id: SpotId,
    name: String,
    grid: UnitId,
    lon: f64,
    lat: f64,
    address: String,
    /// Kind of place, in the subdistrict's own words; empty where nobody said.
    kind: String,
}

/// The organisation: units, people, spots.
#[utoipa::path(
    get, path = "/organisation", tag = "organisation",
    responses((status = 200, body = OrganisationView), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn read(State(app): State<App>, staff: Staff) -> Answer<Json<OrganisationView>> {
    let organisation = &staff.snapshot.organisation;
    let teams = grid_teams::all(&app).await?;
    let unit = |unit: &jiban_domain::organisation::Unit| UnitView {
        id: unit.id.clone(),
        name: unit.name.clone(),
        kind: unit.kind,
        parent: unit.parent.clone(),
        hotline: unit.hotline.clone(),
        mentor: unit.mentor.clone(),
        team: match unit.kind {
            UnitKind::Grid => grid_teams::team_of(&staff.snapshot, &unit.id, teams.get(&unit.id)),
            _ => Team::new(),
        },
        active: unit.active,
    };
    let person = |person: &jiban_domain::organisation::Person| PersonView {
        id: person.id.clone(),
        name: person.name.clone(),
        posts: person.posts.clone(),
        titles: person.titles.iter().cloned().collect(),
        work_phone: person.work_phone.clone(),
        active: person.active,
    };
    let spot = |spot: &jiban_domain::organisation::Spot| SpotView {
        id: spot.id.clone(),
        name: spot.name.clone(),
        grid: spot.grid.clone(),
        lon: spot.lon,
        lat: spot.lat,
        address: spot.address.clone(),
        kind: spot.kind.clone(),
    };
    Ok(Json(OrganisationView {
        units: organisation.units().map(unit).collect(),
        people: organisation.people().map(person).collect(),
        spots: organisation.spots().map(spot).collect(),
    }))
}

/// Who is on duty in a post.
#[derive(Debug, Serialize, ToSchema)]
struct OnDuty {
    unit: UnitId,
    post: String,
    post_name: Name,
    /// In ringing order: the first holds the phone now.
    people: Vec<PersonView>,
}

/// Who holds which phone now.
#[utoipa::path(
    get, path = "/organisation/duty", tag = "organisation",
    responses((status = 200, body = Vec<OnDuty>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn duty(State(app): State<App>, staff: Staff) -> Answer<Json<Vec<OnDuty>>> {
    let organisation = &staff.snapshot.organisation;
    let now = app.now().await?;
    let mut desks = Vec::new();
    for unit in organisation.units().filter(|unit| unit.active) {
        for (post, name) in &staff.snapshot.policy.duty_posts {
            let people = organisation.on_duty(post, &unit.id, now);
            if people.is_empty() {
                continue;
            }
            let view = |person: &jiban_domain::organisation::Person| PersonView {
                id: person.id.clone(),
                name: person.name.clone(),
                posts: person.posts.clone(),
                titles: Vec::new(),
                work_phone: person.work_phone.clone(),
                active: person.active,
            };
            desks.push(OnDuty {
                unit: unit.id.clone(),
                post: post.to_string(),
                post_name: name.clone(),
                people: people.into_iter().map(view).collect(),
            });
        }
    }
    Ok(Json(desks))
}

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Days {
    /// Shifts that end after this time.
    #[param(value_type = String, format = DateTime)]
    from: Timestamp,
    /// Shifts that begin before this time; at most 31 days after `from`.
    #[param(value_type = String, format = DateTime)]
    until: Timestamp,
}

/// A turn of duty.
#[derive(Debug, Serialize, ToSchema)]
struct Turn {
    unit: UnitId,
    #[schema(value_type = String)]
    post: PostId,
    person: PersonId,
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// Place in the ringing order, from 1.
    order: u32,
    /// Whose turn it was before it was swapped; none where it was not.
    instead_of: Option<PersonId>,
}

/// The roster of some days: who is on duty when, by begin and ringing order.
#[utoipa::path(
    get, path = "/organisation/roster", tag = "organisation", params(Days),
    responses((status = 200, body = Vec<Turn>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn roster(staff: Staff, Query(days): Query<Days>) -> Answer<Json<Vec<Turn>>> {
    let longest = SignedDuration::from_hours(31 * 24);
    if days.until <= days.from || days.until.duration_since(days.from) > longest {
        return Err(Problem::field("until", "after 'from', by at most 31 days", "应晚于 from，且不超过 31 天"));
    }
    let organisation = &staff.snapshot.organisation;
    let within = organisation.roster().iter().filter(|shift| shift.to > days.from && shift.from < days.until);
    let turn = |shift: &Shift| Turn {
        unit: shift.unit.clone(),
        post: shift.post.clone(),
        person: shift.person.clone(),
        from: shift.from,
        to: shift.to,
        order: shift.order,
        instead_of: shift.instead_of.clone(),
    };
    let mut turns: Vec<Turn> = within.map(turn).collect();
    turns.sort_by(|a, b| (a.from, &a.unit, &a.post, a.order).cmp(&(b.from, &b.unit, &b.post, b.order)));
    Ok(Json(turns))
}

/// Tables and maps to take over. Each is optional; what is there already is updated by code, never doubled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrganisationImport {
    /// CSV of units.
    units: Option<String>,
    /// CSV of people.
    people: Option<String>,
    /// CSV of spots.
    spots: Option<String>,
    /// CSV of the roster.
    roster: Option<String>,
    /// GeoJSON of areas.
    areas: Option<String>,
    /// CSV of service points.
    services: Option<String>,
    /// GeoJSON of streets.
    streets: Option<String>,
    /// Whether areas, service points and streets are in GCJ-02.
    #[serde(default)]
    gcj02: bool,
}

/// Import the organisation, whole or in part.
#[utoipa::path(
    post, path = "/organisation/import", tag = "organisation", request_body = OrganisationImport,
    responses((status = 200, body = imports::Imported), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn import(
    State(app): State<App>,
    Administrator(staff): Administrator,
    Body(given): Body<OrganisationImport>,
) -> Answer<Json<imports::Imported>> {
    let tables = imports::Tables {
        units: given.units.map(|text| ("units.csv".to_owned(), text)),
        people: given.people.map(|text| ("people.csv".to_owned(), text)),
        spots: given.spots.map(|text| ("spots.csv".to_owned(), text)),
        roster: given.roster.map(|text| ("roster.csv".to_owned(), text)),
        areas: given.areas.map(|text| ("areas.geojson".to_owned(), text)),
        services: given.services.map(|text| ("services.csv".to_owned(), text)),
        streets: given.streets.map(|text| ("streets.geojson".to_owned(), text)),
        gcj02: given.gcj02,
    };
    let policy = &staff.snapshot.policy;
    let imported = imports::organisation(&app.store, &tables, policy, &staff.actor).await?;
    app.worlds.refresh(&app.store).await.map_err(Problem::internal)?;
    Ok(Json(imported))
}
