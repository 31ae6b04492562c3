//! Notices 通知: who must be told of what happened.
//!
//! Read from events, after they are decided; telling is the outbox's work. A notice names the case and what happened,
//! never the reporter.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    case::Case,
    clock::ClockEvent,
    decide::World,
    event::{Event, Recorded},
    ids::{CaseId, PersonId, UnitId},
    organisation::{Person, Role},
    policy::{Policy, Recipient},
};

/// Most people told of one event. A bound: nobody reads what everybody gets.
pub const PEOPLE_MAX: usize = 50;

/// One notice to some people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Whom.
    pub to: BTreeSet<PersonId>,
    /// About which case.
    pub case: CaseId,
    /// Its number.
    pub number: String,
    /// Code of the event.
    pub kind: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// The notices that some events, just decided, call for.
pub fn notices(world: &World<'_>, case: &Case, events: &[Recorded]) -> Vec<Notice> {
    events.iter().filter_map(|recorded| notice(world, case, recorded)).filter(|notice| !notice.to.is_empty()).collect()
}

fn notice(world: &World<'_>, case: &Case, recorded: &Recorded) -> Option<Notice> {
    let at = recorded.at;
    let ask = |recipients: &[Recipient], unit: Option<&UnitId>| people(world, case, recipients, unit, at);
    let title = &case.title;
    let (to, zh, en) = match &recorded.event {
        Event::Registered(_) => (
            ask(&[Recipient::LiaisonOffice], None),
            format!("新诉求待分拨：{title}"),
            format!("New case to dispatch: {title}"),
        ),
        Event::Dispatched { .. } => (
            ask(&[Recipient::LeadUnit, Recipient::CoUnits], None),
            format!("分拨到本单位：{title}"),
            format!("Dispatched to your unit: {title}"),
        ),
        Event::Returned(returned) => {
            let to = if returned.leader_decides { Recipient::Leaders } else { Recipient::LiaisonOffice };
            (ask(&[to], None), format!("退回待裁定：{title}"), format!("Return to decide: {title}"))
        }
        Event::ExtensionRequested(_) => (
            ask(&[Recipient::LiaisonOffice], None),
            format!("延期申请待裁定：{title}"),
            format!("Extension to decide: {title}"),
        ),
        Event::ReturnDecided { .. } | Event::ExtensionDecided { .. } | Event::AppealDecided { .. } => (
            ask(&[Recipient::Handler], None),
            format!("申请已裁定：{title}"),
            format!("Your request was decided: {title}"),
        ),
        Event::Escalated { official, .. } => (
            BTreeSet::from([official.clone()]),
            format!("由您包案：{title}"),
            format!("You are lead official of: {title}"),
        ),
        Event::WhistleBlown(whistle) => {
            let mut to = ask(&[Recipient::LiaisonOffice], None);
            to.extend(whistle.called.keys().flat_map(|unit| members(world, unit)));
            (to, format!("吹哨报到：{}", whistle.matter), format!("Whistle, report in: {}", whistle.matter))
        }
        Event::Rated { bad: true, .. } => (
            ask(&[Recipient::Handler, Recipient::LiaisonOffice], None),
            format!("收到差评：{title}"),
            format!("Bad grade: {title}"),
        ),
        Event::Answered { satisfied: false, .. } => (
            ask(&[Recipient::Handler, Recipient::LiaisonOffice], None),
            format!("群众回访不满意：{title}"),
            format!("The reporter is not satisfied: {title}"),
        ),
        Event::Disputed { .. } => (
            ask(&[Recipient::Handler, Recipient::LiaisonOffice], None),
            format!("群众对办结有异议：{title}"),
            format!("The reporter disputes the finish: {title}"),
        ),
        Event::Appealed(_) => (
            ask(&[Recipient::LiaisonOffice], None),
            format!("差评申诉待裁定：{title}"),
            format!("Appeal to decide: {title}"),
        ),
        Event::Reopened { .. } => {
            (ask(&[Recipient::Handler], None), format!("重办：{title}"), format!("Reopened: {title}"))
        }
        Event::Clock(event) => return clock_notice(world, case, recorded, event),
        _ => return None,
    };
    Some(make(case, recorded, to, zh, en))
}

fn clock_notice(world: &World<'_>, case: &Case, recorded: &Recorded, event: &ClockEvent) -> Option<Notice> {
    let clock = case.clocks.iter().find(|clock| clock.key == event.key())?;
    let rule = world.policy.clocks.get(&clock.rule)?;
    let recipients = recipients(world.policy, case, event);
    let (zh, en) = match event {
        ClockEvent::Warned { .. } => (
            format!("{}将到期：{}", rule.name.zh, case.title),
            format!("{} is about to run out: {}", rule.name.en, case.title),
        ),
        ClockEvent::Breached { .. } => {
            (format!("{}已超时：{}", rule.name.zh, case.title), format!("{} ran out: {}", rule.name.en, case.title))
        }
        _ => return None,
    };
    let to = people(world, case, recipients, clock.unit.as_ref(), recorded.at);
    Some(make(case, recorded, to, zh, en))
}

