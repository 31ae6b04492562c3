//! Weak signals 弱信号 that were raised, and what was decided about them. What one says is its maker's business.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    error::StoreError,
    params,
    tx::{ReadTx, WriteTx},
    value::Row,
};

/// A signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalRow {
    /// Its id; ids sort by time.
    pub id: Uuid,
    /// Where it stands.
    pub state: String,
    /// Where; none for everywhere.
    pub area: Option<String>,
    /// What; none for all topics.
    pub topic: Option<String>,
    /// When it last changed.
    pub at: Timestamp,
    /// What it says: JSON.
    pub body: String,
}

fn read(mut row: Row) -> Result<SignalRow, StoreError> {
    Ok(SignalRow {
        id: row.get(0)?,
        state: row.take(1)?,
        area: row.take(2)?,
        topic: row.take(3)?,
        at: row.get(4)?,
        body: row.take(5)?,
    })
}

const COLUMNS: &str = "id, state, area, topic, at, body";

/// Writes a signal, new or changed.
///
/// # Errors
/// When the database fails.
pub fn put(tx: &mut WriteTx<'_>, signal: &SignalRow) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO signals (tenant_id, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (tenant_id, id) DO UPDATE SET state = excluded.state, area = excluded.area, topic = excluded.topic,
             at = excluded.at, body = excluded.body"
    );
    let (tenant, s) = (tx.tenant(), signal);
    let params = params![tenant, s.id, &s.state, s.area.as_deref(), s.topic.as_deref(), s.at, &s.body];
    tx.execute(&sql, params)
}

/// One signal, to be changed.
///
/// # Errors
/// When the database fails.
pub fn find(tx: &mut WriteTx<'_>, id: Uuid) -> Result<Option<SignalRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM signals WHERE tenant_id = ?1 AND id = ?2{}", tx.for_update());
    let params = params![tx.tenant(), id];
    tx.query_one(&sql, params)?.map(read).transpose()
}

/// The newest signals, at most `limit`; in this state only, where one is given.
///
/// # Errors
/// When the database fails.
pub fn list(tx: &mut ReadTx<'_>, state: Option<&str>, limit: i64) -> Result<Vec<SignalRow>, StoreError> {
    let mut params = params![tx.tenant(), limit];
    let only = state.map_or("", |state| {
        params.extend(params![state]);
        " AND state = ?3"
    });
    let sql = format!("SELECT {COLUMNS} FROM signals WHERE tenant_id = ?1{only} ORDER BY id DESC LIMIT ?2");
    tx.query(&sql, params)?.into_iter().map(read).collect()
}

/// Signals that changed at or after `since`, the newest first, at most `limit`. Costs by all signals, which are few.
///
/// # Errors
/// When the database fails.
pub fn changed(tx: &mut ReadTx<'_>, since: Timestamp, limit: i64) -> Result<Vec<SignalRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM signals WHERE tenant_id = ?1 AND at >= ?2 ORDER BY id DESC LIMIT ?3");
    tx.query(&sql, params![tx.tenant(), since, limit])?.into_iter().map(read).collect()
}
