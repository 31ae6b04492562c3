//! Hot issues of a time 热点: what many speak of, gathered from the newest cases. What it costs is bounded by how many are
//! looked at.

use std::sync::Arc;

use jiban_domain::case::Case;
use jiban_store::{StoreError, case_list::CaseQuery, cases::CaseRow};
use jiban_text::{Issue, Told, issues};
use jiff::Timestamp;

use crate::{
    app::App,
    desk::{newest::newest, rows, triage},
    http::problem::{Answer, Problem},
    infra::world::Snapshot,
};

/// What was looked at, and the issues among it, the hottest first.
#[derive(Debug)]
pub struct Hot {
    /// The cases, the newest first.
    pub rows: Vec<CaseRow>,
    /// The issues; their members are places in `rows`.
    pub issues: Vec<Issue>,
}

/// Looks for hot issues among the cases that these units see, registered from `from` until before `until`: among the
/// newest `cases` of them.
///
/// # Errors
/// The store's.
pub async fn hot(
    app: &App,
    snapshot: &Arc<Snapshot>,
    units: Vec<String>,
    (from, until): (Timestamp, Timestamp),
    cases: usize,
) -> Answer<Hot> {
    let query = CaseQuery {
        units: Some(units),
        registered_from: Some(from),
        registered_until: Some(until),
        ..CaseQuery::default()
    };
    let rows = newest(app, query, (cases, cases), |row: &CaseRow| Ok(Some(row.clone())), |_| {}).await?;
    let snapshot = Arc::clone(snapshot);
    let look = move || {
        let cases = rows.iter().map(rows::case).collect::<Result<Vec<Case>, StoreError>>()?;
        let issues = among(&snapshot, cases.iter().zip(rows.iter().map(|row| row.reporter)));
        Ok::<_, StoreError>(Hot { rows, issues })
    };
    Ok(tokio::task::spawn_blocking(look).await.map_err(Problem::internal)??)
}

/// Issues among these cases, each with the blind index of who asked; their members are places in what was given.
pub fn among<'a>(snapshot: &Snapshot, cases: impl Iterator<Item = (&'a Case, Option<[u8; 32]>)>) -> Vec<Issue> {
    let (cases, people): (Vec<&Case>, Vec<Option<String>>) =
        cases.map(|(case, reporter)| (case, reporter.map(hex::encode))).unzip();
    let texts: Vec<String> = cases.iter().map(|case| triage::told(&case.title, &case.text)).collect();
    let told = texts.iter().zip(&cases).zip(&people).map(|((text, case), person)| Told {
        text,
        day: Some(case.registered_at.as_second() as f64 / 86_400.0),
        supporters: 0.0,
        severe: snapshot.triage.is_severe(&snapshot.policy, text),
        person: person.as_deref(),
    });
    issues(&told.collect::<Vec<_>>())
}
