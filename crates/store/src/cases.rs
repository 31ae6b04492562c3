//! Cases 诉求件: the row that is the fold of a case's events, who may see it, and its running clocks.
//!
//! [`save`] is the only way to change a case: events, row, scope and clocks in one transaction. What the columns mean is
//! the domain's business; nothing here may decide anything about a case.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    error::StoreError,
    events::{self, CASE_STREAM, Head, NewEvent},
    params,
    sql::{ROWS_MAX, in_list, tuples},
    tally,
    tx::{Engine, ReadTx, WriteTx},
    value::{Row, Value},
};

/// The unit under which every case can be found: the scope of those who may see all.
pub const ALL_UNITS: &str = "*";

/// What stands for the next due time of an open case on which no clock runs: the end of the calendar (year 9999), so that it sorts
/// last in a queue.
pub const NO_CLOCK: Timestamp = Timestamp::constant(253_402_207_200, 0);

/// A case as a row: the columns that are searched by, and the whole folded case as JSON.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "named as the domain's case names them; units below where they need saying")]
pub struct CaseRow {
    pub case_id: Uuid,
    pub number: String,
    /// How many events it is the fold of. [`save`] sets it.
    pub version: i64,
    pub state: String,
    pub class: Option<String>,
    pub category: Option<String>,
    pub origin: String,
    pub channel: String,
    pub lead_unit: Option<String>,
    pub grid: Option<String>,
    /// Codes with a space between them.
    pub marks: String,
    /// Whether there is still something to do.
    pub open: bool,
    /// When the next running clock is due.
    pub next_due: Option<Timestamp>,
    pub registered_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub upstream_number: Option<String>,
    /// Equal for cases about the same place.
    pub place_key: Option<String>,
    /// Blind index of the reporter: see [`crate::identity::IdentityVault::blind_index`].
    pub reporter: Option<[u8; 32]>,
    /// Hash of the tracking code.
    pub tracking: Option<[u8; 32]>,
    /// Masked: it is shown in lists.
    pub title: String,
    /// Degrees, WGS84.
    pub lon: Option<f64>,
    /// Degrees, WGS84.
    pub lat: Option<f64>,
    pub policy_version: String,
    /// Hash of the last event. [`save`] sets it.
    pub last_hash: [u8; 32],
    /// The folded case as JSON.
    pub body: String,
}

/// A unit that may see the case: an involved one or one above it. All rows of a case carry the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeRow {
    /// The unit, or [`ALL_UNITS`]; or a unit's part that is listed by itself, under a name of the caller's making.
    pub unit: String,
    /// When the case is next due, [`NO_CLOCK`] if no clock runs; `None` once it is not open any more.
    pub open_due: Option<Timestamp>,
}

/// A running clock 时限.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockRow {
    /// Its name within the case.
    pub clock: String,
    /// When something about it is next to be done: a warning or the breach.
    pub next_at: Timestamp,
    /// When it is due.
    pub due_at: Timestamp,
}

/// A case as it was before a change.
#[derive(Debug, Clone, Copy)]
pub struct Previous<'a> {
    /// The row as it was loaded.
    pub row: &'a CaseRow,
    /// The scope that was saved with it.
    pub scope: &'a [ScopeRow],
    /// The clocks that were saved with it.
    pub clocks: &'a [ClockRow],
}

impl CaseRow {
    /// The scope rows for these units and for those who see all.
    pub fn scope<U: AsRef<str>>(&self, units: impl IntoIterator<Item = U>) -> Vec<ScopeRow> {
        let open_due = self.open.then(|| self.next_due.unwrap_or(NO_CLOCK));
        let mut names: Vec<String> = units.into_iter().map(|unit| unit.as_ref().to_owned()).collect();
        names.push(ALL_UNITS.to_owned());
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(|unit| ScopeRow { unit, open_due }).collect()
    }

    fn read(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            case_id: row.get(0)?,
            number: row.take(1)?,
            version: row.get(2)?,
            state: row.take(3)?,
            class: row.take(4)?,
            category: row.take(5)?,
            origin: row.take(6)?,
            channel: row.take(7)?,
            lead_unit: row.take(8)?,
            grid: row.take(9)?,
            marks: row.take(10)?,
            open: row.get(11)?,
            next_due: row.get(12)?,
            registered_at: row.get(13)?,
            finished_at: row.get(14)?,
            closed_at: row.get(15)?,
            upstream_number: row.take(16)?,
            place_key: row.take(17)?,
            reporter: row.get(18)?,
            tracking: row.get(19)?,
            title: row.take(20)?,
            lon: row.get(21)?,
            lat: row.get(22)?,
            policy_version: row.take(23)?,
            last_hash: row.get(24)?,
            body: row.take(25)?,
        })
    }
}

