//! The mechanism, rule by rule, as people would tell it. Sections are those of the mechanism 接诉即办 · 未诉先办.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{
    Town,
    desk::{
        Desk, appeal, at, call, classify, close, dispatch, finish, follow_up, give_back, minutes_more, more,
        on_the_wall, opinion, rate, reopen, texts, unit, units, whistle,
    },
};
use jiban_domain::{
    calendar::{Calendar, HolidayDay, HolidayYear},
    case::{AttachmentKind, Case, Mark, Place, Proposal, State},
    clock::{CancelReason, ClockEvent},
    command::{self as cmd, Act, Command},
    dispatch::{self as placing, Step},
    event::Event,
    ids::{AttachmentId, CaseId, RequestId},
    notice, permission,
    policy::{Assignee, Length, Responsibility},
};
use jiff::ToSpan;
use uuid::Uuid;

/// A Monday morning without holidays near.
const MONDAY: &str = "2026-06-08T09:00:00";

// ── 2. Classify 分类型 ──────────────────────────────────────────────────────────────────────────────────────────────

fn proposal(class: &str, confidence: f64, danger: Option<&str>) -> Proposal {
    Proposal {
        class: Some(class.parse().unwrap()),
        category: Some("city.stall".parse().unwrap()),
        confidence,
        danger: danger.map(str::to_owned),
        reasons: vec!["摆摊".into()],
    }
}

#[test]
fn danger_to_life_is_urgent_by_rule_and_all_else_waits_for_a_person() {
    let dangerous = at(MONDAY).register_with(|new| new.proposal = Some(proposal("urgent", 0.1, Some("fire"))));
    assert_eq!(dangerous.case().class.as_ref().unwrap().as_str(), "urgent");
    assert_eq!(dangerous.due("dispatch.1"), "2026-06-08T10:00:00");
    let sure = at(MONDAY).register_with(|new| new.proposal = Some(proposal("fast", 0.99, None)));
    assert_eq!(sure.case().class, None, "the program proposes, a person decides");
}

#[test]
fn a_policy_may_let_a_sure_proposal_dispatch_itself() {
    let town = Town::with_policy(|policy| policy.dispatch.automatic = true);
    let sure = at(MONDAY).of(town.clone()).register_with(|new| new.proposal = Some(proposal("fast", 0.99, None)));
    assert_eq!((sure.case().state, sure.case().lead.as_ref()), (State::Dispatched, Some(&unit("lh.dm.zfd"))));
    let unsure = at(MONDAY).of(town).register_with(|new| new.proposal = Some(proposal("fast", 0.3, None)));
    assert_eq!(unsure.case().state, State::Registered);
}

#[test]
fn a_category_that_the_policy_does_not_know_is_not_taken_from_a_proposal() {
    let stray = Proposal { category: Some("gone".parse().unwrap()), ..proposal("urgent", 0.9, Some("fire")) };
    let desk = at(MONDAY).register_with(|new| new.proposal = Some(stray));
    assert_eq!((desk.case().category.as_ref(), desk.case().class.is_some()), (None, true));
}

#[test]
fn a_correction_of_the_proposal_is_kept_as_a_lesson() {
    let corrects = |class: &str| {
        let mut desk = at(MONDAY).register_with(|new| new.proposal = Some(proposal("fast", 0.9, None)));
        desk.classify_as(class, Some("city.stall"), &[]);
        let found = desk.stream.events.iter().find_map(|recorded| match &recorded.event {
            Event::Classified { corrects_proposal, .. } => Some(*corrects_proposal),
            _ => None,
        });
        found.unwrap()
    };
    assert_eq!((corrects("fast"), corrects("routine")), (false, true));
}

// ── 3. Dispatch 快分拨 ──────────────────────────────────────────────────────────────────────────────────────────────

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

// ── 4. Clocks 缩限时 ────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn every_cell_of_the_clock_table() {
    // Registered at 9:00, dispatched at 9:20, finished at 10:00, a whistle at 9:30, a bad grade at 11:00; a Monday.
    let table = [
        // clock          urgent                  fast                   routine
        ("dispatch.1", ["2026-06-08T10:00:00", "2026-06-08T10:00:00", "2026-06-09T09:00:00"]),
        ("contact.1", ["2026-06-08T09:30:00", "2026-06-08T09:30:00", "2026-06-08T09:30:00"]),
        ("verify.1", ["2026-06-08T09:50:00", "2026-06-08T09:50:00", "2026-06-08T09:50:00"]),
        ("finish.1", ["2026-06-08T11:20:00", "2026-06-09T09:20:00", "2026-06-11T09:20:00"]),
        ("opinion.1", ["2026-06-12T00:00:00", "2026-06-12T00:00:00", "2026-06-12T00:00:00"]),
        ("follow_up.1", ["2026-06-12T00:00:00", "2026-06-16T00:00:00", "2026-06-16T00:00:00"]),
        ("report_in.1.lh.cgj", ["2026-06-08T10:00:00", "2026-06-08T11:30:00", "2026-06-09T09:30:00"]),
        ("bad_rating.1", ["2026-06-10T00:00:00", "2026-06-11T00:00:00", "2026-06-12T00:00:00"]),
    ];
    for (column, class) in ["urgent", "fast", "routine"].into_iter().enumerate() {
        let mut desk = at(MONDAY).register();
        desk.classify(class).at("2026-06-08T09:20:00").dispatch("lh.dm.zfd").by("zfd1").accept().contact().verify();
        desk.at("2026-06-08T09:30:00").by("c01a").act(whistle(&["lh.cgj"]));
        let called = desk.case().whistles[0].id;
        desk.by("cgj1").act(cmd::ReportIn { whistle: called, unit: unit("lh.cgj"), action: "到场".into() });
        desk.by("xlb1").act(cmd::SettleWhistle { whistle: called, outcome: "solved".into(), note: "解决".into() });
        desk.at("2026-06-08T10:00:00").by("zfd1").finish().at("2026-06-08T11:00:00").rate(1);
        for (clock, due) in &table {
            assert_eq!(desk.due(clock), due[column], "{clock} of a case that is {class}");
        }
        assert_eq!(desk.clocks().len(), table.len(), "and no other");
    }
}

#[test]
fn findings_and_signals_have_their_own_clocks_and_nobody_to_call() {
    for (class, due) in
        [("urgent", "2026-06-08T11:00:00"), ("fast", "2026-06-09T09:00:00"), ("routine", "2026-06-15T09:00:00")]
    {
        let mut finding = at(MONDAY).register_with(|new| new.channel = "rounds".parse().unwrap());
        finding.classify(class).dispatch("lh.dm.c01.g01").by("c01g01a").accept().finish();
        assert_eq!(finding.clocks(), ["dispatch.1", "finding.1"]);
        assert_eq!(finding.due("finding.1"), due);
        finding.close().expect_state(State::Closed);
    }
    let mut signal = at(MONDAY).register_with(|new| new.channel = "machine".parse().unwrap());
    signal.classify("fast").dispatch("lh.dm.zfd");
    assert_eq!(signal.clocks(), ["dispatch.1", "finish.1", "verify.1"]);
    let mut nameless = at(MONDAY).register_with(|new| new.reporter.contactable = false);
    nameless.classify("fast").dispatch("lh.dm.zfd");
    assert_eq!(nameless.running(), ["finish.1", "verify.1"], "nobody left a number");
}

