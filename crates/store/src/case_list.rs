//! Lists of cases: the queue, the newest, and how many stand where.
//!
//! A list walks the index of what a unit may see, from the cursor on, and stops when the page is full; with filters it
//! also stops after [`WALK_MAX`] cases and hands out a cursor to go on from. So a page costs by what is shown, never by
//! what is stored.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    cases::{ALL_UNITS, CaseRow, before_key, load_many},
    clock::timestamp,
    error::StoreError,
    params,
    sql::in_list,
    tx::ReadTx,
    value::Value,
};

/// Most cases that one page looks at in one unit's index to find those that pass its filters.
pub const WALK_MAX: i64 = 2_000;
/// Longest page.
pub const PAGE_MAX: i64 = 500;

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Open cases, the next due first; those without a clock last. Only open cases have a place in it.
    #[default]
    Due,
    /// The newest first.
    Newest,
}

/// Which cases to list. Empty lists and `None` do not filter.
#[derive(Debug, Clone, Default)]
pub struct CaseQuery {
    /// Units whose cases may be seen; `None` for all. An empty list sees nothing.
    pub units: Option<Vec<String>>,
    /// Only open ones, or only those that are not. [`Sort::Due`] lists open ones whatever stands here.
    pub open: Option<bool>,
    /// Any of these states.
    pub states: Vec<String>,
    /// Any of these classes.
    pub classes: Vec<String>,
    /// Any of these categories.
    pub categories: Vec<String>,
    /// Any of these channels.
    pub channels: Vec<String>,
    /// Any of these origins.
    pub origins: Vec<String>,
    /// This lead unit.
    pub lead_unit: Option<String>,
    /// This grid.
    pub grid: Option<String>,
    /// With this mark.
    pub mark: Option<String>,
    /// Due before this time.
    pub due_before: Option<Timestamp>,
    /// Registered at or after this time.
    pub registered_from: Option<Timestamp>,
    /// Registered before this time.
    pub registered_until: Option<Timestamp>,
    /// The order.
    pub sort: Sort,
    /// Where the page before ended.
    pub cursor: Option<Cursor>,
    /// Length of the page, 1 to [`PAGE_MAX`].
    pub limit: i64,
}

/// A place in a list. As text it fits into an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    due: i64,
    case_id: Uuid,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.due, self.case_id.simple())
    }
}

/// A text that no list has handed out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not a place in a list: take the cursor that came with the page before")]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;
    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let (due, id) = text.split_once('.').ok_or(BadCursor)?;
        Ok(Self { due: due.parse().map_err(|_| BadCursor)?, case_id: Uuid::parse_str(id).map_err(|_| BadCursor)? })
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Its cases; with filters there can be fewer than asked for although more follow.
    pub cases: Vec<CaseRow>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

/// One page of the list.
///
/// # Errors
/// When the database fails.
pub fn list(tx: &mut ReadTx<'_>, query: &CaseQuery) -> Result<Page, StoreError> {
    let (ids, next) = ids(tx, query)?;
    Ok(Page { cases: load_many(tx, &ids)?, next })
}

/// The ids alone of one page of the list, and where to go on.
///
/// # Errors
/// When the database fails.
pub fn ids(tx: &mut ReadTx<'_>, query: &CaseQuery) -> Result<(Vec<Uuid>, Option<Cursor>), StoreError> {
    let limit = query.limit.clamp(1, PAGE_MAX);
    let mut walks = Vec::new();
    for unit in units(query) {
        walks.push(walk(tx, query, unit, limit)?);
    }
    let (keys, next) = merge(walks, query.sort, usize::try_from(limit).unwrap_or(1));
    Ok((keys.into_iter().map(|key| key.case_id).collect(), next))
}

fn units(query: &CaseQuery) -> Vec<&str> {
    match &query.units {
        None => vec![ALL_UNITS],
        Some(units) => units.iter().map(String::as_str).collect(),
    }
}

/// What one unit's index gave: the next keys that pass, and where the walk stopped early.
struct Walk {
    keys: Vec<Cursor>,
    stopped_at: Option<Cursor>,
}

