//! The policy in force: as data, as prose, and checked before it is taken.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiban_domain::policy::{Fault, Policy, explain};
use jiban_store::documents;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    desk::what_if::{self, Trial},
    http::{
        auth::{Administrator, Overseer, Staff},
        body::{Body, Query, Tongue},
        problem::{Answer, Problem},
        progress::{self, Done, Progress},
    },
    infra::audit,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read))
        .routes(routes!(prose))
        .routes(routes!(check))
        .routes(routes!(adopt))
        .routes(routes!(simulate))
}

/// The policy in force, as data.
#[utoipa::path(
    get, path = "/policy", tag = "policy",
    responses((status = 200, body = Policy), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn read(staff: Staff) -> Answer<Json<serde_json::Value>> {
    serde_json::to_value(&*staff.snapshot.policy).map(Json).map_err(Problem::internal)
}

/// In which language.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ProseQuery {
    /// `zh` or `en`.
    #[serde(default)]
    #[param(inline)]
    language: Tongue,
}

/// The policy in force, as prose.
#[utoipa::path(
    get, path = "/policy/explain", tag = "policy", params(ProseQuery),
    responses((status = 200, body = String, content_type = "text/plain"), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn prose(staff: Staff, Query(query): Query<ProseQuery>) -> String {
    explain(&staff.snapshot.policy, query.language.into())
}

/// Longest text of a policy, characters.
const POLICY_MAX_CHARS: usize = 1_000_000;

/// A policy as text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PolicyText {
    /// TOML.
    #[schema(max_length = 1000000)]
    toml: String,
}

impl PolicyText {
    /// Reads it.
    ///
    /// # Errors
    /// A text that is too long; what else is wrong with it comes inside.
    fn parse(&self) -> Answer<Result<Policy, Checked>> {
        if self.toml.chars().count() > POLICY_MAX_CHARS {
            let (most, most_zh) =
                (format!("at most {POLICY_MAX_CHARS} characters"), format!("最多 {POLICY_MAX_CHARS} 个字"));
            return Err(Problem::field("toml", most, most_zh));
        }
        Ok(Policy::parse(&self.toml).map_err(|faults| Checked { version: None, faults: faults.0 }))
    }
}

/// What a check found.
#[derive(Debug, Serialize, ToSchema)]
struct Checked {
    /// Version of the text, where it is whole.
    version: Option<String>,
    /// All faults; empty where it is whole.
    faults: Vec<Fault>,
}

/// Check a policy without adopting it.
#[utoipa::path(
    post, path = "/policy/check", tag = "policy", request_body = PolicyText,
    responses((status = 200, body = Checked), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn check(_: Overseer, Body(text): Body<PolicyText>) -> Answer<Json<Checked>> {
    Ok(Json(match text.parse()? {
        Ok(policy) => Checked { version: Some(policy.version), faults: Vec::new() },
        Err(checked) => checked,
    }))
}

/// Adopt a policy: new cases are born under it, open ones keep theirs.
#[utoipa::path(
    put, path = "/policy", tag = "policy", request_body = PolicyText,
    responses((status = 200, body = Checked), (status = 422, content((Checked = "application/json"), (Problem = "application/problem+json")), description = "All faults of the policy, or why it cannot be adopted"), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn adopt(
    State(app): State<App>,
    Administrator(staff): Administrator,
    Body(text): Body<PolicyText>,
) -> Answer<(StatusCode, Json<Checked>)> {
    let policy = match text.parse()? {
        Ok(policy) => policy,
        Err(checked) => return Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(checked))),
    };
    what_if::has_its_office(&staff.snapshot, &policy)?;
    let version = policy.version.clone();
    let stored = version.clone();
    let trace = audit::trace(&staff.actor, "policy_adopted", &serde_json::json!({ "version": version }));
    app.store
        .write(move |tx| {
            let now = tx.now();
            documents::put_policy(tx, &stored, &text.toml, now)?;
            audit::record(tx, audit::Stream::Policy, trace.clone())
        })
        .await?;
    app.worlds.refresh(&app.store).await.map_err(Problem::internal)?;
    Ok((StatusCode::OK, Json(Checked { version: Some(version), faults: Vec::new() })))
}

/// A policy to try, and over which cases.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Simulate {
    /// TOML.
    #[schema(max_length = 1000000)]
    toml: String,
    /// Cases registered on or after this day.
    #[schema(value_type = String, format = Date)]
    from: Date,
    /// Cases registered on or before this day; at most 1,096 days in all.
    #[schema(value_type = String, format = Date)]
    to: Date,
}

/// Try a policy on what was recorded 试算: what would have been late, who would have been told more, what would have been
/// escalated. Nothing is changed.
#[utoipa::path(
    post, path = "/policy/simulate", tag = "policy", request_body = Simulate,
    responses(
        (status = 200, content_type = "application/x-jiban-progress", body = Vec<u8>, description = "Lines `{progress: {cases, part}}`, then `{done}` of the schema `WhatIf`, or `{problem}`"),
        (status = 422, content((Checked = "application/json"), (Problem = "application/problem+json")), description = "All faults of the policy, or which field is wrong"),
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    ),
    security(("session" = []))
)]
async fn simulate(State(app): State<App>, Overseer(staff): Overseer, Body(asked): Body<Simulate>) -> Answer<Response> {
    let policy = match (PolicyText { toml: asked.toml }).parse()? {
        Ok(policy) => policy,
        Err(checked) => return Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(checked)).into_response()),
    };
    let trial = Trial { policy, from: asked.from, to: asked.to, by: staff.actor };
    let ready = what_if::prepare(&app, trial)?;
    let folder = tempfile::tempdir().map_err(Problem::internal)?;
    Ok(progress::answer(move |far: Progress| async move {
        let comparison = what_if::run(&app, ready, |how| far.tell(&how)).await?;
        Ok(Done { report: json!(comparison), file: None, folder })
    }))
}
