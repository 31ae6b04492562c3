//! 7. After it is done 多回访: form, follow-up, grades, appeals, reopening.

use jiban_domain::{
    case::State,
    clock::CancelReason,
    command::{self as cmd, Act},
    event::{Event, Recorded},
    ids::CaseId,
    policy::{FollowUpRules, Milestone},
};
use uuid::Uuid;

use crate::MONDAY;
use crate::common::{
    Town,
    desk::{
        Desk, answer, appeal, at, close, exclude, finish, follow_up, mediation, opinion, rate, reopen, texts, unit,
    },
};

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
    assert_eq!(
        (rating.satisfied, rating.after_satisfied),
        (false, Some(true)),
        "satisfied after appeal is counted apart"
    );
    let appealed = &desk.case().appeals[0];
    assert_eq!((appealed.at, appealed.decided_at, &*appealed.decision), (Some(desk.now), Some(desk.now), "证据充分"));
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

#[test]
fn a_grade_between_bad_and_satisfied_after_an_appeal_is_not_satisfied() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").finish().rate(1).by("zfd1").act(appeal());
    let id = desk.case().appeals[0].id;
    desk.by("xlb1").act(cmd::DecideAppeal { id, upheld: true, grade: Some(3), note: "部分支持".into() });
    assert_eq!(desk.case().ratings[0].after_satisfied, Some(false));
    let mut refused = at(MONDAY).register();
    refused.at_work("fast").finish().rate(1).by("zfd1").act(appeal());
    let id = refused.case().appeals[0].id;
    refused.by("xlb1").act(cmd::DecideAppeal { id, upheld: false, grade: None, note: "证据不足".into() });
    let rating = &refused.case().ratings[0];
    assert_eq!((rating.after_appeal, rating.after_satisfied), (None, None));
    assert!(refused.case().standing_bad_rating().is_some());
}

#[test]
fn a_no_names_why_and_a_yes_does_not() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").finish().by("zfd1");
    let no = || follow_up(Some(false));
    let because = |reason: &str| std::collections::BTreeSet::from([reason.to_owned()]);
    let unsaid = cmd::FollowUp { unsolved_because: Default::default(), ..no() };
    desk.expect_refusal("invalid", "unsolved_because: at least one reason", unsaid);
    let unsaid = cmd::FollowUp { unsatisfied_because: Default::default(), ..no() };
    desk.expect_refusal("invalid", "unsatisfied_because: at least one reason", unsaid);
    let stranger = cmd::FollowUp { unsatisfied_because: because("weather"), ..no() };
    desk.expect_refusal("invalid", "one of attitude, no_word", stranger);
    let too_much = cmd::FollowUp { unsolved_because: because("partly"), ..follow_up(Some(true)) };
    desk.expect_refusal("invalid", "no reason", too_much);
    desk.act(no());
    let told = &desk.case().follow_ups[0];
    assert_eq!((&told.unsolved_because, &told.unsatisfied_because), (&because("partly"), &because("too_slow")));
    assert!(told.again && desk.case().awaits_follow_up(), "another round is asked for, and it is on the desk again");
    assert_eq!((desk.stands("follow_up.1"), desk.stands("follow_up_again.1")), ("met", "running"));
    desk.file_opinion().expect_refusal("first", "a second time", close());
    desk.act(follow_up(Some(false)));
    assert_eq!((desk.stands("follow_up_again.1"), desk.count("followed_up")), ("met", 2));
    assert!(!desk.case().awaits_follow_up(), "twice is what the policy asks for");
    desk.close().expect_state(State::Closed);
}

#[test]
fn calls_in_vain_are_no_follow_up_until_there_were_enough_far_enough_apart() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").finish().file_opinion().act(follow_up(None));
    assert!(desk.case().follow_ups.is_empty() && !desk.case().milestones.contains_key(&Milestone::FollowedUp));
    assert_eq!((desk.stands("follow_up.1"), desk.case().follow_up_attempts.len()), ("running", 1));
    desk.expect_refusal("first", "follow-up form", close());
    desk.at("+1h").act(follow_up(None));
    assert_eq!(desk.case().follow_up_attempts.len(), 1, "too soon after the one before to count");
    desk.at("+3h").act(follow_up(None)).at("+4h").act(follow_up(None));
    assert_eq!((desk.count("follow_up_tried"), desk.count("followed_up")), (4, 1));
    assert_eq!(desk.case().follow_ups.last().map(|told| (told.reached, told.again)), Some((false, false)));
    assert_eq!(desk.stands("follow_up.1"), "met");
    assert!(desk.case().follow_up_attempts.is_empty() && !desk.case().awaits_follow_up());
    desk.close().expect_state(State::Closed);
}

