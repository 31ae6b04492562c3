//! Reception days 领导接访日: which leader receives whom on which day, in slots of the policy, and what came of each booking.
//!
//! Pure: the moment is an argument. Who a booking is of is sealed elsewhere: here it is opaque, and nothing of it may be
//! told but its mask.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Time, Weekday},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    decide::required,
    event::Actor,
    ids::{BookingId, CaseId, ChannelId, PersonId, ReceptionDayId, UnitId},
    organisation::{Organisation, Role},
    refusal::Refusal,
};

/// Longest matter of a booking, characters.
pub const MATTER_MAX: usize = 200;
/// Longest name of a place, characters.
pub const PLACE_MAX: usize = 80;

/// Days of the week as a policy names them.
pub const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// Rules of reception days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReceptionRules {
    /// On which day of the week, e.g. `thursday`.
    #[serde(serialize_with = "day_of_week")]
    #[schema(value_type = String)]
    pub weekday: Weekday,
    /// From when on.
    #[schema(value_type = String)]
    pub from: Time,
    /// Until when.
    #[schema(value_type = String)]
    pub until: Time,
    /// How long one slot is, minutes.
    pub slot_minutes: u32,
    /// How many bookings one leader takes in one slot.
    pub seats: u32,
    /// The way in of cases that come of it.
    #[schema(value_type = String)]
    pub channel: ChannelId,
    /// Days after which who booked is erased, where nothing was noted of it.
    pub kept_days: u32,
}

fn day_of_week<S: serde::Serializer>(day: &Weekday, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(WEEKDAYS.iter().find(|(_, known)| known == day).map_or("", |(word, _)| *word))
}

impl ReceptionRules {
    /// When slots begin. The last ends by the end of the day's reception.
    pub fn slots(&self) -> Vec<Time> {
        let mut slots = Vec::new();
        let long = i64::from(self.slot_minutes.max(1)).minutes();
        let mut at = self.from;
        while let Ok(end) = at.checked_add(long) {
            if end > self.until {
                break;
            }
            slots.push(at);
            at = end;
        }
        slots
    }
}

/// What became of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BookingState {
    /// Booked 已预约.
    Waiting,
    /// Received; a case came of it 已接访.
    Received,
    /// Nobody came 未到.
    Missed,
    /// Called off 已取消.
    Cancelled,
}

/// A day takes so many times as many bookings as it has seats, those called off among them.
const BOOKED_TIMES_MAX: usize = 5;

/// A booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// Its id.
    pub id: BookingId,
    /// Its number.
    pub number: String,
    /// When its slot begins, local.
    pub slot: Time,
    /// What it is about, personal numbers masked.
    pub matter: String,
    /// Name and phone, masked.
    pub masked: (String, String),
    /// By what a phone is recognised without being known.
    pub phone: String,
    /// What is stored of its code.
    pub code: String,
    /// Who it is of, sealed; none once it was erased or went to a case.
    pub sealed: Option<String>,
    /// What became of it.
    pub state: BookingState,
    /// The case that came of it.
    pub case: Option<CaseId>,
    /// Who booked.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// What is noted of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// A case came of it.
    Case(CaseId),
    /// Nobody came.
    Missed,
    /// It was called off.
    Cancelled,
}

/// A day on which a leader receives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceptionDay {
    /// Its id.
    pub id: ReceptionDayId,
    /// The day.
    pub date: Date,
    /// Whose schedule it is in: the liaison office.
    pub unit: UnitId,
    /// Who receives.
    pub leader: PersonId,
    /// Where.
    pub place: String,
    /// Whether it was called off.
    pub cancelled: bool,
    /// Whether it is over.
    #[serde(default)]
    pub over: bool,
    /// Bookings, in the order in which they came.
    pub bookings: Vec<Booking>,
    /// Who put it into the schedule.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

impl Booking {
    /// Erases who it is of, and by what they would be recognised; what it was about stays only where a case came of it.
    fn erase(&mut self) {
        self.sealed = None;
        (self.phone, self.masked) = (String::new(), (String::new(), String::new()));
        if self.state != BookingState::Received {
            self.matter.clear();
        }
    }
}

