//! 8. Assess 抓考核: what each case adds to which number, on whose account.

use jiban_domain::{
    command as cmd,
    figures::{Beside, Count, Counts, Fact, Measure, Share, Sums, equal_grades, facts},
    ids::UnitId,
    policy::Rate,
};
use jiff::tz::TimeZone;

use crate::MONDAY;
use crate::common::{
    Town,
    desk::{Desk, appeal, at, give_back, unit, whistle},
};

fn told(desk: &Desk) -> Vec<Fact> {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    facts(desk.case(), &Town::dongmen().policy, &zone)
}

pub(crate) fn of(desk: &Desk, count: Count) -> i64 {
    told(desk).iter().map(|fact| fact.counts.of(count)).sum()
}

pub(crate) fn on_account(desk: &Desk, of: &str, measure: &Measure) -> i64 {
    let of: UnitId = unit(of);
    told(desk).iter().filter(|fact| fact.unit == of).map(|fact| fact.counts.get(measure)).sum()
}

#[test]
fn a_case_seen_through_counts_once_for_each_thing_that_was_due() {
    let mut desk = at(MONDAY).register();
    assert_eq!((of(&desk, Count::Registered), of(&desk, Count::ClocksDue)), (1, 0));
    desk.at_work("fast").finish().file_opinion().follow_up(true).rate(5).by("zfd1").close();
    let numbers = [
        (Count::Registered, 1),
        (Count::Requests, 1),
        (Count::Findings, 0),
        (Count::ContactDue, 1),
        (Count::ContactMet, 1),
        (Count::ClocksDue, 6),
        (Count::ClocksMet, 6),
        (Count::ClocksBreached, 0),
        (Count::Finished, 1),
        (Count::Closed, 1),
        (Count::FollowedUp, 1),
        (Count::Solved, 1),
        (Count::Satisfied, 1),
        (Count::Rated, 1),
        (Count::Content, 1),
        (Count::ContentAfterAppeal, 0),
        (Count::BadStanding, 0),
    ];
    for (count, number) in numbers {
        assert_eq!(of(&desk, count), number, "{count:?}");
    }
    assert_eq!(on_account(&desk, "lh.dm.zfd", &Measure::Grade(5)), 1);
}

#[test]
fn a_breach_stays_with_whoever_led_when_it_happened() {
    let mut desk = at(MONDAY).register();
    desk.classify("fast").dispatch("lh.dm.csb").at("2026-06-08T11:00").tick();
    desk.by("csb1").act(give_back(Some("lh.dm.zfd")));
    let id = desk.case().returns[0].id;
    desk.by("xlb1").act(cmd::DecideReturn { id, upheld: true, lead: None, note: "应由执法队办理".into() });
    assert_eq!(desk.case().lead, Some(unit("lh.dm.zfd")));
    let breached = Measure::Of(Count::ClocksBreached);
    assert!(on_account(&desk, "lh.dm.csb", &breached) >= 2, "contact and verification ran out with the first unit");
    assert_eq!(on_account(&desk, "lh.dm.zfd", &breached), 0);
    assert_eq!(on_account(&desk, "lh.dm.csb", &Measure::Of(Count::Returns)), 1);
    assert_eq!(on_account(&desk, "lh.dm.zfd", &Measure::Of(Count::Registered)), 1, "the case itself is the lead's");
}

#[test]
fn a_grade_lifted_on_appeal_is_counted_apart_and_never_as_plainly_satisfied() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").finish().rate(1);
    assert_eq!((of(&desk, Count::RatedBad), of(&desk, Count::BadStanding), of(&desk, Count::Content)), (1, 1, 0));
    desk.by("zfd1").act(appeal());
    let id = desk.case().appeals[0].id;
    desk.by("xlb1").act(cmd::DecideAppeal { id, upheld: true, grade: Some(4), note: "支持".into() });
    assert_eq!((of(&desk, Count::RatedBad), of(&desk, Count::BadStanding)), (1, 0));
    assert_eq!((of(&desk, Count::Content), of(&desk, Count::ContentAfterAppeal)), (0, 1));
    assert_eq!((of(&desk, Count::Appeals), of(&desk, Count::AppealsUpheld)), (1, 1));
}

