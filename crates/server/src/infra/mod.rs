//! What the program stands on besides the store: settings, keys, the snapshot of the world, live hints, telemetry.

pub mod audit;
pub mod config;
pub mod helper;
pub mod hub;
pub mod imports;
pub mod keys;
pub mod oidc;
pub mod outlets;
pub mod outward;
pub mod passwords;
pub mod press;
pub mod signature;
pub mod telemetry;
pub mod upload;
pub mod world;
