//! `cargo xtask tidy`: the house rules that no compiler checks. Who imports whom, where SQL may stand, what may not be
//! in a source file, what may not be among the dependencies. Every finding names path, line and remedy.

mod pages;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::{Path, PathBuf},
};

use crate::tool::{self, Outcome};

/// Longest source file, lines.
const LINES_MAX: usize = 1_000;
/// Crates of ours, and which of ours each may depend on.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("jiban-domain", &[]),
    ("jiban-text", &[]),
    ("jiban-store", &["jiban-domain"]),
    ("jiban-office", &["jiban-domain"]),
    ("jiban-web", &[]),
    ("jiban", &["jiban-domain", "jiban-text", "jiban-store", "jiban-office", "jiban-web"]),
    ("jiban-bench", &["jiban", "jiban-domain", "jiban-text", "jiban-store"]),
    ("xtask", &[]),
];
/// Crates that may not be among the dependencies: one provider of TLS, and it is ring.
const BANNED: &[&str] = &["openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys"];
/// Licences that a dependency may have; of a choice, one suffices.
const LICENCES: &[&str] = &[
    "Apache-2.0",
    "MIT",
    "MIT-0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "0BSD",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "Unlicense",
    "CC0-1.0",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "NCSA",
    "MPL-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "bzip2-1.0.6",
];

/// Something to mend.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: PathBuf,
    line: usize,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.what)
    }
}

/// Checks everything.
pub(crate) fn run() -> Outcome {
    let mut findings = sources(&tool::root());
    findings.extend(dependencies()?);
    for finding in &findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("tidy");
            Ok(())
        }
        count => Err(format!("{count} finding(s)")),
    }
}

fn sources(root: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    for top in ["crates", "xtask"] {
        for file in files(&root.join(top), &["rs"]) {
            let path = file.strip_prefix(root).unwrap_or(&file).to_owned();
            match fs::read_to_string(&file) {
                Ok(text) => findings.extend(source(&path, &text)),
                Err(why) => findings.push(Finding { path, line: 0, what: why.to_string() }),
            }
        }
        findings.extend(dead_files(root, &root.join(top)));
    }
    for file in files(&root.join("web/src"), &["ts", "vue"]) {
        let path = file.strip_prefix(root).unwrap_or(&file).to_owned();
        match fs::read_to_string(&file) {
            Ok(text) => {
                let found = pages::page(&path, &text).into_iter();
                findings.extend(found.map(|(line, what)| Finding { path: path.clone(), line, what }));
            }
            Err(why) => findings.push(Finding { path, line: 0, what: why.to_string() }),
        }
    }
    findings
}

/// Files below a folder whose names end so.
fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != "target" {
            found.extend(files(&path, extensions));
        } else if path.extension().and_then(|extension| extension.to_str()).is_some_and(|one| extensions.contains(&one))
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What is wrong in one source file.
fn source(path: &Path, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |line: usize, what: String| findings.push(Finding { path: path.to_owned(), line, what });
    if !text.starts_with("//!") && !text.starts_with("#!") {
        say(1, "opens without '//!'; say what it is for and what it must never do".into());
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        say(lines, format!("{lines} lines; a file this long has two reasons to change, split it"));
    }
    let slice = slice_of(path);
    let is_test = path.components().any(|part| part.as_os_str() == "tests");
    // The yardstick of the benches is SQL that must not pass through the store.
    let of_sql = path.starts_with("crates/store") || path == Path::new("crates/bench/src/raw.rs");
    for (number, line) in (1..).zip(text.lines()) {
        if line.ends_with([' ', '\t', '\r']) {
            say(number, "white space at the end; run 'cargo fmt'".into());
        }
        if let Some(word) = forbidden().into_iter().find(|word| line.contains(word.as_str())) {
            say(number, format!("'{word}' may not be here; finish it, or leave it out"));
        }
        if !of_sql && !is_test && is_sql(line) {
            say(number, "SQL outside crates/store; move the query there".into());
        }
        if let Some(other) = slice.as_ref().and_then(|own| other_slice(line, own)) {
            say(number, format!("imports the slice '{other}'; slices meet in the desk, in domain types and in events"));
        }
    }
    findings
}

/// Words that may stand in no source file; put together here so that this file has none of them.
fn forbidden() -> Vec<String> {
    let words = [
        ("#[ig", "nore"),
        ("todo", "!("),
        ("unimple", "mented!("),
        ("db", "g!("),
        ("/ro", "ot/"),
        ("/wo", "rk/"),
        ("/ho", "me/"),
    ];
    words.iter().map(|(head, tail)| format!("{head}{tail}")).collect()
}

fn is_sql(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '"', '(']);
    let pairs = [("SELECT ", " FROM "), ("INSERT INTO ", ""), ("UPDATE ", " SET "), ("DELETE FROM ", "")];
    pairs.iter().any(|(head, tail)| line.starts_with(head) && line.contains(tail))
}

/// The feature slice a file belongs to.
fn slice_of(path: &Path) -> Option<String> {
    let rest = path.strip_prefix("crates/server/src/features").ok()?;
    let first = rest.components().next()?.as_os_str().to_str()?;
    (rest.components().count() > 1).then(|| first.to_owned())
}

fn other_slice(line: &str, own: &str) -> Option<String> {
    let (_, rest) = line.split_once("features::")?;
    let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty() && name != own).then_some(name)
}

