//! Reading an organisation from tables and maps: CSV and GeoJSON in, parts of a [`Draft`] and faulty rows out.
//!
//! Columns are found by their heading, Chinese or English. Good rows are taken whatever the bad ones say; each bad row
//! names file, row, column and what would be right. Nothing here reads a file: text is an argument.

use std::{collections::BTreeSet, fmt, str::FromStr};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::{Draft, Person, Post, Shift, Spot, Unit, area};
use crate::{ids::UnitId, policy::Name};

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// File, as named by the caller.
    pub file: String,
    /// Row, 1 being the heading; or number of the feature on a map, from 1.
    pub row: u64,
    /// Column or property.
    pub column: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} row {}, {}: {}", self.file, self.row, self.column, self.what)
    }
}

/// What was read: the good rows, and what is wrong with the others.
#[derive(Debug, Default)]
pub struct Parts {
    /// Good rows.
    pub draft: Draft,
    /// Bad rows.
    pub faults: Vec<RowFault>,
}

/// Units: `code, name, name_en, kind, parent, hotline, active`.
pub fn units(file: &str, text: &str) -> Parts {
    rows(file, text, |row, draft| {
        let id: UnitId = row.parse("code")?;
        let zh = row.need("name")?.to_owned();
        let en = row.get("name_en").unwrap_or(&zh).to_owned();
        let unit = Unit {
            name: Name { zh, en },
            kind: row.code("kind")?,
            parent: row.get("parent").map(|_| row.parse("parent")).transpose()?,
            area: None,
            hotline: row.get("hotline").map(str::to_owned),
            active: row.yes("active")?,
            id: id.clone(),
        };
        draft.units.insert(id, unit);
        Ok(())
    })
}

/// People: `code, name, posts (unit:role;…), titles (a;b), phone, email, active`.
pub fn people(file: &str, text: &str) -> Parts {
    rows(file, text, |row, draft| {
        let list = |column| {
            row.get(column).into_iter().flat_map(|v| v.split([';', '；'])).map(str::trim).filter(|v| !v.is_empty())
        };
        let posts = list("posts").map(|text| {
            post(text).ok_or_else(|| row.fault("posts", "use unit:role;unit:role, e.g. lh.dm.xlb:liaison"))
        });
        let person = Person {
            id: row.parse("code")?,
            name: row.need("name")?.to_owned(),
            posts: posts.collect::<Result<_, _>>()?,
            titles: list("titles").map(str::to_owned).collect::<BTreeSet<_>>(),
            work_phone: row.get("phone").map(str::to_owned),
            email: row.get("email").map(str::to_owned),
            active: row.yes("active")?,
        };
        draft.people.insert(person.id.clone(), person);
        Ok(())
    })
}

/// Spots: `code, name, grid, lon, lat, address`.
pub fn spots(file: &str, text: &str) -> Parts {
    rows(file, text, |row, draft| {
        let spot = Spot {
            id: row.parse("code")?,
            name: row.need("name")?.to_owned(),
            grid: row.parse("grid")?,
            lon: row.degrees("lon", 180.0)?,
            lat: row.degrees("lat", 90.0)?,
            address: row.get("address").unwrap_or_default().to_owned(),
        };
        draft.spots.insert(spot.id.clone(), spot);
        Ok(())
    })
}

/// Roster: `post, unit, person, from, to, order`, times local to `zone` as `2026-06-08 08:30`.
pub fn roster(file: &str, text: &str, zone: &TimeZone) -> Parts {
    rows(file, text, |row, draft| {
        let shift = Shift {
            post: row.parse("post")?,
            unit: row.parse("unit")?,
            person: row.parse("person")?,
            from: row.time("from", zone)?,
            to: row.time("to", zone)?,
            order: row.get("order").map(|_| row.parse("order")).transpose()?.unwrap_or(1),
        };
        draft.roster.push(shift);
        Ok(())
    })
}

/// Areas: a GeoJSON FeatureCollection whose features name their `unit`; units must be in `known`.
///
/// `gcj02`: the coordinates are GCJ-02 and are converted.
pub fn areas(file: &str, text: &str, known: &Draft, gcj02: bool) -> Parts {
    let mut parts = Parts::default();
    let fault =
        |row, column: &str, what: String| RowFault { file: file.to_owned(), row, column: column.to_owned(), what };
    let collection = match geojson::FeatureCollection::from_str(text) {
        Ok(collection) => collection,
        Err(why) => {
            parts.faults.push(fault(1, "file", format!("not a GeoJSON FeatureCollection: {why}")));
            return parts;
        }
    };
    for (row, feature) in (1..).zip(collection.features) {
        let named = feature.property("unit").and_then(|v| v.as_str()).and_then(|v| v.parse::<UnitId>().ok());
        let unit = named.as_ref().and_then(|id| parts.draft.units.get(id).or_else(|| known.units.get(id)));
        let Some(mut unit) = unit.cloned() else {
            parts.faults.push(fault(
                row,
                "unit",
                "name a known unit in the property 'unit'; import units first".into(),
            ));
            continue;
        };
        match feature.geometry.ok_or_else(|| "no geometry".to_owned()).and_then(area::area_of) {
            Ok(mut shape) => {
                if gcj02 {
                    use geo::MapCoordsInPlace;
                    shape.map_coords_in_place(|c| area::to_wgs84(c.x, c.y).into());
                }
                unit.area = Some(shape);
                parts.draft.units.insert(unit.id.clone(), unit);
            }
            Err(why) => parts.faults.push(fault(row, "geometry", why)),
        }
    }
    parts
}

