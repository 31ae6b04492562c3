//! What is wrong with a draft of an organisation: everything at once, every record named, with what would be right.
//!
//! Faults keep it from being built, for a decision would find no answer or two; warnings are what somebody should look
//! at. A check must never change the draft.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use geo::{Intersects, Point};
use jiff::Timestamp;

use super::{Draft, Person, Shift, UnitKind, area, tree};
use crate::ids::{PostId, UnitId};

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

/// Collects what is wrong, all of one severity.
struct Findings {
    severity: Severity,
    found: Vec<OrgFault>,
}

impl Findings {
    fn new(severity: Severity) -> Self {
        Self { severity, found: Vec::new() }
    }

    fn tell(&mut self, record: impl fmt::Display, what: impl Into<String>, remedy: impl Into<String>) {
        let (record, what, remedy) = (record.to_string(), what.into(), remedy.into());
        self.found.push(OrgFault { severity: self.severity, record, what, remedy });
    }
}

pub(super) fn faults(draft: &Draft) -> Vec<OrgFault> {
    let mut findings = Findings::new(Severity::Fault);
    check_keys(draft, &mut findings);
    check_units(draft, &mut findings);
    check_people(draft, &mut findings);
    check_spots(draft, &mut findings);
    check_roster(draft, &mut findings);
    findings.found
}

pub(super) fn warnings(draft: &Draft) -> Vec<OrgFault> {
    let mut findings = Findings::new(Severity::Warning);
    let areas = draft.grid_areas();
    look_at_units(draft, &areas, &mut findings);
    look_at_people(draft, &mut findings);
    look_at_spots(draft, &areas, &mut findings);
    look_at_roster(draft, &mut findings);
    findings.found
}

/// A stored document may say one code as the key and another within.
fn check_keys(draft: &Draft, findings: &mut Findings) {
    let units = draft.units.iter().map(|(key, unit)| ("unit", key.as_str(), unit.id.as_str()));
    let people = draft.people.iter().map(|(key, person)| ("person", key.as_str(), person.id.as_str()));
    let spots = draft.spots.iter().map(|(key, spot)| ("spot", key.as_str(), spot.id.as_str()));
    for (what, key, id) in units.chain(people).chain(spots).filter(|(_, key, id)| key != id) {
        findings.tell(format!("{what} {key}"), format!("has the code '{id}' within"), "store it under its own code");
    }
}

fn check_units(draft: &Draft, findings: &mut Findings) {
    if !draft.units.values().any(|unit| unit.parent.is_none()) {
        findings.tell("units", "no unit at the top", "leave 'parent' of one unit empty");
    }
    let circles = tree::circles(&draft.units);
    for unit in draft.units.values() {
        let record = format!("unit {}", unit.id);
        let parent = unit.parent.as_ref().map(|id| (id, draft.units.get(id)));
        if let Some((id, None)) = parent {
            findings.tell(&record, format!("parent '{id}' is not a unit"), "add it or correct the code");
        }
        if circles.contains(&unit.id) {
            findings.tell(&record, "is below itself", "correct 'parent' so that the tree ends at the top");
        }
        let in_community = parent.is_some_and(|(_, parent)| parent.is_none_or(|p| p.kind == UnitKind::Community));
        if unit.kind == UnitKind::Grid && !in_community {
            findings.tell(&record, "a grid outside a community", "put it under its community");
        }
        if unit.name.zh.trim().is_empty() {
            findings.tell(&record, "has no name", "give its Chinese name");
        }
        if let Some(why) = unit.area.as_ref().and_then(area::no_area) {
            findings.tell(&record, "its area cannot be used", why);
        }
    }
}

fn check_people(draft: &Draft, findings: &mut Findings) {
    for person in draft.people.values() {
        let record = format!("person {}", person.id);
        if person.name.trim().is_empty() {
            findings.tell(&record, "has no name", "give the name");
        }
        for post in person.posts.iter().filter(|post| !draft.units.contains_key(&post.unit)) {
            let what = format!("a post in '{}', which is not a unit", post.unit);
            findings.tell(&record, what, "add the unit or correct the code");
        }
    }
}

fn check_spots(draft: &Draft, findings: &mut Findings) {
    for spot in draft.spots.values() {
        let record = format!("spot {}", spot.id);
        if draft.units.get(&spot.grid).is_none_or(|unit| unit.kind != UnitKind::Grid) {
            findings.tell(&record, format!("'{}' is not a grid", spot.grid), "give the code of a grid");
        }
        if !area::is_on_earth(spot.lon, spot.lat) {
            findings.tell(&record, "lies nowhere on earth", "give longitude and latitude in degrees, WGS84");
        }
    }
}

fn check_roster(draft: &Draft, findings: &mut Findings) {
    for shift in &draft.roster {
        let record = || format!("roster {} {} {}", shift.unit, shift.post, shift.from);
        if !draft.units.contains_key(&shift.unit) {
            findings.tell(record(), format!("'{}' is not a unit", shift.unit), "add it or correct the code");
        }
        if !draft.people.contains_key(&shift.person) {
            findings.tell(record(), format!("'{}' is not a person", shift.person), "add them or correct the code");
        }
        if shift.to <= shift.from {
            findings.tell(record(), "ends before it begins", "correct 'from' and 'to'");
        }
    }
}

