//! Works 工作事项: what is undertaken beside cases, such as campaigns. What one says, and what may be done with it, is its
//! maker's business; here is only where it stands, whose it is, when it next wants somebody told, and which cases belong to it.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    cases::before_key,
    error::StoreError,
    params,
    schema::FILL_WORK_CASES,
    sql::{ROWS_MAX, in_list, tuples},
    tx::{Engine, ReadTx, WriteTx},
    value::Row,
};

/// A work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkRow {
    /// What kind of work.
    pub kind: String,
    /// Its id; ids sort by time.
    pub id: Uuid,
    /// The unit that answers for it.
    pub unit: String,
    /// Where it stands.
    pub state: String,
    /// When it next wants somebody told; none for never.
    pub next_at: Option<Timestamp>,
    /// When it last changed.
    pub at: Timestamp,
    /// What it says: JSON.
    pub body: String,
}

const COLUMNS: &str = "kind, id, unit, state, next_at, at, body";

fn read(mut row: Row) -> Result<WorkRow, StoreError> {
    Ok(WorkRow {
        kind: row.take(0)?,
        id: row.get(1)?,
        unit: row.take(2)?,
        state: row.take(3)?,
        next_at: row.get(4)?,
        at: row.get(5)?,
        body: row.take(6)?,
    })
}

/// Writes a work, new or changed.
///
/// # Errors
/// When the database fails.
pub fn put(tx: &mut WriteTx<'_>, work: &WorkRow) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO works (tenant_id, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (tenant_id, kind, id) DO UPDATE SET unit = excluded.unit, state = excluded.state,
             next_at = excluded.next_at, at = excluded.at, body = excluded.body"
    );
    let (tenant, w) = (tx.tenant(), work);
    tx.execute(&sql, params![tenant, &w.kind, w.id, &w.unit, &w.state, w.next_at, w.at, &w.body])
}

/// Writes a work unless it is there already. Whoever comes at the same time waits until it is known which.
///
/// # Errors
/// When the database fails.
pub fn put_if_new(tx: &mut WriteTx<'_>, work: &WorkRow) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO works (tenant_id, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (tenant_id, kind, id) DO NOTHING"
    );
    let (tenant, w) = (tx.tenant(), work);
    tx.execute(&sql, params![tenant, &w.kind, w.id, &w.unit, &w.state, w.next_at, w.at, &w.body])
}

/// Removes a work that nothing is to be known of any more.
///
/// # Errors
/// When the database fails.
pub fn remove(tx: &mut WriteTx<'_>, kind: &str, id: Uuid) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    tx.execute("DELETE FROM works WHERE tenant_id = ?1 AND kind = ?2 AND id = ?3", params![tenant, kind, id])
}

/// One work, to be changed.
///
/// # Errors
/// When the database fails.
pub fn find_for_update(tx: &mut WriteTx<'_>, kind: &str, id: Uuid) -> Result<Option<WorkRow>, StoreError> {
    let lock = tx.for_update();
    find_with(tx, kind, id, lock)
}

/// One work, to look at.
///
/// # Errors
/// When the database fails.
pub fn find(tx: &mut ReadTx<'_>, kind: &str, id: Uuid) -> Result<Option<WorkRow>, StoreError> {
    find_with(tx, kind, id, "")
}

fn find_with(tx: &mut ReadTx<'_>, kind: &str, id: Uuid, lock: &str) -> Result<Option<WorkRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM works WHERE tenant_id = ?1 AND kind = ?2 AND id = ?3{lock}");
    let params = params![tx.tenant(), kind, id];
    tx.query_one(&sql, params)?.map(read).transpose()
}

/// Of these works of a kind, the ids of those that are there; nothing of them is read.
///
/// # Errors
/// When the database fails.
pub fn which_are_there(tx: &mut ReadTx<'_>, kind: &str, ids: &[Uuid]) -> Result<HashSet<Uuid>, StoreError> {
    let mut params = params![tx.tenant(), kind];
    let list = in_list(&mut params, ids.iter().copied());
    let sql = format!("SELECT id FROM works WHERE tenant_id = ?1 AND kind = ?2 AND id IN ({list})");
    tx.query(&sql, params)?.into_iter().map(|row| row.get(0)).collect()
}

