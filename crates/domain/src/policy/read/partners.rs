//! Reading partners 共建伙伴: the way in of what they report, what they consent to, and their self-checks. It must never take
//! a self-check that nobody is asked to make.

use std::collections::BTreeMap;

use super::{Channel, MINUTES_MAX, listed, name, table::Node, word};
use crate::{
    ids::ChannelId,
    partner::{Consent, EVERY_MAX, PartnerKind, PartnerRules, SelfCheck, SelfCheckItem, UNDECIDED_MAX},
};

/// What holds where a policy does not say how long an application waits, days.
const UNDECIDED_DAYS: u32 = 30;
/// What holds where a policy does not say when whoever decides is told once more, days.
const REMIND_DAYS: u32 = 7;

pub(super) fn partners(node: &Node<'_>, channels: Option<&BTreeMap<ChannelId, Channel>>) -> Option<PartnerRules> {
    node.table(|t| {
        let channel = t.need("channel", |node| public(node, channels));
        let credit_minutes = t.need("credit_at_most", |node| node.minutes(0..=MINUTES_MAX));
        let consent = t.need("consent", |node| {
            node.table(|t| {
                let (version, text) = (t.need("version", Node::text), t.need("text", name));
                Some(Consent { version: version?, text: text? })
            })
        });
        let undecided_days = t.may("undecided", |node| node.days(2..=UNDECIDED_MAX));
        let remind_days = t.may("remind", |node| {
            let days = node.days(1..=UNDECIDED_MAX)?;
            if undecided_days.flatten().is_none_or(|most| days < most) {
                return Some(days);
            }
            node.refuse(
                ("an application lapses before anybody is told once more", "登记在提醒之前就已失效"),
                ("write fewer days than `undecided`", "请写少于 undecided 的天数"),
            )
        });
        let self_checks = t.may_list("self_checks", |node| {
            listed(node, word, |t, id| {
                let name = t.need("name", name);
                let kinds = t.need("kinds", kinds);
                let every_days = t.need("every", |node| node.days(1..=EVERY_MAX));
                let items = t.need("items", items);
                Some(SelfCheck {
                    id: id?,
                    name: name?,
                    kinds: kinds?.into_iter().collect(),
                    every_days: every_days?,
                    items: items?,
                })
            })
        });
        let undecided_days = undecided_days?.unwrap_or(UNDECIDED_DAYS);
        Some(PartnerRules {
            channel: channel?,
            credit_minutes: credit_minutes?,
            // A time that is shorter than the usual one reminds half-way.
            remind_days: remind_days?.unwrap_or(REMIND_DAYS.min(undecided_days / 2)),
            undecided_days,
            consent: consent?,
            self_checks: self_checks?,
        })
    })
}

/// A channel that residents may use: a partner has no account.
fn public(node: &Node<'_>, channels: Option<&BTreeMap<ChannelId, Channel>>) -> Option<ChannelId> {
    let Some(channels) = channels else { return node.code() };
    let channel = node.known(&channels.keys().cloned().collect(), ("channel", "渠道"))?;
    if channels.get(&channel).is_none_or(|found| found.public) {
        return Some(channel);
    }
    node.refuse(
        (
            format!("partners cannot report by '{channel}': it is not public"),
            format!("渠道“{channel}”未对公众开放，伙伴无法使用"),
        ),
        ("name a channel with public = true", "请改用 public = true 的渠道"),
    )
}

fn kinds(node: &Node<'_>) -> Option<Vec<PartnerKind>> {
    let words = PartnerKind::ALL.map(|kind| (kind.as_str(), kind));
    let kinds = node.set(|node| node.word(&words))?;
    if kinds.is_empty() {
        return node.refuse(
            ("nobody is asked to make this self-check", "没有人需要做这项自查"),
            ("name one kind of partner at least", "请至少写一类伙伴"),
        );
    }
    Some(kinds)
}

fn items(node: &Node<'_>) -> Option<Vec<SelfCheckItem>> {
    let items = listed(node, word, |t, id| {
        let (name, finding) = (t.need("name", self::name), t.need("finding", self::name));
        Some(SelfCheckItem { id: id?, name: name?, finding: finding? })
    })?;
    if items.is_empty() {
        return node.refuse(
            ("nothing stands on this self-check", "这项自查是空的"),
            ("write what is looked at, one item at least", "请至少写一项要检查的内容"),
        );
    }
    Some(items)
}