impl ReceptionDay {
    /// Puts a day into the schedule.
    ///
    /// # Errors
    /// A day of another weekday or one that is over; somebody who is no leader; no place, or a name that is too long.
    pub fn plan(
        (id, unit): (ReceptionDayId, UnitId),
        (date, leader, place): (Date, PersonId, &str),
        (rules, organisation): (&ReceptionRules, &Organisation),
        by: &Actor,
        (now, today): (Timestamp, Date),
    ) -> Result<Self, Refusal> {
        if date.weekday() != rules.weekday || date < today {
            let (zh, en) = weekday_words(rules.weekday);
            return Err(Refusal::invalid("date", format!("a {en} from today on"), format!("应为今天或以后的{zh}")));
        }
        let leads = |person: &crate::organisation::Person| {
            person.active && person.posts.iter().any(|post| post.role == Role::Leader)
        };
        if !organisation.person(&leader).is_some_and(leads) {
            return Err(Refusal::invalid("leader", "somebody with the role of a leader", "应为领导"));
        }
        let place = required("place", place, PLACE_MAX)?.to_owned();
        let bookings = Vec::new();
        Ok(Self { id, date, unit, leader, place, cancelled: false, over: false, bookings, by: by.clone(), at: now })
    }

    /// Seats of a slot that are still free.
    pub fn free(&self, slot: Time, rules: &ReceptionRules) -> u32 {
        let holds = |booking: &&Booking| booking.slot == slot && booking.state != BookingState::Cancelled;
        let held = self.bookings.iter().filter(holds).count();
        rules.seats.saturating_sub(u32::try_from(held).unwrap_or(u32::MAX))
    }

    /// Whether a phone has a booking here that waits.
    pub fn waits(&self, phone: &str) -> bool {
        self.bookings.iter().any(|booking| booking.state == BookingState::Waiting && booking.phone == phone)
    }

    /// Takes a booking.
    ///
    /// # Errors
    /// The day was called off; the slot is none, over or full; the phone has one here already; no matter, or one that is too
    /// long.
    pub fn book(&mut self, booking: Booking, rules: &ReceptionRules, local: DateTime) -> Result<(), Refusal> {
        if self.cancelled {
            return Err(Refusal::invalid("day", "a day that was not called off", "该接访日已取消"));
        }
        if !rules.slots().contains(&booking.slot) {
            return Err(Refusal::invalid("slot", "one of the slots of that day", "应为当日的接访时段"));
        }
        if self.date.to_datetime(booking.slot) <= local {
            return Err(Refusal::invalid("slot", "a slot that has not begun", "该时段已过"));
        }
        let seats = rules.slots().len().saturating_mul(rules.seats as usize);
        if self.bookings.len() >= seats.saturating_mul(BOOKED_TIMES_MAX) {
            let (en, zh) =
                ("another day: this one was booked and called off too often", "该日预约变动过多，请另选日期");
            return Err(Refusal::invalid("day", en, zh));
        }
        if self.waits(&booking.phone) {
            return Err(twice());
        }
        if self.free(booking.slot, rules) == 0 {
            return Err(Refusal::invalid(
                "slot",
                "a slot with a free seat: this one is full",
                "该时段已约满，请另选时段",
            ));
        }
        let matter = required("matter", &booking.matter, MATTER_MAX)?.to_owned();
        self.bookings.push(Booking { matter, ..booking });
        Ok(())
    }

    /// A booking that waits.
    ///
    /// # Errors
    /// There is none, or something was noted of it already.
    pub fn waiting(&self, id: BookingId) -> Result<&Booking, Refusal> {
        let found = self.bookings.iter().find(|booking| booking.id == id);
        let found = found.ok_or_else(|| Refusal::unknown("booking", id))?;
        match found.state {
            BookingState::Waiting => Ok(found),
            BookingState::Received | BookingState::Missed | BookingState::Cancelled => {
                Err(Refusal::Already { what: "settled", what_zh: "处理" })
            }
        }
    }

