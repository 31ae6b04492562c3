//! Tables of cases in and out over HTTP 导入导出: the list with its filters as a file, a table of records as cases, and the
//! template to fill in. What the rows mean is the exchange's; here is only who may, how much, and how far it is.
//!
//! A table that is brought in tells who its reporters are. It is kept in a folder of its own while it is read, and goes
//! with the answer.

use std::path::Path;

use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tempfile::TempDir;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::list::ListQuery;
use crate::{
    app::App,
    exchange::{
        ExchangeError, export,
        import::{self, Import, Report},
        mapping::{self, Mapping},
        table::Table,
        template,
    },
    http::{
        auth::{Registrar, Staff},
        body::{Body, Query, Tongue, Upload},
        problem::{Answer, Problem},
        progress::{self, Done, Progress},
    },
};

/// Largest table, MiB: some hundred thousand rows.
const TABLE_MAX_MIB: usize = 64;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(bring_in))
        .layer(DefaultBodyLimit::max(TABLE_MAX_MIB << 20))
        .routes(routes!(take_out))
        .routes(routes!(empty))
}

/// The form of a table.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TableForm {
    Csv,
    Xlsx,
    Jsonl,
}

impl TableForm {
    fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Jsonl => "jsonl",
        }
    }
}

/// What to take out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TakeOut {
    /// Form of the file.
    form: TableForm,
    /// Language of the headings.
    #[serde(default)]
    language: Tongue,
    /// Which cases: the filters of the list. `cursor` and `limit` are not looked at: all come, newest first.
    #[serde(default)]
    only: ListQuery,
}

/// Take the cases of a list out as a table; never who their reporters are.
#[utoipa::path(
    post, path = "/cases/export", tag = "cases", request_body = TakeOut,
    responses(
        (status = 200, content_type = "application/x-jiban-progress", body = Vec<u8>, description = "Lines `{progress: {cases}}`, then `{done: {cases}, file: {name, bytes}}` or `{problem}`, then the file's bytes"),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    ),
    security(("session" = []))
)]
async fn take_out(State(app): State<App>, staff: Staff, Body(given): Body<TakeOut>) -> Answer<Response> {
    let mut wanted = given.only.wanted(&staff)?;
    let now = app.now().await?;
    wanted.due_before = given.only.due_before(now);
    wanted.open = given.only.only_open().then_some(true);
    wanted.cursor = None;
    let folder = folder()?;
    let name = format!("jiban-{}.{}", now.strftime("%Y%m%d-%H%M%S"), given.form.extension());
    let path = folder.path().join(&name);
    Ok(progress::answer(move |far: Progress| async move {
        let say = |cases| far.tell(&json!({ "cases": cases }));
        let cases = export::run(&app, &path, wanted, given.language.into(), &staff.actor, say).await?;
        Ok(Done { report: json!({ "cases": cases }), file: Some((path, name)), folder })
    }))
}

/// What is brought in.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct BringIn {
    /// Form of the table.
    #[param(inline)]
    form: TableForm,
    /// Name of the source: its numbers are known by it, so that nothing comes in twice.
    #[serde(default)]
    #[param(min_length = 1, max_length = 32)]
    source: Option<String>,
    /// Look at every row and store nothing.
    #[serde(default)]
    dry_run: bool,
}

/// How far an import is.
#[derive(Debug, Serialize)]
struct Far<'a> {
    /// What became of the rows so far.
    #[serde(flatten)]
    report: &'a Report,
    /// How much of the table was read, of 1; none where its length tells nothing.
    part: Option<f64>,
}

