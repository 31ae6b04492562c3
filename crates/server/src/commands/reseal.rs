//! `jiban reseal`: after a new key was put first into `secrets.toml`, so that older ones may go.

use std::{path::Path, process::ExitCode};

use clap::Args;

use super::{Outcome, init::open};
use crate::{ahead::reseal, app::App, features::sessions, infra::config::Home};

/// Seal anew with the newest key whatever an older one sealed, while serving.
#[derive(Debug, Args)]
pub(super) struct Reseal {}

impl Reseal {
    pub(super) async fn run(self, data: &Path) -> Outcome {
        let home = Home::open(data)?;
        let app = App::start(&home, open(&home).await?).await?;
        let done = reseal::identities(&app).await?;
        let codes = sessions::reseal_codes(&app).await?;
        // As secrets.toml calls it.
        let key = home.secrets.identity.first().map_or("", |key| &key.id);
        let days = app.snapshot().policy.retention.idempotency_days;
        println!(
            "Sealed with '{key}': {} identities of cases, {} works, {codes} one-time codes.",
            done.cases, done.works
        );
        println!("Answers kept for retries last {days} days more. Then the older keys may leave secrets.toml.");
        Ok(ExitCode::SUCCESS)
    }
}
