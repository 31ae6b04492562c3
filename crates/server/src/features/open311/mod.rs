//! Open311 GeoReport v2: the open standard by which other cities' programs submit and follow requests.
//!
//! JSON only (`.json`). Services are the leaves of the category tree. What a submitter calls a service is a proposal
//! like any other; a person classifies. Read access shows what is public about a case and never who asked; a case is
//! addressed by its number, and its description is not shown, since it may tell who somebody is.

use axum::{Json, extract::State, http::StatusCode};
use jiban_domain::{
    case::{Case, Place, Proposal, Reason, ReasonKind, Reporter, State as Stand},
    command::Register,
    event::Actor,
    ids::{CategoryId, ChannelId, ClassId},
    policy::Policy,
};
use jiban_store::cases;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    desk::{self, Intake, identity::Identity, rows},
    http::{
        body::{Form, Path},
        key::IdempotencyKey,
        limits::Public,
        problem::{Answer, Problem},
    },
};

/// The channel of the policy for what comes this way.
const CHANNEL: &str = "open311";

/// Routes under `/open311/v2`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(services)).routes(routes!(submit)).routes(routes!(read))
}

/// A service, in the standard's words.
#[derive(Debug, Serialize, ToSchema)]
struct Service {
    service_code: String,
    service_name: String,
    description: String,
    metadata: bool,
    #[serde(rename = "type")]
    kind: &'static str,
    keywords: String,
    group: String,
}

/// List the services: the leaves of the category tree.
#[utoipa::path(
    get, path = "/services.json", tag = "open311",
    responses((status = 200, body = Vec<Service>), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn services(State(app): State<App>, _: Public) -> Json<Vec<Service>> {
    let policy = &app.snapshot().policy;
    let leaf = |id: &CategoryId| !policy.categories.values().any(|other| other.parent.as_ref() == Some(id));
    let leaves = policy.categories.iter().filter(|(id, _)| leaf(id));
    let service = |(id, category): (&CategoryId, &jiban_domain::policy::Category)| Service {
        service_code: id.to_string(),
        service_name: category.name.zh.clone(),
        description: category.name.en.clone(),
        metadata: false,
        kind: "realtime",
        keywords: category.words.join(","),
        group: group(policy, category),
    };
    Json(leaves.map(service).collect())
}

fn group(policy: &Policy, category: &jiban_domain::policy::Category) -> String {
    let parent = category.parent.as_ref().and_then(|id| policy.categories.get(id));
    parent.map(|parent| parent.name.zh.clone()).unwrap_or_default()
}

/// A request, in the standard's words.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct NewRequest {
    /// Service; one of `services.json`.
    #[schema(max_length = 64)]
    service_code: String,
    /// What it is about.
    #[schema(min_length = 1, max_length = 20000)]
    description: String,
    /// Latitude, WGS84 degrees.
    #[serde(default)]
    lat: Option<f64>,
    /// Longitude, WGS84 degrees.
    #[serde(default)]
    long: Option<f64>,
    /// Address.
    #[serde(default)]
    #[schema(max_length = 300)]
    address_string: String,
    #[serde(default)]
    #[schema(max_length = 30)]
    first_name: String,
    #[serde(default)]
    #[schema(max_length = 30)]
    last_name: String,
    #[serde(default)]
    #[schema(max_length = 30)]
    phone: String,
    #[serde(default)]
    #[schema(max_length = 120)]
    email: String,
}

/// What a submitter gets.
#[derive(Debug, Serialize, ToSchema)]
struct Accepted {
    /// Number of the case.
    service_request_id: String,
    /// With the number, opens the case for its reporter. Told once.
    token: String,
    service_notice: String,
    account_id: Option<String>,
}

