//! Rounds 巡查: which spots of one's grids were seen, and when. What is found on a round is registered as a case; here is
//! only that somebody was there, so that what nobody looks at is seen too.

use axum::{Json, extract::State, http::StatusCode};
use jiban_domain::ids::SpotId;
use jiban_store::{StoreError, spot_visits};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    http::{
        auth::Staff,
        body::Body,
        problem::{Answer, Problem},
    },
};

/// How far back it is told when a spot was seen, days.
const LOOK_BACK_DAYS: i64 = 60;
/// A visit may be told so long after it was: a phone may be without a network, days.
const TOLD_WITHIN_DAYS: i64 = 7;
/// A phone's clock may be so far ahead, minutes.
const AHEAD_MAX_MINUTES: i64 = 10;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(spots)).routes(routes!(visit))
}

/// A spot on somebody's rounds.
#[derive(Debug, Serialize, ToSchema)]
struct RoundSpot {
    spot: SpotId,
    /// When it was seen last; none where nobody was there for 60 days.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen: Option<Timestamp>,
}

/// The spots of the reader's units, the longest unseen first.
#[utoipa::path(
    get, path = "/rounds/spots", tag = "rounds",
    responses((status = 200, body = Vec<RoundSpot>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn spots(State(app): State<App>, staff: Staff) -> Answer<Json<Vec<RoundSpot>>> {
    let seen = app
        .store
        .read(|tx| {
            let since = tx.now().saturating_sub((LOOK_BACK_DAYS * 24).hours()).unwrap_or(Timestamp::UNIX_EPOCH);
            spot_visits::last_seen(tx, since)
        })
        .await?;
    let organisation = &staff.snapshot.organisation;
    let mine = organisation.spots().filter(|spot| staff.reaches(&spot.grid));
    let last = |spot: &SpotId| {
        let found = seen.binary_search_by(|(code, _)| code.as_str().cmp(spot.as_str()));
        found.ok().and_then(|place| seen.get(place)).map(|(_, at)| *at)
    };
    let mut spots: Vec<RoundSpot> =
        mine.map(|spot| RoundSpot { spot: spot.id.clone(), last_seen: last(&spot.id) }).collect();
    spots.sort_by_key(|spot| spot.last_seen);
    Ok(Json(spots))
}

/// A visit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Visit {
    /// Where.
    spot: SpotId,
    /// When: told up to a week later, where there was no network.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// Say that a spot was seen. Said twice, it is one visit.
#[utoipa::path(
    post, path = "/rounds/visits", tag = "rounds", request_body = Visit,
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn visit(State(app): State<App>, staff: Staff, Body(visit): Body<Visit>) -> Answer<StatusCode> {
    let known = staff.snapshot.organisation.spot(&visit.spot).filter(|spot| staff.reaches(&spot.grid));
    if known.is_none() {
        return Err(Problem::field("spot", "a spot of your units", "应为本单位范围内的点位"));
    }
    let now = app.now().await?;
    let earliest = now.saturating_sub((TOLD_WITHIN_DAYS * 24).hours()).unwrap_or(Timestamp::UNIX_EPOCH);
    let latest = now.saturating_add(AHEAD_MAX_MINUTES.minutes()).unwrap_or(now);
    if visit.at < earliest || visit.at > latest {
        return Err(Problem::field("at", "within the last 7 days", "应在最近 7 天之内"));
    }
    let (spot, at, person) = (visit.spot.to_string(), visit.at.min(now), staff.person.to_string());
    app.store.write(move |tx| -> Result<(), StoreError> { spot_visits::note(tx, &spot, at, &person) }).await?;
    Ok(StatusCode::NO_CONTENT)
}
