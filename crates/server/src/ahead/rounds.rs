//! Rounds 扫楼扫街 as they are kept: plans, and how well they are kept to: which spots were seen as often as they should be,
//! which nobody visits, and what rounds find.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiban_domain::{
    figures::{Count, Sums},
    ids::{RoundPlanId, SpotId, UnitId},
    organisation::{Organisation, Role, Spot},
    permission,
    refusal::Refusal,
    round::{Plan, RoundPlan, RoundPlanState, Standing},
};
use jiban_store::{
    ReadTx, StoreError, WriteTx,
    spot_visits::{self, Seen},
    tally::By,
};
use jiff::{Timestamp, ToSpan, civil::Date};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    signals,
    works::{self, Done, Work},
};
use crate::{
    app::App,
    assess::{numbers, period::Period},
    desk::Stop,
    http::{
        auth::{Overseer, Staff},
        problem::{Answer, Problem},
    },
    infra::world::Snapshot,
};

/// How far back visits are looked at, days: a spot unseen for so long counts as never seen.
pub const LOOK_BACK_DAYS: i64 = 60;
/// Most plans that hold at once. A bound, far above what anybody walks.
const PLANS_MAX: i64 = 200;
/// Most spots in one answer, the ones that need a look most.
const SPOTS_MAX: usize = 2_000;
/// Findings are told for so many weeks.
const WEEKS: i32 = 26;

impl Work for RoundPlan {
    const KIND: &'static str = "round_plan";

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn unit(&self) -> &UnitId {
        &self.unit
    }

    fn state(&self) -> &'static str {
        self.state.as_str()
    }

    fn next_at(&self, _: &Snapshot) -> Option<Timestamp> {
        None
    }
}

/// Whether this person may plan rounds there: those who see the whole, and a community for its own grids.
fn plans(staff: &Staff, plan: &Plan) -> bool {
    Overseer::is(staff) || (staff.holds(Role::Community) && plan.areas.iter().all(|area| staff.reaches(area)))
}

/// Whether a plan is this person's business: rounds in an area that they reach, or that their own lies in.
fn sees(staff: &Staff, plan: &RoundPlan) -> bool {
    let organisation = &staff.snapshot.organisation;
    let touches =
        |area: &UnitId| staff.reaches(area) || staff.reach.iter().any(|own| organisation.is_within(own, area));
    Overseer::is(staff) || plan.plan.areas.iter().any(touches)
}

/// Makes a plan; of a signal where one is given, which is then decided.
///
/// # Errors
/// Forbidden, a refusal that names the field, too many plans already; the signal is not there or was decided already.
pub async fn make(app: &App, staff: &Staff, plan: Plan, signal: Option<Uuid>) -> Answer<RoundPlan> {
    if !plans(staff, &plan) || (signal.is_some() && !Overseer::is(staff)) {
        return Err(Problem::forbidden());
    }
    let (snapshot, by) = (Arc::clone(&staff.snapshot), staff.actor.clone());
    let liaison = &snapshot.policy.dispatch.liaison_office;
    let unit = permission::home_unit(&snapshot.organisation, &staff.person).unwrap_or(liaison).clone();
    let made = app.store.write(move |tx| -> Result<RoundPlan, Stop> {
        let active: Vec<RoundPlan> = works::list(tx, Some(RoundPlanState::Active.as_str()), None, PLANS_MAX)?;
        if active.len() >= usize::try_from(PLANS_MAX).unwrap_or(usize::MAX) {
            let max = u32::try_from(PLANS_MAX).unwrap_or(u32::MAX);
            return Err(Refusal::Limit { what: "plans of rounds at once", what_zh: "执行中的巡查计划", max }.into());
        }
        let (id, rules) = (RoundPlanId(Uuid::now_v7()), &snapshot.policy.rounds);
        let made = RoundPlan::make((id, unit.clone()), plan.clone(), rules, &snapshot.organisation, &by, tx.now())?;
        if let Some(signal) = signal {
            signals::settle(tx, signal, &by, &made.plan.title, signals::Became::Rounds(id))?;
        }
        works::put(tx, &snapshot, &made, &by, &("rounds_planned", json!({ "plan": made.plan, "signal": signal })))?;
        Ok(made)
    });
    Ok(made.await?)
}

