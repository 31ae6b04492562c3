//! Where a text speaks of 地点识别: names of spots, addresses, streets, grids and communities in it → a spot and an area,
//! with how likely.
//!
//! Several names bear each other out: a name that many places have, beside the community, is one place. It proposes; a
//! person takes it. What is given by code or by point needs no guess and is never overruled.

use std::collections::{BTreeMap, BTreeSet};

use jiban_domain::{
    case::PlaceGuess,
    ids::UnitId,
    organisation::{Organisation, Spot, UnitKind},
};
use jiban_text::{Gazetteer, Mention};

/// A guess less likely than this is not worth telling.
const LIKELIHOOD_MIN: f64 = 0.3;
/// Doubt that stays however clear a text is.
const DOUBT: f64 = 0.25;
/// House numbers this near are next door.
const NEXT_DOOR: u32 = 20;
/// Names this long, in characters, speak with full weight.
const NAME_WHOLE: f64 = 4.0;

/// What a name means.
#[derive(Debug)]
enum Meaning {
    /// The spot at this place in the list, by its name or its address.
    Spot(usize),
    /// A street, with the spots on it and their house numbers.
    Street(Vec<(usize, u32)>),
    /// A grid.
    Grid(UnitId),
    /// A community, by its name or the short form of it.
    Community(UnitId),
}

/// The named places of an organisation, made ready.
#[derive(Debug)]
pub struct Places {
    gazetteer: Gazetteer,
    names: Vec<(String, Meaning)>,
    spots: Vec<Spot>,
    /// Each grid's community.
    grids: BTreeMap<UnitId, Option<UnitId>>,
}

/// How much speaks for something, and by which words.
#[derive(Debug, Default, Clone)]
struct Evidence {
    weight: f64,
    words: BTreeSet<String>,
}

impl Evidence {
    fn add(&mut self, weight: f64, word: &str) {
        self.weight += weight;
        self.words.insert(word.to_owned());
    }
}

impl Places {
    /// Makes an organisation's names ready.
    pub fn new(organisation: &Organisation) -> Self {
        let spots: Vec<Spot> = organisation.spots().cloned().collect();
        let mut names = Vec::new();
        let mut streets: BTreeMap<&str, Vec<(usize, u32)>> = BTreeMap::new();
        for (at, spot) in spots.iter().enumerate() {
            names.push((spot.name.clone(), Meaning::Spot(at)));
            names.push((spot.address.clone(), Meaning::Spot(at)));
            if let Some((street, number)) = house(&spot.address) {
                streets.entry(street).or_default().push((at, number));
            }
        }
        names.extend(streets.into_iter().map(|(street, spots)| (street.to_owned(), Meaning::Street(spots))));
        for unit in organisation.units().filter(|unit| unit.active) {
            let name = unit.name.zh.clone();
            match unit.kind {
                UnitKind::Grid => names.push((name, Meaning::Grid(unit.id.clone()))),
                UnitKind::Community => {
                    let short = name.strip_suffix("社区").filter(|short| short.chars().count() >= 2);
                    names.extend(short.map(|short| (short.to_owned(), Meaning::Community(unit.id.clone()))));
                    names.push((name, Meaning::Community(unit.id.clone())));
                }
                _ => {}
            }
        }
        let active = organisation.grids().filter(|grid| grid.active);
        let grids = active.map(|grid| (grid.id.clone(), organisation.community_of(&grid.id).cloned())).collect();
        Self { gazetteer: Gazetteer::new(names.iter().map(|(name, _)| name.as_str())), names, spots, grids }
    }

    /// Where a text speaks of; nothing where it names no place that is known.
    pub fn find(&self, text: &str) -> Option<PlaceGuess> {
        let (spots, grids) = self.evidence(text);
        let mut ranked: Vec<(&UnitId, &Evidence)> = grids.iter().map(|(grid, evidence)| (*grid, evidence)).collect();
        ranked.sort_by(|(_, one), (_, other)| other.weight.total_cmp(&one.weight));
        let (grid, best) = *ranked.first()?;
        let likelihood = |other: f64| best.weight / (best.weight + other + DOUBT);
        let second = ranked.get(1).map_or(0.0, |(_, evidence)| evidence.weight);
        let community = self.grids.get(grid).and_then(Option::as_ref);
        let elsewhere = ranked.iter().find(|(grid, _)| self.grids.get(*grid).and_then(Option::as_ref) != community);
        let of_community = likelihood(elsewhere.map_or(0.0, |(_, evidence)| evidence.weight));
        let words = best.words.iter().cloned().collect();
        if likelihood(second) < 0.5 && of_community > likelihood(second) {
            // Which of its grids is open, which community is not.
            let area = community?.clone();
            return Some(PlaceGuess { spot: None, area, likelihood: of_community, words })
                .filter(|guess| guess.likelihood >= LIKELIHOOD_MIN);
        }
        let mut here: Vec<(f64, usize)> =
            spots.iter().filter(|(at, _)| self.spots[**at].grid == *grid).map(|(at, of)| (of.weight, *at)).collect();
        here.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        let next = here.get(1).map_or(0.0, |(weight, _)| *weight);
        let spot = here.first().filter(|(weight, _)| *weight >= 2.0 && *weight >= 1.5 * next);
        let spot = spot.map(|(_, at)| self.spots[*at].id.clone());
        Some(PlaceGuess { spot, area: grid.clone(), likelihood: likelihood(second), words })
            .filter(|guess| guess.likelihood >= LIKELIHOOD_MIN)
    }

