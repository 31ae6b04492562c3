//! Serde of texts by index. JSON keys are strings, and inside a tagged enum serde does not turn them back into numbers
//! by itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

pub(crate) fn serialize<S: Serializer>(map: &BTreeMap<u32, String>, s: S) -> Result<S::Ok, S::Error> {
    map.serialize(s)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<BTreeMap<u32, String>, D::Error> {
    let map = BTreeMap::<String, String>::deserialize(d)?;
    let index = |key: String| key.parse().map_err(|_| D::Error::custom(format!("'{key}' is not an index")));
    map.into_iter().map(|(key, text)| Ok((index(key)?, text))).collect()
}
