//! A report on paper 通报: the document that every format is made of.

use jiban_domain::{
    figures::Beside,
    policy::{Language, Policy},
};
use jiban_office::{
    Align, Block, Cell, Chart, ChartKind, Column, Document, MastheadStyle, Series, Signature, Table, numbered,
};

use super::{
    period::Period,
    prose::Prose,
    report::{Line, LineRate, Report},
};
use crate::{
    ahead::counted,
    infra::{press::full_date, world::Snapshot},
};

/// The report as a document. `hash` is that of an archived report's data.
pub fn document(report: &Report, snapshot: &Snapshot, language: Language, hash: Option<&str>) -> Document {
    let rules = &snapshot.policy.bulletins;
    let prose = Prose { report, rules, language };
    let mut paper = Paper { prose, blocks: Vec::new(), headings: 0 };
    paper.whole();
    let kind = rules.kinds.get(&report.kind).map(|rule| prose.name(&rule.name).to_owned());
    let kind = kind.unwrap_or_else(|| prose.pick("民诉分析", "Requests reviewed"));
    let unit = prose.name(&report.unit_name);
    let made = report.made_at.strftime("%Y-%m-%d %H:%M UTC");
    let note = match hash {
        Some(hash) => prose.pick(
            format!("数据生成于 {made}，已存档，SHA-256：{hash}"),
            format!("Data of {made}, archived, SHA-256: {hash}"),
        ),
        None => prose.pick(format!("数据生成于 {made}，未存档"), format!("Data of {made}, not archived")),
    };
    let date = full_date(language, report.made_at.to_zoned(snapshot.calendar.zone().clone()).date());
    let mut document = Document::new(language, prose.pick(format!("{unit}{kind}"), format!("{kind}: {unit}")));
    document.masthead = rules.masthead.as_ref().map(|name| prose.name(name).to_owned());
    document.masthead_style = MastheadStyle::Bulletin;
    document.subtitle = Some(match language {
        Language::Zh => format!("（{}）", prose.period()),
        Language::En => prose.period(),
    });
    document.blocks = paper.blocks;
    let who = rules.masthead.as_ref().map_or(unit, |name| prose.name(name)).to_owned();
    document.signature = Some(Signature { who, date });
    document.note = Some(note);
    document
}

/// A table of assessment as a document 考核台账.
pub fn table(policy: &Policy, all: &Line, lines: &[Line], period: Period, language: Language) -> Document {
    let pick = |zh: &str, en: &str| language.pick(zh, en).to_owned();
    let column = |zh: &str, en: &str, align| Column { heading: pick(zh, en), align };
    let mut columns = vec![
        column("名称", "Name", Align::Left),
        column("受理", "Registered", Align::Right),
        column("办结", "Finished", Align::Right),
    ];
    for rate in &policy.rates {
        let name = language.name(&rate.name);
        columns.push(Column { heading: name.to_owned(), align: Align::Right });
        columns.push(Column { heading: format!("{name}{}", language.pick("件数", " of")), align: Align::Right });
    }
    columns.push(column("超时时限", "Clocks late", Align::Right));
    columns.push(column("有效差评", "Bad grades", Align::Right));
    let row = |line: &Line| {
        let mut cells = vec![
            Cell::Text(language.name(&line.name).to_owned()),
            Cell::Count(line.registered),
            Cell::Count(line.finished),
        ];
        for rate in &line.rates {
            cells.push(rate.share.value().map_or(Cell::Empty, Cell::Share));
            cells.push(Cell::Text(format!("{}/{}", rate.share.part, rate.share.whole)));
        }
        cells.extend([Cell::Count(line.breached), Cell::Count(line.bad)]);
        cells
    };
    let title = pick("考核台账", "Assessment");
    let mut document = Document::new(language, title.clone());
    document.subtitle = Some(format!("{} – {}", period.first, period.last));
    document.blocks.push(Block::Table(Table {
        caption: Some(title),
        columns,
        rows: std::iter::once(all).chain(lines).map(row).collect(),
        note: None,
    }));
    document
}

