//! A point on earth in the body of a request. Never in an address: addresses are kept by whoever passes them on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::{Answer, Problem};

/// A point, in WGS84.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Longitude, degrees.
    #[schema(minimum = -180.0, maximum = 180.0)]
    pub lon: f64,
    /// Latitude, degrees.
    #[schema(minimum = -90.0, maximum = 90.0)]
    pub lat: f64,
}

impl Point {
    /// The same, where it is on earth.
    ///
    /// # Errors
    /// Names the field that is out of bounds.
    pub fn on_earth(self) -> Answer<Self> {
        if !(-180.0..=180.0).contains(&self.lon) {
            return Err(Problem::field("lon", "degrees from -180 to 180", "应为 -180 至 180 的度数"));
        }
        if !(-90.0..=90.0).contains(&self.lat) {
            return Err(Problem::field("lat", "degrees from -90 to 90", "应为 -90 至 90 的度数"));
        }
        Ok(self)
    }
}
