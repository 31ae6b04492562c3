//! What may be the same matter again 重复件: the same person or the same place, asking for the same thing within the
//! policy's days. Texts that say the same elsewhere are told apart from these: many may ask for one thing.
//!
//! Only cases near at hand are compared, by person, by place, by grid and by words, so that it costs the same among a
//! hundred cases as among a million; of each only what is compared is read, and what was read of a text is kept for the
//! next comparison. It proposes; a person links.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use jiban_domain::{
    case::{Case, Place},
    ids::CaseId,
    policy::RepeatRules,
};
use jiban_store::{
    ReadTx, StoreError,
    case_list::{self, CaseQuery, Sort},
    cases, search,
};
use jiban_text::{Alike, SAME_MATTER, Sketch};
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;

use super::rows;

/// Cases looked at of one person, and of one place.
const OF_ONE: i64 = 50;
/// Newest cases of the grid that are looked at.
const OF_GRID: i64 = 100;
/// Cases that hold the same rare words that are looked at.
const OF_WORDS: i64 = 20;
/// Words that they must hold.
const WORDS: usize = 4;
/// Newest cases anywhere by which it is judged which words are rare.
const BACKGROUND: i64 = 200;
/// Texts this alike say the same, wherever they come from.
pub const SAME_TEXT: f32 = 0.3;
/// Metres in a degree of latitude.
const DEGREE_M: f64 = 111_320.0;

/// What somebody asks, as far as is known.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The case that it is, once it is one.
    pub case: Option<CaseId>,
    /// Who asks: the blind index of their phone.
    pub reporter: Option<[u8; 32]>,
    /// Where.
    pub place: Place,
    /// What: title and text.
    pub told: String,
}

/// An earlier case that may be of the same matter.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// Which.
    pub case: Case,
    /// Of the same person.
    pub same_reporter: bool,
    /// At the same place.
    pub same_place: bool,
    /// How alike the texts are, 0–1.
    pub likeness: f32,
    /// The words they share.
    pub words: Vec<String>,
}

impl Earlier {
    /// Whether it is a repeat by the source's definition, so far as texts tell.
    pub fn is_repeat(&self) -> bool {
        is_repeat(self.same_reporter || self.same_place, self.likeness)
    }
}

fn is_repeat(near: bool, likeness: f32) -> bool {
    near && likeness >= SAME_MATTER
}

/// Candidates as they were found, and texts to judge rarity by.
pub struct Found {
    candidates: Vec<Candidate>,
    background: Vec<Compared>,
    now: Timestamp,
}

struct Candidate {
    row: cases::CaseRow,
    of: Compared,
    same_reporter: bool,
}

/// Of a stored case what is compared: to read all of it would cost more than to compare it.
#[derive(Deserialize)]
struct Compared {
    id: CaseId,
    title: String,
    text: String,
    place: Place,
    registered_at: Timestamp,
}

impl Compared {
    fn read(row: &cases::CaseRow) -> Result<Self, StoreError> {
        serde_json::from_str(&row.body).map_err(|why| StoreError::corrupt(format!("case {}: {why}", row.number)))
    }

    fn told(&self) -> String {
        without_address(&super::triage::told(&self.title, &self.text), &self.place)
    }
}

/// Texts kept as they were read, of each generation.
const KEPT: usize = 5_000;

/// What was read of texts lately. The newest cases are compared again and again; what was not asked for while so many
/// others were is forgotten. It holds hashes of words, never a text.
#[derive(Debug, Default)]
pub struct Sketches {
    hasher: RandomState,
    generations: Mutex<[HashMap<u64, Arc<Sketch>>; 2]>,
}

impl Sketches {
    fn of(&self, text: &str) -> Arc<Sketch> {
        let key = self.hasher.hash_one(text);
        let mut kept = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *kept;
        if let Some(known) = young.get(&key) {
            return Arc::clone(known);
        }
        let known = old.remove(&key);
        // Others go on while it is read.
        drop(kept);
        let sketch = known.unwrap_or_else(|| Arc::new(Sketch::new(text)));
        let mut kept = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *kept;
        if young.len() >= KEPT {
            *old = std::mem::take(young);
        }
        young.insert(key, Arc::clone(&sketch));
        sketch
    }
}

