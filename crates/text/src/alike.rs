//! How alike texts are, whatever words they were put in: which say the same again, and which hang together as one issue.
//!
//! A text is its pairs of characters and its words, rare ones weighing more; two texts are as alike as the angle between
//! them is small. Names of places need no dictionary: their pairs of characters are rare, and so weigh most. It never says
//! that two texts are by one person, or that what they tell is true.

use std::{
    borrow::Borrow,
    cmp::Ordering,
    collections::{BTreeMap, BinaryHeap, HashMap},
    hash::{BuildHasherDefault, Hasher},
};

use crate::{
    learn::{Block, found},
    normalise,
    segment::known_words,
};

/// Texts at least this alike most likely tell of one matter, where they are of one place or one person: see
/// `tests/repeats.rs` for how often that is so.
pub const SAME_MATTER: f32 = 0.15;
/// What is left of the likeness of two texts that both name places, and none that the other names.
const ELSEWHERE: f32 = 0.7;
/// What names of places end with, from provinces to houses.
const NAME_ENDS: &str = "省市县区镇乡村街路巷道苑园城桥站楼厂校院店坊庭府湾里组";
/// A feature that more than this share of the texts hold tells nothing.
const SHARE_MAX: f64 = 0.1;
/// A feature of fewer texts than this is not common.
const COMMON_MIN: f64 = 10.0;
/// Texts that one feature may bring together; where more hold it, it only counts between texts that others bring together.
const HOLDERS_MAX: usize = 400;
/// Pairs less alike than this are not looked at.
const LIKENESS_MIN: f32 = 0.05;

/// Shared words that are told.
const SHARED_TOLD: usize = 8;
/// Texts among which the typical one is looked for.
const TYPICAL_AMONG: usize = 200;

/// What a text is made of, read once. Reading costs more than comparing: keep it for the next time.
#[derive(Debug, Clone)]
pub struct Sketch {
    /// Its pairs of characters and its words, by their keys in order, and how often each is there.
    counts: [Vec<(u32, f32)>; 2],
    /// Names of places in it, in order, as hashes.
    names: Vec<u32>,
}

impl Sketch {
    /// Reads a text. Its first line, its title, counts twice.
    pub fn new(text: &str) -> Self {
        let mut counts: [BTreeMap<u32, f32>; 2] = Default::default();
        let (title, _) = text.split_once('\n').unwrap_or((text, ""));
        let whole = normalise(text);
        for part in [&whole, &normalise(title)] {
            for (block, key, _) in found(part) {
                *counts[usize::from(block == Block::Words)].entry(key).or_default() += 1.0;
            }
        }
        Self { counts: counts.map(|counts| counts.into_iter().collect()), names: names_in(&whole) }
    }
}

/// Texts made ready for comparing.
#[derive(Debug)]
pub struct Alike {
    /// For each text its features in order, with their weights.
    rows: Vec<Vec<(u32, f32)>>,
    /// For each text the names of places in it, in order, as hashes.
    names: Vec<Vec<u32>>,
    /// Where each feature stands, by its key.
    places: HashMap<u32, u32, Keyed>,
}

/// Keys of features are hashes already.
type Keyed = BuildHasherDefault<AsIs>;

