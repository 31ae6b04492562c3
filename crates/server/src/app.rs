//! The running program's parts, held together: what every handler and worker is given.
//!
//! Cheap to clone. It owns no rule of the mechanism and no state of a case.

use std::sync::Arc;

use jiban_store::{Store, StoreError, blobs::Blobs, identity::IdentityVault};
use jiff::Timestamp;

use crate::{
    desk::numbers::Numbers,
    http::limits::Limits,
    infra::{
        config::{Config, Home},
        hub::Hub,
        world::{Snapshot, Worlds},
    },
};

/// All parts.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts themselves.
pub struct Parts {
    /// Database.
    pub store: Store,
    /// Seals and opens identity.
    pub vault: IdentityVault,
    /// Photos and files.
    pub blobs: Blobs,
    /// Policies, organisation, calendar.
    pub worlds: Worlds,
    /// Case numbers.
    pub numbers: Numbers,
    /// Live events.
    pub hub: Hub,
    /// Rates of requests.
    pub limits: Limits,
    /// Ways out of the house: webhooks, e-mail, SMS, WeCom.
    pub outlets: crate::infra::outlets::Outlets,
    /// Renders documents.
    pub press: crate::infra::press::Press,
    /// Gathers what machines report.
    pub machines: crate::desk::machines::Gatherer,
    /// What was read of texts lately, for finding repeats.
    pub sketches: crate::desk::repeats::Sketches,
    /// Single sign-on, where it is set up.
    pub sign_on: Option<crate::infra::oidc::SignOn>,
    /// Settings.
    pub config: Config,
    /// Key of tokens and tracking codes.
    pub token_key: [u8; 32],
    /// Wakes the sweeper when an earlier clock was armed.
    pub sweeper_nudge: tokio::sync::Notify,
    /// Wakes the outbox when a message was queued.
    pub outbox_nudge: tokio::sync::Notify,
    /// Wakes the counting when a case changed.
    pub tally_nudge: tokio::sync::Notify,
    /// Ends long-lived answers (SSE) when the program stops.
    pub stop: tokio::sync::watch::Sender<bool>,
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Why the program cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The world cannot be read.
    #[error(transparent)]
    World(#[from] crate::infra::world::WorldError),
    /// A key or setting is not what it should be.
    #[error("{0}")]
    Setting(String),
}

impl App {
    /// Puts the parts together over an opened and migrated store.
    ///
    /// # Errors
    /// [`StartError`] saying what is missing and what to do.
    pub async fn start(home: &Home, store: Store) -> Result<Self, StartError> {
        let worlds = Worlds::open(&store).await?;
        Ok(Self(Arc::new(Parts {
            vault: crate::infra::keys::vault(home)?,
            blobs: crate::infra::keys::blobs(home)?,
            worlds,
            numbers: Numbers::new(store.engine() == jiban_store::Engine::Postgres),
            hub: Hub::default(),
            limits: Limits::new(&home.config),
            token_key: crate::infra::keys::key(&home.secrets.tokens)?,
            sign_on: crate::infra::oidc::SignOn::of(&home.config)
                .map_err(|why| StartError::Setting(why.to_string()))?,
            outlets: crate::infra::outlets::Outlets::new(&home.config),
            press: crate::infra::press::Press::new(&home.config),
            machines: crate::desk::machines::Gatherer::default(),
            sketches: crate::desk::repeats::Sketches::default(),
            config: home.config.clone(),
            sweeper_nudge: tokio::sync::Notify::new(),
            outbox_nudge: tokio::sync::Notify::new(),
            tally_nudge: tokio::sync::Notify::new(),
            stop: tokio::sync::watch::channel(false).0,
            store,
        })))
    }

    /// The time all nodes share.
    ///
    /// # Errors
    /// A [`StoreError`] when the store cannot be read.
    pub async fn now(&self) -> Result<Timestamp, StoreError> {
        self.store.read(|tx| Ok(tx.now())).await
    }

    /// The world as it is now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.worlds.now()
    }
}
