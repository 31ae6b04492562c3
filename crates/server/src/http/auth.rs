//! Who is asking: extractors, so that a handler that forgets to authorise cannot be written.
//!
//! A handler takes [`Staff`] (anyone signed in), [`Administrator`], or [`Seen`] (a case that this person may read, and
//! only then). What may be done to a case is asked of the domain when it is done.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, header, request::Parts},
};
use jiban_domain::{
    case::Case,
    event::Actor,
    ids::{CaseId, PersonId, UnitId},
    organisation::Role,
    permission,
};
use jiban_store::{cases, users};
use sha2::{Digest, Sha256};

use super::{body, problem::Problem};
use crate::{
    app::App,
    desk::{self, rows},
    infra::world::Snapshot,
};

/// Name of the session cookie.
pub const COOKIE: &str = "jiban_session";

/// Someone signed in.
#[derive(Debug, Clone)]
pub struct Staff {
    /// Who.
    pub person: PersonId,
    /// The same, as an actor of events.
    pub actor: Actor,
    /// Units whose cases, with all below, they may read.
    pub reach: BTreeSet<UnitId>,
    /// The world as it was when the request came.
    pub snapshot: Arc<Snapshot>,
    /// Hash of their token.
    pub token: [u8; 32],
}

impl Staff {
    /// This person, in this world.
    pub fn of(snapshot: &Arc<Snapshot>, person: PersonId, token: [u8; 32]) -> Self {
        let actor = Actor::Person(person.clone());
        let reach = permission::reach(&snapshot.organisation, &actor);
        Self { person, actor, reach, snapshot: Arc::clone(snapshot), token }
    }

    /// Whoever this token's session is of, in the world as it is now.
    ///
    /// # Errors
    /// Unauthenticated, when the session is over or the person has left; the store's.
    pub async fn by_token(app: &App, hash: [u8; 32]) -> Result<Self, Problem> {
        let session = app.store.read(move |tx| users::session(tx, &hash)).await?;
        let (session, _) = session.ok_or_else(Problem::unauthenticated)?;
        let person: PersonId = session.person.parse().map_err(|_| Problem::unauthenticated())?;
        let snapshot = app.snapshot();
        if snapshot.organisation.person(&person).is_none_or(|person| !person.active) {
            return Err(Problem::unauthenticated());
        }
        Ok(Self::of(&snapshot, person, hash))
    }

    /// Whether they hold a role anywhere.
    pub fn holds(&self, role: Role) -> bool {
        permission::holds_role(&self.snapshot.organisation, &self.actor, role).next().is_some()
    }

    /// Whether a unit is one that they reach, or below one.
    pub fn reaches(&self, unit: &UnitId) -> bool {
        self.reach.iter().any(|top| self.snapshot.organisation.is_within(unit, top))
    }

    /// Whether they handle cases for a unit.
    pub fn works_for(&self, unit: &UnitId) -> bool {
        let organisation = &self.snapshot.organisation;
        organisation.person(&self.person).is_some_and(|person| permission::works_for(organisation, person, unit))
    }

    /// Whether they reach the unit for whose area something is to be told.
    ///
    /// # Errors
    /// No such unit; forbidden.
    pub fn tells(&self, unit: &UnitId) -> Result<(), Problem> {
        if self.snapshot.organisation.unit(unit).is_none() {
            return Err(Problem::field("unit", "a unit of the organisation", "应为已有的单位"));
        }
        if self.reaches(unit) { Ok(()) } else { Err(Problem::forbidden()) }
    }

    /// The unit that is asked about, where they reach it; the first that they reach where none is named.
    ///
    /// # Errors
    /// Not found, when it is out of their reach; forbidden, when they reach none.
    pub fn unit(&self, asked: Option<UnitId>) -> Result<UnitId, Problem> {
        match asked.or_else(|| self.reach.first().cloned()) {
            Some(unit) if self.reaches(&unit) => Ok(unit),
            Some(_) => Err(Problem::not_found()),
            None => Err(Problem::forbidden()),
        }
    }

    /// The units they reach and all below them.
    pub fn units_below(&self) -> Vec<String> {
        let organisation = &self.snapshot.organisation;
        self.reach.iter().flat_map(|top| organisation.below(top)).map(ToString::to_string).collect()
    }

    /// The units they reach, as the store wants them.
    pub fn units(&self) -> Vec<String> {
        self.reach.iter().map(ToString::to_string).collect()
    }
}

/// What is stored of a token.
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl FromRequestParts<App> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = token(parts)?.ok_or_else(Problem::unauthenticated)?;
        let staff = Self::by_token(app, token_hash(&token)).await?;
        app.limits.staff(&staff.person)?;
        Ok(staff)
    }
}

