//! How long a document takes: cold, then warm; with what it costs in memory. `cargo run --release -p jiban-office
//! --example press` prints a table.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]
#![expect(clippy::expect_used, reason = "the samples are ours")]

use std::time::{Duration, Instant};

use jiban_office::{Document, Fonts, docx, html, pdf, xlsx};

#[path = "../tests/samples/mod.rs"]
mod samples;

/// Times each document is made warm.
const ROUNDS: usize = 30;

fn main() {
    let began = Instant::now();
    let fonts = Fonts::find(None).expect("fonts with Chinese");
    println!("fonts found in {} ms; memory {}", millis(began.elapsed()), memory());
    for face in fonts.faces() {
        println!(
            "  {:?}: {} ({}){}",
            face.role,
            face.family,
            face.path.display(),
            if face.is_own { "" } else { ", stands in" }
        );
    }
    println!(
        "{:<14} {:>6} {:>10} {:>10} {:>10} {:>10}",
        "document", "format", "cold ms", "warm p50", "warm p99", "KiB"
    );
    for (name, document) in samples::all() {
        row(name, "pdf", |round| pdf(&varied(&document, round), &fonts).expect("a PDF").len());
        row(name, "docx", |round| docx(&varied(&document, round), &fonts).expect("a DOCX").len());
        row(name, "html", |round| html(&varied(&document, round)).len());
        if document.tables().next().is_some() {
            row(name, "xlsx", |round| xlsx(&varied(&document, round)).expect("an XLSX").len());
        }
    }
    println!("memory afterwards {}", memory());
}

/// Another document each time, as in life: only the template and the fonts are the same.
fn varied(document: &Document, round: usize) -> Document {
    let mut document = document.clone();
    document.note = Some(format!("第{round}份"));
    document
}

fn row(name: &str, format: &str, mut make: impl FnMut(usize) -> usize) {
    let mut timed = |round| {
        let began = Instant::now();
        let size = make(round);
        (began.elapsed(), size)
    };
    let (cold, size) = timed(0);
    let mut warm: Vec<Duration> = (1..=ROUNDS).map(|round| timed(round).0).collect();
    warm.sort();
    let (middle, last) = (millis(warm[ROUNDS / 2]), millis(warm[ROUNDS - 1]));
    println!("{name:<14} {format:>6} {:>10} {middle:>10} {last:>10} {:>10}", millis(cold), size / 1024);
}

fn millis(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}

/// What the process holds, by Linux; elsewhere nothing is told.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    line.map_or_else(|| "unknown".to_owned(), |line| line.trim_start_matches("VmRSS:").trim().to_owned())
}
