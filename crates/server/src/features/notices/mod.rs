//! Notices to residents 公告: what a unit tells everybody in its area for a time, on the resident's pages. Written by the
//! liaison office, communities and leaders for units they reach; read by anybody. Every change is on record.

use axum::{Json, extract::State, http::StatusCode};
use jiban_domain::{event::Actor, ids::UnitId, policy::Name};
use jiban_store::{
    ReadTx, StoreError,
    public_notices::{self, PublicNotice},
};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::App,
    http::{
        auth::{Announcer, Staff},
        body::{Body, Path, Query},
        limits::Public,
        problem::{Answer, Problem},
    },
    infra::{
        audit::{self, Stream},
        world::Snapshot,
    },
};

/// Most notices in an answer.
const SHOWN_MAX: i64 = 100;
/// Longest heading, characters.
const TITLE_MAX: usize = 60;
/// Longest text, characters.
const TEXT_MAX: usize = 2_000;
/// Longest time a notice may be shown, days.
const DAYS_MAX: i64 = 366;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(shown)).routes(routes!(list, write)).routes(routes!(change, remove))
}

/// A notice.
#[derive(Debug, Serialize, ToSchema)]
struct Notice {
    id: Uuid,
    /// The unit whose area it is for.
    unit: UnitId,
    /// Its name.
    unit_name: Name,
    title: String,
    text: String,
    /// From when on it is shown.
    #[schema(value_type = String, format = DateTime)]
    shown_from: Timestamp,
    /// Until before when.
    #[schema(value_type = String, format = DateTime)]
    shown_until: Timestamp,
}

impl Notice {
    /// None where the unit is no longer there.
    fn of(notice: PublicNotice, snapshot: &Snapshot) -> Option<Self> {
        let unit = snapshot.organisation.unit(&notice.unit.parse().ok()?)?;
        Some(Self {
            id: notice.id,
            unit: unit.id.clone(),
            unit_name: unit.name.clone(),
            title: notice.title,
            text: notice.text,
            shown_from: notice.shown_from,
            shown_until: notice.shown_until,
        })
    }
}

/// Where one is.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Where {
    /// Only what concerns this grid; all of the subdistrict where none is given.
    #[param(value_type = Option<String>)]
    grid: Option<UnitId>,
}

