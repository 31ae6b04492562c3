//! Policy what-if 政策试算: what recorded cases would have come to under another policy, counted up.
//!
//! Each case is replayed twice, under the policy it was born under and under the other one ([`crate::decide::replay`]), so
//! that nothing but the policy makes a difference: not a sweeper that came late, not a calendar that was announced
//! meanwhile. Sums only and a bounded list of examples: any number of cases goes through in the same memory. Nothing here
//! may know who a reporter is, or judge whether a policy is good.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    case::Case,
    clock::{Clock, Standing},
    decide::{Replay, World, replay},
    event::Recorded,
    ids::{CaseId, ClassId, ClockId, UnitId},
    policy::{Milestone, Policy, Recipient},
};

/// Examples kept of clocks that became late, and as many of those that came to be in time.
pub const EXAMPLES_MAX: usize = 200;

/// A count under the policies as they were, and under the other one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WhatIfPair)]
pub struct Pair {
    /// Under the policy that each case was born under.
    pub before: u64,
    /// Under the other policy.
    pub after: u64,
}

/// How clocks ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WhatIfClocks)]
pub struct Clocks {
    /// Clocks that ran.
    pub ran: Pair,
    /// Of these, stopped in time.
    pub met: Pair,
    /// Of these, late.
    pub late: Pair,
    /// Of these, fell away.
    pub cancelled: Pair,
    /// Late under the other policy only.
    pub became_late: u64,
    /// Late as it was, and not under the other policy.
    pub no_longer_late: u64,
}

/// How often somebody was told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WhatIfNotices)]
pub struct Notices {
    /// That a clock is about to run out.
    pub warnings: Pair,
    /// That a clock ran out, each level once.
    pub breaches: Pair,
}

/// What a unit would have had to do with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WhatIfLoad)]
pub struct Load {
    /// Clocks that it answers for.
    pub clocks: Clocks,
    /// Notices to its staff, one for each warning or breach level, however many people.
    pub notices: Notices,
}

/// A clock under one policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WhatIfSide)]
pub struct Side {
    /// When it was due.
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
    /// How it ended, or that it runs.
    pub standing: Standing,
}

/// A clock that was late under one policy and not under the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WhatIfExample)]
pub struct Example {
    /// Case.
    #[schema(value_type = String, format = Uuid)]
    pub case: CaseId,
    /// Its number.
    pub number: String,
    /// Class as last decided.
    pub class: Option<ClassId>,
    /// Clock rule.
    pub rule: ClockId,
    /// Unit that answers for the clock.
    pub unit: UnitId,
    /// As it was; none where the clock did not run.
    pub before: Option<Side>,
    /// Under the other policy; none where the clock would not have run.
    pub after: Option<Side>,
}

/// The count over all cases.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WhatIf {
    /// Cases looked at.
    pub cases: u64,
    /// Cases left out because the other policy lacks these classes; a case with two of them counts for both.
    pub unknown_classes: BTreeMap<ClassId, u64>,
    /// Cases left out for this.
    pub not_judged: u64,
    /// Cases whose events cannot be replayed.
    pub not_readable: u64,
    /// Compared cases of which the record itself does not say the same late clocks as the replay under their own policy:
    /// the calendar or the program changed since.
    pub unlike_record: u64,
    /// Compared cases with at least one late clock.
    pub late_cases: Pair,
    /// Compared cases of which at least one clock is late under one policy only.
    pub changed_cases: u64,
    /// All clocks.
    pub all: Clocks,
    /// By clock rule.
    pub rules: BTreeMap<ClockId, Clocks>,
    /// By class as last decided.
    pub classes: BTreeMap<Option<ClassId>, Clocks>,
    /// By unit.
    pub units: BTreeMap<UnitId, Load>,
    /// By whom the policy tells.
    pub told: BTreeMap<Recipient, Notices>,
    /// Clocks that became late, the first [`EXAMPLES_MAX`].
    pub became_late: Vec<Example>,
    /// Clocks that are no longer late, the first [`EXAMPLES_MAX`].
    pub no_longer_late: Vec<Example>,
}

impl WhatIf {
    /// Counts one case. `own` is the world with the policy it was born under, `other` the same world with the other one;
    /// `until` is up to when time is let pass. `shown`: whether it may stand among the examples.
    pub fn add(
        &mut self,
        own: &World<'_>,
        other: &World<'_>,
        events: &[Recorded],
        until: Timestamp,
        shown: impl FnOnce(&Case) -> bool,
    ) {
        self.cases += 1;
        let replays = replay(own, own.policy, events, until).zip(replay(other, own.policy, events, until));
        let Some((before, after)) = replays else {
            self.not_readable += 1;
            return;
        };
        if !after.unknown_classes.is_empty() {
            self.not_judged += 1;
            for class in after.unknown_classes {
                *self.unknown_classes.entry(class).or_default() += 1;
            }
            return;
        }
        // What ran out since the record's last event nobody has judged yet.
        let unlike = |recorded: Case| late(&recorded, recorded.changed_at) != late(&before.case, recorded.changed_at);
        self.unlike_record += u64::from(Case::fold(events).is_none_or(unlike));
        self.compare(own.policy, other.policy, &before.case, &after.case, shown);
        self.hear(&before, |pair| &mut pair.before);
        self.hear(&after, |pair| &mut pair.after);
    }

