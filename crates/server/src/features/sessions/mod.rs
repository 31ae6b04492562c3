//! Signing in and out: password and one-time code, opaque tokens that rotate, lock-out by delay.
//!
//! A token is random, kept only as a hash, sent as a cookie for pages and in the answer for programs. Nothing here says
//! which of name, password or code was wrong.

mod oidc;
mod token;
mod totp;

pub use totp::reseal as reseal_codes;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use jiban_domain::{
    ids::{PersonId, UnitId},
    organisation::{Post, Role},
};
use jiban_store::{StoreError, users};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    http::{
        auth::{COOKIE, HallStaff, Staff, token_hash},
        body::Body,
        limits::Public,
        problem::{Answer, Problem},
    },
    infra::{config::Demo, passwords},
};

/// Failed attempts that cost nothing; each further one doubles the wait.
const FREE_FAILURES: i64 = 3;
/// Longest wait after failures, seconds.
const WAIT_MAX_S: i64 = 900;

/// Routes under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ways))
        .routes(routes!(sign_in))
        .routes(routes!(me))
        .routes(routes!(rotate))
        .routes(routes!(sign_out))
        .routes(routes!(change_password))
        .merge(totp::routes())
        .merge(oidc::routes())
}

/// How one may sign in here.
#[derive(Debug, Serialize, ToSchema)]
struct Ways {
    /// Whether a provider of the house is set up: `GET /sessions/oidc` leads there.
    single_sign_on: bool,
    /// Accounts to try, where this installation is a demo.
    demo: Option<Demo>,
}

/// How one may sign in here: what a sign-in page shows.
#[utoipa::path(
    get, path = "/sessions/ways", tag = "sessions",
    responses((status = 200, body = Ways), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn ways(State(app): State<App>, _: Public) -> Json<Ways> {
    Json(Ways { single_sign_on: app.sign_on.is_some(), demo: app.config.demo.clone() })
}

/// What it takes to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    /// Sign-in name.
    #[schema(max_length = 64)]
    login: String,
    /// Password.
    #[schema(max_length = 256)]
    password: String,
    /// One-time code, where the account has one.
    #[serde(default)]
    #[schema(max_length = 10)]
    code: Option<String>,
}

/// A session begun.
#[derive(Debug, Serialize, ToSchema)]
struct SignedIn {
    /// For programs: send as `Authorization: Bearer …`. Pages have it as a cookie.
    token: String,
    /// When it ends at the latest.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Who.
    #[serde(flatten)]
    me: Me,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    person: PersonId,
    name: String,
    posts: Vec<Post>,
    roles: Vec<Role>,
    /// Units whose cases, with all below, they may read.
    reach: Vec<UnitId>,
    /// Whether they work at the request hall.
    hall: bool,
    /// Whether a helper model writes drafts here.
    helper: bool,
}

fn describe(app: &App, staff: &Staff) -> Answer<Me> {
    let person = staff.snapshot.organisation.person(&staff.person).ok_or_else(Problem::unauthenticated)?;
    let roles: std::collections::BTreeSet<Role> = person.posts.iter().map(|post| post.role).collect();
    Ok(Me {
        person: person.id.clone(),
        name: person.name.clone(),
        posts: person.posts.clone(),
        roles: roles.into_iter().collect(),
        reach: staff.reach.iter().cloned().collect(),
        hall: HallStaff::is(staff),
        helper: app.config.helper.is_some(),
    })
}

