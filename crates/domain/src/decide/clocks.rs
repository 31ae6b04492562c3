//! What each event does to the clocks of its case.
//!
//! Starts, stops, cancels and recomputes by the policy's clock rules. A clock is only ever judged against its due time
//! here, so that it ends exactly once, the same way on every node.

use crate::{
    calendar::Calendar,
    case::{Case, Term},
    clock::{self, CancelReason, Clock, ClockEvent, RecomputeReason, Standing},
    event::{Actor, Event},
    ids::{ClockId, UnitId},
    policy::{ClockRule, Length, Milestone, Policy},
};

use super::Draft;

impl Draft<'_> {
    /// What the event just recorded does to the clocks.
    pub(super) fn clocks_after_last(&mut self) {
        let Some(event) = self.events.last().map(|recorded| recorded.event.clone()) else { return };
        match &event {
            Event::Registered(_) => self.start_all(Milestone::Registered, self.case.round, None),
            Event::Classified { .. } => self.recompute(RecomputeReason::Reclassified),
            Event::Dispatched { .. } => self.pass(Milestone::Dispatched),
            Event::Accepted { .. } => self.pass(Milestone::Accepted),
            Event::ContactTried { reached: true, .. } | Event::Unreachable { .. } => self.pass(Milestone::Contacted),
            Event::Verified { .. } => self.pass(Milestone::Verified),
            Event::Finished { .. } => {
                self.pass(Milestone::Finished);
                self.cancel(CancelReason::Finished, |rule| {
                    matches!(rule.stop, Milestone::Contacted | Milestone::Verified | Milestone::Accepted)
                });
            }
            Event::OpinionFiled { .. } => self.pass(Milestone::OpinionFiled),
            Event::FollowedUp { again, .. } | Event::Answered { again, .. } => {
                self.pass(Milestone::FollowedUp);
                self.stop_all(Milestone::FollowedUpAgain, |_| true);
                if *again && self.case.state.is_open() {
                    self.start_all(Milestone::AskedAgain, count(&self.case.follow_ups), None);
                }
            }
            Event::Rated { bad, .. } => self.rated(*bad),
            Event::Appealed(_) => self.stop_all(Milestone::BadRatingAnswered, |_| true),
            Event::WhistleBlown(whistle) => {
                for unit in whistle.called.keys() {
                    self.start_all(Milestone::WhistleBlown, whistle.number, Some(unit));
                }
            }
            Event::ReportedIn { whistle, unit, .. } => {
                let number = self.case.whistles.iter().find(|w| w.id == *whistle).map(|w| w.number);
                self.stop_all(Milestone::ReportedIn, |clock| {
                    Some(clock.round) == number && clock.unit.as_ref() == Some(unit)
                });
            }
            Event::WhistleSettled { whistle, .. } => {
                let number = self.case.whistles.iter().find(|w| w.id == *whistle).map(|w| w.number);
                let keys = self.keys(|clock, rule| rule.stop == Milestone::ReportedIn && Some(clock.round) == number);
                self.cancel_keys(&keys, CancelReason::WhistleSettled);
            }
            Event::AgreementSigned(agreement) => {
                let unit = self.case.route.as_ref().and_then(|route| route.unit.clone());
                agreement.terms.iter().for_each(|term| self.start_term(term, unit.as_ref()));
            }
            Event::TermEnded { term, kept: true, .. } => {
                self.stop_all(Milestone::Performed, |clock| clock.round == *term);
            }
            Event::TermEnded { term, kept: false, .. } => {
                let keys = self.keys(|clock, rule| rule.stop == Milestone::Performed && clock.round == *term);
                self.cancel_keys(&keys, CancelReason::TermBroken);
            }
            Event::Rechecked { .. } => self.pass(Milestone::Rechecked),
            Event::Reopened { .. } => {
                self.stop_all(Milestone::BadRatingAnswered, |_| true);
                let stays = [Milestone::WhistleBlown, Milestone::Agreed];
                self.cancel(CancelReason::Reopened, |rule| !stays.contains(&rule.start));
                self.start_round();
            }
            Event::HandedUpstream { .. } | Event::Declined { .. } => self.cancel(CancelReason::CaseEnded, |_| true),
            // A bad grade is to be answered however soon the case is closed; it may come after, too.
            Event::Closed { .. } => {
                self.cancel(CancelReason::CaseEnded, |rule| rule.stop != Milestone::BadRatingAnswered);
            }
            _ => {}
        }
    }

    /// Fires what is due by now: warnings ahead, breaches after, each exactly once.
    pub(super) fn tick(&mut self) {
        let now = self.moment.now;
        for key in self.keys(|clock, _| clock.is_running() || clock.is_overdue()) {
            while let Some(event) = self.due_event(&key, now) {
                self.clock_event(event);
            }
        }
    }

    /// Recomputes running clocks: class, marks or calendar changed. Granted time is kept.
    pub(super) fn recompute(&mut self, why: RecomputeReason) {
        for key in self.keys(|clock, _| clock.is_running()) {
            self.recompute_one(&key, None, why);
        }
    }

    /// Grants an extension to one clock.
    pub(super) fn extend(&mut self, key: &str, granted: Length) {
        self.recompute_one(key, Some(granted), RecomputeReason::Extended);
    }

    fn due_event(&self, key: &str, now: jiff::Timestamp) -> Option<ClockEvent> {
        let (clock, rule) = self.clock(key)?;
        if clock.next_level(rule).is_some_and(|at| at <= now) {
            return Some(ClockEvent::Breached { key: key.to_owned(), level: clock.raised + 1 });
        }
        let warn = clock.next_warning(rule).is_some_and(|at| at <= now);
        warn.then(|| ClockEvent::Warned { key: key.to_owned(), warning: clock.warned + 1 })
    }

    /// A milestone of the handling round: stops what waits for it, starts what begins with it.
    fn pass(&mut self, milestone: Milestone) {
        self.stop_all(milestone, |_| true);
        self.start_all(milestone, self.case.round, None);
    }

    fn rated(&mut self, bad: bool) {
        if bad {
            self.start_all(Milestone::BadlyRated, count(&self.case.ratings), None);
        } else {
            self.cancel(CancelReason::Regraded, |rule| rule.stop == Milestone::BadRatingAnswered);
        }
    }

    fn start_all(&mut self, milestone: Milestone, round: u32, unit: Option<&UnitId>) {
        let policy = self.world.policy;
        for (id, rule) in policy.clocks.iter().filter(|(_, rule)| rule.start == milestone) {
            let key = key(id, round, unit);
            let exists = self.case.clocks.iter().any(|clock| clock.key == key);
            if !exists && runs_for(policy, rule, &self.case) {
                self.start(id, rule, key.clone(), round, unit);
                // The first receiver may have called before the dispatch: done in time, and counted.
                if self.case.milestones.contains_key(&rule.stop) {
                    self.stop(key);
                }
            }
        }
    }

    /// The clocks of a new round of handling: of all that begins with what this round has already, and is still to do.
    fn start_round(&mut self) {
        let (policy, round) = (self.world.policy, self.case.round);
        let reached = |milestone| self.case.milestones.contains_key(&milestone);
        let begins = |rule: &ClockRule| reached(rule.start) && !reached(rule.stop);
        let rules: Vec<_> =
            policy.clocks.iter().filter(|(_, rule)| begins(rule) && runs_for(policy, rule, &self.case)).collect();
        for (id, rule) in rules {
            self.start(id, rule, key(id, round, None), round, None);
        }
    }

    /// The clocks of a term, which says itself by when.
    fn start_term(&mut self, term: &Term, unit: Option<&UnitId>) {
        let policy = self.world.policy;
        for id in policy.clocks.iter().filter(|(_, rule)| rule.start == Milestone::Agreed).map(|(id, _)| id) {
            let key = key(id, term.number, unit);
            self.run(id, Length::Until { day: term.due }, key, term.number, unit);
        }
    }

    fn start(&mut self, id: &ClockId, rule: &ClockRule, key: String, round: u32, unit: Option<&UnitId>) {
        if let Some(length) = length(self.world.policy, rule, &self.case) {
            self.run(id, length, key, round, unit);
        }
    }

    fn run(&mut self, id: &ClockId, length: Length, key: String, round: u32, unit: Option<&UnitId>) {
        let started_at = self.moment.now;
        let (due_at, certain) = clock::due(self.world.calendar, started_at, length, &[]);
        self.clock_event(ClockEvent::Started(Box::new(Clock {
            key,
            rule: id.clone(),
            round,
            unit: unit.cloned(),
            length,
            granted: Vec::new(),
            started_at,
            due_at,
            certain,
            warned: 0,
            raised: 0,
            standing: Standing::Running,
        })));
    }

    fn stop_all(&mut self, milestone: Milestone, fits: impl Fn(&Clock) -> bool) {
        let keys = self
            .keys(|clock, rule| rule.stop == milestone && fits(clock) && (clock.is_running() || clock.is_overdue()));
        for key in keys {
            self.stop(key);
        }
    }

    fn stop(&mut self, key: String) {
        let now = self.moment.now;
        let Some((clock, _)) = self.clock(&key) else { return };
        let (due_at, running) = (clock.due_at, clock.is_running());
        if running && now <= due_at {
            return self.clock_event(ClockEvent::Met { key });
        }
        if running {
            self.clock_event(ClockEvent::Breached { key: key.clone(), level: 1 });
        }
        let late_ms = now.as_millisecond() - due_at.as_millisecond();
        // Seconds begun: what was late is never late by nothing.
        self.clock_event(ClockEvent::StoppedLate { key, late_s: (late_ms + 999) / 1_000 });
    }

    fn cancel(&mut self, why: CancelReason, fits: impl Fn(&ClockRule) -> bool) {
        let keys = self.keys(|_, rule| fits(rule));
        self.cancel_keys(&keys, why);
    }

    fn cancel_keys(&mut self, keys: &[String], why: CancelReason) {
        for key in keys {
            if self.clock(key).is_some_and(|(clock, _)| clock.is_running() || clock.is_overdue()) {
                self.clock_event(ClockEvent::Cancelled { key: key.clone(), why });
            }
        }
    }

    fn recompute_one(&mut self, key: &str, granted: Option<Length>, why: RecomputeReason) {
        let Some((clock, rule)) = self.clock(key) else { return };
        let length = length(self.world.policy, rule, &self.case).unwrap_or(clock.length);
        let all: Vec<Length> = clock.granted.iter().copied().chain(granted).collect();
        let untouched = match why {
            RecomputeReason::Reclassified => length == clock.length,
            RecomputeReason::Calendar => !all.iter().chain([&length]).any(|l| matches!(l, Length::WorkingDays(_))),
            RecomputeReason::Extended => false,
        };
        if untouched {
            return;
        }
        let calendar = self.world.calendar;
        let (mut due_at, certain) = clock::due(calendar, clock.started_at, length, &all);
        if let Some(more) = granted {
            // Time that a fair change of class had left is not taken back by an extension.
            due_at = due_at.max(clock::later(calendar, clock.due_at, more));
        } else if due_at < self.moment.now {
            due_at = fair_due(calendar, clock, length, &all, self.moment.now);
        }
        if due_at == clock.due_at && length == clock.length && certain == clock.certain && granted.is_none() {
            return;
        }
        let event =
            ClockEvent::Recomputed { key: key.to_owned(), length, granted, was: clock.due_at, due_at, certain, why };
        self.clock_event(event);
    }

    fn clock_event(&mut self, event: ClockEvent) {
        self.record(Event::Clock(event), Actor::System);
    }

    fn clock(&self, key: &str) -> Option<(&Clock, &ClockRule)> {
        let clock = self.case.clocks.iter().find(|clock| clock.key == key)?;
        Some((clock, self.world.policy.clocks.get(&clock.rule)?))
    }

    fn keys(&self, fits: impl Fn(&Clock, &ClockRule) -> bool) -> Vec<String> {
        let rules = &self.world.policy.clocks;
        let fits = |clock: &&Clock| rules.get(&clock.rule).is_some_and(|rule| fits(clock, rule));
        self.case.clocks.iter().filter(fits).map(|clock| clock.key.clone()).collect()
    }
}