#[test]
fn a_policy_without_rules_of_follow_up_takes_one_call_and_asks_for_no_reasons() {
    let plain = Town::with_policy(|policy| policy.follow_up = FollowUpRules::default());
    let mut desk = at(MONDAY).of(plain.clone()).register();
    desk.at_work("fast").finish().file_opinion().act(follow_up(None)).close();
    let mut desk = at(MONDAY).of(plain).register();
    let no = cmd::FollowUp {
        unsolved_because: Default::default(),
        unsatisfied_because: Default::default(),
        ..follow_up(Some(false))
    };
    desk.at_work("fast").finish().expect_refusal("invalid", "one of", follow_up(Some(false))).act(no);
}

#[test]
fn what_was_stored_before_there_were_reasons_and_attempts_folds_as_it_did() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").finish();
    let old = r#"{"at":"2026-06-08T03:00:00Z","by":"person:zfd1","event":{"type":"followed_up","form":"follow_up",
        "values":{"method":"phone"},"reached":false,"responded":null,"solved":null,"satisfied":null}}"#;
    let old: Recorded = serde_json::from_str(old).unwrap();
    let mut case = desk.case().clone();
    case.evolve(&old);
    assert!(case.milestones.contains_key(&Milestone::FollowedUp) && case.follow_ups.len() == 1);
    assert!(!case.awaits_follow_up(), "a call in vain was a follow-up then, and stays one");
    let decided =
        r#"{"type":"appeal_decided","id":"00000000-0000-0000-0000-000000000063","upheld":true,"grade":4,"note":"x"}"#;
    assert!(matches!(serde_json::from_str(decided).unwrap(), Event::AppealDecided { satisfied: None, .. }));
    let mut stored = serde_json::to_value(&case).unwrap();
    let fields = stored.as_object_mut().unwrap();
    for new in ["sampled", "follow_up_attempts", "excluded"] {
        assert!(fields.remove(new).is_some(), "{new}");
    }
    assert_eq!(serde_json::from_value::<jiban_domain::case::Case>(stored).unwrap(), case);
}

/// Everybody is drawn.
fn drawn() -> Town {
    Town::with_policy(|policy| policy.follow_up.third_person_share = 1.0)
}

#[test]
fn who_handled_a_drawn_case_does_not_grade_it() {
    let mut desk = at(MONDAY).of(drawn()).register();
    desk.at_work("fast").finish();
    assert!(desk.case().sampled && desk.count("sampled") == 1);
    for who in ["zfd1", "zfd2", "zfdhead"] {
        desk.by(who).expect_refusal("not_allowed", "drawn for a third person", follow_up(Some(true)));
    }
    desk.by("csb1").expect_refusal("not_allowed", "may", follow_up(Some(true)));
    desk.by("xlb1").follow_up(true);
    assert!(desk.case().follow_ups[0].sampled);
    desk.by("zfd1").file_opinion().close();
}

#[test]
fn what_the_liaison_office_handled_itself_is_followed_up_by_a_leader_when_drawn() {
    let mut desk = at(MONDAY).of(drawn()).register();
    desk.by("xlb1").classify("fast").dispatch("lh.dm.xlb").accept().contact().verify().finish();
    for who in ["xlb1", "xlb2"] {
        desk.by(who).expect_refusal("not_allowed", "drawn for a third person", follow_up(Some(true)));
    }
    let look = || cmd::RevealIdentity { reason: "回访".into() };
    desk.by("leader1").act(look()).follow_up(true).expect_refusal("not_allowed", "may", look());
}

#[test]
fn every_round_is_drawn_anew_and_only_where_a_follow_up_is_due() {
    let mut desk = at(MONDAY).of(drawn()).register();
    desk.at_work("fast").finish().by("xlb1").at("+1h").act(reopen());
    assert!(!desk.case().sampled);
    desk.by("zfd1").contact().verify().finish();
    assert!(desk.case().sampled && desk.count("sampled") == 2);
    let mut found = at(MONDAY).of(drawn()).register_with(|new| new.channel = "rounds".parse().unwrap());
    found.classify("fast").dispatch("lh.dm.c01.g01").by("c01g01a").accept().finish();
    assert!(!found.case().sampled, "nobody is asked about a finding");
    let mut never = at(MONDAY).of(Town::with_policy(|policy| policy.follow_up.third_person_share = 0.0)).register();
    never.at_work("fast").finish();
    assert!(!never.case().sampled);
}

#[test]
fn the_draw_is_the_same_everywhere_and_fair() {
    let rules = FollowUpRules { third_person_share: 0.2, ..FollowUpRules::default() };
    let case = |n: u128| CaseId(Uuid::from_u128(n));
    let drawn = (0..10_000).filter(|n| rules.draws(case(*n), 1)).count();
    assert!((1_850..2_150).contains(&drawn), "{drawn} of 10,000 where 2,000 are usual");
    let again = (0..10_000).filter(|n| rules.draws(case(*n), 1) && rules.draws(case(*n), 2)).count();
    assert!((300..500).contains(&again), "{again}: one round tells nothing of the next");
    assert!((0..100).all(|n| rules.draws(case(n), 1) == rules.draws(case(n), 1)));
}

