//! The organisation: what is refused, what is found, who is asked, and how tables and maps are read into it.

#![expect(clippy::expect_used, reason = "a test that cannot set up its world has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use jiban_domain::{
    ids::{PersonId, PostId, SpotId, UnitId},
    organisation::{Draft, OrgFault, Organisation, Role, Severity, UnitKind, import, to_gcj02, to_wgs84},
};
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;

const UNITS: &str = "\
code,name,name_en,kind,parent,hotline,active
lh,罗湖区,Luohu District,district,,,true
lh.dm,东门街道,Dongmen Subdistrict,subdistrict,lh,0755-2550-0000,true
lh.dm.xlb,信联办,Liaison Office,liaison,lh.dm,,true
lh.dm.jw,纪工委,Discipline Office,discipline,lh.dm,,true
lh.dm.zf,执法队,Enforcement,enforcement,lh.dm,,true
lh.dm.c01,湖贝社区,,community,lh.dm,,true
lh.dm.c01.g01,第一网格,,grid,lh.dm.c01,0755-2550-0101,true
lh.dm.c01.g02,第二网格,,grid,lh.dm.c01,0755-2550-0102,true
lh.dm.c02,花园社区,,community,lh.dm,,true
lh.dm.c02.g01,第三网格,,grid,lh.dm.c02,0755-2550-0201,true
";

const PEOPLE: &str = "\
code,name,posts,titles,phone,email,active
zhang,张一,lh.dm.c01.g01:grid_worker;lh.dm.c01:community,party_delegate;mentor,0755-1,zhang@dm.example,true
li,李二,lh.dm.c01:community,,,,true
wang,王三,lh.dm:leader,,,,true
zhao,赵四,lh.dm.xlb:liaison,,,,true
qian,钱五,lh.dm.c01.g01:grid_worker,,,,false
sun,孙六,lh.dm.c02:leader,,,,true
";

/// Two grids side by side, a third apart: g01 | g02, and c02.g01 to the north.
const AREAS: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"unit":"lh.dm.c01.g01"},"geometry":{"type":"Polygon","coordinates":[[[114.11,22.54],[114.12,22.54],[114.12,22.55],[114.11,22.55],[114.11,22.54]]]}},
{"type":"Feature","properties":{"unit":"lh.dm.c01.g02"},"geometry":{"type":"Polygon","coordinates":[[[114.12,22.54],[114.13,22.54],[114.13,22.55],[114.12,22.55],[114.12,22.54]]]}},
{"type":"Feature","properties":{"unit":"lh.dm.c02.g01"},"geometry":{"type":"MultiPolygon","coordinates":[[[[114.11,22.56],[114.13,22.56],[114.13,22.57],[114.11,22.57],[114.11,22.56]]]]}}
]}"#;

fn unit(code: &str) -> UnitId {
    UnitId::new(code).expect("a code")
}

fn person(code: &str) -> PersonId {
    PersonId::new(code).expect("a code")
}

fn duty() -> PostId {
    PostId::new("night").expect("a code")
}

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").expect("the zone")
}

fn whole(parts: import::Parts) -> Draft {
    assert_eq!(parts.faults, [], "a table that should be whole has faults");
    parts.draft
}

fn draft() -> Draft {
    let mut draft = whole(import::units("units.csv", UNITS));
    draft.merge(whole(import::people("people.csv", PEOPLE)));
    let areas = import::areas("areas.geojson", AREAS, &draft, false);
    draft.merge(whole(areas));
    draft
}

fn built(draft: Draft) -> Organisation {
    Organisation::build(draft).unwrap_or_else(|faults| panic!("should be whole: {}", told(&faults)))
}

fn dongmen() -> Organisation {
    built(draft())
}

fn told(faults: &[OrgFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn codes<'a>(units: impl IntoIterator<Item = &'a UnitId>) -> Vec<&'a str> {
    units.into_iter().map(UnitId::as_str).collect()
}

fn names(people: &[&jiban_domain::organisation::Person]) -> Vec<String> {
    people.iter().map(|person| person.id.to_string()).collect()
}

fn roster(rows: &str) -> Draft {
    whole(import::roster("roster.csv", &format!("post,unit,person,from,to,order\n{rows}"), &zone()))
}

fn local(text: &str) -> Timestamp {
    let time: jiff::civil::DateTime = text.parse().expect("a local time");
    time.to_zoned(zone()).expect("in range").timestamp()
}