/// Ends a plan.
///
/// # Errors
/// Not found, forbidden, or it was ended already.
pub async fn end(app: &App, staff: &Staff, id: Uuid) -> Answer<RoundPlan> {
    let plan: RoundPlan = works::find(app, id).await?;
    if !sees(staff, &plan) {
        return Err(Problem::not_found());
    }
    if !plans(staff, &plan.plan) {
        return Err(Problem::forbidden());
    }
    let alter = |plan: &mut RoundPlan, now: Timestamp| -> Result<Done, Refusal> {
        plan.end(now)?;
        Ok(("rounds_plan_ended", json!({})))
    };
    works::change(app, &staff.snapshot, id, &staff.actor, alter, |_: &mut WriteTx<'_>, _| Ok(())).await
}

/// A spot on rounds.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RoundSpot {
    /// Which.
    pub spot: SpotId,
    /// Whether it was seen as often as rules and plans of today ask; the worst of them.
    pub standing: Standing,
    /// When it was seen last; none where nobody was there for 60 days.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_seen: Option<Timestamp>,
    /// Visits in the last 60 days.
    pub visits: i64,
    /// Codes of the checklists that fit its kind of place, and of those that plans ask for, these first.
    pub checklists: Vec<String>,
    /// Titles of the plans that wait for a look.
    pub waiting: Vec<String>,
}

/// How many spots stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SpotCounts)]
pub struct Counted {
    /// All of them.
    pub spots: u32,
    /// Seen in time.
    pub seen: u32,
    /// Seen, too long ago.
    pub overdue: u32,
    /// Not seen for 60 days.
    pub never: u32,
}

impl Counted {
    fn add(&mut self, standing: Standing) {
        self.spots += 1;
        match standing {
            Standing::Seen => self.seen += 1,
            Standing::Overdue => self.overdue += 1,
            Standing::Never => self.never += 1,
        }
    }
}

/// The visits that a reader's spots had, and the plans that ask for some.
struct Walked {
    now: Timestamp,
    today: Date,
    plans: Vec<RoundPlan>,
    seen: HashMap<String, Vec<Seen>>,
}

impl Walked {
    fn read(tx: &mut ReadTx<'_>, snapshot: &Snapshot, spots: &[String]) -> Result<Self, StoreError> {
        let now = tx.now();
        let since = now.saturating_sub((LOOK_BACK_DAYS * 24).hours()).unwrap_or(Timestamp::UNIX_EPOCH);
        let plans = works::list(tx, Some(RoundPlanState::Active.as_str()), None, PLANS_MAX)?;
        let mut seen: HashMap<String, Vec<Seen>> = HashMap::new();
        for one in spot_visits::seen(tx, spots, (since, Timestamp::MAX))? {
            seen.entry(one.spot.clone()).or_default().push(one);
        }
        Ok(Self { now, today: now.to_zoned(snapshot.calendar.zone().clone()).date(), plans, seen })
    }

    fn of(&self, spot: &Spot) -> &[Seen] {
        self.seen.get(spot.id.as_str()).map_or(&[], Vec::as_slice)
    }

    /// When a spot was last seen; by this checklist, where one is asked for.
    fn last(&self, spot: &Spot, checklist: Option<&str>) -> Option<Timestamp> {
        let fits = |one: &&Seen| checklist.is_none_or(|wanted| one.checklist == wanted);
        self.of(spot).iter().filter(fits).map(|one| one.last).max()
    }

    /// By one plan. Whoever was there without going through its list did not see what it asks for, but was there.
    fn standing(&self, spot: &Spot, plan: &Plan) -> Standing {
        match Standing::of(self.last(spot, plan.checklist.as_deref()), plan.every_days, self.now) {
            Standing::Never if self.last(spot, None).is_some() => Standing::Overdue,
            standing => standing,
        }
    }

