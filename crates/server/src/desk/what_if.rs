//! Policy what-if 政策试算 over the stored cases: those registered in a period, replayed page by page under another policy.
//!
//! The replay and the count are the domain's ([`jiban_domain::what_if`]). Here cases are read in short readings of their
//! own and worked through aside of whoever else is served, in the same memory however many there are. Nothing is written,
//! and whoever asks may go away at any page.

use std::sync::Arc;

use axum::http::StatusCode;
use jiban_domain::{
    case::Case,
    decide::World,
    event::{Actor, Recorded},
    ids::{ClassId, ClockId},
    permission,
    policy::{Name, Policy},
    what_if::{Clocks, Example, Load, Notices, Pair, WhatIf},
};
use jiban_store::{ReadTx, StoreError, cases, events};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows;
use crate::{
    app::App,
    http::problem::{Answer, Problem},
    infra::world::Snapshot,
};

/// Longest period, in days: three years.
pub const DAYS_MAX: i32 = 1_096;
/// Cases read at once.
const PAGE: usize = 100;
/// A case with more events than this is left out, and counted as such.
const EVENTS_MAX: i64 = 10_000;
/// Trials at once on one node: each keeps a processor busy.
const AT_ONCE: usize = 2;

static RUNNING: Semaphore = Semaphore::const_new(AT_ONCE);

