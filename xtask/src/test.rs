//! `cargo xtask test`: all that must hold before anything lands, in the order of what fails fastest.

use std::time::Instant;

use crate::{
    setup, tidy,
    tool::{self, Outcome},
    web,
};

/// A step: its heading, and what it does.
type Step<'a> = (&'a str, Box<dyn Fn() -> Outcome + 'a>);

/// Runs every step; stops at the first that fails.
pub(crate) fn run() -> Outcome {
    let mut times = Vec::new();
    step(&mut times, ("setup", Box::new(setup::run)))?;
    step(&mut times, ("format", Box::new(|| tool::cargo(&["fmt", "--all", "--check"]))))?;
    step(&mut times, ("tidy", Box::new(tidy::run)))?;
    step(&mut times, ("lints", Box::new(lints)))?;
    step(&mut times, ("web", Box::new(web::test)))?;
    step(&mut times, ("tests", Box::new(tests)))?;
    println!("\n{:<10} seconds", "step");
    for (name, seconds) in &times {
        println!("{name:<10} {seconds:>7.1}");
    }
    Ok(())
}

fn step(times: &mut Vec<(String, f64)>, (name, act): Step<'_>) -> Outcome {
    println!("\n== {name}");
    let began = Instant::now();
    act()?;
    times.push((name.to_owned(), began.elapsed().as_secs_f64()));
    Ok(())
}

fn lints() -> Outcome {
    tool::cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])
}

/// The tests start what they need: a PostgreSQL server of their own, receivers on loopback.
fn tests() -> Outcome {
    tool::cargo(&["nextest", "run", "--workspace", "--profile", "ci"])
}
