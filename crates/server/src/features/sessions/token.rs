//! Session tokens: 256 random bits, in the alphabet of addresses.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// A new token.
pub(super) fn fresh() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}
