//! Reports and bulletins over HTTP 分析通报: any unit and period as data, as a document for the page, as a file; and those that
//! are kept, with the office's proposals, archived with the hash of their data.

use axum::{Json, extract::State, response::Response};
use jiban_domain::{
    ids::UnitId,
    policy::{BulletinKind, Language},
};
use jiban_office::Document;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::App,
    assess::{
        bulletins::{self, Bulletin},
        paper,
        period::Period,
        report::{self, Report},
    },
    desk::tally,
    http::{
        auth::{Assessor, Staff, Writer},
        body::{Body, Path, Query, Tongue, within},
        problem::{Answer, Problem},
    },
    infra::press::{self, DocumentFile, Form, How},
};

/// Most bulletins in one answer.
const PAGE_MAX: u32 = 200;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(live))
        .routes(routes!(live_file))
        .routes(routes!(list, make))
        .routes(routes!(one, propose))
        .routes(routes!(archive))
        .routes(routes!(file))
}

/// Which report.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Which kind.
    #[param(inline)]
    kind: BulletinKind,
    /// First day; with `to`, else the latest whole period that is over.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<Date>,
    /// Last day.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<Date>,
    /// About which unit; the reader's own where none is given.
    #[param(value_type = Option<String>)]
    unit: Option<UnitId>,
    /// Language of the document.
    #[serde(default)]
    #[param(inline)]
    language: Tongue,
    /// Form of the file; not looked at where none is asked for.
    #[param(inline)]
    form: Option<Form>,
}

async fn period(
    app: &App,
    staff: &Staff,
    kind: BulletinKind,
    (from, to): (Option<Date>, Option<Date>),
) -> Answer<Period> {
    match (from, to) {
        (Some(from), Some(to)) => Period::new(from, to),
        (None, None) => {
            let today = app.now().await?.to_zoned(staff.snapshot.calendar.zone().clone()).date();
            Period::before(kind, today).map_err(Problem::internal)
        }
        _ => Err(Problem::field("to", "both 'from' and 'to', or neither", "from 和 to 须同时填写或都不填")),
    }
}

/// A report with its document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportShown)]
struct Told {
    /// The figures.
    report: Report,
    /// The same as a document.
    document: Document,
    /// Its charts drawn, as SVG, in the order in which they stand in the document.
    charts: Vec<String>,
}

fn told(staff: &Staff, report: Report, language: Language, hash: Option<&str>) -> Told {
    let document = paper::document(&report, &staff.snapshot, language, hash);
    let charts = press::charts(&document);
    Told { report, document, charts }
}

/// A report of any unit and period, made now and not kept.
#[utoipa::path(
    get, path = "/reports", tag = "bulletins", params(Which),
    responses((status = 200, body = Told), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn live(State(app): State<App>, Assessor(staff): Assessor, Query(which): Query<Which>) -> Answer<Json<Told>> {
    let (report, language) = made(&app, &staff, which).await?;
    Ok(Json(told(&staff, report, language, None)))
}

async fn made(app: &App, staff: &Staff, which: Which) -> Answer<(Report, Language)> {
    let period = period(app, staff, which.kind, (which.from, which.to)).await?;
    let unit = staff.unit(which.unit)?;
    tally::catch_up(app, tally::BESIDE_PEOPLE, |_| {}).await?;
    Ok((report::make(app, which.kind, &unit, period).await?, which.language.into()))
}

/// The same as a file.
#[utoipa::path(
    get, path = "/reports/file", tag = "bulletins", params(Which),
    responses(
        DocumentFile,
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    ),
    security(("session" = []))
)]
async fn live_file(State(app): State<App>, Assessor(staff): Assessor, Query(which): Query<Which>) -> Answer<Response> {
    let form = which.form.ok_or_else(Form::missing)?;
    let (report, language) = made(&app, &staff, which).await?;
    let name = name(&report);
    let document = told(&staff, report, language, None).document;
    app.press.file(document, form, &name).await
}

fn name(report: &Report) -> String {
    format!("{}-{}-{}", report.kind.as_str(), report.period.first, report.period.last)
}

/// Which bulletins.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Page {
    /// Id of the last bulletin of the page before.
    before: Option<Uuid>,
    /// How many, at most 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A bulletin in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulletinKept)]
struct Kept {
    id: Uuid,
    kind: BulletinKind,
    unit: UnitId,
    period: Period,
    archived: bool,
    #[schema(value_type = String, format = DateTime)]
    at: jiff::Timestamp,
    /// SHA-256 of its data, in hex.
    hash: String,
    /// Cases registered in it.
    registered: i64,
}