/// A change of class alone must not make a clock late: it gets its new length from now, but never more than it had.
fn fair_due(
    calendar: &Calendar,
    clock: &Clock,
    length: Length,
    all: &[Length],
    now: jiff::Timestamp,
) -> jiff::Timestamp {
    clock::due(calendar, now, length, all).0.min(clock.due_at)
}

/// Which of several on one case: its number, from 1.
fn count<T>(so_far: &[T]) -> u32 {
    u32::try_from(so_far.len()).unwrap_or(u32::MAX)
}

fn key(id: &ClockId, round: u32, unit: Option<&UnitId>) -> String {
    match unit {
        Some(unit) => format!("{id}.{round}.{unit}"),
        None => format!("{id}.{round}"),
    }
}

/// Whether the rule runs for this case at all. Contact needs somebody to contact, and what a record does not tell cannot
/// be judged.
fn runs_for(policy: &Policy, rule: &ClockRule, case: &Case) -> bool {
    asks_of(policy, rule, case)
        && !case.unrecorded.contains(&rule.stop)
        && (rule.stop != Milestone::Contacted || case.reporter.contactable)
}

/// Whether the rule is for cases of this origin and category.
pub(super) fn asks_of(policy: &Policy, rule: &ClockRule, case: &Case) -> bool {
    let origin = rule.origins.is_empty() || rule.origins.contains(&case.origin);
    let mut lineage = case.category.iter().flat_map(|id| policy.lineage(id));
    origin && (rule.categories.is_empty() || lineage.any(|id| rule.categories.contains(id)))
}

/// Length by mark and class; of a case not yet classed, the shortest: nobody waits because we have not looked.
fn length(policy: &Policy, rule: &ClockRule, case: &Case) -> Option<Length> {
    if let Some(complex) = rule.complex.filter(|_| case.marks.contains(&crate::case::Mark::Complex)) {
        return Some(complex);
    }
    match &case.class {
        Some(class) => rule.length.get(class).copied(),
        None => policy.classes.iter().filter_map(|class| rule.length.get(&class.id)).copied().min_by_key(minutes),
    }
}

fn minutes(length: &Length) -> u64 {
    match length {
        Length::Minutes(n) => u64::from(*n),
        Length::WorkingDays(n) => u64::from(*n) * 24 * 60,
        Length::Until { .. } => u64::MAX,
    }
}
