//! Hand-over sheets 交接班记录: at the end of a turn who goes tells what is open, and who comes signs that they know.
//!
//! Pure: what is open is an argument, taken down as it stood. A sheet must never change once it is signed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    decide::required,
    ids::{HandOverId, PersonId, PostId, UnitId},
    organisation::{Draft, Shift, ShiftKey},
    refusal::Refusal,
};

/// Longest note, characters.
pub const NOTE_MAX: usize = 2_000;
/// Most entries of each kind on a sheet; that there are more is said.
pub const OPEN_MAX: usize = 50;

/// A case on a sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = HandOverCase)]
pub struct OpenCase {
    /// Its number.
    pub number: String,
    /// Its title, personal numbers masked.
    pub title: String,
    /// When something is next due.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Timestamp>,
}

/// A call on a sheet that nobody took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = HandOverCall)]
pub struct OpenCall {
    /// When it came in.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The post that it was for.
    #[schema(value_type = String)]
    pub post: PostId,
    /// What is known of it, masked.
    pub note: String,
}

/// What is open at the end of a turn.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = HandOverOpen)]
pub struct Open {
    /// Open cases of the most severe class.
    pub urgent: Vec<OpenCase>,
    /// Other open cases on which something is due soon, the next first.
    pub due: Vec<OpenCase>,
    /// Calls that nobody took.
    pub calls: Vec<OpenCall>,
    /// Whether there are more of any than stand here.
    pub more: bool,
}

/// A sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HandOver {
    /// Its id.
    pub id: HandOverId,
    /// The turn that ends; its person wrote the sheet.
    pub shift: ShiftKey,
    /// When the turn ends.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// What was open when it was written.
    pub open: Open,
    /// What there is to say.
    pub note: String,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who took over and signed.
    #[schema(value_type = Option<String>)]
    pub signed_by: Option<PersonId>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub signed_at: Option<Timestamp>,
}

impl HandOver {
    /// Who goes writes the sheet of their turn.
    ///
    /// # Errors
    /// The turn is not theirs or has not begun; no note, or one that is too long.
    pub fn write(
        id: HandOverId,
        (shift, open): (ShiftKey, Open),
        note: &str,
        (roster, by): (&Draft, &PersonId),
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let turn = roster.shift(&shift).filter(|turn| turn.person == *by && turn.from <= now);
        let turn = turn
            .ok_or_else(|| Refusal::invalid("shift", "a turn of your own that has begun", "应为您本人已开始的班次"))?;
        let note = required("note", note, NOTE_MAX)?.to_owned();
        Ok(Self { id, to: turn.to, shift, open, note, at: now, signed_by: None, signed_at: None })
    }

    /// Who comes signs it.
    ///
    /// # Errors
    /// Signed already; somebody who does not take over.
    pub fn sign(&mut self, roster: &Draft, by: &PersonId, now: Timestamp) -> Result<(), Refusal> {
        if self.signed_by.is_some() {
            return Err(Refusal::Already { what: "signed", what_zh: "签收" });
        }
        if !self.may_sign(roster, by) {
            let en = "the sheet of a turn that yours follows";
            return Err(Refusal::invalid("sheet", en, "应为由您接班的交班记录"));
        }
        (self.signed_by, self.signed_at) = (Some(by.clone()), Some(now));
        Ok(())
    }

    /// Whether somebody takes over from this turn: theirs is the next at its post, and it is not they who go.
    pub fn may_sign(&self, roster: &Draft, person: &PersonId) -> bool {
        let next = next_turns(roster, (&self.shift.unit, &self.shift.post), self.to);
        *person != self.shift.person && next.iter().any(|turn| turn.person == *person)
    }
}

/// The turns at a post that hold at a moment, or else those that begin next.
fn next_turns<'a>(roster: &'a Draft, (unit, post): (&UnitId, &PostId), at: Timestamp) -> Vec<&'a Shift> {
    let turns = || roster.roster.iter().filter(move |turn| turn.unit == *unit && turn.post == *post);
    let then: Vec<&Shift> = turns().filter(|turn| turn.from <= at && at < turn.to).collect();
    if !then.is_empty() {
        return then;
    }
    let begin = turns().filter(|turn| turn.from > at).map(|turn| turn.from).min();
    turns().filter(|turn| Some(turn.from) == begin).collect()
}

/// A turn that began without a sheet of the one before 无交班记录.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Unhanded {
    /// The turn that ended.
    pub shift: ShiftKey,
    /// When it ended and the next began.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// Who came.
    #[schema(value_type = String)]
    pub next: PersonId,
}

