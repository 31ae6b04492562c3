//! What opens a case for its reporter: its number and the tracking code told once at registration. No account.

use jiban_domain::case::Case;
use jiban_store::cases;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{identity::tracking_hash, rows};
use crate::{
    app::App,
    http::problem::{Answer, Problem},
};

/// Number and code.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// Number of the case.
    #[schema(max_length = 64)]
    pub number: String,
    /// Tracking code.
    #[schema(max_length = 32)]
    pub code: String,
}

impl Ticket {
    /// Opens the case. A wrong pair is no case at all, and costs the same.
    ///
    /// # Errors
    /// Not found, or the store's.
    pub async fn open(self, app: &App) -> Answer<Case> {
        let hash = tracking_hash(&app.token_key, &self.number, &self.code);
        let row = app.store.read(move |tx| cases::find_by_number(tx, &self.number)).await?;
        let row = row.filter(|row| row.tracking.is_some_and(|stored| same(&stored, &hash)));
        Ok(rows::case(&row.ok_or_else(Problem::not_found)?)?)
    }
}

/// Whether a code is the one of which this, in hex, was stored.
pub fn is_code(stored: &str, hash: &[u8; 32]) -> bool {
    let stored: Option<[u8; 32]> = hex::decode(stored).ok().and_then(|bytes| bytes.try_into().ok());
    stored.is_some_and(|stored| same(&stored, hash))
}

/// Compares without telling by its time where the difference is.
fn same(left: &[u8; 32], right: &[u8; 32]) -> bool {
    left.iter().zip(right).fold(0, |sum, (l, r)| sum | (l ^ r)) == 0
}
