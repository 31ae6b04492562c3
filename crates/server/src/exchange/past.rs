//! The past of a record 前史: what it says, as the real commands at the times it says, and clocks swept in between.
//!
//! What the record tells is told by [`Actor::Upstream`]; where it names no class, the program classifies by its own
//! proposal, as itself. A step that the mechanism needs and the record lacks is never made up: a milestone left unsaid is
//! [unrecorded](Told::unrecorded), so no clock judges it and nobody is asked for it; only a text that must be there says
//! 导入记录未载明.

use std::collections::BTreeSet;

use jiban_domain::{
    case::{Case, Proposal},
    command::{self as cmd, Command},
    decide::{Decision, World},
    event::Actor,
    ids::{CategoryId, ClassId},
    refusal::Refusal,
};
use jiff::Timestamp;

use super::{Words, mapping::Field, record::Told};
use crate::desk::{
    identity::Identity,
    records::{step, sweep_to},
};

/// Stands where a text must be and the record has none.
pub const NOT_SAID: &str = "导入记录未载明";
/// Stands beside a class that the program chose because the record names none.
const BY_PROPOSAL: &str = "导入记录未载明类别,按程序建议";
/// Stands beside a dispatch whose time the record does not tell.
const FROM_REGISTRATION: &str = "导入记录未载明分拨时间,自登记起计";

struct Step {
    at: Timestamp,
    by: Actor,
    command: Command,
}

/// Leads from the registration to everything that the record says, and to what fell due up to `until`.
///
/// # Errors
/// A refusal of the domain: the record cannot have happened like this under the policy.
pub fn live(
    world: &World<'_>,
    first: Decision,
    told: &Told,
    reporter: &Identity,
    until: Timestamp,
) -> Result<Decision, Refusal> {
    let mut so_far = first;
    for next in masked(steps(world, &so_far.case, told), reporter) {
        sweep_to(world, &mut so_far, next.at)?;
        step(world, &mut so_far, &next.command, next.by, next.at)?;
    }
    sweep_to(world, &mut so_far, until)?;
    Ok(so_far)
}

fn steps(world: &World<'_>, case: &Case, told: &Told) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut add = |at: Timestamp, by: Actor, command: Option<Command>| {
        steps.extend(command.map(|command| Step { at, by, command }));
    };
    let at = |field| told.at.get(&field).copied();
    let done = told.finished_at();
    let declined = told.texts.get(&Field::Declined);
    let dispatched = at(Field::DispatchedAt).or(done.filter(|_| declined.is_none()).map(|_| case.registered_at));
    let (by, classify) = classify(world, case, told, dispatched.is_some());
    add(case.registered_at, by, classify);
    if let Some(dispatched) = dispatched {
        add(dispatched, Actor::Upstream, Some(dispatch(told)));
    }
    if let Some(reason) = declined {
        let explanation = text(told, Field::Outcome);
        let command = cmd::Decline { reason: reason.clone(), explanation };
        add(done.unwrap_or(case.registered_at), Actor::Upstream, Some(command.into()));
        return steps;
    }
    if let Some(at) = at(Field::ContactedAt) {
        let note = told.texts.get(&Field::ContactNote).cloned().unwrap_or_default();
        add(at, Actor::Upstream, Some(cmd::Contact { reached: true, note }.into()));
    }
    // A unit that finished a case had taken it, whenever that was.
    if let Some(at) = at(Field::AcceptedAt).or(done) {
        add(at, Actor::Upstream, Some(cmd::Accept { handler: None }.into()));
    }
    if let Some(at) = at(Field::VerifiedAt) {
        add(at, Actor::Upstream, Some(cmd::Verify { finding: text(told, Field::Finding) }.into()));
    }
    if let Some(done) = done {
        add(done, Actor::Upstream, Some(cmd::Finish { outcome: text(told, Field::Outcome) }.into()));
        steps.extend(after_finish(told, done));
    }
    steps
}

fn after_finish(told: &Told, done: Timestamp) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut add = |at: Timestamp, command: Command| steps.push(Step { at, by: Actor::Upstream, command });
    let at = |field| told.at.get(&field).copied();
    let words = |field| told.texts.get(&field).cloned().unwrap_or_default();
    if let Some(grade) = told.grade {
        add(at(Field::RatedAt).unwrap_or(done), cmd::Rate { grade, comment: words(Field::GradeComment) }.into());
    }
    if let Some(at) = at(Field::OpinionFiledAt) {
        add(at, cmd::FileOpinion { values: told.opinion.clone() }.into());
    }
    if let Some(at) = at(Field::FollowedUpAt) {
        add(at, follow_up(told).into());
    }
    if let Some(at) = at(Field::ClosedAt) {
        add(at, cmd::Close { note: words(Field::ClosingNote) }.into());
    }
    steps
}

