//! Reading an organisation from tables and maps: CSV and GeoJSON in, parts of a [`Draft`] and faulty rows out.
//!
//! Good rows are taken whatever the bad ones say; each bad row names file, row, column and what would be right. This
//! module must never read a file: text is an argument.

mod streets;

use std::collections::{BTreeMap, BTreeSet};

use geo::MapCoordsInPlace;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

use self::streets::features;
pub use self::streets::streets;
use super::{Draft, Person, Post, Role, Service, Shift, Spot, Unit, UnitKind, area, to_wgs84};
use crate::{
    ids::UnitId,
    neighbourhood::ServiceKind,
    policy::Name,
    table::{Form, Row, RowFault, rows, unreadable},
    words::Words,
};

/// What was read: the good rows, and what is wrong with the others.
#[derive(Debug, Default)]
pub struct Parts {
    /// Good rows.
    pub draft: Draft,
    /// Bad rows.
    pub faults: Vec<RowFault>,
}

/// Units: `code, name, name_en, kind, parent, hotline, active`, and `mentor` where known.
///
/// `kind` is a code or Chinese name of [`UnitKind`]; an empty `name_en` is the Chinese name, an empty `active` is yes.
pub fn units(file: &str, text: &str) -> Parts {
    const FORM: Form = Form {
        must: &["code", "name", "name_en", "kind", "parent", "hotline", "active"],
        may: &["mentor"],
        key: &["code"],
        long: &[],
    };
    let read = |row: &Row<'_>| {
        let zh = row.need("name")?.to_owned();
        let en = row.get("name_en").unwrap_or(&zh).to_owned();
        Ok(Unit {
            id: row.parse("code")?,
            name: Name { zh, en },
            kind: kind(row)?,
            parent: row.get("parent").map(|_| row.parse("parent")).transpose()?,
            area: None,
            hotline: row.get("hotline").map(str::to_owned),
            mentor: row.get("mentor").map(|_| row.parse("mentor")).transpose()?,
            active: row.yes("active")?,
        })
    };
    let (units, faults) = rows(file, text, &FORM, read);
    let units = units.into_iter().map(|unit| (unit.id.clone(), unit)).collect();
    Parts { draft: Draft { units, ..Draft::default() }, faults }
}

/// People: `code, name, posts, titles, phone, email, active`.
///
/// `posts` are `unit:role;unit:role` with codes or Chinese names of [`Role`]; `titles` are `a;b`.
pub fn people(file: &str, text: &str) -> Parts {
    const FORM: Form = Form {
        must: &["code", "name", "posts", "titles", "phone", "email", "active"],
        may: &[],
        key: &["code"],
        long: &[],
    };
    let read = |row: &Row<'_>| {
        let mut posts = row.list("posts").map(|text| post(row, text)).collect::<Result<Vec<Post>, _>>()?;
        let mut seen = BTreeSet::new();
        posts.retain(|post| seen.insert(post.clone())); // the first one stays first: it is the home unit
        let email = row.get("email").map(str::to_owned);
        if email.as_ref().is_some_and(|email| !is_address(email)) {
            let en = "use an address such as name@example.cn, or leave it empty";
            return Err(row.fault("email", Words::new(en, "应为邮箱地址，如 name@example.cn，或留空")));
        }
        Ok(Person {
            id: row.parse("code")?,
            name: row.need("name")?.to_owned(),
            posts,
            titles: row.list("titles").map(str::to_owned).collect(),
            work_phone: row.get("phone").map(str::to_owned),
            email,
            active: row.yes("active")?,
        })
    };
    let (people, faults) = rows(file, text, &FORM, read);
    let people = people.into_iter().map(|person| (person.id.clone(), person)).collect();
    Parts { draft: Draft { people, ..Draft::default() }, faults }
}

/// Spots: `code, name, grid, lon, lat, address`, and `kind` where known; WGS84 degrees.
pub fn spots(file: &str, text: &str) -> Parts {
    const FORM: Form =
        Form { must: &["code", "name", "grid", "lon", "lat", "address"], may: &["kind"], key: &["code"], long: &[] };
    let read = |row: &Row<'_>| {
        Ok(Spot {
            id: row.parse("code")?,
            name: row.need("name")?.to_owned(),
            grid: row.parse("grid")?,
            lon: row.degrees("lon", 180.0)?,
            lat: row.degrees("lat", 90.0)?,
            address: row.get("address").unwrap_or_default().to_owned(),
            kind: row.get("kind").unwrap_or_default().to_owned(),
        })
    };
    let (spots, faults) = rows(file, text, &FORM, read);
    let spots = spots.into_iter().map(|spot| (spot.id.clone(), spot)).collect();
    Parts { draft: Draft { spots, ..Draft::default() }, faults }
}

