//! Areas on the ground: which grid a point lies in, which is near, what is wrong with a drawn area.
//!
//! Everything here is WGS84 longitude and latitude in degrees. A point that several grids share belongs to the one with
//! the lowest code, so that one place never has two answers. Metres are measured on a plane laid at the place asked
//! about, which is exact enough over the few kilometres of a subdistrict; nothing here may be used across a country.

use geo::{
    Area, BooleanOps, BoundingRect, Coord, CoordsIter, Distance, Euclidean, Intersects, LineString, MapCoords,
    MultiPolygon, Point, Polygon, Validation,
};
use geojson::{GeometryValue, Position};
use rstar::{AABB, RTree, RTreeObject};

use crate::{ids::UnitId, words::Words};

/// Most corners of one area.
const CORNERS_MAX: usize = 20_000;
/// Metres in a degree of latitude on the mean sphere.
const DEGREE_METRES: f64 = 111_195.08;
/// Overlap of two grids that is only the rounding of their drawn borders, square metres.
const OVERLAP_ROUNDING_M2: f64 = 10.0;

/// Areas of units by where they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Index(RTree<Entry>);

#[derive(Debug, Clone)]
struct Entry {
    unit: UnitId,
    shape: MultiPolygon<f64>,
    bounds: AABB<[f64; 2]>,
}

impl RTreeObject for Entry {
    type Envelope = AABB<[f64; 2]>;
    fn envelope(&self) -> Self::Envelope {
        self.bounds
    }
}

impl Index {
    pub(super) fn build<'a>(areas: impl Iterator<Item = (&'a UnitId, &'a MultiPolygon<f64>)>) -> Self {
        let entry = |(unit, shape): (&UnitId, &MultiPolygon<f64>)| {
            let rect = shape.bounding_rect()?;
            let bounds = AABB::from_corners([rect.min().x, rect.min().y], [rect.max().x, rect.max().y]);
            Some(Entry { unit: unit.clone(), shape: shape.clone(), bounds })
        };
        Self(RTree::bulk_load(areas.filter_map(entry).collect()))
    }

    /// The unit whose area holds the point, its border included.
    pub(super) fn at(&self, lon: f64, lat: f64) -> Option<&UnitId> {
        let point = Point::new(lon, lat);
        let near = self.0.locate_in_envelope_intersecting(&AABB::from_point([lon, lat]));
        near.filter(|entry| entry.shape.intersects(&point)).map(|entry| &entry.unit).min()
    }

    /// The nearest unit within `max_metres`, and how far it is.
    pub(super) fn nearest(&self, lon: f64, lat: f64, max_metres: f64) -> Option<(&UnitId, f64)> {
        let plane = Plane::at(lat);
        let (d_lon, d_lat) = (max_metres / plane.x, max_metres / plane.y);
        if !(d_lon >= 0.0 && d_lat >= 0.0 && lon.is_finite() && lat.is_finite()) {
            return None;
        }
        let reach = AABB::from_corners([lon - d_lon, lat - d_lat], [lon + d_lon, lat + d_lat]);
        let point = Point::new(lon * plane.x, lat * plane.y);
        let near = self.0.locate_in_envelope_intersecting(&reach);
        let far = near.map(|entry| (&entry.unit, Euclidean.distance(&point, &plane.lay(&entry.shape))));
        far.filter(|(_, metres)| *metres <= max_metres).min_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(b.0)))
    }

    /// Every two units whose areas overlap by more than rounding, with the square metres they share.
    pub(super) fn overlaps(&self) -> Vec<(&UnitId, &UnitId, f64)> {
        let mut found = Vec::new();
        for entry in self.0.iter().filter(|entry| entry.shape.is_valid()) {
            let others = self.0.locate_in_envelope_intersecting(&entry.bounds);
            for other in others.filter(|other| other.unit > entry.unit && other.shape.is_valid()) {
                let plane = Plane::at(entry.bounds.lower()[1]);
                let shared = plane.lay(&entry.shape.intersection(&other.shape)).unsigned_area();
                if shared > OVERLAP_ROUNDING_M2 {
                    found.push((&entry.unit, &other.unit, shared));
                }
            }
        }
        found.sort_by_key(|(one, other, _)| (*one, *other));
        found
    }
}

/// A plane laid at a latitude: metres a degree, eastward and northward.
pub(super) struct Plane {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Plane {
    pub(super) fn at(lat: f64) -> Self {
        Self { x: DEGREE_METRES * lat.to_radians().cos(), y: DEGREE_METRES }
    }

    fn lay(&self, shape: &MultiPolygon<f64>) -> MultiPolygon<f64> {
        shape.map_coords(|c| (c.x * self.x, c.y * self.y).into())
    }
}

/// Whether a point is on the earth.
pub(super) fn is_on_earth(lon: f64, lat: f64) -> bool {
    (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat)
}

/// Why a shape cannot be an area at all.
pub(super) fn no_area(shape: &MultiPolygon<f64>) -> Option<Words> {
    if shape.coords_count() > CORNERS_MAX {
        Some(Words::new("has more than 20,000 corners; simplify it", "顶点超过 20,000 个，请简化"))
    } else if shape.coords_iter().any(|c| !is_on_earth(c.x, c.y)) {
        let en = "leaves the earth; use longitude, latitude in degrees, in this order";
        Some(Words::new(en, "坐标超出地球范围：应为度数，先经度后纬度"))
    } else if shape.0.is_empty() || shape.iter().any(|polygon| polygon.exterior().0.len() < 4) {
        Some(Words::new("needs at least 3 corners", "至少需要 3 个顶点"))
    } else {
        None
    }
}

/// What is badly drawn in an area: crossing itself, holes outside …
pub(super) fn flaw(shape: &MultiPolygon<f64>) -> Option<Words> {
    let words = |why: String| Words::new(why.clone(), format!("图形有误（如自相交）：{why}"));
    shape.check_validation().err().map(|why| words(why.to_string()))
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
        geometry.map(|geometry| super::area_of(geometry).map_err(|why| D::Error::custom(why.en))).transpose()
    }
}

/// A polygon or multi-polygon as an area.
///
/// By hand, for the geojson crate panics on a position of fewer than two numbers.
pub(super) fn area_of(geometry: geojson::Geometry) -> Result<MultiPolygon<f64>, Words> {
    match geometry.value {
        GeometryValue::Polygon { coordinates } => Ok(MultiPolygon::new(vec![polygon(&coordinates)?])),
        GeometryValue::MultiPolygon { coordinates } => coordinates.iter().map(|rings| polygon(rings)).collect(),
        _ => Err(Words::new("not an area; use a Polygon or MultiPolygon", "不是范围：应为 Polygon 或 MultiPolygon")),
    }
}

fn polygon(rings: &[Vec<Position>]) -> Result<Polygon<f64>, Words> {
    let corner = |position: &Position| match position.as_slice() {
        [lon, lat, ..] => Ok(Coord { x: *lon, y: *lat }),
        _ => {
            let en = "has a corner without two numbers; give longitude and latitude";
            Err(Words::new(en, "有顶点缺少两个数：应为经度和纬度"))
        }
    };
    let mut rings = rings.iter().map(|ring| ring.iter().map(corner).collect::<Result<LineString<f64>, _>>());
    let exterior = rings.next().unwrap_or_else(|| Ok(LineString::new(Vec::new())))?;
    Ok(Polygon::new(exterior, rings.collect::<Result<_, _>>()?))
}