fn follow_up(told: &Told) -> cmd::FollowUp {
    let answer = |field| told.answers.get(&field).copied();
    let (responded, solved, satisfied) = (answer(Field::Responded), answer(Field::Solved), answer(Field::Satisfied));
    // Who answered was reached.
    let answered = responded.or(solved).or(satisfied).is_some();
    let reached = answer(Field::Reached).unwrap_or(answered);
    cmd::FollowUp {
        values: told.follow_up.clone(),
        reached,
        responded,
        solved,
        satisfied,
        unsolved_because: BTreeSet::new(),
        unsatisfied_because: BTreeSet::new(),
    }
}

/// Class and category as the record says; where it says none and the case went further, as the program proposes.
fn classify(world: &World<'_>, case: &Case, told: &Told, needed: bool) -> (Actor, Option<Command>) {
    let said = told.class.is_some() || told.category.is_some() || !told.marks.is_empty();
    if !said && (!needed || case.class.is_some()) {
        return (Actor::System, None);
    }
    let proposal = case.proposal.as_ref();
    let category = told.category.clone().or_else(|| proposal.and_then(|p| p.category.clone()));
    let class = told.class.clone().or_else(|| class_of(world, category.as_ref())).or_else(|| proposed(world, proposal));
    let Some(class) = class else { return (Actor::System, None) };
    if case.class.as_ref() == Some(&class) && case.category == category && case.marks == told.marks {
        return (Actor::System, None);
    }
    let (by, note) = if said { (Actor::Upstream, String::new()) } else { (Actor::System, BY_PROPOSAL.to_owned()) };
    (by, Some(cmd::Classify { class, category, marks: told.marks.clone(), note }.into()))
}

/// The usual class of a category, or of the one above it.
fn class_of(world: &World<'_>, category: Option<&CategoryId>) -> Option<ClassId> {
    world.policy.lineage(category?).find_map(|id| world.policy.categories.get(id)?.class.clone())
}

fn proposed(world: &World<'_>, proposal: Option<&Proposal>) -> Option<ClassId> {
    proposal.and_then(|p| p.class.clone()).or_else(|| Some(world.policy.triage.other_class.clone()))
}

fn dispatch(told: &Told) -> Command {
    let note = if told.at.contains_key(&Field::DispatchedAt) { String::new() } else { FROM_REGISTRATION.to_owned() };
    cmd::Dispatch { lead: told.lead.clone(), co_units: told.co_units.clone(), note }.into()
}

fn text(told: &Told, field: Field) -> String {
    told.texts.get(&field).cloned().unwrap_or_else(|| NOT_SAID.to_owned())
}

/// In the order of time, with who the reporter is masked as in every text that comes in.
fn masked(mut steps: Vec<Step>, reporter: &Identity) -> Vec<Step> {
    steps.sort_by_key(|step| step.at);
    for text in steps.iter_mut().flat_map(|step| step.command.texts_mut()) {
        let (masked, found) = reporter.hide(text);
        if found {
            *text = masked;
        }
    }
    steps
}

/// How many refusals of which kind, for a summary: bounded, since what stands in rows is not.
#[derive(Debug, Clone, Default, serde::Serialize)]
#[serde(transparent)]
pub struct Reasons(Vec<Reason>);

/// One kind of refusal.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Reason {
    /// What it is.
    #[serde(flatten)]
    pub words: Words,
    /// How often.
    pub count: u64,
}

impl Reasons {
    const KINDS_MAX: usize = 60;

    /// Counts one.
    pub fn count(&mut self, kind: &Words) {
        let other = Words::new("other reasons", "其他原因");
        let known = self.0.iter().any(|reason| reason.words == *kind);
        let kind = if known || self.0.len() < Self::KINDS_MAX { kind } else { &other };
        match self.0.iter_mut().find(|reason| reason.words == *kind) {
            Some(reason) => reason.count += 1,
            None => self.0.push(Reason { words: kind.clone(), count: 1 }),
        }
    }

    /// Each kind with its count, in the order they were met.
    pub fn iter(&self) -> impl Iterator<Item = &Reason> {
        self.0.iter()
    }

    /// How often this kind was counted, by its English words.
    pub fn get(&self, kind: &str) -> u64 {
        self.0.iter().find(|reason| reason.words.en == kind).map_or(0, |reason| reason.count)
    }
}
