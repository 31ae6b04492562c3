//! Reading the clocks 时限: that each can run, warns in time, and never breaches in silence. It must never take a clock
//! that has no length for a class.

use std::collections::{BTreeMap, BTreeSet};

use super::{DAYS_MAX, Known, MINUTES_MAX, ORIGINS, name, spelled, table::Node};
use crate::{
    ids::{ClassId, ClockId},
    policy::{BreachLevel, ClockRule, Length, Milestone, Recipient},
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

const MILESTONES: [(&str, Milestone); 12] = [
    ("registered", Milestone::Registered),
    ("dispatched", Milestone::Dispatched),
    ("accepted", Milestone::Accepted),
    ("contacted", Milestone::Contacted),
    ("verified", Milestone::Verified),
    ("finished", Milestone::Finished),
    ("opinion_filed", Milestone::OpinionFiled),
    ("followed_up", Milestone::FollowedUp),
    ("badly_rated", Milestone::BadlyRated),
    ("bad_rating_answered", Milestone::BadRatingAnswered),
    ("whistle_blown", Milestone::WhistleBlown),
    ("reported_in", Milestone::ReportedIn),
];

const RECIPIENTS: [(&str, Recipient); 9] = [
    ("lead_unit", Recipient::LeadUnit),
    ("co_units", Recipient::CoUnits),
    ("handler", Recipient::Handler),
    ("parent_unit", Recipient::ParentUnit),
    ("liaison_office", Recipient::LiaisonOffice),
    ("leaders", Recipient::Leaders),
    ("duty", Recipient::Duty),
    ("discipline", Recipient::Discipline),
    ("clock_unit", Recipient::ClockUnit),
];

pub(super) fn clocks(node: &Node<'_>, known: &Known) -> Option<BTreeMap<ClockId, ClockRule>> {
    let codes: BTreeSet<ClockId> = node.codes();
    let mut whole = true;
    for (must, _, stop) in CLOCKS {
        if !codes.contains(must) {
            whole = false;
            node.refuse::<()>(
                format!("the clock '{must}' is missing"),
                format!("add [clocks.{must}], stopped by {}", spelled(&MILESTONES, stop)),
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
        let length = t.need("length", |node| lengths(node, known));
        let complex = t.may("complex", running_length);
        let warn_at = t.may_list("warn_at", warn_shares);
        let own = start == Some(Milestone::WhistleBlown);
        let warn = t.may_list("warn", |node| recipients(node, own));
        let breach = t.need("breach", |node| breach(node, own));
        let extendable = t.need("extendable", Node::flag);
        let origins = t.may_list("origins", |node| node.set(|node| node.word(&ORIGINS)));
        let (warn_at, warn) = (warn_at?, warn?);
        if warn_at.is_empty() != warn.is_empty() {
            return t.refuse(
                "warn_at and warn do not fit together",
                "give both, when to warn and whom, or neither for a clock without warning",
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
        })
    })
}

/// Whether the clock can run from `start` to `stop`, and is the one that its code promises.
fn fitting_stop(id: &ClockId, node: &Node<'_>, start: Milestone, stop: Milestone) -> Option<Milestone> {
    if start == stop {
        return node.refuse("this clock stops where it starts", "name the act that ends it");
    }
    if let Some((_, must_start, must_stop)) = CLOCKS.iter().find(|(code, _, _)| *code == id.as_str()) {
        let starts_well = must_start.is_none_or(|must| must == start);
        if stop != *must_stop || !starts_well {
            let from = must_start.map_or(String::new(), |must| format!("start at {} and ", spelled(&MILESTONES, must)));
            return node.refuse(
                format!("the clock '{id}' does not run so"),
                format!("let it {from}stop at {}", spelled(&MILESTONES, *must_stop)),
            );
        }
    }
    let by_whistle = [start == Milestone::WhistleBlown, stop == Milestone::ReportedIn];
    if by_whistle[0] != by_whistle[1] {
        return node.refuse(
            "whistle_blown and reported_in belong together",
            "start the clock at whistle_blown and stop it at reported_in, or use neither",
        );
    }
    if matches!(stop, Milestone::Registered | Milestone::BadlyRated | Milestone::WhistleBlown) {
        return node.refuse("this act only starts clocks", "name the act that ends this one");
    }
    Some(stop)
}

fn lengths(node: &Node<'_>, known: &Known) -> Option<BTreeMap<ClassId, Length>> {
    let codes: BTreeSet<ClassId> = node.codes();
    let mut whole = true;
    for class in known.classes.iter().filter(|class| !codes.contains(*class)) {
        whole = false;
        node.refuse::<()>(
            format!("the class '{class}' has no length"),
            format!("add {class} = \"…\", such as \"2 h\""),
        );
    }
    let lengths = node.by_code(|class: &ClassId, node| {
        if !known.classes.is_empty() && !known.classes.contains(class) {
            return node.refuse(format!("there is no class '{class}'"), "remove it, or add the class to [[classes]]");
        }
        running_length(node)
    })?;
    whole.then_some(lengths)
}

/// The length of a clock: more than nothing.
fn running_length(node: &Node<'_>) -> Option<Length> {
    match node.length()? {
        length @ (Length::Minutes(1..=MINUTES_MAX) | Length::WorkingDays(1..=DAYS_MAX)) => Some(length),
        _ => node.refuse("a clock cannot run for this long", "write a length above zero and below ten years"),
    }
}

fn warn_shares(node: &Node<'_>) -> Option<Vec<f64>> {
    let mut last = 0.0;
    node.list(|node| {
        let share = node.share()?;
        if share <= std::mem::replace(&mut last, share) || share >= 1.0 {
            return node.refuse(
                "warnings must come after the start, one after another, before the end",
                "write shares between 0 and 1 in ascending order, such as [0.5, 0.8]",
            );
        }
        Some(share)
    })
}

fn recipients(node: &Node<'_>, own_clock: bool) -> Option<Vec<Recipient>> {
    let all = node.set(|node| {
        let recipient = node.word(&RECIPIENTS)?;
        if recipient == Recipient::ClockUnit && !own_clock {
            return node.refuse("only clocks that a whistle starts have a unit of their own", "write lead_unit");
        }
        Some(recipient)
    })?;
    if all.is_empty() {
        return node.refuse("nobody is told", "name who is told, or remove the key");
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
                    return node
                        .refuse("nobody hears of the breach itself", "let the first level be after = \"0 min\"");
                }
                if before.is_some_and(|before| after <= before) {
                    return node.refuse("the levels do not ascend", "let each level come later than the one before");
                }
                Some(after)
            });
            let tell = t.need("tell", |node| recipients(node, own_clock));
            Some(BreachLevel { after_minutes: after_minutes?, tell: tell? })
        })
    })?;
    if levels.is_empty() {
        return node.refuse("a breach does nothing", "add { after = \"0 min\", tell = [ … ] }");
    }
    Some(levels)
}
