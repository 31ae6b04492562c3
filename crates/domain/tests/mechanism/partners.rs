//! 7, 8. Partners 共建伙伴 and volunteering: who takes part, who is credited with what, and what is never so.

use std::collections::BTreeMap;

use jiban_domain::{
    activity::{self, Activity, ActivityKind, ActivityState, Plan},
    event::Actor,
    ids::{ActivityId, PartnerId},
    partner::{self, Application, KEPT_MAX, Partner, PartnerKind, PartnerRules, PartnerState, Waited},
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use crate::MONDAY;
use crate::common::{Town, desk::unit, local};

fn rules() -> &'static PartnerRules {
    Town::dongmen().policy.partners.as_ref().unwrap()
}

fn staff() -> Actor {
    Actor::Person("c01a".parse().unwrap())
}

fn application(kind: PartnerKind) -> Application {
    Application {
        kind,
        name: "青云小吃店".into(),
        phone: "139****0000".into(),
        contact: "sealed".into(),
        known_by: Uuid::from_u128(7),
        code: "hash".into(),
        spot: None,
        grid: Some(unit("lh.dm.c01.g01")),
        consent: rules().consent.version.clone(),
    }
}

fn applied(number: u128, change: impl FnOnce(&mut Application)) -> Result<Partner, String> {
    let mut new = application(PartnerKind::Shop);
    change(&mut new);
    let applied =
        Partner::apply(PartnerId(Uuid::from_u128(number)), new, rules(), &Town::dongmen().organisation, local(MONDAY));
    applied.map_err(|refusal| refusal.to_string())
}

fn act(partner: &mut Partner, act: &partner::Act) -> Result<(), String> {
    partner.act(act, &unit("lh.dm.c01"), &staff(), local(MONDAY)).map_err(|refusal| refusal.to_string())
}

fn admitted(number: u128, kind: PartnerKind) -> Partner {
    let mut partner = applied(number, |new| new.kind = kind).unwrap();
    act(&mut partner, &partner::Act::Admit).unwrap();
    partner
}

fn hours(hours: i64) -> Timestamp {
    local(MONDAY) + SignedDuration::from_hours(hours)
}

fn plan() -> Plan {
    Plan {
        kind: ActivityKind::Volunteering,
        title: "老街清洁日".into(),
        text: "清扫背街小巷，工具自备。".into(),
        kinds: [PartnerKind::Volunteer, PartnerKind::Shop].into(),
        unit: unit("lh.dm.c01"),
        place: "社区广场".into(),
        from: hours(24),
        until: hours(27),
        seats: 2,
        minutes: 120,
    }
}

fn set(change: impl FnOnce(&mut Plan)) -> Result<Activity, String> {
    let mut plan = plan();
    change(&mut plan);
    let organisation = &Town::dongmen().organisation;
    let set = Activity::set(ActivityId(Uuid::from_u128(1)), plan, rules(), organisation, &staff(), local(MONDAY));
    set.map_err(|refusal| refusal.to_string())
}

fn take(activity: &mut Activity, partner: &Partner, at: Timestamp) -> Result<(), String> {
    activity.take(partner, &Town::dongmen().organisation, at).map_err(|refusal| refusal.to_string())
}

/// Makes an application, or a plan, wrong.
type Wrong<T> = fn(&mut T);

#[test]
fn a_partner_belongs_to_the_grid_of_its_spot_and_consents_to_the_text_as_it_is() {
    let spot = Town::dongmen().organisation.spots().find(|spot| spot.grid == unit("lh.dm.c01.g02")).unwrap();
    let by_code = applied(1, |new| (new.spot, new.grid) = (Some(spot.id.clone()), None)).unwrap();
    assert_eq!((by_code.unit, by_code.state), (unit("lh.dm.c01.g02"), PartnerState::Applied));
    let wrong: [(Wrong<Application>, &str); 5] = [
        (|new| new.name = " ".into(), "name"),
        (|new| new.grid = None, "grid"),
        (|new| new.grid = Some(unit("lh.dm")), "grid"),
        (|new| new.spot = Some("no-such".parse().unwrap()), "spot"),
        (|new| new.consent = "an older one".into(), "consent"),
    ];
    for (change, told) in wrong {
        let refusal = applied(1, change).unwrap_err();
        assert!(refusal.contains(told), "{told}: {refusal}");
    }
}

