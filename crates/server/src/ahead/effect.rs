//! The effect of a campaign 成效: the same kind of case before and after, where it was and where it was not, from the tally.

use std::collections::BTreeMap;

use jiban_domain::{
    campaign::Campaign,
    effect::{self, BeforeAfter, Effect},
    figures::Count,
    ids::{CategoryId, UnitId},
    organisation::UnitKind,
};
use jiban_office::{Chart, ChartKind, Series};
use jiban_store::{
    ReadTx, StoreError,
    tally::{self, By},
};
use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    assess::{letters::top_unit, period::Period},
    desk::tally::{date, day},
    infra::world::Snapshot,
};

/// Areas that a campaign is compared with, at most.
const OTHERS_MAX: usize = 200;
/// Fewest days before and after of which anything is said.
const DAYS_LEAST: i32 = 7;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = CampaignMeasured)]
pub struct Measured {
    /// The days before.
    pub before: Period,
    /// As many days after; those of the campaign so far, while it runs.
    pub after: Period,
    /// Whether it still runs, so that this is not the end.
    pub so_far: bool,
    /// What can be said; none where there are too few cases.
    pub effect: Option<Effect>,
    /// How many areas it is compared with.
    pub others: usize,
    /// Requests week by week from the first day before, whole weeks only.
    pub weeks: Vec<Week>,
}

/// A week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CampaignWeek)]
pub struct Week {
    /// Its first day.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// Requests where the campaign is.
    pub here: i64,
    /// Requests in all areas that it is compared with.
    pub elsewhere: i64,
}

/// Measures a campaign as things stand; none where it has no category, or too little time has passed.
///
/// # Errors
/// The store's.
pub fn measure(tx: &mut ReadTx<'_>, snapshot: &Snapshot, campaign: &Campaign) -> Result<Option<Measured>, StoreError> {
    let Some(category) = &campaign.plan.category else { return Ok(None) };
    let zone = snapshot.calendar.zone();
    let today = tx.now().to_zoned(zone.clone()).date();
    let ended = campaign.ended_at.map(|at| at.to_zoned(zone.clone()).date());
    let most = snapshot.policy.campaigns.effect_days;
    let Some((before, after, so_far)) = spans(campaign, ended, today, most) else { return Ok(None) };
    let leaves = leaves(snapshot, category);
    let whole = Period { first: before.first, last: after.last };
    let mut course = |unit: &UnitId| course(tx, unit, &leaves, (Count::Requests, whole));
    let top = top_unit(snapshot);
    let areas: Vec<UnitId> = match campaign.plan.areas.is_empty() {
        true => vec![top.clone()],
        false => campaign.plan.areas.iter().cloned().collect(),
    };
    let here = areas.iter().map(&mut course).collect::<Result<Vec<_>, _>>()?;
    let others = others(snapshot, campaign, &top).iter().map(&mut course).collect::<Result<Vec<_>, _>>()?;
    let count =
        |course: &BTreeMap<Date, i64>| BeforeAfter { before: within(course, before), after: within(course, after) };
    let here_sum = here.iter().map(count).sum();
    let beside: Vec<BeforeAfter> = others.iter().map(count).collect();
    let weeks = weeks(whole, &here, &others);
    let effect = effect::effect(here_sum, &beside);
    Ok(Some(Measured { before, after, so_far, effect, others: beside.len(), weeks }))
}

/// As many days before the campaign as after it, none of them yet to come. While it runs, its own days so far are the
/// days after.
fn spans(campaign: &Campaign, ended: Option<Date>, today: Date, most: u32) -> Option<(Period, Period, bool)> {
    let (first, planned) = (campaign.plan.first, campaign.plan.last);
    let last = ended.map_or(planned, |ended| ended.min(planned)).max(first);
    let yesterday = today.yesterday().ok()?;
    let so_far = yesterday <= last;
    let begin = if so_far { first } else { last.tomorrow().ok()? };
    let most = i32::try_from(most).unwrap_or(i32::MAX);
    let days = Period { first: begin, last: yesterday }.days().min(most);
    if days < DAYS_LEAST {
        return None;
    }
    let after = Period { first: begin, last: begin.checked_add(i64::from(days - 1).days()).ok()? };
    let before = Period { first: first.checked_sub(i64::from(days).days()).ok()?, last: first.yesterday().ok()? };
    Some((before, after, so_far))
}

/// The areas to compare with: of the same kind as the campaign's, in the same house, none of them touched by it.
fn others(snapshot: &Snapshot, campaign: &Campaign, top: &UnitId) -> Vec<UnitId> {
    let organisation = &snapshot.organisation;
    let Some(first) = campaign.plan.areas.first() else { return Vec::new() };
    let kind = organisation.unit(first).map(|unit| unit.kind);
    let touches = |unit: &UnitId| {
        let meets = |area: &UnitId| organisation.is_within(unit, area) || organisation.is_within(area, unit);
        campaign.plan.areas.iter().any(meets)
    };
    let is_other = |unit: &&UnitId| {
        let known = organisation.unit(unit).filter(|unit| unit.active);
        let local = matches!(kind, Some(UnitKind::Community | UnitKind::Grid));
        local && known.map(|unit| unit.kind) == kind && !touches(unit)
    };
    organisation.below(top).filter(is_other).take(OTHERS_MAX).cloned().collect()
}

