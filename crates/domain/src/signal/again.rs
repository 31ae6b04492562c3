//! Matters that come again and again 重复反映: cases that people marked as repeats of one. Only what a person linked counts.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use utoipa::ToSchema;

use crate::ids::CaseId;

/// When a matter comes again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgainRules {
    /// Cases of it that were registered, at least.
    pub times: u32,
    /// Within so many days.
    pub within_days: u32,
}

impl Default for AgainRules {
    /// What holds where a policy says nothing.
    fn default() -> Self {
        Self { times: 3, within_days: 30 }
    }
}

/// A case, as far as it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Which.
    pub case: CaseId,
    /// Whose repeat it is.
    pub repeat_of: Option<CaseId>,
    /// Whole days before now.
    pub age: u32,
}

/// Matters that came so often: the case that each began with, and its cases as places in `asked`, in their order.
pub fn again(asked: &[Asked], rules: &AgainRules) -> Vec<(CaseId, Vec<usize>)> {
    let repeat_of: HashMap<CaseId, CaseId> = asked.iter().filter_map(|one| Some((one.case, one.repeat_of?))).collect();
    let mut matters: BTreeMap<CaseId, Vec<usize>> = BTreeMap::new();
    for (at, one) in asked.iter().enumerate().filter(|(_, one)| one.age < rules.within_days) {
        let (mut first, mut steps) = (one.case, 0);
        // A case is linked to an older one; what was linked in a ring ends here.
        while let Some(earlier) = repeat_of.get(&first).filter(|_| steps < asked.len()) {
            (first, steps) = (*earlier, steps + 1);
        }
        matters.entry(first).or_default().push(at);
    }
    matters.into_iter().filter(|(_, members)| members.len() >= rules.times as usize).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_chain_of_repeats_is_one_matter_and_what_is_old_does_not_count() {
        let id = |n: u128| CaseId(Uuid::from_u128(n));
        let asked = |case, of: Option<u128>, age| Asked { case: id(case), repeat_of: of.map(id), age };
        let rules = AgainRules { times: 3, within_days: 30 };
        let seen = [
            asked(9, Some(7), 0),
            asked(8, None, 1),
            asked(7, Some(2), 5),
            asked(6, Some(2), 29),
            asked(5, Some(1), 3),
            asked(4, Some(1), 30),
        ];
        assert_eq!(again(&seen, &rules), [(id(2), vec![0, 2, 3])]);
        let ring = [asked(1, Some(2), 0), asked(2, Some(1), 0)];
        assert_eq!(again(&ring, &rules), []);
    }
}
