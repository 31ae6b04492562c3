//! Who may 权限: each act by each standing, and what each sees.

use std::collections::BTreeSet;

use jiban_domain::{
    command::{self as cmd, Act},
    permission,
};

use crate::common::{
    Town,
    desk::{Desk, at, classify, dispatch, rate, unit, whistle},
};
use crate::{MONDAY, handle::settle, refusals::one_of_each};

/// A case with somebody in every standing towards it: led by the enforcement team, which has not accepted it yet.
fn with_everybody() -> Desk {
    let mut desk = at(MONDAY).register_with(|new| new.first_receiver = Some(unit("lh.dm.gfb")));
    desk.classify("fast").act(dispatch("lh.dm.zfd", &["lh.dm.csb"]));
    desk.act(cmd::Escalate { official: "jjfhead".parse().unwrap(), reason: "难".into() });
    desk.by("c01a").act(whistle(&["lh.cgj"]));
    desk.by("xlb1").act(cmd::RouteTo { studio: "laoyang".parse().unwrap() });
    desk
}

const STANDINGS: [(&str, &str); 13] = [
    ("liaison", "xlb1"),
    ("leader", "leader1"),
    ("duty", "duty1"),
    ("lead", "zfd1"),
    ("co-unit", "csb1"),
    ("first", "gfb1"),
    ("community", "c01a"),
    ("called", "cgj1"),
    ("mediator", "sfs1"),
    ("official", "jjfhead"),
    ("reporter", "reporter"),
    ("system", "system"),
    ("upstream", "upstream"),
];

/// As long as nobody here has taken the case, the upstream platform may tell how it handled it.
const WHO_MAY: [(Act, &str); 43] = [
    (Act::Classify, "liaison duty system upstream"),
    (Act::Correct, "liaison duty lead"),
    (Act::Dispatch, "liaison duty system upstream"),
    (Act::Accept, "lead upstream"),
    (Act::Settle, "first"),
    (Act::Return, "lead"),
    (Act::DecideReturn, "liaison leader"),
    (Act::Contact, "liaison duty lead co-unit first upstream"),
    (Act::Verify, "liaison duty lead co-unit first upstream"),
    (Act::Note, "liaison leader duty lead co-unit first called mediator system"),
    (Act::Attach, "liaison duty lead co-unit first called mediator reporter system"),
    (Act::AssignTeam, "liaison leader lead"),
    (Act::RequestExtension, "lead"),
    (Act::DecideExtension, "liaison"),
    (Act::Escalate, "liaison leader"),
    (Act::OfficialAct, "official"),
    (Act::BlowWhistle, "community upstream"),
    (Act::ReportIn, "called upstream"),
    (Act::SettleWhistle, "liaison upstream"),
    (Act::RouteTo, "liaison lead co-unit"),
    (Act::HoldSession, "liaison lead co-unit mediator"),
    (Act::SignAgreement, "liaison lead co-unit mediator"),
    (Act::EndTerm, "liaison lead co-unit mediator"),
    (Act::Finish, "lead upstream"),
    (Act::Recheck, "liaison lead co-unit community"),
    (Act::FileOpinion, "lead upstream"),
    (Act::FollowUp, "liaison lead upstream"),
    (Act::Answer, "reporter"),
    (Act::FileForm, "liaison lead co-unit mediator"),
    (Act::Rate, "reporter upstream"),
    (Act::Dispute, "reporter"),
    (Act::Appeal, "lead upstream"),
    (Act::DecideAppeal, "liaison upstream"),
    (Act::Reopen, "liaison leader upstream"),
    (Act::MarkRepeat, "liaison duty lead upstream"),
    (Act::Link, "liaison duty lead"),
    (Act::HandUpstream, "liaison"),
    (Act::Decline, "liaison upstream"),
    (Act::Exclude, "liaison upstream"),
    (Act::RevealIdentity, "liaison duty lead co-unit first mediator"),
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
        let may = STANDINGS.iter().filter(|(_, who)| {
            permission::may(organisation, &crate::common::desk::actor(who), act, desk.case()).is_ok()
        });
        assert_eq!(may.map(|(standing, _)| *standing).collect::<Vec<_>>().join(" "), standings, "{}", act.slug());
        // Not an administrator, a partner of the very grid, an uninvolved bureau, the discipline office, a stranger.
        for who in ["admin", "partner1", "gaj1", "jjw1", "c02a", "nobody"] {
            let refusal =
                permission::may(organisation, &crate::common::desk::actor(who), act, desk.case()).unwrap_err();
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
    let sees = |who: &str| permission::sees(&desk.town.organisation, &crate::common::desk::actor(who), desk.case());
    for who in [
        "xlb1", "leader1", "duty1", "zfd1", "csb1", "gfb1", "c01a", "c01g01a", "cgj1", "jjfhead", "sfs1", "jjw1",
        "system",
    ] {
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
