//! What is wrong with a draft of an organisation: everything at once, every record named, with what would be right.
//!
//! Faults keep it from being built, for a decision would find no answer or two; warnings are what somebody should look
//! at. A check must never change the draft.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use geo::{Intersects, Point};
use jiff::{Timestamp, tz::TimeZone};

use super::{Draft, Person, Shift, Streets, UnitKind, area, tree};
use crate::{
    ids::{PostId, UnitId},
    words::Words,
};

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
    pub record: Words,
    /// What is wrong.
    pub what: Words,
    /// What would be right.
    pub remedy: Words,
}

impl OrgFault {
    /// All of it, in both languages.
    pub fn words(&self) -> Words {
        Words::new(self.to_string(), format!("{}：{}；{}", self.record.zh, self.what.zh, self.remedy.zh))
    }
}

impl fmt::Display for OrgFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.record.en, self.what.en, self.remedy.en)
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

    fn tell(&mut self, record: &Words, what: Words, remedy: Words) {
        self.found.push(OrgFault { severity: self.severity, record: record.clone(), what, remedy });
    }
}

fn w(en: impl Into<String>, zh: impl Into<String>) -> Words {
    Words::new(en, zh)
}

fn unit_of(id: &impl fmt::Display) -> Words {
    w(format!("unit {id}"), format!("单位 {id}"))
}

fn person_of(id: &impl fmt::Display) -> Words {
    w(format!("person {id}"), format!("人员 {id}"))
}

fn spot_of(id: &impl fmt::Display) -> Words {
    w(format!("spot {id}"), format!("点位 {id}"))
}

fn service_of(id: &impl fmt::Display) -> Words {
    w(format!("service {id}"), format!("服务点 {id}"))
}

pub(super) fn faults(draft: &Draft) -> Vec<OrgFault> {
    let mut findings = Findings::new(Severity::Fault);
    check_keys(draft, &mut findings);
    check_units(draft, &mut findings);
    check_people(draft, &mut findings);
    check_spots(draft, &mut findings);
    check_services(draft, &mut findings);
    check_roster(draft, &mut findings);
    findings.found
}

pub(super) fn warnings(draft: &Draft, zone: &TimeZone) -> Vec<OrgFault> {
    let mut findings = Findings::new(Severity::Warning);
    let areas = draft.grid_areas();
    look_at_units(draft, &areas, &mut findings);
    look_at_people(draft, &mut findings);
    look_at_spots(draft, &areas, &mut findings);
    look_at_streets(draft, &mut findings);
    look_at_roster(draft, zone, &mut findings);
    findings.found
}

/// A stored document may say one code as the key and another within.
fn check_keys(draft: &Draft, findings: &mut Findings) {
    let units = draft.units.iter().map(|(key, unit)| (unit_of(key), key.as_str(), unit.id.as_str()));
    let people = draft.people.iter().map(|(key, person)| (person_of(key), key.as_str(), person.id.as_str()));
    let spots = draft.spots.iter().map(|(key, spot)| (spot_of(key), key.as_str(), spot.id.as_str()));
    let services = draft.services.iter().map(|(key, service)| (service_of(key), key.as_str(), service.id.as_str()));
    for (record, _, id) in units.chain(people).chain(spots).chain(services).filter(|(_, key, id)| key != id) {
        let what = w(format!("has the code '{id}' within"), format!("内部代码为「{id}」"));
        findings.tell(&record, what, w("store it under its own code", "请以其本身代码保存"));
    }
}

