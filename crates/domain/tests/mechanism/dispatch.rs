//! 3. Dispatch 快分拨: where a case goes, and what happens when a unit sends it back.

use jiban_domain::{
    case::{Place, State},
    command::{self as cmd},
    dispatch::{self as placing, Step},
    policy::{Assignee, Responsibility},
};

use crate::MONDAY;
use crate::common::{
    Town,
    desk::{Desk, at, dispatch, give_back, unit, units},
};

#[test]
fn dispatch_falls_back_step_by_step_and_never_to_nobody() {
    let rule = |category: Option<&str>, area: Option<&str>, lead: Assignee| Responsibility {
        category: category.map(|code| code.parse().unwrap()),
        area: area.map(unit),
        lead,
        with: vec![Assignee::Grid],
    };
    let to = |code: &str| Assignee::Unit(unit(code));
    let steps = [
        (rule(Some("city.stall"), Some("lh.dm.c01.g01"), to("lh.dm.csb")), Step::CategoryAndArea, "lh.dm.csb"),
        (rule(Some("city"), Some("lh.dm.c01"), to("lh.cgj")), Step::CategoryAndParentArea, "lh.cgj"),
        (rule(Some("city"), None, to("lh.dm.zfd")), Step::Category, "lh.dm.zfd"),
        (rule(None, Some("lh.dm.c01"), Assignee::Community), Step::Area, "lh.dm.c01"),
    ];
    let place = |town: &Town| {
        placing::propose(&town.world(), Some(&"city.stall".parse().unwrap()), Some(&unit("lh.dm.c01.g01")))
    };
    for left_out in 0..=steps.len() {
        let rules: Vec<_> = steps[left_out..].iter().map(|(rule, ..)| rule.clone()).collect();
        let found = place(&Town::with_policy(|policy| policy.responsibilities = rules));
        match steps.get(left_out) {
            Some((_, step, lead)) => {
                assert_eq!((found.step, found.lead.as_str()), (*step, *lead));
                assert_eq!(found.co_units, units(&["lh.dm.c01.g01"]), "dual: grid and department together");
            }
            None => assert_eq!((found.step, found.lead.as_str()), (Step::LiaisonOffice, "lh.dm.xlb")),
        }
    }
}

#[test]
fn a_unit_that_is_closed_is_never_proposed() {
    let town = Town::with_organisation(|draft| {
        for code in ["lh.dm.zfd", "lh.dm.c01.g01"] {
            draft.units.get_mut(code).unwrap().active = false;
        }
    });
    let grid = unit("lh.dm.c01.g01");
    for category in town.policy.categories.keys().map(Some).chain([None]) {
        let found = placing::propose(&town.world(), category, Some(&grid));
        for unit in found.co_units.iter().chain([&found.lead]) {
            assert!(town.organisation.unit(unit).unwrap().active, "{unit} for {category:?}");
        }
    }
}

#[test]
fn a_code_on_a_wall_outlives_its_grid() {
    let town = Town::with_organisation(|draft| draft.units.get_mut("lh.dm.c01.g01").unwrap().active = false);
    let scanned =
        |new: &mut cmd::Register| new.place = Place { spot: Some("s001".parse().unwrap()), ..Place::default() };
    let usual = at(MONDAY).register_with(scanned);
    assert_eq!(usual.case().place.grid, Some(unit("lh.dm.c01.g01")));
    assert_eq!(usual.case().place.address, "文锦路3号");
    let after = at(MONDAY).of(town).register_with(scanned);
    assert_ne!(after.case().place.grid, Some(unit("lh.dm.c01.g01")), "taken all the same, for no closed grid");
}

