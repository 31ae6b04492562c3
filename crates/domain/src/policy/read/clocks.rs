//! Reading the clocks 时限: that each can run, warns in time, and never breaches in silence. It must never take a clock
//! that has no length for a class.

use std::collections::{BTreeMap, BTreeSet};

use super::{DAYS_MAX, Known, MINUTES_MAX, ORIGINS, matters::CATEGORY, name, spelled, table::Node};
use crate::{
    ids::{ClassId, ClockId},
    policy::{BreachLevel, ClockRule, Length, Milestone, RECHECK, Recipient},
};

/// Clocks that every policy has, with what starts (where it cannot be otherwise) and what stops them (section 4).
const CLOCKS: [(&str, Option<Milestone>, Milestone); 8] = [
    ("dispatch", None, Milestone::Dispatched),
    ("contact", None, Milestone::Contacted),
    ("verify", None, Milestone::Verified),
    ("finish", None, Milestone::Finished),
    ("opinion", None, Milestone::OpinionFiled),
    ("follow_up", None, Milestone::FollowedUp),
    ("report_in", Some(Milestone::WhistleBlown), Milestone::ReportedIn),
    ("bad_rating", Some(Milestone::BadlyRated), Milestone::BadRatingAnswered),
];

/// What starts and what stops these belong together, each pair to nothing else.
const PAIRS: [(Milestone, Milestone); 3] = [
    (Milestone::WhistleBlown, Milestone::ReportedIn),
    (Milestone::AskedAgain, Milestone::FollowedUpAgain),
    (Milestone::Agreed, Milestone::Performed),
];

const MILESTONES: [(&str, Milestone); 17] = [
    ("registered", Milestone::Registered),
    ("dispatched", Milestone::Dispatched),
    ("accepted", Milestone::Accepted),
    ("contacted", Milestone::Contacted),
    ("verified", Milestone::Verified),
    ("finished", Milestone::Finished),
    ("opinion_filed", Milestone::OpinionFiled),
    ("followed_up", Milestone::FollowedUp),
    ("asked_again", Milestone::AskedAgain),
    ("followed_up_again", Milestone::FollowedUpAgain),
    ("badly_rated", Milestone::BadlyRated),
    ("bad_rating_answered", Milestone::BadRatingAnswered),
    ("whistle_blown", Milestone::WhistleBlown),
    ("reported_in", Milestone::ReportedIn),
    ("agreed", Milestone::Agreed),
    ("performed", Milestone::Performed),
    ("rechecked", Milestone::Rechecked),
];

pub(super) fn clocks(node: &Node<'_>, known: &Known) -> Option<BTreeMap<ClockId, ClockRule>> {
    let codes: BTreeSet<ClockId> = node.codes();
    let mut whole = true;
    for (must, _, stop) in CLOCKS {
        if !codes.contains(must) {
            whole = false;
            node.refuse::<()>(
                (format!("the clock '{must}' is missing"), format!("缺少时限“{must}”")),
                (
                    format!("add [clocks.{must}], stopped by {}", spelled(&MILESTONES, stop)),
                    format!("请添加 [clocks.{must}]，由 {} 停止计时", spelled(&MILESTONES, stop)),
                ),
            );
        }
    }
    let clocks = node.by_code(|id: &ClockId, node| clock(id, node, known))?;
    whole.then_some(clocks)
}