#[test]
fn who_is_declined_or_leaves_takes_part_no_more_and_their_contact_is_erased() {
    let mut declined = applied(1, |_| {}).unwrap();
    assert!(declined.takes_part().unwrap_err().to_string().contains("admits"));
    act(&mut declined, &partner::Act::Praise { text: "好".into() }).unwrap_err();
    act(&mut declined, &partner::Act::Decline { reason: " ".into() }).unwrap_err();
    act(&mut declined, &partner::Act::Decline { reason: "不在本社区经营".into() }).unwrap();
    assert_eq!((declined.state, declined.contact.as_ref()), (PartnerState::Declined, None));
    act(&mut declined, &partner::Act::Admit).unwrap_err();
    declined.leave(hours(1)).unwrap_err();

    let mut partner = admitted(2, PartnerKind::Shop);
    partner.leave(hours(1)).unwrap();
    assert_eq!((partner.state, partner.contact.as_ref(), partner.phone.as_str()), (PartnerState::Left, None, ""));
    partner.leave(hours(2)).unwrap_err();
    take(&mut set(|_| {}).unwrap(), &partner, hours(2)).unwrap_err();
    applied(3, |_| {}).unwrap().leave(hours(1)).unwrap();
}

#[test]
fn an_application_that_nobody_decides_is_told_once_more_and_then_lapses() {
    let mut waiting = applied(1, |_| {}).unwrap();
    let (remind, lapse) = (hours(i64::from(rules().remind_days) * 24), hours(i64::from(rules().undecided_days) * 24));
    assert_eq!((waiting.waits_until(rules()), waiting.wait(rules(), hours(24))), (Some(remind), None));
    assert_eq!(waiting.wait(rules(), remind), Some(Waited::Reminded));
    assert_eq!((waiting.waits_until(rules()), waiting.wait(rules(), remind)), (Some(lapse), None), "once");
    let mut admitted = waiting.clone();
    act(&mut admitted, &partner::Act::Admit).unwrap();
    assert_eq!((admitted.waits_until(rules()), admitted.wait(rules(), lapse)), (None, None));
    assert_eq!(waiting.wait(rules(), lapse), Some(Waited::Lapsed));
    assert_eq!((waiting.state, &waiting.contact, waiting.known_by), (PartnerState::Lapsed, &None, None));
    assert_eq!((waiting.wait(rules(), lapse), waiting.phone.as_str()), (None, ""));
    assert!(act(&mut waiting, &partner::Act::Admit).unwrap_err().contains("decided"));
    assert!(waiting.takes_part().unwrap_err().to_string().contains("sign up again"));
    waiting.give_code("another".into()).unwrap_err();
    // Nobody looked for a long time: it lapses all the same.
    assert_eq!(applied(2, |_| {}).unwrap().wait(rules(), lapse), Some(Waited::Lapsed));
}

#[test]
fn another_code_is_for_who_waits_or_takes_part() {
    let mut shop = admitted(1, PartnerKind::Shop);
    shop.give_code("another".into()).unwrap();
    assert_eq!(shop.code, "another");
    applied(2, |_| {}).unwrap().give_code("another".into()).unwrap();
    shop.leave(hours(1)).unwrap();
    shop.give_code("a third".into()).unwrap_err();
    assert_eq!(shop.code, "another");
}

#[test]
fn a_seat_is_refused_when_it_is_not_for_them_full_over_or_taken() {
    let mut activity = set(|_| {}).unwrap();
    let waiting = applied(1, |_| {}).unwrap();
    assert!(take(&mut activity, &waiting, hours(1)).unwrap_err().contains("admits"));
    let other = admitted(2, PartnerKind::Property);
    assert!(take(&mut activity, &other, hours(1)).unwrap_err().contains("kind"));
    let mut elsewhere = admitted(3, PartnerKind::Shop);
    elsewhere.unit = unit("lh.dm.c02.g01");
    assert!(take(&mut activity, &elsewhere, hours(1)).unwrap_err().contains("area"));
    let [first, second, third] = [4, 5, 6].map(|number| admitted(number, PartnerKind::Volunteer));
    take(&mut activity, &first, hours(1)).unwrap();
    assert!(take(&mut activity, &first, hours(1)).unwrap_err().contains("taken"));
    take(&mut activity, &second, hours(1)).unwrap();
    assert!(take(&mut activity, &third, hours(1)).unwrap_err().contains("at most 2"));
    activity.give_back(first.id, hours(2)).unwrap();
    take(&mut activity, &third, hours(2)).unwrap();
    assert!(take(&mut activity, &first, hours(27)).unwrap_err().contains("too late"));
    assert!(!activity.end(hours(26)) && activity.end(hours(27)) && !activity.end(hours(28)));
    assert_eq!(activity.state, ActivityState::Ended);
    activity.give_back(second.id, hours(28)).unwrap_err();
    activity.cancel("下雨", hours(28)).unwrap_err();
}

