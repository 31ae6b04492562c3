//! What the program offers over HTTP, one folder a slice. Slices never import one another; they meet in the desk, in
//! domain types and in events. Each has a `routes()`; the router is the only place that knows them all.

pub mod assessment;
pub mod attachments;
pub mod audit;
pub mod bulletins;
pub mod campaigns;
pub mod cases;
pub mod directory;
pub mod duty;
pub mod guides;
pub mod hall;
pub mod intake;
pub mod letters;
pub mod live;
pub mod machines;
pub mod near;
pub mod notices;
pub mod notifications;
pub mod open311;
pub mod papers;
pub mod partners;
pub mod receptions;
pub mod rounds;
pub mod sessions;
pub mod signals;
pub mod statistics;
pub mod triage;
pub mod world;
