//! The public door: residents and merchants submit, track, rate and dispute, without an account.
//!
//! Rate-limited by address. Number and tracking code together open a case; a wrong pair looks like no case at all.
//! Answers hold only what the reporter may see: no staff notes, no names, no other reporter.

mod neighbourhood;

use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State, http::StatusCode};
use jiban_domain::{
    case::{Case, Place, Reporter, State as Stand},
    command::{self, Command, Dispute, Rate, Register},
    decide::{self, Moment},
    event::{Actor, Event},
    ids::{ChannelId, RequestId, SpotId, UnitId},
    policy::{Name, Script},
};
use jiban_store::{StoreError, events};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    desk::{self, Intake, Registered, identity::Identity, rows, ticket::Ticket},
    http::{
        body::{Body, Path},
        key::IdempotencyKey,
        limits::Public,
        problem::{Answer, Problem},
    },
    infra::world::Snapshot,
};

/// Most events read for a public timeline.
const EVENTS_MAX: i64 = 500;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(submit))
        .routes(routes!(track))
        .routes(routes!(rate))
        .routes(routes!(answer))
        .routes(routes!(dispute))
        .routes(routes!(spot))
        .merge(neighbourhood::routes())
}

/// A case as a resident tells it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Submission {
    /// Way in: one of the policy's public channels, e.g. `qr`.
    channel: ChannelId,
    /// What it is about.
    #[schema(min_length = 1, max_length = 20000)]
    text: String,
    /// Where.
    #[serde(default)]
    place: Place,
    /// Who asks; all of it optional.
    #[serde(default)]
    reporter: Identity,
}

