//! The record of what is done outside cases 审计: policy, organisation, accounts, letters, bulletins, works. One hash chain a stream, in the same
//! log as the events of cases, so that one command verifies all.

use jiban_domain::event::Actor;
use jiban_store::{StoreError, WriteTx, events};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A stream of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditStream)]
pub enum Stream {
    /// Adoption of policies.
    Policy,
    /// Imports of organisation and calendar.
    Organisation,
    /// Accounts and their rights.
    Accounts,
    /// Letters: drafted, changed, issued, answered.
    Letters,
    /// Bulletins: archived.
    Bulletins,
    /// Works beside cases: campaigns, plans of rounds, calls to duty posts.
    Works,
}

impl Stream {
    /// Every stream.
    pub const ALL: [Self; 6] =
        [Self::Policy, Self::Organisation, Self::Accounts, Self::Letters, Self::Bulletins, Self::Works];

    /// Kind, as stored.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Organisation => "organisation",
            Self::Accounts => "accounts",
            Self::Letters => "letters",
            Self::Bulletins => "bulletins",
            Self::Works => "works",
        }
    }

    /// Id, the same in every installation.
    pub fn id(self) -> Uuid {
        let tail = match self {
            Self::Policy => 1,
            Self::Organisation => 2,
            Self::Accounts => 3,
            Self::Letters => 4,
            Self::Bulletins => 5,
            Self::Works => 6,
        };
        Uuid::from_u128(tail)
    }
}

/// Something to record; its time is set when it is.
#[derive(Debug, Clone)]
pub struct Trace {
    actor: String,
    kind: String,
    body: String,
}

/// Prepares a record. `body` must hold nothing of a reporter and no secret.
pub fn trace(actor: &Actor, kind: &str, body: &serde_json::Value) -> Trace {
    Trace { actor: actor.to_string(), kind: kind.to_owned(), body: body.to_string() }
}

/// Records it in the transaction that does it.
///
/// # Errors
/// The store's.
pub fn record(tx: &mut WriteTx<'_>, stream: Stream, trace: Trace) -> Result<(), StoreError> {
    let event = events::NewEvent { at: tx.now(), actor: trace.actor, kind: trace.kind, body: trace.body };
    events::append_stream(tx, stream.kind(), stream.id(), &[event]).map(|_| ())
}
