//! Protected data: who a reporter is, where they live, how to reach them, and what they wrote in their own words.
//!
//! It lies apart from the case, sealed with a key that is not in the database, bound to its tenant and case, so that a
//! copied row opens nowhere else. Nothing of it may reach a log, an error, an index or a list; who is shown it, and why,
//! is decided and recorded above.

use std::fmt;

use aes_gcm::{
    Aes256Gcm, AesGcm,
    aead::{Aead, KeyInit, Payload, consts::U12},
};
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use sm4::Sm4;
use uuid::Uuid;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    error::StoreError,
    params,
    tx::{ReadTx, WriteTx},
};

/// Bytes of a nonce.
const NONCE: usize = 12;

/// How protected data is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cipher {
    /// AES-256-GCM; keys of 32 bytes.
    Aes256Gcm,
    /// SM4-GCM (GB/T 32907), where national ciphers are required; keys of 16 bytes.
    Sm4Gcm,
}

impl Cipher {
    /// Length of its keys in bytes.
    pub fn key_bytes(self) -> usize {
        match self {
            Self::Aes256Gcm => 32,
            Self::Sm4Gcm => 16,
        }
    }
}

/// A key of the ring.
pub struct VaultKey {
    /// Its name, 1 to 64 bytes; kept with what it seals.
    pub id: String,
    /// Its cipher.
    pub cipher: Cipher,
    /// The key itself.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// Keys that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// A ring without keys.
    #[error("no key to seal protected data with: configure at least one")]
    None,
    /// A key of the wrong length.
    #[error("key '{id}' has {found} bytes, its cipher needs {due}")]
    Length {
        /// Which key.
        id: String,
        /// Bytes it has.
        found: usize,
        /// Bytes it should have.
        due: usize,
    },
    /// A name that is empty, too long, or there twice.
    #[error("key '{id}': a key's name has 1 to 64 bytes and is there once")]
    Name {
        /// Which key.
        id: String,
    },
    /// The index key is too short.
    #[error("the key of the blind index has {found} bytes, it needs at least 32")]
    Index {
        /// Bytes it has.
        found: usize,
    },
}

enum Sealer {
    Aes(Box<Aes256Gcm>),
    Sm4(Box<AesGcm<Sm4, U12>>),
}

impl Sealer {
    fn new(key: &VaultKey) -> Result<Self, BadKeys> {
        let (found, due) = (key.bytes.len(), key.cipher.key_bytes());
        let wrong = |_| BadKeys::Length { id: key.id.clone(), found, due };
        Ok(match key.cipher {
            Cipher::Aes256Gcm => Self::Aes(Box::new(Aes256Gcm::new_from_slice(&key.bytes).map_err(wrong)?)),
            Cipher::Sm4Gcm => Self::Sm4(Box::new(AesGcm::new_from_slice(&key.bytes).map_err(wrong)?)),
        })
    }

    fn seal(&self, nonce: &[u8; NONCE], payload: Payload<'_, '_>) -> Option<Vec<u8>> {
        let nonce = (*nonce).into();
        match self {
            Self::Aes(cipher) => cipher.encrypt(&nonce, payload).ok(),
            Self::Sm4(cipher) => cipher.encrypt(&nonce, payload).ok(),
        }
    }

    fn open(&self, nonce: &[u8; NONCE], payload: Payload<'_, '_>) -> Option<Vec<u8>> {
        let nonce = (*nonce).into();
        match self {
            Self::Aes(cipher) => cipher.decrypt(&nonce, payload).ok(),
            Self::Sm4(cipher) => cipher.decrypt(&nonce, payload).ok(),
        }
    }
}

/// The ring of keys: the newest seals, all open.
pub struct IdentityVault {
    keys: Vec<(String, Sealer)>,
    newest: usize,
    index: Hmac<Sha256>,
}

impl fmt::Debug for IdentityVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityVault").field("newest", &self.newest_key()).finish_non_exhaustive()
    }
}

