//! `POST /cases`: a member of staff registers what somebody told them, in seconds.

use axum::{Json, extract::State, http::StatusCode};
use jiban_domain::{
    case::{Origin, Place, Reporter},
    command::Register,
    ids::{ChannelId, PersonId, UnitId},
    permission,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    desk::{self, Intake, Registered, identity::Identity},
    http::{
        auth::Staff,
        body::Body,
        key::IdempotencyKey,
        problem::{Answer, Problem},
    },
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(register))
}

/// A case as told to a member of staff.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Registration {
    /// Way in, e.g. `hotline`.
    channel: ChannelId,
    /// Origin; the channel's where none is given.
    #[serde(default)]
    origin: Option<Origin>,
    /// Title; made from the text where empty.
    #[serde(default)]
    #[schema(max_length = 120)]
    title: String,
    /// What was said.
    #[schema(min_length = 1, max_length = 20000)]
    text: String,
    /// Where.
    #[serde(default)]
    place: Place,
    /// Who the reporter is; sealed at once.
    #[serde(default)]
    reporter: Identity,
    /// Wants no name kept.
    #[serde(default)]
    anonymous: bool,
    /// Unit complained about.
    #[serde(default)]
    complained_about: Option<UnitId>,
    /// Number on the upstream platform.
    #[serde(default)]
    #[schema(max_length = 64)]
    upstream_number: Option<String>,
    /// Leader who took it on reception day.
    #[serde(default)]
    received_by_leader: Option<PersonId>,
}

/// Register a case 登记.
#[utoipa::path(
    post, path = "/cases", tag = "cases", request_body = Registration,
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,128}$", description = "The same key and body make one case")),
    responses((status = 201, body = Registered), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn register(
    State(app): State<App>,
    staff: Staff,
    key: IdempotencyKey,
    Body(new): Body<Registration>,
) -> Answer<(StatusCode, Json<Registered>)> {
    let home = permission::home_unit(&staff.snapshot.organisation, &staff.person).cloned();
    let home = home.ok_or_else(Problem::forbidden)?;
    let key = key.of(staff.person.as_str(), &new);
    new.reporter.check("reporter")?;
    let register = Register {
        origin: new.origin,
        channel: new.channel,
        first_receiver: Some(home),
        title: new.title,
        text: new.text,
        place: new.place,
        reporter: Reporter { anonymous: new.anonymous, contactable: false },
        complained_about: new.complained_about,
        upstream_number: new.upstream_number,
        received_by_leader: new.received_by_leader,
        proposal: None,
    };
    let intake = Intake { register, identity: new.reporter, key, at: None };
    Ok((StatusCode::CREATED, Json(desk::register(&app, staff.actor, intake).await?)))
}
