//! Reading the forms 表单 and their fields. It must never take a form that may be filed empty.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    choices, listed, name,
    table::{Node, Table},
    word,
};
use crate::{
    ids::FormId,
    policy::{Field, FieldKind, Form},
};

/// Most characters of one form field.
const FIELD_CHARS_MAX: u32 = 20_000;
/// Characters of a date, `YYYY-MM-DD`.
const DATE_CHARS: u32 = 10;
/// Characters of `false`.
const YES_NO_CHARS: u32 = 5;

/// Forms that every policy has (section 7).
const FORMS: [&str; 2] = ["opinion", "follow_up"];

/// Answers of a follow-up that the program asks for by itself, so no field may take their names.
const FOLLOW_UP_ANSWERS: [&str; 4] = ["reached", "responded", "solved", "satisfied"];

pub(super) fn forms(node: &Node<'_>) -> Option<BTreeMap<FormId, Form>> {
    let codes: BTreeSet<FormId> = node.codes();
    let mut whole = true;
    for must in FORMS.into_iter().filter(|must| !codes.contains(*must)) {
        whole = false;
        node.refuse::<()>(
            (format!("the form '{must}' is missing"), format!("缺少表单“{must}”")),
            (format!("add [forms.{must}] with its fields"), format!("请添加 [forms.{must}] 及其各项")),
        );
    }
    let forms = node.by_code(|id: &FormId, node| form(id, node))?;
    whole.then_some(forms)
}

fn form(id: &FormId, node: &Node<'_>) -> Option<Form> {
    node.table(|t| {
        let name = t.need("name", name);
        let fields = t.need("fields", |node| {
            let fields = listed(node, |node| field_code(id, node), field)?;
            if !fields.iter().any(|field| field.required) {
                return node.refuse(
                    ("nothing of this form must be filled in", "这张表单没有一项必填"),
                    ("let at least one field be required = true", "请至少让一项为 required = true"),
                );
            }
            Some(fields)
        });
        Some(Form { name: name?, fields: fields? })
    })
}

fn field_code(form: &FormId, node: &Node<'_>) -> Option<String> {
    let code = word(node)?;
    if form.as_str() == "follow_up" && FOLLOW_UP_ANSWERS.contains(&code.as_str()) {
        return node.refuse(
            (format!("the program asks for '{code}' by itself"), format!("程序自己会问“{code}”")),
            ("remove this field", "请删去这一项"),
        );
    }
    Some(code)
}

fn field(t: &Table<'_>, id: Option<String>) -> Option<Field> {
    let name = t.need("name", name);
    let required = t.need("required", Node::flag);
    let kind = t.need("kind", |node| {
        node.word(&[("text", Kind::Text), ("yes_no", Kind::YesNo), ("choice", Kind::Choice), ("date", Kind::Date)])
    });
    let Some(kind) = kind else {
        // Which of these belongs here is not known, so neither may be called unknown.
        let _ = (t.peek("max_chars"), t.peek("choices"));
        return None;
    };
    let (kind, max_chars) = match kind {
        Kind::Text => {
            let most = t.need("max_chars", |node| node.whole(1..=FIELD_CHARS_MAX));
            (FieldKind::Text, most?)
        }
        Kind::Choice => {
            let choices = t.need("choices", choices)?;
            let longest = choices.keys().map(String::len).max().unwrap_or_default();
            (FieldKind::Choice(choices), u32::try_from(longest).unwrap_or(u32::MAX))
        }
        Kind::YesNo => (FieldKind::YesNo, YES_NO_CHARS),
        Kind::Date => (FieldKind::Date, DATE_CHARS),
    };
    Some(Field { id: id?, name: name?, kind, required: required?, max_chars })
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    YesNo,
    Choice,
    Date,
}
