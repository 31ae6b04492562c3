//! `jiban backup`, `restore` and `doctor`: keeping the data, and knowing how it is.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use jiban_store::{Store, StoreConfig, StoreError, backup, case_list, documents, outbox};

use super::{Failure, Outcome, init::open};
use crate::{
    app::App,
    desk,
    infra::{config::Home, press},
};

/// Write a consistent archive of the database, while serving.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// File to write; it must not exist.
    file: PathBuf,
}

impl Backup {
    pub(super) async fn run(self, data: &Path) -> Outcome {
        let store = open(&Home::open(data)?).await?;
        let report = backup::export(&store, &self.file).await?;
        println!("{}: {} rows, sha256 {}", self.file.display(), report.rows, report.sha256);
        println!("Keep secrets.toml apart from it: without those keys, identities cannot be opened.");
        Ok(ExitCode::SUCCESS)
    }
}

/// Fill an empty database from an archive, after proving its chains.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The archive.
    file: PathBuf,
}

impl Restore {
    pub(super) async fn run(self, data: &Path) -> Outcome {
        let store = open(&Home::open(data)?).await?;
        let bar = indicatif::ProgressBar::new_spinner();
        let report = backup::restore(&store, &self.file, |rows| bar.set_message(format!("{rows} rows"))).await?;
        bar.set_message("building the search index");
        desk::reindex(&store).await?;
        bar.finish_and_clear();
        println!("{} rows restored, sha256 {}", report.rows, report.sha256);
        Ok(ExitCode::SUCCESS)
    }
}

/// Look whether everything is in order, and say what to do where it is not.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// For programs: the findings as JSON.
    #[arg(long)]
    json: bool,
}

struct Finding {
    ok: bool,
    what: String,
}

impl Doctor {
    pub(super) async fn run(self, data: &Path) -> Outcome {
        let mut findings = Vec::new();
        examine(data, &mut findings).await;
        let healthy = findings.iter().all(|finding| finding.ok);
        if self.json {
            let list: Vec<_> = findings.iter().map(|f| serde_json::json!({ "ok": f.ok, "what": f.what })).collect();
            println!("{}", serde_json::to_string(&list).map_err(|why| Failure(why.to_string()))?);
        } else {
            for finding in &findings {
                println!("{} {}", if finding.ok { "ok   " } else { "FAULT" }, finding.what);
            }
        }
        Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

async fn examine(data: &Path, findings: &mut Vec<Finding>) {
    let mut say = |ok: bool, what: String| findings.push(Finding { ok, what });
    let home = match Home::open(data) {
        Ok(home) => home,
        Err(why) => return say(false, why.to_string()),
    };
    say(true, format!("settings and keys in {}", data.display()));
    let store = match Store::open(&StoreConfig::new(&home.config.store.url)).await {
        Ok(store) => store,
        Err(why) => return say(false, format!("database: {why}")),
    };
    match store.schema_version().await {
        Ok(version) if version == jiban_store::SCHEMA_VERSION => say(true, format!("schema version {version}")),
        Ok(version) => {
            return say(
                false,
                format!("schema version {version}, {} needed: run 'jiban migrate'", jiban_store::SCHEMA_VERSION),
            );
        }
        Err(why) => return say(false, format!("schema: {why}")),
    }
    let documents =
        store.read(|tx| Ok::<_, StoreError>((documents::calendars(tx)?, case_list::counts(tx, None)?))).await;
    match documents {
        Ok((calendars, counts)) => {
            let years: Vec<String> = calendars.iter().map(|(year, _)| year.to_string()).collect();
            let this = jiff::Zoned::now().year();
            let known = calendars.iter().any(|(year, _)| *year == i64::from(this));
            let remedy = if known { "" } else { "; import this year's calendar" };
            say(known, format!("official calendar of {}{remedy}", years.join(", ")));
            let open: i64 = counts.iter().map(|count| count.open).sum();
            let overdue: i64 = counts.iter().map(|count| count.overdue).sum();
            say(true, format!("{open} open cases, {overdue} with a clock past due"));
        }
        Err(why) => say(false, format!("database: {why}")),
    }
    match store.read(|tx| outbox::dead(tx, None, DEAD_SHOWN)).await {
        Ok(dead) if dead.is_empty() => say(true, "every message was delivered or is still tried".to_owned()),
        Ok(dead) => say(false, given_up(&dead)),
        Err(why) => say(false, format!("outbox: {why}")),
    }
    match press::find(&home.config.documents.fonts) {
        Ok(fonts) => say(true, format!("fonts of documents: {}", families(&fonts))),
        Err(why) => say(false, format!("fonts of documents: {why}")),
    }
    match App::start(&home, store).await {
        Ok(app) => {
            say(true, format!("policy {}", app.snapshot().policy.name.zh));
            match app.blobs.check().await {
                Ok(()) => say(true, "the place of photos and files answers".to_owned()),
                Err(why) => say(false, why.to_string()),
            }
        }
        Err(why) => say(false, why.to_string()),
    }
}

/// The families that documents are set in, each once.
fn families(fonts: &jiban_office::Fonts) -> String {
    let families: BTreeSet<String> = fonts.faces().into_iter().map(|face| face.family).collect();
    families.into_iter().collect::<Vec<_>>().join(", ")
}

/// Messages looked at that were given up.
const DEAD_SHOWN: i64 = 1_000;

/// How many messages were given up, and why the last one was.
fn given_up(dead: &[outbox::Message]) -> String {
    let last = dead.first().map(|message| {
        let why = message.last_error.as_deref().unwrap_or_default();
        format!("; the last one, by {}: {why}", message.channel)
    });
    format!("{} message(s) could not be delivered{}", dead.len(), last.unwrap_or_default())
}