#[test]
fn a_complex_case_is_dispatched_within_a_day() {
    let mut desk = at(MONDAY).register();
    assert_eq!(desk.due("dispatch.1"), "2026-06-08T10:00:00", "not looked at yet: the shortest");
    desk.classify_as("urgent", None, &[Mark::Complex]);
    assert_eq!(desk.due("dispatch.1"), "2026-06-09T09:00:00");
    desk.dispatch("lh.dm.zfd");
    assert_eq!(desk.due("finish.1"), "2026-06-08T11:00:00", "only the dispatch takes longer");
}

#[test]
fn working_days_follow_the_official_calendar() {
    for (finished, due, certain) in [
        // 国庆 2025: 1–8 October off, Saturday the 11th worked.
        ("2025-09-30T16:20:00", "2025-10-12T00:00:00", true),
        // 国庆 2026: 1–7 October off, Saturday the 10th worked.
        ("2026-09-30T09:00:00", "2026-10-11T00:00:00", true),
        // 春节 2026: Saturday 14 February worked, 15–23 off.
        ("2026-02-13T23:59:59", "2026-02-26T00:00:00", true),
        ("2026-02-14T00:00:00", "2026-02-27T00:00:00", true),
        // 春节 2025: Sunday 26 January worked, 28 January – 4 February off.
        ("2025-01-24T09:00:00", "2025-02-06T00:00:00", true),
        // Into a year that nobody has announced.
        ("2026-12-30T09:00:00", "2027-01-05T00:00:00", false),
    ] {
        let mut desk = at(finished).register();
        desk.at_work("fast").finish();
        assert_eq!((&*desk.due("opinion.1"), desk.clock("opinion.1").certain), (due, certain), "finished {finished}");
    }
}

#[test]
fn an_announcement_recomputes_what_was_uncertain_and_says_so() {
    let mut desk = at("2026-12-30T09:00:00").register();
    desk.at_work("fast").finish();
    let off = HolidayDay { name: "元旦".into(), date: "2027-01-01".parse().unwrap(), is_off_day: true };
    let years = [common::years(), vec![HolidayYear { year: 2027, days: vec![off] }]].concat();
    desk.town.to_mut().calendar = Calendar::build(common::ZONE, years).unwrap();
    desk.by("system").at("+1h").act(cmd::Recalendar {});
    assert_eq!((&*desk.due("opinion.1"), desk.clock("opinion.1").certain), ("2027-01-06T00:00:00", true));
    assert_eq!(desk.count("clock_recomputed"), 2, "opinion and follow-up, told in the timeline");
    let before = desk.case().version;
    desk.act(cmd::Recalendar {});
    assert_eq!(desk.case().version, before, "nothing new, nothing said");
}

#[test]
fn clocks_run_side_by_side_and_each_ends_by_its_own_act() {
    let mut desk = at(MONDAY).register();
    desk.classify("fast").dispatch("lh.dm.zfd");
    assert_eq!(desk.stands("dispatch.1"), "met");
    assert_eq!(desk.running(), ["contact.1", "finish.1", "verify.1"]);
    assert_eq!(desk.case().next_due().map(on_the_wall).unwrap(), "2026-06-08T09:10:00");
    desk.by("zfd1").accept().verify();
    assert_eq!(desk.running(), ["contact.1", "finish.1"]);
    desk.contact();
    assert_eq!((desk.stands("contact.1"), desk.running()), ("met", vec!["finish.1"]));
}

#[test]
fn each_share_of_the_time_warns_once() {
    let mut desk = at(MONDAY).register();
    desk.classify("fast").dispatch("lh.dm.zfd").by("zfd1").accept().contact().verify();
    // 24 h from 9:00: at half, 21:00, and at four fifths, 4:12.
    for (time, warned) in [
        ("2026-06-08T20:59:59.999", 0),
        ("2026-06-08T21:00:00", 1),
        ("2026-06-08T21:00:00.001", 1),
        ("2026-06-09T04:11:59.999", 1),
        ("2026-06-09T04:12:00", 2),
        ("2026-06-09T08:59:00", 2),
    ] {
        desk.at(time).tick().tick();
        assert_eq!(desk.clock("finish.1").warned, warned, "{time}");
    }
    assert_eq!(desk.count("clock_warned"), 2);
}

#[test]
fn an_act_at_the_very_due_time_is_in_time_and_a_millisecond_later_is_not() {
    let mut desk = at(MONDAY).register();
    desk.classify("fast").dispatch("lh.dm.zfd").by("zfd1").accept();
    let mut in_time = desk.clone();
    in_time.at("2026-06-08T09:10:00").tick();
    assert_eq!(in_time.stands("contact.1"), "running", "never before");
    in_time.contact();
    assert_eq!(in_time.stands("contact.1"), "met");
    let mut swept = desk.clone();
    swept.at("2026-06-08T09:10:00.001").tick();
    assert_eq!(swept.stands("contact.1"), "breached", "the first millisecond after");
    desk.at("2026-06-08T09:10:00.001").contact();
    assert_eq!(desk.stands("contact.1"), "breached, settled", "whether swept or not");
    assert_eq!(desk.count("clock_breached"), 1);
}

#[test]
fn finer_time_than_events_keep_cannot_slip_between_due_and_late() {
    let mut desk = at(MONDAY).register();
    desk.classify("fast").dispatch("lh.dm.zfd").by("zfd1").accept();
    desk.at("2026-06-08T09:10:00.0004").contact();
    assert_eq!(desk.stands("contact.1"), "met");
}

#[test]
fn each_level_of_a_breach_is_raised_once() {
    let mut desk = at(MONDAY).register();
    desk.classify("routine").dispatch("lh.dm.zfd").by("zfd1").accept().verify();
    // Due 9:10; levels at once, after 20 and after 60 minutes.
    for (time, raised) in [
        ("2026-06-08T09:10:00.001", 1),
        ("2026-06-08T09:29:59.999", 1),
        ("2026-06-08T09:30:00", 2),
        ("2026-06-08T10:09:59.999", 2),
        ("2026-06-08T10:10:00", 3),
        ("2026-06-10T10:10:00", 3),
    ] {
        desk.at(time).tick().tick();
        assert_eq!(desk.clock("contact.1").raised, raised, "{time}");
    }
    let mut late = at(MONDAY).register();
    late.classify("routine").dispatch("lh.dm.zfd").by("zfd1").accept().verify().at("2026-06-09T09:10:00").tick();
    assert_eq!(late.clock("contact.1").raised, 3, "a sweeper that was down raises what it missed");
}

#[test]
fn a_clock_remembers_by_how_much_it_was_late() {
    for (done, late) in [("09:10:00.001", 1), ("09:11:30", 90), ("09:11:30.500", 91), ("10:10:00", 3_600)] {
        let mut desk = at(MONDAY).register();
        desk.classify("routine").dispatch("lh.dm.zfd").by("zfd1").accept().at(&format!("2026-06-08T{done}")).contact();
        let found = desk.stream.events.iter().find_map(|recorded| match &recorded.event {
            Event::Clock(ClockEvent::StoppedLate { key, late_s }) if key == "contact.1" => Some(*late_s),
            _ => None,
        });
        assert_eq!(found, Some(late), "called at {done}");
    }
}

