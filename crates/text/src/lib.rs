//! Reading what people write: normalise, mask, segment, match.
//!
//! Pure by rule: text in, facts about it out; no I/O, no time, no state but tables made once. It knows nothing of cases
//! and must never be given who somebody is, except to mask it.

mod mask;
mod normal;
mod segment;
mod words;

pub use mask::mask_personal;
pub use normal::{TEXT_MAX_CHARS, normalise};
pub use segment::{query_words, search_words};
pub use words::{KeywordModel, Match};