    /// Notes what became of a booking. Who it was of goes with it: to the case, or for good.
    ///
    /// # Errors
    /// There is none that waits; that nobody came is said before its slot began.
    pub fn note(&mut self, id: BookingId, noted: Noted, local: DateTime) -> Result<(), Refusal> {
        let slot = self.waiting(id)?.slot;
        if noted == Noted::Missed && local < self.date.to_datetime(slot) {
            return Err(Refusal::First { what: "the slot begins", what_zh: "接访时段开始" });
        }
        if let Some(booking) = self.bookings.iter_mut().find(|booking| booking.id == id) {
            (booking.state, booking.case) = match noted {
                Noted::Case(case) => (BookingState::Received, Some(case)),
                Noted::Missed => (BookingState::Missed, None),
                Noted::Cancelled => (BookingState::Cancelled, None),
            };
            booking.erase();
        }
        Ok(())
    }

    /// Calls the day off.
    ///
    /// # Errors
    /// It was called off already or is over, or bookings wait that somebody has to be told of first.
    pub fn cancel(&mut self) -> Result<(), Refusal> {
        if self.over {
            return Err(Refusal::Already { what: "over", what_zh: "结束" });
        }
        if self.cancelled {
            return Err(Refusal::Already { what: "called off", what_zh: "取消" });
        }
        if self.bookings.iter().any(|booking| booking.state == BookingState::Waiting) {
            return Err(Refusal::First {
                what: "telling those who booked, and calling off each booking",
                what_zh: "逐一告知预约人并取消预约",
            });
        }
        self.cancelled = true;
        Ok(())
    }

    /// Whether anybody may still come.
    pub fn is_open(&self) -> bool {
        !self.cancelled && !self.over
    }

    /// Ends a day that has passed. Returns whether it did: what became of bookings may still be noted.
    pub fn end(&mut self, today: Date) -> bool {
        let ends = self.is_open() && self.date < today;
        self.over |= ends;
        ends
    }

    /// Erases who booked, where nothing was noted of it. Returns whether there was anything.
    pub fn forget(&mut self) -> bool {
        let kept = self.bookings.iter_mut().filter(|booking| booking.sealed.is_some());
        kept.map(Booking::erase).count() > 0
    }

    /// Whether anything is kept of who booked.
    pub fn keeps_someone(&self) -> bool {
        self.bookings.iter().any(|booking| booking.sealed.is_some())
    }
}

/// The refusal of a booking online that does not tell why: whether a phone has a booking is nobody else's business.
pub fn not_online() -> Refusal {
    Refusal::invalid(
        "reporter.phone",
        "ringing the liaison office: this cannot be booked online",
        "无法在网上预约，请致电信联办",
    )
}

/// The refusal of a second booking by the same phone.
pub fn twice() -> Refusal {
    Refusal::invalid("reporter.phone", "a phone without a booking that waits", "该电话已有预约，如需更改请先取消")
}