#[test]
fn an_extension_is_asked_for_decided_before_the_deadline_and_kept() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").act(minutes_more("finish.1", 600));
    let id = desk.case().extensions[0].id;
    assert_eq!(desk.due("finish.1"), "2026-06-09T09:00:00", "asking alone gives nothing");
    desk.expect_refusal("already", "asked for", minutes_more("finish.1", 600));
    let grant = cmd::DecideExtension { id, granted: true, note: "同意".into() };
    let mut late = desk.clone();
    late.by("xlb1").at("2026-06-09T09:00:00.001").expect_refusal("too_late", "granting", grant.clone());
    late.act(cmd::DecideExtension { granted: false, ..grant.clone() });
    assert_eq!(late.stands("finish.1"), "breached", "never forgiven afterwards");
    desk.by("xlb1").at("2026-06-09T09:00:00").act(grant.clone());
    assert_eq!(desk.due("finish.1"), "2026-06-09T19:00:00");
    desk.expect_refusal("already", "decided", grant);
    desk.classify("routine");
    assert_eq!(desk.due("finish.1"), "2026-06-11T19:00:00", "kept through a change of class");
    assert_eq!(desk.clock("finish.1").granted, [Length::Minutes(600)]);
}

#[test]
fn extensions_have_bounds() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast");
    desk.expect_refusal("invalid", "1 to 4320", minutes_more("finish.1", 72 * 60 + 1));
    desk.expect_refusal("invalid", "1 to 4320", minutes_more("finish.1", 0));
    desk.expect_refusal("invalid", "minutes, as the clock counts", more("finish.1", Length::WorkingDays(5)));
    desk.expect_refusal("unknown", "no clock", minutes_more("finish.9", 10));
    desk.expect_refusal("too_late", "an extension", minutes_more("verify.1", 10));
    desk.expect_refusal("invalid", "a clock that may be extended", minutes_more("contact.1", 10));
    for _ in 0..2 {
        desk.by("zfd1").act(minutes_more("finish.1", 60));
        let id = desk.case().extensions.last().unwrap().id;
        desk.by("xlb1").act(cmd::DecideExtension { id, granted: true, note: "同意".into() });
    }
    desk.by("zfd1").expect_refusal("limit", "at most 2 extensions", minutes_more("finish.1", 60));
    desk.finish().expect_refusal("invalid", "working days, as the clock counts", minutes_more("opinion.1", 60));
    desk.act(more("opinion.1", Length::WorkingDays(2)));
    let id = desk.case().extensions.last().unwrap().id;
    desk.by("xlb1").act(cmd::DecideExtension { id, granted: true, note: "同意".into() });
    assert_eq!(desk.due("opinion.1"), "2026-06-16T00:00:00", "9, 10, 11, 12 and Monday 15 June");
}

#[test]
fn a_change_of_class_alone_makes_nothing_late_and_gives_nothing_away() {
    let mut desk = at(MONDAY).register();
    desk.at_work("routine");
    // Two hours from 9:00 are over at 13:00: it gets two hours from now.
    desk.by("xlb1").at("2026-06-08T13:00:00").classify("urgent");
    assert_eq!((&*desk.due("finish.1"), desk.stands("finish.1")), ("2026-06-08T15:00:00", "running"));
    desk.classify_as("urgent", Some("city.stall"), &[]);
    assert_eq!(desk.count("clock_recomputed"), 2, "another category moves no clock (dispatch once, finish once)");
    let mut extended = desk.clone();
    extended.by("zfd1").at("2026-06-08T14:00:00").act(minutes_more("finish.1", 60));
    let id = extended.case().extensions[0].id;
    extended.by("xlb1").act(cmd::DecideExtension { id, granted: true, note: "同意".into() });
    assert_eq!(extended.due("finish.1"), "2026-06-08T16:00:00", "an extension comes on top of what was left");
    extended.by("system").act(cmd::Recalendar {});
    assert_eq!(extended.due("finish.1"), "2026-06-08T16:00:00", "and the calendar has no say in hours");
    // A class never gives more than the clock had: 20 minutes before the end, two hours from now would be more.
    let mut near = at(MONDAY).register();
    near.at_work("fast").by("xlb1").at("2026-06-09T08:40:00").classify("urgent");
    assert_eq!(near.due("finish.1"), "2026-06-09T09:00:00");
    // And a longer class gives its own length from the start, no more.
    let mut longer = at(MONDAY).register();
    longer.at_work("urgent").by("xlb1").at("2026-06-08T10:59:00").classify("routine");
    assert_eq!(longer.due("finish.1"), "2026-06-11T09:00:00");
}

#[test]
fn a_breach_is_never_forgiven_by_editing() {
    let mut desk = at(MONDAY).register();
    desk.at_work("urgent").by("xlb1").at("2026-06-08T11:00:00.001").classify("routine");
    assert_eq!(desk.stands("finish.1"), "breached", "swept by the act that came too late to help");
    assert_eq!(desk.due("finish.1"), "2026-06-08T11:00:00");
}

#[test]
fn three_attempts_far_enough_apart_count_as_contact() {
    let mut desk = at(MONDAY).register();
    desk.classify("fast").dispatch("lh.dm.zfd").by("zfd1").accept();
    desk.call_in_vain().at("+119s").call_in_vain();
    assert_eq!(desk.case().attempts.len(), 1, "two minutes are the least gap");
    desk.at("+1s").call_in_vain();
    assert_eq!((desk.case().attempts.len(), desk.stands("contact.1")), (2, "running"));
    desk.at("+2min").call_in_vain();
    assert_eq!((desk.count("unreachable"), desk.stands("contact.1")), (1, "met"));
    desk.at("+2min").call_in_vain();
    assert_eq!(desk.count("unreachable"), 1);
}

#[test]
fn a_call_before_the_dispatch_is_a_contact_in_time() {
    let mut desk = at(MONDAY).register_with(|new| new.first_receiver = Some(unit("lh.dm.c01.g01")));
    desk.by("c01g01a").contact().by("xlb1").at("+5min").classify("fast").dispatch("lh.dm.zfd");
    assert_eq!(desk.stands("contact.1"), "met", "counted, not asked for twice");
}

#[test]
fn time_never_runs_backwards_in_a_case() {
    let mut desk = at(MONDAY).register();
    desk.at("+10min").classify("fast").at(MONDAY).dispatch("lh.dm.zfd");
    assert_eq!(on_the_wall(desk.case().changed_at), "2026-06-08T09:10:00");
    assert_eq!(desk.due("contact.1"), "2026-06-08T09:20:00", "a slow clock takes nobody's minutes");
    desk.at("2026-06-07T09:00:00").tick().at("2026-06-08T09:20:00").by("zfd1").contact();
    assert_eq!(desk.stands("contact.1"), "met");
}

// ── 5. Handle 四办 ──────────────────────────────────────────────────────────────────────────────────────────────────

