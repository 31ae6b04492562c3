//! A case as the store keeps it: the columns that lists filter by, drawn from the folded case.
//!
//! The fold in `body` is the truth of the row; every column is computed from it here and nowhere else.

use std::collections::BTreeSet;

use jiban_domain::{
    case::{Case, Desk, Place},
    event::Recorded,
    organisation::Organisation,
    policy::Policy,
};
use jiban_store::{StoreError, cases, events};
use jiff::Timestamp;
use uuid::Uuid;

/// The case in a row.
///
/// # Errors
/// [`StoreError::Corrupt`] when the body is not a case.
pub fn case(row: &cases::CaseRow) -> Result<Case, StoreError> {
    serde_json::from_str(&row.body).map_err(|why| StoreError::corrupt(format!("case {}: {why}", row.number)))
}

/// The row of a case, without what only the edge knows (reporter index, tracking code).
///
/// # Errors
/// [`StoreError::Other`] when the case cannot be written as JSON.
pub fn row(case: &Case) -> Result<cases::CaseRow, StoreError> {
    // Marks and desks share the column that lists filter by.
    let marks = case.marks.iter().map(|mark| mark.as_str());
    let marks: Vec<&str> = marks.chain(case.desks().iter().map(|desk| desk.as_str())).collect();
    Ok(cases::CaseRow {
        case_id: case.id.0,
        number: case.number.clone(),
        version: 0,
        state: case.state.as_str().to_owned(),
        class: case.class.as_ref().map(ToString::to_string),
        category: case.category.as_ref().map(ToString::to_string),
        origin: case.origin.as_str().to_owned(),
        channel: case.channel.to_string(),
        lead_unit: case.lead.as_ref().map(ToString::to_string),
        grid: case.place.grid.as_ref().map(ToString::to_string),
        marks: marks.join(" "),
        open: case.state.is_open(),
        next_due: case.next_due(),
        registered_at: case.registered_at,
        finished_at: case.milestones.get(&jiban_domain::policy::Milestone::Finished).copied(),
        closed_at: case.ended_at,
        upstream_number: case.upstream_number.clone(),
        place_key: place_key(&case.place),
        reporter: None,
        tracking: None,
        title: case.title.clone(),
        lon: case.place.lon,
        lat: case.place.lat,
        policy_version: case.policy.clone(),
        body: serde_json::to_string(case).map_err(|why| StoreError::other(why.to_string()))?,
        last_hash: [0; 32],
    })
}

/// Events as the store appends them.
///
/// # Errors
/// [`StoreError::Other`] when an event cannot be written as JSON.
pub fn events(recorded: &[Recorded]) -> Result<Vec<events::NewEvent>, StoreError> {
    recorded.iter().map(event).collect()
}

fn event(recorded: &Recorded) -> Result<events::NewEvent, StoreError> {
    Ok(events::NewEvent {
        at: recorded.at,
        actor: recorded.by.to_string(),
        kind: recorded.event.kind().to_owned(),
        body: serde_json::to_string(&recorded.event).map_err(|why| StoreError::other(why.to_string()))?,
    })
}

/// An event as the store gives it back.
///
/// # Errors
/// [`StoreError::Corrupt`] when it cannot be understood.
pub fn recorded(row: &events::EventRow) -> Result<Recorded, StoreError> {
    let fault = |why: &dyn std::fmt::Display| StoreError::corrupt(format!("event {} of a case: {why}", row.seq));
    Ok(Recorded {
        at: row.at,
        by: row.actor.parse().map_err(|why| fault(&why))?,
        event: serde_json::from_str(&row.body).map_err(|why| fault(&why))?,
    })
}

/// Desks whose open cases are listed by themselves: they are few among many.
const LISTED: [Desk; 2] = [Desk::Mediation, Desk::Agreement];

/// The units that may see the case: those involved, with all above them; each once more for every desk that is listed by
/// itself and on which the case lies, so that such a list costs by what is on it.
pub fn units(organisation: &Organisation, case: &Case) -> Vec<String> {
    let units: Vec<String> = organisation.scope_of(case.involved()).iter().map(ToString::to_string).collect();
    let desks = if case.state.is_open() { case.desks() } else { BTreeSet::new() };
    let listed = LISTED.into_iter().filter(|desk| desks.contains(desk));
    let on_desks: Vec<String> = listed.flat_map(|desk| units.iter().map(move |unit| on_desk(unit, desk))).collect();
    units.into_iter().chain(on_desks).collect()
}

/// What stands in the scope for a unit's cases on one of the desks that are listed by themselves. No unit's code has a `#`.
pub fn on_desk(unit: &str, desk: Desk) -> String {
    format!("{unit}#{}", desk.as_str())
}

/// The clocks about which something is still to be done.
pub fn clocks(policy: &Policy, case: &Case) -> Vec<cases::ClockRow> {
    let armed = case.clocks.iter().filter_map(|clock| {
        let next_at = clock.next_at(policy.clocks.get(&clock.rule)?)?;
        Some(cases::ClockRow { clock: clock.key.clone(), next_at, due_at: clock.due_at })
    });
    armed.collect()
}

/// Two cases with the same key are at the same place: the spot, or a cell of about 50 m.
pub fn place_key(place: &Place) -> Option<String> {
    match (&place.spot, place.lon, place.lat) {
        (Some(spot), ..) => Some(format!("spot:{spot}")),
        (None, Some(lon), Some(lat)) => Some(format!("cell:{:.0}:{:.0}", lon * 2_000.0, lat * 2_000.0)),
        _ => None,
    }
}

/// A UUIDv7 of that moment, for records brought in: they sort by when they were registered.
pub fn uuid_at(at: Timestamp) -> Uuid {
    let seconds = u64::try_from(at.as_second()).unwrap_or(0);
    let nanos = u32::try_from(at.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos))
}
