//! Building an organisation: everything is checked at once, and every fault names its record and what would be right.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use super::{Organisation, Person, Shift, Spot, Unit, UnitKind, area};
use crate::ids::{PersonId, SpotId, UnitId};

/// What an organisation is built from; imports are merged into it by code, so that importing again never doubles.
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
}

/// How bad a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The organisation cannot be built.
    Fault,
    /// It can, and somebody should look.
    Warning,
}

/// Something wrong in a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgFault {
    /// How bad.
    pub severity: Severity,
    /// Which record, e.g. `unit lh.dm.c01`.
    pub record: String,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub remedy: String,
}

impl fmt::Display for OrgFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.record, self.what, self.remedy)
    }
}

fn fault(record: impl fmt::Display, what: impl Into<String>, remedy: impl Into<String>) -> OrgFault {
    OrgFault { severity: Severity::Fault, record: record.to_string(), what: what.into(), remedy: remedy.into() }
}

impl Draft {
    /// Takes over imported records: those with a known code are replaced, new ones added, none removed.
    pub fn merge(&mut self, other: Self) {
        for (id, mut unit) in other.units {
            // A table of units has no areas, a map has nothing else: neither wipes out the other.
            if unit.area.is_none() {
                unit.area = self.units.get(&id).and_then(|known| known.area.clone());
            }
            self.units.insert(id, unit);
        }
        self.people.extend(other.people);
        self.spots.extend(other.spots);
        for shift in other.roster {
            let same =
                |s: &Shift| (&s.post, &s.unit, s.from, s.order) == (&shift.post, &shift.unit, shift.from, shift.order);
            self.roster.retain(|s| !same(s));
            self.roster.push(shift);
        }
    }

    /// All faults and warnings.
    pub fn check(&self) -> Vec<OrgFault> {
        let mut faults = Vec::new();
        self.check_units(&mut faults);
        self.check_people(&mut faults);
        self.check_spots(&mut faults);
        self.check_roster(&mut faults);
        faults
    }

    /// Builds the organisation.
    ///
    /// # Errors
    /// All faults at once; warnings do not hinder.
    pub fn build(self) -> Result<Organisation, Vec<OrgFault>> {
        let faults: Vec<_> = self.check().into_iter().filter(|fault| fault.severity == Severity::Fault).collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut children: BTreeMap<UnitId, Vec<UnitId>> = BTreeMap::new();
        for unit in self.units.values() {
            if let Some(parent) = &unit.parent {
                children.entry(parent.clone()).or_default().push(unit.id.clone());
            }
        }
        let mut people: BTreeMap<UnitId, Vec<PersonId>> = BTreeMap::new();
        for person in self.people.values() {
            let units: BTreeSet<&UnitId> = person.posts.iter().map(|post| &post.unit).collect();
            for unit in units {
                people.entry(unit.clone()).or_default().push(person.id.clone());
            }
        }
        let grids = self.units.values().filter(|unit| unit.kind == UnitKind::Grid && unit.active);
        let areas = area::Index::build(grids.filter_map(|unit| Some((&unit.id, unit.area.as_ref()?))));
        Ok(Organisation { draft: self, children, people, areas })
    }

    fn check_units(&self, faults: &mut Vec<OrgFault>) {
        let mut tops = self.units.values().filter(|unit| unit.parent.is_none());
        if tops.next().is_none() {
            faults.push(fault("units", "no unit at the top", "leave 'parent' of one unit empty"));
        }
        for unit in self.units.values() {
            let record = format!("unit {}", unit.id);
            match &unit.parent {
                Some(parent) if !self.units.contains_key(parent) => {
                    faults.push(fault(
                        &record,
                        format!("parent '{parent}' is not a unit"),
                        "add it or correct the code",
                    ));
                }
                _ if self.goes_in_circles(unit) => {
                    faults.push(fault(&record, "is below itself", "correct 'parent' so that the tree ends at the top"));
                }
                _ => {}
            }
            if unit.kind == UnitKind::Grid {
                let parent = unit.parent.as_ref().and_then(|id| self.units.get(id));
                if parent.is_some_and(|parent| parent.kind != UnitKind::Community) {
                    faults.push(fault(&record, "a grid outside a community", "put it under its community"));
                }
            }
            if unit.area.as_ref().is_some_and(|area| !in_range(area)) {
                faults.push(fault(&record, "its area leaves the earth", "use longitude, latitude in degrees, WGS84"));
            }
        }
    }

