//! A helper model 辅助模型, off unless it is configured: any endpoint that speaks as OpenAI's chat completions do, for a
//! draft of a summary or a reply. What it says is a draft by a machine, marked as such; nothing waits for it, and when
//! it fails nothing changes.
//!
//! It is sent what a case says, masked as it is stored, and its category: never who asked, a phone, an address or a place.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::{config::Helper, outward};

/// Longest text that is sent, characters.
const SENT_MAX: usize = 4_000;
/// Longest answer that is taken, characters.
const TAKEN_MAX: usize = 2_000;
/// Longest answer that is read, bytes.
const READ_MAX: usize = 1 << 20;
/// A model takes longer than other services.
const PATIENCE: Duration = Duration::from_secs(25);

#[derive(Deserialize)]
struct Answer {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: String,
}

/// Asks for a text: what to do, and what about.
///
/// # Errors
/// Why there is none, for the log: it may hold the endpoint's words, never the case's.
pub async fn ask(helper: &Helper, what: &str, about: &str) -> Result<String, String> {
    let about: String = jiban_text::mask_personal(about).0.chars().take(SENT_MAX).collect();
    let body = json!({
        "model": helper.model,
        "messages": [{ "role": "system", "content": what }, { "role": "user", "content": about }],
        "temperature": 0.2,
    });
    let url = format!("{}/chat/completions", helper.url.trim_end_matches('/'));
    let mut request = outward::client()?.post(url).timeout(PATIENCE).json(&body);
    if let Some(key) = &helper.key {
        request = request.bearer_auth(key);
    }
    let mut response = request.send().await.map_err(|why| why.without_url().to_string())?;
    if !response.status().is_success() {
        return Err(format!("it answered {}", response.status()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|why| why.without_url().to_string())? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > READ_MAX {
            return Err("its answer is too long".to_owned());
        }
    }
    let answer: Answer = serde_json::from_slice(&bytes).map_err(|why| format!("its answer cannot be read: {why}"))?;
    let text = answer.choices.into_iter().next().map(|choice| choice.message.content).unwrap_or_default();
    let text: String = jiban_text::mask_personal(text.trim()).0.chars().take(TAKEN_MAX).collect();
    if text.is_empty() { Err("it said nothing".to_owned()) } else { Ok(text) }
}
