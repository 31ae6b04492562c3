//! A report 快报、周报、月报、成效: every number that a bulletin tells of a unit and a period, with names as they were, so that
//! an archived one says for ever what it said. It is made of sums; only hot issues look at cases, a bounded number.

use std::{collections::BTreeMap, sync::Arc};

use jiban_domain::{
    figures::{Beside, Count, Share, Sums},
    ids::UnitId,
    organisation::UnitKind,
    policy::{BulletinKind, Name},
};
use jiban_store::{
    ReadTx, StoreError, case_list,
    tally::{self, By},
};
use jiff::{Timestamp, ToSpan, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{hot, numbers, period::Period};
use crate::{
    ahead::counted::{self, Counted},
    app::App,
    desk::tally::{date, day},
    http::problem::{Answer, Problem},
    infra::world::Snapshot,
};

/// Cases among which hot issues are looked for: the newest of the period.
const HOT_CASES_MAX: usize = 1_500;
/// Lines of a table at most; what is beyond is one line 'others'.
const LINES_MAX: usize = 40;

/// A report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = FigureReport)]
pub struct Report {
    /// Which kind.
    pub kind: BulletinKind,
    /// About which unit.
    #[schema(value_type = String)]
    pub unit: UnitId,
    /// Its name.
    pub unit_name: Name,
    /// Over which days.
    pub period: Period,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
    /// The first day of which anything is known of the unit.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub known_since: Option<Date>,
    /// What came in and what became of it, against before.
    pub changes: Vec<Change>,
    /// The most requests that came in on one day.
    pub busiest: Option<Busiest>,
    /// Rates as the policy defines them.
    pub rates: Vec<RateLine>,
    /// Days without a bad grade that stands.
    pub without_bad_grade: Streak,
    /// Days without a breach.
    pub without_breach: Streak,
    /// Cases counted apart, by the reason.
    pub apart: Vec<Apart>,
    /// By the unit that led.
    pub units: Vec<Line>,
    /// By class.
    pub classes: Vec<Line>,
    /// By the top of the category tree.
    pub categories: Vec<Line>,
    /// By channel.
    pub channels: Vec<Line>,
    /// By community of the place.
    pub areas: Vec<Line>,
    /// Day by day, or month by month where the period is long.
    pub course: Vec<Step>,
    /// Hot issues, the hottest first.
    pub hot: Vec<HotIssue>,
    /// What was undertaken before it was asked 未诉先办.
    #[serde(default)]
    pub ahead: Counted,
    /// What is open now; none where the period ended before the day of making.
    pub open: Option<Open>,
    /// Proposals 意见建议: the office's own words.
    #[serde(default)]
    pub proposals: String,
}

/// A number against before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = FigureChange)]
pub struct Change {
    /// What is counted.
    pub count: Count,
    /// In the period.
    pub now: i64,
    /// In the period before.
    pub before: i64,
    /// In the same days a year ago.
    pub last_year: i64,
}

/// The day with the most requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Busiest {
    /// Which.
    #[schema(value_type = String, format = Date)]
    pub day: Date,
    /// How many.
    pub requests: i64,
}

/// A rate against before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RateLine {
    /// Code.
    pub id: String,
    /// Its name.
    pub name: Name,
    /// In the period.
    pub now: Share,
    /// Where the true share lies with 95 %.
    pub interval: Option<(f64, f64)>,
    /// In the period before.
    pub before: Share,
    /// In the same days a year ago.
    pub last_year: Share,
}

/// How long something has not happened, up to the last day of the period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Streak {
    /// Whole days without it.
    pub days: i32,
    /// The day on which it last happened; none where it never did, as far as is known.
    #[schema(value_type = Option<String>, format = Date)]
    pub last: Option<Date>,
}

/// Cases counted apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = CountedApart)]
pub struct Apart {
    /// Reason code.
    pub reason: String,
    /// Its name.
    pub name: Name,
    /// How many.
    pub cases: i64,
}

