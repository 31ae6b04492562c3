//! 4. Clocks 缩限时: every length, start, stop, warning, breach and extension.

use jiban_domain::{
    calendar::{Calendar, HolidayDay, HolidayYear},
    case::{Mark, State},
    clock::ClockEvent,
    command::{self as cmd},
    event::Event,
    policy::Length,
};

use crate::MONDAY;
use crate::common::desk::{at, minutes_more, more, on_the_wall, unit, whistle};

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
    let years = [crate::common::years(), vec![HolidayYear { year: 2027, days: vec![off] }]].concat();
    desk.town.to_mut().calendar = Calendar::build(crate::common::ZONE, years).unwrap();
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
