//! `jiban policy check|explain|simulate`: every fault of a policy file at once, the whole of it as prose, or what it would
//! have made of recorded cases.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand, ValueEnum};
use jiban_domain::{
    clock::Standing,
    event::Actor,
    policy::{Language, Policy as Rules, explain},
    what_if::{Clocks, Example, Notices, Pair, Side},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    Failure, Outcome,
    exchange::{progress, start},
    say,
};
use crate::desk::what_if::{self, Comparison, Trial};

/// Cases printed of each kind; all of them come with `--json`.
const PRINTED_MAX: usize = 20;

#[derive(Debug, Subcommand)]
pub(super) enum Policy {
    /// Tell every fault, with file, line, key and remedy.
    Check {
        /// The policy file.
        file: PathBuf,
        /// For programs: faults as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the policy as prose.
    Explain {
        /// The policy file.
        file: PathBuf,
        /// In which language.
        #[arg(long, value_enum, default_value = "zh")]
        language: Tongue,
    },
    /// Replay recorded cases under this policy: what would have been late, who told more, what escalated. Changes nothing.
    Simulate(Simulate),
}

/// Options of `policy simulate`.
#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// The policy file to try.
    file: PathBuf,
    /// Cases registered on or after this day.
    #[arg(long)]
    from: Date,
    /// Cases registered on or before this day.
    #[arg(long)]
    to: Date,
    /// For programs: the whole comparison as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Tongue {
    Zh,
    En,
}

impl From<Tongue> for Language {
    fn from(tongue: Tongue) -> Self {
        match tongue {
            Tongue::Zh => Self::Zh,
            Tongue::En => Self::En,
        }
    }
}

impl Policy {
    pub(super) async fn run(self, data: &Path) -> Outcome {
        match self {
            Self::Check { file, json } => check(&file, json),
            Self::Explain { file, language } => {
                let policy = Rules::parse(&read(&file)?).map_err(|faults| Failure(told(&file, &faults)))?;
                println!("{}", explain(&policy, language.into()));
                Ok(ExitCode::SUCCESS)
            }
            Self::Simulate(simulate) => simulate.run(data).await,
        }
    }
}