/// Takes a hash as it is, spread over the bits that a table looks at.
#[derive(Debug, Default, Clone, Copy)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = (self.0 << 8) | u64::from(*byte));
    }

    fn write_u32(&mut self, key: u32) {
        self.0 = u64::from(key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// Two texts and how alike they are, 0–1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Place of the earlier one.
    pub one: usize,
    /// Place of the later one.
    pub other: usize,
    /// How alike.
    pub likeness: f32,
}

impl Alike {
    /// Reads texts and makes them ready. The first line of each, its title, counts twice.
    pub fn new<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let sketches: Vec<Sketch> = texts.into_iter().map(Sketch::new).collect();
        Self::of(&sketches, &[])
    }

    /// Makes texts ready that were read before. Those of the background are not compared; by them too it is judged which
    /// features are rare.
    pub fn of<S: Borrow<Sketch>>(sketches: &[S], background: &[S]) -> Self {
        let mut places: HashMap<u32, u32, Keyed> = HashMap::default();
        let mut holders: Vec<u32> = Vec::new();
        let mut rows: Vec<[Vec<(u32, f32)>; 2]> = Vec::with_capacity(sketches.len());
        for sketch in sketches {
            let mut place = |(key, count): &(u32, f32)| {
                let next = places.len() as u32;
                let place = *places.entry(*key).or_insert(next);
                holders.resize(places.len(), 0);
                holders[place as usize] += 1;
                (place, *count)
            };
            rows.push(sketch.borrow().counts.each_ref().map(|block| block.iter().map(&mut place).collect()));
        }
        // What only the background holds, no text that is compared can share.
        for (key, _) in background.iter().flat_map(|sketch| sketch.borrow().counts.iter().flatten()) {
            if let Some(place) = places.get(key) {
                holders[*place as usize] += 1;
            }
        }
        let names = sketches.iter().map(|sketch| sketch.borrow().names.clone()).collect();
        let all = (rows.len() + background.len()) as f64;
        let worth = |held: &u32| {
            let held = f64::from(*held);
            if held > all * SHARE_MAX && held > COMMON_MIN { 0.0 } else { (all / held).ln() as f32 }
        };
        let worth: Vec<f32> = holders.iter().map(worth).collect();
        let row = |blocks: [Vec<(u32, f32)>; 2]| {
            let weighed = blocks.map(|block| {
                let weigh = |(place, count): (u32, f32)| (place, (1.0 + count.ln()) * worth[place as usize]);
                let mut block: Vec<(u32, f32)> = block.into_iter().map(weigh).collect();
                let length = block.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt() * 2.0_f32.sqrt();
                // What only this text holds makes it unlike the others, and needs no more than that.
                block.retain(|(place, weight)| *weight > 0.0 && holders[*place as usize] > 1);
                block.iter_mut().for_each(|(_, weight)| *weight /= length);
                block
            });
            let mut row = weighed.concat();
            row.sort_unstable_by_key(|(place, _)| *place);
            row
        };
        Self { rows: rows.into_iter().map(row).collect(), names: rare(names), places }
    }

    /// How alike two texts are, 0–1.
    pub fn likeness(&self, one: usize, other: usize) -> f32 {
        let (mut one, mut other) = (self.rows[one].iter().peekable(), self.rows[other].iter().peekable());
        let mut sum = 0.0;
        while let (Some((feature, weight)), Some((theirs, their))) = (one.peek(), other.peek()) {
            match feature.cmp(theirs) {
                Ordering::Equal => {
                    sum += weight * their;
                    one.next();
                    other.next();
                }
                Ordering::Less => drop(one.next()),
                Ordering::Greater => drop(other.next()),
            }
        }
        sum
    }

    /// The words that two texts share, the weightiest first; `text` is the one at `one`, as it was given.
    pub fn shared(&self, one: usize, other: usize, text: &str) -> Vec<String> {
        let weight = |of: usize, place: u32| {
            let row = &self.rows[of];
            row.binary_search_by_key(&place, |(feature, _)| *feature).map_or(0.0, |at| row[at].1)
        };
        let text = normalise(text);
        let mut words: Vec<(&str, f32)> = known_words(&text)
            .filter(|(_, word)| word.chars().nth(1).is_some())
            .filter_map(|(_, word)| {
                let place = *self.places.get(&Block::Words.key(word))?;
                Some((word, weight(one, place) * weight(other, place))).filter(|(_, weight)| *weight > 0.0)
            })
            .collect();
        words.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(other.0)));
        words.dedup();
        words.into_iter().take(SHARED_TOLD).map(|(word, _)| word.to_owned()).collect()
    }

    /// What is left of the likeness of two texts for the places they name.
    fn elsewhere(&self, one: usize, other: usize) -> f32 {
        let (one, other) = (&self.names[one], &self.names[other]);
        let apart = !one.is_empty() && !other.is_empty() && !one.iter().any(|name| other.binary_search(name).is_ok());
        if apart { ELSEWHERE } else { 1.0 }
    }

    /// Of some texts the one that is most like the others; 0 where there are none.
    pub fn typical(&self, of: &[usize]) -> usize {
        let likeness = |one: usize| of.iter().map(|other| self.likeness(one, *other)).sum::<f32>();
        // Of very many, the first say enough.
        let some = of.iter().take(TYPICAL_AMONG).map(|one| (*one, likeness(*one)));
        some.max_by(|one, other| one.1.total_cmp(&other.1).then(other.0.cmp(&one.0))).map_or(0, |(one, _)| one)
    }

    /// All pairs at least this alike, in order.
    pub fn pairs(&self, at_least: f32) -> Vec<Pair> {
        let at_least = at_least.max(LIKENESS_MIN);
        let mut holders: Vec<Vec<(u32, f32)>> = vec![Vec::new(); self.places.len()];
        let mut sums = vec![0.0_f32; self.rows.len()];
        let mut pairs = Vec::new();
        for (at, row) in self.rows.iter().enumerate() {
            let mut touched: Vec<u32> = Vec::new();
            for (feature, weight) in row {
                for (other, their) in &holders[*feature as usize] {
                    if sums[*other as usize] == 0.0 {
                        touched.push(*other);
                    }
                    sums[*other as usize] += weight * their;
                }
            }
            touched.sort_unstable();
            for other in touched {
                let likeness = std::mem::take(&mut sums[other as usize]);
                if likeness >= at_least {
                    pairs.push(Pair { one: other as usize, other: at, likeness });
                }
            }
            for (feature, weight) in row {
                let holders = &mut holders[*feature as usize];
                if holders.len() < HOLDERS_MAX {
                    holders.push((at as u32, *weight));
                }
            }
        }
        pairs
    }

    /// Texts that hang together: groups of two and more, in which texts are at least this alike on the mean.
    ///
    /// Groups are joined two by two, the most alike first, as long as the mean likeness of their texts allows: so one
    /// text between two matters does not make one of them. `nearness`, 0–1, of two texts is what their likeness is
    /// multiplied by: how near they are in time, for one.
    pub fn gather(&self, at_least: f32, nearness: impl Fn(usize, usize) -> f32) -> Vec<Vec<usize>> {
        let mut members: Vec<Vec<usize>> = (0..self.rows.len()).map(|at| vec![at]).collect();
        let mut sums: Vec<BTreeMap<usize, f32>> = vec![BTreeMap::new(); self.rows.len()];
        let mut queue: BinaryHeap<(Likeness, usize, usize)> = BinaryHeap::new();
        for pair in self.pairs(LIKENESS_MIN) {
            let likeness = pair.likeness * self.elsewhere(pair.one, pair.other) * nearness(pair.one, pair.other);
            sums[pair.one].insert(pair.other, likeness);
            sums[pair.other].insert(pair.one, likeness);
            if likeness >= at_least {
                queue.push((Likeness(likeness), pair.one, pair.other));
            }
        }
        while let Some((Likeness(likeness), one, other)) = queue.pop() {
            let mean = |sums: &[BTreeMap<usize, f32>], members: &[Vec<usize>], one: usize, other: usize| {
                sums[one].get(&other).map(|sum| sum / (members[one].len() * members[other].len()) as f32)
            };
            // What was queued before one of them grew is out of date.
            if mean(&sums, &members, one, other) != Some(likeness) {
                continue;
            }
            let (joined, theirs) = (std::mem::take(&mut members[other]), std::mem::take(&mut sums[other]));
            members[one].extend(joined);
            sums[one].remove(&other);
            for (third, sum) in theirs.into_iter().filter(|(third, _)| *third != one) {
                *sums[one].entry(third).or_default() += sum;
                sums[third].remove(&other);
            }
            let near: Vec<(usize, f32)> = sums[one].iter().map(|(third, sum)| (*third, *sum)).collect();
            for (third, sum) in near {
                sums[third].insert(one, sum);
                if let Some(mean) = mean(&sums, &members, one, third).filter(|mean| *mean >= at_least) {
                    queue.push((Likeness(mean), one, third));
                }
            }
        }
        let mut groups: Vec<Vec<usize>> = members.into_iter().filter(|group| group.len() > 1).collect();
        groups.iter_mut().for_each(|group| group.sort_unstable());
        groups
    }
}