#[test]
fn whoever_took_it_first_is_answerable_until_another_has_accepted() {
    let mut desk = at(MONDAY).register_with(|new| new.first_receiver = Some(unit("lh.dm.gfb")));
    desk.by("gfb1").act(cmd::Note { text: "已安抚".into(), public: false });
    desk.by("xlb1").classify("routine").dispatch("lh.dm.zfd");
    desk.by("gfb1").contact().verify();
    desk.by("zfd1").act(give_back(Some("lh.dm.csb")));
    desk.by("gfb1").act(cmd::Note { text: "仍在跟进".into(), public: false });
    let id = desk.case().returns[0].id;
    desk.by("xlb1").act(cmd::DecideReturn { id, upheld: true, lead: None, note: "同意".into() });
    assert_eq!(desk.case().lead, Some(unit("lh.dm.csb")), "to the one whom the unit believed to be right");
    desk.by("csb1").accept();
    desk.by("gfb1").expect_refusal("not_allowed", "unit that handles", cmd::Note { text: "x".into(), public: false });
}

#[test]
fn clocks_run_on_while_a_return_waits_and_nobody_else_moves_the_case() {
    let mut desk = at(MONDAY).register();
    desk.classify("urgent").dispatch("lh.dm.zfd").by("zfd1").act(give_back(None));
    assert_eq!(desk.running(), ["contact.1", "finish.1", "verify.1"]);
    desk.expect_refusal("first", "have the return decided", cmd::Accept { handler: None });
    desk.expect_refusal("first", "have the return decided", give_back(None));
    desk.by("xlb1").expect_refusal("first", "have the return decided", dispatch("lh.dm.csb", &[]));
    desk.at("+11min").tick();
    assert_eq!(desk.stands("contact.1"), "breached");
    let id = desk.case().returns[0].id;
    desk.act(cmd::DecideReturn { id, upheld: false, lead: None, note: "应由执法队办理".into() });
    assert_eq!(desk.case().lead, Some(unit("lh.dm.zfd")));
    desk.by("zfd1").accept().expect_state(State::Handling);
    assert_eq!(desk.due("finish.1"), "2026-06-08T11:00:00", "a return buys no time");
}

#[test]
fn a_second_return_goes_to_a_leader_who_is_not_the_units_own() {
    let mut desk = at(MONDAY).register();
    desk.classify("routine").dispatch("lh.dm.csb").by("csb1").act(give_back(Some("lh.dm.zfd")));
    let decide = |desk: &Desk, upheld| cmd::DecideReturn {
        id: desk.case().returns.last().unwrap().id,
        upheld,
        lead: Some(unit("lh.cgj")),
        note: "裁定".into(),
    };
    assert!(!desk.case().returns[0].leader_decides);
    let own = decide(&desk, true);
    desk.by("csbhead").expect_refusal("not_allowed", "own unit", own.clone());
    let yes = cmd::DecideReturn { lead: None, ..own };
    desk.by("xlb1").act(yes).by("zfd1").act(give_back(None));
    assert!(desk.case().returns[1].leader_decides);
    let second = decide(&desk, true);
    desk.by("xlb1").expect_refusal("not_allowed", "goes to a leader", second.clone());
    desk.by("zfdhead").expect_refusal("not_allowed", "goes to a leader", second.clone());
    desk.by("leader1").act(second);
    assert_eq!(desk.case().lead, Some(unit("lh.cgj")));
    assert_eq!(desk.case().returns.len(), 2, "returns are counted");
}

#[test]
fn a_case_is_told_to_at_most_so_many_units() {
    let many = ["lh.cgj", "lh.xfj", "lh.zjj", "lh.jyj", "lh.wjj", "lh.rsj", "lh.scj", "lh.gaj", "lh.jjd"];
    let mut desk = at(MONDAY).register();
    desk.classify("fast").expect_refusal("limit", "at most 8 co-units", dispatch("lh.dm.zfd", &many));
    desk.act(dispatch("lh.dm.zfd", &many[..8]));
    desk.expect_refusal("already", "dispatched there", dispatch("lh.dm.zfd", &many[..8]));
}
