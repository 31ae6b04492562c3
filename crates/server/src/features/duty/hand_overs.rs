//! Hand-over sheets over HTTP 交接班记录: filled in, written, signed, printed; and the turns that have none.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use jiban_domain::{
    hand_over::{HandOver, Open, Unhanded},
    ids::{PersonId, PostId, UnitId},
    organisation::ShiftKey,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::PAGE_MAX;
use crate::{
    ahead::{hand_over_paper, hand_overs, works},
    app::App,
    http::{
        auth::Staff,
        body::{Body, Path, Query, within},
        problem::{Answer, Problem},
    },
    infra::press::{DocumentFile, Form, How},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sheets, write))
        .routes(routes!(draft))
        .routes(routes!(sign))
        .routes(routes!(file))
}

/// Which sheets.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Those written before this one: the `next` of the page before.
    before: Option<Uuid>,
    /// How many, at most 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of sheets.
#[derive(Debug, Serialize, ToSchema)]
struct HandOvers {
    sheets: Vec<SheetShown>,
    /// Turns of the last seven days that ended without a sheet, the latest first.
    missing: Vec<Unhanded>,
    /// Send as `before` for the next page; none at the end.
    next: Option<Uuid>,
}

/// A sheet as the reader sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HandOverShown)]
struct SheetShown {
    #[serde(flatten)]
    sheet: HandOver,
    /// Whether the reader takes over and may sign it.
    signs: bool,
}

/// Sheets in the reader's reach, the newest first, and turns that ended without one.
#[utoipa::path(
    get, path = "/duty/hand-overs", tag = "duty", params(Which),
    responses((status = 200, body = HandOvers), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn sheets(State(app): State<App>, staff: Staff, Query(which): Query<Which>) -> Answer<Json<HandOvers>> {
    let limit = within("limit", which.limit, 20, 1..=PAGE_MAX)?;
    let reader = staff.clone();
    let sees = move |sheet: &HandOver| hand_overs::sees(&reader, sheet);
    let page = works::page(&app, None, which.before, limit, sees).await?;
    let sheets =
        page.works.into_iter().map(|sheet| SheetShown { signs: hand_overs::signs(&staff, &sheet), sheet }).collect();
    Ok(Json(HandOvers { sheets, missing: hand_overs::missing(&app, &staff).await?, next: page.next }))
}

/// Which turn of the reader's own.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct OwnTurn {
    /// Of which unit.
    #[param(value_type = String)]
    unit: UnitId,
    /// Which post.
    #[param(value_type = String)]
    post: PostId,
    /// Whose: the reader's.
    #[param(value_type = String)]
    person: PersonId,
    /// When it begins.
    #[param(value_type = String, format = DateTime)]
    from: Timestamp,
}

/// What a sheet of one's own turn would tell now.
#[utoipa::path(
    get, path = "/duty/hand-overs/draft", tag = "duty", params(OwnTurn),
    responses((status = 200, body = Open), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn draft(State(app): State<App>, staff: Staff, Query(own): Query<OwnTurn>) -> Answer<Json<Open>> {
    let shift = ShiftKey { unit: own.unit, post: own.post, person: own.person, from: own.from };
    Ok(Json(hand_overs::draft(&app, &staff, shift).await?))
}

/// A sheet to write. What is open the program fills in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSheet {
    /// The turn that ends: one of the reader's own.
    shift: ShiftKey,
    /// What there is to say; personal numbers are masked.
    #[schema(min_length = 1, max_length = 2000)]
    note: String,
}

/// Write the sheet of one's own turn.
#[utoipa::path(
    post, path = "/duty/hand-overs", tag = "duty", request_body = NewSheet,
    responses((status = 201, body = HandOver), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn write(
    State(app): State<App>,
    staff: Staff,
    Body(new): Body<NewSheet>,
) -> Answer<(StatusCode, Json<HandOver>)> {
    Ok((StatusCode::CREATED, Json(hand_overs::write(&app, &staff, new.shift, new.note).await?)))
}

/// Sign a sheet that one takes over.
#[utoipa::path(
    post, path = "/duty/hand-overs/{sheet}/sign", tag = "duty",
    params(("sheet" = String, Path, description = "Id of the sheet")),
    responses((status = 200, body = HandOver), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn sign(State(app): State<App>, staff: Staff, path: Path) -> Answer<Json<HandOver>> {
    Ok(Json(hand_overs::sign(&app, &staff, path.id()?).await?))
}

/// A sheet as a file.
#[utoipa::path(
    get, path = "/duty/hand-overs/{sheet}/file", tag = "duty",
    params(("sheet" = String, Path, description = "Id of the sheet"), How),
    responses(
        DocumentFile,
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    ),
    security(("session" = []))
)]
async fn file(State(app): State<App>, staff: Staff, path: Path, Query(how): Query<How>) -> Answer<Response> {
    let form = how.form.ok_or_else(Form::missing)?;
    let sheet = hand_overs::find(&app, &staff, path.id()?).await?;
    let document = hand_over_paper::document(&sheet, &staff.snapshot, how.language.into());
    app.press.file(document, form, &format!("hand-over-{}", sheet.id)).await
}
