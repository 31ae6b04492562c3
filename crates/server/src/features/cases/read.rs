//! Reading one case: the case page, its timeline, what may be done to it, and, with a reason, who the reporter is.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use jiban_domain::{
    campaign::CampaignState,
    case::Case,
    command::{self as cmd, Act},
    event::Recorded,
    ids::CampaignId,
    permission,
};
use jiban_store::{events, identity as identities};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ahead::campaigns,
    app::App,
    desk::{
        self,
        identity::{Identity, Masked, Revealed},
        rows, triage,
        units::{self, Advice},
    },
    http::{
        auth::{Seen, expected},
        body::{Body, Query, within},
        key::IdempotencyKey,
        problem::{Answer, Problem},
    },
};

/// Most events in one answer.
const EVENTS_MAX: u32 = 500;
/// Highest number of an event that may be asked for; no case comes near it.
const EVENT_MAX: u32 = 2_147_483_647;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read))
        .routes(routes!(timeline))
        .routes(routes!(proposal))
        .routes(routes!(reveal))
}

/// A case page.
#[derive(Debug, Serialize, ToSchema)]
struct CasePage {
    /// The case.
    case: Case,
    /// Reporter, masked; none where there is none, or for a unit that was complained about.
    reporter: Option<Masked>,
    /// Every command, allowed or not, and who may.
    acts: Vec<ActView>,
    /// Campaigns that it is a member of and that the reader sees, the newest first.
    campaigns: Vec<CampaignOf>,
}

/// A campaign that a case is a member of.
#[derive(Debug, Serialize, ToSchema)]
struct CampaignOf {
    id: CampaignId,
    title: String,
    state: CampaignState,
}

/// Whether this reader may do an act on this case.
#[derive(Debug, Serialize, ToSchema)]
struct ActView {
    /// Which act.
    act: Act,
    /// Whether the reader has the standing. The state of the case may still refuse it.
    allowed: bool,
    /// Who may, in English.
    who: String,
    /// Who may, in Chinese.
    who_zh: String,
}

/// Read a case.
#[utoipa::path(
    get, path = "/cases/{case}", tag = "cases",
    params(("case" = String, Path, description = "Id or number of the case")),
    responses((status = 200, body = CasePage), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn read(State(app): State<App>, seen: Seen) -> Answer<(HeaderMap, Json<CasePage>)> {
    let Seen { staff, case } = seen;
    let organisation = &staff.snapshot.organisation;
    let may = |act| permission::may(organisation, &staff.actor, act, &case).is_ok();
    let acts = Act::ALL.iter().map(|act| {
        let (who, who_zh) = permission::who_may(*act);
        ActView { act: *act, allowed: may(*act), who, who_zh }
    });
    let acts = acts.collect();
    let reporter = if may(Act::RevealIdentity) { identity(&app, &case).await?.map(|who| who.masked()) } else { None };
    let mut headers = HeaderMap::new();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", case.version)) {
        headers.insert(header::ETAG, tag);
    }
    let campaigns = campaigns::of_case(&app, &staff, case.id).await?.into_iter().map(|campaign| CampaignOf {
        id: campaign.id,
        title: campaign.plan.title,
        state: campaign.state,
    });
    let campaigns = campaigns.collect();
    Ok((headers, Json(CasePage { case, reporter, acts, campaigns })))
}

async fn identity(app: &App, case: &Case) -> Answer<Option<Identity>> {
    let id = case.id;
    let parts = app.clone();
    let stored = app.store.read(move |tx| identities::get(tx, &parts.vault, id.0)).await?;
    Ok(stored.map(Identity::from))
}

/// Which part of a timeline.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct TimelineQuery {
    /// Events after this one.
    #[serde(default)]
    #[param(minimum = 0, maximum = 2147483647)]
    after: u32,
    /// How many, at most 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// One line of a timeline.
#[derive(Debug, Serialize, ToSchema)]
struct TimelineEntry {
    /// Its number, from 1.
    seq: i64,
    /// When, who, what.
    #[serde(flatten)]
    recorded: Recorded,
    /// Hash of the chain up to here, in hex.
    hash: String,
}

/// The timeline of a case: every event.
#[utoipa::path(
    get, path = "/cases/{case}/timeline", tag = "cases",
    params(("case" = String, Path, description = "Id or number of the case"), TimelineQuery),
    responses((status = 200, body = Vec<TimelineEntry>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn timeline(
    State(app): State<App>,
    seen: Seen,
    Query(query): Query<TimelineQuery>,
) -> Answer<Json<Vec<TimelineEntry>>> {
    let id = seen.case.id;
    let limit = i64::from(within("limit", query.limit, EVENTS_MAX, 1..=EVENTS_MAX)?);
    let after = i64::from(within("after", Some(query.after), 0, 0..=EVENT_MAX)?);
    let events = app.store.read(move |tx| events::events(tx, id.0, after, limit)).await?;
    let entries = events.iter().map(|row| {
        let recorded = rows::recorded(row)?;
        Ok(TimelineEntry { seq: row.seq, recorded, hash: hex::encode(row.hash) })
    });
    Ok(Json(entries.collect::<Answer<_>>()?))
}

/// Who should handle the case, as it stands: what the rules say, and the likeliest units with reasons.
#[utoipa::path(
    get, path = "/cases/{case}/assignment", tag = "cases",
    params(("case" = String, Path, description = "Id or number of the case")),
    responses((status = 200, body = Advice), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn proposal(seen: Seen) -> Json<Advice> {
    let (case, snapshot) = (&seen.case, &seen.staff.snapshot);
    let category = units::category(case);
    let (world, told) = (snapshot.world_of(&case.policy), triage::told(&case.title, &case.text));
    Json(units::advise(&world, snapshot.triage.learnt(), category, case.place.grid.as_ref(), &told))
}

/// The identity was there and has served its time.
fn erased() -> Problem {
    Problem::new(
        StatusCode::GONE,
        "erased",
        "the reporter's identity was erased when its retention time was over; the case itself is kept",
        "诉求人身份已按留存期限清除，诉求件本身仍保留",
    )
}

/// See who the reporter is, with a reason that is recorded 查看诉求人身份.
#[utoipa::path(
    post, path = "/cases/{case}/reveal-identity", tag = "commands", request_body = cmd::RevealIdentity,
    params(
        ("case" = String, Path, description = "Id or number of the case"),
        ("If-Match" = Option<String>, Header, pattern = "^(\"[0-9]{1,18}\"|[0-9]{1,18})$", description = "Version seen, in quotes; refused with 409 when the case has moved on"),
        ("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,128}$", description = "A retried command with the same key is one command"),
    ),
    responses((status = 200, body = Revealed), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn reveal(
    State(app): State<App>,
    seen: Seen,
    headers: HeaderMap,
    key: IdempotencyKey,
    Body(command): Body<cmd::RevealIdentity>,
) -> Answer<Json<Revealed>> {
    let key = key.of(seen.staff.person.as_str(), &(seen.case.id, &command));
    let version = expected(&headers)?;
    // Recorded first: nobody sees a name without a trace.
    let actor = seen.staff.actor.clone();
    let case = desk::act(&app, seen.case.id, command.into(), actor, version, key).await?;
    // A retried key was recorded once; whether the reader still may see the name is asked every time.
    permission::may(&seen.staff.snapshot.organisation, &seen.staff.actor, Act::RevealIdentity, &case)?;
    match identity(&app, &case).await? {
        Some(identity) => Ok(Json(identity.into())),
        None if case.reporter.anonymous && !case.reporter.contactable => Ok(Json(Identity::default().into())),
        None => Err(erased()),
    }
}
