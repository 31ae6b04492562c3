//! One-time codes 动态码: set up, confirm, check. The secret is sealed like an identity.

use axum::{Json, extract::State, http::StatusCode};
use jiban_store::{StoreError, users};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    http::{
        auth::Staff,
        body::Body,
        problem::{Answer, Problem},
    },
    infra::passwords,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(begin)).routes(routes!(confirm))
}

/// A secret to put into an authenticator.
#[derive(Debug, Serialize, ToSchema)]
struct Offered {
    /// Address for the QR code.
    url: String,
    /// The secret, in hex: send it back to confirm.
    secret: String,
}

/// Offer a secret for one-time codes; nothing is kept until it is confirmed.
#[utoipa::path(
    post, path = "/sessions/totp", tag = "sessions",
    responses((status = 200, body = Offered), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn begin(staff: Staff) -> Answer<Json<Offered>> {
    let secret = rand::random::<[u8; 20]>();
    let totp = passwords::totp(&secret, staff.person.as_str()).map_err(Problem::internal)?;
    let url = totp.to_url().map_err(Problem::internal)?;
    Ok(Json(Offered { url, secret: hex::encode(secret) }))
}

/// A secret with a code that proves it arrived.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Confirmed {
    /// The secret offered.
    #[schema(min_length = 40, max_length = 40)]
    secret: String,
    /// A code of it.
    #[schema(max_length = 10)]
    code: String,
}

/// Confirm: from now on signing in needs a code.
#[utoipa::path(
    put, path = "/sessions/totp", tag = "sessions", request_body = Confirmed,
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")),
    security(("session" = []))
)]
async fn confirm(State(app): State<App>, staff: Staff, Body(given): Body<Confirmed>) -> Answer<StatusCode> {
    let bad = || Problem::field("code", "a current code of this secret", "应为该密钥的当前动态码");
    let secret = hex::decode(&given.secret).ok().filter(|secret| secret.len() == 20).ok_or_else(bad)?;
    let now = app.store.read(|tx| Ok::<_, StoreError>(tx.now())).await?;
    let totp = passwords::totp(&secret, staff.person.as_str()).map_err(Problem::internal)?;
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    totp.check(&given.code, seconds).ok_or_else(bad)?;
    let person = staff.person.to_string();
    let sealed = app.vault.seal(&context(&person), &secret)?;
    app.store
        .write(move |tx| match users::by_person(tx, &person)? {
            Some(mut user) => {
                user.totp = Some(sealed.clone());
                users::put(tx, &user)
            }
            None => Ok(()),
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether the code fits the sealed secret now.
pub(super) fn fits(app: &App, person: &str, sealed: &[u8], code: Option<&str>, now: Timestamp) -> Answer<bool> {
    let secret = app.vault.open(&context(person), sealed)?;
    let totp = passwords::totp(&secret, person).map_err(Problem::internal)?;
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    Ok(code.is_some_and(|code| totp.check(code.trim(), seconds).is_some()))
}

/// Accounts looked at in one transaction.
const RESEALED_AT_ONCE: i64 = 200;

/// Seals anew the secrets that an older key sealed. Returns how many.
///
/// # Errors
/// The store's; a key that is needed is not there any more.
pub async fn reseal(app: &App) -> Result<u64, StoreError> {
    let (mut after, mut done) = (String::new(), 0);
    loop {
        let (parts, from) = (app.clone(), after.clone());
        let step = app.store.write(move |tx| -> Result<(Option<String>, u64), StoreError> {
            let mut changed = 0;
            let accounts = users::list(tx, &from, RESEALED_AT_ONCE)?;
            for account in &accounts {
                let Some(sealed) = account.totp.as_ref().filter(|sealed| !parts.vault.is_newest(sealed)) else {
                    continue;
                };
                let context = context(&account.person);
                let secret = parts.vault.open(&context, sealed)?;
                users::reseal_totp(tx, &account.person, sealed, &parts.vault.seal(&context, &secret)?)?;
                changed += 1;
            }
            Ok((accounts.last().map(|account| account.person.clone()), changed))
        });
        let (last, changed) = step.await?;
        done += changed;
        match last {
            Some(last) => after = last,
            None => return Ok(done),
        }
    }
}

/// What the seal is bound to: a secret moved to another account does not open.
fn context(person: &str) -> Vec<u8> {
    format!("totp:{person}").into_bytes()
}
