//! Reading machine events 物联感知. It must never take a kind of which nobody would ever be told.

use super::{Known, listed, matters::CATEGORY, name, table::Node, word};
use crate::machine::{MachineKind, MachineRules};

/// Longest span, minutes: a month.
const MINUTES_MAX: u32 = 31 * 24 * 60;

pub(super) fn machines(node: &Node<'_>, known: &Known) -> Option<MachineRules> {
    node.table(|t| {
        let quiet_minutes = t.need("quiet", |node| node.minutes(1..=MINUTES_MAX));
        let kinds = t.may_list("kinds", |node| {
            listed(node, word, |t, id| {
                let name = t.need("name", name);
                let category = t.need("category", |node| node.known(&known.categories, CATEGORY));
                let at_least = t.need("at_least", |node| node.whole(1..=1_000_000));
                let within_minutes = t.need("within", |node| node.minutes(1..=MINUTES_MAX));
                Some(MachineKind {
                    id: id?,
                    name: name?,
                    category: category?,
                    at_least: at_least?,
                    within_minutes: within_minutes?,
                })
            })
        });
        Some(MachineRules { quiet_minutes: quiet_minutes?, kinds: kinds? })
    })
}
