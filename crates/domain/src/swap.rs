//! Swaps of duty 换班: somebody on the roster asks another of the same post and unit to take a turn, who agrees or
//! declines.
//!
//! Pure: roster and time are arguments. What is agreed is written into the roster, which alone says who is on duty; a swap
//! must never leave a turn without a holder, nor somebody with two at once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    decide::required,
    ids::{DutySwapId, PersonId},
    organisation::{Draft, Shift, ShiftKey},
    refusal::Refusal,
};

/// Longest reason, characters.
pub const REASON_MAX: usize = 200;

/// Where a swap stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DutySwapState {
    /// The other was asked 待答复.
    Proposed,
    /// The other takes the turn 已同意.
    Agreed,
    /// The other does not 已谢绝.
    Declined,
    /// It was taken back before an answer came 已撤回.
    Withdrawn,
}

impl DutySwapState {
    /// Code as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Agreed => "agreed",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What may be done with a swap that waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DutySwapAnswer {
    /// Whoever was asked takes the turn.
    Agree,
    /// Whoever was asked does not.
    Decline,
    /// Whoever asked takes it back.
    Withdraw,
}

/// A turn that somebody asks another to take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DutySwap {
    /// Its id.
    pub id: DutySwapId,
    /// Which turn; its person is who asks.
    pub shift: ShiftKey,
    /// When the turn ends.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// Who is asked to take it.
    #[schema(value_type = String)]
    pub taker: PersonId,
    /// Why.
    pub reason: String,
    /// Where it stands.
    pub state: DutySwapState,
    /// When it was proposed.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// When it was answered or taken back.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Timestamp>,
}

impl DutySwap {
    /// Somebody asks another to take their turn.
    ///
    /// # Errors
    /// The turn is not on the roster, not theirs or has begun; the other takes no turns at this post, or is on duty then; no
    /// reason, or one that is too long.
    pub fn propose(
        id: DutySwapId,
        (shift, taker): (ShiftKey, PersonId),
        reason: &str,
        (roster, by): (&Draft, &PersonId),
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        if shift.person != *by {
            return Err(Refusal::invalid("shift", "a turn of your own", "应为您本人的班次"));
        }
        let turn = free_to_give(roster, &shift, now)?;
        free_to_take(roster, turn, &taker)?;
        let reason = required("reason", reason, REASON_MAX)?.to_owned();
        let (to, state) = (turn.to, DutySwapState::Proposed);
        Ok(Self { id, shift, to, taker, reason, state, at: now, answered_at: None })
    }

    /// Whether it still waits for an answer that can come in time.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == DutySwapState::Proposed && now < self.shift.from
    }

    /// Whoever was asked agrees: the roster says them from then on.
    ///
    /// # Errors
    /// It is not theirs to say, or was said already; what could be proposed cannot be done any more.
    pub fn agree(&mut self, (roster, by): (&mut Draft, &PersonId), now: Timestamp) -> Result<(), Refusal> {
        self.asked_of(by)?;
        let turn = free_to_give(roster, &self.shift, now)?;
        free_to_take(roster, turn, &self.taker)?;
        roster.give_shift(&self.shift, &self.taker);
        self.end(DutySwapState::Agreed, now);
        Ok(())
    }

    /// Whoever was asked does not take the turn. The roster stays as it is, and is not asked.
    ///
    /// # Errors
    /// It is not theirs to say, or was said already.
    pub fn decline(&mut self, by: &PersonId, now: Timestamp) -> Result<(), Refusal> {
        self.asked_of(by)?;
        self.end(DutySwapState::Declined, now);
        Ok(())
    }

    /// Whoever asked takes it back.
    ///
    /// # Errors
    /// It is not theirs to take back, or was answered already.
    pub fn withdraw(&mut self, by: &PersonId, now: Timestamp) -> Result<(), Refusal> {
        if self.shift.person != *by {
            return Err(Refusal::invalid("swap", "a swap that you proposed", "应为您本人提出的换班"));
        }
        self.waits()?;
        self.end(DutySwapState::Withdrawn, now);
        Ok(())
    }

    fn asked_of(&self, by: &PersonId) -> Result<(), Refusal> {
        if self.taker != *by {
            return Err(Refusal::invalid("swap", "a swap that you were asked for", "应为请您顶替的换班"));
        }
        self.waits()
    }

    fn waits(&self) -> Result<(), Refusal> {
        match self.state {
            DutySwapState::Proposed => Ok(()),
            DutySwapState::Agreed | DutySwapState::Declined | DutySwapState::Withdrawn => {
                Err(Refusal::Already { what: "answered", what_zh: "答复" })
            }
        }
    }

    fn end(&mut self, state: DutySwapState, now: Timestamp) {
        (self.state, self.answered_at) = (state, Some(now));
    }
}

fn free_to_give<'a>(roster: &'a Draft, shift: &ShiftKey, now: Timestamp) -> Result<&'a Shift, Refusal> {
    let en = "a turn on the roster; it may have changed since";
    let turn = roster.shift(shift).ok_or_else(|| Refusal::invalid("shift", en, "值班表上没有此班次，可能已有变动"))?;
    if turn.from <= now {
        return Err(Refusal::TooLate { what: "swapping this turn", what_zh: "换班", due_at: turn.from });
    }
    Ok(turn)
}