fn post(text: &str) -> Option<Post> {
    let (unit, role) = text.split_once([':', '：'])?;
    Some(Post { unit: unit.trim().parse().ok()?, role: code(role.trim())? })
}

/// A snake_case code of an enum.
fn code<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}

fn rows(file: &str, text: &str, mut take: impl FnMut(&Row<'_>, &mut Draft) -> Result<(), RowFault>) -> Parts {
    let mut parts = Parts::default();
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let heads = match reader.headers() {
        Ok(heads) => heads.clone(),
        Err(why) => {
            parts.faults.push(RowFault {
                file: file.to_owned(),
                row: 1,
                column: "heading".into(),
                what: why.to_string(),
            });
            return parts;
        }
    };
    for (number, record) in (2..).zip(reader.records()) {
        let outcome = match &record {
            Ok(record) => take(&Row { file, number, heads: &heads, record }, &mut parts.draft),
            Err(why) => {
                Err(RowFault { file: file.to_owned(), row: number, column: "row".into(), what: why.to_string() })
            }
        };
        parts.faults.extend(outcome.err());
    }
    parts
}

struct Row<'a> {
    file: &'a str,
    number: u64,
    heads: &'a csv::StringRecord,
    record: &'a csv::StringRecord,
}

/// Chinese headings that stand for a column.
const HEADINGS: &[(&str, &[&str])] = &[
    ("code", &["编码", "代码", "编号"]),
    ("name", &["名称", "姓名"]),
    ("name_en", &["英文名称"]),
    ("kind", &["类型"]),
    ("parent", &["上级", "上级编码"]),
    ("hotline", &["热线", "干群连心线"]),
    ("active", &["启用"]),
    ("posts", &["岗位"]),
    ("titles", &["身份"]),
    ("phone", &["电话", "工作电话"]),
    ("email", &["邮箱"]),
    ("grid", &["网格"]),
    ("lon", &["经度"]),
    ("lat", &["纬度"]),
    ("address", &["地址"]),
    ("post", &["值班岗"]),
    ("unit", &["单位"]),
    ("person", &["人员"]),
    ("from", &["开始"]),
    ("to", &["结束"]),
    ("order", &["顺序"]),
];

impl<'a> Row<'a> {
    /// A cell; none where the column is missing or empty.
    fn get(&self, column: &str) -> Option<&'a str> {
        let aliases = HEADINGS.iter().find(|(name, _)| *name == column).map_or(&[][..], |(_, zh)| *zh);
        let at = self.heads.iter().position(|head| head == column || aliases.contains(&head))?;
        self.record.get(at).filter(|cell| !cell.is_empty())
    }

    fn need(&self, column: &str) -> Result<&'a str, RowFault> {
        self.get(column).ok_or_else(|| self.fault(column, "must be filled in"))
    }

    fn parse<T: FromStr>(&self, column: &str) -> Result<T, RowFault>
    where
        T::Err: fmt::Display,
    {
        self.need(column)?.parse().map_err(|why: T::Err| self.fault(column, &why.to_string()))
    }

    fn degrees(&self, column: &str, most: f64) -> Result<f64, RowFault> {
        let degrees: f64 = self.parse(column)?;
        let fits = (-most..=most).contains(&degrees);
        fits.then_some(degrees).ok_or_else(|| self.fault(column, &format!("use degrees within ±{most}, WGS84")))
    }

    fn code<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T, RowFault> {
        let text = self.need(column)?;
        code(text).ok_or_else(|| self.fault(column, &format!("'{text}' is not one of its codes")))
    }

    fn yes(&self, column: &str) -> Result<bool, RowFault> {
        match self.get(column) {
            None | Some("true" | "1" | "是" | "yes") => Ok(true),
            Some("false" | "0" | "否" | "no") => Ok(false),
            Some(_) => Err(self.fault(column, "use true or false")),
        }
    }

    fn time(&self, column: &str, zone: &TimeZone) -> Result<Timestamp, RowFault> {
        let text = self.need(column)?;
        let time = DateTime::from_str(text).or_else(|_| DateTime::strptime("%Y-%m-%d %H:%M", text));
        let time = time.ok().and_then(|time| time.to_zoned(zone.clone()).ok());
        time.map(|time| time.timestamp()).ok_or_else(|| self.fault(column, "use a time such as 2026-06-08 08:30"))
    }

    fn fault(&self, column: &str, what: &str) -> RowFault {
        RowFault { file: self.file.to_owned(), row: self.number, column: column.to_owned(), what: what.to_owned() }
    }
}
