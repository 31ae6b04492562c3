//! 5. Handle 四办: whistles, lead officials, teams, and what must be there before a case is finished.

use std::collections::BTreeMap;

use jiban_domain::{
    case::{AttachmentKind, Mark, State},
    clock::CancelReason,
    command::{self as cmd},
    ids::AttachmentId,
};
use uuid::Uuid;

use crate::MONDAY;
use crate::common::desk::{Desk, at, finish, give_back, unit, whistle};

fn report_in(desk: &Desk, who: &str) -> cmd::ReportIn {
    cmd::ReportIn { whistle: desk.case().whistles.last().unwrap().id, unit: unit(who), action: "已到场".into() }
}

pub(crate) fn settle(desk: &Desk) -> cmd::SettleWhistle {
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