/// Submit a case, as anybody.
#[utoipa::path(
    post, path = "/public/cases", tag = "public", request_body = Submission,
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,128}$", description = "The same key and body make one case")),
    responses((status = 201, body = Registered), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn submit(
    State(app): State<App>,
    _: Public,
    key: IdempotencyKey,
    Body(new): Body<Submission>,
) -> Answer<(StatusCode, Json<Registered>)> {
    let policy = &app.snapshot().policy;
    if !policy.channels.get(&new.channel).is_some_and(|channel| channel.public) {
        return Err(Problem::field("channel", "a public channel", "应为对公众开放的渠道"));
    }
    new.reporter.check("reporter")?;
    // A phone changes its address between two tries; the key alone tells that it is the same request.
    let key = key.of("public", &new);
    let register = Register {
        origin: None,
        channel: new.channel,
        first_receiver: None,
        title: String::new(),
        text: new.text,
        place: new.place,
        reporter: Reporter { anonymous: new.reporter.name.trim().is_empty(), contactable: false },
        complained_about: None,
        upstream_number: None,
        received_by_leader: None,
        proposal: None,
    };
    let intake = Intake { register, identity: new.reporter, key, at: None };
    Ok((StatusCode::CREATED, Json(desk::register(&app, Actor::Reporter, intake).await?)))
}

/// A case as its reporter sees it.
#[derive(Debug, Serialize, ToSchema)]
struct Tracked {
    number: String,
    title: String,
    state: Stand,
    /// Who handles it now.
    unit: Option<String>,
    /// Their hotline.
    hotline: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    registered_at: Timestamp,
    /// By when the next step is due.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_due: Option<Timestamp>,
    /// What was done, once it is.
    outcome: Option<String>,
    /// Whether a grade may be given.
    may_rate: bool,
    /// The last grade given.
    grade: Option<u8>,
    /// The grade that stands beside it after an appeal of the unit; the first one stays.
    grade_after_appeal: Option<u8>,
    /// The three questions, where they may be answered now.
    questions: Option<Questions>,
    /// What the reporter answered by themselves in this round of handling.
    answered: Option<Answered>,
    steps: Vec<TrackedStep>,
}

/// What a reporter is asked once the work is done 自助回访.
#[derive(Debug, Serialize, ToSchema)]
struct Questions {
    /// The three questions in the words of the policy, as they are asked on the phone.
    script: Option<Script>,
    /// Reasons to choose from where it is not solved, code → name; at least one is chosen, where there are any.
    unsolved_reasons: BTreeMap<String, Name>,
    /// The same where the reporter is not satisfied.
    unsatisfied_reasons: BTreeMap<String, Name>,
}

/// Answers that a reporter gave.
#[derive(Debug, Serialize, ToSchema)]
struct Answered {
    responded: Option<bool>,
    solved: Option<bool>,
    satisfied: Option<bool>,
}

/// One step that the reporter may know.
#[derive(Debug, Serialize, ToSchema)]
struct TrackedStep {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Code of the event.
    kind: String,
    /// Words meant for the reporter.
    text: Option<String>,
}

/// Track a case by number and code.
#[utoipa::path(
    post, path = "/public/track", tag = "public", request_body = Ticket,
    responses((status = 200, body = Tracked), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn track(State(app): State<App>, _: Public, Body(ticket): Body<Ticket>) -> Answer<Json<Tracked>> {
    let case = ticket.open(&app).await?;
    Ok(Json(tracked(&app, case).await?))
}

/// A grade.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Grade {
    /// Number and code.
    ticket: Ticket,
    /// The grade.
    grade: u8,
    /// Words.
    #[serde(default)]
    #[schema(max_length = 1000)]
    comment: String,
}

/// Rate the handling 评价.
#[utoipa::path(
    post, path = "/public/rate", tag = "public", request_body = Grade,
    responses((status = 200, body = Tracked), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn rate(State(app): State<App>, _: Public, Body(grade): Body<Grade>) -> Answer<Json<Tracked>> {
    let case = grade.ticket.open(&app).await?;
    let command = Command::Rate(Rate { grade: grade.grade, comment: grade.comment });
    let case = desk::act(&app, case.id, command, Actor::Reporter, None, None).await?;
    Ok(Json(tracked(&app, case).await?))
}

/// Answers to the three questions.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Answers {
    /// Number and code.
    ticket: Ticket,
    /// Was there a response in time?
    responded: bool,
    /// Is it solved?
    solved: bool,
    /// Satisfied?
    satisfied: bool,
    /// Why not solved: codes of the policy.
    #[serde(default)]
    unsolved_because: BTreeSet<String>,
    /// Why not satisfied: codes of the policy.
    #[serde(default)]
    unsatisfied_because: BTreeSet<String>,
    /// Words.
    #[serde(default)]
    #[schema(max_length = 1000)]
    comment: String,
}

/// Answer the follow-up oneself 自助回访.
#[utoipa::path(
    post, path = "/public/answer", tag = "public", request_body = Answers,
    responses((status = 200, body = Tracked), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn answer(State(app): State<App>, _: Public, Body(said): Body<Answers>) -> Answer<Json<Tracked>> {
    let case = said.ticket.open(&app).await?;
    let command = Command::Answer(command::Answer {
        responded: said.responded,
        solved: said.solved,
        satisfied: said.satisfied,
        unsolved_because: said.unsolved_because,
        unsatisfied_because: said.unsatisfied_because,
        comment: said.comment,
    });
    let case = desk::act(&app, case.id, command, Actor::Reporter, None, None).await?;
    Ok(Json(tracked(&app, case).await?))
}

/// An objection to a finish.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Objection {
    /// Number and code.
    ticket: Ticket,
    /// Why.
    #[schema(min_length = 1, max_length = 4000)]
    reason: String,
}

/// Say that a finished case is not finished.
#[utoipa::path(
    post, path = "/public/dispute", tag = "public", request_body = Objection,
    responses((status = 200, body = Tracked), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn dispute(State(app): State<App>, _: Public, Body(objection): Body<Objection>) -> Answer<Json<Tracked>> {
    let case = objection.ticket.open(&app).await?;
    let command = Command::Dispute(Dispute { reason: objection.reason });
    let case = desk::act(&app, case.id, command, Actor::Reporter, None, None).await?;
    Ok(Json(tracked(&app, case).await?))
}

/// What a QR code stands for.
#[derive(Debug, Serialize, ToSchema)]
struct PublicSpot {
    /// Name of the place.
    name: String,
    /// Its address.
    address: String,
    /// Its grid.
    grid: String,
    /// Code of its grid.
    grid_id: UnitId,
    /// The grid's hotline.
    hotline: Option<String>,
    /// Its community.
    community: Option<String>,
}

/// What a QR spot is, so that nothing is asked that the code knows.
#[utoipa::path(
    get, path = "/public/spots/{spot}", tag = "public",
    params(("spot" = String, Path, description = "Code of the spot")),
    responses((status = 200, body = PublicSpot), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn spot(State(app): State<App>, _: Public, Path(spot): Path) -> Answer<Json<PublicSpot>> {
    let snapshot = app.snapshot();
    let organisation = &snapshot.organisation;
    let id = SpotId::new(spot).map_err(|_| Problem::not_found())?;
    let spot = organisation.spot(&id).ok_or_else(Problem::not_found)?;
    let grid = organisation.unit(&spot.grid).ok_or_else(Problem::not_found)?;
    let community = organisation.community_of(&spot.grid).and_then(|id| organisation.unit(id));
    Ok(Json(PublicSpot {
        name: spot.name.clone(),
        address: spot.address.clone(),
        grid: grid.name.zh.clone(),
        grid_id: grid.id.clone(),
        hotline: grid.hotline.clone(),
        community: community.map(|unit| unit.name.zh.clone()),
    }))
}

async fn tracked(app: &App, case: Case) -> Answer<Tracked> {
    let id = case.id;
    let read = move |tx: &mut jiban_store::ReadTx<'_>| {
        Ok::<_, StoreError>((events::events(tx, id.0, 0, EVENTS_MAX)?, tx.now()))
    };
    let (events, now) = app.store.read(read).await?;
    let steps = events.iter().map(rows::recorded).filter_map(|found| found.map(|r| step(&r)).transpose());
    let steps = steps.collect::<Result<Vec<_>, StoreError>>()?;
    let snapshot = app.snapshot();
    let unit = case.lead.as_ref().and_then(|id| snapshot.organisation.unit(id));
    let own = case.follow_ups_of_round().rfind(|follow_up| follow_up.is_own());
    let answered = own.map(|own| Answered { responded: own.responded, solved: own.solved, satisfied: own.satisfied });
    Ok(Tracked {
        questions: questions(&snapshot, &case, now),
        answered,
        grade_after_appeal: case.ratings.last().and_then(|rating| rating.after_appeal),
        state: case.state,
        unit: unit.map(|unit| unit.name.zh.clone()),
        hotline: unit.and_then(|unit| unit.hotline.clone()),
        registered_at: case.registered_at,
        next_due: case.next_due(),
        may_rate: matches!(case.state, Stand::Finished | Stand::Closed),
        grade: case.ratings.last().map(|rating| rating.grade),
        outcome: case.outcome,
        number: case.number,
        title: case.title,
        steps,
    })
}

/// What may be asked now: the mechanism itself says whether an answer would be taken.
fn questions(snapshot: &Snapshot, case: &Case, now: Timestamp) -> Option<Questions> {
    let world = snapshot.world_of(&case.policy);
    let all_well = command::Answer {
        responded: true,
        solved: true,
        satisfied: true,
        unsolved_because: BTreeSet::new(),
        unsatisfied_because: BTreeSet::new(),
        comment: String::new(),
    };
    let moment = Moment { by: Actor::Reporter, now, fresh: RequestId(case.id.0) };
    decide::decide(&world, case, &all_well.into(), &moment).ok()?;
    let rules = &world.policy.follow_up;
    Some(Questions {
        script: rules.script.clone(),
        unsolved_reasons: rules.unsolved_reasons.clone(),
        unsatisfied_reasons: rules.unsatisfied_reasons.clone(),
    })
}

/// The part of an event that its reporter may know, if any.
fn step(recorded: &jiban_domain::event::Recorded) -> Option<TrackedStep> {
    let text = match &recorded.event {
        Event::Noted { text, public: true } => Some(text.clone()),
        Event::Finished { outcome } => Some(outcome.clone()),
        Event::Declined { explanation, .. } => Some(explanation.clone()),
        Event::Returned(returned) => Some(returned.explained.clone()),
        Event::Registered(_)
        | Event::Dispatched { .. }
        | Event::Accepted { .. }
        | Event::ContactTried { .. }
        | Event::Verified { .. }
        | Event::Rated { .. }
        | Event::FollowUpTried { .. }
        | Event::Answered { .. }
        | Event::Disputed { .. }
        | Event::Reopened { .. }
        | Event::HandedUpstream { .. }
        | Event::Closed { .. } => None,
        _ => return None,
    };
    Some(TrackedStep { at: recorded.at, kind: recorded.event.kind().to_owned(), text })
}