fn check_units(draft: &Draft, findings: &mut Findings) {
    if !draft.units.values().any(|unit| unit.parent.is_none()) {
        let remedy = w("leave 'parent' of one unit empty", "请将一个单位的上级留空");
        findings.tell(&w("units", "单位"), w("no unit at the top", "没有最上级单位"), remedy);
    }
    let circles = tree::circles(&draft.units);
    for unit in draft.units.values() {
        let record = unit_of(&unit.id);
        let parent = unit.parent.as_ref().map(|id| (id, draft.units.get(id)));
        if let Some((id, None)) = parent {
            let what = w(format!("parent '{id}' is not a unit"), format!("上级「{id}」不是单位"));
            findings.tell(&record, what, add_or_correct());
        }
        if circles.contains(&unit.id) {
            let remedy = w("correct 'parent' so that the tree ends at the top", "请更正上级，使其最终归到最上级");
            findings.tell(&record, w("is below itself", "成了自己的下级"), remedy);
        }
        let in_community = parent.is_some_and(|(_, parent)| parent.is_none_or(|p| p.kind == UnitKind::Community));
        if unit.kind == UnitKind::Grid && !in_community {
            let what = w("a grid outside a community", "网格不在社区之下");
            findings.tell(&record, what, w("put it under its community", "请归到所在社区"));
        }
        if let Some(mentor) = unit.mentor.as_ref().filter(|id| !draft.people.contains_key(*id)) {
            let what = w(format!("its mentor '{mentor}' is not a person"), format!("指导员「{mentor}」不是人员"));
            findings.tell(&record, what, w("add them or correct the code", "请补充人员或更正代码"));
        }
        if unit.name.zh.trim().is_empty() {
            findings.tell(&record, no_name(), w("give its Chinese name", "请填写中文名称"));
        }
        if let Some(why) = unit.area.as_ref().and_then(area::no_area) {
            findings.tell(&record, w("its area cannot be used", "范围无法使用"), why);
        }
    }
}

fn add_or_correct() -> Words {
    w("add it or correct the code", "请补充或更正代码")
}

fn no_name() -> Words {
    w("has no name", "没有名称")
}

fn check_people(draft: &Draft, findings: &mut Findings) {
    for person in draft.people.values() {
        let record = person_of(&person.id);
        if person.name.trim().is_empty() {
            findings.tell(&record, no_name(), w("give the name", "请填写姓名"));
        }
        for post in person.posts.iter().filter(|post| !draft.units.contains_key(&post.unit)) {
            let en = format!("a post in '{}', which is not a unit", post.unit);
            let what = w(en, format!("岗位所在「{}」不是单位", post.unit));
            findings.tell(&record, what, w("add the unit or correct the code", "请补充单位或更正代码"));
        }
    }
}

fn check_spots(draft: &Draft, findings: &mut Findings) {
    for spot in draft.spots.values() {
        let record = spot_of(&spot.id);
        if draft.units.get(&spot.grid).is_none_or(|unit| unit.kind != UnitKind::Grid) {
            let what = w(format!("'{}' is not a grid", spot.grid), format!("「{}」不是网格", spot.grid));
            findings.tell(&record, what, w("give the code of a grid", "请填写网格代码"));
        }
        if !area::is_on_earth(spot.lon, spot.lat) {
            let remedy = w("give longitude and latitude in degrees, WGS84", "请填写经纬度（度，WGS84）");
            findings.tell(&record, w("lies nowhere on earth", "坐标不在地球上"), remedy);
        }
    }
}

fn check_services(draft: &Draft, findings: &mut Findings) {
    let nowhere = || w("give longitude and latitude in degrees, WGS84", "请填写经纬度（度，WGS84）");
    for service in draft.services.values().filter(|service| !area::is_on_earth(service.lon, service.lat)) {
        findings.tell(&service_of(&service.id), w("lies nowhere on earth", "坐标不在地球上"), nowhere());
    }
    let is_bad = |point: &[f64; 2]| !area::is_on_earth(point[0], point[1]);
    if draft.streets.iter().any(|street| street.0.len() < 2 || street.0.iter().any(is_bad)) {
        let what = w("a street lies nowhere on earth, or is a single point", "有道路坐标不在地球上，或只有一个点");
        findings.tell(&w("streets", "道路"), what, nowhere());
    }
}

