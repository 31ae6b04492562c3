//! Errors as people and programs meet them: `application/problem+json` (RFC 9457), in the reader's language.
//!
//! Every error of the program becomes a [`Problem`] on its way out: what happened, what was kept, what to do, and a
//! number to quote. Nothing of a reporter's identity and no inner detail of a fault may be in one.

use std::fmt;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiban_domain::refusal::Refusal;
use jiban_store::StoreError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Code of the one problem after which nobody knows whether something was changed.
const OUTCOME_UNKNOWN: &str = "outcome_unknown";

/// One error answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Stable code for programs, e.g. `wrong_state`.
    pub code: String,
    /// What happened and what to do, in English.
    pub title: String,
    /// The same in Chinese.
    pub title_zh: String,
    /// Field of the request that is at fault, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Number to quote to whoever runs the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
}

/// What a handler returns.
pub type Answer<T> = Result<T, Problem>;

impl Problem {
    /// A problem with a code and its words.
    pub fn new(status: StatusCode, code: &str, title: impl Into<String>, title_zh: impl Into<String>) -> Self {
        Self {
            status: status.as_u16(),
            code: code.to_owned(),
            title: title.into(),
            title_zh: title_zh.into(),
            field: None,
            incident: None,
        }
    }

    /// A field of the request is wrong.
    pub fn field(field: &str, needs: impl fmt::Display, needs_zh: impl fmt::Display) -> Self {
        let title = format!("{field}: {needs}");
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", title, format!("{field}：{needs_zh}"));
        problem.field = Some(field.to_owned());
        problem
    }

    /// The cursor is none that a page before gave.
    pub fn cursor() -> Self {
        Self::field("cursor", "the 'next' of the page before", "应为上一页的 next")
    }

    /// The body is not what the endpoint takes.
    pub fn body(why: impl fmt::Display) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad_request",
            format!("the request cannot be read: {why}"),
            format!("请求无法读取：{why}"),
        )
    }

    /// Nobody is signed in, or the session is over.
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "please sign in", "请先登录")
    }

    /// The account may not do this at all.
    pub fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "your role does not allow this; ask an administrator",
            "您的角色无权进行此操作，请联系管理员",
        )
    }

    /// There is no such thing, or it is not for the reader to see: the two are not told apart.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "not found, or not yours to see", "未找到，或无权查看")
    }

    /// Somebody else changed it in between.
    pub fn conflict() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "conflict",
            "someone else changed this in between; nothing was changed, load it again",
            "其他人刚刚修改过，本次未作更改，请重新打开",
        )
    }

    /// The same key came with another request.
    pub fn key_reused() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "this Idempotency-Key was used for a different request; use a new one",
            "该幂等键已用于另一请求，请更换",
        )
    }

    /// Too much at once.
    pub fn too_many() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "too many requests; wait a minute and try again",
            "请求过于频繁，请一分钟后再试",
        )
    }

    /// A fault of ours. The cause goes to the log under a number; the reader gets the number.
    pub fn internal(cause: impl fmt::Display) -> Self {
        let incident = uuid::Uuid::now_v7().simple().to_string();
        tracing::error!(%incident, %cause, "internal error");
        let mut problem = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something went wrong on our side; nothing was changed, please try again",
            "系统出错，本次未作更改，请重试",
        );
        problem.incident = Some(incident);
        problem
    }

    /// Whether what was asked may have been done all the same.
    pub fn outcome_is_unknown(&self) -> bool {
        self.code == OUTCOME_UNKNOWN
    }

    /// The answer took too long. What was begun may still be done.
    pub fn too_slow() -> Self {
        Self::unavailable(
            "too_slow",
            "the answer took too long; send the same request with the same key to learn the outcome",
            "处理超时，请用同一请求重试以确认结果",
        )
    }

    fn unavailable(code: &str, title: &str, title_zh: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, title, title_zh)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match &refusal {
            Refusal::NotAllowed { .. } => StatusCode::FORBIDDEN,
            Refusal::WrongState { .. }
            | Refusal::Already { .. }
            | Refusal::First { .. }
            | Refusal::Limit { .. }
            | Refusal::TooLate { .. } => StatusCode::CONFLICT,
            Refusal::Unknown { .. } | Refusal::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let mut problem = Self::new(status, refusal.code(), refusal.to_string(), refusal.zh());
        if let Refusal::Invalid { field, .. } = refusal {
            problem.field = Some(field);
        }
        problem
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { .. } => Self::conflict(),
            StoreError::Busy { .. } => {
                Self::unavailable("busy", "too much to do at once; try again in a moment", "系统繁忙，请稍后重试")
            }
            StoreError::Unavailable { why: cause } => {
                tracing::error!(%cause, "the database is out of reach");
                Self::unavailable(
                    "unavailable",
                    "the database is out of reach; nothing was changed, try again shortly",
                    "数据库暂时无法连接，本次未作更改，请稍后重试",
                )
            }
            StoreError::Files { why: cause } => {
                tracing::error!(%cause, "the place of files cannot be used");
                Self::unavailable(
                    "files_unavailable",
                    "photos and files cannot be kept or read now; nothing was changed, try again shortly",
                    "照片和附件暂时无法存取，本次未作更改，请稍后重试",
                )
            }
            StoreError::Unknown => {
                tracing::error!("outcome of a write unknown");
                Self::unavailable(
                    OUTCOME_UNKNOWN,
                    "the connection broke while saving; send the same request with the same key to learn the outcome",
                    "保存时连接中断，请用同一请求重试以确认结果",
                )
            }
            other => Self::internal(other),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}
