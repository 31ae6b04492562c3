//! Campaigns over HTTP 专项治理: begun, worked on, ended with a report; each with its cases as the reader may see them, and the
//! effect as it stands.

mod materials;

use std::collections::BTreeMap;

use axum::{Json, extract::State, response::Response};
use jiban_domain::{
    campaign::{Act, Campaign, CampaignState, Plan},
    case::{Case, State as CaseState},
    ids::CaseId,
    permission,
    policy::Language,
};
use jiban_office::Document;
use jiban_store::{StoreError, cases};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    ahead::{
        campaign_paper,
        campaigns::{self, Gathering},
        effect::{self, Measured},
        works,
    },
    app::App,
    desk::rows,
    http::{
        auth::{Overseer, Staff},
        body::{Body, Path, Query, within},
        problem::{Answer, Problem},
    },
    infra::press::{self, DocumentFile, Form, How},
};

/// Most campaigns in one answer.
const PAGE_MAX: u32 = 200;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, begin))
        .routes(routes!(one))
        .routes(routes!(act))
        .routes(routes!(gather, release))
        .routes(routes!(file))
        .merge(materials::routes())
}

/// Which campaigns.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Only those that stand here.
    #[param(inline)]
    state: Option<CampaignState>,
    /// Those begun before this one: the `next` of the page before.
    before: Option<Uuid>,
    /// How many, at most 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of campaigns.
#[derive(Debug, Serialize, ToSchema)]
struct Campaigns {
    campaigns: Vec<Campaign>,
    /// Send as `before` for the next page; none at the end.
    next: Option<Uuid>,
}

/// Campaigns that the reader sees, the newest first.
#[utoipa::path(
    get, path = "/campaigns", tag = "campaigns", params(Which),
    responses((status = 200, body = Campaigns), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn list(State(app): State<App>, staff: Staff, Query(which): Query<Which>) -> Answer<Json<Campaigns>> {
    let limit = within("limit", which.limit, 50, 1..=PAGE_MAX)?;
    let state = which.state.map(CampaignState::as_str);
    let sees = move |campaign: &Campaign| campaigns::sees(&staff, campaign);
    let page = works::page(&app, state, which.before, limit, sees).await?;
    Ok(Json(Campaigns { campaigns: page.works, next: page.next }))
}

/// A campaign to begin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCampaign {
    /// What it is.
    plan: Plan,
    /// The weak signal that it comes of: it is accepted, and its cases are the first members.
    #[serde(default)]
    signal: Option<Uuid>,
}

/// Begin a campaign.
#[utoipa::path(
    post, path = "/campaigns", tag = "campaigns", request_body = NewCampaign,
    responses((status = 200, body = Campaign), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn begin(
    State(app): State<App>,
    Overseer(staff): Overseer,
    Body(new): Body<NewCampaign>,
) -> Answer<Json<Campaign>> {
    Ok(Json(campaigns::begin(&app, &staff, new.plan, new.signal).await?))
}

/// A campaign as it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignShown)]
struct Shown {
    campaign: Campaign,
    /// Whether the reader may lead it: set tasks, gather cases, end it.
    leads: bool,
    /// Whether the reader may add material.
    contributes: bool,
    /// Numbers of the tasks that the reader may say are done.
    own_tasks: Vec<u32>,
    /// Its cases that the reader sees, the newest first.
    cases: Vec<Member>,
    /// The effect as it was measured now; none where there is nothing to measure yet.
    measured: Option<Measured>,
    /// The report on paper, as it would be printed now.
    document: Document,
    /// Its charts drawn, as SVG, in the order in which they stand in the document.
    charts: Vec<String>,
}

/// A case of a campaign.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignCase)]
struct Member {
    #[schema(value_type = String)]
    id: CaseId,
    number: String,
    /// Masked.
    title: String,
    state: CaseState,
}

/// A campaign on paper, with its cases, the newest first, and what was measured.
async fn told(
    app: &App,
    staff: &Staff,
    campaign: &Campaign,
    language: Language,
) -> Answer<(Document, Vec<Case>, Option<Measured>)> {
    let (snapshot, of) = (staff.snapshot.clone(), campaign.clone());
    let read = move |tx: &mut jiban_store::ReadTx<'_>| {
        // Sets are in order, and ids are in the order of registration.
        let ids: Vec<Uuid> = of.members.iter().rev().map(|case| case.0).collect();
        let rows = cases::load_many(tx, &ids)?;
        Ok::<_, StoreError>((rows, effect::measure(tx, &snapshot, &of)?, tx.now()))
    };
    let (rows, measured, now) = app.store.read(read).await?;
    let cases = rows.iter().map(rows::case).collect::<Result<Vec<Case>, _>>()?;
    let mut states: BTreeMap<CaseState, u32> = BTreeMap::new();
    cases.iter().for_each(|case| *states.entry(case.state).or_default() += 1);
    let document = campaign_paper::document(&campaign_paper::Source {
        campaign,
        measured: measured.as_ref(),
        states: &states,
        snapshot: &staff.snapshot,
        language,
        now,
    });
    Ok((document, cases, measured))
}

