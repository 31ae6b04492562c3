//! Files that people uploaded, as answers: shown or saved under their name, never run.

use axum::{
    body::Bytes,
    http::{HeaderMap, header},
};

use super::problem::{Answer, Problem};

/// A file as an answer. It never changes, so whoever has it may keep it.
///
/// # Errors
/// A media type that is none.
pub fn file(name: &str, media_type: &str, bytes: Bytes) -> Answer<(HeaderMap, Bytes)> {
    let mut headers = HeaderMap::new();
    let value = |text: &str| header::HeaderValue::from_str(text).map_err(Problem::internal);
    headers.insert(header::CONTENT_TYPE, value(media_type)?);
    headers.insert(header::CONTENT_DISPOSITION, value(&disposition(name, media_type))?);
    headers.insert(header::CONTENT_SECURITY_POLICY, value("default-src 'none'; sandbox")?);
    headers.insert(header::CACHE_CONTROL, value("private, max-age=86400, immutable")?);
    Ok((headers, bytes))
}

/// Pictures are shown, anything else is saved; the name is written as RFC 8187 has it, so that it cannot break the header.
fn disposition(name: &str, media_type: &str) -> String {
    let how = if media_type.starts_with("image/") { "inline" } else { "attachment" };
    let mut written = String::with_capacity(name.len() * 3);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            written.push(char::from(byte));
        } else {
            written.push('%');
            written.push_str(&hex::encode_upper([byte]));
        }
    }
    format!("{how}; filename*=UTF-8''{written}")
}
