//! Signing in with the provider of the house 统一身份认证: out to it, and back with a session.
//!
//! Between the two a sealed cookie holds what must be known again, for ten minutes. Only an account that is there may
//! come in: the first time by the name that it has at the provider, from then on by the provider's own mark for it.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiban_domain::ids::PersonId;
use jiban_store::{StoreError, users};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{begin, cookie, token};
use crate::{
    app::App,
    http::{
        auth::cookie_of,
        body::Query,
        limits::Public,
        problem::{Answer, Problem},
    },
    infra::oidc::{CALLBACK, Known, Pending, SignOn, SignOnError},
};

/// Name of the cookie between going and coming back.
const COOKIE: &str = "jiban_oidc";
/// Whoever stays away for longer begins again.
const AWAY_MAX_MIN: i64 = 10;
/// What a sealed cookie is sealed for.
const CONTEXT: &[u8] = b"oidc";

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(leave)).routes(routes!(come_back))
}

/// Where to go when signed in.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Leaving {
    /// A path of this installation; `/` where none is given.
    #[serde(default)]
    #[param(max_length = 512)]
    next: Option<String>,
}

/// What the cookie holds.
#[derive(Serialize, Deserialize)]
struct Away {
    pending: Pending,
    next: String,
    until: Timestamp,
}

/// Sign in with the provider: leads there.
#[utoipa::path(
    get, path = "/sessions/oidc", tag = "sessions", params(Leaving),
    responses(
        (status = 303, description = "To the provider"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = 502, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn leave(State(app): State<App>, _: Public, Query(query): Query<Leaving>) -> Answer<(StatusCode, HeaderMap)> {
    let next = query.next.unwrap_or_else(|| "/".to_owned());
    if !is_ours(&next) {
        return Err(Problem::field("next", "a path of this installation", "应为本平台的路径"));
    }
    let (address, pending) = provider(&app)?.leave().await.map_err(|why| failed(&why))?;
    let now = app.now().await?;
    let away = Away { pending, next, until: now.saturating_add(AWAY_MAX_MIN.minutes()).unwrap_or(Timestamp::MAX) };
    let plain = serde_json::to_vec(&away).map_err(Problem::internal)?;
    let sealed = URL_SAFE_NO_PAD.encode(app.vault.seal(CONTEXT, &plain)?);
    Ok((StatusCode::SEE_OTHER, headers(&address, vec![kept(&app, &sealed, AWAY_MAX_MIN * 60)?])?))
}

/// What the provider sends back.
#[derive(Deserialize, IntoParams)]
struct ComingBack {
    /// Code to be exchanged for who it is.
    #[serde(default)]
    #[param(max_length = 4096)]
    code: Option<String>,
    /// What was sent along.
    #[serde(default)]
    #[param(max_length = 512)]
    state: Option<String>,
    /// Why nobody was signed in there.
    #[serde(default)]
    #[param(max_length = 512)]
    error: Option<String>,
}

/// Back from the provider: begins the session.
#[utoipa::path(
    get, path = "/sessions/oidc/callback", tag = "sessions", params(ComingBack),
    responses(
        (status = 303, description = "To the page that was asked for, with the session as a cookie"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = 502, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn come_back(
    State(app): State<App>,
    _: Public,
    given: HeaderMap,
    Query(query): Query<ComingBack>,
) -> Answer<(StatusCode, HeaderMap)> {
    let provider = provider(&app)?;
    let sealed = cookie_of(&given, COOKIE).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).ok_or_else(again)?;
    let plain = app.vault.open(CONTEXT, &sealed).map_err(|_| again())?;
    let away: Away = serde_json::from_slice(&plain).map_err(|_| again())?;
    if app.now().await? > away.until || query.state.as_ref() != Some(&away.pending.state) {
        return Err(again());
    }
    let code = query.code.filter(|_| query.error.is_none()).ok_or_else(again)?;
    let known = provider.come_back(code, away.pending).await.map_err(|why| failed(&why))?;
    let user = account(&app, known).await?;
    let token = token::fresh();
    let session = begin(&app, &user, &token).await?;
    let mut headers = headers(&away.next, vec![kept(&app, "", 0)?])?;
    for (name, value) in cookie(&app, &token, session.expires_at)?.drain() {
        headers.append(name.unwrap_or(header::SET_COOKIE), value);
    }
    Ok((StatusCode::SEE_OTHER, headers))
}

fn provider(app: &App) -> Answer<&SignOn> {
    app.sign_on.as_ref().ok_or_else(|| {
        let (en, zh) =
            ("single sign-on is not set up here; sign in with a password", "本平台未启用统一身份认证，请用密码登录");
        Problem::new(StatusCode::NOT_FOUND, "not_configured", en, zh)
    })
}

/// The account of whoever the provider says it is. The first time it is tied to the provider's mark.
async fn account(app: &App, known: Known) -> Answer<users::User> {
    let Known { subject, username } = known;
    let tied = app
        .store
        .write(move |tx| {
            if let Some(user) = users::by_oidc_subject(tx, &subject)? {
                return Ok::<_, StoreError>(Some(user));
            }
            let Some(username) = &username else { return Ok(None) };
            let Some(mut user) = users::by_login(tx, username)?.filter(|user| user.oidc_subject.is_none()) else {
                return Ok(None);
            };
            if user.active {
                user.oidc_subject = Some(subject.clone());
                users::put(tx, &user)?;
            }
            Ok(Some(user))
        })
        .await?;
    let there = |user: &users::User| {
        let person = user.person.parse::<PersonId>().ok();
        let snapshot = app.snapshot();
        user.active && person.is_some_and(|id| snapshot.organisation.person(&id).is_some_and(|person| person.active))
    };
    tied.filter(there).ok_or_else(|| {
        let (en, zh) = ("there is no account for you here; ask an administrator", "本平台没有您的账号，请联系管理员");
        Problem::new(StatusCode::FORBIDDEN, "no_account", en, zh)
    })
}

/// Whether a path leads to this installation and nowhere else.
fn is_ours(path: &str) -> bool {
    path.starts_with('/') && !path.starts_with("//") && path.chars().all(|c| !c.is_control() && c != '\\')
}

fn again() -> Problem {
    let (en, zh) = ("signing in was not completed; begin again", "登录未完成，请重新登录");
    Problem::new(StatusCode::UNAUTHORIZED, "sign_in_expired", en, zh)
}

fn failed(why: &SignOnError) -> Problem {
    tracing::warn!(%why, "single sign-on failed");
    match why {
        SignOnError::Token(_) => again(),
        SignOnError::Setting(_) | SignOnError::Provider(_) => {
            let (en, zh) = (
                "the sign-in service does not answer; try again, or use a password",
                "统一身份认证暂不可用，请重试或用密码登录",
            );
            Problem::new(StatusCode::BAD_GATEWAY, "provider_unavailable", en, zh)
        }
    }
}

fn kept(app: &App, value: &str, seconds: i64) -> Answer<HeaderValue> {
    let secure = if app.config.server.public_url.starts_with("https:") { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path={}; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}", path());
    HeaderValue::from_str(&text).map_err(Problem::internal)
}

/// Where the cookie is sent: both paths of this file.
fn path() -> &'static str {
    CALLBACK.strip_suffix("/callback").unwrap_or(CALLBACK)
}

fn headers(to: &str, cookies: Vec<HeaderValue>) -> Answer<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(header::LOCATION, HeaderValue::from_str(to).map_err(Problem::internal)?);
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
    Ok(headers)
}
