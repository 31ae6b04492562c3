//! What an organisation is built from, and how imports flow into it: by code, so that importing again never doubles.
//! Nothing is built from a draft with faults; building must never repair one silently.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{
    OrgFault, Organisation, Person, Service, Shift, Spot, Street, Streets, Unit, UnitKind, area, check, roster::Roster,
    services, tree::Tree,
};
use crate::ids::{PersonId, PostId, ServiceId, SpotId, UnitId};

/// What an organisation is built from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Units by code.
    pub units: BTreeMap<UnitId, Unit>,
    /// People by code.
    pub people: BTreeMap<PersonId, Person>,
    /// Spots by code.
    pub spots: BTreeMap<SpotId, Spot>,
    /// The roster, in any order.
    pub roster: Vec<Shift>,
    /// Service points by code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<ServiceId, Service>,
    /// Streets, in any order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub streets: Vec<Street>,
}

impl Draft {
    /// Takes over imported records: those with a known code are replaced, new ones added, none removed.
    ///
    /// A table of units has no areas, so a unit keeps the one it has; likewise a unit keeps its mentor and a spot its kind
    /// where none is given. A shift gives way to imported ones that overlap it in the same place of the ring; but a table that still
    /// says whose turn it was before a swap takes no swap back. Streets have no codes: an imported map takes the place of the one
    /// before.
    pub fn merge(&mut self, other: Self) {
        for (id, mut unit) in other.units {
            if unit.area.is_none() {
                unit.area = self.units.get(&id).and_then(|known| known.area.clone());
            }
            if unit.mentor.is_none() {
                unit.mentor = self.units.get(&id).and_then(|known| known.mentor.clone());
            }
            self.units.insert(id, unit);
        }
        self.people.extend(other.people);
        for (id, mut spot) in other.spots {
            if spot.kind.is_empty() {
                spot.kind = self.spots.get(&id).map_or_else(String::new, |known| known.kind.clone());
            }
            self.spots.insert(id, spot);
        }
        self.services.extend(other.services);
        if !other.streets.is_empty() {
            self.streets = other.streets;
        }
        self.merge_roster(other.roster);
    }

    fn merge_roster(&mut self, mut imported: Vec<Shift>) {
        self.keep_swaps(&mut imported);
        let mut turns: BTreeMap<(&UnitId, &PostId, u32), Vec<&Shift>> = BTreeMap::new();
        for shift in &imported {
            turns.entry((&shift.unit, &shift.post, shift.order)).or_default().push(shift);
        }
        let overlaps = |a: &Shift, b: &Shift| a.from < b.to && b.from < a.to;
        self.roster.retain(|known| {
            let imported = turns.get(&(&known.unit, &known.post, known.order));
            !imported.is_some_and(|shifts| shifts.iter().any(|shift| *shift == known || overlaps(shift, known)))
        });
        self.roster.extend(imported);
    }

    /// Builds the organisation: [`Organisation::build`].
    ///
    /// # Errors
    /// All faults at once.
    pub fn build(self) -> Result<Organisation, Vec<OrgFault>> {
        Organisation::build(self)
    }

    /// All that is wrong, and all that somebody should look at; times are told in `zone`.
    pub fn check(&self, zone: &TimeZone) -> Vec<OrgFault> {
        let mut all = self.faults();
        all.extend(self.warnings(zone));
        all
    }

    /// All that keeps it from being built.
    pub fn faults(&self) -> Vec<OrgFault> {
        check::faults(self)
    }

    /// All that somebody should look at; costs more than [`Self::faults`], for it lays every area over its neighbours.
    pub fn warnings(&self, zone: &TimeZone) -> Vec<OrgFault> {
        check::warnings(self, zone)
    }

    /// The areas of active grids.
    pub(super) fn grid_areas(&self) -> area::Index {
        let grids = self.units.values().filter(|unit| unit.kind == UnitKind::Grid && unit.active);
        area::Index::build(grids.filter_map(|unit| Some((&unit.id, unit.area.as_ref()?))))
    }
}

impl Organisation {
    /// Builds the organisation and its indexes.
    ///
    /// # Errors
    /// All faults at once; warnings do not hinder ([`Draft::warnings`]).
    pub fn build(draft: Draft) -> Result<Self, Vec<OrgFault>> {
        let faults = draft.faults();
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut people: BTreeMap<UnitId, Vec<PersonId>> = BTreeMap::new();
        for person in draft.people.values() {
            let units: BTreeSet<&UnitId> = person.posts.iter().map(|post| &post.unit).collect();
            for unit in units {
                people.entry(unit.clone()).or_default().push(person.id.clone());
            }
        }
        let tree = Tree::build(&draft.units);
        let roster = Roster::build(&draft.roster);
        let areas = draft.grid_areas();
        let services = services::Index::build(draft.services.values());
        let streets = Streets::build(&draft.streets);
        Ok(Self { draft, tree, people, roster, areas, services, streets })
    }
}

impl TryFrom<Draft> for Organisation {
    type Error = String;
    fn try_from(draft: Draft) -> Result<Self, String> {
        Self::build(draft).map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}

impl From<Organisation> for Draft {
    fn from(organisation: Organisation) -> Self {
        organisation.draft
    }
}

impl From<&Organisation> for Draft {
    fn from(organisation: &Organisation) -> Self {
        organisation.draft.clone()
    }
}
