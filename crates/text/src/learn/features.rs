//! What a model reads of a text, as numbered features: pairs of characters, words, areas that are named, and the time.
//!
//! A feature is known by a hash of its block and its characters; hashes are stored in models, so they must never change.

use std::{collections::BTreeSet, ops::Range};

use super::Input;
use crate::{hash::hash, normalise, segment::known_words};

/// The kinds of feature. Each is weighed by itself, so that none drowns another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    Pairs,
    Words,
    Areas,
    Time,
}

impl Block {
    pub(super) const ALL: [Self; 4] = [Self::Pairs, Self::Words, Self::Areas, Self::Time];

    /// In how many texts a feature must occur to be worth knowing.
    pub(super) fn texts_min(self) -> u32 {
        match self {
            Self::Pairs | Self::Words => 2,
            Self::Areas | Self::Time => 1,
        }
    }

    pub(crate) fn key(self, of: &str) -> u32 {
        (hash(std::iter::once(self as u8).chain(of.bytes())) >> 32) as u32
    }
}

/// The features of one text: for each block its keys in order, each with how much of it there is.
#[derive(Debug, Default)]
pub(super) struct Features([Vec<(u32, f32)>; Block::ALL.len()]);

impl Features {
    pub(super) fn of(&self, block: Block) -> &[(u32, f32)] {
        &self.0[block as usize]
    }
}

/// Where the areas are known that a text may name: from the labels, which are units or begin with their area.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Areas(pub(super) Vec<String>);

/// What the name of an area ends with.
const AREA_ENDS: [char; 8] = ['市', '县', '区', '镇', '乡', '旗', '州', '盟'];
/// How many characters such a name has.
const AREA_CHARS: Range<usize> = 3..6;

impl Areas {
    /// Names of areas that labels begin with: 商州区 of 商州区住房和城乡建设局.
    pub(super) fn of_labels<'t>(labels: impl IntoIterator<Item = &'t str>) -> Self {
        let names: BTreeSet<String> = labels.into_iter().filter_map(area).collect();
        Self(names.into_iter().collect())
    }

    /// Those that a text names, by the whole name or by all of it but its last character.
    fn named_in<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        let names = self.0.iter().map(String::as_str);
        names.filter(|name| text.contains(&name[..name.len() - name.chars().next_back().map_or(0, char::len_utf8)]))
    }
}

fn area(label: &str) -> Option<String> {
    let label = normalise(label);
    let ends = label.char_indices().enumerate().take(AREA_CHARS.end - 1).skip(AREA_CHARS.start - 1);
    let end = ends.filter(|(_, (_, c))| AREA_ENDS.contains(c)).map(|(_, (at, c))| at + c.len_utf8()).next()?;
    Some(label[..end].to_owned())
}

/// A text in the form in which features are looked for.
///
/// Codes that stand for a name made unreadable, `a3市` or `d6县`, say nothing about the matter and are left out.
pub(super) fn readable(text: &str) -> String {
    let text = normalise(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let cut = code(rest).unwrap_or_else(|| {
            out.push(c);
            c.len_utf8()
        });
        rest = &rest[cut..];
    }
    out
}

/// The length of the code at the start of a text, if there is one.
fn code(text: &str) -> Option<usize> {
    let digits = text.strip_prefix(|c: char| c.is_ascii_lowercase())?;
    let rest = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.starts_with(['省', '市', '县', '区']).then_some(text.len() - rest.len())
}

/// What a readable text holds of features that are found in places: each with its block, key and place in bytes.
pub(crate) fn found(text: &str) -> impl Iterator<Item = (Block, u32, Range<usize>)> {
    let ends = text.char_indices().skip(1).map(|(at, c)| at + c.len_utf8());
    let pairs = text.char_indices().zip(ends).map(|((start, _), end)| (Block::Pairs, start..end));
    let words = known_words(text).map(|(start, word)| (Block::Words, start..start + word.len()));
    pairs.chain(words).map(move |(block, place)| (block, block.key(&text[place.clone()]), place))
}

/// Reads a text.
pub(super) fn read(input: &Input<'_>, areas: &Areas) -> Features {
    let text = readable(input.text);
    let mut keys: [Vec<u32>; 2] = Default::default();
    for (block, key, _) in found(&text) {
        keys[block as usize].push(key);
    }
    let [pairs, words] = keys.map(counted);
    Features([pairs, words, named(&text, areas), input.years.map(near).unwrap_or_default()])
}

/// Each key once, in order, with its count damped: the second says less than the first.
fn counted(mut keys: Vec<u32>) -> Vec<(u32, f32)> {
    keys.sort_unstable();
    keys.chunk_by(|one, other| one == other).map(|run| (run[0], 1.0 + (run.len() as f32).ln())).collect()
}

/// The areas that are named, sharing one; or that none is.
fn named(text: &str, areas: &Areas) -> Vec<(u32, f32)> {
    let names: Vec<&str> = areas.named_in(text).collect();
    let names = if names.is_empty() && !areas.0.is_empty() { vec![""] } else { names };
    let share = 1.0 / names.len() as f32;
    let mut keys: Vec<(u32, f32)> = names.into_iter().map(|name| (Block::Areas.key(name), share)).collect();
    keys.sort_unstable_by_key(|(key, _)| *key);
    keys.dedup_by_key(|(key, _)| *key);
    keys
}

/// How near a time, in years, is to the middle of the years about it: who does what changes slowly.
fn near(years: f32) -> Vec<(u32, f32)> {
    let year = years.floor() as i32;
    let nearness = |middle: f32| (-((years - middle) / 0.6).powi(2)).exp();
    let about = (year - 1..=year + 1).map(|year| (Block::Time.key(&year.to_string()), nearness(year as f32 + 0.5)));
    let mut about: Vec<(u32, f32)> = about.collect();
    about.sort_unstable_by_key(|(key, _)| *key);
    about
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_of_places_are_left_out() {
        assert_eq!(readable("A3市B12区c县的路灯，WIFI 省电"), "市区县的路灯,wifi 省电");
        assert_eq!(readable("a"), "a");
    }

    #[test]
    fn areas_come_from_the_labels_and_are_found_by_their_short_names() {
        let areas = Areas::of_labels(["商州区住建局", "洛南县人民政府办公室", "市公安局", "法院", "商州区政府办"]);
        assert_eq!(areas.0, ["商州区", "洛南县"]);
        assert_eq!(areas.named_in("商州的路").collect::<Vec<_>>(), ["商州区"]);
        let none = read(&Input { text: "路灯", years: None }, &areas);
        assert_eq!(none.of(Block::Areas), [(Block::Areas.key(""), 1.0)]);
        assert_eq!(read(&Input::from("路灯"), &Areas::default()).of(Block::Areas), []);
    }

    #[test]
    fn keys_are_stored_in_models_and_never_change() {
        assert_eq!((Block::Pairs.key("油烟"), Block::Words.key("油烟")), (1_576_417_054, 2_881_178_382));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>()) {
            let read = read(&Input { text: &text, years: Some(2026.4) }, &Areas::of_labels([text.as_str()]));
            for block in Block::ALL {
                prop_assert!(read.of(block).is_sorted_by(|one, other| one.0 < other.0));
                prop_assert!(read.of(block).iter().all(|(_, much)| *much > 0.0 && much.is_finite()));
            }
        }
    }
}
