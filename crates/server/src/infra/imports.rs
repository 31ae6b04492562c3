//! Taking over organisation and calendar, from HTTP and the command line alike: good rows in, bad rows told.

use jiban_domain::{
    calendar::{Calendar, HolidayYear},
    event::Actor,
    organisation::{Draft, OrgFault, Severity, import},
    policy::Policy,
    table::RowFault,
    words::Words,
};
use jiban_store::{Store, StoreError, documents};
use serde::Serialize;
use utoipa::ToSchema;

use super::audit;
use crate::{
    app::App,
    desk,
    http::problem::{Answer, Problem},
};

/// Most faults told in one answer.
const FAULTS_MAX: usize = 200;

/// Tables and maps, each with the name that faults are told under.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// CSV of units.
    pub units: Option<(String, String)>,
    /// CSV of people.
    pub people: Option<(String, String)>,
    /// CSV of spots.
    pub spots: Option<(String, String)>,
    /// CSV of the roster.
    pub roster: Option<(String, String)>,
    /// GeoJSON of areas.
    pub areas: Option<(String, String)>,
    /// CSV of service points.
    pub services: Option<(String, String)>,
    /// GeoJSON of streets.
    pub streets: Option<(String, String)>,
    /// Whether areas, service points and streets are in GCJ-02.
    pub gcj02: bool,
}

/// What was taken over.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Imported {
    /// Version of the organisation now.
    pub version: i64,
    /// Units now.
    pub units: usize,
    /// People now.
    pub people: usize,
    /// Spots now.
    pub spots: usize,
    /// Shifts now.
    pub shifts: usize,
    /// Service points now.
    pub services: usize,
    /// Streets now.
    pub streets: usize,
    /// Cases that other units may see now, because the tree of units changed.
    pub rescoped: usize,
    /// Rows that were not taken, each with file, row, column and what would be right.
    pub refused: Vec<Words>,
    /// What somebody should look at.
    pub warnings: Vec<Words>,
}

/// Reads tables over a known organisation; nothing is stored.
///
/// # Errors
/// When the result would not hold together: all faults, and nothing is changed.
pub fn read(known: Draft, tables: &Tables, policy: &Policy) -> Answer<(Draft, Vec<Words>, Vec<Words>)> {
    let zone = jiff::tz::TimeZone::get(&policy.time_zone).map_err(Problem::internal)?;
    let mut draft = known;
    let mut refused = Vec::new();
    let mut take = |draft: &mut Draft, parts: import::Parts| {
        refused.extend(parts.faults.iter().map(RowFault::words));
        draft.merge(parts.draft);
    };
    if let Some((file, text)) = &tables.units {
        take(&mut draft, import::units(file, text));
    }
    if let Some((file, text)) = &tables.areas {
        let parts = import::areas(file, text, &draft, tables.gcj02);
        take(&mut draft, parts);
    }
    if let Some((file, text)) = &tables.people {
        take(&mut draft, import::people(file, text));
    }
    if let Some((file, text)) = &tables.spots {
        take(&mut draft, import::spots(file, text));
    }
    if let Some((file, text)) = &tables.roster {
        take(&mut draft, import::roster(file, text, &zone));
    }
    if let Some((file, text)) = &tables.services {
        take(&mut draft, import::services(file, text, &policy.neighbourhood.kinds, tables.gcj02));
    }
    if let Some((file, text)) = &tables.streets {
        take(&mut draft, import::streets(file, text, tables.gcj02));
    }
    let (faults, warnings): (Vec<_>, Vec<_>) =
        draft.check(&zone).into_iter().partition(|fault| fault.severity == Severity::Fault);
    if !faults.is_empty() {
        let told: Vec<Words> = faults.iter().take(FAULTS_MAX).map(OrgFault::words).collect();
        let told_in = |pick: fn(&Words) -> &str| told.iter().map(pick).collect::<Vec<_>>().join("\n");
        let zh = format!("组织架构有误，未作更改：\n{}", told_in(|words| &words.zh));
        return Err(Problem::field("organisation", told_in(|words| &words.en), zh));
    }
    refused.truncate(FAULTS_MAX);
    Ok((draft, refused, warnings.iter().take(FAULTS_MAX).map(OrgFault::words).collect()))
}

/// Imports into the organisation as it is stored, whole or in part.
///
/// # Errors
/// When the result would not hold together, or somebody else changes it at the same moment.
pub async fn organisation(store: &Store, tables: &Tables, policy: &Policy, by: &Actor) -> Answer<Imported> {
    let (base, known) = match store.read(documents::organisation).await? {
        Some(stored) => (stored.version, serde_json::from_str(&stored.body).map_err(Problem::internal)?),
        None => (0, Draft::default()),
    };
    let before: Draft = known.clone();
    let (draft, refused, warnings) = read(known, tables, policy)?;
    let after = draft.clone();
    let (units, people) = (draft.units.len(), draft.people.len());
    let (spots, shifts) = (draft.spots.len(), draft.roster.len());
    let (services, streets) = (draft.services.len(), draft.streets.len());
    let body = serde_json::to_string(&draft).map_err(Problem::internal)?;
    let counts = serde_json::json!({
        "units": units, "people": people, "spots": spots, "shifts": shifts, "services": services, "streets": streets,
    });
    let trace = audit::trace(by, "organisation_imported", &counts);
    let version = store
        .write(move |tx| {
            let version = documents::put_organisation(tx, base, &body)?;
            audit::record(tx, audit::Stream::Organisation, trace.clone())?;
            Ok::<_, StoreError>(version)
        })
        .await?;
    let rescoped = match (before.build(), after.build()) {
        (Ok(before), Ok(after)) if !before.has_same_tree(&after) => desk::rescope(store, before, after).await?,
        _ => 0,
    };
    Ok(Imported { version, units, people, spots, shifts, services, streets, rescoped, refused, warnings })
}

/// What an imported year did.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CalendarImported {
    /// The year.
    pub year: i16,
    /// Its special days.
    pub days: usize,
    /// Cases whose clocks were recomputed.
    pub recomputed: usize,
}

/// Stores a year, without recomputing anything: for a fresh installation.
///
/// # Errors
/// A year that contradicts itself, or the store's.
pub async fn store_calendar(store: &Store, zone: &str, year: &HolidayYear, by: &Actor) -> Answer<()> {
    Calendar::build(zone, vec![year.clone()])
        .map_err(|why| Problem::field("days", &why, format!("日历有误：{why}")))?;
    let body = serde_json::to_string(year).map_err(Problem::internal)?;
    let counts = serde_json::json!({ "year": year.year, "days": year.days.len() });
    let trace = audit::trace(by, "calendar_imported", &counts);
    let number = i64::from(year.year);
    store
        .write(move |tx| {
            documents::put_calendar(tx, number, &body)?;
            audit::record(tx, audit::Stream::Organisation, trace.clone())
        })
        .await?;
    Ok(())
}

/// Imports a year and recomputes open clocks that count working days; time already granted is kept.
///
/// # Errors
/// A year that contradicts itself, or the store's.
pub async fn calendar(app: &App, year: &HolidayYear, by: &Actor) -> Answer<CalendarImported> {
    let zone = app.snapshot().policy.time_zone.clone();
    store_calendar(&app.store, &zone, year, by).await?;
    app.worlds.refresh(&app.store).await.map_err(Problem::internal)?;
    let recomputed = desk::recalendar(app).await?;
    Ok(CalendarImported { year: year.year, days: year.days.len(), recomputed })
}