/// Bulletins that are kept, the newest first.
#[utoipa::path(
    get, path = "/bulletins", tag = "bulletins", params(Page),
    responses((status = 200, body = Vec<Kept>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn list(State(app): State<App>, Assessor(staff): Assessor, Query(page): Query<Page>) -> Answer<Json<Vec<Kept>>> {
    let limit = within("limit", page.limit, 50, 1..=PAGE_MAX)?;
    let found = bulletins::list(&app, staff.units_below(), page.before, i64::from(limit)).await?;
    let kept = found.into_iter().map(|bulletin| Kept {
        id: bulletin.id,
        kind: bulletin.report.kind,
        registered: bulletin.report.now(jiban_domain::figures::Count::Registered),
        unit: bulletin.report.unit,
        period: bulletin.report.period,
        archived: bulletin.archived,
        at: bulletin.at,
        hash: bulletin.hash,
    });
    Ok(Json(kept.collect()))
}

/// A bulletin to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BulletinMake)]
struct Make {
    kind: BulletinKind,
    /// First day; with `to`, else the latest whole period that is over.
    #[schema(value_type = Option<String>, format = Date)]
    from: Option<Date>,
    /// Last day.
    #[schema(value_type = Option<String>, format = Date)]
    to: Option<Date>,
    /// About which unit; the writer's own where none is given.
    #[schema(value_type = Option<String>)]
    unit: Option<UnitId>,
}

/// A bulletin with its document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulletinShown)]
struct Shown {
    /// The bulletin.
    bulletin: Bulletin,
    /// The same as a document.
    document: Document,
    /// Its charts drawn, as SVG, in the order in which they stand in the document.
    charts: Vec<String>,
}

fn shown(staff: &Staff, bulletin: Bulletin, language: Language) -> Shown {
    let hash = bulletin.archived.then_some(bulletin.hash.as_str());
    let Told { document, charts, .. } = told(staff, bulletin.report.clone(), language, hash);
    Shown { document, charts, bulletin }
}

/// Make the bulletin of a period, or a draft of it anew with its proposals kept.
#[utoipa::path(
    post, path = "/bulletins", tag = "bulletins", request_body = Make,
    responses((status = 200, body = Shown), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn make(State(app): State<App>, Writer(staff): Writer, Body(make): Body<Make>) -> Answer<Json<Shown>> {
    let period = period(&app, &staff, make.kind, (make.from, make.to)).await?;
    let unit = staff.unit(make.unit)?;
    let bulletin = bulletins::make(&app, make.kind, &unit, period).await?;
    Ok(Json(shown(&staff, bulletin, Language::Zh)))
}

async fn seen(app: &App, staff: &Staff, path: Path) -> Answer<Bulletin> {
    let bulletin = bulletins::find(app, path.id()?).await?;
    staff.unit(Some(bulletin.report.unit.clone()))?;
    Ok(bulletin)
}

/// One bulletin.
#[utoipa::path(
    get, path = "/bulletins/{bulletin}", tag = "bulletins",
    params(("bulletin" = String, Path, description = "Id of the bulletin"), How),
    responses((status = 200, body = Shown), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn one(
    State(app): State<App>,
    Assessor(staff): Assessor,
    path: Path,
    Query(how): Query<How>,
) -> Answer<Json<Shown>> {
    let bulletin = seen(&app, &staff, path).await?;
    Ok(Json(shown(&staff, bulletin, how.language.into())))
}

/// The office's own part.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BulletinProposals)]
struct Proposals {
    /// Proposals 意见建议, a paragraph a line.
    #[schema(max_length = 20000)]
    proposals: String,
}

/// Put the office's proposals into a draft.
#[utoipa::path(
    put, path = "/bulletins/{bulletin}", tag = "bulletins", request_body = Proposals,
    params(("bulletin" = String, Path, description = "Id of the bulletin")),
    responses((status = 200, body = Shown), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn propose(
    State(app): State<App>,
    Writer(staff): Writer,
    path: Path,
    Body(given): Body<Proposals>,
) -> Answer<Json<Shown>> {
    let bulletin = seen(&app, &staff, path).await?;
    let bulletin = bulletins::propose(&app, bulletin.id, given.proposals).await?;
    Ok(Json(shown(&staff, bulletin, Language::Zh)))
}

/// Archive a draft as it stands and tell whom the policy names 存档报送. It never changes after that.
#[utoipa::path(
    post, path = "/bulletins/{bulletin}/archive", tag = "bulletins",
    params(("bulletin" = String, Path, description = "Id of the bulletin")),
    responses((status = 200, body = Shown), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn archive(State(app): State<App>, Writer(staff): Writer, path: Path) -> Answer<Json<Shown>> {
    let bulletin = seen(&app, &staff, path).await?;
    let bulletin = bulletins::archive(&app, bulletin.id, staff.actor.clone()).await?;
    Ok(Json(shown(&staff, bulletin, Language::Zh)))
}

/// A bulletin as a file.
#[utoipa::path(
    get, path = "/bulletins/{bulletin}/file", tag = "bulletins",
    params(("bulletin" = String, Path, description = "Id of the bulletin"), How),
    responses(
        DocumentFile,
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    ),
    security(("session" = []))
)]
async fn file(
    State(app): State<App>,
    Assessor(staff): Assessor,
    path: Path,
    Query(how): Query<How>,
) -> Answer<Response> {
    let form = how.form.ok_or_else(Form::missing)?;
    let bulletin = seen(&app, &staff, path).await?;
    let name = name(&bulletin.report);
    app.press.file(shown(&staff, bulletin, how.language.into()).document, form, &name).await
}
