//! The neighbourhood platform 岭里无忧: what residents are shown of what is near, and what they are told of what was done.
//!
//! Pure: rules, and which groups of cases may be told. It must never tell of a group so small that somebody could be
//! recognised in it, nor of one that could be worked out from what is told of others.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{figures::Share, ids::CategoryId, policy::Name};

/// The four sections of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// 党建
    Party,
    /// 便民
    Convenience,
    /// 助企
    Business,
    /// 公益
    PublicGood,
}

impl Section {
    /// Every section with its code, as a policy names it.
    pub const CODES: [(&'static str, Self); 4] = [
        ("party", Self::Party),
        ("convenience", Self::Convenience),
        ("business", Self::Business),
        ("public_good", Self::PublicGood),
    ];

    /// Its Chinese name, as tables have it.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Party => "党建引领",
            Self::Convenience => "便民服务",
            Self::Business => "助企服务",
            Self::PublicGood => "公益服务",
        }
    }
}

/// Rules of the neighbourhood platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NeighbourhoodRules {
    /// How far somebody walks in a minute, metres.
    pub metres_a_minute: u32,
    /// What can be walked to in so many minutes is near 十五分钟生活圈.
    pub minutes: u32,
    /// Whoever is so far from a street, metres, still comes from it.
    pub off_street_metres: u32,
    /// Residents are told of no group of fewer cases.
    pub told_from: u32,
    /// Residents are told of so many weeks.
    pub told_weeks: u32,
    /// Kinds of service point.
    pub kinds: Vec<ServiceKind>,
}

impl Default for NeighbourhoodRules {
    fn default() -> Self {
        Self {
            metres_a_minute: 80,
            minutes: 15,
            off_street_metres: 150,
            told_from: 3,
            told_weeks: 4,
            kinds: Vec::new(),
        }
    }
}

/// A kind of service point 服务点类型.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ServiceKind {
    /// Code.
    pub id: String,
    /// Where it stands.
    pub section: Section,
    /// What people call it.
    pub name: Name,
}

impl NeighbourhoodRules {
    /// The kind with this code.
    pub fn kind(&self, id: &str) -> Option<&ServiceKind> {
        self.kinds.iter().find(|kind| kind.id == id)
    }

    /// How far is near, metres on foot.
    pub fn metres(&self) -> u32 {
        self.metres_a_minute.saturating_mul(self.minutes)
    }
}

/// Cases of one category that were finished in one area and week, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Group {
    /// Finished.
    pub finished: i64,
    /// Minutes from registration to finish, in sum.
    pub minutes: i64,
    /// Followed up.
    pub followed_up: i64,
    /// Of these, answered 'solved'.
    pub solved: i64,
}

/// Groups of one area and week by category.
pub type Groups = BTreeMap<CategoryId, Group>;

/// What is told of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What it was about.
    pub category: CategoryId,
    /// How many were finished.
    pub finished: i64,
    /// Minutes from registration to finish, on average.
    pub minutes: i64,
    /// How many of those followed up are solved; none where too few were.
    pub solved: Option<Share>,
}

/// What may be told of an area, and of each of its parts 身边已解决.
///
/// No group of fewer than `least` is told, and none of a part where what then is left of the whole would be fewer, though
/// more than none: whoever takes the told parts from the whole learns of no small group either.
pub fn told(whole: &Groups, parts: &[Groups], least: u32) -> (Vec<Told>, Vec<Vec<Told>>) {
    let least = i64::from(least);
    let (mut of_whole, mut of_parts) = (Vec::new(), vec![Vec::new(); parts.len()]);
    for (category, all) in whole.iter().filter(|(_, all)| all.finished >= least) {
        let each: Vec<Group> = parts.iter().map(|part| part.get(category).copied().unwrap_or_default()).collect();
        let finished = tellable(all.finished, each.iter().map(|part| part.finished), least);
        let is_answered = all.followed_up >= least;
        let answered = tellable(all.followed_up, each.iter().map(|part| part.followed_up), least);
        of_whole.push(all.told(category, is_answered));
        for (at, part) in each.iter().enumerate() {
            if let (Some(true), Some(told)) = (finished.get(at), of_parts.get_mut(at)) {
                told.push(part.told(category, is_answered && answered.get(at) == Some(&true)));
            }
        }
    }
    (of_whole, of_parts)
}

