//! Lists: the queue (open cases by what is due next), all cases by newest, and what is counted.

use axum::{Json, extract::State};
use jiban_domain::{
    case::{Case, Desk, Mark, Origin, State as Stand},
    clock::Clock,
    ids::{CaseId, CategoryId, ChannelId, ClassId, UnitId},
};
use jiban_store::{StoreError, case_list, cases, figures, search};
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

/// Most cases in one answer.
const PAGE_MAX: u32 = 200;
/// Farthest look ahead: a year, minutes.
const DUE_WITHIN_MAX: u32 = 525_600;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(counts)).routes(routes!(desks)).routes(routes!(find))
}

/// How a list is ordered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// Open cases by what is due next: the queue.
    #[default]
    Due,
    /// All cases, newest first.
    Newest,
}

/// Which cases.
#[derive(Debug, Default, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// How ordered.
    #[serde(default)]
    #[param(inline)]
    order: Order,
    /// Only in this state.
    #[param(inline)]
    state: Option<Stand>,
    /// Only of this class.
    #[param(value_type = Option<String>)]
    class: Option<ClassId>,
    /// Only of this category.
    #[param(value_type = Option<String>)]
    category: Option<CategoryId>,
    /// Only from this channel.
    #[param(value_type = Option<String>)]
    channel: Option<ChannelId>,
    /// Only with this mark.
    #[param(inline)]
    mark: Option<Mark>,
    /// Only on this desk: what waits for one kind of decision or act. Goes before `mark`.
    #[param(inline)]
    desk: Option<Desk>,
    /// Only with a clock that runs out within so many minutes, or has run out.
    #[param(minimum = 0, maximum = 525600)]
    due_within_minutes: Option<u32>,
    /// Only with this lead unit.
    #[param(value_type = Option<String>)]
    lead: Option<UnitId>,
    /// Only in the reach of this unit, which must be in the reader's own.
    #[param(value_type = Option<String>)]
    unit: Option<UnitId>,
    /// Where the page before ended.
    #[param(max_length = 200)]
    cursor: Option<String>,
    /// How many, at most 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

impl ListQuery {
    /// What the store is asked, but for [`Self::due_before`]: the time is only known when it is asked.
    ///
    /// # Errors
    /// When a unit is out of the reader's reach, or a value out of its bounds.
    pub(super) fn wanted(&self, staff: &Staff) -> Answer<case_list::CaseQuery> {
        let limit = within("limit", self.limit, 50, 1..=PAGE_MAX)?;
        within("due_within_minutes", self.due_within_minutes, 0, 0..=DUE_WITHIN_MAX)?;
        let mark = self.desk.map(Desk::as_str).or(self.mark.map(Mark::as_str));
        Ok(case_list::CaseQuery {
            units: Some(units(staff, self.unit.as_ref())?),
            sort: if self.order == Order::Due { case_list::Sort::Due } else { case_list::Sort::Newest },
            states: self.state.iter().map(|state| state.as_str().to_owned()).collect(),
            classes: self.class.iter().map(ToString::to_string).collect(),
            categories: self.category.iter().map(ToString::to_string).collect(),
            channels: self.channel.iter().map(ToString::to_string).collect(),
            mark: mark.map(str::to_owned),
            lead_unit: self.lead.as_ref().map(ToString::to_string),
            cursor: self.cursor.as_deref().map(str::parse).transpose().map_err(|_| Problem::cursor())?,
            limit: i64::from(limit),
            ..case_list::CaseQuery::default()
        })
    }

    /// Before when the next clock must run out; none where all are wanted.
    pub(super) fn due_before(&self, now: Timestamp) -> Option<Timestamp> {
        self.due_within_minutes.and_then(|minutes| now.checked_add(i64::from(minutes).minutes()).ok())
    }

    /// Whether only open cases are listed.
    pub(super) fn only_open(&self) -> bool {
        self.order == Order::Due
    }
}

/// One line of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Line {
    id: CaseId,
    number: String,
    version: u64,
    title: String,
    origin: Origin,
    channel: ChannelId,
    state: Stand,
    class: Option<ClassId>,
    category: Option<CategoryId>,
    marks: Vec<Mark>,
    lead: Option<UnitId>,
    grid: Option<UnitId>,
    address: String,
    /// Longitude, degrees, WGS84.
    lon: Option<f64>,
    /// Latitude, degrees, WGS84.
    lat: Option<f64>,
    #[schema(value_type = String, format = DateTime)]
    registered_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    next_due: Option<Timestamp>,
    /// Clocks that run, or ran out and still wait.
    clocks: Vec<Clock>,
}

