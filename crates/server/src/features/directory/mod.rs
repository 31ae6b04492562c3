//! Who is who over HTTP 组织名录: a community with its grids, people, teams and branches; the liaison office puts teams together.

use axum::{Json, extract::State};
use jiban_domain::{
    grid_team::{Branch, GridTeam, Team},
    ids::UnitId,
};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ahead::grid_teams::{self, Directory},
    app::App,
    http::{
        auth::{Registrar, Staff},
        body::{Body, Path},
        problem::{Answer, Problem},
    },
};

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read)).routes(routes!(put))
}

fn unit(path: Path) -> Answer<UnitId> {
    UnitId::new(path.0).map_err(|_| Problem::not_found())
}

/// Who is who in a community.
#[utoipa::path(
    get, path = "/directory/{unit}", tag = "directory",
    params(("unit" = String, Path, description = "Code of the community")),
    responses((status = 200, body = Directory), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn read(State(app): State<App>, staff: Staff, path: Path) -> Answer<Json<Directory>> {
    Ok(Json(grid_teams::directory(&app, &staff, unit(path)?).await?))
}

/// A team to put together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewGridTeam {
    /// Seat code → people.
    #[schema(value_type = std::collections::BTreeMap<String, Vec<String>>)]
    team: Team,
    /// Its temporary branch.
    #[serde(default)]
    branch: Option<Branch>,
}

/// Put the standing team of a grid together, with its branch.
#[utoipa::path(
    put, path = "/directory/{unit}/team", tag = "directory", request_body = NewGridTeam,
    params(("unit" = String, Path, description = "Code of the grid")),
    responses((status = 200, body = GridTeam), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn put(
    State(app): State<App>,
    Registrar(staff): Registrar,
    path: Path,
    Body(new): Body<NewGridTeam>,
) -> Answer<Json<GridTeam>> {
    Ok(Json(grid_teams::put(&app, &staff, unit(path)?, new.team, new.branch).await?))
}
