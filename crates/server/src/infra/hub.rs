//! Live events 实时推送: tells whoever watches that a case changed.
//!
//! A hint, never the truth: it carries which case changed and for which units, and a reader asks again with its own
//! rights. A slow reader loses hints and is told to load afresh. Nothing of a case's content goes through here.

use std::{collections::BTreeSet, sync::Arc};

use jiban_domain::ids::{CaseId, UnitId};
use tokio::sync::broadcast;

/// Hints that wait for a slow reader before it is told to load afresh.
const WAITING_MAX: usize = 1024;

/// A case changed.
#[derive(Debug, Clone)]
pub struct Changed {
    /// Which.
    pub case: CaseId,
    /// Its version now.
    pub version: u64,
    /// Code of its last event.
    pub kind: &'static str,
    /// Units that may see it, with all above them.
    pub scope: Arc<BTreeSet<UnitId>>,
}

/// The exchange for hints of this node.
#[derive(Debug, Clone)]
pub struct Hub(broadcast::Sender<Changed>);

impl Default for Hub {
    fn default() -> Self {
        Self(broadcast::channel(WAITING_MAX).0)
    }
}

impl Hub {
    /// Tells all who watch. Nobody watching is fine.
    pub fn tell(&self, changed: Changed) {
        drop(self.0.send(changed));
    }

    /// Watches from now on.
    pub fn watch(&self) -> broadcast::Receiver<Changed> {
        self.0.subscribe()
    }
}
