//! Logs and metrics. Nothing of a reporter may reach either: fields are ids, codes, counts and times only.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::Level;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, filter_fn},
    layer::{Filter, SubscriberExt},
    util::SubscriberInitExt,
};

/// What is logged where `RUST_LOG` says nothing. PostgreSQL's notices are of no use to whoever runs the program.
const FILTER: &str = "info,tokio_postgres=warn";

/// Sends logs to standard error: `RUST_LOG` filters, `json` is for machines.
pub fn logs(json: bool) {
    let wanted = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(FILTER));
    let logs = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry();
    // A second call, as in tests, keeps the first one's setting.
    let done = if json {
        registry.with(logs.json().with_filter(quiet(wanted))).try_init()
    } else {
        registry.with(logs.with_filter(quiet(wanted))).try_init()
    };
    drop(done);
}

/// What is wanted, but of libraries nothing below `info`, whatever was asked for: there they write down the values of
/// statements and the bodies they could not read.
pub fn quiet<S: 'static>(wanted: EnvFilter) -> impl Filter<S> {
    let ours_or_calm = |of: &tracing::Metadata<'_>| of.target().starts_with("jiban") || *of.level() <= Level::INFO;
    wanted.and(filter_fn(ours_or_calm))
}

/// The metrics of this process, rendered for Prometheus on demand.
///
/// # Errors
/// When another recorder was installed in this process.
pub fn metrics() -> Result<PrometheusHandle, String> {
    PrometheusBuilder::new().install_recorder().map_err(|why| why.to_string())
}
