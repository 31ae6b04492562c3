//! Where a case belongs 快分拨: by grid and by business.
//!
//! Fallback, so that it is never nobody: category + area → category + parent area → category → area → the liaison
//! office's own queue. This module proposes; it must never move a case.

use std::collections::BTreeSet;

use crate::{
    decide::World,
    ids::{CategoryId, UnitId},
    organisation::Organisation,
    policy::{Assignee, Responsibility},
};

/// Who should handle a case, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Assignment {
    /// Lead unit.
    pub lead: UnitId,
    /// Co-units: a dual dispatch 双派 when not empty.
    pub co_units: BTreeSet<UnitId>,
    /// Step of the fallback that placed it.
    pub step: Step,
    /// Why, in words.
    pub because: String,
}

/// Step of the fallback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A rule for this category in this very area.
    CategoryAndArea,
    /// A rule for this category in an area above.
    CategoryAndParentArea,
    /// A rule for this category anywhere.
    Category,
    /// A rule for the area, whatever the category.
    Area,
    /// No rule fits.
    LiaisonOffice,
}

/// Proposes lead unit and co-units for a category at a grid. Never nobody.
pub fn propose(world: &World<'_>, category: Option<&CategoryId>, grid: Option<&UnitId>) -> Assignment {
    let lineage: Vec<&CategoryId> = category.map(|c| world.policy.lineage(c).collect()).unwrap_or_default();
    let areas: Vec<&UnitId> = grid.map(|g| world.organisation.lineage(g).collect()).unwrap_or_default();
    let find = |category: Option<&CategoryId>, area: Option<&UnitId>| {
        let rules = &world.policy.responsibilities;
        let fits = |r: &&Responsibility| r.category.as_ref() == category && r.area.as_ref() == area;
        rules.iter().filter(fits).find_map(|rule| assign(world.organisation, rule, grid))
    };
    for (depth, area) in areas.iter().enumerate() {
        let step = if depth == 0 { Step::CategoryAndArea } else { Step::CategoryAndParentArea };
        if let Some((lead, with)) = lineage.iter().find_map(|c| find(Some(c), Some(area))) {
            return say(world, lead, with, step, category, Some(area));
        }
    }
    if let Some((lead, with)) = lineage.iter().find_map(|c| find(Some(c), None)) {
        return say(world, lead, with, Step::Category, category, None);
    }
    let anywhere = areas.iter().map(|area| Some(*area)).chain([None]);
    if let Some((lead, with)) = anywhere.into_iter().find_map(|area| find(None, area)) {
        return say(world, lead, with, Step::Area, category, grid);
    }
    say(world, world.policy.dispatch.liaison_office.clone(), BTreeSet::new(), Step::LiaisonOffice, category, grid)
}

fn assign(
    organisation: &Organisation,
    rule: &Responsibility,
    grid: Option<&UnitId>,
) -> Option<(UnitId, BTreeSet<UnitId>)> {
    let resolve = |assignee: &Assignee| {
        let named = match assignee {
            Assignee::Unit(unit) => Some(unit),
            Assignee::Grid => grid,
            Assignee::Community => grid.and_then(|grid| organisation.community_of(grid)),
        };
        named.and_then(|id| organisation.unit(id)).filter(|unit| unit.active).map(|unit| unit.id.clone())
    };
    let lead = resolve(&rule.lead)?;
    let with = rule.with.iter().filter_map(resolve).filter(|unit| *unit != lead).collect();
    Some((lead, with))
}

fn say(
    world: &World<'_>,
    lead: UnitId,
    co_units: BTreeSet<UnitId>,
    step: Step,
    category: Option<&CategoryId>,
    area: Option<&UnitId>,
) -> Assignment {
    let category = category.and_then(|c| world.policy.categories.get(c)).map_or("未分类", |c| c.name.zh.as_str());
    let area = area.and_then(|a| world.organisation.unit(a)).map_or("全域", |u| u.name.zh.as_str());
    let because = match step {
        Step::CategoryAndArea | Step::CategoryAndParentArea => format!("{area}的「{category}」归口"),
        Step::Category => format!("「{category}」归口"),
        Step::Area => format!("「{category}」无归口规则，按属地（{area}）"),
        Step::LiaisonOffice => format!("「{category}」无归口规则，属地不明，由信联办处理"),
    };
    Assignment { lead, co_units, step, because }
}
