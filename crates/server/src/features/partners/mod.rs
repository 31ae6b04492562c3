//! Partners over HTTP 共建伙伴: who asks to be one, who is one, admitted, praised, revealed for a reason; activities set for
//! them; and the small door of their own.
//!
//! Staff see partners of the units they reach. What a partner reported is not shown here: who reported a case is the case's.

mod activities;
mod door;

use axum::{Json, extract::State};
use jiban_domain::{
    activity::{ActivityKind, ActivityState, Settled},
    ids::{ActivityId, PartnerId, SpotId, UnitId},
    partner::{Act, Check, Consented, Partner, PartnerKind, PartnerState, Praise},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    ahead::{
        partners::{self, Door},
        works,
    },
    app::App,
    http::{
        auth::Staff,
        body::{Body, Path, Query, within},
        problem::{Answer, Problem},
    },
};

/// Most partners in one answer.
const PAGE_MAX: u32 = 200;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(act))
        .routes(routes!(reveal))
        .routes(routes!(new_code))
        .merge(activities::routes())
        .merge(door::routes())
}

/// A partner as staff see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Partner)]
struct View {
    #[schema(value_type = String)]
    id: PartnerId,
    /// Its grid.
    #[schema(value_type = String)]
    unit: UnitId,
    /// The spot whose code it signed up by.
    #[schema(value_type = Option<String>)]
    spot: Option<SpotId>,
    kind: PartnerKind,
    /// Name: of a person masked.
    name: String,
    /// Phone, masked; empty once the contact is erased.
    phone: String,
    state: PartnerState,
    #[schema(value_type = String, format = DateTime)]
    applied_at: Timestamp,
    consent: Consented,
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<Timestamp>,
    /// Who admitted or declined it, as an actor; nobody where it lapsed.
    decided_by: Option<String>,
    /// Why it was declined.
    reason: String,
    /// Minutes credited.
    minutes: u32,
    /// How often it was praised or thanked.
    praised: u32,
    /// How many of its self-checks are due.
    due: usize,
}

impl View {
    fn of(partner: &Partner, staff: &Staff, now: Timestamp) -> Self {
        let rules = staff.snapshot.policy.partners.as_ref();
        let due = rules.map_or(0, |rules| partner.standings(rules, now).iter().filter(|one| one.due).count());
        Self {
            id: partner.id,
            unit: partner.unit.clone(),
            spot: partner.spot.clone(),
            kind: partner.kind,
            name: partner.name.clone(),
            phone: partner.phone.clone(),
            state: partner.state,
            applied_at: partner.applied_at,
            consent: partner.consent.clone(),
            decided_at: partner.decided_at,
            decided_by: partner.decided_by.clone(),
            reason: partner.reason.clone(),
            minutes: partner.minutes,
            praised: partner.praised,
            due,
        }
    }
}

/// Which partners.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Only those that stand here.
    #[param(inline)]
    state: Option<PartnerState>,
    /// Those that applied before this one: the `next` of the page before.
    before: Option<Uuid>,
    /// How many, at most 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of partners.
#[derive(Debug, Serialize, ToSchema)]
struct Partners {
    partners: Vec<View>,
    /// Send as `before` for the next page; none at the end.
    next: Option<Uuid>,
}