const COLUMNS: &str = "case_id, number, version, state, class, category, origin, channel, lead_unit, grid, marks, open,
    next_due, registered_at, finished_at, closed_at, upstream_number, place_key, reporter, tracking, title, lon, lat,
    policy_version, last_hash, body";

/// Ids in one statement.
const IDS_AT_ONCE: usize = 128;

/// Loads a case to look at it; to change it see [`load_for_update`].
///
/// # Errors
/// When the database fails.
pub fn load(tx: &mut ReadTx<'_>, case_id: Uuid) -> Result<Option<CaseRow>, StoreError> {
    one(tx, "case_id = ?2", case_id.into())
}

/// Loads a case to change it: others who want to change it wait until this transaction ends.
///
/// # Errors
/// When the database fails.
pub fn load_for_update(tx: &mut WriteTx<'_>, case_id: Uuid) -> Result<Option<CaseRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM cases WHERE tenant_id = ?1 AND case_id = ?2{}", tx.for_update());
    let tenant = tx.tenant();
    tx.query_one(&sql, params![tenant, case_id])?.map(CaseRow::read).transpose()
}

/// Loads several cases, in the order asked for; those that do not exist are left out.
///
/// # Errors
/// When the database fails.
pub fn load_many(tx: &mut ReadTx<'_>, case_ids: &[Uuid]) -> Result<Vec<CaseRow>, StoreError> {
    let mut found = HashMap::new();
    for chunk in case_ids.chunks(IDS_AT_ONCE) {
        let mut params = params![tx.tenant()];
        let list = in_list(&mut params, chunk.iter().copied());
        let sql = format!("SELECT {COLUMNS} FROM cases WHERE tenant_id = ?1 AND case_id IN ({list})");
        for row in tx.query(&sql, params)? {
            let case = CaseRow::read(row)?;
            found.insert(case.case_id, case);
        }
    }
    Ok(case_ids.iter().filter_map(|id| found.remove(id)).collect())
}

fn one(tx: &mut ReadTx<'_>, which: &str, value: Value) -> Result<Option<CaseRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM cases WHERE tenant_id = ?1 AND {which}");
    let tenant = tx.tenant();
    tx.query_one(&sql, params![tenant, value])?.map(CaseRow::read).transpose()
}

/// The case with this number.
///
/// # Errors
/// When the database fails.
pub fn find_by_number(tx: &mut ReadTx<'_>, number: &str) -> Result<Option<CaseRow>, StoreError> {
    one(tx, "number = ?2", number.into())
}

/// The case with this number on the upstream platform.
///
/// # Errors
/// When the database fails.
pub fn find_by_upstream(tx: &mut ReadTx<'_>, number: &str) -> Result<Option<CaseRow>, StoreError> {
    one(tx, "upstream_number = ?2", number.into())
}

