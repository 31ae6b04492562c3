//! 7. After it is done 多回访: form, follow-up, grades, appeals, reopening.

use jiban_domain::{
    case::State,
    clock::CancelReason,
    command::{self as cmd},
};

use crate::MONDAY;
use crate::common::desk::{Desk, appeal, at, close, finish, follow_up, opinion, rate, reopen, texts};

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
