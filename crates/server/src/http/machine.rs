//! Machines that report 物联感知: who they are is told by a signature over what they send, and how often they may by the
//! settings. A machine reads nothing here.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode},
};

use jiff::Timestamp;

use super::{body::Upload, problem::Problem};
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
        let headers = request.headers().clone();
        let told = |name| header(&headers, name).ok_or_else(unsigned);
        let (source, timestamp, signature) =
            (told("jiban-source")?, told("jiban-timestamp")?, told("jiban-signature")?);
        let source = app.config.machines.iter().find(|machine| machine.name == source).ok_or_else(unsigned)?.clone();
        let timestamp: i64 = timestamp.parse().map_err(|_| unsigned())?;
        let Upload(body) = Upload::from_request(request, app).await?;
        let signature = signature.strip_prefix("sha256=").ok_or_else(unsigned)?;
        if !signature::is_of(signature, &source.secret, timestamp, &body) {
            return Err(unsigned());
        }
        // Known to be the source's before its clock is looked at: an old request sent again is refused as such.
        let now = app.now().await?;
        if now.as_second().abs_diff(timestamp) > HOLDS_SECONDS.unsigned_abs() {
            return Err(unsigned());
        }
        Ok(Self { source, body, now })
    }
}