/// Finds the cases near at hand.
///
/// # Errors
/// The store's.
pub fn find(tx: &mut ReadTx<'_>, asking: &Asking) -> Result<Found, StoreError> {
    let mut found: BTreeMap<uuid::Uuid, (cases::CaseRow, bool)> = BTreeMap::new();
    let mut keep = |rows: Vec<cases::CaseRow>, same_reporter: bool| {
        for row in rows {
            found.entry(row.case_id).or_insert((row, same_reporter));
        }
    };
    if let Some(reporter) = &asking.reporter {
        keep(cases::find_by_reporter(tx, reporter, None, OF_ONE)?, true);
    }
    if let Some(place) = rows::place_key(&asking.place) {
        keep(cases::find_by_place(tx, &place, None, OF_ONE)?, false);
    }
    let newest =
        |units: Option<Vec<String>>, limit: i64| CaseQuery { units, sort: Sort::Newest, limit, ..CaseQuery::default() };
    if let Some(grid) = &asking.place.grid {
        keep(case_list::list(tx, &newest(Some(vec![grid.to_string()]), OF_GRID))?.cases, false);
    }
    let words = rarest(&asking.told);
    if !words.is_empty() {
        let ids = search::find(tx, &words, None, None, OF_WORDS)?;
        keep(cases::load_many(tx, &ids)?, false);
    }
    let background = case_list::list(tx, &newest(None, BACKGROUND))?.cases;
    let background = background.iter().map(Compared::read).collect::<Result<Vec<_>, _>>()?;
    let candidates = found.into_values().map(|(row, same_reporter)| {
        let of = Compared::read(&row)?;
        Ok(Candidate { row, of, same_reporter })
    });
    Ok(Found { candidates: candidates.collect::<Result<_, StoreError>>()?, background, now: tx.now() })
}

/// The longest words of a text, which are its rarest: whoever copied it has them all.
fn rarest(told: &str) -> String {
    let mut words = jiban_text::query_words(told);
    words.retain(|word| word.chars().count() >= 2);
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    words.dedup();
    words.truncate(WORDS);
    words.join(" ")
}

/// Of the cases found those that may be the same matter, the likeliest first. Costs time: call it where that may be.
///
/// # Errors
/// A stored case that cannot be read.
pub fn compare(
    sketches: &Sketches,
    asking: &Asking,
    found: Found,
    rules: &RepeatRules,
) -> Result<Vec<Earlier>, StoreError> {
    let since = found.now.saturating_sub((i64::from(rules.within_days) * 24).hours()).unwrap_or(found.now);
    let mut candidates = found.candidates;
    candidates.retain(|one| Some(one.of.id) != asking.case && one.of.registered_at >= since);
    let known: Vec<CaseId> = candidates.iter().map(|one| one.of.id).collect();
    let background = found.background.iter().filter(|case| Some(case.id) != asking.case && !known.contains(&case.id));
    let told = without_address(&asking.told, &asking.place);
    let mut read = vec![sketches.of(&told)];
    read.extend(candidates.iter().map(|one| &one.of).chain(background).map(|case| sketches.of(&case.told())));
    let alike = Alike::of(&read);
    let mut earlier = Vec::new();
    for (one, at) in candidates.into_iter().zip(1..) {
        let likeness = alike.likeness(0, at);
        let same_place = is_same_place(&asking.place, &one.of.place, f64::from(rules.within_metres));
        if is_repeat(one.same_reporter || same_place, likeness) || likeness >= SAME_TEXT {
            let words = alike.shared(0, at, &told);
            let (case, same_reporter) = (rows::case(&one.row)?, one.same_reporter);
            earlier.push(Earlier { case, same_reporter, same_place, likeness, words });
        }
    }
    earlier.sort_by(|one: &Earlier, other| {
        other.is_repeat().cmp(&one.is_repeat()).then(other.likeness.total_cmp(&one.likeness))
    });
    Ok(earlier)
}

/// Two matters at one address share its words: they tell nothing about the matter.
fn without_address(told: &str, place: &Place) -> String {
    // What stands in brackets is a name beside the address.
    let names = place.address.split(['（', '）', '(', ')']).map(str::trim);
    names.filter(|name| name.chars().count() >= 2).fold(told.to_owned(), |told, name| told.replace(name, ""))
}

fn is_same_place(one: &Place, other: &Place, metres: f64) -> bool {
    if one.spot.is_some() && one.spot == other.spot {
        return true;
    }
    let point = |place: &Place| Some((place.lon?, place.lat?));
    let (Some((lon, lat)), Some((their_lon, their_lat))) = (point(one), point(other)) else { return false };
    let (east, north) = ((lon - their_lon) * lat.to_radians().cos(), lat - their_lat);
    east.hypot(north) * DEGREE_M <= metres
}