fn free_to_take(roster: &Draft, turn: &Shift, taker: &PersonId) -> Result<(), Refusal> {
    let is_there = roster.people.get(taker).is_some_and(|person| person.active);
    if !is_there || *taker == turn.person || !roster.takes_turns(&turn.unit, &turn.post, taker) {
        let en = "another person who takes turns at this post of this unit";
        return Err(Refusal::invalid("taker", en, "应为同单位同岗位的其他值班人员"));
    }
    if roster.is_on_duty_within(taker, turn.from, turn.to) {
        let en = "somebody who is not on duty at that time already";
        return Err(Refusal::invalid("taker", en, "该人员此时段已有班次"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organisation::import;

    const PEOPLE: &str = "code,name,posts,titles,phone,email,active\n\
        a,甲,lh:duty,,,,\nb,乙,lh:duty,,,,\nc,丙,lh:duty,,,,\nd,丁,lh:duty,,,,0\n";
    const ROSTER: &str = "post,unit,person,from,to\n\
        desk,lh,a,2026-06-08 08:00,2026-06-08 20:00\n\
        desk,lh,b,2026-06-08 20:00,2026-06-09 08:00\n\
        desk,lh,d,2026-06-09 08:00,2026-06-09 20:00\n\
        other,lh,c,2026-06-08 08:00,2026-06-08 09:00\n";

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn person(id: &str) -> PersonId {
        id.parse().unwrap()
    }

    fn draft() -> Draft {
        let mut draft = import::units("u", "code,name,name_en,kind,parent,hotline,active\nlh,区,,district,,,\n").draft;
        draft.merge(import::people("p", PEOPLE).draft);
        draft.merge(roster(ROSTER));
        draft
    }

    fn roster(text: &str) -> Draft {
        let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
        let parts = import::roster("r", text, &zone);
        assert!(parts.faults.is_empty(), "{:?}", parts.faults);
        parts.draft
    }

    fn turn(who: &str, from: &str) -> ShiftKey {
        let (unit, post) = ("lh".parse().unwrap(), "desk".parse().unwrap());
        ShiftKey { unit, post, person: person(who), from: time(from) }
    }

    fn propose(draft: &Draft, shift: ShiftKey, taker: &str, by: &str) -> Result<DutySwap, Refusal> {
        let id = DutySwapId(uuid::Uuid::from_u128(1));
        DutySwap::propose(id, (shift, person(taker)), "家中有事", (draft, &person(by)), time("2026-06-07T00:00:00Z"))
    }

    #[test]
    fn an_agreed_swap_is_in_the_roster_and_stays_when_the_same_table_comes_again() {
        let mut draft = draft();
        let own = turn("a", "2026-06-08T00:00:00Z");
        let mut swap = propose(&draft, own.clone(), "b", "a").unwrap();
        let now = time("2026-06-07T01:00:00Z");
        assert!(swap.is_open(now) && !swap.is_open(swap.shift.from));
        assert!(swap.agree((&mut draft, &person("a")), now).is_err(), "not theirs to say");
        swap.agree((&mut draft, &person("b")), now).unwrap();
        assert_eq!(swap.state, DutySwapState::Agreed);
        assert!(swap.decline(&person("b"), now).is_err(), "said already");
        let taken = draft.shift(&turn("b", "2026-06-08T00:00:00Z")).cloned().unwrap();
        assert_eq!((taken.person, taken.instead_of), (person("b"), Some(person("a"))));

        draft.merge(roster(ROSTER));
        assert!(draft.shift(&turn("b", "2026-06-08T00:00:00Z")).is_some() && draft.roster.len() == 4);
        // A table that says somebody new is newer than the swap.
        draft.merge(roster("post,unit,person,from,to\ndesk,lh,c,2026-06-08 08:00,2026-06-08 20:00\n"));
        assert!(draft.shift(&turn("c", "2026-06-08T00:00:00Z")).is_some_and(|turn| turn.instead_of.is_none()));

        // Given back, nothing was swapped.
        let mut draft = self::draft();
        draft.give_shift(&own, &person("b"));
        draft.give_shift(&turn("b", "2026-06-08T00:00:00Z"), &person("a"));
        assert_eq!(draft.shift(&own).unwrap().instead_of, None);
    }

    #[test]
    fn nobody_swaps_a_turn_that_is_not_theirs_has_begun_or_would_be_held_twice() {
        let mut draft = draft();
        let own = || turn("a", "2026-06-08T00:00:00Z");
        let wrong = [
            propose(&draft, own(), "b", "b"),
            propose(&draft, turn("a", "2026-06-08T01:00:00Z"), "b", "a"),
            propose(&draft, own(), "a", "a"),
            propose(&draft, own(), "c", "a"),
            propose(&draft, own(), "d", "a"),
        ];
        assert!(wrong.iter().all(Result::is_err), "{wrong:?}");
        let late = time("2026-06-08T00:00:00Z");
        let id = DutySwapId(uuid::Uuid::from_u128(2));
        let late_one = DutySwap::propose(id, (own(), person("b")), "事", (&draft, &person("a")), late);
        assert!(matches!(late_one, Err(Refusal::TooLate { .. })), "{late_one:?}");

        // The roster changes before the answer: it is told, and nothing is swapped.
        let mut swap = propose(&draft, own(), "b", "a").unwrap();
        draft.merge(roster("post,unit,person,from,to\nother,lh,b,2026-06-08 10:00,2026-06-08 11:00\n"));
        let now = time("2026-06-07T01:00:00Z");
        let refused = swap.agree((&mut draft, &person("b")), now).unwrap_err();
        assert!(refused.zh().contains("已有班次"), "{}", refused.zh());
        assert_eq!(swap.state, DutySwapState::Proposed);
        swap.withdraw(&person("a"), now).unwrap();
        assert_eq!(swap.state, DutySwapState::Withdrawn);
        assert!(draft.shift(&own()).is_some());
    }
}
