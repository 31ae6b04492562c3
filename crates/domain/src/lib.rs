//! The mechanism itself 接诉即办 · 未诉先办: what a case is, who may do what to it, which clocks run, and what each act
//! leads to.
//!
//! Pure by rule: no I/O, no async, no clock, no randomness. Time, ids and every other fact from outside are arguments,
//! so that years of a subdistrict replay in seconds and a failing seed can be run again. Nothing here may know a number
//! of the mechanism: those are data, in [`policy::Policy`].

pub mod activity;
pub mod calendar;
pub mod campaign;
pub mod case;
pub mod clock;
pub mod command;
pub mod decide;
pub mod dispatch;
pub mod duty;
pub mod effect;
pub mod event;
pub mod figures;
pub mod grid_team;
pub mod guide;
pub mod hall;
pub mod hand_over;
pub mod ids;
mod index_map;
pub mod machine;
pub mod neighbourhood;
pub mod notice;
pub mod occasion;
pub mod organisation;
pub mod partner;
pub mod permission;
pub mod policy;
pub mod reception;
pub mod refusal;
pub mod round;
pub mod season;
pub mod signal;
pub mod swap;
pub mod table;
pub mod what_if;
pub mod words;
