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
use jiban_store::{StoreError, cases};

use crate::{
    app::App,
    desk::{self, Stop},
};

/// Cases swept in one transaction.
const BATCH: i64 = 64;
/// Longest sleep: another node may have armed a clock that this one was not told of.
const SLEEP_MAX: Duration = Duration::from_secs(5);
/// Wait after an error.
const SLEEP_AFTER_ERROR: Duration = Duration::from_secs(1);

/// Sweeps once: everything that is due now, in bounded batches. Returns how many cases were swept.
///
/// # Errors
/// The store's; what was swept before stays swept.
pub async fn sweep(app: &App) -> Result<usize, StoreError> {
    let mut swept = 0;
    loop {
        let done = batch(app).await?;
        swept += done;
        if done < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            return Ok(swept);
        }
    }
}

async fn batch(app: &App) -> Result<usize, StoreError> {
    let snapshot = app.snapshot();
    let (world, parts) = (Arc::clone(&snapshot), app.clone());
    let decisions = app
        .store
        .write(move |tx| -> Result<Vec<Decision>, StoreError> {
            let now = tx.now();
            let due = cases::due_clocks(tx, now, BATCH)?;
            let mut decisions = Vec::with_capacity(due.len());
            for id in due {
                let moment = Moment { by: Actor::System, now, fresh: RequestId(id) };
                match desk::act_in(tx, &parts, &world, CaseId(id), &Command::Tick(Tick {}), None, &moment) {
                    Ok(decision) => decisions.push(decision),
                    Err(Stop::Store(error)) => return Err(error),
                    Err(stop) => {
                        // A due clock on a case that cannot be ticked would be found again for ever.
                        let problem = crate::http::problem::Problem::from(stop);
                        return Err(StoreError::corrupt(format!("clock of case {id}: {}", problem.title)));
                    }
                }
            }
            Ok(decisions)
        })
        .await?;
    for decision in &decisions {
        desk::announce(app, &snapshot, decision);
    }
    metrics::counter!("jiban_clocks_swept_total").increment(decisions.len() as u64);
    Ok(decisions.len())
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