fn report_in(desk: &Desk, who: &str) -> cmd::ReportIn {
    cmd::ReportIn { whistle: desk.case().whistles.last().unwrap().id, unit: unit(who), action: "已到场".into() }
}

fn settle(desk: &Desk) -> cmd::SettleWhistle {
    let whistle = desk.case().whistles.last().unwrap().id;
    cmd::SettleWhistle { whistle, outcome: "solved".into(), note: "当场解决".into() }
}

#[test]
fn each_unit_that_is_called_has_its_own_clock_to_report_in() {
    let mut desk = at(MONDAY).register();
    desk.at_work("urgent").by("c01a").act(whistle(&["lh.cgj", "lh.dm.csb"]));
    assert_eq!(desk.running(), ["finish.1", "report_in.1.lh.cgj", "report_in.1.lh.dm.csb"]);
    let (cgj, csb) = (report_in(&desk, "lh.cgj"), report_in(&desk, "lh.dm.csb"));
    desk.by("cgj1").expect_refusal("invalid", "your own unit", csb);
    desk.at("+30min").act(cgj.clone()).expect_refusal("already", "reported in", cgj);
    let stranger = report_in(&desk, "lh.gaj");
    desk.expect_refusal("invalid", "a unit that was called", stranger);
    desk.at("+1ms").tick();
    assert_eq!((desk.stands("report_in.1.lh.cgj"), desk.stands("report_in.1.lh.dm.csb")), ("met", "breached"));
    let settled = settle(&desk);
    desk.by("xlb1").act(settled.clone()).expect_refusal("already", "settled", settled);
    desk.at("+2h").tick();
    assert_eq!(desk.clock("report_in.1.lh.dm.csb").raised, 1, "once settled, nobody is called any more");
    assert_eq!(desk.stands("report_in.1.lh.dm.csb"), "breached, settled", "and the breach stays");
    desk.by("c01a").act(whistle(&["lh.cgj"]));
    assert_eq!(desk.stands("report_in.2.lh.cgj"), "running", "a second whistle has its own");
    let settled = settle(&desk);
    desk.by("xlb1").act(settled);
    assert_eq!(desk.stands("report_in.2.lh.cgj"), "cancelled");
    assert_eq!(desk.stream.cancelled("report_in.2.lh.cgj"), Some(CancelReason::WhistleSettled));
}

#[test]
fn a_whistle_sent_twice_is_one_whistle() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").by("c01a").act(whistle(&["lh.cgj"]));
    desk.once_more().expect_refusal("already", "blown", whistle(&["lh.cgj"]));
    desk.act(whistle(&["lh.cgj"]));
    assert_eq!(desk.case().whistles.len(), 2, "a new one is a new one");
}

#[test]
fn nothing_is_finished_over_an_open_whistle_or_return_or_without_contact_and_facts() {
    let mut desk = at(MONDAY).register();
    desk.classify("fast").dispatch("lh.dm.zfd").by("zfd1").accept();
    desk.expect_refusal("first", "log the contact", finish()).contact();
    desk.expect_refusal("first", "verify the facts", finish()).verify();
    desk.by("c01a").act(whistle(&["lh.cgj"]));
    desk.by("zfd1").expect_refusal("first", "open whistle", finish());
    let settled = settle(&desk);
    desk.by("xlb1").act(settled).by("zfd1").act(give_back(None));
    desk.expect_refusal("first", "have the return decided", finish());
    let id = desk.case().returns[0].id;
    desk.by("xlb1").act(cmd::DecideReturn { id, upheld: false, lead: None, note: "不同意".into() });
    desk.by("zfd1").finish().expect_state(State::Finished);
}

#[test]
fn a_stubborn_case_needs_a_lead_official_who_follows_it_from_first_to_last() {
    let mut desk = at(MONDAY).register();
    desk.classify_as("fast", None, &[Mark::Stubborn]).dispatch("lh.dm.zfd").by("zfd1").accept().contact().verify();
    desk.expect_refusal("first", "a lead official", finish());
    let to = |who: &str| cmd::Escalate { official: who.parse().unwrap(), reason: "多年未决".into() };
    desk.by("xlb1").expect_refusal("invalid", "role of leader", to("csb1"));
    desk.act(to("leader2")).expect_refusal("already", "escalated to this leader", to("leader2"));
    let ticks = |duty: u32| cmd::OfficialAct {
        duties: BTreeMap::from([(duty, "已掌握".to_owned())]),
        questions: BTreeMap::new(),
    };
    desk.by("leader1").expect_refusal("not_allowed", "only the lead official", ticks(0));
    desk.by("leader2").expect_refusal("invalid", "an index below 5", ticks(5)).act(ticks(0)).act(ticks(4));
    desk.by("xlb1").act(to("leader1"));
    let duties: Vec<_> = desk.case().escalation.as_ref().unwrap().duties.keys().copied().collect();
    assert_eq!(duties, [0, 4], "what was done is kept when another takes over");
    desk.by("zfd1").finish();
}

#[test]
fn on_reception_day_the_leader_stays_named() {
    let desk = at("2026-06-11T09:00:00").register_with(|new| {
        (new.channel, new.received_by_leader) = ("reception_day".parse().unwrap(), Some("leader2".parse().unwrap()));
    });
    assert_eq!(desk.case().escalation.as_ref().unwrap().official.as_str(), "leader2");
    let nobody = at(MONDAY).try_register(|new| new.received_by_leader = Some("csb1".parse().unwrap()));
    assert_eq!(nobody.unwrap_err().code(), "invalid");
}

#[test]
fn where_a_photo_is_due_finishing_needs_one_of_after_the_work() {
    let mut desk = at(MONDAY).register();
    desk.classify_as("fast", Some("city.stall"), &[]).dispatch("lh.dm.zfd").by("zfd1").accept().contact().verify();
    let picture = |n, kind| cmd::Attach { id: AttachmentId(Uuid::from_u128(n)), kind, name: "现场.jpg".into() };
    desk.act(picture(1, AttachmentKind::Before)).expect_refusal("first", "a photo of the place after", finish());
    desk.by("reporter").act(picture(2, AttachmentKind::After));
    assert_eq!(desk.case().attachments[1].kind, AttachmentKind::Report, "what a reporter sends is a report");
    desk.by("zfd1").expect_refusal("first", "a photo", finish()).photo().finish();
}

#[test]
fn a_team_has_its_seats_filled_by_those_who_bear_the_titles() {
    let team = |seats: &[(&str, &[&str])]| cmd::AssignTeam {
        team: seats.iter().map(|(s, who)| ((*s).into(), who.iter().map(|id| id.parse().unwrap()).collect())).collect(),
    };
    let full: [(&str, &[&str]); 4] =
        [("delegate", &["leader1"]), ("cadre", &["c01b"]), ("staff", &["zfd1", "csb1"]), ("grid_worker", &["c01g01a"])];
    let mut desk = at(MONDAY).register();
    desk.at_work("fast");
    desk.expect_refusal("invalid", "2 to 2 of", team(&[full[0], full[1], ("staff", &["zfd1"]), full[3]]));
    desk.expect_refusal("invalid", "is not Young cadre", team(&[full[0], ("cadre", &["c01a"]), full[2], full[3]]));
    desk.expect_refusal(
        "invalid",
        "already has a seat",
        team(&[full[0], full[1], ("staff", &["leader1", "csb1"]), full[3]]),
    );
    desk.expect_refusal("unknown", "no seat 'chair'", team(&[("chair", &["zfd1"])]));
    desk.act(team(&full)).expect_refusal("already", "assigned like this", team(&full));
}