/// Puts the units' keys in one order without doubles, and cuts the page.
fn merge(walks: Vec<Walk>, sort: Sort, limit: usize) -> (Vec<Cursor>, Option<Cursor>) {
    let rank = |key: &Cursor| match sort {
        Sort::Due => (key.due, key.case_id.as_u128()),
        Sort::Newest => (0, u128::MAX - key.case_id.as_u128()),
    };
    // Behind the earliest stop of a walk, that walk's keys are not known: the page must end there.
    let stop = walks.iter().filter_map(|walk| walk.stopped_at).min_by_key(rank);
    let mut keys: Vec<Cursor> = walks.into_iter().flat_map(|walk| walk.keys).collect();
    keys.retain(|key| stop.is_none_or(|stop| rank(key) <= rank(&stop)));
    keys.sort_unstable_by_key(rank);
    keys.dedup_by_key(|key| key.case_id);
    let more = keys.len() > limit;
    keys.truncate(limit);
    let next = if more { keys.last().copied() } else { stop };
    (keys, next)
}

/// A statement in the making.
struct Sql {
    text: String,
    params: Vec<Value>,
}

impl Sql {
    fn and(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        let first = self.params.len() + 1;
        self.params.extend(values);
        let mut condition = condition.to_owned();
        for place in first..=self.params.len() {
            condition = condition.replacen('@', &format!("?{place}"), 1);
        }
        self.text.push_str(" AND ");
        self.text.push_str(&condition);
    }

    fn any_of(&mut self, column: &str, values: &[String]) {
        if !values.is_empty() {
            let list = in_list(&mut self.params, values.iter());
            self.text.push_str(&format!(" AND {column} IN ({list})"));
        }
    }

    /// The limit is written out, not a parameter: a planner that does not know it may rather sort than walk.
    fn end(&mut self, order: &str, limit: i64, offset: i64) {
        self.text.push_str(&format!(" ORDER BY {order} LIMIT {limit} OFFSET {offset}"));
    }
}

fn walk(tx: &mut ReadTx<'_>, query: &CaseQuery, unit: &str, limit: i64) -> Result<Walk, StoreError> {
    let stopped_at = if filters(query) {
        keys(tx, scope_range(tx.tenant(), query, unit), query.sort, 1, WALK_MAX - 1)?.pop()
    } else {
        None
    };
    let sql = walk_sql(tx.tenant(), query, unit, stopped_at);
    Ok(Walk { keys: keys(tx, sql, query.sort, limit + 1, 0)?, stopped_at })
}

/// What lies behind the cursor, passes the filters and does not lie behind the stop.
fn walk_sql(tenant: i64, query: &CaseQuery, unit: &str, stop: Option<Cursor>) -> Sql {
    let mut sql = scope_range(tenant, query, unit);
    if !filters(query) {
        return sql;
    }
    sql.text = sql.text.replacen("FROM case_scope s", "FROM case_scope s CROSS JOIN cases c", 1);
    sql.and("c.tenant_id = s.tenant_id AND c.case_id = s.case_id", []);
    match (stop, query.sort) {
        (Some(stop), Sort::Due) => sql.and("(s.open_due, s.case_id) <= (@, @)", params![stop.due, stop.case_id]),
        (Some(stop), Sort::Newest) => sql.and("s.case_id >= @", params![stop.case_id]),
        (None, _) => {}
    }
    filter(&mut sql, query);
    sql
}

/// How SQLite would walk one unit's list: the steps of its plan. For tests and for those who look for slow lists.
///
/// # Errors
/// When the database fails.
pub fn plan(tx: &mut ReadTx<'_>, query: &CaseQuery, unit: &str) -> Result<Vec<String>, StoreError> {
    let mut sql = walk_sql(tx.tenant(), query, unit, None);
    sql.end(order(query.sort), query.limit, 0);
    let rows = tx.query(&format!("EXPLAIN QUERY PLAN {}", sql.text), sql.params)?;
    rows.into_iter().map(|row| row.get(3)).collect()
}

/// The part of the index that lies behind the cursor.
fn scope_range(tenant: i64, query: &CaseQuery, unit: &str) -> Sql {
    let text = "SELECT s.open_due, s.case_id FROM case_scope s WHERE s.tenant_id = ?1 AND s.unit = ?2".to_owned();
    let mut sql = Sql { text, params: params![tenant, unit] };
    match query.sort {
        Sort::Due => {
            let after = query.cursor.map_or_else(|| params![i64::MIN, Uuid::nil()], |c| params![c.due, c.case_id]);
            sql.and("s.open_due IS NOT NULL AND (s.open_due, s.case_id) > (@, @)", after);
            if let Some(until) = query.due_before {
                sql.and("s.open_due < @", params![until]);
            }
        }
        Sort::Newest => {
            sql.and("s.case_id < @", [before_key(query.cursor.map(|cursor| cursor.case_id))]);
            match query.open {
                // Written so that the queue's index, which has another order, does not offer itself.
                Some(true) => sql.and("COALESCE(s.open_due, -1) >= 0", []),
                Some(false) => sql.and("s.open_due IS NULL", []),
                None => {}
            }
            if let Some(until) = query.due_before {
                sql.and("COALESCE(s.open_due, @) < @", params![i64::MAX, until]);
            }
        }
    }
    sql
}

