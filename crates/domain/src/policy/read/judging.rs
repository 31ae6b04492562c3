//! Reading guards, letters and bulletins. A letter must never have a blank that nobody fills.

use super::{
    COUNT_MAX, DAYS_MAX, Known, clocks, listed, name, stranger,
    table::{Node, Table},
    word,
};
use crate::{
    figures::Count,
    policy::{
        BulletinKind, BulletinRule, BulletinRules, Condition, EqualGrades, Guards, LetterForm, LetterKind, LetterRule,
        LetterRules, Name, PLACES, Refer,
    },
};

pub(super) fn guards(node: &Node<'_>) -> Option<Guards> {
    node.table(|t| {
        let equal_grades = t.may("equal_grades", |node| {
            node.table(|t| {
                let at_least = t.need("at_least", |node| node.whole(2..=COUNT_MAX));
                let chance_below = t.need("chance_below", Node::share);
                Some(EqualGrades { at_least: at_least?, chance_below: chance_below? })
            })
        });
        Some(Guards { equal_grades: equal_grades? })
    })
}

pub(super) fn letters(node: &Node<'_>, known: &Known) -> Option<LetterRules> {
    node.table(|t| {
        let masthead = t.need("masthead", name);
        let kinds = LetterKind::CODES.map(|(code, kind)| t.need(code, letter_form).map(|form| (kind, form)));
        let rules = t.may_list("rules", |node| listed(node, word, |t, id| letter_rule(t, id, known)));
        let refer = t.may("refer", |node| {
            node.table(|t| {
                let after = t.need("after", |node| node.whole(1..=COUNT_MAX));
                let within_days = t.need("within", |node| node.days(1..=DAYS_MAX));
                Some(Refer { after: after?, within_days: within_days? })
            })
        });
        let forms = kinds.into_iter().collect::<Option<_>>()?;
        Some(LetterRules { masthead: Some(masthead?), forms, rules: rules?, refer: refer? })
    })
}

fn letter_form(node: &Node<'_>) -> Option<LetterForm> {
    node.table(|t| {
        let name = t.need("name", name);
        let number = t.need("number", |node| {
            let number = node.text()?;
            if number.matches("{n}").count() == 1 && number.contains("{year}") && number.chars().count() <= 40 {
                return Some(number);
            }
            node.refuse(
                ("a number has {year} and {n}, and 40 characters at most", "字号须含 {year} 和 {n},最多 40 个字"),
                ("write for example \"东诉提〔{year}〕{n}号\"", "例如 \"东诉提〔{year}〕{n}号\""),
            )
        });
        Some(LetterForm { name: name?, number: number? })
    })
}

fn letter_rule(t: &Table<'_>, id: Option<String>, known: &Known) -> Option<LetterRule> {
    let name = t.need("name", name);
    let letter = t.need("letter", |node| node.word(&LetterKind::CODES[..2]));
    let within_days = t.need("within", |node| node.days(1..=DAYS_MAX));
    let when = condition(t, known);
    let text = t.need("text", blanks);
    Some(LetterRule { id: id?, name: name?, letter: letter?, within_days: within_days?, when: when?, text: text? })
}

fn condition(t: &Table<'_>, known: &Known) -> Option<Condition> {
    if t.peek("count").is_some() {
        let count: Option<Count> = t.need("count", |node| node.word(Count::CODES));
        let at_least = t.need("at_least", |node| node.whole(1..=1_000_000));
        return Some(Condition::Count { count: count?, at_least: at_least? });
    }
    let rate = t.need("rate", |node| node.known(&known.rates, ("rate", "指标")).map(|code| code.0));
    let least = t.need("least", |node| node.whole(1..=1_000_000));
    let at_least = t.may("at_least", Node::share)?;
    let below = t.may("below", Node::share)?;
    let beyond_chance = t.need("beyond_chance", Node::flag);
    if at_least.is_none() == below.is_none() {
        return t.refuse(
            ("a rule about a rate has either 'at_least' or 'below'", "关于指标的规则须有 at_least 或 below 之一"),
            ("write the one that is meant, as at_least = 0.95", "请写其中一个，例如 at_least = 0.95"),
        );
    }
    Some(Condition::Rate { rate: rate?, least: least?, at_least, below, beyond_chance: beyond_chance? })
}

/// A text in both languages whose blanks are known.
fn blanks(node: &Node<'_>) -> Option<Name> {
    let text = name(node)?;
    let Some(blank) = stranger(&text, &PLACES) else { return Some(text) };
    let known = PLACES.map(|place| format!("{{{place}}}")).join(" ");
    node.refuse(
        (format!("'{{{blank}}}' is no blank of a letter"), format!("“{{{blank}}}”不是可填的空")),
        (format!("use one of {known}"), format!("可用 {known}")),
    )
}

pub(super) fn bulletins(node: &Node<'_>, known: &Known) -> Option<BulletinRules> {
    node.table(|t| {
        let masthead = t.need("masthead", name);
        let hot_issues = t.need("hot_issues", |node| node.whole(0..=20));
        let up =
            t.may_list("up", |node| node.set(|node| node.known(&known.rates, ("rate", "指标")).map(|code| code.0)));
        let down = t.may_list("down", |node| node.set(|node| node.word(Count::CODES)));
        let kinds = BulletinKind::CODES.map(|(code, kind)| t.may(code, bulletin).map(|rule| (kind, rule)));
        let kinds: Vec<_> = kinds.into_iter().collect::<Option<_>>()?;
        let kinds = kinds.into_iter().filter_map(|(kind, rule)| Some((kind, rule?))).collect();
        Some(BulletinRules { masthead: Some(masthead?), hot_issues: hot_issues?, up: up?, down: down?, kinds })
    })
}

fn bulletin(node: &Node<'_>) -> Option<BulletinRule> {
    node.table(|t| {
        let name = t.need("name", name);
        let hour = t.need("hour", |node| node.whole(0..=23));
        let by_itself = t.need("by_itself", Node::flag);
        let tell = t.need("tell", clocks::told);
        Some(BulletinRule { name: name?, hour: hour?, by_itself: by_itself?, tell: tell? })
    })
}
