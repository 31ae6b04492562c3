//! `jiban openapi`: the interface's description on standard output.

use std::process::ExitCode;

use super::{Failure, Outcome};

pub(super) fn run() -> Outcome {
    let (_, api) = crate::http::router::api();
    println!("{}", api.to_pretty_json().map_err(|why| Failure(why.to_string()))?);
    Ok(ExitCode::SUCCESS)
}
