//! Clocks 时限: one deadline each, running on one case.
//!
//! A clock warns ahead, then ends exactly once: met, breached or cancelled. It remembers by how much it was late. What
//! starts and stops it, and for how long it runs, is the policy's ([`crate::policy::ClockRule`]); here is only the
//! arithmetic and the fold. Nothing here may end a clock before its time or forgive a breach.

use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    calendar::Calendar,
    ids::{ClockId, UnitId},
    policy::{ClockRule, Length},
};

/// How a clock stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Standing {
    /// Runs.
    Running,
    /// Stopped in time.
    Met {
        /// When.
        #[schema(value_type = String, format = DateTime)]
        at: Timestamp,
    },
    /// Its time went by. Never forgiven.
    Breached {
        /// Whether and when the act was done after all, or fell away; until then, levels are raised.
        #[schema(value_type = Option<String>, format = DateTime)]
        stopped_at: Option<Timestamp>,
    },
    /// Fell away, with the case or by a decision.
    Cancelled {
        /// When.
        #[schema(value_type = String, format = DateTime)]
        at: Timestamp,
    },
}

/// One clock of one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Clock {
    /// Unique in the case: `rule.round`, and `.unit` where it runs for one unit, e.g. `finish.1`, `report_in.2.lh.cgj`.
    pub key: String,
    /// Rule of the policy.
    pub rule: ClockId,
    /// Round (of handling, or number of the whistle), from 1.
    pub round: u32,
    /// The unit it runs for, where it is not the lead unit's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// Length by class and marks, as last computed.
    pub length: Length,
    /// Extensions granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub granted: Vec<Length>,
    /// When it started.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it is due: an act at this very moment is still in time.
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
    /// Whether the official calendar of the due year is known; if not, it is recomputed when it comes.
    pub certain: bool,
    /// Warnings given so far.
    pub warned: u32,
    /// Breach levels raised so far.
    pub raised: u32,
    /// How it stands.
    pub standing: Standing,
}

/// What happened to a clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "clock_event", rename_all = "snake_case")]
pub enum ClockEvent {
    /// It runs.
    Started(Box<Clock>),
    /// A share of its time is gone.
    Warned {
        /// Clock key.
        key: String,
        /// Which warning, from 1.
        warning: u32,
    },
    /// Stopped in time.
    Met {
        /// Clock key.
        key: String,
    },
    /// Its time went by; or the next level of what a breach does.
    Breached {
        /// Clock key.
        key: String,
        /// Level raised, from 1.
        level: u32,
    },
    /// The act was done after all, late.
    StoppedLate {
        /// Clock key.
        key: String,
        /// Late by, in seconds.
        late_s: i64,
    },
    /// Fell away. A breach stays one, and raises no further levels.
    Cancelled {
        /// Clock key.
        key: String,
        /// Why.
        why: CancelReason,
    },
    /// The due time changed.
    Recomputed {
        /// Clock key.
        key: String,
        /// Length by class and marks now.
        length: Length,
        /// Extension newly granted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        granted: Option<Length>,
        /// Due before.
        #[schema(value_type = String, format = DateTime)]
        was: Timestamp,
        /// Due now.
        #[schema(value_type = String, format = DateTime)]
        due_at: Timestamp,
        /// Whether the calendar is known.
        certain: bool,
        /// Why.
        why: RecomputeReason,
    },
}

/// Why a clock fell away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// The case was closed, declined or handed over.
    CaseEnded,
    /// The case was reopened: a new round has new clocks.
    Reopened,
    /// The whistle was settled before the unit reported in.
    WhistleSettled,
    /// The case was finished, so what had to come before it falls away.
    Finished,
    /// The bad grade was lifted by a new one.
    Regraded,
    /// The term of an agreement was broken before its day, and will not be kept.
    TermBroken,
}

/// Why a clock was recomputed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecomputeReason {
    /// Class or marks changed.
    Reclassified,
    /// The official calendar changed.
    Calendar,
    /// An extension was granted.
    Extended,
}

impl ClockEvent {
    /// Code of the event as stored.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Started(_) => "clock_started",
            Self::Warned { .. } => "clock_warned",
            Self::Met { .. } => "clock_met",
            Self::Breached { .. } => "clock_breached",
            Self::StoppedLate { .. } => "clock_stopped_late",
            Self::Cancelled { .. } => "clock_cancelled",
            Self::Recomputed { .. } => "clock_recomputed",
        }
    }

    /// Key of the clock it is about.
    pub fn key(&self) -> &str {
        match self {
            Self::Started(clock) => &clock.key,
            Self::Warned { key, .. }
            | Self::Met { key }
            | Self::Breached { key, .. }
            | Self::StoppedLate { key, .. }
            | Self::Cancelled { key, .. }
            | Self::Recomputed { key, .. } => key,
        }
    }
}

