//! The door: routes, extractors, error answers, limits. It parses and authorises; it decides nothing of the mechanism.

pub mod auth;
pub mod body;
pub mod file;
pub mod key;
pub mod limits;
pub mod machine;
pub mod openapi;
mod pages;
pub mod point;
pub mod problem;
pub mod progress;
pub mod router;
