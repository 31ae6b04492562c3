//! The queue of the request hall 群众诉求服务大厅: numbers, counters, who is called next. One door, one trip 一扇门、跑一次: whoever
//! is sent on to another counter keeps their number and their place.
//!
//! Pure: a day is a value, and what time it is is an argument. It must never hold who somebody is: a number is all that is
//! known of them here.

use jiff::{
    Timestamp,
    civil::{Date, Time},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    decide::required,
    ids::{CaseId, PersonId, UnitId},
    policy::{Name, Route},
    refusal::Refusal,
};

/// Most numbers given at one counter in one day.
pub const NUMBERS_MAX: usize = 999;
/// Longest name of a window, characters.
pub const WINDOW_MAX: usize = 20;

/// Rules of the hall.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct HallRules {
    /// When numbers are given, times of the day; none where there is no hall.
    pub hours: Option<HallHours>,
    /// Its counters, in order.
    pub counters: Vec<Counter>,
}

/// When numbers are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct HallHours {
    /// From this time of the day on.
    #[schema(value_type = String, example = "09:00:00")]
    pub from: Time,
    /// Until before this one.
    #[schema(value_type = String, example = "18:00:00")]
    pub until: Time,
}

/// A counter 窗口, at one or several windows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = HallCounter)]
pub struct Counter {
    /// Code.
    pub id: String,
    /// What people see.
    pub name: Name,
    /// What its numbers begin with, one letter.
    pub letter: String,
    /// The route that cases take here; none where they are only received.
    pub route: Option<Route>,
}

/// Where a number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HallTicketState)]
pub enum TicketState {
    /// Waits 等候.
    Waiting,
    /// Was called to a window 叫号.
    Called,
    /// Was received there 已接待.
    Served,
    /// Did not come 过号.
    Gone,
}

/// A number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = HallTicket)]
pub struct Ticket {
    /// As it is printed and called, e.g. `A007`.
    pub number: String,
    /// The counter at which it waits, or was received.
    pub counter: String,
    /// Where it stands.
    pub state: TicketState,
    /// When it was taken: whoever is sent on keeps their place.
    #[schema(value_type = String, format = DateTime)]
    pub taken_at: Timestamp,
    /// When it was called last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub called_at: Option<Timestamp>,
    /// How often it was called.
    #[serde(default)]
    pub calls: u32,
    /// To which window.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub window: String,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PersonId>,
    /// The case that came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
}

/// A day of the hall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HallDay {
    /// Whose hall.
    #[schema(value_type = String)]
    pub unit: UnitId,
    /// Which day.
    #[schema(value_type = String, format = Date)]
    pub day: Date,
    /// Its numbers, in the order in which they were taken.
    pub tickets: Vec<Ticket>,
}

/// What is done with a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = HallAct)]
pub enum Act {
    /// Call it once more.
    Again,
    /// Note the case that came of it.
    Case {
        /// Which.
        #[schema(value_type = String)]
        case: CaseId,
    },
    /// They were received.
    Serve,
    /// They did not come.
    Miss,
    /// Send them on to another counter, with their number and their place.
    Forward {
        /// Which.
        counter: String,
    },
}

impl Act {
    /// Code of what happened, for the record.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Again => "hall_called_again",
            Self::Case { .. } => "hall_case",
            Self::Serve => "hall_served",
            Self::Miss => "hall_missed",
            Self::Forward { .. } => "hall_forwarded",
        }
    }
}

impl HallRules {
    /// Whether numbers are given at this time of the day.
    pub fn is_open(&self, at: Time) -> bool {
        self.hours.is_some_and(|hours| hours.from <= at && at < hours.until)
    }

    /// The counter with this code.
    ///
    /// # Errors
    /// There is none.
    pub fn counter(&self, id: &str) -> Result<&Counter, Refusal> {
        self.counters.iter().find(|counter| counter.id == id).ok_or_else(|| Refusal::unknown("counter", id))
    }
}

impl HallDay {
    /// A day on which nobody came yet.
    pub fn new(unit: UnitId, day: Date) -> Self {
        Self { unit, day, tickets: Vec::new() }
    }

