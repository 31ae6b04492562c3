//! Weak signals and hot issues over HTTP 苗头与热点: what rises, what many speak of, and what a person decides.
//!
//! For those who see the whole: the liaison office, leaders, administrators. Nothing here names a reporter.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use jiban_domain::permission;
use jiban_store::cases;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::App,
    assess::hot,
    desk::{
        rows,
        signals::{self, Signal, SignalState},
    },
    http::{
        auth::{Overseer, Registrar, Staff},
        body::{Body, Deciding, Path, Query, within},
        problem::{Answer, Problem},
    },
};

/// Signals shown.
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
        .routes(routes!(accept))
        .routes(routes!(dismiss))
        .routes(routes!(hot_issues))
}

/// A signal with its cases as they may be shown.
#[derive(Debug, Serialize, ToSchema)]
struct SignalView {
    #[serde(flatten)]
    signal: Signal,
    /// Number and title of each case.
    members: Vec<Member>,
    /// Number of the case that it became.
    became: Option<String>,
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

/// Signals as this person may see them: with the cases in their sight, and none without any.
async fn view(app: &App, staff: &Staff, signals: Vec<Signal>) -> Answer<Vec<SignalView>> {
    let mut ids: Vec<Uuid> = signals.iter().flat_map(|signal| signal.cases.iter().map(|case| case.0)).collect();
    ids.extend(signals.iter().filter_map(|signal| Some(signal.decision.as_ref()?.case?.0)));
    ids.sort_unstable();
    ids.dedup();
    let rows = app.store.read(move |tx| cases::load_many(tx, &ids)).await?;
    let mut seen = BTreeMap::new();
    for row in &rows {
        if permission::sees(&staff.snapshot.organisation, &staff.actor, &rows::case(row)?) {
            seen.insert(row.case_id, row);
        }
    }
    let view = |mut signal: Signal| {
        signal.cases.retain(|case| seen.contains_key(&case.0));
        let became = signal.decision.as_mut().and_then(|of| {
            of.case = of.case.filter(|case| seen.contains_key(&case.0));
            Some(seen.get(&of.case?.0)?.number.clone())
        });
        let members = signal.cases.iter().filter_map(|case| seen.get(&case.0)).map(|row| Member::from(*row)).collect();
        (!signal.cases.is_empty()).then_some(SignalView { members, became, signal })
    };
    Ok(signals.into_iter().filter_map(view).collect())
}

/// Weak signals: those that wait first, then what was decided, the newest first.
#[utoipa::path(
    get, path = "/signals", tag = "signals",
    responses((status = 200, body = Vec<SignalView>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn list(State(app): State<App>, Overseer(staff): Overseer) -> Answer<Json<Vec<SignalView>>> {
    let mut found = signals::list(&app, Some(SignalState::Open), SHOWN_MAX).await?;
    let recent = signals::list(&app, None, SHOWN_MAX).await?;
    found.extend(recent.into_iter().filter(|signal| signal.state != SignalState::Open));
    Ok(Json(view(&app, &staff, found).await?))
}

/// What looking found.
#[derive(Debug, Serialize, ToSchema)]
struct Looked {
    /// Signals that are new.
    new: u64,
}

/// Look for weak signals now; else it is done every night.
#[utoipa::path(
    post, path = "/signals/scan", tag = "signals",
    responses((status = 200, body = Looked), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn scan(State(app): State<App>, _: Registrar) -> Answer<Json<Looked>> {
    Ok(Json(Looked { new: signals::scan(&app).await? as u64 }))
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
    one(&app, &staff, signal).await
}

/// Say that a signal is nothing, with why 不采纳. It comes back only with new cases.
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
    one(&app, &staff, signal).await
}

async fn one(app: &App, staff: &Staff, signal: Signal) -> Answer<Json<SignalView>> {
    let view = view(app, staff, vec![signal]).await?.pop();
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
