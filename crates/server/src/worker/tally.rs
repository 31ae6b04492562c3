//! Keeps the numbers up to date: counts changed cases soon after they changed, and gives way to whoever writes.

use std::time::Duration;

use crate::{app::App, desk::tally};

/// Between two batches, others may write.
const PAUSE: Duration = Duration::from_millis(200);
/// Sleep at most this long: another node may have written.
const SLEEP_MAX: Duration = Duration::from_secs(20);
/// With so many writes in line, counting waits: numbers may be late, people may not.
const BUSY: usize = 16;

/// Runs until the program stops.
pub async fn run(app: App) {
    let mut stop = app.stop.subscribe();
    loop {
        let counted = match app.store.load().writes_waiting {
            busy if busy > BUSY => 1,
            _ => tally::step(&app, tally::BESIDE_PEOPLE).await.unwrap_or_else(|problem| {
                tracing::error!(?problem, "counting failed; trying again");
                0
            }),
        };
        let pause = if counted == 0 { SLEEP_MAX } else { PAUSE };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = app.tally_nudge.notified(), if counted == 0 => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}
