//! `cargo xtask crash`: the tests of what must survive, as often as it takes to believe them.

use crate::tool::{self, Outcome};

/// Rounds of load, kill and restart on each engine.
const ROUNDS: &str = "100";
/// Times that fifty submissions with one key must be one case, on each engine.
const REPEATS: &str = "1000";

/// Runs them and prints what they count.
pub(crate) fn run() -> Outcome {
    let nextest = ["nextest", "run", "--package", "jiban", "--no-capture", "--filterset"];
    let with = |filter| [&nextest[..], &[filter]].concat();
    tool::run_with(&tool::cargo_path(), &with("binary(crash)"), &[("JIBAN_CRASH_ROUNDS", ROUNDS)])?;
    tool::run_with(
        &tool::cargo_path(),
        &with("test(fifty_submissions_with_one_key_are_one_case)"),
        &[("JIBAN_REPEATS", REPEATS)],
    )
}
