//! Filed forms 表单 on paper: the opinion form, the follow-up form, and any other form of the policy, with the head that all
//! share and the signature of who filed it.

use jiban_domain::{
    case::{FiledForm, FollowUp, Signature, Term},
    policy::{Field, FieldKind},
};
use jiban_office::{Align, Block, Cell, Column, Document, Entry, SignLine, Table};

use super::Source;

/// The form filed in this place among those of the case.
pub(super) fn document(source: &Source<'_>, place: usize, filed: &FiledForm) -> Document {
    let form = source.policy.forms.get(&filed.form);
    let title = form.map_or_else(|| filed.form.to_string(), |form| source.name(&form.name).to_owned());
    let mut document = Document::new(source.language, title);
    let mut entries = head(source);
    if let Some(follow_up) = answered(source, filed) {
        entries.extend(answers(source, follow_up));
    }
    let fields = form.map(|form| form.fields.as_slice()).unwrap_or_default();
    entries.extend(fields.iter().map(|field| field_entry(source, field, filed)));
    let known = |id: &String| fields.iter().any(|field| field.id == *id);
    let others = filed.values.iter().filter(|(id, _)| !known(id));
    entries.extend(others.map(|(id, value)| Entry { label: id.clone(), value: value.clone(), wide: true }));
    document.blocks.push(Block::Form { entries });
    if source.policy.agreement.as_ref() == Some(&filed.form) {
        document.blocks.extend(agreement(source, place));
        return document;
    }
    let sign = |zh: &str, en: &str, name: String, at: String| SignLine { label: source.pick(zh, en), name, at };
    document.blocks.push(Block::Sign {
        entries: vec![
            sign("填报人", "Filed by", source.actor(&filed.by), source.time(filed.at)),
            sign("单位负责人", "Head of the unit", String::new(), String::new()),
        ],
    });
    document
}

/// What was agreed, term by term, and who signed; lines to sign on while nobody has.
fn agreement(source: &Source<'_>, place: usize) -> Vec<Block> {
    let Some(signed) = source.case.agreements.iter().find(|agreement| agreement.form as usize == place) else {
        let line = |zh: &str, en: &str| SignLine { label: source.pick(zh, en), name: String::new(), at: String::new() };
        let party = || line("当事人（签名或盖章）", "Party (signature or seal)");
        return vec![Block::Sign { entries: vec![party(), party(), line("调解员", "Mediator")] }];
    };
    let column = |zh: &str, en: &str| Column { heading: source.pick(zh, en), align: Align::Left };
    let row = |term: &Term| {
        let stands = match term.kept {
            None => source.pick("待履行", "open"),
            Some(true) => source.pick("已履行", "kept"),
            Some(false) => source.pick("未履行", "broken"),
        };
        let cells = [term.number.to_string(), term.party.clone(), term.text.clone(), term.due.to_string(), stands];
        cells.map(Cell::Text).to_vec()
    };
    let terms = Table {
        caption: Some(source.pick("履行事项", "Terms")),
        columns: vec![
            column("序号", "No."),
            column("由谁履行", "By whom"),
            column("事项", "What"),
            column("期限", "By"),
            column("情况", "Stands"),
        ],
        rows: signed.terms.iter().map(row).collect(),
        note: None,
    };
    let line = |signature: &Signature| SignLine {
        label: signature.party.clone(),
        name: source.pick("已签名", "signed"),
        at: source.time(signed.at),
    };
    vec![Block::Table(terms), Block::Sign { entries: signed.signatures.iter().map(line).collect() }]
}

/// What every form of a case begins with.
pub(super) fn head(source: &Source<'_>) -> Vec<Entry> {
    let case = source.case;
    let entry = |zh: &str, en: &str, value: String| Entry { label: source.pick(zh, en), value, wide: false };
    let wide = |zh: &str, en: &str, value: String| Entry { label: source.pick(zh, en), value, wide: true };
    let channel = source.policy.channels.get(&case.channel);
    let reporter = match (case.reporter.anonymous, case.reporter.contactable) {
        (true, _) => source.pick("匿名", "anonymous"),
        (false, true) => source.pick("实名（身份信息另行保管）", "named (kept apart)"),
        (false, false) => source.pick("未留联系方式", "no way to call back"),
    };
    vec![
        entry("编号", "Number", case.number.clone()),
        entry("登记时间", "Registered", source.time(case.registered_at)),
        entry(
            "来源渠道",
            "Channel",
            channel.map_or_else(|| case.channel.to_string(), |of| source.name(&of.name).to_owned()),
        ),
        entry("诉求人", "Reporter", reporter),
        entry("类别", "Class", source.class()),
        entry("首办单位", "Lead unit", source.unit_or(case.lead.as_ref())),
        wide("诉求分类", "Category", source.category()),
        wide("地点", "Place", case.place.address.clone()),
        wide("诉求标题", "Title", case.title.clone()),
        wide("诉求内容", "What was said", case.text.clone()),
    ]
}

/// The answers that belong to a filed follow-up form: given at the same moment.
fn answered<'a>(source: &'a Source<'_>, filed: &FiledForm) -> Option<&'a FollowUp> {
    let is_follow_up = filed.form.as_str() == "follow_up";
    source.case.follow_ups.iter().find(|follow_up| is_follow_up && follow_up.at == filed.at)
}

fn answers(source: &Source<'_>, follow_up: &FollowUp) -> Vec<Entry> {
    let entry = |zh: &str, en: &str, value: String| Entry { label: source.pick(zh, en), value, wide: false };
    let mut entries = vec![
        entry("是否联系上", "Reached", source.yes(Some(follow_up.reached))),
        entry("是否响应", "Responded", source.yes(follow_up.responded)),
        entry("是否解决", "Solved", source.yes(follow_up.solved)),
        entry("是否满意", "Satisfied", source.yes(follow_up.satisfied)),
    ];
    let rules = &source.policy.follow_up;
    let reasons = |codes: &std::collections::BTreeSet<String>, known| {
        codes.iter().map(|code| source.code(code, known).to_owned()).collect::<Vec<_>>().join("、")
    };
    let why = [
        ("未解决原因", "Why not solved", reasons(&follow_up.unsolved_because, &rules.unsolved_reasons)),
        ("不满意原因", "Why not satisfied", reasons(&follow_up.unsatisfied_because, &rules.unsatisfied_reasons)),
    ];
    let told = why.into_iter().filter(|(.., value)| !value.is_empty());
    entries.extend(told.map(|(zh, en, value)| Entry { label: source.pick(zh, en), value, wide: true }));
    entries
}

fn field_entry(source: &Source<'_>, field: &Field, filed: &FiledForm) -> Entry {
    let raw = filed.values.get(&field.id).map_or("", |value| value.trim());
    let (value, wide) = match &field.kind {
        FieldKind::Text => (raw.to_owned(), true),
        FieldKind::YesNo => (source.yes(raw.parse().ok()), false),
        FieldKind::Choice(choices) => (source.code(raw, choices).to_owned(), false),
        FieldKind::Date => (raw.to_owned(), false),
    };
    Entry { label: source.name(&field.name).to_owned(), value, wide }
}