/// Ids of the cases of the same reporter, newest first, at most `limit`, registered before the case `before` if one is given.
///
/// # Errors
/// When the database fails.
pub fn ids_by_reporter(
    tx: &mut ReadTx<'_>,
    reporter: &[u8; 32],
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Uuid>, StoreError> {
    newest(tx, "reporter", reporter.into(), before, limit)
}

/// Ids of the cases about the same place, newest first, at most `limit`, registered before the case `before` if one is
/// given.
///
/// # Errors
/// When the database fails.
pub fn ids_by_place(
    tx: &mut ReadTx<'_>,
    place_key: &str,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Uuid>, StoreError> {
    newest(tx, "place_key", place_key.into(), before, limit)
}

fn newest(
    tx: &mut ReadTx<'_>,
    column: &str,
    value: Value,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Uuid>, StoreError> {
    let sql = format!(
        "SELECT case_id FROM cases WHERE tenant_id = ?1 AND {column} = ?2 AND case_id < ?3
         ORDER BY case_id DESC LIMIT ?4"
    );
    let tenant = tx.tenant();
    let rows = tx.query(&sql, params![tenant, value, before_key(before), limit])?;
    rows.into_iter().map(|row| row.get(0)).collect()
}

/// The versions of several cases: who knows what a case said at a version need not read it again.
///
/// # Errors
/// When the database fails.
pub fn versions(tx: &mut ReadTx<'_>, case_ids: &[Uuid]) -> Result<Vec<(Uuid, i64)>, StoreError> {
    let mut found = Vec::with_capacity(case_ids.len());
    for chunk in case_ids.chunks(IDS_AT_ONCE) {
        let mut params = params![tx.tenant()];
        let list = in_list(&mut params, chunk.iter().copied());
        let sql = format!("SELECT case_id, version FROM cases WHERE tenant_id = ?1 AND case_id IN ({list})");
        for row in tx.query(&sql, params)? {
            found.push((row.get(0)?, row.get(1)?));
        }
    }
    Ok(found)
}

/// A case id, or something behind every id.
pub(crate) fn before_key(before: Option<Uuid>) -> Value {
    before.map_or_else(|| Value::Blob(vec![0xFF; 17]), Into::into)
}

/// Cases registered from `from` until before `until`, oldest first, at most `limit`, behind the case `after` if one is
/// given. For reports.
///
/// # Errors
/// When the database fails.
pub fn registered_between(
    tx: &mut ReadTx<'_>,
    from: Timestamp,
    until: Timestamp,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<CaseRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM cases
         WHERE tenant_id = ?1 AND (registered_at, case_id) > (?2, ?3) AND registered_at < ?4
         ORDER BY registered_at, case_id LIMIT ?5"
    );
    let (at, id) = after.unwrap_or((from, Uuid::nil()));
    let params = params![tx.tenant(), at.max(from), id, until, limit];
    tx.query(&sql, params)?.into_iter().map(CaseRow::read).collect()
}

/// Cases that changed since they were last counted (see [`crate::tally`]), the oldest first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub fn uncounted(tx: &mut ReadTx<'_>, limit: i64) -> Result<Vec<CaseRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM cases WHERE tenant_id = ?1 AND case_id IN
             (SELECT case_id FROM uncounted WHERE tenant_id = ?1 ORDER BY case_id LIMIT ?2) ORDER BY case_id"
    );
    let params = params![tx.tenant(), limit];
    tx.query(&sql, params)?.into_iter().map(CaseRow::read).collect()
}

/// Writes a case: appends the events, then writes the row and of scope and clocks what differs from before. Sets the
/// row's `version` and `last_hash`. Units in `scope` and names in `clocks` are each there once.
///
/// # Errors
/// [`StoreError::Conflict`] when somebody else changed the case since `previous` was loaded, or when its number is
/// taken; [`StoreError::Other`] without events, because a case only changes by them.
pub fn save(
    tx: &mut WriteTx<'_>,
    previous: Option<Previous<'_>>,
    row: &mut CaseRow,
    events: &[NewEvent],
    scope: &[ScopeRow],
    clocks: &[ClockRow],
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Err(StoreError::other("a case changes by events only, and there are none"));
    }
    let head = previous.map_or(Head::EMPTY, |p| Head { seq: p.row.version, hash: p.row.last_hash });
    let head = events::append(tx, CASE_STREAM, row.case_id, head, events)?;
    (row.version, row.last_hash) = (head.seq, head.hash);
    match previous {
        None => insert(tx, row)?,
        Some(previous) => update(tx, previous.row, row)?,
    }
    tally::mark(tx, row.case_id, row.version)?;
    save_scope(tx, row.case_id, previous.map_or(&[], |p| p.scope), scope)?;
    save_clocks(tx, row.case_id, previous.map_or(&[], |p| p.clocks), clocks)
}

fn insert(tx: &mut WriteTx<'_>, row: &CaseRow) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO cases (tenant_id, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,
         ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)"
    );
    let tenant = tx.tenant();
    let (number, state, origin, channel) = (&row.number, &row.state, &row.origin, &row.channel);
    tx.execute(
        &sql,
        params![
            tenant,
            row.case_id,
            number,
            row.version,
            state,
            row.class.as_deref(),
            row.category.as_deref(),
            origin,
            channel,
            row.lead_unit.as_deref(),
            row.grid.as_deref(),
            &row.marks,
            row.open,
            row.next_due,
            row.registered_at,
            row.finished_at,
            row.closed_at,
            row.upstream_number.as_deref(),
            row.place_key.as_deref(),
            row.reporter,
            row.tracking,
            &row.title,
            row.lon,
            row.lat,
            &row.policy_version,
            row.last_hash,
            &row.body
        ],
    )
}

