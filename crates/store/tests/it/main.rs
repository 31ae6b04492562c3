//! What the store promises, shown on SQLite and on a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends when something is not as it should be"
)]

mod cases;
mod copies;
mod engine;
mod kit;
mod lists;
mod protected;
mod records;
mod tally;
mod text;