impl Group {
    fn told(&self, category: &CategoryId, with_share: bool) -> Told {
        Told {
            category: category.clone(),
            finished: self.finished,
            minutes: self.minutes / self.finished.max(1),
            solved: with_share.then_some(Share { part: self.solved, whole: self.followed_up }),
        }
    }
}

/// Which parts of a number may be told beside it.
fn tellable(whole: i64, parts: impl Iterator<Item = i64>, least: i64) -> Vec<bool> {
    let parts: Vec<i64> = parts.collect();
    let mut told: Vec<usize> = (0..parts.len()).filter(|at| parts[*at] >= least).collect();
    // The largest first; of equals the one that stands first.
    told.sort_by_key(|at| std::cmp::Reverse(parts[*at]));
    let left = |told: &[usize]| whole - told.iter().map(|at| parts[*at]).sum::<i64>();
    while !told.is_empty() && left(&told) != 0 && left(&told) < least {
        told.pop();
    }
    (0..parts.len()).map(|at| told.contains(&at)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn groups(numbers: &[i64]) -> Groups {
        let group = |finished: &i64| Group { finished: *finished, minutes: finished * 60, ..Group::default() };
        let id = |at: usize| CategoryId::new(format!("k{at}")).unwrap();
        numbers.iter().enumerate().map(|(at, finished)| (id(at), group(finished))).collect()
    }

    fn shown(told: &[Told]) -> Vec<(&str, i64)> {
        told.iter().map(|told| (told.category.as_str(), told.finished)).collect()
    }

    #[test]
    fn a_group_of_two_is_told_nowhere_and_cannot_be_worked_out() {
        // Of the first kind, the whole less the first part would leave two; of the second nothing is left.
        let whole = groups(&[5, 3, 2]);
        let (all, parts) = told(&whole, &[groups(&[3, 3, 2]), groups(&[2, 0, 0])], 3);
        assert_eq!(shown(&all), [("k0", 5), ("k1", 3)]);
        assert_eq!(shown(&parts[0]), [("k1", 3)]);
        assert_eq!(shown(&parts[1]), []);
        assert_eq!((all[0].minutes, all[0].solved), (60, None));
    }

    #[test]
    fn the_share_of_what_is_solved_needs_as_many_answers() {
        let id = CategoryId::new("k").unwrap();
        let group = |followed_up| Group { finished: 6, minutes: 600, followed_up, solved: 2 };
        let of = |followed_up| told(&[(id.clone(), group(followed_up))].into(), &[], 3).0[0].solved;
        assert_eq!((of(2), of(4)), (None, Some(Share { part: 2, whole: 4 })));
    }

    proptest! {
        #[test]
        fn whatever_is_told_nothing_small_can_be_worked_out(parts in prop::collection::vec(0_i64..9, 0..6), beside in 0_i64..6) {
            let whole = parts.iter().sum::<i64>() + beside;
            let each: Vec<Groups> = parts.iter().map(|number| groups(&[*number])).collect();
            let (all, of_parts) = told(&groups(&[whole]), &each, 3);
            let sum: i64 = of_parts.iter().flatten().map(|told| told.finished).sum();
            prop_assert!(of_parts.iter().flatten().all(|told| told.finished >= 3));
            match all.first() {
                Some(told) => prop_assert!(told.finished - sum == 0 || told.finished - sum >= 3),
                None => prop_assert!(whole < 3 && sum == 0),
            }
        }
    }
}
