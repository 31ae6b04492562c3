//! Ways out of the house 外发渠道: which messages an installation's settings call for, and to whom.
//!
//! Addresses of reporters never appear here; only staff are told, at work.

use std::collections::BTreeSet;

use jiban_domain::{ids::PersonId, organisation::Organisation};

use super::config::Config;

/// The configured ways.
#[derive(Debug, Clone, Default)]
pub struct Outlets {
    mail: bool,
    sms: bool,
    wecom: bool,
    webhooks: Vec<(String, BTreeSet<String>)>,
}

impl Outlets {
    /// By the settings.
    pub fn new(config: &Config) -> Self {
        let webhooks = config.webhooks.iter().map(|hook| (hook.name.clone(), hook.events.iter().cloned().collect()));
        Self {
            mail: config.mail.is_some(),
            sms: config.sms.is_some(),
            wecom: config.wecom.is_some(),
            webhooks: webhooks.collect(),
        }
    }

    /// Whether any webhook is configured.
    pub fn has_webhooks(&self) -> bool {
        !self.webhooks.is_empty()
    }

    /// Webhooks that want this kind of event.
    pub fn webhooks<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        let wants = move |events: &BTreeSet<String>| events.is_empty() || events.contains(kind);
        self.webhooks.iter().filter(move |(_, events)| wants(events)).map(|(name, _)| name.as_str())
    }

    /// Channel and recipient for each of these people and each configured way.
    pub fn people(&self, organisation: &Organisation, people: &BTreeSet<PersonId>) -> Vec<(&'static str, String)> {
        let mut messages = Vec::new();
        for person in people.iter().filter_map(|id| organisation.person(id)) {
            if let Some(email) = person.email.as_ref().filter(|_| self.mail) {
                messages.push(("email", email.clone()));
            }
            if let Some(phone) = person.work_phone.as_ref().filter(|_| self.sms) {
                messages.push(("sms", phone.clone()));
            }
            if self.wecom {
                messages.push(("wecom", person.id.to_string()));
            }
        }
        messages
    }
}