// ── 6. Before it is asked 未诉先办, and the other ends of a case ─────────────────────────────────────────────────────

#[test]
fn a_case_may_be_declined_with_a_reason_and_then_rests() {
    let mut desk = at(MONDAY).register();
    let decline = |reason: &str| cmd::Decline { reason: reason.into(), explanation: "已告知".into() };
    desk.expect_refusal("invalid", "one of", decline("no time")).classify("fast").act(decline("unlawful"));
    desk.expect_state(State::Declined).at("+30d").tick();
    assert_eq!((desk.case().declined.as_deref(), desk.stands("dispatch.1")), (Some("unlawful"), "cancelled"));
}

#[test]
fn a_case_that_is_over_calls_nobody_any_more_and_its_breaches_stay() {
    let mut desk = at(MONDAY).register();
    desk.at_work("urgent").at("2026-06-08T11:00:00.001").tick();
    desk.by("xlb1").act(cmd::HandUpstream { upstream_number: Some("12345-1".into()), reason: "市级事权".into() });
    desk.expect_state(State::Upstream).at("+30d").tick();
    assert_eq!((desk.clock("finish.1").raised, desk.stands("finish.1")), (1, "breached, settled"));
    assert_eq!(desk.case().upstream_number.as_deref(), Some("12345-1"));
}

#[test]
fn repeats_and_links_name_other_cases_and_have_a_bound() {
    let mut desk = at(MONDAY).register();
    let own = desk.case().id;
    let other = |n| CaseId(Uuid::from_u128(n));
    desk.expect_refusal("invalid", "another case", cmd::MarkRepeat { of: own });
    desk.act(cmd::MarkRepeat { of: other(9) }).expect_refusal("already", "marked", cmd::MarkRepeat { of: other(9) });
    desk.expect_refusal("invalid", "another case", cmd::Link { to: own });
    for n in 0..Case::LINKS_MAX {
        desk.act(cmd::Link { to: other(1_000 + n as u128) });
    }
    desk.expect_refusal("already", "linked", cmd::Link { to: other(1_000) });
    desk.expect_refusal("limit", "at most 100 links", cmd::Link { to: other(1) });
}

// ── 7. After it is done 多回访 ──────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_case_closes_only_with_form_and_follow_up_on_file() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").finish().expect_refusal("first", "opinion form", close());
    desk.expect_refusal("invalid", "must be filled in", cmd::FileOpinion { values: texts(&[("facts", "属实")]) });
    desk.file_opinion().expect_refusal("already", "filed", opinion());
    desk.expect_refusal("first", "follow-up form", close());
    let half = cmd::FollowUp { solved: None, ..follow_up(Some(true)) };
    desk.expect_refusal("invalid", "an answer", half);
    desk.expect_refusal("invalid", "no answer", cmd::FollowUp { satisfied: Some(true), ..follow_up(None) });
    desk.follow_up(true).close().expect_state(State::Closed);
    assert_eq!((desk.stands("opinion.1"), desk.stands("follow_up.1")), ("met", "met"));
}

#[test]
fn who_is_not_satisfied_is_asked_a_second_time() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").finish().file_opinion().follow_up(false);
    desk.expect_refusal("first", "a second time", close()).follow_up(false);
    desk.expect_refusal("limit", "at most 2 follow-ups", follow_up(Some(true))).close();
}

#[test]
fn a_bad_grade_is_answered_by_an_appeal_and_both_grades_stay() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").finish().by("zfd1").expect_refusal("invalid", "a bad grade", appeal());
    desk.by("reporter").expect_refusal("invalid", "1 to 5", rate(6)).rate(2);
    assert_eq!(desk.stands("bad_rating.1"), "running");
    desk.by("zfd1").act(appeal()).expect_refusal("already", "appealed", appeal());
    assert_eq!(desk.stands("bad_rating.1"), "met");
    desk.file_opinion().follow_up(true).expect_refusal("first", "appeal decided", close());
    let uphold = |desk: &Desk, grade| cmd::DecideAppeal {
        id: desk.case().appeals[0].id,
        upheld: true,
        grade,
        note: "证据充分".into(),
    };
    let (low, high) = (uphold(&desk, Some(2)), uphold(&desk, Some(4)));
    desk.by("xlb1").expect_refusal("invalid", "3 to 5 where upheld", low);
    desk.act(high.clone()).expect_refusal("already", "decided", high);
    let rating = &desk.case().ratings[0];
    assert_eq!((rating.grade, rating.bad, rating.after_appeal), (2, true, Some(4)));
    assert!(desk.case().standing_bad_rating().is_none());
}

#[test]
fn an_appeal_lifts_the_grade_it_was_about_and_no_later_one() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").finish().rate(1).by("zfd1").act(appeal()).rate(2);
    let id = desk.case().appeals[0].id;
    desk.by("xlb1").act(cmd::DecideAppeal { id, upheld: true, grade: Some(4), note: "支持".into() });
    let after: Vec<_> = desk.case().ratings.iter().map(|rating| rating.after_appeal).collect();
    assert_eq!(after, [Some(4), None]);
    assert!(desk.case().standing_bad_rating().is_some(), "the second bad grade stands until it is answered itself");
    desk.by("zfd1").act(appeal());
}

#[test]
fn a_better_grade_lifts_the_clock_of_a_bad_one() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").finish().rate(1).rate(5);
    assert_eq!(desk.stream.cancelled("bad_rating.1"), Some(CancelReason::Regraded));
}

#[test]
fn closing_does_not_escape_a_bad_grade() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").finish().file_opinion().follow_up(true).rate(1).by("zfd1").close();
    assert_eq!(desk.running(), ["bad_rating.1"]);
    desk.at("2026-06-11T00:00:00.001").tick();
    assert_eq!(desk.stands("bad_rating.1"), "breached");
    desk.act(appeal());
    assert_eq!(desk.stands("bad_rating.1"), "breached, settled");
    let mut after = at(MONDAY).register();
    after.at_work("fast").finish().file_opinion().follow_up(true).close().rate(1);
    assert_eq!(after.running(), ["bad_rating.1"], "nor does it help to have been quick");
}

#[test]
fn grades_and_reopening_have_their_time() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").finish().file_opinion().follow_up(true).close();
    desk.by("reporter").at("2026-07-08T09:00:00").rate(4).at("+1ms").expect_refusal("too_late", "a grade", rate(4));
    let dispute = cmd::Dispute { reason: "又有人摆摊".into() };
    desk.at("2026-09-06T09:00:00").act(dispute.clone()).at("+1ms").expect_refusal("too_late", "reopening", dispute);
    desk.by("xlb1").expect_refusal("too_late", "reopening", reopen());
}

