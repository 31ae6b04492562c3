//! Swaps of duty over HTTP 换班: proposed by whose turn it is, answered by whoever is asked.

use axum::{Json, extract::State, http::StatusCode};
use jiban_domain::{
    ids::PersonId,
    organisation::ShiftKey,
    swap::{DutySwap, DutySwapAnswer},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::PAGE_MAX;
use crate::{
    ahead::{duty_swaps, works},
    app::App,
    http::{
        auth::Staff,
        body::{Body, Path, Query, within},
        problem::{Answer, Problem},
    },
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(swaps, propose)).routes(routes!(answer))
}

/// Which swaps.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Those proposed before this one: the `next` of the page before.
    before: Option<Uuid>,
    /// How many, at most 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of swaps.
#[derive(Debug, Serialize, ToSchema)]
struct DutySwaps {
    swaps: Vec<SwapShown>,
    /// Send as `before` for the next page; none at the end.
    next: Option<Uuid>,
}

/// A swap as the reader sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DutySwapShown)]
struct SwapShown {
    #[serde(flatten)]
    swap: DutySwap,
    /// Whether it still waits for an answer; one that nobody gave before the turn began has lapsed.
    open: bool,
    /// Whether the reader is asked to take the turn.
    asked: bool,
    /// Whether the reader may take the request back.
    own: bool,
}

/// Swaps of the reader, and of the units in their reach, the newest first.
#[utoipa::path(
    get, path = "/duty/swaps", tag = "duty", params(Which),
    responses((status = 200, body = DutySwaps), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn swaps(State(app): State<App>, staff: Staff, Query(which): Query<Which>) -> Answer<Json<DutySwaps>> {
    let limit = within("limit", which.limit, 50, 1..=PAGE_MAX)?;
    let reader = staff.clone();
    let sees = move |swap: &DutySwap| duty_swaps::sees(&reader, swap);
    let page = works::page(&app, None, which.before, limit, sees).await?;
    let shown = page.works.into_iter().map(|swap| {
        let open = swap.is_open(page.now);
        let (asked, own) = (open && swap.taker == staff.person, open && swap.shift.person == staff.person);
        SwapShown { swap, open, asked, own }
    });
    Ok(Json(DutySwaps { swaps: shown.collect(), next: page.next }))
}

/// A swap to propose.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSwap {
    /// The turn: one of the reader's own that has not begun.
    shift: ShiftKey,
    /// Who should take it: somebody who takes turns at the same post.
    #[schema(value_type = String)]
    taker: PersonId,
    /// Why; personal numbers are masked.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// Ask another to take one's own turn of duty.
#[utoipa::path(
    post, path = "/duty/swaps", tag = "duty", request_body = NewSwap,
    responses((status = 201, body = DutySwap), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn propose(
    State(app): State<App>,
    staff: Staff,
    Body(new): Body<NewSwap>,
) -> Answer<(StatusCode, Json<DutySwap>)> {
    let swap = duty_swaps::propose(&app, &staff, new.shift, new.taker, new.reason).await?;
    Ok((StatusCode::CREATED, Json(swap)))
}

/// An answer to a swap.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SwapAnswer {
    /// Which.
    answer: DutySwapAnswer,
}

/// Agree to a swap, decline it, or take it back. The roster follows an agreement at once.
#[utoipa::path(
    post, path = "/duty/swaps/{swap}/answer", tag = "duty", request_body = SwapAnswer,
    params(("swap" = String, Path, description = "Id of the swap")),
    responses((status = 200, body = DutySwap), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn answer(
    State(app): State<App>,
    staff: Staff,
    path: Path,
    Body(said): Body<SwapAnswer>,
) -> Answer<Json<DutySwap>> {
    Ok(Json(duty_swaps::answer(&app, &staff, path.id()?, said.answer).await?))
}
