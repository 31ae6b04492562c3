//! What is near on foot: services and streets as they are imported, and how far it is along them.

#![expect(clippy::unwrap_used, reason = "a test ends when something is not as it should be")]

use std::collections::BTreeMap;

use jiban_domain::{
    neighbourhood::{Section, ServiceKind},
    organisation::{Draft, Near, Organisation, Place, Street, Streets, Walk, import, to_gcj02},
    policy::Name,
};
use proptest::prelude::*;

const FAR: f64 = 1e9;
/// A degree of latitude in the south of the city, a thousandth of it: about 111 metres.
const STEP: f64 = 0.001;

fn kinds() -> Vec<ServiceKind> {
    let kind = |id: &str, zh: &str| ServiceKind {
        id: id.to_owned(),
        section: Section::Convenience,
        name: Name { zh: zh.to_owned(), en: id.to_owned() },
    };
    vec![kind("clinic", "社康中心"), kind("toilet", "公共厕所")]
}

fn place(x: f64, y: f64) -> Place {
    Place { lon: 114.11 + x * STEP, lat: 22.54 + y * STEP }
}

fn street(points: &[(f64, f64)]) -> Street {
    Street(points.iter().map(|(x, y)| place(*x, *y)).map(|at| [at.lon, at.lat]).collect())
}

/// Metres between two places along these streets.
fn metres(streets: &Streets, from: Place, to: Place) -> Option<f64> {
    match streets.walks(from, &[to], FAR, FAR)?[0] {
        Walk::Metres(metres) => Some(metres),
        Walk::TooFar | Walk::OffStreet => None,
    }
}

fn organisation(streets: Vec<Street>, services: &str) -> Organisation {
    let units = import::units("units.csv", "code,name,name_en,kind,parent,hotline,active\nlh.dm,街道,,街道,,,\n");
    let mut draft = units.draft;
    let read =
        import::services("services.csv", &format!("code,name,kind,lon,lat,address\n{services}"), &kinds(), false);
    assert_eq!(read.faults, []);
    draft.merge(read.draft);
    draft.merge(Draft { streets, ..Draft::default() });
    draft.build().unwrap()
}

fn told(near: &[Near<'_>]) -> Vec<(String, f64, bool)> {
    near.iter().map(|near| (near.service.id.to_string(), near.metres.round(), near.straight)).collect()
}

#[test]
fn services_are_read_row_by_row_with_what_is_wrong_told() {
    let table = "编码,名称,类型,经度,纬度,地址,电话,开放时间\n\
        a1,青云社康,社康中心,114.11,22.54,文锦路1号,0755-2550-2001,8:00—20:00\n\
        a2,公厕,Toilet,114.12,22.54,老街路2号,,全天\n\
        a3,网吧,bar,114.12,22.54,老街路3号,,\n\
        a4,药店,clinic,214.12,22.54,老街路4号,,\n\
        a5,诊所,clinic,114.12,22.54,老街路5号,转接总机,\n\
        a1,重复,clinic,114.12,22.54,老街路6号,,\n\
        ,无码,clinic,114.12,22.54,老街路7号,,\n";
    let parts = import::services("services.csv", table, &kinds(), false);
    let codes: Vec<&str> = parts.draft.services.keys().map(|id| id.as_str()).collect();
    assert_eq!(codes, ["a1", "a2"]);
    let first = parts.draft.services.values().next().unwrap();
    assert_eq!((first.kind.as_str(), first.phone.as_deref()), ("clinic", Some("0755-2550-2001")));
    let faults: Vec<(u64, &str)> = parts.faults.iter().map(|fault| (fault.row, fault.column.as_str())).collect();
    assert_eq!(faults, [(4, "kind"), (5, "lon"), (6, "phone"), (7, "code"), (8, "code")]);
    assert!(parts.faults[0].what.zh.contains("clinic 社康中心"), "{}", parts.faults[0].what.zh);
    assert!(import::services("x", "名称\n", &kinds(), false).faults[0].what.zh.contains("请补上缺少的列"));
}

#[test]
fn places_on_chinese_maps_are_moved_to_where_they_are() {
    let (lon, lat) = to_gcj02(114.11, 22.54);
    let table = format!("code,name,kind,lon,lat,address\na,社康,clinic,{lon},{lat},x\n");
    let parts = import::services("x", &table, &kinds(), true);
    let read = parts.draft.services.values().next().unwrap().place();
    assert!(read.straight_to(Place { lon: 114.11, lat: 22.54 }) < 0.1);
    let map = format!(
        r#"{{"features":[{{"geometry":{{"type":"LineString","coordinates":[[{lon},{lat}],[{},{lat}]]}}}}]}}"#,
        lon + 0.001
    );
    let [lon, lat] = import::streets("x", &map, true).draft.streets[0].0[0];
    assert!(Place { lon, lat }.straight_to(Place { lon: 114.11, lat: 22.54 }) < 0.1);
}

#[test]
fn streets_are_read_line_by_line_and_a_new_map_takes_the_place_of_the_old() {
    let map = r#"{"type":"FeatureCollection","features":[
        {"geometry":{"type":"LineString","coordinates":[[114.11,22.54],[114.12,22.54]]}},
        {"geometry":{"type":"Point","coordinates":[114.11,22.54]}},
        {"geometry":{"type":"LineString","coordinates":[[22.54,114.11],[22.54,114.12]]}},
        {"geometry":{"type":"LineString","coordinates":[[114.11]]}},
        {"geometry":null},
        {"geometry":{"type":"MultiLineString","coordinates":[[[114.13,22.54],[114.13,22.55]],[[114.14,22.54],[114.14,22.55]]]}}
    ]}"#;
    let parts = import::streets("streets.geojson", map, false);
    assert_eq!(parts.draft.streets.len(), 3);
    assert_eq!(parts.faults.iter().map(|fault| fault.row).collect::<Vec<_>>(), [2, 3, 4, 5]);
    assert_eq!(import::streets("x", "[]", false).faults.len(), 1);
    let mut draft = Draft::default();
    draft.merge(parts.draft);
    draft.merge(Draft::default());
    assert_eq!(draft.streets.len(), 3, "what says nothing of streets takes none away");
    assert!(
        draft.warnings(&jiff::tz::TimeZone::UTC).iter().any(|fault| fault.record.en == "streets"),
        "they do not hang together"
    );
    draft.merge(Draft { streets: vec![street(&[(0.0, 0.0), (1.0, 0.0)])], ..Draft::default() });
    assert_eq!(draft.streets.len(), 1);
    let stored = serde_json::to_string(&draft).unwrap();
    assert_eq!(serde_json::from_str::<Draft>(&stored).unwrap(), draft);
    assert_eq!(
        serde_json::from_str::<Draft>(r#"{"units":{},"people":{},"spots":{},"roster":[]}"#).unwrap(),
        Draft::default()
    );
}

