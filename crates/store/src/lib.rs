//! Where everything is kept: one port, two engines.
//!
//! A subdistrict runs on one SQLite file, a city on PostgreSQL; what is written here runs on both. The crate knows
//! tables, transactions, protected data and files. It must never decide anything about a case: that is the domain's.

pub mod case_list;
pub mod cases;
mod clock;
mod error;
pub mod events;
mod job;
mod migrate;
mod postgres;
mod queue;
mod schema;
mod sqlite;
mod store;
#[cfg(feature = "testkit")]
pub mod testkit;
mod tx;
mod value;

pub use clock::ManualClock;
pub use error::StoreError;
pub use migrate::SCHEMA_VERSION;
pub use store::{Load, Store, StoreConfig};
pub use tx::{Engine, ReadTx, WriteTx};
pub use value::{FromValue, Row, Value};
