//! What can go wrong between the program and its database, in words a caller can act on.
//!
//! The texts must never carry a parameter's value: an error may end in a log, and values can tell who somebody is.

use std::sync::Arc;

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Too many jobs wait already. Nothing was changed; the caller may try again later.
    #[error("the store is overloaded: {queued} jobs wait; nothing was changed, try again in a moment")]
    Busy {
        /// Jobs in the queue that refused this one.
        queued: usize,
    },
    /// The database cannot be reached, or the disk is full or failing. Nothing was changed.
    #[error("the database cannot be used now: {why}; nothing was changed")]
    Unavailable {
        /// The engine's own words.
        why: Arc<str>,
    },
    /// The place of photos and files cannot be reached, or refuses us. Nothing was changed.
    #[error("the place of files cannot be used now: {why}; nothing was changed")]
    Files {
        /// What is wrong and, where it is known, what to do.
        why: Arc<str>,
    },
    /// Somebody else has written what this write wanted to write: a key or a number exists already.
    #[error("conflict: {what}; nothing was changed")]
    Conflict {
        /// Which rule stood in the way.
        what: Arc<str>,
    },
    /// The connection was lost while committing: the write may or may not be on disk. Repeat it with the same
    /// idempotency key to learn which.
    #[error("the connection was lost while committing: it is not known whether the write was kept")]
    Unknown,
    /// What was read cannot have been written by this program.
    #[error("the database holds something that cannot be: {what}")]
    Corrupt {
        /// What and where.
        what: Arc<str>,
    },
    /// The schema is not the one this program needs, or could not be brought there.
    #[error("schema: {what}")]
    Migration {
        /// What is wrong and what to do.
        what: Arc<str>,
    },
    /// Anything else: a defect of the program or of its environment.
    #[error("store: {what}")]
    Other {
        /// The engine's own words.
        what: Arc<str>,
    },
}

impl StoreError {
    /// An [`StoreError::Unavailable`].
    pub fn unavailable(why: impl AsRef<str>) -> Self {
        Self::Unavailable { why: why.as_ref().into() }
    }
    /// A [`StoreError::Files`].
    pub fn files(why: impl AsRef<str>) -> Self {
        Self::Files { why: why.as_ref().into() }
    }
    /// A [`StoreError::Conflict`].
    pub fn conflict(what: impl AsRef<str>) -> Self {
        Self::Conflict { what: what.as_ref().into() }
    }
    /// A [`StoreError::Corrupt`].
    pub fn corrupt(what: impl AsRef<str>) -> Self {
        Self::Corrupt { what: what.as_ref().into() }
    }
    /// A [`StoreError::Migration`].
    pub fn migration(what: impl AsRef<str>) -> Self {
        Self::Migration { what: what.as_ref().into() }
    }
    /// A [`StoreError::Other`].
    pub fn other(what: impl AsRef<str>) -> Self {
        Self::Other { what: what.as_ref().into() }
    }
}

/// What an engine may do after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Running the closure again may well succeed: a deadlock, a lost race.
    Retry,
    /// The connection is gone; a new one may do.
    Reconnect,
    /// Running it again would end the same way.
    None,
}

/// An engine's error with its remedy.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) error: StoreError,
    pub(crate) remedy: Remedy,
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self { error, remedy: Remedy::None }
    }
}