impl IdentityVault {
    /// A vault of these keys, the newest last, and the key of the blind index (at least 32 bytes; it must never change,
    /// or reporters are not recognised any more).
    ///
    /// # Errors
    /// [`BadKeys`] when a key cannot be used.
    pub fn new(keys: &[VaultKey], index_key: &[u8]) -> Result<Self, BadKeys> {
        let mut ring: Vec<(String, Sealer)> = Vec::with_capacity(keys.len());
        for key in keys {
            if key.id.is_empty() || key.id.len() > 64 || ring.iter().any(|(id, _)| *id == key.id) {
                return Err(BadKeys::Name { id: key.id.clone() });
            }
            ring.push((key.id.clone(), Sealer::new(key)?));
        }
        let newest = ring.len().checked_sub(1).ok_or(BadKeys::None)?;
        let short = BadKeys::Index { found: index_key.len() };
        if index_key.len() < 32 {
            return Err(short);
        }
        let index = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(index_key).map_err(|_| short)?;
        Ok(Self { keys: ring, newest, index })
    }

    /// Name of the key that seals.
    pub fn newest_key(&self) -> &str {
        &self.keys[self.newest].0
    }

    /// Seals with the newest key. `context` is not kept: the same must be given to open, which binds the sealed bytes
    /// to their place. The result names its key.
    ///
    /// # Errors
    /// [`StoreError::Other`] when the text is longer than the cipher can take (64 GiB).
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let (id, sealer) = &self.keys[self.newest];
        let nonce: [u8; NONCE] = rand::random();
        let sealed = sealer.seal(&nonce, Payload { msg: plain, aad: context });
        let sealed = sealed.ok_or_else(|| StoreError::other("protected data is too long to be sealed"))?;
        let length = u8::try_from(id.len()).map_err(|_| StoreError::other("a key's name is too long"))?;
        Ok([&[length], id.as_bytes(), &nonce, &sealed].concat())
    }

    /// Whether the newest key sealed this.
    pub fn is_newest(&self, sealed: &[u8]) -> bool {
        let key = sealed.split_first().and_then(|(length, rest)| rest.get(..usize::from(*length)));
        key == Some(self.newest_key().as_bytes())
    }

    /// Opens what [`IdentityVault::seal`] sealed in the same context.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when its key is not in the ring, or when it was changed or comes from elsewhere.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let cut = || StoreError::corrupt("sealed data is cut short");
        let (length, rest) = sealed.split_first().ok_or_else(cut)?;
        let (id, rest) = rest.split_at_checked(usize::from(*length)).ok_or_else(cut)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or_else(cut)?;
        let key = self.keys.iter().find(|(name, _)| name.as_bytes() == id);
        let (name, sealer) = key.ok_or_else(|| {
            StoreError::corrupt(format!(
                "sealed data needs key '{}', which is not configured",
                String::from_utf8_lossy(id)
            ))
        })?;
        let plain = sealer.open(nonce, Payload { msg: sealed, aad: context });
        plain.map(Zeroizing::new).ok_or_else(|| {
            StoreError::corrupt(format!("sealed data was changed, moved, or sealed with another key named '{name}'"))
        })
    }

    /// By what a reporter is recognised without being known: a keyed hash of the normalised telephone number. `None`
    /// if the text is no telephone number (fewer than five digits).
    pub fn blind_index(&self, phone: &str) -> Option<[u8; 32]> {
        let mut digits = normal_phone(phone)?;
        let mut mac = self.index.clone();
        mac.update(digits.as_bytes());
        digits.zeroize();
        Some(mac.finalize().into_bytes().into())
    }
}

/// The digits of a number without the country's prefix: `+86 138-0013-8000` and `13800138000` are one.
fn normal_phone(phone: &str) -> Option<String> {
    let full_width =
        |c: char| char::from_u32((c as u32).wrapping_sub('０' as u32 - '0' as u32)).filter(char::is_ascii_digit);
    let international = phone.trim_start().starts_with(['+', '＋']);
    let digits: String =
        phone.chars().filter_map(|c| if c.is_ascii_digit() { Some(c) } else { full_width(c) }).collect();
    let national = match digits.strip_prefix("0086") {
        Some(rest) => rest,
        None if international || digits.len() == 13 => digits.strip_prefix("86").unwrap_or(&digits),
        None => &digits,
    };
    (national.len() >= 5).then(|| national.to_owned())
}

