//! Triage over HTTP 研判: what it has learnt, how good that is, learning at once; and where a text speaks of.

use axum::{Json, extract::State, response::Response};
use jiban_domain::case::PlaceGuess;
use jiban_store::{StoreError, models};
use jiban_text::TEXT_MAX_CHARS;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    desk::{
        learnt::Subject,
        lessons::{self, Report},
    },
    http::{
        auth::{Registrar, Staff},
        body::Body,
        problem::{Answer, Problem},
        progress::{self, Done, Progress},
    },
};

/// Attempts shown of each subject.
const SHOWN_MAX: i64 = 10;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read)).routes(routes!(learn)).routes(routes!(place))
}

/// What was learnt of a subject.
#[derive(Debug, Serialize, ToSchema)]
struct SubjectView {
    subject: Subject,
    /// Version of the model in force; none while the policy's words and rules stand alone.
    in_force: Option<i64>,
    /// What was tried, the newest first.
    attempts: Vec<AttemptView>,
}

/// One time that something was learnt.
#[derive(Debug, Serialize, ToSchema)]
struct AttemptView {
    version: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[serde(flatten)]
    report: Report,
}

/// What triage has learnt, and how good it is.
#[utoipa::path(
    get, path = "/triage", tag = "triage",
    responses((status = 200, body = Vec<SubjectView>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn read(State(app): State<App>, _: Staff) -> Answer<Json<Vec<SubjectView>>> {
    let found = app.store.read(|tx| {
        let in_force = models::in_force(tx)?;
        let mut found = Vec::new();
        for subject in Subject::ALL {
            let version = in_force.iter().find(|(code, _)| code == subject.as_str()).map(|(_, version)| *version);
            found.push((subject, version, models::attempts(tx, subject.as_str(), SHOWN_MAX)?));
        }
        Ok::<_, StoreError>(found)
    });
    let view = |(subject, in_force, attempts): (Subject, Option<i64>, Vec<models::Attempt>)| {
        let attempts = attempts.into_iter().map(|attempt| {
            let report = serde_json::from_str(&attempt.report).map_err(Problem::internal)?;
            Ok(AttemptView { version: attempt.version, at: attempt.at, report })
        });
        Ok(SubjectView { subject, in_force, attempts: attempts.collect::<Answer<_>>()? })
    };
    Ok(Json(found.await?.into_iter().map(view).collect::<Answer<_>>()?))
}

/// Learn now from what people decided; else it is done every night.
#[utoipa::path(
    post, path = "/triage/learn", tag = "triage",
    responses(
        (status = 200, content_type = "application/x-jiban-progress", body = Vec<u8>, description = "Lines `{progress: {read} | {train}}`, then `{done: [{subject, outcome, …}]}` or `{problem}`"),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    ),
    security(("session" = []))
)]
async fn learn(State(app): State<App>, Registrar(_): Registrar) -> Answer<Response> {
    let folder = tempfile::tempdir().map_err(Problem::internal)?;
    Ok(progress::answer(move |far: Progress| async move {
        let learnings = lessons::learn(&app, |step| far.tell(&step)).await?;
        Ok(Done { report: json!(learnings), file: None, folder })
    }))
}

/// What somebody is saying.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Saying {
    /// The text so far; neither kept nor logged.
    #[schema(max_length = 20_000)]
    text: String,
}

/// Where a text speaks of, while somebody is on the phone 地点识别.
#[utoipa::path(
    post, path = "/triage/place", tag = "triage", request_body = Saying,
    responses((status = 200, body = Option<PlaceGuess>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn place(staff: Staff, Body(saying): Body<Saying>) -> Answer<Json<Option<PlaceGuess>>> {
    if saying.text.chars().count() > TEXT_MAX_CHARS {
        return Err(Problem::field("text", "at most 20,000 characters", "最多 20000 个字符"));
    }
    Ok(Json(staff.snapshot.places.find(&saying.text)))
}
