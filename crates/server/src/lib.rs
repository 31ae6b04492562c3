//! The program: the mechanism of `jiban-domain` over the store of `jiban-store`, behind HTTP and a command line.
//!
//! A library beside its binary so that tests boot the real thing. It decides nothing of the mechanism by itself.

pub mod ahead;
pub mod app;
pub mod assess;
pub mod commands;
pub mod desk;
pub mod exchange;
pub mod features;
pub mod http;
pub mod infra;
pub mod papers;
pub mod worker;