impl From<Case> for Line {
    fn from(case: Case) -> Self {
        Self {
            next_due: case.next_due(),
            id: case.id,
            number: case.number,
            version: case.version,
            title: case.title,
            origin: case.origin,
            channel: case.channel,
            state: case.state,
            class: case.class,
            category: case.category,
            marks: case.marks.into_iter().collect(),
            lead: case.lead,
            grid: case.place.grid,
            address: case.place.address,
            lon: case.place.lon,
            lat: case.place.lat,
            registered_at: case.registered_at,
            clocks: case.clocks.into_iter().filter(|clock| clock.is_running() || clock.is_overdue()).collect(),
        }
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
struct Page {
    /// Cases.
    cases: Vec<Line>,
    /// Send as `cursor` for the next page; none at the end.
    next: Option<String>,
    /// The server's time: clocks are read against it.
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
}

/// List cases that the reader may see.
#[utoipa::path(
    get, path = "/cases", tag = "cases", params(ListQuery),
    responses((status = 200, body = Page), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn list(State(app): State<App>, staff: Staff, Query(query): Query<ListQuery>) -> Answer<Json<Page>> {
    let wanted = query.wanted(&staff)?;
    let (found, now) = app
        .store
        .read(move |tx| {
            let now = tx.now();
            let due_before = query.due_before(now);
            let page = case_list::list(tx, &case_list::CaseQuery { due_before, ..wanted.clone() })?;
            Ok::<_, StoreError>((page, now))
        })
        .await?;
    let next = found.next.map(|cursor| cursor.to_string());
    let cases = found.cases.iter().map(|row| Ok(rows::case(row)?.into())).collect::<Answer<_>>()?;
    Ok(Json(Page { cases, next, now }))
}

/// The units to list: all that the reader reaches, or one of them or below.
fn units(staff: &Staff, only: Option<&UnitId>) -> Answer<Vec<String>> {
    let Some(only) = only else { return Ok(staff.units()) };
    if staff.reaches(only) { Ok(vec![only.to_string()]) } else { Err(Problem::not_found()) }
}

/// How many open cases stand where.
#[derive(Debug, Serialize, ToSchema)]
struct Count {
    /// State.
    state: String,
    /// Open cases in it.
    open: i64,
    /// Of these, with a clock past due.
    overdue: i64,
}

/// How many open cases there are in each state.
#[utoipa::path(
    get, path = "/cases/counts", tag = "cases",
    responses((status = 200, body = Vec<Count>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn counts(State(app): State<App>, staff: Staff) -> Answer<Json<Vec<Count>>> {
    let units = staff.units();
    let counts = app.store.read(move |tx| case_list::counts(tx, Some(&units))).await?;
    let view = |count: case_list::StateCount| Count { state: count.state, open: count.open, overdue: count.overdue };
    Ok(Json(counts.into_iter().map(view).collect()))
}

/// How many open cases lie on each desk.
#[derive(Debug, Serialize, ToSchema)]
struct DeskCount {
    /// Which desk.
    desk: Desk,
    /// Open cases on it.
    open: i64,
}

/// How many open cases lie on each desk: returns, extensions, whistles, appeals, lead officials, follow-ups.
#[utoipa::path(
    get, path = "/desks", tag = "cases",
    responses((status = 200, body = Vec<DeskCount>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn desks(State(app): State<App>, staff: Staff) -> Answer<Json<Vec<DeskCount>>> {
    let units = staff.units();
    let marks = app.store.read(move |tx| figures::open_by_marks(tx, &units)).await?;
    let on = |desk: Desk| marks.iter().filter(move |(marks, _)| marks.split(' ').any(|mark| mark == desk.as_str()));
    let count = |desk| DeskCount { desk, open: on(desk).map(|(_, open)| open).sum() };
    Ok(Json(Desk::ALL.into_iter().map(count).collect()))
}

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct FindQuery {
    /// Words, in any language.
    #[param(min_length = 1, max_length = 200)]
    q: String,
    /// How many, at most 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Search cases by their words, newest first.
#[utoipa::path(
    get, path = "/cases/search", tag = "cases", params(FindQuery),
    responses((status = 200, body = Vec<Line>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn find(State(app): State<App>, staff: Staff, Query(query): Query<FindQuery>) -> Answer<Json<Vec<Line>>> {
    if query.q.chars().count() > 200 {
        return Err(Problem::field("q", "at most 200 characters", "最多 200 个字"));
    }
    let words = jiban_text::query_words(&query.q).join(" ");
    if words.is_empty() {
        return Err(Problem::field("q", "at least one word", "请输入要查找的词"));
    }
    let units = staff.units();
    let limit = i64::from(within("limit", query.limit, 50, 1..=PAGE_MAX)?);
    let found = app
        .store
        .read(move |tx| {
            let ids = search::find(tx, &words, Some(&units), None, limit)?;
            cases::load_many(tx, &ids)
        })
        .await?;
    Ok(Json(found.iter().map(|row| Ok(rows::case(row)?.into())).collect::<Answer<_>>()?))
}
