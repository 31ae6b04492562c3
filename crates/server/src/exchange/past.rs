//! The past of a record 前史: what it says, as the real commands at the times it says, and clocks swept in between.
//!
//! What the record tells is told by [`Actor::Upstream`]; where it names no class, the program classifies by its own
//! proposal, as itself. A step that the mechanism needs and the record lacks is never made up: a milestone left unsaid is
//! [unrecorded](Told::unrecorded), so no clock judges it and nobody is asked for it; only a text that must be there says
//! 导入记录未载明.

use jiban_domain::{
    case::{Case, Proposal},
    command::{self as cmd, Command},
    decide::{Decision, World},
    event::Actor,
    ids::{CategoryId, ClassId, RequestId, UnitId},
    refusal::Refusal,
};
use jiff::Timestamp;

use super::{
    Words,
    mapping::Field,
    record::{Told, ToldWhistle},
};
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
    for mut next in masked(steps(world, &so_far.case, told), reporter) {
        sweep_to(world, &mut so_far, next.at)?;
        // What the record began is named by the case only once it has begun.
        if let (Command::DecideAppeal(decide), Some(appeal)) = (&mut next.command, so_far.case.appeals.last()) {
            decide.id = appeal.id;
        }
        let fresh = fresh(&so_far.case, next.at);
        step(world, &mut so_far, &next.command, next.by, next.at, fresh)?;
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
        let at = done.unwrap_or(case.registered_at);
        add(at, Actor::Upstream, Some(command.into()));
        add(at, Actor::Upstream, exclude(told));
        return steps;
    }
    if let Some(at) = at(Field::ContactedAt) {
        let note = told.texts.get(&Field::ContactNote).cloned().unwrap_or_default();
        add(at, Actor::Upstream, Some(cmd::Contact { reached: true, note }.into()));
    }
    // A unit that finished a case had taken it, whenever that was.
    let first_done = at(Field::FirstFinishedAt).or(done);
    if let Some(at) = at(Field::AcceptedAt).or(first_done) {
        add(at, Actor::Upstream, Some(cmd::Accept { handler: None }.into()));
    }
    if let Some(at) = at(Field::VerifiedAt) {
        add(at, Actor::Upstream, Some(cmd::Verify { finding: text(told, Field::Finding) }.into()));
    }
    for whistle in &told.whistles {
        whistle_told(world, case, whistle, done, &mut add);
    }
    let finish = || cmd::Finish { outcome: text(told, Field::Outcome) }.into();
    if let (Some(first), Some(again)) = (at(Field::FirstFinishedAt), at(Field::ReopenedAt)) {
        add(first, Actor::Upstream, Some(finish()));
        add(again, Actor::Upstream, Some(cmd::Reopen { reason: text(told, Field::ReopenReason) }.into()));
    }
    if let Some(done) = done {
        add(done, Actor::Upstream, Some(finish()));
    }
    match done.or(first_done) {
        Some(done) => steps.extend(after_finish(told, done)),
        None => add(case.registered_at, Actor::Upstream, exclude(told)),
    }
    steps
}

/// A whistle with its report-ins and its end. What the record says of it; the place says which community called where the
/// record does not.
fn whistle_told(
    world: &World<'_>,
    case: &Case,
    whistle: &ToldWhistle,
    done: Option<Timestamp>,
    add: &mut impl FnMut(Timestamp, Actor, Option<Command>),
) {
    let of_place = || case.place.grid.as_ref().and_then(|grid| world.organisation.community_of(grid)).cloned();
    let command = cmd::BlowWhistle {
        caller: whistle.caller.clone().or_else(of_place).or_else(|| Some(case.first_receiver.clone())),
        units: whistle.called.iter().map(|(unit, _)| unit.clone()).collect(),
        matter: NOT_SAID.to_owned(),
    };
    add(whistle.at, Actor::Upstream, Some(command.into()));
    let id = whistle_id(case, whistle);
    for (unit, reported) in &whistle.called {
        let command = |unit: &UnitId| cmd::ReportIn { whistle: id, unit: unit.clone(), action: NOT_SAID.to_owned() };
        add(reported.unwrap_or(whistle.at), Actor::Upstream, reported.map(|_| command(unit).into()));
    }
    if let Some(outcome) = &whistle.outcome {
        let command = cmd::SettleWhistle { whistle: id, outcome: outcome.clone(), note: NOT_SAID.to_owned() };
        add(whistle.settled_at.or(done).unwrap_or(whistle.at), Actor::Upstream, Some(command.into()));
    }
}