fn clock(id: &ClockId, node: &Node<'_>, known: &Known) -> Option<ClockRule> {
    node.table(|t| {
        let name = t.need("name", name);
        let start = t.need("start", |node| node.word(&MILESTONES));
        let stop = t.need("stop", |node| {
            let stop = node.word(&MILESTONES)?;
            fitting_stop(id, node, start?, stop)
        });
        let says_itself = start == Some(Milestone::Agreed);
        let length = match says_itself {
            true => t.may("length", said_by_the_agreement).map(|_: Option<()>| BTreeMap::new()),
            false => t.need("length", |node| lengths(node, known)),
        };
        let complex = match says_itself {
            true => t.may("complex", said_by_the_agreement),
            false => t.may("complex", running_length),
        };
        let warn_at = t.may_list("warn_at", warn_shares);
        let own = matches!(start, Some(Milestone::WhistleBlown | Milestone::Agreed));
        let warn = t.may_list("warn", |node| recipients(node, own));
        let breach = t.need("breach", |node| breach(node, own));
        let extendable = t.need("extendable", |node| match node.flag()? {
            true if says_itself => said_by_the_agreement(node),
            extendable => Some(extendable),
        });
        let origins = t.may_list("origins", |node| node.set(|node| node.word(&ORIGINS)));
        let categories = t.may_list("categories", |node| node.set(|node| node.known(&known.categories, CATEGORY)));
        let (warn_at, warn) = (warn_at?, warn?);
        if warn_at.is_empty() != warn.is_empty() {
            return t.refuse(
                ("warn_at and warn do not fit together", "warn_at 与 warn 不配套"),
                (
                    "give both, when to warn and whom, or neither for a clock without warning",
                    "请同时写明何时预警、预警给谁；不需要预警的时限两项都不写",
                ),
            );
        }
        Some(ClockRule {
            name: name?,
            start: start?,
            stop: stop?,
            length: length?,
            complex: complex?,
            warn_at,
            warn,
            breach: breach?,
            extendable: extendable?,
            origins: origins?,
            categories: categories?.into_iter().collect(),
        })
    })
}

/// Whether the clock can run from `start` to `stop`, and is the one that its code promises.
fn fitting_stop(id: &ClockId, node: &Node<'_>, start: Milestone, stop: Milestone) -> Option<Milestone> {
    if start == stop {
        return node.refuse(
            ("this clock stops where it starts", "这个时限在起点就停了"),
            ("name the act that ends it", "请写明哪个动作使它停止"),
        );
    }
    if let Some((_, must_start, must_stop)) = CLOCKS.iter().find(|(code, _, _)| *code == id.as_str()) {
        let starts_well = must_start.is_none_or(|must| must == start);
        if stop != *must_stop || !starts_well {
            let start = must_start.map(|must| spelled(&MILESTONES, must));
            let stop = spelled(&MILESTONES, *must_stop);
            let remedy = match start {
                Some(start) => (
                    format!("let it start at {start} and stop at {stop}"),
                    format!("请让它从 {start} 开始，到 {stop} 停止"),
                ),
                None => (format!("let it stop at {stop}"), format!("请让它到 {stop} 停止")),
            };
            return node
                .refuse((format!("the clock '{id}' does not run so"), format!("时限“{id}”不是这样计时的")), remedy);
        }
    }
    if (stop == Milestone::Rechecked) != (id.as_str() == RECHECK) {
        let rechecked = spelled(&MILESTONES, Milestone::Rechecked);
        return node.refuse(
            (format!("'{RECHECK}' and {rechecked} belong together"), format!("“{RECHECK}”与 {rechecked} 必须对应")),
            (
                format!("call the one clock that stops at {rechecked} '{RECHECK}'"),
                format!("请把到 {rechecked} 停止的那一个时限命名为“{RECHECK}”"),
            ),
        );
    }
    let torn = PAIRS.iter().find(|(first, last)| (start == *first) != (stop == *last));
    if let Some((first, last)) = torn {
        let (first, last) = (spelled(&MILESTONES, *first), spelled(&MILESTONES, *last));
        return node.refuse(
            (format!("{first} and {last} belong together"), format!("{first} 与 {last} 必须成对")),
            (
                format!("start the clock at {first} and stop it at {last}, or use neither"),
                format!("请让时限从 {first} 开始、到 {last} 停止，或两者都不用"),
            ),
        );
    }
    let only_starts = [
        Milestone::Registered,
        Milestone::AskedAgain,
        Milestone::BadlyRated,
        Milestone::WhistleBlown,
        Milestone::Agreed,
    ];
    if only_starts.contains(&stop) {
        return node.refuse(
            ("this act only starts clocks", "这个动作只能开始计时"),
            ("name the act that ends this one", "请写明哪个动作使这个时限停止"),
        );
    }
    Some(stop)
}

/// By when a term is due stands in the agreement, and only those who signed may put it off.
fn said_by_the_agreement<T>(node: &Node<'_>) -> Option<T> {
    node.refuse(
        ("the agreement itself says by when", "何时到期由协议约定"),
        (
            "remove length and complex, and write extendable = false",
            "请删去 length 和 complex，并写 extendable = false",
        ),
    )
}

