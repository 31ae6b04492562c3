//! A campaign on paper 专项治理报告: goal, what was done, member cases by where they stand, and the effect as it was measured,
//! never said stronger than the numbers are.

use std::collections::BTreeMap;

use jiban_domain::{
    campaign::{Campaign, CampaignState},
    case::State,
    effect::{Effect, Verdict},
    ids::UnitId,
    policy::Language,
};
use jiban_office::{Align, Block, Cell, Column, Document, Signature, Table, numbered};
use jiff::{Timestamp, civil::Date};

use super::effect::Measured;
use crate::{
    assess::prose::percent,
    infra::{press::full_date, world::Snapshot},
};

/// What the paper is made of.
#[derive(Debug)]
pub struct Source<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// What was measured; none where there is nothing to measure yet.
    pub measured: Option<&'a Measured>,
    /// Where the member cases stand.
    pub states: &'a BTreeMap<State, u32>,
    /// Names and rules.
    pub snapshot: &'a Snapshot,
    /// In which language.
    pub language: Language,
    /// When it is printed.
    pub now: Timestamp,
}

/// The paper.
pub fn document(source: &Source<'_>) -> Document {
    let Source { campaign, language, snapshot, .. } = *source;
    let mut paper = Paper { source, blocks: Vec::new(), headings: 0 };
    paper.whole();
    let title = match campaign.state {
        CampaignState::Running => {
            paper.pick(format!("{}进展", campaign.plan.title), format!("{}: how it goes", campaign.plan.title))
        }
        CampaignState::Closed => {
            paper.pick(format!("{}结项报告", campaign.plan.title), format!("{}: closing report", campaign.plan.title))
        }
        CampaignState::Dropped => {
            paper.pick(format!("{}终止情况", campaign.plan.title), format!("{}: given up", campaign.plan.title))
        }
    };
    let mut document = Document::new(language, title);
    let (first, last) = (campaign.plan.first, campaign.plan.last);
    let (first, last) = (full_date(language, first), full_date(language, last));
    document.subtitle = Some(paper.pick(format!("（{first}至{last}）"), format!("{first} to {last}")));
    let day = campaign.ended_at.unwrap_or(source.now).to_zoned(snapshot.calendar.zone().clone()).date();
    document.signature = Some(Signature { who: paper.unit(&campaign.plan.lead), date: full_date(language, day) });
    document.blocks = paper.blocks;
    document
}

/// What can be said of an effect, in one sentence.
pub fn verdict(effect: &Effect, others: usize, language: Language) -> String {
    let (low, high) = effect.interval;
    let change = |ratio: f64| percent((ratio - 1.0).abs());
    let beside = match (effect.elsewhere, language) {
        (Some(_), Language::Zh) => format!("对照 {others} 个未开展的区域"),
        (Some(_), Language::En) => format!("beside {others} areas without the campaign"),
        (None, Language::Zh) => "没有可对照的区域，仅前后比较".to_owned(),
        (None, Language::En) => "with no other area to compare with, before and after only".to_owned(),
    };
    let range = match language {
        Language::Zh => format!("95% 区间为应有数量的 {} 至 {}", percent(low), percent(high)),
        Language::En => format!("95 % interval: {} to {} of what could be expected", percent(low), percent(high)),
    };
    match (effect.verdict, language) {
        (Verdict::Fewer, Language::Zh) => {
            format!("{beside}，同类诉求比应有数量少 {}（{range}）。", change(effect.ratio))
        }
        (Verdict::More, Language::Zh) => {
            format!("{beside}，同类诉求比应有数量多 {}（{range}）。", change(effect.ratio))
        }
        (Verdict::Unclear, Language::Zh) => format!("{beside}，变化与偶然波动无法区分（{range}）。"),
        (Verdict::Fewer, Language::En) => format!(
            "There were {} fewer cases of the kind than could be expected, {beside} ({range}).",
            change(effect.ratio)
        ),
        (Verdict::More, Language::En) => format!(
            "There were {} more cases of the kind than could be expected, {beside} ({range}).",
            change(effect.ratio)
        ),
        (Verdict::Unclear, Language::En) => format!("The change cannot be told from chance, {beside} ({range})."),
    }
}

