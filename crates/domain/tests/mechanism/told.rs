//! Who is told.

use std::collections::BTreeSet;

use jiban_domain::{
    command::{self as cmd},
    notice,
};

use crate::MONDAY;
use crate::common::{
    Town,
    desk::{Desk, at},
};

fn told(desk: &Desk) -> BTreeSet<String> {
    let last = std::slice::from_ref(desk.stream.events.last().unwrap());
    let notices = notice::notices(&desk.town.world(), desk.case(), last);
    notices.iter().flat_map(|notice| &notice.to).map(ToString::to_string).collect()
}

#[test]
fn neither_partners_nor_administrators_nor_those_who_left_are_told() {
    let mut desk = at(MONDAY).register();
    desk.classify("fast").dispatch("lh.dm.c01.g01");
    let dispatched = desk.stream.events.iter().rposition(|r| r.event.kind() == "dispatched").unwrap();
    let mut then = desk.clone();
    then.stream.events.truncate(dispatched + 1);
    assert_eq!(told(&then), ["c01g01a", "c01g01b"].map(str::to_owned).into(), "not the grid's partner");
    // The handler leaves: the unit is told in their place.
    let mut left = at(MONDAY).register();
    left.at_work("fast").finish().rate(1);
    let graded = left.stream.events.iter().rposition(|r| r.event.kind() == "rated").unwrap();
    left.stream.events.truncate(graded + 1);
    assert!(told(&left).contains("zfd1") && !told(&left).contains("zfd2"));
    left.town = std::borrow::Cow::Owned(Town::with_organisation(|draft| {
        draft.people.get_mut("zfd1").unwrap().active = false;
    }));
    assert!(!told(&left).contains("zfd1") && told(&left).contains("zfd2"));
}

#[test]
fn the_lead_official_is_told_in_place_of_all_leaders_and_they_in_place_of_one_who_left() {
    let mut desk = at(MONDAY).register();
    desk.at_work("urgent").by("xlb1").act(cmd::Escalate { official: "leader2".parse().unwrap(), reason: "难".into() });
    desk.at("2026-06-09T11:00:00").tick();
    assert_eq!(desk.clock("finish.1").raised, 3, "leaders and the discipline office");
    assert!(told(&desk).contains("leader2") && !told(&desk).contains("leader1"));
    assert!(!told(&desk).contains("admin"));
    desk.town = std::borrow::Cow::Owned(Town::with_organisation(|draft| {
        draft.people.get_mut("leader2").unwrap().active = false;
    }));
    assert!(!told(&desk).contains("leader2") && told(&desk).contains("zfdhead"), "{:?}", told(&desk));
}

#[test]
fn an_answer_that_is_not_satisfied_is_told_to_the_handler_and_the_liaison_office() {
    let answer = |satisfied: bool| {
        let because = |code: &str| (!satisfied).then(|| code.to_owned()).into_iter().collect();
        cmd::Answer {
            responded: true,
            solved: satisfied,
            satisfied,
            unsolved_because: because("partly"),
            unsatisfied_because: because("too_slow"),
            comment: String::new(),
        }
    };
    for satisfied in [true, false] {
        let mut desk = at(MONDAY).register();
        desk.at_work("fast").finish().by("reporter").act(answer(satisfied));
        let answered = desk.stream.events.iter().rposition(|r| r.event.kind() == "answered").unwrap();
        desk.stream.events.truncate(answered + 1);
        let told = told(&desk);
        assert_eq!(told.contains("zfd1") && told.contains("xlb1"), !satisfied, "{told:?}");
    }
}
