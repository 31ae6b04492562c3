//! Speaking to others over HTTP: one client for the whole program, which follows no redirects and never waits for long.

use std::{sync::OnceLock, time::Duration};

/// Longest time for one exchange.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The client.
///
/// # Errors
/// When the machine has no certificates or sockets for one.
pub fn client() -> Result<&'static reqwest::Client, String> {
    static CLIENT: OnceLock<Option<reqwest::Client>> = OnceLock::new();
    let build = || {
        let quiet = reqwest::redirect::Policy::none();
        reqwest::Client::builder().redirect(quiet).timeout(PATIENCE).build().ok()
    };
    CLIENT.get_or_init(build).as_ref().ok_or_else(|| "no HTTP client can be made on this machine".to_owned())
}