#[test]
fn reopening_begins_a_new_round_with_new_clocks_and_old_breaches_stay() {
    let mut desk = at(MONDAY).register();
    desk.at_work("urgent").at("2026-06-08T12:00:00").finish().rate(1);
    desk.by("xlb1").at("+1h").act(reopen()).expect_state(State::Handling);
    assert_eq!(desk.case().round, 2);
    assert_eq!(desk.running(), ["contact.2", "finish.2", "verify.2"]);
    assert_eq!(desk.due("finish.2"), "2026-06-08T15:00:00");
    assert_eq!(desk.stands("finish.1"), "breached, settled", "late it was and late it stays");
    assert_eq!((desk.stands("opinion.1"), desk.stands("bad_rating.1")), ("cancelled", "met"));
    desk.by("zfd1").expect_refusal("first", "log the contact", finish()).contact().verify().finish();
    desk.expect_refusal("first", "opinion form", close()).file_opinion().follow_up(true).close();
}

#[test]
fn a_reopened_finding_has_a_clock_too() {
    let mut desk = at(MONDAY).register_with(|new| new.channel = "rounds".parse().unwrap());
    desk.classify("fast").dispatch("lh.dm.c01.g01").by("c01g01a").accept().finish();
    desk.by("xlb1").at("+1h").act(reopen());
    assert_eq!((desk.running(), &*desk.due("finding.2")), (vec!["finding.2"], "2026-06-09T10:00:00"));
}

// ── Who is told ─────────────────────────────────────────────────────────────────────────────────────────────────────

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

// ── Who may 权限 ────────────────────────────────────────────────────────────────────────────────────────────────────

/// A case with somebody in every standing towards it: led by the enforcement team, which has not accepted it yet.
fn with_everybody() -> Desk {
    let mut desk = at(MONDAY).register_with(|new| new.first_receiver = Some(unit("lh.dm.gfb")));
    desk.classify("fast").act(dispatch("lh.dm.zfd", &["lh.dm.csb"]));
    desk.act(cmd::Escalate { official: "sfshead".parse().unwrap(), reason: "难".into() });
    desk.by("c01a").act(whistle(&["lh.cgj"]));
    desk
}

const STANDINGS: [(&str, &str); 12] = [
    ("liaison", "xlb1"),
    ("leader", "leader1"),
    ("duty", "duty1"),
    ("lead", "zfd1"),
    ("co-unit", "csb1"),
    ("first", "gfb1"),
    ("community", "c01a"),
    ("called", "cgj1"),
    ("official", "sfshead"),
    ("reporter", "reporter"),
    ("system", "system"),
    ("upstream", "upstream"),
];

/// As long as nobody here has taken the case, the upstream platform may tell how it handled it.
const WHO_MAY: [(Act, &str); 35] = [
    (Act::Classify, "liaison duty system upstream"),
    (Act::Correct, "liaison duty lead"),
    (Act::Dispatch, "liaison duty system upstream"),
    (Act::Accept, "lead upstream"),
    (Act::Return, "lead"),
    (Act::DecideReturn, "liaison leader"),
    (Act::Contact, "liaison duty lead co-unit first upstream"),
    (Act::Verify, "liaison duty lead co-unit first upstream"),
    (Act::Note, "liaison leader duty lead co-unit first called system"),
    (Act::Attach, "liaison duty lead co-unit first called reporter system"),
    (Act::AssignTeam, "liaison leader lead"),
    (Act::RequestExtension, "lead"),
    (Act::DecideExtension, "liaison"),
    (Act::Escalate, "liaison leader"),
    (Act::OfficialAct, "official"),
    (Act::BlowWhistle, "community"),
    (Act::ReportIn, "called"),
    (Act::SettleWhistle, "liaison"),
    (Act::RouteTo, "liaison lead co-unit"),
    (Act::Finish, "lead upstream"),
    (Act::FileOpinion, "lead upstream"),
    (Act::FollowUp, "liaison lead upstream"),
    (Act::Rate, "reporter upstream"),
    (Act::Dispute, "reporter"),
    (Act::Appeal, "lead"),
    (Act::DecideAppeal, "liaison"),
    (Act::Reopen, "liaison leader"),
    (Act::MarkRepeat, "liaison duty lead"),
    (Act::Link, "liaison duty lead"),
    (Act::HandUpstream, "liaison"),
    (Act::Decline, "liaison upstream"),
    (Act::RevealIdentity, "liaison duty lead co-unit first"),
    (Act::Close, "liaison lead system upstream"),
    (Act::Tick, "system"),
    (Act::Recalendar, "system"),
];

#[test]
fn every_act_by_every_standing() {
    let desk = with_everybody();
    let organisation = &desk.town.organisation;
    let listed: BTreeSet<Act> = WHO_MAY.iter().map(|(act, _)| *act).collect();
    assert_eq!(listed, Act::ALL.iter().copied().collect(), "every act is in the table");
    for (act, standings) in WHO_MAY {
        let may = STANDINGS
            .iter()
            .filter(|(_, who)| permission::may(organisation, &common::desk::actor(who), act, desk.case()).is_ok());
        assert_eq!(may.map(|(standing, _)| *standing).collect::<Vec<_>>().join(" "), standings, "{}", act.slug());
        // Not an administrator, a partner of the very grid, an uninvolved bureau, the discipline office, a stranger.
        for who in ["admin", "partner1", "gaj1", "jjw1", "c02a", "nobody"] {
            let refusal = permission::may(organisation, &common::desk::actor(who), act, desk.case()).unwrap_err();
            assert_eq!(refusal.code(), "not_allowed", "{who}: {}", act.slug());
        }
    }
}

#[test]
fn the_upstream_platform_tells_of_its_own_handling_and_not_of_ours() {
    let mut desk = with_everybody();
    desk.by("zfd1").accept().by("upstream");
    for (_, command) in one_of_each().into_iter().filter(|(_, command)| command.act() != Act::Rate) {
        desk.expect_refusal("not_allowed", "may", command);
    }
    desk.by("zfd1").contact().verify().by("xlb1");
    let settled = settle(&desk);
    desk.act(settled).by("zfd1").finish().by("upstream").act(rate(3));
}

#[test]
fn who_has_left_may_nothing() {
    let mut desk = with_everybody();
    let town = Town::with_organisation(|draft| draft.people.get_mut("xlb1").unwrap().active = false);
    desk.town = std::borrow::Cow::Owned(town);
    desk.by("xlb1").expect_refusal("not_allowed", "not active", classify("urgent", None, &[]));
}

#[test]
fn everybody_sees_their_own_and_what_is_below_and_partners_see_nothing() {
    let desk = with_everybody();
    let sees = |who: &str| permission::sees(&desk.town.organisation, &common::desk::actor(who), desk.case());
    for who in
        ["xlb1", "leader1", "duty1", "zfd1", "csb1", "gfb1", "c01a", "c01g01a", "cgj1", "sfshead", "jjw1", "system"]
    {
        assert!(sees(who), "{who} has to do with it");
    }
    for who in ["c02a", "c01g02a", "gaj1", "wzb1", "admin", "partner1", "reporter", "nobody"] {
        assert!(!sees(who), "{who} has nothing to do with it");
    }
}

