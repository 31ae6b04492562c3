//! Names of places in what people write 地名识别: exactly as the list has them, as they sound 同音, or with one character
//! wrong or missing.
//!
//! It knows names only, and must never guess where there is none: which place a name means is its caller's business.
//! The cost goes by the text's length and by how many lengths names have, not by how many names there are.

use std::collections::HashMap;

use pinyin::ToPinyin;

use crate::{hash::hash, normalise};

/// Characters of a text that are looked at.
const LOOKED_AT: usize = 2_000;
/// Shorter names are found only as they are written.
const SOUND_MIN: usize = 3;
/// Shorter names are not found with a character wrong or missing.
const NEAR_MIN: usize = 4;
/// Longest name, in characters.
const NAME_MAX: usize = 40;

/// A list of names, ready for looking in texts.
#[derive(Debug, Default)]
pub struct Gazetteer {
    /// What a run of characters may stand for: the names, each with how alike it is.
    keys: HashMap<u64, Vec<(u32, Likeness)>>,
    /// How long runs may be, and of which kinds.
    runs: Vec<(usize, Kind)>,
}

/// How a name is written in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Likeness {
    /// With a character missing.
    Missing,
    /// With another character at one place.
    Other,
    /// With characters that sound the same.
    Sound,
    /// As it is.
    Exact,
}

impl Likeness {
    /// How much it counts, 0–1.
    pub fn weight(self) -> f64 {
        match self {
            Self::Exact => 1.0,
            Self::Sound => 0.9,
            Self::Other => 0.75,
            Self::Missing => 0.7,
        }
    }
}

/// A name that a text holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// Its place in the list.
    pub name: usize,
    /// As it is written in the text, in normal form.
    pub written: String,
    /// How it is written.
    pub likeness: Likeness,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Exact,
    Sound,
    /// A character at this place may be any.
    Other(usize),
    /// A character before this place is missing.
    Missing,
}

/// A character as it is written, and as it sounds in the south: z for zh, l for n, in for ing.
#[derive(Clone, Copy)]
struct Letter {
    written: char,
    sound: u64,
}

fn letters(text: &str) -> Vec<Letter> {
    let letter = |written: char| {
        let sound = written.to_pinyin().map(|sound| southern(sound.plain()));
        Letter { written, sound: hash(sound.unwrap_or_else(|| written.to_string()).bytes()) }
    };
    normalise(text).chars().filter(|c| !c.is_whitespace()).map(letter).take(LOOKED_AT).collect()
}

fn southern(sound: &str) -> String {
    let sound = sound.replacen("zh", "z", 1).replacen("ch", "c", 1).replacen("sh", "s", 1);
    let sound = if let Some(rest) = sound.strip_prefix('n') { format!("l{rest}") } else { sound };
    match sound.strip_suffix('g') {
        Some(front) if ["an", "en", "in"].iter().any(|end| front.ends_with(end)) => front.to_owned(),
        _ => sound,
    }
}

/// Another character here is another place: a number, a direction, one of two doors.
fn tells_apart(c: char) -> bool {
    !('\u{4e00}'..='\u{9fff}').contains(&c) || "一二三四五六七八九十百东南西北上下左右前后内外新旧大小".contains(c)
}

fn key(run: &[Letter], kind: Kind) -> u64 {
    let part = |at: usize, letter: &Letter| match kind {
        Kind::Sound => letter.sound,
        Kind::Other(place) if place == at => 0,
        _ => u64::from(u32::from(letter.written)),
    };
    let tag = match kind {
        Kind::Sound => 1,
        Kind::Other(_) => 2,
        Kind::Exact | Kind::Missing => 0,
    };
    let parts = run.iter().enumerate().map(|(at, letter)| part(at, letter));
    hash(std::iter::once(tag).chain(parts).flat_map(u64::to_le_bytes))
}

