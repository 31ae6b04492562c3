//! Looking for signals 苗头: every night, and when somebody asks. The cases of the policy's days are read once; what rises, what
//! comes again and again and what many speak of is told from them, what the year brings from the calendar.
//!
//! What was decided before is respected: it comes back only when there is clearly more of it.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use axum::http::StatusCode;
use jiban_domain::{
    case::{Case, Origin},
    figures::Count,
    ids::{CaseId, CategoryId, UnitId},
    notice,
    occasion::{Occasion, On, WARNED_MAX},
    organisation::UnitKind,
    policy::Recipient,
    signal::{
        Signal, SignalState, Subject, Why,
        again::{Asked, again},
        scan::{Seen, rises},
    },
};
use jiban_store::{ReadTx, StoreError, WriteTx, case_list::CaseQuery, cases::CaseRow, counters};
use jiff::{Timestamp, ToSpan, civil::Date};

use super::{MEMBERS_MAX, list, open, put, still_open};
use crate::{
    ahead::effect,
    app::App,
    assess::{hot, letters::top_unit, numbers, period::Period},
    desk::{
        Stop,
        newest::newest,
        rows,
        telling::{self, Words},
    },
    http::problem::{Answer, Problem},
    infra::world::Snapshot,
};

/// Cases looked at, at most: the newest.
const CASES_MAX: usize = 50_000;
/// Cases among which hot issues are looked for: the newest of them.
const HOT_CASES_MAX: usize = 3_000;
/// So many days back, and not later, a holiday of the year before begins: one by the moon moves by three weeks.
const HOLIDAY_AGO_DAYS: i64 = 390;
/// Signals that are looked at for what was raised or decided before.
const BEFORE_MAX: i64 = 500;

/// Looks for signals now and raises what is new. Returns how many are new; the liaison office is told of them.
///
/// # Errors
/// The store's.
pub async fn look(app: &App) -> Answer<usize> {
    let (snapshot, now) = (app.snapshot(), app.now().await?);
    let found = found(app, now).await?;
    let parts = app.clone();
    let new = app.store.write(move |tx| -> Result<usize, StoreError> {
        one_at_a_time(tx)?;
        let mut found = found.clone();
        found.extend(occasions(tx, &snapshot)?);
        let new = raise(tx, &snapshot, found)?;
        if new > 0 {
            tell(tx, &parts, &snapshot, new)?;
        }
        Ok(new)
    });
    let new = new.await?;
    app.outbox_nudge.notify_one();
    Ok(new)
}

/// What the cases that had come by a moment tell at that moment.
///
/// # Errors
/// The store's.
pub async fn found(app: &App, at: Timestamp) -> Answer<Vec<Subject>> {
    let snapshot = app.snapshot();
    let rules = &snapshot.policy.signals;
    let back = rules.scan.look_back_days.max(rules.repeats.within_days).max(rules.hot.within_days);
    let since = at.saturating_sub((i64::from(back) * 24).hours()).unwrap_or(at);
    let until = at.saturating_add(1.second()).unwrap_or(at);
    let query = CaseQuery { registered_from: Some(since), registered_until: Some(until), ..CaseQuery::default() };
    let read = |row: &CaseRow| Ok(Some((rows::case(row)?, row.reporter)));
    let cases = newest(app, query, (CASES_MAX, CASES_MAX), read, |_| {}).await?;
    let told = tokio::task::spawn_blocking(move || told_by_cases(&snapshot, cases, at));
    told.await.map_err(Problem::internal)
}

/// Whoever looks sees what was raised before.
fn one_at_a_time(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    counters::one_at_a_time(tx, "signals_looked")
}

/// A case and the blind index of who asked.
type Asking = (Case, Option<[u8; 32]>);