/// Bring in a table of cases with the template's headings; the body is the file. The file that comes back holds the rows
/// that were not taken, with reasons.
#[utoipa::path(
    post, path = "/cases/import", tag = "cases", params(BringIn),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, content_type = "application/x-jiban-progress", body = Vec<u8>, description = "Lines `{progress}`, then `{done, file}` or `{problem}`, then the bytes of the file of refused rows"),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    ),
    security(("session" = []))
)]
async fn bring_in(
    State(app): State<App>,
    Registrar(_): Registrar,
    Query(query): Query<BringIn>,
    Upload(table): Upload,
) -> Answer<Response> {
    let source = query.source.unwrap_or_else(|| template::SOURCE.to_owned());
    if !mapping::is_source(&source) {
        let most = mapping::SOURCE_MAX;
        let needs = format!("1 to {most} letters, digits, or . _ -");
        return Err(Problem::field("source", needs, format!("应为 1 至 {most} 个英文字母、数字或 . _ -")));
    }
    let folder = folder()?;
    let file = folder.path().join(format!("table.{}", query.form.extension()));
    keep(&file, table).await?;
    let mapping = known_mapping(&app, &file, &source).await?;
    let name = "refused.csv".to_owned();
    let import = Import { file, mapping, refused: folder.path().join(&name), dry_run: query.dry_run };
    let whole = matches!(query.form, TableForm::Csv | TableForm::Jsonl).then(|| import::length(&import.file)).flatten();
    Ok(progress::answer(move |far: Progress| async move {
        let say = |report: &Report, read: u64| {
            let part = whole.filter(|whole| *whole > 0).map(|whole| (read as f64 / whole as f64).min(1.0));
            far.tell(&Far { report, part });
        };
        let mut report = import::run(&app, &import, say).await?;
        let file = report.refused_file.take().map(|_| (import.refused, name));
        Ok(Done { report: json!(report), file, folder })
    }))
}

/// The mapping of a table whose headings are the program's own.
async fn known_mapping(app: &App, file: &Path, source: &str) -> Answer<Mapping> {
    let mut table = Table::open(file, b',').await?;
    let headings = match &table.headings {
        Some(headings) => headings.names().to_vec(),
        None => table.next().await?.map(|row| row.headings().to_vec()).unwrap_or_default(),
    };
    let known = template::recognise(&app.snapshot().policy, &headings, source)?;
    known.ok_or_else(|| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "unknown_headings",
            "the first row does not hold the template's headings; take the template, or bring other tables in with 'jiban import cases --mapping'",
            "首行不是导入模板的表头：请使用导入模板，其他格式的表格可由管理员用命令行按列映射导入",
        )
    })
}

/// Which template.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Empty {
    /// Language of the headings.
    #[serde(default)]
    #[param(inline)]
    language: Tongue,
}

/// The template of a table of cases: a spreadsheet with the headings, and a sheet of the codes that may stand in it.
#[utoipa::path(
    get, path = "/cases/import-template", tag = "cases", params(Empty),
    responses(
        (status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    ),
    security(("session" = []))
)]
async fn empty(staff: Staff, Query(query): Query<Empty>) -> Answer<(HeaderMap, Bytes)> {
    let made = tokio::task::spawn_blocking(move || {
        let folder = folder()?;
        let path = folder.path().join("template.xlsx");
        template::write(&path, &staff.snapshot.policy, &staff.snapshot.organisation, query.language.into())?;
        std::fs::read(&path).map_err(Problem::internal)
    });
    let bytes = made.await.map_err(Problem::internal)??;
    let headers = HeaderMap::from_iter([
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"jiban-template.xlsx\"")),
    ]);
    Ok((headers, bytes.into()))
}

/// A folder that only this account may read, gone when it is dropped.
fn folder() -> Answer<TempDir> {
    tempfile::tempdir().map_err(Problem::internal)
}

async fn keep(file: &Path, bytes: Bytes) -> Answer<()> {
    tokio::fs::write(file, bytes).await.map_err(Problem::internal)
}

/// What a table is at fault for is told; it is the reader's own.
impl From<ExchangeError> for Problem {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::File { why, .. } => table_fault(&why),
            ExchangeError::Mapping(why) | ExchangeError::Option(why) => table_fault(&why),
            ExchangeError::Desk(why) => Self::internal(why),
        }
    }
}

fn table_fault(why: &str) -> Problem {
    let title = format!("the table cannot be read: {why}");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_table", title, format!("表格无法处理：{why}"))
}
