//! What came before 此前的诉求, while somebody is on the phone or has a case open: earlier cases of the same caller, of the
//! same place, and those that may be the same matter again 重复件.
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
use jiban_text::TEXT_MAX_CHARS;
use jiff::ToSpan;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::list::Line;
use crate::{
    app::App,
    desk::{
        repeats::{self, Asking},
        rows, triage,
    },
    http::{
        auth::{Seen, Staff},
        body::Body,
        problem::{Answer, Problem},
    },
};

/// Most cases of each kind in an answer.
const SHOWN_MAX: usize = 10;
/// Most that may be the same matter.
const REPEATS_MAX: usize = 5;
/// Most that only say the same elsewhere.
const ALIKE_MAX: usize = 2;
/// Cases looked at for each kind; of these, those that the reader may see are shown.
const LOOKED_AT: i64 = 50;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(earlier)).routes(routes!(of_case))
}

/// Who calls and where it is, as far as is known.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Calling {
    /// The caller's phone; empty where it is not known.
    #[serde(default)]
    #[schema(max_length = 30)]
    phone: String,
    /// The place; only its spot, its point and its grid are compared.
    #[serde(default)]
    place: Place,
    /// What they say; empty where nothing was said yet.
    #[serde(default)]
    #[schema(max_length = 20_000)]
    text: String,
}

/// What came before, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct Earlier {
    /// Of the same caller.
    by_reporter: Vec<Line>,
    /// At the same place.
    by_place: Vec<Line>,
    /// What may be the same matter, the likeliest first.
    repeats: Vec<Repeat>,
}

/// An earlier case that may be of the same matter, and why.
#[derive(Debug, Serialize, ToSchema)]
struct Repeat {
    /// The case.
    case: Line,
    /// Whether it is a repeat by the policy's definition: same person or same place, the same thing, within its days.
    is_repeat: bool,
    same_reporter: bool,
    same_place: bool,
    /// How alike the texts are, 0–1.
    likeness: f64,
    /// Words they share.
    words: Vec<String>,
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
    if calling.text.chars().count() > TEXT_MAX_CHARS {
        return Err(Problem::field("text", "at most 20,000 characters", "最多 20000 个字符"));
    }
    let reporter = app.vault.blind_index(&calling.phone);
    let place = rows::place_key(&calling.place);
    let days = i64::from(staff.snapshot.policy.repeats.within_days);
    let asking = Asking { case: None, reporter, place: calling.place, told: calling.text };
    let (by_reporter, by_place, now) = app
        .store
        .read(move |tx| {
            let by_reporter = match &reporter {
                Some(reporter) => cases::ids_by_reporter(tx, reporter, None, LOOKED_AT)?,
                None => Vec::new(),
            };
            let by_place = match &place {
                Some(place) => cases::ids_by_place(tx, place, None, LOOKED_AT)?,
                None => Vec::new(),
            };
            let (by_reporter, by_place) = (cases::load_many(tx, &by_reporter)?, cases::load_many(tx, &by_place)?);
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
    Ok(Json(Earlier {
        by_reporter: shown(by_reporter, Some(Act::RevealIdentity))?,
        by_place: shown(by_place, None)?,
        repeats: if asking.told.trim().is_empty() { Vec::new() } else { alike(&app, &staff, asking).await? },
    }))
}

/// Earlier cases that may be the same matter as this one, with why.
#[utoipa::path(
    get, path = "/cases/{case}/repeats", tag = "cases",
    params(("case" = String, Path, description = "Id or number of the case")),
    responses((status = 200, body = Vec<Repeat>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn of_case(State(app): State<App>, seen: Seen) -> Answer<Json<Vec<Repeat>>> {
    let case = seen.case;
    let told = triage::told(&case.title, &case.text);
    let asking = Asking { case: Some(case.id), reporter: None, place: case.place, told };
    Ok(Json(alike(&app, &seen.staff, asking).await?))
}

/// Those that the reader may see; that they are of the same person only where the reader may see who.
async fn alike(app: &App, staff: &Staff, asking: Asking) -> Answer<Vec<Repeat>> {
    let (organisation, rules) = (&staff.snapshot.organisation, staff.snapshot.policy.repeats);
    let seen = |one: &mut repeats::Earlier| {
        one.same_reporter &= permission::may(organisation, &staff.actor, Act::RevealIdentity, &one.case).is_ok();
        permission::sees(organisation, &staff.actor, &one.case)
    };
    let earlier = repeats::find(app, asking, rules, (REPEATS_MAX, ALIKE_MAX), seen).await?;
    let view = |one: repeats::Earlier| Repeat {
        is_repeat: one.is_repeat(),
        same_reporter: one.same_reporter,
        same_place: one.same_place,
        likeness: f64::from(one.likeness),
        words: one.words,
        case: Line::from(one.case),
    };
    Ok(earlier.into_iter().map(view).collect())
}
