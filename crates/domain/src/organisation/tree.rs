//! The tree of units as spans: every unit with all below it is one stretch of a list, so that 'is it below' and 'all
//! below' cost a look-up, whatever the size of the organisation. Built once; it must be given a tree without cycles.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use super::Unit;
use crate::ids::UnitId;

#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    /// Units, each before those below it, neighbours by code.
    order: Vec<UnitId>,
    /// Where a unit and all below it stand in `order`.
    spans: BTreeMap<UnitId, Range<usize>>,
    children: BTreeMap<UnitId, Vec<UnitId>>,
}

impl Tree {
    pub(super) fn build(units: &BTreeMap<UnitId, Unit>) -> Self {
        let mut tree = Self::default();
        for unit in units.values() {
            if let Some(parent) = &unit.parent {
                tree.children.entry(parent.clone()).or_default().push(unit.id.clone());
            }
        }
        let mut stack: Vec<&UnitId> =
            units.values().filter(|unit| unit.parent.is_none()).map(|unit| &unit.id).rev().collect();
        while let Some(id) = stack.pop() {
            tree.order.push(id.clone());
            stack.extend(
                tree.children.get(id).into_iter().flatten().rev().filter_map(|id| units.get(id)).map(|u| &u.id),
            );
        }
        // From the end: a unit's span ends where that of its last child does.
        for (at, id) in tree.order.iter().enumerate().rev() {
            let last = tree.children(id).last().and_then(|child| tree.spans.get(child));
            let end = last.map_or(at + 1, |span| span.end);
            tree.spans.insert(id.clone(), at..end);
        }
        tree
    }

    /// Units right below, by code.
    pub(super) fn children(&self, id: &UnitId) -> &[UnitId] {
        self.children.get(id).map_or(&[], Vec::as_slice)
    }

    /// The unit and all below it, each before those below it; empty for an unknown unit.
    pub(super) fn below(&self, id: &UnitId) -> &[UnitId] {
        self.spans.get(id).and_then(|span| self.order.get(span.clone())).unwrap_or_default()
    }

    /// Whether `unit` is `top` or below it.
    pub(super) fn is_within(&self, unit: &UnitId, top: &UnitId) -> bool {
        let (unit, top) = (self.spans.get(unit), self.spans.get(top));
        unit.zip(top).is_some_and(|(unit, top)| top.contains(&unit.start))
    }
}

/// Units that are below themselves; those merely hanging below such a circle are not among them.
pub(super) fn circles(units: &BTreeMap<UnitId, Unit>) -> BTreeSet<&UnitId> {
    let above = |id: &UnitId| units.get(id).and_then(|unit| unit.parent.as_ref());
    let mut settled: BTreeSet<&UnitId> = BTreeSet::new();
    let mut found = BTreeSet::new();
    for start in units.keys() {
        let mut path: Vec<&UnitId> = Vec::new();
        let mut next = Some(start);
        while let Some(id) = next.filter(|id| !settled.contains(id)) {
            settled.insert(id);
            path.push(id);
            next = above(id);
        }
        let ring = next.and_then(|id| path.iter().position(|seen| *seen == id));
        found.extend(ring.into_iter().flat_map(|from| path[from..].iter().copied()));
    }
    found
}