/// The id that a whistle of a record gets: of the case and the moment, so that what comes after can name it.
fn whistle_id(case: &Case, whistle: &ToldWhistle) -> RequestId {
    fresh(case, whistle.at)
}

/// An id for what a record begins at that moment.
fn fresh(case: &Case, at: Timestamp) -> RequestId {
    let moment = u128::try_from(at.as_millisecond()).unwrap_or_default();
    RequestId(uuid::Uuid::from_u128(case.id.0.as_u128() ^ moment))
}

fn exclude(told: &Told) -> Option<Command> {
    let reason = told.texts.get(&Field::Excluded)?.clone();
    Some(cmd::Exclude { reason: Some(reason), note: NOT_SAID.to_owned() }.into())
}

fn after_finish(told: &Told, done: Timestamp) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut add = |at: Timestamp, command: Command| steps.push(Step { at, by: Actor::Upstream, command });
    let at = |field| told.at.get(&field).copied();
    let words = |field| told.texts.get(&field).cloned().unwrap_or_default();
    if let Some(grade) = told.grade {
        let rated = at(Field::RatedAt).unwrap_or(done);
        add(rated, cmd::Rate { grade, comment: words(Field::GradeComment) }.into());
    }
    if told.appealed() {
        let appealed = at(Field::AppealedAt).or(at(Field::RatedAt)).unwrap_or(done);
        add(appealed, cmd::Appeal { reason: text(told, Field::AppealReason), evidence: Vec::new() }.into());
        let grade = told.grade_after_appeal;
        let decided = at(Field::AppealDecidedAt).or(grade.map(|_| appealed));
        if let Some(decided) = decided {
            let note = text(told, Field::AppealDecision);
            let id = RequestId(uuid::Uuid::nil()); // filled in when it is known
            add(decided, cmd::DecideAppeal { id, upheld: grade.is_some(), grade, note }.into());
        }
    }
    if let Some(at) = at(Field::OpinionFiledAt) {
        add(at, cmd::FileOpinion { values: told.opinion.clone() }.into());
    }
    if let Some(at) = at(Field::FollowedUpAt) {
        add(at, follow_up(told, FIRST).into());
    }
    if let Some(at) = at(Field::SecondFollowedUpAt) {
        add(at, follow_up(told, SECOND).into());
    }
    let over = at(Field::ClosedAt);
    let excluded = exclude(told);
    if let Some(command) = excluded {
        add(over.unwrap_or(done), command);
    }
    if let Some(at) = over {
        add(at, cmd::Close { note: words(Field::ClosingNote) }.into());
    }
    steps
}

/// The fields of one follow-up: reached, responded, solved, satisfied, and the reasons of a 'no'.
type FollowUpFields = [Field; 6];
const FIRST: FollowUpFields = [
    Field::Reached,
    Field::Responded,
    Field::Solved,
    Field::Satisfied,
    Field::UnsolvedBecause,
    Field::UnsatisfiedBecause,
];
const SECOND: FollowUpFields = [
    Field::SecondReached,
    Field::SecondResponded,
    Field::SecondSolved,
    Field::SecondSatisfied,
    Field::SecondUnsolvedBecause,
    Field::SecondUnsatisfiedBecause,
];

fn follow_up(told: &Told, fields: FollowUpFields) -> cmd::FollowUp {
    let [reached, responded, solved, satisfied, unsolved, unsatisfied] = fields;
    let answer = |field| told.answers.get(&field).copied();
    let because = |field| told.reasons.get(&field).cloned().unwrap_or_default();
    let (responded, solved, satisfied) = (answer(responded), answer(solved), answer(satisfied));
    // Who answered was reached.
    let answered = responded.or(solved).or(satisfied).is_some();
    let reached = answer(reached).unwrap_or(answered);
    cmd::FollowUp {
        values: told.follow_up.clone(),
        reached,
        responded,
        solved,
        satisfied,
        unsolved_because: because(unsolved),
        unsatisfied_because: because(unsatisfied),
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
