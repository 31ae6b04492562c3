//! Reading rounds 扫楼扫街 and their checklists. It must never take a checklist on which nothing stands.

use super::{Known, listed, matters::CATEGORY, name, table::Node, word};
use crate::round::{CheckItem, Checklist, EVERY_MAX, RoundRules};

pub(super) fn rounds(node: &Node<'_>, known: &Known) -> Option<RoundRules> {
    node.table(|t| {
        let every_days = t.need("every", |node| node.days(1..=EVERY_MAX));
        let checklists = t.may_list("checklists", |node| {
            listed(node, word, |t, id| {
                let name = t.need("name", name);
                let kinds = t.may_list("kinds", |node| node.set(Node::text));
                let items = t.need("items", |node| items(node, known));
                Some(Checklist { id: id?, name: name?, kinds: kinds?.into_iter().collect(), items: items? })
            })
        });
        Some(RoundRules { every_days: every_days?, checklists: checklists? })
    })
}

fn items(node: &Node<'_>, known: &Known) -> Option<Vec<CheckItem>> {
    let items = listed(node, word, |t, id| {
        let name = t.need("name", self::name);
        let finding = t.need("finding", self::name);
        let category = t.need("category", |node| node.known(&known.categories, CATEGORY));
        Some(CheckItem { id: id?, name: name?, finding: finding?, category: category? })
    })?;
    if items.is_empty() {
        return node.refuse(
            ("nothing stands on this checklist", "这张清单是空的"),
            ("write what is looked at, one item at least", "请至少写一项要检查的内容"),
        );
    }
    Some(items)
}
