//! When something was that is told afterwards 补报: by a phone that had no network, by a machine. A clock may run ahead a little;
//! nothing is kept as of later than now.

use jiff::{Timestamp, ToSpan};

/// A clock may be so far ahead, minutes.
const AHEAD_MAX_MINUTES: i64 = 10;

/// The moment told, never later than now; none where it lies further back than these hours, or too far ahead.
pub fn told_at(at: Timestamp, now: Timestamp, within_hours: i64) -> Option<Timestamp> {
    let earliest = now.saturating_sub(within_hours.hours()).unwrap_or(Timestamp::UNIX_EPOCH);
    let latest = now.saturating_add(AHEAD_MAX_MINUTES.minutes()).unwrap_or(now);
    (earliest..=latest).contains(&at).then(|| at.min(now))
}
