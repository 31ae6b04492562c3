//! What came before 此前的诉求, while somebody is on the phone: earlier cases of the same caller and of the same place.
//!
//! The phone comes in the body and is compared by its blind index; it is neither kept nor logged. A case tells its
//! reporter only to those who may see that reporter: nobody learns by trying numbers who complained about them.

use axum::{Json, extract::State};
use jiban_domain::{
    case::{Case, Place},
    command::Act,
    permission,
};
use jiban_store::{StoreError, cases};
use jiff::ToSpan;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::list::Line;
use crate::{
    app::App,
    desk::rows,
    http::{
        auth::Staff,
        body::Body,
        problem::{Answer, Problem},
    },
};

/// Most cases of each kind in an answer.
const SHOWN_MAX: usize = 10;
/// Cases looked at for each kind; of these, those that the reader may see are shown.
const LOOKED_AT: i64 = 50;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(earlier))
}

/// Who calls and where it is, as far as is known.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Calling {
    /// The caller's phone; empty where it is not known.
    #[serde(default)]
    #[schema(max_length = 30)]
    phone: String,
    /// The place; only its spot or its point are compared.
    #[serde(default)]
    place: Place,
}

/// What came before, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct Earlier {
    /// Of the same caller.
    by_reporter: Vec<Line>,
    /// At the same place.
    by_place: Vec<Line>,
}

/// Earlier cases of the same caller and of the same place, within the policy's days for repeats.
#[utoipa::path(
    post, path = "/cases/earlier", tag = "cases", request_body = Calling,
    responses((status = 200, body = Earlier), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn earlier(State(app): State<App>, staff: Staff, Body(calling): Body<Calling>) -> Answer<Json<Earlier>> {
    if calling.phone.chars().count() > 30 {
        return Err(Problem::field("phone", "at most 30 characters", "最多 30 个字符"));
    }
    let reporter = app.vault.blind_index(&calling.phone);
    let place = rows::place_key(&calling.place);
    let days = i64::from(staff.snapshot.policy.repeats.within_days);
    let (by_reporter, by_place, now) = app
        .store
        .read(move |tx| {
            let by_reporter = match &reporter {
                Some(reporter) => cases::find_by_reporter(tx, reporter, None, LOOKED_AT)?,
                None => Vec::new(),
            };
            let by_place = match &place {
                Some(place) => cases::find_by_place(tx, place, None, LOOKED_AT)?,
                None => Vec::new(),
            };
            Ok::<_, StoreError>((by_reporter, by_place, tx.now()))
        })
        .await?;
    let since = now.saturating_sub((days * 24).hours()).unwrap_or(now);
    let organisation = &staff.snapshot.organisation;
    let shown = |rows: Vec<cases::CaseRow>, act: Option<Act>| {
        let cases = rows.iter().map(rows::case).collect::<Result<Vec<Case>, StoreError>>()?;
        let may = |case: &Case| {
            case.registered_at >= since
                && permission::sees(organisation, &staff.actor, case)
                && act.is_none_or(|act| permission::may(organisation, &staff.actor, act, case).is_ok())
        };
        Ok::<_, Problem>(cases.into_iter().filter(may).take(SHOWN_MAX).map(Line::from).collect::<Vec<_>>())
    };
    Ok(Json(Earlier { by_reporter: shown(by_reporter, Some(Act::RevealIdentity))?, by_place: shown(by_place, None)? }))
}
