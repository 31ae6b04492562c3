//! Drafts by a helper model 起草, where one is configured: a summary of a case, or a reply to who asked. A draft is shown
//! to whoever asked for it and is kept nowhere; a person makes it their own or leaves it.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    desk::triage,
    http::{
        auth::Seen,
        body::Body,
        problem::{Answer, Problem},
    },
    infra::helper,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(draft))
}

/// What is drafted.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DraftKind {
    /// What the case is about, in a few sentences 摘要.
    #[default]
    Summary,
    /// A reply to who asked 答复.
    Reply,
}

impl DraftKind {
    /// What the helper is told to do.
    fn what(self) -> &'static str {
        match self {
            Self::Summary => {
                "你是街道信联办的工作人员。用不超过一百字概括下面的群众诉求：什么事、影响谁、希望怎样。只写诉求中有的内容，不推测，不评价。"
            }
            Self::Reply => {
                "你是街道信联办的工作人员。根据下面的群众诉求和办理情况，起草一段给诉求人的答复，语气平实有礼，不超过二百字。只写已有的事实，没有办理情况时只说明已受理、将按规定办理，不作承诺。"
            }
        }
    }
}

/// What to draft.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Drafting {
    /// A summary or a reply.
    #[serde(default)]
    kind: DraftKind,
}

/// A draft by a machine.
#[derive(Debug, Serialize, ToSchema)]
struct Draft {
    /// Its words. They are a machine's: a person checks them.
    text: String,
    /// The model that wrote it.
    model: String,
}

/// Draft a summary or a reply; nothing where no helper is configured 起草.
#[utoipa::path(
    post, path = "/cases/{case}/draft", tag = "cases", request_body = Drafting,
    params(("case" = String, Path, description = "Id or number of the case")),
    responses(
        (status = 200, body = Option<Draft>),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = 502, body = Problem, content_type = "application/problem+json")
    ),
    security(("session" = []))
)]
async fn draft(State(app): State<App>, seen: Seen, Body(drafting): Body<Drafting>) -> Answer<Json<Option<Draft>>> {
    let Some(settings) = &app.config.helper else { return Ok(Json(None)) };
    let case = &seen.case;
    let policy = &seen.staff.snapshot.policy;
    let category = case.category.as_ref().and_then(|id| policy.categories.get(id)).map(|category| &*category.name.zh);
    // The address is left out of the text too: it may be somebody's home.
    let told = triage::told(&case.title, &case.text);
    let told = if case.place.address.is_empty() { told } else { told.replace(&case.place.address, "某处") };
    let about = format!(
        "分类：{}\n诉求：{told}\n办理情况：{}",
        category.unwrap_or("未分类"),
        case.outcome.as_deref().unwrap_or("暂无")
    );
    let text = helper::ask(settings, drafting.kind.what(), &about).await.map_err(|why| {
        tracing::warn!(why, "the helper model gave no draft");
        Problem::new(
            StatusCode::BAD_GATEWAY,
            "helper_unavailable",
            "the helper model gave no draft; write it yourself, or try again later",
            "辅助模型暂不可用：请自行撰写，或稍后再试",
        )
    })?;
    Ok(Json(Some(Draft { text, model: settings.model.clone() })))
}