/// Whether the walk may pass over cases.
fn filters(query: &CaseQuery) -> bool {
    let lists = [&query.states, &query.classes, &query.categories, &query.channels, &query.origins];
    let times = query.registered_from.is_some() || query.registered_until.is_some();
    let codes = query.lead_unit.is_some() || query.grid.is_some() || query.mark.is_some();
    lists.iter().any(|list| !list.is_empty()) || codes || times
}

fn filter(sql: &mut Sql, query: &CaseQuery) {
    sql.any_of("c.state", &query.states);
    sql.any_of("c.class", &query.classes);
    sql.any_of("c.category", &query.categories);
    sql.any_of("c.channel", &query.channels);
    sql.any_of("c.origin", &query.origins);
    for (column, value) in [("c.lead_unit", &query.lead_unit), ("c.grid", &query.grid)] {
        if let Some(value) = value {
            sql.and(&format!("{column} = @"), params![value]);
        }
    }
    if let Some(mark) = &query.mark {
        sql.and("(' ' || c.marks || ' ') LIKE ('% ' || @ || ' %')", params![mark]);
    }
    if let Some(from) = query.registered_from {
        sql.and("c.registered_at >= @", params![from]);
    }
    if let Some(until) = query.registered_until {
        sql.and("c.registered_at < @", params![until]);
    }
}

fn order(sort: Sort) -> &'static str {
    match sort {
        Sort::Due => "s.open_due, s.case_id",
        Sort::Newest => "s.case_id DESC",
    }
}

fn keys(tx: &mut ReadTx<'_>, mut sql: Sql, sort: Sort, limit: i64, offset: i64) -> Result<Vec<Cursor>, StoreError> {
    sql.end(order(sort), limit, offset);
    let rows = tx.query(&sql.text, sql.params)?;
    let read = |row: crate::value::Row| {
        let due = if sort == Sort::Due { row.get(0)? } else { 0 };
        Ok(Cursor { due, case_id: row.get(1)? })
    };
    rows.into_iter().map(read).collect()
}

/// How many open cases stand in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateCount {
    /// The state.
    pub state: String,
    /// Open cases in it.
    pub open: i64,
    /// Of these, how many have a clock past due.
    pub overdue: i64,
}

/// Counts the open cases of these units (`None`: of all) by state; a case of several units counts once. Costs by the
/// number of open cases.
///
/// # Errors
/// When the database fails.
pub fn counts(tx: &mut ReadTx<'_>, units: Option<&[String]>) -> Result<Vec<StateCount>, StoreError> {
    let all = [ALL_UNITS.to_owned()];
    let units = units.unwrap_or(&all);
    if units.is_empty() {
        return Ok(Vec::new());
    }
    let mut params = params![tx.tenant(), tx.now()];
    let list = in_list(&mut params, units.iter());
    let sql = format!(
        "SELECT c.state, COUNT(*), CAST(SUM(CASE WHEN s.open_due <= ?2 THEN 1 ELSE 0 END) AS BIGINT)
         FROM (SELECT DISTINCT case_id, open_due FROM case_scope
               WHERE tenant_id = ?1 AND unit IN ({list}) AND open_due IS NOT NULL) s
         CROSS JOIN cases c WHERE c.tenant_id = ?1 AND c.case_id = s.case_id
         GROUP BY c.state ORDER BY c.state"
    );
    let read = |row: crate::value::Row| Ok(StateCount { state: row.get(0)?, open: row.get(1)?, overdue: row.get(2)? });
    tx.query(&sql, params)?.into_iter().map(read).collect()
}

impl Cursor {
    /// When the case at this place is due; `None` in a list that is not sorted by it.
    pub fn due(&self) -> Option<Timestamp> {
        (self.due != 0).then(|| timestamp(self.due).ok()).flatten()
    }
}
