//! Streets as a graph, and how far it is along them on foot.
//!
//! Lines that share a point meet there, others do not: a bridge does not meet the road beneath it. Metres are those of
//! great circles, which no path can undercut. Whoever stands beside a street walks straight to its nearest point first.
//! One search answers for all places that are asked about, and it ends where the walk would be too long: it costs by what
//! is near, not by what is stored. Nothing here may make up a street.

use std::{
    cmp::Ordering,
    collections::{BinaryHeap, HashMap},
};

use geo::{Distance, Haversine, Point};
use rstar::{AABB, RTree, RTreeObject};
use serde::{Deserialize, Serialize};

use super::area::Plane;

/// A street 道路: points of WGS84 longitude and latitude in degrees, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Street(pub Vec<[f64; 2]>);

/// Where somebody is, WGS84 degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Longitude.
    pub lon: f64,
    /// Latitude.
    pub lat: f64,
}

impl Place {
    /// Metres in a straight line.
    pub fn straight_to(self, other: Self) -> f64 {
        Haversine.distance(Point::new(self.lon, self.lat), Point::new(other.lon, other.lat))
    }
}

/// How far it is to a place along the streets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Walk {
    /// So many metres.
    Metres(f64),
    /// Farther than was asked for, or no street leads there.
    TooFar,
    /// The place lies too far from any street.
    OffStreet,
}

/// The streets as a graph.
#[derive(Debug, Clone, Default)]
pub struct Streets {
    nodes: Vec<Place>,
    /// From each node to its neighbours, with metres.
    ways: Vec<Vec<(u32, f64)>>,
    pieces: RTree<Piece>,
}

/// A straight piece of a street between two nodes.
#[derive(Debug, Clone)]
struct Piece {
    ends: (u32, u32),
    metres: f64,
    bounds: AABB<[f64; 2]>,
}

impl RTreeObject for Piece {
    type Envelope = AABB<[f64; 2]>;
    fn envelope(&self) -> Self::Envelope {
        self.bounds
    }
}

/// The point of a street that is nearest to a place.
#[derive(Debug, Clone, Copy)]
struct Foot {
    ends: (u32, u32),
    /// Metres along the piece from its first and from its second end.
    along: (f64, f64),
    /// Metres between the place and the street.
    off: f64,
}

/// A node that was reached; the nearest is the greatest, as the heap gives the greatest first.
#[derive(PartialEq)]
struct Reached {
    metres: f64,
    node: u32,
}

impl Eq for Reached {}
impl PartialOrd for Reached {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Reached {
    fn cmp(&self, other: &Self) -> Ordering {
        other.metres.total_cmp(&self.metres).then_with(|| other.node.cmp(&self.node))
    }
}

impl Streets {
    /// The graph of these streets.
    pub fn build<'a>(streets: impl IntoIterator<Item = &'a Street>) -> Self {
        let mut graph = Self::default();
        let mut known: HashMap<(i64, i64), u32> = HashMap::new();
        let mut pieces = Vec::new();
        for street in streets {
            let mut before: Option<u32> = None;
            for [lon, lat] in &street.0 {
                let node = *known.entry(key(*lon, *lat)).or_insert_with(|| {
                    graph.nodes.push(Place { lon: *lon, lat: *lat });
                    graph.ways.push(Vec::new());
                    // Imports hold far fewer points than this number type.
                    u32::try_from(graph.nodes.len() - 1).unwrap_or(u32::MAX)
                });
                if let Some(before) = before.filter(|before| *before != node) {
                    pieces.extend(graph.join(before, node));
                }
                before = Some(node);
            }
        }
        graph.pieces = RTree::bulk_load(pieces);
        graph
    }

    fn join(&mut self, a: u32, b: u32) -> Option<Piece> {
        let (from, to) = (self.node(a)?, self.node(b)?);
        let metres = from.straight_to(to);
        self.ways.get_mut(a as usize)?.push((b, metres));
        self.ways.get_mut(b as usize)?.push((a, metres));
        Some(Piece { ends: (a, b), metres, bounds: AABB::from_corners([from.lon, from.lat], [to.lon, to.lat]) })
    }

    fn node(&self, node: u32) -> Option<Place> {
        self.nodes.get(node as usize).copied()
    }