#[test]
fn the_way_goes_around_the_block_and_a_straight_line_is_called_one() {
    // A river between two streets, joined by a bridge at their end.
    let streets = vec![
        street(&[(0.0, 0.0), (5.0, 0.0), (10.0, 0.0)]),
        street(&[(0.0, 1.0), (10.0, 1.0)]),
        street(&[(10.0, 0.0), (10.0, 1.0)]),
    ];
    let services = "across,对岸,clinic,114.111,22.541,x\nnear,同岸,clinic,114.114,22.5401,x\nfield,郊外,clinic,114.111,22.5429,x\n";
    let at = place(1.0, 0.0);
    let dry = organisation(Vec::new(), services);
    let near = dry.services_near(at, 1_200.0, 150.0, |_| true);
    assert_eq!(
        told(&near),
        [("across".into(), 111.0, true), ("near".into(), 308.0, true), ("field".into(), 322.0, true)]
    );
    let walked = organisation(streets, services);
    let near = walked.services_near(at, 1_200.0, 150.0, |_| true);
    assert_eq!(
        told(&near),
        [("near".into(), 319.0, false), ("field".into(), 322.0, true)],
        "nine blocks out and nine back are too far"
    );
    let near = walked.services_near(at, 3_000.0, 150.0, |service| service.id.as_str() == "across");
    assert_eq!(told(&near), [("across".into(), 1_960.0, false)]);
    // Whoever stands in a field, far from any street, gets straight lines for all.
    assert!(walked.services_near(place(1.0, 4.0), 1_200.0, 150.0, |_| true).iter().all(|near| near.straight));
    assert_eq!(walked.services_near(place(90.0, 0.0), 1_200.0, 150.0, |_| true), []);
}

/// Streets between corners of a small town, some of them missing.
fn town() -> impl Strategy<Value = Vec<Street>> {
    let corner = || (0_i32..5, 0_i32..5);
    let line = prop::collection::vec(corner(), 2..4);
    prop::collection::vec(line, 1..12).prop_map(|lines| {
        let line = |line: Vec<(i32, i32)>| {
            street(&line.into_iter().map(|(x, y)| (f64::from(x), f64::from(y))).collect::<Vec<_>>())
        };
        lines.into_iter().map(line).collect()
    })
}