/// A line of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = FigureLine)]
pub struct Line {
    /// Codes of what it is about; none for cases without one.
    pub ids: Vec<String>,
    /// Its name.
    pub name: Name,
    /// Registered.
    pub registered: i64,
    /// Finished.
    pub finished: i64,
    /// Clocks breached.
    pub breached: i64,
    /// Bad grades that stand.
    pub bad: i64,
    /// Rates, in the order of the report's, each beside that of all.
    pub rates: Vec<LineRate>,
}

/// A rate of a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LineRate {
    /// How many of how many.
    pub share: Share,
    /// How it stands beside that of all, as far as its numbers can tell.
    pub beside: Beside,
}

/// A day or month of the course.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = CourseStep)]
pub struct Step {
    /// First day of it.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// Registered.
    pub registered: i64,
    /// Finished.
    pub finished: i64,
    /// Registered in the same step a year ago, for months.
    pub last_year: Option<i64>,
}

/// A hot issue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HotIssue {
    /// Phrases that name it.
    pub name: Vec<String>,
    /// Title of the case most like all others.
    pub typical: String,
    /// Its number.
    pub number: String,
    /// How many cases.
    pub cases: u64,
    /// How many people.
    pub people: u64,
}

/// What is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = OpenNow)]
pub struct Open {
    /// Open cases.
    pub cases: i64,
    /// Of these, with a clock past due.
    pub overdue: i64,
}

/// What a report compares.
const CHANGES: [Count; 22] = [
    Count::Registered,
    Count::Requests,
    Count::Findings,
    Count::FindingsFinished,
    Count::Finished,
    Count::Closed,
    Count::Repeats,
    Count::StateRated,
    Count::Content,
    Count::ContentAfterAppeal,
    Count::RatedBad,
    Count::BadStanding,
    Count::ClocksBreached,
    Count::Returns,
    Count::Reopened,
    Count::Whistles,
    Count::WhistleCalls,
    Count::ReportIns,
    Count::WhistlesSettled,
    Count::WhistlesSolved,
    Count::FollowedUp,
    Count::Unreachable,
];

/// From this many days on, a report tells its course by months.
const MONTHS_FROM: i32 = 92;

/// Makes a report from what is counted. Whoever wants the newest numbers counts first.
///
/// # Errors
/// An unknown unit; the store's.
pub async fn make(app: &App, kind: BulletinKind, unit: &UnitId, period: Period) -> Answer<Report> {
    let snapshot = app.snapshot();
    let known = snapshot.organisation.unit(unit).ok_or_else(|| no_unit(unit))?;
    let unit_name = known.name.clone();
    let (world, asked) = (Arc::clone(&snapshot), unit.clone());
    let (mut report, hours) = app
        .store
        .read(move |tx| {
            let maker = Maker { snapshot: &world, unit: &asked, period };
            let report = maker.report(tx, kind, unit_name.clone())?;
            let zone = world.calendar.zone();
            let start = |date: Date| date.to_zoned(zone.clone()).map(|day| day.timestamp()).unwrap_or(Timestamp::MAX);
            let end = period.last.tomorrow().map_or(Timestamp::MAX, start);
            Ok::<_, StoreError>((report, (start(period.first), end)))
        })
        .await?;
    let issues = snapshot.policy.bulletins.hot_issues as usize;
    if issues > 0 {
        let found = hot::hot(app, &snapshot, vec![unit.to_string()], hours, HOT_CASES_MAX).await?;
        let told = found.issues.into_iter().take(issues).map(|issue| HotIssue {
            typical: found.rows[issue.typical].title.clone(),
            number: found.rows[issue.typical].number.clone(),
            cases: issue.members.len() as u64,
            people: issue.people as u64,
            name: issue.name,
        });
        report.hot = told.collect();
    }
    Ok(report)
}

