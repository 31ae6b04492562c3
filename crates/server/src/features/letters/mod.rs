//! Letters over HTTP 函件: the ledger of all, drafts to edit, issue or withdraw, answers of the units, the letter as a file.
//!
//! The liaison office writes, a leader signs, the unit that a letter is about reads it once it is out and answers.

use axum::{Json, extract::State, response::Response};
use jiban_domain::{ids::UnitId, organisation::Role, policy::LetterKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::App,
    assess::letters::{self, Letter, LetterState},
    desk::tally,
    http::{
        auth::{Assessor, Overseer, Signatory, Staff, Writer},
        body::{Body, Path, Query, Tongue, within},
        problem::{Answer, Problem},
    },
    infra::press::{DocumentFile, Form},
};

/// Most letters in one answer.
const PAGE_MAX: u32 = 200;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, begin))
        .routes(routes!(by_rules))
        .routes(routes!(ledger))
        .routes(routes!(one, edit))
        .routes(routes!(issue))
        .routes(routes!(withdraw))
        .routes(routes!(acknowledge))
        .routes(routes!(file))
}

/// Whether this person may read the letter: who judges, within their reach; who works for the unit, once it is out.
fn sees(staff: &Staff, letter: &Letter) -> bool {
    let is_out = matches!(letter.state, LetterState::Issued | LetterState::Acknowledged);
    staff.reaches(&letter.unit) && (Assessor::is(staff) || (is_out && letter.kind != LetterKind::Referral))
}

async fn seen(app: &App, staff: &Staff, path: Path) -> Answer<Letter> {
    let letter = letters::find(app, path.id()?).await?;
    if sees(staff, &letter) { Ok(letter) } else { Err(Problem::not_found()) }
}

/// Which letters.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Only in this state.
    #[param(inline)]
    state: Option<LetterState>,
    /// Id of the last letter of the page before.
    before: Option<Uuid>,
    /// How many, at most 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of letters.
#[derive(Debug, Serialize, ToSchema)]
struct Letters {
    letters: Vec<Letter>,
    /// Send as `before` for the next page; none at the end.
    next: Option<Uuid>,
}

/// The ledger of letters, the newest first.
#[utoipa::path(
    get, path = "/letters", tag = "letters", params(Which),
    responses((status = 200, body = Letters), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn list(State(app): State<App>, staff: Staff, Query(which): Query<Which>) -> Answer<Json<Letters>> {
    let limit = within("limit", which.limit, 50, 1..=PAGE_MAX)?;
    let found = letters::list(&app, Some(staff.units_below()), which.state, which.before, i64::from(limit)).await?;
    let next = found.last().map(|letter| letter.id).filter(|_| found.len() == limit as usize);
    let letters = found.into_iter().filter(|letter| sees(&staff, letter)).collect();
    Ok(Json(Letters { letters, next }))
}

/// A letter to begin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewLetter {
    kind: LetterKind,
    /// The unit it is about.
    #[schema(value_type = String)]
    unit: UnitId,
    /// What it says.
    #[schema(min_length = 1, max_length = 4000)]
    text: String,
}

/// Begin a letter by hand.
#[utoipa::path(
    post, path = "/letters", tag = "letters", request_body = NewLetter,
    responses((status = 200, body = Letter), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn begin(State(app): State<App>, Writer(staff): Writer, Body(new): Body<NewLetter>) -> Answer<Json<Letter>> {
    let unit = staff.unit(Some(new.unit))?;
    Ok(Json(letters::begin(&app, &staff, new.kind, unit, new.text).await?))
}

/// Letters in one ledger, at most.
const LEDGER_MAX: i64 = 10_000;

/// The ledger of letters as a file 函件台账: what the list shows, the newest first, ten thousand at most.
#[utoipa::path(
    get, path = "/letters/ledger", tag = "letters", params(Printed),
    responses(
        DocumentFile,
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    ),
    security(("session" = []))
)]
async fn ledger(State(app): State<App>, staff: Staff, Query(printed): Query<Printed>) -> Answer<Response> {
    let found = letters::list(&app, Some(staff.units_below()), None, None, LEDGER_MAX).await?;
    let seen: Vec<Letter> = found.into_iter().filter(|letter| sees(&staff, letter)).collect();
    let document = letters::ledger(&seen, &staff.snapshot, printed.language.into());
    app.press.file(document, printed.form, "letters").await
}