#[test]
fn a_unit_complained_about_never_sees_who_complained_and_every_look_is_on_record() {
    let look = || cmd::RevealIdentity { reason: "回电".into() };
    let about = |complained: &str| {
        at(MONDAY).register_with(|new| {
            new.complained_about = Some(unit(complained));
            new.first_receiver = Some(unit("lh.dm.c01.g01"));
        })
    };
    let mut desk = about("lh.dm.zfd");
    desk.classify("fast").act(dispatch("lh.dm.zfd", &["lh.dm.csb"]));
    for who in ["zfd1", "zfdhead", "duty3"] {
        desk.by(who).expect_refusal("not_allowed", "never sees who complained", look());
    }
    desk.by("csb1").act(look()).by("xlb1").act(look());
    assert_eq!(desk.count("identity_revealed"), 2);
    desk.expect_refusal("invalid", "must be filled in", cmd::RevealIdentity { reason: "  ".into() });
    let mut above = about("lh.dm.c01");
    above.by("c01g01a").expect_refusal("not_allowed", "never sees who complained", look());
    let mut later = about("lh.dm.csb");
    later.by("c01g01a").act(look());
    let correct = cmd::Correct { title: None, text: None, place: None, complained_about: Some(unit("lh.dm.c01.g01")) };
    later.by("xlb1").act(correct).by("c01g01a").expect_refusal("not_allowed", "never sees", look());
}

// ── Every refusal ───────────────────────────────────────────────────────────────────────────────────────────────────

/// A case in each state, with something of everything on it.
fn in_state(state: State) -> Desk {
    let mut desk = at(MONDAY).register();
    let _at_that_state = match state {
        State::Registered => &mut desk,
        State::Dispatched => desk.classify("fast").dispatch("lh.dm.zfd"),
        State::Handling => desk.at_work("fast"),
        State::Finished => desk.at_work("fast").finish(),
        State::Closed => desk.at_work("fast").finish().file_opinion().follow_up(true).close(),
        State::Declined => desk.act(cmd::Decline { reason: "unlawful".into(), explanation: "已告知".into() }),
        State::Upstream => desk.act(cmd::HandUpstream { upstream_number: None, reason: "市级".into() }),
    };
    desk
}

/// One command of each kind, whole in form, though what it names may not be there.
fn one_of_each() -> Vec<(&'static str, Command)> {
    let id = RequestId(Uuid::from_u128(99));
    let note = || "说明".to_owned();
    vec![
        ("xlb1", classify("urgent", None, &[]).into()),
        ("xlb1", cmd::Correct { title: Some(note()), text: None, place: None, complained_about: None }.into()),
        ("xlb1", dispatch("lh.dm.csb", &[]).into()),
        ("zfd1", cmd::Accept { handler: None }.into()),
        ("zfd1", give_back(None).into()),
        ("xlb1", cmd::DecideReturn { id, upheld: false, lead: None, note: note() }.into()),
        ("xlb1", cmd::Contact { reached: true, note: note() }.into()),
        ("xlb1", cmd::Verify { finding: note() }.into()),
        ("xlb1", cmd::Note { text: note(), public: false }.into()),
        ("xlb1", cmd::Attach { id: AttachmentId(id.0), kind: AttachmentKind::Before, name: note() }.into()),
        ("xlb1", cmd::AssignTeam { team: BTreeMap::new() }.into()),
        ("zfd1", minutes_more("finish.1", 10).into()),
        ("xlb1", cmd::DecideExtension { id, granted: true, note: note() }.into()),
        ("xlb1", cmd::Escalate { official: "leader1".parse().unwrap(), reason: note() }.into()),
        ("leader1", cmd::OfficialAct { duties: BTreeMap::from([(0, note())]), questions: BTreeMap::new() }.into()),
        ("c01a", whistle(&["lh.cgj"]).into()),
        ("cgj1", cmd::ReportIn { whistle: id, unit: unit("lh.cgj"), action: note() }.into()),
        ("xlb1", cmd::SettleWhistle { whistle: id, outcome: "solved".into(), note: note() }.into()),
        ("xlb1", cmd::RouteTo { studio: "laoyang".parse().unwrap() }.into()),
        ("zfd1", finish().into()),
        ("zfd1", opinion().into()),
        ("xlb1", follow_up(Some(true)).into()),
        ("reporter", rate(5).into()),
        ("reporter", cmd::Dispute { reason: note() }.into()),
        ("zfd1", appeal().into()),
        ("xlb1", cmd::DecideAppeal { id, upheld: false, grade: None, note: note() }.into()),
        ("xlb1", reopen().into()),
        ("xlb1", cmd::MarkRepeat { of: CaseId(id.0) }.into()),
        ("xlb1", cmd::Link { to: CaseId(id.0) }.into()),
        ("xlb1", cmd::HandUpstream { upstream_number: None, reason: note() }.into()),
        ("xlb1", cmd::Decline { reason: "unlawful".into(), explanation: note() }.into()),
        ("xlb1", cmd::RevealIdentity { reason: note() }.into()),
        ("xlb1", close().into()),
        ("system", cmd::Tick {}.into()),
        ("system", cmd::Recalendar {}.into()),
    ]
}

#[test]
fn nobody_else_may_and_nothing_happens_out_of_its_state() {
    use State::{Closed as C, Dispatched as D, Finished as F, Handling as H, Registered as R};
    let anywhere = &State::ALL[..];
    let commands = one_of_each();
    assert_eq!(commands.iter().map(|(_, c)| c.act()).collect::<Vec<_>>(), Act::ALL, "one of each, in order");
    for (who, command) in commands {
        let states: &[State] = match command.act() {
            Act::Classify | Act::Correct | Act::RequestExtension | Act::DecideExtension | Act::Escalate => {
                &[R, D, H, F]
            }
            Act::OfficialAct | Act::ReportIn | Act::SettleWhistle => &[R, D, H, F],
            Act::Dispatch | Act::Contact | Act::AssignTeam | Act::HandUpstream | Act::Decline => &[R, D, H],
            Act::Accept | Act::Return | Act::DecideReturn | Act::Verify | Act::BlowWhistle | Act::RouteTo => &[D, H],
            Act::Finish => &[H],
            Act::FileOpinion | Act::FollowUp | Act::Close => &[F],
            Act::Rate | Act::Dispute | Act::Appeal | Act::DecideAppeal | Act::Reopen => &[F, C],
            _ => anywhere,
        };
        for state in State::ALL {
            let mut desk = in_state(state);
            desk.by("nobody").expect_refusal("not_allowed", "you may not", command.clone());
            let outcome = desk.by(who).try_act(command.clone()).map_err(|refusal| refusal.code());
            // Who has no standing yet in this state is told so first.
            let said_state = outcome == Err("wrong_state");
            let no_standing = outcome == Err("not_allowed");
            assert_eq!(said_state || no_standing, !states.contains(&state) || no_standing, "{command:?} {state:?}");
        }
    }
}

