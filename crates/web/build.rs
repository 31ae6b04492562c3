//! Builds the pages with npm into `OUT_DIR/dist`, so that one `cargo build` makes the whole program, and lists them in
//! `OUT_DIR/files.rs`.
//!
//! Needs Node 20 and the npm registry once; `JIBAN_WEB_DIST=FOLDER` takes pages that were built elsewhere instead.

#![expect(clippy::print_stderr, reason = "cargo shows a build script's last words")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// What the pages are made of, below `web/`.
const SOURCES: &[&str] = &[
    "src",
    "public",
    "index.html",
    "console.html",
    "work.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "tsconfig.json",
];

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("the pages could not be built: {why}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), String> {
    let variable = |name| env::var_os(name).map(PathBuf::from).ok_or(format!("{name} is not set"));
    let web = variable("CARGO_MANIFEST_DIR")?.join("../../web");
    let dist = variable("OUT_DIR")?.join("dist");
    println!("cargo::rerun-if-env-changed=JIBAN_WEB_DIST");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", web.join(source).display());
    }
    let built = match env::var_os("JIBAN_WEB_DIST").map(PathBuf::from) {
        Some(elsewhere) => {
            println!("cargo::rerun-if-changed={}", elsewhere.display());
            elsewhere
        }
        None => {
            if !is_installed(&web) {
                npm(&web, &["ci", "--no-audit", "--no-fund", "--loglevel", "error"], &dist)?;
            }
            npm(&web, &["run", "build"], &dist)?;
            dist.clone()
        }
    };
    let mut files = Vec::new();
    list(&built, "", &mut files).map_err(|why| format!("{}: {why}", built.display()))?;
    files.sort();
    let rows: String = files.iter().map(|(name, path)| format!("({name:?}, include_bytes!({path:?})),\n")).collect();
    let table = format!("/// Every file by its path, in order.\nstatic FILES: &[(&str, &[u8])] = &[\n{rows}];\n");
    fs::write(dist.with_file_name("files.rs"), table).map_err(|why| why.to_string())
}

/// Whether npm installed just what the lock file asks for: `npm ci` leaves a list, older than no lock file it followed.
fn is_installed(web: &Path) -> bool {
    let time = |path: &str| fs::metadata(web.join(path)).and_then(|found| found.modified()).ok();
    match (time("node_modules/.package-lock.json"), time("package-lock.json")) {
        (Some(installed), Some(wanted)) => installed >= wanted,
        _ => false,
    }
}

/// Runs npm; what it says is shown only when it fails.
fn npm(web: &Path, words: &[&str], dist: &Path) -> Result<(), String> {
    let asked = format!("npm {}", words.join(" "));
    let mut command = Command::new("npm");
    command.args(words).current_dir(web).env("JIBAN_WEB_OUT", dist);
    let done =
        command.output().map_err(|why| format!("{asked}: {why}; Node 20 with npm is needed to build the pages"))?;
    if done.status.success() {
        return Ok(());
    }
    let said = [done.stdout, done.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    Err(format!("{asked} ended with {}:\n{said}", done.status))
}

/// Every file below a folder, as `(path below it, path)`.
fn list(folder: &Path, lead: &str, files: &mut Vec<(String, PathBuf)>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{lead}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push((name, entry.path().canonicalize()?));
        }
    }
    Ok(())
}
