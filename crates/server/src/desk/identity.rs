//! Who the reporter is 诉求人身份: the only shape in which identity travels through the program, from the door to the
//! sealed table.
//!
//! It has no `Debug` that shows it and is never serialised anywhere but into the seal and into the answer to a
//! recorded reveal.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use jiban_store::{StoreError, identity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A reporter's identity.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// Name.
    #[schema(max_length = 60)]
    pub name: String,
    /// Phone.
    #[schema(max_length = 30)]
    pub phone: String,
    /// Home address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub address: Option<String>,
    /// Identity-card number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 30)]
    pub id_number: Option<String>,
    /// E-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 120)]
    pub email: Option<String>,
    /// What was said, before personal numbers in it were masked. Never taken from a request.
    #[serde(skip)]
    pub original: Option<String>,
}

/// Who the reporter is, as shown after a reveal.
#[derive(Serialize, ToSchema)]
pub struct Revealed {
    /// Name; empty where none was given.
    name: String,
    /// Phone; empty where none was given.
    phone: String,
    /// Home address.
    address: Option<String>,
    /// Identity-card number.
    id_number: Option<String>,
    /// E-mail.
    email: Option<String>,
    /// What was said, before personal numbers in it were masked; none where there were none.
    original: Option<String>,
}

impl From<Identity> for Revealed {
    fn from(identity: Identity) -> Self {
        let Identity { name, phone, address, id_number, email, original } = identity;
        Self { name, phone, address, id_number, email, original }
    }
}

/// What of an identity is shown without a reveal.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Masked {
    /// E.g. `王**`.
    pub name: String,
    /// E.g. `138****5678`.
    pub phone: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

impl Identity {
    /// As the protected table keeps it; nothing where there is nothing to keep.
    pub fn stored(&self) -> Option<identity::Identity> {
        let some = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let stored = identity::Identity {
            name: some(&self.name),
            phone: some(&self.phone),
            address: self.address.as_deref().and_then(some),
            id_number: self.id_number.as_deref().and_then(some),
            email: self.email.as_deref().and_then(some),
            original_text: self.original.clone(),
        };
        (stored != identity::Identity::default()).then_some(stored)
    }

    /// Sealed as text, for what keeps an identity within itself; `context` binds it to that place.
    ///
    /// # Errors
    /// The store's, when it cannot be sealed.
    pub fn sealed_in(&self, vault: &identity::IdentityVault, context: &[u8]) -> Result<String, StoreError> {
        let plain = serde_json::to_vec(self).map_err(|why| StoreError::other(why.to_string()))?;
        Ok(hex::encode(vault.seal(context, &plain)?))
    }

    /// Opens what [`Self::sealed_in`] made.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it was sealed elsewhere, or is no identity.
    pub fn opened_from(vault: &identity::IdentityVault, context: &[u8], sealed: &str) -> Result<Self, StoreError> {
        let plain = vault.open(context, &bytes_of(sealed)?)?;
        serde_json::from_slice(&plain).map_err(|_| StoreError::corrupt("what was sealed is no identity"))
    }

    /// What may be shown without a reveal.
    pub fn masked(&self) -> Masked {
        let name = self.name.trim();
        let stars = "*".repeat(name.chars().count().saturating_sub(1).min(3));
        let name = name.chars().next().map(|first| format!("{first}{stars}")).unwrap_or_default();
        let digits: Vec<char> = self.phone.trim().chars().collect();
        let phone = match digits.len() {
            0 => String::new(),
            n if n >= 7 => {
                let (head, tail) = (&digits[..3], &digits[n - 4..]);
                format!("{}****{}", head.iter().collect::<String>(), tail.iter().collect::<String>())
            }
            n => "*".repeat(n),
        };
        Masked { name, phone }
    }
}