/// What is asked.
#[derive(Debug)]
pub struct Trial {
    /// The other policy.
    pub policy: Policy,
    /// First day of registration, in the time zone of the policy in force.
    pub from: Date,
    /// Last day of registration.
    pub to: Date,
    /// Who asks: only cases that they may read stand among the examples.
    pub by: Actor,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Far {
    /// Cases so far.
    pub cases: u64,
    /// How much of the period lies behind, of 1.
    pub part: f64,
}

/// Figures of something that has a code and a name.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = WhatIfRow)]
pub struct Row<T: ToSchema> {
    /// Its code; empty for cases without a class.
    pub code: String,
    /// Its name.
    pub name: Name,
    /// The figures.
    pub figures: T,
}

/// Cases left out because the other policy lacks a class.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = WhatIfLeftOut)]
pub struct LeftOut {
    /// The class.
    pub class: ClassId,
    /// How many cases were given it.
    pub cases: u64,
}

/// What the other policy would have made of the period.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = WhatIf)]
pub struct Comparison {
    /// Version of the other policy.
    pub version: String,
    /// First day of registration.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// Last day of registration.
    #[schema(value_type = String, format = Date)]
    pub to: Date,
    /// Up to when clocks were let run.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// What is taken for granted. Whoever shows the figures shows this.
    pub assumes: Name,
    /// Cases registered in the period.
    pub cases: u64,
    /// Cases compared.
    pub compared: u64,
    /// Cases left out because the other policy lacks their class.
    pub not_judged: u64,
    /// Which classes it lacks; a case that was given two of them counts for both.
    pub unknown_classes: Vec<LeftOut>,
    /// Cases left out because their events cannot be read, or are more than 10,000.
    pub not_readable: u64,
    /// Compared cases whose record tells other late clocks than their replay under their own policy: calendar or program
    /// changed since.
    pub unlike_record: u64,
    /// Cases with at least one late clock.
    pub late_cases: Pair,
    /// Cases of which at least one clock is late under one policy only.
    pub changed_cases: u64,
    /// All clocks.
    pub all: Clocks,
    /// By clock rule.
    pub rules: Vec<Row<Clocks>>,
    /// By class as last decided.
    pub classes: Vec<Row<Clocks>>,
    /// By unit, those that would have been told most more often first.
    pub units: Vec<Row<Load>>,
    /// By whom the policy tells.
    pub told: Vec<Row<Notices>>,
    /// The first of the clocks that become late, at most 200.
    pub became_late: Vec<Example>,
    /// The first of the clocks that are no longer late, at most 200.
    pub no_longer_late: Vec<Example>,
}

/// A trial that can be run.
#[derive(Debug)]
pub struct Ready {
    trial: Arc<Trial>,
    snapshot: Arc<Snapshot>,
    begin: Timestamp,
    end: Timestamp,
    _one_of_few: SemaphorePermit<'static>,
}

/// Looks whether a trial can be run, before anything is told.
///
/// # Errors
/// A period that ends before it begins or is too long, a policy that does not fit the organisation, too many trials at
/// once.
pub fn prepare(app: &App, trial: Trial) -> Answer<Ready> {
    let snapshot = app.snapshot();
    let (begin, end) = period(&snapshot, trial.from, trial.to)?;
    fits(&snapshot, &trial.policy)?;
    let Ok(_one_of_few) = RUNNING.try_acquire() else { return Err(too_many()) };
    Ok(Ready { trial: Arc::new(trial), snapshot, begin, end, _one_of_few })
}

/// Replays the cases of a period under another policy.
///
/// # Errors
/// The store's.
pub async fn run(app: &App, ready: Ready, mut tell: impl FnMut(Far)) -> Answer<Comparison> {
    let Ready { trial, snapshot, begin, end, _one_of_few } = ready;
    let until = app.now().await?;
    let (mut sum, mut page) = (WhatIf::default(), read(app, begin, end, None).await?);
    while let Some(last) = page.last() {
        let after = (last.at, last.id);
        let (world, asked) = (Arc::clone(&snapshot), Arc::clone(&trial));
        let counted = tokio::task::spawn_blocking(move || {
            page.iter().for_each(|stored| count(&mut sum, &world, &asked, until, stored));
            sum
        });
        let counted = async { counted.await.map_err(Problem::internal) };
        (sum, page) = tokio::try_join!(counted, read(app, begin, end, Some(after)))?;
        let part = (after.0.as_second() - begin.as_second()) as f64 / (end.as_second() - begin.as_second()) as f64;
        tell(Far { cases: sum.cases, part });
    }
    Ok(comparison(&snapshot, &trial, until, sum))
}

/// Whether a policy can be in force over this organisation.
///
/// # Errors
/// A problem of the field `toml`, where its liaison office is none of the units.
pub fn has_its_office(snapshot: &Snapshot, policy: &Policy) -> Answer<()> {
    let office = &policy.dispatch.liaison_office;
    if snapshot.organisation.unit(office).is_some() {
        return Ok(());
    }
    Err(Problem::field(
        "toml",
        format!("dispatch.liaison_office '{office}' is not in the organisation; import it first"),
        format!("信联办「{office}」不在组织架构中，请先导入"),
    ))
}

fn fits(snapshot: &Snapshot, policy: &Policy) -> Answer<()> {
    has_its_office(snapshot, policy)?;
    let (zone, theirs) = (&snapshot.policy.time_zone, &policy.time_zone);
    if zone == theirs {
        return Ok(());
    }
    Err(Problem::field(
        "toml",
        format!("time_zone '{theirs}' is not '{zone}', in which days were counted; leave it as it is for a trial"),
        format!("时区「{theirs}」与现行的「{zone}」不同，试算时请保持一致"),
    ))
}

/// The instants at which the period begins and is over.
fn period(snapshot: &Snapshot, from: Date, to: Date) -> Answer<(Timestamp, Timestamp)> {
    if to < from {
        return Err(Problem::field("to", format!("not before {from}"), format!("不能早于 {from}")));
    }
    if (to - from).get_days() >= DAYS_MAX {
        return Err(Problem::field(
            "to",
            format!("at most {DAYS_MAX} days; take a shorter period"),
            format!("最多 {DAYS_MAX} 天，请缩短期间"),
        ));
    }
    let zone = snapshot.calendar.zone();
    let begins = |day: Date| day.to_zoned(zone.clone()).map(|day| day.timestamp()).ok();
    let bounds = begins(from).zip(to.tomorrow().ok().and_then(begins));
    bounds.ok_or_else(|| Problem::field("from", "a day of this era", "应为有效日期"))
}

fn too_many() -> Problem {
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "busy",
        format!("{AT_ONCE} trials are running already; wait until one is over"),
        format!("已有 {AT_ONCE} 项试算正在进行，请稍后再试"),
    )
}

/// A case as it is read.
struct Stored {
    id: Uuid,
    at: Timestamp,
    policy: String,
    events: Vec<events::EventRow>,
}

async fn read(app: &App, begin: Timestamp, end: Timestamp, after: Option<(Timestamp, Uuid)>) -> Answer<Vec<Stored>> {
    let page = move |tx: &mut ReadTx<'_>| {
        let found = cases::registered_between(tx, begin, end, after, PAGE as i64)?;
        let stored = found.into_iter().map(|row| {
            let (id, at, policy) = (row.case_id, row.registered_at, row.policy_version);
            Ok(Stored { id, at, policy, events: events::events(tx, id, 0, EVENTS_MAX + 1)? })
        });
        stored.collect::<Result<Vec<_>, StoreError>>()
    };
    Ok(app.store.read(page).await?)
}