macro_rules! holders {
    ($($(#[$doc:meta])* $name:ident: $($role:ident)|+;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(pub Staff);

        impl $name {
            /// Whether they are one.
            pub fn is(staff: &Staff) -> bool {
                [$(Role::$role),+].into_iter().any(|role| staff.holds(role))
            }
        }

        impl FromRequestParts<App> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
                let staff = Staff::from_request_parts(parts, app).await?;
                if Self::is(&staff) { Ok(Self(staff)) } else { Err(Problem::forbidden()) }
            }
        }
    )*};
}

holders! {
    /// Someone signed in who administers the installation.
    Administrator: Admin;
    /// Someone signed in who keeps the books of cases: the liaison office, or an administrator.
    Registrar: Admin | Liaison;
    /// Someone signed in who sees the whole: the liaison office, a leader, an administrator.
    Overseer: Liaison | Leader | Admin;
    /// Someone signed in who judges handling 考核: the liaison office, a leader, the discipline office.
    Assessor: Liaison | Leader | Discipline;
    /// Someone signed in who tells residents things, in areas they reach: the liaison office, a community, a leader.
    Announcer: Liaison | Community | Leader;
    /// Someone signed in who writes letters and bulletins: the liaison office.
    Writer: Liaison;
    /// Someone signed in who sets activities for partners: a community, the liaison office, a grid worker.
    Organiser: Community | Liaison | GridWorker;
    /// Someone signed in who signs letters: a leader.
    Signatory: Leader;
}

/// Someone signed in who works at the request hall 群众诉求服务大厅: for the liaison office, or where mediation and legal aid
/// are given.
#[derive(Debug, Clone)]
pub struct HallStaff(pub Staff);

impl HallStaff {
    /// Whether they do.
    pub fn is(staff: &Staff) -> bool {
        let policy = &staff.snapshot.policy;
        let studios = policy.studios.values().filter_map(|studio| studio.unit.as_ref());
        studios.chain([&policy.dispatch.liaison_office]).any(|unit| staff.works_for(unit))
    }
}

impl FromRequestParts<App> for HallStaff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let staff = Staff::from_request_parts(parts, app).await?;
        if Self::is(&staff) { Ok(Self(staff)) } else { Err(Problem::forbidden()) }
    }
}

/// A case that this person may read. The path names it by id or by number, as `{case}`.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Who reads.
    pub staff: Staff,
    /// The case.
    pub case: Case,
}

impl FromRequestParts<App> for Seen {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let staff = Staff::from_request_parts(parts, app).await?;
        let name: String = body::path(parts, app, "case").await?;
        let case = match name.parse::<CaseId>() {
            Ok(id) => desk::load(app, id).await?,
            Err(_) => by_number(app, name).await?,
        };
        match case {
            Some(case) if permission::sees(&staff.snapshot.organisation, &staff.actor, &case) => {
                Ok(Self { staff, case })
            }
            _ => Err(Problem::not_found()),
        }
    }
}

async fn by_number(app: &App, number: String) -> Result<Option<Case>, Problem> {
    let row = app.store.read(move |tx| cases::find_by_number(tx, &number)).await?;
    Ok(row.as_ref().map(rows::case).transpose()?)
}

/// The version of what is changed that the actor has seen, from `If-Match`.
///
/// # Errors
/// A problem when the header is not a version.
pub fn expected(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let bare =
        |text: &'_ str| text.strip_prefix('"').map_or(Some(text), |rest| rest.strip_suffix('"')).map(str::to_owned);
    // Digits only: a number may also be read with a sign.
    let digits = value.to_str().ok().and_then(bare).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let version = digits.filter(|text| text.len() <= 18).and_then(|text| text.parse().ok());
    version.map(Some).ok_or_else(|| Problem::body("If-Match: the version seen, in quotes, e.g. \"7\""))
}

/// The value of a cookie.
pub fn cookie_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// The token of a request: a bearer token, or the cookie of a page of ours.
fn token(parts: &Parts) -> Result<Option<String>, Problem> {
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(bearer) = header(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")) {
        return Ok(Some(bearer.to_owned()));
    }
    let Some(value) = cookie_of(&parts.headers, COOKIE) else { return Ok(None) };
    let safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let site = parts.headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if safe || matches!(site, Some("same-origin" | "none")) || parts.headers.contains_key("x-jiban") {
        Ok(Some(value.to_owned()))
    } else {
        // Another site may make a browser send the cookie; it cannot make it send this header.
        Err(Problem::body("a request with the session cookie must come from our own pages (header X-Jiban)"))
    }
}