#[test]
fn a_call_of_a_whistle_counts_for_the_unit_called_once_it_is_answered_or_late() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").by("c01a").act(whistle(&["lh.cgj", "lh.swj"]));
    assert_eq!((of(&desk, Count::Whistles), of(&desk, Count::WhistleCalls)), (1, 0));
    let id = desk.case().whistles[0].id;
    desk.by("cgj1").act(cmd::ReportIn { whistle: id, unit: unit("lh.cgj"), action: "已到场".into() });
    assert_eq!(on_account(&desk, "lh.cgj", &Measure::Of(Count::ReportIns)), 1);
    desk.at("2026-06-12T09:00").tick();
    let late = (Measure::Of(Count::WhistleCalls), Measure::Of(Count::ReportIns));
    assert_eq!((on_account(&desk, "lh.swj", &late.0), on_account(&desk, "lh.swj", &late.1)), (1, 0));
}

#[test]
fn a_contact_by_somebody_who_never_saw_the_number_is_shown() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast");
    assert_eq!(of(&desk, Count::UnprovenContacts), 1);
    let mut desk = at(MONDAY).register();
    desk.classify("fast").dispatch("lh.dm.zfd").by("zfd1").accept();
    desk.by("zfd1").act(cmd::RevealIdentity { reason: "电话联系".into() });
    desk.by("zfd1").act(cmd::Contact { reached: true, note: String::new() });
    assert_eq!(of(&desk, Count::UnprovenContacts), 0);
}

#[test]
fn what_a_reason_sets_apart_leaves_the_rates_that_name_it_and_no_other() {
    let mut sums = Sums::default();
    let counts = |due, met| {
        let mut counts = Counts::default();
        counts.add(Measure::Of(Count::ContactDue), due);
        counts.add(Measure::Of(Count::ContactMet), met);
        counts
    };
    sums.add(None, &counts(10, 9));
    sums.add(Some("unlawful"), &counts(4, 0));
    sums.add(Some("withdrawn"), &counts(2, 2));
    let rate = |exclude: &[&str]| Rate {
        exclude: exclude.iter().map(|reason| (*reason).to_owned()).collect(),
        ..Town::dongmen().policy.rates[0].clone()
    };
    assert_eq!(sums.rate(&rate(&["unlawful"])), Share { part: 11, whole: 12 });
    assert_eq!(sums.rate(&rate(&[])), Share { part: 11, whole: 16 });
    assert_eq!(sums.all(Count::ContactDue), 16);
}

#[test]
fn small_numbers_are_neither_best_nor_worst() {
    let all = Share { part: 800, whole: 1_000 };
    assert_eq!(Share { part: 3, whole: 3 }.beside(all), Beside::Alike);
    assert_eq!(Share { part: 100, whole: 100 }.beside(all), Beside::Above);
    assert_eq!(Share { part: 60, whole: 100 }.beside(all), Beside::Below);
    assert_eq!(Share::default().beside(all), Beside::Unknown);
    for whole in 1..200 {
        let perfect = Share { part: whole, whole };
        assert_eq!(perfect.beside(Share { part: 216, whole: 216 }), Beside::Alike, "{whole} of {whole}");
    }
    // Newcombe (1998), table I: 81 of 263 lies between 0.2553 and 0.3662.
    let (low, high) = Share { part: 81, whole: 263 }.interval().unwrap();
    assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5, "{low} {high}");
}

#[test]
fn nothing_but_equal_grades_is_as_odd_as_chance_says() {
    let grades = |of: &[(u8, i64)]| {
        let mut counts = Counts::default();
        of.iter().for_each(|(grade, number)| counts.add(Measure::Grade(*grade), *number));
        counts
    };
    let all = grades(&[(3, 25), (4, 25), (5, 50)]);
    assert_eq!(equal_grades(&grades(&[(5, 8)]), &all), Some((5, 8, 0.5_f64.powi(8))));
    assert_eq!(equal_grades(&grades(&[(5, 8), (4, 1)]), &all), None);
    assert_eq!(equal_grades(&Counts::default(), &all), None);
}

#[test]
fn measures_are_written_as_they_are_read() {
    for text in ["registered", "bad_standing", "grade:5", "breach:finish"] {
        assert_eq!(text.parse::<Measure>().unwrap().to_string(), text);
    }
    for text in ["", "nonsense", "grade:", "grade:x", "breach:", "breach:a b", "other:1"] {
        assert!(text.parse::<Measure>().is_err(), "{text}");
    }
}
