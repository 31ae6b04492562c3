//! Reception days over HTTP 领导接访日: the schedule, bookings by staff and by residents, and what came of each. Who booked is
//! answered masked only, but for a recorded reveal.

mod public;

use axum::{Json, extract::State, http::StatusCode};
use jiban_domain::{
    ids::{BookingId, CaseId, PersonId, ReceptionDayId},
    reception::{Booking, BookingState, ReceptionDay, ReceptionRules},
};
use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ahead::receptions::{self, Act, Booked, NewBooking, NewCase},
    app::App,
    desk::{Registered, identity::Revealed},
    http::{
        auth::{Registrar, Staff},
        body::{Body, Path},
        key::IdempotencyKey,
        problem::{Answer, Problem},
    },
};

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(schedule, plan))
        .routes(routes!(book))
        .routes(routes!(act))
        .routes(routes!(make_case))
        .routes(routes!(reveal))
        .merge(public::routes())
}

/// A slot 时段 of a day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReceptionSlot)]
struct SlotShown {
    /// When it begins, local.
    #[schema(value_type = String)]
    slot: Time,
    /// Seats that are free.
    free: u32,
    /// Whether it can be booked: it has a free seat and has not begun.
    bookable: bool,
}

fn slots(day: &ReceptionDay, rules: &ReceptionRules, now: DateTime) -> Vec<SlotShown> {
    let shown = |slot: Time| {
        let free = day.free(slot, rules);
        SlotShown { slot, free, bookable: free > 0 && day.is_open() && day.date.to_datetime(slot) > now }
    };
    rules.slots().into_iter().map(shown).collect()
}

