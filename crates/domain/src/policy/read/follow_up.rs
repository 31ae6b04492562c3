//! Reading the rules of following up 回访. It must never take a script that names what the program cannot fill in.

use super::{
    COUNT_MAX, MINUTES_MAX, choices, name, stranger,
    table::{Node, Table},
};
use crate::policy::{FollowUpRules, Name, Script};

/// What a script may have filled in, as the console writes it.
const FILLED_IN: [&str; 2] = ["title", "unit"];

pub(super) fn follow_up(node: &Node<'_>) -> Option<FollowUpRules> {
    node.table(|t| {
        let attempts = t.need("attempts", |node| node.whole(1..=COUNT_MAX));
        let gap = t.need("attempt_gap", |node| node.minutes(0..=MINUTES_MAX));
        let third_person_share = t.need("third_person_share", Node::share);
        let script = t.need("script", |node| node.table(script));
        let unsolved_reasons = t.need("unsolved_reasons", choices);
        let unsatisfied_reasons = t.need("unsatisfied_reasons", choices);
        Some(FollowUpRules {
            attempts: attempts?,
            attempt_gap_minutes: gap?,
            third_person_share: third_person_share?,
            script: Some(script?),
            unsolved_reasons: unsolved_reasons?,
            unsatisfied_reasons: unsatisfied_reasons?,
        })
    })
}

fn script(t: &Table<'_>) -> Option<Script> {
    let greeting = t.need("greeting", spoken);
    let responded = t.need("responded", spoken);
    let solved = t.need("solved", spoken);
    let satisfied = t.need("satisfied", spoken);
    let closing = t.need("closing", spoken);
    Some(Script {
        greeting: greeting?,
        responded: responded?,
        solved: solved?,
        satisfied: satisfied?,
        closing: closing?,
    })
}

/// A sentence in both languages.
fn spoken(node: &Node<'_>) -> Option<Name> {
    let name = name(node)?;
    let Some(stranger) = stranger(&name, &FILLED_IN) else { return Some(name) };
    node.refuse(
        (format!("nothing is filled in for {{{stranger}}}"), format!("没有可代入 {{{stranger}}} 的内容")),
        ("use {title} and {unit} only", "只能用 {title} 和 {unit}"),
    )
}
