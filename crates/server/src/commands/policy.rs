//! `jiban policy check|explain`: every fault of a policy file at once, or the whole of it as prose.

use std::{path::PathBuf, process::ExitCode};

use clap::{Subcommand, ValueEnum};
use jiban_domain::policy::{Language, Policy as Rules, explain};

use super::{Failure, Outcome};

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
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::Check { file, json } => check(&file, json),
            Self::Explain { file, language } => {
                let policy = Rules::parse(&read(&file)?).map_err(|faults| Failure(told(&file, &faults)))?;
                println!("{}", explain(&policy, language.into()));
                Ok(ExitCode::SUCCESS)
            }
        }
    }
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
