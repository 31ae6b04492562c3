//! Signatures of webhooks, both ways: HMAC-SHA256 over `timestamp.body`, in hex.

use hmac::{Hmac, KeyInit, Mac};

fn mac(secret: &str, timestamp: i64, body: &[u8]) -> Hmac<sha2::Sha256> {
    let mut mac = match Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mac) => mac,
        Err(never) => unreachable!("HMAC takes keys of any length: {never}"),
    };
    mac.update(format!("{timestamp}.").as_bytes());
    mac.update(body);
    mac
}

/// The signature of a body at a time, seconds since 1970.
pub fn sign(secret: &str, timestamp: i64, body: &[u8]) -> String {
    hex::encode(mac(secret, timestamp, body).finalize().into_bytes())
}

/// Whether a signature is of this body at this time. Takes as long for a wrong one as for a right one.
pub fn is_of(signature: &str, secret: &str, timestamp: i64, body: &[u8]) -> bool {
    hex::decode(signature).is_ok_and(|given| mac(secret, timestamp, body).verify_slice(&given).is_ok())
}