/// A unit's numbers over a period, told apart: what they are all together, and line by line.
///
/// # Errors
/// The store's.
pub async fn table(
    app: &App,
    snapshot: &Arc<Snapshot>,
    unit: UnitId,
    by: By,
    period: Period,
) -> Answer<(Line, Vec<Line>)> {
    let world = Arc::clone(snapshot);
    let made = app.store.read(move |tx| {
        let maker = Maker { snapshot: &world, unit: &unit, period };
        let all = numbers::whole(tx, &unit, period)?;
        let whole = maker.line(&all, Vec::new(), both("合计", "All"), &all);
        let lines = match by {
            By::All => Vec::new(),
            By::Unit => maker.lines(tx, &all, by, &str::to_owned, &|id| maker.unit_name(id))?,
            By::Person => maker.lines(tx, &all, by, &str::to_owned, &|id| maker.person_name(id))?,
            By::Class => maker.lines(tx, &all, by, &str::to_owned, &|id| maker.class_name(id))?,
            By::Category => maker.lines(tx, &all, by, &|id| maker.top_category(id), &|id| maker.category_name(id))?,
            By::Channel => maker.lines(tx, &all, by, &str::to_owned, &|id| maker.channel_name(id))?,
            By::Area => maker.lines(tx, &all, by, &|id| maker.community(id), &|id| maker.unit_name(id))?,
        };
        Ok::<_, StoreError>((whole, lines))
    });
    Ok(made.await?)
}

fn no_unit(unit: &UnitId) -> Problem {
    Problem::field("unit", format!("there is no unit '{unit}'"), format!("没有单位「{unit}」"))
}

struct Maker<'a> {
    snapshot: &'a Snapshot,
    unit: &'a UnitId,
    period: Period,
}

/// How a value is named and what it is gathered under.
type Naming<'n> = dyn Fn(&str) -> Name + 'n;

