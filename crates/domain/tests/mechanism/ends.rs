//! 6. Before it is asked 未诉先办, and the other ends of a case.

use jiban_domain::{
    case::{Case, State},
    command as cmd,
    ids::CaseId,
    policy::Milestone,
};
use uuid::Uuid;

use crate::MONDAY;
use crate::common::desk::{Desk, appeal, at, give_back, minutes_more, reopen, whistle};

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
fn no_clock_waits_for_what_a_record_from_elsewhere_does_not_tell() {
    let unsaid = [Milestone::Contacted, Milestone::Verified].into();
    let refused = at(MONDAY).bring_in(&unsaid).map(drop);
    assert_eq!(refused.unwrap_err().code(), "invalid", "nobody here may leave it out");
    let mut desk = at(MONDAY).by("upstream").bring_in(&unsaid).unwrap();
    desk.classify("fast").dispatch("lh.dm.zfd").accept().finish();
    assert_eq!(desk.clocks(), ["dispatch.1", "finish.1", "follow_up.1", "opinion.1"]);
    desk.by("xlb1").act(reopen());
    assert_eq!(desk.running(), ["contact.2", "finish.2", "verify.2"], "what is done here is judged whole");
}

#[test]
fn a_case_lies_on_the_desk_of_whoever_must_decide() {
    use jiban_domain::case::Desk as On;
    let mut desk = at(MONDAY).register();
    desk.at_work("fast");
    let on = |desk: &Desk| desk.case().desks().into_iter().collect::<Vec<_>>();
    assert_eq!(on(&desk), []);
    desk.act(minutes_more("finish.1", 60)).act(give_back(None)).by("c01a").act(whistle(&["lh.cgj"]));
    assert_eq!(on(&desk), [On::Return, On::Extension, On::Whistle]);
    let mut done = at(MONDAY).register();
    done.at_work("fast").finish().rate(1).by("zfd1").act(appeal());
    assert_eq!(on(&done), [On::Appeal, On::FollowUp]);
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