/// Turns of those who held the phone that ended between `since` and `now` and were followed by somebody else; the latest
/// first. Those that left a sheet are the caller's to leave out.
pub fn handed_on(roster: &Draft, since: Timestamp, now: Timestamp) -> Vec<Unhanded> {
    let first = |turn: &&Shift| turn.order == 1;
    let mut begun = std::collections::BTreeMap::new();
    for turn in roster.roster.iter().filter(first).filter(|turn| turn.from >= since && turn.from <= now) {
        begun.insert((&turn.unit, &turn.post, turn.from), &turn.person);
    }
    let ended = roster.roster.iter().filter(first).filter(|turn| turn.to >= since && turn.to <= now);
    let handed_on = ended.filter_map(|turn| {
        let next = begun.get(&(&turn.unit, &turn.post, turn.to)).filter(|next| **next != &turn.person)?;
        let (unit, post) = (turn.unit.clone(), turn.post.clone());
        let shift = ShiftKey { unit, post, person: turn.person.clone(), from: turn.from };
        Some(Unhanded { shift, to: turn.to, next: (*next).clone() })
    });
    let mut handed_on: Vec<Unhanded> = handed_on.collect();
    handed_on.sort_by(|a, b| (b.to, &a.shift.unit, &a.shift.post).cmp(&(a.to, &b.shift.unit, &b.shift.post)));
    handed_on
}

#[cfg(test)]
mod tests {
    use super::*;

    const TURNS: [(&str, &str, &str); 4] = [
        ("a", "2026-06-08T00:00:00Z", "2026-06-08T12:00:00Z"),
        ("b", "2026-06-08T12:00:00Z", "2026-06-09T00:00:00Z"),
        ("b", "2026-06-09T00:00:00Z", "2026-06-09T12:00:00Z"),
        ("a", "2026-06-09T13:00:00Z", "2026-06-10T00:00:00Z"),
    ];

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn person(id: &str) -> PersonId {
        id.parse().unwrap()
    }

    fn draft() -> Draft {
        let shift = |(who, from, to): (&str, &str, &str)| Shift {
            post: "desk".parse().unwrap(),
            unit: "lh".parse().unwrap(),
            person: person(who),
            from: time(from),
            to: time(to),
            order: 1,
            instead_of: None,
        };
        Draft { roster: TURNS.map(shift).into(), ..Draft::default() }
    }

    fn key(turn: usize) -> ShiftKey {
        let (who, from, _) = TURNS[turn];
        ShiftKey { unit: "lh".parse().unwrap(), post: "desk".parse().unwrap(), person: person(who), from: time(from) }
    }

    fn write(turn: usize, by: &str, note: &str, now: &str) -> Result<HandOver, Refusal> {
        let id = HandOverId(uuid::Uuid::from_u128(1));
        HandOver::write(id, (key(turn), Open::default()), note, (&draft(), &person(by)), time(now))
    }

    #[test]
    fn who_goes_writes_the_sheet_and_who_comes_signs_it_once() {
        assert!(write(0, "b", "平安", "2026-06-08T11:50:00Z").is_err(), "not b's turn");
        assert!(write(0, "a", "平安", "2026-06-07T11:50:00Z").is_err(), "not begun");
        assert!(write(0, "a", "  ", "2026-06-08T11:50:00Z").is_err(), "nothing said");
        let mut sheet = write(0, "a", "平安", "2026-06-08T11:50:00Z").unwrap();
        let at = time("2026-06-08T12:00:00Z");
        assert!(sheet.sign(&draft(), &person("a"), at).is_err(), "nobody signs for themselves");
        assert!(sheet.sign(&draft(), &person("c"), at).is_err());
        sheet.sign(&draft(), &person("b"), at).unwrap();
        assert!(matches!(sheet.sign(&draft(), &person("b"), at), Err(Refusal::Already { .. })));
        // After a pause the next turn is that of whoever comes then.
        assert!(write(2, "b", "平安", "2026-06-09T11:00:00Z").unwrap().may_sign(&draft(), &person("a")));
    }

    #[test]
    fn a_turn_is_handed_on_unless_the_same_person_goes_on_or_nobody_comes() {
        let (since, now) = (time("2026-06-07T00:00:00Z"), time("2026-06-09T14:00:00Z"));
        let handed_on_then = handed_on(&draft(), since, now);
        assert_eq!(handed_on_then.len(), 1, "{handed_on_then:?}");
        assert_eq!((&handed_on_then[0].shift, handed_on_then[0].next.as_str()), (&key(0), "b"));
        assert_eq!(handed_on(&draft(), time("2026-06-08T13:00:00Z"), now), []);
    }
}
