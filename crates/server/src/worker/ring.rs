//! Rings on 转呼: calls to duty posts that nobody takes are rung on to the next, within seconds of their time.

use std::time::Duration;

use crate::{ahead::duty_calls, app::App};

/// How often it looks. An index says at once that nothing is due.
const EVERY: Duration = Duration::from_secs(5);

/// Runs until the program stops.
pub async fn run(app: App) {
    let mut stop = app.stop.subscribe();
    loop {
        if let Err(problem) = duty_calls::ring_on(&app).await {
            tracing::error!(?problem, "calls were not rung on; trying again");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}
