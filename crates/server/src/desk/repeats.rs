//! What may be the same matter again 重复件: the same person or the same place, asking for the same thing within the
//! policy's days. Texts that say the same elsewhere are told apart from these: many may ask for one thing.
//!
//! Only cases near at hand are compared, by person, by place, by grid and by words, so that it costs the same among a
//! hundred cases as among a million; what was read of a case is kept for the next comparison until it changes, and only
//! what is shown is read whole. It proposes; a person links.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use jiban_domain::{
    case::{Case, Place},
    ids::{CaseId, SpotId},
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
use uuid::Uuid;

use super::rows;
use crate::{
    app::App,
    http::problem::{Answer, Problem},
};

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
/// Cases read whole in one go, to see whether they may be shown.
const SHOWN_AT_ONCE: usize = 16;
/// Metres in a degree of latitude.
const DEGREE_M: f64 = 111_320.0;

/// What somebody asks, as far as is known.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The case that it is, once it is one: then who asks is known by it.
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

/// Whether it is a repeat by the source's definition, so far as texts tell.
fn is_repeat(same_reporter: bool, same_place: bool, likeness: f32) -> bool {
    (same_reporter || same_place) && likeness >= SAME_MATTER
}

impl Earlier {
    /// Whether it is a repeat by the source's definition, so far as texts tell.
    pub fn is_repeat(&self) -> bool {
        is_repeat(self.same_reporter, self.same_place, self.likeness)
    }
}

/// Of a stored case what is compared, once it was read.
#[derive(Debug)]
struct Compared {
    version: i64,
    registered_at: Timestamp,
    spot: Option<SpotId>,
    /// Longitude and latitude.
    point: Option<(f64, f64)>,
    sketch: Sketch,
}

/// Of a stored case what is read for it: to read all of it would cost more than to compare it.
#[derive(Deserialize)]
struct Told {
    title: String,
    text: String,
    place: Place,
    registered_at: Timestamp,
}

impl Compared {
    fn read(row: &cases::CaseRow) -> Result<Self, StoreError> {
        let read: Result<Told, _> = serde_json::from_str(&row.body);
        let of = read.map_err(|why| StoreError::corrupt(format!("case {}: {why}", row.number)))?;
        let told = without_address(&super::triage::told(&of.title, &of.text), &of.place);
        Ok(Self {
            version: row.version,
            registered_at: of.registered_at,
            point: point(&of.place),
            spot: of.place.spot,
            sketch: Sketch::new(&told),
        })
    }

    fn is_at(&self, place: &Place, metres: f64) -> bool {
        if self.spot.is_some() && self.spot == place.spot {
            return true;
        }
        let (Some((lon, lat)), Some((their_lon, their_lat))) = (point(place), self.point) else { return false };
        let (east, north) = ((lon - their_lon) * lat.to_radians().cos(), lat - their_lat);
        east.hypot(north) * DEGREE_M <= metres
    }
}

fn point(place: &Place) -> Option<(f64, f64)> {
    Some((place.lon?, place.lat?))
}

/// Cases kept as they were read, of each generation.
const KEPT: usize = 5_000;

/// What was read of cases lately. The newest cases are compared again and again; what was not asked for while so many
/// others were is forgotten. It holds hashes of words, never a text.
#[derive(Debug, Default)]
pub struct Sketches(Mutex<[HashMap<Uuid, Arc<Compared>>; 2]>);

impl Sketches {
    /// A case as it is at this version, if it is known.
    fn known(&self, case: Uuid, version: i64) -> Option<Arc<Compared>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *kept;
        if let Some(known) = young.get(&case) {
            return Some(known).filter(|known| known.version == version).cloned();
        }
        let known = old.remove(&case).filter(|known| known.version == version)?;
        Self::insert(&mut kept, case, &known);
        Some(known)
    }

    fn keep(&self, case: Uuid, read: Compared) -> Arc<Compared> {
        let read = Arc::new(read);
        Self::insert(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), case, &read);
        read
    }

    fn insert([young, old]: &mut [HashMap<Uuid, Arc<Compared>>; 2], case: Uuid, read: &Arc<Compared>) {
        if young.len() >= KEPT {
            *old = std::mem::take(young);
        }
        young.insert(case, Arc::clone(read));
    }
}

/// Cases near at hand, and newest ones by which it is judged which words are rare.
struct Near {
    /// Those that are compared.
    near: BTreeSet<Uuid>,
    /// Those of the same person.
    by_reporter: Vec<Uuid>,
    known: Vec<(Uuid, Arc<Compared>)>,
    unknown: Vec<cases::CaseRow>,
    now: Timestamp,
}