struct Paper<'a> {
    prose: Prose<'a>,
    blocks: Vec<Block>,
    headings: usize,
}

impl Paper<'_> {
    fn whole(&mut self) {
        let prose = self.prose;
        let report = prose.report;
        self.heading("总体情况", "Overview");
        self.say(prose.overview());
        self.say(prose.watched());
        self.course();
        self.heading("主要指标", "Rates");
        self.rates();
        prose.ups_and_downs().into_iter().for_each(|line| self.say(line));
        self.changes();
        self.heading("满意与差评", "Satisfaction");
        self.say(prose.satisfaction());
        self.heading("未诉先办", "Before it is asked");
        self.say(prose.ahead());
        prose.undertaken().into_iter().for_each(|line| self.say(line));
        self.ahead();
        self.heading("吹哨报到", "Whistles");
        self.say(prose.whistles());
        self.heading("分布情况", "Where and what");
        self.table("按诉求分类", "By category", &report.categories);
        self.table("按地点", "By place", &report.areas);
        self.table("按渠道", "By channel", &report.channels);
        self.table("按类别", "By class", &report.classes);
        self.heading("各单位办理情况", "Units");
        self.units();
        self.apart();
        if !report.hot.is_empty() {
            self.heading("热点问题", "Hot issues");
            self.hot();
        }
        if let Some(open) = prose.open() {
            self.heading("在办情况", "Still open");
            self.say(open);
        }
        self.heading("意见建议", "Proposals");
        let proposals = report.proposals.trim();
        if proposals.is_empty() {
            self.say(prose.pick("（由信联办填写）", "(to be written by the liaison office)"));
        } else {
            proposals.lines().filter(|line| !line.trim().is_empty()).for_each(|line| self.say(line.trim().to_owned()));
        }
    }

    fn heading(&mut self, zh: &str, en: &str) {
        self.headings += 1;
        let language = self.prose.language;
        let text = numbered(language, 1, self.headings, language.pick(zh, en));
        self.blocks.push(Block::Heading { level: 1, text });
    }

    fn say(&mut self, text: String) {
        self.blocks.push(Block::Paragraph { text });
    }

    fn column(&self, zh: &str, en: &str, align: Align) -> Column {
        Column { heading: self.prose.pick(zh, en), align }
    }

    fn push_table(&mut self, (zh, en): (&str, &str), columns: Vec<Column>, rows: Vec<Vec<Cell>>, note: Option<String>) {
        if rows.is_empty() {
            return;
        }
        let caption = Some(self.prose.pick(zh, en));
        self.blocks.push(Block::Table(Table { caption, columns, rows, note }));
    }

    fn course(&mut self) {
        let report = self.prose.report;
        if report.course.len() < 2 {
            return;
        }
        let by_month = report.course.iter().any(|step| step.last_year.is_some());
        let label = |step: &super::report::Step| match (by_month, self.prose.language) {
            (true, Language::Zh) => format!("{}月", step.from.month()),
            (true, Language::En) => step.from.strftime("%b").to_string(),
            (false, _) => format!("{}/{}", step.from.month(), step.from.day()),
        };
        let series = |name: String, value: &dyn Fn(&super::report::Step) -> Option<i64>| Series {
            name,
            values: report.course.iter().map(|step| value(step).map(|number| number as f64)).collect(),
        };
        let mut all = vec![
            series(self.prose.pick("受理", "registered"), &|step| Some(step.registered)),
            series(self.prose.pick("办结", "finished"), &|step| Some(step.finished)),
        ];
        if report.course.iter().any(|step| step.last_year.is_some_and(|number| number > 0)) {
            all.push(series(self.prose.pick("去年同期受理", "registered a year ago"), &|step| step.last_year));
        }
        let chart = Chart {
            kind: if by_month { ChartKind::Bars } else { ChartKind::Lines },
            labels: report.course.iter().map(label).collect(),
            series: all,
            unit: Some(self.prose.pick("件", "cases")),
        };
        self.blocks
            .push(Block::Chart { caption: self.prose.pick("受理与办结", "Registered and finished"), chart });
    }

    fn rates(&mut self) {
        let prose = self.prose;
        let share = |share: jiban_domain::figures::Share| share.value().map_or(Cell::Empty, Cell::Share);
        let row = |rate: &super::report::RateLine| {
            let between = rate.interval.map_or(Cell::Empty, |(low, high)| {
                Cell::Text(format!("{}–{}", super::prose::percent(low), super::prose::percent(high)))
            });
            vec![
                Cell::Text(prose.name(&rate.name).to_owned()),
                share(rate.now),
                Cell::Text(format!("{}/{}", rate.now.part, rate.now.whole)),
                between,
                share(rate.before),
                share(rate.last_year),
            ]
        };
        let rows = prose.report.rates.iter().map(row).collect();
        let columns = vec![
            self.column("指标", "Rate", Align::Left),
            self.column("本期", "Now", Align::Right),
            self.column("件数", "Of", Align::Right),
            self.column("95% 区间", "95 % between", Align::Centre),
            self.column("上期", "Before", Align::Right),
            self.column("去年同期", "A year ago", Align::Right),
        ];
        let note = prose.pick(
            "区间表示在这样的件数下真实水平所在的范围：件数少则范围宽，相差在范围之内的不宜比高低。",
            "The true level lies between these with 95 %: wide where numbers are small, and what lies within is no difference.",
        );
        self.push_table(("指标完成情况", "Rates"), columns, rows, Some(note));
    }

    fn changes(&mut self) {
        let prose = self.prose;
        let told = prose.report.changes.iter().filter(|change| change.now + change.before + change.last_year > 0);
        let cell = |change: Option<f64>| change.map_or(Cell::Empty, Cell::Change);
        let row = |change: &super::report::Change| {
            vec![
                Cell::Text(prose.language.pick(change.count.zh(), change.count.en()).to_owned()),
                Cell::Count(change.now),
                Cell::Count(change.before),
                cell(change.against(change.before)),
                Cell::Count(change.last_year),
                cell(change.against(change.last_year)),
            ]
        };
        let rows = told.map(row).collect();
        let columns = vec![
            self.column("项目", "What", Align::Left),
            self.column("本期", "Now", Align::Right),
            self.column("上期", "Before", Align::Right),
            self.column("环比", "Change", Align::Right),
            self.column("去年同期", "A year ago", Align::Right),
            self.column("同比", "Change", Align::Right),
        ];
        self.push_table(("件数比较", "Numbers compared"), columns, rows, None);
    }

    fn ahead(&mut self) {
        let prose = self.prose;
        let counted = &prose.report.ahead;
        let number = |number: Option<i64>| number.map_or(Cell::Empty, Cell::Count);
        let row = |line: &counted::Line| {
            vec![
                Cell::Text(line.what.topic().name(prose.language).to_owned()),
                Cell::Text(prose.name(&line.what.name()).to_owned()),
                number(line.now),
                counted.share(line.what).map_or(Cell::Empty, Cell::Share),
                number(line.before),
            ]
        };
        let rows = counted.lines.iter().map(row).collect();
        let columns = vec![
            self.column("工作", "Work", Align::Left),
            self.column("项目", "What", Align::Left),
            self.column("本期", "Now", Align::Right),
            self.column("占比", "Share", Align::Right),
            self.column("上期", "Before", Align::Right),
        ];
        let most = counted::WORKS_MAX;
        let note = counted.more.then(|| {
            prose.pick(
                format!("每类工作最多统计 {most} 项，超出部分未计入。"),
                format!("At most {most} works of a kind are counted; there were more."),
            )
        });
        self.push_table(("未诉先办情况", "Before it is asked"), columns, rows, note);
    }

    fn table(&mut self, zh: &str, en: &str, lines: &[Line]) {
        let prose = self.prose;
        let all: i64 = lines.iter().map(|line| line.registered).sum();
        let row = |line: &Line| {
            let share = if all > 0 { Cell::Share(line.registered as f64 / all as f64) } else { Cell::Empty };
            vec![
                Cell::Text(prose.name(&line.name).to_owned()),
                Cell::Count(line.registered),
                share,
                Cell::Count(line.finished),
                Cell::Count(line.breached),
            ]
        };
        let rows = lines.iter().filter(|line| line.registered + line.finished > 0).map(row).collect();
        let columns = vec![
            self.column("名称", "Name", Align::Left),
            self.column("受理", "Registered", Align::Right),
            self.column("占比", "Share", Align::Right),
            self.column("办结", "Finished", Align::Right),
            self.column("超时时限", "Clocks late", Align::Right),
        ];
        self.push_table((zh, en), columns, rows, None);
    }

    fn units(&mut self) {
        let prose = self.prose;
        let shown = prose.report.rates.iter().take(3);
        let mut columns = vec![
            self.column("单位", "Unit", Align::Left),
            self.column("受理", "Registered", Align::Right),
            self.column("办结", "Finished", Align::Right),
        ];
        columns.extend(shown.map(|rate| Column { heading: prose.name(&rate.name).to_owned(), align: Align::Right }));
        columns.push(self.column("超时时限", "Clocks late", Align::Right));
        columns.push(self.column("有效差评", "Bad grades", Align::Right));
        let row = |line: &Line| {
            let mut cells = vec![
                Cell::Text(prose.name(&line.name).to_owned()),
                Cell::Count(line.registered),
                Cell::Count(line.finished),
            ];
            cells.extend(line.rates.iter().take(3).map(rate_cell));
            cells.extend([Cell::Count(line.breached), Cell::Count(line.bad)]);
            cells
        };
        let rows = prose.report.units.iter().map(row).collect();
        let note = prose.pick(
            "▲▼ 只标出与整体的差别超出偶然的；件数少的不排名次。",
            "▲▼ mark only what differs from all by more than chance explains; small numbers are not ranked.",
        );
        self.push_table(("各单位", "Units"), columns, rows, Some(note));
    }

    fn apart(&mut self) {
        let prose = self.prose;
        if prose.report.apart.is_empty() {
            return;
        }
        let told = prose.report.apart.iter().map(|apart| format!("{} {}", prose.name(&apart.name), apart.cases));
        let told: Vec<String> = told.collect();
        let list = told.join(prose.language.pick(" 件、", ", "));
        let text = prose.pick(
            format!("单独统计、不计入相应指标的：{list} 件。"),
            format!("Counted apart, outside the rates concerned: {list}."),
        );
        self.say(text);
    }

    fn hot(&mut self) {
        let prose = self.prose;
        let item = |issue: &super::report::HotIssue| {
            let name = issue.name.join(prose.language.pick("、", ", "));
            let (cases, people, typical, number) = (issue.cases, issue.people, &issue.typical, &issue.number);
            prose.pick(
                format!("{name}：{cases} 件、{people} 人反映，如“{typical}”（{number}）。"),
                format!("{name}: {cases} cases of {people} people, such as '{typical}' ({number})."),
            )
        };
        let items = prose.report.hot.iter().map(item).collect();
        self.blocks.push(Block::List { items, ordered: true });
    }
}

fn rate_cell(rate: &LineRate) -> Cell {
    let Some(share) = rate.share.value() else { return Cell::Empty };
    let mark = match rate.beside {
        Beside::Above => "▲",
        Beside::Below => "▼",
        Beside::Alike | Beside::Unknown => return Cell::Share(share),
    };
    Cell::Text(format!("{}{mark}", super::prose::percent(share)))
}
