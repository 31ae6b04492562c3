//! Policy what-if: the same work under another policy.

use jiban_domain::{
    decide::{Replay, replay},
    ids::ClassId,
    policy::{Length, Policy, Recipient},
    what_if::{EXAMPLES_MAX, Pair, WhatIf},
};

use crate::{
    MONDAY,
    common::{
        Town,
        desk::{Desk, at, minutes_more},
        local,
    },
};

/// When everything is over.
const LATER: &str = "2026-07-08T09:00:00";

fn replayed(desk: &Desk, change: impl FnOnce(&mut Policy)) -> Replay {
    let other = Town::with_policy(change);
    replay(&other.world(), &Town::dongmen().policy, &desk.stream.events, local(LATER)).unwrap()
}

fn compared(desks: &[Desk], change: impl FnOnce(&mut Policy)) -> WhatIf {
    let other = Town::with_policy(change);
    let mut sum = WhatIf::default();
    for desk in desks {
        sum.add(&Town::dongmen().world(), &other.world(), &desk.stream.events, local(LATER), |_| true);
    }
    sum
}

fn set(policy: &mut Policy, rule: &str, length: Length) {
    let rule = policy.clocks.get_mut(rule).unwrap();
    rule.length.values_mut().for_each(|kept| *kept = length);
}

/// A fast case at the enforcement team, dispatched at 9:20; due at 9:20 on Tuesday.
fn fast() -> Desk {
    let mut desk = at(MONDAY).register();
    desk.by("xlb1").classify("fast").at("2026-06-08T09:20:00").dispatch("lh.dm.zfd");
    desk.by("zfd1").accept().contact().verify();
    desk
}

fn finished_after(minutes: i64) -> Desk {
    let mut desk = fast();
    desk.at(&format!("+{minutes}min")).tick().by("zfd1").finish();
    desk
}

fn pair(before: u64, after: u64) -> Pair {
    Pair { before, after }
}

#[test]
fn halving_a_length_makes_exactly_those_late_that_took_longer_than_half() {
    let took = [10, 300, 719, 720, 721, 900, 1_440, 1_441, 3_000];
    let desks: Vec<Desk> = took.into_iter().map(finished_after).collect();
    let sum = compared(&desks, |policy| set(policy, "finish", Length::Minutes(720)));
    let finish = sum.rules["finish"];
    assert_eq!((finish.ran, finish.late), (pair(9, 9), pair(2, 5)));
    assert_eq!((finish.became_late, finish.no_longer_late), (3, 0), "721, 900 and 1,440 minutes, and no other");
    // No opinion form was filed, so that each case has one late clock in any case.
    assert_eq!((sum.cases, sum.changed_cases, sum.late_cases, sum.unlike_record), (9, 3, pair(9, 9), 0));
    // And doubling it forgives exactly those that took less than double.
    let sum = compared(&desks, |policy| set(policy, "finish", Length::Minutes(2_880)));
    assert_eq!((sum.rules["finish"].late, sum.no_longer_late.len()), (pair(2, 1), 1));
    let example = &sum.no_longer_late[0];
    assert_eq!((example.rule.as_str(), example.unit.as_str()), ("finish", "lh.dm.zfd"));
    assert!(example.before.as_ref().unwrap().due_at < example.after.as_ref().unwrap().due_at);
}

#[test]
fn the_same_policy_changes_nothing() {
    let desks: Vec<Desk> = [10, 1_000, 2_000].into_iter().map(finished_after).collect();
    let sum = compared(&desks, |_| {});
    assert_eq!((sum.changed_cases, sum.unlike_record, sum.not_judged), (0, 0, 0));
    for load in sum.units.values() {
        assert_eq!(load.notices.warnings.before, load.notices.warnings.after);
        assert_eq!(load.notices.breaches.before, load.notices.breaches.after);
    }
}

#[test]
fn a_class_that_the_policy_lacks_is_told_and_fails_nothing() {
    let mut routine = at(MONDAY).register();
    routine.classify("routine").dispatch("lh.dm.zfd");
    let gone: ClassId = "fast".parse().unwrap();
    let sum = compared(&[fast(), routine, fast()], |policy| {
        policy.classes.retain(|class| class.id != gone);
        policy.clocks.values_mut().for_each(|rule| rule.length.retain(|class, _| *class != gone));
    });
    assert_eq!((sum.cases, sum.not_judged, sum.unknown_classes[&gone]), (3, 2, 2));
    assert!(!sum.classes.contains_key(&Some(gone)), "of what cannot be judged nothing is counted");
    assert!(sum.rules["finish"].ran.after == 1);
}

#[test]
fn a_category_form_or_channel_that_the_policy_lacks_changes_no_clock() {
    let mut desk = finished_after(60);
    desk.by("zfd1").file_opinion();
    let same = replayed(&desk, |policy| {
        policy.categories.clear();
        policy.forms.clear();
        policy.channels.clear();
    });
    assert_eq!(same.case.clocks, replayed(&desk, |_| {}).case.clocks);
    assert!(same.unknown_classes.is_empty());
}

