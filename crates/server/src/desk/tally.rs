//! Counting 统计: what changed cases add to the numbers of which day. It follows behind the desk, in batches, so that no
//! intake waits for it; whoever wants the newest numbers counts what is left first.
//!
//! What a case adds is the domain's to say ([`facts`]); which units it counts for is the organisation's.

use std::sync::Arc;

use jiban_domain::{
    case::Case,
    figures::{self, facts},
    ids::UnitId,
};
use jiban_store::{
    StoreError, cases,
    tally::{self, Counted, Day, FactRow},
};
use jiff::civil::Date;

use super::rows;
use crate::{
    app::App,
    http::problem::{Answer, Problem},
    infra::world::Snapshot,
};

/// Cases counted in one transaction beside people who write.
pub const BESIDE_PEOPLE: i64 = 400;
/// Cases counted in one transaction where nobody waits for it: the more at once, the fewer sums are written twice.
pub const ALONE: i64 = 10_000;

/// A day as the store keeps it.
pub fn day(date: Date) -> Day {
    Day::from(date.year()) * 10_000 + Day::from(date.month()) * 100 + Day::from(date.day())
}

/// A day as the store keeps it, read back.
///
/// # Errors
/// [`StoreError::Corrupt`] where it is none.
pub fn date(day: Day) -> Result<Date, StoreError> {
    let part = |number: Day| i16::try_from(number).unwrap_or(-1);
    let small = |number: Day| i8::try_from(number).unwrap_or(-1);
    Date::new(part(day / 10_000), small(day / 100 % 100), small(day % 100))
        .map_err(|why| StoreError::corrupt(format!("day {day}: {why}")))
}

/// Counts one batch of changed cases, so many at most. Returns how many; none were left where it is nought, or another node is at it.
///
/// # Errors
/// The store's.
pub async fn step(app: &App, batch: i64) -> Answer<usize> {
    let snapshot = app.snapshot();
    let due = app.store.read(move |tx| cases::uncounted(tx, batch)).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let world = Arc::clone(&snapshot);
    let count = move || due.iter().filter_map(|row| counted_or_told(&world, row)).collect::<Vec<_>>();
    let counted = tokio::task::spawn_blocking(count).await.map_err(Problem::internal)?;
    let done = app.store.write(move |tx| tally::count(tx, &counted)).await?;
    Ok(done.unwrap_or(0))
}

/// Counts all that is left, so many at a time. `tell` hears how many so far.
///
/// # Errors
/// The store's.
pub async fn catch_up(app: &App, batch: i64, mut tell: impl FnMut(usize)) -> Answer<usize> {
    let mut all = 0;
    loop {
        match step(app, batch).await? {
            0 => return Ok(all),
            counted => all += counted,
        }
        tell(all);
    }
}

/// A case that cannot be read stays uncounted, loudly, and holds up no other.
fn counted_or_told(snapshot: &Snapshot, row: &cases::CaseRow) -> Option<Counted> {
    match counted(snapshot, row) {
        Ok(counted) => Some(counted),
        Err(why) => {
            tracing::error!(case = %row.case_id, %why, "a case cannot be counted");
            None
        }
    }
}

fn counted(snapshot: &Snapshot, row: &cases::CaseRow) -> Result<Counted, StoreError> {
    let case = rows::case(row)?;
    let world = snapshot.world_of(&case.policy);
    let facts = facts(&case, world.policy, snapshot.calendar.zone());
    let facts = facts.into_iter().map(|fact| fact_row(snapshot, &case, fact)).collect();
    Ok(Counted { case_id: row.case_id, version: row.version, facts })
}

fn fact_row(snapshot: &Snapshot, case: &Case, fact: figures::Fact) -> FactRow {
    let scope = snapshot.organisation.scope_of([&fact.unit].into_iter().chain(ground(snapshot, case)));
    let mut scope: Vec<String> = scope.into_iter().map(|unit| unit.to_string()).collect();
    if scope.is_empty() {
        scope.push(fact.unit.to_string());
    }
    FactRow {
        day: day(fact.day),
        unit: fact.unit.to_string(),
        scope,
        person: fact.person.map(|person| person.to_string()),
        class: case.class.as_ref().map(ToString::to_string),
        category: case.category.as_ref().map(ToString::to_string),
        channel: case.channel.to_string(),
        area: case.place.grid.as_ref().map(ToString::to_string),
        apart: figures::apart(case).map(str::to_owned),
        counts: fact.counts.iter().map(|(measure, number)| (measure.to_string(), number)).collect(),
    }
}

/// The ground on which a case lies: its grid; where none is known, the unit that the first receiver serves. So a case that a
/// bureau of the district handles still counts for the subdistrict and the community where it is.
fn ground<'a>(snapshot: &'a Snapshot, case: &'a Case) -> Option<&'a UnitId> {
    let serves = || snapshot.organisation.unit(&case.first_receiver)?.parent.as_ref();
    case.place.grid.as_ref().or_else(serves)
}
