//! Works 工作事项 as typed values: found, listed, changed, each step in the audit chain. One transaction a step, so nothing is
//! half-done.

use std::sync::Arc;

use jiban_domain::{event::Actor, ids::UnitId, refusal::Refusal};
use jiban_store::{ReadTx, StoreError, WriteTx, works, works::WorkRow};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    app::App,
    http::problem::{Answer, Problem},
    infra::{
        audit::{self, Stream},
        world::Snapshot,
    },
};

/// A kind of work.
pub trait Work: Serialize + DeserializeOwned + Send + 'static {
    /// Its kind, as stored.
    const KIND: &'static str;
    /// Its id.
    fn id(&self) -> Uuid;
    /// The unit that answers for it.
    fn unit(&self) -> &UnitId;
    /// Where it stands, as stored.
    fn state(&self) -> &'static str;
    /// When it next wants somebody told.
    fn next_at(&self, snapshot: &Snapshot) -> Option<Timestamp>;
}

/// What was done, for the audit chain: its code, and what there is to say of it.
pub type Done = (&'static str, serde_json::Value);

fn read<T: Work>(row: &WorkRow) -> Result<T, StoreError> {
    serde_json::from_str(&row.body).map_err(|why| StoreError::corrupt(format!("{} {}: {why}", T::KIND, row.id)))
}

/// Writes a work and records what was done with it.
///
/// # Errors
/// The store's.
pub fn put<T: Work>(
    tx: &mut WriteTx<'_>,
    snapshot: &Snapshot,
    work: &T,
    by: &Actor,
    (what, told): &Done,
) -> Result<(), StoreError> {
    let row = WorkRow {
        kind: T::KIND.to_owned(),
        id: work.id(),
        unit: work.unit().to_string(),
        state: work.state().to_owned(),
        next_at: work.next_at(snapshot),
        at: tx.now(),
        body: serde_json::to_string(work).map_err(|why| StoreError::other(why.to_string()))?,
    };
    works::put(tx, &row)?;
    let body = serde_json::json!({ T::KIND: work.id(), "told": told });
    audit::record(tx, Stream::Works, audit::trace(by, what, &body))
}

/// One work, to be changed in this transaction.
///
/// # Errors
/// The store's.
pub fn find_for_update<T: Work>(tx: &mut WriteTx<'_>, id: Uuid) -> Result<Option<T>, StoreError> {
    works::find_for_update(tx, T::KIND, id)?.as_ref().map(read).transpose()
}

/// One work.
///
/// # Errors
/// Not found; the store's.
pub async fn find<T: Work>(app: &App, id: Uuid) -> Answer<T> {
    let found = app.store.read(move |tx| find_in(tx, id)).await?;
    found.ok_or_else(Problem::not_found)
}

/// One work, in this reading.
///
/// # Errors
/// The store's.
pub fn find_in<T: Work>(tx: &mut ReadTx<'_>, id: Uuid) -> Result<Option<T>, StoreError> {
    works::find(tx, T::KIND, id)?.as_ref().map(read).transpose()
}

/// Works, the newest first, made before the work `before` if one is given; in this state only, where one is given.
///
/// # Errors
/// The store's.
pub fn list<T: Work>(
    tx: &mut ReadTx<'_>,
    state: Option<&str>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<T>, StoreError> {
    works::list(tx, T::KIND, state, before, limit)?.iter().map(read).collect()
}

/// Changes a work: `alter` refuses, or changes it and says what was done; `tell` tells whom it concerns, in the same
/// transaction.
///
/// # Errors
/// Not found; the refusal; the store's.
pub async fn change<T: Work>(
    app: &App,
    snapshot: &Arc<Snapshot>,
    id: Uuid,
    by: &Actor,
    alter: impl Fn(&mut T, Timestamp) -> Result<Done, Refusal> + Send + 'static,
    tell: impl Fn(&mut WriteTx<'_>, &T) -> Result<(), StoreError> + Send + 'static,
) -> Answer<T> {
    let (snapshot, by) = (Arc::clone(snapshot), by.clone());
    let changed = app.store.write(move |tx| -> Result<Option<Result<T, Refusal>>, StoreError> {
        let Some(mut work) = find_for_update::<T>(tx, id)? else { return Ok(None) };
        let done = match alter(&mut work, tx.now()) {
            Ok(done) => done,
            Err(refusal) => return Ok(Some(Err(refusal))),
        };
        put(tx, &snapshot, &work, &by, &done)?;
        tell(tx, &work)?;
        Ok(Some(Ok(work)))
    });
    let changed = changed.await?.ok_or_else(Problem::not_found)??;
    app.outbox_nudge.notify_one();
    Ok(changed)
}
