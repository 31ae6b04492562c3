//! `cargo xtask`: everything a developer runs that is not the product itself. One file a command; light, so that it is
//! built in seconds. Nothing here may be needed to run Jiban.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to its user")]

mod api;
mod crash;
mod setup;
mod test;
mod tidy;
mod tool;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install what the tests need, where it is missing.
    Setup,
    /// Everything that CI runs: setup, format, lints, tidy, all tests.
    Test,
    /// The house rules that no compiler checks.
    Tidy,
    /// The real server against its own OpenAPI description: thousands of requests, right and wrong ones.
    Api(api::Api),
    /// One urgent, one fast, one routine and one complex case through every step, with timeline and clocks.
    Walk,
    /// The pages: types, checks, tests in a real browser, pictures.
    #[command(subcommand)]
    Web(web::Web),
    /// Kill the program a hundred times under load on each engine, and ask a thousand times fifty times at once.
    Crash,
    /// The bench table, each figure beside its yardstick. Arguments go to the bench: `--help` lists them.
    Bench {
        /// For the bench.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Setup => setup::run(),
        Command::Test => test::run(),
        Command::Tidy => tidy::run(),
        Command::Api(wanted) => api::run(&wanted),
        Command::Walk => tool::cargo(&["run", "--quiet", "--package", "jiban", "--example", "walk"]),
        Command::Web(wanted) => web::run_one(&wanted),
        Command::Crash => crash::run(),
        Command::Bench { arguments } => {
            let mut all = vec!["run", "--release", "--quiet", "--package", "jiban-bench", "--"];
            all.extend(arguments.iter().map(String::as_str));
            tool::cargo(&all)
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}
