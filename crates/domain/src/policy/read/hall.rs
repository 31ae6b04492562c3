//! Reading the hall 群众诉求服务大厅: its hours and counters. It must never take two counters whose numbers look alike.

use std::collections::BTreeSet;

use jiff::civil::Time;

use super::{ROUTES, listed, name, table::Node, word};
use crate::hall::{Counter, HallHours, HallRules};

pub(super) fn hall(node: &Node<'_>) -> Option<HallRules> {
    node.table(|t| {
        let from = t.need("from", time);
        let until = t.need("until", |node| {
            let until = time(node)?;
            if from.is_some_and(|from| until <= from) {
                return node.refuse(
                    ("the hall closes before it opens", "结束时间不晚于开始时间"),
                    ("write a later time", "请写更晚的时间"),
                );
            }
            Some(until)
        });
        let mut letters = BTreeSet::new();
        let counters = t.need("counters", |node| {
            listed(node, word, |t, id| {
                let name = t.need("name", name);
                let letter = t.need("letter", |node| {
                    let letter = node.text()?;
                    let fits = letter.len() == 1 && letter.bytes().all(|byte| byte.is_ascii_uppercase());
                    if !fits || !letters.insert(letter.clone()) {
                        return node.refuse(
                            ("numbers of this counter could not be told apart", "这个窗口的号无法与别的区分"),
                            (
                                "write one capital letter of its own, such as \"A\"",
                                "请写一个独有的大写字母，例如 \"A\"",
                            ),
                        );
                    }
                    Some(letter)
                });
                let route = t.may("route", |node| node.word(&ROUTES));
                Some(Counter { id: id?, name: name?, letter: letter?, route: route? })
            })
        });
        Some(HallRules { hours: Some(HallHours { from: from?, until: until? }), counters: counters? })
    })
}

/// A time of the day.
fn time(node: &Node<'_>) -> Option<Time> {
    let text = node.text()?;
    match Time::strptime("%H:%M", &text) {
        Ok(time) => Some(time),
        Err(_) => node.refuse(
            (format!("'{text}' is no time of the day"), format!("“{text}”不是一天中的时间")),
            ("write hours and minutes, such as \"09:00\"", "请写小时和分钟，例如 \"09:00\""),
        ),
    }
}