// ── The tree ────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_unit_knows_those_above_and_those_below() {
    let org = dongmen();
    assert_eq!(codes(org.lineage(&unit("lh.dm.c01.g02"))), ["lh.dm.c01.g02", "lh.dm.c01", "lh.dm", "lh"]);
    assert_eq!(codes(org.lineage(&unit("nobody"))), [""; 0]);
    assert_eq!(codes(org.below(&unit("lh.dm.c01"))), ["lh.dm.c01", "lh.dm.c01.g01", "lh.dm.c01.g02"]);
    assert_eq!(org.below(&unit("lh")).count(), org.units().count());
    assert_eq!(org.below(&unit("nobody")).count(), 0);
    assert!(org.is_within(&unit("lh.dm.c01.g01"), &unit("lh.dm")));
    assert!(org.is_within(&unit("lh.dm"), &unit("lh.dm")));
    assert!(!org.is_within(&unit("lh.dm"), &unit("lh.dm.c01")));
    assert!(!org.is_within(&unit("lh.dm.c02.g01"), &unit("lh.dm.c01")), "c01 and c02 are neighbours");
    assert!(!org.is_within(&unit("nobody"), &unit("nobody")));
    assert_eq!(org.community_of(&unit("lh.dm.c02.g01")), Some(&unit("lh.dm.c02")));
    assert_eq!(org.community_of(&unit("lh.dm.c02")), Some(&unit("lh.dm.c02")));
    assert_eq!(org.community_of(&unit("lh.dm.xlb")), None);
    assert_eq!(org.liaison_office(), Some(&unit("lh.dm.xlb")));
    assert_eq!(codes(org.grids().map(|grid| &grid.id)), ["lh.dm.c01.g01", "lh.dm.c01.g02", "lh.dm.c02.g01"]);
}

#[test]
fn who_may_see_is_every_unit_with_all_above_it() {
    let org = dongmen();
    let scope = org.scope_of([&unit("lh.dm.c01.g01"), &unit("lh.dm.zf")]);
    assert_eq!(codes(&scope), ["lh", "lh.dm", "lh.dm.c01", "lh.dm.c01.g01", "lh.dm.zf"]);
    assert_eq!(org.scope_of([]), BTreeSet::new());
}

#[test]
fn people_are_found_by_unit_role_and_the_nearest_above() {
    let org = dongmen();
    assert_eq!(names(&org.people_of(&unit("lh.dm.c01.g01"))), ["qian", "zhang"]);
    assert_eq!(
        names(&org.with_role(&unit("lh.dm.c01.g01"), Role::GridWorker)),
        ["zhang"],
        "who has left is passed over"
    );
    assert_eq!(names(&org.leaders_over(&unit("lh.dm.c01.g01"))), ["wang"]);
    assert_eq!(names(&org.leaders_over(&unit("lh.dm.c02.g01"))), ["sun"], "the nearest");
    assert_eq!(names(&org.leaders_over(&unit("lh"))), [""; 0]);
    assert_eq!(
        names(&org.with_role_over(&unit("lh.dm.c01"), Role::Liaison)),
        ["zhao"],
        "the office of the subdistrict"
    );
    let zhang = org.person(&person("zhang")).expect("is there");
    assert_eq!(zhang.posts[0].unit, unit("lh.dm.c01.g01"), "the first post is the home unit");
    assert_eq!(zhang.titles, BTreeSet::from(["mentor".to_owned(), "party_delegate".to_owned()]));
}

/// A made tree: each unit hangs below one of those before it, or is a top.
fn tree(parents: &[usize]) -> Draft {
    let mut table = "code,name,name_en,kind,parent,hotline,active\n".to_owned();
    for (at, parent) in parents.iter().enumerate() {
        let parent = if at == 0 || parent % 7 == 0 { String::new() } else { format!("u{}", parent % at) };
        table.push_str(&format!("u{at},单位,,office,{parent},,true\n"));
    }
    whole(import::units("units.csv", &table))
}

proptest! {
    #[test]
    fn below_and_above_say_the_same(parents in prop::collection::vec(0_usize..1000, 1..60)) {
        let draft = tree(&parents);
        let org = built(draft.clone());
        // Said another way: walk up, parent by parent.
        let above = |id: &UnitId| {
            let mut found = vec![id.clone()];
            while let Some(parent) = draft.units[found.last().expect("never empty")].parent.clone() {
                found.push(parent);
            }
            found
        };
        for one in draft.units.keys() {
            let lineage: Vec<UnitId> = org.lineage(one).cloned().collect();
            prop_assert_eq!(&lineage, &above(one));
            let below: BTreeSet<&UnitId> = org.below(one).collect();
            for other in draft.units.keys() {
                let is = above(other).contains(one);
                prop_assert_eq!(org.is_within(other, one), is);
                prop_assert_eq!(below.contains(other), is);
            }
            let order: Vec<&UnitId> = org.below(one).collect();
            for (at, id) in order.iter().enumerate().skip(1) {
                let parent = draft.units[*id].parent.as_ref().expect("not the top");
                prop_assert!(order[..at].contains(&parent), "parents come first");
            }
        }
    }

    #[test]
    fn a_circle_is_told_of_those_in_it_and_no_other(parents in prop::collection::vec(0_usize..40, 2..40)) {
        let mut draft = tree(&vec![0; parents.len()]);
        let all: Vec<UnitId> = draft.units.keys().cloned().collect();
        for (id, parent) in all.iter().zip(&parents) {
            draft.units.get_mut(id).expect("is there").parent = all.get(*parent).cloned();
        }
        let on_circle = |start: &UnitId| {
            let mut at = draft.units[start].parent.as_ref();
            for _ in 0..=all.len() {
                match at { Some(id) if id == start => return true, Some(id) => at = draft.units[id].parent.as_ref(), None => return false }
            }
            false
        };
        let faults = draft.faults();
        for id in &all {
            let said = faults.iter().any(|f| f.record.en == format!("unit {id}") && f.what.en == "is below itself");
            prop_assert_eq!(said, on_circle(id), "{}", id);
        }
    }
}