/// Earlier cases that may be of the same matter and that `seen` lets through, the likeliest first: so many repeats at
/// most, and so many that only say the same elsewhere.
///
/// # Errors
/// The store's.
pub async fn find(
    app: &App,
    asking: Asking,
    rules: RepeatRules,
    (repeats, alike): (usize, usize),
    seen: impl Fn(&mut Earlier) -> bool,
) -> Answer<Vec<Earlier>> {
    let (parts, of) = (app.clone(), asking.clone());
    let near = app.store.read(move |tx| near(tx, &parts.sketches, &of)).await?;
    let parts = app.clone();
    let compared = tokio::task::spawn_blocking(move || compare(&parts.sketches, &asking, near, rules));
    let compared = compared.await.map_err(Problem::internal)??;
    let mut shown: Vec<Earlier> = Vec::new();
    let (mut repeats, mut alike) = (repeats, alike);
    for some in compared.likely.chunks(SHOWN_AT_ONCE) {
        if repeats == 0 && alike == 0 {
            break;
        }
        let ids: Vec<Uuid> = some.iter().map(|one| one.case).collect();
        let rows = app.store.read(move |tx| cases::load_many(tx, &ids)).await?;
        let found = |one: &Likely| rows.iter().find(|row| row.case_id == one.case);
        for (one, row) in some.iter().filter_map(|one| Some((one, found(one)?))) {
            let Likely { same_reporter, same_place, likeness, .. } = *one;
            let mut earlier =
                Earlier { case: rows::case(row)?, same_reporter, same_place, likeness, words: Vec::new() };
            if !seen(&mut earlier) {
                continue;
            }
            let left = if earlier.is_repeat() { &mut repeats } else { &mut alike };
            if *left > 0 && (earlier.is_repeat() || !same_place && likeness >= SAME_TEXT) {
                *left -= 1;
                earlier.words = compared.alike.shared(0, one.at, &compared.told);
                shown.push(earlier);
            }
        }
    }
    shown.sort_by_key(|one| !one.is_repeat());
    Ok(shown)
}

fn near(tx: &mut ReadTx<'_>, sketches: &Sketches, asking: &Asking) -> Result<Near, StoreError> {
    let of_case = asking.case.map(|case| cases::load(tx, case.0)).transpose()?.flatten();
    let reporter = asking.reporter.or(of_case.and_then(|row| row.reporter));
    let by_reporter = match &reporter {
        Some(reporter) => cases::ids_by_reporter(tx, reporter, None, OF_ONE)?,
        None => Vec::new(),
    };
    let mut near: BTreeSet<Uuid> = by_reporter.iter().copied().collect();
    if let Some(place) = rows::place_key(&asking.place) {
        near.extend(cases::ids_by_place(tx, &place, None, OF_ONE)?);
    }
    let mut newest = |units: Option<Vec<String>>, limit: i64| {
        let query = CaseQuery { units, sort: Sort::Newest, limit, ..CaseQuery::default() };
        Ok::<_, StoreError>(case_list::ids(tx, &query)?.0)
    };
    if let Some(grid) = &asking.place.grid {
        near.extend(newest(Some(vec![grid.to_string()]), OF_GRID)?);
    }
    let background = newest(None, BACKGROUND)?;
    let words = rarest(&asking.told);
    if !words.is_empty() {
        near.extend(search::find(tx, &words, None, None, OF_WORDS)?);
    }
    let mut ids: BTreeSet<Uuid> = near.iter().copied().chain(background).collect();
    // It is told as it is asked.
    if let Some(case) = asking.case {
        ids.remove(&case.0);
        near.remove(&case.0);
    }
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let mut known = Vec::with_capacity(ids.len());
    let mut unknown = Vec::new();
    for (id, version) in cases::versions(tx, &ids)? {
        match sketches.known(id, version) {
            Some(read) => known.push((id, read)),
            None => unknown.push(id),
        }
    }
    Ok(Near { near, by_reporter, known, unknown: cases::load_many(tx, &unknown)?, now: tx.now() })
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

/// A case that may be shown.
struct Likely {
    case: Uuid,
    /// Its place among the texts compared.
    at: usize,
    same_reporter: bool,
    same_place: bool,
    likeness: f32,
}

/// What came of comparing, the likeliest first.
struct Comparison {
    likely: Vec<Likely>,
    alike: Alike,
    told: String,
}

/// Compares. Costs time: call it where that may be.
fn compare(sketches: &Sketches, asking: &Asking, near: Near, rules: RepeatRules) -> Result<Comparison, StoreError> {
    let since = near.now.saturating_sub((i64::from(rules.within_days) * 24).hours()).unwrap_or(near.now);
    let mut all = near.known;
    for row in &near.unknown {
        all.push((row.case_id, sketches.keep(row.case_id, Compared::read(row)?)));
    }
    let told = without_address(&asking.told, &asking.place);
    let asked = Sketch::new(&told);
    let (compared, background): (Vec<&(Uuid, Arc<Compared>)>, Vec<_>) =
        all.iter().partition(|(id, of)| near.near.contains(id) && of.registered_at >= since);
    let mut read = vec![&asked];
    read.extend(compared.iter().map(|(_, of)| &of.sketch));
    let background: Vec<&Sketch> = background.iter().map(|(_, of)| &of.sketch).collect();
    let alike = Alike::of(&read, &background);
    let likely = compared.into_iter().zip(1..).map(|((case, of), at)| Likely {
        case: *case,
        at,
        same_reporter: near.by_reporter.contains(case),
        same_place: of.is_at(&asking.place, f64::from(rules.within_metres)),
        likeness: alike.likeness(0, at),
    });
    let is_repeat = |one: &Likely| is_repeat(one.same_reporter, one.same_place, one.likeness);
    let mut likely: Vec<Likely> = likely.filter(|one| is_repeat(one) || one.likeness >= SAME_TEXT).collect();
    likely.sort_by(|one, other| {
        let order = is_repeat(other).cmp(&is_repeat(one)).then(other.likeness.total_cmp(&one.likeness));
        // Of the equally likely the newest first.
        order.then(other.case.cmp(&one.case))
    });
    Ok(Comparison { likely, alike, told })
}

/// Two matters at one address share its words: they tell nothing about the matter.
fn without_address(told: &str, place: &Place) -> String {
    // What stands in brackets is a name beside the address.
    let names = place.address.split(['（', '）', '(', ')']).map(str::trim);
    names.filter(|name| name.chars().count() >= 2).fold(told.to_owned(), |told, name| told.replace(name, ""))
}
