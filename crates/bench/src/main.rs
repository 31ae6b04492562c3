//! `cargo xtask bench`: what Jiban takes, beside what the bare engine takes, in one run on one machine.
//!
//! Every figure has its yardstick or says that it has none. The program is the real one over HTTP, with sign-in, triage,
//! place, dispatch, clocks and audit; writes are durable. Nothing here is a test, and no test times anything.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench talks to its user")]

mod load;
mod raw;
mod rig;
mod table;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use jiban_store::Engine;

use crate::{rig::Rig, table::Table};

/// What is measured.
#[derive(Debug, Parser)]
struct Options {
    /// Only this engine: `sqlite` or `postgres`.
    #[arg(long)]
    engine: Option<String>,
    /// Cases in stock for the reading rows, comma-separated, ascending.
    #[arg(long, value_delimiter = ',', default_values_t = [2_000, 20_000])]
    stock: Vec<usize>,
    /// Days over which the stock came in. The fewer, the more of it is open.
    #[arg(long, default_value_t = 180)]
    days: u32,
    /// Clocks armed while the sweeper's lateness is measured, at least: a Beijing has 2.3 million.
    #[arg(long, default_value_t = 0)]
    armed: i64,
    /// Measure in a real browser too what people wait for; needs Chromium and the pages' `npm ci`.
    #[arg(long)]
    browser: bool,
    /// Seconds of load a row.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Connections at once.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Where the figures are kept as JSON.
    #[arg(long, default_value = "target/bench.json")]
    json: PathBuf,
}

/// Connections at once that two cores serve without a queue before them, the client on the same cores.
const CALM: usize = 8;

/// Machine events a minute that must take nothing from whoever calls.
const FLOOD: usize = 100_000;

/// What a bench ends with.
pub(crate) type Outcome<T> = Result<T, String>;

