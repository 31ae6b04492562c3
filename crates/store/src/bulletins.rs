//! Bulletins 快报、周报、月报、成效: one a unit, kind and period. Once archived, its body never changes; the hash says so.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    cases::before_key,
    error::StoreError,
    params,
    tally::Day,
    tx::{ReadTx, WriteTx},
    value::Row,
};

/// A bulletin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulletinRow {
    /// Its id; ids sort by time.
    pub id: Uuid,
    /// Which kind.
    pub kind: String,
    /// The unit it is about.
    pub unit: String,
    /// First day.
    pub first_day: Day,
    /// Last day.
    pub last_day: Day,
    /// `draft` or `archived`.
    pub state: String,
    /// When it last changed.
    pub at: Timestamp,
    /// SHA-256 of the body.
    pub hash: [u8; 32],
    /// Its figures and words: JSON.
    pub body: String,
}

/// State of a bulletin that does not change any more.
pub const ARCHIVED: &str = "archived";

const COLUMNS: &str = "id, kind, unit, first_day, last_day, state, at, hash, body";

fn read(mut row: Row) -> Result<BulletinRow, StoreError> {
    Ok(BulletinRow {
        id: row.get(0)?,
        kind: row.take(1)?,
        unit: row.take(2)?,
        first_day: row.get(3)?,
        last_day: row.get(4)?,
        state: row.take(5)?,
        at: row.get(6)?,
        hash: row.get(7)?,
        body: row.take(8)?,
    })
}

/// Writes a bulletin, new or changed.
///
/// # Errors
/// [`StoreError::Conflict`] when the one that is there is archived, or another stands for the same period.
pub fn put(tx: &mut WriteTx<'_>, bulletin: &BulletinRow) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    let find = format!("SELECT state FROM bulletins WHERE tenant_id = ?1 AND id = ?2{}", tx.for_update());
    let known: Option<String> =
        tx.query_one(&find, params![tenant, bulletin.id])?.map(|mut row| row.take(0)).transpose()?;
    if known.as_deref() == Some(ARCHIVED) {
        return Err(StoreError::conflict("an archived bulletin does not change"));
    }
    let sql = format!(
        "INSERT INTO bulletins (tenant_id, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (tenant_id, id) DO UPDATE SET state = excluded.state, at = excluded.at, hash = excluded.hash,
             body = excluded.body"
    );
    let b = bulletin;
    let params = params![tenant, b.id, &b.kind, &b.unit, b.first_day, b.last_day, &b.state, b.at, b.hash, &b.body];
    tx.execute_now(&sql, params).map(|_| ())
}

/// One bulletin.
///
/// # Errors
/// When the database fails.
pub fn find(tx: &mut ReadTx<'_>, id: Uuid) -> Result<Option<BulletinRow>, StoreError> {
    one(tx, "id = ?2", params![id])
}

/// The bulletin of this unit, kind and period.
///
/// # Errors
/// When the database fails.
pub fn find_period(
    tx: &mut ReadTx<'_>,
    unit: &str,
    kind: &str,
    (first, last): (Day, Day),
) -> Result<Option<BulletinRow>, StoreError> {
    one(tx, "unit = ?2 AND kind = ?3 AND first_day = ?4 AND last_day = ?5", params![unit, kind, first, last])
}

fn one(tx: &mut ReadTx<'_>, which: &str, mut values: Vec<crate::Value>) -> Result<Option<BulletinRow>, StoreError> {
    let mut params = params![tx.tenant()];
    params.append(&mut values);
    let sql = format!("SELECT {COLUMNS} FROM bulletins WHERE tenant_id = ?1 AND {which}");
    tx.query_one(&sql, params)?.map(read).transpose()
}

/// Bulletins of these units, the newest first, at most `limit`, made before `before` if one is given.
///
/// # Errors
/// When the database fails.
pub fn list(
    tx: &mut ReadTx<'_>,
    units: &[String],
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<BulletinRow>, StoreError> {
    let mut params = params![tx.tenant(), before_key(before), limit];
    let list = crate::sql::in_list(&mut params, units.iter());
    let sql = format!(
        "SELECT {COLUMNS} FROM bulletins WHERE tenant_id = ?1 AND id < ?2 AND unit IN ({list})
         ORDER BY id DESC LIMIT ?3"
    );
    tx.query(&sql, params)?.into_iter().map(read).collect()
}
