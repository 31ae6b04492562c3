//! From settings to things that work: keys, the vault of identities, the place of files.

use jiban_store::{
    blobs::{BlobConfig, Blobs},
    identity::{Cipher, IdentityVault, VaultKey},
};

use super::config::Home;
use crate::app::StartError;

/// 32 bytes from hex.
///
/// # Errors
/// When it is not that.
pub fn key(text: &str) -> Result<[u8; 32], StartError> {
    let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| {
        StartError::Setting("secrets.toml: a key is not 32 bytes in hex; restore it from a backup".into())
    })
}

/// The vault, with the newest key first. SM4 takes the first half of each key.
///
/// # Errors
/// When a key is not what it should be.
pub fn vault(home: &Home) -> Result<IdentityVault, StartError> {
    let cipher = home.config.identity.cipher;
    let mut keys = Vec::new();
    // Both ciphers of each key can open; the configured one of the newest seals.
    for cipher in [cipher, if cipher == Cipher::Sm4Gcm { Cipher::Aes256Gcm } else { Cipher::Sm4Gcm }] {
        for stored in &home.secrets.identity {
            let bytes = key(&stored.hex)?[..cipher.key_bytes()].to_vec().into();
            let name = if cipher == Cipher::Sm4Gcm { "sm4" } else { "aes" };
            keys.push(VaultKey { id: format!("{}.{name}", stored.id), cipher, bytes });
        }
    }
    // The vault seals with its last key.
    keys.reverse();
    let index = key(&home.secrets.index)?;
    IdentityVault::new(&keys, &index).map_err(|why| StartError::Setting(format!("secrets.toml: {why}")))
}

/// The place of files: a folder, or an S3-compatible bucket.
///
/// # Errors
/// When it cannot be opened.
pub fn blobs(home: &Home) -> Result<Blobs, StartError> {
    let config = match &home.config.files.s3 {
        Some(s3) => BlobConfig::S3 {
            endpoint: s3.endpoint.clone(),
            region: s3.region.clone(),
            bucket: s3.bucket.clone(),
            access_key: s3.key.clone(),
            secret_key: s3.secret.clone(),
        },
        None => BlobConfig::Folder(home.config.files.folder.clone().into()),
    };
    Ok(Blobs::open(&config)?)
}
