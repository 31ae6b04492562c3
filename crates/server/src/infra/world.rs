//! The world a decision looks at, as one immutable snapshot in memory: policies, organisation, calendar, triage.
//!
//! The database has the truth, as versioned documents; a snapshot is replaced whole when a version moves, by this node
//! or another. Nothing here may hold a case.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use jiban_domain::{calendar::Calendar, decide::World, organisation::Organisation, policy::Policy};
use jiban_store::{ReadTx, Store, StoreError, documents, models};

use crate::desk::{
    learnt::{self, Stored},
    places::Places,
    triage::Triage,
};

/// One state of the world.
#[derive(Debug)]
pub struct Snapshot {
    /// Units, people, spots, roster.
    pub organisation: Organisation,
    /// Working days.
    pub calendar: Calendar,
    /// The policy in force.
    pub policy: Arc<Policy>,
    /// Words of the policy in force and what was learnt, ready.
    pub triage: Arc<Triage>,
    /// Names of the organisation's places, ready.
    pub places: Arc<Places>,
    /// Every policy that was ever in force, by version: cases keep the one they were born under.
    policies: HashMap<String, Arc<Policy>>,
    /// What the documents' versions were.
    versions: Versions,
}

impl Snapshot {
    /// The world for new cases.
    pub fn world(&self) -> World<'_> {
        self.world_with(&self.policy)
    }

    /// The world for a case born under this policy version; the policy in force where that one is lost.
    pub fn world_of<'a>(&'a self, version: &str) -> World<'a> {
        self.world_with(self.policies.get(version).unwrap_or(&self.policy))
    }

    fn world_with<'a>(&'a self, policy: &'a Policy) -> World<'a> {
        World { policy, organisation: &self.organisation, calendar: &self.calendar }
    }
}

/// Why the world cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A document is missing.
    #[error("no {0} yet: run 'jiban init', or import one")]
    Missing(&'static str),
    /// A document cannot be understood by this program.
    #[error("stored {what}: {why}")]
    Form {
        /// Which document.
        what: &'static str,
        /// Why.
        why: String,
    },
}

/// Holds the current snapshot and replaces it.
#[derive(Debug, Clone)]
pub struct Worlds {
    current: Arc<RwLock<Arc<Snapshot>>>,
}

impl Worlds {
    /// Reads the world for the first time.
    ///
    /// # Errors
    /// [`WorldError`], e.g. when nothing was initialised yet.
    pub async fn open(store: &Store) -> Result<Self, WorldError> {
        let snapshot = load(store, None).await?;
        let snapshot = snapshot.ok_or(WorldError::Missing("policy"))?;
        Ok(Self { current: Arc::new(RwLock::new(Arc::new(snapshot))) })
    }

    /// The current snapshot.
    pub fn now(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the documents again if any version moved. `true` if it did.
    ///
    /// # Errors
    /// [`WorldError`]; the old snapshot stays.
    pub async fn refresh(&self, store: &Store) -> Result<bool, WorldError> {
        let old = self.now();
        let Some(new) = load(store, Some(old.versions.clone())).await? else { return Ok(false) };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        Ok(true)
    }
}

/// Loads the world, or nothing if it still is as `known`.
async fn load(store: &Store, known: Option<Versions>) -> Result<Option<Snapshot>, WorldError> {
    let found = store.read(move |tx| read(tx, known.as_ref())).await?;
    found.map(understand).transpose()
}

struct Texts {
    versions: Versions,
    organisation: Option<String>,
    calendars: Vec<String>,
    policies: Vec<String>,
    models: Vec<Stored>,
}

/// Versions of the documents: all equal means nothing changed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Versions {
    organisation: Option<i64>,
    calendars: Vec<(i64, i64)>,
    policy: Option<String>,
    models: Vec<(String, i64)>,
}

fn read(tx: &mut ReadTx<'_>, known: Option<&Versions>) -> Result<Option<Texts>, StoreError> {
    let organisation = documents::organisation(tx)?;
    let calendars = documents::calendars(tx)?;
    let now = tx.now();
    let versions = Versions {
        organisation: organisation.as_ref().map(|stored| stored.version),
        calendars: calendars.iter().map(|(year, stored)| (*year, stored.version)).collect(),
        policy: documents::active_policy(tx, now)?.map(|stored| stored.version),
        models: models::in_force(tx)?,
    };
    if known == Some(&versions) {
        return Ok(None);
    }
    Ok(Some(Texts {
        organisation: organisation.map(|stored| stored.body),
        calendars: calendars.into_iter().map(|(_, stored)| stored.body).collect(),
        policies: documents::policies(tx)?.into_iter().map(|stored| stored.body).collect(),
        models: learnt::read(tx)?,
        versions,
    }))
}

fn understand(texts: Texts) -> Result<Snapshot, WorldError> {
    let form = |what: &'static str| move |why: &dyn std::fmt::Display| WorldError::Form { what, why: why.to_string() };
    let mut policies = HashMap::new();
    for body in &texts.policies {
        let policy = Arc::new(Policy::parse(body).map_err(|faults| form("policy")(&faults))?);
        policies.insert(policy.version.clone(), policy);
    }
    let active = texts.versions.policy.as_ref().and_then(|version| policies.get(version));
    let policy = Arc::clone(active.ok_or(WorldError::Missing("policy"))?);
    let organisation = texts.organisation.ok_or(WorldError::Missing("organisation"))?;
    let organisation: Organisation = serde_json::from_str(&organisation).map_err(|why| form("organisation")(&why))?;
    let years = texts.calendars.iter().map(|body| serde_json::from_str(body)).collect::<Result<Vec<_>, _>>();
    let calendar = Calendar::build(&policy.time_zone, years.map_err(|why| form("calendar")(&why))?)
        .map_err(|why| form("calendar")(&why))?;
    let learnt = learnt::understand(texts.models.iter().map(|stored| (stored.subject, &*stored.bodies.whole)));
    let triage = Arc::new(Triage::new(&policy, learnt));
    let places = Arc::new(Places::new(&organisation));
    Ok(Snapshot { places, organisation, calendar, policy, triage, policies, versions: texts.versions })
}
