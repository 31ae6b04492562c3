//! Turning keys 换钥: whatever an older key sealed is sealed anew with the newest, in small steps, so that older keys may go.
//! Identities of cases have a table of their own; others stand within works, such as the contact of a partner or of a booking.
//!
//! Nothing is shown to anybody, and a work stays what it is: where it stands and when it last changed are left alone.

use jiban_domain::{event::Actor, partner::Partner, reception::ReceptionDay};
use jiban_store::{StoreError, WriteTx, identity, works::WorkRow};
use serde_json::json;
use uuid::Uuid;

use super::works::{self, Work};
use crate::{
    app::App,
    desk::identity::resealed,
    infra::audit::{self, Stream},
};

/// Rows looked at in one transaction.
const BATCH: i64 = 200;

/// A work that keeps, sealed, who somebody is.
pub trait KeepsIdentity: Work {
    /// What is sealed in it, each with what binds it to its place.
    fn sealed(&mut self, tenant: i64) -> Vec<(Vec<u8>, &mut String)>;
}

/// How many were sealed anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Identities of cases.
    pub cases: u64,
    /// Works that keep somebody's identity.
    pub works: u64,
}

/// Seals anew all identities that an older key sealed. Ended in the middle, it goes on where it was when begun again.
///
/// # Errors
/// The store's; a key that is needed is not there any more.
pub async fn identities(app: &App) -> Result<Resealed, StoreError> {
    let mut done = Resealed::default();
    loop {
        let parts = app.clone();
        match app.store.write(move |tx| identity::reseal(tx, &parts.vault, BATCH)).await? {
            0 => break,
            some => done.cases += some,
        }
    }
    done.works = of_kind::<Partner>(app).await? + of_kind::<ReceptionDay>(app).await?;
    if done != Resealed::default() {
        let told = json!({ "key": app.vault.newest_key(), "cases": done.cases, "works": done.works });
        let trace = audit::trace(&Actor::System, "identities_resealed", &told);
        app.store.write(move |tx| audit::record(tx, Stream::Accounts, trace.clone())).await?;
    }
    Ok(done)
}

async fn of_kind<T: KeepsIdentity>(app: &App) -> Result<u64, StoreError> {
    let (mut before, mut done) = (None, 0);
    loop {
        let parts = app.clone();
        let (last, changed) = app.store.write(move |tx| step::<T>(tx, &parts, before)).await?;
        done += changed;
        match last {
            Some(last) => before = Some(last),
            None => return Ok(done),
        }
    }
}

/// Looks at the works made before `before`. Returns the last one looked at, if there was any, and how many were changed.
fn step<T: KeepsIdentity>(
    tx: &mut WriteTx<'_>,
    app: &App,
    before: Option<Uuid>,
) -> Result<(Option<Uuid>, u64), StoreError> {
    let rows = jiban_store::works::list(tx, T::KIND, None, before, BATCH)?;
    let mut changed = 0;
    for row in &rows {
        if anew::<T>(tx.tenant(), app, row)?.is_none() {
            continue;
        }
        // Read again to be changed: somebody may have done something with it since.
        let Some(row) = jiban_store::works::find_for_update(tx, T::KIND, row.id)? else { continue };
        if let Some(body) = anew::<T>(tx.tenant(), app, &row)? {
            jiban_store::works::put(tx, &WorkRow { body, ..row })?;
            changed += 1;
        }
    }
    Ok((rows.last().map(|row| row.id), changed))
}

/// The work with all that an older key sealed sealed anew; none where there was nothing of it.
fn anew<T: KeepsIdentity>(tenant: i64, app: &App, row: &WorkRow) -> Result<Option<String>, StoreError> {
    let mut work: T = works::read(row)?;
    let mut is_changed = false;
    for (context, sealed) in work.sealed(tenant) {
        if let Some(anew) = resealed(&app.vault, &context, sealed)? {
            (*sealed, is_changed) = (anew, true);
        }
    }
    let written = || serde_json::to_string(&work).map_err(|why| StoreError::other(why.to_string()));
    is_changed.then(written).transpose()
}