/// Service points: `code, name, kind, lon, lat, address`, and `name_en, phone, hours` where known; degrees.
///
/// `kind` is a code or Chinese name of one of `kinds`; an empty `name_en` is the Chinese name. `gcj02`: the coordinates are
/// GCJ-02 and are converted.
pub fn services(file: &str, text: &str, kinds: &[ServiceKind], gcj02: bool) -> Parts {
    const FORM: Form = Form {
        must: &["code", "name", "kind", "lon", "lat", "address"],
        may: &["name_en", "phone", "hours"],
        key: &["code"],
        long: &[],
    };
    let read = |row: &Row<'_>| {
        let zh = row.need("name")?.to_owned();
        let en = row.get("name_en").unwrap_or(&zh).to_owned();
        let (lon, lat) = (row.degrees("lon", 180.0)?, row.degrees("lat", 90.0)?);
        let (lon, lat) = if gcj02 { to_wgs84(lon, lat) } else { (lon, lat) };
        Ok(Service {
            id: row.parse("code")?,
            name: Name { zh, en },
            kind: service_kind(row, kinds)?,
            address: row.need("address")?.to_owned(),
            phone: row.get("phone").map(|phone| dialled(row, phone)).transpose()?,
            hours: row.get("hours").unwrap_or_default().to_owned(),
            lon,
            lat,
        })
    };
    let (services, faults) = rows(file, text, &FORM, read);
    let services = services.into_iter().map(|service| (service.id.clone(), service)).collect();
    Parts { draft: Draft { services, ..Draft::default() }, faults }
}

fn service_kind(row: &Row<'_>, kinds: &[ServiceKind]) -> Result<String, RowFault> {
    let text = row.need("kind")?;
    let is = |kind: &&ServiceKind| {
        text == kind.name.zh || [&kind.id, &kind.name.en].iter().any(|n| text.eq_ignore_ascii_case(n))
    };
    kinds.iter().find(is).map(|kind| kind.id.clone()).ok_or_else(|| {
        let known = kinds.iter().map(|kind| format!("{} {}", kind.id, kind.name.zh)).collect::<Vec<_>>().join(", ");
        let en = format!("'{text}' is not a kind of service of the policy; kinds are {known}");
        row.fault("kind", Words::new(en, format!("「{text}」不是机制中的服务点类型，类型有 {known}")))
    })
}

/// A phone that a phone can dial.
fn dialled(row: &Row<'_>, phone: &str) -> Result<String, RowFault> {
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    let is_sign = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | ' ' | '(' | ')' | '*' | '#');
    if (3..=20).contains(&digits) && phone.chars().all(is_sign) {
        return Ok(phone.to_owned());
    }
    let en = "give one number with 3 to 20 digits, such as 0755-2550-2001, or leave it empty";
    Err(row.fault("phone", Words::new(en, "应为一个电话号码，如 0755-2550-2001，或留空")))
}

/// Roster: `post, unit, person, from, to`, and `order` (1 where none is given).
///
/// Times are local to `zone`, as `2026-06-08 08:30`, unless they tell their own offset.
pub fn roster(file: &str, text: &str, zone: &TimeZone) -> Parts {
    const FORM: Form = Form {
        must: &["post", "unit", "person", "from", "to"],
        may: &["order"],
        key: &["post", "unit", "from", "order", "person"],
        long: &[],
    };
    let read = |row: &Row<'_>| {
        let shift = Shift {
            post: row.parse("post")?,
            unit: row.parse("unit")?,
            person: row.parse("person")?,
            from: row.time("from", zone)?,
            to: row.time("to", zone)?,
            order: row.get("order").map(|_| row.parse("order")).transpose()?.unwrap_or(1),
            instead_of: None,
        };
        if shift.to > shift.from {
            Ok(shift)
        } else {
            Err(row.fault("to", Words::new("must be after 'from'", "应晚于开始时间")))
        }
    };
    let (roster, faults) = rows(file, text, &FORM, read);
    Parts { draft: Draft { roster, ..Draft::default() }, faults }
}

