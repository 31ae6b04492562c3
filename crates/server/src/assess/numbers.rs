//! Numbers out of the tally: sums of a unit over a period, told apart by what is asked.

use std::collections::BTreeMap;

use jiban_domain::{
    figures::{Counts, Measure, Sums},
    ids::UnitId,
};
use jiban_store::{
    ReadTx, StoreError,
    tally::{self, By, Sum},
};
use jiff::civil::Date;

use super::period::Period;
use crate::desk::tally::{date, day};

/// Everything of a unit over a period.
///
/// # Errors
/// The store's.
pub fn whole(tx: &mut ReadTx<'_>, unit: &UnitId, period: Period) -> Result<Sums, StoreError> {
    Ok(apart(tx, unit, By::All, period)?.remove("").unwrap_or_default())
}

/// Sums of a unit over a period, told apart; the empty value is that of cases without one.
///
/// # Errors
/// The store's.
pub fn apart(tx: &mut ReadTx<'_>, unit: &UnitId, by: By, period: Period) -> Result<BTreeMap<String, Sums>, StoreError> {
    let found = tally::sums(tx, unit.as_str(), by, day(period.first), day(period.last))?;
    let mut sums: BTreeMap<String, Sums> = BTreeMap::new();
    for mut sum in found {
        let value = std::mem::take(&mut sum.value);
        add(sums.entry(value).or_default(), &sum)?;
    }
    Ok(sums)
}

/// A unit's sums, day by day; days without anything are left out.
///
/// # Errors
/// The store's.
pub fn by_day(tx: &mut ReadTx<'_>, unit: &UnitId, period: Period) -> Result<BTreeMap<Date, Sums>, StoreError> {
    let mut days: BTreeMap<Date, Sums> = BTreeMap::new();
    for (of, sum) in tally::by_day(tx, unit.as_str(), By::All, (day(period.first), day(period.last)))? {
        add(days.entry(date(of)?).or_default(), &sum)?;
    }
    Ok(days)
}

fn add(sums: &mut Sums, sum: &Sum) -> Result<(), StoreError> {
    let measure: Measure = sum.measure.parse().map_err(|why| StoreError::corrupt(format!("a sum of '{why}'")))?;
    let mut counts = Counts::default();
    counts.add(measure, sum.number);
    sums.add(sum.apart.as_deref(), &counts);
    Ok(())
}