fn told_by_cases(snapshot: &Snapshot, cases: Vec<Asking>, now: Timestamp) -> Vec<Subject> {
    let rules = &snapshot.policy.signals;
    let zone = snapshot.calendar.zone();
    let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
    let today = day(now);
    let age = |case: &Case| {
        let days = day(case.registered_at).until(today).map_or(0, |span| span.get_days());
        u32::try_from(days).unwrap_or(0)
    };
    let is_problem = |case: &Case| {
        let kinds = case.category.iter().flat_map(|id| snapshot.policy.lineage(id));
        kinds.into_iter().all(|kind| !rules.except.contains(kind))
    };
    // Our own signals are no news.
    let cases: Vec<(Asking, u32)> = cases
        .into_iter()
        .filter(|(case, _)| case.origin != Origin::Signal && is_problem(case))
        .map(|asking| {
            let age = age(&asking.0);
            (asking, age)
        })
        .collect();

    let mut subjects = told_by_rises(snapshot, &cases, today);
    let asked: Vec<Asked> =
        cases.iter().map(|((case, _), age)| Asked { case: case.id, repeat_of: case.repeat_of, age: *age }).collect();
    for (first, members) in again(&asked, &rules.repeats) {
        let (days, count) = (rules.repeats.within_days, u32::try_from(members.len()).unwrap_or(u32::MAX));
        let members: Vec<&Case> = members.iter().map(|at| &cases[*at].0.0).collect();
        subjects.push(subject(snapshot, Why::Repeat { first, days, count }, &members));
    }
    // What rises or comes again is told already.
    let known: HashSet<CaseId> = subjects.iter().flat_map(|subject| subject.cases.iter().copied()).collect();
    let is_recent = |((case, _), age): &&(Asking, u32)| *age < rules.hot.within_days && case.origin == Origin::Request;
    let recent: Vec<&(Asking, u32)> = cases.iter().filter(is_recent).take(HOT_CASES_MAX).collect();
    // A busy house has so many in fewer days than the policy names.
    let oldest = recent.get(HOT_CASES_MAX - 1).map(|(_, age)| age + 1);
    let looked_at = oldest.unwrap_or(rules.hot.within_days);
    for issue in hot::among(snapshot, recent.iter().map(|((case, reporter), _)| (case, *reporter))) {
        let members: Vec<&Case> = issue.members.iter().map(|at| &recent[*at].0.0).collect();
        let told_already = members.iter().filter(|case| known.contains(&case.id)).count();
        if issue.people < rules.hot.people as usize || 2 * told_already > members.len() {
            continue;
        }
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let (count, people) = (number(members.len()), number(issue.people));
        let why = Why::Hot { name: issue.name, days: looked_at, count, people };
        subjects.push(subject(snapshot, why, &members));
    }
    subjects
}

fn told_by_rises(snapshot: &Snapshot, cases: &[(Asking, u32)], today: Date) -> Vec<Subject> {
    let mut told = HashSet::new();
    let mut kept: Vec<(CaseId, Seen)> = Vec::new();
    for ((case, reporter), age) in cases {
        let category = category(case);
        // Whoever asks for the same again makes no rise.
        let again = reporter.is_some_and(|who| !told.insert((who, category.cloned(), case.place.grid.clone())));
        if !again && case.repeat_of.is_none() {
            let areas = areas(snapshot, case).map(ToString::to_string).collect();
            let topics = category.into_iter().flat_map(|id| snapshot.policy.lineage(id)).map(ToString::to_string);
            kept.push((case.id, Seen { age: *age, areas, topics: topics.collect() }));
        }
    }
    let seen: Vec<Seen> = kept.iter().map(|(_, seen)| seen.clone()).collect();
    let seed =
        u64::from_le_bytes(std::array::from_fn(|at| today.to_string().as_bytes().get(at + 2).copied().unwrap_or(0)));
    let rises = rises(&seen, &snapshot.policy.signals.scan, seed).into_iter().filter(|rise| rise.topic.is_some());
    let subjects = rises.map(|rise| Subject {
        area: rise.area.as_ref().and_then(|id| UnitId::new(id.clone()).ok()),
        category: rise.topic.as_ref().and_then(|id| CategoryId::new(id.clone()).ok()),
        cases: rise.members.iter().map(|at| kept[*at].0).take(MEMBERS_MAX).collect(),
        why: Why::Rise { days: rise.days, count: rise.count, expected: rise.expected, chance: rise.chance },
    });
    subjects.collect()
}

