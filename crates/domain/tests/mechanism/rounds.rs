//! 6. Before it is asked 未诉先办: rounds, their plans, and what is settled on the spot.

use jiban_domain::{
    case::{AttachmentKind, Desk as Lies, Origin, State},
    command::{self as cmd},
    event::Actor,
    figures::Count,
    ids::{AttachmentId, RoundPlanId},
    policy::Milestone,
    round::{Plan, RoundPlan},
    season::Season,
};
use uuid::Uuid;

use crate::common::{
    Town,
    desk::{Desk, at, classify, dispatch, unit},
    local,
};
use crate::{MONDAY, figures::of};

fn settled(category: Option<&str>) -> cmd::Settle {
    cmd::Settle { outcome: "当场清走".into(), category: category.map(|id| id.parse().unwrap()) }
}

/// Found, settled on the spot, settled.
fn found(desk: &Desk) -> [i64; 3] {
    [Count::Findings, Count::FindingsOnSpot, Count::FindingsFinished].map(|count| of(desk, count))
}

#[test]
fn what_a_round_found_and_settled_at_once_is_closed_at_once() {
    let mut desk = at(MONDAY).by("c01g01a").register_with(|found| {
        found.channel = "rounds".parse().unwrap();
        found.first_receiver = Some(unit("lh.dm.c01.g01"));
        found.reporter.contactable = false;
    });
    desk.by("xlb1").expect_refusal("not_allowed", "only the unit that found it", settled(None));
    desk.by("c01g01a").expect_refusal("first", "a photo", settled(Some("city.bulky")));
    desk.expect_refusal("unknown", "category", settled(Some("no.such")));
    let id = AttachmentId(Uuid::from_u128(7));
    desk.act(cmd::Attach { id, kind: AttachmentKind::After, name: "after.jpg".into() });
    desk.at("+10min").act(settled(Some("city.bulky"))).expect_state(State::Closed);
    let case = desk.case();
    assert_eq!(case.lead, Some(unit("lh.dm.c01.g01")));
    assert_eq!(case.handler.as_ref().map(ToString::to_string).as_deref(), Some("c01g01a"));
    assert_eq!(case.category.as_ref().map(ToString::to_string).as_deref(), Some("city.bulky"));
    assert!(case.milestones.contains_key(&Milestone::Finished));
    assert_eq!((desk.stands("finding.1"), desk.running()), ("met", vec![]));
    assert_eq!(found(&desk), [1, 1, 1]);
    desk.expect_refusal("not_allowed", "until another has accepted it", settled(None));
}

#[test]
fn what_somebody_asked_for_is_never_settled_without_them() {
    let mut desk = at(MONDAY).register();
    assert_eq!(desk.case().origin, Origin::Request);
    desk.by("xlb1").expect_refusal("invalid", "found on a round", settled(None));
}

fn plan() -> Plan {
    Plan {
        title: "台风前广告牌".into(),
        areas: [unit("lh.dm.c01")].into(),
        kinds: ["商圈商铺".to_owned()].into(),
        street: String::new(),
        every_days: 3,
        season: None,
        checklist: Some("typhoon".into()),
    }
}

fn made(change: impl FnOnce(&mut Plan)) -> Result<RoundPlan, String> {
    let town = Town::dongmen();
    let mut plan = plan();
    change(&mut plan);
    let (id, by) = (RoundPlanId(Uuid::from_u128(1)), Actor::Person("c01a".parse().unwrap()));
    let made =
        RoundPlan::make((id, unit("lh.dm.c01")), plan, &town.policy.rounds, &town.organisation, &by, local(MONDAY));
    made.map_err(|refusal| refusal.to_string())
}

