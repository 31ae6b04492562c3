//! Keeps this node's view of the world fresh: policies, organisation and calendar that another node has changed.

use std::time::Duration;

use crate::app::App;

/// How often versions are compared.
const PERIOD: Duration = Duration::from_secs(5);

/// Watches until the program stops.
pub async fn run(app: App) {
    let mut stop = app.stop.subscribe();
    loop {
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        if let Err(error) = app.worlds.refresh(&app.store).await {
            tracing::error!(%error, "policy, organisation or calendar could not be read again; the old ones stay in force");
        }
        app.limits.tidy();
    }
}