fn somewhere() -> impl Strategy<Value = Place> {
    (-1.0_f64..6.0, -1.0_f64..6.0).prop_map(|(x, y)| place(x, y))
}

/// Floyd and Warshall's way through all corners, each with each.
fn brute(streets: &[Street]) -> BTreeMap<(usize, usize), f64> {
    let mut corners: Vec<[f64; 2]> = streets.iter().flat_map(|street| street.0.clone()).collect();
    corners.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    corners.dedup();
    let number = |corner: &[f64; 2]| corners.iter().position(|known| known == corner).unwrap();
    let at = |n: usize| Place { lon: corners[n][0], lat: corners[n][1] };
    let mut ways: BTreeMap<(usize, usize), f64> = (0..corners.len()).map(|n| ((n, n), 0.0)).collect();
    for pair in streets.iter().flat_map(|street| street.0.windows(2)) {
        let (a, b) = (number(&pair[0]), number(&pair[1]));
        for way in [(a, b), (b, a)] {
            ways.entry(way).or_insert_with(|| at(a).straight_to(at(b)));
        }
    }
    for via in 0..corners.len() {
        for from in 0..corners.len() {
            for to in 0..corners.len() {
                if let (Some(first), Some(second)) = (ways.get(&(from, via)), ways.get(&(via, to))) {
                    let sum = first + second;
                    let known = ways.entry((from, to)).or_insert(sum);
                    *known = known.min(sum);
                }
            }
        }
    }
    ways
}

proptest! {
    #[test]
    fn no_walk_is_shorter_than_the_straight_line_and_none_pays_a_detour(
        streets in town(), a in somewhere(), b in somewhere(), c in somewhere()
    ) {
        let graph = Streets::build(&streets);
        // Streets are drawn straight on the map; over these few hundred metres that is a great circle to the millimetre.
        let rounding = 0.01;
        let way = |from, to| metres(&graph, from, to);
        if let Some(there) = way(a, b) {
            prop_assert!(there >= a.straight_to(b) - rounding);
            let back = way(b, a);
            prop_assert!(back.is_some_and(|back| (back - there).abs() < rounding), "{there} and {back:?}");
        }
        if let (Some(ab), Some(bc)) = (way(a, b), way(b, c)) {
            let ac = way(a, c);
            prop_assert!(ac.is_some_and(|ac| ac <= ab + bc + rounding), "{ac:?} > {ab} + {bc}");
        }
    }

    #[test]
    fn walks_between_corners_are_those_of_brute_force(streets in town()) {
        let graph = Streets::build(&streets);
        let mut corners: Vec<[f64; 2]> = streets.iter().flat_map(|street| street.0.clone()).collect();
        corners.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
        corners.dedup();
        let at = |n: usize| Place { lon: corners[n][0], lat: corners[n][1] };
        let ways = brute(&streets);
        // A corner that no street leads to is none of the graph; one that a street passes without meeting it is two places.
        let lone = |n: usize| !ways.keys().any(|(from, to)| from != to && *from == n);
        let plain: Vec<usize> = (0..corners.len()).filter(|n| !lone(*n) && !crosses(&streets, at(*n))).collect();
        for (from, to) in plain.iter().flat_map(|from| plain.iter().map(move |to| (*from, *to))) {
            let (found, right) = (metres(&graph, at(from), at(to)), ways.get(&(from, to)).copied());
            let same = found.zip(right).map_or(found == right, |(found, right)| (found - right).abs() < 0.01);
            prop_assert!(same, "{found:?} is not {right:?}");
        }
    }

    #[test]
    fn a_nearer_bound_only_leaves_out_what_is_farther(streets in town(), a in somewhere(), b in somewhere(), limit in 0.0_f64..1_000.0) {
        let graph = Streets::build(&streets);
        let all = metres(&graph, a, b).filter(|metres| *metres <= limit);
        let bound = match graph.walks(a, &[b], limit, FAR).map(|walks| walks[0]) {
            Some(Walk::Metres(metres)) => Some(metres),
            _ => None,
        };
        prop_assert_eq!(all, bound);
    }
}

/// Whether a street goes through a place without having a corner there.
fn crosses(streets: &[Street], at: Place) -> bool {
    let pieces = streets.iter().flat_map(|street| street.0.windows(2));
    let passes = |pair: &[[f64; 2]]| {
        let (a, b) = (Place { lon: pair[0][0], lat: pair[0][1] }, Place { lon: pair[1][0], lat: pair[1][1] });
        let ends = a.straight_to(at).min(b.straight_to(at)) > 1.0;
        ends && (a.straight_to(at) + at.straight_to(b) - a.straight_to(b)).abs() < 0.01
    };
    pieces.into_iter().any(passes)
}
