//! Retention 数据留存: what has served its time goes, in small steps: keys, sessions, sent messages, and the identities
//! of cases that were closed long enough ago, and of bookings of which nothing was noted. Reception days that have passed end
//! here too. How long is the policy's to say. Events are never removed.

use std::time::Duration;

use jiban_store::{StoreError, idempotency, identity, notifications, outbox, presence, users};
use jiff::{Timestamp, ToSpan};

use crate::{ahead::receptions, app::App, desk::rows};

/// Rows removed in one step of each kind.
const BATCH: i64 = 500;
/// How often it runs.
const PERIOD: Duration = Duration::from_secs(3_600);

/// One step. Returns how many rows went or ended.
///
/// # Errors
/// The store's.
pub async fn step(app: &App) -> Result<u64, StoreError> {
    let keep = app.snapshot().policy.retention;
    let receptions = receptions::end_and_forget(app).await?;
    let gone = app
        .store
        .write(move |tx| {
            let now = tx.now();
            let before =
                |days: u32| now.saturating_sub((i64::from(days) * 24).hours()).unwrap_or(Timestamp::UNIX_EPOCH);
            let (keys, sent) = (before(keep.idempotency_days), before(keep.outbox_days));
            let (read, identities) = (before(keep.notification_days), before(keep.identity_days));
            let mut gone = idempotency::purge(tx, keys, BATCH)?;
            gone += users::purge_sessions(tx, BATCH)?;
            gone += outbox::purge_sent(tx, rows::uuid_at(sent), BATCH)?;
            gone += notifications::purge_read(tx, read, BATCH)?;
            gone += presence::purge(tx, before(1), BATCH)?;
            gone += identity::purge_closed(tx, identities, BATCH)?;
            Ok::<_, StoreError>(gone)
        })
        .await?;
    Ok(gone + receptions)
}

/// Runs until the program stops.
pub async fn run(app: App) {
    let mut stop = app.stop.subscribe();
    loop {
        loop {
            match step(&app).await {
                Ok(0) => break,
                Ok(gone) => tracing::info!(gone, "retention removed what has served its time"),
                Err(error) => {
                    tracing::error!(%error, "retention failed; trying again in an hour");
                    break;
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}
