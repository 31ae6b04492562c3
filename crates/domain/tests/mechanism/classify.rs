//! 2. Classify 分类型: what is proposed, and who decides.

use jiban_domain::{
    case::{Proposal, State},
    event::Event,
};

use crate::MONDAY;
use crate::common::{
    Town,
    desk::{at, unit},
};

fn proposal(class: &str, confidence: f64, danger: Option<&str>) -> Proposal {
    Proposal {
        class: Some(class.parse().unwrap()),
        category: Some("city.stall".parse().unwrap()),
        confidence,
        danger: danger.map(str::to_owned),
        reasons: Vec::new(),
        others: Vec::new(),
        place: None,
    }
}

#[test]
fn danger_to_life_is_urgent_by_rule_and_all_else_waits_for_a_person() {
    let dangerous = at(MONDAY).register_with(|new| new.proposal = Some(proposal("urgent", 0.1, Some("fire"))));
    assert_eq!(dangerous.case().class.as_ref().unwrap().as_str(), "urgent");
    assert_eq!(dangerous.due("dispatch.1"), "2026-06-08T10:00:00");
    let sure = at(MONDAY).register_with(|new| new.proposal = Some(proposal("fast", 0.99, None)));
    assert_eq!(sure.case().class, None, "the program proposes, a person decides");
}

#[test]
fn a_policy_may_let_a_sure_proposal_dispatch_itself() {
    let town = Town::with_policy(|policy| policy.dispatch.automatic = true);
    let sure = at(MONDAY).of(town.clone()).register_with(|new| new.proposal = Some(proposal("fast", 0.99, None)));
    assert_eq!((sure.case().state, sure.case().lead.as_ref()), (State::Dispatched, Some(&unit("lh.dm.zfd"))));
    let unsure = at(MONDAY).of(town).register_with(|new| new.proposal = Some(proposal("fast", 0.3, None)));
    assert_eq!(unsure.case().state, State::Registered);
}

#[test]
fn a_category_that_the_policy_does_not_know_is_not_taken_from_a_proposal() {
    let stray = Proposal { category: Some("gone".parse().unwrap()), ..proposal("urgent", 0.9, Some("fire")) };
    let desk = at(MONDAY).register_with(|new| new.proposal = Some(stray));
    assert_eq!((desk.case().category.as_ref(), desk.case().class.is_some()), (None, true));
}

#[test]
fn a_correction_of_the_proposal_is_kept_as_a_lesson() {
    let corrects = |class: &str| {
        let mut desk = at(MONDAY).register_with(|new| new.proposal = Some(proposal("fast", 0.9, None)));
        desk.classify_as(class, Some("city.stall"), &[]);
        let found = desk.stream.events.iter().find_map(|recorded| match &recorded.event {
            Event::Classified { corrects_proposal, .. } => Some(*corrects_proposal),
            _ => None,
        });
        found.unwrap()
    };
    assert_eq!((corrects("fast"), corrects("routine")), (false, true));
}