/// Folds one clock event into the clocks of a case.
pub(crate) fn evolve(clocks: &mut Vec<Clock>, event: &ClockEvent, at: Timestamp) {
    if let ClockEvent::Started(clock) = event {
        clocks.push((**clock).clone());
        return;
    }
    let Some(clock) = clocks.iter_mut().find(|clock| clock.key == event.key()) else { return };
    match event {
        ClockEvent::Started(_) => {}
        ClockEvent::Warned { warning, .. } => clock.warned = *warning,
        ClockEvent::Met { .. } => clock.standing = Standing::Met { at },
        ClockEvent::Breached { level, .. } => {
            clock.raised = *level;
            if clock.is_running() {
                clock.standing = Standing::Breached { stopped_at: None };
            }
        }
        ClockEvent::StoppedLate { .. } => clock.standing = Standing::Breached { stopped_at: Some(at) },
        ClockEvent::Cancelled { .. } => {
            clock.standing = match clock.standing {
                Standing::Breached { stopped_at: None } => Standing::Breached { stopped_at: Some(at) },
                _ => Standing::Cancelled { at },
            }
        }
        ClockEvent::Recomputed { length, granted, due_at, certain, .. } => {
            clock.length = *length;
            clock.granted.extend(granted);
            clock.due_at = *due_at;
            clock.certain = *certain;
        }
    }
}

/// `start` plus a length and what was granted on top: the due time, and whether the calendar for it is known.
pub fn due(calendar: &Calendar, start: Timestamp, length: Length, granted: &[Length]) -> (Timestamp, bool) {
    let (mut minutes, mut days, mut until) = (0_i64, 0_u32, None);
    for part in std::iter::once(&length).chain(granted) {
        match part {
            Length::Minutes(n) => minutes += i64::from(*n),
            Length::WorkingDays(n) => days += n,
            Length::Until { day } => until = Some(calendar.end_of(*day)),
        }
    }
    let start = until.unwrap_or(start);
    let (base, certain) = if days == 0 {
        (start, true)
    } else {
        let due = calendar.add_working_days(start, days);
        (due.at, due.certain)
    };
    (base.saturating_add(minutes.minutes()).unwrap_or(Timestamp::MAX), certain)
}

/// A due time put off by `more`: minutes on top, or so many working days after its last day.
pub(crate) fn later(calendar: &Calendar, due_at: Timestamp, more: Length) -> Timestamp {
    match more {
        Length::Minutes(n) => due_at.saturating_add(i64::from(n).minutes()).unwrap_or(Timestamp::MAX),
        Length::WorkingDays(n) => {
            let last_day = due_at.saturating_sub(1.nanosecond()).unwrap_or(due_at);
            calendar.add_working_days(last_day, n).at
        }
        Length::Until { day } => due_at.max(calendar.end_of(day)),
    }
}

impl Clock {
    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.standing == Standing::Running
    }

    /// Whether it was breached and what it waits for is still not done.
    pub fn is_overdue(&self) -> bool {
        matches!(self.standing, Standing::Breached { stopped_at: None })
    }

    /// When its next warning is due; none when all were given or it no longer runs.
    pub fn next_warning(&self, rule: &ClockRule) -> Option<Timestamp> {
        let share = rule.warn_at.get(self.warned as usize).filter(|_| self.is_running())?;
        let whole = self.due_at.as_millisecond() - self.started_at.as_millisecond();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "a span in ms, far below 2^52"
        )]
        let part = (whole as f64 * share) as i64;
        Timestamp::from_millisecond(self.started_at.as_millisecond() + part).ok()
    }

    /// When its next breach level is due; none when all were raised or it has ended otherwise.
    ///
    /// The first level is the breach itself: the millisecond after `due_at`, whatever the policy tells whom.
    pub fn next_level(&self, rule: &ClockRule) -> Option<Timestamp> {
        if self.is_running() {
            return self.due_at.saturating_add(1.millisecond()).ok();
        }
        let level = rule.breach.get(self.raised as usize).filter(|_| self.is_overdue())?;
        self.due_at.saturating_add(i64::from(level.after_minutes).minutes()).ok()
    }

    /// When something is next to be done about it.
    pub fn next_at(&self, rule: &ClockRule) -> Option<Timestamp> {
        [self.next_warning(rule), self.next_level(rule)].into_iter().flatten().min()
    }
}
