//! `jiban`: one binary that takes a request and sees it through.

use std::process::ExitCode;

fn main() -> ExitCode {
    jiban::commands::main()
}
