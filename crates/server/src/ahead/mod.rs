//! Before it is asked 未诉先办: what is undertaken beside cases, so that fewer are needed, and no caller is left waiting.
//!
//! What may be done is the domain's to say; here it is stored, recorded in a chain of its own, told, and measured.

pub mod activities;
pub mod campaign_paper;
pub mod campaigns;
pub mod counted;
pub mod duty_calls;
pub mod duty_swaps;
pub mod effect;
pub mod grid_teams;
pub mod guides;
pub mod hall;
pub mod hand_over_paper;
pub mod hand_overs;
pub mod partners;
pub mod receptions;
pub mod reseal;
pub mod rounds;
pub mod signals;
pub mod works;
