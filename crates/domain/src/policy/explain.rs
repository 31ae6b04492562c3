//! placeholder

use super::Policy;

/// A language of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Chinese.
    Zh,
    /// English.
    En,
}

/// Tells a policy.
pub fn explain(policy: &Policy, language: Language) -> String {
    match language {
        Language::Zh => policy.name.zh.clone(),
        Language::En => policy.name.en.clone(),
    }
}
