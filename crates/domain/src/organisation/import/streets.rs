//! Reading streets from a GeoJSON map of lines, and what all maps have in common.

use geojson::{GeometryValue, Position};
use serde::Deserialize;
use serde_json::Value;

use super::{Parts, RowFault, area, to_wgs84};
use crate::{organisation::Street, words::Words};

/// Most points of all streets together: a district's.
const POINTS_MAX: usize = 300_000;

/// The features of a map.
pub(super) fn features(file: &str, text: &str) -> Result<Vec<Value>, RowFault> {
    let wrong = |what: Words| RowFault::new(file, 1, "file", what);
    let mut document: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|why| wrong(Words::new(format!("is not JSON: {why}"), format!("不是 JSON：{why}"))))?;
    match document.get_mut("features").map(Value::take) {
        Some(Value::Array(features)) => Ok(features),
        _ => {
            let en = "is not a GeoJSON FeatureCollection: it has no list 'features'";
            Err(wrong(Words::new(en, "不是 GeoJSON FeatureCollection：没有 features 列表")))
        }
    }
}

/// Streets: a GeoJSON FeatureCollection of LineStrings. Streets that meet share a point.
///
/// `gcj02`: the coordinates are GCJ-02 and are converted.
pub fn streets(file: &str, text: &str, gcj02: bool) -> Parts {
    let mut parts = Parts::default();
    let features = match features(file, text) {
        Ok(features) => features,
        Err(fault) => {
            parts.faults.push(fault);
            return parts;
        }
    };
    let mut points = 0;
    for (row, feature) in (1..).zip(&features) {
        match lines(feature, gcj02) {
            Ok(lines) => {
                points += lines.iter().map(|line| line.0.len()).sum::<usize>();
                if points > POINTS_MAX {
                    let en = format!(
                        "more than {POINTS_MAX} points in all; simplify the map, this street and those after it were not read"
                    );
                    let zh = format!("道路总点数超过 {POINTS_MAX}：请简化地图，本条及以后各条未读取");
                    parts.faults.push(RowFault::new(file, row, "geometry", Words::new(en, zh)));
                    break;
                }
                parts.draft.streets.extend(lines);
            }
            Err(what) => parts.faults.push(RowFault::new(file, row, "geometry", what)),
        }
    }
    parts
}

fn lines(feature: &Value, gcj02: bool) -> Result<Vec<Street>, Words> {
    let geometry = feature.get("geometry").filter(|geometry| !geometry.is_null());
    let geometry = geometry.ok_or_else(|| Words::new("has no geometry; draw the street", "没有图形：请画出道路"))?;
    let geometry = geojson::Geometry::deserialize(geometry)
        .map_err(|why| Words::new(why.to_string(), format!("图形无法读取：{why}")))?;
    match geometry.value {
        GeometryValue::LineString { coordinates } => Ok(vec![street(&coordinates, gcj02)?]),
        GeometryValue::MultiLineString { coordinates } => coordinates.iter().map(|line| street(line, gcj02)).collect(),
        _ => Err(Words::new(
            "not a street; use a LineString or MultiLineString",
            "不是道路：应为 LineString 或 MultiLineString",
        )),
    }
}

fn street(line: &[Position], gcj02: bool) -> Result<Street, Words> {
    let point = |position: &Position| match position.as_slice() {
        [lon, lat, ..] if area::is_on_earth(*lon, *lat) => {
            let (lon, lat) = if gcj02 { to_wgs84(*lon, *lat) } else { (*lon, *lat) };
            Ok([lon, lat])
        }
        _ => {
            let en = "has a point that lies nowhere on earth; give longitude, latitude in degrees, in this order";
            Err(Words::new(en, "有的点坐标不在地球上：应为度数，先经度后纬度"))
        }
    };
    let points = line.iter().map(point).collect::<Result<Vec<_>, _>>()?;
    if points.len() < 2 {
        return Err(Words::new("needs at least 2 points", "至少需要 2 个点"));
    }
    Ok(Street(points))
}