    fn goes_in_circles(&self, unit: &Unit) -> bool {
        let mut seen = BTreeSet::from([&unit.id]);
        let mut above = unit.parent.as_ref();
        while let Some(id) = above {
            if !seen.insert(id) {
                return true;
            }
            above = self.units.get(id).and_then(|unit| unit.parent.as_ref());
        }
        false
    }

    fn check_people(&self, faults: &mut Vec<OrgFault>) {
        for person in self.people.values() {
            for post in person.posts.iter().filter(|post| !self.units.contains_key(&post.unit)) {
                faults.push(fault(
                    format!("person {}", person.id),
                    format!("a post in '{}', which is not a unit", post.unit),
                    "add the unit or correct the code",
                ));
            }
        }
    }

    fn check_spots(&self, faults: &mut Vec<OrgFault>) {
        for spot in self.spots.values() {
            let record = format!("spot {}", spot.id);
            match self.units.get(&spot.grid) {
                Some(unit) if unit.kind == UnitKind::Grid => {
                    use geo::Intersects;
                    let point = geo::Point::new(spot.lon, spot.lat);
                    if unit.area.as_ref().is_some_and(|area| !area.intersects(&point)) {
                        let mut warning =
                            fault(&record, format!("lies outside grid '{}'", spot.grid), "check grid or coordinates");
                        warning.severity = Severity::Warning;
                        faults.push(warning);
                    }
                }
                _ => faults.push(fault(&record, format!("'{}' is not a grid", spot.grid), "give the code of a grid")),
            }
        }
    }

    fn check_roster(&self, faults: &mut Vec<OrgFault>) {
        let mut turns: BTreeMap<_, Vec<&Shift>> = BTreeMap::new();
        for shift in &self.roster {
            let record = format!("roster {} {} {}", shift.unit, shift.post, shift.from);
            if !self.units.contains_key(&shift.unit) {
                faults.push(fault(&record, format!("'{}' is not a unit", shift.unit), "correct the code"));
            }
            if !self.people.contains_key(&shift.person) {
                faults.push(fault(&record, format!("'{}' is not a person", shift.person), "correct the code"));
            }
            if shift.to <= shift.from {
                faults.push(fault(&record, "ends before it begins", "correct 'from' and 'to'"));
            }
            turns.entry((&shift.unit, &shift.post, shift.order)).or_default().push(shift);
        }
        for ((unit, post, order), mut shifts) in turns {
            shifts.sort_by_key(|shift| shift.from);
            let mut turns = shifts.into_iter();
            let Some(mut held_until) = turns.next().map(|shift| shift.to) else { continue };
            for shift in turns {
                let (what, from, to) = match held_until.cmp(&shift.from) {
                    std::cmp::Ordering::Greater => ("two people hold it", shift.from, held_until.min(shift.to)),
                    std::cmp::Ordering::Less => ("nobody holds it", held_until, shift.from),
                    std::cmp::Ordering::Equal => ("", held_until, held_until),
                };
                held_until = held_until.max(shift.to);
                if from == to {
                    continue;
                }
                let mut warning = fault(
                    format!("roster {unit} {post} order {order}"),
                    format!("{what} between {from} and {to}"),
                    "adjust the shifts",
                );
                warning.severity = Severity::Warning;
                faults.push(warning);
            }
        }
    }
}

impl TryFrom<Draft> for Organisation {
    type Error = String;
    fn try_from(draft: Draft) -> Result<Self, String> {
        draft.build().map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}

impl From<Organisation> for Draft {
    fn from(organisation: Organisation) -> Self {
        organisation.draft
    }
}

fn in_range(area: &geo::MultiPolygon<f64>) -> bool {
    use geo::BoundingRect;
    area.bounding_rect().is_some_and(|rect| {
        rect.min().x >= -180.0 && rect.max().x <= 180.0 && rect.min().y >= -90.0 && rect.max().y <= 90.0
    })
}