/// Files that no `mod` reaches.
fn dead_files(root: &Path, top: &Path) -> Vec<Finding> {
    let all = files(top, &["rs"]);
    let mut reached = BTreeSet::new();
    for file in &all {
        let Ok(text) = fs::read_to_string(file) else { continue };
        let folder = file.parent().unwrap_or(top);
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let below = if matches!(stem, "mod" | "lib" | "main") { folder.to_owned() } else { folder.join(stem) };
        for line in text.lines() {
            let line = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
            let Some(name) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) else { continue };
            for base in [&below, &folder.to_owned()] {
                reached.insert(base.join(format!("{name}.rs")));
                reached.insert(base.join(name).join("mod.rs"));
            }
        }
    }
    let is_root = |file: &Path| {
        let parent = file.parent().and_then(|folder| folder.file_name()).and_then(|name| name.to_str());
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        matches!(name, "lib.rs" | "main.rs" | "build.rs")
            || matches!(parent, Some("tests" | "benches" | "examples" | "fuzz_targets"))
    };
    let dead = all.into_iter().filter(|file| !is_root(file) && !reached.contains(file));
    let path = |file: &Path| file.strip_prefix(root).unwrap_or(file).to_owned();
    dead.map(|file| Finding { path: path(&file), line: 1, what: "no 'mod' reaches it; delete it or name it".into() })
        .collect()
}

/// What is wrong among the dependencies.
fn dependencies() -> Result<Vec<Finding>, String> {
    let text = tool::output(
        &tool::cargo_path(),
        &["metadata", "--format-version=1", "--locked", "--filter-platform=x86_64-unknown-linux-gnu"],
    )?;
    let metadata: serde_json::Value = serde_json::from_str(&text).map_err(|why| why.to_string())?;
    let mut findings = Vec::new();
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let mut say = |what: String| findings.push(Finding { path: "Cargo.toml".into(), line: 0, what });
        match package["source"].as_str() {
            None => ours(name, package, &allowed, &mut say),
            Some(source) => theirs(name, source, package, &mut say),
        }
    }
    Ok(findings)
}

fn ours(name: &str, package: &serde_json::Value, allowed: &BTreeMap<&str, &[&str]>, say: &mut impl FnMut(String)) {
    let Some(allowed) = allowed.get(name) else {
        return say(format!("crate '{name}' has no line in the import rules (xtask/src/tidy.rs)"));
    };
    for dependency in package["dependencies"].as_array().into_iter().flatten() {
        let other = dependency["name"].as_str().unwrap_or_default();
        let is_ours = dependency["path"].is_string() && other != name;
        if is_ours && dependency["kind"].is_null() && !allowed.contains(&other) {
            say(format!("'{name}' may not depend on '{other}'; see ARCHITECTURE.md"));
        }
        if other.starts_with("typst") && name != "jiban-office" {
            say(format!("'{name}' may not know typst; only jiban-office does"));
        }
    }
}

fn theirs(name: &str, source: &str, package: &serde_json::Value, say: &mut impl FnMut(String)) {
    if BANNED.contains(&name) {
        say(format!("'{name}' is banned; find what brings it with 'cargo tree -i {name}'"));
    }
    if !source.starts_with("registry+") {
        say(format!("'{name}' comes from {source}; use a published version"));
    }
    let licence = package["license"].as_str().unwrap_or_default();
    if !licence_fits(licence) && package["license_file"].is_null() {
        say(format!("'{name}' has the licence '{licence}', which is not on the list (xtask/src/tidy.rs)"));
    }
}

/// Whether an SPDX expression can be met by the list: of alternatives one, of conjunctions each.
fn licence_fits(licence: &str) -> bool {
    let plain = licence.replace(['(', ')'], "").replace('/', " OR ");
    plain.split(" AND ").all(|all| all.split(" OR ").any(|one| LICENCES.contains(&one.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(path: &str, text: &str) -> Vec<String> {
        source(Path::new(path), text).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn each_rule_fires() {
        assert!(whats("crates/a/src/b.rs", "fn a() {}\n")[0].contains("opens without"));
        assert!(whats("crates/a/src/b.rs", "//! x\nlet a = 1; \n")[0].contains("white space"));
        let word = &forbidden()[1];
        assert!(whats("crates/a/src/b.rs", &format!("//! x\n{word})\n"))[0].contains("may not be here"));
        assert!(whats("crates/server/src/b.rs", "//! x\n\"SELECT a FROM b\"\n")[0].contains("SQL outside"));
        assert!(whats("crates/store/src/b.rs", "//! x\n\"SELECT a FROM b\"\n").is_empty());
        let foreign = "//! x\nuse crate::features::cases::x;\n";
        assert!(whats("crates/server/src/features/intake/mod.rs", foreign)[0].contains("imports the slice"));
        assert!(whats("crates/server/src/features/cases/mod.rs", foreign).is_empty());
        assert!(whats("crates/a/src/b.rs", &"//! x\n".repeat(LINES_MAX + 1))[0].contains("split it"));
    }

    #[test]
    fn licences_are_read_as_expressions() {
        assert!(licence_fits("MIT OR Apache-2.0") && licence_fits("(MIT OR GPL-3.0) AND Unicode-3.0"));
        assert!(!licence_fits("GPL-3.0") && !licence_fits("MIT AND GPL-3.0") && !licence_fits(""));
    }

    #[test]
    fn a_file_that_no_mod_reaches_is_found() {
        let folder = tempfile::tempdir().unwrap_or_else(|why| panic!("{why}"));
        let source = folder.path().join("crates/a/src");
        let write = |name: &str, text: &str| fs::write(source.join(name), text).unwrap_or_else(|why| panic!("{why}"));
        fs::create_dir_all(&source).unwrap_or_else(|why| panic!("{why}"));
        write("lib.rs", "mod known;\n");
        write("known.rs", "");
        write("dead.rs", "");
        let dead = dead_files(folder.path(), &folder.path().join("crates"));
        assert_eq!(dead.len(), 1, "{dead:?}");
        assert!(dead[0].path.ends_with("dead.rs"));
    }
}