#[test]
fn hours_and_thanks_are_for_who_came() {
    let mut activity = set(|_| {}).unwrap();
    let [mut came, mut missed] = [1, 2].map(|number| admitted(number, PartnerKind::Volunteer));
    take(&mut activity, &came, hours(1)).unwrap();
    take(&mut activity, &missed, hours(1)).unwrap();
    assert!(activity.done(came.id, "扫完了", hours(1)).unwrap_err().to_string().contains("begins"));
    assert!(activity.settle(&mut came, (true, 60), &staff(), hours(1)).unwrap_err().to_string().contains("begins"));
    activity.done(came.id, "扫完了", hours(25)).unwrap();
    activity.done(came.id, "又扫完了", hours(25)).unwrap_err();
    activity.give_back(came.id, hours(25)).unwrap_err();
    let thanks = unit("lh.dm.c01");
    assert!(activity.thank(&mut came, "辛苦了", &thanks, hours(25)).unwrap_err().to_string().contains("came"));
    activity.settle(&mut came, (true, 121), &staff(), hours(28)).unwrap_err();
    activity.settle(&mut came, (true, 120), &staff(), hours(28)).unwrap();
    activity.settle(&mut came, (true, 120), &staff(), hours(28)).unwrap_err();
    activity.settle(&mut missed, (false, 30), &staff(), hours(28)).unwrap_err();
    activity.settle(&mut missed, (false, 0), &staff(), hours(28)).unwrap();
    activity.thank(&mut missed, "辛苦了", &thanks, hours(28)).unwrap_err();
    activity.thank(&mut came, "辛苦了", &thanks, hours(28)).unwrap();
    activity.thank(&mut came, "再谢", &thanks, hours(28)).unwrap_err();
    assert_eq!((came.minutes, came.praised, came.praise[0].activity), (120, 1, Some(activity.id)));
    assert_eq!((missed.minutes, missed.praised), (0, 0));
}

#[test]
fn what_is_called_off_credits_nobody() {
    let mut activity = set(|_| {}).unwrap();
    let mut partner = admitted(1, PartnerKind::Volunteer);
    take(&mut activity, &partner, hours(1)).unwrap();
    activity.cancel("台风", hours(2)).unwrap();
    activity.settle(&mut partner, (true, 60), &staff(), hours(25)).unwrap_err();
    activity.done(partner.id, "去了", hours(25)).unwrap_err();
    activity.give_back(partner.id, hours(3)).unwrap_err();
    take(&mut activity, &admitted(2, PartnerKind::Shop), hours(3)).unwrap_err();
    assert_eq!((partner.minutes, activity.state), (0, ActivityState::Cancelled));
}

#[test]
fn an_activity_that_nobody_could_take_part_in_is_refused_in_words() {
    let wrong: [(Wrong<Plan>, &str); 8] = [
        (|plan| plan.title = " ".into(), "title"),
        (|plan| plan.text = String::new(), "text"),
        (|plan| plan.place = "长".repeat(81), "place"),
        (|plan| plan.unit = unit("no.such"), "unit"),
        (|plan| plan.until = plan.from, "until"),
        (|plan| (plan.from, plan.until) = (hours(-5), hours(-1)), "until"),
        (|plan| plan.seats = 0, "seats"),
        (|plan| plan.minutes = 181, "minutes"),
    ];
    for (change, told) in wrong {
        let refusal = set(change).unwrap_err();
        assert!(refusal.contains(told), "{told}: {refusal}");
    }
    let long = set(|plan| (plan.until, plan.minutes) = (hours(24 * 30), rules().credit_minutes + 1));
    assert!(long.unwrap_err().contains("policy"), "the policy bounds what one activity credits");
}

/// A moment as many days on, at which that day begins.
fn day(days: i64) -> (Timestamp, Timestamp) {
    (hours(days * 24), hours(days * 24))
}

fn ticks(list: &str, so: bool) -> BTreeMap<String, bool> {
    rules().self_check(list).unwrap().items.iter().map(|item| (item.id.clone(), so)).collect()
}