fn lengths(node: &Node<'_>, known: &Known) -> Option<BTreeMap<ClassId, Length>> {
    let codes: BTreeSet<ClassId> = node.codes();
    let mut whole = true;
    for class in known.classes.iter().filter(|class| !codes.contains(*class)) {
        whole = false;
        node.refuse::<()>(
            (format!("the class '{class}' has no length"), format!("等级“{class}”没有时长")),
            (format!("add {class} = \"…\", such as \"2 h\""), format!("请添加 {class} = \"…\"，例如 \"2 h\"")),
        );
    }
    let lengths = node.by_code(|class: &ClassId, node| {
        if !known.classes.is_empty() && !known.classes.contains(class) {
            return node.refuse(
                (format!("there is no class '{class}'"), format!("没有等级“{class}”")),
                ("remove it, or add the class to [[classes]]", "请删去，或在 [[classes]] 中添加这个等级"),
            );
        }
        running_length(node)
    })?;
    whole.then_some(lengths)
}

/// The length of a clock: more than nothing.
fn running_length(node: &Node<'_>) -> Option<Length> {
    match node.length()? {
        length @ (Length::Minutes(1..=MINUTES_MAX) | Length::WorkingDays(1..=DAYS_MAX)) => Some(length),
        _ => node.refuse(
            ("a clock cannot run for this long", "时限不能这样长"),
            ("write a length above zero and below ten years", "请写大于零、不到十年的时长"),
        ),
    }
}

fn warn_shares(node: &Node<'_>) -> Option<Vec<f64>> {
    let mut last = 0.0;
    node.list(|node| {
        let share = node.share()?;
        if share <= std::mem::replace(&mut last, share) || share >= 1.0 {
            return node.refuse(
                (
                    "warnings must come after the start, one after another, before the end",
                    "预警须在开始之后、到期之前，依次排列",
                ),
                (
                    "write shares between 0 and 1 in ascending order, such as [0.5, 0.8]",
                    "请按从小到大写 0 与 1 之间的比例，例如 [0.5, 0.8]",
                ),
            );
        }
        Some(share)
    })
}

/// Who is told of something that is no clock's.
pub(super) fn told(node: &Node<'_>) -> Option<Vec<Recipient>> {
    recipients(node, false)
}

fn recipients(node: &Node<'_>, own_clock: bool) -> Option<Vec<Recipient>> {
    let all = node.set(|node| {
        let recipient = node.word(&Recipient::CODES)?;
        if recipient == Recipient::ClockUnit && !own_clock {
            return node.refuse(
                (
                    "only clocks of whistles and agreements have a unit of their own",
                    "只有吹哨和协议的时限才有自己的单位",
                ),
                ("write lead_unit", "请写 lead_unit"),
            );
        }
        Some(recipient)
    })?;
    if all.is_empty() {
        return node.refuse(
            ("nobody is told", "没有人会被告知"),
            ("name who is told, or remove the key", "请写明告知谁，或删去这一项"),
        );
    }
    Some(all)
}

fn breach(node: &Node<'_>, own_clock: bool) -> Option<Vec<BreachLevel>> {
    let mut last = None;
    let levels = node.list(|node| {
        node.table(|t| {
            let after_minutes = t.need("after", |node| {
                let after = node.minutes(0..=MINUTES_MAX)?;
                let before = last.replace(after);
                if before.is_none() && after != 0 {
                    return node.refuse(
                        ("nobody hears of the breach itself", "逾期当时没有人被告知"),
                        ("let the first level be after = \"0 min\"", "请让第一级为 after = \"0 min\""),
                    );
                }
                if before.is_some_and(|before| after <= before) {
                    return node.refuse(
                        ("the levels do not ascend", "各级没有依次递增"),
                        ("let each level come later than the one before", "请让每一级晚于前一级"),
                    );
                }
                Some(after)
            });
            let tell = t.need("tell", |node| recipients(node, own_clock));
            Some(BreachLevel { after_minutes: after_minutes?, tell: tell? })
        })
    })?;
    if levels.is_empty() {
        return node.refuse(
            ("a breach does nothing", "逾期没有任何后果"),
            ("add { after = \"0 min\", tell = [ … ] }", "请添加 { after = \"0 min\", tell = [ … ] }"),
        );
    }
    Some(levels)
}
