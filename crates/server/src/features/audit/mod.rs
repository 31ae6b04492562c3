//! The audit record over HTTP: what was done outside cases, and whether a case's chain holds.

use axum::{Json, extract::State};
use jiban_domain::organisation::Role;
use jiban_store::{ReadTx, StoreError, events};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    http::{
        auth::{Seen, Staff},
        body::{Query, within},
        problem::{Answer, Problem},
    },
    infra::audit::Stream,
};

/// Most entries of one page.
const PAGE_MAX: u32 = 500;
/// Longest code of a kind, characters.
const KIND_MAX: usize = 64;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(record)).routes(routes!(verify))
}

/// One entry of the record.
#[derive(Debug, Serialize, ToSchema)]
struct Entry {
    /// Where it stands in the record, and its number there.
    stream: Stream,
    seq: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    actor: String,
    kind: String,
    /// Details, as they were recorded.
    #[schema(value_type = Object)]
    body: serde_json::Value,
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Of this stream only.
    #[param(inline)]
    stream: Option<Stream>,
    /// Of this kind only.
    #[param(max_length = 64)]
    kind: Option<String>,
    /// Those before this one: the `next` of the page before.
    #[param(max_length = 64)]
    before: Option<String>,
    /// How many, at most 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// A page of the record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Audit)]
struct Page {
    /// The newest first.
    entries: Vec<Entry>,
    /// Send as `before` for the next page; none at the end.
    next: Option<String>,
}

/// A place in the record: after all of what is newer, and after this entry.
#[derive(Debug, Clone, Copy)]
struct Place {
    stream: Stream,
    seq: i64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.stream.kind(), self.seq)
    }
}

impl Place {
    fn read(text: &str) -> Answer<Self> {
        let read = || {
            let (stream, seq) = text.split_once('-')?;
            let stream = Stream::ALL.into_iter().find(|one| one.kind() == stream)?;
            Some(Self { stream, seq: seq.parse().ok().filter(|seq| *seq > 0)? })
        };
        read().ok_or_else(|| Problem::field("before", "the 'next' of a page", "应为上一页的 next"))
    }

    /// The number of the last entry of a stream that stands behind this place. Of one moment streams stand in their order.
    fn last_of(self, tx: &mut ReadTx<'_>, stream: Stream) -> Result<i64, StoreError> {
        if stream == self.stream {
            return Ok(self.seq - 1);
        }
        let found = events::newest(tx, self.stream.id(), None, self.seq, 1)?;
        let Some(at) = found.first().map(|row| row.at) else { return Ok(0) };
        let until = if stream < self.stream { at.saturating_add(1.microsecond()).unwrap_or(at) } else { at };
        events::last_before(tx, stream.id(), until)
    }
}

/// What was done to policy, organisation and accounts, letters and bulletins, and in works beside cases: the newest first. For
/// administrators and the discipline office.
#[utoipa::path(
    get, path = "/audit", tag = "audit", params(Which),
    responses((status = 200, body = Page), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn record(State(app): State<App>, staff: Staff, Query(which): Query<Which>) -> Answer<Json<Page>> {
    if !staff.holds(Role::Admin) && !staff.holds(Role::Discipline) {
        return Err(Problem::forbidden());
    }
    let limit = within("limit", which.limit, 200, 1..=PAGE_MAX)?;
    if which.kind.as_ref().is_some_and(|kind| kind.chars().count() > KIND_MAX) {
        return Err(Problem::field("kind", format!("at most {KIND_MAX} characters"), format!("最多 {KIND_MAX} 个字")));
    }
    let before = which.before.as_deref().map(Place::read).transpose()?;
    let read = move |tx: &mut ReadTx<'_>| {
        let mut found = Vec::new();
        for stream in Stream::ALL.into_iter().filter(|one| which.stream.is_none_or(|only| only == *one)) {
            let until = before.map_or(Ok(i64::MAX), |place| place.last_of(tx, stream))?;
            let rows = events::newest(tx, stream.id(), which.kind.as_deref(), until, i64::from(limit) + 1)?;
            found.extend(rows.into_iter().map(|row| (row.at, stream, row)));
        }
        Ok::<_, StoreError>(found)
    };
    let mut found = app.store.read(read).await?;
    found.sort_by_key(|(at, stream, row)| std::cmp::Reverse((*at, *stream, row.seq)));
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > most;
    found.truncate(most);
    let next =
        found.last().filter(|_| more).map(|(_, stream, row)| Place { stream: *stream, seq: row.seq }.to_string());
    let entries = found.into_iter().map(|(_, stream, row)| Entry {
        stream,
        seq: row.seq,
        at: row.at,
        actor: row.actor,
        kind: row.kind,
        body: serde_json::from_str(&row.body).unwrap_or(serde_json::Value::Null),
    });
    Ok(Json(Page { entries: entries.collect(), next }))
}

/// Whether a chain holds.
#[derive(Debug, Serialize, ToSchema)]
struct Verified {
    /// Events checked.
    events: u64,
    /// Whether every hash fits.
    whole: bool,
}

/// Verify the hash chain of a case.
#[utoipa::path(
    get, path = "/cases/{case}/verify-chain", tag = "audit",
    params(("case" = String, Path, description = "Id or number of the case")),
    responses((status = 200, body = Verified), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn verify(State(app): State<App>, seen: Seen) -> Answer<Json<Verified>> {
    let id = seen.case.id;
    let report = app.store.read(move |tx| events::verify_chain(tx, id.0)).await?;
    Ok(Json(Verified { events: report.events, whole: report.faults.is_empty() }))
}
