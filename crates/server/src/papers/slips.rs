//! Slips 审批单: an extension or a return with who asked, why, and what was decided.

use jiban_domain::{
    case::{Extension, Return},
    event::{Event, Recorded},
    policy::Length,
};
use jiban_office::{Block, Document, Entry, SignLine};

use super::Source;

pub(super) fn extension(source: &Source<'_>, asked: &Extension, events: &[Recorded]) -> Document {
    let begun = events.iter().find(|told| matches!(&told.event, Event::ExtensionRequested(of) if of.id == asked.id));
    let decided = events.iter().find_map(|told| match &told.event {
        Event::ExtensionDecided { id, note, .. } if *id == asked.id => Some((told, note)),
        _ => None,
    });
    let clock = source.case.clocks.iter().find(|clock| clock.key == asked.clock);
    let rule = clock.and_then(|clock| source.policy.clocks.get(&clock.rule));
    let length = match asked.length {
        Length::Minutes(minutes) if minutes % 60 == 0 => {
            source.pick(format!("{} 小时", minutes / 60), format!("{} h", minutes / 60))
        }
        Length::Minutes(minutes) => source.pick(format!("{minutes} 分钟"), format!("{minutes} min")),
        Length::WorkingDays(days) => source.pick(format!("{days} 个工作日"), format!("{days} working days")),
        Length::Until { day } => source.pick(format!("至 {day}"), format!("until {day}")),
    };
    let entry = |zh: &str, en: &str, value: String| Entry { label: source.pick(zh, en), value, wide: false };
    let reason = source.code(&asked.reason, &source.policy.extensions.reasons).to_owned();
    let entries = vec![
        entry("延期时限", "Clock", rule.map_or_else(|| asked.clock.clone(), |rule| source.name(&rule.name).to_owned())),
        entry("申请延长", "For", length),
        entry("申请理由", "Why", reason),
        entry("到期时间", "Due", clock.map(|clock| source.time(clock.due_at)).unwrap_or_default()),
    ];
    slip(
        source,
        source.pick("延期审批单", "Extension"),
        entries,
        (begun, asked.granted),
        decided.map(|(told, note)| (told, note.as_str())),
        source.pick("同意延期", "Granted"),
    )
}

pub(super) fn returned(source: &Source<'_>, returned: &Return, events: &[Recorded]) -> Document {
    let begun = events.iter().find(|told| matches!(&told.event, Event::Returned(of) if of.id == returned.id));
    let decided = events.iter().find_map(|told| match &told.event {
        Event::ReturnDecided { id, note, .. } if *id == returned.id => Some((told, note)),
        _ => None,
    });
    let entry = |zh: &str, en: &str, value: String, wide| Entry { label: source.pick(zh, en), value, wide };
    let reason = source.code(&returned.reason, &source.policy.returns.reasons).to_owned();
    let entries = vec![
        entry("退回单位", "Returned by", source.unit(&returned.unit), false),
        entry("建议单位", "Believed to be right", source.unit_or(returned.suggested.as_ref()), false),
        entry("退回理由", "Why", reason, true),
        entry("向诉求人的解释", "Explained to the reporter", returned.explained.clone(), true),
    ];
    slip(
        source,
        source.pick("退回审批单", "Return"),
        entries,
        (begun, returned.upheld),
        decided.map(|(told, note)| (told, note.as_str())),
        source.pick("同意退回", "Upheld"),
    )
}

fn slip(
    source: &Source<'_>,
    title: String,
    own: Vec<Entry>,
    (begun, outcome): (Option<&Recorded>, Option<bool>),
    decided: Option<(&Recorded, &str)>,
    agreed: String,
) -> Document {
    let case = source.case;
    let mut document = Document::new(source.language, title);
    let entry = |zh: &str, en: &str, value: String, wide| Entry { label: source.pick(zh, en), value, wide };
    let mut entries = vec![
        entry("编号", "Number", case.number.clone(), false),
        entry("类别", "Class", source.class(), false),
        entry("诉求标题", "Title", case.title.clone(), true),
    ];
    entries.extend(own);
    let outcome = match outcome {
        Some(true) => agreed,
        Some(false) => source.pick("不同意", "Refused"),
        None => source.pick("待裁定", "Waits for a decision"),
    };
    entries.push(entry("裁定", "Decision", outcome, true));
    entries.push(entry("裁定意见", "Why", decided.map(|(_, note)| note.to_owned()).unwrap_or_default(), true));
    document.blocks.push(Block::Form { entries });
    let line = |zh: &str, en: &str, told: Option<&Recorded>| SignLine {
        label: source.pick(zh, en),
        name: told.map(|told| source.actor(&told.by.to_string())).unwrap_or_default(),
        at: told.map(|told| source.time(told.at)).unwrap_or_default(),
    };
    document.blocks.push(Block::Sign {
        entries: vec![line("申请人", "Asked by", begun), line("裁定人", "Decided by", decided.map(|(told, _)| told))],
    });
    document
}
