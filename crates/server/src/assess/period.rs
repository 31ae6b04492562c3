//! Days from a first to a last, and the days that they are compared with.

use jiban_domain::policy::BulletinKind;
use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::problem::{Answer, Problem};

/// Longest period, days: ten years. A bound on work, not a rule.
pub const DAYS_MAX: i32 = 3_660;

/// Days, both ends counted in, in the time zone of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Period {
    /// First day.
    #[schema(value_type = String, format = Date)]
    pub first: Date,
    /// Last day.
    #[schema(value_type = String, format = Date)]
    pub last: Date,
}

impl Period {
    /// From a first to a last day.
    ///
    /// # Errors
    /// When they are the wrong way round, or too far apart.
    pub fn new(first: Date, last: Date) -> Answer<Self> {
        let period = Self { first, last };
        if last < first {
            return Err(Problem::field("to", "a day not before 'from'", "截止日期不能早于起始日期"));
        }
        if period.days() > DAYS_MAX {
            return Err(Problem::field("to", format!("at most {DAYS_MAX} days"), format!("最长 {DAYS_MAX} 天")));
        }
        Ok(period)
    }

    /// The latest whole period of a kind of bulletin that is over before `today`.
    ///
    /// # Errors
    /// At the end of the calendar only.
    pub fn before(kind: BulletinKind, today: Date) -> Result<Self, jiff::Error> {
        let last = match kind {
            BulletinKind::Daily => today.yesterday()?,
            BulletinKind::Weekly => today.nth_weekday(-1, Weekday::Sunday)?,
            BulletinKind::Monthly => today.first_of_month().yesterday()?,
            BulletinKind::Results => {
                let half = if today.month() > 6 { 7 } else { 1 };
                Date::new(today.year(), half, 1)?.yesterday()?
            }
        };
        let first = match kind {
            BulletinKind::Daily => last,
            BulletinKind::Weekly => last.checked_sub(6.days())?,
            BulletinKind::Monthly => last.first_of_month(),
            BulletinKind::Results => last.first_of_month().checked_sub(5.months())?,
        };
        Ok(Self { first, last })
    }

    /// How many days.
    pub fn days(self) -> i32 {
        self.first.until(self.last).map_or(0, |span| span.get_days()) + 1
    }

    /// How many whole months; none where it is not made of whole months.
    pub fn months(self) -> Option<i32> {
        let whole = self.first.day() == 1 && self.last.day() == self.last.days_in_month();
        let months = |date: Date| i32::from(date.year()) * 12 + i32::from(date.month());
        whole.then(|| months(self.last) - months(self.first) + 1)
    }

    /// The period just before: as many whole months, or as many days.
    ///
    /// # Errors
    /// At the beginning of the calendar only.
    pub fn previous(self) -> Result<Self, jiff::Error> {
        let last = self.first.yesterday()?;
        let first = match self.months() {
            Some(months) => self.first.checked_sub(months.months())?,
            None => self.first.checked_sub(self.days().days())?,
        };
        Ok(Self { first, last })
    }

    /// The same days a year ago; a whole month stays a whole month.
    ///
    /// # Errors
    /// At the beginning of the calendar only.
    pub fn last_year(self) -> Result<Self, jiff::Error> {
        let first = self.first.checked_sub(1.year())?;
        let last = self.last.checked_sub(1.year())?;
        Ok(Self { first, last: if self.months().is_some() { last.last_of_month() } else { last } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(first: &str, last: &str) -> Period {
        Period { first: first.parse().unwrap(), last: last.parse().unwrap() }
    }

    #[test]
    fn whole_months_are_compared_with_whole_months() {
        let half = period("2026-01-01", "2026-06-30");
        assert_eq!(half.months(), Some(6));
        assert_eq!(half.previous().unwrap(), period("2025-07-01", "2025-12-31"));
        let february = period("2025-02-01", "2025-02-28");
        assert_eq!(february.last_year().unwrap(), period("2024-02-01", "2024-02-29"));
        let week = period("2026-06-01", "2026-06-07");
        assert_eq!(week.previous().unwrap(), period("2026-05-25", "2026-05-31"));
        assert_eq!((week.days(), week.months()), (7, None));
    }

    #[test]
    fn bulletins_tell_of_what_is_over() {
        let before = |kind, today: &str| Period::before(kind, today.parse().unwrap()).unwrap();
        assert_eq!(before(BulletinKind::Daily, "2026-07-01"), period("2026-06-30", "2026-06-30"));
        assert_eq!(before(BulletinKind::Weekly, "2026-06-10"), period("2026-06-01", "2026-06-07"));
        assert_eq!(before(BulletinKind::Weekly, "2026-06-08"), period("2026-06-01", "2026-06-07"));
        assert_eq!(before(BulletinKind::Monthly, "2026-03-31"), period("2026-02-01", "2026-02-28"));
        assert_eq!(before(BulletinKind::Results, "2026-07-01"), period("2026-01-01", "2026-06-30"));
        assert_eq!(before(BulletinKind::Results, "2026-06-30"), period("2025-07-01", "2025-12-31"));
    }

    #[test]
    fn a_period_runs_forward() {
        let day = |text: &str| text.parse().unwrap();
        assert!(Period::new(day("2026-06-02"), day("2026-06-01")).is_err());
        assert!(Period::new(day("2016-06-02"), day("2026-06-30")).is_err());
    }
}