/// One campaign with its cases and its effect.
#[utoipa::path(
    get, path = "/campaigns/{campaign}", tag = "campaigns",
    params(("campaign" = String, Path, description = "Id of the campaign"), How),
    responses((status = 200, body = Shown), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn one(State(app): State<App>, staff: Staff, path: Path, Query(how): Query<How>) -> Answer<Json<Shown>> {
    let campaign = campaigns::find(&app, &staff, path.id()?).await?;
    let (document, cases, measured) = told(&app, &staff, &campaign, how.language.into()).await?;
    let seen = cases.into_iter().filter(|case| permission::sees(&staff.snapshot.organisation, &staff.actor, case));
    let member = |case: Case| Member { id: case.id, number: case.number, title: case.title, state: case.state };
    let own = campaign.tasks.iter().filter(|task| task.done_at.is_none() && campaigns::does(&staff, &campaign, task));
    Ok(Json(Shown {
        leads: campaigns::leads(&staff, &campaign),
        contributes: campaigns::contributes(&staff, &campaign),
        own_tasks: own.map(|task| task.number).collect(),
        cases: seen.map(member).collect(),
        measured,
        charts: press::charts(&document),
        document,
        campaign,
    }))
}

/// Do something with a campaign: set a task, finish one, note an inspection, end it.
#[utoipa::path(
    post, path = "/campaigns/{campaign}/acts", tag = "campaigns", request_body = Act,
    params(("campaign" = String, Path, description = "Id of the campaign")),
    responses((status = 200, body = Campaign), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn act(State(app): State<App>, staff: Staff, path: Path, Body(act): Body<Act>) -> Answer<Json<Campaign>> {
    Ok(Json(campaigns::act(&app, &staff, path.id()?, act).await?))
}

/// What gathering found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignGathered)]
struct Gathered {
    campaign: Campaign,
    /// Cases that are new in it.
    new: u64,
}

/// Gather cases: by their numbers, or all that fit a filter.
#[utoipa::path(
    post, path = "/campaigns/{campaign}/cases", tag = "campaigns", request_body = Gathering,
    params(("campaign" = String, Path, description = "Id of the campaign")),
    responses((status = 200, body = Gathered), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn gather(
    State(app): State<App>,
    staff: Staff,
    path: Path,
    Body(gathering): Body<Gathering>,
) -> Answer<Json<Gathered>> {
    let (campaign, new) = campaigns::gather(&app, &staff, path.id()?, gathering).await?;
    Ok(Json(Gathered { campaign, new: new as u64 }))
}

/// Which case.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Released {
    /// The case that is no part of it after all.
    case: Uuid,
}

/// Take a case out of a campaign.
#[utoipa::path(
    delete, path = "/campaigns/{campaign}/cases", tag = "campaigns",
    params(("campaign" = String, Path, description = "Id of the campaign"), Released),
    responses((status = 200, body = Campaign), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn release(
    State(app): State<App>,
    staff: Staff,
    path: Path,
    Query(released): Query<Released>,
) -> Answer<Json<Campaign>> {
    Ok(Json(campaigns::release(&app, &staff, path.id()?, CaseId(released.case)).await?))
}

/// The report of a campaign as a file.
#[utoipa::path(
    get, path = "/campaigns/{campaign}/file", tag = "campaigns",
    params(("campaign" = String, Path, description = "Id of the campaign"), How),
    responses(
        DocumentFile,
        (status = "4XX", body = Problem, content_type = "application/problem+json")
    ),
    security(("session" = []))
)]
async fn file(State(app): State<App>, staff: Staff, path: Path, Query(how): Query<How>) -> Answer<Response> {
    let form = how.form.ok_or_else(Form::missing)?;
    let campaign = campaigns::find(&app, &staff, path.id()?).await?;
    let (document, ..) = told(&app, &staff, &campaign, how.language.into()).await?;
    app.press.file(document, form, &format!("campaign-{}", campaign.id)).await
}
