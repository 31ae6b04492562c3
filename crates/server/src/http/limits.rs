//! Rates of requests: a bound for each address on the public doors, for each person behind them.
//!
//! Held in memory of one node; what it forgets at a restart does no harm.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::request::Parts,
};
use governor::{DefaultKeyedRateLimiter, Quota};
use jiban_domain::ids::PersonId;

use super::problem::Problem;
use crate::{app::App, infra::config};

/// All limiters.
#[derive(Debug)]
pub struct Limits {
    public: DefaultKeyedRateLimiter<IpAddr>,
    staff: DefaultKeyedRateLimiter<PersonId>,
    behind_proxy: bool,
}

fn per_minute(count: u32) -> Quota {
    Quota::per_minute(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN))
}

impl Limits {
    /// Limiters by the settings.
    pub fn new(server: &config::Server) -> Self {
        Self {
            public: DefaultKeyedRateLimiter::keyed(per_minute(server.public_per_minute)),
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

    /// Forgets whoever has been quiet, so that memory is bounded.
    pub fn tidy(&self) {
        self.public.retain_recent();
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
        let forwarded = parts.headers.get("x-forwarded-for").filter(|_| app.limits.behind_proxy);
        // The last entry is the one our own proxy wrote.
        let forwarded = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        let direct = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let address = forwarded.or(direct).ok_or_else(|| Problem::internal("no address of the caller"))?;
        app.limits.public(address)?;
        Ok(Self(address))
    }
}
