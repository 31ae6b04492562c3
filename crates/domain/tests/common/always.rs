//! What must hold of every case after every step, whatever was done to it.

use std::collections::BTreeMap;

use jiban_domain::{
    case::{Case, State},
    clock::{CancelReason, Clock, ClockEvent, Standing},
    decide::{Decision, World},
    dispatch,
    event::{Event, Recorded},
    figures::{Count, PARTS, facts},
    notice,
    organisation::Role,
    policy::Milestone,
};
use jiff::{Timestamp, ToSpan};

/// Stands in the text and address of every made case, and must never come out in a notice or a refusal.
pub(crate) const PRIVATE: &str = "13800138000";

/// A case with all that ever happened to it.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) case: Case,
    pub(crate) events: Vec<Recorded>,
    clocks: BTreeMap<String, Track>,
}

/// What the events have said of one clock.
#[derive(Debug, Clone)]
struct Track {
    due_at: Timestamp,
    warned: u32,
    levels: u32,
    end: Option<End>,
    settled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Met,
    Breached,
    Cancelled,
}

impl Stream {
    pub(crate) fn begin(world: &World<'_>, first: Decision) -> Self {
        let mut stream = Self { case: first.case.clone(), events: Vec::new(), clocks: BTreeMap::new() };
        stream.take(world, first);
        stream
    }

    /// Takes a decision over, and checks everything.
    pub(crate) fn take(&mut self, world: &World<'_>, decision: Decision) {
        let old = self.events.len();
        self.events.extend(decision.events);
        self.case = decision.case;
        self.the_case_is_the_fold_of_its_events();
        self.no_part_is_more_than_its_whole(world);
        for index in old..self.events.len() {
            let recorded = self.events[index].clone();
            if let Some(before) = index.checked_sub(1).map(|i| self.events[i].at) {
                assert!(before <= recorded.at, "time ran backwards: {before} then {}", recorded.at);
            }
            assert_eq!(recorded.at.as_nanosecond() % 1_000_000, 0, "events keep milliseconds");
            assert_eq!(round_trip(&recorded), recorded, "an event survives JSON");
            if let Event::Clock(event) = &recorded.event {
                self.clock_tells_its_story_once(event, recorded.at);
            }
        }
        assert_eq!(round_trip(&self.case), self.case, "a case survives JSON");
        self.clocks_stand_as_told(world);
        self.somebody_has_it(world);
        self.notices_go_to_active_people(world, old);
    }

    fn the_case_is_the_fold_of_its_events(&self) {
        assert_eq!(Case::fold(&self.events).as_ref(), Some(&self.case), "the case is the fold of its events");
        assert_eq!(self.case.version, self.events.len() as u64, "the version counts the events");
    }

    fn clock_tells_its_story_once(&mut self, event: &ClockEvent, at: Timestamp) {
        let key = event.key().to_owned();
        if let ClockEvent::Started(clock) = event {
            let track = Track { due_at: clock.due_at, warned: 0, levels: 0, end: None, settled: false };
            assert!(clock.due_at >= at, "{key} was late when it started");
            assert!(self.clocks.insert(key.clone(), track).is_none(), "{key} started twice");
            return;
        }
        let track = self.clocks.get_mut(&key).unwrap_or_else(|| panic!("{key} never started"));
        match event {
            ClockEvent::Started(_) => {}
            ClockEvent::Warned { warning, .. } => {
                assert_eq!((track.end, *warning), (None, track.warned + 1), "{key} warns ahead, each share once");
                track.warned += 1;
            }
            ClockEvent::Met { .. } => {
                assert_eq!(track.end.replace(End::Met), None, "{key} ended twice");
                assert!(at <= track.due_at, "{key} was met at {at}, after {}", track.due_at);
            }
            ClockEvent::Breached { level, .. } => {
                assert_eq!(*level, track.levels + 1, "{key}: each level once, in order");
                assert!(at >= track.due_at + 1.millisecond(), "{key} breached at {at}, due {}", track.due_at);
                assert!(!track.settled, "{key} raised a level after it was settled");
                match track.levels {
                    0 => assert_eq!(track.end.replace(End::Breached), None, "{key} ended twice"),
                    _ => assert_eq!(track.end, Some(End::Breached)),
                }
                track.levels += 1;
            }
            ClockEvent::StoppedLate { late_s, .. } => {
                assert_eq!(track.end, Some(End::Breached), "{key} was late without a breach");
                assert!(!std::mem::replace(&mut track.settled, true), "{key} was settled twice");
                let late_ms = at.as_millisecond() - track.due_at.as_millisecond();
                assert!(late_ms > 0 && (late_s - 1) * 1_000 < late_ms && late_ms <= late_s * 1_000, "{key} {late_s} s");
            }
            ClockEvent::Cancelled { why, .. } => match track.end {
                None => track.end = Some(End::Cancelled),
                // A breach stays one; what it waited for fell away.
                Some(End::Breached) => {
                    assert!(!std::mem::replace(&mut track.settled, true), "{key} was settled twice ({why:?})");
                }
                end => panic!("{key} ended as {end:?} and again by {why:?}"),
            },
            ClockEvent::Recomputed { was, due_at, .. } => {
                assert_eq!((track.end, *was), (None, track.due_at), "{key} was recomputed from what it was");
                assert!(*due_at >= at, "{key} was made late by a computation");
                track.due_at = *due_at;
            }
        }
    }

