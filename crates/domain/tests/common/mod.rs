//! What the tests of the mechanism share: the town as the repository ships it, a desk to act at, and what must always
//! hold.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

pub(crate) mod always;
pub(crate) mod chance;
pub(crate) mod desk;
pub(crate) mod life;

use std::sync::LazyLock;

use jiban_domain::{
    calendar::{Calendar, HolidayYear},
    decide::World,
    organisation::{Draft, Organisation, import},
    policy::Policy,
};
use jiff::{Timestamp, tz::TimeZone};

pub(crate) const ZONE: &str = "Asia/Shanghai";

const POLICY: &str = include_str!("../../../../policies/dongmen.toml");
const UNITS: &str = include_str!("../../../../demo/units.csv");
const PEOPLE: &str = include_str!("../../../../demo/people.csv");
const SPOTS: &str = include_str!("../../../../demo/spots.csv");
const GRIDS: &str = include_str!("../../../../demo/grids.geojson");
const YEARS: [&str; 2] =
    [include_str!("../../../../calendars/2025.json"), include_str!("../../../../calendars/2026.json")];

/// A subdistrict with its mechanism, people and calendar.
#[derive(Debug, Clone)]
pub(crate) struct Town {
    pub(crate) policy: Policy,
    pub(crate) organisation: Organisation,
    pub(crate) calendar: Calendar,
}

static DONGMEN: LazyLock<Town> = LazyLock::new(|| Town {
    policy: Policy::parse(POLICY).unwrap_or_else(|faults| panic!("{faults}")),
    organisation: draft().build().unwrap_or_else(|faults| panic!("{faults:?}")),
    calendar: Calendar::build(ZONE, years()).unwrap_or_else(|fault| panic!("{fault}")),
});

impl Town {
    /// Dongmen, read from the repository's own files.
    pub(crate) fn dongmen() -> &'static Self {
        &DONGMEN
    }

    pub(crate) fn world(&self) -> World<'_> {
        World { policy: &self.policy, organisation: &self.organisation, calendar: &self.calendar }
    }

    /// The same town with its policy changed, for rules that Dongmen does not use.
    pub(crate) fn with_policy(change: impl FnOnce(&mut Policy)) -> Self {
        let mut town = DONGMEN.clone();
        change(&mut town.policy);
        town
    }

    /// The same town with its organisation changed.
    pub(crate) fn with_organisation(change: impl FnOnce(&mut Draft)) -> Self {
        let mut town = DONGMEN.clone();
        let mut draft = town.organisation.draft().clone();
        change(&mut draft);
        town.organisation = draft.build().unwrap_or_else(|faults| panic!("{faults:?}"));
        town
    }
}

/// The organisation as the public import reads it from the demo's tables and map; the roster is made here.
pub(crate) fn draft() -> Draft {
    let zone = TimeZone::get(ZONE).unwrap();
    let mut draft = Draft::default();
    let mut take = |parts: import::Parts| {
        assert_eq!(parts.faults, [], "the demo's own files are whole");
        draft.merge(parts.draft);
        draft.clone()
    };
    take(import::units("units.csv", UNITS));
    take(import::people("people.csv", PEOPLE));
    let known = take(import::spots("spots.csv", SPOTS));
    take(import::areas("grids.geojson", GRIDS, &known, false));
    take(import::roster("roster.csv", ROSTER, &zone))
}

const ROSTER: &str = "post,unit,person,from,to,order\n\
    street,lh.dm,duty1,2026-06-08 08:30,2026-06-08 20:30,1\n\
    street,lh.dm,duty2,2026-06-08 20:30,2026-06-09 08:30,1\n\
    street,lh.dm,duty2,2026-06-08 08:30,2026-06-08 20:30,2\n\
    leader,lh.dm,leader1,2026-06-08 08:30,2026-06-09 08:30,1\n";

/// The shipped calendars.
pub(crate) fn years() -> Vec<HolidayYear> {
    YEARS.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

/// A time as the clock on the wall of Dongmen shows it.
pub(crate) fn local(text: &str) -> Timestamp {
    let time: jiff::civil::DateTime = text.parse().unwrap_or_else(|why| panic!("'{text}': {why}"));
    time.to_zoned(TimeZone::get(ZONE).unwrap()).unwrap().timestamp()
}
