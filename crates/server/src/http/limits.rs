//! Rates of requests: a bound for each address on the public doors, for each person behind them, for each machine.
//!
//! Held in memory of one node; what it forgets at a restart does no harm.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::request::Parts,
};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota};
use jiban_domain::ids::PersonId;

use super::problem::Problem;
use crate::{app::App, infra::config};

/// A board that everybody in one room looks at, behind one address, may be asked for so many times as often.
const GLANCES: u32 = 20;
/// A number of the hall, of which a day has few, may be taken so many times more seldom than something is asked.
const NUMBERS: u32 = 5;
/// Whoever sent more requests with a wrong signature than the rate allows is turned away unread for so long.
const SHUT: Duration = Duration::from_secs(60);

/// Who signs: an address, and the source that it says it is; several sources may be behind one address.
pub type Signer = (IpAddr, String);

/// All limiters.
#[derive(Debug)]
pub struct Limits {
    public: DefaultKeyedRateLimiter<IpAddr>,
    glances: DefaultKeyedRateLimiter<IpAddr>,
    numbers: DefaultKeyedRateLimiter<IpAddr>,
    wrongly_signed: DefaultKeyedRateLimiter<Signer>,
    shut: Mutex<HashMap<Signer, Instant>>,
    staff: DefaultKeyedRateLimiter<PersonId>,
    machines: HashMap<String, DefaultDirectRateLimiter>,
    behind_proxy: bool,
}

fn per_minute(count: u32) -> Quota {
    Quota::per_minute(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN))
}

impl Limits {
    /// Limiters by the settings.
    pub fn new(config: &config::Config) -> Self {
        let server = &config.server;
        let machine = |machine: &config::Machine| {
            (machine.name.clone(), DefaultDirectRateLimiter::direct(per_minute(machine.events_per_minute)))
        };
        Self {
            machines: config.machines.iter().map(machine).collect(),
            public: DefaultKeyedRateLimiter::keyed(per_minute(server.public_per_minute)),
            glances: DefaultKeyedRateLimiter::keyed(per_minute(server.public_per_minute.saturating_mul(GLANCES))),
            numbers: DefaultKeyedRateLimiter::keyed(per_minute(server.public_per_minute / NUMBERS)),
            wrongly_signed: DefaultKeyedRateLimiter::keyed(per_minute(server.public_per_minute)),
            shut: Mutex::default(),
            staff: DefaultKeyedRateLimiter::keyed(per_minute(server.staff_per_minute)),
            behind_proxy: server.behind_proxy,
        }
    }

    /// Counts a request of a person.
    ///
    /// # Errors
    /// Too many.
    pub fn staff(&self, person: &PersonId) -> Result<(), Problem> {
        self.staff.check_key(person).map_err(|_| Problem::too_many())
    }

    /// Counts the events of one request of a machine.
    ///
    /// # Errors
    /// Too many.
    pub fn machine(&self, source: &config::Machine, events: usize) -> Result<(), Problem> {
        let events = u32::try_from(events).unwrap_or(u32::MAX);
        let (Some(limiter), Some(events)) = (self.machines.get(&source.name), NonZeroU32::new(events)) else {
            return Ok(());
        };
        match limiter.check_n(events) {
            Ok(Ok(())) => Ok(()),
            // Too many now, or more than it may ever send at once.
            Ok(Err(_)) | Err(_) => Err(Problem::too_many()),
        }
    }

    /// Whether somebody may send what is signed.
    ///
    /// # Errors
    /// Too much of it was wrong.
    pub fn may_sign(&self, signer: &Signer) -> Result<(), Problem> {
        let is_shut = self.shut().get(signer).is_some_and(|until| Instant::now() < *until);
        if is_shut { Err(Problem::too_many()) } else { Ok(()) }
    }

    /// Counts a request that was not signed as it should be.
    pub fn wrongly_signed(&self, signer: &Signer) {
        if self.wrongly_signed.check_key(signer).is_err() {
            self.shut().insert(signer.clone(), Instant::now() + SHUT);
        }
    }

    fn shut(&self) -> MutexGuard<'_, HashMap<Signer, Instant>> {
        self.shut.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets whoever has been quiet, so that memory is bounded.
    pub fn tidy(&self) {
        self.public.retain_recent();
        self.glances.retain_recent();
        self.numbers.retain_recent();
        self.wrongly_signed.retain_recent();
        self.shut().retain(|_, until| Instant::now() < *until);
        self.staff.retain_recent();
    }

    fn public(&self, address: IpAddr) -> Result<(), Problem> {
        self.public.check_key(&address).map_err(|_| Problem::too_many())
    }
}

/// A caller of a public door, within its rate.
#[derive(Debug, Clone, Copy)]
pub struct Public(pub IpAddr);

impl FromRequestParts<App> for Public {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let address = address(parts, app)?;
        app.limits.public(address)?;
        Ok(Self(address))
    }
}

/// A caller who only looks at a public board, within a wider rate.
#[derive(Debug, Clone, Copy)]
pub struct Glance;

impl FromRequestParts<App> for Glance {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let address = address(parts, app)?;
        app.limits.glances.check_key(&address).map_err(|_| Problem::too_many())?;
        Ok(Self)
    }
}

/// Somebody who takes a number of the hall on their own phone, within a rate of its own.
#[derive(Debug, Clone, Copy)]
pub struct NumberTaker;

impl FromRequestParts<App> for NumberTaker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Public(address) = Public::from_request_parts(parts, app).await?;
        app.limits.numbers.check_key(&address).map_err(|_| Problem::too_many())?;
        Ok(Self)
    }
}

/// The address of the caller.
///
/// # Errors
/// It is not known: a fault of ours.
pub fn address(parts: &Parts, app: &App) -> Result<IpAddr, Problem> {
    let forwarded = parts.headers.get("x-forwarded-for").filter(|_| app.limits.behind_proxy);
    // The last entry is the one our own proxy wrote.
    let forwarded = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    let direct = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    forwarded.or(direct).ok_or_else(|| Problem::internal("no address of the caller"))
}
