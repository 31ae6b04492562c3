//! The audit record over HTTP: what was done outside cases, and whether a case's chain holds.

use axum::{Json, extract::State};
use jiban_domain::organisation::Role;
use jiban_store::events;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    http::{
        auth::{Seen, Staff},
        problem::{Answer, Problem},
    },
    infra::audit::Stream,
};

/// Most entries of one stream in one answer.
const ENTRIES_MAX: i64 = 500;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(record)).routes(routes!(verify))
}

/// One entry of the record.
#[derive(Debug, Serialize, ToSchema)]
struct Entry {
    /// `policy`, `organisation` or `accounts`.
    stream: String,
    seq: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    actor: String,
    kind: String,
    /// Details, as they were recorded.
    #[schema(value_type = Object)]
    body: serde_json::Value,
}

/// What was done to policy, organisation and accounts. For administrators and the discipline office.
#[utoipa::path(
    get, path = "/audit", tag = "audit",
    responses((status = 200, body = Vec<Entry>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn record(State(app): State<App>, staff: Staff) -> Answer<Json<Vec<Entry>>> {
    if !staff.holds(Role::Admin) && !staff.holds(Role::Discipline) {
        return Err(Problem::forbidden());
    }
    let rows = app
        .store
        .read(|tx| {
            let streams = Stream::ALL.iter().map(|stream| {
                // The newest entries: a stream grows by administrators' acts only.
                let head = events::head(tx, stream.id())?;
                events::events(tx, stream.id(), (head.seq - ENTRIES_MAX).max(0), ENTRIES_MAX)
            });
            streams.collect::<Result<Vec<_>, jiban_store::StoreError>>()
        })
        .await?;
    let mut entries: Vec<Entry> = rows
        .into_iter()
        .flatten()
        .map(|row| Entry {
            stream: row.stream_kind,
            seq: row.seq,
            at: row.at,
            actor: row.actor,
            kind: row.kind,
            body: serde_json::from_str(&row.body).unwrap_or(serde_json::Value::Null),
        })
        .collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    Ok(Json(entries))
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
