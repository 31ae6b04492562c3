//! The pages of the three doors, as built from `web/`: files by path, ready to send. Must never know of HTTP.

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// One file.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// What it holds.
    pub bytes: &'static [u8],
    /// The same, gzipped; none where that would not be smaller.
    pub gzipped: Option<&'static [u8]>,
    /// Its media type.
    pub media_type: &'static str,
    /// Whether its name changes with what it holds, so that it may be kept for ever.
    pub immutable: bool,
}

/// The file at a path, e.g. `console.html` or `assets/main-x1y2.js`; none where there is none.
pub fn file(path: &str) -> Option<File> {
    let bytes = bytes(path)?;
    let gzipped = self::bytes(&format!("{path}.gz"));
    Some(File { bytes, gzipped, media_type: media_type(path), immutable: path.starts_with("assets/") })
}

fn bytes(path: &str) -> Option<&'static [u8]> {
    let at = FILES.binary_search_by_key(&path, |(name, _)| name).ok()?;
    FILES.get(at).map(|(_, bytes)| *bytes)
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
