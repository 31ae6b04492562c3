//! Machines that report 物联感知: who they are is told by a signature over what they send, and how often they may by the
//! settings. Requests that are signed wrongly have a rate too: whoever exceeds it is turned away unread for a while. A machine
//! reads nothing here.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode},
};

use jiff::Timestamp;

use super::{
    body::Upload,
    limits::{self, Signer},
    problem::Problem,
};
use crate::{
    app::App,
    infra::{config, signature},
};

/// A signature holds for so long, seconds, either way.
const HOLDS_SECONDS: i64 = 300;

/// What a known machine sent.
#[derive(Debug)]
pub struct Signed {
    /// Which machine.
    pub source: config::Machine,
    /// Its words.
    pub body: Bytes,
    /// When they came.
    pub now: Timestamp,
}

fn unsigned() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "unsigned",
        "the request is not signed by a known source: send jiban-source, jiban-timestamp (seconds, not five minutes off) \
         and jiban-signature, 'sha256=' and the HMAC-SHA256 of 'timestamp.body' in hex",
        "请求未按已登记的来源签名：需要 jiban-source、jiban-timestamp（秒，误差五分钟内）和 jiban-signature（sha256= 加 timestamp.body 的 HMAC-SHA256 十六进制）",
    )
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

impl FromRequest<App> for Signed {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let source = known(&parts.headers, app);
        // Whatever else is said stands for one: there are only so many sources to count for.
        let name = source.as_ref().map(|source| source.name.clone()).unwrap_or_default();
        let signer: Signer = (limits::address(&parts, app)?, name);
        app.limits.may_sign(&signer)?;
        let signed = match source {
            Ok(source) => verified(Request::from_parts(parts, body), app, source).await,
            Err(problem) => Err(problem),
        };
        if signed.as_ref().is_err_and(|problem| problem.status == StatusCode::UNAUTHORIZED.as_u16()) {
            app.limits.wrongly_signed(&signer);
        }
        signed
    }
}

/// The source that a request says it comes from.
fn known(headers: &HeaderMap, app: &App) -> Result<config::Machine, Problem> {
    let name = header(headers, "jiban-source").ok_or_else(unsigned)?;
    app.config.machines.iter().find(|machine| machine.name == name).cloned().ok_or_else(unsigned)
}

async fn verified(request: Request, app: &App, source: config::Machine) -> Result<Signed, Problem> {
    let headers = request.headers().clone();
    let told = |name| header(&headers, name).ok_or_else(unsigned);
    let timestamp: i64 = told("jiban-timestamp")?.parse().map_err(|_| unsigned())?;
    let signature = told("jiban-signature")?.strip_prefix("sha256=").ok_or_else(unsigned)?;
    let Upload(body) = Upload::from_request(request, app).await?;
    if !signature::is_of(signature, &source.secret, timestamp, &body) {
        return Err(unsigned());
    }
    // Known to be the source's before its clock is looked at: an old request sent again is refused as such.
    let now = app.now().await?;
    if now.as_second().abs_diff(timestamp) > HOLDS_SECONDS.unsigned_abs() {
        return Err(unsigned());
    }
    Ok(Signed { source, body, now })
}
