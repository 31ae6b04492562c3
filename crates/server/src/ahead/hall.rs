//! The queue of the request hall 群众诉求服务大厅 as it is kept: one work a day, so that numbers come one after another however
//! many take them at once.

use std::sync::Arc;

use jiban_domain::{
    event::Actor,
    hall::{Act, HallDay, Ticket},
    ids::UnitId,
    permission,
    refusal::Refusal,
};
use jiban_store::{StoreError, WriteTx, cases};
use jiff::{Timestamp, civil::Time};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::works::{self, Done, Work};
use crate::{
    app::App,
    desk::{self, Key, Stop, rows},
    http::{
        auth::Staff,
        problem::{Answer, Problem},
    },
    infra::world::Snapshot,
};

impl Work for HallDay {
    const KIND: &'static str = "hall_day";

    /// The same for everybody who asks for that day.
    fn id(&self) -> Uuid {
        let digest: [u8; 32] = Sha256::digest(format!("{} {}", self.unit, self.day)).into();
        let (bytes, _) = digest.split_at(16);
        Uuid::from_slice(bytes).unwrap_or_default()
    }

    fn unit(&self) -> &UnitId {
        &self.unit
    }

    fn state(&self) -> &'static str {
        "day"
    }

    fn next_at(&self, _: &Snapshot) -> Option<Timestamp> {
        None
    }
}

fn day(snapshot: &Snapshot, now: Timestamp) -> (HallDay, Time) {
    let local = now.to_zoned(snapshot.calendar.zone().clone());
    (HallDay::new(snapshot.policy.dispatch.liaison_office.clone(), local.date()), local.time())
}

/// Today, as it stands, and whether numbers are given now.
///
/// # Errors
/// The store's.
pub async fn today(app: &App) -> Answer<(HallDay, bool)> {
    let snapshot = app.snapshot();
    let read = move |tx: &mut jiban_store::ReadTx<'_>| {
        let (new, time) = day(&snapshot, tx.now());
        let found = works::find_in::<HallDay>(tx, new.id())?;
        Ok::<_, StoreError>((found.unwrap_or(new), snapshot.policy.hall.is_open(time)))
    };
    Ok(app.store.read(read).await?)
}

/// Changes today: `alter` refuses, or changes it and says what was done, with what is to be told of it; nothing where nothing
/// was done.
async fn change<T: Send + 'static>(
    app: &App,
    snapshot: &Arc<Snapshot>,
    by: Actor,
    alter: impl Fn(&mut HallDay, Timestamp, Time) -> Result<Option<(Done, T)>, Refusal> + Send + 'static,
) -> Answer<Option<T>> {
    let snapshot = Arc::clone(snapshot);
    let changed = app.store.write(move |tx: &mut WriteTx<'_>| -> Result<Result<Option<T>, Refusal>, StoreError> {
        let (new, time) = day(&snapshot, tx.now());
        let mut hall = works::find_or_new(tx, &snapshot, &new)?;
        match alter(&mut hall, tx.now(), time) {
            Ok(Some((done, told))) => {
                works::put(tx, &snapshot, &hall, &by, &done)?;
                Ok(Ok(Some(told)))
            }
            Ok(None) => Ok(Ok(None)),
            Err(refusal) => Ok(Err(refusal)),
        }
    });
    Ok(changed.await??)
}

/// A number that was given.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = HallTaken)]
pub struct Taken {
    /// The number.
    pub number: String,
    /// Code of the counter.
    pub counter: String,
    /// How many waited before it.
    pub ahead: u64,
}

/// Gives the next number of a counter. Hours bind whoever takes it by themselves. The same key and counter are one number.
///
/// # Errors
/// No such counter, out of hours, no number left.
pub async fn take(app: &App, by: Actor, counter: String, key: Option<Key>) -> Answer<Taken> {
    let (snapshot, parts) = (app.snapshot(), app.clone());
    let taken = app.store.write(move |tx| -> Result<Taken, Stop> {
        desk::once(tx, &parts, key.as_ref(), |tx| {
            let (new, time) = day(&snapshot, tx.now());
            let mut hall = works::find_or_new(tx, &snapshot, &new)?;
            let hours_bind = by.person().is_none();
            let ticket = hall.take(&snapshot.policy.hall, &counter, tx.now(), hours_bind.then_some(time))?.clone();
            works::put(tx, &snapshot, &hall, &by, &("hall_taken", json!({ "number": ticket.number })))?;
            // It is the last of those that wait.
            let ahead = hall.waiting(&counter).count() as u64 - 1;
            Ok(Taken { number: ticket.number, counter: ticket.counter, ahead })
        })
    });
    Ok(taken.await?)
}

/// Calls the next one of a counter to a window; nothing where nobody waits.
///
/// # Errors
/// No such counter, a window without a name.
pub async fn call(app: &App, staff: &Staff, counter: String, window: String) -> Answer<Option<Ticket>> {
    let (rules, person) = (staff.snapshot.policy.hall.clone(), staff.person.clone());
    change(app, &staff.snapshot, staff.actor.clone(), move |hall, now, _| {
        let called = hall.call(&rules, &counter, &window, &person, now)?.cloned();
        Ok(called.map(|ticket| {
            let told = json!({ "number": ticket.number, "window": ticket.window });
            (("hall_called", told), ticket)
        }))
    })
    .await
}

/// Does something with a number that was called.
///
/// # Errors
/// Not found, or a refusal; a case that the reader does not see.
pub async fn act(app: &App, staff: &Staff, number: String, act: Act) -> Answer<Ticket> {
    if let Act::Case { case } = &act {
        let id = case.0;
        let found = app.store.read(move |tx| cases::load(tx, id)).await?.as_ref().map(rows::case).transpose()?;
        let seen = |case| permission::sees(&staff.snapshot.organisation, &staff.actor, &case);
        if !found.is_some_and(seen) {
            return Err(Refusal::unknown("case", case).into());
        }
    }
    let rules = staff.snapshot.policy.hall.clone();
    let done = change(app, &staff.snapshot, staff.actor.clone(), move |hall, now, _| {
        let ticket = hall.act(&rules, &number, &act, now)?.clone();
        let told = json!({ "number": number, "act": act });
        Ok(Some(((act.kind(), told), ticket)))
    });
    done.await?.ok_or_else(Problem::not_found)
}
