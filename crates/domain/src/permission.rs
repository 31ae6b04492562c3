//! Who may see and do what 权限: one function over the organisation tree.
//!
//! A person's reach is the units of their posts with all below them; a case belongs to every unit involved in it. All
//! reading goes by [`reach`], all acting by [`may`]. Nothing else in the program may decide such a question.

use std::collections::BTreeSet;

use crate::{
    case::Case,
    command::Act,
    event::Actor,
    ids::{PersonId, UnitId},
    organisation::{Organisation, Person, Post, Role, UnitKind},
    refusal::Refusal,
};

/// Standing towards a case that an act asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Liaison office 信联办 over the case.
    Liaison,
    /// Leader over the case.
    Leader,
    /// Duty officer over the case.
    Duty,
    /// Member of the lead unit, or of the community over a leading grid.
    Lead,
    /// Member of the lead unit or of a co-unit.
    Handling,
    /// Member of the unit that took it first, as long as nobody has accepted it.
    FirstReceiver,
    /// Community over the case.
    Community,
    /// Member of a unit called by a whistle.
    Called,
    /// Member of the grid of the place, or of the community over it.
    Place,
    /// Member of the unit that mediates or gives legal aid.
    Mediator,
    /// The named lead official.
    Official,
    /// A leader over the case, while it waits for a follow-up for which it was drawn 第三人回访.
    ThirdPerson,
    /// The reporter, by number and tracking code.
    Reporter,
    /// The program itself.
    System,
    /// The upstream platform.
    Upstream,
}

use Standing as S;

const fn needed(act: Act) -> &'static [Standing] {
    match act {
        Act::Classify | Act::Dispatch => &[S::Liaison, S::Duty, S::System],
        Act::Correct | Act::MarkRepeat | Act::Link => &[S::Liaison, S::Duty, S::Lead],
        Act::Accept | Act::Return | Act::RequestExtension | Act::Finish | Act::Appeal => &[S::Lead],
        Act::DecideReturn | Act::Escalate | Act::Reopen => &[S::Liaison, S::Leader],
        Act::Contact | Act::Verify => &[S::Handling, S::FirstReceiver, S::Duty, S::Liaison],
        Act::RouteTo => &[S::Handling, S::Liaison],
        Act::Note => {
            &[S::Handling, S::FirstReceiver, S::Duty, S::Liaison, S::Leader, S::Called, S::Mediator, S::System]
        }
        Act::Attach => {
            &[S::Handling, S::FirstReceiver, S::Duty, S::Liaison, S::Called, S::Mediator, S::Reporter, S::System]
        }
        Act::Settle => &[S::FirstReceiver],
        Act::AssignTeam => &[S::Liaison, S::Leader, S::Lead],
        Act::DecideExtension
        | Act::SettleWhistle
        | Act::DecideAppeal
        | Act::HandUpstream
        | Act::Decline
        | Act::Exclude => &[S::Liaison],
        Act::OfficialAct => &[S::Official],
        Act::BlowWhistle => &[S::Community],
        Act::ReportIn => &[S::Called],
        Act::Recheck => &[S::Place, S::Handling, S::Liaison],
        Act::FileOpinion => &[S::Lead],
        Act::FileForm | Act::HoldSession | Act::SignAgreement | Act::EndTerm => &[S::Handling, S::Liaison, S::Mediator],
        Act::FollowUp => &[S::Lead, S::Liaison, S::ThirdPerson],
        Act::Close => &[S::Lead, S::Liaison, S::System],
        Act::Rate => &[S::Reporter, S::Upstream],
        Act::Answer | Act::Dispute => &[S::Reporter],
        Act::RevealIdentity => &[S::Handling, S::FirstReceiver, S::Duty, S::Liaison, S::ThirdPerson, S::Mediator],
        Act::Tick | Act::Recalendar => &[S::System],
    }
}

/// What a record of another platform may tell of a case's handling there, until somebody here has taken the case.
const fn is_told_by_records(act: Act) -> bool {
    matches!(
        act,
        Act::Classify
            | Act::Dispatch
            | Act::Accept
            | Act::Contact
            | Act::Verify
            | Act::Finish
            | Act::FileOpinion
            | Act::FollowUp
            | Act::Appeal
            | Act::DecideAppeal
            | Act::Exclude
            | Act::MarkRepeat
            | Act::BlowWhistle
            | Act::ReportIn
            | Act::SettleWhistle
            | Act::Reopen
            | Act::Decline
            | Act::Close
    )
}

const fn en(standing: Standing) -> &'static str {
    match standing {
        S::Liaison => "the liaison office",
        S::Leader => "a leader over the case",
        S::Duty => "the duty officer",
        S::Lead => "the lead unit",
        S::Handling => "the lead unit or a co-unit",
        S::FirstReceiver => "the unit that took it first",
        S::Community => "the community",
        S::Called => "a called unit",
        S::Place => "the grid of the place",
        S::Mediator => "the mediating unit",
        S::Official => "the lead official",
        S::ThirdPerson => "a leader, where it is drawn for a third person",
        S::Reporter => "the reporter",
        S::System => "the program itself",
        S::Upstream => "the upstream platform",
    }
}

