//! `cargo xtask walk`: prints the walk of the four cases on a fresh SQLite file.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it prints for people")]

use std::process::ExitCode;

use jiban::commands::{Failure, demo};
use jiban_store::{ManualClock, Store, StoreConfig};

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().map_err(|why| Failure(why.to_string()));
    match runtime.and_then(|runtime| runtime.block_on(walk())) {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("the walk stopped: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn walk() -> Result<String, Failure> {
    let folder = tempfile::tempdir()?;
    let home = jiban::infra::config::Home::create(folder.path(), &Default::default())?;
    // A Monday morning, so that working days are easy to follow.
    let clock = ManualClock::new("2026-06-08T01:00:00Z".parse().map_err(|_| Failure("a bad start".into()))?);
    let store =
        Store::open(&StoreConfig { clock: Some(clock.clone()), ..StoreConfig::new(&home.config.store.url) }).await?;
    let app = demo::furnish(&home, store, demo::POLICY).await?;
    demo::walk::walk(&app, &clock).await
}
