//! The duty roster 值班表, indexed by unit and post: who holds the phone at a moment costs by who holds it, not by how
//! many years of shifts are kept. It must never say who is on duty now: the moment is an argument.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Shift;
use crate::ids::{PostId, UnitId};

#[derive(Debug, Clone, Default)]
pub(super) struct Roster(BTreeMap<UnitId, BTreeMap<PostId, Turns>>);

/// Shifts of one post, as places in the roster, by their begin.
#[derive(Debug, Clone, Default)]
struct Turns {
    places: Vec<usize>,
    /// For each, the latest end of it and all before it: how far back one must look.
    ends: Vec<Timestamp>,
}

impl Roster {
    pub(super) fn build(shifts: &[Shift]) -> Self {
        let mut roster = Self::default();
        for (place, shift) in shifts.iter().enumerate() {
            let posts = roster.0.entry(shift.unit.clone()).or_default();
            posts.entry(shift.post.clone()).or_default().places.push(place);
        }
        for turns in roster.0.values_mut().flat_map(BTreeMap::values_mut) {
            turns.places.sort_by_key(|place| shifts[*place].from);
            let mut latest = Timestamp::MIN;
            let ends = turns.places.iter().map(|place| {
                latest = latest.max(shifts[*place].to);
                latest
            });
            turns.ends = ends.collect();
        }
        roster
    }

    /// Shifts of a post of a unit at a moment, in ringing order.
    pub(super) fn at<'a>(&self, shifts: &'a [Shift], post: &PostId, unit: &UnitId, at: Timestamp) -> Vec<&'a Shift> {
        let Some(turns) = self.0.get(unit).and_then(|posts| posts.get(post)) else { return Vec::new() };
        let begun = turns.places.partition_point(|place| shifts[*place].from <= at);
        let past = turns.ends.partition_point(|end| *end <= at);
        let open = turns.places.get(past..begun).unwrap_or_default().iter().map(|place| &shifts[*place]);
        let mut open: Vec<&Shift> = open.filter(|shift| at < shift.to).collect();
        open.sort_by_key(|shift| (shift.order, shift.from));
        open
    }
}