/// Partners of the reader's units, the newest first.
#[utoipa::path(
    get, path = "/partners", tag = "partners", params(Which),
    responses((status = 200, body = Partners), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn list(State(app): State<App>, staff: Staff, Query(which): Query<Which>) -> Answer<Json<Partners>> {
    let limit = within("limit", which.limit, 100, 1..=PAGE_MAX)?;
    let (reader, state) = (staff.clone(), which.state.map(PartnerState::as_str));
    let sees = move |partner: &Partner| partners::sees(&reader, partner);
    let page = works::page(&app, state, which.before, limit, sees).await?;
    let partners = page.works.iter().map(|partner| View::of(partner, &staff, page.now)).collect();
    Ok(Json(Partners { partners, next: page.next }))
}

/// One partner.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PartnerPage)]
struct Page {
    partner: View,
    /// Whether the reader may admit or decline it.
    admits: bool,
    /// Whether the reader may see who is behind it, for a reason.
    reveals: bool,
    /// Whether the reader may give it another code in place of a lost one.
    recodes: bool,
    /// Its self-checks, the newest first.
    checks: Vec<Check>,
    /// Praise and thanks, the newest first.
    praise: Vec<Praise>,
    /// Activities that it takes or took part in, the newest first.
    activities: Vec<Part>,
}

/// An activity of a partner.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PartnerPart)]
struct Part {
    #[schema(value_type = String)]
    id: ActivityId,
    kind: ActivityKind,
    title: String,
    state: ActivityState,
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// What was confirmed.
    settled: Option<Settled>,
}

/// One partner with what it did.
#[utoipa::path(
    get, path = "/partners/{partner}", tag = "partners",
    params(("partner" = String, Path, description = "Id of the partner")),
    responses((status = 200, body = Page), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn one(State(app): State<App>, staff: Staff, path: Path) -> Answer<Json<Page>> {
    let partner = partners::find(&app, &staff, path.id()?).await?;
    let of = partner.clone();
    let read = move |tx: &mut jiban_store::ReadTx<'_>| Ok((partners::activities_of(tx, &of)?, tx.now()));
    let (found, now) = app.store.read(read).await.map_err(|why: jiban_store::StoreError| Problem::from(why))?;
    let part = |activity: jiban_domain::activity::Activity| Part {
        id: activity.id,
        settled: activity.seat(partner.id).and_then(|seat| seat.settled.clone()),
        kind: activity.plan.kind,
        title: activity.plan.title,
        state: activity.state,
        from: activity.plan.from,
    };
    Ok(Json(Page {
        admits: partners::admits(&staff, &partner) && partner.state == PartnerState::Applied,
        reveals: partners::reveals(&staff, &partner) && partner.contact.is_some(),
        recodes: partners::admits(&staff, &partner)
            && matches!(partner.state, PartnerState::Applied | PartnerState::Active),
        checks: partner.checks.iter().rev().cloned().collect(),
        praise: partner.praise.iter().rev().cloned().collect(),
        activities: found.into_iter().map(part).collect(),
        partner: View::of(&partner, &staff, now),
    }))
}

/// Admit, decline or praise a partner.
#[utoipa::path(
    post, path = "/partners/{partner}/acts", tag = "partners", request_body = Act,
    params(("partner" = String, Path, description = "Id of the partner")),
    responses((status = 200, body = View), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn act(State(app): State<App>, staff: Staff, path: Path, Body(act): Body<Act>) -> Answer<Json<View>> {
    let partner = partners::act(&app, &staff, path.id()?, act).await?;
    Ok(Json(View::of(&partner, &staff, app.now().await?)))
}

/// Give a partner another code in place of a lost one, told this once 补发口令; the old one opens nothing any more.
#[utoipa::path(
    post, path = "/partners/{partner}/code", tag = "partners",
    params(("partner" = String, Path, description = "Id of the partner")),
    responses((status = 200, body = Door), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn new_code(State(app): State<App>, staff: Staff, path: Path) -> Answer<Json<Door>> {
    Ok(Json(partners::new_code(&app, &staff, path.id()?).await?))
}

/// Why somebody looks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PartnerReveal)]
struct Reveal {
    /// What it is needed for.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// Who is behind a partner, as shown after a reveal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PartnerContact)]
struct Contact {
    /// Whom to ask for; empty where nobody was named.
    name: String,
    /// Phone.
    phone: String,
}

/// Who is behind a partner. The reason is recorded first.
#[utoipa::path(
    post, path = "/partners/{partner}/reveal", tag = "partners", request_body = Reveal,
    params(("partner" = String, Path, description = "Id of the partner")),
    responses((status = 200, body = Contact), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn reveal(State(app): State<App>, staff: Staff, path: Path, Body(why): Body<Reveal>) -> Answer<Json<Contact>> {
    if why.reason.chars().count() > jiban_domain::partner::LINE_MAX {
        return Err(Problem::field("reason", "at most 200 characters", "最多 200 个字"));
    }
    let who = partners::reveal(&app, &staff, path.id()?, &why.reason).await?;
    Ok(Json(Contact { name: who.name, phone: who.phone }))
}