const fn zh(standing: Standing) -> &'static str {
    match standing {
        S::Liaison => "信联办",
        S::Leader => "分管领导",
        S::Duty => "值班员",
        S::Lead => "首办单位",
        S::Handling => "首办或会办单位",
        S::FirstReceiver => "首问单位",
        S::Community => "所属社区",
        S::Called => "被吹哨单位",
        S::Place => "所在网格",
        S::Mediator => "调解或法律援助单位",
        S::Official => "包案领导",
        S::ThirdPerson => "抽中第三人回访时的领导",
        S::Reporter => "诉求人本人",
        S::System => "系统",
        S::Upstream => "上级平台",
    }
}

/// Who may do this act, as a sentence for people: `(English, Chinese)`.
pub fn who_may(act: Act) -> (String, String) {
    let standings = needed(act);
    (
        standings.iter().map(|s| en(*s)).collect::<Vec<_>>().join(", "),
        standings.iter().map(|s| zh(*s)).collect::<Vec<_>>().join("、"),
    )
}

/// Whether the actor may do the act on the case.
///
/// # Errors
/// [`Refusal::NotAllowed`], saying who may.
pub fn may(organisation: &Organisation, actor: &Actor, act: Act, case: &Case) -> Result<(), Refusal> {
    let refused = |needs, needs_zh| Refusal::NotAllowed { act, needs, needs_zh };
    let stands = match actor {
        Actor::Reporter => needed(act).contains(&S::Reporter),
        Actor::System => needed(act).contains(&S::System),
        Actor::Upstream => needed(act).contains(&S::Upstream) || (is_told_by_records(act) && case.handler.is_none()),
        Actor::Person(id) => {
            let Some(person) = active(organisation, id) else {
                return Err(refused("this account is not active", "账号已停用"));
            };
            if act == Act::RevealIdentity && is_complained_about(organisation, person, case) {
                return Err(refused("a unit never sees who complained about it", "被反映单位不得查看诉求人身份"));
            }
            if act == Act::FollowUp && case.sampled && is_partial(organisation, person, case) {
                return Err(refused(
                    "this follow-up was drawn for a third person: neither the lead unit nor the handler may make it",
                    "本件抽中第三人回访，首办单位和经办人不得回访",
                ));
            }
            needed(act).iter().any(|standing| holds(organisation, person, *standing, case))
        }
    };
    if stands { Ok(()) } else { Err(refused(en_list(act), zh_list(act))) }
}

/// The units whose cases, with all below them, the actor may read. Empty: none.
///
/// Units inside other units of the answer are left out, so that a query over it meets each case once a unit.
pub fn reach(organisation: &Organisation, actor: &Actor) -> BTreeSet<UnitId> {
    let Actor::Person(id) = actor else { return BTreeSet::new() };
    let Some(person) = active(organisation, id) else { return BTreeSet::new() };
    let units: BTreeSet<UnitId> =
        person.posts.iter().filter(|post| reads(post.role)).map(|post| reach_of(organisation, post).clone()).collect();
    units
        .iter()
        .filter(|unit| !units.iter().any(|other| other != *unit && organisation.is_within(unit, other)))
        .cloned()
        .collect()
}

/// Whether the actor may read the case.
pub fn sees(organisation: &Organisation, actor: &Actor, case: &Case) -> bool {
    match actor {
        Actor::System | Actor::Upstream => true,
        Actor::Reporter => false,
        Actor::Person(_) => {
            let reach = reach(organisation, actor);
            case.involved().iter().any(|unit| reach.iter().any(|top| organisation.is_within(unit, top)))
                || is_official(actor, case)
        }
    }
}

/// Whether the person holds this role anywhere, and where.
pub fn holds_role<'a>(
    organisation: &'a Organisation,
    actor: &Actor,
    role: Role,
) -> impl Iterator<Item = &'a UnitId> + use<'a> {
    let person = match actor {
        Actor::Person(id) => active(organisation, id),
        _ => None,
    };
    person.into_iter().flat_map(|p| &p.posts).filter(move |post| post.role == role).map(|post| &post.unit)
}

/// The unit for which a person takes a case: the unit of the first post that handles cases.
pub fn home_unit<'a>(organisation: &'a Organisation, id: &PersonId) -> Option<&'a UnitId> {
    active(organisation, id)?.posts.iter().find(|post| post.role != Role::Admin).map(|post| &post.unit)
}

fn active<'a>(organisation: &'a Organisation, id: &PersonId) -> Option<&'a Person> {
    organisation.person(id).filter(|person| person.active)
}

/// Partners have a small door of their own; what residents told a grid is not theirs to read.
const fn reads(role: Role) -> bool {
    !matches!(role, Role::Admin | Role::Partner)
}