    /// The plans of today that a spot belongs to.
    fn asking<'a>(&'a self, spot: &Spot, organisation: &Organisation) -> Vec<&'a RoundPlan> {
        self.plans.iter().filter(|plan| plan.is_on(self.today) && plan.covers(spot, organisation)).collect()
    }

    fn spot(&self, spot: &Spot, snapshot: &Snapshot) -> RoundSpot {
        let rules = &snapshot.policy.rounds;
        let asking = self.asking(spot, &snapshot.organisation);
        let waits = |plan: &&&RoundPlan| self.standing(spot, &plan.plan) != Standing::Seen;
        let waiting: Vec<&&RoundPlan> = asking.iter().filter(waits).collect();
        let last_seen = self.last(spot, None);
        let regular = Standing::of(last_seen, rules.every_days, self.now);
        let standing = asking.iter().map(|plan| self.standing(spot, &plan.plan)).chain([regular]).min();
        let mut checklists: Vec<String> = waiting.iter().filter_map(|plan| plan.plan.checklist.clone()).collect();
        checklists.extend(rules.of_spot(spot).map(|list| list.id.clone()));
        checklists.extend(asking.iter().filter_map(|plan| plan.plan.checklist.clone()));
        let mut met = std::collections::BTreeSet::new();
        checklists.retain(|list| met.insert(list.clone()));
        RoundSpot {
            spot: spot.id.clone(),
            standing: standing.unwrap_or(regular),
            last_seen,
            visits: self.of(spot).iter().map(|one| one.visits).sum(),
            checklists,
            waiting: waiting.iter().map(|plan| plan.plan.title.clone()).collect(),
        }
    }
}

fn spots_of(snapshot: &Snapshot, reaches: impl Fn(&UnitId) -> bool) -> Vec<&Spot> {
    snapshot.organisation.spots().filter(|spot| reaches(&spot.grid)).collect()
}

fn ids(spots: &[&Spot]) -> Vec<String> {
    spots.iter().map(|spot| spot.id.to_string()).collect()
}

/// Those that need a look most first.
fn by_need(spots: &mut Vec<RoundSpot>) {
    spots.sort_by(|one, other| {
        (one.standing, one.last_seen, &one.spot).cmp(&(other.standing, other.last_seen, &other.spot))
    });
    spots.truncate(SPOTS_MAX);
}

/// The spots of the reader's units, those that need a look most first, 2,000 at most.
///
/// # Errors
/// The store's.
pub async fn spots(app: &App, staff: &Staff) -> Answer<Vec<RoundSpot>> {
    let (snapshot, reader) = (Arc::clone(&staff.snapshot), staff.clone());
    let read = move |tx: &mut ReadTx<'_>| {
        let spots = spots_of(&snapshot, |grid| reader.reaches(grid));
        let walked = Walked::read(tx, &snapshot, &ids(&spots))?;
        Ok::<_, StoreError>(spots.iter().map(|spot| walked.spot(spot, &snapshot)).collect::<Vec<_>>())
    };
    let mut spots = app.store.read(read).await?;
    by_need(&mut spots);
    Ok(spots)
}

/// A grid, how its spots stand, and what was found there.
#[derive(Debug, Serialize, ToSchema)]
pub struct GridCoverage {
    /// Which.
    pub grid: UnitId,
    /// Its spots.
    #[serde(flatten)]
    pub counted: Counted,
    /// Findings of the last seven days.
    pub findings: i64,
}

/// A plan and how its spots stand by it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanCoverage {
    /// The plan.
    pub plan: RoundPlan,
    /// Whether its season is now.
    pub on: bool,
    /// Whether the reader may end it.
    pub may_end: bool,
    /// Its spots within the reader's reach.
    #[serde(flatten)]
    pub counted: Counted,
}

/// What rounds found in some days, and how much of it is settled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FindingsOfPeriod)]
pub struct Findings {
    /// First day.
    #[schema(value_type = String, format = Date)]
    pub first: Date,
    /// Found.
    pub found: i64,
    /// Of these settled by now.
    pub settled: i64,
}

