//! `jiban init`, `migrate` and `import`: from an empty folder to an installation that can serve.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use jiban_domain::{calendar::HolidayYear, event::Actor, policy::Policy};
use jiban_store::{Store, StoreConfig, StoreError, documents};

use super::{
    Failure, Outcome, exchange,
    policy::{read, told},
};
use crate::infra::{
    audit,
    config::{Config, Home},
    imports::{self, Tables},
};

/// The policy shipped with the program.
pub(super) const DONGMEN: &str = include_str!("../../../../policies/dongmen.toml");
/// The official calendars shipped with the program, from the notices of the State Council.
pub(super) const CALENDARS: [&str; 2] =
    [include_str!("../../../../calendars/2025.json"), include_str!("../../../../calendars/2026.json")];

/// Make a data folder: keys, settings, database, policy, calendar.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// Policy file; the one of Dongmen where none is given.
    #[arg(long)]
    policy: Option<PathBuf>,
    /// Database: `sqlite:FILE` or `postgres://…`; a file in the data folder where none is given.
    #[arg(long)]
    store: Option<String>,
}

impl Init {
    pub(super) async fn run(self, data: &Path) -> Outcome {
        let mut config = Config::default();
        config.store.url = self.store.unwrap_or_default();
        let home = Home::create(data, &config)?;
        let store = open(&home).await?;
        let text = match &self.policy {
            Some(file) => read(file)?,
            None => DONGMEN.to_owned(),
        };
        let shown = self.policy.unwrap_or_else(|| "policies/dongmen.toml".into());
        let policy = Policy::parse(&text).map_err(|faults| Failure(told(&shown, &faults)))?;
        adopt(&store, &policy, &text).await?;
        for text in CALENDARS {
            let year: HolidayYear = serde_json::from_str(text).map_err(|why| Failure(why.to_string()))?;
            imports::store_calendar(&store, &policy.time_zone, &year, &Actor::System).await?;
        }
        println!("{} is ready: policy {}, calendars of 2025 and 2026.", data.display(), policy.name.zh);
        println!("Next: jiban import organisation --units FILE …, jiban user add, jiban serve");
        Ok(ExitCode::SUCCESS)
    }
}

/// Opens and migrates the store of a data folder.
pub(super) async fn open(home: &Home) -> Result<Store, Failure> {
    let mut config = StoreConfig::new(&home.config.store.url);
    if home.config.store.readers > 0 {
        config.readers = home.config.store.readers;
    }
    if home.config.store.writers > 0 {
        config.writers = home.config.store.writers;
    }
    let store = Store::open(&config).await?;
    for applied in store.migrate().await? {
        tracing::info!(%applied, "migrated");
    }
    Ok(store)
}

/// Puts a policy in force.
pub(super) async fn adopt(store: &Store, policy: &Policy, text: &str) -> Result<(), Failure> {
    let (version, text) = (policy.version.clone(), text.to_owned());
    let trace = audit::trace(&Actor::System, "policy_adopted", &serde_json::json!({ "version": version }));
    store
        .write(move |tx| {
            if documents::policy(tx, &version)?.is_some() {
                return Ok::<_, StoreError>(());
            }
            let now = tx.now();
            documents::put_policy(tx, &version, &text, now)?;
            audit::record(tx, audit::Stream::Policy, trace.clone())
        })
        .await?;
    Ok(())
}

/// `jiban migrate`.
pub(super) async fn migrate(data: &Path) -> Outcome {
    let store = open(&Home::open(data)?).await?;
    println!("schema version {}", store.schema_version().await?);
    Ok(ExitCode::SUCCESS)
}

/// Take over an organisation, a calendar or cases.
#[derive(Debug, Subcommand)]
pub(super) enum Import {
    /// Units, people, spots, roster, areas, service points and streets; each optional, updated by code, never doubled.
    Organisation {
        /// CSV of units.
        #[arg(long)]
        units: Option<PathBuf>,
        /// CSV of people.
        #[arg(long)]
        people: Option<PathBuf>,
        /// CSV of spots.
        #[arg(long)]
        spots: Option<PathBuf>,
        /// CSV of the roster.
        #[arg(long)]
        roster: Option<PathBuf>,
        /// GeoJSON of areas.
        #[arg(long)]
        areas: Option<PathBuf>,
        /// CSV of service points.
        #[arg(long)]
        services: Option<PathBuf>,
        /// GeoJSON of streets.
        #[arg(long)]
        streets: Option<PathBuf>,
        /// Areas, service points and streets are in GCJ-02.
        #[arg(long)]
        gcj02: bool,
        /// For programs: the outcome as JSON.
        #[arg(long)]
        json: bool,
    },
    /// A year of the official calendar, in the holiday-cn form.
    Calendar {
        /// The JSON files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Cases with their past from a table; each record once, however often it is brought in.
    Cases(exchange::Cases),
    /// Write an empty table to be filled in with cases.
    Template(exchange::Template),
}

impl Import {
    pub(super) async fn run(self, data: &Path) -> Outcome {
        match self {
            Self::Cases(command) => command.run(data).await,
            Self::Template(command) => command.run(data).await,
            Self::Organisation { units, people, spots, roster, areas, services, streets, gcj02, json } => {
                let tables = Tables {
                    units: named(units)?,
                    people: named(people)?,
                    spots: named(spots)?,
                    roster: named(roster)?,
                    areas: named(areas)?,
                    services: named(services)?,
                    streets: named(streets)?,
                    gcj02,
                };
                organisation(&open(&Home::open(data)?).await?, &tables, json).await
            }
            Self::Calendar { files } => {
                let home = Home::open(data)?;
                let app = crate::app::App::start(&home, open(&home).await?).await?;
                for file in files {
                    let year: HolidayYear = serde_json::from_str(&read(&file)?)
                        .map_err(|why| Failure(format!("{}: {why}; use the holiday-cn form", file.display())))?;
                    let done = imports::calendar(&app, &year, &Actor::System).await?;
                    println!("{}: {} special days, {} cases recomputed", done.year, done.days, done.recomputed);
                }
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// A file's text with the name that faults are told under.
fn named(file: Option<PathBuf>) -> Result<Option<(String, String)>, Failure> {
    file.map(|file| Ok((file.display().to_string(), read(&file)?))).transpose()
}

async fn organisation(store: &Store, tables: &Tables, json: bool) -> Outcome {
    let stored = store
        .read(|tx| {
            let now = tx.now();
            documents::active_policy(tx, now)
        })
        .await?;
    let policy = stored.ok_or_else(|| Failure("no policy yet: run 'jiban init' first".into()))?;
    let policy = Policy::parse(&policy.body).map_err(|faults| Failure(faults.to_string()))?;
    let done = imports::organisation(store, tables, &policy, &Actor::System).await?;
    if json {
        println!("{}", serde_json::to_string(&done).map_err(|why| Failure(why.to_string()))?);
    } else {
        for line in &done.refused {
            eprintln!("not taken: {}", line.en);
        }
        for line in &done.warnings {
            eprintln!("look at: {}", line.en);
        }
        println!(
            "organisation {}: {} units, {} people, {} spots, {} shifts, {} services, {} streets",
            done.version, done.units, done.people, done.spots, done.shifts, done.services, done.streets
        );
    }
    Ok(if done.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}
