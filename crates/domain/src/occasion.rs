//! Occasions 时令与节点: what every year brings, such as a festival, the first days of school or the season of storms, and
//! what a warning announces; so that somebody looks before it comes.
//!
//! Pure: the days follow from the policy and the calendar. It must never guess a holiday that is not announced.

use jiff::{ToSpan, civil::Date};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{calendar::Calendar, ids::CategoryId, policy::Name, season::Season};

/// Longest that a person may say a warning holds, days.
pub const WARNED_MAX: u32 = 60;

/// An occasion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Occasion {
    /// Code.
    pub id: String,
    /// What people call it.
    pub name: Name,
    /// When it is.
    pub on: On,
    /// What it usually brings: requests of this category and below it.
    #[schema(value_type = Option<String>)]
    pub category: Option<CategoryId>,
    /// By which checklist it is looked for on rounds.
    pub checklist: Option<String>,
    /// What to do about it, in a sentence.
    pub advice: Name,
}

/// When an occasion is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
#[schema(as = OccasionOn)]
pub enum On {
    /// On the same days of every year.
    Season {
        /// Which.
        season: Season,
        /// So many days before its first it is told.
        ahead_days: u32,
    },
    /// On days off that are announced under this name.
    Holiday {
        /// As the announcement calls them, or a part of it: 春节.
        holiday: String,
        /// So many days before its first it is told.
        ahead_days: u32,
    },
    /// When a person tells of a warning.
    Warning {
        /// It holds for so many days, unless they say otherwise.
        days: u32,
    },
}

impl Occasion {
    /// Its days, first and last, once it is time to think of them: from so many days ahead until its last.
    pub fn near(&self, today: Date, calendar: &Calendar) -> Option<(Date, Date)> {
        let (days, ahead) = match &self.on {
            On::Season { season, ahead_days } => (season.next(today), *ahead_days),
            On::Holiday { holiday, ahead_days } => (calendar.next_holiday(holiday, today), *ahead_days),
            On::Warning { .. } => return None,
        };
        days.filter(|(first, _)| first.checked_sub(i64::from(ahead).days()).is_ok_and(|from| from <= today))
    }
}
