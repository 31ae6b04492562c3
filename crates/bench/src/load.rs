//! A load of requests: so many at once, for so long, each timed.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use futures_util::future;

use crate::Outcome;

/// What a load came to.
pub(crate) struct Done {
    /// Requests a second.
    pub(crate) per_second: f64,
    /// 99 of 100 were answered within, milliseconds.
    pub(crate) p99_ms: f64,
}

/// Runs `act` on `connections` at once for `seconds`, after a tenth of it to warm up.
pub(crate) async fn run<F: Future<Output = Outcome<()>>>(
    connections: usize,
    seconds: u64,
    act: impl Fn() -> F,
) -> Outcome<Done> {
    let began = Instant::now();
    let warm = Duration::from_millis(seconds * 100);
    let end = Duration::from_secs(seconds) + warm;
    let worker = async || {
        let mut times = Vec::new();
        while began.elapsed() < end {
            let sent = Instant::now();
            act().await?;
            if began.elapsed() > warm {
                times.push(sent.elapsed());
            }
        }
        Ok::<_, String>(times)
    };
    let all = future::try_join_all((0..connections).map(|_| worker())).await?;
    let mut times: Vec<Duration> = all.into_iter().flatten().collect();
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    eprintln!("   {} requests, half of them within {:.2} ms", times.len(), middle.as_secs_f64() * 1_000.0);
    let worst = times.get(times.len().saturating_mul(99) / 100).or(times.last()).copied().unwrap_or_default();
    Ok(Done { per_second: times.len() as f64 / (end - warm).as_secs_f64(), p99_ms: worst.as_secs_f64() * 1_000.0 })
}