    /// What speaks for each spot, and for each grid with its spots and its community.
    fn evidence(&self, text: &str) -> (BTreeMap<usize, Evidence>, BTreeMap<&UnitId, Evidence>) {
        let (mut spots, mut grids) = (BTreeMap::<usize, Evidence>::new(), BTreeMap::<&UnitId, Evidence>::new());
        let mut told: BTreeSet<(usize, String)> = BTreeSet::new();
        let read = jiban_text::normalise(text);
        let mut mentions = self.gazetteer.find(text);
        mentions.retain(|mention| told.insert((mention.name, mention.written.clone())));
        for Mention { name, written, likeness } in &mentions {
            let length = written.chars().count() as f64;
            let weight = likeness.weight() * (length / NAME_WHOLE).min(1.0);
            match &self.names[*name].1 {
                Meaning::Spot(at) => spots.entry(*at).or_default().add(3.0 * weight, written),
                Meaning::Street(on) => {
                    let number = number_after(&read, written);
                    for (at, house) in on {
                        let near = number.is_some_and(|number| house.abs_diff(number) <= NEXT_DOOR);
                        spots.entry(*at).or_default().add(if near { 1.5 } else { 0.3 } * weight, written);
                    }
                }
                Meaning::Grid(grid) => {
                    if let Some((grid, _)) = self.grids.get_key_value(grid) {
                        grids.entry(grid).or_default().add(3.0 * weight, written);
                    }
                }
                Meaning::Community(community) => {
                    for (grid, _) in self.grids.iter().filter(|(_, of)| of.as_ref() == Some(community)) {
                        grids.entry(grid).or_default().add(weight, written);
                    }
                }
            }
        }
        // A grid is as likely as the likeliest of its spots.
        let mut best: BTreeMap<&UnitId, &Evidence> = BTreeMap::new();
        for (at, evidence) in &spots {
            let Some((grid, _)) = self.grids.get_key_value(&self.spots[*at].grid) else { continue };
            let known = best.entry(grid).or_insert(evidence);
            if evidence.weight > known.weight {
                *known = evidence;
            }
        }
        for (grid, evidence) in best {
            let of = grids.entry(grid).or_default();
            of.weight += evidence.weight;
            of.words.extend(evidence.words.iter().cloned());
        }
        (spots, grids)
    }
}

/// Street and house number of an address.
fn house(address: &str) -> Option<(&str, u32)> {
    let digit = address.find(|c: char| c.is_ascii_digit())?;
    let (street, number) = address.split_at(digit);
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    Some((street, number[..end].parse().ok()?))
}

/// The number that follows a name in a text.
fn number_after(text: &str, name: &str) -> Option<u32> {
    let rest = &text[text.find(name)? + name.len()..];
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{commands::demo, infra::imports};
    use jiban_domain::{organisation::Draft, policy::Policy};

    fn guess(text: &str) -> Option<(Option<String>, String)> {
        let policy = Policy::parse(demo::POLICY).unwrap();
        let (draft, ..) = imports::read(Draft::default(), &demo::tables(""), &policy).unwrap();
        let found = Places::new(&draft.build().unwrap()).find(text)?;
        assert!((LIKELIHOOD_MIN..1.0).contains(&found.likelihood) && !found.words.is_empty(), "{found:?}");
        Some((found.spot.map(|spot| spot.to_string()), found.area.to_string()))
    }

    fn at(spot: &str, area: &str) -> Option<(Option<String>, String)> {
        Some(((!spot.is_empty()).then(|| spot.to_owned()), area.to_owned()))
    }

    #[test]
    fn names_addresses_and_areas_lead_to_a_spot_and_its_grid() {
        assert_eq!(guess("青云小区大门口有人摆摊"), at("s001", "lh.dm.c01.g01"));
        assert_eq!(guess("青云小区大闷口有人摆摊"), at("s001", "lh.dm.c01.g01"), "as it sounds");
        assert_eq!(guess("永新街114号门前积水"), at("s002", "lh.dm.c01.g01"));
        assert_eq!(guess("我在青云第二网格，楼下很吵"), at("", "lh.dm.c01.g02"));
    }

    #[test]
    fn a_name_that_several_places_have_is_one_of_them_only_beside_more() {
        // Three car parks of that name, two of them in one community's other grids.
        assert_eq!(guess("青云停车场收费太贵"), at("", "lh.dm.c01"));
        assert_eq!(guess("青云停车场收费太贵，在永新街114号"), at("s002", "lh.dm.c01.g01"));
        assert_eq!(guess("青云社区的事"), at("", "lh.dm.c01"));
    }

    #[test]
    fn no_place_is_made_up() {
        assert_eq!(guess("路灯不亮，请尽快处理"), None);
        assert_eq!(guess(""), None);
        assert_eq!(guess(&"😀".repeat(5_000)), None);
    }
}
