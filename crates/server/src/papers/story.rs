//! What happened, in words 办理经过: the events of a case as lines that a stranger understands. Clocks tell only where they ran
//! out; what the program does for itself is left out.

use jiban_domain::{
    case::SessionOutcome,
    clock::ClockEvent,
    event::{Event, Recorded},
};
use jiban_office::Moment;

use super::Source;

/// Lines at most; what is beyond is told as a number.
const LINES_MAX: usize = 400;

pub(super) fn moments(source: &Source<'_>, events: &[Recorded]) -> Vec<Moment> {
    let told = events.iter().filter_map(|recorded| {
        let what = said(source, &recorded.event)?;
        Some(Moment { at: source.time(recorded.at), who: source.actor(&recorded.by.to_string()), what })
    });
    let mut moments: Vec<Moment> = told.collect();
    if moments.len() > LINES_MAX {
        let more = moments.len() - LINES_MAX;
        moments.truncate(LINES_MAX);
        let what = source.pick(format!("另有 {more} 条记录，见系统"), format!("{more} more, in the program"));
        moments.push(Moment { at: String::new(), who: String::new(), what });
    }
    moments
}

fn said(source: &Source<'_>, event: &Event) -> Option<String> {
    let say = |zh: &str, en: &str, more: &str| {
        let what = source.pick(zh, en);
        let more = more.trim();
        if more.is_empty() { what } else { format!("{what}{}{more}", source.language.pick("：", ": ")) }
    };
    let text = match event {
        Event::Registered(_) => say("登记", "registered", ""),
        Event::Classified { class, note, .. } => {
            let class = source.policy.class(class).map_or("", |class| source.name(&class.name));
            say("分类", "classed", &joined(&[class, note]))
        }
        Event::Corrected { .. } => say("更正登记内容", "corrected the report", ""),
        Event::Dispatched { lead, co_units, because } => {
            let units: Vec<String> = co_units.iter().map(|unit| source.unit(unit)).collect();
            let with = if units.is_empty() { String::new() } else { format!("（{}）", units.join("、")) };
            say("分拨", "dispatched", &joined(&[&format!("{}{with}", source.unit(lead)), because]))
        }
        Event::Accepted { handler } => {
            say("签收", "accepted", &handler.as_ref().map(|person| source.person(person)).unwrap_or_default())
        }
        Event::Returned(returned) => say("退回", "returned", &returned.explained),
        Event::ReturnDecided { upheld, note, .. } => {
            let outcome =
                source.pick(if *upheld { "同意" } else { "不同意" }, if *upheld { "upheld" } else { "refused" });
            say("退回裁定", "return decided", &joined(&[&outcome, note]))
        }
        Event::ContactTried { reached: true, note, .. } => say("联系诉求人", "reached the reporter", note),
        Event::ContactTried { note, .. } => say("联系诉求人未接通", "called in vain", note),
        Event::Unreachable { attempts } => say("多次联系未果", "could not be reached", &attempts.to_string()),
        Event::Verified { finding } => say("核实", "verified", finding),
        Event::Noted { text, .. } => say("备注", "note", text),
        Event::Attached(attachment) => say("上传", "attached", &attachment.name),
        Event::TeamAssigned { .. } => say("组建专班", "team assigned", ""),
        Event::ExtensionRequested(_) => say("申请延期", "asked for an extension", ""),
        Event::ExtensionDecided { granted, note, .. } => {
            let outcome =
                source.pick(if *granted { "同意" } else { "不同意" }, if *granted { "granted" } else { "refused" });
            say("延期裁定", "extension decided", &joined(&[&outcome, note]))
        }
        Event::Escalated { official, reason } => {
            say("提级包案", "escalated", &joined(&[&source.person(official), reason]))
        }
        Event::OfficialActed { .. } => say("包案履职", "the lead official acted", ""),
        Event::WhistleBlown(whistle) => {
            let units: Vec<String> = whistle.called.keys().map(|unit| source.unit(unit)).collect();
            say("吹哨", "blew the whistle", &joined(&[&units.join("、"), &whistle.matter]))
        }
        Event::ReportedIn { unit, action, .. } => say("报到", "reported in", &joined(&[&source.unit(unit), action])),
        Event::WhistleSettled { outcome, note, .. } => {
            say("吹哨办结", "whistle settled", &joined(&[source.code(outcome, &source.policy.whistle.outcomes), note]))
        }
        Event::Routed { studio, .. } => {
            let studio = source.policy.studios.get(studio).map_or("", |studio| source.name(&studio.name));
            say("转调解或法律援助", "sent to mediation or legal aid", studio)
        }
        Event::Rechecked { fine, note } => {
            let fine = source
                .pick(if *fine { "合格" } else { "不合格" }, if *fine { "as it should be" } else { "not mended" });
            say("复查", "looked at again", &joined(&[&fine, note]))
        }
        Event::SessionHeld(session) => {
            let outcome = match session.outcome {
                SessionOutcome::Adjourned => source.pick("择日再议", "adjourned"),
                SessionOutcome::Agreed => source.pick("达成一致", "agreed"),
                SessionOutcome::Failed => source.pick("调解不成", "no agreement"),
                SessionOutcome::Advised => source.pick("已提供法律援助", "legal aid given"),
            };
            say("调解会", "session held", &joined(&[&outcome, &session.told]))
        }
        Event::AgreementSigned(agreement) => {
            let terms: Vec<String> = agreement
                .terms
                .iter()
                .map(|term| {
                    let (number, party, text, due) = (term.number, &term.party, &term.text, term.due);
                    source.pick(
                        format!("{number}. {party}于 {due} 前：{text}"),
                        format!("{number}. {party}, by {due}: {text}"),
                    )
                })
                .collect();
            say("签订协议", "agreement signed", &terms.join("；"))
        }
        Event::TermEnded { term, kept, note } => {
            let kept = match kept {
                true => source.pick(format!("第 {term} 项已履行"), format!("term {term} kept")),
                false => source.pick(format!("第 {term} 项未履行"), format!("term {term} broken")),
            };
            say("登记履约", "told of a term", &joined(&[&kept, note]))
        }
        Event::Finished { outcome } => say("办结", "finished", outcome),
        Event::OpinionFiled { .. } => say("填报《群众诉求处理意见书》", "filed the opinion form", ""),
        Event::FormFiled { form, .. } => {
            let form = source.policy.forms.get(form).map_or("", |form| source.name(&form.name));
            say("填报表单", "filed a form", form)
        }
        Event::FollowUpTried { .. } => say("回访未接通", "follow-up call in vain", ""),
        Event::FollowedUp { solved, satisfied, .. } => {
            say("回访", "followed up", &answers(source, *solved, *satisfied))
        }
        Event::Answered { solved, satisfied, .. } => {
            say("诉求人自助回访", "the reporter answered", &answers(source, Some(*solved), Some(*satisfied)))
        }
        Event::Rated { grade, comment, .. } => {
            let of = source.policy.closing.grades;
            say("评价", "graded", &joined(&[&format!("{grade}/{of}"), comment]))
        }
        Event::Disputed { reason } => say("对办结提出异议", "disputed the finish", reason),
        Event::Appealed(appeal) => say("差评申诉", "appealed", &appeal.reason),
        Event::AppealDecided { upheld, note, .. } => {
            let outcome =
                source.pick(if *upheld { "成立" } else { "不成立" }, if *upheld { "upheld" } else { "refused" });
            say("申诉裁定", "appeal decided", &joined(&[&outcome, note]))
        }
        Event::Reopened { reason, .. } => say("重办", "reopened", reason),
        Event::MarkedRepeat { .. } => say("标记重复件", "marked as a repeat", ""),
        Event::Linked { .. } => say("关联诉求件", "linked to another case", ""),
        Event::HandedUpstream { reason, .. } => say("上报上级平台", "handed upstream", reason),
        Event::Declined { reason, explanation } => {
            let reason = source.code(reason, &source.policy.closing.decline_reasons);
            say("不予受理", "declined", &joined(&[reason, explanation]))
        }
        Event::Excluded { reason: Some(reason), note } => {
            let reason = source.code(reason, &source.policy.assessment.exclude_reasons);
            say("剔除考核", "left out of assessment", &joined(&[reason, note]))
        }
        Event::Excluded { reason: None, note } => say("恢复考核", "taken into assessment again", note),
        Event::Sampled { .. } | Event::IdentityRevealed { .. } => return None,
        Event::Closed { note } => say("结案", "closed", note),
        Event::Clock(ClockEvent::Breached { key, level: 1 }) => {
            let clock = source.case.clocks.iter().find(|clock| clock.key == *key)?;
            let rule = source.policy.clocks.get(&clock.rule)?;
            say("超时", "ran out", source.name(&rule.name))
        }
        Event::Clock(_) => return None,
    };
    Some(text)
}

fn answers(source: &Source<'_>, solved: Option<bool>, satisfied: Option<bool>) -> String {
    let told = |answer: Option<bool>, yes: (&str, &str), no: (&str, &str)| {
        answer.map(|answer| if answer { source.pick(yes.0, yes.1) } else { source.pick(no.0, no.1) })
    };
    let parts = [
        told(solved, ("已解决", "solved"), ("未解决", "not solved")),
        told(satisfied, ("满意", "satisfied"), ("不满意", "not satisfied")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { source.pick("未联系上", "nobody was reached") } else { parts.join("，") }
}

fn joined(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    parts.join("；")
}
