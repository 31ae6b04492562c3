//! The store's time: the database's on PostgreSQL, the machine's on SQLite, or a clock set by hand in tests and
//! simulations. Nothing else in the program may ask what time it is inside a transaction.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use jiff::{SignedDuration, Timestamp};

use crate::error::StoreError;

/// A clock that moves only when told to. Clones show the same time.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows this time, truncated to milliseconds.
    pub fn new(start: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(start.as_millisecond())))
    }

    /// Sets the time.
    pub fn set(&self, to: Timestamp) {
        self.0.store(to.as_millisecond(), Ordering::SeqCst);
    }

    /// Moves the time, forwards or backwards.
    pub fn advance(&self, by: SignedDuration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.millis()).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn millis(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// The machine's time that never runs backwards within the process, unless a manual clock stands in for it.
#[derive(Debug, Default)]
pub(crate) struct SystemClock {
    manual: Option<ManualClock>,
    latest: AtomicI64,
}

impl SystemClock {
    pub(crate) fn new(manual: Option<ManualClock>) -> Self {
        Self { manual, latest: AtomicI64::new(0) }
    }

    pub(crate) fn now(&self) -> Result<Timestamp, StoreError> {
        if let Some(manual) = &self.manual {
            return timestamp(manual.millis());
        }
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = i64::try_from(since_epoch.as_millis()).unwrap_or(0);
        timestamp(self.latest.fetch_max(millis, Ordering::SeqCst).max(millis))
    }
}

/// Milliseconds since the epoch as a time.
pub(crate) fn timestamp(millis: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(millis).map_err(|_| StoreError::other(format!("{millis} ms is outside the calendar")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_does_not_take_the_store_with_it() {
        let clock = SystemClock::default();
        let ahead = clock.now().unwrap().as_millisecond() + 60_000;
        clock.latest.store(ahead, Ordering::SeqCst);
        assert_eq!(clock.now().unwrap().as_millisecond(), ahead);
    }

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let manual = ManualClock::new(Timestamp::UNIX_EPOCH);
        let clock = SystemClock::new(Some(manual.clone()));
        manual.advance(SignedDuration::from_secs(5));
        assert_eq!(clock.now().unwrap().as_millisecond(), 5_000);
        manual.set(Timestamp::UNIX_EPOCH);
        assert_eq!(manual.now(), clock.now().unwrap());
    }
}