struct Paper<'a> {
    source: &'a Source<'a>,
    blocks: Vec<Block>,
    headings: usize,
}

impl Paper<'_> {
    fn pick(&self, zh: impl Into<String>, en: impl Into<String>) -> String {
        match self.source.language {
            Language::Zh => zh.into(),
            Language::En => en.into(),
        }
    }

    fn unit(&self, id: &UnitId) -> String {
        let unit = self.source.snapshot.organisation.unit(id);
        unit.map_or_else(|| id.to_string(), |unit| self.source.language.name(&unit.name).to_owned())
    }

    fn units<'u>(&self, ids: impl IntoIterator<Item = &'u UnitId>) -> String {
        let names: Vec<String> = ids.into_iter().map(|id| self.unit(id)).collect();
        names.join(self.source.language.pick("、", ", "))
    }

    fn heading(&mut self, zh: &str, en: &str) {
        self.headings += 1;
        let text = numbered(self.source.language, 1, self.headings, self.source.language.pick(zh, en));
        self.blocks.push(Block::Heading { level: 1, text });
    }

    fn say(&mut self, zh: impl Into<String>, en: impl Into<String>) {
        let text = self.pick(zh, en);
        self.blocks.push(Block::Paragraph { text });
    }

    fn column(&self, zh: &str, en: &str) -> Column {
        Column { heading: self.pick(zh, en), align: Align::Left }
    }

    fn whole(&mut self) {
        let campaign = self.source.campaign;
        self.heading("目标与组织", "Goal and people");
        self.say(&campaign.plan.goal, &campaign.plan.goal);
        let (lead, units) = (self.unit(&campaign.plan.lead), self.units(&campaign.plan.units));
        if campaign.plan.units.is_empty() {
            self.say(format!("牵头单位：{lead}。"), format!("Led by {lead}."));
        } else {
            self.say(format!("牵头单位：{lead}；配合单位：{units}。"), format!("Led by {lead}, with {units}."));
        }
        let areas = self.units(&campaign.plan.areas);
        if !areas.is_empty() {
            self.say(format!("开展区域：{areas}。"), format!("Where: {areas}."));
        }
        self.tasks();
        self.visits();
        self.materials();
        self.members();
        self.effect();
        if !campaign.ending.is_empty() {
            match campaign.state {
                CampaignState::Dropped => self.heading("终止原因", "Why it was given up"),
                CampaignState::Running | CampaignState::Closed => self.heading("总结", "In conclusion"),
            }
            self.say(&campaign.ending, &campaign.ending);
        }
    }

    fn materials(&mut self) {
        let materials = &self.source.campaign.materials;
        if materials.is_empty() {
            return;
        }
        self.heading("材料", "Material");
        let names: Vec<String> =
            materials.iter().enumerate().map(|(at, one)| format!("{}. {}", at + 1, one.name)).collect();
        let names = names.join(self.source.language.pick("；", "; "));
        self.say(format!("{names}。"), format!("{names}."));
    }

    fn tasks(&mut self) {
        let Source { campaign, snapshot, now, .. } = *self.source;
        self.heading("任务完成情况", "Tasks");
        if campaign.tasks.is_empty() {
            return self.say("没有布置任务。", "No tasks were set.");
        }
        let zone = snapshot.calendar.zone();
        let done = campaign.tasks.iter().filter(|task| task.done_at.is_some()).count();
        let late = campaign.tasks.iter().filter(|task| task.is_late(now, zone)).count();
        let all = campaign.tasks.len();
        self.say(
            format!("共布置任务 {all} 项，已完成 {done} 项，逾期 {late} 项。"),
            format!("{all} tasks were set, {done} are done, {late} were or are late."),
        );
        let day = |at: Option<Timestamp>| at.map(|at| at.to_zoned(zone.clone()).date());
        let text = |day: Option<Date>| day.map_or(Cell::Empty, |day| Cell::Text(day.to_string()));
        let rows = campaign.tasks.iter().map(|task| {
            vec![
                Cell::Count(i64::from(task.number)),
                Cell::Text(task.text.clone()),
                Cell::Text(self.unit(&task.unit)),
                text(Some(task.due)),
                text(day(task.done_at)),
                if task.note.is_empty() { Cell::Empty } else { Cell::Text(task.note.clone()) },
            ]
        });
        let rows = rows.collect();
        let columns = vec![
            self.column("序号", "No."),
            self.column("任务", "Task"),
            self.column("承办单位", "Unit"),
            self.column("期限", "Due"),
            self.column("完成", "Done"),
            self.column("完成情况", "What was done"),
        ];
        let caption = Some(self.pick("任务清单", "Tasks"));
        self.blocks.push(Block::Table(Table { caption, columns, rows, note: None }));
    }

    fn visits(&mut self) {
        let campaign = self.source.campaign;
        if campaign.visits.is_empty() {
            return;
        }
        self.heading("联合检查", "Joint inspections");
        let rows = campaign.visits.iter().map(|visit| {
            vec![
                Cell::Text(visit.day.to_string()),
                Cell::Text(self.units(&visit.units)),
                Cell::Text(visit.place.clone()),
                Cell::Text(visit.found.clone()),
            ]
        });
        let rows = rows.collect();
        let columns = vec![
            self.column("日期", "Day"),
            self.column("参加单位", "Units"),
            self.column("地点", "Where"),
            self.column("检查情况", "Found and done"),
        ];
        let caption = Some(self.pick("检查记录", "Inspections"));
        self.blocks.push(Block::Table(Table { caption, columns, rows, note: None }));
    }

    fn members(&mut self) {
        self.heading("涉及诉求", "Cases");
        let all: u32 = self.source.states.values().sum();
        let ended: u32 = self
            .source
            .states
            .iter()
            .filter(|(state, _)| !state.is_open() || **state == State::Finished)
            .map(|(_, n)| n)
            .sum();
        match all {
            0 => self.say("没有归集诉求件。", "No cases were gathered."),
            _ => self.say(
                format!("归集诉求件 {all} 件，其中已办结 {ended} 件。"),
                format!("{all} cases were gathered, {ended} of them are finished."),
            ),
        }
    }

    fn effect(&mut self) {
        self.heading("成效", "Effect");
        let Some(measured) = self.source.measured else {
            return self.say(
                "没有限定诉求分类，或时间太短，暂不评估成效。",
                "No kind of case is named, or too little time has passed: nothing is said of the effect.",
            );
        };
        let Measured { before, after, so_far, others, .. } = measured;
        if *so_far {
            self.say("专项仍在进行，以下为阶段情况。", "The campaign goes on; this is how it stands so far.");
        }
        let days = before.days();
        match &measured.effect {
            None => self.say(
                format!("前后各 {days} 天内同类诉求太少，无法评估。"),
                format!("There were too few cases of the kind in {days} days before and after to say anything."),
            ),
            Some(effect) => {
                let (was, is) = (effect.here.before, effect.here.after);
                self.say(
                    format!(
                        "开展前（{} 至 {}）同类群众诉求 {was} 件，开展后（{} 至 {}）{is} 件。",
                        before.first, before.last, after.first, after.last
                    ),
                    format!(
                        "Before ({} to {}) there were {was} requests of the kind, after ({} to {}) {is}.",
                        before.first, before.last, after.first, after.last
                    ),
                );
                if let Some(elsewhere) = effect.elsewhere {
                    let (was, is) = (elsewhere.before, elsewhere.after);
                    self.say(
                        format!("同期其他区域由 {was} 件变为 {is} 件。"),
                        format!("In the other areas {was} became {is} in the same days."),
                    );
                }
                let text = verdict(effect, *others, self.source.language);
                self.blocks.push(Block::Paragraph { text });
            }
        }
        let caption = self.pick("每周同类群众诉求", "Requests of the kind, week by week");
        let chart = measured.chart(self.source.language);
        self.blocks.push(Block::Chart { caption, chart });
    }
}
