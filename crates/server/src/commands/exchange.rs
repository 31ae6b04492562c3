//! `jiban import cases`, `import template` and `export cases`: tables of cases in and out.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiban_domain::{case::State, event::Actor, ids::UnitId, policy::Language};
use jiban_store::case_list::CaseQuery;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{Failure, Outcome, init::open, policy::Tongue};
use crate::{
    app::App,
    exchange::{
        ExchangeError, export,
        import::{self, Report},
        mapping::Mapping,
        table::Table,
        template,
    },
    infra::config::Home,
};

impl From<ExchangeError> for Failure {
    fn from(error: ExchangeError) -> Self {
        Self(error.to_string())
    }
}

/// The program over a data folder, without serving.
pub(super) async fn start(data: &Path) -> Result<App, Failure> {
    let home = Home::open(data)?;
    Ok(App::start(&home, open(&home).await?).await?)
}

/// Options of `import cases`.
#[derive(Debug, Args)]
pub(super) struct Cases {
    /// The table: CSV, XLSX (its first sheet) or JSON Lines.
    file: PathBuf,
    /// Which column means what; not needed for a table made from the template or by `export cases`.
    #[arg(long)]
    mapping: Option<PathBuf>,
    /// Name of the source of a table that needs no mapping: its numbers are known by it.
    #[arg(long, default_value = template::SOURCE)]
    source: String,
    /// Where rows that are not taken are written, with reasons; NAME.refused.csv in this folder where none is given.
    #[arg(long)]
    refused: Option<PathBuf>,
    /// Look at every row and store nothing.
    #[arg(long)]
    dry_run: bool,
    /// For programs: the outcome as JSON.
    #[arg(long)]
    json: bool,
}

impl Cases {
    pub(super) async fn run(self, data: &Path) -> Outcome {
        let app = start(data).await?;
        let mapping = match &self.mapping {
            Some(file) => Mapping::load(file)?,
            None => self.known_mapping(&app).await?,
        };
        let stem = self.file.file_stem().unwrap_or_default().to_string_lossy();
        let refused = self.refused.clone().unwrap_or_else(|| format!("{stem}.refused.csv").into());
        let import = import::Import { file: self.file.clone(), mapping, refused, dry_run: self.dry_run };
        let bar = progress(import::length(&self.file), "{bar:40} {percent}% {msg}, {eta} left");
        let done = import::run(&app, &import, |report, position| {
            bar.set_position(position);
            bar.set_message(format!("{} rows, {} taken, {} refused", report.rows, report.taken, report.refused));
        });
        let report = done.await?;
        bar.finish_and_clear();
        app.store.close().await;
        if self.json {
            println!("{}", serde_json::to_string(&report).map_err(|why| Failure(why.to_string()))?);
        } else {
            tell(&report);
        }
        Ok(if report.refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) })
    }

    /// The mapping of a table whose headings are the program's own.
    async fn known_mapping(&self, app: &App) -> Result<Mapping, Failure> {
        let mut table = Table::open(&self.file, b',').await?;
        let headings = match &table.headings {
            Some(headings) => headings.names().to_vec(),
            None => table.next().await?.map(|row| row.headings().to_vec()).unwrap_or_default(),
        };
        let known = template::recognise(&app.snapshot().policy, &headings, &self.source)?;
        known.ok_or_else(|| {
            let file = self.file.display();
            Failure(format!("{file}: its headings are not the template's; tell with --mapping FILE which column means what (docs/import.md)"))
        })
    }
}

fn tell(report: &Report) {
    for reason in report.reasons.iter() {
        eprintln!("{:>8}  {}", reason.count, reason.words.en);
    }
    let taken = if report.dry_run { "could be taken (nothing was stored)" } else { "taken" };
    println!(
        "{} rows: {} {taken}, {} were there already, {} refused",
        report.rows, report.taken, report.there, report.refused
    );
    if report.due_told > 0 {
        println!(
            "{} of {} are due at the same minute as by the source's own reckoning",
            report.due_same, report.due_told
        );
    }
    if report.repeats + report.repeats_unknown > 0 {
        println!(
            "{} marked as repeats of an earlier case; {} name an earlier one that is not here",
            report.repeats, report.repeats_unknown
        );
    }
    if let Some(file) = &report.refused_file {
        println!(
            "Refused rows with their reasons: {file}. Mend them there and bring that file in with the same mapping."
        );
    }
}