#[test]
fn what_names_nothing_is_unknown() {
    let id = RequestId(Uuid::from_u128(99));
    let stray = || unit("lh.nowhere");
    let mut desk = in_state(State::Handling);
    desk.by("c01a").act(whistle(&["lh.cgj"]));
    let table: Vec<(&str, &str, Command)> = vec![
        ("xlb1", "no class", classify("soon", None, &[]).into()),
        ("xlb1", "no category", classify("fast", Some("nothing"), &[]).into()),
        (
            "xlb1",
            "no unit",
            cmd::Correct { title: None, text: None, place: None, complained_about: Some(stray()) }.into(),
        ),
        ("xlb1", "no unit", dispatch("lh.nowhere", &[]).into()),
        ("xlb1", "no unit", dispatch("lh.dm.csb", &["lh.nowhere"]).into()),
        ("zfd1", "no unit", give_back(Some("lh.nowhere")).into()),
        ("xlb1", "no return", cmd::DecideReturn { id, upheld: true, lead: None, note: "x".into() }.into()),
        ("zfd1", "no clock", minutes_more("nothing.1", 10).into()),
        ("xlb1", "no extension", cmd::DecideExtension { id, granted: true, note: "x".into() }.into()),
        ("xlb1", "no person", cmd::Escalate { official: "who".parse().unwrap(), reason: "x".into() }.into()),
        ("c01a", "no unit", whistle(&["lh.nowhere"]).into()),
        ("cgj1", "no whistle", cmd::ReportIn { whistle: id, unit: unit("lh.cgj"), action: "x".into() }.into()),
        ("xlb1", "no whistle", cmd::SettleWhistle { whistle: id, outcome: "solved".into(), note: "x".into() }.into()),
        ("xlb1", "no studio", cmd::RouteTo { studio: "nowhere".parse().unwrap() }.into()),
        ("xlb1", "no seat", cmd::AssignTeam { team: BTreeMap::from([("chair".into(), BTreeSet::new())]) }.into()),
    ];
    for (who, says, command) in table {
        desk.by(who).expect_refusal("unknown", says, command);
    }
    let mut done = in_state(State::Finished);
    done.rate(1).by("xlb1").expect_refusal(
        "unknown",
        "no appeal",
        cmd::DecideAppeal { id, upheld: false, grade: None, note: "x".into() },
    );
    let evidence = cmd::Appeal { evidence: vec![AttachmentId(id.0)], ..appeal() };
    done.by("zfd1").expect_refusal("unknown", "no attachment", evidence);
    let mut waiting = in_state(State::Dispatched);
    waiting.by("zfd1").expect_refusal("unknown", "no person", cmd::Accept { handler: Some("who".parse().unwrap()) });
    waiting.expect_refusal(
        "invalid",
        "a member of the lead unit",
        cmd::Accept { handler: Some("csb1".parse().unwrap()) },
    );
}

#[test]
fn what_must_be_said_must_be_said_and_briefly_enough() {
    let long = "长".repeat(4_001);
    for text in ["", "  \n ", &*long] {
        let text = || text.to_owned();
        let mut desk = in_state(State::Handling);
        let table: Vec<(&str, Command)> = vec![
            ("zfd1", cmd::Verify { finding: text() }.into()),
            ("zfd1", cmd::Note { text: text(), public: true }.into()),
            ("zfd1", cmd::Return { reason: "not_our_duty".into(), explained: text(), suggested: None }.into()),
            ("zfd1", cmd::Finish { outcome: text() }.into()),
            ("zfd1", cmd::Attach { id: AttachmentId(Uuid::nil()), kind: AttachmentKind::After, name: text() }.into()),
            ("xlb1", cmd::Correct { title: Some(text()), text: None, place: None, complained_about: None }.into()),
            ("xlb1", cmd::Escalate { official: "leader1".parse().unwrap(), reason: text() }.into()),
            ("xlb1", cmd::HandUpstream { upstream_number: None, reason: text() }.into()),
            ("xlb1", cmd::Decline { reason: "unlawful".into(), explanation: text() }.into()),
            ("xlb1", cmd::RevealIdentity { reason: text() }.into()),
            ("c01a", cmd::BlowWhistle { matter: text(), ..whistle(&["lh.cgj"]) }.into()),
        ];
        for (who, command) in table {
            desk.by(who).expect_refusal("invalid", "", command);
        }
        let mut done = in_state(State::Finished);
        done.by("reporter").expect_refusal("invalid", "reason", cmd::Dispute { reason: text() });
        done.by("xlb1").expect_refusal("invalid", "reason", cmd::Reopen { reason: text() });
        done.rate(1).by("zfd1").expect_refusal(
            "invalid",
            "reason",
            cmd::Appeal { reason: text(), evidence: Vec::new() },
        );
    }
    let long = |text: &mut String| *text = "长".repeat(20_001);
    assert_eq!(at(MONDAY).try_register(|new| long(&mut new.text)).unwrap_err().code(), "invalid");
    assert_eq!(at(MONDAY).try_register(|new| new.text.clear()).unwrap_err().code(), "invalid");
    assert_eq!(at(MONDAY).try_register(|new| new.channel = "smoke".parse().unwrap()).unwrap_err().code(), "unknown");
    for (lon, lat) in [(Some(181.0), Some(0.0)), (Some(f64::NAN), Some(0.0)), (Some(114.0), None)] {
        let nowhere = at(MONDAY).try_register(|new| new.place = Place { lon, lat, ..Place::default() });
        assert_eq!(nowhere.unwrap_err().code(), "invalid", "{lon:?} {lat:?}");
    }
}

#[test]
fn what_is_done_is_not_done_twice() {
    let mut desk = in_state(State::Handling);
    desk.by("xlb1").expect_refusal("already", "classified like this", classify("fast", None, &[]));
    desk.by("zfd1").expect_refusal("already", "accepted", cmd::Accept { handler: None });
    desk.by("xlb1").act(cmd::RouteTo { studio: "laoyang".parse().unwrap() });
    desk.expect_refusal("already", "routed there", cmd::RouteTo { studio: "laoyang".parse().unwrap() });
    let picture =
        |n| cmd::Attach { id: AttachmentId(Uuid::from_u128(n)), kind: AttachmentKind::Before, name: "图".into() };
    for n in 0..60 {
        desk.act(picture(n));
    }
    desk.expect_refusal("already", "attached", picture(0)).expect_refusal("limit", "at most 60", picture(60));
    let everybody: Vec<_> = desk.town.organisation.units().map(|unit| unit.id.to_string()).take(13).collect();
    let everybody: Vec<_> = everybody.iter().map(String::as_str).collect();
    desk.by("c01a").expect_refusal("limit", "at most 12 units", whistle(&everybody));
    desk.expect_refusal("invalid", "at least one unit", whistle(&[]));
    desk.expect_refusal(
        "invalid",
        "your own community",
        cmd::BlowWhistle { caller: Some(unit("lh.dm.c02")), ..whistle(&["lh.cgj"]) },
    );
    let mut new = at(MONDAY).register();
    new.expect_refusal("first", "classify", dispatch("lh.dm.zfd", &[]));
}

#[test]
fn a_call_keeps_who_asked_out_of_title_and_refusals() {
    let mut new = call();
    new.title.clear();
    new.text = "路灯不亮。已经三天了!".into();
    let desk = at(MONDAY).register_with(|register| *register = new);
    assert_eq!(desk.case().title, "路灯不亮", "the first clause of what was said");
    assert_eq!(desk.clock("dispatch.1").due_at, desk.case().registered_at + 1.hour());
}
