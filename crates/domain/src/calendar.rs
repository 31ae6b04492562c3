//! Working days 工作日: statutory holidays and the weekend days worked in exchange.
//!
//! Built from the public holiday-cn documents, one a year. A day that no announcement settles yet counts by its weekday
//! and says that it is not certain, so that clocks can be recomputed when the announcement comes. This module must never
//! read the time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

/// One year of official days, as the holiday-cn documents have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HolidayYear {
    /// The year.
    #[schema(minimum = 1970, maximum = 2200)]
    pub year: i16,
    /// Its special days; some may lie in the years beside it. Empty: not announced yet.
    pub days: Vec<HolidayDay>,
}

/// A day that is not what its weekday says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HolidayDay {
    /// What for, e.g. 春节.
    pub name: String,
    /// Which day.
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    /// Off, or worked in exchange.
    #[serde(rename = "isOffDay")]
    pub is_off_day: bool,
}

/// Why a calendar cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarFault {
    /// The time zone is unknown.
    #[error("time zone '{0}' is unknown; use an IANA name such as Asia/Shanghai")]
    Zone(String),
    /// One day is both off and worked, by documents of one year.
    #[error("{0} is both off and worked; keep one")]
    Contradiction(Date),
    /// A day far from the year of its document: a document under the wrong year.
    #[error("{date} stands in the document of {year}; give each year its own document")]
    Stray {
        /// The day.
        date: Date,
        /// The year of its document.
        year: i16,
    },
}

/// A due time by working days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The end of the last working day: the first instant of the day after.
    pub at: Timestamp,
    /// Whether every day counted is settled by an announcement; if not, it may move when one comes.
    pub certain: bool,
}

/// From this day of December on, the announcement of the next year's New Year 元旦 may still move days.
///
/// So it did for 29 and 31 December 2018 and for 31 December 2022.
const NEW_YEAR_FROM_DAY: i8 = 25;

/// The official calendar in one time zone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Source", into = "Source")]
pub struct Calendar {
    zone: TimeZone,
    source: Source,
    announced: BTreeSet<i16>,
    days: BTreeMap<Date, Special>,
}

/// What a calendar is built from.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Source {
    zone: String,
    years: Vec<HolidayYear>,
}

/// A special day, and the year of the document that says so.
#[derive(Debug, Clone, Copy)]
struct Special {
    year: i16,
    off: bool,
}

impl TryFrom<Source> for Calendar {
    type Error = CalendarFault;
    fn try_from(source: Source) -> Result<Self, CalendarFault> {
        Self::build(&source.zone, source.years)
    }
}

impl From<Calendar> for Source {
    fn from(calendar: Calendar) -> Self {
        calendar.source
    }
}

/// When a day ends in this zone: the first moment of the next.
pub fn end_of(day: Date, zone: &TimeZone) -> Timestamp {
    let next = day.tomorrow().ok().and_then(|next| next.to_zoned(zone.clone()).ok());
    next.map_or(Timestamp::MAX, |next| next.timestamp())
}

impl Calendar {
    /// Builds the calendar.
    ///
    /// The turn of the year may stand in the documents of both years; the later year's is the later announcement
    /// and counts.
    ///
    /// # Errors
    /// [`CalendarFault`]: unknown zone, a contradiction within one year's documents, or a day far from its year.
    pub fn build(zone: &str, years: Vec<HolidayYear>) -> Result<Self, CalendarFault> {
        let found = TimeZone::get(zone).map_err(|_| CalendarFault::Zone(zone.to_owned()))?;
        let announced = years.iter().filter(|year| !year.days.is_empty()).map(|year| year.year).collect();
        let mut days: BTreeMap<Date, Special> = BTreeMap::new();
        for HolidayYear { year, days: listed } in &years {
            for day in listed {
                if (i32::from(day.date.year()) - i32::from(*year)).abs() > 1 {
                    return Err(CalendarFault::Stray { date: day.date, year: *year });
                }
                let said = Special { year: *year, off: day.is_off_day };
                match days.get(&day.date) {
                    Some(known) if known.year == said.year && known.off != said.off => {
                        return Err(CalendarFault::Contradiction(day.date));
                    }
                    Some(known) if known.year > said.year => {}
                    _ => drop(days.insert(day.date, said)),
                }
            }
        }
        Ok(Self { zone: found, source: Source { zone: zone.to_owned(), years }, announced, days })
    }

    /// The time zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether the year's holidays are announced.
    pub fn is_announced(&self, year: i16) -> bool {
        self.announced.contains(&year)
    }

    /// Whether no announcement to come can change that day.
    pub fn is_certain(&self, date: Date) -> bool {
        let near_new_year = date.month() == 12 && date.day() >= NEW_YEAR_FROM_DAY;
        self.is_announced(date.year()) && (!near_new_year || self.is_announced(date.year().saturating_add(1)))
    }

    /// Whether people work on that day: as announced, else Monday to Friday.
    pub fn is_working_day(&self, date: Date) -> bool {
        match self.days.get(&date) {
            Some(special) => !special.off,
            None => !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday),
        }
    }

    /// The days off announced under a name that holds this one, going on at `from` or next to come: first and last. None
    /// where none is announced.
    pub fn next_holiday(&self, name: &str, from: Date) -> Option<(Date, Date)> {
        let named = self.source.years.iter().flat_map(|year| &year.days);
        let days: BTreeSet<Date> =
            named.filter(|day| day.name.contains(name) && !self.is_working_day(day.date)).map(|day| day.date).collect();
        let mut runs: Vec<(Date, Date)> = Vec::new();
        for day in days {
            match runs.last_mut() {
                Some((_, last)) if last.tomorrow().is_ok_and(|next| next == day) => *last = day,
                _ => runs.push((day, day)),
            }
        }
        runs.into_iter().find(|(_, last)| *last >= from)
    }

    /// The end of the `count`-th working day after the day of `start`.
    ///
    /// Saturates at the end of time. `count` 0 is the end of the day of `start`.
    pub fn add_working_days(&self, start: Timestamp, count: u32) -> Due {
        let mut date = self.day_of(start);
        let (mut left, mut certain) = (count, true);
        while left > 0 {
            let Ok(next) = date.tomorrow() else { return Due { at: Timestamp::MAX, certain: false } };
            date = next;
            certain &= self.is_certain(date);
            left -= u32::from(self.is_working_day(date));
        }
        Due { at: self.end_of(date), certain }
    }

    /// Working days after the day of `from`, up to and including the day of `to`; 0 where `to` comes first.
    pub fn working_days_between(&self, from: Timestamp, to: Timestamp) -> u32 {
        let (mut date, last) = (self.day_of(from), self.day_of(to));
        let mut count = 0;
        while let Ok(next) = date.tomorrow()
            && next <= last
        {
            date = next;
            count += u32::from(self.is_working_day(date));
        }
        count
    }

    /// The part of the time from `from` to `to` that lies on working days, round the clock; zero where `to` comes first.
    pub fn working_time(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        let (mut at, mut sum) = (from, SignedDuration::ZERO);
        while at < to {
            let date = self.day_of(at);
            let end = self.end_of(date).min(to);
            if self.is_working_day(date) {
                sum = sum.saturating_add(end.duration_since(at));
            }
            at = end;
        }
        sum
    }

    fn day_of(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// When a day ends here: the first moment of the next.
    pub fn end_of(&self, day: Date) -> Timestamp {
        end_of(day, &self.zone)
    }
}
