//! `jiban serve`: the program itself.

use std::{net::SocketAddr, path::Path, process::ExitCode};

use clap::Args;
use tokio::net::TcpListener;

use super::{Outcome, init::open};
use crate::{
    app::App,
    http::router,
    infra::{config::Home, telemetry},
    worker,
};

/// Run the program.
#[derive(Debug, Args)]
pub struct Serve {
    /// Address and port, instead of the settings'.
    #[arg(long)]
    listen: Option<String>,
    /// Logs as JSON, for machines.
    #[arg(long)]
    json_logs: bool,
}

impl Serve {
    pub(super) async fn run(self, data: &Path) -> Outcome {
        telemetry::logs(self.json_logs);
        let mut home = Home::open(data)?;
        if let Some(listen) = self.listen {
            home.config.server.listen = listen;
        }
        let app = App::start(&home, open(&home).await?).await?;
        let listener = TcpListener::bind(&app.config.server.listen).await?;
        tracing::info!(address = %listener.local_addr()?, "serving");
        run(app, listener).await
    }
}

/// Serves until the process is told to stop, then ends what is under way and stops the workers.
pub async fn run(app: App, listener: TcpListener) -> Outcome {
    let metrics = telemetry::metrics().map_err(|why| tracing::warn!(%why, "no metrics")).ok();
    let mut workers = worker::start(&app);
    let service = router::router(app.clone(), metrics).into_make_service_with_connect_info::<SocketAddr>();
    let ending = app.clone();
    let told = async move {
        told_to_stop().await;
        ending.stop.send_replace(true);
    };
    axum::serve(listener, service).with_graceful_shutdown(told).await?;
    while workers.join_next().await.is_some() {}
    app.store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be heard");
            drop(interrupt.await);
        }
    }
}