/// What is known of a reporter. Its `Debug` shows none of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Telephone number, as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Home address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Number of an identity document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_number: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The report in the reporter's own words, before it was masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_text: Option<String>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(protected)")
    }
}

fn context(tenant: i64, case_id: Uuid) -> Vec<u8> {
    [b"identity".as_slice(), &tenant.to_be_bytes(), case_id.as_bytes()].concat()
}

fn seal(vault: &IdentityVault, tenant: i64, case_id: Uuid, identity: &Identity) -> Result<Vec<u8>, StoreError> {
    let json = serde_json::to_vec(identity).map_err(|_| StoreError::other("protected data cannot be written"))?;
    vault.seal(&context(tenant, case_id), &Zeroizing::new(json))
}

const PUT: &str = "INSERT INTO identities (tenant_id, case_id, sealed, key_id) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (tenant_id, case_id) DO UPDATE SET sealed = excluded.sealed, key_id = excluded.key_id";

/// Puts the protected data of a case, in place of what was there.
///
/// # Errors
/// When the database fails, or there is no such case.
pub fn put(tx: &mut WriteTx<'_>, vault: &IdentityVault, case_id: Uuid, identity: &Identity) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    let sealed = seal(vault, tenant, case_id, identity)?;
    tx.execute(PUT, params![tenant, case_id, sealed, vault.newest_key()])
}

/// The protected data of a case, if there is any.
///
/// # Errors
/// [`StoreError::Corrupt`] when it cannot be opened.
pub fn get(tx: &mut ReadTx<'_>, vault: &IdentityVault, case_id: Uuid) -> Result<Option<Identity>, StoreError> {
    let tenant = tx.tenant();
    let row =
        tx.query_one("SELECT sealed FROM identities WHERE tenant_id = ?1 AND case_id = ?2", params![tenant, case_id])?;
    let Some(row) = row else { return Ok(None) };
    let plain = vault.open(&context(tenant, case_id), &row.get::<Vec<u8>>(0)?)?;
    serde_json::from_slice(&plain)
        .map(Some)
        .map_err(|_| StoreError::corrupt("opened protected data is not an identity"))
}

/// Removes the protected data of a case, when the law or the reporter asks for it.
///
/// # Errors
/// When the database fails.
pub fn remove(tx: &mut WriteTx<'_>, case_id: Uuid) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    tx.execute("DELETE FROM identities WHERE tenant_id = ?1 AND case_id = ?2", params![tenant, case_id])
}

/// Seals anew, with the newest key, at most `limit` rows that an older one sealed; returns how many. Once it returns 0
/// the older keys may go.
///
/// # Errors
/// [`StoreError::Corrupt`] when one cannot be opened.
pub fn reseal(tx: &mut WriteTx<'_>, vault: &IdentityVault, limit: i64) -> Result<u64, StoreError> {
    let sql = format!(
        "SELECT case_id, sealed FROM identities WHERE tenant_id = ?1 AND (key_id < ?2 OR key_id > ?2)
         ORDER BY key_id, case_id LIMIT ?3{}",
        tx.skip_locked()
    );
    let tenant = tx.tenant();
    let rows = tx.query(&sql, params![tenant, vault.newest_key(), limit])?;
    let count = rows.len() as u64;
    for row in rows {
        let case_id = row.get(0)?;
        let context = context(tenant, case_id);
        let plain = vault.open(&context, &row.get::<Vec<u8>>(1)?)?;
        tx.execute(PUT, params![tenant, case_id, vault.seal(&context, &plain)?, vault.newest_key()])?;
    }
    Ok(count)
}

