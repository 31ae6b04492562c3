//! Machine events over HTTP 物联感知: taken from known sources by signature, merged into findings; a person makes a case of
//! one, or says that it is nothing.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    desk::machines::{self, MachineEvent, MachineFinding, Taken},
    http::{
        auth::{Overseer, Registrar},
        body::{self, Body, Deciding, Path},
        machine::Signed,
        problem::{Answer, Problem},
    },
};

/// Findings that wait, and those decided lately, in one answer.
const WAITING_MAX: i64 = 200;
const DECIDED_MAX: i64 = 50;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(events))
        .routes(routes!(findings))
        .routes(routes!(accept))
        .routes(routes!(dismiss))
}

/// Events of one source.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MachineEvents {
    /// At most 1,000.
    #[schema(max_items = 1000)]
    events: Vec<MachineEvent>,
}

/// Report events. Those of one kind and place are merged; what cannot be taken is told event by event.
#[utoipa::path(
    post, path = "/machine/events", tag = "machines", request_body = MachineEvents,
    params(
        ("jiban-source" = String, Header, description = "Name of the source in the settings"),
        ("jiban-timestamp" = String, Header, description = "Seconds since 1970"),
        ("jiban-signature" = String, Header, description = "`sha256=` and the HMAC-SHA256 of `timestamp.body` in hex")
    ),
    responses((status = 200, body = Taken), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn events(State(app): State<App>, Signed { source, body, now }: Signed) -> Answer<Json<Taken>> {
    let given: MachineEvents =
        serde_json::from_slice(&body).map_err(|why| Problem::body(body::quiet(&why.to_string())))?;
    app.limits.machine(&source, given.events.len())?;
    Ok(Json(machines::take(&app, &source.name, given.events, now).await?))
}

/// What machines found: what waits for a person, those that came last first, then what was decided lately.
#[utoipa::path(
    get, path = "/machine/findings", tag = "machines",
    responses((status = 200, body = Vec<MachineFinding>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn findings(State(app): State<App>, Overseer(staff): Overseer) -> Answer<Json<Vec<MachineFinding>>> {
    Ok(Json(machines::list(&app, &staff, WAITING_MAX, DECIDED_MAX).await?))
}

/// Make a case of a finding 立件.
#[utoipa::path(
    post, path = "/machine/findings/{finding}/accept", tag = "machines", request_body = Deciding,
    params(("finding" = String, Path, description = "Id of the finding")),
    responses((status = 200, body = MachineFinding), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn accept(
    State(app): State<App>,
    Registrar(staff): Registrar,
    path: Path,
    Body(deciding): Body<Deciding>,
) -> Answer<Json<MachineFinding>> {
    Ok(Json(machines::accept(&app, &staff, path.id()?, deciding.checked(false)?).await?))
}

/// Say that a finding is nothing, with why 不采纳.
#[utoipa::path(
    post, path = "/machine/findings/{finding}/dismiss", tag = "machines", request_body = Deciding,
    params(("finding" = String, Path, description = "Id of the finding")),
    responses((status = 200, body = MachineFinding), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn dismiss(
    State(app): State<App>,
    Registrar(staff): Registrar,
    path: Path,
    Body(deciding): Body<Deciding>,
) -> Answer<Json<MachineFinding>> {
    Ok(Json(machines::dismiss(&app, &staff, path.id()?, deciding.checked(true)?).await?))
}
