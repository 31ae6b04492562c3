//! Work that nobody waits for: clocks, messages, tidying, learning. Each worker takes no input, is idempotent and bounded, runs
//! on a period and on a nudge, and can be run one step at a time.

pub mod night;
pub mod outbox;
pub mod retention;
pub mod ring;
pub mod sweeper;
pub mod tally;
pub mod watch;

use tokio::task::JoinSet;

use crate::app::App;

/// Starts all workers. They end when the program stops.
pub fn start(app: &App) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    workers.spawn(sweeper::run(app.clone()));
    workers.spawn(outbox::run(app.clone()));
    workers.spawn(retention::run(app.clone()));
    workers.spawn(watch::run(app.clone()));
    workers.spawn(night::run(app.clone()));
    workers.spawn(tally::run(app.clone()));
    workers.spawn(ring::run(app.clone()));
    workers
}
