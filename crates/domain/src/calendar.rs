//! Working days 工作日: statutory holidays and the weekend days worked in exchange.
//!
//! Built from the public holiday-cn documents, one a year. A year that has not been announced counts Monday to Friday
//! and says that it is not certain, so that clocks can be recomputed when the announcement comes. This module never
//! reads the time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{
    Timestamp,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

/// One year of official days, as the holiday-cn documents have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolidayYear {
    /// The year.
    pub year: i16,
    /// Its special days; some may lie in the years beside it. Empty: not announced yet.
    pub days: Vec<HolidayDay>,
}

/// A day that is not what its weekday says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolidayDay {
    /// What for, e.g. 春节.
    pub name: String,
    /// Which day.
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
    /// One day is both off and worked.
    #[error("{0} is both off and worked; keep one")]
    Contradiction(Date),
}

/// A due time by working days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The end of the last working day: the first instant of the day after.
    pub at: Timestamp,
    /// Whether every day counted lies in an announced year.
    pub certain: bool,
}

/// The official calendar in one time zone.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    announced: BTreeSet<i16>,
    days: BTreeMap<Date, bool>,
}

impl Calendar {
    /// Builds the calendar.
    ///
    /// # Errors
    /// [`CalendarFault`]: unknown zone, or two documents that contradict each other.
    pub fn build(zone: &str, years: Vec<HolidayYear>) -> Result<Self, CalendarFault> {
        let zone = TimeZone::get(zone).map_err(|_| CalendarFault::Zone(zone.to_owned()))?;
        let mut calendar = Self { zone, announced: BTreeSet::new(), days: BTreeMap::new() };
        for year in years {
            if !year.days.is_empty() {
                calendar.announced.insert(year.year);
            }
            for day in year.days {
                if calendar.days.insert(day.date, day.is_off_day).is_some_and(|was| was != day.is_off_day) {
                    return Err(CalendarFault::Contradiction(day.date));
                }
            }
        }
        Ok(calendar)
    }

    /// The time zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether the year's holidays are announced.
    pub fn is_announced(&self, year: i16) -> bool {
        self.announced.contains(&year)
    }

    /// Whether people work on that day.
    pub fn is_working_day(&self, date: Date) -> bool {
        match self.days.get(&date) {
            Some(off) => !off,
            None => !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday),
        }
    }

    /// The end of the `count`-th working day after the day of `start`.
    ///
    /// Saturates at the end of time. `count` 0 is the end of the day of `start`.
    pub fn add_working_days(&self, start: Timestamp, count: u32) -> Due {
        let mut date = start.to_zoned(self.zone.clone()).date();
        let (mut left, mut certain) = (count, true);
        while left > 0 {
            let Ok(next) = date.tomorrow() else { return Due { at: Timestamp::MAX, certain: false } };
            date = next;
            certain &= self.is_announced(date.year());
            if self.is_working_day(date) {
                left -= 1;
            }
        }
        let end = date.tomorrow().ok().and_then(|day| day.to_zoned(self.zone.clone()).ok());
        Due { at: end.map_or(Timestamp::MAX, |end| end.timestamp()), certain }
    }

    /// Working days after the day of `from`, up to and including the day of `to`.
    pub fn working_days_between(&self, from: Timestamp, to: Timestamp) -> u32 {
        let last = to.to_zoned(self.zone.clone()).date();
        let mut date = from.to_zoned(self.zone.clone()).date();
        let mut count = 0;
        while let Ok(next) = date.tomorrow() {
            if next > last {
                break;
            }
            date = next;
            count += u32::from(self.is_working_day(date));
        }
        count
    }
}
