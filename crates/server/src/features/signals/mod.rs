//! Signals and hot issues over HTTP 苗头与热点: what is proposed, what a person decides, and what came of it.
//!
//! For those who see the whole: the liaison office, leaders, administrators. Nothing here names a reporter.

use std::{cmp::Reverse, collections::BTreeMap};

use axum::{Json, extract::State};
use jiban_domain::{
    campaign::Campaign,
    case::Case,
    permission,
    round::RoundPlan,
    signal::{Decision, Signal, SignalState},
};
use jiban_store::{ReadTx, StoreError, cases};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    ahead::{
        signals::{
            self, look,
            outcome::{self, Outcome, Sum},
        },
        works,
    },
    app::App,
    assess::hot,
    desk::rows,
    http::{
        auth::{Overseer, Registrar, Staff},
        body::{Body, Deciding, Path, Query, within},
        problem::{Answer, Problem},
    },
};

/// Signals that wait, shown at most: far more than anybody lets wait.
const OPEN_MAX: i64 = 200;
/// Signals shown of those that were decided alike.
const SHOWN_MAX: i64 = 50;
/// Longest period of hot issues, days.
const DAYS_MAX: u32 = 366;
/// Cases among which hot issues are looked for: the newest of the period.
const CASES_MAX: usize = 3_000;
/// Hot issues told.
const ISSUES_MAX: usize = 10;
/// Cases told of each.
const MEMBERS_MAX: usize = 20;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(scan))
        .routes(routes!(warn))
        .routes(routes!(accept))
        .routes(routes!(dismiss))
        .routes(routes!(hot_issues))
}

/// A signal as this person may see it.
#[derive(Debug, Serialize, ToSchema)]
struct SignalView {
    #[serde(flatten)]
    signal: Signal,
    /// Number and title of each case.
    members: Vec<Member>,
    /// What it became.
    became: Option<Became>,
    /// What came of it; none while it waits, or where it is about no kind of request.
    outcome: Option<Outcome>,
}

/// What a signal became: a case, a campaign or a plan of rounds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignalBecame)]
struct Became {
    /// Number of the case.
    case: Option<String>,
    /// What it is called.
    title: String,
    /// Where it stands now, as cases, campaigns and plans say it.
    state: &'static str,
}

/// All that is proposed, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignalBoard)]
struct Board {
    /// Signals that wait for a person, the newest first.
    open: Vec<SignalView>,
    /// Those that were decided lately, the newest first.
    decided: Vec<SignalView>,
    /// All of these by kind and where they stand.
    sums: Vec<Sum>,
}

/// A case among others.
#[derive(Debug, Serialize, ToSchema)]
struct Member {
    number: String,
    /// Masked.
    title: String,
    #[schema(value_type = String, format = DateTime)]
    registered_at: Timestamp,
}

impl From<&cases::CaseRow> for Member {
    fn from(row: &cases::CaseRow) -> Self {
        Self { number: row.number.clone(), title: row.title.clone(), registered_at: row.registered_at }
    }
}

/// Signals as this person may see them: with the cases in their sight, and none that had some of which they see none.
fn views(tx: &mut ReadTx<'_>, staff: &Staff, mut signals: Vec<Signal>) -> Result<Vec<SignalView>, StoreError> {
    signals.iter_mut().for_each(|signal| signal.of.cases.truncate(signals::SHOWN_MAX));
    let mut ids: Vec<Uuid> = signals.iter().flat_map(|signal| signal.of.cases.iter().map(|case| case.0)).collect();
    ids.extend(signals.iter().filter_map(|signal| Some(signal.decision.as_ref()?.case?.0)));
    ids.sort_unstable();
    ids.dedup();
    let mut seen = BTreeMap::new();
    for row in cases::load_many(tx, &ids)? {
        let case = rows::case(&row)?;
        if permission::sees(&staff.snapshot.organisation, &staff.actor, &case) {
            seen.insert(row.case_id, (row, case));
        }
    }
    let mut views = Vec::new();
    for mut signal in signals {
        let had_cases = !signal.of.cases.is_empty();
        signal.of.cases.retain(|case| seen.contains_key(&case.0));
        if had_cases && signal.of.cases.is_empty() {
            continue;
        }
        let mut became = None;
        if let Some(of) = &mut signal.decision {
            of.case = of.case.filter(|case| seen.contains_key(&case.0));
            became = became_of(tx, of, &seen)?;
        }
        let members = signal.of.cases.iter().filter_map(|case| seen.get(&case.0));
        let members = members.map(|(row, _)| Member::from(row)).collect();
        let outcome = outcome::outcome(tx, &staff.snapshot, &signal)?;
        views.push(SignalView { members, became, outcome, signal });
    }
    Ok(views)
}

fn became_of(
    tx: &mut ReadTx<'_>,
    of: &Decision,
    seen: &BTreeMap<Uuid, (cases::CaseRow, Case)>,
) -> Result<Option<Became>, StoreError> {
    if let Some((row, case)) = of.case.and_then(|case| seen.get(&case.0)) {
        let (number, title) = (Some(row.number.clone()), row.title.clone());
        return Ok(Some(Became { case: number, title, state: case.state.as_str() }));
    }
    if let Some(id) = of.campaign {
        let campaign = works::find_in::<Campaign>(tx, id.0)?;
        return Ok(campaign.map(|of| Became { case: None, state: of.state.as_str(), title: of.plan.title }));
    }
    let Some(id) = of.rounds else { return Ok(None) };
    let plan = works::find_in::<RoundPlan>(tx, id.0)?;
    Ok(plan.map(|of| Became { case: None, state: of.state.as_str(), title: of.plan.title }))
}