#[test]
fn a_plan_covers_the_spots_of_its_areas_and_kinds_in_its_season() {
    let organisation = &Town::dongmen().organisation;
    let plan = made(|_| {}).unwrap();
    let covered: Vec<_> = organisation.spots().filter(|spot| plan.covers(spot, organisation)).collect();
    assert!(!covered.is_empty());
    assert!(
        covered.iter().all(|spot| spot.kind == "商圈商铺" && organisation.is_within(&spot.grid, &unit("lh.dm.c01")))
    );
    let street = covered[0].address.chars().take(3).collect::<String>();
    let narrow = made(|plan| plan.street.clone_from(&street)).unwrap();
    assert!(organisation.spots().filter(|spot| narrow.covers(spot, organisation)).all(|s| s.address.contains(&street)));
    let season = Season { from: "06-01".parse().unwrap(), to: "09-30".parse().unwrap() };
    let mut summer = made(|plan| plan.season = Some(season)).unwrap();
    assert!(summer.is_on("2026-07-01".parse().unwrap()) && !summer.is_on("2026-11-26".parse().unwrap()));
    summer.end(local(MONDAY)).unwrap();
    assert!(!summer.is_on("2026-07-01".parse().unwrap()));
    assert!(summer.end(local(MONDAY)).is_err());
}

/// Makes a plan wrong.
type Wrong = fn(&mut Plan);

#[test]
fn a_plan_that_nobody_could_walk_is_refused_in_words() {
    let cases: [(Wrong, &str); 7] = [
        (|plan| plan.title = " ".into(), "title"),
        (|plan| plan.areas.clear(), "areas"),
        (|plan| plan.areas = [unit("no.such")].into(), "unit"),
        (|plan| plan.every_days = 0, "every_days"),
        (|plan| plan.checklist = Some("nothing".into()), "checklist"),
        (|plan| plan.kinds = ["月球".to_owned()].into(), "areas"),
        (|plan| plan.street = "长".repeat(81), "street"),
    ];
    for (wrong, told) in cases {
        let refusal = made(wrong).unwrap_err();
        assert!(refusal.contains(told), "{told}: {refusal}");
    }
}

#[test]
fn a_hazard_that_took_time_is_looked_at_again_by_the_grid_of_the_place() {
    let recheck = |fine| cmd::Recheck { fine, note: "现场查看".into() };
    let mut desk = at(MONDAY).register_with(|new| new.origin = Some(Origin::Inspection));
    desk.by("xlb1").act(classify("fast", Some("safety.exits"), &[])).act(dispatch("lh.dm.zfd", &[]));
    desk.by("zfd1").accept();
    desk.act(cmd::Attach { id: AttachmentId(Uuid::from_u128(5)), kind: AttachmentKind::After, name: "后.jpg".into() });
    desk.finish();
    assert_eq!(desk.stands("recheck.1"), "running");
    assert!(desk.case().desks().contains(&Lies::Recheck));
    desk.expect_refusal("first", "look at it again", cmd::Close { note: String::new() });
    // Not mended: it is taken up anew, and looked at again once more.
    desk.at("+1d").by("c01g01a").act(recheck(false)).expect_state(State::Handling);
    assert_eq!((desk.stands("recheck.1"), desk.case().round), ("met", 2));
    desk.by("zfd1").finish();
    desk.at("+1d").by("c01g01a").act(recheck(true)).expect_refusal("already", "looked at again", recheck(true));
    assert!(!desk.case().desks().contains(&Lies::Recheck));
    desk.by("zfd1").close();
    // What is no hazard is not.
    let mut plain = at(MONDAY).register_with(|new| new.origin = Some(Origin::Inspection));
    plain.by("xlb1").act(classify("fast", Some("city.stall"), &[])).act(dispatch("lh.dm.zfd", &[]));
    plain.by("zfd1").accept();
    plain
        .act(cmd::Attach { id: AttachmentId(Uuid::from_u128(5)), kind: AttachmentKind::After, name: "后.jpg".into() });
    plain.at("+2h").finish();
    assert_eq!(found(&plain), [1, 0, 1], "what took time was not settled on the spot");
    plain.by("c01g01a").expect_refusal("invalid", "to be looked at again", recheck(true));
}