/// Whom a warning or a breach level tells, by the clock's rule; nobody where something else happened to the clock.
pub fn recipients<'a>(policy: &'a Policy, case: &Case, event: &ClockEvent) -> &'a [Recipient] {
    let clock = case.clocks.iter().find(|clock| clock.key == event.key());
    let Some(rule) = clock.and_then(|clock| policy.clocks.get(&clock.rule)) else { return &[] };
    match event {
        ClockEvent::Warned { .. } => &rule.warn,
        ClockEvent::Breached { level, .. } => {
            let level = (*level as usize).checked_sub(1).and_then(|index| rule.breach.get(index));
            level.map_or(&[], |level| &level.tell)
        }
        _ => &[],
    }
}

/// The units whose staff a recipient is, or one of whose staff; none for those who are found by their role.
pub fn units<'a>(
    world: &World<'a>,
    case: &'a Case,
    recipient: Recipient,
    clock_unit: Option<&'a UnitId>,
) -> Vec<&'a UnitId> {
    let liaison = &world.policy.dispatch.liaison_office;
    let lead = case.lead.as_ref().unwrap_or(liaison);
    match recipient {
        Recipient::LeadUnit | Recipient::Handler => vec![lead],
        Recipient::CoUnits => case.co_units.iter().collect(),
        Recipient::ParentUnit => {
            world.organisation.unit(lead).and_then(|unit| unit.parent.as_ref()).into_iter().collect()
        }
        Recipient::LiaisonOffice => vec![liaison],
        Recipient::ClockUnit => vec![clock_unit.unwrap_or(lead)],
        Recipient::Leaders | Recipient::Duty | Recipient::Discipline => Vec::new(),
    }
}

fn make(case: &Case, recorded: &Recorded, to: BTreeSet<PersonId>, zh: String, en: String) -> Notice {
    let to = to.into_iter().take(PEOPLE_MAX).collect();
    Notice { to, case: case.id, number: case.number.clone(), kind: recorded.event.kind().to_owned(), zh, en }
}

fn people(
    world: &World<'_>,
    case: &Case,
    recipients: &[Recipient],
    clock_unit: Option<&UnitId>,
    at: jiff::Timestamp,
) -> BTreeSet<PersonId> {
    recipients.iter().flat_map(|recipient| resolve(world, case, *recipient, clock_unit, at)).collect()
}

fn resolve(
    world: &World<'_>,
    case: &Case,
    recipient: Recipient,
    clock_unit: Option<&UnitId>,
    at: jiff::Timestamp,
) -> Vec<PersonId> {
    let lead = case.lead.as_ref().unwrap_or(&world.policy.dispatch.liaison_office);
    match recipient {
        Recipient::CoUnits => case.co_units.iter().flat_map(|unit| members(world, unit)).collect(),
        Recipient::Handler => match case.handler.as_ref().filter(|person| is_active(world, person)) {
            Some(person) => vec![person.clone()],
            None => members(world, lead),
        },
        Recipient::Leaders => match case.escalation.as_ref().filter(|found| is_active(world, &found.official)) {
            Some(escalation) => vec![escalation.official.clone()],
            None => over(world, lead, recipient, at),
        },
        Recipient::ClockUnit => members(world, clock_unit.unwrap_or(lead)),
        _ => over(world, lead, recipient, at),
    }
}

/// Who is told of something about a unit that is no case: a letter, a bulletin. At most [`PEOPLE_MAX`].
pub fn told_of_unit(
    world: &World<'_>,
    unit: &UnitId,
    recipients: &[Recipient],
    at: jiff::Timestamp,
) -> BTreeSet<PersonId> {
    recipients.iter().flat_map(|recipient| over(world, unit, *recipient, at)).take(PEOPLE_MAX).collect()
}

fn over(world: &World<'_>, unit: &UnitId, recipient: Recipient, at: jiff::Timestamp) -> Vec<PersonId> {
    let organisation = world.organisation;
    match recipient {
        Recipient::LeadUnit | Recipient::CoUnits | Recipient::Handler | Recipient::ClockUnit => members(world, unit),
        Recipient::ParentUnit => {
            let parent = organisation.unit(unit).and_then(|unit| unit.parent.as_ref());
            parent.map(|parent| members(world, parent)).unwrap_or_default()
        }
        Recipient::LiaisonOffice => members(world, &world.policy.dispatch.liaison_office),
        Recipient::Leaders => organisation.leaders_over(unit).iter().map(|person| person.id.clone()).collect(),
        Recipient::Duty => {
            let posts = world.policy.duty_posts.keys();
            let on_duty = posts
                .flat_map(|post| organisation.lineage(unit).flat_map(move |up| organisation.on_duty(post, up, at)));
            on_duty.map(|person| person.id.clone()).collect()
        }
        Recipient::Discipline => {
            organisation.with_role_over(unit, Role::Discipline).iter().map(|person| person.id.clone()).collect()
        }
    }
}

/// Those who handle the unit's cases: neither its partners nor who only administers it.
fn members(world: &World<'_>, unit: &UnitId) -> Vec<PersonId> {
    let people = world.organisation.people_of(unit).into_iter().filter(|person| person.active);
    let handles = |person: &&Person| {
        person.posts.iter().any(|post| post.unit == *unit && !matches!(post.role, Role::Admin | Role::Partner))
    };
    people.filter(handles).map(|person| person.id.clone()).collect()
}

fn is_active(world: &World<'_>, person: &PersonId) -> bool {
    world.organisation.person(person).is_some_and(|person| person.active)
}