/// A booking as staff see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReceptionBooking)]
struct BookingShown {
    id: BookingId,
    number: String,
    #[schema(value_type = String)]
    slot: Time,
    /// Masked.
    matter: String,
    /// Masked.
    name: String,
    /// Masked.
    phone: String,
    state: BookingState,
    /// The case that came of it.
    #[schema(value_type = Option<String>)]
    case: Option<CaseId>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl From<&Booking> for BookingShown {
    fn from(booking: &Booking) -> Self {
        Self {
            id: booking.id,
            number: booking.number.clone(),
            slot: booking.slot,
            matter: booking.matter.clone(),
            name: booking.masked.0.clone(),
            phone: booking.masked.1.clone(),
            state: booking.state,
            case: booking.case,
            at: booking.at,
        }
    }
}

/// A day of the schedule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReceptionDayShown)]
struct DayShown {
    id: ReceptionDayId,
    #[schema(value_type = String, format = Date)]
    date: Date,
    leader: PersonId,
    place: String,
    cancelled: bool,
    slots: Vec<SlotShown>,
    /// By slot; none for a reader who does not see the whole.
    bookings: Vec<BookingShown>,
    /// Whether the reader notes what came of bookings.
    manages: bool,
}

fn shown(staff: &Staff, day: &ReceptionDay, rules: &ReceptionRules, now: DateTime) -> DayShown {
    let seen = day.bookings.iter().filter(|_| receptions::sees_bookings(staff));
    let mut bookings: Vec<BookingShown> = seen.map(BookingShown::from).collect();
    bookings.sort_by_key(|booking| (booking.slot, booking.id));
    DayShown {
        id: day.id,
        date: day.date,
        leader: day.leader.clone(),
        place: day.place.clone(),
        cancelled: day.cancelled,
        slots: slots(day, rules, now),
        bookings,
        manages: receptions::manages(staff, day),
    }
}

/// The schedule: days to come and those of the last four weeks, by date.
#[utoipa::path(
    get, path = "/receptions", tag = "reception",
    responses((status = 200, body = Vec<DayShown>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn schedule(State(app): State<App>, staff: Staff) -> Answer<Json<Vec<DayShown>>> {
    let Some(rules) = &staff.snapshot.policy.reception else { return Ok(Json(Vec::new())) };
    let (days, now) = receptions::schedule(&app).await?;
    Ok(Json(days.iter().map(|day| shown(&staff, day, rules, now)).collect()))
}

/// A day to put into the schedule.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewReceptionDay {
    /// The day: of the policy's day of the week.
    #[schema(value_type = String, format = Date)]
    date: Date,
    /// Who receives.
    #[schema(value_type = String)]
    leader: PersonId,
    /// Where.
    #[schema(min_length = 1, max_length = 80)]
    place: String,
}

async fn answer(app: &App, staff: &Staff, day: &ReceptionDay) -> Answer<DayShown> {
    let now = app.now().await?.to_zoned(staff.snapshot.calendar.zone().clone()).datetime();
    Ok(shown(staff, day, receptions::rules(&staff.snapshot)?, now))
}

/// Put a day into the schedule.
#[utoipa::path(
    post, path = "/receptions", tag = "reception", request_body = NewReceptionDay,
    responses((status = 201, body = DayShown), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn plan(
    State(app): State<App>,
    Registrar(staff): Registrar,
    Body(new): Body<NewReceptionDay>,
) -> Answer<(StatusCode, Json<DayShown>)> {
    let day = receptions::plan(&app, &staff, new.date, new.leader, new.place).await?;
    Ok((StatusCode::CREATED, Json(answer(&app, &staff, &day).await?)))
}

/// Book a slot for somebody who rang or stands at the counter.
#[utoipa::path(
    post, path = "/receptions/bookings", tag = "reception", request_body = NewBooking,
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,128}$", description = "The same key and body make one booking")),
    responses((status = 201, body = Booked), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn book(
    State(app): State<App>,
    staff: Staff,
    key: IdempotencyKey,
    Body(new): Body<NewBooking>,
) -> Answer<(StatusCode, Json<Booked>)> {
    if staff.reach.is_empty() {
        return Err(Problem::forbidden());
    }
    let key = key.of(staff.person.as_str(), &new);
    Ok((StatusCode::CREATED, Json(receptions::book(&app, staff.actor, new, key).await?)))
}

/// Note that nobody came, call a booking off, or call the day off.
#[utoipa::path(
    post, path = "/receptions/{day}/acts", tag = "reception", request_body = Act,
    params(("day" = String, Path, description = "Id of the day")),
    responses((status = 200, body = DayShown), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn act(State(app): State<App>, staff: Staff, path: Path, Body(act): Body<Act>) -> Answer<Json<DayShown>> {
    let day = receptions::act(&app, &staff, path.id()?, act).await?;
    Ok(Json(answer(&app, &staff, &day).await?))
}

/// Make a case of a booking, at the meeting: the leader who received is its official.
#[utoipa::path(
    post, path = "/receptions/{day}/case", tag = "reception", request_body = NewCase,
    params(("day" = String, Path, description = "Id of the day")),
    responses((status = 201, body = Registered), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn make_case(
    State(app): State<App>,
    staff: Staff,
    path: Path,
    Body(new): Body<NewCase>,
) -> Answer<(StatusCode, Json<Registered>)> {
    Ok((StatusCode::CREATED, Json(receptions::make_case(&app, &staff, path.id()?, new).await?)))
}

/// Whom to reveal, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BookingReveal {
    /// Which booking.
    #[schema(value_type = String, format = Uuid)]
    booking: BookingId,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Show who booked, to ring them; recorded first.
#[utoipa::path(
    post, path = "/receptions/{day}/reveal", tag = "reception", request_body = BookingReveal,
    params(("day" = String, Path, description = "Id of the day")),
    responses((status = 200, body = Revealed), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn reveal(
    State(app): State<App>,
    staff: Staff,
    path: Path,
    Body(asked): Body<BookingReveal>,
) -> Answer<Json<Revealed>> {
    Ok(Json(receptions::reveal(&app, &staff, path.id()?, asked.booking, asked.reason).await?))
}