fn check_roster(draft: &Draft, findings: &mut Findings) {
    for shift in &draft.roster {
        let record = || {
            let place = format!("{} {} {}", shift.unit, shift.post, shift.from);
            w(format!("roster {place}"), format!("值班表 {place}"))
        };
        if !draft.units.contains_key(&shift.unit) {
            let what = w(format!("'{}' is not a unit", shift.unit), format!("「{}」不是单位", shift.unit));
            findings.tell(&record(), what, add_or_correct());
        }
        if !draft.people.contains_key(&shift.person) {
            let what = w(format!("'{}' is not a person", shift.person), format!("「{}」不是人员", shift.person));
            findings.tell(&record(), what, w("add them or correct the code", "请补充人员或更正代码"));
        }
        if shift.to <= shift.from {
            let remedy = w("correct 'from' and 'to'", "请更正起止时间");
            findings.tell(&record(), w("ends before it begins", "结束早于开始"), remedy);
        }
    }
}

fn look_at_units(draft: &Draft, areas: &area::Index, findings: &mut Findings) {
    let grids = || draft.units.values().filter(|unit| unit.kind == UnitKind::Grid && unit.active);
    let drawn = grids().any(|grid| grid.area.is_some());
    for unit in draft.units.values().filter(|unit| unit.active) {
        let record = unit_of(&unit.id);
        let parent = unit.parent.as_ref().and_then(|id| draft.units.get(id));
        if let Some(parent) = parent.filter(|parent| !parent.active) {
            let en = format!("is active under '{}', which is not", parent.id);
            let what = w(en, format!("仍在用，而上级「{}」已停用", parent.id));
            let remedy = w("deactivate it too, or give it another parent", "请一并停用，或改归其他上级");
            findings.tell(&record, what, remedy);
        }
        if let Some(why) = unit.area.as_ref().and_then(area::flaw) {
            let what = w(format!("its area is badly drawn: {}", why.en), why.zh);
            findings.tell(&record, what, w("draw it again", "请重画"));
        }
        if unit.mentor.as_ref().and_then(|id| draft.people.get(id)).is_some_and(|person| !person.active) {
            let what = w("its mentor is not active", "指导员已停用");
            findings.tell(&record, what, w("give it another mentor", "请另派指导员"));
        }
        if unit.kind == UnitKind::Grid && drawn && unit.area.is_none() {
            let what = w("has no area, so no place leads to it", "没有范围，无法由地点找到");
            findings.tell(&record, what, w("draw it and import the map", "请画出范围并导入"));
        }
    }
    for (one, other, shared) in areas.overlaps() {
        let en = format!("its area overlaps that of '{other}' by {shared:.0} m²");
        let what = w(en, format!("范围与「{other}」重叠 {shared:.0} 平方米"));
        findings.tell(&unit_of(one), what, w("draw the border once, for both", "请使两者共用一条边界"));
    }
    let mut lines: BTreeMap<&str, Vec<&UnitId>> = BTreeMap::new();
    for grid in grids() {
        lines.entry(grid.hotline.as_deref().unwrap_or_default()).or_default().push(&grid.id);
    }
    lines.remove("");
    for (line, grids) in lines.iter().filter(|(_, grids)| grids.len() > 1) {
        let what = w(format!("share the hotline {line}"), format!("共用热线 {line}"));
        let record = w(format!("units {}", listed(grids)), format!("单位 {}", listed(grids)));
        findings.tell(&record, what, w("give each grid its own", "请为每个网格设置各自的热线"));
    }
}

fn look_at_people(draft: &Draft, findings: &mut Findings) {
    let works = |unit: &UnitId| draft.units.get(unit).is_none_or(|unit| unit.active);
    let idle = |person: &&Person| person.active && !person.posts.iter().any(|post| works(&post.unit));
    for person in draft.people.values().filter(idle) {
        let what = w("is active without a post in an active unit", "在用，但在用单位中没有岗位");
        findings.tell(&person_of(&person.id), what, w("give a post or deactivate", "请设置岗位或停用"));
    }
}

