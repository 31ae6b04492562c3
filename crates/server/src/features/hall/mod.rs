//! The queue of the request hall over HTTP: residents take a number and see who is called; counters call, send on, and note
//! the case that came of it. A number is all that is told of anybody.

mod mediation;

use axum::{Json, extract::State, http::StatusCode};
use jiban_domain::{
    event::Actor,
    hall::{Act, Ticket, TicketState},
    policy::{Name, Route},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ahead::hall::{self, Taken},
    app::App,
    http::{
        auth::HallStaff,
        body::{Body, Path},
        key::IdempotencyKey,
        limits::{Glance, NumberTaker},
        problem::{Answer, Problem},
    },
};

/// Numbers called last that the board shows, a counter.
const CALLED_SHOWN: usize = 5;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(board))
        .routes(routes!(draw))
        .routes(routes!(today))
        .routes(routes!(give))
        .routes(routes!(call))
        .routes(routes!(act))
        .merge(mediation::routes())
}

/// The hall as everybody sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HallBoard)]
struct Board {
    /// Whether numbers are given now.
    open: bool,
    /// From when to when they are, `HH:MM`; none where there is no hall.
    from: Option<String>,
    until: Option<String>,
    /// Its counters.
    counters: Vec<CounterBoard>,
}

/// A counter as everybody sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HallCounterBoard)]
struct CounterBoard {
    id: String,
    name: Name,
    /// The route that cases take here.
    route: Option<Route>,
    /// Numbers that wait, the next one first.
    waiting: Vec<String>,
    /// Numbers called to a window, the last one first.
    called: Vec<Called>,
}

/// A number that was called.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HallCalled)]
struct Called {
    number: String,
    window: String,
}

/// Who waits and who is called.
#[utoipa::path(
    get, path = "/public/hall", tag = "public",
    responses((status = 200, body = Board), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn board(State(app): State<App>, _: Glance) -> Answer<Json<Board>> {
    let snapshot = app.snapshot();
    let rules = &snapshot.policy.hall;
    let (day, open) = hall::today(&app).await?;
    let counter = |counter: &jiban_domain::hall::Counter| {
        let is_called = |ticket: &&Ticket| ticket.counter == counter.id && ticket.state == TicketState::Called;
        let mut called: Vec<&Ticket> = day.tickets.iter().filter(is_called).collect();
        called.sort_by_key(|ticket| std::cmp::Reverse(ticket.called_at));
        let shown = |ticket: &Ticket| Called { number: ticket.number.clone(), window: ticket.window.clone() };
        CounterBoard {
            id: counter.id.clone(),
            name: counter.name.clone(),
            route: counter.route,
            waiting: day.waiting(&counter.id).map(|ticket| ticket.number.clone()).collect(),
            called: called.into_iter().take(CALLED_SHOWN).map(shown).collect(),
        }
    };
    let clock = |time: jiff::civil::Time| time.strftime("%H:%M").to_string();
    Ok(Json(Board {
        open,
        from: rules.hours.map(|hours| clock(hours.from)),
        until: rules.hours.map(|hours| clock(hours.until)),
        counters: rules.counters.iter().map(counter).collect(),
    }))
}

/// At which counter.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HallNewTicket)]
struct NewTicket {
    /// Code of the counter.
    #[schema(max_length = 64)]
    counter: String,
}

/// Take a number 取号.
#[utoipa::path(
    post, path = "/public/hall/tickets", tag = "public", request_body = NewTicket,
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,128}$", description = "The same key and body take one number")),
    responses((status = 201, body = Taken), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn draw(
    State(app): State<App>,
    _: NumberTaker,
    key: IdempotencyKey,
    Body(new): Body<NewTicket>,
) -> Answer<(StatusCode, Json<Taken>)> {
    let key = key.of("public", &new);
    Ok((StatusCode::CREATED, Json(hall::take(&app, Actor::Reporter, new.counter, key).await?)))
}

/// Give a number to somebody at the door 代取号.
#[utoipa::path(
    post, path = "/hall/tickets", tag = "hall", request_body = NewTicket,
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,128}$", description = "The same key and body give one number")),
    responses((status = 201, body = Taken), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn give(
    State(app): State<App>,
    HallStaff(staff): HallStaff,
    key: IdempotencyKey,
    Body(new): Body<NewTicket>,
) -> Answer<(StatusCode, Json<Taken>)> {
    let key = key.of(staff.person.as_str(), &new);
    Ok((StatusCode::CREATED, Json(hall::take(&app, staff.actor, new.counter, key).await?)))
}

/// Today's numbers as counters see them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HallToday)]
struct Today {
    /// Whether numbers are given now.
    open: bool,
    /// All of today, in the order in which they were taken.
    tickets: Vec<Ticket>,
}

/// Today's numbers.
#[utoipa::path(
    get, path = "/hall", tag = "hall",
    responses((status = 200, body = Today), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn today(State(app): State<App>, _: HallStaff) -> Answer<Json<Today>> {
    let (day, open) = hall::today(&app).await?;
    Ok(Json(Today { open, tickets: day.tickets }))
}

/// Whom to call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HallCall)]
struct Call {
    /// Code of the counter.
    #[schema(max_length = 64)]
    counter: String,
    /// To which window.
    #[schema(min_length = 1, max_length = 20)]
    window: String,
}

/// Call the next number of a counter 叫号; `null` where nobody waits.
#[utoipa::path(
    post, path = "/hall/call", tag = "hall", request_body = Call,
    responses((status = 200, body = Option<Ticket>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn call(
    State(app): State<App>,
    HallStaff(staff): HallStaff,
    Body(call): Body<Call>,
) -> Answer<Json<Option<Ticket>>> {
    Ok(Json(hall::call(&app, &staff, call.counter, call.window).await?))
}

/// Do something with a number that was called: call again, note the case, receive, miss, send on.
#[utoipa::path(
    post, path = "/hall/tickets/{number}", tag = "hall", request_body = Act,
    params(("number" = String, Path, description = "The number, such as A007")),
    responses((status = 200, body = Ticket), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn act(
    State(app): State<App>,
    HallStaff(staff): HallStaff,
    Path(number): Path,
    Body(what): Body<Act>,
) -> Answer<Json<Ticket>> {
    Ok(Json(hall::act(&app, &staff, number, what).await?))
}
