//! The command line: one file a command. Each says what it does while it does it, and a fault says what to do next.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to its user")]

mod alike;
mod audit;
mod data;
pub mod demo;
mod exchange;
mod init;
mod openapi;
mod policy;
mod report;
mod reseal;
pub mod serve;
mod table;
mod triage;
mod user;

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{app::StartError, http::problem::Problem, infra::config::ConfigError};

/// Jiban 即办: citizen requests, handled on time.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    /// Folder with settings, keys and data.
    #[arg(long, global = true, default_value = "jiban-data", env = "JIBAN_DATA")]
    data: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a data folder: keys, settings, database, policy, calendar.
    Init(init::Init),
    /// Run the program.
    Serve(serve::Serve),
    /// Run an invented subdistrict with half a year of history.
    Demo(demo::Demo),
    /// Bring the database to this program's schema.
    Migrate,
    /// Check or explain a policy file, or try it on what was recorded.
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Take over an organisation, a calendar or cases.
    #[command(subcommand)]
    Import(init::Import),
    /// Take tables out.
    #[command(subcommand)]
    Export(exchange::Export),
    /// Learn from labelled texts, measure what was learnt, classify texts.
    #[command(subcommand)]
    Triage(triage::Triage),
    /// Name the hot issues of a stream of texts, the hottest first.
    Hot(alike::Hot),
    /// Tell which texts say the same again.
    Similar(alike::Similar),
    /// Make a bulletin of any unit and period, in any form.
    Report(report::Report),
    /// Accounts.
    #[command(subcommand)]
    User(user::User),
    /// The audit chain.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Write a consistent archive of the database, while serving.
    Backup(data::Backup),
    /// Fill an empty database from an archive, after proving its chains.
    Restore(data::Restore),
    /// Seal anew with the newest key whatever an older one sealed, while serving.
    Reseal(reseal::Reseal),
    /// Look whether everything is in order, and say what to do where it is not.
    Doctor(data::Doctor),
    /// Print the OpenAPI description.
    Openapi,
}

/// Why a command failed, in words for whoever typed it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

macro_rules! failure_from {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self { Self(error.to_string()) }
        }
    )*};
}

failure_from!(ConfigError, StartError, jiban_store::StoreError, crate::infra::world::WorldError, std::io::Error);

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem.title)
    }
}

/// What a command ends with.
pub type Outcome = Result<ExitCode, Failure>;

/// Parses the command line and runs it.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // The one provider of TLS in this program; a second call keeps the first.
    drop(rustls::crypto::ring::default_provider().install_default());
    match run(cli) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("jiban: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Outcome {
    let data = cli.data;
    match cli.command {
        Command::Policy(command) => wait(command.run(&data)),
        Command::Openapi => openapi::run(),
        Command::Init(command) => wait(command.run(&data)),
        Command::Serve(command) => wait(command.run(&data)),
        Command::Demo(command) => wait(command.run(&data)),
        Command::Migrate => wait(init::migrate(&data)),
        Command::Import(command) => wait(command.run(&data)),
        Command::Hot(command) => wait(command.run()),
        Command::Similar(command) => wait(command.run()),
        Command::Triage(command) => wait(command.run()),
        Command::Export(command) => wait(command.run(&data)),
        Command::Report(command) => wait(command.run(&data)),
        Command::User(command) => wait(command.run(&data)),
        Command::Audit(command) => wait(command.run(&data)),
        Command::Backup(command) => wait(command.run(&data)),
        Command::Restore(command) => wait(command.run(&data)),
        Command::Reseal(command) => wait(command.run(&data)),
        Command::Doctor(command) => wait(command.run(&data)),
    }
}

/// Prints a line. When whoever reads has gone, as `head` does, nothing is left to do.
fn say(line: impl std::fmt::Display) -> Result<(), Failure> {
    match writeln!(std::io::stdout(), "{line}") {
        Err(why) if why.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        printed => Ok(printed?),
    }
}

fn wait(command: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(command)
}