fn look_at_spots(draft: &Draft, areas: &area::Index, findings: &mut Findings) {
    for spot in draft.spots.values() {
        let Some(grid) = draft.units.get(&spot.grid) else { continue };
        let record = spot_of(&spot.id);
        if !grid.active {
            let what = w(format!("its grid '{}' is not active", grid.id), format!("所属网格「{}」已停用", grid.id));
            findings.tell(&record, what, w("give it the grid that took over", "请改为接管的网格"));
        }
        let point = Point::new(spot.lon, spot.lat);
        if grid.area.as_ref().is_some_and(|area| !area.intersects(&point)) {
            let remedy = match areas.at(spot.lon, spot.lat) {
                Some(other) => w(
                    format!("it lies in '{other}': correct the grid or the coordinates"),
                    format!("实际位于「{other}」：请更正网格或坐标"),
                ),
                None => w("it lies in no grid: correct the coordinates", "不在任何网格内：请更正坐标"),
            };
            let what = w(format!("lies outside its grid '{}'", grid.id), format!("不在所属网格「{}」范围内", grid.id));
            findings.tell(&record, what, remedy);
        }
    }
}

/// Streets that fall into parts: whoever stands on one part is told that the others cannot be walked to.
fn look_at_streets(draft: &Draft, findings: &mut Findings) {
    let parts = Streets::build(&draft.streets).parts();
    if parts > 1 {
        let what = w(format!("fall into {parts} parts that no street joins"), format!("分成互不连通的 {parts} 部分"));
        let remedy = w(
            "let streets that meet share a point, and import the map again",
            "相接的道路应有共同的点，请改正后重新导入",
        );
        findings.tell(&w("streets", "道路"), what, remedy);
    }
}

/// One place in the ring of one post.
type Place<'a> = (&'a UnitId, &'a PostId, u32);

fn look_at_roster(draft: &Draft, zone: &TimeZone, findings: &mut Findings) {
    let mut places: BTreeMap<Place<'_>, Vec<&Shift>> = BTreeMap::new();
    let mut gone = BTreeSet::new();
    for shift in &draft.roster {
        places.entry((&shift.unit, &shift.post, shift.order)).or_default().push(shift);
        if draft.people.get(&shift.person).is_some_and(|person| !person.active) {
            gone.insert((&shift.unit, &shift.post, &shift.person));
        }
    }
    for (unit, post, person) in gone {
        let en = format!("'{person}' is not active and is passed over");
        let what = w(en, format!("「{person}」已停用，排班不生效"));
        let record = w(format!("roster {unit} {post}"), format!("值班表 {unit} {post}"));
        findings.tell(&record, what, w("give the shifts to somebody else", "请改由他人值班"));
    }
    for ((unit, post, order), mut shifts) in places {
        shifts.sort_by_key(|shift| shift.from);
        let record = w(format!("roster {unit} {post} order {order}"), format!("值班表 {unit} {post} 第 {order} 顺位"));
        let (holes, doubles) = seams(&shifts);
        if let Some(what) = told(&w("nobody holds it", "无人值班"), &holes, zone) {
            findings.tell(
                &record,
                what,
                w("fill the roster, unless the post rests then", "请补齐，该岗位此时不值班的除外"),
            );
        }
        if let Some(what) = told(&w("two people hold it", "两人同时值班"), &doubles, zone) {
            let en = "end one where the next begins, or give the second another order";
            findings.tell(&record, what, w(en, "请衔接起止时间，或将后者改为其他顺位"));
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
///
/// Times are told as the table of the roster has them: local.
fn told(what: &Words, stretches: &[Stretch], zone: &TimeZone) -> Option<Words> {
    let (from, to) = stretches.first()?;
    let local = |at: &Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let (from, to) = (local(from), local(to));
    let (more, more_zh) = match stretches.len() - 1 {
        0 => (String::new(), String::new()),
        more => (format!(" and at {more} more times"), format!("，另有 {more} 处")),
    };
    Some(w(format!("{} between {from} and {to}{more}", what.en), format!("{from} 至 {to} {}{more_zh}", what.zh)))
}

fn listed(units: &[&UnitId]) -> String {
    units.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ")
}
