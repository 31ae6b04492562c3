//! Every refusal: what is not allowed, unknown, unsaid or done already.

use std::collections::{BTreeMap, BTreeSet};

use jiban_domain::{
    case::{AttachmentKind, Place, State},
    command::{self as cmd, Act, Command},
    ids::{AttachmentId, CaseId, RequestId},
};
use jiff::ToSpan;
use uuid::Uuid;

use crate::MONDAY;
use crate::common::desk::{
    Desk, answer, appeal, at, call, classify, close, dispatch, exclude, finish, follow_up, give_back, mediation,
    minutes_more, opinion, rate, reopen, session, signed, unit, whistle,
};

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
pub(crate) fn one_of_each() -> Vec<(&'static str, Command)> {
    let id = RequestId(Uuid::from_u128(99));
    let note = || "说明".to_owned();
    vec![
        ("xlb1", classify("urgent", None, &[]).into()),
        ("xlb1", cmd::Correct { title: Some(note()), text: None, place: None, complained_about: None }.into()),
        ("xlb1", dispatch("lh.dm.csb", &[]).into()),
        ("zfd1", cmd::Accept { handler: None }.into()),
        // The liaison office took the call: it is the finder here.
        ("xlb1", cmd::Settle { outcome: note(), category: None }.into()),
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
        ("sfs1", session(MONDAY).into()),
        ("sfs1", signed(&[], &[]).into()),
        ("sfs1", cmd::EndTerm { term: 1, kept: true, note: note() }.into()),
        ("zfd1", finish().into()),
        ("xlb1", cmd::Recheck { fine: true, note: note() }.into()),
        ("zfd1", opinion().into()),
        ("xlb1", follow_up(Some(true)).into()),
        ("reporter", answer(true).into()),
        ("xlb1", mediation().into()),
        ("reporter", rate(5).into()),
        ("reporter", cmd::Dispute { reason: note() }.into()),
        ("zfd1", appeal().into()),
        ("xlb1", cmd::DecideAppeal { id, upheld: false, grade: None, note: note() }.into()),
        ("xlb1", reopen().into()),
        ("xlb1", cmd::MarkRepeat { of: CaseId(id.0) }.into()),
        ("xlb1", cmd::Link { to: CaseId(id.0) }.into()),
        ("xlb1", cmd::HandUpstream { upstream_number: None, reason: note() }.into()),
        ("xlb1", cmd::Decline { reason: "unlawful".into(), explanation: note() }.into()),
        ("xlb1", exclude(Some("malicious")).into()),
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
            Act::Settle => &[R],
            Act::Dispatch | Act::Contact | Act::AssignTeam | Act::HandUpstream | Act::Decline => &[R, D, H],
            Act::Accept | Act::Return | Act::DecideReturn | Act::Verify | Act::BlowWhistle | Act::RouteTo => &[D, H],
            Act::Finish => &[H],
            Act::FileOpinion | Act::FollowUp | Act::Close | Act::Recheck => &[F],
            Act::FileForm | Act::HoldSession | Act::SignAgreement => &[H, F],
            Act::EndTerm => &[R, D, H, F],
            Act::Rate | Act::Answer | Act::Dispute | Act::Appeal | Act::DecideAppeal | Act::Reopen => &[F, C],
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
            ("zfd1", cmd::Finish { outcome: text().repeat(5) }.into()),
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
        done.expect_refusal("invalid", "note", cmd::Exclude { note: text(), ..exclude(Some("malicious")) });
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