/// Sign in.
#[utoipa::path(
    post, path = "/sessions", tag = "sessions", request_body = SignIn,
    responses((status = 201, body = SignedIn), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
async fn sign_in(
    State(app): State<App>,
    _: Public,
    Body(given): Body<SignIn>,
) -> Answer<(StatusCode, HeaderMap, Json<SignedIn>)> {
    let user = check(&app, given).await?;
    let person: PersonId = user.person.parse().map_err(|_| wrong())?;
    let snapshot = app.snapshot();
    let active = snapshot.organisation.person(&person).is_some_and(|person| person.active);
    if !active {
        return Err(wrong());
    }
    let token = token::fresh();
    let session = begin(&app, &user, &token).await?;
    let staff = Staff::of(&snapshot, person, token_hash(&token));
    let me = describe(&app, &staff)?;
    let headers = cookie(&app, &token, session.expires_at)?;
    Ok((StatusCode::CREATED, headers, Json(SignedIn { token, expires_at: session.expires_at, me })))
}

/// The account, where name, password and code fit.
async fn check(app: &App, given: SignIn) -> Answer<users::User> {
    if given.password.len() > passwords::PASSWORD_MAX {
        return Err(wrong());
    }
    let login = given.login;
    let (user, now) = app.store.read(move |tx| Ok::<_, StoreError>((users::by_login(tx, &login)?, tx.now()))).await?;
    if let Some(until) = user.as_ref().and_then(|user| user.locked_until).filter(|until| *until > now) {
        return Err(locked(until));
    }
    let hash = user.as_ref().filter(|user| user.active).and_then(|user| user.password.clone());
    let fits = passwords::fits(given.password, hash).await;
    let Some(user) = user else { return Err(wrong()) };
    let code_fits = match (&user.totp, fits) {
        (Some(sealed), true) => totp::fits(app, &user.person, sealed, given.code.as_deref(), now)?,
        _ => true,
    };
    let person = user.person.clone();
    if fits && code_fits {
        app.store.write(move |tx| users::note_success(tx, &person)).await?;
        return Ok(user);
    }
    let failed = user.failed + 1;
    app.store
        .write(move |tx| {
            let wait = 1_i64 << (failed - FREE_FAILURES).clamp(0, 20);
            let until = tx.now().saturating_add(wait.clamp(1, WAIT_MAX_S).seconds()).unwrap_or(Timestamp::MAX);
            users::note_failure(tx, &person, (failed > FREE_FAILURES).then_some(until))
        })
        .await?;
    Err(wrong())
}

async fn begin(app: &App, user: &users::User, token: &str) -> Answer<users::Session> {
    let (person, epoch, hash) = (user.person.clone(), user.session_epoch, token_hash(token));
    let hours = i64::from(app.config.server.session_hours);
    let session = app
        .store
        .write(move |tx| {
            let now = tx.now();
            let session = users::Session {
                token_hash: hash,
                person: person.clone(),
                epoch,
                created_at: now,
                expires_at: now.saturating_add(hours.hours()).unwrap_or(Timestamp::MAX),
                rotated_at: now,
                seen_at: now,
            };
            users::put_session(tx, &session)?;
            Ok::<_, StoreError>(session)
        })
        .await?;
    Ok(session)
}

/// Who I am and what I reach.
#[utoipa::path(
    get, path = "/sessions/me", tag = "sessions",
    responses((status = 200, body = Me), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn me(State(app): State<App>, staff: Staff) -> Answer<Json<Me>> {
    describe(&app, &staff).map(Json)
}

/// A new token for the same session.
#[derive(Debug, Serialize, ToSchema)]
struct Rotated {
    /// The new token; the old one is void.
    token: String,
}

/// Change the token; the old one is void at once.
#[utoipa::path(
    post, path = "/sessions/rotate", tag = "sessions",
    responses((status = 200, body = Rotated), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn rotate(State(app): State<App>, staff: Staff) -> Answer<(HeaderMap, Json<Rotated>)> {
    let token = token::fresh();
    let (old, new) = (staff.token, token_hash(&token));
    let expires_at = app
        .store
        .write(move |tx| {
            if !users::rotate_session(tx, &old, &new)? {
                return Ok(None);
            }
            Ok::<_, StoreError>(users::session(tx, &new)?.map(|(session, _)| session.expires_at))
        })
        .await?;
    let expires_at = expires_at.ok_or_else(Problem::unauthenticated)?;
    Ok((cookie(&app, &token, expires_at)?, Json(Rotated { token })))
}

/// Sign out: the session is over.
#[utoipa::path(
    delete, path = "/sessions/me", tag = "sessions",
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn sign_out(State(app): State<App>, staff: Staff) -> Answer<(StatusCode, HeaderMap)> {
    let hash = staff.token;
    app.store.write(move |tx| users::end_session(tx, &hash)).await?;
    Ok((StatusCode::NO_CONTENT, cookie(&app, "", Timestamp::UNIX_EPOCH)?))
}

/// A change of password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    /// The present one.
    #[schema(max_length = 256)]
    old: String,
    /// The new one, 8 characters or more.
    #[schema(min_length = 8, max_length = 256)]
    new: String,
}

/// Change my password; all other sessions end.
#[utoipa::path(
    post, path = "/sessions/password", tag = "sessions", request_body = NewPassword,
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn change_password(State(app): State<App>, staff: Staff, Body(given): Body<NewPassword>) -> Answer<StatusCode> {
    if given.new.chars().count() < passwords::PASSWORD_MIN || given.new.len() > passwords::PASSWORD_MAX {
        return Err(Problem::field("new", "8 to 256 characters", "应为 8 至 256 个字符"));
    }
    let person = staff.person.to_string();
    let user = app.store.read(move |tx| users::by_person(tx, &person)).await?;
    let mut user = user.ok_or_else(Problem::unauthenticated)?;
    if !passwords::fits(given.old, user.password.clone()).await {
        return Err(Problem::field("old", "not your present password", "与当前密码不符"));
    }
    user.password = Some(passwords::hash(&given.new).map_err(Problem::internal)?);
    app.store
        .write(move |tx| {
            users::put(tx, &user)?;
            users::end_all_sessions(tx, &user.person)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn wrong() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "wrong_credentials",
        "name, password or code is wrong",
        "账号、密码或动态码不正确",
    )
}

fn locked(until: Timestamp) -> Problem {
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "locked",
        format!("too many failed attempts; try again after {until:.0}"),
        format!("失败次数过多，请于 {until:.0} 之后再试"),
    )
}

fn cookie(app: &App, token: &str, expires_at: Timestamp) -> Answer<HeaderMap> {
    let secure = if app.config.server.public_url.starts_with("https:") { "; Secure" } else { "" };
    let age = (expires_at.as_second() - Timestamp::now().as_second()).max(0);
    let value = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
    let value = HeaderValue::from_str(&value).map_err(Problem::internal)?;
    Ok(HeaderMap::from_iter([(header::SET_COOKIE, value)]))
}