fn category(case: &Case) -> Option<&CategoryId> {
    case.category.as_ref().or_else(|| case.proposal.as_ref()?.category.as_ref())
}

/// Its grid and community.
fn areas<'a>(snapshot: &'a Snapshot, case: &'a Case) -> impl Iterator<Item = &'a UnitId> {
    let organisation = &snapshot.organisation;
    let local = |unit: &&UnitId| {
        organisation.unit(unit).is_some_and(|unit| matches!(unit.kind, UnitKind::Grid | UnitKind::Community))
    };
    case.place.grid.iter().flat_map(|grid| organisation.lineage(grid)).filter(local)
}

/// A subject of these cases: where and about what at least two thirds of them are, as narrowly as that can be said.
fn subject(snapshot: &Snapshot, why: Why, members: &[&Case]) -> Subject {
    fn of_most<'a, T: Ord + 'a>(members: usize, told: impl Iterator<Item = &'a T>) -> Vec<&'a T> {
        let mut counts: BTreeMap<&T, usize> = BTreeMap::new();
        told.for_each(|one| *counts.entry(one).or_default() += 1);
        counts.into_iter().filter(|(_, count)| 3 * count >= 2 * members).map(|(one, _)| one).collect()
    }
    let depth = |unit: &&UnitId| snapshot.organisation.lineage(unit).count();
    let everywhere = members.iter().flat_map(|case| areas(snapshot, case));
    let area = of_most(members.len(), everywhere).into_iter().max_by_key(depth).cloned();
    let topics = members.iter().filter_map(|case| category(case)).flat_map(|id| snapshot.policy.lineage(id));
    let narrow = |id: &&CategoryId| snapshot.policy.lineage(id).count();
    let category = of_most(members.len(), topics).into_iter().max_by_key(narrow).cloned();
    Subject { why, area, category, cases: members.iter().map(|case| case.id).take(MEMBERS_MAX).collect() }
}

/// What the year brings.
fn occasions(tx: &mut ReadTx<'_>, snapshot: &Snapshot) -> Result<Vec<Subject>, StoreError> {
    let today = tx.now().to_zoned(snapshot.calendar.zone().clone()).date();
    let mut subjects = Vec::new();
    for occasion in &snapshot.policy.occasions {
        if let Some(days) = occasion.near(today, &snapshot.calendar) {
            subjects.push(of_occasion(tx, snapshot, occasion, days)?);
        }
    }
    Ok(subjects)
}

fn of_occasion(
    tx: &mut ReadTx<'_>,
    snapshot: &Snapshot,
    occasion: &Occasion,
    (first, last): (Date, Date),
) -> Result<Subject, StoreError> {
    let a_year_ago = match &occasion.on {
        // A holiday by the moon was on other days.
        On::Holiday { holiday, .. } => {
            let from = first.checked_sub(HOLIDAY_AGO_DAYS.days()).unwrap_or(Date::MIN);
            snapshot.calendar.next_holiday(holiday, from).filter(|(_, last)| *last < first)
        }
        On::Season { .. } | On::Warning { .. } => first.checked_sub(1.year()).ok().zip(last.checked_sub(1.year()).ok()),
    };
    let year_before = match a_year_ago {
        Some(days) => year_before(tx, snapshot, occasion.category.as_ref(), days)?,
        None => None,
    };
    let why = Why::Occasion { occasion: occasion.id.clone(), first, last, year_before };
    Ok(Subject { why, area: None, category: occasion.category.clone(), cases: Vec::new() })
}

/// Requests of a kind on some days; none where nothing at all is on record of them.
fn year_before(
    tx: &mut ReadTx<'_>,
    snapshot: &Snapshot,
    category: Option<&CategoryId>,
    (first, last): (Date, Date),
) -> Result<Option<u32>, StoreError> {
    let Some(category) = category else { return Ok(None) };
    let (days, top) = (Period { first, last }, top_unit(snapshot));
    let any = numbers::by_day(tx, &top, days)?.values().any(|sums| sums.all(Count::Registered) > 0);
    let course = effect::course(tx, &top, &effect::leaves(snapshot, category), (Count::Requests, days))?;
    Ok(any.then(|| effect::within(&course, days)))
}

/// Raises what is new, renews what waits. Returns how many are new.
fn raise(tx: &mut WriteTx<'_>, snapshot: &Snapshot, found: Vec<Subject>) -> Result<usize, StoreError> {
    let before = list(tx, None, BEFORE_MAX)?;
    let today = tx.now().to_zoned(snapshot.calendar.zone().clone()).date();
    for waits in before.iter().filter(|signal| signal.state == SignalState::Open) {
        if matches!(waits.of.why, Why::Occasion { last, .. } if last < today)
            && let Some(signal) = still_open(tx, waits.id)?
        {
            put(tx, &Signal { state: SignalState::Lapsed, ..signal })?;
        }
    }
    let mut new = 0;
    for subject in found {
        let known = before.iter().find(|signal| signal.of.is_same(&subject));
        match known {
            // The days of an occasion do not change what waits.
            Some(waits) if waits.state == SignalState::Open && waits.of.cases == subject.cases => {}
            Some(waits) if waits.state == SignalState::Open => {
                if let Some(mut signal) = still_open(tx, waits.id)? {
                    signal.first_raised_at = Some(signal.first());
                    (signal.of, signal.raised_at) = (subject, tx.now());
                    put(tx, &signal)?;
                }
            }
            Some(decided) if !subject.is_clearly_more_than(&decided.of, &snapshot.policy.signals) => {}
            _ => {
                open(tx, subject)?;
                new += 1;
            }
        }
    }
    Ok(new)
}

fn tell(tx: &mut WriteTx<'_>, app: &App, snapshot: &Snapshot, new: usize) -> Result<(), StoreError> {
    let words = Words {
        number: String::new(),
        zh: format!("新提示苗头 {new} 项，请研判"),
        en: format!("New signals to decide on: {new}"),
        link: Some("/signals".to_owned()),
    };
    let liaison = &snapshot.policy.dispatch.liaison_office;
    let to = notice::told_of_unit(&snapshot.world(), liaison, &[Recipient::LiaisonOffice], tx.now());
    telling::tell(tx, app, &snapshot.organisation, "signal", &to, &words)
}

/// Tells of a warning that has come, for so many days from today; as the policy says where nothing is given.
///
/// # Errors
/// An occasion that is no warning, too many days, or that it holds already.
pub async fn warn(app: &App, snapshot: &Arc<Snapshot>, occasion: &str, days: Option<u32>) -> Answer<Signal> {
    let known = super::occasion(snapshot, occasion).cloned();
    let warning = known.and_then(|known| match known.on {
        On::Warning { days } => Some((days, known)),
        On::Season { .. } | On::Holiday { .. } => None,
    });
    let Some((usual, known)) = warning else {
        return Err(Problem::field(
            "occasion",
            "an occasion of the policy that a person tells of",
            "应为机制中由人发布的预警类节点",
        ));
    };
    let days = days.unwrap_or(usual);
    if !(1..=WARNED_MAX).contains(&days) {
        return Err(Problem::field("days", format!("1 to {WARNED_MAX}"), format!("应为 1 至 {WARNED_MAX}")));
    }
    let snapshot = Arc::clone(snapshot);
    let raised = app.store.write(move |tx| -> Result<Signal, Stop> {
        one_at_a_time(tx)?;
        let today = tx.now().to_zoned(snapshot.calendar.zone().clone()).date();
        let holds =
            |why: &Why| matches!(why, Why::Occasion { occasion, last, .. } if *occasion == known.id && *last >= today);
        if list(tx, None, BEFORE_MAX)?
            .iter()
            .any(|signal| signal.state != SignalState::Dismissed && holds(&signal.of.why))
        {
            let (en, zh) = ("this warning holds already", "此预警已发布，仍在有效期内");
            return Err(Problem::new(StatusCode::CONFLICT, "already", en, zh).into());
        }
        let last = today.checked_add(i64::from(days - 1).days()).unwrap_or(Date::MAX);
        let subject = of_occasion(tx, &snapshot, &known, (today, last))?;
        Ok(open(tx, subject)?)
    });
    Ok(raised.await?)
}
