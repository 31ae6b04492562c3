//! Logs and metrics. Nothing of a reporter may reach either: fields are ids, codes, counts and times only.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

/// What is logged where `RUST_LOG` says nothing. PostgreSQL's notices are of no use to whoever runs the program.
const FILTER: &str = "info,tokio_postgres=warn";

/// Sends logs to standard error: `RUST_LOG` filters, `json` is for machines.
pub fn logs(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(FILTER));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second call, as in tests, keeps the first one's setting.
    let done = if json { logs.json().try_init() } else { logs.try_init() };
    drop(done);
}

/// The metrics of this process, rendered for Prometheus on demand.
///
/// # Errors
/// When another recorder was installed in this process.
pub fn metrics() -> Result<PrometheusHandle, String> {
    PrometheusBuilder::new().install_recorder().map_err(|why| why.to_string())
}
