//! `cargo xtask web`: the pages. Types made from the interface's description, checks, tests in a real browser, pictures.

use std::fs;

use clap::Subcommand;

use crate::tool::{self, Outcome, cargo, output, run};

/// Types of the interface, as the pages import them; made, never written by hand.
const TYPES: &str = "web/src/core/api/schema.d.ts";
const BINARY: &str = "target/debug/jiban";

#[derive(Debug, Subcommand)]
pub(crate) enum Web {
    /// Make the types of the interface anew from its description.
    Types,
    /// Types up to date, everything well typed and well formed, unit tests.
    Check,
    /// The product in a real Chromium. Arguments go to vitest: a file's name runs only that file.
    Browser {
        /// For vitest.
        arguments: Vec<String>,
    },
    /// Draw every page into `docs/screenshots`.
    Screenshots,
}

pub(crate) fn run_one(wanted: &Web) -> Outcome {
    // Builds the pages too, and installs what they need.
    cargo(&["build", "--package", "jiban"])?;
    match wanted {
        Web::Types => types(TYPES),
        Web::Check => check(),
        Web::Browser { arguments } => {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            npm("browser", &arguments)
        }
        Web::Screenshots => npm("screenshots", &[]),
    }
}

/// What CI runs.
pub(crate) fn test() -> Outcome {
    run_one(&Web::Check)?;
    npm("browser", &[])
}

fn npm(script: &str, arguments: &[&str]) -> Outcome {
    run("npm", &[&["--prefix", "web", "run", "--silent", script, "--"], arguments].concat())
}

/// Writes the types of the interface as it is now to a path below the root.
fn types(to: &str) -> Outcome {
    let root = tool::root();
    let described = root.join("target/openapi.json");
    let text = output(&root.join(BINARY).display().to_string(), &["openapi"])?;
    fs::write(&described, text).map_err(|why| format!("{}: {why}", described.display()))?;
    let (from, to) = (described.display().to_string(), root.join(to).display().to_string());
    npm("types", &[&from, "--output", &to])
}

fn check() -> Outcome {
    let fresh = "target/schema.d.ts";
    types(fresh)?;
    let read = |path: &str| fs::read_to_string(tool::root().join(path)).map_err(|why| format!("{path}: {why}"));
    if read(fresh)? != read(TYPES)? {
        return Err(format!("{TYPES} is not of the interface as it is now: run 'cargo xtask web types'"));
    }
    npm("check", &[])
}
