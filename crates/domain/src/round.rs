//! Rounds 扫楼扫街: which spots somebody goes to see before anyone complains, how often, in which season, and what they look
//! at there. What is found becomes a case; here is only who looks where.
//!
//! Pure: a plan covers spots, a standing follows from the last visit. It must never call a spot seen that nobody told of.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    decide::required,
    event::Actor,
    ids::{CategoryId, RoundPlanId, UnitId},
    organisation::{Organisation, Spot},
    policy::Name,
    refusal::Refusal,
    season::Season,
};

/// Longest title, characters.
pub const TITLE_MAX: usize = 80;
/// Most areas, kinds of place.
pub const AREAS_MAX: usize = 60;
/// Seldomest round, days.
pub const EVERY_MAX: u32 = 366;

/// Rules of rounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoundRules {
    /// Every spot is seen at least once in so many days, whatever plans say.
    pub every_days: u32,
    /// What is looked at, by kind of place.
    pub checklists: Vec<Checklist>,
}

impl Default for RoundRules {
    fn default() -> Self {
        Self { every_days: 7, checklists: Vec::new() }
    }
}

impl RoundRules {
    /// The checklist with this code.
    pub fn checklist(&self, id: &str) -> Option<&Checklist> {
        self.checklists.iter().find(|list| list.id == id)
    }

    /// The checklists that fit a spot.
    pub fn of_spot<'a>(&'a self, spot: &Spot) -> impl Iterator<Item = &'a Checklist> + use<'a> {
        let kind = spot.kind.clone();
        self.checklists.iter().filter(move |list| list.kinds.is_empty() || list.kinds.contains(&kind))
    }
}

/// What is looked at in one kind of place 检查清单.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Checklist {
    /// Code.
    pub id: String,
    /// What people call it.
    pub name: Name,
    /// Kinds of place that it is for, as spots have them; empty: all.
    pub kinds: BTreeSet<String>,
    /// What is looked at, in order.
    pub items: Vec<CheckItem>,
}

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckItem {
    /// Code.
    pub id: String,
    /// How it should be, e.g. 消防通道畅通.
    pub name: Name,
    /// What a finding is called, e.g. 消防通道堵塞.
    pub finding: Name,
    /// Category of a finding.
    #[schema(value_type = String)]
    pub category: CategoryId,
}

/// What is planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRoundPlan)]
pub struct Plan {
    /// What people call it: its theme.
    #[schema(min_length = 1, max_length = 80)]
    pub title: String,
    /// Where: communities or grids.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 60)]
    pub areas: BTreeSet<UnitId>,
    /// Only spots of these kinds; none for all.
    #[serde(default)]
    #[schema(max_items = 60)]
    pub kinds: BTreeSet<String>,
    /// Only spots whose address names this street or building; empty for all.
    #[serde(default)]
    #[schema(max_length = 80)]
    pub street: String,
    /// Each of these spots is seen once in so many days.
    #[schema(minimum = 1, maximum = 366)]
    pub every_days: u32,
    /// In these days of the year only.
    #[serde(default)]
    pub season: Option<Season>,
    /// Code of the checklist that must be gone through; without one, being there is enough.
    #[serde(default)]
    pub checklist: Option<String>,
}

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoundPlanState {
    /// It holds 执行中.
    Active,
    /// It was ended 已停用.
    Ended,
}

impl RoundPlanState {
    /// Code as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Ended => "ended",
        }
    }
}

/// A plan of rounds 巡查计划.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoundPlan {
    /// Its id.
    pub id: RoundPlanId,
    /// The unit that made it and answers for it.
    #[schema(value_type = String)]
    pub unit: UnitId,
    /// What is planned.
    pub plan: Plan,
    /// Where it stands.
    pub state: RoundPlanState,
    /// Who made it, as an actor.
    pub made_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
    /// When it was ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
}

/// Whether a spot was seen as often as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SpotStanding)]
pub enum Standing {
    /// Nobody was there, as far back as is looked 从未巡查.
    Never,
    /// Somebody was there, too long ago 超期未巡.
    Overdue,
    /// Somebody was there in time 已巡.
    Seen,
}

