//! `Idempotency-Key`: a retried request is one request.

use axum::{extract::FromRequestParts, http::request::Parts};
use sha2::{Digest, Sha256};

use super::problem::Problem;
use crate::desk::Key;

/// Longest key, in characters.
const KEY_MAX: usize = 128;

/// The key of a request, where it has one.
#[derive(Debug)]
pub struct IdempotencyKey(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        let fits = |key: &&str| !key.is_empty() && key.len() <= KEY_MAX && key.bytes().all(|b| b.is_ascii_graphic());
        let key = value
            .to_str()
            .ok()
            .filter(fits)
            .ok_or_else(|| Problem::body("Idempotency-Key: use 1 to 128 visible ASCII characters, e.g. a UUID"))?;
        Ok(Self(Some(key.to_owned())))
    }
}

impl IdempotencyKey {
    /// The key with its sender and the request it stands for.
    pub fn of(self, sender: &str, request: &impl serde::Serialize) -> Option<Key> {
        let key = self.0?;
        let request = serde_json::to_vec(request).unwrap_or_default();
        Some(Key { sender: sender.to_owned(), key, request: Sha256::digest(&request).into() })
    }
}
