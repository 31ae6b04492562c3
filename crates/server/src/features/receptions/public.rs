//! Booking a reception day as a resident 预约接访: no account; number and code call it off. What is told here is the schedule
//! that hangs on the notice board, never who booked.

use axum::{Json, extract::State, http::StatusCode};
use jiban_domain::{event::Actor, ids::ReceptionDayId, reception::ReceptionDay};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{SlotShown, slots};
use crate::{
    ahead::receptions::{self, Booked, NewBooking},
    app::App,
    desk::ticket::Ticket,
    http::{
        body::Body,
        key::IdempotencyKey,
        limits::Public,
        problem::{Answer, Problem},
    },
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(offered)).routes(routes!(book)).routes(routes!(call_off))
}

/// A day that can be booked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReceptionOffer)]
struct Offer {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    id: ReceptionDayId,
    /// The day.
    #[schema(value_type = String, format = Date)]
    date: Date,
    /// Who receives.
    leader: String,
    /// Where.
    place: String,
    /// Its slots.
    slots: Vec<SlotShown>,
}

/// Days on which leaders receive, with their free slots, by date.
#[utoipa::path(
    get, path = "/public/receptions", tag = "public",
    responses((status = 200, body = Vec<Offer>), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn offered(State(app): State<App>, _: Public) -> Answer<Json<Vec<Offer>>> {
    let snapshot = app.snapshot();
    let Some(rules) = &snapshot.policy.reception else { return Ok(Json(Vec::new())) };
    let (days, now) = receptions::offered(&app).await?;
    let name = |day: &ReceptionDay| snapshot.organisation.person(&day.leader).map(|person| person.name.clone());
    let offer = |day: &ReceptionDay| Offer {
        id: day.id,
        date: day.date,
        leader: name(day).unwrap_or_default(),
        place: day.place.clone(),
        slots: slots(day, rules, now),
    };
    Ok(Json(days.iter().map(offer).collect()))
}

/// Book a slot, as anybody.
#[utoipa::path(
    post, path = "/public/receptions/bookings", tag = "public", request_body = NewBooking,
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,128}$", description = "The same key and body make one booking")),
    responses((status = 201, body = Booked), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn book(
    State(app): State<App>,
    _: Public,
    key: IdempotencyKey,
    Body(new): Body<NewBooking>,
) -> Answer<(StatusCode, Json<Booked>)> {
    let key = key.of("public", &new);
    Ok((StatusCode::CREATED, Json(receptions::book(&app, Actor::Reporter, new, key).await?)))
}

/// Call off a booking, by number and code.
#[utoipa::path(
    post, path = "/public/receptions/call-off", tag = "public", request_body = Ticket,
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn call_off(State(app): State<App>, _: Public, Body(ticket): Body<Ticket>) -> Answer<StatusCode> {
    receptions::call_off(&app, ticket).await?;
    Ok(StatusCode::NO_CONTENT)
}