#[test]
fn a_self_check_is_due_until_it_is_made_and_again_when_its_days_are_over() {
    let mut shop = admitted(1, PartnerKind::Shop);
    let due = |shop: &Partner, at| {
        shop.standings(rules(), at).iter().filter(|one| one.due).map(|one| one.list.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(due(&shop, hours(0)), ["front", "fire"]);
    shop.check(rules(), "front", ticks("front", false), day(0)).unwrap();
    assert_eq!(due(&shop, hours(7 * 24)), ["fire"]);
    assert_eq!(due(&shop, hours(7 * 24 + 1)), ["front", "fire"]);
    shop.check(rules(), "no-such", BTreeMap::new(), day(0)).unwrap_err();
    shop.check(rules(), "front", BTreeMap::new(), day(0)).unwrap_err();
    let mut volunteer = admitted(2, PartnerKind::Volunteer);
    assert_eq!(due(&volunteer, hours(0)), Vec::<String>::new());
    volunteer.check(rules(), "front", ticks("front", true), day(0)).unwrap_err();
    applied(3, |_| {}).unwrap().check(rules(), "front", ticks("front", true), day(0)).unwrap_err();
    // Whoever makes it twice in a day corrects what they said; another one of that day stays.
    let mut twice = admitted(4, PartnerKind::Shop);
    twice.check(rules(), "front", ticks("front", false), (hours(1), hours(0))).unwrap();
    twice.check(rules(), "fire", ticks("fire", true), (hours(2), hours(0))).unwrap();
    twice.check(rules(), "front", ticks("front", true), (hours(3), hours(0))).unwrap();
    let kept: Vec<(&str, Timestamp)> = twice.checks.iter().map(|check| (check.list.as_str(), check.at)).collect();
    assert_eq!(kept, [("fire", hours(2)), ("front", hours(3))]);
    for turn in 0..2 * KEPT_MAX {
        shop.check(rules(), "front", ticks("front", true), day(turn as i64)).unwrap();
        act(&mut shop, &partner::Act::Praise { text: "门前整洁".into() }).unwrap();
    }
    assert_eq!((shop.checks.len(), shop.praise.len()), (KEPT_MAX, KEPT_MAX));
    assert_eq!(shop.praised as usize, 2 * KEPT_MAX);
}

proptest! {
    /// Whatever is tried in whatever order: never more takers than seats, never more credited than there is to credit.
    #[test]
    fn seats_and_hours_are_never_more_than_there_are(
        seats in 1_u32..4,
        minutes in 0_u32..=180,
        tries in prop::collection::vec((0_usize..6, 0_u8..5, 0_i64..30, any::<bool>(), 0_u32..400), 0..80),
    ) {
        let mut activity = set(|plan| (plan.seats, plan.minutes) = (seats, minutes)).unwrap();
        let mut partners: Vec<Partner> = (0..6).map(|n| admitted(n + 1, PartnerKind::Volunteer)).collect();
        for (who, what, hour, came, asked) in tries {
            let (partner, at) = (&mut partners[who], hours(hour));
            let before = (activity.clone(), partner.clone());
            let done = match what {
                0 => activity.take(partner, &Town::dongmen().organisation, at),
                1 => activity.give_back(partner.id, at),
                2 => activity.done(partner.id, "好了", at),
                3 => activity.settle(partner, (came, asked), &staff(), at),
                _ => activity.thank(partner, "谢谢", &unit("lh.dm.c01"), at),
            };
            if done.is_err() {
                prop_assert_eq!(&before, &(activity.clone(), partner.clone()), "a refusal changes nothing");
            }
            prop_assert!(activity.seats.len() <= seats as usize);
            for partner in &partners {
                prop_assert!(partner.minutes <= minutes);
                let settled = activity.seat(partner.id).and_then(|seat| seat.settled.as_ref());
                prop_assert_eq!(partner.minutes, settled.map_or(0, |settled| settled.minutes));
                prop_assert!(partner.praised <= u32::from(settled.is_some_and(|settled| settled.came)));
            }
        }
    }
}

#[test]
fn acts_have_codes_of_their_own() {
    let settle = activity::Act::Settle { partner: PartnerId(Uuid::nil()), came: true, minutes: 0 };
    assert_eq!((settle.kind(), settle.partner()), ("activity_attendance", Some(PartnerId(Uuid::nil()))));
    assert_eq!(activity::Act::Cancel { reason: "x".into() }.partner(), None);
}
