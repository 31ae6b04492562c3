//! Machine events 物联感知: what cameras and sensors report, merged by rule, so that a flood of them is one thing to look at.
//!
//! Pure: rules only. It must never make a case of an event: a person stands between a machine and a case.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{ids::CategoryId, policy::Name};

/// Rules of machine events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MachineRules {
    /// What was decided about a place and kind holds for so many minutes: events in that time are counted and raise nothing.
    pub quiet_minutes: u32,
    /// Kinds of event.
    pub kinds: Vec<MachineKind>,
}

impl Default for MachineRules {
    fn default() -> Self {
        Self { quiet_minutes: 24 * 60, kinds: Vec::new() }
    }
}

/// A kind of event 事件类型.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MachineKind {
    /// Code, as machines send it.
    pub id: String,
    /// What people see.
    pub name: Name,
    /// Category of a case that comes of it.
    #[schema(value_type = String)]
    pub category: CategoryId,
    /// A person is asked from so many events on.
    pub at_least: u32,
    /// Events belong together where they come within so many minutes of each other.
    pub within_minutes: u32,
}

impl MachineRules {
    /// The kind with this code.
    pub fn kind(&self, id: &str) -> Option<&MachineKind> {
        self.kinds.iter().find(|kind| kind.id == id)
    }

    /// What was decided before this moment does not hold any more.
    pub fn quiet_since(&self, now: Timestamp) -> Timestamp {
        before(now, self.quiet_minutes)
    }
}

impl MachineKind {
    /// Events before this moment do not belong to ones that come now, as long as nobody was asked about them.
    pub fn together_since(&self, now: Timestamp) -> Timestamp {
        before(now, self.within_minutes)
    }
}

fn before(now: Timestamp, minutes: u32) -> Timestamp {
    now.saturating_sub(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::UNIX_EPOCH)
}
