//! A hand-over sheet on paper 交接班记录: what was open when it was written, the note, and who signed. It tells what the sheet
//! took down then, never how things stand now.

use jiban_domain::{
    hand_over::{HandOver, OpenCall, OpenCase},
    ids::PersonId,
    policy::Language,
};
use jiban_office::{Align, Block, Cell, Column, Document, Entry, SignLine, Table, numbered};
use jiff::Timestamp;

use crate::infra::world::Snapshot;

/// The paper.
pub fn document(sheet: &HandOver, snapshot: &Snapshot, language: Language) -> Document {
    let mut paper = Paper { snapshot, language, blocks: Vec::new(), headings: 0 };
    paper.whole(sheet);
    let mut document = Document::new(language, language.pick("值班交接班记录", "Hand-over of duty"));
    let post = snapshot.policy.duty_posts.get(&sheet.shift.post);
    document.subtitle = Some(post.map_or_else(|| sheet.shift.post.to_string(), |name| language.name(name).to_owned()));
    document.blocks = paper.blocks;
    document
}

struct Paper<'a> {
    snapshot: &'a Snapshot,
    language: Language,
    blocks: Vec<Block>,
    headings: usize,
}

impl Paper<'_> {
    fn at(&self, at: Timestamp) -> String {
        at.to_zoned(self.snapshot.calendar.zone().clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    fn person(&self, id: &PersonId) -> String {
        let person = self.snapshot.organisation.person(id);
        person.map_or_else(|| id.to_string(), |person| person.name.clone())
    }

    fn heading(&mut self, zh: &str, en: &str) {
        self.headings += 1;
        let text = numbered(self.language, 1, self.headings, self.language.pick(zh, en));
        self.blocks.push(Block::Heading { level: 1, text });
    }

    fn say(&mut self, zh: &str, en: &str) {
        self.blocks.push(Block::Paragraph { text: self.language.pick(zh, en).to_owned() });
    }

    fn column(&self, zh: &str, en: &str) -> Column {
        Column { heading: self.language.pick(zh, en).to_owned(), align: Align::Left }
    }

    fn entry(&self, (zh, en): (&str, &str), value: String) -> Entry {
        Entry { label: self.language.pick(zh, en).to_owned(), value, wide: false }
    }

    fn whole(&mut self, sheet: &HandOver) {
        let unit = self.snapshot.organisation.unit(&sheet.shift.unit);
        let unit = unit.map_or_else(|| sheet.shift.unit.to_string(), |unit| self.language.name(&unit.name).to_owned());
        let turn = format!("{} – {}", self.at(sheet.shift.from), self.at(sheet.to));
        let entries = vec![self.entry(("单位", "Unit"), unit), self.entry(("班次", "Turn"), turn)];
        self.blocks.push(Block::Form { entries });
        self.heading("未结紧急件", "Open urgent cases");
        self.cases(&sheet.open.urgent, ("没有未结紧急件。", "There is none."));
        self.heading("近期到期件", "Due soon");
        self.cases(&sheet.open.due, ("没有近期到期的诉求件。", "Nothing is due soon."));
        self.heading("未接来电", "Calls that nobody took");
        self.calls(sheet);
        if sheet.open.more {
            self.say("另有未列出的，请在系统中查看。", "There are more than stand here; look them up in the program.");
        }
        self.heading("交班说明", "Note");
        self.say(&sheet.note, &sheet.note);
        let signed = sheet.signed_by.as_ref().map(|id| self.person(id)).unwrap_or_default();
        let signed_at = sheet.signed_at.map(|at| self.at(at)).unwrap_or_default();
        let entries = vec![
            self.line(("交班人", "Handed over by"), self.person(&sheet.shift.person), self.at(sheet.at)),
            self.line(("接班人", "Taken over by"), signed, signed_at),
        ];
        self.blocks.push(Block::Sign { entries });
    }

    fn line(&self, (zh, en): (&str, &str), name: String, at: String) -> SignLine {
        SignLine { label: self.language.pick(zh, en).to_owned(), name, at }
    }

    fn cases(&mut self, cases: &[OpenCase], (zh, en): (&str, &str)) {
        if cases.is_empty() {
            return self.say(zh, en);
        }
        let row = |case: &OpenCase| {
            let due = case.due.map_or(Cell::Empty, |due| Cell::Text(self.at(due)));
            vec![Cell::Text(case.number.clone()), Cell::Text(case.title.clone()), due]
        };
        let rows = cases.iter().map(row).collect();
        let columns = vec![self.column("编号", "Number"), self.column("事由", "Matter"), self.column("期限", "Due")];
        self.blocks.push(Block::Table(Table { caption: None, columns, rows, note: None }));
    }

    fn calls(&mut self, sheet: &HandOver) {
        if sheet.open.calls.is_empty() {
            return self.say("没有未接来电。", "There is none.");
        }
        let row = |call: &OpenCall| vec![Cell::Text(self.at(call.at)), Cell::Text(call.note.clone())];
        let rows = sheet.open.calls.iter().map(row).collect();
        let columns = vec![self.column("来电时间", "When"), self.column("情况", "What is known")];
        self.blocks.push(Block::Table(Table { caption: None, columns, rows, note: None }));
    }
}