/// Columns with an index of their own are written only when they change: it spares rewriting the indexes.
fn update(tx: &mut WriteTx<'_>, before: &CaseRow, row: &CaseRow) -> Result<(), StoreError> {
    const SQL: &str =
        "UPDATE cases SET version = ?3, state = ?4, class = ?5, category = ?6, channel = ?7, lead_unit = ?8,
        grid = ?9, marks = ?10, open = ?11, next_due = ?12, finished_at = ?13, closed_at = ?14, tracking = ?15,
        title = ?16, lon = ?17, lat = ?18, last_hash = ?19, body = ?20, origin = ?21, policy_version = ?22
        WHERE tenant_id = ?1 AND case_id = ?2";
    const KEYS: &str = "UPDATE cases SET number = ?3, registered_at = ?4, upstream_number = ?5, place_key = ?6,
        reporter = ?7 WHERE tenant_id = ?1 AND case_id = ?2";
    let tenant = tx.tenant();
    tx.execute(
        SQL,
        params![
            tenant,
            row.case_id,
            row.version,
            &row.state,
            row.class.as_deref(),
            row.category.as_deref(),
            &row.channel,
            row.lead_unit.as_deref(),
            row.grid.as_deref(),
            &row.marks,
            row.open,
            row.next_due,
            row.finished_at,
            row.closed_at,
            row.tracking,
            &row.title,
            row.lon,
            row.lat,
            row.last_hash,
            &row.body,
            &row.origin,
            &row.policy_version
        ],
    )?;
    let keys = |row: &CaseRow| {
        let place = (row.upstream_number.clone(), row.place_key.clone(), row.reporter);
        (row.number.clone(), row.registered_at, place)
    };
    if keys(before) == keys(row) {
        return Ok(());
    }
    let (upstream, place) = (row.upstream_number.as_deref(), row.place_key.as_deref());
    tx.execute(KEYS, params![tenant, row.case_id, &row.number, row.registered_at, upstream, place, row.reporter])
}

/// Writes who may see a case anew, after the organisation changed: a projection, not a change of the case.
///
/// # Errors
/// When the database fails.
pub fn rescope(tx: &mut WriteTx<'_>, case_id: Uuid, before: &[ScopeRow], now: &[ScopeRow]) -> Result<(), StoreError> {
    save_scope(tx, case_id, before, now)
}

fn save_scope(tx: &mut WriteTx<'_>, case_id: Uuid, before: &[ScopeRow], now: &[ScopeRow]) -> Result<(), StoreError> {
    const DROP: &str = "DELETE FROM case_scope WHERE tenant_id = ?1 AND unit = ?2 AND case_id = ?3";
    let tenant = tx.tenant();
    let changed: Vec<&ScopeRow> = now.iter().filter(|row| !before.contains(row)).collect();
    for rows in changed.chunks(ROWS_MAX) {
        let sql = format!(
            "INSERT INTO case_scope (tenant_id, case_id, unit, open_due) VALUES {}
             ON CONFLICT (tenant_id, unit, case_id) DO UPDATE SET open_due = excluded.open_due",
            tuples(2, 2, rows.len())
        );
        let mut params = params![tenant, case_id];
        rows.iter().for_each(|row| params.extend(params![&row.unit, row.open_due]));
        tx.execute(&sql, params)?;
    }
    for gone in before.iter().filter(|old| now.iter().all(|row| row.unit != old.unit)) {
        tx.execute(DROP, params![tenant, &gone.unit, case_id])?;
    }
    Ok(())
}

fn save_clocks(tx: &mut WriteTx<'_>, case_id: Uuid, before: &[ClockRow], now: &[ClockRow]) -> Result<(), StoreError> {
    const DROP: &str = "DELETE FROM clocks WHERE tenant_id = ?1 AND case_id = ?2 AND clock = ?3";
    let tenant = tx.tenant();
    let changed: Vec<&ClockRow> = now.iter().filter(|row| !before.contains(row)).collect();
    for rows in changed.chunks(ROWS_MAX) {
        let sql = format!(
            "INSERT INTO clocks (tenant_id, case_id, clock, next_at, due_at) VALUES {}
             ON CONFLICT (tenant_id, case_id, clock) DO UPDATE SET next_at = excluded.next_at, due_at = excluded.due_at",
            tuples(2, 3, rows.len())
        );
        let mut params = params![tenant, case_id];
        rows.iter().for_each(|row| params.extend(params![&row.clock, row.next_at, row.due_at]));
        tx.execute(&sql, params)?;
    }
    for gone in before.iter().filter(|old| now.iter().all(|row| row.clock != old.clock)) {
        tx.execute(DROP, params![tenant, case_id, &gone.clock])?;
    }
    Ok(())
}

