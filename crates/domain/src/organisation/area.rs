//! Areas on the ground: point-in-polygon over an R-tree, GeoJSON geometry, and GCJ-02 at the edge.
//!
//! Everything stored is WGS84. A point that two grids share on their border belongs to the one with the lower code.

use geo::{BoundingRect, Intersects, MultiPolygon, Point};
use rstar::{AABB, PointDistance, RTree, RTreeObject};

use crate::ids::UnitId;

/// Grids by where they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Index(RTree<Area>);

#[derive(Debug, Clone)]
struct Area {
    unit: UnitId,
    shape: MultiPolygon<f64>,
    bounds: AABB<[f64; 2]>,
}

impl RTreeObject for Area {
    type Envelope = AABB<[f64; 2]>;
    fn envelope(&self) -> Self::Envelope {
        self.bounds
    }
}

impl PointDistance for Area {
    fn distance_2(&self, point: &[f64; 2]) -> f64 {
        if self.shape.intersects(&Point::new(point[0], point[1])) {
            0.0
        } else {
            self.bounds.distance_2(point).max(f64::MIN_POSITIVE)
        }
    }
}

impl Index {
    pub(super) fn build<'a>(areas: impl Iterator<Item = (&'a UnitId, &'a MultiPolygon<f64>)>) -> Self {
        let area = |(unit, shape): (&UnitId, &MultiPolygon<f64>)| {
            let rect = shape.bounding_rect()?;
            let bounds = AABB::from_corners([rect.min().x, rect.min().y], [rect.max().x, rect.max().y]);
            Some(Area { unit: unit.clone(), shape: shape.clone(), bounds })
        };
        Self(RTree::bulk_load(areas.filter_map(area).collect()))
    }

    pub(super) fn at(&self, lon: f64, lat: f64) -> Option<&UnitId> {
        let point = Point::new(lon, lat);
        let near = self.0.locate_in_envelope_intersecting(&AABB::from_point([lon, lat]));
        near.filter(|area| area.shape.intersects(&point)).map(|area| &area.unit).min()
    }
}

/// Serde of an optional area as a GeoJSON geometry.
pub(super) mod geometry {
    use geo::MultiPolygon;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(area: &Option<MultiPolygon<f64>>, s: S) -> Result<S::Ok, S::Error> {
        area.as_ref().map(geojson::Geometry::from).serialize(s)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<MultiPolygon<f64>>, D::Error> {
        let geometry = Option::<geojson::Geometry>::deserialize(d)?;
        geometry.map(|geometry| super::area_of(geometry).map_err(D::Error::custom)).transpose()
    }
}

/// A polygon or multi-polygon as an area.
pub(super) fn area_of(geometry: geojson::Geometry) -> Result<MultiPolygon<f64>, String> {
    match geo::Geometry::<f64>::try_from(geometry).map_err(|why| why.to_string())? {
        geo::Geometry::Polygon(polygon) => Ok(MultiPolygon::new(vec![polygon])),
        geo::Geometry::MultiPolygon(area) => Ok(area),
        _ => Err("not an area; use a Polygon or MultiPolygon".to_owned()),
    }
}

/// Semi-major axis of the Krasovsky 1940 ellipsoid, metres, which the GCJ-02 offset is defined on.
const KRASOVSKY_A: f64 = 6_378_245.0;
/// Its first eccentricity squared.
const KRASOVSKY_E2: f64 = 0.006_693_421_622_965_943;

/// GCJ-02 (longitude, latitude) to WGS84, degrees.
///
/// The public offset has no closed inverse; the fixed point of `w = g − offset(w)` is found in five steps, to well
/// under a metre. Outside China nothing is shifted.
pub fn to_wgs84(lon: f64, lat: f64) -> (f64, f64) {
    if !(72.004..=137.8347).contains(&lon) || !(0.8293..=55.8271).contains(&lat) {
        return (lon, lat);
    }
    let (mut w_lon, mut w_lat) = (lon, lat);
    for _ in 0..5 {
        let (d_lon, d_lat) = offset(w_lon, w_lat);
        (w_lon, w_lat) = (lon - d_lon, lat - d_lat);
    }
    (w_lon, w_lat)
}

/// What GCJ-02 adds to WGS84 at a point, degrees.
fn offset(lon: f64, lat: f64) -> (f64, f64) {
    use std::f64::consts::PI;
    let (x, y) = (lon - 105.0, lat - 35.0);
    let wave = |v: f64, a: f64, b: f64| (a * (v * PI).sin() + b * (v / 3.0 * PI).sin()) * 2.0 / 3.0;
    let short = ((6.0 * x * PI).sin() + (2.0 * x * PI).sin()) * 20.0 * 2.0 / 3.0;
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + short
        + wave(y, 20.0, 40.0)
        + (160.0 * (y / 12.0 * PI).sin() + 320.0 * (y * PI / 30.0).sin()) * 2.0 / 3.0;
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + short
        + wave(x, 20.0, 40.0)
        + (150.0 * (x / 12.0 * PI).sin() + 300.0 * (x / 30.0 * PI).sin()) * 2.0 / 3.0;
    let radians = lat.to_radians();
    let magic = 1.0 - KRASOVSKY_E2 * radians.sin().powi(2);
    let root = magic.sqrt();
    let d_lat = (north * 180.0) / ((KRASOVSKY_A * (1.0 - KRASOVSKY_E2)) / (magic * root) * PI);
    let d_lon = (east * 180.0) / (KRASOVSKY_A / root * radians.cos() * PI);
    (d_lon, d_lat)
}
