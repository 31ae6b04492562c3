//! Reading what cases are about: categories 诉求分类, danger words, the four likelihoods, and who answers for what 归口. It
//! must never take a rule that nothing could reach or a word that no text could hold.

use std::collections::{BTreeMap, BTreeSet};

use super::{Known, listed, name, some_by_code, table::Node, word};
use crate::{
    ids::CategoryId,
    policy::{Assignee, Category, Responsibility, Triage, UrgentRule},
};

/// Most levels of the category tree.
const LEVELS_MAX: usize = 3;
/// What a code is of, in English and in Chinese.
pub(super) const CATEGORY: (&str, &str) = ("category", "分类");
const CLASS: (&str, &str) = ("class", "等级");

pub(super) fn categories(node: &Node<'_>, known: &Known) -> Option<BTreeMap<CategoryId, Category>> {
    let mut parents: BTreeMap<CategoryId, (CategoryId, Node<'_>)> = BTreeMap::new();
    let all = some_by_code(node, |id: &CategoryId, node| {
        node.table(|t| {
            let name = t.need("name", name);
            let parent = t.may("parent", |node| {
                let parent = node.known(&known.categories, CATEGORY)?;
                parents.insert(id.clone(), (parent.clone(), node.clone()));
                Some(parent)
            });
            let words = t.may_list("words", words);
            let class = t.may("class", |node| node.known(&known.classes, CLASS));
            let photo_due = t.may("photo_due", Node::flag);
            Some(Category {
                name: name?,
                parent: parent?,
                words: words?,
                class: class?,
                photo_due: photo_due?.unwrap_or(false),
            })
        })
    });
    let sound = sound_tree(&parents);
    all.filter(|_| sound)
}

/// Whether every category leads up to a top within the levels allowed; each cycle is noted once.
fn sound_tree(parents: &BTreeMap<CategoryId, (CategoryId, Node<'_>)>) -> bool {
    let mut sound = true;
    let mut circling: BTreeSet<&CategoryId> = BTreeSet::new();
    for (id, (_, node)) in parents {
        let mut way = vec![id];
        let mut at = id;
        while let Some((parent, _)) = parents.get(at) {
            if way.contains(&parent) {
                break;
            }
            way.push(parent);
            at = parent;
        }
        let ends = !parents.contains_key(at);
        if ends && way.len() > LEVELS_MAX {
            sound = false;
            node.refuse::<()>(
                (format!("this category is on level {}", way.len()), format!("这个分类在第 {} 级", way.len())),
                (format!("let the tree have at most {LEVELS_MAX} levels"), format!("分类最多 {LEVELS_MAX} 级")),
            );
        }
        let in_cycle = !ends && parents.get(at).is_some_and(|(parent, _)| parent == id);
        if !ends {
            sound = false;
        }
        if in_cycle && !way.iter().any(|member| circling.contains(member)) {
            let shown: Vec<&str> = way.iter().map(|member| member.as_str()).collect();
            node.refuse::<()>(
                (
                    format!("the categories go round in a circle: {} → {id}", shown.join(" → ")),
                    format!("分类绕成了圈：{} → {id}", shown.join(" → ")),
                ),
                ("give one of them another parent, or none", "请给其中一个换上级分类，或不设上级"),
            );
            circling.extend(&way);
        }
    }
    sound
}

/// Words to be looked for in texts, so in the form that texts are compared in.
fn words(node: &Node<'_>) -> Option<Vec<String>> {
    node.set(|node| {
        let word = node.text()?;
        let strange = |c: char| c.is_uppercase() || ('\u{ff01}'..='\u{ff5e}').contains(&c);
        if word.contains(strange) {
            return node.refuse(
                (format!("'{word}' would never be found"), format!("“{word}”永远不会被找到")),
                ("write it in half width and lower case", "请用半角、小写书写"),
            );
        }
        Some(word)
    })
}

/// A list of words that may not be empty.
fn some_words(node: &Node<'_>) -> Option<Vec<String>> {
    let all = words(node)?;
    if all.is_empty() {
        return node.refuse(("there is no word", "没有词语"), ("add at least one", "请至少添加一个"));
    }
    Some(all)
}

pub(super) fn urgent_rules(node: &Node<'_>, known: &Known) -> Option<Vec<UrgentRule>> {
    listed(node, word, |t, id| {
        let name = t.need("name", name);
        let any = t.need("any", some_words);
        let with = t.may_list("with", words);
        let unless = t.may_list("unless", words);
        let class = t.need("class", |node| node.known(&known.classes, CLASS));
        Some(UrgentRule { id: id?, name: name?, any: any?, with: with?, unless: unless?, class: class? })
    })
}

pub(super) fn triage(node: &Node<'_>, known: &Known) -> Option<Triage> {
    node.table(|t| {
        let abstain_below = t.need("abstain_below", Node::share);
        let public_opinion = t.need("public_opinion", words);
        let skip_level = t.need("skip_level", words);
        let unclear = t.need("unclear", words);
        let easy = t.need("easy", words);
        let class = |node: &Node<'_>| node.known(&known.classes, CLASS);
        let risky_class = t.need("risky_class", class);
        let easy_class = t.need("easy_class", class);
        let other_class = t.need("other_class", class);
        Some(Triage {
            abstain_below: abstain_below?,
            public_opinion: public_opinion?,
            skip_level: skip_level?,
            unclear: unclear?,
            easy: easy?,
            risky_class: risky_class?,
            easy_class: easy_class?,
            other_class: other_class?,
        })
    })
}

pub(super) fn responsibilities(node: &Node<'_>, known: &Known) -> Option<Vec<Responsibility>> {
    let mut before: Vec<Responsibility> = Vec::new();
    node.list(|item| {
        let rule = item.table(|t| {
            let category = t.may("category", |node| node.known(&known.categories, CATEGORY));
            let area = t.may("area", Node::code);
            let lead = t.need("lead", assignee);
            let with = t.may_list("with", |node| node.set(assignee));
            let (lead, with) = (lead?, with?);
            if with.contains(&lead) {
                return t.refuse(
                    ("the lead unit is its own co-unit", "主办单位不能同时是协办单位"),
                    ("remove it from `with`", "请从 `with` 中删去"),
                );
            }
            Some(Responsibility { category: category?, area: area?, lead, with })
        })?;
        // Rules for the same category and area are tried from the first; the next has its turn only where the place,
        // and so its grid or community, is not known.
        let takes_all = |earlier: &Responsibility| {
            let same = earlier.category == rule.category && earlier.area == rule.area;
            same && (matches!(earlier.lead, Assignee::Unit(_)) || !matches!(rule.lead, Assignee::Unit(_)))
        };
        if let Some(index) = before.iter().position(takes_all) {
            return item.refuse(
                (
                    format!("this rule is never reached: rule {} takes all that it would take", index + 1),
                    format!("轮不到这条规则：它管的都先由第 {} 条接走", index + 1),
                ),
                ("merge the two, or remove one", "请合并两条，或删去一条"),
            );
        }
        before.push(rule.clone());
        Some(rule)
    })
}

/// A unit by code, or `@grid`, `@community`: that of the place.
fn assignee(node: &Node<'_>) -> Option<Assignee> {
    let text = node.text()?;
    match text.strip_prefix('@') {
        None => node.code().map(Assignee::Unit),
        Some("grid") => Some(Assignee::Grid),
        Some("community") => Some(Assignee::Community),
        Some(_) => node.refuse(
            (format!("'{text}' is not known here"), format!("这里没有“{text}”这个取值")),
            ("write a unit's code, \"@grid\" or \"@community\"", "请写单位代码、\"@grid\" 或 \"@community\""),
        ),
    }
}
