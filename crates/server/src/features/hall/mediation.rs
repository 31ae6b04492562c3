//! Cases at mediation and legal aid, and agreements that are still to be kept, as who mediates works through them: the next due
//! first, with what makes them worth watching.

use axum::{Json, extract::State};
use jiban_domain::{
    case::{Case, Desk, Mark, ReasonKind, Session, Term},
    ids::{CaseId, StudioId},
    policy::Route,
};
use jiban_store::{StoreError, case_list};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    desk::rows,
    http::{
        auth::Staff,
        problem::{Answer, Problem},
    },
};

/// Most cases of either list.
const CASES_MAX: i64 = 200;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Cases at mediation and legal aid.
#[derive(Debug, Serialize, ToSchema)]
struct Mediations {
    /// Where it goes on.
    going_on: Vec<Mediation>,
    /// Where terms of an agreement are still to be kept.
    to_keep: Vec<Mediation>,
    /// Whether there are more of either than stand here.
    more: bool,
}

/// What makes a case worth watching.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MediationRisk)]
enum Risk {
    /// Its satisfaction is measured by the state 国满件.
    StateRated,
    /// It may skip levels 越级上访.
    SkipLevel,
    /// It may raise public opinion 重大舆情.
    PublicOpinion,
}

/// A case at mediation or legal aid.
#[derive(Debug, Serialize, ToSchema)]
struct Mediation {
    #[schema(value_type = String)]
    id: CaseId,
    number: String,
    /// Masked.
    title: String,
    route: Option<Route>,
    #[schema(value_type = Option<String>)]
    studio: Option<StudioId>,
    risks: Vec<Risk>,
    /// How many sessions were held.
    sessions: u64,
    /// The last one.
    last: Option<Session>,
    /// Terms that are still to be kept.
    terms: Vec<Term>,
    /// When its most pressing clock is due.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_due: Option<Timestamp>,
}

impl From<Case> for Mediation {
    fn from(case: Case) -> Self {
        let speaks = |kind| case.proposal.iter().flat_map(|proposal| &proposal.reasons).any(|one| one.kind == kind);
        let risks = [
            (Risk::StateRated, case.marks.contains(&Mark::StateRated)),
            (Risk::SkipLevel, speaks(ReasonKind::SkipLevel)),
            (Risk::PublicOpinion, speaks(ReasonKind::PublicOpinion)),
        ];
        Self {
            risks: risks.into_iter().filter(|(_, so)| *so).map(|(risk, _)| risk).collect(),
            terms: case.terms().filter(|term| term.kept.is_none()).cloned().collect(),
            sessions: case.sessions.len() as u64,
            last: case.sessions.last().cloned(),
            next_due: case.next_due(),
            route: case.route.as_ref().map(|route| route.route),
            studio: case.route.map(|route| route.studio),
            id: case.id,
            number: case.number,
            title: case.title,
        }
    }
}

/// Cases at mediation and legal aid that the reader sees, the next due first, 200 of each kind at most.
#[utoipa::path(
    get, path = "/mediations", tag = "hall",
    responses((status = 200, body = Mediations), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn list(State(app): State<App>, staff: Staff) -> Answer<Json<Mediations>> {
    let units = staff.units();
    let read = move |tx: &mut jiban_store::ReadTx<'_>| {
        let mut on = |desk: Desk| {
            let units = units.iter().map(|unit| rows::on_desk(unit, desk)).collect();
            let query =
                case_list::CaseQuery { units: Some(units), limit: CASES_MAX, ..case_list::CaseQuery::default() };
            case_list::list(tx, &query)
        };
        Ok::<_, StoreError>((on(Desk::Mediation)?, on(Desk::Agreement)?))
    };
    let (going_on, to_keep) = app.store.read(read).await?;
    let told = |page: &case_list::Page| {
        page.cases.iter().map(|row| rows::case(row).map(Mediation::from)).collect::<Result<Vec<_>, _>>()
    };
    let more = going_on.next.is_some() || to_keep.next.is_some();
    Ok(Json(Mediations { going_on: told(&going_on)?, to_keep: told(&to_keep)?, more }))
}