/// Areas: a GeoJSON FeatureCollection whose features name their `unit`; units must be in `known`.
///
/// `gcj02`: the coordinates are GCJ-02 and are converted. An area that crosses itself is refused, for nobody can say
/// what lies within it.
pub fn areas(file: &str, text: &str, known: &Draft, gcj02: bool) -> Parts {
    let mut parts = Parts::default();
    let features = match features(file, text) {
        Ok(features) => features,
        Err(fault) => {
            parts.faults.push(fault);
            return parts;
        }
    };
    let mut seen: BTreeMap<UnitId, u64> = BTreeMap::new();
    for (row, feature) in (1..).zip(&features) {
        let drawn = drawn_unit(feature, known).and_then(|unit| match seen.insert(unit.id.clone(), row) {
            Some(before) => {
                let en = format!("is drawn in feature {before} already; join both into one MultiPolygon");
                Err(("unit", Words::new(en, format!("已在第 {before} 个要素中画过：请合并为一个 MultiPolygon"))))
            }
            None => Ok(Unit { area: Some(shape(feature, gcj02)?), ..unit.clone() }),
        });
        match drawn {
            Ok(unit) => drop(parts.draft.units.insert(unit.id.clone(), unit)),
            Err((column, what)) => parts.faults.push(RowFault::new(file, row, column, what)),
        }
    }
    parts
}

/// What is wrong with a property of a feature.
type Wrong = (&'static str, Words);

fn drawn_unit<'a>(feature: &Value, known: &'a Draft) -> Result<&'a Unit, Wrong> {
    let named = match feature.pointer("/properties/unit") {
        Some(Value::String(code)) => code.clone(),
        Some(Value::Number(code)) => code.to_string(),
        _ => {
            let en = "the property 'unit' must give the code of a unit";
            return Err(("unit", Words::new(en, "属性 unit 应为单位代码")));
        }
    };
    known.units.get(named.as_str()).ok_or_else(|| {
        let shown: String = named.chars().take(80).collect();
        let en = format!("'{shown}' is not a known unit; import units first, or correct the code");
        ("unit", Words::new(en, format!("「{shown}」不是已有单位：请先导入单位，或更正代码")))
    })
}

fn shape(feature: &Value, gcj02: bool) -> Result<geo::MultiPolygon<f64>, Wrong> {
    let wrong = |what: Words| ("geometry", what);
    let geometry = feature.get("geometry").filter(|geometry| !geometry.is_null());
    let geometry =
        geometry.ok_or_else(|| wrong(Words::new("has no geometry; draw the area", "没有图形：请画出范围")))?;
    let geometry = geojson::Geometry::deserialize(geometry)
        .map_err(|why| wrong(Words::new(why.to_string(), format!("图形无法读取：{why}"))))?;
    let mut shape = area::area_of(geometry).map_err(wrong)?;
    if let Some(why) = area::no_area(&shape) {
        return Err(wrong(why));
    }
    if gcj02 {
        shape.map_coords_in_place(|c| to_wgs84(c.x, c.y).into());
    }
    match area::flaw(&shape) {
        Some(why) => Err(wrong(Words::new(format!("{}; draw it again", why.en), format!("{}，请重画", why.zh)))),
        None => Ok(shape),
    }
}

fn post(row: &Row<'_>, text: &str) -> Result<Post, RowFault> {
    let wrong = || {
        let roles = Role::ALL.map(|role| format!("{} {}", code(role), role.name().0)).join(", ");
        let en = format!("'{text}' is not unit:role; roles are {roles}");
        row.fault("posts", Words::new(en, format!("「{text}」应为 单位:职责，职责有 {roles}")))
    };
    let (unit, role) = text.split_once([':', '：']).ok_or_else(wrong)?;
    let role = Role::ALL.into_iter().find(|known| is_named(role.trim(), *known, known.name())).ok_or_else(wrong)?;
    let unit = unit.trim().parse().map_err(|why| row.fault("posts", unreadable(&why)))?;
    Ok(Post { unit, role })
}

fn kind(row: &Row<'_>) -> Result<UnitKind, RowFault> {
    let text = row.need("kind")?;
    let kind = UnitKind::ALL.into_iter().find(|known| is_named(text, *known, known.name()));
    kind.ok_or_else(|| {
        let kinds = UnitKind::ALL.map(|kind| format!("{} {}", code(kind), kind.name().0)).join(", ");
        let en = format!("'{text}' is not a kind; kinds are {kinds}");
        row.fault("kind", Words::new(en, format!("「{text}」不是单位类型，类型有 {kinds}")))
    })
}

/// The snake_case code of a kind or role, as it is stored.
fn code(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default()
}

fn is_named(text: &str, value: impl serde::Serialize, (zh, en): (&str, &str)) -> bool {
    text == zh || text.eq_ignore_ascii_case(en) || text.eq_ignore_ascii_case(&code(value))
}

fn is_address(email: &str) -> bool {
    let parts = email.split_once('@');
    parts.is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !email.contains(char::is_whitespace))
}
