//! The follow-up desk 回访台: whom to call, the most pressing first, and what a caller must know before the phone rings.
//!
//! It walks the queue's index like every list, so it costs by what it shows. It tells who may call, and never a number:
//! that is revealed case by case, with a reason.

use axum::{Json, extract::State};
use jiban_domain::{
    case::{Case, FollowUp},
    command::Act,
    ids::{CaseId, ClassId, PersonId, UnitId},
    permission,
    policy::Milestone,
};
use jiban_store::{StoreError, case_list};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    desk::rows,
    http::{
        auth::Staff,
        body::{Query, within},
        problem::{Answer, Problem},
    },
};

/// Most follow-ups in one answer.
const PAGE_MAX: u32 = 200;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(follow_ups))
}

/// Which follow-ups.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct FollowUpQuery {
    /// Only those that the reader may make.
    #[serde(default)]
    mine: bool,
    /// Where the page before ended.
    #[param(max_length = 200)]
    cursor: Option<String>,
    /// How many, at most 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A follow-up that is to be made.
#[derive(Debug, Serialize, ToSchema)]
struct Call {
    id: CaseId,
    number: String,
    /// Send as `If-Match` with the follow-up.
    version: u64,
    title: String,
    class: Option<ClassId>,
    /// Who did it.
    lead: Option<UnitId>,
    handler: Option<PersonId>,
    address: String,
    /// What was done.
    outcome: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// When the follow-up is due; none for a second round, which no clock judges.
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    /// Which follow-up of this round of handling it is, from 1.
    round: usize,
    /// The one before, where this is a second round.
    before: Option<FollowUp>,
    /// Calls in vain that count.
    attempts: usize,
    /// Calls in vain after which the reporter counts as unreachable.
    attempts_max: u32,
    /// From when the next call in vain counts.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt_from: Option<Timestamp>,
    /// Whether a way to call back is on file.
    contactable: bool,
    /// Drawn for a third person 抽查回访.
    sampled: bool,
    /// Whether the reader may make it.
    allowed: bool,
}

/// A page of follow-ups.
#[derive(Debug, Serialize, ToSchema)]
struct Calls {
    /// The most pressing first; those without a due time last.
    calls: Vec<Call>,
    /// Send as `cursor` for the next page; none at the end.
    next: Option<String>,
    /// The server's time.
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
}

/// Follow-ups that are to be made.
#[utoipa::path(
    get, path = "/follow-ups", tag = "cases", params(FollowUpQuery),
    responses((status = 200, body = Calls), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn follow_ups(State(app): State<App>, staff: Staff, Query(query): Query<FollowUpQuery>) -> Answer<Json<Calls>> {
    let limit = within("limit", query.limit, 50, 1..=PAGE_MAX)?;
    let wanted = case_list::CaseQuery {
        units: Some(staff.units()),
        mark: Some(jiban_domain::case::Desk::FollowUp.as_str().to_owned()),
        cursor: query.cursor.as_deref().map(str::parse).transpose().map_err(|_| Problem::cursor())?,
        limit: i64::from(limit),
        ..case_list::CaseQuery::default()
    };
    let read = move |tx: &mut jiban_store::ReadTx<'_>| {
        let page = case_list::list(tx, &wanted)?;
        Ok::<_, StoreError>((page, tx.now()))
    };
    let (page, now) = app.store.read(read).await?;
    let next = page.next.map(|cursor| cursor.to_string());
    let cases = page.cases.iter().map(rows::case).collect::<Result<Vec<_>, _>>()?;
    let calls = cases.into_iter().map(|case| call(&staff, case)).filter(|call| call.allowed || !query.mine).collect();
    Ok(Json(Calls { calls, next, now }))
}

fn call(staff: &Staff, case: Case) -> Call {
    let world = staff.snapshot.world_of(&case.policy);
    let rules = &world.policy.follow_up;
    let stops = |rule| world.policy.clocks.get(rule).is_some_and(|rule| rule.stop == Milestone::FollowedUp);
    let waits = case.clocks.iter().filter(|clock| clock.is_running() || clock.is_overdue());
    let gap = i64::from(rules.attempt_gap_minutes).minutes();
    let (round, before) = (case.follow_ups_of_round().count() + 1, case.follow_ups_of_round().next_back().cloned());
    let next_attempt_from = case.follow_up_attempts.last().and_then(|last| last.checked_add(gap).ok());
    Call {
        allowed: permission::may(&staff.snapshot.organisation, &staff.actor, Act::FollowUp, &case).is_ok(),
        due_at: waits.filter(|clock| stops(&clock.rule)).map(|clock| clock.due_at).min(),
        round,
        before,
        attempts: case.follow_up_attempts.len(),
        attempts_max: rules.attempts,
        next_attempt_from,
        finished_at: case.milestones.get(&Milestone::Finished).copied(),
        id: case.id,
        number: case.number,
        version: case.version,
        title: case.title,
        class: case.class,
        lead: case.lead,
        handler: case.handler,
        address: case.place.address,
        outcome: case.outcome,
        contactable: case.reporter.contactable,
        sampled: case.sampled,
    }
}