/// The scope and the clocks as they stand in the database.
///
/// # Errors
/// When the database fails.
pub fn projections(
    tx: &mut ReadTx<'_>,
    case: &CaseRow,
    units: &[String],
) -> Result<(Vec<ScopeRow>, Vec<ClockRow>), StoreError> {
    let clocks = "SELECT clock, next_at, due_at FROM clocks WHERE tenant_id = ?1 AND case_id = ?2 ORDER BY clock";
    let params = params![tx.tenant(), case.case_id];
    let read = |row: Row| Ok(ClockRow { clock: row.get(0)?, next_at: row.get(1)?, due_at: row.get(2)? });
    let clocks = tx.query(clocks, params)?.into_iter().map(read).collect::<Result<_, StoreError>>()?;
    let mut scope = Vec::new();
    for unit in units {
        let sql = "SELECT unit, open_due FROM case_scope WHERE tenant_id = ?1 AND unit = ?2 AND case_id = ?3";
        let params = params![tx.tenant(), unit, case.case_id];
        if let Some(row) = tx.query_one(sql, params)? {
            scope.push(ScopeRow { unit: row.get(0)?, open_due: row.get(1)? });
        }
    }
    Ok((scope, clocks))
}

/// Cases on which something is due at `now`, the most overdue first, at most about `limit`. On PostgreSQL they are
/// claimed: until this transaction ends, other nodes pass over them, and cases that somebody is changing are left for
/// the next time.
///
/// # Errors
/// When the database fails.
pub fn due_clocks(tx: &mut WriteTx<'_>, now: Timestamp, limit: i64) -> Result<Vec<Uuid>, StoreError> {
    let sql = format!(
        "SELECT k.case_id FROM clocks k JOIN cases c ON c.tenant_id = k.tenant_id AND c.case_id = k.case_id
         WHERE k.tenant_id = ?1 AND k.next_at <= ?2 ORDER BY k.next_at LIMIT ?3{}",
        tx.locking(" FOR UPDATE OF c SKIP LOCKED")
    );
    let tenant = tx.tenant();
    let mut ids: Vec<Uuid> = Vec::new();
    for row in tx.query(&sql, params![tenant, now, limit])? {
        let id = row.get(0)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if tx.engine() == Engine::Postgres && !ids.is_empty() {
        retain_due(tx, now, &mut ids)?;
    }
    Ok(ids)
}

/// Puts off what is due now on a case until then, so that one case that cannot be swept does not hold up all others.
///
/// # Errors
/// When the database fails.
pub fn put_off(tx: &mut WriteTx<'_>, case: Uuid, until: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE clocks SET next_at = ?3 WHERE tenant_id = ?1 AND case_id = ?2 AND next_at <= ?4";
    let (tenant, now) = (tx.tenant(), tx.now());
    tx.execute(sql, params![tenant, case, until, now])
}

/// Leaves out cases whose clock somebody stopped between the look at the clocks and the lock on the case: now that the
/// cases are locked, a second look tells the truth.
fn retain_due(tx: &mut WriteTx<'_>, now: Timestamp, ids: &mut Vec<Uuid>) -> Result<(), StoreError> {
    let mut params = params![tx.tenant(), now];
    let list = in_list(&mut params, ids.iter().copied());
    let sql = format!("SELECT case_id FROM clocks WHERE tenant_id = ?1 AND next_at <= ?2 AND case_id IN ({list})");
    let due = tx.query(&sql, params)?.iter().map(|row| row.get(0)).collect::<Result<HashSet<Uuid>, _>>()?;
    ids.retain(|id| due.contains(id));
    Ok(())
}

/// When something is next due on any case.
///
/// # Errors
/// When the database fails.
pub fn next_due(tx: &mut ReadTx<'_>) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT next_at FROM clocks WHERE tenant_id = ?1 ORDER BY next_at LIMIT 1";
    let tenant = tx.tenant();
    tx.query_one(sql, params![tenant])?.map(|row| row.get(0)).transpose()
}
