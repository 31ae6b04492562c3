//! Assessment over HTTP 抓考核: rates and numbers by unit, person, class, category, channel and place; what is odd about them;
//! and the cases behind each number.
//!
//! A unit sees its own and what is below it. People are told apart for those only who judge handling.

use std::sync::Arc;

use axum::{Json, extract::State, response::Response};
use jiban_domain::{
    figures::{Count, Measure, Sums, equal_grades},
    ids::{CaseId, CategoryId, ChannelId, ClassId, UnitId},
    permission,
    policy::{Guards, Name},
};
use jiban_store::{
    StoreError, cases,
    tally::{self, By, FactQuery},
};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    ahead::counted::{self, Figure, Topic},
    app::App,
    assess::{
        numbers, paper,
        period::Period,
        report::{self, Line},
    },
    desk::{
        rows,
        tally::{date, day},
    },
    http::{
        auth::{Assessor, Staff},
        body::{Query, Tongue, within},
        problem::{Answer, Problem},
    },
    infra::press::{DocumentFile, Form},
};

/// Most cases in one answer.
const PAGE_MAX: u32 = 200;
/// Most values that a number is gathered from.
const VALUES_MAX: usize = 200;

/// Longest period of what was undertaken, days: it is counted from works, not from sums.
const AHEAD_DAYS_MAX: i32 = 366;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(table))
        .routes(routes!(file))
        .routes(routes!(behind))
        .routes(routes!(odd))
        .routes(routes!(undertaken))
}

/// By what numbers are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Apart {
    /// Not at all.
    All,
    /// The unit that led.
    Unit,
    /// The handler.
    Person,
    /// The class.
    Class,
    /// The category.
    Category,
    /// The way in.
    Channel,
    /// The place.
    Area,
}

impl From<Apart> for By {
    fn from(apart: Apart) -> Self {
        match apart {
            Apart::All => Self::All,
            Apart::Unit => Self::Unit,
            Apart::Person => Self::Person,
            Apart::Class => Self::Class,
            Apart::Category => Self::Category,
            Apart::Channel => Self::Channel,
            Apart::Area => Self::Area,
        }
    }
}

/// People are told apart for those only who judge handling.
fn may_tell_apart(staff: &Staff, by: Apart) -> Answer<()> {
    if by != Apart::Person || Assessor::is(staff) { Ok(()) } else { Err(Problem::forbidden()) }
}

/// Which numbers.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// First day; the first of this month where none is given.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<Date>,
    /// Last day; today where none is given.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<Date>,
    /// Of which unit, with all below it; the reader's own where none is given.
    #[param(value_type = Option<String>)]
    unit: Option<UnitId>,
    /// Told apart by what.
    #[param(inline)]
    by: Option<Apart>,
    /// Form of the file; not looked at where none is asked for.
    #[param(inline)]
    form: Option<Form>,
    /// Language of the file.
    #[serde(default)]
    #[param(inline)]
    language: Tongue,
}

async fn period(app: &App, staff: &Staff, from: Option<Date>, to: Option<Date>) -> Answer<Period> {
    let today = app.now().await?.to_zoned(staff.snapshot.calendar.zone().clone()).date();
    let last = to.unwrap_or(today);
    Period::new(from.unwrap_or_else(|| last.first_of_month()), last)
}

/// Numbers, line by line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Assessment)]
struct Table {
    /// Of which unit.
    unit: UnitId,
    /// Over which days.
    period: Period,
    /// The rates of the lines, in their order.
    rates: Vec<RateName>,
    /// All together.
    all: Line,
    /// Line by line.
    lines: Vec<Line>,
    /// Whether changed cases still wait to be counted.
    behind: bool,
}

/// A rate of the policy.
#[derive(Debug, Serialize, ToSchema)]
struct RateName {
    /// Code.
    id: String,
    /// Its name.
    name: Name,
    /// What stands above the line.
    part: Count,
    /// What stands below it.
    whole: Count,
    /// Reasons whose cases are left out and counted apart.
    exclude: Vec<String>,
}