/// Draft what the policy's rules call for now; else it is done every night.
#[utoipa::path(
    post, path = "/letters/draft", tag = "letters",
    responses((status = 200, body = Vec<Letter>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn by_rules(State(app): State<App>, _: Writer) -> Answer<Json<Vec<Letter>>> {
    tally::catch_up(&app, tally::BESIDE_PEOPLE, |_| {}).await?;
    Ok(Json(letters::draft_by_rules(&app).await?))
}

/// One letter.
#[utoipa::path(
    get, path = "/letters/{letter}", tag = "letters", params(("letter" = String, Path, description = "Id of the letter")),
    responses((status = 200, body = Letter), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn one(State(app): State<App>, staff: Staff, path: Path) -> Answer<Json<Letter>> {
    Ok(Json(seen(&app, &staff, path).await?))
}

/// Words of a letter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LetterText)]
struct Text {
    /// What it says.
    #[schema(min_length = 1, max_length = 4000)]
    text: String,
}

/// Change the words of a draft.
#[utoipa::path(
    put, path = "/letters/{letter}", tag = "letters", request_body = Text,
    params(("letter" = String, Path, description = "Id of the letter")),
    responses((status = 200, body = Letter), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn edit(
    State(app): State<App>,
    Writer(staff): Writer,
    path: Path,
    Body(text): Body<Text>,
) -> Answer<Json<Letter>> {
    let letter = seen(&app, &staff, path).await?;
    Ok(Json(letters::edit(&app, &staff, letter.id, text.text).await?))
}

/// Issue a draft: it gets its number and goes out 签发.
#[utoipa::path(
    post, path = "/letters/{letter}/issue", tag = "letters",
    params(("letter" = String, Path, description = "Id of the letter")),
    responses((status = 200, body = Letter), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn issue(State(app): State<App>, Signatory(staff): Signatory, path: Path) -> Answer<Json<Letter>> {
    let letter = seen(&app, &staff, path).await?;
    Ok(Json(letters::issue(&app, &staff, letter.id).await?))
}

/// Why something is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LetterNote)]
struct Note {
    /// Why.
    #[schema(min_length = 1, max_length = 4000)]
    note: String,
}

/// Do not issue a draft, with why 不予签发.
#[utoipa::path(
    post, path = "/letters/{letter}/withdraw", tag = "letters", request_body = Note,
    params(("letter" = String, Path, description = "Id of the letter")),
    responses((status = 200, body = Letter), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn withdraw(
    State(app): State<App>,
    Overseer(staff): Overseer,
    path: Path,
    Body(note): Body<Note>,
) -> Answer<Json<Letter>> {
    let letter = seen(&app, &staff, path).await?;
    Ok(Json(letters::withdraw(&app, &staff, letter.id, note.note).await?))
}

/// What the unit answers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LetterReply)]
struct Reply {
    /// What was done about it.
    #[schema(min_length = 1, max_length = 4000)]
    answer: String,
}

/// Answer an issued letter, for the unit that it went to 反馈.
#[utoipa::path(
    post, path = "/letters/{letter}/acknowledge", tag = "letters", request_body = Reply,
    params(("letter" = String, Path, description = "Id of the letter")),
    responses((status = 200, body = Letter), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn acknowledge(
    State(app): State<App>,
    staff: Staff,
    path: Path,
    Body(reply): Body<Reply>,
) -> Answer<Json<Letter>> {
    let letter = seen(&app, &staff, path).await?;
    let addressed = match letter.kind {
        LetterKind::Referral => staff.holds(Role::Discipline),
        LetterKind::Commendation | LetterKind::Reminder => staff.works_for(&letter.unit),
    };
    if !addressed {
        return Err(Problem::forbidden());
    }
    Ok(Json(letters::acknowledge(&app, &staff, letter.id, reply.answer).await?))
}

/// Which form.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Printed {
    /// Form of the file.
    #[param(inline)]
    form: Form,
    /// Language of a ledger; letters are in the language they are issued in.
    #[serde(default)]
    #[param(inline)]
    language: Tongue,
}

/// The letter as a file, in Chinese: the language it is issued in.
#[utoipa::path(
    get, path = "/letters/{letter}/file", tag = "letters",
    params(("letter" = String, Path, description = "Id of the letter"), Printed),
    responses(
        DocumentFile,
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    ),
    security(("session" = []))
)]
async fn file(State(app): State<App>, staff: Staff, path: Path, Query(printed): Query<Printed>) -> Answer<Response> {
    let letter = seen(&app, &staff, path).await?;
    let document = letter.document(&staff.snapshot);
    app.press.file(document, printed.form, &format!("letter-{}", letter.id)).await
}
