//! Passwords and one-time codes: argon2id for what is known, TOTP (RFC 6238) for what is held.
//!
//! Hashing is slow on purpose: it runs beside the event loop, few at a time, and a wrong name costs as much as a wrong
//! password.

use std::sync::{Arc, LazyLock};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;
use totp_rs::{Builder, Totp};

/// Hashes at once: each takes 19 MiB and a core.
static SLOTS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(2)));
/// Shortest password, in characters.
pub const PASSWORD_MIN: usize = 8;
/// Longest password, in bytes: a bound on work.
pub const PASSWORD_MAX: usize = 256;

/// Hashes a password, in PHC form.
///
/// # Errors
/// When the machine gives no randomness.
pub fn hash(password: &str) -> Result<String, String> {
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|why| why.to_string())?;
    Ok(hash.to_string())
}

/// Whether the password fits the hash. Without a hash it takes the same time and does not fit.
pub async fn fits(password: String, hash: Option<String>) -> bool {
    static NOBODY: LazyLock<String> = LazyLock::new(|| self::hash("nobody's password").unwrap_or_default());
    let Ok(permit) = Arc::clone(&SLOTS).acquire_owned().await else { return false };
    let checked = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        let parsed = PasswordHash::new(&hash).ok();
        let fits = parsed.is_some_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        known && fits
    });
    checked.await.unwrap_or(false)
}

/// A TOTP generator from its secret (20 bytes).
///
/// # Errors
/// When the secret is too short.
pub fn totp(secret: &[u8], account: &str) -> Result<Totp, String> {
    let builder = Builder::new().with_secret(secret.to_vec()).with_issuer(Some("Jiban")).with_account_name(account);
    builder.build().map_err(|why| why.to_string())
}