/// Numbers of a unit over a period, told apart.
#[utoipa::path(
    get, path = "/assessment", tag = "assessment", params(Which),
    responses((status = 200, body = Table), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn table(State(app): State<App>, staff: Staff, Query(which): Query<Which>) -> Answer<Json<Table>> {
    let by = which.by.unwrap_or(Apart::Unit);
    may_tell_apart(&staff, by)?;
    let period = period(&app, &staff, which.from, which.to).await?;
    let unit = staff.unit(which.unit)?;
    let (all, lines) = report::table(&app, &staff.snapshot, unit.clone(), by.into(), period).await?;
    let rates = staff.snapshot.policy.rates.iter().map(|rate| RateName {
        id: rate.id.clone(),
        name: rate.name.clone(),
        part: rate.numerator,
        whole: rate.denominator,
        exclude: rate.exclude.clone(),
    });
    let behind = app.store.read(tally::is_behind).await?;
    Ok(Json(Table { unit, period, rates: rates.collect(), all, lines, behind }))
}

/// The same as a file 考核台账: what the table shows, line by line.
#[utoipa::path(
    get, path = "/assessment/file", tag = "assessment", params(Which),
    responses(
        DocumentFile,
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    ),
    security(("session" = []))
)]
async fn file(State(app): State<App>, staff: Staff, Query(which): Query<Which>) -> Answer<Response> {
    let form = which.form.ok_or_else(Form::missing)?;
    let language = which.language.into();
    let Json(table) = self::table(State(app.clone()), staff.clone(), Query(which)).await?;
    let document = paper::table(&staff.snapshot.policy, &table.all, &table.lines, table.period, language);
    app.press.file(document, form, &format!("assessment-{}-{}", table.period.first, table.period.last)).await
}

/// Which number.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Number {
    /// First day.
    #[param(value_type = String, format = Date)]
    from: Date,
    /// Last day.
    #[param(value_type = String, format = Date)]
    to: Date,
    /// Of which unit, with all below it; the reader's own where none is given.
    #[param(value_type = Option<String>)]
    unit: Option<UnitId>,
    /// What is counted: a count, `grade:N`, or `breach:RULE`.
    #[param(max_length = 80)]
    measure: String,
    /// Told apart by what.
    #[param(inline)]
    by: Option<Apart>,
    /// The codes of the line, with commas between them; nothing for cases without one.
    #[param(max_length = 8000)]
    values: Option<String>,
    /// Where the page before ended.
    #[param(max_length = 80)]
    cursor: Option<String>,
    /// How many, at most 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A case behind a number.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CaseBehind)]
struct Behind {
    id: CaseId,
    number: String,
    /// Masked.
    title: String,
    class: Option<ClassId>,
    category: Option<CategoryId>,
    lead: Option<UnitId>,
    state: String,
    #[schema(value_type = String, format = DateTime)]
    registered_at: Timestamp,
    /// The day on which it counts.
    #[schema(value_type = String, format = Date)]
    day: Date,
}

/// Cases behind a number, a page.
#[derive(Debug, Serialize, ToSchema)]
struct CasesBehind {
    cases: Vec<Behind>,
    /// Send as `cursor` for the next page; none at the end.
    next: Option<String>,
}

