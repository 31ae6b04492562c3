//! Seasons: days that come every year, as plans of rounds and occasions name them. It must never read the time.

use std::{fmt, str::FromStr};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A day of any year, written `MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MonthDay {
    month: i8,
    day: i8,
}

impl MonthDay {
    /// That day of a year; of 29 February the 28th where there is none.
    pub fn in_year(self, year: i16) -> Option<Date> {
        Date::new(year, self.month, self.day).or_else(|_| Date::new(year, self.month, self.day - 1)).ok()
    }
}

impl fmt::Display for MonthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}

impl FromStr for MonthDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a day of the year, MM-DD, for example 06-01".to_owned();
        let (month, day) = text.split_once('-').ok_or_else(wrong)?;
        let two = |text: &str| (text.len() == 2).then(|| text.parse::<i8>().ok()).flatten().ok_or_else(wrong);
        let (month, day) = (two(month)?, two(day)?);
        // A leap year has every day that any year has.
        Date::new(2024, month, day).map_err(|_| wrong())?;
        Ok(Self { month, day })
    }
}

impl TryFrom<String> for MonthDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<MonthDay> for String {
    fn from(day: MonthDay) -> Self {
        day.to_string()
    }
}

/// Days of every year, both ends among them; over the turn of the year where it ends before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RoundSeason)]
pub struct Season {
    /// First day, `MM-DD`.
    #[schema(value_type = String, pattern = "^[0-1][0-9]-[0-3][0-9]$", example = "06-01")]
    pub from: MonthDay,
    /// Last day, `MM-DD`.
    #[schema(value_type = String, pattern = "^[0-1][0-9]-[0-3][0-9]$", example = "09-30")]
    pub to: MonthDay,
}

impl Season {
    /// Whether a day lies in it.
    pub fn contains(&self, day: Date) -> bool {
        let day = MonthDay { month: day.month(), day: day.day() };
        if self.from <= self.to { self.from <= day && day <= self.to } else { self.from <= day || day <= self.to }
    }

    /// Its days that a day lies in, or else the next to come: first and last.
    pub fn next(&self, day: Date) -> Option<(Date, Date)> {
        (day.year().saturating_sub(1)..=day.year().saturating_add(1)).find_map(|year| {
            let over = i16::from(self.from > self.to);
            let (first, last) = (self.from.in_year(year)?, self.to.in_year(year.saturating_add(over))?);
            (day <= last).then_some((first, last))
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_season_may_go_over_the_turn_of_the_year() {
        let season = |from: &str, to: &str| Season { from: from.parse().unwrap(), to: to.parse().unwrap() };
        let summer = season("06-01", "09-30");
        assert!(summer.contains(date(2026, 6, 1)) && summer.contains(date(2026, 9, 30)));
        assert!(!summer.contains(date(2026, 10, 1)));
        let winter = season("11-15", "02-29");
        assert!(winter.contains(date(2026, 12, 31)) && winter.contains(date(2027, 2, 28)));
        assert!(!winter.contains(date(2027, 3, 1)) && !winter.contains(date(2026, 11, 14)));
        for wrong in ["6-1", "13-01", "02-30", "0601", "", "aa-bb", "-1-01"] {
            assert!(wrong.parse::<MonthDay>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_next_days_of_a_season_are_those_going_on_or_to_come() {
        let season = |from: &str, to: &str| Season { from: from.parse().unwrap(), to: to.parse().unwrap() };
        let winter = season("12-01", "02-29");
        let next = |day| winter.next(day).map(|(first, last)| format!("{first} {last}"));
        assert_eq!(next(date(2026, 12, 31)).as_deref(), Some("2026-12-01 2027-02-28"));
        assert_eq!(next(date(2027, 2, 28)).as_deref(), Some("2026-12-01 2027-02-28"));
        assert_eq!(next(date(2027, 3, 1)).as_deref(), Some("2027-12-01 2028-02-29"));
        let school = season("08-25", "09-10");
        assert_eq!(school.next(date(2026, 9, 11)), Some((date(2027, 8, 25), date(2027, 9, 10))));
    }
}