/// What may be names of places, as hashes in order: a character that such names end with, and two before it.
fn names_in(text: &str) -> Vec<u32> {
    let mut before: [Option<(usize, char)>; 2] = [None; 2];
    let name = text.char_indices().filter_map(|(at, c)| {
        let from = before[0].filter(|(_, c)| c.is_alphanumeric()).map(|(at, _)| at);
        before = [before[1], Some((at, c))];
        NAME_ENDS.contains(c).then_some(&text[from?..at + c.len_utf8()])
    });
    let mut names: Vec<u32> = name.map(|name| Block::Areas.key(name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Names without those that very many texts hold.
fn rare(mut names: Vec<Vec<u32>>) -> Vec<Vec<u32>> {
    let mut held: HashMap<u32, f64> = HashMap::new();
    names.iter().flatten().for_each(|name| *held.entry(*name).or_default() += 1.0);
    let most = (names.len() as f64 * SHARE_MAX).max(COMMON_MIN);
    names.iter_mut().for_each(|names| names.retain(|name| held.get(name).is_some_and(|held| *held <= most)));
    names
}

/// A likeness, in order.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Likeness(f32);

impl Eq for Likeness {}

impl Ord for Likeness {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Likeness {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXTS: [&str; 7] = [
        "丽发新城搅拌站噪音扰民",
        "丽发新城旁边搅拌站半夜噪音很大",
        "搅拌站粉尘污染丽发新城",
        "咨询公积金提取",
        "孩子上学报名",
        "公积金怎么提取",
        "丽发新城停车费太贵",
    ];

    #[test]
    fn pairs_are_found_as_by_comparing_each_with_each() {
        let alike = Alike::new(TEXTS);
        let pairs = alike.pairs(0.1);
        for (one, other) in (0..TEXTS.len()).flat_map(|other| (0..other).map(move |one| (one, other))) {
            let likeness = alike.likeness(one, other);
            let found = pairs.iter().find(|pair| (pair.one, pair.other) == (one, other));
            assert_eq!(found.is_some(), likeness >= 0.1, "{one} {other} {likeness}");
            assert!(found.is_none_or(|pair| (pair.likeness - likeness).abs() < 1e-5));
        }
        assert_eq!(alike.likeness(3, 6), 0.0);
    }

    #[test]
    fn one_matter_hangs_together_and_another_at_the_same_place_stays_out() {
        assert_eq!(Alike::new(TEXTS).gather(0.12, |_, _| 1.0), [vec![0, 1, 2], vec![3, 5]]);
        assert!(Alike::new([]).gather(0.2, |_, _| 1.0).is_empty());
    }

    proptest! {
        #[test]
        fn any_texts_are_compared_and_each_is_in_one_group_at_most(texts in prop::collection::vec(any::<String>(), 0..8)) {
            let alike = Alike::new(texts.iter().map(String::as_str));
            let groups = alike.gather(0.1, |_, _| 1.0);
            let mut all: Vec<usize> = groups.concat();
            all.sort_unstable();
            all.dedup();
            prop_assert_eq!(all.len(), groups.concat().len());
            prop_assert!(alike.pairs(0.0).iter().all(|pair| pair.likeness <= 1.001 && pair.one < pair.other));
        }
    }
}