// ── The ground ──────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_place_has_one_grid() {
    let org = dongmen();
    let at = |lon, lat| org.grid_at(lon, lat).map(UnitId::as_str);
    assert_eq!(at(114.115, 22.545), Some("lh.dm.c01.g01"));
    assert_eq!(at(114.125, 22.545), Some("lh.dm.c01.g02"));
    assert_eq!(at(114.12, 22.545), Some("lh.dm.c01.g01"), "on the border: the lower code");
    assert_eq!(at(114.12, 22.54), Some("lh.dm.c01.g01"), "in the corner too");
    assert_eq!(at(114.11, 22.54), Some("lh.dm.c01.g01"));
    assert_eq!(at(114.2, 22.545), None);
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX] {
        assert_eq!((at(odd, 22.545), at(114.115, odd)), (None, None));
    }
}

#[test]
fn a_place_beside_the_grids_goes_to_the_nearest_within_reach() {
    let org = dongmen();
    let near = |lon, lat, metres| org.nearest_grid(lon, lat, metres).map(UnitId::as_str);
    // 0.001° of longitude at 22.5° N is 102.7 m.
    assert_eq!(near(114.131, 22.545, 100.0), None);
    assert_eq!(near(114.131, 22.545, 106.0), Some("lh.dm.c01.g02"));
    assert_eq!(near(114.115, 22.554, 5_000.0), Some("lh.dm.c01.g01"), "444 m beat 667 m");
    assert_eq!(near(114.115, 22.556, 5_000.0), Some("lh.dm.c02.g01"));
    assert_eq!(near(114.115, 22.545, 0.0), Some("lh.dm.c01.g01"), "inside needs no reach");
    for odd in [f64::NAN, -1.0, f64::NEG_INFINITY] {
        assert_eq!(near(114.131, 22.545, odd), None);
        assert_eq!(near(odd, f64::NAN, 100.0), None);
    }
    assert_eq!(near(114.131, 22.545, f64::INFINITY), Some("lh.dm.c01.g02"));
}

#[test]
fn an_inactive_grid_is_no_place_to_send_a_case() {
    let mut draft = draft();
    draft.units.get_mut("lh.dm.c01.g01").expect("is there").active = false;
    let org = built(draft);
    assert_eq!(org.grid_at(114.115, 22.545), None);
    assert_eq!(org.grid_at(114.12, 22.545), Some(&unit("lh.dm.c01.g02")), "the border goes to who is left");
}

proptest! {
    #[test]
    fn the_index_says_what_trying_every_grid_says(lon in 114.10_f64..114.14, lat in 22.53_f64..22.58) {
        use geo::Intersects;
        let org = dongmen();
        let point = geo::Point::new(lon, lat);
        let slow = org.grids().filter(|grid| grid.area.as_ref().is_some_and(|area| area.intersects(&point))).map(|grid| &grid.id).min();
        prop_assert_eq!(org.grid_at(lon, lat), slow);
    }

    #[test]
    fn there_and_back_between_gcj02_and_wgs84_is_within_a_metre(lon in 73.5_f64..135.0, lat in 3.9_f64..53.5) {
        let (g_lon, g_lat) = to_gcj02(lon, lat);
        let (w_lon, w_lat) = to_wgs84(g_lon, g_lat);
        let metres = ((w_lon - lon) * lat.to_radians().cos()).hypot(w_lat - lat) * 111_195.0;
        prop_assert!(metres < 0.01, "{metres} m");
        let moved = ((g_lon - lon) * lat.to_radians().cos()).hypot(g_lat - lat) * 111_195.0;
        // Mostly some hundred metres; where its waves cancel each other, a few.
        prop_assert!(moved < 1_500.0, "{moved} m");
    }
}

#[test]
fn gcj02_is_what_other_libraries_say() {
    // Published example of coordtransform and gcoord: 116.404, 39.915 (WGS84).
    let (lon, lat) = to_gcj02(116.404, 39.915);
    assert!((lon - 116.410_244_499_169_38).abs() < 1e-7 && (lat - 39.916_404_281_501_64).abs() < 1e-7, "{lon}, {lat}");
    assert_eq!(to_wgs84(-0.1276, 51.5072), (-0.1276, 51.5072), "London is not shifted");
}

#[test]
fn a_map_in_gcj02_is_converted_as_it_is_read() {
    let known = draft();
    let parts = import::areas("areas.geojson", AREAS, &known, true);
    let area = parts.draft.units["lh.dm.c01.g01"].area.clone().expect("was drawn");
    let corner = area.0[0].exterior().0[0];
    let (lon, lat) = to_wgs84(114.11, 22.54);
    assert_eq!((corner.x, corner.y), (lon, lat));
    assert!((lon - 114.11).abs() > 0.003, "east of Shenzhen's true place by some 500 m");
}

