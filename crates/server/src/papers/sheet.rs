//! The sheet of a case 办理单: what was asked, its clocks, what was done and by whom, on A4.

use jiban_domain::{clock::Standing, event::Recorded};
use jiban_office::{Align, Block, Cell, Column, Document, Entry, Table};

use super::{Source, forms, story};

pub(super) fn document(source: &Source<'_>, events: &[Recorded]) -> Document {
    let case = source.case;
    let mut document = Document::new(source.language, source.pick("群众诉求办理单", "Case sheet"));
    let mut entries = forms::head(source);
    let wide = |zh: &str, en: &str, value: String| Entry { label: source.pick(zh, en), value, wide: true };
    let co_units: Vec<String> = case.co_units.iter().map(|unit| source.unit(unit)).collect();
    if !co_units.is_empty() {
        entries.push(wide("会办单位", "Co-units", co_units.join("、")));
    }
    if let Some(outcome) = &case.outcome {
        entries.push(wide("办理结果", "Outcome", outcome.clone()));
    }
    document.blocks.push(Block::Form { entries });
    document.blocks.push(heading(source, "时限", "Clocks"));
    document.blocks.push(Block::Table(clocks(source)));
    document.blocks.push(heading(source, "办理经过", "What happened"));
    document.blocks.push(Block::Timeline { entries: story::moments(source, events) });
    let printed = source.day(case.changed_at);
    document.note = Some(
        source
            .pick(format!("本单反映截至 {printed} 最后一次变更的情况。"), format!("As of the last change, {printed}.")),
    );
    document
}

fn heading(source: &Source<'_>, zh: &str, en: &str) -> Block {
    Block::Heading { level: 2, text: source.pick(zh, en) }
}

fn clocks(source: &Source<'_>) -> Table {
    let column = |zh: &str, en: &str| Column { heading: source.pick(zh, en), align: Align::Left };
    let row = |clock: &jiban_domain::clock::Clock| {
        let rule = source.policy.clocks.get(&clock.rule);
        let (standing, at) = match &clock.standing {
            Standing::Running => (source.pick("进行中", "running"), None),
            Standing::Met { at } => (source.pick("按时", "in time"), Some(*at)),
            Standing::Breached { stopped_at } => (source.pick("超时", "late"), *stopped_at),
            Standing::Cancelled { at } => (source.pick("取消", "fell away"), Some(*at)),
        };
        let name = rule.map_or_else(|| clock.rule.to_string(), |rule| source.name(&rule.name).to_owned());
        let unit = clock.unit.as_ref().map(|unit| source.unit(unit));
        let name = unit.map_or(name.clone(), |unit| format!("{name}（{unit}）"));
        [
            name,
            source.time(clock.started_at),
            source.time(clock.due_at),
            standing,
            at.map(|at| source.time(at)).unwrap_or_default(),
        ]
        .map(Cell::Text)
        .to_vec()
    };
    Table {
        caption: None,
        columns: vec![
            column("时限", "Clock"),
            column("开始", "Started"),
            column("到期", "Due"),
            column("情况", "Stands"),
            column("完成", "Ended"),
        ],
        rows: source.case.clocks.iter().map(row).collect(),
        note: None,
    }
}
