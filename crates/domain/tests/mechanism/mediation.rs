//! 5. Mediation and legal aid 调解、法律援助: sessions, a signed agreement, and each of its terms kept or broken.

use jiban_domain::{
    case::{AttachmentKind, Desk as Lies, SessionOutcome},
    clock::CancelReason,
    command::{self as cmd},
    figures::Count,
    ids::AttachmentId,
    policy::Length,
};
use jiff::civil::date;
use uuid::Uuid;

use crate::common::{
    desk::{Desk, at, mediation, session, signed, whistle},
    local,
};
use crate::{
    MONDAY,
    figures::{of, on_account},
};

fn shown(number: u128) -> AttachmentId {
    AttachmentId(Uuid::from_u128(number))
}

/// A case at the studio, with two signatures drawn.
fn at_the_studio() -> Desk {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").by("zfd1").act(cmd::RouteTo { studio: "laoyang".parse().unwrap() }).by("sfs1").at("+1h");
    for (number, name) in [(1, "甲"), (2, "乙")] {
        let kind = AttachmentKind::Signature;
        desk.act(cmd::Attach { id: shown(number), kind, name: format!("{name}.png") });
    }
    desk
}

const BOTH: [(&str, u128); 2] = [("楼上住户", 1), ("楼下住户", 2)];

fn agreed(terms: &[(&str, &str)]) -> cmd::SignAgreement {
    let both: Vec<_> = BOTH.iter().map(|(party, number)| (*party, shown(*number))).collect();
    signed(terms, &both)
}

fn kept(term: u32, kept: bool) -> cmd::EndTerm {
    cmd::EndTerm { term, kept, note: "双方确认".into() }
}

#[test]
fn each_term_has_its_own_clock_until_the_end_of_its_day() {
    let mut desk = at_the_studio();
    assert!(desk.case().desks().contains(&Lies::Mediation));
    desk.act(session(MONDAY)).act(mediation());
    desk.act(agreed(&[("修好漏水", "2026-06-18"), ("赔偿两千元", "2026-07-01"), ("恢复天花板", "2026-06-20")]));
    let (unit, desks) = ("lh.dm.sfs", desk.case().desks());
    assert!(desks.contains(&Lies::Agreement) && !desks.contains(&Lies::Mediation));
    let clock = |desk: &Desk, term: u32| desk.clock(&format!("performance.{term}.{unit}")).clone();
    let first = clock(&desk, 1);
    assert_eq!((first.due_at, first.length), (local("2026-06-19 00:00"), Length::Until { day: date(2026, 6, 18) }));
    desk.act(kept(1, true));
    assert_eq!(desk.stands(&format!("performance.1.{unit}")), "met");
    desk.expect_refusal("already", "told", kept(1, true)).expect_refusal("unknown", "no term", kept(4, true));
    // A change of class moves no day that was agreed on; the calendar neither.
    desk.by("xlb1").classify("urgent").by("system").act(cmd::Recalendar {});
    assert_eq!(clock(&desk, 2).due_at, local("2026-07-02 00:00"));
    // Broken before its day: nothing is waited for any more. After it, the breach stays.
    desk.by("sfs1").act(kept(2, false));
    assert_eq!(desk.stream.cancelled(&format!("performance.2.{unit}")), Some(CancelReason::TermBroken));
    desk.by("zfd1").finish().file_opinion().follow_up(true);
    desk.expect_refusal("first", "whether it was kept", cmd::Close { note: String::new() });
    desk.at("2026-06-21 00:00").tick();
    assert_eq!(desk.stands(&format!("performance.3.{unit}")), "running", "its last moment is still in time");
    desk.at("+1ms").tick();
    assert_eq!(desk.stands(&format!("performance.3.{unit}")), "breached");
    desk.by("sfs1").act(kept(3, true)).by("zfd1").close();
    assert_eq!(of(&desk, Count::ClocksBreached), 0, "the parties keep a term: no unit is judged by it");
    let told = [
        (Count::MediationSessions, 1),
        (Count::LegalAid, 0),
        (Count::Agreements, 1),
        (Count::TermsEnded, 3),
        (Count::TermsKept, 2),
    ];
    for (count, number) in told {
        assert_eq!((of(&desk, count), on_account(&desk, unit, &count.into())), (number, number), "{count:?}");
    }
}

#[test]
fn nothing_is_signed_that_is_not_on_file_or_that_nobody_signs() {
    let mut desk = at_the_studio();
    let terms = [("修好漏水", "2026-06-18")];
    desk.expect_refusal("first", "file the form", agreed(&terms));
    desk.act(mediation());
    desk.expect_refusal("invalid", "what is to be done", agreed(&[]));
    desk.expect_refusal("invalid", "a day from today", agreed(&[("修好漏水", "2026-06-07")]));
    desk.expect_refusal("invalid", "a day from today", agreed(&[("修好漏水", "2036-07-01")]));
    desk.expect_refusal("invalid", "two parties", signed(&terms, &[("楼上住户", shown(1))]));
    let twice = signed(&terms, &[("楼上住户", shown(1)), ("楼上住户", shown(2))]);
    desk.expect_refusal("invalid", "there twice", twice);
    let nothing = signed(&terms, &[("楼上住户", shown(1)), ("楼下住户", shown(9))]);
    desk.expect_refusal("unknown", "no attachment", nothing);
    desk.expect_refusal("limit", "at most 20 terms", agreed(&[("修好漏水", "2026-06-18"); 21]));
    desk.act(agreed(&terms)).expect_refusal("first", "file the form", agreed(&terms));
    // Another agreement counts its terms on.
    desk.act(mediation()).act(agreed(&terms));
    assert_eq!(desk.case().terms().map(|term| term.number).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_session_is_held_where_it_was_taken_up_and_not_in_time_to_come() {
    let mut desk = at(MONDAY).register();
    desk.at_work("fast").by("zfd1").expect_refusal("first", "route the case", session(MONDAY));
    desk.expect_refusal("first", "route the case", agreed(&[]));
    desk.act(cmd::RouteTo { studio: "legal_aid".parse().unwrap() }).by("sfs1");
    desk.act(mediation()).expect_refusal("first", "to mediation", agreed(&[("修好漏水", "2026-06-18")]));
    desk.expect_refusal("invalid", "not to come", session("2026-06-08T09:00:01"));
    let next = |outcome, at: &str| cmd::HoldSession { outcome, next_at: Some(local(at)), ..session(MONDAY) };
    desk.expect_refusal("invalid", "a time to come", next(SessionOutcome::Adjourned, MONDAY));
    desk.expect_refusal("invalid", "a time to come", next(SessionOutcome::Failed, "2026-06-10 10:00"));
    desk.act(next(SessionOutcome::Adjourned, "2026-06-10 10:00"));
    assert!(desk.case().is_mediated());
    desk.at("2026-06-10 10:30")
        .act(cmd::HoldSession { outcome: SessionOutcome::Advised, ..session("2026-06-10 10:00") });
    assert!(!desk.case().is_mediated(), "advice was what they asked for");
    assert_eq!((of(&desk, Count::MediationSessions), of(&desk, Count::LegalAid)), (2, 1));
    desk.at("+1h").by("zfd1").act(cmd::RouteTo { studio: "hongjie".parse().unwrap() });
    assert!(desk.case().is_mediated(), "taken up anew");
    desk.by("c01a").act(whistle(&["lh.cgj"]));
    for _ in 2..50 {
        desk.by("sfs1").act(session("2026-06-10 10:00"));
    }
    desk.expect_refusal("limit", "at most 50 sessions", session("2026-06-10 10:00"));
}
