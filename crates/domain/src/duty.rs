//! Calls to a duty post that nobody answered 值班来电: who is rung, and who next, until somebody takes it.
//!
//! Pure: who is on duty and what time it is are arguments. It must never ring anybody twice for one call, and never end a
//! call that nobody took.

use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    decide::required,
    event::Actor,
    ids::{DutyCallId, PersonId, PostId, UnitId},
    refusal::Refusal,
};

/// Longest note, characters.
pub const NOTE_MAX: usize = 400;

/// Rules of duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct DutyRules {
    /// After so many minutes without an answer the next on duty is rung.
    pub ring_minutes: u32,
    /// A hand-over sheet tells what is due in so many minutes from the end of the turn.
    pub hand_over_minutes: u32,
}

impl Default for DutyRules {
    fn default() -> Self {
        Self { ring_minutes: 2, hand_over_minutes: 12 * 60 }
    }
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DutyCallState {
    /// Somebody is being rung 呼叫中.
    Ringing,
    /// Everybody on duty was rung and nobody took it: leaders were told 无人接听.
    Unanswered,
    /// Somebody took it 已接.
    Taken,
}

impl DutyCallState {
    /// Code as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::Unanswered => "unanswered",
            Self::Taken => "taken",
        }
    }
}

/// That somebody was rung.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DutyRing)]
pub struct Ring {
    /// Whom.
    pub person: PersonId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Whether they could not take it and passed it on 转下一位.
    #[serde(default)]
    pub passed: bool,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DutyCall {
    /// Its id.
    pub id: DutyCallId,
    /// The unit whose phone it was.
    #[schema(value_type = String)]
    pub unit: UnitId,
    /// The post.
    #[schema(value_type = String)]
    pub post: PostId,
    /// What is known of it, personal numbers masked.
    pub note: String,
    /// Where it stands.
    pub state: DutyCallState,
    /// Who was rung, in order.
    pub rung: Vec<Ring>,
    /// When it came in.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who told of it, as an actor.
    pub told_by: String,
    /// Who took it.
    pub taken_by: Option<PersonId>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub taken_at: Option<Timestamp>,
}

/// What came of ringing on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rung {
    /// This person is rung now.
    Next(PersonId),
    /// Nobody is left to ring.
    NobodyLeft,
    /// There is nothing to ring for yet, or any more.
    Nothing,
}

impl DutyCall {
    /// A call comes in. Nobody is rung yet.
    ///
    /// # Errors
    /// The note is too long.
    pub fn begin(
        id: DutyCallId,
        (unit, post): (UnitId, PostId),
        note: &str,
        by: &Actor,
        at: Timestamp,
    ) -> Result<Self, Refusal> {
        let note = if note.trim().is_empty() { "" } else { required("note", note, NOTE_MAX)? };
        Ok(Self {
            id,
            unit,
            post,
            note: note.to_owned(),
            state: DutyCallState::Ringing,
            rung: Vec::new(),
            at,
            told_by: by.to_string(),
            taken_by: None,
            taken_at: None,
        })
    }

    /// When the next one is rung; none where nobody is any more.
    pub fn next_at(&self, rules: DutyRules) -> Option<Timestamp> {
        let wait = i64::from(rules.ring_minutes).minutes();
        let next = |ring: &Ring| match ring.passed {
            true => ring.at,
            false => ring.at.saturating_add(wait).unwrap_or(Timestamp::MAX),
        };
        (self.state == DutyCallState::Ringing).then(|| self.rung.last().map_or(self.at, next))
    }

    /// Rings on, where it is time: the first of those on duty, in their order, who was not rung yet.
    pub fn ring_on(&mut self, on_duty: &[PersonId], rules: DutyRules, now: Timestamp) -> Rung {
        if self.next_at(rules).is_none_or(|at| at > now) {
            return Rung::Nothing;
        }
        let was_rung = |person: &PersonId| self.rung.iter().any(|ring| ring.person == *person);
        match on_duty.iter().find(|person| !was_rung(person)) {
            Some(person) => {
                self.rung.push(Ring { person: person.clone(), at: now, passed: false });
                Rung::Next(person.clone())
            }
            None => {
                self.state = DutyCallState::Unanswered;
                Rung::NobodyLeft
            }
        }
    }

    /// Whoever is being rung cannot take it: the next is rung at once.
    ///
    /// # Errors
    /// Somebody else is being rung, or nobody any more.
    pub fn pass(&mut self, by: &PersonId) -> Result<(), Refusal> {
        let is_ringing = self.state == DutyCallState::Ringing;
        match self.rung.last_mut().filter(|ring| is_ringing && ring.person == *by && !ring.passed) {
            Some(ring) => {
                ring.passed = true;
                Ok(())
            }
            None => Err(Refusal::invalid("call", "a call that rings you", "须是正在呼叫您的来电")),
        }
    }

    /// Somebody takes it. Also late: better than never.
    ///
    /// # Errors
    /// Somebody took it already.
    pub fn take(&mut self, by: &PersonId, now: Timestamp) -> Result<(), Refusal> {
        if self.state == DutyCallState::Taken {
            return Err(Refusal::Already { what: "taken", what_zh: "接听" });
        }
        (self.state, self.taken_by, self.taken_at) = (DutyCallState::Taken, Some(by.clone()), Some(now));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(id: &str) -> PersonId {
        id.parse().unwrap()
    }

    #[test]
    fn a_call_rings_on_in_order_and_nobody_twice_until_somebody_takes_it() {
        let at: Timestamp = "2026-11-26T01:00:00Z".parse().unwrap();
        let later = |minutes: i64| at + minutes.minutes();
        let rules = DutyRules { ring_minutes: 2, ..DutyRules::default() };
        let duty = [person("a"), person("b")];
        let place = || ("lh.dm".parse().unwrap(), "street".parse().unwrap());
        let id = DutyCallId(uuid::Uuid::from_u128(1));
        let mut call = DutyCall::begin(id, place(), "  ", &Actor::System, at).unwrap();
        assert_eq!(call.ring_on(&duty, rules, at), Rung::Next(person("a")));
        assert_eq!(call.ring_on(&duty, rules, later(1)), Rung::Nothing);
        assert_eq!(call.ring_on(&duty, rules, later(2)), Rung::Next(person("b")));
        // The shift changes in between: only who was not rung is rung.
        let changed = [person("b"), person("c")];
        assert_eq!(call.ring_on(&changed, rules, later(4)), Rung::Next(person("c")));
        assert_eq!(call.ring_on(&changed, rules, later(6)), Rung::NobodyLeft);
        assert_eq!((call.state, call.next_at(rules)), (DutyCallState::Unanswered, None));
        call.take(&person("leader"), later(9)).unwrap();
        assert!(call.take(&person("a"), later(10)).is_err());
        let mut taken = DutyCall::begin(id, place(), "催问", &Actor::System, at).unwrap();
        taken.ring_on(&duty, rules, at);
        taken.take(&person("a"), later(1)).unwrap();
        assert_eq!(taken.ring_on(&duty, rules, later(9)), Rung::Nothing);
        let mut passed = DutyCall::begin(id, place(), "", &Actor::System, at).unwrap();
        passed.ring_on(&duty, rules, at);
        assert!(passed.pass(&person("b")).is_err(), "b is not rung");
        passed.pass(&person("a")).unwrap();
        assert!(passed.pass(&person("a")).is_err());
        assert_eq!(passed.ring_on(&duty, rules, later(1)), Rung::Next(person("b")));
        assert!(DutyCall::begin(id, place(), &"长".repeat(401), &Actor::System, at).is_err());
    }
}