/// Removes the protected data of cases that were closed before `before`, at most `limit`; returns how many. A case that
/// was closed by then was registered by then, and ids tell when: only data that is older and still there is looked at.
///
/// # Errors
/// When the database fails.
pub fn purge_closed(tx: &mut WriteTx<'_>, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    let sql = "DELETE FROM identities WHERE tenant_id = ?1 AND case_id IN (
        SELECT i.case_id FROM identities i JOIN cases c ON c.tenant_id = i.tenant_id AND c.case_id = i.case_id
        WHERE i.tenant_id = ?1 AND i.case_id < ?4 AND c.open = 0 AND c.closed_at < ?2 ORDER BY i.case_id LIMIT ?3)";
    let millis = u64::try_from(before.as_millisecond()).unwrap_or(0);
    let registered = uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid();
    let tenant = tx.tenant();
    tx.execute_now(sql, params![tenant, before, limit, registered])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, cipher: Cipher, fill: u8) -> VaultKey {
        VaultKey { id: id.into(), cipher, bytes: Zeroizing::new(vec![fill; cipher.key_bytes()]) }
    }

    fn vault(keys: &[VaultKey]) -> IdentityVault {
        IdentityVault::new(keys, &[9; 32]).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        for cipher in [Cipher::Aes256Gcm, Cipher::Sm4Gcm] {
            let vault = vault(&[key("k1", cipher, 1)]);
            let sealed = vault.seal(b"here", "王小明".as_bytes()).unwrap();
            assert_eq!(vault.open(b"here", &sealed).unwrap().as_slice(), "王小明".as_bytes());
            assert!(vault.open(b"there", &sealed).is_err());
            for at in 0..sealed.len() {
                let mut changed = sealed.clone();
                changed[at] ^= 1;
                assert!(vault.open(b"here", &changed).is_err(), "byte {at}");
                assert!(vault.open(b"here", &sealed[..at]).is_err(), "cut at {at}");
            }
            assert_ne!(vault.seal(b"here", b"x").unwrap(), vault.seal(b"here", b"x").unwrap());
        }
    }

    #[test]
    fn an_older_key_still_opens_and_a_missing_one_is_named() {
        let old = vault(&[key("k1", Cipher::Sm4Gcm, 1)]);
        let sealed = old.seal(b"c", b"plain").unwrap();
        let both = vault(&[key("k1", Cipher::Sm4Gcm, 1), key("k2", Cipher::Aes256Gcm, 2)]);
        assert_eq!(both.open(b"c", &sealed).unwrap().as_slice(), b"plain");
        assert_eq!(both.newest_key(), "k2");
        let error = old.open(b"c", &both.seal(b"c", b"plain").unwrap()).unwrap_err().to_string();
        assert!(error.contains("'k2'"), "{error}");
    }

    #[test]
    fn keys_that_cannot_be_used_are_refused() {
        let short = VaultKey { id: "k".into(), cipher: Cipher::Aes256Gcm, bytes: Zeroizing::new(vec![0; 16]) };
        let twice = [key("k", Cipher::Sm4Gcm, 1), key("k", Cipher::Sm4Gcm, 2)];
        let table = [
            (IdentityVault::new(&[], &[0; 32]).err(), BadKeys::None),
            (IdentityVault::new(&[short], &[0; 32]).err(), BadKeys::Length { id: "k".into(), found: 16, due: 32 }),
            (IdentityVault::new(&twice, &[0; 32]).err(), BadKeys::Name { id: "k".into() }),
            (IdentityVault::new(&[key("k", Cipher::Sm4Gcm, 1)], &[0; 31]).err(), BadKeys::Index { found: 31 }),
        ];
        for (found, due) in table {
            assert_eq!(found, Some(due));
        }
    }

    #[test]
    fn one_telephone_has_one_index_however_it_is_written() {
        let vault = vault(&[key("k", Cipher::Sm4Gcm, 1)]);
        let index = vault.blind_index("13800138000");
        for same in
            ["+86 138-0013-8000", "0086 13800138000", "8613800138000", " 138 0013 8000 ", "１３８００１３８０００"]
        {
            assert_eq!(vault.blind_index(same), index, "{same}");
        }
        assert_ne!(vault.blind_index("13800138001"), index);
        assert_ne!(vault.blind_index("86138001380"), vault.blind_index("138001380"), "not every 86 is a country");
        assert_eq!(vault.blind_index("无"), None);
        assert_eq!(vault.blind_index("1234"), None);
    }

    #[test]
    fn nothing_of_an_identity_is_printed() {
        let identity = Identity { name: Some("王小明".into()), ..Identity::default() };
        assert_eq!(format!("{identity:?}"), "Identity(protected)");
    }
}