/// Notices shown now, the newest first.
#[utoipa::path(
    get, path = "/public/notices", tag = "public", params(Where),
    responses((status = 200, body = Vec<Notice>), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn shown(State(app): State<App>, _: Public, Query(here): Query<Where>) -> Answer<Json<Vec<Notice>>> {
    let snapshot = app.snapshot();
    let lineage = |grid: &UnitId| snapshot.organisation.lineage(grid).map(ToString::to_string).collect::<Vec<_>>();
    let units = here.grid.as_ref().map(lineage);
    let shown = move |tx: &mut ReadTx<'_>| public_notices::list(tx, Some(tx.now()), units.as_deref(), SHOWN_MAX);
    let notices = app.store.read(shown).await?;
    Ok(Json(notices.into_iter().filter_map(|notice| Notice::of(notice, &snapshot)).collect()))
}

/// All notices, the newest first, those of the past too.
#[utoipa::path(
    get, path = "/notices", tag = "notices",
    responses((status = 200, body = Vec<Notice>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn list(State(app): State<App>, staff: Staff) -> Answer<Json<Vec<Notice>>> {
    let notices = app.store.read(|tx| public_notices::list(tx, None, None, SHOWN_MAX)).await?;
    Ok(Json(notices.into_iter().filter_map(|notice| Notice::of(notice, &staff.snapshot)).collect()))
}

/// What is to be told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewNotice {
    /// The unit whose area it is for.
    unit: UnitId,
    /// Heading.
    #[schema(min_length = 1, max_length = 60)]
    title: String,
    /// Text.
    #[schema(min_length = 1, max_length = 2000)]
    text: String,
    /// From when on it is shown; at once where nothing is given.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    shown_from: Option<Timestamp>,
    /// Until before when.
    #[schema(value_type = String, format = DateTime)]
    shown_until: Timestamp,
}

impl NewNotice {
    /// Checks everything, and that this person may tell it there.
    fn checked(self, id: Uuid, staff: &Staff, now: Timestamp) -> Answer<PublicNotice> {
        staff.tells(&self.unit)?;
        let (title, text) = (self.title.trim(), self.text.trim());
        let bounded = |field: &str, text: &str, max: usize| match text.chars().count() {
            1.. if text.chars().count() <= max => Ok(()),
            _ => Err(Problem::field(field, format!("1 to {max} characters"), format!("应为 1 至 {max} 个字"))),
        };
        bounded("title", title, TITLE_MAX)?;
        bounded("text", text, TEXT_MAX)?;
        let from = self.shown_from.unwrap_or(now);
        let last = from.saturating_add((DAYS_MAX * 24).hours()).unwrap_or(Timestamp::MAX);
        if self.shown_until <= from || self.shown_until > last {
            return Err(Problem::field(
                "shown_until",
                format!("after it begins, and within {DAYS_MAX} days"),
                format!("应晚于开始时间，且不超过 {DAYS_MAX} 天"),
            ));
        }
        Ok(PublicNotice {
            id,
            unit: self.unit.to_string(),
            title: title.to_owned(),
            text: text.to_owned(),
            shown_from: from,
            shown_until: self.shown_until,
            by_actor: staff.actor.to_string(),
            at: now,
        })
    }
}

/// Tell residents something.
#[utoipa::path(
    post, path = "/notices", tag = "notices", request_body = NewNotice,
    responses((status = 201, body = Notice), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn write(
    State(app): State<App>,
    Announcer(staff): Announcer,
    Body(new): Body<NewNotice>,
) -> Answer<(StatusCode, Json<Notice>)> {
    let notice = new.checked(Uuid::now_v7(), &staff, app.now().await?)?;
    Ok((StatusCode::CREATED, Json(put(&app, &staff, notice, "notice_written").await?)))
}

/// Change a notice.
#[utoipa::path(
    put, path = "/notices/{notice}", tag = "notices", request_body = NewNotice,
    params(("notice" = String, Path, description = "Id of the notice")),
    responses((status = 200, body = Notice), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn change(
    State(app): State<App>,
    Announcer(staff): Announcer,
    Path(id): Path,
    Body(new): Body<NewNotice>,
) -> Answer<Json<Notice>> {
    let known = known(&app, &staff, &id).await?;
    let notice = new.checked(known.id, &staff, app.now().await?)?;
    put(&app, &staff, notice, "notice_changed").await.map(Json)
}

/// Take a notice away.
#[utoipa::path(
    delete, path = "/notices/{notice}", tag = "notices",
    params(("notice" = String, Path, description = "Id of the notice")),
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn remove(State(app): State<App>, Announcer(staff): Announcer, Path(id): Path) -> Answer<StatusCode> {
    let known = known(&app, &staff, &id).await?;
    let trace = trace(&staff.actor, "notice_removed", &known);
    app.store
        .write(move |tx| -> Result<(), StoreError> {
            public_notices::remove(tx, known.id)?;
            audit::record(tx, Stream::Organisation, trace.clone())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A notice that this person may change.
async fn known(app: &App, staff: &Staff, id: &str) -> Answer<PublicNotice> {
    let id: Uuid = id.parse().map_err(|_| Problem::not_found())?;
    let known = app.store.read(move |tx| public_notices::find(tx, id)).await?.ok_or_else(Problem::not_found)?;
    let unit = known.unit.parse().map_err(Problem::internal)?;
    staff.tells(&unit)?;
    Ok(known)
}

async fn put(app: &App, staff: &Staff, notice: PublicNotice, what: &str) -> Answer<Notice> {
    let (kept, trace) = (notice.clone(), trace(&staff.actor, what, &notice));
    app.store
        .write(move |tx| -> Result<(), StoreError> {
            public_notices::put(tx, &kept)?;
            audit::record(tx, Stream::Organisation, trace.clone())
        })
        .await?;
    Notice::of(notice, &staff.snapshot).ok_or_else(Problem::not_found)
}

fn trace(by: &Actor, what: &str, notice: &PublicNotice) -> audit::Trace {
    audit::trace(by, what, &serde_json::json!({ "notice": notice.id, "unit": notice.unit, "title": notice.title }))
}