/// A day of the week, in Chinese and in English.
pub fn weekday_words(day: Weekday) -> (&'static str, &'static str) {
    match day {
        Weekday::Monday => ("星期一", "Monday"),
        Weekday::Tuesday => ("星期二", "Tuesday"),
        Weekday::Wednesday => ("星期三", "Wednesday"),
        Weekday::Thursday => ("星期四", "Thursday"),
        Weekday::Friday => ("星期五", "Friday"),
        Weekday::Saturday => ("星期六", "Saturday"),
        Weekday::Sunday => ("星期日", "Sunday"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organisation::import;

    fn rules() -> ReceptionRules {
        ReceptionRules {
            weekday: Weekday::Thursday,
            from: "09:00".parse().unwrap(),
            until: "10:10".parse().unwrap(),
            slot_minutes: 30,
            seats: 1,
            channel: "reception_day".parse().unwrap(),
            kept_days: 30,
        }
    }

    fn plan(date: &str, leader: &str) -> Result<ReceptionDay, Refusal> {
        let mut draft = import::units("u", "code,name,name_en,kind,parent,hotline,active\nlh,区,,district,,,\n").draft;
        let people = "code,name,posts,titles,phone,email,active\nboss,甲,lh:leader,,,,\nclerk,乙,lh:staff,,,,\n";
        draft.merge(import::people("p", people).draft);
        let organisation = draft.build().unwrap();
        let id = (ReceptionDayId(uuid::Uuid::from_u128(1)), "lh".parse().unwrap());
        let what = (date.parse().unwrap(), leader.parse().unwrap(), "二楼接访室");
        let now = "2026-06-08T01:00:00Z".parse().unwrap();
        let day = "2026-06-08".parse().unwrap();
        ReceptionDay::plan(id, what, (&rules(), &organisation), &Actor::System, (now, day))
    }

    fn booking(number: u128, slot: &str, phone: &str) -> Booking {
        Booking {
            id: BookingId(uuid::Uuid::from_u128(number)),
            number: number.to_string(),
            slot: slot.parse().unwrap(),
            matter: "楼道堆物".to_owned(),
            masked: ("王**".to_owned(), "139****0001".to_owned()),
            phone: phone.to_owned(),
            code: String::new(),
            sealed: Some("sealed".to_owned()),
            state: BookingState::Waiting,
            case: None,
            by: Actor::Reporter,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn local(text: &str) -> DateTime {
        text.parse().unwrap()
    }

    #[test]
    fn slots_are_those_that_end_in_time_and_only_a_leader_receives_on_the_day_of_the_policy() {
        assert_eq!(rules().slots().len(), 2);
        assert!(plan("2026-06-11", "boss").is_ok());
        for (date, leader) in [("2026-06-12", "boss"), ("2026-06-04", "boss"), ("2026-06-11", "clerk")] {
            assert!(plan(date, leader).is_err(), "{date} {leader}");
        }
    }

    #[test]
    fn a_booking_is_refused_where_it_is_full_past_or_the_same_phone_waits() {
        let mut day = plan("2026-06-11", "boss").unwrap();
        let (rules, early) = (rules(), local("2026-06-10T12:00:00"));
        day.book(booking(1, "09:00", "a"), &rules, early).unwrap();
        for (wrong, now) in [
            (booking(2, "09:00", "b"), early),
            (booking(2, "09:30", "a"), early),
            (booking(2, "09:15", "b"), early),
            (booking(2, "09:30", "b"), local("2026-06-11T09:30:00")),
            (Booking { matter: " ".to_owned(), ..booking(2, "09:30", "b") }, early),
        ] {
            assert!(day.book(wrong, &rules, now).is_err());
        }
        assert!(day.cancel().is_err(), "somebody waits");
        // What was called off makes room, for the same phone too.
        day.note(BookingId(uuid::Uuid::from_u128(1)), Noted::Cancelled, early).unwrap();
        assert_eq!(day.free("09:00".parse().unwrap(), &rules), 1);
        day.book(booking(3, "09:00", "a"), &rules, early).unwrap();
        let third = BookingId(uuid::Uuid::from_u128(3));
        assert!(day.note(third, Noted::Missed, early).is_err(), "nobody is late before the time");
        day.note(third, Noted::Missed, local("2026-06-11T09:20:00")).unwrap();
        assert!(day.note(third, Noted::Cancelled, early).is_err(), "noted already");
        assert!(!day.keeps_someone() && !day.forget());
        day.cancel().unwrap();
        assert!(day.book(booking(4, "09:30", "c"), &rules, early).is_err());
    }

    #[test]
    fn a_day_that_has_passed_ends_once_and_what_became_of_it_is_still_noted() {
        let mut day = plan("2026-06-11", "boss").unwrap();
        day.book(booking(1, "09:00", "a"), &rules(), local("2026-06-10T12:00:00")).unwrap();
        assert!(!day.end("2026-06-11".parse().unwrap()), "not before it has passed");
        assert!(day.end("2026-06-12".parse().unwrap()) && !day.is_open());
        assert!(!day.end("2026-06-12".parse().unwrap()), "once");
        assert!(matches!(day.cancel(), Err(Refusal::Already { what: "over", .. })));
        day.note(BookingId(uuid::Uuid::from_u128(1)), Noted::Missed, local("2026-06-12T08:00:00")).unwrap();
        let mut off = plan("2026-06-11", "boss").unwrap();
        off.cancel().unwrap();
        assert!(!off.end("2026-06-12".parse().unwrap()), "what was called off stays called off");
    }

    #[test]
    fn who_booked_is_erased_where_nothing_was_noted() {
        let mut day = plan("2026-06-11", "boss").unwrap();
        day.book(booking(1, "09:00", "a"), &rules(), local("2026-06-10T12:00:00")).unwrap();
        assert!(day.forget() && !day.keeps_someone());
        assert_eq!(day.bookings[0].state, BookingState::Waiting);
    }
}
