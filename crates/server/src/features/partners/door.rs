//! The small door of partners, without an account: sign up, see what is asked and what came of it, take part, leave. And what
//! volunteers are looked for, open for everybody to look at.
//!
//! Rate-limited by address. Id and code together open a door; a wrong pair looks like no partner at all.

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use jiban_domain::{
    activity::{Activity, ActivityKind, ActivityState, Seat, Settled},
    ids::{ActivityId, ChannelId, PartnerId, SpotId, UnitId},
    partner::{Check, Consent, Partner, PartnerKind, PartnerState, SelfCheck},
    policy::Name,
};
use jiban_store::{ReadTx, StoreError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ahead::{
        activities,
        partners::{self, Door, SignUp},
    },
    app::App,
    http::{
        body::{Body, Query},
        key::IdempotencyKey,
        limits::Public,
        problem::{Answer, Problem},
    },
    infra::world::Snapshot,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(terms))
        .routes(routes!(sign_up))
        .routes(routes!(door))
        .routes(routes!(take))
        .routes(routes!(give_back))
        .routes(routes!(done))
        .routes(routes!(check))
        .routes(routes!(leave))
        .routes(routes!(open))
}

/// What whoever signs up consents to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PartnerTerms)]
struct Terms {
    consent: Consent,
}

