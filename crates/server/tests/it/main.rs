//! What the program promises, shown on the real server over SQLite and over a real PostgreSQL.
//!
//! Each file is one theme. A test speaks HTTP, as everybody does; time is a clock set by hand, and the workers take
//! their steps when the test says so.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends when something is not as it should be, and one tells its figures"
)]

mod assessment;
mod audit;
mod backup;
mod bucket;
mod campaigns;
mod clocks;
mod counted;
mod directory;
mod doors;
mod duty;
mod exchange;
mod follow_ups;
mod hall;
mod helper;
mod job;
mod kit;
mod live;
mod machines;
mod near;
mod outbox;
mod partners;
mod reach;
mod receptions;
mod refusals;
mod repeats;
mod replay;
mod results;
mod retention;
mod rounds;
mod secrecy;
mod sessions;
mod signals;
mod single_sign_on;
mod tables;
mod triage;
mod twice;
mod uploads;
mod walk;
mod what_if;
