//! Service points 服务点, and which are near: by the streets where they are known, in a straight line otherwise, and told
//! which of the two it was.

use geo::InteriorPoint;
use rstar::{AABB, RTree, primitives::GeomWithData};
use serde::{Deserialize, Serialize};

use super::{
    Organisation,
    area::Plane,
    streets::{Place, Walk},
};
use crate::{
    ids::{ServiceId, UnitId},
    policy::Name,
};

/// A service point 服务点: a clinic, a library, a counter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Code.
    pub id: ServiceId,
    /// Name.
    pub name: Name,
    /// Code of its kind, as the policy has it.
    pub kind: String,
    /// Address.
    pub address: String,
    /// Phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// When it is open, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hours: String,
    /// Longitude, WGS84 degrees.
    pub lon: f64,
    /// Latitude, WGS84 degrees.
    pub lat: f64,
}

impl Service {
    /// Where it is.
    pub fn place(&self) -> Place {
        Place { lon: self.lon, lat: self.lat }
    }
}

/// Services by where they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Index(RTree<GeomWithData<[f64; 2], ServiceId>>);

impl Index {
    pub(super) fn build<'a>(services: impl Iterator<Item = &'a Service>) -> Self {
        let entry = |service: &Service| GeomWithData::new([service.lon, service.lat], service.id.clone());
        Self(RTree::bulk_load(services.map(entry).collect()))
    }
}

/// A service that is near.
#[derive(Debug, Clone, PartialEq)]
pub struct Near<'a> {
    /// Which.
    pub service: &'a Service,
    /// Metres to it.
    pub metres: f64,
    /// Whether that is a straight line 直线距离, because no street is known there.
    pub straight: bool,
}

impl Organisation {
    /// The services `wanted` within `limit` metres on foot, the nearest first. A place more than `off_street` metres from
    /// any street is measured in a straight line.
    pub fn services_near(
        &self,
        from: Place,
        limit: f64,
        off_street: f64,
        wanted: impl Fn(&Service) -> bool,
    ) -> Vec<Near<'_>> {
        let plane = Plane::at(from.lat);
        let (d_lon, d_lat) = (limit / plane.x, limit / plane.y);
        let reach = AABB::from_corners([from.lon - d_lon, from.lat - d_lat], [from.lon + d_lon, from.lat + d_lat]);
        let near = self.services.0.locate_in_envelope(&reach).filter_map(|entry| self.service(&entry.data));
        // No path is shorter than a straight line.
        let near: Vec<&Service> =
            near.filter(|service| wanted(service) && from.straight_to(service.place()) <= limit).collect();
        let places: Vec<Place> = near.iter().map(|service| service.place()).collect();
        let walks = self.streets.walks(from, &places, limit, off_street);
        let walks = walks.unwrap_or_else(|| vec![Walk::OffStreet; places.len()]);
        let of = |(service, walk): (&'_ &'_ Service, Walk)| match walk {
            Walk::Metres(metres) => Some((metres, false)),
            Walk::OffStreet => Some((from.straight_to(service.place()), true)),
            Walk::TooFar => None,
        };
        let found = near.iter().zip(walks);
        let mut found: Vec<Near<'_>> = found
            .filter_map(|(service, walk)| {
                of((service, walk)).map(|(metres, straight)| Near { service, metres, straight })
            })
            .collect();
        found.sort_by(|a, b| a.metres.total_cmp(&b.metres).then_with(|| a.service.id.cmp(&b.service.id)));
        found
    }

    /// A point well within the area of a unit; none where it has no area.
    pub fn middle_of(&self, unit: &UnitId) -> Option<Place> {
        let middle = self.unit(unit)?.area.as_ref()?.interior_point()?;
        Some(Place { lon: middle.x(), lat: middle.y() })
    }
}