/// Submit a request.
#[utoipa::path(
    post, path = "/requests.json", tag = "open311",
    request_body(content = NewRequest, content_type = "application/x-www-form-urlencoded"),
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,128}$", description = "The same key and request make one case")),
    responses((status = 201, body = Vec<Accepted>), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn submit(
    State(app): State<App>,
    _: Public,
    key: IdempotencyKey,
    Form(new): Form<NewRequest>,
) -> Answer<(StatusCode, Json<Vec<Accepted>>)> {
    let snapshot = app.snapshot();
    let category = new.service_code.parse::<CategoryId>().ok().filter(|id| snapshot.policy.categories.contains_key(id));
    let category = category
        .ok_or_else(|| Problem::field("service_code", "one of services.json", "应为 services.json 中的一项"))?;
    let identity = Identity {
        name: format!("{}{}", new.last_name, new.first_name),
        phone: new.phone.clone(),
        email: (!new.email.is_empty()).then(|| new.email.clone()),
        ..Identity::default()
    };
    identity.check("reporter")?;
    let key = key.of("open311", &new);
    let register = Register {
        origin: None,
        channel: ChannelId::new(CHANNEL).map_err(Problem::internal)?,
        first_receiver: None,
        title: String::new(),
        proposal: Some(propose(&snapshot, &category, &new.description)),
        text: new.description,
        place: Place { address: new.address_string, lon: new.long, lat: new.lat, ..Place::default() },
        reporter: Reporter::default(),
        complained_about: None,
        upstream_number: None,
        received_by_leader: None,
    };
    let done = desk::register(&app, Actor::Reporter, Intake { register, identity, key, at: None }).await?;
    let accepted = Accepted {
        service_request_id: done.number,
        token: done.tracking_code,
        service_notice: "已受理".to_owned(),
        account_id: None,
    };
    Ok((StatusCode::CREATED, Json(vec![accepted])))
}

/// The submitter names the category; danger and class are still read from the words.
fn propose(snapshot: &crate::infra::world::Snapshot, category: &CategoryId, text: &str) -> Proposal {
    let mut proposal = snapshot.triage.propose(&snapshot.policy, "", text);
    if proposal.danger.is_none() {
        let usual: Option<ClassId> =
            snapshot.policy.lineage(category).find_map(|id| snapshot.policy.categories.get(id)?.class.clone());
        proposal.class = usual.or(proposal.class);
    }
    proposal.category = Some(category.clone());
    proposal.reasons.insert(0, Reason::of(ReasonKind::Chosen));
    proposal
}

/// A request as anybody may see it.
#[derive(Debug, Serialize, ToSchema)]
struct RequestView {
    service_request_id: String,
    /// `open` or `closed`.
    status: &'static str,
    /// How to learn more, once it is closed. What was done may tell who asked, so it is told by ticket only.
    status_notes: Option<&'static str>,
    service_code: Option<String>,
    service_name: Option<String>,
    /// Who handles it.
    agency_responsible: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    requested_datetime: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_datetime: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    expected_datetime: Option<Timestamp>,
}

/// Follow a request by its number.
#[utoipa::path(
    get, path = "/requests/{number}", tag = "open311",
    params(("number" = String, Path, description = "Number of the case, with .json")),
    responses((status = 200, body = Vec<RequestView>), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn read(State(app): State<App>, _: Public, Path(number): Path) -> Answer<Json<Vec<RequestView>>> {
    let number = number.strip_suffix(".json").ok_or_else(Problem::not_found)?.to_owned();
    let row = app.store.read(move |tx| cases::find_by_number(tx, &number)).await?;
    let case: Case = rows::case(&row.ok_or_else(Problem::not_found)?)?;
    // Only what came this way is followed this way: other reporters did not ask to be public.
    if case.channel.as_str() != CHANNEL {
        return Err(Problem::not_found());
    }
    let snapshot = app.snapshot();
    let category = case.category.clone().or_else(|| case.proposal.as_ref()?.category.clone());
    let name = category.as_ref().and_then(|id| snapshot.policy.categories.get(id)).map(|c| c.name.zh.clone());
    let unit = case.lead.as_ref().and_then(|id| snapshot.organisation.unit(id)).map(|unit| unit.name.zh.clone());
    let open = matches!(case.state, Stand::Registered | Stand::Dispatched | Stand::Handling);
    Ok(Json(vec![RequestView {
        status: if open { "open" } else { "closed" },
        status_notes: (!open).then_some("凭编号和查询码可查看处理结果"),
        service_code: category.map(|id| id.to_string()),
        service_name: name,
        agency_responsible: unit,
        requested_datetime: case.registered_at,
        updated_datetime: case.changed_at,
        expected_datetime: case.next_due(),
        service_request_id: case.number,
    }]))
}
