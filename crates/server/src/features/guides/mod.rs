//! Guides to services over HTTP 办事指南: written by the liaison office, communities and leaders for areas they reach, read and
//! searched by anybody. What somebody searches for stands in the body: it may say more of them than they would have kept.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use jiban_domain::{
    guide::{Act, Guide, Text},
    ids::{GuideId, UnitId},
    neighbourhood::Section,
    policy::Name,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    ahead::guides::{self, Search},
    app::App,
    http::{
        auth::{Announcer, Staff, expected},
        body::{Body, Path, Query, within},
        limits::Public,
        problem::{Answer, Problem},
    },
    infra::world::Snapshot,
};

/// Longest search, characters.
const WORDS_MAX: usize = 60;
/// Most guides in an answer to residents.
const SHOWN_MAX: usize = 50;
/// Most drafts and withdrawn guides in one answer to staff.
const PAGE_MAX: u32 = 200;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(find_guides))
        .routes(routes!(read_guide))
        .routes(routes!(list, write))
        .routes(routes!(import))
        .routes(routes!(act))
}

/// What somebody looks for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GuideSearch {
    /// In their own words; everything where none is given.
    #[serde(default)]
    #[schema(max_length = 60)]
    words: String,
    /// Of this section only.
    #[serde(default)]
    section: Option<Section>,
    /// Only what concerns this grid.
    #[serde(default)]
    grid: Option<UnitId>,
}

/// A guide in a list.
#[derive(Debug, Serialize, ToSchema)]
struct GuideLine {
    id: GuideId,
    title: String,
    section: Section,
    /// Name of the unit for whose area it is.
    unit_name: Name,
}

/// A guide with the name of its unit.
#[derive(Debug, Serialize, ToSchema)]
struct GuideView {
    guide: Guide,
    /// Name of the unit for whose area it is.
    unit_name: Name,
    /// Whether the reader may change it.
    mine: bool,
}

fn unit_name(snapshot: &Snapshot, guide: &Guide) -> Name {
    let code = || Name { zh: guide.unit.to_string(), en: guide.unit.to_string() };
    snapshot.organisation.unit(&guide.unit).map_or_else(code, |unit| unit.name.clone())
}

fn view(staff: &Staff, guide: Guide) -> GuideView {
    GuideView { unit_name: unit_name(&staff.snapshot, &guide), mine: guides::changes(staff, &guide), guide }
}

/// Published guides that fit, the best first, fifty at most.
#[utoipa::path(
    post, path = "/public/guides", tag = "public", request_body = GuideSearch,
    responses((status = 200, body = Vec<GuideLine>), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn find_guides(
    State(app): State<App>,
    _: Public,
    Body(asked): Body<GuideSearch>,
) -> Answer<Json<Vec<GuideLine>>> {
    if asked.words.chars().count() > WORDS_MAX {
        let (en, zh) = (format!("at most {WORDS_MAX} characters"), format!("最多 {WORDS_MAX} 个字"));
        return Err(Problem::field("words", en, zh));
    }
    let snapshot = app.snapshot();
    let asked = Search { words: asked.words, section: asked.section, grid: asked.grid };
    let found = guides::search(&app, &snapshot, asked).await?;
    let line = |guide: Guide| GuideLine {
        unit_name: unit_name(&snapshot, &guide),
        id: guide.id,
        title: guide.text.title,
        section: guide.text.section,
    };
    Ok(Json(found.into_iter().take(SHOWN_MAX).map(line).collect()))
}

/// A published guide.
#[utoipa::path(
    get, path = "/public/guides/{guide}", tag = "public",
    params(("guide" = String, Path, description = "Id of the guide")),
    responses((status = 200, body = GuideView), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn read_guide(State(app): State<App>, _: Public, path: Path) -> Answer<Json<GuideView>> {
    let mut guide = guides::published(&app, path.id()?).await?;
    // Who wrote it is the house's business.
    guide.by = String::new();
    let unit_name = unit_name(&app.snapshot(), &guide);
    Ok(Json(GuideView { guide, unit_name, mine: false }))
}

/// Which guides.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Drafts and withdrawn ones written before this one: the `next` of the page before. Published ones stand on the first page.
    before: Option<Uuid>,
    /// How many drafts and withdrawn ones, at most 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of guides.
#[derive(Debug, Serialize, ToSchema)]
struct Guides {
    /// Those published, the newest first, all of them on the first page; then drafts and withdrawn ones, the newest first.
    guides: Vec<GuideView>,
    /// Send as `before` for more drafts and withdrawn ones; none at the end.
    next: Option<Uuid>,
}

/// Guides as staff see them: all that are published, then drafts and withdrawn ones.
#[utoipa::path(
    get, path = "/guides", tag = "guides", params(Which),
    responses((status = 200, body = Guides), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn list(State(app): State<App>, staff: Staff, Query(which): Query<Which>) -> Answer<Json<Guides>> {
    let limit = within("limit", which.limit, 100, 1..=PAGE_MAX)?;
    let mut guides = if which.before.is_none() { guides::all_published(&app).await? } else { Vec::new() };
    let page = guides::unpublished(&app, which.before, limit).await?;
    guides.extend(page.works);
    Ok(Json(Guides { guides: guides.into_iter().map(|guide| view(&staff, guide)).collect(), next: page.next }))
}

/// A new guide.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewGuide {
    /// The unit for whose area it is.
    unit: UnitId,
    /// What it says.
    text: Text,
}

/// Write a guide; it is a draft until it is published.
#[utoipa::path(
    post, path = "/guides", tag = "guides", request_body = NewGuide,
    responses((status = 201, body = GuideView), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn write(
    State(app): State<App>,
    Announcer(staff): Announcer,
    Body(new): Body<NewGuide>,
) -> Answer<(StatusCode, Json<GuideView>)> {
    let guide = guides::write(&app, &staff, new.unit, new.text).await?;
    Ok((StatusCode::CREATED, Json(view(&staff, guide))))
}

/// A table of guides.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GuidesImport {
    /// CSV with the columns `title, section, unit, text`, and `who, bring, place, hours, phone` where known, in any order, or
    /// with their Chinese headings 标题、板块、单位、办理流程、办理对象、所需材料、办理地点、办理时间、咨询电话.
    table: String,
    /// Whether they are shown to everybody at once.
    #[serde(default)]
    publish: bool,
}

/// Take over a table of guides: a row whose unit and title are known changes that guide, any other is new.
#[utoipa::path(
    post, path = "/guides/import", tag = "guides", request_body = GuidesImport,
    responses((status = 200, body = guides::Imported), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn import(
    State(app): State<App>,
    Announcer(staff): Announcer,
    Body(given): Body<GuidesImport>,
) -> Answer<Json<guides::Imported>> {
    Ok(Json(guides::import(&app, &staff, &given.table, given.publish).await?))
}

/// Change, publish or withdraw a guide.
#[utoipa::path(
    post, path = "/guides/{guide}/acts", tag = "guides", request_body = Act,
    params(
        ("guide" = String, Path, description = "Id of the guide"),
        ("If-Match" = Option<String>, Header, pattern = "^(\"[0-9]{1,18}\"|[0-9]{1,18})$", description = "Version seen, in quotes; refused with 409 when somebody else has changed the guide since")
    ),
    responses((status = 200, body = GuideView), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn act(
    State(app): State<App>,
    Announcer(staff): Announcer,
    path: Path,
    headers: HeaderMap,
    Body(act): Body<Act>,
) -> Answer<Json<GuideView>> {
    let guide = guides::act(&app, &staff, path.id()?, act, expected(&headers)?).await?;
    Ok(Json(view(&staff, guide)))
}