/// The board of signals 苗头: those that wait, and what came of those that were decided.
#[utoipa::path(
    get, path = "/signals", tag = "signals",
    responses((status = 200, body = Board), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn list(State(app): State<App>, Overseer(staff): Overseer) -> Answer<Json<Board>> {
    let read = move |tx: &mut ReadTx<'_>| {
        let open = signals::list(tx, Some(SignalState::Open), OPEN_MAX)?;
        let mut decided = signals::list(tx, Some(SignalState::Accepted), SHOWN_MAX)?;
        decided.extend(signals::list(tx, Some(SignalState::Dismissed), SHOWN_MAX)?);
        decided.sort_by_key(|signal| Reverse(signal.decision.as_ref().map(|decision| decision.at)));
        let (open, decided) = (views(tx, &staff, open)?, views(tx, &staff, decided)?);
        let all = open.iter().chain(&decided).map(|view| (&view.signal, view.outcome.as_ref()));
        Ok::<_, StoreError>(Board { sums: outcome::sums(all), open, decided })
    };
    Ok(Json(app.store.read(read).await?))
}

/// What looking found.
#[derive(Debug, Serialize, ToSchema)]
struct Looked {
    /// Signals that are new.
    new: u64,
}

/// Look for signals now; else it is done every night.
#[utoipa::path(
    post, path = "/signals/scan", tag = "signals",
    responses((status = 200, body = Looked), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn scan(State(app): State<App>, _: Registrar) -> Answer<Json<Looked>> {
    Ok(Json(Looked { new: look::look(&app).await? as u64 }))
}

/// A warning that has come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WarningTold)]
struct Warned {
    /// Code of the occasion, one that a person tells of.
    occasion: String,
    /// For how many days from today; as the policy says where nothing is given.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 60)]
    days: Option<u32>,
}

/// Tell of a warning 发布预警: it stands on the board at once.
#[utoipa::path(
    post, path = "/signals/warnings", tag = "signals", request_body = Warned,
    responses((status = 200, body = SignalView), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn warn(
    State(app): State<App>,
    Registrar(staff): Registrar,
    Body(warned): Body<Warned>,
) -> Answer<Json<SignalView>> {
    let signal = look::warn(&app, &staff.snapshot, &warned.occasion, warned.days).await?;
    one(&app, staff, signal).await
}

/// Make an inspection of a signal, with its cases linked 采纳.
#[utoipa::path(
    post, path = "/signals/{signal}/accept", tag = "signals", request_body = Deciding,
    params(("signal" = String, Path, description = "Id of the signal")),
    responses((status = 200, body = SignalView), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn accept(
    State(app): State<App>,
    Registrar(staff): Registrar,
    path: Path,
    Body(deciding): Body<Deciding>,
) -> Answer<Json<SignalView>> {
    let signal = signals::accept(&app, &staff, path.id()?, deciding.checked(false)?).await?;
    one(&app, staff, signal).await
}

/// Say that a signal is nothing, with why 不采纳. It comes back only when there is clearly more of it.
#[utoipa::path(
    post, path = "/signals/{signal}/dismiss", tag = "signals", request_body = Deciding,
    params(("signal" = String, Path, description = "Id of the signal")),
    responses((status = 200, body = SignalView), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn dismiss(
    State(app): State<App>,
    Registrar(staff): Registrar,
    path: Path,
    Body(deciding): Body<Deciding>,
) -> Answer<Json<SignalView>> {
    let signal = signals::dismiss(&app, &staff, path.id()?, deciding.checked(true)?).await?;
    one(&app, staff, signal).await
}

async fn one(app: &App, staff: Staff, signal: Signal) -> Answer<Json<SignalView>> {
    let view = app.store.read(move |tx| views(tx, &staff, vec![signal.clone()])).await?.pop();
    view.map(Json).ok_or_else(Problem::not_found)
}

/// Which period.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Period {
    /// Days up to now, 30 where nothing is said.
    #[param(minimum = 1, maximum = 366)]
    days: Option<u32>,
}

/// A hot issue 热点.
#[derive(Debug, Serialize, ToSchema)]
struct Hot {
    /// Phrases that most of its cases share and few others hold.
    name: Vec<String>,
    /// The case most like all others.
    typical: Member,
    /// How many cases.
    cases: u64,
    /// How many people.
    people: u64,
    /// How much more of it there was in the last quarter of the period than its share, in doublings, -1 to 2.
    growth: f64,
    /// Share that speaks of danger, of going public or over heads.
    severity: f64,
    /// What it is ranked by.
    heat: f64,
    /// Its cases, the newest first, twenty at most.
    members: Vec<Member>,
}

/// What many speak of in a period, the hottest first.
#[utoipa::path(
    get, path = "/signals/hot", tag = "signals", params(Period),
    responses((status = 200, body = Vec<Hot>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn hot_issues(
    State(app): State<App>,
    Overseer(staff): Overseer,
    Query(period): Query<Period>,
) -> Answer<Json<Vec<Hot>>> {
    let days = within("days", period.days, 30, 1..=DAYS_MAX)?;
    let now = app.now().await?;
    let from = now.saturating_sub((i64::from(days) * 24).hours()).unwrap_or(now);
    let found = hot::hot(&app, &staff.snapshot, staff.units(), (from, Timestamp::MAX), CASES_MAX).await?;
    let told = found.issues.into_iter().take(ISSUES_MAX).map(|issue| Hot {
        typical: Member::from(&found.rows[issue.typical]),
        cases: issue.members.len() as u64,
        people: issue.people as u64,
        growth: issue.growth,
        severity: issue.severity,
        heat: issue.heat,
        members: issue.members.iter().take(MEMBERS_MAX).map(|at| Member::from(&found.rows[*at])).collect(),
        name: issue.name,
    });
    Ok(Json(told.collect()))
}
