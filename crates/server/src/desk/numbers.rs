//! Case numbers: prefix, day, and a count of the day, e.g. `DM20260608-00012`.
//!
//! On SQLite each number is taken inside the case's own transaction, so there are no gaps. Where several nodes share a
//! database each leases a block, so that no row is everybody's bottleneck; a node that stops leaves a gap. A number is
//! never given twice.

use std::collections::HashMap;

use jiban_domain::policy::Policy;
use jiban_store::{StoreError, WriteTx, counters};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use tokio::sync::Mutex;

use crate::{
    app::App,
    http::problem::{Answer, Problem},
};

/// Numbers leased at once where several nodes share the database.
const BLOCK: i64 = 64;
/// Days for which a block is kept.
const DAYS_MAX: usize = 4;

/// Gives out numbers.
#[derive(Debug)]
pub struct Numbers {
    shared: bool,
    blocks: Mutex<HashMap<Date, (i64, i64)>>,
}

/// A number, or how to get one inside the transaction.
#[derive(Debug, Clone)]
pub struct Number {
    prefix: String,
    zone: TimeZone,
    /// Day and count, where they were leased before.
    leased: Option<(Date, i64)>,
}

impl Numbers {
    /// For a database that is (`shared`) or is not used by several nodes.
    pub fn new(shared: bool) -> Self {
        Self { shared, blocks: Mutex::default() }
    }

    /// The next number of today; of the day on which `at` falls for a record that is brought in. Records touch many days
    /// and are refused at times, so theirs is taken where they are stored.
    ///
    /// # Errors
    /// The store's, when a block cannot be leased.
    pub async fn next(&self, app: &App, policy: &Policy, at: Option<Timestamp>) -> Answer<Number> {
        let zone = TimeZone::get(&policy.time_zone).map_err(Problem::internal)?;
        let leased = if self.shared && at.is_none() {
            let day = Timestamp::now().to_zoned(zone.clone()).date();
            Some((day, self.lease(app, day).await?))
        } else {
            None
        };
        Ok(Number { prefix: policy.number_prefix.clone(), zone, leased })
    }

    async fn lease(&self, app: &App, day: Date) -> Answer<i64> {
        let mut blocks = self.blocks.lock().await;
        if let Some((next, end)) = blocks.get_mut(&day).filter(|(next, end)| next < end) {
            *next += 1;
            debug_assert!(*next <= *end, "a block is never overdrawn");
            return Ok(*next - 1);
        }
        let first = app.store.write(move |tx| take(tx, day, BLOCK)).await?;
        if blocks.len() >= DAYS_MAX {
            blocks.clear();
        }
        blocks.insert(day, (first + 1, first + BLOCK));
        Ok(first)
    }
}

impl Number {
    /// The number as text; takes it from the counter of the day of `at` where it was not leased before.
    ///
    /// # Errors
    /// The store's.
    pub fn in_transaction(&self, tx: &mut WriteTx<'_>, at: Timestamp) -> Result<String, StoreError> {
        let (day, count) = match self.leased {
            Some(leased) => leased,
            None => {
                let day = at.to_zoned(self.zone.clone()).date();
                (day, take(tx, day, 1)?)
            }
        };
        Ok(format!("{}{}-{count:05}", self.prefix, day.strftime("%Y%m%d")))
    }
}

fn take(tx: &mut WriteTx<'_>, day: Date, count: i64) -> Result<i64, StoreError> {
    counters::lease(tx, &format!("case.{day}"), count)
}
