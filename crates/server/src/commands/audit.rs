//! `jiban audit verify`: proves that no event was changed, removed or put in between.

use std::{path::Path, process::ExitCode};

use clap::Subcommand;
use jiban_store::events;

use super::{Failure, Outcome, init::open};
use crate::infra::config::Home;

/// The audit chain.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Verify every chain.
    Verify {
        /// For programs: the outcome as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Audit {
    pub(super) async fn run(self, data: &Path) -> Outcome {
        let Self::Verify { json } = self;
        let store = open(&Home::open(data)?).await?;
        let bar = indicatif::ProgressBar::new_spinner();
        let report = events::verify_all(&store, |events| bar.set_message(format!("{events} events verified"))).await?;
        bar.finish_and_clear();
        let digest = hex::encode(report.digest);
        if json {
            let faults: Vec<_> = report
                .faults
                .iter()
                .map(|f| serde_json::json!({ "stream": f.stream, "seq": f.seq, "what": f.what }))
                .collect();
            let told = serde_json::json!({ "streams": report.streams, "events": report.events, "digest": digest, "faults": faults });
            println!("{}", serde_json::to_string(&told).map_err(|why| Failure(why.to_string()))?);
        } else {
            for fault in &report.faults {
                eprintln!("stream {} event {}: {}", fault.stream, fault.seq, fault.what);
            }
            println!(
                "{} events in {} streams, {} fault(s), digest {digest}",
                report.events,
                report.streams,
                report.faults.len()
            );
        }
        Ok(if report.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