    /// Gives the next number of a counter. `time` of the day is told where hours bind: not those who give a number to
    /// somebody who stands at the door.
    ///
    /// # Errors
    /// No such counter, out of hours, or no number left.
    pub fn take(
        &mut self,
        rules: &HallRules,
        counter: &str,
        now: Timestamp,
        time: Option<Time>,
    ) -> Result<&Ticket, Refusal> {
        let counter = rules.counter(counter)?;
        let is_closed = |_: &HallHours| time.is_some_and(|time| !rules.is_open(time));
        if let Some(hours) = rules.hours.filter(is_closed) {
            let (from, until) = (hours.from.strftime("%H:%M"), hours.until.strftime("%H:%M"));
            let (en, zh) =
                (format!("the hall gives numbers from {from} to {until}"), format!("取号时间为 {from}—{until}"));
            return Err(Refusal::invalid("counter", en, zh));
        }
        let given = self.tickets.iter().filter(|ticket| ticket.number.starts_with(&counter.letter)).count();
        if given >= NUMBERS_MAX {
            let max = u32::try_from(NUMBERS_MAX).unwrap_or(u32::MAX);
            return Err(Refusal::Limit {
                what: "numbers of one counter a day", what_zh: "一个窗口一天的号", max
            });
        }
        self.tickets.push(Ticket {
            number: format!("{}{:03}", counter.letter, given + 1),
            counter: counter.id.clone(),
            state: TicketState::Waiting,
            taken_at: now,
            called_at: None,
            calls: 0,
            window: String::new(),
            by: None,
            case: None,
        });
        Ok(&self.tickets[self.tickets.len() - 1])
    }

    /// Who waits at a counter, the next one first.
    pub fn waiting<'a>(&'a self, counter: &'a str) -> impl Iterator<Item = &'a Ticket> {
        self.tickets.iter().filter(move |ticket| ticket.counter == counter && ticket.state == TicketState::Waiting)
    }

    /// Calls the next one of a counter to a window; nothing where nobody waits.
    ///
    /// # Errors
    /// No such counter, or the window has no name.
    pub fn call(
        &mut self,
        rules: &HallRules,
        counter: &str,
        window: &str,
        by: &PersonId,
        now: Timestamp,
    ) -> Result<Option<&Ticket>, Refusal> {
        rules.counter(counter)?;
        let window = required("window", window, WINDOW_MAX)?;
        let next = |ticket: &&mut Ticket| ticket.counter == counter && ticket.state == TicketState::Waiting;
        let Some(ticket) = self.tickets.iter_mut().find(next) else { return Ok(None) };
        (ticket.state, ticket.called_at, ticket.calls) = (TicketState::Called, Some(now), ticket.calls + 1);
        (ticket.window, ticket.by) = (window.to_owned(), Some(by.clone()));
        Ok(Some(ticket))
    }

    /// Does something with a number that was called.
    ///
    /// # Errors
    /// No such number, it was not called or is done with already, no such counter.
    pub fn act(&mut self, rules: &HallRules, number: &str, act: &Act, now: Timestamp) -> Result<&Ticket, Refusal> {
        let found = self.tickets.iter_mut().find(|ticket| ticket.number == number);
        let ticket = found.ok_or_else(|| Refusal::unknown("number", number))?;
        match (ticket.state, act) {
            // Whoever comes late after all is called once more.
            (TicketState::Called | TicketState::Gone, Act::Again) => {
                (ticket.state, ticket.called_at, ticket.calls) = (TicketState::Called, Some(now), ticket.calls + 1);
            }
            (TicketState::Called | TicketState::Served, Act::Case { case }) => ticket.case = Some(*case),
            (TicketState::Called, Act::Serve) => ticket.state = TicketState::Served,
            (TicketState::Called, Act::Miss) => ticket.state = TicketState::Gone,
            (TicketState::Called | TicketState::Served, Act::Forward { counter }) => {
                let counter = rules.counter(counter)?;
                if counter.id == ticket.counter {
                    return Err(Refusal::Already { what: "at that counter", what_zh: "在该窗口" });
                }
                (ticket.counter, ticket.state) = (counter.id.clone(), TicketState::Waiting);
            }
            (TicketState::Waiting, _) => {
                return Err(Refusal::First { what: "call the number", what_zh: "叫号" });
            }
            (TicketState::Served | TicketState::Gone, _) => {
                return Err(Refusal::Already { what: "done with", what_zh: "办结或过号" });
            }
        }
        Ok(ticket)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};
    use proptest::prelude::*;

    use super::*;