/// What whoever signs up consents to.
#[utoipa::path(
    get, path = "/public/partners/terms", tag = "public",
    responses((status = 200, body = Terms), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn terms(State(app): State<App>, _: Public) -> Answer<Json<Terms>> {
    Ok(Json(Terms { consent: partners::rules(&app.snapshot())?.consent.clone() }))
}

/// Sign up as a partner. The answer holds what opens its door, this once.
#[utoipa::path(
    post, path = "/public/partners", tag = "public", request_body = SignUp,
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,128}$", description = "The same key and body make one partner")),
    responses((status = 201, body = Door), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn sign_up(
    State(app): State<App>,
    _: Public,
    key: IdempotencyKey,
    Body(new): Body<SignUp>,
) -> Answer<(StatusCode, Json<Door>)> {
    let key = key.of("public", &new);
    Ok((StatusCode::CREATED, Json(partners::sign_up(&app, new, key).await?)))
}

/// What stands behind a partner's door.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PartnerDoor)]
struct Inside {
    kind: PartnerKind,
    /// Name: of a person masked.
    name: String,
    state: PartnerState,
    /// Why it was declined.
    reason: String,
    /// Its grid.
    grid: Name,
    /// Its community.
    community: Option<Name>,
    /// The grid's hotline.
    hotline: Option<String>,
    /// The spot whose code it signed up by.
    #[schema(value_type = Option<String>)]
    spot: Option<SpotId>,
    #[schema(value_type = String, format = DateTime)]
    applied_at: Timestamp,
    /// Minutes credited.
    minutes: u32,
    /// How often it was praised or thanked.
    praised: u32,
    /// Praise and thanks, the newest first.
    praise: Vec<Line>,
    /// Its self-checks.
    checks: Vec<CheckShown>,
    /// Activities in which it has or had a seat, the newest first.
    mine: Vec<Offer>,
    /// Activities in which it may take a seat now.
    open: Vec<Offer>,
    /// The channel by which what it reports comes in.
    #[schema(value_type = String)]
    channel: ChannelId,
}

/// A line of praise or thanks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PartnerDoorPraise)]
struct Line {
    text: String,
    /// Who praised: a unit.
    unit: Name,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// A self-check of the partner.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PartnerDoorCheck)]
struct CheckShown {
    list: SelfCheck,
    /// As it was last made.
    last: Option<Check>,
    /// Whether it is time to make it again.
    due: bool,
}

/// An activity as it is offered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActivityOffer)]
struct Offer {
    #[schema(value_type = String)]
    id: ActivityId,
    kind: ActivityKind,
    title: String,
    text: String,
    place: String,
    /// For which kinds of partner; none for all.
    kinds: Vec<PartnerKind>,
    /// The unit for whose partners it is.
    unit: Name,
    state: ActivityState,
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    seats: u32,
    /// Seats that are taken.
    taken: usize,
    /// Minutes that are credited at most.
    minutes: u32,
    /// Why it was called off.
    reason: String,
    /// The partner's own seat; none for who looks from outside.
    seat: Option<OwnSeat>,
}

/// A partner's own seat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActivityOwnSeat)]
struct OwnSeat {
    /// When it said that it is done.
    #[schema(value_type = Option<String>, format = DateTime)]
    done_at: Option<Timestamp>,
    /// What it said.
    note: String,
    /// Whether staff confirmed that it came; none where nobody said yet.
    came: Option<bool>,
    /// Minutes credited.
    minutes: u32,
    /// The line of thanks.
    thanks: String,
}

impl OwnSeat {
    fn of(seat: &Seat) -> Self {
        Self {
            done_at: seat.done_at,
            note: seat.note.clone(),
            came: seat.settled.as_ref().map(|settled: &Settled| settled.came),
            minutes: seat.settled.as_ref().map_or(0, |settled| settled.minutes),
            thanks: seat.thanks.clone(),
        }
    }
}

fn called(snapshot: &Snapshot, unit: &UnitId) -> Name {
    let found = snapshot.organisation.unit(unit).map(|unit| unit.name.clone());
    found.unwrap_or_else(|| Name { zh: unit.to_string(), en: unit.to_string() })
}

impl Offer {
    fn of(activity: Activity, snapshot: &Snapshot, partner: Option<PartnerId>) -> Self {
        let seat = partner.and_then(|partner| activity.seat(partner)).map(OwnSeat::of);
        let plan = activity.plan;
        Self {
            id: activity.id,
            kind: plan.kind,
            title: plan.title,
            text: plan.text,
            place: plan.place,
            kinds: plan.kinds.into_iter().collect(),
            unit: called(snapshot, &plan.unit),
            state: activity.state,
            from: plan.from,
            until: plan.until,
            seats: plan.seats,
            taken: activity.seats.len(),
            minutes: plan.minutes,
            reason: activity.reason,
            seat,
        }
    }
}

async fn inside(app: &App, partner: Partner) -> Answer<Json<Inside>> {
    let snapshot = app.snapshot();
    let rules = partners::rules(&snapshot)?;
    let (of, world) = (partner.clone(), app.snapshot());
    let read = move |tx: &mut ReadTx<'_>| {
        let (organisation, now) = (&world.organisation, tx.now());
        let may_take = |activity: &Activity| activity.may_take(&of, organisation, now).is_ok();
        // What is for its area is set for its unit or one above.
        let over: Vec<String> = organisation.lineage(&of.unit).map(ToString::to_string).collect();
        let open = if of.takes_part().is_ok() { activities::open_now(tx, Some(&over), may_take)? } else { Vec::new() };
        Ok::<_, StoreError>((partners::activities_of(tx, &of)?, open, now))
    };
    let (mine, open, now) = app.store.read(read).await?;
    let organisation = &snapshot.organisation;
    let checks = partner.standings(rules, now).into_iter();
    Ok(Json(Inside {
        checks: checks
            .map(|one| CheckShown { list: one.list.clone(), last: one.last.cloned(), due: one.due })
            .collect(),
        open: open.into_iter().map(|activity| Offer::of(activity, &snapshot, None)).collect(),
        mine: mine.into_iter().map(|activity| Offer::of(activity, &snapshot, Some(partner.id))).collect(),
        praise: partner
            .praise
            .iter()
            .rev()
            .map(|line| Line { text: line.text.clone(), unit: called(&snapshot, &line.unit), at: line.at })
            .collect(),
        channel: rules.channel.clone(),
        grid: called(&snapshot, &partner.unit),
        community: organisation.community_of(&partner.unit).map(|unit| called(&snapshot, unit)),
        hotline: organisation.unit(&partner.unit).and_then(|unit| unit.hotline.clone()),
        kind: partner.kind,
        name: partner.name,
        state: partner.state,
        reason: partner.reason,
        spot: partner.spot,
        applied_at: partner.applied_at,
        minutes: partner.minutes,
        praised: partner.praised,
    }))
}

/// What stands behind a partner's door.
#[utoipa::path(
    post, path = "/public/partners/door", tag = "public", request_body = Door,
    responses((status = 200, body = Inside), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn door(State(app): State<App>, _: Public, Body(door): Body<Door>) -> Answer<Json<Inside>> {
    inside(&app, door.open(&app).await?).await
}

/// An activity, at a partner's door.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PartnerTakes)]
struct Takes {
    door: Door,
    /// Which activity.
    #[schema(value_type = String, format = Uuid)]
    activity: ActivityId,
}

/// Take a seat in an activity.
#[utoipa::path(
    post, path = "/public/partners/take", tag = "public", request_body = Takes,
    responses((status = 200, body = Inside), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn take(State(app): State<App>, _: Public, Body(takes): Body<Takes>) -> Answer<Json<Inside>> {
    activities::take(&app, &takes.door, takes.activity.0).await?;
    inside(&app, takes.door.open(&app).await?).await
}

/// Give a seat back.
#[utoipa::path(
    post, path = "/public/partners/give-back", tag = "public", request_body = Takes,
    responses((status = 200, body = Inside), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn give_back(State(app): State<App>, _: Public, Body(takes): Body<Takes>) -> Answer<Json<Inside>> {
    activities::give_back(&app, &takes.door, takes.activity.0).await?;
    inside(&app, takes.door.open(&app).await?).await
}

/// That an activity is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PartnerDone)]
struct Finished {
    door: Door,
    /// Which activity.
    #[schema(value_type = String, format = Uuid)]
    activity: ActivityId,
    /// What was done.
    #[schema(min_length = 1, max_length = 1000)]
    note: String,
}

/// Say that it is done.
#[utoipa::path(
    post, path = "/public/partners/done", tag = "public", request_body = Finished,
    responses((status = 200, body = Inside), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn done(State(app): State<App>, _: Public, Body(said): Body<Finished>) -> Answer<Json<Inside>> {
    activities::done(&app, &said.door, said.activity.0, &said.note).await?;
    inside(&app, said.door.open(&app).await?).await
}

/// A self-check as it was made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PartnerChecked)]
struct Checked {
    door: Door,
    /// Code of the self-check.
    #[schema(max_length = 64)]
    list: String,
    /// Each of its items, and whether it is so.
    items: BTreeMap<String, bool>,
}

/// Make a self-check.
#[utoipa::path(
    post, path = "/public/partners/check", tag = "public", request_body = Checked,
    responses((status = 200, body = Inside), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn check(State(app): State<App>, _: Public, Body(made): Body<Checked>) -> Answer<Json<Inside>> {
    inside(&app, partners::check(&app, &made.door, made.list, made.items).await?).await
}

/// Leave: the contact is erased.
#[utoipa::path(
    post, path = "/public/partners/leave", tag = "public", request_body = Door,
    responses((status = 200, body = Inside), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn leave(State(app): State<App>, _: Public, Body(door): Body<Door>) -> Answer<Json<Inside>> {
    inside(&app, partners::leave(&app, &door).await?).await
}

/// Where one is.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Where {
    /// Only what is for partners of this grid; all of the subdistrict where none is given.
    #[param(value_type = Option<String>)]
    grid: Option<UnitId>,
}

/// Volunteer activities that are open, the fifty that end next, those that begin first at the front.
#[utoipa::path(
    get, path = "/public/activities", tag = "public", params(Where),
    responses((status = 200, body = Vec<Offer>), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn open(State(app): State<App>, _: Public, Query(here): Query<Where>) -> Answer<Json<Vec<Offer>>> {
    let snapshot = app.snapshot();
    let over = here
        .grid
        .map(|grid| -> Vec<String> { snapshot.organisation.lineage(&grid).map(ToString::to_string).collect() });
    let read = move |tx: &mut ReadTx<'_>| {
        let volunteers = |activity: &Activity| activity.plan.kind == ActivityKind::Volunteering;
        activities::open_now(tx, over.as_deref(), volunteers)
    };
    let open = app.store.read(read).await?;
    Ok(Json(open.into_iter().map(|activity| Offer::of(activity, &snapshot, None)).collect()))
}