/// The unit over which a post reaches: liaison and discipline offices look over the unit they serve.
fn reach_of<'a>(organisation: &'a Organisation, post: &'a Post) -> &'a UnitId {
    let unit = organisation.unit(&post.unit);
    let serves = matches!(post.role, Role::Liaison | Role::Discipline);
    match unit {
        Some(unit) if serves && matches!(unit.kind, UnitKind::Liaison | UnitKind::Discipline) => {
            unit.parent.as_ref().unwrap_or(&post.unit)
        }
        _ => &post.unit,
    }
}

fn is_official(actor: &Actor, case: &Case) -> bool {
    match (actor, &case.escalation) {
        (Actor::Person(id), Some(escalation)) => escalation.official == *id,
        _ => false,
    }
}

/// Whether the person would grade their own work: a member of the lead unit, or the handler.
fn is_partial(organisation: &Organisation, person: &Person, case: &Case) -> bool {
    let leads = case.lead.as_ref().is_some_and(|unit| works_for(organisation, person, unit));
    leads || case.handler.as_ref() == Some(&person.id)
}

fn is_complained_about(organisation: &Organisation, person: &Person, case: &Case) -> bool {
    case.complained_about
        .as_ref()
        .is_some_and(|unit| person.posts.iter().any(|p| organisation.is_within(&p.unit, unit)))
}

fn holds(organisation: &Organisation, person: &Person, standing: Standing, case: &Case) -> bool {
    let over_case = |role: Role| {
        person.posts.iter().filter(|post| post.role == role).any(|post| {
            let top = reach_of(organisation, post);
            case.involved().iter().any(|unit| organisation.is_within(unit, top))
        })
    };
    match standing {
        S::Liaison => over_case(Role::Liaison),
        S::Leader => over_case(Role::Leader),
        S::Duty => over_case(Role::Duty),
        S::Community => over_case(Role::Community),
        S::Lead => case.lead.as_ref().is_some_and(|unit| works_for(organisation, person, unit)),
        S::Handling => case.lead.iter().chain(&case.co_units).any(|unit| works_for(organisation, person, unit)),
        S::FirstReceiver => {
            !case.milestones.contains_key(&crate::policy::Milestone::Accepted)
                && works_for(organisation, person, &case.first_receiver)
        }
        S::Called => case
            .whistles
            .iter()
            .flat_map(|whistle| whistle.called.keys())
            .any(|unit| works_for(organisation, person, unit)),
        S::Place => case.place.grid.as_ref().is_some_and(|grid| works_for(organisation, person, grid)),
        S::ThirdPerson => case.sampled && case.awaits_follow_up() && over_case(Role::Leader),
        S::Mediator => {
            let unit = case.route.as_ref().and_then(|routed| routed.unit.as_ref());
            unit.is_some_and(|unit| works_for(organisation, person, unit))
        }
        S::Official => is_official(&Actor::Person(person.id.clone()), case),
        S::Reporter | S::System | S::Upstream => false,
    }
}

/// Whether the person handles cases for this unit: a post in it, or in the community over a grid.
pub fn works_for(organisation: &Organisation, person: &Person, unit: &UnitId) -> bool {
    person.posts.iter().any(|post| match post.role {
        Role::Admin | Role::Partner => false,
        Role::Community => post.unit == *unit || organisation.community_of(unit) == Some(&post.unit),
        Role::GridWorker | Role::Staff | Role::Liaison | Role::Duty | Role::Leader | Role::Discipline => {
            post.unit == *unit
        }
    })
}

fn en_list(act: Act) -> &'static str {
    match needed(act) {
        [S::Liaison] => "only the liaison office may",
        [S::Lead] => "only the lead unit may",
        [S::FirstReceiver] => "only the unit that found it may, until another has accepted it",
        [S::Community] => "only the community of the place may",
        [S::Called] => "only a unit called by the whistle may",
        [S::Official] => "only the lead official of the case may",
        [S::Reporter] | [S::Reporter, S::Upstream] => "only the reporter may",
        [S::System] => "only the program itself may",
        [S::Liaison, S::Leader] => "only the liaison office or a leader may",
        [S::Liaison, S::Duty, S::System] => "only the liaison office or the duty officer may",
        _ => "only a unit that handles the case, or the liaison office, may",
    }
}

fn zh_list(act: Act) -> &'static str {
    match needed(act) {
        [S::Liaison] => "须由信联办办理",
        [S::Lead] => "须由首办单位办理",
        [S::FirstReceiver] => "须由发现单位在其他单位签收前办理",
        [S::Community] => "须由所属社区发起",
        [S::Called] => "须由被吹哨单位办理",
        [S::Official] => "须由本件包案领导办理",
        [S::Reporter] | [S::Reporter, S::Upstream] => "须由诉求人本人办理",
        [S::System] => "由系统自动执行",
        [S::Liaison, S::Leader] => "须由信联办或分管领导办理",
        [S::Liaison, S::Duty, S::System] => "须由信联办或值班员办理",
        _ => "须由办理单位或信联办办理",
    }
}