    fn rules() -> HallRules {
        let counter = |id: &str, letter: &str, route| Counter {
            id: id.into(),
            name: Name { zh: id.into(), en: id.into() },
            letter: letter.into(),
            route,
        };
        HallRules {
            hours: Some(HallHours { from: time(9, 0, 0, 0), until: time(18, 0, 0, 0) }),
            counters: vec![counter("petition", "A", None), counter("mediation", "B", Some(Route::Mediation))],
        }
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + minutes * 60).unwrap()
    }

    fn day() -> HallDay {
        HallDay::new(UnitId::new("lh.dm.xlb").unwrap(), date(2026, 6, 8))
    }

    const NOON: Option<Time> = Some(time(12, 0, 0, 0));

    fn clerk() -> PersonId {
        PersonId::new("sfs1").unwrap()
    }

    #[test]
    fn whoever_came_first_is_called_first_and_keeps_their_place_at_the_next_counter() {
        let (rules, mut hall) = (rules(), day());
        assert_eq!(hall.take(&rules, "petition", at(0), NOON).unwrap().number, "A001");
        assert_eq!(hall.take(&rules, "petition", at(1), NOON).unwrap().number, "A002");
        assert_eq!(hall.take(&rules, "mediation", at(2), NOON).unwrap().number, "B001");
        let called = hall.call(&rules, "petition", "1 号", &clerk(), at(3)).unwrap().unwrap();
        assert_eq!((called.number.as_str(), called.window.as_str(), called.calls), ("A001", "1 号", 1));
        let on = Act::Forward { counter: "mediation".into() };
        hall.act(&rules, "A001", &on, at(9)).unwrap();
        let waiting: Vec<_> = hall.waiting("mediation").map(|ticket| ticket.number.as_str()).collect();
        assert_eq!(waiting, ["A001", "B001"], "they came before");
        assert_eq!(hall.call(&rules, "mediation", "3 号", &clerk(), at(10)).unwrap().unwrap().number, "A001");
        assert!(hall.act(&rules, "A001", &on, at(11)).is_err(), "they are there already");
        assert!(hall.call(&rules, "nowhere", "3 号", &clerk(), at(10)).is_err());
        assert!(hall.call(&rules, "mediation", " ", &clerk(), at(10)).is_err());
    }

    #[test]
    fn a_number_is_called_before_it_is_served_and_comes_back_where_it_was_missed() {
        let (rules, mut hall) = (rules(), day());
        hall.take(&rules, "petition", at(0), NOON).unwrap();
        assert!(hall.act(&rules, "A001", &Act::Serve, at(1)).is_err());
        assert!(hall.act(&rules, "A009", &Act::Serve, at(1)).is_err());
        hall.call(&rules, "petition", "1 号", &clerk(), at(1)).unwrap();
        hall.act(&rules, "A001", &Act::Miss, at(4)).unwrap();
        assert!(hall.act(&rules, "A001", &Act::Serve, at(5)).is_err());
        assert_eq!(hall.act(&rules, "A001", &Act::Again, at(6)).unwrap().calls, 2);
        hall.act(&rules, "A001", &Act::Serve, at(7)).unwrap();
        let case = CaseId(uuid::Uuid::from_u128(1));
        assert_eq!(hall.act(&rules, "A001", &Act::Case { case }, at(8)).unwrap().case, Some(case));
        assert!(hall.act(&rules, "A001", &Act::Miss, at(9)).is_err());
        assert!(hall.call(&rules, "petition", "1 号", &clerk(), at(9)).unwrap().is_none(), "nobody waits");
    }

    #[test]
    fn numbers_are_given_in_hours_and_as_many_as_three_digits_hold() {
        let (rules, mut hall) = (rules(), day());
        for outside in [time(8, 59, 59, 0), time(18, 0, 0, 0)] {
            assert!(hall.take(&rules, "petition", at(0), Some(outside)).is_err());
        }
        assert_eq!(hall.take(&rules, "petition", at(0), None).unwrap().number, "A001", "from the hand of staff");
        assert!(hall.take(&HallRules::default(), "petition", at(0), NOON).is_err(), "there is no hall");
        assert!(hall.take(&rules, "nowhere", at(0), NOON).is_err());
        for _ in 1..999 {
            hall.take(&rules, "petition", at(0), NOON).unwrap();
        }
        assert!(hall.take(&rules, "petition", at(0), NOON).is_err());
        assert_eq!(hall.take(&rules, "mediation", at(0), NOON).unwrap().number, "B001");
    }

    proptest! {
        #[test]
        fn nobody_is_lost_or_called_at_two_windows(steps in prop::collection::vec((0..6_u8, 0..40_usize), 1..200)) {
            let (rules, mut hall) = (rules(), day());
            let mut taken = 0;
            for (minute, (step, which)) in (0..).zip(steps) {
                let counter = if which % 2 == 0 { "petition" } else { "mediation" };
                let number = hall.tickets.get(which).map_or("X".to_owned(), |ticket| ticket.number.clone());
                let before = hall.clone();
                let act = match step {
                    0 => { taken += 1; hall.take(&rules, counter, at(minute), NOON).unwrap(); None }
                    1 => { hall.call(&rules, counter, "1", &clerk(), at(minute)).unwrap(); None }
                    2 => Some(Act::Serve),
                    3 => Some(Act::Miss),
                    4 => Some(Act::Again),
                    _ => Some(Act::Forward { counter: counter.to_owned() }),
                };
                if let Some(act) = act
                    && hall.act(&rules, &number, &act, at(minute)).is_err()
                {
                    prop_assert_eq!(&before, &hall, "a refusal changes nothing");
                }
                prop_assert_eq!(hall.tickets.len(), taken);
                let mut numbers: Vec<_> = hall.tickets.iter().map(|ticket| &ticket.number).collect();
                numbers.sort();
                numbers.dedup();
                prop_assert_eq!(numbers.len(), taken, "each number once");
            }
        }
    }
}