    /// Whether there is no street.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Into how many parts the streets fall that no street joins.
    pub fn parts(&self) -> usize {
        let mut seen = vec![false; self.nodes.len()];
        let mut parts = 0;
        for start in 0..self.nodes.len() {
            if std::mem::replace(&mut seen[start], true) {
                continue;
            }
            parts += 1;
            let mut waiting = vec![start];
            while let Some(node) = waiting.pop() {
                for (next, _) in &self.ways[node] {
                    if !std::mem::replace(&mut seen[*next as usize], true) {
                        waiting.push(*next as usize);
                    }
                }
            }
        }
        parts
    }

    /// How far it is on foot from a place to others, up to `limit` metres. None where the place itself is more than
    /// `off_street` metres from any street.
    pub fn walks(&self, from: Place, to: &[Place], limit: f64, off_street: f64) -> Option<Vec<Walk>> {
        let start = self.foot(from, off_street)?;
        let reached = self.reach(start, limit);
        let walk = |place: &Place| {
            let Some(end) = self.foot(*place, off_street) else { return Walk::OffStreet };
            let via = |node: u32, rest: f64| reached.get(&node).map_or(f64::INFINITY, |metres| metres + rest);
            let around = via(end.ends.0, end.along.0).min(via(end.ends.1, end.along.1));
            let direct = match end.ends == start.ends {
                true => start.off + (start.along.0 - end.along.0).abs(),
                false => f64::INFINITY,
            };
            let metres = around.min(direct) + end.off;
            if metres <= limit { Walk::Metres(metres) } else { Walk::TooFar }
        };
        Some(to.iter().map(walk).collect())
    }

    /// The nearest point of any street within so many metres; of pieces equally near the first.
    fn foot(&self, place: Place, within: f64) -> Option<Foot> {
        let plane = Plane::at(place.lat);
        let (d_lon, d_lat) = (within / plane.x, within / plane.y);
        let reach = AABB::from_corners([place.lon - d_lon, place.lat - d_lat], [place.lon + d_lon, place.lat + d_lat]);
        let near = self.pieces.locate_in_envelope_intersecting(&reach);
        let feet = near.filter_map(|piece| self.foot_on(piece, place, &plane)).filter(|foot| foot.off <= within);
        feet.min_by(|a, b| a.off.total_cmp(&b.off).then_with(|| a.ends.cmp(&b.ends)))
    }

    fn foot_on(&self, piece: &Piece, place: Place, plane: &Plane) -> Option<Foot> {
        let (a, b) = (self.node(piece.ends.0)?, self.node(piece.ends.1)?);
        let (dx, dy) = ((b.lon - a.lon) * plane.x, (b.lat - a.lat) * plane.y);
        let (px, py) = ((place.lon - a.lon) * plane.x, (place.lat - a.lat) * plane.y);
        let square = dx * dx + dy * dy;
        let share = if square > 0.0 { ((px * dx + py * dy) / square).clamp(0.0, 1.0) } else { 0.0 };
        let foot = Place { lon: a.lon + (b.lon - a.lon) * share, lat: a.lat + (b.lat - a.lat) * share };
        let along = (piece.metres * share, piece.metres * (1.0 - share));
        Some(Foot { ends: piece.ends, along, off: place.straight_to(foot) })
    }

    /// Every node within `limit` metres of a place beside a street, with the metres to it (Dijkstra 1959).
    fn reach(&self, start: Foot, limit: f64) -> HashMap<u32, f64> {
        let mut reached: HashMap<u32, f64> = HashMap::new();
        let mut waiting = BinaryHeap::from([
            Reached { metres: start.off + start.along.0, node: start.ends.0 },
            Reached { metres: start.off + start.along.1, node: start.ends.1 },
        ]);
        while let Some(Reached { metres, node }) = waiting.pop() {
            if metres > limit {
                break;
            }
            if reached.contains_key(&node) {
                continue;
            }
            reached.insert(node, metres);
            for (next, more) in self.ways.get(node as usize).into_iter().flatten() {
                if !reached.contains_key(next) && metres + more <= limit {
                    waiting.push(Reached { metres: metres + more, node: *next });
                }
            }
        }
        reached
    }
}

/// Points that are the same to a tenth of a metre are one.
fn key(lon: f64, lat: f64) -> (i64, i64) {
    #[expect(clippy::cast_possible_truncation, reason = "degrees, checked when they are imported")]
    let round = |degrees: f64| (degrees * 1e6).round() as i64;
    (round(lon), round(lat))
}
