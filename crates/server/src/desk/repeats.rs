//! What may be the same matter again 重复件: the same person or the same place, asking for the same thing within the
//! policy's days. Texts that say the same elsewhere are told apart from these: many may ask for one thing.
//!
//! Only cases near at hand are compared, by person, by place, by grid and by words, so that it costs the same among a
//! hundred cases as among a million. It proposes; a person links.

use std::collections::BTreeMap;

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
use jiban_text::{Alike, SAME_MATTER};
use jiff::{Timestamp, ToSpan};

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
        (self.same_reporter || self.same_place) && self.likeness >= SAME_MATTER
    }
}

/// Candidates as they were found, and texts to judge rarity by.
pub struct Found {
    candidates: Vec<(Case, bool)>,
    background: Vec<Case>,
    now: Timestamp,
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
    let background = background.iter().map(rows::case).collect::<Result<Vec<Case>, _>>()?;
    let candidates = found.into_values().map(|(row, same)| Ok((rows::case(&row)?, same)));
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
pub fn compare(asking: &Asking, found: Found, rules: &RepeatRules) -> Vec<Earlier> {
    let since = found.now.saturating_sub((i64::from(rules.within_days) * 24).hours()).unwrap_or(found.now);
    let mut candidates = found.candidates;
    candidates.retain(|(case, _)| Some(case.id) != asking.case && case.registered_at >= since);
    let known: Vec<CaseId> = candidates.iter().map(|(case, _)| case.id).collect();
    let background = found.background.iter().filter(|case| Some(case.id) != asking.case && !known.contains(&case.id));
    let mut texts = vec![without_address(&asking.told, &asking.place)];
    texts.extend(candidates.iter().map(|(case, _)| case).chain(background).map(told_of));
    let alike = Alike::new(texts.iter().map(String::as_str));
    let earlier = candidates.into_iter().enumerate().map(|(at, (case, same_reporter))| Earlier {
        same_place: is_same_place(&asking.place, &case.place, f64::from(rules.within_metres)),
        same_reporter,
        likeness: alike.likeness(0, at + 1),
        words: alike.shared(0, at + 1, &texts[0]),
        case,
    });
    let mut earlier: Vec<Earlier> = earlier.filter(|one| one.is_repeat() || one.likeness >= SAME_TEXT).collect();
    earlier.sort_by(|one, other| other.is_repeat().cmp(&one.is_repeat()).then(other.likeness.total_cmp(&one.likeness)));
    earlier
}

fn told_of(case: &Case) -> String {
    without_address(&super::triage::told(&case.title, &case.text), &case.place)
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