impl Maker<'_> {
    fn report(&self, tx: &mut ReadTx<'_>, kind: BulletinKind, unit_name: Name) -> Result<Report, StoreError> {
        let calendar = |why: jiff::Error| StoreError::other(why.to_string());
        let (period, unit) = (self.period, self.unit);
        let before = numbers::whole(tx, unit, period.previous().map_err(calendar)?)?;
        let last_year = numbers::whole(tx, unit, period.last_year().map_err(calendar)?)?;
        let now = numbers::whole(tx, unit, period)?;
        let change =
            |count| Change { count, now: now.all(count), before: before.all(count), last_year: last_year.all(count) };
        let rate = |rate: &jiban_domain::policy::Rate| {
            let share = now.rate(rate);
            RateLine {
                id: rate.id.clone(),
                name: rate.name.clone(),
                now: share,
                interval: share.interval(),
                before: before.rate(rate),
                last_year: last_year.rate(rate),
            }
        };
        let days = numbers::by_day(tx, unit, period)?;
        let busiest = days.iter().map(|(day, sums)| Busiest { day: *day, requests: sums.all(Count::Requests) });
        let today = tx.now().to_zoned(self.snapshot.calendar.zone().clone()).date();
        Ok(Report {
            kind,
            unit: unit.clone(),
            unit_name,
            period,
            made_at: tx.now(),
            known_since: tally::first_day(tx, unit.as_str())?.map(date).transpose()?,
            changes: CHANGES.into_iter().map(change).collect(),
            busiest: busiest.max_by_key(|day| (day.requests, std::cmp::Reverse(day.day))),
            rates: self.snapshot.policy.rates.iter().map(rate).collect(),
            without_bad_grade: self.streak(tx, Count::BadStanding)?,
            without_breach: self.streak(tx, Count::ClocksBreached)?,
            apart: self.apart(&now),
            units: self.lines(tx, &now, By::Unit, &str::to_owned, &|id| self.unit_name(id))?,
            classes: self.lines(tx, &now, By::Class, &str::to_owned, &|id| self.class_name(id))?,
            categories: self
                .lines(tx, &now, By::Category, &|id| self.top_category(id), &|id| self.category_name(id))?,
            channels: self.lines(tx, &now, By::Channel, &str::to_owned, &|id| self.channel_name(id))?,
            areas: self.lines(tx, &now, By::Area, &|id| self.community(id), &|id| self.unit_name(id))?,
            course: self.course(tx, &days)?,
            hot: Vec::new(),
            ahead: counted::count(tx, self.snapshot, unit, period)?,
            open: if period.last >= today.yesterday().map_err(calendar)? { Some(self.open(tx)?) } else { None },
            proposals: String::new(),
        })
    }

    fn open(&self, tx: &mut ReadTx<'_>) -> Result<Open, StoreError> {
        let counts = case_list::counts(tx, Some(&[self.unit.to_string()]))?;
        let sum = |number: fn(&case_list::StateCount) -> i64| counts.iter().map(number).sum();
        Ok(Open { cases: sum(|count| count.open), overdue: sum(|count| count.overdue) })
    }

    /// A bad grade or a breach of a case that is counted apart ends no streak.
    fn streak(&self, tx: &mut ReadTx<'_>, count: Count) -> Result<Streak, StoreError> {
        let (unit, until) = (self.unit.as_str(), day(self.period.last));
        let last = tally::newest_day(tx, unit, count.as_str(), until)?.map(date).transpose()?;
        let since = match last {
            Some(last) => Some(last),
            None => tally::first_day(tx, unit)?.map(date).transpose()?.and_then(|first| first.yesterday().ok()),
        };
        let days = since.and_then(|since| since.until(self.period.last).ok()).map_or(0, |span| span.get_days());
        Ok(Streak { days: days.max(0), last })
    }

    fn apart(&self, now: &Sums) -> Vec<Apart> {
        let cases = now.apart.iter().map(|(reason, counts)| (reason, counts.of(Count::Registered)));
        let told = cases.filter(|(_, cases)| *cases > 0).map(|(reason, cases)| Apart {
            reason: reason.clone(),
            name: self.reason_name(reason),
            cases,
        });
        told.collect()
    }

    /// A table: the lines with the most cases first, what is beyond the bound gathered in the last.
    fn lines(
        &self,
        tx: &mut ReadTx<'_>,
        all: &Sums,
        by: By,
        under: &dyn Fn(&str) -> String,
        name: &Naming<'_>,
    ) -> Result<Vec<Line>, StoreError> {
        // By what they are gathered under: leaves under their branch, grids under their community.
        let mut gathered: BTreeMap<String, (Vec<String>, Sums)> = BTreeMap::new();
        for (leaf, leaf_sums) in numbers::apart(tx, self.unit, by, self.period)? {
            let (ids, sums) = gathered.entry(under(&leaf)).or_default();
            sums.merge(&leaf_sums);
            ids.push(leaf);
        }
        let mut lines: Vec<(String, (Vec<String>, Sums))> = gathered.into_iter().collect();
        lines.sort_by_key(|(id, (_, sums))| (std::cmp::Reverse(sums.all(Count::Registered)), id.clone()));
        let rest = lines.split_off(lines.len().min(LINES_MAX));
        let mut told: Vec<Line> =
            lines.into_iter().map(|(id, (ids, sums))| self.line(all, ids, name(&id), &sums)).collect();
        if !rest.is_empty() {
            let (mut ids, mut sums) = (Vec::new(), Sums::default());
            for (_, (more_ids, more)) in rest {
                ids.extend(more_ids);
                sums.merge(&more);
            }
            told.push(self.line(all, ids, both("其他", "Others"), &sums));
        }
        Ok(told)
    }

    fn line(&self, all: &Sums, ids: Vec<String>, name: Name, sums: &Sums) -> Line {
        let rate = |rate| {
            let share = sums.rate(rate);
            LineRate { share, beside: share.beside(all.rate(rate)) }
        };
        Line {
            ids,
            name,
            registered: sums.all(Count::Registered),
            finished: sums.all(Count::Finished),
            breached: sums.counted.of(Count::ClocksBreached),
            bad: sums.counted.of(Count::BadStanding),
            rates: self.snapshot.policy.rates.iter().map(rate).collect(),
        }
    }

    fn course(&self, tx: &mut ReadTx<'_>, days: &BTreeMap<Date, Sums>) -> Result<Vec<Step>, StoreError> {
        let calendar = |why: jiff::Error| StoreError::other(why.to_string());
        let mut steps = Vec::new();
        if self.period.days() < MONTHS_FROM {
            let mut at = self.period.first;
            while at <= self.period.last {
                let sums = days.get(&at);
                let number = |count| sums.map_or(0, |sums| sums.all(count));
                let (registered, finished) = (number(Count::Registered), number(Count::Finished));
                steps.push(Step { from: at, registered, finished, last_year: None });
                at = at.tomorrow().map_err(calendar)?;
            }
            return Ok(steps);
        }
        let mut from = self.period.first;
        while from <= self.period.last {
            let part = Period { first: from, last: from.last_of_month().min(self.period.last) };
            let sums = numbers::whole(tx, self.unit, part)?;
            let then = numbers::whole(tx, self.unit, part.last_year().map_err(calendar)?)?;
            steps.push(Step {
                from,
                registered: sums.all(Count::Registered),
                finished: sums.all(Count::Finished),
                last_year: Some(then.all(Count::Registered)),
            });
            from = from.first_of_month().checked_add(1.month()).map_err(calendar)?;
        }
        Ok(steps)
    }

    fn unit_name(&self, id: &str) -> Name {
        if id.is_empty() {
            return both("未定位", "No place known");
        }
        let unit = UnitId::new(id).ok();
        let name = unit.and_then(|id| self.snapshot.organisation.unit(&id)).map(|unit| unit.name.clone());
        name.unwrap_or_else(|| both(id, id))
    }

    fn person_name(&self, id: &str) -> Name {
        let person = id.parse().ok().and_then(|id| self.snapshot.organisation.person(&id));
        person.map_or_else(|| unknown(id, "无经办人", "Nobody yet"), |person| both(&person.name, &person.name))
    }

    fn class_name(&self, id: &str) -> Name {
        let class = self.snapshot.policy.classes.iter().find(|class| class.id.as_str() == id);
        class.map_or_else(|| unknown(id, "未分类", "Not classed"), |class| class.name.clone())
    }

    fn category_name(&self, id: &str) -> Name {
        let category = self.snapshot.policy.categories.get(id);
        category.map_or_else(|| unknown(id, "未分类", "No category"), |category| category.name.clone())
    }

    fn channel_name(&self, id: &str) -> Name {
        let channel = self.snapshot.policy.channels.get(id);
        channel.map_or_else(|| both(id, id), |channel| channel.name.clone())
    }

    fn reason_name(&self, id: &str) -> Name {
        self.snapshot.policy.reason_to_leave_out(id).cloned().unwrap_or_else(|| both(id, id))
    }

    fn top_category(&self, id: &str) -> String {
        let policy = &self.snapshot.policy;
        let known = policy.categories.get_key_value(id).map(|(id, _)| id);
        known.and_then(|id| policy.lineage(id).last()).map_or_else(|| id.to_owned(), ToString::to_string)
    }

    /// Grids under their community, unless the report is about that community or a grid.
    fn community(&self, id: &str) -> String {
        let organisation = &self.snapshot.organisation;
        let is_local =
            organisation.unit(self.unit).is_some_and(|unit| matches!(unit.kind, UnitKind::Community | UnitKind::Grid));
        let grid = UnitId::new(id).ok().filter(|_| !is_local);
        let community = grid.and_then(|grid| organisation.community_of(&grid).cloned());
        community.map_or_else(|| id.to_owned(), |community| community.to_string())
    }
}

