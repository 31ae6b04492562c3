//! Parting samples into folds for measuring, so that no text is judged by a model that learnt from nearly the same text.

use std::collections::{BTreeMap, HashMap};

use super::Sample;
use crate::{hash::hash, normalise};

/// Characters in a shingle.
const SHINGLE: usize = 5;
/// Texts a shingle is remembered for: one that many hold, such as a greeting, tells nothing.
const HOLDERS_MAX: usize = 50;

/// Groups of near-duplicates: for each text the place of the first text of its group.
///
/// Two texts are near-duplicates when they share half of the shorter one's runs of five letters, digits or Han
/// characters; a group holds all that hang together by such pairs.
pub fn groups<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<usize> {
    let mut holders: HashMap<u64, Vec<usize>> = HashMap::new();
    let (mut sizes, mut leaders) = (Vec::new(), Vec::new());
    for (at, text) in texts.enumerate() {
        let shingles = shingles(text);
        let mut shared: BTreeMap<usize, usize> = BTreeMap::new();
        for shingle in &shingles {
            let holders = holders.entry(*shingle).or_default();
            holders.iter().for_each(|other| *shared.entry(*other).or_default() += 1);
            if holders.len() < HOLDERS_MAX {
                holders.push(at);
            }
        }
        sizes.push(shingles.len());
        leaders.push(at);
        for (other, shared) in shared {
            if 2 * shared >= sizes[at].min(sizes[other]) {
                let (one, other) = (leader(&mut leaders, at), leader(&mut leaders, other));
                leaders[one.max(other)] = one.min(other);
            }
        }
    }
    (0..leaders.len()).map(|at| leader(&mut leaders, at)).collect()
}

fn shingles(text: &str) -> Vec<u64> {
    let chars: Vec<char> = normalise(text).chars().filter(|c| c.is_alphanumeric()).collect();
    let of = |shingle: &[char]| hash(shingle.iter().flat_map(|c| u32::from(*c).to_le_bytes()));
    let mut shingles: Vec<u64> = chars.windows(SHINGLE.min(chars.len()).max(1)).map(of).collect();
    shingles.sort_unstable();
    shingles.dedup();
    shingles
}

fn leader(leaders: &mut [usize], mut at: usize) -> usize {
    while leaders[at] != at {
        leaders[at] = leaders[leaders[at]];
        at = leaders[at];
    }
    at
}

/// The fold of each sample, 0 to `count` - 1: groups of near-duplicates stay together, and each label is spread over the
/// folds as evenly as they allow. The same samples give the same folds.
pub fn folds(samples: &[Sample<'_>], count: usize) -> Vec<usize> {
    let leaders = groups(samples.iter().map(|sample| sample.input.text));
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    leaders.iter().enumerate().for_each(|(at, leader)| members.entry(*leader).or_default().push(at));
    let mut members: Vec<Vec<usize>> = members.into_values().collect();
    // The largest first; those of one size in an order that has nothing to do with the file's.
    members.sort_by_cached_key(|group| (usize::MAX - group.len(), hash(samples[group[0]].input.text.bytes())));
    let mut folds = vec![0; samples.len()];
    let mut held: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut sizes = vec![0; count];
    for group in members {
        let label = samples[group[0]].label;
        let held = held.entry(label).or_insert_with(|| vec![0; count]);
        let Some(fold) = (0..count).min_by_key(|fold| (held[*fold], sizes[*fold])) else { continue };
        held[fold] += group.len();
        sizes[fold] += group.len();
        group.into_iter().for_each(|at| folds[at] = fold);
    }
    folds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::Input;

    #[test]
    fn near_duplicates_share_a_group_and_a_fold() {
        let texts = [
            "楼下餐馆每天晚上油烟很大，多次反映没有人处理。",
            "路灯不亮，老人晚上出门看不见路，请尽快修好。",
            "楼下的餐馆每天晚上油烟很大，多次反映都没有人处理！",
            "",
            "停车场乱收费，没有发票，请物价部门查一查。",
        ];
        assert_eq!(groups(texts.iter().copied()), [0, 1, 0, 3, 4]);
        let samples: Vec<Sample<'_>> =
            texts.iter().map(|text| Sample { input: Input::from(*text), label: "one" }).collect();
        let folds = folds(&samples, 4);
        assert_eq!(folds[0], folds[2]);
        assert_eq!(folds.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }
}
