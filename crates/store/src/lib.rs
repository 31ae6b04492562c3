//! Where everything is kept: one port, two engines.
//!
//! A subdistrict runs on one SQLite file, a city on PostgreSQL; what is written here runs on both. The crate knows
//! tables, transactions, protected data and files. It must never decide anything about a case: that is the domain's.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test ends when something is not as it should be"))]

pub mod attachments;
pub mod backup;
pub mod blobs;
pub mod bulletins;
pub mod case_list;
pub mod cases;
mod clock;
pub mod counters;
pub mod documents;
mod error;
pub mod events;
pub mod figures;
pub mod idempotency;
pub mod identity;
mod job;
pub mod letters;
pub mod machine_findings;
mod migrate;
pub mod models;
pub mod notifications;
pub mod outbox;
mod postgres;
pub mod presence;
pub mod public_notices;
mod queue;
mod schema;
pub mod search;
pub mod signals;
pub mod spot_visits;
mod sql;
mod sqlite;
mod store;
pub mod tally;
#[cfg(feature = "testkit")]
pub mod testkit;
mod tx;
pub mod users;
mod value;
pub mod works;

pub use clock::ManualClock;
pub use error::StoreError;
pub use migrate::SCHEMA_VERSION;
pub use store::{Load, Store, StoreConfig};
pub use tx::{Engine, ReadTx, WriteTx};
pub use value::{FromValue, Row, Value};