impl Gazetteer {
    /// Makes names ready. Names of less than two characters, or of more than forty, are passed over.
    pub fn new<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut it = Self::default();
        for (at, name) in (0_u32..).zip(names) {
            let name = letters(name);
            if !(2..=NAME_MAX).contains(&name.len()) {
                continue;
            }
            it.add(at, &name, Kind::Exact, Likeness::Exact);
            if name.len() >= SOUND_MIN {
                it.add(at, &name, Kind::Sound, Likeness::Sound);
            }
            if name.len() >= NEAR_MIN {
                for place in (0..name.len()).filter(|place| !tells_apart(name[*place].written)) {
                    it.add(at, &name, Kind::Other(place), Likeness::Other);
                    let rest = [&name[..place], &name[place + 1..]].concat();
                    it.add(at, &rest, Kind::Missing, Likeness::Missing);
                }
            }
        }
        it.runs.sort_unstable();
        it.runs.dedup();
        it
    }

    fn add(&mut self, name: u32, run: &[Letter], kind: Kind, likeness: Likeness) {
        let names = self.keys.entry(key(run, kind)).or_default();
        if !names.iter().any(|(known, _)| *known == name) {
            names.push((name, likeness));
        }
        // A name with a character missing is looked up as what is written.
        let kind = if kind == Kind::Missing { Kind::Exact } else { kind };
        self.runs.push((run.len(), kind));
    }

    /// The names that a text holds, in its order. Where several fit the same characters, the longest and most alike; all
    /// of them where they are the same.
    pub fn find(&self, text: &str) -> Vec<Mention> {
        let text = letters(text);
        let mut found: Vec<(usize, usize, Likeness, u32)> = Vec::new();
        for (length, kind) in &self.runs {
            for start in 0..(text.len() + 1).saturating_sub(*length) {
                let run = &text[start..start + length];
                if matches!(kind, Kind::Other(place) if tells_apart(run[*place].written)) {
                    continue;
                }
                let names = self.keys.get(&key(run, *kind)).into_iter().flatten();
                found.extend(names.map(|(name, likeness)| (start, *length, *likeness, *name)));
            }
        }
        let worth = |(_, length, likeness, _): &(usize, usize, Likeness, u32)| *length as f64 * likeness.weight();
        found.sort_by(|one, other| worth(other).total_cmp(&worth(one)).then(one.cmp(other)));
        let mut kept: Vec<(usize, usize, Likeness, u32)> = Vec::new();
        for (start, length, likeness, name) in found {
            let meets = |(at, of, ..): &&(usize, usize, Likeness, u32)| start < at + of && *at < start + length;
            let same = |(at, of, as_is, known): &(usize, usize, Likeness, u32)| {
                (*at, *of, *as_is) == (start, length, likeness) && *known != name
            };
            if kept.iter().filter(meets).all(same) {
                kept.push((start, length, likeness, name));
            }
        }
        kept.sort_unstable();
        let mention = |(start, length, likeness, name): (usize, usize, Likeness, u32)| Mention {
            name: name as usize,
            written: text[start..start + length].iter().map(|letter| letter.written).collect(),
            likeness,
        };
        kept.into_iter().map(mention).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAMES: [&str; 8] =
        ["青云第一网格", "青云第二网格", "和平里菜市场", "文锦路3号", "文锦路8号", "青云停车场", "青云停车场", "湖贝"];

    fn found(text: &str) -> Vec<(usize, Likeness)> {
        Gazetteer::new(NAMES).find(text).into_iter().map(|mention| (mention.name, mention.likeness)).collect()
    }

    #[test]
    fn a_name_is_found_as_written_as_it_sounds_and_with_one_slip() {
        assert_eq!(found("我在和平里菜市场门口"), [(2, Likeness::Exact)]);
        assert_eq!(found("我在和平里彩市厂门口"), [(2, Likeness::Sound)]);
        assert_eq!(found("我在和平里莱市场门口"), [(2, Likeness::Other)]);
        assert_eq!(found("我在和平菜市场门口"), [(2, Likeness::Missing)]);
        assert_eq!(found("文锦路３号 和 湖贝"), [(3, Likeness::Exact), (7, Likeness::Exact)]);
    }

    #[test]
    fn what_tells_places_apart_is_never_taken_for_a_slip() {
        assert_eq!(found("文锦路5号"), []);
        assert_eq!(found("青云第三网格"), []);
        assert_eq!(found("胡贝"), [], "two characters are too few to go by the sound");
    }

    #[test]
    fn places_of_one_name_are_all_told_and_the_longest_name_holds() {
        assert_eq!(found("青云停车场满了"), [(5, Likeness::Exact), (6, Likeness::Exact)]);
        let nested = Gazetteer::new(["青云", "青云停车场"]).find("青云停车场和青云");
        assert_eq!(nested.iter().map(|mention| mention.name).collect::<Vec<_>>(), [1, 0]);
    }

    proptest! {
        #[test]
        fn no_text_fails_and_a_name_in_it_is_always_found(before in "\\PC{0,40}", after in "[，。a-z]{0,20}") {
            let text = format!("{before}，和平里菜市场{after}");
            let mentions = Gazetteer::new(NAMES).find(&text);
            prop_assert!(mentions.iter().any(|mention| mention.name == 2 && mention.likeness == Likeness::Exact));
        }
    }
}
