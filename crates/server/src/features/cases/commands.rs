//! `POST /cases/{case}/…`: one endpoint a command. The body is the domain's own command; who may is the domain's to
//! say, and a refusal says why.

use axum::{Json, extract::State, http::HeaderMap};
use jiban_domain::{case::Case, command as cmd};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    desk,
    http::{
        auth::{Seen, expected},
        body::Body,
        key::IdempotencyKey,
        problem::{Answer, Problem},
    },
};

async fn act<C: Into<cmd::Command> + Serialize>(
    app: &App,
    seen: Seen,
    headers: &HeaderMap,
    key: IdempotencyKey,
    command: C,
) -> Answer<Json<Case>> {
    let id = seen.case.id;
    let key = key.of(seen.staff.person.as_str(), &(id, &command));
    let case = desk::act(app, id, command.into(), seen.staff.actor, expected(headers)?, key).await?;
    Ok(Json(case))
}

macro_rules! endpoints {
    ($($(#[$doc:meta])* $name:ident: $command:ident at $path:literal;)*) => {
        $(
            $(#[$doc])*
            #[utoipa::path(
                post, path = $path, tag = "commands", request_body = cmd::$command,
                params(
                    ("case" = String, Path, description = "Id or number of the case"),
                    ("If-Match" = Option<String>, Header, pattern = "^(\"[0-9]{1,18}\"|[0-9]{1,18})$", description = "Version seen, in quotes; refused with 409 when the case has moved on"),
                    ("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,128}$", description = "A retried command with the same key is one command"),
                ),
                responses((status = 200, body = Case), (status = "4XX", body = Problem, content_type = "application/problem+json")),
                security(("session" = []))
            )]
            async fn $name(
                State(app): State<App>,
                seen: Seen,
                headers: HeaderMap,
                key: IdempotencyKey,
                Body(command): Body<cmd::$command>,
            ) -> Answer<Json<Case>> {
                act(&app, seen, &headers, key, command).await
            }
        )*

        pub(super) fn routes() -> OpenApiRouter<App> {
            OpenApiRouter::new()$(.routes(routes!($name)))*
        }
    };
}

endpoints! {
    /// Classify, or confirm the proposal 分类.
    classify: Classify at "/cases/{case}/classify";
    /// Correct the report 更正.
    correct: Correct at "/cases/{case}/correct";
    /// Dispatch 分拨.
    dispatch: Dispatch at "/cases/{case}/dispatch";
    /// Accept 签收.
    accept: Accept at "/cases/{case}/accept";
    /// Settle on the spot what a round found 当场处置.
    settle: Settle at "/cases/{case}/settle";
    /// Return 退回.
    give_back: Return at "/cases/{case}/return";
    /// Decide a return 裁定退回.
    decide_return: DecideReturn at "/cases/{case}/decide-return";
    /// Log a contact 联系.
    contact: Contact at "/cases/{case}/contact";
    /// Verify 核实.
    verify: Verify at "/cases/{case}/verify";
    /// Note 备注.
    note: Note at "/cases/{case}/note";
    /// Assign the team 组建专班.
    assign_team: AssignTeam at "/cases/{case}/assign-team";
    /// Ask for an extension 申请延期.
    request_extension: RequestExtension at "/cases/{case}/request-extension";
    /// Decide an extension 裁定延期.
    decide_extension: DecideExtension at "/cases/{case}/decide-extension";
    /// Escalate 提级包案.
    escalate: Escalate at "/cases/{case}/escalate";
    /// Act as the lead official 包案履职.
    official_act: OfficialAct at "/cases/{case}/official-act";
    /// Blow the whistle 吹哨.
    blow_whistle: BlowWhistle at "/cases/{case}/blow-whistle";
    /// Report in 报到.
    report_in: ReportIn at "/cases/{case}/report-in";
    /// Settle a whistle 吹哨办结.
    settle_whistle: SettleWhistle at "/cases/{case}/settle-whistle";
    /// Route to mediation or legal aid 转调解或法援.
    route: RouteTo at "/cases/{case}/route";
    /// Write down a session of mediation or legal aid 登记调解会.
    hold_session: HoldSession at "/cases/{case}/hold-session";
    /// Sign an agreement 签订协议.
    sign_agreement: SignAgreement at "/cases/{case}/sign-agreement";
    /// Tell whether a term of an agreement was kept 登记履约.
    end_term: EndTerm at "/cases/{case}/end-term";
    /// Finish 办结.
    finish: Finish at "/cases/{case}/finish";
    /// Look again at what a round found 复查.
    recheck: Recheck at "/cases/{case}/recheck";
    /// File the opinion form 意见书.
    file_opinion: FileOpinion at "/cases/{case}/file-opinion";
    /// File the follow-up 回访.
    follow_up: FollowUp at "/cases/{case}/follow-up";
    /// File any other form of the policy 填报表单.
    file_form: FileForm at "/cases/{case}/file-form";
    /// Appeal against a grade 差评申诉.
    appeal: Appeal at "/cases/{case}/appeal";
    /// Decide an appeal 裁定申诉.
    decide_appeal: DecideAppeal at "/cases/{case}/decide-appeal";
    /// Reopen 重办.
    reopen: Reopen at "/cases/{case}/reopen";
    /// Mark as a repeat 重复件.
    mark_repeat: MarkRepeat at "/cases/{case}/mark-repeat";
    /// Link to another case 关联.
    link: Link at "/cases/{case}/link";
    /// Hand to the upstream platform 上报.
    hand_upstream: HandUpstream at "/cases/{case}/hand-upstream";
    /// Decline 不予受理.
    decline: Decline at "/cases/{case}/decline";
    /// Leave out of assessment, or take in again 剔除考核.
    exclude: Exclude at "/cases/{case}/exclude";
    /// Close 结案.
    close: Close at "/cases/{case}/close";
}