/// Options of `import template`.
#[derive(Debug, Args)]
pub(super) struct Template {
    /// File to write: .xlsx (with a sheet of codes) or .csv; it must not exist.
    file: PathBuf,
    /// Language of the headings.
    #[arg(long, value_enum, default_value = "zh")]
    language: Tongue,
    /// Write its mapping too, to be fitted to another table.
    #[arg(long)]
    mapping: Option<PathBuf>,
}

impl Template {
    pub(super) async fn run(self, data: &Path) -> Outcome {
        let app = start(data).await?;
        let snapshot = app.snapshot();
        let language = Language::from(self.language);
        template::write(&self.file, &snapshot.policy, &snapshot.organisation, language)?;
        println!("{}: fill in a row a case, then: jiban import cases {0}", self.file.display());
        if let Some(file) = &self.mapping {
            let text = template::mapping(&snapshot.policy, language, template::SOURCE);
            let told = |why| Failure(format!("{}: {why}", file.display()));
            std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(file)
                .and_then(|mut to| std::io::Write::write_all(&mut to, text.as_bytes()))
                .map_err(told)?;
            println!("{}: its mapping", file.display());
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Take tables out.
#[derive(Debug, Subcommand)]
pub(super) enum Export {
    /// Cases, one row each, newest first; never who their reporters are.
    Cases(Out),
}

/// Options of `export cases`.
#[derive(Debug, Args)]
pub(super) struct Out {
    /// File to write: .csv, .xlsx or .jsonl; it must not exist.
    file: PathBuf,
    /// Registered on or after this day.
    #[arg(long)]
    from: Option<Date>,
    /// Registered before this day.
    #[arg(long)]
    until: Option<Date>,
    /// Cases of this unit and those under it; may be given more than once.
    #[arg(long)]
    unit: Vec<UnitId>,
    /// Only open ones.
    #[arg(long, conflicts_with = "state")]
    open: bool,
    /// Only in this state; may be given more than once.
    #[arg(long)]
    state: Vec<String>,
    /// Language of the headings.
    #[arg(long, value_enum, default_value = "zh")]
    language: Tongue,
    /// For programs: the outcome as JSON.
    #[arg(long)]
    json: bool,
}

impl Export {
    pub(super) async fn run(self, data: &Path) -> Outcome {
        let Self::Cases(out) = self;
        let app = start(data).await?;
        let query = out.query(&app)?;
        let bar = progress(None, "{spinner} {msg}");
        let say = |count| bar.set_message(format!("{count} cases"));
        let count = export::run(&app, &out.file, query, out.language.into(), &Actor::System, say).await?;
        bar.finish_and_clear();
        app.store.close().await;
        if out.json {
            println!("{}", serde_json::json!({ "cases": count, "file": out.file.display().to_string() }));
        } else {
            println!("{}: {count} cases", out.file.display());
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Out {
    fn query(&self, app: &App) -> Result<CaseQuery, Failure> {
        let snapshot = app.snapshot();
        for unit in &self.unit {
            if snapshot.organisation.unit(unit).is_none() {
                return Err(Failure(format!("--unit: there is no unit '{unit}' in the organisation")));
            }
        }
        for state in &self.state {
            if !State::ALL.iter().any(|known| known.as_str() == state) {
                let known = State::ALL.map(State::as_str).join(", ");
                return Err(Failure(format!("--state: '{state}' is none of {known}")));
            }
        }
        let zone = TimeZone::get(&snapshot.policy.time_zone).map_err(|why| Failure(why.to_string()))?;
        let begin = |day: Option<Date>| -> Result<Option<Timestamp>, Failure> {
            let begin = day.map(|day| day.to_zoned(zone.clone())).transpose();
            begin.map(|day| day.map(|day| day.timestamp())).map_err(|why| Failure(why.to_string()))
        };
        Ok(CaseQuery {
            units: (!self.unit.is_empty()).then(|| self.unit.iter().map(ToString::to_string).collect()),
            open: self.open.then_some(true),
            states: self.state.clone(),
            registered_from: begin(self.from)?,
            registered_until: begin(self.until)?,
            ..CaseQuery::default()
        })
    }
}

/// A bar on the terminal, or none where there is no terminal.
pub(super) fn progress(length: Option<u64>, form: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    let plain = ProgressStyle::default_bar();
    bar.with_style(plain.clone().template(form).unwrap_or(plain))
}