    fn clocks_stand_as_told(&self, world: &World<'_>) {
        assert_eq!(self.case.clocks.len(), self.clocks.len());
        for clock in &self.case.clocks {
            let track = &self.clocks[&clock.key];
            let end = match clock.standing {
                Standing::Running => None,
                Standing::Met { .. } => Some(End::Met),
                Standing::Breached { .. } => Some(End::Breached),
                Standing::Cancelled { .. } => Some(End::Cancelled),
            };
            let told = (track.end, track.due_at, track.warned, track.levels);
            assert_eq!((end, clock.due_at, clock.warned, clock.raised), told, "{}", clock.key);
            let rule = &world.policy.clocks[&clock.rule];
            if !self.case.state.is_open() && rule.stop != Milestone::BadRatingAnswered {
                assert_eq!(clock.next_at(rule), None, "{} goes on in a case that is over", clock.key);
            }
        }
        let waits =
            |clock: &&Clock| matches!(clock.standing, Standing::Running | Standing::Breached { stopped_at: None });
        let waits = self.case.clocks.iter().filter(waits);
        assert_eq!(self.case.next_due(), waits.map(|clock| clock.due_at).min());
    }

    /// Every open case is in the queue of a unit that has people for it. Never nobody.
    fn somebody_has_it(&self, world: &World<'_>) {
        let case = &self.case;
        let found = dispatch::propose(world, case.category.as_ref(), case.place.grid.as_ref());
        for unit in found.co_units.iter().chain([&found.lead]) {
            let unit = world.organisation.unit(unit).unwrap_or_else(|| panic!("proposed {unit}, which is no unit"));
            assert!(unit.active, "proposed {}, which is closed", unit.id);
        }
        assert!(!found.co_units.contains(&found.lead) && !found.because.is_empty());
        if !case.state.is_open() {
            return assert!(case.ended_at.is_some(), "a case that is over ended some time");
        }
        assert_eq!(case.lead.is_none(), case.state == State::Registered, "who leads is known from the dispatch on");
        let unit = case.lead.as_ref().unwrap_or(&world.policy.dispatch.liaison_office);
        let people = world.organisation.people_of(unit);
        let works = |role| !matches!(role, Role::Admin | Role::Partner);
        let works = people.iter().filter(|person| person.posts.iter().any(|post| works(post.role)));
        assert!(works.count() > 0, "{unit} has the case and nobody to handle it");
        assert!(case.involved().contains(unit) || case.lead.is_none());
    }

    fn notices_go_to_active_people(&self, world: &World<'_>, old: usize) {
        for notice in notice::notices(world, &self.case, &self.events[old..]) {
            assert!(!notice.to.is_empty() && notice.to.len() <= notice::PEOPLE_MAX);
            for id in &notice.to {
                let person = world.organisation.person(id).unwrap_or_else(|| panic!("told {id}, who is nobody"));
                assert!(person.active, "told {id}, who has left");
            }
            let said = round_trip(&notice);
            assert_eq!(said, notice);
            assert!(!format!("{said:?}").contains(PRIVATE), "a notice says who asked: {said:?}");
        }
    }

    /// The reasons for which a clock fell away.
    fn no_part_is_more_than_its_whole(&self, world: &World<'_>) {
        let told = facts(&self.case, world.policy, world.calendar.zone());
        for (part, whole) in PARTS {
            let sum = |count| told.iter().map(|fact| fact.counts.of(count)).sum::<i64>();
            let contact_without_clock = part == Count::UnprovenContacts;
            assert!(contact_without_clock || sum(part) <= sum(whole), "{part:?} of {whole:?}: {told:?}");
        }
        let ended = self
            .case
            .clocks
            .iter()
            .filter(|clock| matches!(clock.standing, Standing::Met { .. } | Standing::Breached { .. }))
            .filter(|clock| world.policy.clocks[&clock.rule].stop != Milestone::Performed);
        let due: i64 = told.iter().map(|fact| fact.counts.of(Count::ClocksDue)).sum();
        assert_eq!(
            due,
            ended.count() as i64,
            "every clock that ended is counted once, but for terms that parties keep"
        );
    }

    pub(crate) fn cancelled(&self, key: &str) -> Option<CancelReason> {
        self.events.iter().find_map(|recorded| match &recorded.event {
            Event::Clock(ClockEvent::Cancelled { key: found, why }) if found == key => Some(*why),
            _ => None,
        })
    }
}

pub(crate) fn round_trip<T: serde::Serialize + serde::de::DeserializeOwned>(thing: &T) -> T {
    let text = serde_json::to_string(thing).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {text}"))
}