/// The cases behind a number, by the day on which they count. Cases that the reader may not open are left out.
#[utoipa::path(
    get, path = "/assessment/cases", tag = "assessment", params(Number),
    responses((status = 200, body = CasesBehind), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn behind(State(app): State<App>, staff: Staff, Query(number): Query<Number>) -> Answer<Json<CasesBehind>> {
    let by = number.by.unwrap_or(Apart::All);
    may_tell_apart(&staff, by)?;
    let period = Period::new(number.from, number.to)?;
    let needs = ("a measure, such as 'registered', 'grade:5' or 'breach:finish'", "应为统计项代码");
    let measure: Measure = number.measure.parse().map_err(|_| Problem::field("measure", needs.0, needs.1))?;
    let values: Vec<String> = number.values.iter().flat_map(|text| text.split(',')).map(str::to_owned).collect();
    if values.len() > VALUES_MAX {
        return Err(Problem::field("values", format!("at most {VALUES_MAX}"), format!("最多 {VALUES_MAX} 个")));
    }
    let query = FactQuery {
        unit: staff.unit(number.unit)?.to_string(),
        first: day(period.first),
        last: day(period.last),
        measure: measure.to_string(),
        by: by.into(),
        values: if by == Apart::All { Vec::new() } else { values },
        after: number.cursor.as_deref().map(cursor).transpose()?,
        limit: within("limit", number.limit, 50, 1..=PAGE_MAX)? as usize,
    };
    let (found, next) = app
        .store
        .read(move |tx| {
            let (found, next) = tally::cases_of(tx, &query)?;
            let ids: Vec<Uuid> = found.iter().map(|(_, id)| *id).collect();
            let rows = cases::load_many(tx, &ids)?;
            // A case counts on several days: it is told with each of them.
            let told = found.into_iter().filter_map(|(day, id)| {
                let row = rows.iter().find(|row| row.case_id == id)?;
                Some((day, row.clone()))
            });
            Ok::<_, StoreError>((told.collect::<Vec<_>>(), next))
        })
        .await?;
    let mut cases = Vec::with_capacity(found.len());
    for (day, row) in found {
        let case = rows::case(&row)?;
        if permission::sees(&staff.snapshot.organisation, &staff.actor, &case) {
            cases.push(Behind {
                id: case.id,
                number: case.number,
                title: case.title,
                class: case.class,
                category: case.category,
                lead: case.lead,
                state: row.state,
                registered_at: case.registered_at,
                day: date(day)?,
            });
        }
    }
    Ok(Json(CasesBehind { cases, next: next.map(|(day, id)| format!("{day}.{id}")) }))
}

fn cursor(text: &str) -> Answer<(tally::Day, Uuid)> {
    let parts = text.split_once('.').and_then(|(day, id)| Some((day.parse().ok()?, id.parse().ok()?)));
    parts.ok_or_else(Problem::cursor)
}

/// What was undertaken before it was asked, in numbers.
#[derive(Debug, Serialize, ToSchema)]
struct Undertaken {
    /// Over which days.
    period: Period,
    /// The figures that have something to tell, in their order.
    figures: Vec<FigureTold>,
    /// Whether there was more than is counted.
    more: bool,
}

/// A figure of what was undertaken.
#[derive(Debug, Serialize, ToSchema)]
struct FigureTold {
    what: Figure,
    /// What it belongs to.
    topic: Topic,
    /// Its name.
    name: Name,
    /// In the period; none where there is nothing to take a middle of.
    now: Option<i64>,
    /// In the period before.
    before: Option<i64>,
    /// As a part of its whole, 0 to 1; none where it is none, or the whole is nothing.
    share: Option<f64>,
    /// The cases behind it; none where it is no number of cases.
    cases: Option<CasesOf>,
}

/// What to ask for to see the cases behind a figure.
#[derive(Debug, Serialize, ToSchema)]
struct CasesOf {
    /// What is counted.
    measure: Count,
    /// The channel, where only its cases count.
    #[schema(value_type = Option<String>)]
    channel: Option<ChannelId>,
}

/// What a unit undertook before it was asked, over a period and the one before it 未诉先办.
#[utoipa::path(
    get, path = "/assessment/ahead", tag = "assessment", params(Which),
    responses((status = 200, body = Undertaken), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn undertaken(State(app): State<App>, staff: Staff, Query(which): Query<Which>) -> Answer<Json<Undertaken>> {
    let period = period(&app, &staff, which.from, which.to).await?;
    if period.days() > AHEAD_DAYS_MAX {
        let (en, zh) = (format!("at most {AHEAD_DAYS_MAX} days"), format!("最长 {AHEAD_DAYS_MAX} 天"));
        return Err(Problem::field("to", en, zh));
    }
    let unit = staff.unit(which.unit)?;
    let snapshot = Arc::clone(&staff.snapshot);
    let counted = app.store.read(move |tx| counted::count(tx, &snapshot, &unit, period)).await?;
    let channel = |what| {
        let rules = staff.snapshot.policy.partners.as_ref().filter(|_| what == Figure::PartnerReports);
        rules.map(|rules| rules.channel.clone())
    };
    let figure = |line: &counted::Line| FigureTold {
        what: line.what,
        topic: line.what.topic(),
        name: line.what.name(),
        now: line.now,
        before: line.before,
        share: counted.share(line.what),
        cases: line.what.count().map(|measure| CasesOf { measure, channel: channel(line.what) }),
    };
    let figures = counted.lines.iter().map(figure).collect();
    Ok(Json(Undertaken { period, figures, more: counted.more }))
}

/// What is odd about a unit's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Oddity {
    /// Finished, and taken up again 办结后重办.
    Reopened,
    /// Finished without the photo that was due 缺照片.
    PhotoMissing,
    /// Logged as reached by somebody who had not seen the number 未见通话依据.
    UnprovenContacts,
    /// Nothing but equal grades 评价雷同.
    EqualGrades,
}

/// An odd number, for a person to look at. It proves nothing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OddNumber)]
struct Odd {
    what: Oddity,
    /// Whose.
    unit: UnitId,
    /// Its name.
    name: Name,
    /// How many.
    number: i64,
    /// Of how many; of grades, how many there are.
    of: i64,
    /// How likely chance alone gives that, for equal grades.
    chance: Option<f64>,
    /// The measure behind it, for opening its cases.
    measure: String,
}

/// What is odd about the numbers of a period: shown, not hidden, and no verdict.
#[utoipa::path(
    get, path = "/assessment/odd", tag = "assessment", params(Which),
    responses((status = 200, body = Vec<Odd>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn odd(State(app): State<App>, Assessor(staff): Assessor, Query(which): Query<Which>) -> Answer<Json<Vec<Odd>>> {
    let period = period(&app, &staff, which.from, which.to).await?;
    let unit = staff.unit(which.unit)?;
    let (all, units) = app
        .store
        .read(move |tx| {
            let all = numbers::whole(tx, &unit, period)?;
            Ok::<_, StoreError>((all, numbers::apart(tx, &unit, By::Unit, period)?))
        })
        .await?;
    let mut found = Vec::new();
    for (id, sums) in &units {
        let Ok(id) = UnitId::new(id.as_str()) else { continue };
        let Some(unit) = staff.snapshot.organisation.unit(&id) else { continue };
        found.extend(oddities(staff.snapshot.policy.guards, sums, &all).into_iter().map(
            |(what, number, of, chance, measure)| Odd {
                what,
                unit: id.clone(),
                name: unit.name.clone(),
                number,
                of,
                chance,
                measure: measure.to_string(),
            },
        ));
    }
    Ok(Json(found))
}

fn oddities(guards: Guards, own: &Sums, all: &Sums) -> Vec<(Oddity, i64, i64, Option<f64>, Measure)> {
    let counted = |what, part, whole| {
        let number = own.counted.of(part);
        (number > 0).then(|| (what, number, own.counted.of(whole), None, Measure::Of(part)))
    };
    let equal = guards.equal_grades.and_then(|rule| {
        let (grade, number, chance) = equal_grades(&own.counted, &all.counted)?;
        let is_odd = number >= i64::from(rule.at_least) && chance < rule.chance_below;
        is_odd.then_some((Oddity::EqualGrades, number, number, Some(chance), Measure::Grade(grade)))
    });
    let found = [
        counted(Oddity::Reopened, Count::Reopened, Count::Registered),
        counted(Oddity::PhotoMissing, Count::PhotoMissing, Count::Finished),
        counted(Oddity::UnprovenContacts, Count::UnprovenContacts, Count::ContactDue),
        equal,
    ];
    found.into_iter().flatten().collect()
}
