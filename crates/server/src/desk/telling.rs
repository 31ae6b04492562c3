//! Telling people 告知: in the program, and by every way out that the settings name, in the transaction of what is told.
//!
//! What is told names a case, a letter or a bulletin, never a reporter.

use std::collections::BTreeSet;

use jiban_domain::{
    ids::{CaseId, PersonId},
    organisation::Organisation,
};
use jiban_store::{StoreError, WriteTx, notifications, outbox};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::App;

/// What a notice says, as it is stored and sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Words {
    /// Number of what it is about.
    pub number: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// Page of the console that shows it; that of the case where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

impl Words {
    /// Path below the console's of the page that shows what it is about.
    pub fn page(&self) -> String {
        self.link.clone().unwrap_or_else(|| format!("/cases/{}", self.number))
    }
}

/// Tells these people. `body` is [`Words`] as JSON, or more than them.
///
/// # Errors
/// The store's.
pub fn people(
    tx: &mut WriteTx<'_>,
    app: &App,
    organisation: &Organisation,
    (case, kind): (Option<CaseId>, &str),
    to: &BTreeSet<PersonId>,
    body: &str,
) -> Result<(), StoreError> {
    for person in to {
        let notification = notifications::Notification {
            id: Uuid::now_v7(),
            person: person.to_string(),
            case_id: case.map(|case| case.0),
            kind: kind.to_owned(),
            body: body.to_owned(),
            at: tx.now(),
            read_at: None,
        };
        notifications::push(tx, &notification)?;
    }
    for (channel, recipient) in app.outlets.people(organisation, to) {
        push(tx, channel, recipient, body)?;
    }
    Ok(())
}

/// Tells these people of what is no case.
///
/// # Errors
/// The store's.
pub fn tell(
    tx: &mut WriteTx<'_>,
    app: &App,
    organisation: &Organisation,
    kind: &str,
    to: &BTreeSet<PersonId>,
    words: &Words,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(words).map_err(|why| StoreError::other(why.to_string()))?;
    people(tx, app, organisation, (None, kind), to, &body)
}

/// Queues a message for a way out.
///
/// # Errors
/// The store's.
pub fn push(tx: &mut WriteTx<'_>, channel: &str, recipient: String, body: &str) -> Result<(), StoreError> {
    let message = outbox::NewMessage {
        id: Uuid::now_v7(),
        channel: channel.to_owned(),
        recipient,
        body: body.to_owned(),
        not_before: None,
    };
    outbox::push(tx, &message)
}
