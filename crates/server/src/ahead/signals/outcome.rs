//! What came of signals 苗头: after a decision, are there more requests of the kind than was usual before it, or not; and what
//! was found by those who went to look. Counted from the tally, so it costs by the days that it reads.

use std::collections::BTreeMap;

use jiban_domain::{
    figures::Count,
    signal::{
        Signal, SignalState, Why,
        came::{Came, InDays, came},
    },
};
use jiban_store::{ReadTx, StoreError};
use jiff::{ToSpan, civil::Date};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    ahead::effect,
    assess::{letters::top_unit, period::Period},
    infra::world::Snapshot,
};

/// What came of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SignalOutcome)]
pub struct Outcome {
    /// How it is afterwards.
    pub came: Came,
    /// Requests of its kind in its area before what it was raised for.
    pub usual: InDays,
    /// The same after the decision; of an occasion, on its own days so far.
    pub after: InDays,
    /// What rounds found of that kind there on the days after.
    pub found: u32,
}

/// What came of a signal; none while it waits, or where it is about no kind of request.
///
/// # Errors
/// The store's.
pub fn outcome(tx: &mut ReadTx<'_>, snapshot: &Snapshot, signal: &Signal) -> Result<Option<Outcome>, StoreError> {
    let (Some(category), Some(decided)) = (&signal.of.category, &signal.decision) else { return Ok(None) };
    let zone = snapshot.calendar.zone();
    let day = |at: jiff::Timestamp| at.to_zoned(zone.clone()).date();
    let yesterday = day(tx.now()).yesterday().unwrap_or(Date::MIN);
    let back = i64::from(snapshot.policy.signals.scan.look_back_days);
    let most = i64::from(snapshot.policy.campaigns.effect_days);
    let (begins, after) = match &signal.of.why {
        Why::Occasion { first, last, .. } => (*first, Period { first: *first, last: (*last).min(yesterday) }),
        why @ (Why::Rise { .. } | Why::Repeat { .. } | Why::Hot { .. }) => {
            let seen = i64::from(why.days().unwrap_or(0)) - 1;
            let first = day(decided.at).tomorrow().unwrap_or(Date::MAX);
            let last = first.checked_add((most - 1).days()).unwrap_or(Date::MAX);
            let begins = day(signal.first()).checked_sub(seen.days()).unwrap_or(Date::MIN);
            (begins, Period { first, last: last.min(yesterday) })
        }
    };
    let usual = Period {
        first: begins.checked_sub(back.days()).unwrap_or(Date::MIN),
        last: begins.yesterday().unwrap_or(Date::MIN),
    };
    let area = signal.of.area.clone().unwrap_or_else(|| top_unit(snapshot));
    let leaves = effect::leaves(snapshot, category);
    let mut count = |what: Count, days: Period| -> Result<InDays, StoreError> {
        if days.last < days.first {
            return Ok(InDays::default());
        }
        let course = effect::course(tx, &area, &leaves, (what, days))?;
        Ok(InDays { count: effect::within(&course, days), days: u32::try_from(days.days()).unwrap_or(0) })
    };
    let (usual, found) = (count(Count::Requests, usual)?, count(Count::Findings, after)?.count);
    let after = count(Count::Requests, after)?;
    Ok(Some(Outcome { came: came(usual, after), usual, after, found }))
}

/// How many signals of a kind stand where, and how it is after those that were decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SignalSum)]
pub struct Sum {
    /// Kind of signal: rise, repeat, hot, occasion.
    pub kind: &'static str,
    /// Where they stand.
    pub state: SignalState,
    /// How many.
    pub signals: u32,
    /// Of these, how it is afterwards; those of which nothing can be said are left out.
    pub came: BTreeMap<Came, u32>,
}

/// Signals summed up by kind and where they stand.
pub fn sums<'a>(signals: impl Iterator<Item = (&'a Signal, Option<&'a Outcome>)>) -> Vec<Sum> {
    let mut sums: BTreeMap<(&'static str, SignalState), Sum> = BTreeMap::new();
    for (signal, outcome) in signals {
        let (kind, state) = (signal.of.why.kind(), signal.state);
        let sum = sums.entry((kind, state)).or_insert(Sum { kind, state, signals: 0, came: BTreeMap::new() });
        sum.signals += 1;
        if let Some(outcome) = outcome {
            *sum.came.entry(outcome.came).or_default() += 1;
        }
    }
    sums.into_values().collect()
}