impl Standing {
    /// The standing of a spot that is to be seen every so many days.
    pub fn of(last_seen: Option<Timestamp>, every_days: u32, now: Timestamp) -> Self {
        let every = SignedDuration::from_hours(i64::from(every_days) * 24);
        match last_seen {
            None => Self::Never,
            Some(at) if now.duration_since(at) > every => Self::Overdue,
            Some(_) => Self::Seen,
        }
    }
}

impl RoundPlan {
    /// Makes a plan.
    ///
    /// # Errors
    /// A [`Refusal`] that names the field; a plan that covers no spot is refused too: nobody would ever notice.
    pub fn make(
        (id, unit): (RoundPlanId, UnitId),
        plan: Plan,
        rules: &RoundRules,
        organisation: &Organisation,
        by: &Actor,
        at: Timestamp,
    ) -> Result<Self, Refusal> {
        let title = required("title", &plan.title, TITLE_MAX)?.to_owned();
        if plan.areas.is_empty() {
            return Err(Refusal::invalid("areas", "at least one area", "请至少选择一个区域"));
        }
        let max = u32::try_from(AREAS_MAX).unwrap_or(u32::MAX);
        if plan.areas.len() > AREAS_MAX || plan.kinds.len() > AREAS_MAX {
            return Err(Refusal::Limit { what: "areas or kinds", what_zh: "区域或类型", max });
        }
        let stranger = plan.areas.iter().find(|area| organisation.unit(area).is_none_or(|unit| !unit.active));
        if let Some(area) = stranger {
            return Err(Refusal::unknown("unit", area));
        }
        if plan.street.chars().count() > TITLE_MAX {
            return Err(Refusal::invalid("street", "at most 80 characters", "最多 80 个字符"));
        }
        if !(1..=EVERY_MAX).contains(&plan.every_days) {
            return Err(Refusal::invalid("every_days", "1 to 366", "应为 1 至 366"));
        }
        if let Some(list) = plan.checklist.as_ref().filter(|id| rules.checklist(id).is_none()) {
            let known = rules.checklists.iter().map(|list| list.id.as_str()).collect::<Vec<_>>().join(", ");
            let shown: String = list.chars().take(80).collect();
            return Err(Refusal::invalid(
                "checklist",
                format!("one of {known}, not '{shown}'"),
                format!("应为其中之一：{known}"),
            ));
        }
        let plan = Plan { title, street: plan.street.trim().to_owned(), ..plan };
        let made = Self {
            id,
            unit,
            plan,
            state: RoundPlanState::Active,
            made_by: by.to_string(),
            made_at: at,
            ended_at: None,
        };
        if !organisation.spots().any(|spot| made.covers(spot, organisation)) {
            return Err(Refusal::invalid(
                "areas",
                "areas, kinds and a street that have spots in common",
                "所选区域、类型和街道内没有点位",
            ));
        }
        Ok(made)
    }

    /// Whether a spot is one of its own.
    pub fn covers(&self, spot: &Spot, organisation: &Organisation) -> bool {
        let plan = &self.plan;
        (plan.kinds.is_empty() || plan.kinds.contains(&spot.kind))
            && (plan.street.is_empty() || spot.address.contains(&plan.street) || spot.name.contains(&plan.street))
            && plan.areas.iter().any(|area| organisation.is_within(&spot.grid, area))
    }

    /// Whether it asks for rounds on a day.
    pub fn is_on(&self, day: Date) -> bool {
        self.state == RoundPlanState::Active && self.plan.season.is_none_or(|season| season.contains(day))
    }

    /// Ends it: from now on it asks for nothing.
    ///
    /// # Errors
    /// It was ended already.
    pub fn end(&mut self, now: Timestamp) -> Result<(), Refusal> {
        if self.state == RoundPlanState::Ended {
            return Err(Refusal::Already { what: "ended", what_zh: "停用" });
        }
        (self.state, self.ended_at) = (RoundPlanState::Ended, Some(now));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spot_is_seen_to_the_very_end_of_its_days() {
        let now: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        let ago = |hours| Some(now - SignedDuration::from_hours(hours));
        assert_eq!(Standing::of(None, 7, now), Standing::Never);
        assert_eq!(Standing::of(ago(7 * 24), 7, now), Standing::Seen);
        assert_eq!(Standing::of(ago(7 * 24 + 1), 7, now), Standing::Overdue);
    }
}
