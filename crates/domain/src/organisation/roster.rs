//! The duty roster 值班表, indexed by unit and post: who holds the phone at a moment costs by who holds it, not by how
//! many years of shifts are kept. It must never say who is on duty now: the moment is an argument.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Draft, Shift};
use crate::ids::{PersonId, PostId, UnitId};

/// Which turn of duty is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShiftKey {
    /// Of which unit.
    #[schema(value_type = String)]
    pub unit: UnitId,
    /// Which post.
    #[schema(value_type = String)]
    pub post: PostId,
    /// Whose.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
}

impl ShiftKey {
    fn names(&self, shift: &Shift) -> bool {
        shift.unit == self.unit && shift.post == self.post && shift.person == self.person && shift.from == self.from
    }
}

impl Draft {
    /// The turn that is meant.
    pub fn shift(&self, key: &ShiftKey) -> Option<&Shift> {
        self.roster.iter().find(|shift| key.names(shift))
    }

    /// Whether somebody takes turns at this post of this unit.
    pub fn takes_turns(&self, unit: &UnitId, post: &PostId, person: &PersonId) -> bool {
        self.roster.iter().any(|shift| shift.unit == *unit && shift.post == *post && shift.person == *person)
    }

    /// Whether somebody has a turn anywhere that overlaps this time.
    pub fn is_on_duty_within(&self, person: &PersonId, from: Timestamp, to: Timestamp) -> bool {
        self.roster.iter().any(|shift| shift.person == *person && shift.from < to && from < shift.to)
    }

    /// Gives a turn to somebody else; whose it was is remembered. Nothing happens where there is no such turn.
    pub fn give_shift(&mut self, key: &ShiftKey, to: &PersonId) {
        if let Some(shift) = self.roster.iter_mut().find(|shift| key.names(shift)) {
            let first = shift.instead_of.take().unwrap_or_else(|| shift.person.clone());
            shift.person = to.clone();
            shift.instead_of = (first != *to).then_some(first);
        }
    }

    /// Makes imported turns say who took them over, where they are those that were swapped here.
    pub(super) fn keep_swaps(&self, imported: &mut [Shift]) {
        let key = |shift: &Shift, person: &PersonId| {
            (shift.unit.clone(), shift.post.clone(), person.clone(), shift.from, shift.to, shift.order)
        };
        let swapped: BTreeMap<_, &PersonId> = (self.roster.iter())
            .filter_map(|shift| Some((key(shift, shift.instead_of.as_ref()?), &shift.person)))
            .collect();
        for shift in imported.iter_mut().filter(|_| !swapped.is_empty()) {
            if let Some(taker) = swapped.get(&key(shift, &shift.person)) {
                shift.instead_of = Some(std::mem::replace(&mut shift.person, (*taker).clone()));
            }
        }
    }
}

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
