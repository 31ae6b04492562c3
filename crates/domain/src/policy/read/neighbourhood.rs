//! Reading the neighbourhood platform 岭里无忧. It must never take a rule by which residents would be told of a single case.

use super::{listed, name, table::Node, word};
use crate::neighbourhood::{NeighbourhoodRules, Section, ServiceKind};

pub(super) fn neighbourhood(node: &Node<'_>) -> Option<NeighbourhoodRules> {
    node.table(|t| {
        let metres_a_minute = t.need("metres_a_minute", |node| node.whole(20..=200));
        let minutes = t.need("near", |node| node.minutes(1..=60));
        let off_street_metres = t.need("off_street_metres", |node| node.whole(1..=1_000));
        let told_from = t.need("told_from", |node| node.whole(2..=1_000));
        let told_weeks = t.need("told_weeks", |node| node.whole(1..=26));
        let kinds = t.may_list("kinds", |node| {
            listed(node, word, |t, id| {
                let section = t.need("section", |node| node.word(&Section::CODES));
                let name = t.need("name", name);
                Some(ServiceKind { id: id?, section: section?, name: name? })
            })
        });
        Some(NeighbourhoodRules {
            metres_a_minute: metres_a_minute?,
            minutes: minutes?,
            off_street_metres: off_street_metres?,
            told_from: told_from?,
            told_weeks: told_weeks?,
            kinds: kinds?,
        })
    })
}
