//! Who else has this case open 同时在看: two who work on one case at once should know of each other.

use axum::{Json, extract::State};
use jiban_domain::{ids::PersonId, policy::Name};
use jiban_store::{StoreError, presence};
use jiff::SignedDuration;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    http::{
        auth::Seen,
        problem::{Answer, Problem},
    },
};

/// Who has not said so for so long is gone.
const GONE_AFTER: SignedDuration = SignedDuration::from_secs(60);

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(here))
}

/// Somebody who has the case open.
#[derive(Debug, Serialize, ToSchema)]
struct Other {
    person: PersonId,
    name: String,
    /// Their first unit.
    unit: Option<Name>,
}

/// Say that this case is open here; who else has it open is told. To be said again every 20 seconds.
#[utoipa::path(
    post, path = "/cases/{case}/presence", tag = "cases",
    params(("case" = String, Path, description = "Id or number of the case")),
    responses((status = 200, body = Vec<Other>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn here(State(app): State<App>, seen: Seen) -> Answer<Json<Vec<Other>>> {
    let (case, me) = (seen.case.id.0, seen.staff.person.to_string());
    let note = move |tx: &mut jiban_store::WriteTx<'_>| -> Result<_, StoreError> {
        presence::note(tx, case, &me)?;
        presence::list(tx, case, GONE_AFTER)
    };
    let people = app.store.write(note).await?;
    let organisation = &seen.staff.snapshot.organisation;
    let others = people.iter().filter_map(|id| organisation.person(&id.parse().ok()?));
    let other = |person: &jiban_domain::organisation::Person| Other {
        person: person.id.clone(),
        name: person.name.clone(),
        unit: person.posts.first().and_then(|post| organisation.unit(&post.unit)).map(|unit| unit.name.clone()),
    };
    Ok(Json(others.filter(|person| person.id != seen.staff.person).map(other).collect()))
}