fn count(sum: &mut WhatIf, snapshot: &Snapshot, trial: &Trial, until: Timestamp, stored: &Stored) {
    let recorded = stored.events.iter().map(rows::recorded).collect::<Result<Vec<Recorded>, _>>();
    let recorded = recorded.unwrap_or_else(|why| {
        tracing::warn!(case = %stored.id, %why, "left out of a trial");
        Vec::new()
    });
    let whole = stored.events.len() as i64 <= EVENTS_MAX;
    let own = snapshot.world_of(&stored.policy);
    let other = World { policy: &trial.policy, ..own };
    let shown = |case: &Case| permission::sees(&snapshot.organisation, &trial.by, case);
    sum.add(&own, &other, if whole { &recorded } else { &[] }, until, shown);
}

fn comparison(snapshot: &Snapshot, trial: &Trial, until: Timestamp, sum: WhatIf) -> Comparison {
    let policies = [&trial.policy, &*snapshot.policy];
    let rule = |id: &ClockId| policies.iter().find_map(|policy| policy.clocks.get(id)).map(|rule| &rule.name);
    let class = |id: &ClassId| policies.iter().find_map(|policy| policy.class(id)).map(|class| &class.name);
    let unclassed = || Name { zh: "未分类".to_owned(), en: "Not classed".to_owned() };
    let mut units: Vec<Row<Load>> = sum
        .units
        .into_iter()
        .map(|(id, load)| row(id.as_str(), snapshot.organisation.unit(&id).map(|unit| &unit.name), load))
        .collect();
    units.sort_by_cached_key(|row| {
        let Notices { warnings, breaches } = row.figures.notices;
        let (before, after) = (warnings.before + breaches.before, warnings.after + breaches.after);
        (
            std::cmp::Reverse(after.saturating_sub(before)),
            std::cmp::Reverse(before.saturating_sub(after)),
            row.code.clone(),
        )
    });
    Comparison {
        version: trial.policy.version.clone(),
        from: trial.from,
        to: trial.to,
        until,
        assumes: assumes(),
        cases: sum.cases,
        compared: sum.cases - sum.not_judged - sum.not_readable,
        not_judged: sum.not_judged,
        unknown_classes: sum.unknown_classes.into_iter().map(|(class, cases)| LeftOut { class, cases }).collect(),
        not_readable: sum.not_readable,
        unlike_record: sum.unlike_record,
        late_cases: sum.late_cases,
        changed_cases: sum.changed_cases,
        all: sum.all,
        rules: sum.rules.into_iter().map(|(id, clocks)| row(id.as_str(), rule(&id), clocks)).collect(),
        classes: sum
            .classes
            .into_iter()
            .map(|(id, clocks)| match id {
                Some(id) => row(id.as_str(), class(&id), clocks),
                None => Row { code: String::new(), name: unclassed(), figures: clocks },
            })
            .collect(),
        units,
        told: sum
            .told
            .into_iter()
            .map(|(recipient, notices)| {
                let (zh, en) = recipient.name();
                let name = Name { zh: zh.to_owned(), en: en.to_owned() };
                Row { code: recipient.as_str().to_owned(), name, figures: notices }
            })
            .collect(),
        became_late: sum.became_late,
        no_longer_late: sum.no_longer_late,
    }
}

/// A row; what has no name any more goes by its code.
fn row<T: ToSchema>(code: &str, name: Option<&Name>, figures: T) -> Row<T> {
    let name = name.cloned().unwrap_or_else(|| Name { zh: code.to_owned(), en: code.to_owned() });
    Row { code: code.to_owned(), name, figures }
}

fn assumes() -> Name {
    Name {
        zh: "试算以实际办理过程为准：谁在何时做了什么、归入哪类，均按记录不变，只按新政策重新计算时限、提醒和升级。\
             政策若真改变，人们的做法也会改变，结果仅供比较。"
            .to_owned(),
        en:
            "What people did, when, and how cases were classed stays as recorded; only clocks, warnings and escalation \
             are worked out anew. Under another policy people would have acted otherwise: take it as a comparison."
                .to_owned(),
    }
}
