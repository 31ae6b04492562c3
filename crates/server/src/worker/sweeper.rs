//! The sweeper 时限巡检: lets time do what is due, warnings ahead and breaches after, on one node or on ten.
//!
//! It finds cases with a due clock and gives each the command [`Tick`], like anyone else who acts; the domain decides,
//! so a clock ends exactly once however often it is swept. Between sweeps it sleeps until the next clock is due, or
//! until an earlier one was armed. It must never judge a clock itself.

use std::{sync::Arc, time::Duration};

use jiban_domain::{
    command::{Command, Tick},
    decide::{Decision, Moment},
    event::Actor,
    ids::{CaseId, RequestId},
};
use jiban_store::{StoreError, WriteTx, cases};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    app::App,
    desk::{self, Stop},
    infra::world::Snapshot,
};

/// Cases swept in one transaction.
const BATCH: i64 = 64;
/// Longest sleep: another node may have armed a clock that this one was not told of.
const SLEEP_MAX: Duration = Duration::from_secs(5);
/// A case that cannot be swept is looked at again after so long.
const PUT_OFF: SignedDuration = SignedDuration::from_mins(10);
/// Wait after an error.
const SLEEP_AFTER_ERROR: Duration = Duration::from_secs(1);

/// Sweeps once: everything that is due now, in bounded batches. Returns how many cases were swept.
///
/// # Errors
/// The store's; what was swept before stays swept.
pub async fn sweep(app: &App) -> Result<usize, StoreError> {
    let mut swept = 0;
    loop {
        match batch(app).await? {
            0 => return Ok(swept),
            done => swept += done,
        }
    }
}

async fn batch(app: &App) -> Result<usize, StoreError> {
    let snapshot = app.snapshot();
    let decisions = match together(app, &snapshot).await {
        Ok(decisions) => decisions,
        // It may be one case that is at fault: the others must not wait behind it.
        Err(StoreError::Corrupt { .. } | StoreError::Conflict { .. } | StoreError::Other { .. }) => {
            one_by_one(app, &snapshot).await?
        }
        Err(error) => return Err(error),
    };
    for decision in &decisions {
        desk::announce(app, &snapshot, decision);
    }
    metrics::counter!("jiban_clocks_swept_total").increment(decisions.len() as u64);
    Ok(decisions.len())
}

/// All that is due, up to a batch, in one transaction.
async fn together(app: &App, snapshot: &Arc<Snapshot>) -> Result<Vec<Decision>, StoreError> {
    let (world, parts) = (Arc::clone(snapshot), app.clone());
    let sweep = move |tx: &mut WriteTx<'_>| -> Result<Vec<Decision>, StoreError> {
        let due = cases::due_clocks(tx, tx.now(), BATCH)?;
        due.into_iter().map(|id| tick(tx, &parts, &world, id)).collect()
    };
    app.store.write(sweep).await
}

/// The same, each case in a transaction of its own. What cannot be swept is put off: it would be found again at once and
/// for ever.
async fn one_by_one(app: &App, snapshot: &Arc<Snapshot>) -> Result<Vec<Decision>, StoreError> {
    let mut decisions = Vec::new();
    for id in app.store.write(|tx| cases::due_clocks(tx, tx.now(), BATCH)).await? {
        let (world, parts) = (Arc::clone(snapshot), app.clone());
        match app.store.write(move |tx| tick(tx, &parts, &world, id)).await {
            Ok(decision) => decisions.push(decision),
            Err(why) => {
                tracing::error!(case = %id, %why, "a due clock cannot be swept; trying again in {PUT_OFF:#}");
                metrics::counter!("jiban_clocks_put_off_total").increment(1);
                let put_off = move |tx: &mut WriteTx<'_>| {
                    let until = tx.now().saturating_add(PUT_OFF).unwrap_or(Timestamp::MAX);
                    cases::put_off(tx, id, until)
                };
                app.store.write(put_off).await?;
            }
        }
    }
    Ok(decisions)
}

fn tick(tx: &mut WriteTx<'_>, app: &App, world: &Snapshot, id: Uuid) -> Result<Decision, StoreError> {
    let moment = Moment { by: Actor::System, now: tx.now(), fresh: RequestId(id) };
    let why = match desk::act_in(tx, app, world, CaseId(id), &Command::Tick(Tick {}), None, &moment) {
        Ok(decision) if !decision.events.is_empty() => return Ok(decision),
        Ok(_) => "nothing was due after all".to_owned(),
        Err(Stop::Store(error)) => return Err(error),
        Err(Stop::Refused(refusal)) => refusal.to_string(),
        Err(Stop::Problem(problem)) => problem.title,
    };
    Err(StoreError::corrupt(format!("clock of case {id}: {why}")))
}

/// Sweeps until the program stops.
pub async fn run(app: App) {
    let mut stop = app.stop.subscribe();
    loop {
        let pause = match sweep(&app).await {
            Ok(_) => until_next(&app).await,
            Err(error) => {
                tracing::error!(%error, "sweeping failed; trying again");
                SLEEP_AFTER_ERROR
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = app.sweeper_nudge.notified() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// How long until the next clock is due, at most [`SLEEP_MAX`].
async fn until_next(app: &App) -> Duration {
    let next = app.store.read(|tx| Ok::<_, StoreError>((cases::next_due(tx)?, tx.now()))).await;
    match next {
        Ok((Some(next), now)) => {
            let wait = next.as_millisecond().saturating_sub(now.as_millisecond());
            Duration::from_millis(u64::try_from(wait).unwrap_or(0)).min(SLEEP_MAX)
        }
        Ok((None, _)) => SLEEP_MAX,
        Err(_) => SLEEP_AFTER_ERROR,
    }
}