/// What [`Identity::sealed_in`] made, sealed anew with the newest key; none where that key sealed it.
///
/// # Errors
/// [`StoreError::Corrupt`] when it was sealed elsewhere, or with a key that is gone.
pub fn resealed(vault: &identity::IdentityVault, context: &[u8], sealed: &str) -> Result<Option<String>, StoreError> {
    let bytes = bytes_of(sealed)?;
    if vault.is_newest(&bytes) {
        return Ok(None);
    }
    let plain = vault.open(context, &bytes)?;
    Ok(Some(hex::encode(vault.seal(context, &plain)?)))
}

fn bytes_of(sealed: &str) -> Result<Vec<u8>, StoreError> {
    hex::decode(sealed).map_err(|_| StoreError::corrupt("a sealed identity is no hex"))
}

/// What people write where a name is asked for, and mean nobody by it.
const NOBODY: [&str; 10] = ["匿名", "居民", "市民", "业主", "群众", "先生", "女士", "商户", "住户", "路人"];

impl Identity {
    /// A text without personal numbers and without the reporter's own name, numbers and mail address, where they wrote
    /// them into it. `true` when there was one. The address stays: it often is where the matter is.
    pub fn hide(&self, text: &str) -> (String, bool) {
        let masked = self.masked();
        let (name, phone) = (self.name.trim(), self.phone.trim());
        let other = |field: &Option<String>| field.as_deref().unwrap_or_default().trim().to_owned();
        let known = [
            (if NOBODY.contains(&name) { "" } else { name }, masked.name.as_str()),
            (phone, masked.phone.as_str()),
            (&*other(&self.email), "***"),
            (&*other(&self.id_number), "***"),
        ];
        let (mut out, mut found) = jiban_text::mask_personal(text);
        for (what, instead) in known {
            if what.chars().count() >= 2 && out.contains(what) {
                (out, found) = (out.replace(what, instead), true);
            }
        }
        (out, found)
    }
}

impl From<identity::Identity> for Identity {
    fn from(stored: identity::Identity) -> Self {
        Self {
            name: stored.name.unwrap_or_default(),
            phone: stored.phone.unwrap_or_default(),
            address: stored.address,
            id_number: stored.id_number,
            email: stored.email,
            original: stored.original_text,
        }
    }
}

/// Letters of tracking codes: no 0 O 1 I L U, which people mix up.
const LETTERS: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A new tracking code, e.g. `7K4M-2XQ9`: 30^8 possibilities, and guesses are rate-limited.
pub fn tracking_code() -> String {
    let mut code = String::with_capacity(9);
    for place in 0..8 {
        if place == 4 {
            code.push('-');
        }
        code.push(char::from(LETTERS[rand::random_range(0..LETTERS.len())]));
    }
    code
}

/// What is stored of a tracking code: it cannot be read back.
pub fn tracking_hash(key: &[u8; 32], number: &str, code: &str) -> [u8; 32] {
    let code: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let mut mac = match Hmac::<sha2::Sha256>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(never) => unreachable!("HMAC takes keys of any length: {never}"),
    };
    mac.update(format!("{number}:{code}").as_bytes());
    mac.finalize().into_bytes().into()
}

impl Identity {
    /// Checks the bounds of each field at the door, and drops what no request may set.
    ///
    /// # Errors
    /// The field that is too long.
    pub fn check(&self, field: &str) -> Result<(), crate::http::problem::Problem> {
        let fields = [
            ("name", Some(&self.name), 60),
            ("phone", Some(&self.phone), 30),
            ("address", self.address.as_ref(), 200),
            ("id_number", self.id_number.as_ref(), 30),
            ("email", self.email.as_ref(), 120),
        ];
        for (name, text, max) in fields {
            if text.is_some_and(|text| text.chars().count() > max) {
                return Err(crate::http::problem::Problem::field(
                    &format!("{field}.{name}"),
                    format!("at most {max} characters"),
                    format!("最多 {max} 个字"),
                ));
            }
        }
        Ok(())
    }
}