/// How well rounds are kept to, in a unit and below it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoundCoverage)]
pub struct Coverage {
    /// The unit.
    pub unit: UnitId,
    /// All its spots.
    pub counted: Counted,
    /// Its grids.
    pub grids: Vec<GridCoverage>,
    /// Plans that hold.
    pub plans: Vec<PlanCoverage>,
    /// Spots that wait for a look, the longest unseen first, 2,000 at most.
    pub unseen: Vec<RoundSpot>,
    /// What was found week by week, the last seven days last.
    pub weeks: Vec<Findings>,
}

/// How well rounds are kept to, in a unit that the reader reaches.
///
/// # Errors
/// Not found; the store's.
pub async fn coverage(app: &App, staff: &Staff, unit: Option<UnitId>) -> Answer<Coverage> {
    let unit = staff.unit(unit)?;
    let reader = staff.clone();
    let read = move |tx: &mut ReadTx<'_>| {
        let snapshot = &reader.snapshot;
        let organisation = &snapshot.organisation;
        let spots = spots_of(snapshot, |grid| organisation.is_within(grid, &unit));
        let walked = Walked::read(tx, snapshot, &ids(&spots))?;
        let last = Period { first: days_before(walked.today, 6), last: walked.today };
        let found = numbers::apart(tx, &unit, By::Area, last)?;
        let weeks = weeks(tx, &unit, walked.today)?;
        Ok::<_, StoreError>(gathered(&reader, &unit, &spots, &walked, &found, weeks))
    };
    Ok(app.store.read(read).await?)
}

fn gathered(
    staff: &Staff,
    unit: &UnitId,
    spots: &[&Spot],
    walked: &Walked,
    found: &BTreeMap<String, Sums>,
    weeks: Vec<Findings>,
) -> Coverage {
    let snapshot = &staff.snapshot;
    let organisation = &snapshot.organisation;
    let mut counted = Counted::default();
    let findings = |grid: &UnitId| found.get(grid.as_str()).map_or(0, |sums| sums.all(Count::Findings));
    let own = organisation.grids().filter(|grid| grid.active && organisation.is_within(&grid.id, unit));
    let mut grids: BTreeMap<UnitId, Counted> = own.map(|grid| (grid.id.clone(), Counted::default())).collect();
    let mut unseen = Vec::new();
    for spot in spots {
        let seen = walked.spot(spot, snapshot);
        counted.add(seen.standing);
        grids.entry(spot.grid.clone()).or_default().add(seen.standing);
        if seen.standing != Standing::Seen {
            unseen.push(seen);
        }
    }
    by_need(&mut unseen);
    let of_plan = |plan: &RoundPlan| {
        let mut counted = Counted::default();
        let own = spots.iter().filter(|spot| plan.covers(spot, organisation));
        own.for_each(|spot| counted.add(walked.standing(spot, &plan.plan)));
        let (on, may_end) = (plan.is_on(walked.today), plans(staff, &plan.plan));
        PlanCoverage { plan: plan.clone(), on, may_end, counted }
    };
    Coverage {
        unit: unit.clone(),
        counted,
        plans: walked.plans.iter().filter(|plan| sees(staff, plan)).map(of_plan).collect(),
        grids: grids
            .into_iter()
            .map(|(grid, counted)| GridCoverage { findings: findings(&grid), grid, counted })
            .collect(),
        unseen,
        weeks,
    }
}

fn days_before(day: Date, days: i32) -> Date {
    day.checked_sub(days.days()).unwrap_or(Date::MIN)
}

/// Findings of the last weeks, each of seven days, the last one up to today.
fn weeks(tx: &mut ReadTx<'_>, unit: &UnitId, today: Date) -> Result<Vec<Findings>, StoreError> {
    let first = days_before(today, WEEKS * 7 - 1);
    let days = numbers::by_day(tx, unit, Period { first, last: today })?;
    let week = |week: i32| {
        let begin = days_before(today, (WEEKS - week) * 7 - 1);
        let end = begin.checked_add(6.days()).unwrap_or(today);
        let sum = |count| days.range(begin..=end).map(|(_, sums)| sums.all(count)).sum();
        Findings { first: begin, found: sum(Count::Findings), settled: sum(Count::FindingsFinished) }
    };
    Ok((0..WEEKS).map(week).collect())
}