#[test]
fn reporters_answer_by_themselves_and_that_is_a_follow_up() {
    let mut desk = at(MONDAY).of(drawn()).register();
    desk.at_work("fast").finish().file_opinion().by("reporter").act(answer(true));
    let told = &desk.case().follow_ups[0];
    assert!(told.is_own() && told.reached && !told.sampled && told.satisfied == Some(true));
    assert_eq!(desk.stands("follow_up.1"), "met");
    desk.expect_refusal("already", "answered", answer(true)).by("zfd1").close().expect_state(State::Closed);
}

#[test]
fn who_answers_that_they_are_not_satisfied_is_asked_a_second_time() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").finish().file_opinion().by("reporter");
    let unsaid = cmd::Answer { unsolved_because: Default::default(), ..answer(false) };
    desk.expect_refusal("invalid", "at least one reason", unsaid);
    let long = cmd::Answer { comment: "长".repeat(1_001), ..answer(true) };
    desk.expect_refusal("invalid", "at most 1000 characters", long);
    desk.act(cmd::Answer { comment: "等了三天".into(), ..answer(false) });
    assert!(desk.case().awaits_follow_up() && desk.case().follow_ups[0].comment == "等了三天");
    desk.expect_refusal("already", "answered", answer(false));
    desk.by("zfd1").expect_refusal("first", "a second time", close()).follow_up(true);
    desk.by("reporter").act(answer(true)).by("zfd1").close();
}

#[test]
fn an_answer_has_the_time_of_a_grade() {
    let mut desk = at(MONDAY).register();
    desk.by("reporter").expect_refusal("wrong_state", "registered", answer(true));
    desk.at_work("fast").finish().by("reporter").at("2026-07-08T09:00:00.001");
    desk.expect_refusal("too_late", "it was due", answer(true));
    desk.at("2026-07-08T09:00:00");
}

#[test]
fn who_could_not_be_reached_may_still_answer_after_the_end() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").finish().file_opinion();
    desk.act(follow_up(None)).at("+4h").act(follow_up(None)).at("+4h").act(follow_up(None)).close();
    desk.by("reporter").act(answer(false)).expect_state(State::Closed);
    assert_eq!(desk.case().follow_ups.len(), 2);
}

#[test]
fn the_liaison_office_leaves_a_case_out_of_assessment_and_takes_it_in_again() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast");
    let clocks = desk.case().clocks.clone();
    desk.by("zfd1").expect_refusal("not_allowed", "only the liaison office", exclude(Some("malicious")));
    desk.by("xlb1").expect_refusal("invalid", "one of malicious", exclude(Some("weather")));
    desk.expect_refusal("already", "assessed", exclude(None));
    desk.act(exclude(Some("malicious"))).expect_refusal("already", "left out", exclude(Some("malicious")));
    assert_eq!(desk.case().excluded.as_deref(), Some("malicious"));
    desk.act(exclude(Some("unlawful"))).act(exclude(None));
    assert_eq!((desk.case().excluded.as_deref(), desk.count("excluded")), (None, 3));
    assert_eq!(desk.case().clocks, clocks, "no clock knows of it");
    desk.by("zfd1").finish().file_opinion().follow_up(true).close();
    desk.by("xlb1").act(exclude(Some("unreasonable")));
    let plain = Town::with_policy(|policy| policy.assessment.exclude_reasons.clear());
    at(MONDAY).of(plain).register().by("xlb1").expect_refusal("invalid", "reason", exclude(Some("malicious")));
}

#[test]
fn who_mediates_files_the_agreement_on_the_case() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").by("sfs1").expect_refusal("not_allowed", "may", mediation());
    desk.by("zfd1").act(cmd::RouteTo { studio: "laoyang".parse().unwrap() });
    assert_eq!(desk.case().route.as_ref().and_then(|route| route.unit.clone()), Some(unit("lh.dm.sfs")));
    desk.by("sfs1").act(mediation());
    let filed = &desk.case().forms[0];
    assert_eq!((filed.form.as_str(), &*filed.by, filed.at), ("mediation", "person:sfs1", desk.now));
    let half = cmd::FileForm { values: texts(&[("parties", "双方")]), ..mediation() };
    desk.expect_refusal("invalid", "must be filled in", half);
    let own = |form: &str| cmd::FileForm { form: form.parse().unwrap(), ..mediation() };
    desk.expect_refusal("invalid", "use file-opinion", own("opinion"));
    desk.expect_refusal("invalid", "use follow-up", own("follow_up"));
    desk.expect_refusal("unknown", "no form", own("nothing"));
    for _ in 1..60 {
        desk.act(mediation());
    }
    desk.expect_refusal("limit", "at most 60 forms", mediation());
    assert!(desk.case().forms.iter().all(|form| form.form.as_str() == "mediation"));
    assert_eq!(Act::FileForm.slug(), "file-form");
}
