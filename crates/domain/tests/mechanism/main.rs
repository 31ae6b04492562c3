//! The mechanism, rule by rule, as people would tell it. Sections are those of the mechanism 接诉即办 · 未诉先办.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod after;
mod classify;
mod clocks;
mod dispatch;
mod ends;
mod figures;
mod handle;
mod may;
mod mediation;
mod partners;
mod refusals;
mod rounds;
mod told;
mod what_if;

/// A Monday morning without holidays near.
const MONDAY: &str = "2026-06-08T09:00:00";
