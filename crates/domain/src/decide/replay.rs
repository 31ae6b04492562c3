//! Replaying a case under a policy 试算: what its clocks would have done, had this policy been in force from its first event.
//!
//! What people did stays as it was recorded, act by act and minute by minute; only what the program makes of it is made
//! anew: clocks, which attempts at contact count, which grade is bad, whether an extension may be had. People would have
//! acted otherwise had they been warned otherwise: a replay tells what the same work would have been measured as, and
//! must never be taken for more. Nothing is written here, and no code that the policy lacks may make it fail.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Draft, Moment, World};
use crate::{
    case::Case,
    clock::ClockEvent,
    event::{Actor, Event, Recorded},
    ids::{ClassId, RequestId, UnitId},
    notice,
    policy::{Policy, Recipient},
};

/// What a case would have come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// The case with its clocks, as it would stand at the end. Its version counts other events than the stored one's.
    pub case: Case,
    /// Every warning and every breach level, in order.
    pub told: Vec<Told>,
    /// Classes that people gave the case and that the policy does not have, so that no length fits.
    pub unknown_classes: BTreeSet<ClassId>,
}

/// A warning or a breach level, and whom it would have told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Key of the clock.
    pub clock: String,
    /// Breach level from 1; none for a warning.
    pub level: Option<u32>,
    /// By the policy.
    pub to: BTreeSet<Recipient>,
    /// The units whose staff are among them, as the case stood then.
    pub units: BTreeSet<UnitId>,
}

/// Replays the events of a case under the world's policy up to `until`, as if its clocks had been looked at whenever
/// something was due. `born` is the policy under which the events were recorded. None where there is no registration to
/// begin with.
pub fn replay(world: &World<'_>, born: &Policy, recorded: &[Recorded], until: Timestamp) -> Option<Replay> {
    let (first, rest) = recorded.split_first()?;
    let mut run = Run::begin(world, born, first)?;
    for recorded in rest {
        run.pass_time(recorded.at);
        run.happen(recorded);
    }
    run.pass_time(until);
    Some(Replay { case: run.draft.case, told: run.told, unknown_classes: run.unknown_classes })
}

/// A replay on its way.
struct Run<'a> {
    /// What happens at one moment after the other; its events are of the last moment only.
    draft: Draft<'a>,
    /// Whether grades mean the same under both policies, so that the world's may say which are bad.
    same_grades: bool,
    told: Vec<Told>,
    unknown_classes: BTreeSet<ClassId>,
    /// Extensions that the policy would have refused.
    refused: BTreeSet<RequestId>,
}

impl<'a> Run<'a> {
    fn begin(world: &'a World<'a>, born: &Policy, first: &Recorded) -> Option<Self> {
        let case = Case::born(first)?;
        let moment = Moment { by: first.by.clone(), now: first.at, fresh: RequestId(case.id.0) };
        let mut run = Self {
            draft: Draft { world, moment, case, events: vec![first.clone()] },
            same_grades: born.closing.grades == world.policy.closing.grades,
            told: Vec::new(),
            unknown_classes: BTreeSet::new(),
            refused: BTreeSet::new(),
        };
        run.draft.clocks_after_last();
        run.note_down();
        Some(run)
    }

    /// Lets everything that is due up to then happen, each thing at its moment.
    fn pass_time(&mut self, until: Timestamp) {
        let rules = &self.draft.world.policy.clocks;
        while self.draft.moment.now < until {
            let clocks = &self.draft.case.clocks;
            let due = clocks.iter().filter_map(|clock| clock.next_at(rules.get(&clock.rule)?)).min();
            let Some(due) = due.filter(|due| *due <= until) else { break };
            self.come(due, &Actor::System);
            self.draft.tick();
            self.note_down();
        }
        self.come(until, &Actor::System);
    }

    /// The moment of what comes next. Time never runs backwards.
    fn come(&mut self, at: Timestamp, by: &Actor) {
        self.draft.moment.now = self.draft.moment.now.max(at);
        self.draft.moment.by.clone_from(by);
    }

    /// Does what was done.
    fn happen(&mut self, recorded: &Recorded) {
        self.come(recorded.at, &recorded.by);
        let draft = &mut self.draft;
        match &recorded.event {
            // The program's own doing: it is done anew.
            Event::Clock(_) | Event::Unreachable { .. } => {}
            Event::ContactTried { reached, note, .. } => draft.tried(*reached, note.clone()),
            Event::Rated { grade, comment, .. } if self.same_grades => {
                draft.push(draft.rated_as(*grade, comment.clone()));
            }
            Event::ExtensionRequested(asked) => {
                let clock = draft.case.clocks.iter().find(|clock| clock.key == asked.clock);
                if clock.is_none_or(|clock| draft.may_extend(clock, asked.length).is_err()) {
                    self.refused.insert(asked.id);
                }
                draft.push(recorded.event.clone());
            }
            Event::ExtensionDecided { id, granted: true, .. } => {
                draft.push(recorded.event.clone());
                let asked = draft.case.extensions.iter().find(|asked| asked.id == *id).cloned();
                let runs = |key: &str| draft.case.clocks.iter().any(|clock| clock.key == key && clock.is_running());
                if let Some(asked) = asked.filter(|asked| !self.refused.contains(id) && runs(&asked.clock)) {
                    draft.extend(&asked.clock, asked.length);
                }
            }
            event => {
                if let Event::Classified { class, .. } = event
                    && draft.world.policy.class(class).is_none()
                {
                    self.unknown_classes.insert(class.clone());
                }
                draft.push(event.clone());
            }
        }
        self.note_down();
    }

    /// Notes down whom the clocks told at this moment.
    fn note_down(&mut self) {
        for recorded in std::mem::take(&mut self.draft.events) {
            if let Event::Clock(event) = &recorded.event {
                self.told.extend(tells(self.draft.world, &self.draft.case, event));
            }
        }
    }
}

fn tells(world: &World<'_>, case: &Case, event: &ClockEvent) -> Option<Told> {
    let level = match event {
        ClockEvent::Warned { .. } => None,
        ClockEvent::Breached { level, .. } => Some(*level),
        _ => return None,
    };
    let clock = case.clocks.iter().find(|clock| clock.key == event.key())?;
    let to: BTreeSet<Recipient> = notice::recipients(world.policy, case, event).iter().copied().collect();
    let units = to.iter().flat_map(|recipient| notice::units(world, case, *recipient, clock.unit.as_ref()));
    Some(Told { clock: clock.key.clone(), level, units: units.cloned().collect(), to })
}