impl Simulate {
    async fn run(self, data: &Path) -> Outcome {
        let policy = Rules::parse(&read(&self.file)?).map_err(|faults| Failure(told(&self.file, &faults)))?;
        let app = start(data).await?;
        let zone = app.snapshot().calendar.zone().clone();
        let ready = what_if::prepare(&app, Trial { policy, from: self.from, to: self.to, by: Actor::System })?;
        let bar = progress(Some(1_000), "{bar:40} {percent}% {msg}, {eta} left");
        let compared = what_if::run(&app, ready, |far| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of 1")]
            bar.set_position((far.part * 1_000.0) as u64);
            bar.set_message(format!("{} cases", far.cases));
        });
        let compared = compared.await?;
        bar.finish_and_clear();
        app.store.close().await;
        if self.json {
            say(serde_json::to_string(&compared).map_err(|why| Failure(why.to_string()))?)?;
        } else {
            tell(&compared, &zone)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn tell(found: &Comparison, zone: &TimeZone) -> Result<(), Failure> {
    let Comparison { from, to, .. } = found;
    if found.cases == 0 {
        return say(format!("No case was registered from {from} to {to}: nothing to compare."));
    }
    say(format!("Cases registered from {from} to {to}: {}, of which {} compared.", found.cases, found.compared))?;
    for out in &found.unknown_classes {
        say(format!("{} left out: the policy has no class '{}', so that no length fits.", out.cases, out.class))?;
    }
    if found.not_readable > 0 {
        say(format!("{} left out: their events cannot be read (see the log).", found.not_readable))?;
    }
    if found.unlike_record > 0 {
        say(format!("{} were recorded with other late clocks than a replay gives.", found.unlike_record))?;
    }
    say(&found.assumes.en)?;
    let Pair { before, after } = found.late_cases;
    say(format!(
        "\nCases with a late clock: {before} before, {after} after. Clocks that become late: {}; no longer late: {}.",
        found.all.became_late, found.all.no_longer_late
    ))?;
    for (heading, rows) in [("Clocks", &found.rules), ("Classes", &found.classes)] {
        say(format!("\n{heading:<36}{:>15}{:>15}{:>14}{:>16}", "ran", "late", "become late", "no longer late"))?;
        for row in rows {
            let Clocks { ran, late, became_late, no_longer_late, .. } = row.figures;
            let (ran, late) = (pair(ran), pair(late));
            say(format!("{:<36}{ran:>15}{late:>15}{became_late:>14}{no_longer_late:>16}", row.name.en))?;
        }
    }
    say(format!("\n{:<36}{:>15}{:>15}{:>15}", "Units", "late clocks", "warnings", "breaches told"))?;
    for row in &found.units {
        let Notices { warnings, breaches } = row.figures.notices;
        let late = pair(row.figures.clocks.late);
        say(format!("{:<36}{late:>15}{:>15}{:>15}", row.name.en, pair(warnings), pair(breaches)))?;
    }
    say(format!("\n{:<36}{:>30}{:>15}", "Told", "warnings", "breaches told"))?;
    for row in &found.told {
        let Notices { warnings, breaches } = row.figures;
        say(format!("{:<36}{:>30}{:>15}", row.name.en, pair(warnings), pair(breaches)))?;
    }
    list("Become late", &found.became_late, found.all.became_late, zone)?;
    list("No longer late", &found.no_longer_late, found.all.no_longer_late, zone)
}

fn pair(pair: Pair) -> String {
    format!("{} → {}", pair.before, pair.after)
}

fn list(heading: &str, examples: &[Example], of: u64, zone: &TimeZone) -> Result<(), Failure> {
    if examples.is_empty() {
        return Ok(());
    }
    let shown = examples.len().min(PRINTED_MAX);
    say(format!("\n{heading}, {shown} of {of}:"))?;
    for example in examples.iter().take(shown) {
        let side = |side: &Option<Side>| side.as_ref().map_or("no clock".to_owned(), |side| stood(side, zone));
        let (before, after) = (side(&example.before), side(&example.after));
        say(format!("{}  {:<12} {:<16} {before} → {after}", example.number, example.rule, example.unit))?;
    }
    Ok(())
}

fn stood(side: &Side, zone: &TimeZone) -> String {
    let local = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%m-%d %H:%M").to_string();
    let stood = match side.standing {
        Standing::Running => "runs".to_owned(),
        Standing::Met { at } => format!("met {}", local(at)),
        Standing::Breached { stopped_at: Some(at) } => format!("late, done {}", local(at)),
        Standing::Breached { stopped_at: None } => "late, not done".to_owned(),
        Standing::Cancelled { at } => format!("fell away {}", local(at)),
    };
    format!("due {} ({stood})", local(side.due_at))
}

pub(super) fn read(file: &std::path::Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|why| Failure(format!("{}: {why}", file.display())))
}

pub(super) fn told(file: &std::path::Path, faults: &jiban_domain::policy::Faults) -> String {
    let lines = faults.0.iter().map(|fault| format!("{}:{fault}", file.display()));
    lines.collect::<Vec<_>>().join("\n")
}

fn check(file: &std::path::Path, json: bool) -> Outcome {
    match Rules::parse(&read(file)?) {
        Ok(policy) => {
            if json {
                println!("{}", serde_json::json!({ "version": policy.version, "faults": [] }));
            } else {
                println!("{}: in order, version {}", file.display(), policy.version);
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(faults) => {
            if json {
                println!("{}", serde_json::json!({ "version": null, "faults": faults.0 }));
            } else {
                eprintln!("{}", told(file, &faults));
                eprintln!("{} fault(s) in {}", faults.0.len(), file.display());
            }
            Ok(ExitCode::FAILURE)
        }
    }
}