fn main() -> ExitCode {
    let options = Options::parse();
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(why) => {
            eprintln!("bench: {why}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Outcome<()> {
    let mut table = Table::default();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let name = rig::name(engine);
        if options.engine.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        eprintln!("== {name}");
        let rig = Rig::start(engine).await?;
        intake(&rig, options, &mut table).await?;
        machines(&rig, options, &mut table).await?;
        let mut made = 0;
        for (seed, stock) in (7..).zip(&options.stock) {
            rig.grow(stock.saturating_sub(made), options.days, seed).await?;
            made = (*stock).max(made);
            reading(&rig, *stock, options, &mut table).await?;
            telling(&rig, *stock, &mut table).await?;
            if options.browser {
                browser(&rig, *stock, &mut table).await?;
            }
        }
        clocks(&rig, options.armed, &mut table).await?;
        start_up(&rig, &mut table).await?;
    }
    table.print();
    table.keep(&options.json)
}

async fn intake(rig: &Rig, options: &Options, table: &mut Table) -> Outcome<()> {
    eprintln!("intake over HTTP, {} connections, {} s", options.connections, options.seconds);
    let done = load::run(options.connections, options.seconds, || rig.submit()).await?;
    eprintln!("the same rows written raw");
    let raw = raw::writes(rig, options.connections, options.seconds).await?;
    table.row(rig, "intake, cases/s", done.per_second, Some(("raw rows, cases/s", raw)), "≥ 1/3 of raw");
    table.row(rig, &format!("intake, p99 ms, {} connections", options.connections), done.p99_ms, None, "≤ 20");
    eprintln!("intake over HTTP, {CALM} connections: what a whole city sends at once");
    let calm = load::run(CALM, options.seconds, || rig.submit()).await?;
    table.row(rig, &format!("intake, p99 ms, {CALM} connections"), calm.p99_ms, None, "≤ 20");
    Ok(())
}

/// A flood of machine events: what is taken one by one, and what a hundred thousand a minute leave to whoever calls.
async fn machines(rig: &Rig, options: &Options, table: &mut Table) -> Outcome<()> {
    eprintln!("machine events, one a request, {} connections", options.connections);
    let single = load::run(options.connections, options.seconds, || rig.report(1)).await?;
    table.row(rig, "machine events, a second, one a request", single.per_second, None, "≥ 1667");
    eprintln!("intake, {CALM} connections, while {FLOOD} machine events a minute come in");
    let seconds = options.seconds;
    let flood = rig.flood(FLOOD / 60, seconds + 2);
    let (calm, flooded) = tokio::join!(load::run(CALM, seconds, || rig.submit()), flood);
    flooded?;
    table.row(
        rig,
        "intake, cases/s, in a flood of machine events",
        calm.as_ref().map_or(0.0, |done| done.per_second),
        None,
        "–",
    );
    table.row(rig, &format!("intake, p99 ms, {CALM} connections, in a flood"), calm?.p99_ms, None, "≤ 20");
    Ok(())
}

async fn reading(rig: &Rig, stock: usize, options: &Options, table: &mut Table) -> Outcome<()> {
    eprintln!("queue page and case page at {stock} cases");
    let point = raw::point_read(rig).await?;
    let seconds = options.seconds.min(5);
    // Four at once: what two cores can serve without queueing.
    let queue = load::run(4, seconds, || rig.queue()).await?;
    table.row(rig, &format!("queue page p99 ms, {stock} cases"), queue.p99_ms, Some(("point read, ms", point)), "≤ 10");
    let page = load::run(4, seconds, || rig.case_page()).await?;
    table.row(rig, &format!("case page p99 ms, {stock} cases"), page.p99_ms, Some(("point read, ms", point)), "≤ 10");
    let similar = load::run(2, seconds, || rig.similar()).await?;
    let name = format!("similar cases found p99 ms, {stock} cases");
    table.row(rig, &name, similar.p99_ms, Some(("point read, ms", point)), "≤ 20");
    let search = load::run(2, seconds, || rig.search()).await?;
    table.row(rig, &format!("search p99 ms, {stock} cases"), search.p99_ms, Some(("point read, ms", point)), "≤ 50");
    Ok(())
}

/// Counting what changed, reports over everything, a form on paper.
async fn telling(rig: &Rig, stock: usize, table: &mut Table) -> Outcome<()> {
    eprintln!("counting, reports and documents at {stock} cases");
    let counted = rig.count().await?;
    table.row(rig, &format!("cases counted, a second, {stock} cases"), counted, None, "–");
    for kind in ["daily", "weekly", "monthly", "results"] {
        let took = rig.median_ms(&format!("/reports?kind={kind}"), 5).await?;
        table.row(rig, &format!("report {kind}, median ms, {stock} cases"), took, None, "≤ 1000");
    }
    let (rows, memory) = rig.ledger(stock).await?;
    table.row(rig, &format!("ledger in XLSX, rows/s, {stock} cases"), rows, None, "–");
    table.row(rig, &format!("ledger in XLSX, memory at most MiB, {stock} cases"), memory, None, "constant");
    let form = rig.some_form().await?;
    let took = rig.median_ms(&form, 20).await?;
    table.row(rig, &format!("opinion form as PDF over HTTP, median ms, {stock} cases"), took, None, "≤ 20");
    Ok(())
}

/// What people wait for in a browser: medians, from the press of a key or button to the frame that shows it.
async fn browser(rig: &Rig, stock: usize, table: &mut Table) -> Outcome<()> {
    eprintln!("a browser at {stock} cases");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/tests/times.mjs");
    let (base, token) = rig.pages();
    let (base, token) = (base.to_owned(), token.to_owned());
    let run = move || std::process::Command::new("node").args([script, &base, &token]).output();
    let done = tokio::task::spawn_blocking(run).await.map_err(|why| why.to_string())?;
    let done = done.map_err(|why| format!("node: {why}"))?;
    if !done.status.success() {
        return Err(format!("{script}: {}", String::from_utf8_lossy(&done.stderr)));
    }
    let times: serde_json::Value = serde_json::from_slice(&done.stdout).map_err(|why| format!("{script}: {why}"))?;
    for (what, aim) in [("queue", "≤ 500"), ("case", "≤ 300"), ("feedback", "≤ 100")] {
        let median = times[what].as_f64().ok_or_else(|| format!("{script}: no figure of {what}"))?;
        table.row(rig, &format!("browser: {what} shown, median ms, {stock} cases"), median, None, aim);
    }
    Ok(())
}

async fn clocks(rig: &Rig, wanted: i64, table: &mut Table) -> Outcome<()> {
    eprintln!("clocks: what fell due while nobody swept, then lateness of the sweeper");
    let swept = rig.sweep_backlog().await?;
    table.row(rig, "overdue cases swept, a second", swept, None, "–");
    raw::arm(rig, wanted).await?;
    let armed = rig.armed().await?;
    let lateness = rig.lateness(1_000).await?;
    table.row(rig, &format!("clock lateness p99 ms, {armed} armed"), lateness, None, "≤ 1000");
    Ok(())
}

async fn start_up(rig: &Rig, table: &mut Table) -> Outcome<()> {
    eprintln!("start to first answer, memory idle");
    let (start_ms, memory_mib) = rig.start_up().await?;
    table.row(rig, "start to first answer, ms", start_ms, None, "≤ 500");
    table.row(rig, "memory idle, MiB", memory_mib, None, "≤ 150");
    Ok(())
}
