//! Reading what people write: normalise, mask, segment, search, match, compare.
//!
//! Pure by rule: text in, facts about it out; no I/O, no time, no state but tables made once. It knows nothing of cases
//! and must never be given who somebody is, except to mask it. What it finds counts words and shapes; a person, or a
//! model that owns up to its doubt, makes something of it.

mod alike;
mod digits;
mod fingerprint;
mod hash;
mod issue;
pub mod learn;
mod mask;
mod normal;
mod place;
mod search;
mod segment;
mod words;

pub use alike::{Alike, Pair, SAME_MATTER, Sketch};
pub use fingerprint::{distance, fingerprint};
pub use issue::{Issue, Told, issues};
pub use mask::mask_personal;
pub use normal::{TEXT_MAX_CHARS, normalise};
pub use place::{Gazetteer, Likeness, Mention};
pub use search::{query_words, search_words};
pub use segment::segment;
pub use words::{KeywordModel, Match, match_words};