/// A category and all below it, as the tally has them.
pub(super) fn leaves(snapshot: &Snapshot, category: &CategoryId) -> Vec<String> {
    let is_below = |id: &&CategoryId| snapshot.policy.lineage(id).any(|up| up == category);
    snapshot.policy.categories.keys().filter(is_below).map(ToString::to_string).collect()
}

/// What is counted of some categories in a unit, day by day.
pub(super) fn course(
    tx: &mut ReadTx<'_>,
    unit: &UnitId,
    leaves: &[String],
    (what, whole): (Count, Period),
) -> Result<BTreeMap<Date, i64>, StoreError> {
    let (first, last) = (day(whole.first), day(whole.last));
    let days = tally::days(tx, unit.as_str(), (By::Category, leaves), what.as_str(), (first, last))?;
    days.into_iter().map(|(of, number)| Ok((date(of)?, number))).collect()
}

/// The sum of some of its days.
pub(super) fn within(course: &BTreeMap<Date, i64>, period: Period) -> u32 {
    let sum: i64 = course.range(period.first..=period.last).map(|(_, number)| number).sum();
    u32::try_from(sum).unwrap_or(0)
}

fn weeks(whole: Period, here: &[BTreeMap<Date, i64>], others: &[BTreeMap<Date, i64>]) -> Vec<Week> {
    let mut weeks = Vec::new();
    let mut from = whole.first;
    // A week that is cut short would look like a fall.
    while let Ok(next) = from.checked_add(7.days())
        && next.yesterday().is_ok_and(|last| last <= whole.last)
    {
        let of = |courses: &[BTreeMap<Date, i64>]| {
            courses.iter().flat_map(|course| course.range(from..next)).map(|(_, n)| n).sum()
        };
        weeks.push(Week { from, here: of(here), elsewhere: of(others) });
        from = next;
    }
    weeks
}

impl Measured {
    /// The weeks as a chart: where the campaign is, and what would be usual there by what happened elsewhere.
    pub fn chart(&self, language: jiban_domain::policy::Language) -> Chart {
        let label = |week: &Week| format!("{}-{:02}", week.from.month(), week.from.day());
        // What came elsewhere, in the measure of this place: the same number of cases before.
        let usual = self.effect.as_ref().and_then(|effect| {
            let elsewhere = effect.elsewhere.filter(|elsewhere| elsewhere.before > 0)?;
            Some(f64::from(effect.here.before) / f64::from(elsewhere.before))
        });
        let mut series = vec![Series {
            name: language.pick("开展区域", "With the campaign").to_owned(),
            values: self.weeks.iter().map(|week| Some(week.here as f64)).collect(),
        }];
        if let Some(usual) = usual {
            series.push(Series {
                name: language.pick("对照（按其他区域折算）", "To be expected, by the others").to_owned(),
                values: self
                    .weeks
                    .iter()
                    .map(|week| Some((week.elsewhere as f64 * usual * 10.0).round() / 10.0))
                    .collect(),
            });
        }
        Chart {
            kind: ChartKind::Lines,
            labels: self.weeks.iter().map(label).collect(),
            series,
            unit: Some(language.pick("件", "cases").to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiban_domain::{
        campaign::{CampaignState, Plan},
        ids::CampaignId,
    };

    use super::*;

    fn campaign() -> Campaign {
        let plan = Plan {
            title: "t".into(),
            goal: "g".into(),
            category: None,
            areas: Default::default(),
            lead: UnitId::new("a").unwrap(),
            units: Default::default(),
            first: "2026-03-01".parse().unwrap(),
            last: "2026-03-31".parse().unwrap(),
        };
        Campaign {
            id: CampaignId(uuid::Uuid::nil()),
            plan,
            state: CampaignState::Running,
            tasks: Vec::new(),
            members: Default::default(),
            released: Default::default(),
            kept: None,
            visits: Vec::new(),
            materials: Vec::new(),
            begun_by: "system".into(),
            begun_at: jiff::Timestamp::UNIX_EPOCH,
            ended_at: None,
            ending: String::new(),
        }
    }

    fn told(today: &str, ended: Option<&str>) -> Option<(String, bool)> {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let (before, after, so_far) = spans(&campaign(), ended.map(day), day(today), 60)?;
        assert_eq!(before.days(), after.days());
        Some((format!("{}..{} {}..{}", before.first, before.last, after.first, after.last), so_far))
    }

    #[test]
    fn as_many_days_before_as_after_and_none_to_come() {
        let is = |text: &str, so_far| Some((text.to_owned(), so_far));
        assert_eq!(told("2026-03-05", None), None);
        assert_eq!(told("2026-03-15", None), is("2026-02-15..2026-02-28 2026-03-01..2026-03-14", true));
        assert_eq!(told("2026-04-03", None), None);
        assert_eq!(told("2026-04-11", None), is("2026-02-19..2026-02-28 2026-04-01..2026-04-10", false));
        assert_eq!(told("2026-12-31", None), is("2025-12-31..2026-02-28 2026-04-01..2026-05-30", false));
        assert_eq!(told("2026-03-29", Some("2026-03-20")), is("2026-02-21..2026-02-28 2026-03-21..2026-03-28", false));
    }
}