fn look_at_units(draft: &Draft, areas: &area::Index, findings: &mut Findings) {
    let grids = || draft.units.values().filter(|unit| unit.kind == UnitKind::Grid && unit.active);
    let drawn = grids().any(|grid| grid.area.is_some());
    for unit in draft.units.values().filter(|unit| unit.active) {
        let record = format!("unit {}", unit.id);
        let parent = unit.parent.as_ref().and_then(|id| draft.units.get(id));
        if let Some(parent) = parent.filter(|parent| !parent.active) {
            let what = format!("is active under '{}', which is not", parent.id);
            findings.tell(&record, what, "deactivate it too, or give it another parent");
        }
        if let Some(why) = unit.area.as_ref().and_then(area::flaw) {
            findings.tell(&record, format!("its area is badly drawn: {why}"), "draw it again");
        }
        if unit.kind == UnitKind::Grid && drawn && unit.area.is_none() {
            findings.tell(&record, "has no area, so no place leads to it", "draw it and import the map");
        }
    }
    for (one, other, shared) in areas.overlaps() {
        let what = format!("its area overlaps that of '{other}' by {shared:.0} m²");
        findings.tell(format!("unit {one}"), what, "draw the border once, for both");
    }
    let mut lines: BTreeMap<&str, Vec<&UnitId>> = BTreeMap::new();
    for grid in grids() {
        lines.entry(grid.hotline.as_deref().unwrap_or_default()).or_default().push(&grid.id);
    }
    lines.remove("");
    for (line, grids) in lines.iter().filter(|(_, grids)| grids.len() > 1) {
        let what = format!("share the hotline {line}");
        findings.tell(format!("units {}", listed(grids)), what, "give each grid its own");
    }
}

fn look_at_people(draft: &Draft, findings: &mut Findings) {
    let works = |unit: &UnitId| draft.units.get(unit).is_none_or(|unit| unit.active);
    let idle = |person: &&Person| person.active && !person.posts.iter().any(|post| works(&post.unit));
    for person in draft.people.values().filter(idle) {
        let what = "is active without a post in an active unit";
        findings.tell(format!("person {}", person.id), what, "give a post or deactivate");
    }
}

fn look_at_spots(draft: &Draft, areas: &area::Index, findings: &mut Findings) {
    for spot in draft.spots.values() {
        let Some(grid) = draft.units.get(&spot.grid) else { continue };
        let record = format!("spot {}", spot.id);
        if !grid.active {
            findings.tell(&record, format!("its grid '{}' is not active", grid.id), "give it the grid that took over");
        }
        let point = Point::new(spot.lon, spot.lat);
        if grid.area.as_ref().is_some_and(|area| !area.intersects(&point)) {
            let remedy = match areas.at(spot.lon, spot.lat) {
                Some(other) => format!("it lies in '{other}': correct the grid or the coordinates"),
                None => "it lies in no grid: correct the coordinates".to_owned(),
            };
            findings.tell(&record, format!("lies outside its grid '{}'", grid.id), remedy);
        }
    }
}

/// One place in the ring of one post.
type Place<'a> = (&'a UnitId, &'a PostId, u32);

fn look_at_roster(draft: &Draft, findings: &mut Findings) {
    let mut places: BTreeMap<Place<'_>, Vec<&Shift>> = BTreeMap::new();
    let mut gone = BTreeSet::new();
    for shift in &draft.roster {
        places.entry((&shift.unit, &shift.post, shift.order)).or_default().push(shift);
        if draft.people.get(&shift.person).is_some_and(|person| !person.active) {
            gone.insert((&shift.unit, &shift.post, &shift.person));
        }
    }
    for (unit, post, person) in gone {
        let what = format!("'{person}' is not active and is passed over");
        findings.tell(format!("roster {unit} {post}"), what, "give the shifts to somebody else");
    }
    for ((unit, post, order), mut shifts) in places {
        shifts.sort_by_key(|shift| shift.from);
        let record = format!("roster {unit} {post} order {order}");
        let (holes, doubles) = seams(&shifts);
        if let Some(what) = told("nobody holds it", &holes) {
            findings.tell(&record, what, "fill the roster, unless the post rests then");
        }
        if let Some(what) = told("two people hold it", &doubles) {
            findings.tell(&record, what, "end one where the next begins, or give the second another order");
        }
    }
}

type Stretch = (Timestamp, Timestamp);

/// Times that nobody holds and times that more than one shift holds, of shifts by their begin.
fn seams(shifts: &[&Shift]) -> (Vec<Stretch>, Vec<Stretch>) {
    let (mut holes, mut doubles) = (Vec::new(), Vec::new());
    let mut held_until = shifts.first().map_or(Timestamp::MIN, |shift| shift.from);
    for shift in shifts {
        match held_until.cmp(&shift.from) {
            std::cmp::Ordering::Less => holes.push((held_until, shift.from)),
            std::cmp::Ordering::Greater => doubles.push((shift.from, held_until.min(shift.to))),
            std::cmp::Ordering::Equal => {}
        }
        held_until = held_until.max(shift.to);
    }
    (holes, doubles)
}

/// The first stretch in words and how many more there are, so that a post that rests at night is told once.
fn told(what: &str, stretches: &[Stretch]) -> Option<String> {
    let (from, to) = stretches.first()?;
    let more = match stretches.len() - 1 {
        0 => String::new(),
        more => format!(" and at {more} more times"),
    };
    Some(format!("{what} between {from} and {to}{more}"))
}

fn listed(units: &[&UnitId]) -> String {
    units.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ")
}