#[test]
fn the_real_streets_of_luohu_are_sound_and_touch_without_overlapping() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/geo/luohu_streets_gcj02.geojson");
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|why| panic!("this test needs the streets of Luohu at {}: {why}", path.display()));
    let text = text.replace("\"code\":", "\"unit\":");
    let streets: serde_json::Value = serde_json::from_str(&text).expect("is JSON");
    let features = streets["features"].as_array().expect("has features");
    let mut table =
        "code,name,name_en,kind,parent,hotline,active\nlh,罗湖区,,district,,,1\nlh.c,社区,,社区,lh,,1\n".to_owned();
    for feature in features {
        let code = feature["properties"]["unit"].as_str().expect("a code");
        table.push_str(&format!(
            "{code},{},,综合网格,lh.c,,1\n",
            feature["properties"]["name"].as_str().expect("a name")
        ));
    }
    let mut draft = whole(import::units("streets.csv", &table));
    let areas = import::areas("luohu_streets_gcj02.geojson", &text, &draft, true);
    draft.merge(whole(areas));
    assert_eq!(told(&draft.warnings(&zone())), "");
    let org = built(draft);
    // The old street of Dongmen, WGS84.
    let street = org.grid_at(114.1172, 22.5476).and_then(|id| org.unit(id));
    assert_eq!(street.map(|street| street.name.zh.as_str()), Some("东门街道"));
    assert_eq!(org.grids().count(), 10);
}

// ── The roster ──────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn the_roster_says_who_holds_the_phone_and_who_is_next() {
    let mut draft = draft();
    draft.merge(roster(
        "night,lh.dm,wang,2026-06-08 18:00,2026-06-09 08:00,2\n\
         night,lh.dm,zhao,2026-06-08 18:00,2026-06-09 08:00,1\n\
         night,lh.dm,qian,2026-06-08 18:00,2026-06-09 08:00,3\n\
         night,lh.dm,li,2026-06-09 08:00,2026-06-09 18:00,1\n\
         night,lh.dm.c01,li,2026-06-08 18:00,2026-06-09 08:00,1\n",
    ));
    let org = built(draft);
    let at = |time: &str| names(&org.on_duty(&duty(), &unit("lh.dm"), local(time)));
    assert_eq!(at("2026-06-08T20:00"), ["zhao", "wang"], "qian has left");
    assert_eq!(at("2026-06-08T18:00"), ["zhao", "wang"], "the first moment counts");
    assert_eq!(at("2026-06-09T08:00"), ["li"], "the last does not");
    assert_eq!(at("2026-06-09T18:00"), [""; 0]);
    assert_eq!(at("2026-06-08T17:59"), [""; 0]);
    assert_eq!(names(&org.on_duty(&duty(), &unit("lh.dm.c02"), local("2026-06-08T20:00"))), [""; 0]);
}

proptest! {
    #[test]
    fn the_index_of_shifts_says_what_reading_every_shift_says(
        shifts in prop::collection::vec((0_i64..200, 1_i64..60, 1_u32..4, prop::sample::select(vec!["zhang", "li", "wang", "zhao"])), 0..40),
        at in 0_i64..260,
    ) {
        let mut draft = draft();
        let hour = |hour: i64| Timestamp::from_second(1_780_000_000 + hour * 3600).expect("in range");
        draft.roster = shifts.iter().map(|(from, long, order, who)| jiban_domain::organisation::Shift {
            post: duty(), unit: unit("lh.dm"), person: person(who), from: hour(*from), to: hour(from + long), order: *order,
            instead_of: None,
        }).collect();
        let mut slow: Vec<_> = draft.roster.iter().filter(|s| s.from <= hour(at) && hour(at) < s.to).collect();
        slow.sort_by_key(|s| (s.order, s.from));
        let mut expected: Vec<String> = Vec::new();
        for shift in slow {
            if !expected.contains(&shift.person.to_string()) { expected.push(shift.person.to_string()); }
        }
        let org = built(draft.clone());
        prop_assert_eq!(names(&org.on_duty(&duty(), &unit("lh.dm"), hour(at))), expected);
    }
}

#[test]
fn holes_and_double_holders_are_told_once_a_post() {
    let mut draft = draft();
    for day in 1..=9 {
        let next = day + 1;
        draft.merge(roster(&format!("night,lh.dm,wang,2026-06-0{day} 18:00,2026-06-{next:02} 08:00,1\n")));
    }
    draft.merge(roster(
        "night,lh.dm,zhao,2026-06-08 18:00,2026-06-09 08:00,2\nnight,lh.dm,li,2026-06-09 07:00,2026-06-09 18:00,2\n",
    ));
    let warnings = draft.warnings(&zone());
    let text = told(&warnings);
    assert!(warnings.iter().all(|warning| warning.severity == Severity::Warning));
    assert_eq!(text.matches("nobody holds it").count(), 1, "{text}");
    assert!(text.contains("and at 7 more times"), "{text}");
    assert!(text.contains("order 2: two people hold it between 2026-06-09 07:00 and 2026-06-09 08:00"), "{text}");
    built(draft);
}

