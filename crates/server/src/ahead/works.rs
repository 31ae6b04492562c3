//! Works 工作事项 as typed values: found, listed, changed, each step in the audit chain. One transaction a step, so nothing is
//! half-done.

use std::{collections::BTreeSet, sync::Arc};

use jiban_domain::{
    event::Actor,
    ids::{CaseId, UnitId},
    refusal::Refusal,
};
use jiban_store::{ReadTx, StoreError, WriteTx, works, works::WorkRow};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    app::App,
    desk::Stop,
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
    /// The cases that belong to it; none for a kind that has none.
    fn cases(&self) -> Option<&BTreeSet<CaseId>> {
        None
    }
}

/// What was done, for the audit chain: its code, and what there is to say of it.
pub type Done = (&'static str, serde_json::Value);

pub(super) fn read<T: Work>(row: &WorkRow) -> Result<T, StoreError> {
    serde_json::from_str(&row.body).map_err(|why| StoreError::corrupt(format!("{} {}: {why}", T::KIND, row.id)))
}

fn row<T: Work>(tx: &WriteTx<'_>, snapshot: &Snapshot, work: &T) -> Result<WorkRow, StoreError> {
    Ok(WorkRow {
        kind: T::KIND.to_owned(),
        id: work.id(),
        unit: work.unit().to_string(),
        state: work.state().to_owned(),
        next_at: work.next_at(snapshot),
        at: tx.now(),
        body: serde_json::to_string(work).map_err(|why| StoreError::other(why.to_string()))?,
    })
}

/// A work that is there once for whoever comes first, to be changed: the one that is stored, or `new`.
///
/// # Errors
/// The store's.
pub fn find_or_new<T: Work>(tx: &mut WriteTx<'_>, snapshot: &Snapshot, new: &T) -> Result<T, StoreError> {
    if let Some(found) = find_for_update::<T>(tx, new.id())? {
        return Ok(found);
    }
    let row = row(tx, snapshot, new)?;
    works::put_if_new(tx, &row)?;
    find_for_update::<T>(tx, new.id())?.ok_or_else(|| StoreError::corrupt(format!("{} {} is gone", T::KIND, new.id())))
}

/// Writes a work to which nothing was done but that its time was set anew.
///
/// # Errors
/// The store's.
pub fn put_untold<T: Work>(tx: &mut WriteTx<'_>, snapshot: &Snapshot, work: &T) -> Result<(), StoreError> {
    let row = row(tx, snapshot, work)?;
    works::put(tx, &row)
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
    put_untold(tx, snapshot, work)?;
    if let Some(cases) = work.cases() {
        works::put_cases(tx, T::KIND, work.id(), &cases.iter().map(|case| case.0).collect())?;
    }
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

/// One work, if it is there.
///
/// # Errors
/// The store's.
pub fn find_in<T: Work>(tx: &mut ReadTx<'_>, id: Uuid) -> Result<Option<T>, StoreError> {
    works::find(tx, T::KIND, id)?.as_ref().map(read).transpose()
}

/// One work.
///
/// # Errors
/// Not found; the store's.
pub async fn find<T: Work>(app: &App, id: Uuid) -> Answer<T> {
    let found = app.store.read(move |tx| find_in::<T>(tx, id)).await?;
    found.ok_or_else(Problem::not_found)
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

/// Works that a case belongs to, the newest first, at most `limit`.
///
/// # Errors
/// The store's.
pub fn of_case<T: Work>(tx: &mut ReadTx<'_>, case: CaseId, limit: i64) -> Result<Vec<T>, StoreError> {
    works::of_case(tx, T::KIND, case.0, limit)?.iter().map(read).collect()
}

/// Hands out works that changed at or after `since`, in the order of their last change, `most` at most. Returns whether these
/// were all.
///
/// # Errors
/// The store's.
pub fn changed<T: Work>(
    tx: &mut ReadTx<'_>,
    since: Timestamp,
    most: usize,
    mut each: impl FnMut(T),
) -> Result<bool, StoreError> {
    let (mut after, mut seen) = (None, 0);
    loop {
        let rows = works::changed(tx, T::KIND, since, after, STEP)?;
        let is_last = (rows.len() as i64) < STEP;
        for row in &rows {
            if seen == most {
                return Ok(false);
            }
            each(read(row)?);
            (after, seen) = (Some((row.at, row.id)), seen + 1);
        }
        if is_last {
            return Ok(true);
        }
    }
}

/// A page of works.
#[derive(Debug)]
pub struct Page<T> {
    /// Its works, the newest first.
    pub works: Vec<T>,
    /// What to send as `before` for the next page; none at the end.
    pub next: Option<Uuid>,
    /// The time of the reading.
    pub now: Timestamp,
}

/// Most works looked at for one page: then it ends, however few were seen, and tells where to go on.
const LOOKED_AT_MAX: usize = 2_000;
/// Works read in one go.
const STEP: i64 = 200;

/// Works that the reader sees, the newest first, made before the work `before` if one is given; in this state only, where one
/// is given. What is not seen takes no place on the page.
///
/// # Errors
/// The store's.
pub async fn page<T: Work>(
    app: &App,
    state: Option<&'static str>,
    before: Option<Uuid>,
    limit: u32,
    sees: impl Fn(&T) -> bool + Send + 'static,
) -> Answer<Page<T>> {
    let read = move |tx: &mut ReadTx<'_>| {
        let (mut works, mut cursor, mut looked_at) = (Vec::new(), before, 0);
        let next = loop {
            let some: Vec<T> = list(tx, state, cursor, STEP)?;
            let is_last = (some.len() as i64) < STEP;
            looked_at += some.len();
            for work in some {
                if works.len() == limit as usize {
                    break;
                }
                cursor = Some(work.id());
                if sees(&work) {
                    works.push(work);
                }
            }
            if works.len() == limit as usize || looked_at >= LOOKED_AT_MAX {
                break cursor;
            }
            if is_last {
                break None;
            }
        };
        Ok::<_, StoreError>(Page { works, next, now: tx.now() })
    };
    Ok(app.store.read(read).await?)
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
    let changed = app.store.write(move |tx| -> Result<T, Stop> {
        let work = change_in(tx, &snapshot, id, &by, &alter)?;
        tell(tx, &work)?;
        Ok(work)
    });
    let changed = changed.await?;
    app.outbox_nudge.notify_one();
    Ok(changed)
}

/// Changes a work inside a transaction.
///
/// # Errors
/// As of [`change`].
pub(super) fn change_in<T: Work>(
    tx: &mut WriteTx<'_>,
    snapshot: &Snapshot,
    id: Uuid,
    by: &Actor,
    alter: impl Fn(&mut T, Timestamp) -> Result<Done, Refusal>,
) -> Result<T, Stop> {
    let mut work = find_for_update::<T>(tx, id)?.ok_or_else(Problem::not_found)?;
    let done = alter(&mut work, tx.now())?;
    put(tx, snapshot, &work, by, &done)?;
    Ok(work)
}