fn both(zh: &str, en: &str) -> Name {
    Name { zh: zh.to_owned(), en: en.to_owned() }
}

fn unknown(id: &str, zh: &str, en: &str) -> Name {
    if id.is_empty() { both(zh, en) } else { both(id, id) }
}

impl Report {
    /// A number of the period.
    pub fn now(&self, count: Count) -> i64 {
        self.change(count).map_or(0, |change| change.now)
    }

    /// A number against before.
    pub fn change(&self, count: Count) -> Option<&Change> {
        self.changes.iter().find(|change| change.count == count)
    }

    /// The day since which there are records, where it cuts the period, or one that it is compared with, in two.
    pub fn half_known_since(&self) -> Option<Date> {
        let since = self.known_since?;
        let compared = [Ok(self.period), self.period.previous(), self.period.last_year()];
        let is_cut = |period: &Period| period.first < since && since <= period.last;
        compared.iter().flatten().any(is_cut).then_some(since)
    }

    /// A rate, by its code.
    pub fn rate(&self, id: &str) -> Option<&RateLine> {
        self.rates.iter().find(|rate| rate.id == id)
    }
}

impl Change {
    /// By how much it changed against a number before, as a share of that; none where there was nothing.
    pub fn against(&self, before: i64) -> Option<f64> {
        (before > 0).then(|| (self.now - before) as f64 / before as f64)
    }
}