#[test]
fn a_roster_imported_again_replaces_what_it_overlaps_and_never_doubles() {
    let mut draft = draft();
    let first =
        "night,lh.dm,wang,2026-06-08 18:00,2026-06-09 08:00,1\nnight,lh.dm,zhao,2026-06-09 18:00,2026-06-10 08:00,1\n";
    draft.merge(roster(first));
    draft.merge(roster(first));
    assert_eq!(draft.roster.len(), 2, "the same again changes nothing");
    draft.merge(roster("night,lh.dm,li,2026-06-08 18:30,2026-06-09 08:30,1\n"));
    let org = built(draft);
    assert_eq!(org.roster().len(), 2);
    assert_eq!(names(&org.on_duty(&duty(), &unit("lh.dm"), local("2026-06-08T20:00"))), ["li"]);
    assert_eq!(names(&org.on_duty(&duty(), &unit("lh.dm"), local("2026-06-09T20:00"))), ["zhao"], "other turns stay");
}

// ── What is refused ─────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn every_fault_is_told_at_once_with_its_remedy() {
    let mut draft = draft();
    let edit = |draft: &mut Draft, code: &str, parent: Option<&str>| {
        draft.units.get_mut(code).expect("is there").parent = parent.map(unit);
    };
    edit(&mut draft, "lh.dm.zf", Some("nowhere"));
    edit(&mut draft, "lh.dm.c01.g01", Some("lh.dm"));
    edit(&mut draft, "lh.dm.c02", Some("lh.dm.c02.g01"));
    draft.people.get_mut("li").expect("is there").posts[0].unit = unit("gone");
    draft.merge(whole(import::spots(
        "spots.csv",
        "code,name,grid,lon,lat,address\ns1,门口,lh.dm.c01,114.115,22.545,\ns2,门口,none,114.115,22.545,\n",
    )));
    draft.merge(roster("night,nowhere,nobody,2026-06-08 18:00,2026-06-09 08:00,1\n"));
    let faults = Organisation::build(draft).expect_err("is full of faults");
    let text = told(&faults);
    for line in [
        "unit lh.dm.zf: parent 'nowhere' is not a unit; add it or correct the code",
        "unit lh.dm.c01.g01: a grid outside a community; put it under its community",
        "unit lh.dm.c02: is below itself; correct 'parent' so that the tree ends at the top",
        "unit lh.dm.c02.g01: is below itself; correct 'parent' so that the tree ends at the top",
        "person li: a post in 'gone', which is not a unit; add the unit or correct the code",
        "spot s1: 'lh.dm.c01' is not a grid; give the code of a grid",
        "spot s2: 'none' is not a grid; give the code of a grid",
        "roster nowhere night 2026-06-08T10:00:00Z: 'nowhere' is not a unit; add it or correct the code",
        "roster nowhere night 2026-06-08T10:00:00Z: 'nobody' is not a person; add them or correct the code",
    ] {
        assert!(text.lines().any(|told| told == line), "missing: {line}\namong:\n{text}");
    }
    assert_eq!(faults.len(), 9, "{text}");
    assert!(faults.iter().all(|fault| fault.severity == Severity::Fault));
}

#[test]
fn an_empty_draft_is_no_organisation() {
    let faults = Organisation::build(Draft::default()).expect_err("has no top");
    assert_eq!(told(&faults), "units: no unit at the top; leave 'parent' of one unit empty");
}

#[test]
fn what_somebody_should_look_at_does_not_hinder() {
    let mut draft = draft();
    let square = |west: f64| {
        format!(
            r#"{{"features":[{{"properties":{{"unit":"lh.dm.c01.g02"}},"geometry":{{"type":"Polygon","coordinates":[[[{west},22.54],[114.13,22.54],[114.13,22.55],[{west},22.55],[{west},22.54]]]}}}}]}}"#
        )
    };
    let areas = import::areas("areas.geojson", &square(114.119), &draft, false);
    draft.merge(whole(areas));
    draft.merge(whole(import::spots(
        "spots.csv",
        "code,name,grid,lon,lat,address\ns1,错格,lh.dm.c02.g01,114.115,22.545,\ns2,飞地,lh.dm.c02.g01,114.2,22.6,\n",
    )));
    draft.units.get_mut("lh.dm.c02").expect("is there").active = false;
    draft.units.get_mut("lh.dm.c01.g02").expect("is there").hotline = Some("0755-2550-0101".into());
    draft.people.get_mut("zhao").expect("is there").posts.clear();
    let text = told(&draft.warnings(&zone()));
    for part in [
        "unit lh.dm.c01.g01: its area overlaps that of 'lh.dm.c01.g02' by 114199 m²",
        "units lh.dm.c01.g01, lh.dm.c01.g02: share the hotline 0755-2550-0101",
        "unit lh.dm.c02.g01: is active under 'lh.dm.c02', which is not",
        "spot s1: lies outside its grid 'lh.dm.c02.g01'; it lies in 'lh.dm.c01.g01'",
        "spot s2: lies outside its grid 'lh.dm.c02.g01'; it lies in no grid",
        "person zhao: is active without a post in an active unit",
        "person sun: is active without a post in an active unit",
    ] {
        assert!(text.contains(part), "missing: {part}\namong:\n{text}");
    }
    assert_eq!(text.lines().count(), 7, "{text}");
    built(draft);
}

