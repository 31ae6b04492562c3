//! What the tests need beside Rust, installed from the package registries where it is missing.

use std::path::Path;

use crate::tool::{self, Outcome, answers, cargo, run_with};

/// Installs what is missing, saying what it does.
pub(crate) fn run() -> Outcome {
    postgres()?;
    nextest()
}

fn postgres() -> Outcome {
    if has_postgres() {
        println!("PostgreSQL is here");
        return Ok(());
    }
    println!("Installing PostgreSQL's server (Debian package postgresql)");
    let quiet = [("DEBIAN_FRONTEND", "noninteractive")];
    let root = std::env::var("USER").is_ok_and(|user| user == "root") || std::path::Path::new("/root").exists();
    let (program, lead): (&str, &[&str]) =
        if root && !answers("sudo") { ("apt-get", &[]) } else { ("sudo", &["apt-get"]) };
    let words = |more: &[&'static str]| lead.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>();
    tool::run(program, &words(&["update"]))?;
    run_with(program, &words(&["install", "--yes", "--no-install-recommends", "postgresql"]), &quiet)?;
    if has_postgres() { Ok(()) } else { Err("PostgreSQL was installed, but its programs are not found".to_owned()) }
}

fn nextest() -> Outcome {
    if answers("cargo-nextest") {
        println!("cargo-nextest is here");
        return Ok(());
    }
    println!("Installing cargo-nextest (some minutes)");
    cargo(&["install", "cargo-nextest", "--locked"])
}

/// Whether PostgreSQL's server programs are where Debian puts them, or on the path.
fn has_postgres() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    answers("initdb") || versions.map(|entry| entry.path()).any(|folder| Path::new(&folder).join("bin/initdb").exists())
}