    fn compare(
        &mut self,
        own: &Policy,
        other: &Policy,
        before: &Case,
        after: &Case,
        shown: impl FnOnce(&Case) -> bool,
    ) {
        let mut pairs: BTreeMap<&str, (Option<&Clock>, Option<&Clock>)> = BTreeMap::new();
        for clock in &before.clocks {
            pairs.entry(&clock.key).or_default().0 = Some(clock);
        }
        for clock in &after.clocks {
            pairs.entry(&clock.key).or_default().1 = Some(clock);
        }
        let mut changed = Vec::new();
        for (was, would) in pairs.into_values() {
            let clocks = was.map(|clock| (clock, own)).or(would.map(|clock| (clock, other)));
            let Some((clock, policy)) = clocks else { continue };
            let unit = answerable(policy, before, clock);
            let ended = [
                &mut self.all,
                self.rules.entry(clock.rule.clone()).or_default(),
                self.classes.entry(before.class.clone()).or_default(),
                &mut self.units.entry(unit.clone()).or_default().clocks,
            ];
            ended.into_iter().for_each(|clocks| clocks.add(was, would));
            if was.is_some_and(is_late) != would.is_some_and(is_late) {
                changed.push((clock, unit, was, would));
            }
        }
        self.late_cases.before += u64::from(before.clocks.iter().any(is_late));
        self.late_cases.after += u64::from(after.clocks.iter().any(is_late));
        if changed.is_empty() {
            return;
        }
        self.changed_cases += 1;
        let full = |examples: &Vec<Example>| examples.len() >= EXAMPLES_MAX;
        if (full(&self.became_late) && full(&self.no_longer_late)) || !shown(before) {
            return;
        }
        for (clock, unit, was, would) in changed {
            let examples = if would.is_some_and(is_late) { &mut self.became_late } else { &mut self.no_longer_late };
            if !full(examples) {
                examples.push(Example {
                    case: before.id,
                    number: before.number.clone(),
                    class: before.class.clone(),
                    rule: clock.rule.clone(),
                    unit: unit.clone(),
                    before: was.map(Side::from),
                    after: would.map(Side::from),
                });
            }
        }
    }

    fn hear(&mut self, replay: &Replay, side: impl Fn(&mut Pair) -> &mut u64) {
        for told in &replay.told {
            let count = |notices: &mut Notices| {
                let pair = if told.level.is_some() { &mut notices.breaches } else { &mut notices.warnings };
                *side(pair) += 1;
            };
            told.units.iter().for_each(|unit| count(&mut self.units.entry(unit.clone()).or_default().notices));
            told.to.iter().for_each(|recipient| count(self.told.entry(*recipient).or_default()));
        }
    }
}

impl Clocks {
    fn add(&mut self, was: Option<&Clock>, would: Option<&Clock>) {
        let mut count = |clock: Option<&Clock>, side: fn(&mut Pair) -> &mut u64| {
            let Some(clock) = clock else { return };
            *side(&mut self.ran) += 1;
            match clock.standing {
                Standing::Running => {}
                Standing::Met { .. } => *side(&mut self.met) += 1,
                Standing::Breached { .. } => *side(&mut self.late) += 1,
                Standing::Cancelled { .. } => *side(&mut self.cancelled) += 1,
            }
        };
        count(was, |pair| &mut pair.before);
        count(would, |pair| &mut pair.after);
        match (was.is_some_and(is_late), would.is_some_and(is_late)) {
            (false, true) => self.became_late += 1,
            (true, false) => self.no_longer_late += 1,
            _ => {}
        }
    }
}

impl From<&Clock> for Side {
    fn from(clock: &Clock) -> Self {
        Self { due_at: clock.due_at, standing: clock.standing.clone() }
    }
}

fn is_late(clock: &Clock) -> bool {
    matches!(clock.standing, Standing::Breached { .. })
}

/// Keys of the clocks that had run out by then.
fn late(case: &Case, by: Timestamp) -> Vec<&str> {
    let late = case.clocks.iter().filter(|clock| is_late(clock) && clock.due_at < by);
    late.map(|clock| clock.key.as_str()).collect()
}

/// The unit that answers for a clock: the one it runs for; for what ends with the dispatch, the liaison office; else who
/// leads at last.
fn answerable<'a>(policy: &'a Policy, case: &'a Case, clock: &'a Clock) -> &'a UnitId {
    let liaison = &policy.dispatch.liaison_office;
    let until_dispatch = policy.clocks.get(&clock.rule).is_some_and(|rule| rule.stop == Milestone::Dispatched);
    clock.unit.as_ref().or(case.lead.as_ref().filter(|_| !until_dispatch)).unwrap_or(liaison)
}