#[test]
fn a_whole_organisation_has_nothing_to_look_at() {
    assert_eq!(told(&draft().check(&zone())), "");
}

#[test]
fn the_demo_subdistrict_is_whole() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo");
    let read = |file: &str| std::fs::read_to_string(demo.join(file)).unwrap_or_else(|why| panic!("demo/{file}: {why}"));
    let mut draft = whole(import::units("units.csv", &read("units.csv")));
    draft.merge(whole(import::people("people.csv", &read("people.csv"))));
    draft.merge(whole(import::spots("spots.csv", &read("spots.csv"))));
    let areas = import::areas("grids.geojson", &read("grids.geojson"), &draft, false);
    draft.merge(whole(areas));
    assert_eq!(told(&draft.check(&zone())), "");
    assert_eq!(built(draft).grids().count(), 25, "25 comprehensive grids");
}

#[test]
fn stored_and_read_again_it_is_the_same() {
    let mut draft = draft();
    draft.merge(whole(import::spots(
        "spots.csv",
        "code,name,grid,lon,lat,address,kind\ns1,门口,lh.dm.c01.g01,114.115,22.545,老街1号,商场\n",
    )));
    draft.merge(roster("night,lh.dm,wang,2026-06-08 18:00,2026-06-09 08:00,1\n"));
    let before = built(draft);
    let text = serde_json::to_string(&before).expect("serialises");
    assert!(text.contains(r#""type":"MultiPolygon""#), "areas are GeoJSON");
    let after: Organisation = serde_json::from_str(&text).expect("reads");
    assert_eq!(Draft::from(&before), Draft::from(&after));
    assert_eq!(after.grid_at(114.115, 22.545), Some(&unit("lh.dm.c01.g01")));
    assert_eq!(after.spot(&SpotId::new("s1").expect("a code")).map(|spot| spot.kind.as_str()), Some("商场"));
    let broken = text.replace(r#""parent":"lh.dm.c01""#, r#""parent":"lh.dm""#);
    let why = serde_json::from_str::<Organisation>(&broken).expect_err("a broken document is refused");
    assert!(why.to_string().contains("a grid outside a community"), "{why}");
    let renamed = text.replace(r#""id":"wang""#, r#""id":"other""#);
    let why = serde_json::from_str::<Organisation>(&renamed).expect_err("key and code must agree");
    assert!(why.to_string().contains("person wang: has the code 'other' within"), "{why}");
}

// ── Tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn chinese_headings_in_any_order_are_understood() {
    let units = "\u{feff}名称,编码,类型,上级,干群连心线,启用,英文名称,备注\n罗湖区,lh,区,,,是,,\n东门街道,lh.dm,街道,lh,2550,否,Dongmen,老\n";
    let draft = whole(import::units("units.csv", units));
    let street = &draft.units["lh.dm"];
    assert_eq!((street.kind, street.active, street.hotline.as_deref()), (UnitKind::Subdistrict, false, Some("2550")));
    assert_eq!((street.name.zh.as_str(), street.name.en.as_str()), ("东门街道", "Dongmen"));
    assert_eq!(draft.units["lh"].name.en, "罗湖区", "no English name: the Chinese one");
    let people = "编码,姓名,岗位,身份,电话,邮箱,启用\nzhang,张一,lh.dm：网格员；lh:领导,mentor；young_cadre,,,\n";
    let draft = whole(import::people("people.csv", people));
    assert_eq!(
        draft.people["zhang"].posts.iter().map(|post| post.role).collect::<Vec<_>>(),
        [Role::GridWorker, Role::Leader]
    );
    assert_eq!(draft.people["zhang"].titles.len(), 2);
}

#[test]
fn bad_rows_are_kept_apart_and_told_with_file_row_column_and_remedy() {
    let table = "code,name,name_en,kind,parent,hotline,active\n\
        lh,罗湖区,,district,,,true\n\
        \n\
        东门,东门街道,,subdistrict,lh,,true\n\
        lh.a,,,office,lh,,true\n\
        lh.b,乙办,,bureaucracy,lh,,true\n\
        lh.c,丙办,,office,lh,,perhaps\n\
        lh,又一个,,district,,,true\n\
        lh.d,丁办,,office,lh,0755,2550,true\n\
        ,,,,,,\n\
        lh.e,\"戊\n办\",,office,lh,,true\n\
        lh.f,己办,,office,lh,,true\n";
    let parts = import::units("units.csv", table);
    let told: Vec<String> = parts.faults.iter().map(ToString::to_string).collect();
    let starts = [
        "units.csv row 4, code: '东门' is not a code: use 1 to 64 of the characters A-Z a-z 0-9 . _ -",
        "units.csv row 5, name: must be filled in",
        "units.csv row 6, kind: 'bureaucracy' is not a kind; kinds are city 市, district 区",
        "units.csv row 7, active: use true or false",
        "units.csv row 8, code: is in row 2 already; keep one of the two rows",
        "units.csv row 9, row: 8 cells under 7 headings; put cells with commas into quotes",
        "units.csv row 11, name: holds a line break",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told}\nshould start with\n{start}");
    }
    assert_eq!(codes(parts.draft.units.keys()), ["lh", "lh.f"]);
    assert_eq!(parts.draft.units["lh"].name.zh, "罗湖区", "the first of two stays");
}

#[test]
fn a_table_without_a_column_is_refused_lest_it_wipe_it_out() {
    let parts = import::people("people.csv", "code,name,phone\nzhang,张一,0755-2\n");
    assert_eq!(parts.draft, Draft::default());
    let [fault] = parts.faults.as_slice() else { panic!("one fault: {:?}", parts.faults) };
    let told = fault.to_string();
    assert!(
        told.starts_with("people.csv row 1, heading: add the missing columns, their cells may be empty: 'posts' (岗位"),
        "{told}"
    );
    for column in ["'titles'", "'email'", "'active'"] {
        assert!(told.contains(column), "{told}");
    }
    let twice = import::units("units.csv", "code,编码,name,name_en,kind,parent,hotline,active\n");
    assert!(twice.faults[0].what.en.contains("'code' is there twice"), "{:?}", twice.faults);
    assert_eq!(import::units("units.csv", "").faults.len(), 1);
}

#[test]
fn wrong_cells_of_people_spots_and_rosters_are_told() {
    let people = import::people(
        "people.csv",
        "code,name,posts,titles,phone,email,active\na,甲,lh.dm,,,,\nb,乙,lh.dm:king,,,,\nc,丙,,,,not an address,\nd,丁,东门:staff,,,,\n",
    );
    assert_eq!(
        people.faults.iter().map(|f| f.column.as_str()).collect::<Vec<_>>(),
        ["posts", "posts", "email", "posts"]
    );
    assert!(people.faults[1].what.en.contains("grid_worker 网格员"), "{}", people.faults[1]);
    let spots = import::spots(
        "spots.csv",
        "code,name,grid,lon,lat,address\na,甲,g,22.5,114.1,\nb,乙,g,NaN,22.5,\nc,丙,g,inf,22.5,\nd,丁,g,x,22.5,\ne,戊,g,114.1,,\n",
    );
    assert_eq!(spots.faults.iter().map(|f| f.column.as_str()).collect::<Vec<_>>(), ["lat", "lon", "lon", "lon", "lat"]);
    assert!(spots.faults[0].what.en.contains("swapped"), "{}", spots.faults[0]);
    let head = "post,unit,person,from,to,order\n";
    let rows = "night,lh,a,2026-06-08 18:00,2026-06-08 08:00,1\nnight,lh,b,yesterday,2026-06-08 08:00,1\nnight,lh,c,2026-06-08 18:00,2026-06-09 08:00,-1\n";
    let roster = import::roster("roster.csv", &format!("{head}{rows}"), &zone());
    assert_eq!(roster.faults.iter().map(|f| f.column.as_str()).collect::<Vec<_>>(), ["to", "from", "order"]);
}

#[test]
fn times_are_local_unless_they_tell_their_offset() {
    for written in [
        "2026-06-08 18:00",
        "2026-06-08T18:00:00",
        "2026/6/8 18:00",
        "2026-06-08T18:00+08:00",
        "2026-06-08T10:00:00Z",
        "2026-06-08 11:00+01:00",
    ] {
        let draft = roster(&format!("night,lh.dm,wang,{written},2026-06-09 08:00,1\n"));
        assert_eq!(draft.roster[0].from.to_string(), "2026-06-08T10:00:00Z", "{written}");
    }
}

#[test]
fn importing_again_updates_and_never_doubles() {
    let mut draft = Draft::from(&dongmen());
    let before = draft.clone();
    draft.merge(whole(import::units("units.csv", UNITS)));
    draft.merge(whole(import::people("people.csv", PEOPLE)));
    assert_eq!(draft, before, "the same tables change nothing, and areas stay");
    draft.merge(whole(import::units(
        "units.csv",
        "code,name,name_en,kind,parent,hotline,active\nlh.dm.c01.g02,新网格,,grid,lh.dm.c01,,false\n",
    )));
    draft.merge(whole(import::people(
        "people.csv",
        "code,name,posts,titles,phone,email,active\nli,李二,lh.dm.c02:community,,,,true\n",
    )));
    let org = built(draft);
    assert_eq!(org.units().count(), before.units.len());
    assert_eq!(org.people().count(), before.people.len(), "who is missing from the table stays");
    let grid = org.unit(&unit("lh.dm.c01.g02")).expect("is kept");
    assert!(!grid.active && grid.area.is_some() && grid.hotline.is_none());
    assert_eq!(org.people_of(&unit("lh.dm.c01")).len(), 1, "li has moved");
}

#[test]
fn bad_features_of_a_map_are_kept_apart() {
    let known = draft();
    let feature = |unit: &str, geometry: &str| {
        format!(r#"{{"type":"Feature","properties":{{"unit":{unit}}},"geometry":{geometry}}}"#)
    };
    let polygon = |points: &str| format!(r#"{{"type":"Polygon","coordinates":[[{points}]]}}"#);
    let good = polygon("[114.11,22.54],[114.12,22.54],[114.12,22.55],[114.11,22.54]");
    let features = [
        feature(r#""lh.dm.c01.g01""#, &good),
        feature(r#""nowhere""#, &good),
        feature("null", &good),
        feature(r#""lh.dm.c01.g01""#, &good),
        feature(
            r#""lh.dm.c01.g02""#,
            &polygon("[114.11,22.54],[114.12,22.55],[114.12,22.54],[114.11,22.55],[114.11,22.54]"),
        ),
        feature(r#""lh.dm.c02.g01""#, &polygon("[22.54,114.11],[22.54,114.12],[22.55,114.12],[22.54,114.11]")),
        feature(r#""lh.dm""#, "null"),
        feature(r#""lh.dm.c01""#, r#"{"type":"Point","coordinates":[114.11,22.54]}"#),
        feature(r#""lh.dm.zf""#, &polygon("[114.11]")),
        feature(r#""lh.dm.jw""#, r#"{"type":"Polygon","coordinates":[]}"#),
        feature(r#""lh.dm.xlb""#, &polygon("[114.11,22.54],[114.11,22.54]")),
        feature(r#""lh""#, r#"{"type":"MultiPolygon","coordinates":[]}"#),
    ];
    let parts = import::areas("m.geojson", &format!(r#"{{"features":[{}]}}"#, features.join(",")), &known, false);
    let told: Vec<String> = parts.faults.iter().map(ToString::to_string).collect();
    let starts = [
        "m.geojson row 2, unit: 'nowhere' is not a known unit; import units first",
        "m.geojson row 3, unit: the property 'unit' must give the code of a unit",
        "m.geojson row 4, unit: is drawn in feature 1 already",
        "m.geojson row 5, geometry: ",
        "m.geojson row 6, geometry: leaves the earth; use longitude, latitude in degrees, in this order",
        "m.geojson row 7, geometry: has no geometry; draw the area",
        "m.geojson row 8, geometry: not an area; use a Polygon or MultiPolygon",
        "m.geojson row 9, geometry: has a corner without two numbers",
        "m.geojson row 10, geometry: needs at least 3 corners",
        "m.geojson row 11, geometry: needs at least 3 corners",
        "m.geojson row 12, geometry: needs at least 3 corners",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told}\nshould start with\n{start}");
    }
    assert!(told[3].contains("self-intersection"), "{}", told[3]);
    assert_eq!(codes(parts.draft.units.keys()), ["lh.dm.c01.g01"]);
    for text in ["", "{", "[]", r#"{"features":{}}"#] {
        assert_eq!(import::areas("m.geojson", text, &known, false).faults.len(), 1, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_crash(text in "(code|name|,|\"|\n|编码|名称|lh|;|:|\\PC){0,80}", head in any::<bool>()) {
        let table = |columns: &str| if head { format!("{columns}\n{text}") } else { text.clone() };
        import::units("f", &table("code,name,name_en,kind,parent,hotline,active"));
        import::people("f", &table("code,name,posts,titles,phone,email,active"));
        import::spots("f", &table("code,name,grid,lon,lat,address"));
        import::roster("f", &table("post,unit,person,from,to,order"), &zone());
        import::areas("f", &text, &Draft::default(), true);
    }

    #[test]
    fn rows_are_numbered_as_in_the_file(blanks in prop::collection::vec(0_usize..3, 1..8), bad in 0_usize..8) {
        let mut table = "code,name,name_en,kind,parent,hotline,active\n".to_owned();
        let mut lines: BTreeMap<usize, u64> = BTreeMap::new();
        let mut line = 2;
        for (at, blank) in blanks.iter().enumerate() {
            table.push_str(&"\r\n".repeat(*blank));
            line += *blank as u64;
            lines.insert(at, line);
            let code = if at == bad { "不是编码".to_owned() } else { format!("u{at}") };
            table.push_str(&format!("{code},\"甲,乙\",,office,,,\n"));
            line += 1;
        }
        let faults = import::units("f", &table).faults;
        prop_assert_eq!(faults.iter().map(|f| f.row).collect::<Vec<_>>(), lines.get(&bad).copied().into_iter().collect::<Vec<_>>());
    }
}
