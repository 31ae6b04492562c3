//! Small makers of what the tests need.

use jiban_store::{
    Store, StoreError,
    cases::{self, CaseRow, ClockRow, Previous, ScopeRow},
    events::NewEvent,
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// The hour at which the tests' stories begin.
pub(crate) fn start() -> Timestamp {
    "2026-03-02T01:00:00Z".parse().unwrap()
}

/// So many minutes after [`start`].
pub(crate) fn minute(n: i64) -> Timestamp {
    start() + SignedDuration::from_mins(n)
}

/// A case id of this minute; ids sort by time and then by `n`.
pub(crate) fn case_id(n: u32) -> Uuid {
    Uuid::from_u128((0x0190_0000_0000_7000_u128 << 64) | u128::from(n))
}

/// An open case without anything special.
pub(crate) fn case(n: u32) -> CaseRow {
    CaseRow {
        case_id: case_id(n),
        number: format!("DM2026-{n:06}"),
        version: 0,
        state: "registered".into(),
        class: Some("fast".into()),
        category: Some("noise".into()),
        origin: "request".into(),
        channel: "hotline".into(),
        lead_unit: Some("office.a".into()),
        grid: Some("grid.1".into()),
        marks: String::new(),
        open: true,
        next_due: Some(minute(i64::from(n))),
        registered_at: minute(i64::from(n)),
        finished_at: None,
        closed_at: None,
        upstream_number: None,
        place_key: None,
        reporter: None,
        tracking: Some([7; 32]),
        title: format!("Case {n} 噪音"),
        lon: Some(114.1),
        lat: None,
        policy_version: "v1".into(),
        last_hash: [0; 32],
        body: format!(r#"{{"n":{n}}}"#),
    }
}

/// An event of this kind.
pub(crate) fn event(kind: &str) -> NewEvent {
    NewEvent { at: start(), actor: "person:zhang".into(), kind: kind.into(), body: format!(r#"{{"kind":"{kind}"}}"#) }
}

/// One running clock.
pub(crate) fn clock(name: &str, at: Timestamp) -> ClockRow {
    ClockRow { clock: name.into(), next_at: at, due_at: at }
}

/// Registers a case that these units may see, with a clock that runs until its next due time.
pub(crate) async fn register(store: &Store, row: CaseRow, units: &[&str]) -> CaseRow {
    let scope = row.scope(units);
    let clocks: Vec<ClockRow> = row.next_due.iter().map(|at| clock("finish", *at)).collect();
    put(store, row, scope, clocks).await.expect("the case is saved")
}

/// Registers a case with these projections.
pub(crate) async fn put(
    store: &Store,
    row: CaseRow,
    scope: Vec<ScopeRow>,
    clocks: Vec<ClockRow>,
) -> Result<CaseRow, StoreError> {
    store
        .write(move |tx| {
            let mut row = row.clone();
            cases::save(tx, None, &mut row, &[event("registered")], &scope, &clocks)?;
            Ok(row)
        })
        .await
}

/// Changes a case by one event of this kind.
pub(crate) async fn change(
    store: &Store,
    case_id: Uuid,
    kind: &'static str,
    edit: impl Fn(&mut CaseRow) + Send + 'static,
) -> Result<CaseRow, StoreError> {
    store
        .write(move |tx| {
            let before = cases::load_for_update(tx, case_id)?.expect("the case exists");
            let mut row = before.clone();
            edit(&mut row);
            let units = ["office.a".to_owned(), cases::ALL_UNITS.to_owned()];
            let (scope, clocks) = cases::projections(tx, &before, &units)?;
            let previous = Previous { row: &before, scope: &scope, clocks: &clocks };
            let now_scope = row.scope(["office.a"]);
            let now_clocks: Vec<ClockRow> = row.next_due.iter().map(|at| clock("finish", *at)).collect();
            cases::save(tx, Some(previous), &mut row, &[event(kind)], &now_scope, &now_clocks)?;
            Ok(row)
        })
        .await
}