#[test]
fn rules_that_come_and_go_are_counted_on_their_side() {
    let sum = compared(&[finished_after(60)], |policy| {
        let verify = policy.clocks.remove("verify").unwrap();
        policy.clocks.insert("look".parse().unwrap(), verify);
    });
    assert_eq!((sum.rules["verify"].ran, sum.rules["look"].ran), (pair(1, 0), pair(0, 1)));
    assert_eq!(sum.changed_cases, 0);
}

#[test]
fn who_would_have_been_told_more_often() {
    // Done after 22 h 40 min: in time by 24 h; by 12 h late, through the second level, before the third.
    let sum = compared(&[finished_after(22 * 60 + 40)], |policy| set(policy, "finish", Length::Minutes(720)));
    let before = compared(&[finished_after(22 * 60 + 40)], |_| {});
    let more = |recipient| {
        let breaches = sum.told[&recipient].breaches;
        breaches.after - breaches.before
    };
    assert_eq!([Recipient::Leaders, Recipient::ParentUnit, Recipient::LiaisonOffice].map(more), [1, 1, 1]);
    assert!(!sum.told.contains_key(&Recipient::Discipline), "the discipline office is told after 24 h");
    let unit = |sum: &WhatIf, unit: &str| sum.units[unit].notices;
    let street = unit(&sum, "lh.dm").breaches;
    assert_eq!(street.after, street.before + 1, "the unit above is told once");
    assert_eq!(unit(&sum, "lh.dm.zfd").warnings.before, unit(&before, "lh.dm.zfd").warnings.after);
}

#[test]
fn attempts_grades_and_extensions_are_judged_by_the_other_policy() {
    // Two attempts serve the clock; where three are asked for, it runs out.
    let mut desk = at(MONDAY).register();
    desk.by("xlb1").classify("fast").dispatch("lh.dm.zfd").by("zfd1").accept();
    let (attempts, gap) = {
        let rules = &Town::dongmen().policy.contact;
        (rules.attempts, rules.attempt_gap_minutes)
    };
    for _ in 0..attempts {
        desk.call_in_vain().at(&format!("+{gap}min"));
    }
    let stands = |replay: &Replay, key: &str| {
        let clock = replay.case.clocks.iter().find(|clock| clock.key == key);
        clock.map(|clock| serde_json::to_value(&clock.standing).unwrap()["is"].as_str().unwrap().to_owned())
    };
    assert_eq!(stands(&replayed(&desk, |_| {}), "contact.1").as_deref(), Some(desk.stands("contact.1")));
    let asked = replayed(&desk, |policy| policy.contact.attempts = attempts + 1);
    assert_eq!(stands(&asked, "contact.1").as_deref(), Some("breached"));

    // The second worst grade is not bad; where it is, somebody must answer for it.
    let mut rated = finished_after(60);
    let grade = Town::dongmen().policy.closing.bad_up_to + 1;
    rated.rate(grade);
    assert_eq!(stands(&replayed(&rated, |_| {}), "bad_rating.1"), None);
    let strict = replayed(&rated, |policy| policy.closing.bad_up_to = grade);
    assert_eq!(stands(&strict, "bad_rating.1").as_deref(), Some("breached"));
    // Grades of another scale stay what they were called.
    let other = replayed(&rated, |policy| (policy.closing.grades, policy.closing.bad_up_to) = (100, 50));
    assert_eq!(stands(&other, "bad_rating.1"), None);

    // Four hours more were had; where the clock cannot be extended they were not.
    let mut extended = fast();
    extended.by("zfd1").act(minutes_more("finish.1", 240));
    let id = extended.case().extensions[0].id;
    extended.by("xlb1").act(jiban_domain::command::DecideExtension { id, granted: true, note: "同意".into() });
    extended.at("2026-06-09T12:00:00").by("zfd1").finish();
    assert_eq!(stands(&replayed(&extended, |_| {}), "finish.1").as_deref(), Some("met"));
    let none = replayed(&extended, |policy| policy.clocks.get_mut("finish").unwrap().extendable = false);
    assert_eq!(stands(&none, "finish.1").as_deref(), Some("breached"));
}

#[test]
fn examples_are_few_however_many_change_and_only_of_cases_that_may_be_shown() {
    let desk = finished_after(900);
    let half = Town::with_policy(|policy| set(policy, "finish", Length::Minutes(720)));
    let (own, other, events) = (Town::dongmen().world(), half.world(), &desk.stream.events);
    let mut sum = WhatIf::default();
    sum.add(&own, &other, events, local(LATER), |_| false);
    assert_eq!((sum.all.became_late, sum.became_late.len()), (1, 0));
    (0..300).for_each(|_| sum.add(&own, &other, events, local(LATER), |_| true));
    assert_eq!((sum.all.became_late, sum.became_late.len()), (301, EXAMPLES_MAX));
    sum.add(&own, &other, &[], local(LATER), |_| true);
    assert_eq!((sum.cases, sum.not_readable), (302, 1));
}