/// Works of a kind, the newest first, at most `limit`, made before the work `before` if one is given; in this state only,
/// where one is given.
///
/// # Errors
/// When the database fails.
pub fn list(
    tx: &mut ReadTx<'_>,
    kind: &str,
    state: Option<&str>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<WorkRow>, StoreError> {
    let mut params = params![tx.tenant(), kind, before_key(before), limit];
    let only = state.map_or("", |state| {
        params.extend(params![state]);
        " AND state = ?5"
    });
    let sql = format!(
        "SELECT {COLUMNS} FROM works WHERE tenant_id = ?1 AND kind = ?2 AND id < ?3{only} ORDER BY id DESC LIMIT ?4"
    );
    tx.query(&sql, params)?.into_iter().map(read).collect()
}

/// How many works of a kind there are; in this state only, where one is given.
///
/// # Errors
/// When the database fails.
pub fn count(tx: &mut ReadTx<'_>, kind: &str, state: Option<&str>) -> Result<i64, StoreError> {
    let mut params = params![tx.tenant(), kind];
    let only = state.map_or("", |state| {
        params.extend(params![state]);
        " AND state = ?3"
    });
    tx.query_count(&format!("SELECT COUNT(*) FROM works WHERE tenant_id = ?1 AND kind = ?2{only}"), params)
}

/// Works of a kind that want somebody told after `after`, the next first, at most `limit`; of these units only, where some are
/// given. Two that do so at the same moment stand in the order of their ids.
///
/// # Errors
/// When the database fails.
pub fn due_after(
    tx: &mut ReadTx<'_>,
    kind: &str,
    units: Option<&[String]>,
    (at, id): (Timestamp, Uuid),
    limit: i64,
) -> Result<Vec<WorkRow>, StoreError> {
    let mut params = params![tx.tenant(), kind, at, id, limit];
    let only = units.map_or_else(String::new, |units| {
        let list = in_list(&mut params, units.iter());
        format!(" AND unit IN ({list})")
    });
    let sql = format!(
        "SELECT {COLUMNS} FROM works WHERE tenant_id = ?1 AND kind = ?2 AND next_at IS NOT NULL
         AND (next_at, id) > (?3, ?4){only} ORDER BY next_at, id LIMIT ?5"
    );
    tx.query(&sql, params)?.into_iter().map(read).collect()
}

/// Ids of the works of a kind that want somebody told by `now`, the longest waiting first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub fn due(tx: &mut ReadTx<'_>, kind: &str, now: Timestamp, limit: i64) -> Result<Vec<Uuid>, StoreError> {
    let sql = "SELECT id FROM works WHERE tenant_id = ?1 AND kind = ?2 AND next_at <= ?3 ORDER BY next_at, id LIMIT ?4";
    let params = params![tx.tenant(), kind, now, limit];
    tx.query(sql, params)?.into_iter().map(|row| row.get(0)).collect()
}

/// Works of a kind that changed at or after `since`, in the order of their last change, at most `limit`; behind that one,
/// where one is given.
///
/// # Errors
/// When the database fails.
pub fn changed(
    tx: &mut ReadTx<'_>,
    kind: &str,
    since: Timestamp,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<WorkRow>, StoreError> {
    // No id is nil, so that every one of that moment is behind it.
    let (at, id) = after.unwrap_or((since, Uuid::nil()));
    let sql = format!(
        "SELECT {COLUMNS} FROM works WHERE tenant_id = ?1 AND kind = ?2 AND (at, id) > (?3, ?4) ORDER BY at, id LIMIT ?5"
    );
    tx.query(&sql, params![tx.tenant(), kind, at, id, limit])?.into_iter().map(read).collect()
}

/// Notes which cases belong to a work: those that are new are added, those that are gone are taken out.
///
/// # Errors
/// When the database fails.
pub fn put_cases(tx: &mut WriteTx<'_>, kind: &str, work: Uuid, cases: &BTreeSet<Uuid>) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    let sql = "SELECT case_id FROM work_cases WHERE tenant_id = ?1 AND kind = ?2 AND work_id = ?3";
    let known = tx.query(sql, params![tenant, kind, work])?;
    let known = known.into_iter().map(|row| row.get(0)).collect::<Result<BTreeSet<Uuid>, _>>()?;
    let (new, gone): (Vec<Uuid>, Vec<Uuid>) =
        (cases.difference(&known).copied().collect(), known.difference(cases).copied().collect());
    for some in new.chunks(ROWS_MAX) {
        let mut params = params![tenant, kind, work];
        params.extend(some.iter().map(|case| (*case).into()));
        let rows = tuples(3, 1, some.len());
        let sql = format!(
            "INSERT INTO work_cases (tenant_id, kind, work_id, case_id) VALUES {rows}
             ON CONFLICT (tenant_id, case_id, kind, work_id) DO NOTHING"
        );
        tx.execute(&sql, params)?;
    }
    for some in gone.chunks(ROWS_MAX) {
        let mut params = params![tenant, kind, work];
        let list = in_list(&mut params, some.iter().copied());
        let sql = format!(
            "DELETE FROM work_cases WHERE tenant_id = ?1 AND kind = ?2 AND work_id = ?3 AND case_id IN ({list})"
        );
        tx.execute(&sql, params)?;
    }
    Ok(())
}

/// Works of a kind that a case belongs to, the newest first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub fn of_case(tx: &mut ReadTx<'_>, kind: &str, case: Uuid, limit: i64) -> Result<Vec<WorkRow>, StoreError> {
    let sql = "SELECT w.kind, w.id, w.unit, w.state, w.next_at, w.at, w.body FROM work_cases m
        CROSS JOIN works w
        WHERE m.tenant_id = ?1 AND m.case_id = ?2 AND m.kind = ?3 AND w.tenant_id = ?1 AND w.kind = m.kind
            AND w.id = m.work_id
        ORDER BY m.work_id DESC LIMIT ?4";
    tx.query(sql, params![tx.tenant(), case, kind, limit])?.into_iter().map(read).collect()
}

/// Notes which cases belong to every work, where nothing of it is noted yet: after a restore.
pub(crate) fn fill_cases(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    let sql = match tx.engine() {
        Engine::Sqlite => FILL_WORK_CASES.0,
        Engine::Postgres => FILL_WORK_CASES.1,
    };
    tx.execute(sql, params![])
}
